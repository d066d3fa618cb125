/* linker.c - stripes, what to read, and the order of the step. */
#include "consumers/runtime/linker.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/point.h"
#include "common/text.h"
#include "consumers/runtime/case_table.h"
#include "consumers/runtime/stripes.h"

enum {
    /* Cases near by that are held, some 500 bytes each with all that is made of them; few sightings may see more. */
    MOST_CASES = 16384,
    FEW_SIGHTINGS = 64,
    KEEP_BYTES = 1 << 20 /* of memory, between two batches */
};

/* One run of the step; all in the linker's arena. */
struct run {
    struct pg *pg;
    const struct claim *claims;
    struct sightings sightings;
    bool stripes[LINK_STRIPES];
    struct near_set near;
    struct case_table table;
    struct link_output output;
    int64_t link_seq;
    struct case_states states;
};

struct linker {
    struct sighter sighter;
    const struct enricher *enricher;
    struct arena *arena;
    struct arena *asking; /* for what is needed until the cases are read */
    struct run run;
    struct stripes_again again;
    bool reads_spares; /* an earlier run derived an id that is taken */
    bool wants_smaller;
};

struct linker *linker_new(const struct kind *kind, const struct reader *reader,
                          const struct enricher *enricher, struct err *e)
{
    struct linker *linker = xcalloc(1, sizeof *linker);

    linker->enricher = enricher;
    linker->arena = arena_new();
    linker->asking = arena_new();
    if (!sighter_init(&linker->sighter, kind, reader, e))
        return linker;
    linker_free(linker);
    return NULL;
}

void linker_free(struct linker *linker)
{
    if (!linker)
        return;
    arena_free(linker->arena);
    arena_free(linker->asking);
    free(linker);
}

static bool is_linked(const struct linker *linker)
{
    return linker->sighter.kind->linked.names[LINK_FIELD_REPORT] != NULL;
}

enum outcome linker_check(const struct linker *linker, struct pg *pg, struct err *e)
{
    return is_linked(linker) ? stripes_check(pg, e) : DONE;
}

bool linker_wants_again(struct linker *linker)
{
    return stripes_take_again(&linker->again);
}

bool linker_wants_smaller(struct linker *linker)
{
    bool wants_smaller = linker->wants_smaller;

    linker->wants_smaller = false;
    return wants_smaller;
}

/* ---- what may be read or changed ---- */

static void want_id(struct run *run, const uint8_t id[UUID_SIZE])
{
    run->stripes[link_id_stripe(id)] = true;
}

static void want_spare(struct run *run, const struct link_sighting *s)
{
    uint8_t id[UUID_SIZE];

    link_spare_id(id, s->case_id, s->event_id);
    want_id(run, id);
}

static void want(struct linker *linker, const struct link_sighting *s)
{
    struct run *run = &linker->run;

    want_id(run, s->report_id);
    want_id(run, s->event_id); /* an action may name it by this id, or by the next */
    want_id(run, s->case_id);
    if (!s->rule)
        return;
    if (linker->reads_spares)
        want_spare(run, s);
    near_add(&run->near, s);
    if (s->place.where == LINK_NOWHERE)
        run->stripes[link_stripe(run->sightings.groups.list[s->group],
                                 link_cell(&s->place))] = true;
}

static void want_all(struct linker *linker)
{
    struct run *run = &linker->run;

    memcpy(run->stripes, linker->again.stripes, sizeof run->stripes);
    for (size_t i = 0; i < run->sightings.count; i++)
        want(linker, &run->sightings.list[i]);
    for (size_t i = 0; i < run->near.count; i++) {
        const struct near *near = &run->near.list[i];
        run->stripes[link_stripe(run->sightings.groups.list[near->group], near->cell)] =
            true;
    }
}

void linker_prepare(struct linker *linker, const struct batch *batch)
{
    arena_reset(linker->arena, KEEP_BYTES);
    arena_reset(linker->asking, 0);
    linker->run = (struct run){.near = {.arena = linker->asking}};
    if (!is_linked(linker))
        return;
    sightings_of(&linker->run.sightings, &linker->sighter,
                 reference_rules(enricher_reference(linker->enricher)), batch,
                 linker->arena);
    linker->run.sightings.reference_version =
        reference_newest(enricher_reference(linker->enricher));
    want_all(linker);
}

/* ---- locking and reading ---- */

/* The ids of what is reported, and of the cases that might be opened. */
struct ids {
    uint8_t (*reports)[UUID_SIZE], (*cases)[UUID_SIZE];
    size_t case_count;
};

static struct ids list_ids(const struct linker *linker)
{
    const struct sightings *sightings = &linker->run.sightings;
    struct ids ids = {arena_take_array(linker->asking, sightings->count, UUID_SIZE),
                      arena_take_array(linker->asking, 2 * sightings->count, UUID_SIZE),
                      0};

