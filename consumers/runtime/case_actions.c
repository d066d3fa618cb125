/* case_actions.c - stripes, what to read, the turns of actions, and what is written of them. */
#include "consumers/runtime/case_actions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/point.h"
#include "common/text.h"
#include "consumers/runtime/life_table.h"
#include "consumers/runtime/link.h"
#include "consumers/runtime/link_index.h"
#include "consumers/runtime/row_values.h"
#include "consumers/runtime/sql.h"
#include "consumers/runtime/stripes.h"

enum {
    MOST_STEPS =
        1000 /* that one action causes; more waits for the next one, or the clock */
};

struct case_actions {
    const struct reference *reference;
    struct arena *arena; /* for the clock */
    struct stripes_again again;
};

/* An action that waits under a name, or may once more. */
struct waiting {
    struct life_action *action;
    struct waiting *next;
};

/* What actions name. */
struct named {
    const uint8_t *id;
    const struct life_place
        *report;          /* NULL: not of a report that belongs to another case */
    struct life_row *row; /* NULL: of a report */
    struct waiting *first, **last;
};

/* One run; all in an arena. */
struct run {
    struct case_actions *actions;
    const struct case_rules *rules;
    struct pg *pg;
    struct arena *arena;

    uint8_t (*ids)[UUID_SIZE]; /* names, then the cases to merge into; each once */
    size_t name_count, id_count, id_room;
    struct link_map id_at;
    struct life_actions news, parked;
    struct life_places places;
    struct named *named; /* one for each of ids */
    struct life_row *rows;
    size_t row_count;

    bool stripes[LINK_STRIPES];
    bool is_locked, misses_stripe;
    int64_t link_seq, now_us;

    int32_t ordinal; /* of the cause in hand */
    int16_t place;   /* of its next step */
    struct case_step_row *steps;
    size_t step_count;
    struct life_rows follows;
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

/* ---- what is named ---- */

static void add_id(struct run *run, const uint8_t id[UUID_SIZE])
{
    uint32_t *at = link_map_at(&run->id_at, id);

    if (*at != LINK_NONE)
        return;
    *at = (uint32_t)run->id_count;
    memcpy(run->ids[run->id_count++], id, UUID_SIZE);
}

/* Names first, so that they are the first name_count. */
static void begin_ids(struct run *run, size_t most)
{
    run->ids = arena_take_array(run->arena, most + 1, UUID_SIZE);
    run->id_at = link_map_new(run->arena, most);
    run->id_count = 0;
}

static void add_heads(struct run *run, const struct life_actions *actions)
{
    for (size_t i = 0; i < actions->count; i++)
        if (actions->list[i].action.merged_into)
            add_id(run, actions->list[i].merged_into);
}

static void name_news(struct run *run)
{
    begin_ids(run, 2 * run->news.count);
    for (size_t i = 0; i < run->news.count; i++)
        add_id(run, run->news.list[i].named_id);
    run->name_count = run->id_count;
    add_heads(run, &run->news);
}

/* Once the actions that wait are known, too. */
static void name_parked_heads(struct run *run)
{
    const uint8_t(*before)[UUID_SIZE] = (const uint8_t(*)[UUID_SIZE])run->ids;
    size_t count = run->id_count;

    begin_ids(run, count + run->parked.count);
    for (size_t i = 0; i < count; i++)
        add_id(run, before[i]);
    add_heads(run, &run->parked);
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
    for (size_t i = 0; i < run->id_count; i++)
        need(run, link_id_stripe(run->ids[i]));
    need_for_opening(run, &run->news);
    need_for_opening(run, &run->parked);
    if (life_read_places(&run->places, run->pg, run->arena,
                         (const uint8_t(*)[UUID_SIZE])run->ids, run->id_count, e))
        return e->outcome;
    for (size_t i = 0; i < run->places.count; i++)
        need(run, run->places.list[i].stripe);
    return DONE;
}

static enum outcome read_now(struct run *run, struct err *e)
{
    struct pg_result *result = NULL;

