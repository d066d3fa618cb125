/* link_lines.c - the linking function on lines of text: a store in memory, used as the transaction of a batch
 * uses the real one. It reads what lies in the cells near by, links, and writes back what changed.
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
#include "consumers/runtime/link.h"
#include "consumers/runtime/link_index.h"

enum { MOST_FIELDS = 20, MOST_RULES = 64 };

struct store {
    struct arena *arena;
    struct link_case *cases;
    struct link_report *reports;
    size_t case_count, report_count;
    struct link_map case_ids, report_ids, cells; /* cells: link_cell() -> last case */
    uint32_t *next;                              /* in the same cell */
    int64_t link_seq;
    struct link_rule rules[MOST_RULES];
    char *groups[MOST_RULES];
    uint32_t rule_count;
};

/* What one batch reads of the store. */
struct reading {
    struct link_case *cases;
    struct link_report *reports;
    uint32_t *case_numbers, *report_numbers; /* in the store */
    size_t case_count, report_count, case_room, report_room;
    unsigned char *has_case, *has_report; /* by number in the store */
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

/* ---- the store ---- */

/* A map from the cells alone: (group, is_test) is for the linking function to look at. */
static uint32_t *cell_of(struct store *store, int64_t cell)
{
    uint8_t key[UUID_SIZE] = {0};

    memcpy(key, &cell, sizeof cell);
    return link_map_at(&store->cells, key);
}

static void put_case(struct store *store, const struct link_case *c)
{
    uint32_t *at = link_map_at(&store->case_ids, c->case_id);

    if (*at == LINK_NONE) {
        uint32_t *last = cell_of(store, link_cell(&c->place));

        *at = (uint32_t)store->case_count++;
        store->next[*at] = *last;
        *last = *at;
    }
    store->cases[*at] = *c;
    store->cases[*at].is_new = store->cases[*at].is_changed = false;
}

static void put_report(struct store *store, const struct link_report *report)
{
    uint32_t *at = link_map_at(&store->report_ids, report->report_id);

    if (*at == LINK_NONE)
        *at = (uint32_t)store->report_count++;
    store->reports[*at] = *report;
    store->reports[*at].is_new = store->reports[*at].is_changed = false;
}

static void open_store(struct store *store, size_t sightings)
{
    store->arena = arena_new();
    store->cases = xcalloc(sightings + 1, sizeof *store->cases);
    store->reports = xcalloc(sightings + 1, sizeof *store->reports);
    store->next = xcalloc(sightings + 1, sizeof *store->next);
    store->case_ids = link_map_new(store->arena, sightings);
    store->report_ids = link_map_new(store->arena, sightings);
    store->cells = link_map_new(store->arena, sightings);
}

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
    at = link_map_find(&store->case_ids, case_id);
    if (at == LINK_NONE)
        return;
    c = &store->cases[at];
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

static void want_case(const struct store *store, struct reading *r, uint32_t at)
{
    if (at == LINK_NONE || r->has_case[at])
        return;
    r->has_case[at] = 1;
    r->case_numbers[r->case_count] = at;
    r->cases[r->case_count++] = store->cases[at];
    if (store->cases[at].life == LINK_MERGED)
        want_case(store, r,
                  link_map_find(&store->case_ids, store->cases[at].merged_into));
}

static void want_report(const struct store *store, struct reading *r, uint32_t at)
{
    if (at == LINK_NONE || r->has_report[at])
        return;
    r->has_report[at] = 1;
    r->report_numbers[r->report_count] = at;
    r->reports[r->report_count++] = store->reports[at];
    if (store->reports[at].has_case)
        want_case(store, r, link_map_find(&store->case_ids, store->reports[at].case_id));
}

static void read_near(struct store *store, struct reading *r,
                      const struct link_sighting *s)
{
    int64_t cells[LINK_CELLS_NEAR];
    size_t count = s->rule ? link_cells_near(&s->place, cells) : 0;

    for (size_t i = 0; i < count; i++)
        for (uint32_t at = *cell_of(store, cells[i]); at != LINK_NONE;
             at = store->next[at])
            want_case(store, r, at);
    want_case(store, r, link_map_find(&store->case_ids, s->case_id));
    want_report(store, r, link_map_find(&store->report_ids, s->report_id));
}

static struct reading new_reading(const struct store *store, struct arena *arena)
{
    size_t cases = store->case_count + 1, reports = store->report_count + 1;
    struct reading r = {
        .cases = arena_take_array(arena, cases, sizeof *r.cases),
        .reports = arena_take_array(arena, reports, sizeof *r.reports),
        .case_numbers = arena_take_array(arena, cases, sizeof *r.case_numbers),
        .report_numbers = arena_take_array(arena, reports, sizeof *r.report_numbers),
        .has_case = arena_take(arena, cases),
        .has_report = arena_take(arena, reports),
    };

    memset(r.has_case, 0, cases);
    memset(r.has_report, 0, reports);
    return r;
}

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
    static const char *const bases[] = {"nothing", "report", "name", "distance", "key"};

    print_id(s->event_id);
    printf("%s\t", link_outcome_name(d->outcome));
    print_id(d->case_id);
    print_id(d->related_id);
    printf("%s\t%u\t%" PRId64 "\t%" PRId64 "\t", bases[d->basis], d->flags, d->used_us,
           d->age_us);
    print_real(d->distance_m, '\t');
    print_real(d->radius_m, '\n');
}

static int64_t spent_us;

static void link_batch(struct store *store, const struct link_sighting *sightings,
                       size_t count)
{
    struct arena *arena = arena_new();
    struct reading r = new_reading(store, arena);
    struct link_output out;
    int64_t begun_us;

    for (size_t i = 0; i < count; i++)
        read_near(store, &r, &sightings[i]);
    begun_us = clock_now_us();
    link_sightings(arena,
                   &(struct link_input){sightings, count, r.cases, r.case_count,
                                        r.reports, r.report_count, ++store->link_seq,
                                        NULL},
                   &out);
    spent_us += clock_now_us() - begun_us;
    for (size_t i = 0; i < count; i++)
        print_decision(&sightings[i], &out.decisions[i]);
    for (size_t i = 0; i < out.case_count; i++)
        if (out.cases[i].is_new || out.cases[i].is_changed)
            put_case(store, &out.cases[i]);
    for (size_t i = 0; i < out.report_count; i++)
        if (out.reports[i].is_new || out.reports[i].is_changed)
            put_report(store, &out.reports[i]);
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
    free(store->cases);
    free(store->reports);
    free(store->next);
    arena_free(store->arena);
}

int main(int argc, char **argv)
{
    struct batches batches = read_batches(argc > 1 ? argv[1] : "10000");
    struct store store = {.rule_count = 0};
    size_t lines;

    if (!batches.size)
        bad_line("a batch has at least one sighting");
    lines = count_lines(stdin);
    open_store(&store, lines);
    run(&store, stdin, batches, lines);
    fprintf(stderr, "%zu lines, %zu cases, %" PRId64 " us in the function\n", lines,
            store.case_count, spent_us);
    close_store(&store);
    return 0;
}
