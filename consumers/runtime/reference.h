/* reference.h - the reference data in force, in memory; taken up anew when a newer load was committed. */
#ifndef GRIDLOOP_REFERENCE_H
#define GRIDLOOP_REFERENCE_H

#include "common/err.h"
#include "common/pg.h"
#include "consumers/runtime/areas.h"
#include "consumers/runtime/case_rules.h"
#include "consumers/runtime/rulebook.h"

struct reference; /* opaque */

struct reference *reference_new(void);
void reference_free(struct reference *reference); /* NULL is fine */

/* Asks for the newest load of each table, and reads those that are others than in memory: what was got from these is
 * then gone. To be called outside of a transaction. A restored database may have an older one.
 * FATAL 78: an area or a case rule cannot be read. */
enum outcome reference_refresh(struct reference *reference, struct pg *pg, struct err *e);

/* One version of the areas; the caller frees it. NULL: *e is RETRY or FATAL, 78: an area cannot be read. */
struct areas *reference_read_areas(struct pg *pg, int32_t version, struct err *e);

/* The newest load of any table when that was asked last, whether or not it is one of these: as long as it is the newest,
 * there is nothing to refresh. 0: there was none. */
int32_t reference_seen(const struct reference *reference);

/* The newest load of all that is in memory; 0: there is none. Loads are committed in the order of their numbers, so this
 * one number says which load of each table counts: the newest up to it (reference_past.h). */
int32_t reference_newest(const struct reference *reference);

/* Borrowed until the next reference_refresh(); NULL: none was ever loaded. */
struct areas *reference_areas(const struct reference *reference);

/* Borrowed as the areas; NULL: before the first refresh. */
const struct rulebook *reference_rules(const struct reference *reference);
const struct case_rules *reference_case_rules(const struct reference *reference);

#endif
