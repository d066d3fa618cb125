/* kafka.h - Kafka as gridloop uses it: a consumer whose place lives elsewhere, an idempotent producer, and
 * the few administrative calls. kafka.c is the only user of rdkafka.h.
 *
 * Properties given by the user go through to librdkafka, except those that carry a guarantee (auto
 * commit, offset reset, group id, assignor, acks, idempotence, bounds of memory ...): setting one is FATAL,
 * exit code 78, with the reason; so are an unknown property and a wrong value. No bootstrap.servers is FATAL
 * 64. A number with something behind it is a wrong value, and so is a server's port that is none: librdkafka would make other
 * ones of them. A property of the other role (a producer's, given to a consumer) is left to rest.
 *
 * A broker that is away is never FATAL, and never the reason why a handle cannot be opened; nor is one whose
 * certificate does not hold (expired, of another host, by another authority): that is mended there. A refused login is
 * FATAL 77 until a broker has answered the handle for the first time; later it is RETRY, for passwords are replaced while
 * programs run: the file that sasl.password.file names is looked at once a second, and what it holds then is used by
 * the next connection. All other files are read when a handle is opened. librdkafka's own
 * log goes to log.h, at most 20 lines in 10 s. One thread per handle: callbacks and log lines come only from
 * inside the calls below. */
#ifndef GRIDLOOP_KAFKA_H
#define GRIDLOOP_KAFKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/option.h"

/* ---- properties ---- */

/* What a program's options are checked by (option.h). The first looks at one property alone, the others at all of them
 * together, as a handle will get them, without a word to any broker. FATAL 64: no bootstrap.servers; FATAL 78: all
 * else. A property that came from the environment and that librdkafka does not know is left out, with a warning: others
 * put theirs there. */
enum outcome kafka_check_property(const struct kafka_property *property, struct err *e);
enum outcome kafka_check_consumer(const struct kafka_properties *properties,
                                  struct err *e);
enum outcome kafka_check_producer(const struct kafka_properties *properties,
                                  struct err *e);

/* Whether librdkafka, or we, know a property of that name; else near is the nearest that may be set, "" if none is near. */
enum { KAFKA_NAME_SIZE = 80 };
bool kafka_knows(const char *name, char near[KAFKA_NAME_SIZE]);

/* The patterns of properties that cannot be set, and why: the i-th, until NULL. */
const char *kafka_refused(size_t i, const char **why);

/* ---- consumer ---- */

struct kafka_consumer;

struct kafka_message {
    int32_t partition;
    int64_t offset;
    int32_t leader_epoch; /* rises with each election of a leader; -1: not known */
    const uint8_t *key;   /* NULL: none */
    size_t key_size;
    const uint8_t *value; /* NULL: none (a tombstone) */
    size_t value_size;
    void *handle; /* NULL: no message came within the time */
};

struct kafka_header {
    const char *name;  /* ends at its first NUL, should it have one */
    const void *value; /* NULL: none */
    size_t size;
};

struct kafka_place {
    int32_t partition;
    int64_t offset; /* next one to read; >= 0 */
};

/* What poll tells beside messages: a partition that stands still (an offset that the broker does not have) or
 * would go on behind a hole (a batch that fails its CRC is left out; librdkafka 2.8.0 then reads on in the midst of it
 * and may ask for any offset). Nothing more comes of it until it is
 * assigned again: look at its watermarks, then assign it from the stored offset, or leave it out. A fault may
 * be told a second time shortly after that. -1: none. */
struct kafka_fault {
    int32_t partition;
};

/* Opens a member of group that reads topic. It begins with no partition: see kafka_consumer_wanted().
 * Nothing is fetched once queue_kbytes are held (of values alone, all partitions together; keys and headers count
 * for nothing there, so who does not poll for long assigns nothing) except one response per broker: 256 KiB as sent,
 * before it is unpacked, or one batch, whichever is larger. It is unpacked as a whole: gzip makes up to a thousand
 * times as much of it, lz4 255 times; zstd is refused beyond 65 MB. Messages above max_message_bytes are read too, so
 * that they can be set aside: what bounds a batch is the topic's max.message.bytes. NULL: *e is FATAL. */
