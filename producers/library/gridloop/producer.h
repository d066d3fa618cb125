/* gridloop/producer.h - sends events from within a device's own program, as the programs gridloop-produce-<kind> do:
 *
 *     struct gridloop_error error;
 *     struct gridloop_settings settings = {.kind = "drone_alert", .spool = "/var/lib/device/alerts",
 *                                          .bootstrap_servers = "kafka:9092"};
 *     struct gridloop_producer *producer = gridloop_producer_open(&settings, &error);
 *
 *     gridloop_producer_add(producer, line, strlen(line), event_id, &error);     checked, encoded
 *     gridloop_producer_commit(producer, &error);                                on disk: accepted, never lost from here on
 *     gridloop_producer_deliver(producer, 1000, &left, &error);                  from disk to Kafka
 *     gridloop_producer_close(producer);
 *
 * Compile with: cc program.c $(pkg-config --cflags --libs gridloop-producer)
 *
 * A producer is used by one thread at a time; a process may have several, each with a spool of its own or on the same one.
 * Other processes may use the same spool at the same time: each accepts, one of them delivers. The library writes warnings
 * to standard error, one JSON object (on a terminal logfmt) a line, and never a value of an event. It sets no signal
 * handlers. Out of memory it aborts: what is committed is on disk. */
#ifndef GRIDLOOP_PRODUCER_LIBRARY_H
#define GRIDLOOP_PRODUCER_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum gridloop_outcome {
    GRIDLOOP_DONE = 0,
    GRIDLOOP_RETRY, /* passes with time: the disk is full, Kafka is away; the same call may be made again */
    GRIDLOOP_REJECT, /* this one line is bad; the others are not concerned */
    GRIDLOOP_FATAL   /* wrong settings, a spool that cannot be used: close it */
};

struct gridloop_error { /* of the last call that did not return GRIDLOOP_DONE */
    enum gridloop_outcome outcome;
    char message
        [600]; /* one line of UTF-8; names the field of a bad line and never quotes its value */
};

/* Zeroed members take their defaults. All texts are read during gridloop_producer_open() only. */
struct gridloop_settings {
    const char *kind; /* "drone_alert"; needed */
    const char *
        spool; /* file, made if it is not there; needed. Beside it lie others of the same name with an ending */
    const char *bootstrap_servers; /* "kafka:9092,..."; needed */
    const char *name_space;        /* first part of the topic's name; default gridloop */
    uint64_t spool_max_bytes;      /* full from here on; default 1 GiB, not below 1 MiB */
    /* Further properties of librdkafka: name, value, name, value ..., NULL. Those that carry a guarantee (acks,
     * idempotence ...) are refused. */
    const char *const *kafka_properties;
};

struct gridloop_producer; /* opaque */

enum { GRIDLOOP_EVENT_ID_SIZE = 37 }; /* 36 characters and a NUL */

/* "0.1.0" */
const char *gridloop_producer_version(void);

/* Does not wait for Kafka. NULL: *error says why. */
struct gridloop_producer *gridloop_producer_open(const struct gridloop_settings *settings,
                                                 struct gridloop_error *error);

/* Checks one event, a line of JSON of size bytes as docs/wire.md and the schema have it, and keeps it in memory for the next
 * commit. An event_id is made if it has none; event_id (NULL: not wanted) gets it. Give a line its event_id yourself if you
 * may add it again after a crash: the same id is stored once. REJECT: it is bad, or (message "the spool is full") there is no
 * room for it until something is delivered. */
enum gridloop_outcome gridloop_producer_add(struct gridloop_producer *producer,
                                            const char *line, size_t size,
                                            char event_id[GRIDLOOP_EVENT_ID_SIZE],
                                            struct gridloop_error *error);

/* Writes what was added to the disk, all of it or nothing, and waits until it is there: now it is accepted. It costs a
 * write to the disk whatever the number of events. RETRY: nothing was written; they are kept, try again. */
enum gridloop_outcome gridloop_producer_commit(struct gridloop_producer *producer,
                                               struct gridloop_error *error);

/* Sends what is in the spool, also of former runs and of other processes, for up to timeout_ms; ends sooner when nothing is
 * left. An event leaves the spool when the broker has it on disk. *left: events that are still in the spool; 0: all is
 * delivered. RETRY: Kafka did not take some; call it again, at any time, it waits between tries by itself. */
enum gridloop_outcome gridloop_producer_deliver(struct gridloop_producer *producer,
                                                int timeout_ms, uint64_t *left,
                                                struct gridloop_error *error);

/* What was added and not committed is forgotten; what was committed stays in the spool. NULL is fine. */
void gridloop_producer_close(struct gridloop_producer *producer);

#ifdef __cplusplus
}
#endif

#endif
