/* encode.h - a checked event -> the bytes of its message: Avro single-object encoding,
 * C3 01, the schema's fingerprint (8 bytes, little endian), the body. encode.c is the
 * only user of avro.h. */
#ifndef GRIDLOOP_ENCODE_H
#define GRIDLOOP_ENCODE_H

#include "producers/runtime/contract.h"
#include "producers/runtime/datum.h"

/* Brokers and consumers take messages of 1 MiB; what Kafka adds (key, headers, batch)
 * has to fit too. */
enum { ENCODE_MAX_BYTES = (1 << 20) - (64 << 10) };

struct encoder; /* opaque; one thread */

/* Parses the schema with Avro-C. NULL: *e is FATAL. */
struct encoder *encoder_new(const struct contract *contract, struct err *e);
void encoder_free(struct encoder *encoder); /* NULL is fine */

/* *bytes is valid until the next call. REJECT: more than ENCODE_MAX_BYTES. */
enum outcome encode_event(struct encoder *encoder, const struct datum *event,
                          const void **bytes, size_t *size, struct err *e);

#endif
