/* linker.h - the linking step of the transaction that stores a batch: which case each new event belongs to.
 *
 * In the order that whoever writes schema follow_up keeps: lock the stripes of what may be read or changed, sorted, in
 * one statement - draw link_seq - read reports, cases near by and cases by id - link_sightings() - write new cases,
 * changed ones, sightings, steps. Where a case turns out to lie under a stripe that is not held (it was found by its id,
 * or is the head of a merged one), the transaction has to be run again with that stripe.
 *
 * What becomes of events that cannot be linked: no reference data, or no rule for the category and none of the kind's
 * own group: the event is stored, its sighting has outcome no_case. No category at all: no sighting (sightings.h).
 * With the same reference data the outcome is the same however a partition was cut into batches.
 *
 * A case that the platform may send to the ground is DISPATCHED at once, with a step of actor platform; one that is
 * seen again after it was closed is REOPENED, one whose only sighting is withdrawn CANCELLED. */
#ifndef GRIDLOOP_LINKER_H
#define GRIDLOOP_LINKER_H

#include "common/err.h"
#include "common/pg.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/enrich.h"
#include "consumers/runtime/kind.h"
#include "consumers/runtime/reader.h"

struct linker; /* opaque */

/* All must outlive it; batches come enriched by this enricher. NULL: *e is FATAL 78 (the schema lacks a field that the
 * kind names). */
struct linker *linker_new(const struct kind *kind, const struct reader *reader,
                          const struct enricher *enricher, struct err *e);
void linker_free(struct linker *linker); /* NULL is fine */

/* RETRY: the database lacks the tables (this daemon is newer: wait for setup). */
enum outcome linker_check(const struct linker *linker, struct pg *pg, struct err *e);

/* What can be worked out before the new events (outcome EVENT_STORED) are inserted: to be called while the server is at
 * it. What was prepared before is forgotten. */
void linker_prepare(struct linker *linker, const struct batch *batch);

/* The step, after the new events of the batch that was prepared were inserted. A kind that is not linked, or a batch
 * without a sighting, costs nothing. RETRY with linker_wants_again() or linker_wants_smaller(): see there. */
enum outcome linker_link(struct linker *linker, struct pg *pg, const struct claim *claims,
                         struct err *e);

/* After a RETRY of linker_link(), once: roll back and run the whole transaction again, now; it will hold more
 * stripes. So often for one batch at most that it ends. */
bool linker_wants_again(struct linker *linker);

/* After a RETRY of linker_link(), once: more cases lie near by than are held in memory; cut the batch and run the
 * transaction again. Of a batch of a few sightings never. */
bool linker_wants_smaller(struct linker *linker);

#endif
