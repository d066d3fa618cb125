/* decode.h - from the bytes of a message to the values of the reader: framing, writer schema, plan.
 *
 * Framing is Avro's single-object encoding: C3 01, the writer schema's CRC-64-AVRO fingerprint in little
 * endian, the encoded record. */
#ifndef GRIDLOOP_DECODE_H
#define GRIDLOOP_DECODE_H

#include "common/err.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/reader.h"

struct decoder; /* opaque */

/* Reads the built-in schemas of a kind: the highest version is the reader, every version may be a writer.
 * NULL: *e is FATAL. */
struct decoder *decoder_new(const char *kind, size_t max_event_bytes, struct err *e);
void decoder_free(struct decoder *decoder); /* NULL is fine */

const struct reader *decoder_reader(const struct decoder *decoder); /* borrowed */

/* Decodes every event, and hashes its content; one that cannot be decoded is marked dead with its reason,
 * a heartbeat is marked absent. */
void decode_batch(struct decoder *decoder, struct batch *batch);

#endif
