/* link_lines.c - the linking function on lines of text, with the store in memory (link_store.h) used as the transaction
 * of a batch uses the tables.
 *
 *   link_lines [BATCH | SEED..MOST] < LINES
 *
 * Sightings go to the function BATCH at a time (10,000 if not given), or in batches of random size up to
 * MOST. Fields of a line are separated by tabs, "-" is none, times and windows are microseconds:
 *   R group radius_m merge reopen repeat mute mute_count anchor_last same_unit ignore_status
 *   S event_id report message group is_test case_id occurred recorded longitude latitude accuracy_m
 *     default_accuracy_m unit issue round responsible sends       (message: 0 report, 1 update, 2 cancel)
 *   A handled|closed|dismissed|cancelled|sent|asked case_id time
 *   A merged case_id time head_id
 * A window is -1 for never, "-" for ever. One line comes out for each S:
 *   event_id outcome case_id related_id basis flags used age_us distance_m radius_m */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "consumers/runtime/link_store.h"

enum { MOST_FIELDS = 20, MOST_RULES = 64 };

struct store {
    struct arena *arena; /* of the lines' texts */
    struct link_store *cases;
    int64_t link_seq;
    struct link_rule rules[MOST_RULES];
    char *groups[MOST_RULES];
    uint32_t rule_count;
};

static void bad_line(const char *what)
{
    fprintf(stderr, "link_lines: %s\n", what);
    exit(65);
}

/* ---- lines ---- */

static int split(char *line, char **fields)
{
    int count = 0;

    line[strcspn(line, "\n")] = '\0';
    for (char *field; count < MOST_FIELDS && (field = strsep(&line, "\t"));)
        fields[count++] = field;
    return count;
}

static bool is_none(const char *field)
{
    return strcmp(field, "-") == 0;
}

static int64_t number(const char *field, int64_t none)
{
    return is_none(field) ? none : strtoll(field, NULL, 10);
}

static double real(const char *field)
{
    return is_none(field) ? NAN : strtod(field, NULL);
}

static void id(uint8_t out[UUID_SIZE], const char *field)
{
    if (!uuid_parse(out, field, strlen(field)))
        bad_line("not a UUID");
}

static void read_rule(struct store *store, char **f)
{
    if (store->rule_count == MOST_RULES)
        bad_line("too many rules");
    store->groups[store->rule_count] = xstrdup(f[1]);
    store->rules[store->rule_count++] = (struct link_rule){
        .radius_m = real(f[2]),
        .merge_us = number(f[3], LINK_EVER),
        .reopen_us = number(f[4], LINK_EVER),
        .repeat_us = number(f[5], LINK_EVER),
        .mute_us = number(f[6], LINK_EVER),
        .mute_count = number(f[7], INT64_MAX),
        .anchor_last = number(f[8], 0),
        .same_unit = number(f[9], 0),
        .ignore_status = number(f[10], 0),
    };
}

static uint32_t group_of(const struct store *store, const char *name)
{
    for (uint32_t i = 0; i < store->rule_count; i++)
        if (strcmp(store->groups[i], name) == 0)
            return i;
    bad_line("no such group");
    return 0;
}

static const char *kept(const struct store *store, const char *field)
{
    return is_none(field) ? NULL : arena_copy(store->arena, field, strlen(field));
}

static void read_place(const struct store *store, char **f, struct link_place *place)
{
    *place = (struct link_place){.accuracy_m = real(f[11])};
    if (!is_none(f[9])) {
        place->where = LINK_AT_POINT;
        place->at = (struct point){real(f[9]), real(f[10])};
    } else if (!is_none(f[14])) {
        place->where = LINK_AT_KEY;
        place->round = kept(store, f[15]);
        link_place_key(place->key, f[13], f[14]);
    }
}

static void read_sighting(const struct store *store, char **f, struct link_sighting *s)
{
    *s = (struct link_sighting){
        .message = (enum link_message)number(f[3], 0),
        .is_test = number(f[5], 0),
        .occurred_us = number(f[7], 0),
        .recorded_us = number(f[8], 0),
        .default_accuracy_m = real(f[12]),
        .unit = kept(store, f[16]),
        .sends = number(f[17], 0),
    };
    id(s->event_id, f[1]);
    link_report_id(s->report_id, "line", s->is_test, f[2], strlen(f[2]));
    if (is_none(f[4]))
        return;
    s->group = group_of(store, f[4]);
    s->rule = &store->rules[s->group];
    id(s->case_id, f[6]);
    read_place(store, f, &s->place);
}

/* ---- actions ---- */

static const struct {
    const char *name;
    enum link_life life;
} ends[] = {{"closed", LINK_CLOSED},
            {"dismissed", LINK_DISMISSED},
            {"cancelled", LINK_CANCELLED},
            {"merged", LINK_MERGED}};

