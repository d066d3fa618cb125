/* linker.c - stripes, what to read, and the order of the step. */
#include "consumers/runtime/linker.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/point.h"
#include "common/text.h"
#include "consumers/runtime/case_table.h"
#include "consumers/runtime/sql.h"

enum { MOST_RUNS = 16 }; /* of one batch; each holds a stripe more, or ends it */

struct linker {
    struct sighter sighter;
    const struct enricher *enricher;
    bool more_stripes[LINK_STRIPES]; /* that an earlier run of this batch missed */
    bool reads_spares;               /* an earlier run derived an id that is taken */
    int runs;
    bool wants_again;
};

/* One run of the step; all in the batch's arena. */
struct run {
    struct linker *linker;
    struct pg *pg;
    struct arena *arena;
    const struct claim *claims;
    struct sightings sightings;
    bool stripes[LINK_STRIPES];
    struct near *near; /* distinct */
    size_t near_count;
    struct link_map near_at;
    struct case_table table;
    struct link_output output;
    int64_t link_seq;
    struct case_states states;
};

struct linker *linker_new(const struct kind *kind, const struct reader *reader,
                          const struct enricher *enricher, struct err *e)
{
    struct linker *linker = xcalloc(1, sizeof *linker);

    linker->enricher = enricher;
    if (!sighter_init(&linker->sighter, kind, reader, e))
        return linker;
    free(linker);
    return NULL;
}

void linker_free(struct linker *linker)
{
    free(linker);
}

static bool is_linked(const struct linker *linker)
{
    return linker->sighter.kind->linked.names[LINK_FIELD_REPORT] != NULL;
}

enum outcome linker_check(const struct linker *linker, struct pg *pg, struct err *e)
{
    struct pg_result *result = NULL;
    bool is_set_up;

    if (!is_linked(linker))
        return DONE;
    if (pg_query(pg, sql_text("link_is_set_up"), NULL, 0, &result, e))
        return e->outcome;
    is_set_up = strcmp(pg_value(result, 0, 0), "t") == 0;
    pg_result_free(result);
    if (!is_set_up)
        return err_set(e, RETRY,
                       "the tables for cases are missing or older than this "
                       "daemon: run gridloopctl setup");
    return DONE;
}

bool linker_wants_again(struct linker *linker)
{
    bool wants_again = linker->wants_again;

    linker->wants_again = false;
    return wants_again;
}

/* ---- what may be read or changed ---- */

static void longer(int64_t *window_us, int64_t other_us)
{
    if (other_us > *window_us)
        *window_us = other_us;
}

static int64_t before(int64_t us, int64_t window_us)
{
    if (window_us == LINK_NEVER)
        return us;
    return window_us == LINK_EVER ? INT64_MIN : link_us_between(us, window_us);
}

/* How far back from this sighting a case may have been stirred last and still matter: link_rule.c has the windows. A
 * life that is over takes what was seen before it ended, so it ended later than that. */
static void reach(struct near *near, const struct link_sighting *s)
{
    const struct link_rule *rule = s->rule;
    int64_t us = s->occurred_us < s->recorded_us ? s->occurred_us : s->recorded_us;
    int64_t open_us = rule->merge_us, over_us = rule->reopen_us;

    longer(&open_us, rule->repeat_us);
    longer(&over_us, rule->repeat_us);
    longer(&over_us, rule->mute_us);
    if (rule->ignore_status)
        longer(&over_us, rule->merge_us);
    if (before(us, open_us) < near->since_open_us)
        near->since_open_us = before(us, open_us);
    if (before(us, over_us) < near->since_over_us)
        near->since_over_us = before(us, over_us);
}

static struct near *near_of(struct run *run, uint32_t group, int64_t cell)
{
    uint8_t key[UUID_SIZE] = {0};
    uint32_t *at;

    memcpy(key, &group, sizeof group);
    memcpy(key + 8, &cell, sizeof cell);
    at = link_map_at(&run->near_at, key);
    if (*at == LINK_NONE) {
        *at = (uint32_t)run->near_count++;
        run->near[*at] = (struct near){group, cell, INT64_MAX, INT64_MAX};
        run->stripes[link_stripe(run->sightings.groups.list[group], cell)] = true;
    }
    return &run->near[*at];
}

static void want_spare(struct run *run, const struct link_sighting *s)
{
    uint8_t id[UUID_SIZE];

    if (!run->linker->reads_spares)
        return;
    link_spare_id(id, s->case_id, s->event_id);
    run->stripes[link_id_stripe(id)] = true;
}

static void want(struct run *run, const struct link_sighting *s)
{
    int64_t cells[LINK_CELLS_NEAR];
    size_t count = s->rule ? link_cells_near(&s->place, cells) : 0;

    run->stripes[link_id_stripe(s->report_id)] = true;
    if (!s->rule)
        return;
    run->stripes[link_id_stripe(s->case_id)] = true;
    want_spare(run, s);
    for (size_t i = 0; i < count; i++)
        reach(near_of(run, s->group, cells[i]), s);
    if (s->place.where == LINK_NOWHERE)
        run->stripes[link_stripe(run->sightings.groups.list[s->group],
                                 link_cell(&s->place))] = true;
}

static void want_all(struct run *run)
{
    size_t most = run->sightings.count * LINK_CELLS_NEAR;

    run->near = arena_take_array(run->arena, most, sizeof *run->near);
    run->near_at = link_map_new(run->arena, most);
    memcpy(run->stripes, run->linker->more_stripes, sizeof run->stripes);
    for (size_t i = 0; i < run->sightings.count; i++)
        want(run, &run->sightings.list[i]);
}

/* ---- locking and reading ---- */

static enum outcome lock(struct run *run, struct err *e)
{
    struct text stripes = {0};
    enum outcome outcome;

