/* replay.h - what follows from the stored events, decided again: one course of things from the first transaction on, with
 * its cases in memory. Pure: transactions come from stored_sightings.h and stored_actions.h, in the order of link_seq.
 *
 * The same functions as the daemons' (sighting_of(), link_sightings(), case_states_of(), case_turns.h), so with the rules
 * that were in force it comes to what was stored; with others, to what would have been. Who leaves the actions out has
 * cases that nobody ever handled.
 *
 * It holds what link_store.h and life_store.h say. */
#ifndef GRIDLOOP_REPLAY_H
#define GRIDLOOP_REPLAY_H

#include "consumers/runtime/case_states.h"
#include "consumers/runtime/case_turns.h"
#include "consumers/runtime/link_store.h"
#include "consumers/runtime/stored_actions.h"
#include "consumers/runtime/stored_sightings.h"

struct replay; /* opaque */

struct replay *replay_new(void);
void replay_free(struct replay *replay); /* NULL is fine */

/* What became of one transaction of linking. Borrowed until the next. */
struct replayed {
    const struct sightings *sightings; /* in the order of the transaction */
    const struct link_output *output;
    const struct case_states *states;
    const uint32_t *numbers; /* of each case of the output, in the replay */
};

/* The number of the case that a sighting went to; LINK_NONE: to none. */
uint32_t replayed_case_of(const struct replayed *replayed, size_t ordinal);

/* rules: of each sighting; they must outlive the replay. NULL: those that were recorded. FATAL 65: an event reports nothing any more. */
enum outcome replay_transaction(struct replay *replay,
                                const struct stored_transaction *transaction,
                                const struct rulebook *const *rules,
                                struct replayed *replayed, struct err *e);

/* What became of what persons and the clock did in one transaction: steps and follows count. Borrowed until the next
 * transaction. */
const struct case_turns *replay_acts(struct replay *replay,
                                     const struct stored_acts *acts);

/* A case as it stands, all of follow_up.case_file; borrowed until the next transaction. */
size_t replay_case_count(const struct replay *replay);
struct case_file replay_case(const struct replay *replay, uint32_t number);

#endif