struct kafka_consumer *kafka_consumer_open(const struct kafka_properties *properties,
                                           const char *group, const char *topic,
                                           size_t max_message_bytes, size_t queue_kbytes,
                                           struct err *e);

/* Leaves the group and frees everything; no message may be held. NULL is fine. Takes up to two seconds. With the
 * broker away it gives up after 5 s: the group notices by its session time-out, and what librdkafka still
 * waits for is freed by a thread of its own, or by the end of the process; so is what it has not let go of 5 s after
 * the group was left. */
void kafka_consumer_close(struct kafka_consumer *consumer);

/* Serves the group and waits up to timeout_ms for one message; the caller owns message->handle and gives it
 * back with kafka_message_free(). Between two calls nothing changes: the group's decisions are taken up only
 * here, and then no partition is read until kafka_consumer_assign(); the call returns at once without a
 * message then. Call it at least every max.poll.interval.ms (5 min), else the group gives our partitions to
 * others: who cannot take messages assigns nothing and goes on polling.
 *
 * RETRY, no message: with fault->partition >= 0 that partition must be assigned again. Else the broker is
 * away or refuses us, the topic does not exist and the like: told once each time it happens, already being repaired, and
 * neither position nor what was fetched is touched, so a batch being filled may be kept.
 * FATAL 77: login refused; not allowed to read the topic or to join the group. FATAL 70: the member cannot go on (another
 * one has its group.instance.id). Every later call says the same. */
enum outcome kafka_consumer_poll(struct kafka_consumer *consumer, int timeout_ms,
                                 struct kafka_message *message, struct kafka_fault *fault,
                                 struct err *e);
void kafka_message_free(
    struct kafka_message *message); /* and sets handle to NULL; NULL is fine */

/* At most how many bytes a message's headers take, told without reading them: what was fetched together lies in
 * memory in its order, headers behind the value, so they end where the next message begins. SIZE_MAX: the next one
 * was fetched elsewhere. */
size_t kafka_message_room(const struct kafka_message *message,
                          const struct kafka_message *next);

/* Reads the headers in their order until visit returns false. What it gets is gone when it returns; nothing of them
 * stays in memory. A message without a handle has none. False: they cannot be read (more than 100,000, or damaged). Reading is slow: half a microsecond
 * for five of them. */
typedef bool kafka_visit_header(void *context, const struct kafka_header *header);
bool kafka_message_headers(const struct kafka_message *message, kafka_visit_header *visit,
                           void *context);

/* One header's last value; NULL: none (an empty one is not NULL). Borrowed from the message. */
const void *kafka_message_header(const struct kafka_message *message, const char *name,
                                 size_t *size);

/* When it was made or appended, in milliseconds since 1970; -1: not known. */
int64_t kafka_message_time(const struct kafka_message *message);

/* A number that rises whenever the group gives or takes partitions; what it wants us to read is
 * partitions[0..count), sorted (borrowed until the next poll). */
uint64_t kafka_consumer_wanted(const struct kafka_consumer *consumer,
                               const int32_t **partitions, size_t *count);

/* Reads exactly these partitions from these offsets from now on; anything fetched before is dropped, so the
 * list is always the full one, with the place of every partition. Messages in the caller's hands stay valid.
 * RETRY: one of them is not wanted (any more). None at all: nothing is read. */
enum outcome kafka_consumer_assign(struct kafka_consumer *consumer,
                                   const struct kafka_place *places, size_t count,
                                   struct err *e);

/* Asks the group whether we are still a member of its present generation, by committing places to Kafka
 * and waiting for the answer, at most 2 s. DONE: yes, with the membership under which the wanted partitions
 * were given. RETRY: no, or nobody answered; poll and ask again. No places: DONE, and nothing is asked.
 * The group looks at the member only, not at whose partitions the places are. */
enum outcome kafka_consumer_confirm(struct kafka_consumer *consumer,
                                    const struct kafka_place *places, size_t count,
                                    struct err *e);

