/* kafka.h - Kafka as gridloop uses it: a consumer whose place lives elsewhere, an idempotent producer, and
 * the few administrative calls. kafka.c is the only user of rdkafka.h.
 *
 * Properties given by the user go through to librdkafka, except those that carry a guarantee (auto
 * commit, offset reset, group id, assignor, acks, idempotence ...): setting one is FATAL, exit code 78,
 * with the reason. One thread per handle. */
#ifndef GRIDLOOP_KAFKA_H
#define GRIDLOOP_KAFKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/option.h"

/* ---- consumer ---- */

struct kafka_consumer;

struct kafka_message {
    int32_t partition;
    int64_t offset;
    const uint8_t *key; /* NULL: none */
    size_t key_size;
    const uint8_t *value; /* NULL: none (a tombstone) */
    size_t value_size;
    void *handle; /* NULL: no message came within the time */
};

struct kafka_place {
    int32_t partition;
    int64_t offset; /* next one to read */
};

/* What poll tells beside messages. */
struct kafka_fault {
    int32_t partition; /* of an offset that the broker does not have; -1: none */
};

/* Opens a member of group that reads topic. It begins with no partition: see kafka_consumer_wanted().
 * max_message_bytes and queue_kbytes bound what librdkafka holds. NULL: *e is FATAL. */
struct kafka_consumer *kafka_consumer_open(const struct kafka_properties *properties, const char *group,
                                           const char *topic, size_t max_message_bytes, size_t queue_kbytes,
                                           struct err *e);

/* Leaves the group and frees everything; no message may be held. NULL is fine. May take seconds. */
void kafka_consumer_close(struct kafka_consumer *consumer);

/* Serves the group and waits up to timeout_ms for one message; the caller owns message->handle and gives it
 * back with kafka_message_free(). Between two calls nothing changes: the group's decisions are taken up only
 * here, and then no partition is read until kafka_consumer_assign(). RETRY: broker away and the like, already
 * being repaired by librdkafka; *fault tells of an offset that is not there. */
enum outcome kafka_consumer_poll(struct kafka_consumer *consumer, int timeout_ms, struct kafka_message *message,
                                 struct kafka_fault *fault, struct err *e);
void kafka_message_free(struct kafka_message *message);

/* One header's last value; NULL: none. Borrowed from the message. */
const void *kafka_message_header(const struct kafka_message *message, const char *name, size_t *size);

/* A number that rises whenever the group gives or takes partitions; what it wants us to read is
 * partitions[0..count) (borrowed until the next poll). */
uint64_t kafka_consumer_wanted(const struct kafka_consumer *consumer, const int32_t **partitions, size_t *count);

/* Reads exactly these partitions from these offsets from now on; anything fetched before is dropped. */
enum outcome kafka_consumer_assign(struct kafka_consumer *consumer, const struct kafka_place *places, size_t count,
                                   struct err *e);

/* Asks the group whether we are still a member of its present generation, by committing places to Kafka
 * and waiting for the answer. DONE: yes. RETRY: no, or nobody answered; poll and ask again. */
enum outcome kafka_consumer_confirm(struct kafka_consumer *consumer, const struct kafka_place *places,
                                    size_t count, struct err *e);

/* Tells Kafka how far we are, for lag tools only; does not wait, errors are ignored. */
void kafka_consumer_tell(struct kafka_consumer *consumer, const struct kafka_place *places, size_t count);

/* First offset kept and next offset to be written. */
enum outcome kafka_consumer_watermarks(struct kafka_consumer *consumer, int32_t partition, int64_t *low,
                                       int64_t *high, struct err *e);

/* The cluster's id, and the topic's (both as Kafka prints them); copied, NUL-terminated. */
enum { KAFKA_ID_SIZE = 64 };
enum outcome kafka_consumer_identity(struct kafka_consumer *consumer, char cluster_id[KAFKA_ID_SIZE],
                                     char topic_id[KAFKA_ID_SIZE], struct err *e);

/* ---- producer ---- */

struct kafka_producer;

struct kafka_header {
    const char *name;
    const void *value;
    size_t size;
};

/* What became of one message: persisted says whether the broker acknowledged it with acks=all. */
typedef void kafka_delivered(void *context, uint64_t tag, bool persisted, const char *reason);

/* Idempotent, acks=all, no message time-out, murmur2_random. delivered is called from
 * kafka_producer_poll() and kafka_producer_flush(), once per message. NULL: *e is FATAL. */
struct kafka_producer *kafka_producer_open(const struct kafka_properties *properties, size_t max_message_bytes,
                                           kafka_delivered *delivered, void *context, struct err *e);
void kafka_producer_close(struct kafka_producer *producer); /* gives up what is still queued; NULL is fine */

/* Queues a copy of the message. RETRY: the queue is full, poll first. FATAL: the handle cannot go on (close
 * it, open another and send again what was not persisted) or the message can never be sent. */
enum outcome kafka_producer_send(struct kafka_producer *producer, const char *topic, const void *key, size_t key_size,
                                 const void *value, size_t value_size, const struct kafka_header *headers,
                                 size_t header_count, uint64_t tag, struct err *e);

/* Calls delivered for what came back, waiting up to timeout_ms. FATAL as above. */
enum outcome kafka_producer_poll(struct kafka_producer *producer, int timeout_ms, struct err *e);

/* Messages queued or in flight. */
size_t kafka_producer_pending(const struct kafka_producer *producer);

/* ---- administration ---- */

struct kafka_topic {
    const char *name;
    int partitions;
    int replication;        /* -1: the broker's default */
    const char *configs[8]; /* name, value, ... NULL */
};

/* Creates those of the topics that do not exist yet; *created counts them. RETRY: no broker. */
enum outcome kafka_create_topics(const struct kafka_properties *properties, const struct kafka_topic *topics,
                                 size_t count, int timeout_ms, size_t *created, struct err *e);

/* Version text of the linked librdkafka. */
const char *kafka_version(void);

#endif
