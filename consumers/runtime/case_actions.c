/* case_actions.c - stripes, what the turns need to be read, and what is written of them. */
#include "consumers/runtime/case_actions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/point.h"
#include "common/text.h"
#include "consumers/runtime/case_turns.h"
#include "consumers/runtime/life_table.h"
#include "consumers/runtime/link.h"
#include "consumers/runtime/link_index.h"
#include "consumers/runtime/row_values.h"
#include "consumers/runtime/sql.h"
#include "consumers/runtime/stripes.h"

struct case_actions {
    const struct reference *reference;
    struct arena *arena; /* for the clock */
    struct stripes_again again;
};

/* One run; all in an arena. */
struct run {
    struct case_actions *actions;
    struct pg *pg;
    struct arena *arena;
    struct case_turns turns;
    bool stripes[LINK_STRIPES];
    bool is_locked, misses_stripe;
};

struct case_actions *case_actions_new(const struct reference *reference)
{
    struct case_actions *actions = xcalloc(1, sizeof *actions);

    actions->reference = reference;
    actions->arena = arena_new();
    return actions;
}

void case_actions_free(struct case_actions *actions)
{
    if (!actions)
        return;
    arena_free(actions->arena);
    free(actions);
}

bool case_actions_wants_again(struct case_actions *actions)
{
    return stripes_take_again(&actions->again);
}

/* ---- stripes ---- */

static void need(struct run *run, unsigned stripe)
{
    if (!run->is_locked) {
        run->stripes[stripe] = true;
    } else if (!run->stripes[stripe]) {
        run->actions->again.stripes[stripe] = true;
        run->misses_stripe = true;
    }
}

/* Where it would open a case. */
static void need_for_opening(struct run *run, const struct life_actions *actions)
{
    for (size_t i = 0; i < actions->count; i++) {
        const struct life_action *a = &actions->list[i];
        if (a->action.version == 1)
            need(run, link_stripe(a->action.case_kind, link_cell(&a->place)));
    }
}

static enum outcome need_all(struct run *run, struct err *e)
{
    for (size_t i = 0; i < run->turns.id_count; i++)
        need(run, link_id_stripe(run->turns.ids[i]));
    need_for_opening(run, &run->turns.news);
    need_for_opening(run, &run->turns.parked);
    if (life_read_places(&run->turns.places, run->pg, run->arena,
                         (const uint8_t(*)[UUID_SIZE])run->turns.ids, run->turns.id_count,
                         e))
        return e->outcome;
    for (size_t i = 0; i < run->turns.places.count; i++)
        need(run, run->turns.places.list[i].stripe);
    return DONE;
}

static enum outcome read_now(struct run *run, struct err *e)
{
    struct pg_result *result = NULL;

    if (pg_query(run->pg, sql_text("now"), NULL, 0, &result, e))
        return err_wrap(e, "asking for the time");
    run->turns.now_us = row_moment(result, 0, 0);
    pg_result_free(result);
    return DONE;
}

/* What was found under the locks lies under these locks, or the transaction has to be run again. */
static enum outcome check_stripes(struct run *run, struct err *e)
{
    if (need_all(run, e))
        return e->outcome;
    return run->misses_stripe ? stripes_run_again(
               &run->actions->again, "a case lies under a lock that is not held", e)
                              : DONE;
}

/* ---- reading ---- */

static enum outcome read_all(struct run *run, struct err *e)
{
    struct case_turns *turns = &run->turns;

    if (life_read_parked(&turns->parked, run->pg, run->arena,
                         (const uint8_t(*)[UUID_SIZE])turns->ids, turns->name_count, e))
        return e->outcome;
    turns_name_parked(turns);
    if (check_stripes(run, e))
        return e->outcome;
    turns_place(turns);
    return life_read(turns->rows, turns->row_count, run->pg, run->arena, e);
}

static void take_news(struct case_turns *turns)
{
    for (size_t i = 0; i < turns->news.count; i++) {
        turns_begin(turns, (int32_t)i);
        turns_take_new(turns, &turns->news.list[i]);
    }
}

/* ---- one run ---- */