/* Tells Kafka how far we are, for lag tools only; does not wait, errors are ignored, and as long as the last
 * one is unanswered nothing more is told. */
void kafka_consumer_tell(struct kafka_consumer *consumer,
                         const struct kafka_place *places, size_t count);

/* First offset kept and next offset to be written (behind the last finished transaction). Waits at most 5 s. */
enum outcome kafka_consumer_watermarks(struct kafka_consumer *consumer, int32_t partition,
                                       int64_t *low, int64_t *high, struct err *e);

/* The next offset to be written, as the broker said with its last answer; -1: it has said nothing yet. Does not wait. */
int64_t kafka_consumer_high(const struct kafka_consumer *consumer, int32_t partition);

/* What stands in a log at some offset. */
struct kafka_sight {
    int64_t offset;       /* of the first message there or behind; -1: there is none */
    int32_t leader_epoch; /* its; -1: not known */
    int64_t time_ms;      /* when it was made or appended, since 1970; -1: not known */
    bool is_corrupt;      /* the batch there fails its CRC: the rest is not known */
};

/* Looks into a partition beside what is being read, with a handle of its own, which takes up to some 100 ms. RETRY:
 * no answer within 5 s, or offset is not between the watermarks. */
enum outcome kafka_look(const struct kafka_properties *properties, const char *group,
                        const char *topic, int32_t partition, int64_t offset,
                        struct kafka_sight *sight, struct err *e);

/* The cluster's id, and the topic's (both as Kafka prints them); copied, NUL-terminated. Waits at most 5 s for
 * each; the answer takes about a millisecond, whatever is being fetched. */
enum { KAFKA_ID_SIZE = 64 };
enum outcome kafka_consumer_identity(struct kafka_consumer *consumer,
                                     char cluster_id[KAFKA_ID_SIZE],
                                     char topic_id[KAFKA_ID_SIZE], struct err *e);

/* The topic's id alone, in two halves: what is done in between costs no time. The answer is of a moment after the
 * question, and is waited for at most 5 s. Asking again, as kafka_consumer_identity() does, drops the question before; where
 * none is open the second half asks. */
void kafka_consumer_ask_topic(struct kafka_consumer *consumer);
enum outcome kafka_consumer_topic(struct kafka_consumer *consumer,
                                  char topic_id[KAFKA_ID_SIZE], struct err *e);

/* How many partitions the topic has now. Waits at most 5 s. */
enum outcome kafka_consumer_partitions(struct kafka_consumer *consumer, int32_t *count,
                                       struct err *e);

/* ---- a look at a topic ---- */

enum { KAFKA_LATEST = -1, KAFKA_EARLIEST = -2 };

/* Reads partition (-1: all of them) of topic from an offset >= 0 or one of the above. For kafka_consumer_poll() and
 * kafka_consumer_close() alone: it joins no group and commits nothing, so that nobody notices. Waits at most 5 s.
 * NULL: *e is RETRY, no broker or no such topic; FATAL 64, no such partition. */
struct kafka_consumer *kafka_reader_open(const struct kafka_properties *properties,
                                         const char *topic, int32_t partition,
                                         int64_t offset, struct err *e);

/* For who reads every partition of topic, each from a place of its own: nothing is read until kafka_consumer_assign(),
 * so that the places can be looked at before. For these calls, and for kafka_consumer_watermarks(), _identity() and
 * _partitions(). *count: how many partitions there are; more that are made later are not read. A fault is told by
 * kafka_consumer_poll() as to a member. NULL: *e is RETRY or FATAL. */
struct kafka_consumer *kafka_reader_open_idle(const struct kafka_properties *properties,
                                              const char *topic, int32_t *count,
                                              struct err *e);

/* ---- producer ---- */

struct kafka_producer;

/* What became of one message. place: where it lies, once the broker acknowledged it with acks=all; the offset is -1
 * where an earlier attempt had stored it and the broker does not say where. NULL: it was not acknowledged, for that
 * reason; such a message may or may not be in the log: sending it again is what keeps it. */
