/* case_lines.c - the case rules in force, as a daemon has them in memory, on lines of text.
 *
 *   case_lines DATABASE_URL < LINES
 *
 * Fields are separated by tabs, "-" is none:
 *   step KIND STATE ACTION RESULT   to, "=" or "<"; roles; by_platform; needs; marks; at_most; most_days. Or "illegal"
 *   state STATE                     is_open, counts_as_answered, is_terminal. Or "none"
 *   limit GROUP                     type, value. Or "none" */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "consumers/runtime/reference.h"

enum { MOST_FIELDS = 5 };

struct bit {
    uint32_t bit;
    const char *name;
};

static const struct bit needs[] = {
    {CASE_NEEDS_PHOTO, "photo"},
    {CASE_NEEDS_REASON, "reason"},
    {CASE_NEEDS_APPROVER, "approver"},
    {CASE_NEEDS_TARGET, "target"},
    {CASE_NEEDS_LIMIT, "limit"},
    {CASE_NEEDS_DUE, "due"},
    {CASE_NEEDS_MERGED_INTO, "merged_into"},
    {CASE_NEEDS_REPLY, "reply"},
    {CASE_NEEDS_OTHER_ACTOR, "other_actor"},
    {CASE_NEEDS_POSITION, "position"},
    {0, NULL},
};
static const struct bit marks[] = {
    {CASE_MARKS_FILED, "filed"},
    {CASE_MARKS_DISPATCHED, "dispatched"},
    {CASE_MARKS_ACCEPTED, "accepted"},
    {CASE_MARKS_HANDLED, "handled"},
    {CASE_MARKS_ANSWERED, "answered"},
    {CASE_MARKS_CHECKED, "checked"},
    {CASE_MARKS_CLOSED, "closed"},
    {CASE_MARKS_REWORKED, "reworked"},
    {CASE_MARKS_RETURNED, "returned"},
    {CASE_MARKS_EXTENDED, "extended"},
    {CASE_MARKS_SUSPENDED, "suspended"},
    {CASE_MARKS_RESUMED, "resumed"},
    {CASE_MARKS_REOPENED, "reopened"},
    {CASE_MARKS_CANCELLED, "cancelled"},
    {CASE_MARKS_UNMUTED, "unmuted"},
    {CASE_MARKS_EXEMPTED, "exempted"},
    {0, NULL},
};

static void print_bits(uint32_t set, const struct bit *bits)
{
    const char *between = "\t";

    if (!set)
        putchar('\t');
    for (; bits->name; bits++)
        if (set & bits->bit) {
            printf("%s%s", between, bits->name);
            between = " ";
        }
}

static const char *or_none(const char *field)
{
    return strcmp(field, "-") == 0 ? NULL : field;
}

static void answer_step(const struct case_rules *rules, char **f, int64_t at_us)
{
    static const char *const goals[] = {
        [CASE_GOES_TO] = NULL, [CASE_STAYS] = "=", [CASE_GOES_BACK] = "<"};
    const struct case_rule *rule =
        case_rules_step(rules, f[1], or_none(f[2]), f[3], or_none(f[4]), at_us);

    if (!rule) {
        puts("illegal");
        return;
    }
    printf("%s\t%s\t%d", rule->to_state ? rule->to_state : goals[rule->goal], rule->roles,
           rule->by_platform);
    print_bits(rule->needs, needs);
    print_bits(rule->marks, marks);
    printf("\t%" PRId32 "\t%" PRId32 "\n", rule->at_most, rule->most_days);
}

static void answer_state(const struct case_rules *rules, char **f, int64_t at_us)
{
    const struct case_state *state = case_rules_state(rules, f[1], at_us);

    if (state)
        printf("%d\t%d\t%d\n", state->is_open, state->counts_as_answered,
               state->is_terminal);
    else
        puts("none");
}

static void answer_limit(const struct case_rules *rules, char **f, int64_t at_us)
{
    const struct case_limit *limit = case_rules_limit(rules, f[1], at_us);

    if (limit)
        printf("%s\t%" PRId32 "\n", limit_type_name(limit->type), limit->value);
    else
        puts("none");
}

static const struct {
    const char *name;
    int fields;
    void (*answer)(const struct case_rules *rules, char **fields, int64_t at_us);
} questions[] = {
    {"step", 5, answer_step}, {"state", 2, answer_state}, {"limit", 2, answer_limit}};

static bool answer_line(const struct case_rules *rules, char *line, int64_t at_us)
{
    char *fields[MOST_FIELDS];
    int count = 0;

    line[strcspn(line, "\n")] = '\0';
    for (char *field; count < MOST_FIELDS && (field = strsep(&line, "\t"));)
        fields[count++] = field;
    for (size_t i = 0; count && i < sizeof questions / sizeof *questions; i++)
        if (strcmp(questions[i].name, fields[0]) == 0 && questions[i].fields == count) {
            questions[i].answer(rules, fields, at_us);
            return true;
        }
    return false;
}

static int answer_lines(const struct case_rules *rules)
{
    char line[512];
    int64_t at_us = clock_now_us();

    while (fgets(line, sizeof line, stdin))
        if (!answer_line(rules, line, at_us))
            return 65;
    return 0;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    struct pg *pg = argc == 2 ? pg_open(argv[1], NULL, "case_lines", 30000, &e) : NULL;
    struct reference *reference = reference_new();
    int code = 69;

    if (pg && !reference_refresh(reference, pg, &e))
        code = answer_lines(reference_case_rules(reference));
    if (code)
        fprintf(stderr, "case_lines: %s\n", e.message);
    reference_free(reference);
    pg_close(pg);
    return code;
}
