/* case_turns.c - names, what waits under them, and the turns. */
#include "consumers/runtime/case_turns.h"

#include <string.h>

#include "consumers/runtime/link.h"

enum {
    MOST_STEPS =
        1000 /* that one action causes; more waits for the next one, or the clock */
};

/* ---- what is named ---- */

void turns_name(struct case_turns *turns, const uint8_t id[UUID_SIZE])
{
    uint32_t *at = link_map_at(&turns->id_at, id);

    if (*at != LINK_NONE)
        return;
    *at = (uint32_t)turns->id_count;
    memcpy(turns->ids[turns->id_count++], id, UUID_SIZE);
}

/* Names first, so that they are the first name_count. */
void turns_begin_names(struct case_turns *turns, size_t most)
{
    most += turns->news.count; /* the heads */
    turns->ids = arena_take_array(turns->arena, most + 1, UUID_SIZE);
    turns->id_at = link_map_new(turns->arena, most);
    turns->id_count = 0;
}

static void add_heads(struct case_turns *turns, const struct life_actions *actions)
{
    for (size_t i = 0; i < actions->count; i++)
        if (actions->list[i].action.merged_into)
            turns_name(turns, actions->list[i].merged_into);
}

void turns_end_names(struct case_turns *turns)
{
    turns->name_count = turns->id_count;
    add_heads(turns, &turns->news);
}

void turns_name_parked(struct case_turns *turns)
{
    const uint8_t(*before)[UUID_SIZE] = (const uint8_t(*)[UUID_SIZE])turns->ids;
    size_t count = turns->id_count;

    turns_begin_names(turns, count + turns->parked.count);
    for (size_t i = 0; i < count; i++)
        turns_name(turns, before[i]);
    add_heads(turns, &turns->parked);
}

struct named *turns_named(const struct case_turns *turns, const uint8_t id[UUID_SIZE])
{
    return &turns->named[link_map_find(&turns->id_at, id)];
}

static void let_wait(struct case_turns *turns, struct life_action *action)
{
    struct named *named = turns_named(turns, action->named_id);
    struct waiting *waiting = arena_take(turns->arena, sizeof *waiting);

    *waiting = (struct waiting){action, NULL};
    *named->last = waiting;
    named->last = &waiting->next;
}

void turns_place(struct case_turns *turns)
{
    turns->named =
        arena_take_array(turns->arena, turns->id_count + 1, sizeof *turns->named);
    turns->rows =
        arena_take_array(turns->arena, turns->id_count + 1, sizeof *turns->rows);
    for (size_t i = 0; i < turns->id_count; i++) {
        turns->named[i] = (struct named){.id = turns->ids[i]};
        turns->named[i].last = &turns->named[i].first;
    }
    for (size_t i = 0; i < turns->places.count; i++) {
        const struct life_place *place = &turns->places.list[i];
        if (place->is_report)
            turns->named[link_map_find(&turns->id_at, place->named_id)].report = place;
    }
    for (size_t i = 0; i < turns->id_count; i++) {
        if (turns->named[i].report)
            continue;
        turns->named[i].row = &turns->rows[turns->row_count++];
        *turns->named[i].row = (struct life_row){.life = case_life_begin(turns->ids[i])};
    }
    for (size_t i = 0; i < turns->parked.count; i++)
        let_wait(turns, &turns->parked.list[i]);
}

/* ---- what is to be written ---- */

static struct case_step_row *add_step(struct case_turns *turns, const uint8_t *named_id)
{
    turns->steps =
        arena_grow(turns->arena, turns->steps, turns->step_count, sizeof *turns->steps);
    turns->steps[turns->step_count] =
        (struct case_step_row){.link_seq = turns->link_seq,
                               .ordinal = turns->ordinal,
                               .place = turns->place++,
                               .named_id = named_id,
                               .reference_version = turns->reference_version};
    return &turns->steps[turns->step_count++];
}

/* What an applied step brings with it. */
static void follow(struct case_turns *turns, struct life_row *row,
                   const struct case_result *result)
{
    row->is_changed = true;
    life_rows_add(&turns->follows, turns->arena, &row->life, result, turns->link_seq);
}

void turns_begin(struct case_turns *turns, int32_t ordinal)
{
    turns->ordinal = ordinal;
    turns->place = 0;
}

/* ---- the turn of an action ---- */