    for (int i = 0; i < LINK_STRIPES; i++)
        if (run->stripes[i])
            text_format(&stripes, "%c%d", stripes.size ? ',' : '{', i);
    text_add_string(&stripes, "}");
    outcome = pg_query(run->pg, sql_text("link_lock"),
                       (const char *const[]){stripes.bytes}, 1, NULL, e);
    text_free(&stripes);
    return outcome ? err_wrap(e, "locking the places") : DONE;
}

static enum outcome draw_seq(struct run *run, struct err *e)
{
    struct pg_result *result = NULL;

    if (pg_query(run->pg, sql_text("link_seq"), NULL, 0, &result, e))
        return err_wrap(e, "drawing link_seq");
    run->link_seq = pg_number(result, 0, 0);
    pg_result_free(result);
    return DONE;
}

static enum outcome read_all(struct run *run, struct err *e)
{
    const struct sightings *sightings = &run->sightings;
    uint8_t(*reports)[UUID_SIZE] =
        arena_take_array(run->arena, sightings->count, UUID_SIZE);
    uint8_t(*cases)[UUID_SIZE] =
        arena_take_array(run->arena, 2 * sightings->count, UUID_SIZE);
    size_t count = 0;

    for (size_t i = 0; i < sightings->count; i++) {
        const struct link_sighting *s = &sightings->list[i];
        memcpy(reports[i], s->report_id, UUID_SIZE);
        if (s->rule)
            memcpy(cases[count++], s->case_id, UUID_SIZE);
        if (s->rule && run->linker->reads_spares)
            link_spare_id(cases[count++], s->case_id, s->event_id);
    }
    if (case_table_read_reports(&run->table, run->pg, run->arena,
                                (const uint8_t(*)[UUID_SIZE])reports, sightings->count,
                                e))
        return e->outcome;
    return case_table_read(&run->table, run->pg, run->arena, &run->sightings.groups,
                           run->near, run->near_count, (const uint8_t(*)[UUID_SIZE])cases,
                           count, e);
}

static enum outcome check_stripes(struct run *run, struct err *e)
{
    struct linker *linker = run->linker;
    bool is_missing = false;

    for (size_t i = 0; i < run->table.count; i++) {
        unsigned stripe = run->table.rows[i].stripe % LINK_STRIPES;
        if (run->stripes[stripe])
            continue;
        is_missing = linker->more_stripes[stripe] = true;
    }
    if (!is_missing)
        return DONE;
    linker->wants_again = ++linker->runs < MOST_RUNS;
    return err_set(e, RETRY, "a case lies under a lock that is not held");
}

/* ---- the step ---- */

static void decide(struct run *run)
{
    const struct reference *reference = enricher_reference(run->linker->enricher);
    const struct link_input input = {
        .sightings = run->sightings.list,
        .sighting_count = run->sightings.count,
        .cases = run->table.cases,
        .case_count = run->table.count,
        .reports = run->table.reports,
        .report_count = run->table.report_count,
        .link_seq = run->link_seq,
    };

    link_sightings(run->arena, &input, &run->output);
    case_states_of(
        &run->states, run->arena,
        &(struct case_states_input){.linked = &run->linker->sighter.kind->linked,
                                    .rules = reference_case_rules(reference),
                                    .sightings = &run->sightings,
                                    .groups = &run->sightings.groups,
                                    .output = &run->output,
                                    .read = run->table.rows,
                                    .read_count = run->table.count,
                                    .link_seq = run->link_seq});
}

static enum outcome write_all(struct run *run, struct err *e)
{
    const struct case_changes changes = {
        .sighter = &run->linker->sighter,
        .sightings = &run->sightings,
        .output = &run->output,
        .states = &run->states,
        .link_seq = run->link_seq,
        .claims = run->claims,
        .calendar_version = case_rules_versions(reference_case_rules(
            enricher_reference(run->linker->enricher)))[CASE_RULES_CALENDAR],
    };

    return case_table_write(&changes, run->pg, run->arena, e);
}

/* After the write failed: whoever knows how ids are derived can open one beforehand. */
static enum outcome note_taken(struct run *run, struct err *e)
{
    struct linker *linker = run->linker;

    if (linker->reads_spares || strcmp(pg_constraint(run->pg), "case_file_pkey") != 0)
        return e->outcome;
    linker->reads_spares = true;
    linker->wants_again = ++linker->runs < MOST_RUNS;
    return err_set(e, RETRY, "an id that was derived for a case is taken");
}

static enum outcome run_step(struct run *run, struct err *e)
{
    want_all(run);
    POINT("before_stripes");
    if (lock(run, e) || draw_seq(run, e) || read_all(run, e) || check_stripes(run, e))
        return e->outcome;
    POINT("after_stripes");
    decide(run);
    if (write_all(run, e))
        return note_taken(run, e);
    POINT("after_link");
    return DONE;
}

enum outcome linker_link(struct linker *linker, struct pg *pg, const struct batch *batch,
                         const struct claim *claims, struct err *e)
{
    struct arena_mark mark = arena_mark(batch->arena);
    struct run run = {
        .linker = linker, .pg = pg, .arena = batch->arena, .claims = claims};
    enum outcome outcome = DONE;

    if (!is_linked(linker))
        return DONE;
    linker->wants_again = false;
    sightings_of(&run.sightings, &linker->sighter,
                 reference_rules(enricher_reference(linker->enricher)), batch,
                 batch->arena);
    if (run.sightings.count > 0)
        outcome = run_step(&run, e);
    if (!linker->wants_again) {
        linker->runs = 0;
        linker->reads_spares = false;
        memset(linker->more_stripes, 0, sizeof linker->more_stripes);
    }
    arena_rewind(batch->arena, mark);
    return outcome;
}
