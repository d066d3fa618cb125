/* dedup_tally.c - a short sorted list: a district has some dozen groups. */
#include "deploy/ctl/dedup_tally.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"

static const char *const course_names[] = {"recorded", "simulated"};

void tallies_free(struct tallies *tallies)
{
    free(tallies->groups);
}

static struct group_tally *find(struct tallies *tallies, const char *group)
{
    size_t at = 0;

    while (at < tallies->count && strcmp(tallies->groups[at].group, group) < 0)
        at++;
    if (at < tallies->count && strcmp(tallies->groups[at].group, group) == 0)
        return &tallies->groups[at];
    tallies->groups =
        xrealloc(tallies->groups, (tallies->count + 1) * sizeof *tallies->groups);
    memmove(&tallies->groups[at + 1], &tallies->groups[at],
            (tallies->count - at) * sizeof *tallies->groups);
    tallies->count++;
    tallies->groups[at] = (struct group_tally){.group = group};
    return &tallies->groups[at];
}

void tallies_add(struct tallies *tallies, enum course course, const char *group,
                 const struct link_decision *decision)
{
    struct tally *tally = &find(tallies, group ? group : "-")->of[course];

    tally->sightings++;
    tally->outcomes[decision->outcome]++;
    tally->cases += link_opens_case(decision);
    tally->orders += (decision->flags & LINK_SENDS) != 0;
}

/* ---- telling ---- */

static void add_up(struct tally *sum, const struct tally *tally)
{
    sum->sightings += tally->sightings;
    sum->cases += tally->cases;
    sum->orders += tally->orders;
    for (size_t i = 0; i <= LINK_NO_CASE; i++)
        sum->outcomes[i] += tally->outcomes[i];
}

static int group_width(const struct tallies *tallies)
{
    size_t width = strlen("group");

    for (size_t i = 0; i < tallies->count; i++)
        if (strlen(tallies->groups[i].group) > width)
            width = strlen(tallies->groups[i].group);
    return (int)width;
}

static int outcome_width(size_t outcome)
{
    size_t width = strlen(link_outcome_name((enum link_outcome)outcome));

    return width < 6 ? 6 : (int)width;
}

static void print_group(struct text *out, int width, const struct group_tally *group)
{
    for (size_t course = 0; course < COURSES; course++) {
        const struct tally *tally = &group->of[course];
        text_format(out, "%-*s  %-9s  %9zu  %6zu", width, group->group,
                    course_names[course], tally->sightings, tally->cases);
        for (size_t i = 0; i <= LINK_NO_CASE; i++)
            text_format(out, "  %*zu", outcome_width(i), tally->outcomes[i]);
        text_format(out, "  %6zu\n", tally->orders);
    }
}

void tallies_print(const struct tallies *tallies, struct text *out)
{
    struct group_tally all = {.group = "all"};
    int width = group_width(tallies);

    text_format(out, "%-*s  %-9s  %9s  %6s", width, "group", "rules", "sightings",
                "cases");
    for (size_t i = 0; i <= LINK_NO_CASE; i++)
        text_format(out, "  %*s", outcome_width(i),
                    link_outcome_name((enum link_outcome)i));
    text_format(out, "  %6s\n", "orders");
    for (size_t i = 0; i < tallies->count; i++) {
        for (size_t course = 0; course < COURSES; course++)
            add_up(&all.of[course], &tallies->groups[i].of[course]);
        print_group(out, width, &tallies->groups[i]);
    }
    print_group(out, width, &all);
}

static void add_tally_json(struct text *out, const struct tally *tally)
{
    text_format(out, "{\"sightings\": %zu, \"cases\": %zu", tally->sightings,
                tally->cases);
    for (size_t i = 0; i <= LINK_NO_CASE; i++)
        text_format(out, ", \"%s\": %zu", link_outcome_name((enum link_outcome)i),
                    tally->outcomes[i]);
    text_format(out, ", \"orders\": %zu}", tally->orders);
}

void tallies_json(const struct tallies *tallies, struct text *out)
{
    text_add_string(out, "[");
    for (size_t i = 0; i < tallies->count; i++) {
        const struct group_tally *group = &tallies->groups[i];
        text_format(out, "%s{\"group\": ", i ? ", " : "");
        text_add_json_string(out, group->group, strlen(group->group));
        for (size_t course = 0; course < COURSES; course++) {
            text_format(out, ", \"%s\": ", course_names[course]);
            add_tally_json(out, &group->of[course]);
        }
        text_add_string(out, "}");
    }
    text_add_string(out, "]");
}
