/* rebuild_compare.h - the tables of schema follow_up beside a replay of the stored events: every column that linking
 * writes, but for those that say by the database's clock when it did. */
#ifndef GRIDLOOP_CTL_REBUILD_COMPARE_H
#define GRIDLOOP_CTL_REBUILD_COMPARE_H

#include "consumers/runtime/replay.h"
#include "deploy/ctl/difference.h"

/* The sightings of one transaction. */
void compare_sightings(struct differences *differences,
                       const struct stored_transaction *transaction,
                       const struct replayed *replayed);

/* The steps, one after the other in the order of (link_seq, ordinal, place); then what is stored and was not named. */
struct compared_steps; /* opaque */
struct compared_steps *compare_steps_open(struct pg *pg, struct differences *differences,
                                          struct err *e); /* NULL: *e */
void compare_steps_close(struct compared_steps *steps);   /* NULL is fine */
enum outcome compare_step(struct compared_steps *steps, const struct case_step_row *step,
                          struct err *e);
enum outcome compare_steps_left(struct compared_steps *steps, struct err *e);

/* The cases as they stand behind the last transaction; *stored: how many there are. */
enum outcome compare_cases(struct pg *pg, struct differences *differences,
                           const struct replay *replay, size_t *stored, struct err *e);

#endif