static struct run begin_run(struct case_actions *actions, struct pg *pg,
                            struct arena *arena)
{
    struct run run = {
        .actions = actions,
        .pg = pg,
        .arena = arena,
        .turns = {.arena = arena,
                  .rules = reference_case_rules(actions->reference),
                  .book = reference_rules(actions->reference),
                  .reference_version = reference_newest(actions->reference)}};

    actions->again.is_wanted = false;
    memcpy(run.stripes, actions->again.stripes, sizeof run.stripes);
    return run;
}

static enum outcome write_all(const struct run *run, struct err *e)
{
    const struct case_turns *turns = &run->turns;
    const struct life_changes changes = {
        .rows = turns->rows,
        .row_count = turns->row_count,
        .steps = turns->steps,
        .step_count = turns->step_count,
        .follows = &turns->follows,
        .link_seq = turns->link_seq,
    };

    return life_write(&changes, run->pg, e);
}

/* Up to where it is known what the cases are. */
static enum outcome look(struct run *run, struct err *e)
{
    if (need_all(run, e))
        return e->outcome;
    POINT("before_stripes");
    if (stripes_lock(run->pg, run->stripes, e))
        return e->outcome;
    run->is_locked = true;
    if (stripes_draw_seq(run->pg, &run->turns.link_seq, e) || read_now(run, e)
        || read_all(run, e))
        return e->outcome;
    POINT("after_stripes");
    return DONE;
}

static void name_news(struct case_turns *turns)
{
    turns_begin_names(turns, turns->news.count);
    for (size_t i = 0; i < turns->news.count; i++)
        turns_name(turns, turns->news.list[i].named_id);
    turns_end_names(turns);
}

static enum outcome run_batch(struct run *run, struct err *e)
{
    name_news(&run->turns);
    if (look(run, e))
        return e->outcome;
    take_news(&run->turns);
    if (write_all(run, e))
        return e->outcome;
    POINT("after_link");
    return DONE;
}

enum outcome case_actions_take(struct case_actions *actions, struct pg *pg,
                               const struct batch *batch, struct err *e)
{
    struct arena_mark mark = arena_mark(batch->arena);
    struct run run = begin_run(actions, pg, batch->arena);
    uint8_t(*events)[UUID_SIZE] =
        arena_take_array(batch->arena, batch->count + 1, UUID_SIZE);
    size_t count = 0;
    enum outcome outcome = DONE;

    for (size_t i = 0; i < batch->count; i++)
        if (batch->events[i].outcome == EVENT_STORED)
            memcpy(events[count++], batch->events[i].event_id, UUID_SIZE);
    if (count > 0)
        outcome = life_read_actions(&run.turns.news, pg, batch->arena,
                                    (const uint8_t(*)[UUID_SIZE])events, count, e);
    if (!outcome && count > 0)
        outcome = run_batch(&run, e);
    stripes_settle(&actions->again);
    arena_rewind(batch->arena, mark);
    return outcome;
}

/* ---- the clock ---- */

/* A transaction of its own, run again as long as it wants to. */
static enum outcome by_clock(struct case_actions *actions, struct pg *pg,
                             enum outcome (*act)(struct run *run, void *context,
                                                 struct err *e),
                             void *context, struct err *e)
{
    struct err ignored;
    enum outcome outcome;

    do {
        struct run run = begin_run(actions, pg, actions->arena);
        outcome = pg_run(pg, "begin", e);
        if (!outcome)
            outcome = act(&run, context, e);
        stripes_settle(&actions->again);
        if (!outcome)
            outcome = pg_run(pg, "commit", e);
        else if (pg_is_usable(pg))
            pg_run(pg, "rollback", &ignored);
        arena_reset(actions->arena, 1 << 20);
    } while (outcome && case_actions_wants_again(actions));
    return outcome;
}

static enum outcome name_ready(struct run *run, size_t most, struct err *e)
{
    char number[24];
    struct pg_result *rows = NULL;

    snprintf(number, sizeof number, "%zu", most);
    if (pg_query(run->pg, sql_text("actions_ready"), (const char *const[]){number}, 1,
                 &rows, e))
        return err_wrap(e, "looking for actions that wait");
    turns_begin_names(&run->turns, pg_rows(rows));
    for (size_t row = 0; row < pg_rows(rows); row++) {
        uint8_t id[UUID_SIZE];
        row_id(rows, row, 0, id);
        turns_name(&run->turns, id);
    }
    turns_end_names(&run->turns);
    pg_result_free(rows);
    return DONE;
}

