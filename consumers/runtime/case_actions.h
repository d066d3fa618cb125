/* case_actions.h - the life of cases in the database: what people do (events of kind case_action), and what the clock
 * does.
 *
 * In the order that whoever writes schema follow_up keeps: see without lock which cases are meant, and lock their
 * stripes and those of the ids that are named, sorted, in one statement - draw link_seq - read the cases - case_life.h -
 * write new cases, changed ones, steps, limits, orders. A case that appeared in between makes the transaction run again
 * with its stripe. Opening a case and parking for it take the same stripe (that of its id), so neither misses the other.
 *
 * Of each action there is one row of follow_up.case_step that says what became of it; one that was parked has a second
 * one when it was tried again and is settled. Those parked for the next version of a case are tried first: before the
 * first new action of the case, and after each step. So the order between partitions is free. */
#ifndef GRIDLOOP_CASE_ACTIONS_H
#define GRIDLOOP_CASE_ACTIONS_H

#include "common/err.h"
#include "common/pg.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/reference.h"

struct case_actions; /* opaque */

/* reference must outlive it, and be refreshed by the caller outside of the transaction. */
struct case_actions *case_actions_new(const struct reference *reference);
void case_actions_free(struct case_actions *actions); /* NULL is fine */

/* ---- the consumer's step, inside its transaction ---- */

/* After the new events (outcome EVENT_STORED) were inserted into events.case_action. RETRY with
 * case_actions_wants_again(): see there. */
enum outcome case_actions_take(struct case_actions *actions, struct pg *pg,
                               const struct batch *batch, struct err *e);

/* After a RETRY, once: roll back and run the whole transaction again, now; it will hold more stripes. */
bool case_actions_wants_again(struct case_actions *actions);

/* ---- the clock's acts, each a transaction of its own ---- */

/* Tries parked actions again whose case is there now, and refuses those that were parked more than 14 days ago
 * (case_never_came, step_never_came). *settled: how many are parked no more; fewer than most: there was nothing else to
 * do. Time is the database's. */
enum outcome case_actions_retry(struct case_actions *actions, struct pg *pg, size_t most,
                                size_t *settled, struct err *e);

/* What the clock may do to a case. Each is done only if it is still due when the case's stripe is held. */
enum clock_act {
    CLOCK_SEND, /* DISPATCH to the responsible unit: of one that may be sent (may_send), has a unit, is in the state in
                 * which it was opened (version 1), and to which nobody was sent */
    CLOCK_REMIND_BEFORE, /* an order REMIND, cause before_due, to the unit whose order stands; once for each limit */
    CLOCK_REMIND_DUE     /* the same with cause due */
};

/* For the cases with these ids; their number is up to the caller (some hundreds at once are well). *done: how many it
 * was done for. An order that is there already is not written again. */
enum outcome case_actions_clock(struct case_actions *actions, struct pg *pg,
                                const uint8_t (*case_ids)[UUID_SIZE], size_t count,
                                enum clock_act act, size_t *done, struct err *e);

#endif