    if (pg_query(run->pg, sql_text("now"), NULL, 0, &result, e))
        return err_wrap(e, "asking for the time");
    run->now_us = row_moment(result, 0, 0);
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

static void place_ids(struct run *run)
{
    run->named = arena_take_array(run->arena, run->id_count + 1, sizeof *run->named);
    run->rows = arena_take_array(run->arena, run->id_count + 1, sizeof *run->rows);
    for (size_t i = 0; i < run->id_count; i++) {
        run->named[i] = (struct named){.id = run->ids[i]};
        run->named[i].last = &run->named[i].first;
    }
    for (size_t i = 0; i < run->places.count; i++) {
        const struct life_place *place = &run->places.list[i];
        if (place->is_report)
            run->named[link_map_find(&run->id_at, place->named_id)].report = place;
    }
    for (size_t i = 0; i < run->id_count; i++) {
        if (run->named[i].report)
            continue;
        run->named[i].row = &run->rows[run->row_count++];
        life_begin(run->named[i].row, run->ids[i]);
    }
}

static struct named *named_of(const struct run *run, const uint8_t id[UUID_SIZE])
{
    return &run->named[link_map_find(&run->id_at, id)];
}

static void let_wait(struct run *run, struct life_action *action)
{
    struct named *named = named_of(run, action->named_id);
    struct waiting *waiting = arena_take(run->arena, sizeof *waiting);

    *waiting = (struct waiting){action, NULL};
    *named->last = waiting;
    named->last = &waiting->next;
}

static enum outcome read_all(struct run *run, struct err *e)
{
    if (life_read_parked(&run->parked, run->pg, run->arena,
                         (const uint8_t(*)[UUID_SIZE])run->ids, run->name_count, e))
        return e->outcome;
    name_parked_heads(run);
    if (check_stripes(run, e))
        return e->outcome;
    place_ids(run);
    for (size_t i = 0; i < run->parked.count; i++)
        let_wait(run, &run->parked.list[i]);
    return life_read(run->rows, run->row_count, run->pg, run->arena, e);
}

/* ---- what is to be written ---- */

static struct case_step_row *add_step(struct run *run, const uint8_t *named_id)
{
    run->steps = arena_grow(run->arena, run->steps, run->step_count, sizeof *run->steps);
    run->steps[run->step_count] = (struct case_step_row){.link_seq = run->link_seq,
                                                         .ordinal = run->ordinal,
                                                         .place = run->place++,
                                                         .named_id = named_id};
    return &run->steps[run->step_count++];
}

/* What an applied step brings with it. */
static void follow(struct run *run, struct life_row *row,
                   const struct case_result *result)
{
    row->is_changed = true;
    life_rows_add(&run->follows, run->arena, &row->life, result, run->link_seq);
}

/* ---- the turn of an action ---- */

static void tell(struct run *run, const struct named *named,
                 const struct life_action *action, const struct case_result *result)
{
    struct case_step_row *step = add_step(run, action->named_id);

    step->outcome = case_outcome_name(result->outcome);
    step->reason = case_reason_word(result->reason);
    if (result->outcome == CASE_ANSWERED)
        step->case_id = named->report->case_id;
    else if (named->row && named->row->life.state)
        step->case_id = named->row->life.case_id;
    step->case_version = action->action.version;
    step->actor = action->action.actor;
    step->action = action->action.action;
    step->result = action->action.result;
    step->from_state = result->from_state;
    step->to_state = result->to_state;
    step->event_id = action->event_id;
    step->source_id = action->source_id;
    step->topic_offset = action->topic_offset;
    step->stepped_us = result->at_us;
}

static void note_opening(struct run *run, struct life_row *row,
                         const struct life_action *action, int64_t at_us)
{
    row->is_new = true;
    row->place = action->place;
    if (row->place.where == LINK_AT_POINT)
        row->place.accuracy_m = rulebook_accuracy_m(
            reference_rules(run->actions->reference), "ACTION", at_us);
    row->stripe = link_stripe(row->life.group, link_cell(&row->place));
    row->opened_us = at_us;
    row->ordinal = run->ordinal;
}

static struct case_result take(struct run *run, struct named *named,
                               const struct life_action *action)
{
    static struct case_life nobody;
    const struct named *head =
        action->action.merged_into ? named_of(run, action->merged_into) : NULL;
    const struct case_scene scene = {
        .life = named->row ? &named->row->life : &nobody,
        .head = head && head->row ? &head->row->life : NULL,
        .is_report = named->report,
    };
    bool opens = named->row && !named->row->life.state;
    struct case_result result;

    case_life_take(run->rules, run->arena, &scene, &action->action, &result);
    if (result.outcome == CASE_APPLIED && opens)
        note_opening(run, named->row, action, result.at_us);
    return result;
}

/* False: it goes on waiting for what it waited for. */
static bool take_waiting(struct run *run, struct named *named, struct life_action *action,
                         struct case_result *result)
{
    *result = take(run, named, action);
    if (result->outcome == CASE_PARKED
        && strcmp(case_reason_word(result->reason), action->parked_for) == 0)
        return false;
    tell(run, named, action, result);
    action->parked_for = case_reason_word(result->reason);
    action->is_settled = result->outcome != CASE_PARKED;
    return action->is_settled;
}

static bool may_go_on(const struct named *named, const struct life_action *action)
{
    return !action->is_settled
           && (named->report
               || (named->row->life.state
                   && action->action.version <= named->row->life.version + 1));
}

/* Tries what waits, from the start again after each step that was taken. */
static void drain(struct run *run, struct named *named)
{
    struct waiting *waiting = named->first;
    struct case_result result;

    while (waiting && run->place < MOST_STEPS) {
        struct life_action *action = waiting->action;
        waiting = waiting->next;
        if (!may_go_on(named, action) || !take_waiting(run, named, action, &result))
            continue;
        if (result.outcome == CASE_APPLIED) {
            follow(run, named->row, &result);
            waiting = named->first;
        }
    }
}

static void take_new(struct run *run, struct life_action *action)
{
    struct named *named = named_of(run, action->named_id);
    struct case_result result;

    run->place = 0;
    drain(run, named);
    result = take(run, named, action);
    tell(run, named, action, &result);
    if (result.outcome == CASE_PARKED) {
        action->parked_for = case_reason_word(result.reason);
        let_wait(run, action);
    }
    if (result.outcome == CASE_APPLIED) {
        follow(run, named->row, &result);
        drain(run, named);
    }
}

static void take_news(struct run *run)
{
    for (size_t i = 0; i < run->news.count; i++) {
        run->ordinal = (int32_t)i;
        take_new(run, &run->news.list[i]);
    }
}

/* ---- one run ---- */

static struct run begin_run(struct case_actions *actions, struct pg *pg,
                            struct arena *arena)
{
    struct run run = {.actions = actions,
                      .rules = reference_case_rules(actions->reference),
                      .pg = pg,
                      .arena = arena};

