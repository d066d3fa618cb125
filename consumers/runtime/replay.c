/* replay.c - the daemons' functions one after the other, and beside each case what linking does not look at. */
#include "consumers/runtime/replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "consumers/runtime/life_store.h"

struct replay {
    struct link_store *store;
    struct life_store *lives;
    struct group_names groups;
    struct arena *kept, *arena; /* for good; for one transaction */
    struct sightings sightings;
    struct link_output output;
    struct case_states states;
    struct case_turns turns;
};

struct replay *replay_new(void)
{
    struct replay *replay = xcalloc(1, sizeof *replay);

    replay->store = link_store_new();
    replay->lives = life_store_new();
    replay->kept = arena_new();
    replay->arena = arena_new();
    return replay;
}

void replay_free(struct replay *replay)
{
    if (!replay)
        return;
    link_store_free(replay->store);
    life_store_free(replay->lives);
    arena_free(replay->kept);
    arena_free(replay->arena);
    free(replay);
}

/* ---- looking ---- */

size_t replay_case_count(const struct replay *replay)
{
    return link_store_count(replay->store);
}

struct case_file replay_case(const struct replay *replay, uint32_t number)
{
    struct case_file file = life_store_case(replay->lives, number);

    file.link = link_store_case(replay->store, number);
    return file;
}

uint32_t replayed_case_of(const struct replayed *replayed, size_t ordinal)
{
    uint32_t at = link_map_find(&replayed->output->case_ids,
                                replayed->output->decisions[ordinal].case_id);

    return at == LINK_NONE ? LINK_NONE : replayed->numbers[at];
}

/* ---- a transaction ---- */

static enum outcome make_sightings(struct replay *replay,
                                   const struct stored_transaction *transaction,
                                   const struct rulebook *const *rules, struct err *e)
{
    struct sightings *out = &replay->sightings;

    *out = (struct sightings){
        .list = arena_take_array(replay->arena, transaction->count, sizeof *out->list),
        .of = arena_take_array(replay->arena, transaction->count, sizeof *out->of),
        .count = transaction->count};
    for (size_t i = 0; i < out->count; i++) {
        const struct stored_sighting *stored = &transaction->list[i];
        if (!sighting_of(transaction->sighter, rules ? rules[i] : stored->rules,
                         &stored->event, replay->arena, &out->of[i], &out->list[i]))
            return err_exit(e, EX_DATAERR,
                            "link_seq %" PRId64
                            ", ordinal %zu: its event has no category any more",
                            transaction->link_seq, i);
        if (out->of[i].ruling.group)
            out->list[i].group =
                group_number(&replay->groups, replay->kept, out->of[i].ruling.group);
    }
    return DONE;
}

static const struct case_row *rows_of(struct replay *replay,
                                      const struct link_reading *reading)
{
    struct case_row *rows =
        arena_take_array(replay->arena, reading->case_count + 1, sizeof *rows);

    for (size_t i = 0; i < reading->case_count; i++) {
        const struct case_file c = life_store_case(replay->lives, reading->numbers[i]);
        rows[i] = (struct case_row){
            .state = c.life->state, .version = c.life->version, .stripe = c.stripe};
    }
    return rows;
}

static void open_case(struct replay *replay, const struct stored_transaction *transaction,
                      const struct link_case *link, const struct case_row *row)
{
    const struct sighter *sighter = transaction->sighter;
    const struct case_life life = case_states_opened(row, link, sighter->kind);

    life_store_add(replay->lives,
                   &(struct case_file){.kind = sighter->kind->name,
                                       .scheme = row->first->scheme,
                                       .code = row->first->code,
                                       .photo_key = sighting_photo(
                                           sighter, row->first->event, replay->arena),
                                       .stripe = row->stripe,
                                       .repeat_of = link_repeat_of(row->opened_by),
                                       .may_repeat = link_may_repeat(row->opened_by),
                                       .life = &life});
}