    for (size_t i = 0; i < sightings->count; i++) {
        const struct link_sighting *s = &sightings->list[i];
        memcpy(ids.reports[i], s->report_id, UUID_SIZE);
        if (s->rule)
            memcpy(ids.cases[ids.case_count++], s->case_id, UUID_SIZE);
        if (s->rule && linker->reads_spares)
            link_spare_id(ids.cases[ids.case_count++], s->case_id, s->event_id);
    }
    return ids;
}

static enum outcome read_cases(struct linker *linker, const struct ids *ids,
                               struct err *e)
{
    struct run *run = &linker->run;
    const struct case_wish wish = {
        .groups = &run->sightings.groups,
        .near = run->near.list,
        .near_count = run->near.count,
        .ids = (const uint8_t(*)[UUID_SIZE])ids->cases,
        .id_count = ids->case_count,
        .most = run->sightings.count > FEW_SIGHTINGS ? MOST_CASES : 0};
    bool too_many;

    if (case_table_read(&run->table, run->pg, linker->arena, &wish, &too_many, e))
        return e->outcome;
    if (!too_many)
        return DONE;
    linker->wants_smaller = true;
    return err_set(e, RETRY, "too many cases lie near by");
}

static enum outcome read_all(struct linker *linker, struct err *e)
{
    struct run *run = &linker->run;
    const struct ids ids = list_ids(linker);

    if (case_table_read_reports(&run->table, run->pg, linker->arena,
                                (const uint8_t(*)[UUID_SIZE])ids.reports,
                                run->sightings.count, e)
        || read_cases(linker, &ids, e))
        return e->outcome;
    arena_reset(linker->asking, 0);
    return DONE;
}

static enum outcome check_stripes(struct linker *linker, struct err *e)
{
    const struct run *run = &linker->run;
    bool is_missing = false;

    for (size_t i = 0; i < run->table.count; i++) {
        unsigned stripe = run->table.rows[i].stripe % LINK_STRIPES;
        if (run->stripes[stripe])
            continue;
        is_missing = linker->again.stripes[stripe] = true;
    }
    return is_missing ? stripes_run_again(&linker->again,
                                          "a case lies under a lock that is not held", e)
                      : DONE;
}

/* ---- the step ---- */

static void decide(struct linker *linker)
{
    const struct reference *reference = enricher_reference(linker->enricher);
    struct run *run = &linker->run;
    struct link_input input = {
        .sightings = run->sightings.list,
        .sighting_count = run->sightings.count,
        .case_count = run->table.count,
        .reports = run->table.reports,
        .report_count = run->table.report_count,
        .link_seq = run->link_seq,
    };

    case_table_make_room(&run->table, linker->arena, run->sightings.count);
    input.cases = input.in_place = run->table.cases;
    link_sightings(linker->arena, &input, &run->output);
    case_states_of(&run->states, linker->arena,
                   &(struct case_states_input){.linked = &linker->sighter.kind->linked,
                                               .rules = reference_case_rules(reference),
                                               .sightings = &run->sightings,
                                               .groups = &run->sightings.groups,
                                               .output = &run->output,
                                               .read = run->table.rows,
                                               .read_count = run->table.count,
                                               .link_seq = run->link_seq});
}

static enum outcome write_all(struct linker *linker, struct err *e)
{
    const struct run *run = &linker->run;
    const struct case_changes changes = {
        .sighter = &linker->sighter,
        .sightings = &run->sightings,
        .output = &run->output,
        .states = &run->states,
        .link_seq = run->link_seq,
        .claims = run->claims,
    };

    return case_table_write(&changes, run->pg, linker->arena, e);
}

/* After the write failed: whoever knows how ids are derived can open one beforehand. */
static enum outcome note_taken(struct linker *linker, struct err *e)
{
    if (linker->reads_spares
        || strcmp(pg_constraint(linker->run.pg), "case_file_pkey") != 0)
        return e->outcome;
    linker->reads_spares = true;
    return stripes_run_again(&linker->again, "an id that was derived for a case is taken",
                             e);
}

static enum outcome run_step(struct linker *linker, struct err *e)
{
    struct run *run = &linker->run;

    POINT("before_stripes");
    if (stripes_lock(run->pg, run->stripes, e)
        || stripes_draw_seq(run->pg, &run->link_seq, e) || read_all(linker, e)
        || check_stripes(linker, e))
        return e->outcome;
    POINT("after_stripes");
    decide(linker);
    if (write_all(linker, e))
        return note_taken(linker, e);
    POINT("after_link");
    return DONE;
}

enum outcome linker_link(struct linker *linker, struct pg *pg, const struct claim *claims,
                         struct err *e)
{
    enum outcome outcome = DONE;

    linker->again.is_wanted = linker->wants_smaller = false;
    linker->run.pg = pg;
    linker->run.claims = claims;
    if (linker->run.sightings.count > 0)
        outcome = run_step(linker, e);
    arena_reset(linker->arena, KEEP_BYTES);
    if (!linker->again.is_wanted)
        linker->reads_spares = false;
    stripes_settle(&linker->again);
    return outcome;
}