    actions->again.is_wanted = false;
    memcpy(run.stripes, actions->again.stripes, sizeof run.stripes);
    return run;
}

static enum outcome write_all(const struct run *run, struct err *e)
{
    const struct life_changes changes = {
        .rows = run->rows,
        .row_count = run->row_count,
        .steps = run->steps,
        .step_count = run->step_count,
        .follows = &run->follows,
        .link_seq = run->link_seq,
        .calendar_version = case_rules_versions(run->rules)[CASE_RULES_CALENDAR],
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
    if (stripes_draw_seq(run->pg, &run->link_seq, e) || read_now(run, e)
        || read_all(run, e))
        return e->outcome;
    POINT("after_stripes");
    return DONE;
}

static enum outcome run_batch(struct run *run, struct err *e)
{
    name_news(run);
    if (look(run, e))
        return e->outcome;
    take_news(run);
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
        outcome = life_read_actions(&run.news, pg, batch->arena,
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
    begin_ids(run, pg_rows(rows));
    for (size_t row = 0; row < pg_rows(rows); row++) {
        uint8_t id[UUID_SIZE];
        row_id(rows, row, 0, id);
        add_id(run, id);
    }
    run->name_count = run->id_count;
    pg_result_free(rows);
    return DONE;
}

static void give_up(struct run *run, struct named *named, struct life_action *action)
{
    bool is_there = named->report || named->row->life.state;
    bool is_plausible;
    const struct case_result result = {
        .outcome = CASE_REFUSED,
        .reason = is_there ? CASE_STEP_NEVER_CAME : CASE_NEVER_CAME,
        .at_us = link_time_us(action->action.occurred_us, action->action.recorded_us,
                              &is_plausible),
        .from_state = named->row ? named->row->life.state : NULL,
    };

    tell(run, named, action, &result);
    action->is_settled = true;
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
    if (run->id_count == 0)
        return DONE;
    if (look(run, e))
        return e->outcome;
    for (size_t i = 0; i < run->name_count; i++) {
        struct named *named = &run->named[i];
        run->ordinal = (int32_t)i;
        run->place = 0;
        drain(run, named);
        for (struct waiting *w = named->first; w; w = w->next) {
            if (!w->action->is_settled && w->action->is_overdue
                && run->place < MOST_STEPS)
                give_up(run, named, w->action);
            retry->settled += w->action->is_settled;
        }
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

static void send(struct run *run, struct life_row *row)
{
    struct case_life *life = &row->life;
    struct case_result result;
    struct case_step_row *step;

    case_life_platform(run->rules, run->arena, life, CASE_PLATFORM_DISPATCH, life->unit,
                       run->now_us, &result);
    step = add_step(run, life->case_id);
    step->outcome = case_outcome_name(result.outcome);
    step->case_id = life->case_id;
    step->case_version = life->version;
    step->actor = "platform";
    step->action = case_platform_action(CASE_PLATFORM_DISPATCH);
    step->from_state = result.from_state;
    step->to_state = result.to_state;
    step->stepped_us = run->now_us;
    follow(run, row, &result);
}

static void remind(struct run *run, const struct life_row *row, const char *cause)
{
    const struct case_order order = {CASE_REMIND, row->life.order_unit};

    life_rows_add_order(&run->follows, run->arena, &row->life, row->life.due_version,
                        &order, cause, run->link_seq, run->now_us);
}

static const char *cause_of(enum clock_act act)
{
    return act == CLOCK_REMIND_DUE ? "due" : "before_due";
}

/* Whether it still is what the clock took it for. */
static bool is_for(const struct run *run, const struct case_life *life,
                   enum clock_act act)
{
    if (!life->state)
        return false;
    if (act == CLOCK_SEND)
        return life->may_send && life->unit && !life->was_sent && life->version == 1;
    return life->order_unit && life->due_us != LINK_NO_TIME
           && (life->due_us <= run->now_us) == (act == CLOCK_REMIND_DUE);
}

/* Which of the reminders were decided already. */
static enum outcome read_reminders(struct run *run, const char *cause,
                                   struct link_map *there, struct err *e)
{
    uint8_t(*ids)[UUID_SIZE] =
        arena_take_array(run->arena, run->row_count + 1, UUID_SIZE);
    struct pg_result *rows = NULL;

    for (size_t i = 0; i < run->row_count; i++)
        case_order_id(ids[i], run->rows[i].life.case_id, run->rows[i].life.due_version,
                      CASE_REMIND, cause);
    if (query_ids(pg_query_binary, run->pg, "orders_there",
                  (const uint8_t(*)[UUID_SIZE])ids, run->row_count, &rows, e))
        return e->outcome;
    *there = link_map_new(run->arena, run->row_count);
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
    struct link_map there;
    const char *cause = cause_of(clock->act);

    if (read_reminders(run, cause, &there, e))
        return e->outcome;
    for (size_t i = 0; i < run->row_count; i++) {
        struct life_row *row = &run->rows[i];
        bool is_reminder = clock->act != CLOCK_SEND;
        if (!is_for(run, &row->life, clock->act)
            || (is_reminder && is_there(&there, &row->life, cause)))
            continue;
        run->ordinal = (int32_t)i;
        run->place = 0;
        if (is_reminder)
            remind(run, row, cause);
        else
            send(run, row);
        clock->done++;
    }
    return write_all(run, e);
}

static enum outcome act(struct run *run, void *context, struct err *e)
{
    struct clock *clock = context;

    clock->done = 0;
    begin_ids(run, clock->count);
    for (size_t i = 0; i < clock->count; i++)
        add_id(run, clock->case_ids[i]);
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