/* As sql/cases_change.sql and sql/cases_send.sql: what the platform's steps know nothing of stays as it was. */
static void move_case(struct replay *replay, uint32_t number, const struct case_life *by)
{
    struct case_life life = life_store_life(replay->lives, number, replay->arena);

    life.state = by->state;
    life.version = by->version;
    if (by->dispatched_us != LINK_NO_TIME)
        life.dispatched_us = by->dispatched_us;
    if (by->order_unit)
        life.handler_unit = by->order_unit;
    life.order_unit = by->order_unit;
    life.due_us = by->due_us;
    life.due_version = by->due_version;
    life.limit = by->limit;
    life_store_put(replay->lives, number, &life);
}

static void keep_rows(struct replay *replay, const struct stored_transaction *transaction,
                      const uint32_t *numbers)
{
    const struct case_states *states = &replay->states;

    for (size_t i = 0; i < replay->output.case_count; i++) {
        const struct case_row *row = &states->rows[i];
        if (row->first)
            open_case(replay, transaction, &replay->output.cases[i], row);
        else if (row->life)
            move_case(replay, numbers[i], row->life);
    }
    for (size_t i = 0; i < states->step_count; i++)
        life_store_count(replay->lives, numbers[states->steps[i].number],
                         states->steps[i].action);
}

/* Both ids under which an action may name a report: schemas/case_action/002_named.sql. */
static void keep_names(struct replay *replay, const struct replayed *replayed)
{
    for (size_t i = 0; i < replayed->sightings->count; i++) {
        const struct link_sighting *s = &replayed->sightings->list[i];
        uint32_t number = replayed_case_of(replayed, i);
        if (number == LINK_NONE)
            continue;
        if (link_store_find(replay->store, s->event_id) == LINK_NONE)
            life_store_name(replay->lives, s->event_id, number);
        if (link_store_find(replay->store, s->case_id) == LINK_NONE)
            life_store_name(replay->lives, s->case_id, number);
    }
}

enum outcome replay_transaction(struct replay *replay,
                                const struct stored_transaction *transaction,
                                const struct rulebook *const *rules,
                                struct replayed *replayed, struct err *e)
{
    const struct kind *kind = transaction->sighter->kind;
    struct link_reading reading;

    arena_reset(replay->arena, 8 << 20);
    if (make_sightings(replay, transaction, rules, e))
        return e->outcome;
    link_store_read(replay->store, replay->arena, replay->sightings.list,
                    replay->sightings.count, &reading);
    link_sightings(replay->arena,
                   &(struct link_input){replay->sightings.list, replay->sightings.count,
                                        reading.cases, reading.case_count,
                                        reading.reports, reading.report_count,
                                        transaction->link_seq, NULL},
                   &replay->output);
    case_states_of(&replay->states, replay->arena,
                   &(struct case_states_input){.linked = &kind->linked,
                                               .rules = transaction->case_rules,
                                               .sightings = &replay->sightings,
                                               .groups = &replay->groups,
                                               .output = &replay->output,
                                               .read = rows_of(replay, &reading),
                                               .read_count = reading.case_count,
                                               .link_seq = transaction->link_seq});
    *replayed = (struct replayed){
        &replay->sightings, &replay->output, &replay->states,
        link_store_write(replay->store, replay->arena, &reading, &replay->output)};
    keep_rows(replay, transaction, replayed->numbers);
    keep_names(replay, replayed);
    return DONE;
}

/* ---- what persons and the clock do ---- */

static void name_all(struct case_turns *turns, const struct stored_acts *acts)
{
    turns_begin_names(turns, acts->count);
    for (size_t i = 0; i < acts->count; i++) {
        const struct stored_act *act = &acts->list[i];
        turns_name(turns, act->kind == ACT_NEW ? turns->news.list[act->number].named_id
                                               : act->id);
    }
    turns_end_names(turns);
}

