/* heartbeat.h - one message without a body to each partition that a consumer reads, now and then: so that a source from
 * which nothing comes can be told from one that is broken (bus.heartbeat).
 *
 * Header ce_type is gridloop.heartbeat; when it was sent is the message's own time. The next round waits until
 * all of the last one are answered, so that none pile up while the broker is away. */
#ifndef GRIDLOOP_DISPATCH_HEARTBEAT_H
#define GRIDLOOP_DISPATCH_HEARTBEAT_H

#include <stdint.h>

#include "common/err.h"
#include "common/kafka.h"

struct heartbeats; /* opaque */

enum { HEARTBEAT_TAG = 0 }; /* in the producer's reports */

/* interval_ms: between two rounds; 0: none are sent. */
struct heartbeats *heartbeats_new(const char *name_space, int64_t interval_ms);
void heartbeats_free(struct heartbeats *heartbeats); /* NULL is fine */

/* Sends a round, if it is time. RETRY: some partitions got none this time. FATAL: the producer cannot go on. */
enum outcome heartbeats_send(struct heartbeats *heartbeats,
                             struct kafka_producer *producer, struct err *e);

/* One is answered, or lost with the producer. */
void heartbeats_delivered(struct heartbeats *heartbeats);
void heartbeats_lose_flight(struct heartbeats *heartbeats);

#endif
