/* fold.h - the same event twice is stored once; the same id with other content is set aside. */
#ifndef GRIDLOOP_FOLD_H
#define GRIDLOOP_FOLD_H

#include "consumers/runtime/batch.h"
#include "consumers/runtime/recent.h"

/* Decides for every event that is not settled: stored if it is the first with its id, else a duplicate, or
 * dead with reason identity_conflict. Can be run again after an event was settled otherwise (the server
 * refused it): the next one with its id and other content then takes its place, as if they had come in two
 * batches. before: a batch that was folded and whose rows are to be stored first; NULL: recent has them all. */
void fold_batch(struct batch *batch, const struct recent *recent,
                const struct batch *before);

/* Decides anew for the events of a folded batch whose ids recent has learned since; the others stay as they are. */
void fold_found(struct batch *batch, const struct recent *recent);

#endif
