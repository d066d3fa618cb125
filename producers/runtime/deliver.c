/* deliver.c - the window between spool and broker. */
#include "producers/runtime/deliver.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/log.h"
#include "producers/runtime/complaint.h"

enum {
    WINDOW = 10000,          /* events on their way, or persisted and not yet deleted */
    WINDOW_BYTES = 16 << 20, /* of those on their way: librdkafka holds a copy of each */
    READ_AT_ONCE = 500,
    LOCK_EVERY_MS = 200,
    FIRST_PAUSE_MS = 100,
    LONGEST_PAUSE_MS = 10000,
    MOST_HEADERS = 16,
    MESSAGE_BYTES = 1 << 20
};

/* One event on its way. Kafka gives its number back as the tag. */
struct flight {
    uint64_t sequence;
    size_t bytes;
};

struct deliver {
    struct spool *spool;
    const struct kafka_properties *properties;
    struct kafka_producer *kafka; /* NULL: none is open */
    bool leads;                   /* we hold the lock */
    int64_t lock_next_ms;
    uint64_t after; /* highest sequence handed to Kafka */
    uint64_t total;

    struct flight flights[WINDOW];
    uint32_t spare[WINDOW]; /* numbers of flights that are free */
    size_t spare_count;
    size_t bytes;
    uint64_t persisted[WINDOW];
    size_t persisted_count;

    bool finishing; /* nothing more is sent */
    bool again;     /* after a failure: at the lowest sequence, once all has come back */
    int64_t again_at_ms;
    int pause_ms; /* grows with each failure in a row */
    struct complaint complaint;

    struct spool_event events[READ_AT_ONCE];
};

static size_t on_their_way(const struct deliver *d)
{
    return WINDOW - d->spare_count;
}

static void clear_window(struct deliver *d)
{
    d->spare_count = 0;
    d->bytes = 0;
    while (d->spare_count < WINDOW) {
        d->spare[d->spare_count] = (uint32_t)(WINDOW - 1 - d->spare_count);
        d->spare_count++;
    }
}

static void begin_again_later(struct deliver *d, const char *reason)
{
    if (d->again)
        return; /* said once */
    d->again = true;
    d->pause_ms = d->pause_ms ? d->pause_ms * 2 : FIRST_PAUSE_MS;
    if (d->pause_ms > LONGEST_PAUSE_MS)
        d->pause_ms = LONGEST_PAUSE_MS;
    d->again_at_ms = clock_monotonic_ms() + d->pause_ms;
    log_warn("delivery failed; it begins again", "reason", reason, "pause_ms",
             LOG_NUMBER(d->pause_ms), NULL);
}

/* kafka.h's report of one message. */
static void delivered(void *context, uint64_t tag, bool persisted, const char *reason)
{
    struct deliver *d = context;
    struct flight *flight = &d->flights[tag];

    d->bytes -= flight->bytes;
    d->spare[d->spare_count++] = (uint32_t)tag;
    if (!persisted) {
        begin_again_later(d, reason);
        return;
    }
    d->persisted[d->persisted_count++] = flight->sequence;
    d->total++;
    d->pause_ms = 0;
}

/* ---- the Kafka handle ---- */

static enum outcome open_kafka(struct deliver *d, struct err *e)
{
    d->kafka = kafka_producer_open(d->properties, MESSAGE_BYTES, delivered, d, e);
    return d->kafka ? DONE : e->outcome;
}

/* After a FATAL: the handle cannot go on, and what it still held is sent again by the
 * next one. Where we are not allowed to write, another handle does not help. */
static enum outcome drop_kafka(struct deliver *d, const struct err *e)
{
    if (e->exit_code == EX_NOPERM)
        return FATAL;
    kafka_producer_close(d->kafka);
    d->kafka = NULL;
    clear_window(d);
    begin_again_later(d, e->message);
    return DONE;
}

static enum outcome lead(struct deliver *d, struct err *e)
{
    int64_t now = clock_monotonic_ms();

    if (d->leads || now < d->lock_next_ms)
        return DONE;
    d->lock_next_ms = now + LOCK_EVERY_MS;
    d->leads = spool_lock_delivery(d->spool);
    return d->leads ? open_kafka(d, e) : DONE;
}

