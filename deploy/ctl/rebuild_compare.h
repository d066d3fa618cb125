/* rebuild_compare.h - the tables of schema follow_up beside what follows from the stored events: row by row, in both
 * directions, every column of follow_tables.h.
 *
 * Whether the clock did what it might have done is no difference: it may not have run. So of an act of the clock nothing is
 * missed that left no other trace: the refusal of an action that waited too long (it would still wait), a reminder that was
 * not sent yet. */
#ifndef GRIDLOOP_CTL_REBUILD_COMPARE_H
#define GRIDLOOP_CTL_REBUILD_COMPARE_H

#include "consumers/runtime/replay.h"
#include "deploy/ctl/difference.h"

/* What cannot be compared, for it follows from no event; together with follow_tables.h these are all columns there are.
 * column "*": the whole table. */
struct not_compared {
    const char *table, *column, *reason;
};
extern const struct not_compared not_compared[]; /* the last one: {0} */

/* One table in the order of its keys. All must outlive it. NULL: *e. */
struct compared; /* opaque */
struct compared *compared_open(struct pg *pg, const struct follow_table *table,
                               struct differences *differences, struct err *e);
void compared_close(struct compared *compared); /* NULL is fine */

/* The next row that should be there: what is stored in front of it should not. At the end what is left should not. */
enum outcome compared_row(struct compared *compared, const struct follow_row *wanted,
                          struct err *e);
enum outcome compared_end(struct compared *compared, struct err *e);

/* Each of count rows, sorted by the keys. */
enum outcome compared_rows(struct compared *compared, size_t count, follow_fill *fill,
                           const void *context, struct err *e);

/* The sightings of one transaction. */
void compare_sightings(struct differences *differences,
                       const struct stored_transaction *transaction,
                       const struct replayed *replayed);

/* What a step brings with it, and the steps themselves; they are sorted here. */
enum outcome compare_follows(struct compared *limits, struct compared *orders,
                             const struct life_rows *follows, struct err *e);
enum outcome compare_steps(struct compared *steps, const struct case_step_row *list,
                           size_t count, struct err *e);

/* The cases as they stand behind the last transaction. */
enum outcome compare_cases(struct compared *cases, const struct replay *replay,
                           struct err *e);

#endif
