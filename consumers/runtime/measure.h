/* measure.h - what a consumer counts, and how far behind it is (common/metrics.h has the names). */
#ifndef GRIDLOOP_MEASURE_H
#define GRIDLOOP_MEASURE_H

#include <stdint.h>

#include "common/kafka.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/store.h"

/* A batch of so many claims that is committed, and how long it took; counts: of the store, since its start. */
void measure_batch(const struct batch *batch, size_t claims,
                   const struct store_counts *counts, int64_t milliseconds);

/* A message that was read and is stored already: the last one before our place, after a claim. */
void measure_seen(const struct kafka_message *message);

/* What is read from now on is the claims alone. */
void measure_claims(size_t count, size_t wanted);

/* How far behind the claims are, by what the broker said last; consumer NULL: nothing is being read, nobody can tell. */
void measure_lag(const struct kafka_consumer *consumer, const struct claim *claims,
                 size_t count);

#endif