struct deliver *deliver_open(struct spool *spool,
                             const struct kafka_properties *properties, struct err *e)
{
    struct deliver *d = xcalloc(1, sizeof *d);

    d->spool = spool;
    d->properties = properties;
    clear_window(d);
    if (lead(d, e)) {
        deliver_close(d);
        return NULL;
    }
    return d;
}

void deliver_close(struct deliver *d)
{
    if (d)
        kafka_producer_close(d->kafka);
    free(d);
}

/* ---- spool to Kafka ---- */

static size_t unpack_headers(const struct spool_event *event,
                             struct kafka_header headers[MOST_HEADERS])
{
    const char *at = event->headers, *end = at + event->headers_size;
    size_t count = 0;

    for (; at < end && count < MOST_HEADERS; count++) {
        headers[count].name = at;
        at += strlen(at) + 1;
        headers[count].value = at;
        headers[count].size = strlen(at);
        at += headers[count].size + 1;
    }
    return count;
}

static enum outcome send_event(struct deliver *d, const struct spool_event *event,
                               struct err *e)
{
    struct kafka_header headers[MOST_HEADERS];
    size_t header_count = unpack_headers(event, headers);
    uint32_t tag = d->spare[d->spare_count - 1];

    if (kafka_producer_send(d->kafka, event->topic, event->key, event->key_size,
                            event->value, event->value_size, headers, header_count, tag,
                            e))
        return e->outcome;
    d->flights[tag] =
        (struct flight){event->sequence, event->value_size + event->headers_size};
    d->bytes += d->flights[tag].bytes;
    d->spare_count--;
    d->after = event->sequence;
    return DONE;
}

static size_t room(const struct deliver *d)
{
    size_t taken = on_their_way(d) + d->persisted_count;

    return d->finishing || d->again || d->bytes >= WINDOW_BYTES ? 0 : WINDOW - taken;
}

/* Hands a run of events to Kafka. RETRY: its queue is full, or there is no such topic. */
static enum outcome send_events(struct deliver *d, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        enum outcome outcome = send_event(d, &d->events[i], e);
        if (outcome == REJECT) { /* it stays in the spool, so that a person can look */
            log_error("an event in the spool can never be sent", "sequence",
                      LOG_NUMBER(d->events[i].sequence), "reason", e->message, NULL);
            d->after = d->events[i].sequence;
        } else if (outcome) {
            return outcome;
        }
    }
    return DONE;
}

/* Fills the window from the spool. */
static enum outcome feed(struct deliver *d, struct err *e)
{
    size_t wanted, got = 1;

    while (got && (wanted = room(d)) > 0) {
        enum outcome outcome = DONE;
        if (spool_read(d->spool, d->after, d->events,
                       wanted < READ_AT_ONCE ? wanted : READ_AT_ONCE, &got, e))
            return e->outcome;
        if (got)
            outcome = send_events(d, got, e);
        if (outcome == FATAL)
            return drop_kafka(d, e);
        if (outcome) {
            complain(&d->complaint, "Kafka takes nothing more for now", e->message);
            break;
        }
    }
    return DONE;
}

/* Waits until nothing is on its way and nothing persisted is left to be deleted: that
 * would be sent twice. */
static enum outcome begin_again(struct deliver *d, struct err *e)
{
    if (!d->again || on_their_way(d) || d->persisted_count
        || clock_monotonic_ms() < d->again_at_ms)
        return DONE;
    d->again = false;
    d->after = 0;
    return d->kafka ? DONE : open_kafka(d, e);
}

enum outcome deliver_pump(struct deliver *d, int wait_ms, struct err *e)
{
    if (lead(d, e) || begin_again(d, e) || (d->kafka && feed(d, e)))
        return e->outcome;
    if (!d->kafka)
        poll(NULL, 0, wait_ms);
    else if (kafka_producer_poll(d->kafka, wait_ms, e))
        return drop_kafka(d, e);
    return DONE;
}

size_t deliver_persisted(struct deliver *d, uint64_t **sequences)
{
    *sequences = d->persisted;
    return d->persisted_count;
}

void deliver_forget(struct deliver *d)
{
    d->persisted_count = 0;
}

void deliver_finish(struct deliver *d)
{
    d->finishing = true;
}

bool deliver_is_busy(const struct deliver *d)
{
    return on_their_way(d) > 0 || d->persisted_count > 0;
}

uint64_t deliver_total(const struct deliver *d)
{
    return d->total;
}