typedef void kafka_delivered(void *context, uint64_t tag, const struct kafka_place *place,
                             const char *reason);

/* Idempotent, acks=all, no message time-out, murmur2_random. delivered is called from
 * kafka_producer_poll() alone, once per message; NULL for who asks and sends nothing. NULL: *e is FATAL. */
struct kafka_producer *kafka_producer_open(const struct kafka_properties *properties,
                                           size_t max_message_bytes,
                                           kafka_delivered *delivered, void *context,
                                           struct err *e);

/* Gives up what is still queued, without calling delivered. Takes about a second; after 5 s
 * librdkafka ends it alone. NULL is fine. */
void kafka_producer_close(struct kafka_producer *producer);

/* Queues a copy of the message. RETRY: the queue is full, or the topic does not exist (yet); poll first.
 * REJECT: larger than max_message_bytes, can never be sent. FATAL: the handle cannot go on (close it, open
 * another and send again what was not persisted); FATAL 77: not allowed, another handle does not help. */
enum outcome kafka_producer_send(struct kafka_producer *producer, const char *topic,
                                 const void *key, size_t key_size, const void *value,
                                 size_t value_size, const struct kafka_header *headers,
                                 size_t header_count, uint64_t tag, struct err *e);

/* The same for a message of headers alone, without key and value, to one partition. */
enum outcome kafka_producer_send_headers(struct kafka_producer *producer,
                                         const char *topic, int32_t partition,
                                         const struct kafka_header *headers,
                                         size_t header_count, uint64_t tag,
                                         struct err *e);

/* How many partitions the topic has. RETRY: no broker answered within 5 s, or there is no such topic. */
enum outcome kafka_producer_partitions(struct kafka_producer *producer, const char *topic,
                                       int32_t *count, struct err *e);

/* First offset kept and next offset to be written of any topic's partition. Waits at most 5 s. */
enum outcome kafka_producer_watermarks(struct kafka_producer *producer, const char *topic,
                                       int32_t partition, int64_t *low, int64_t *high,
                                       struct err *e);

/* Calls delivered for what came back, waiting up to timeout_ms for the first. RETRY: the broker is away or refuses us;
 * told once each time it happens, and already being repaired: go on polling. FATAL as above. */
enum outcome kafka_producer_poll(struct kafka_producer *producer, int timeout_ms,
                                 struct err *e);

/* The id of the cluster that it sends to. Waits at most 5 s; RETRY: no broker answered. */
enum outcome kafka_producer_cluster(struct kafka_producer *producer,
                                    char cluster_id[KAFKA_ID_SIZE], struct err *e);

/* Messages sent for which delivered was not called yet. */
size_t kafka_producer_pending(const struct kafka_producer *producer);

/* ---- administration ---- */

struct kafka_topic {
    const char *name;
    int partitions;
    int replication;        /* -1: the broker's default */
    const char *configs[8]; /* name, value, ... NULL */
};

/* Creates those of the topics that do not exist yet; *created counts them. The others are taken as they are. A broker hears
 * of a new one a moment later. RETRY: no broker within timeout_ms, or not enough of them for the replication. FATAL 77:
 * not allowed; 78: a name or a setting is refused. */
enum outcome kafka_create_topics(const struct kafka_properties *properties,
                                 const struct kafka_topic *topics, size_t count,
                                 int timeout_ms, size_t *created, struct err *e);

/* What topics are like. */
struct kafka_topic_found {
    int partitions;          /* 0: there is no such topic */
    char cleanup_policy[32]; /* "": the settings may not be asked for */
    char compression[16];
    int64_t retention_ms; /* -1: for ever */
};

/* Fills found[i] for names[i]. Waits at most timeout_ms for each of two answers. RETRY: no broker; FATAL 77: not
 * allowed. */
enum outcome kafka_find_topics(const struct kafka_properties *properties,
                               const char *const *names, size_t count, int timeout_ms,
                               struct kafka_topic_found *found, struct err *e);

/* Version text of the linked librdkafka. */
const char *kafka_version(void);

#endif