static void tell(struct case_turns *turns, const struct named *named,
                 const struct life_action *action, const struct case_result *result)
{
    struct case_step_row *step = add_step(turns, action->named_id);

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

static void note_opening(struct case_turns *turns, struct life_row *row,
                         const struct life_action *action, int64_t at_us)
{
    row->is_new = true;
    row->place = action->place;
    if (row->place.where == LINK_AT_POINT)
        row->place.accuracy_m = rulebook_accuracy_m(turns->book, "ACTION", at_us);
    row->stripe = link_stripe(row->life.group, link_cell(&row->place));
    row->opened_us = at_us;
    row->ordinal = turns->ordinal;
}

static struct case_result take(struct case_turns *turns, struct named *named,
                               const struct life_action *action)
{
    static struct case_life nobody;
    const struct named *head =
        action->action.merged_into ? turns_named(turns, action->merged_into) : NULL;
    const struct case_scene scene = {
        .life = named->row ? &named->row->life : &nobody,
        .head = head && head->row ? &head->row->life : NULL,
        .is_report = named->report,
    };
    bool opens = named->row && !named->row->life.state;
    struct case_result result;

    case_life_take(turns->rules, turns->arena, &scene, &action->action, &result);
    if (result.outcome == CASE_APPLIED && opens)
        note_opening(turns, named->row, action, result.at_us);
    return result;
}

/* False: it goes on waiting for what it waited for. */
static bool take_waiting(struct case_turns *turns, struct named *named,
                         struct life_action *action, struct case_result *result)
{
    *result = take(turns, named, action);
    if (result->outcome == CASE_PARKED
        && strcmp(case_reason_word(result->reason), action->parked_for) == 0)
        return false;
    tell(turns, named, action, result);
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
static void drain(struct case_turns *turns, struct named *named)
{
    struct waiting *waiting = named->first;
    struct case_result result;

    while (waiting && turns->place < MOST_STEPS) {
        struct life_action *action = waiting->action;
        waiting = waiting->next;
        if (!may_go_on(named, action) || !take_waiting(turns, named, action, &result))
            continue;
        if (result.outcome == CASE_APPLIED) {
            follow(turns, named->row, &result);
            waiting = named->first;
        }
    }
}

void turns_take_new(struct case_turns *turns, struct life_action *action)
{
    struct named *named = turns_named(turns, action->named_id);
    struct case_result result;

    drain(turns, named);
    result = take(turns, named, action);
    tell(turns, named, action, &result);
    if (result.outcome == CASE_PARKED) {
        action->parked_for = case_reason_word(result.reason);
        let_wait(turns, action);
    }
    if (result.outcome == CASE_APPLIED) {
        follow(turns, named->row, &result);
        drain(turns, named);
    }
}

static void give_up(struct case_turns *turns, struct named *named,
                    struct life_action *action)
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

    tell(turns, named, action, &result);
    action->is_settled = true;
}

size_t turns_retry(struct case_turns *turns, struct named *named)
{
    size_t settled = 0;

    drain(turns, named);
    for (struct waiting *w = named->first; w; w = w->next) {
        if (!w->action->is_settled && w->action->is_overdue && turns->place < MOST_STEPS)
            give_up(turns, named, w->action);
        settled += w->action->is_settled;
    }
    return settled;
}

/* ---- the clock ---- */

bool turns_send(struct case_turns *turns, struct life_row *row)
{
    struct case_life *life = &row->life;
    struct case_result result;
    struct case_step_row *step;

    if (!life->state || !life->may_send || !life->unit || life->was_sent
        || life->version != 1)
        return false;
    case_life_platform(turns->rules, turns->arena, life, CASE_PLATFORM_DISPATCH,
                       life->unit, turns->now_us, &result);
    step = add_step(turns, life->case_id);
    step->outcome = case_outcome_name(result.outcome);
    step->case_id = life->case_id;
    step->case_version = life->version;
    step->actor = "platform";
    step->action = case_platform_action(CASE_PLATFORM_DISPATCH);
    step->from_state = result.from_state;
    step->to_state = result.to_state;
    step->stepped_us = turns->now_us;
    follow(turns, row, &result);
    return true;
}

const char *turns_reminder_cause(bool is_due)
{
    return is_due ? "due" : "before_due";
}

bool turns_remind(struct case_turns *turns, struct life_row *row, bool is_due)
{
    const struct case_life *life = &row->life;
    const struct case_order order = {CASE_REMIND, life->order_unit};

    if (!life->state || !life->order_unit || life->due_us == LINK_NO_TIME
        || (life->due_us <= turns->now_us) != is_due)
        return false;
    life_rows_add_order(&turns->follows, turns->arena, life, life->due_version, &order,
                        turns_reminder_cause(is_due), turns->link_seq, turns->now_us);
    return true;
}
