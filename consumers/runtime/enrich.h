/* enrich.h - where each event lies: its position in WGS-84, and the areas that have it.
 *
 * Nothing of the event itself changes: what was reported stays as it came, the content hash is the same, and what is
 * found goes into columns of its own. Positions are converted whether areas were loaded or not.
 *
 *   no position                   nothing is found; all columns are null
 *   a position without source_crs, or UNKNOWN
 *                                 dead letter "requires", field source_crs: 500 m of doubt are no place
 *   0, 0                          dead letter "range", field of the longitude: what devices without a fix send
 *   outside of every area         a fact: the codes are null, located_version says in which areas it was looked up.
 *                                 The same for a position in another province: a stated CRS is believed
 *   no areas loaded yet           the codes and located_version are null; a warning, once
 *
 * The areas are those of the newest load that was committed before the batch began, and of these the ones valid at
 * occurred_at. */
#ifndef GRIDLOOP_ENRICH_H
#define GRIDLOOP_ENRICH_H

#include "common/err.h"
#include "common/pg.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/kind.h"
#include "consumers/runtime/reader.h"
#include "consumers/runtime/reference.h"

struct enricher; /* opaque */

/* fields and reader must outlive it. NULL: *e is FATAL 78 (the schema lacks a field that the kind names). */
struct enricher *enricher_new(const struct position_fields *fields,
                              const struct reader *reader, struct err *e);
void enricher_free(struct enricher *enricher); /* NULL is fine */

/* The reference data that the last batch was enriched by, for stages behind. Borrowed. */
const struct reference *enricher_reference(const struct enricher *enricher);

/* Loads of reference data have come: the next enrich_batch() asks for them. */
void enricher_expire(struct enricher *enricher);

/* Does some of the decoded events that are next, for the time in which something else is waited for: enrich_batch() goes
 * on behind them. False: there are none. */
bool enrich_ahead(const struct enricher *enricher, struct batch *batch);

/* Fills event->location of every event that has a position, or buries it; anew, if that was done by other loads. RETRY and
 * FATAL come from asking for the areas, the first time and after enricher_expire(). What is found is borrowed until they
 * are asked for again. */
enum outcome enrich_batch(struct enricher *enricher, struct pg *pg, struct batch *batch,
                          struct err *e);

#endif