struct retry {
    size_t most, settled;
};

static enum outcome retry(struct run *run, void *context, struct err *e)
{
    struct retry *retry = context;

    retry->settled = 0;
    if (name_ready(run, retry->most, e))
        return e->outcome;
    if (run->turns.id_count == 0)
        return DONE;
    if (look(run, e))
        return e->outcome;
    for (size_t i = 0; i < run->turns.name_count; i++) {
        turns_begin(&run->turns, (int32_t)i);
        retry->settled += turns_retry(&run->turns, &run->turns.named[i]);
    }
    return write_all(run, e);
}

enum outcome case_actions_retry(struct case_actions *actions, struct pg *pg, size_t most,
                                size_t *settled, struct err *e)
{
    struct retry context = {.most = most};

    if (by_clock(actions, pg, retry, &context, e))
        return err_wrap(e, "trying actions again");
    *settled = context.settled;
    return DONE;
}

/* ---- what the clock does to cases ---- */

struct clock {
    const uint8_t (*case_ids)[UUID_SIZE];
    size_t count;
    enum clock_act act;
    size_t done;
};

/* Which of the reminders were decided already. */
static enum outcome read_reminders(struct run *run, const char *cause,
                                   struct link_map *there, struct err *e)
{
    uint8_t(*ids)[UUID_SIZE] =
        arena_take_array(run->arena, run->turns.row_count + 1, UUID_SIZE);
    struct pg_result *rows = NULL;

    for (size_t i = 0; i < run->turns.row_count; i++)
        case_order_id(ids[i], run->turns.rows[i].life.case_id,
                      run->turns.rows[i].life.due_version, CASE_REMIND, cause);
    if (query_ids(pg_query_binary, run->pg, "orders_there",
                  (const uint8_t(*)[UUID_SIZE])ids, run->turns.row_count, &rows, e))
        return e->outcome;
    *there = link_map_new(run->arena, run->turns.row_count);
    for (size_t row = 0; row < pg_rows(rows); row++) {
        uint8_t id[UUID_SIZE];
        row_id(rows, row, 0, id);
        *link_map_at(there, id) = 0;
    }
    pg_result_free(rows);
    return DONE;
}

static bool is_there(const struct link_map *there, const struct case_life *life,
                     const char *cause)
{
    uint8_t id[UUID_SIZE];

    case_order_id(id, life->case_id, life->due_version, CASE_REMIND, cause);
    return link_map_find(there, id) != LINK_NONE;
}

static enum outcome act_all(struct run *run, struct clock *clock, struct err *e)
{
    bool is_due = clock->act == CLOCK_REMIND_DUE;
    const char *cause = turns_reminder_cause(is_due);
    struct link_map there;

    if (read_reminders(run, cause, &there, e))
        return e->outcome;
    for (size_t i = 0; i < run->turns.row_count; i++) {
        struct life_row *row = &run->turns.rows[i];
        turns_begin(&run->turns, (int32_t)i);
        if (clock->act == CLOCK_SEND)
            clock->done += turns_send(&run->turns, row);
        else if (!is_there(&there, &row->life, cause))
            clock->done += turns_remind(&run->turns, row, is_due);
    }
    return write_all(run, e);
}

static enum outcome act(struct run *run, void *context, struct err *e)
{
    struct clock *clock = context;

    clock->done = 0;
    turns_begin_names(&run->turns, clock->count);
    for (size_t i = 0; i < clock->count; i++)
        turns_name(&run->turns, clock->case_ids[i]);
    turns_end_names(&run->turns);
    return look(run, e) ? e->outcome : act_all(run, clock, e);
}

enum outcome case_actions_clock(struct case_actions *actions, struct pg *pg,
                                const uint8_t (*case_ids)[UUID_SIZE], size_t count,
                                enum clock_act act_of, size_t *done, struct err *e)
{
    struct clock context = {case_ids, count, act_of, 0};

    if (count > 0 && by_clock(actions, pg, act, &context, e))
        return err_wrap(e, "the clock's acts");
    *done = context.done;
    return DONE;
}