/* As sql/action_places.sql: a case of that id, or else the one to which a report of that id belongs. */
static void find_reports(struct replay *replay, struct case_turns *turns)
{
    struct life_places *places = &turns->places;

    places->list =
        arena_take_array(replay->arena, turns->id_count + 1, sizeof *places->list);
    for (size_t i = 0; i < turns->id_count; i++) {
        struct life_place *place = &places->list[places->count];
        uint32_t number = life_store_named(replay->lives, turns->ids[i]);
        if (number == LINK_NONE
            || link_store_find(replay->store, turns->ids[i]) != LINK_NONE)
            continue;
        *place = (struct life_place){.is_report = true};
        memcpy(place->named_id, turns->ids[i], UUID_SIZE);
        memcpy(place->case_id, link_store_case(replay->store, number)->case_id,
               UUID_SIZE);
        places->count++;
    }
}

/* As sql/lives.sql: what linking has moved since is in the link. */
static void read_life(struct replay *replay, uint32_t number, struct case_life *life)
{
    const struct link_case *link = link_store_case(replay->store, number);

    *life = life_store_life(replay->lives, number, replay->arena);
    life->reopened_us = link->reopened_us;
    life->handled_us = link->handled_us;
    life->closed_us = link->closed_us;
    life->muted = link->muted;
    life->mute_lifted = link->mute_lifted;
    life->was_sent = link->was_sent;
    memcpy(life->merged_into, link->merged_into, UUID_SIZE);
}

static void read_all(struct replay *replay, struct case_turns *turns)
{
    life_store_read_parked(replay->lives, turns);
    turns_name_parked(turns);
    find_reports(replay, turns);
    turns_place(turns);
    for (size_t i = 0; i < turns->row_count; i++) {
        struct case_life *life = &turns->rows[i].life;
        uint32_t number = link_store_find(replay->store, life->case_id);
        if (number != LINK_NONE)
            read_life(replay, number, life);
    }
}

static void take(struct case_turns *turns, const struct stored_act *act)
{
    struct named *named = act->kind == ACT_NEW ? NULL : turns_named(turns, act->id);

    turns_begin(turns, act->ordinal);
    if (act->kind == ACT_NEW)
        turns_take_new(turns, &turns->news.list[act->number]);
    else if (act->kind == ACT_RETRY)
        turns_retry(turns, named);
    else if (named->row && act->kind == ACT_SEND)
        turns_send(turns, named->row);
    else if (named->row)
        turns_remind(turns, named->row, act->kind == ACT_REMIND_DUE);
}

static void add_opened(struct replay *replay, const struct life_row *row)
{
    struct link_case link;
    struct case_file file;

    life_opened(row, replay->turns.link_seq, &link, &file);
    life_store_add(replay->lives, &file);
    file = life_store_case(replay->lives, (uint32_t)link_store_count(replay->store));
    link.group = group_number(&replay->groups, replay->kept, file.life->group);
    link_store_add(replay->store, &link);
}

static void write_all(struct replay *replay)
{
    const struct case_turns *turns = &replay->turns;

    for (size_t i = 0; i < turns->row_count; i++) {
        const struct life_row *row = &turns->rows[i];
        uint32_t number;
        if (!row->is_changed)
            continue;
        number = link_store_find(replay->store, row->life.case_id);
        if (number == LINK_NONE) {
            add_opened(replay, row);
            continue;
        }
        life_store_put(replay->lives, number, &row->life);
        case_file_follow(link_store_case(replay->store, number), &row->life);
    }
    life_store_write_parked(replay->lives, turns);
}

const struct case_turns *replay_acts(struct replay *replay,
                                     const struct stored_acts *acts)
{
    struct case_turns *turns = &replay->turns;

    arena_reset(replay->arena, 8 << 20);
    *turns = (struct case_turns){.arena = replay->arena,
                                 .rules = acts->rules,
                                 .book = acts->book,
                                 .reference_version = acts->reference_version,
                                 .link_seq = acts->link_seq,
                                 .now_us = acts->now_us,
                                 .news = acts->news};
    name_all(turns, acts);
    read_all(replay, turns);
    for (size_t i = 0; i < acts->count; i++)
        take(turns, &acts->list[i]);
    write_all(replay);
    return turns;
}
