/* decode.h - from the bytes of a message to the values of the reader: frame, writer schema, plan. */
#ifndef GRIDLOOP_DECODE_H
#define GRIDLOOP_DECODE_H

#include "common/err.h"
#include "common/pg.h"
#include "common/registry.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/reader.h"

struct decoder; /* opaque */

/* Reads the events of a kind (writers.h). registry: NULL where there is none, else it must outlive the decoder.
 * NULL: *e is FATAL. */
struct decoder *decoder_new(const char *kind, size_t max_event_bytes,
                            struct registry *registry, struct err *e);
void decoder_free(struct decoder *decoder); /* NULL is fine */

const struct reader *decoder_reader(const struct decoder *decoder); /* borrowed */

/* Decodes some of the events that are next, for the time in which something else is waited for: decode_batch() goes on
 * behind them. False: there are none, or it takes more than memory and time to go on. */
bool decode_ahead(struct decoder *decoder, struct batch *batch);

/* Decodes every event, and hashes its content; one that cannot be decoded is marked dead with its reason,
 * a heartbeat is marked absent. Schemas that are not known yet are looked up, in bus.schema by one query. The batch
 * is cut before the first event whose schema could not be looked up in time, and where its values fill the memory
 * that it may have. RETRY, FATAL: who had to be asked
 * for a schema could not answer; the batch is to be forgotten. */
enum outcome decode_batch(struct decoder *decoder, struct pg *pg, struct batch *batch,
                          struct err *e);

#endif
