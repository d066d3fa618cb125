/* replay.c - the daemons' functions one after the other, and beside each case what linking does not look at. */
#include "consumers/runtime/replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"

struct replay {
    struct link_store *store;
    struct replayed_case *cases; /* by number, without .link */
    size_t room;
    struct group_names groups;
    struct arena *kept, *arena; /* for good; for one transaction */
    struct sightings sightings;
    struct link_output output;
    struct case_states states;
};

struct replay *replay_new(void)
{
    struct replay *replay = xcalloc(1, sizeof *replay);

    replay->store = link_store_new();
    replay->kept = arena_new();
    replay->arena = arena_new();
    return replay;
}

void replay_free(struct replay *replay)
{
    if (!replay)
        return;
    link_store_free(replay->store);
    free(replay->cases);
    arena_free(replay->kept);
    arena_free(replay->arena);
    free(replay);
}

/* ---- looking ---- */

size_t replay_case_count(const struct replay *replay)
{
    return link_store_count(replay->store);
}

uint32_t replay_find_case(const struct replay *replay, const uint8_t case_id[UUID_SIZE])
{
    return link_store_find(replay->store, case_id);
}

struct replayed_case replay_case(const struct replay *replay, uint32_t number)
{
    struct replayed_case c = replay->cases[number];

    c.link = link_store_case(replay->store, number);
    return c;
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
        const struct replayed_case *c = &replay->cases[reading->numbers[i]];
        rows[i] = (struct case_row){
            .state = c->state, .version = c->version, .stripe = c->stripe};
    }
    return rows;
}

static void make_room(struct replay *replay)
{
    size_t count = link_store_count(replay->store);

    if (count <= replay->room)
        return;
    replay->room = 2 * count;
    replay->cases = xrealloc(replay->cases, replay->room * sizeof *replay->cases);
}

static const char *kept(struct replay *replay, const char *text)
{
    return arena_copy(replay->kept, text, strlen(text));
}

static struct replayed_case open_case(struct replay *replay, const struct kind *kind,
                                      const struct case_row *row)
{
    const struct link_decision *d = row->opened_by;
    struct replayed_case c = {.kind = kind,
                              .group = row->first->ruling.group,
                              .scheme = kept(replay, row->first->scheme),
                              .code = kept(replay, row->first->code),
                              .stripe = row->stripe};

    if (d->outcome == LINK_REPEAT)
        memcpy(c.repeat_of, d->related_id, UUID_SIZE);
    if (d->outcome == LINK_POSSIBLE_REPEAT)
        memcpy(c.may_repeat, d->related_id, UUID_SIZE);
    return c;
}

static void keep_rows(struct replay *replay, const struct kind *kind,
                      const uint32_t *numbers)
{
    make_room(replay);
    for (size_t i = 0; i < replay->output.case_count; i++) {
        const struct case_row *row = &replay->states.rows[i];
        struct replayed_case *c = &replay->cases[numbers[i]];
        if (row->first)
            *c = open_case(replay, kind, row);
        c->state = row->state;
        c->version = row->version;
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
                                               .sightings = &replay->sightings,
                                               .groups = &replay->groups,
                                               .output = &replay->output,
                                               .read = rows_of(replay, &reading),
                                               .read_count = reading.case_count,
                                               .link_seq = transaction->link_seq});
    *replayed = (struct replayed){
        &replay->sightings, &replay->output, &replay->states,
        link_store_write(replay->store, replay->arena, &reading, &replay->output)};
    keep_rows(replay, kind, replayed->numbers);
    return DONE;
}

/* ---- what else moves cases ---- */

/* As the column life of follow_up.case_file. */
static enum link_life life_of(const char *state)
{
    static const struct {
        const char *state;
        enum link_life life;
    } lives[] = {{"CLOSED", LINK_CLOSED},         {"FORCED_CLOSED", LINK_CLOSED},
                 {"FALSE_ALARM", LINK_DISMISSED}, {"NOT_FILED", LINK_DISMISSED},
                 {"CANCELLED", LINK_CANCELLED},   {"MERGED", LINK_MERGED}};

    for (size_t i = 0; i < sizeof lives / sizeof *lives; i++)
        if (strcmp(lives[i].state, state) == 0)
            return lives[i].life;
    return LINK_OPEN;
}

static void take_marks(struct link_case *link, const struct replayed_step *step)
{
    link->life = life_of(step->to_state);
    memset(link->merged_into, 0, UUID_SIZE);
    if (link->life == LINK_MERGED)
        memcpy(link->merged_into, step->merged_into, UUID_SIZE);
    if (step->marks & CASE_MARKS_HANDLED)
        link->handled_us = step->at_us;
    if (step->marks & CASE_MARKS_CLOSED) {
        link->closed_us = step->at_us;
        link->muted = 0;
        link->mute_lifted = false;
    }
    if (step->marks & CASE_MARKS_REOPENED)
        link->reopened_us = step->at_us;
    if (step->marks & CASE_MARKS_UNMUTED)
        link->mute_lifted = true;
    if (step->marks & CASE_MARKS_DISPATCHED)
        link->was_sent = true;
}

const char *replay_case_kind(const struct replay *replay,
                             const uint8_t case_id[UUID_SIZE])
{
    uint32_t number = link_store_find(replay->store, case_id);

    return number == LINK_NONE ? NULL : replay->cases[number].kind->linked.case_kind;
}

void replay_take_step(struct replay *replay, const struct replayed_step *step)
{
    uint32_t number = link_store_find(replay->store, step->case_id);

    if (number == LINK_NONE)
        return;
    replay->cases[number].state = kept(replay, step->to_state);
    replay->cases[number].version = step->version;
    take_marks(link_store_case(replay->store, number), step);
}