/* An action on a case that is not there is passed over. */
static void act(struct store *store, char **f, int count)
{
    uint8_t case_id[UUID_SIZE];
    struct link_case *c;
    uint32_t at;

    id(case_id, f[2]);
    at = link_store_find(store->cases, case_id);
    if (at == LINK_NONE)
        return;
    c = link_store_case(store->cases, at);
    c->was_sent = c->was_sent || strcmp(f[1], "sent") == 0;
    c->mute_lifted = c->mute_lifted || strcmp(f[1], "asked") == 0;
    if (strcmp(f[1], "handled") == 0)
        c->handled_us = number(f[3], LINK_NO_TIME);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (strcmp(f[1], ends[i].name) != 0)
            continue;
        c->life = ends[i].life;
        c->closed_us = number(f[3], LINK_NO_TIME);
        c->muted = 0;
    }
    if (c->life == LINK_MERGED && count > 4)
        id(c->merged_into, f[4]);
}

/* ---- a batch ---- */

static void print_id(const uint8_t bytes[UUID_SIZE])
{
    static const uint8_t none[UUID_SIZE];
    char text[UUID_TEXT_SIZE] = "-";

    if (memcmp(bytes, none, UUID_SIZE) != 0)
        uuid_format(text, bytes);
    printf("%s\t", text);
}

static void print_real(double value, char end)
{
    if (isnan(value))
        printf("-%c", end);
    else
        printf("%.4f%c", value, end);
}

static void print_decision(const struct link_sighting *s, const struct link_decision *d)
{
    print_id(s->event_id);
    printf("%s\t", link_outcome_name(d->outcome));
    print_id(d->case_id);
    print_id(d->related_id);
    printf("%s\t%u\t%" PRId64 "\t%" PRId64 "\t", link_basis_name(d->basis), d->flags,
           d->used_us, d->age_us);
    print_real(d->distance_m, '\t');
    print_real(d->radius_m, '\n');
}

static int64_t spent_us;

static void link_batch(struct store *store, const struct link_sighting *sightings,
                       size_t count)
{
    struct arena *arena = arena_new();
    struct link_reading r;
    struct link_output out;
    int64_t begun_us;

    link_store_read(store->cases, arena, sightings, count, &r);
    begun_us = clock_now_us();
    link_sightings(arena,
                   &(struct link_input){sightings, count, r.cases, r.case_count,
                                        r.reports, r.report_count, ++store->link_seq,
                                        NULL},
                   &out);
    spent_us += clock_now_us() - begun_us;
    for (size_t i = 0; i < count; i++)
        print_decision(&sightings[i], &out.decisions[i]);
    link_store_write(store->cases, arena, &r, &out);
    arena_free(arena);
}

/* ---- all of it ---- */

struct batches {
    size_t size;
    unsigned seed; /* 0: always that size */
};

static size_t next_size(struct batches *batches)
{
    return batches->seed ? (size_t)rand_r(&batches->seed) % batches->size + 1
                         : batches->size;
}

static struct batches read_batches(const char *argument)
{
    const char *most = strstr(argument, "..");

    if (most)
        return (struct batches){strtoull(most + 2, NULL, 10),
                                (unsigned)strtoul(argument, NULL, 10) | 1u};
    return (struct batches){strtoull(argument, NULL, 10), 0};
}

static size_t count_lines(FILE *in)
{
    size_t count = 0;

    for (int c = getc(in); c != EOF; c = getc(in))
        count += c == '\n';
    rewind(in);
    return count;
}

static void run(struct store *store, FILE *in, struct batches batches, size_t lines)
{
    struct link_sighting *waiting = xcalloc(lines + 1, sizeof *waiting);
    size_t count = 0, size = next_size(&batches), room = 0;
    char *line = NULL, *fields[MOST_FIELDS];

    while (getline(&line, &room, in) > 0) {
        char what = line[0];
        int width = split(line, fields);

        if (count && (what != 'S' || count == size)) {
            link_batch(store, waiting, count);
            count = 0;
            size = next_size(&batches);
        }
        if (what == 'R' && width == 11)
            read_rule(store, fields);
        else if (what == 'S' && width == 18)
            read_sighting(store, fields, &waiting[count++]);
        else if (what == 'A' && width >= 4)
            act(store, fields, width);
        else
            bad_line("a line of another form");
    }
    if (count)
        link_batch(store, waiting, count);
    free(line);
    free(waiting);
}

static void close_store(struct store *store)
{
    for (uint32_t i = 0; i < store->rule_count; i++)
        free(store->groups[i]);
    link_store_free(store->cases);
    arena_free(store->arena);
}

int main(int argc, char **argv)
{
    struct batches batches = read_batches(argc > 1 ? argv[1] : "10000");
    struct store store = {.arena = arena_new(), .cases = link_store_new()};
    size_t lines;

    if (!batches.size)
        bad_line("a batch has at least one sighting");
    lines = count_lines(stdin);
    run(&store, stdin, batches, lines);
    fprintf(stderr, "%zu lines, %zu cases, %" PRId64 " us in the function\n", lines,
            link_store_count(store.cases), spent_us);
    close_store(&store);
    return 0;
}
