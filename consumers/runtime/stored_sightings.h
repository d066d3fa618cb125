/* stored_sightings.h - what was linked, read back in the order in which it was decided: each sighting with its event, as
 * the daemon had it, and with what was recorded of the decision.
 *
 * The order is that of (link_seq, ordinal), one transaction at a time; the memory is that of one transaction and a page
 * of rows. An event that has become another one than its sighting says, or is not there, cannot be decided again: FATAL
 * 65 names it. */
#ifndef GRIDLOOP_STORED_SIGHTINGS_H
#define GRIDLOOP_STORED_SIGHTINGS_H

#include "common/err.h"
#include "common/pg.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/follow_tables.h"
#include "consumers/runtime/kind.h"
#include "consumers/runtime/reference_past.h"
#include "consumers/runtime/sightings.h"

struct stored_sighting {
    /* Its id, offset, location and those values that linking goes by; the others are null. */
    struct event event;
    int32_t source_id;            /* of the event */
    const struct rulebook *rules; /* that it was decided by */
    const char **
        recorded; /* the row, as texts: follow_add_texts() of sighting_table; NULL: null */
};

struct stored_transaction {
    int64_t link_seq;
    const struct sighter *sighter;       /* of its kind */
    const struct case_rules *case_rules; /* what the platform's steps were decided by */
    struct stored_sighting *list;        /* by their ordinals, which are 0, 1 ... */
    size_t count;                        /* 0: that was the last */
};

struct stored_sightings; /* opaque */

/* Inside a transaction of one snapshot. kinds: as consumer_kinds; all arguments must outlive it. NULL: *e; FATAL 78,
 * the tables are older than this program. */
struct stored_sightings *stored_sightings_open(struct pg *pg,
                                               const struct kind *const *kinds,
                                               struct reference_past *past,
                                               struct err *e);
void stored_sightings_close(struct stored_sightings *stored); /* NULL is fine */

/* Borrowed until the next call. */
enum outcome stored_sightings_next(struct stored_sightings *stored,
                                   struct stored_transaction *transaction, struct err *e);

/* Stored events that report something and have no sighting: event_id, source_id, topic_offset, and in the last column of
 * each how many there are; at most limit of them. The caller frees *rows. */
enum outcome stored_sightings_missing(struct stored_sightings *stored, size_t limit,
                                      struct pg_result **rows, struct err *e);

#endif
