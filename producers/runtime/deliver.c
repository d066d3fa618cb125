/* deliver.c - the window between spool and broker. */
#include "producers/runtime/deliver.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/log.h"
#include "producers/runtime/accept.h"
#include "producers/runtime/complaint.h"

enum {
    WINDOW = 10000,          /* events on their way, or persisted and not yet deleted */
    WINDOW_BYTES = 16 << 20, /* of those on their way: librdkafka holds a copy of each */
    READ_AT_ONCE = 500,
    LOCK_EVERY_MS = 200,
    FIRST_PAUSE_MS = 100,
    LONGEST_PAUSE_MS = 10000,
    FIRST_ROUND_MS = 1000, /* until what was passed over is tried again; doubles */
    LONGEST_ROUND_MS = 30000,
    ALONE_AFTER = 2,    /* failures, then each event goes in a batch of its own, */
    ALONE_MS = 600000,  /* for so long */
    MOST_SAID = 10,     /* refused events that are named in one round */
    READS_AT_ONCE = 20, /* of READ_AT_ONCE events that may all have to be passed over */
    MOST_HELD = 32,     /* topics */
    TOPIC_SIZE = 256,
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
    struct reframe *reframe;      /* NULL: events are sent as they are spooled */
    struct text message;          /* what it made of one */
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
    bool again;     /* at the lowest sequence, at again_at_ms, once all has come back */
    bool halted;    /* until then nothing is sent */
    int64_t again_at_ms;
    int pause_ms; /* grows with each failure in a row */
    int round_ms; /* grows with each round in which something was passed over */
    int failures; /* since the spool was empty */
    bool alone;   /* the handle sends each event in a batch of its own */
    int64_t alone_until_ms;
    bool refused;  /* something was passed over since the spool was empty */
    uint64_t said; /* refused events are named up to this one */
    int said_count;

    char held[MOST_HELD][TOPIC_SIZE]; /* topics that take nothing in this round */
    size_t held_count;
    struct complaint held_complaint, complaint;
    char trouble[sizeof((struct err *)0)->message]; /* "": none since all went well */

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

static int doubled(int ms, int first, int longest)
{
    if (ms == 0)
        return first;
    return ms < longest / 2 ? ms * 2 : longest;
}

static void note_trouble(struct deliver *d, const char *reason)
{
    snprintf(d->trouble, sizeof d->trouble, "%s", reason);
}

static void begin_again_later(struct deliver *d, const char *reason)
{
    note_trouble(d, reason);
    if (d->halted)
        return; /* said once */
    d->again = d->halted = true;
    d->pause_ms = doubled(d->pause_ms, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    d->again_at_ms = clock_monotonic_ms() + d->pause_ms;
    log_warn("delivery failed; it begins again", "reason", reason, "pause_ms",
             LOG_NUMBER(d->pause_ms), NULL);
}

/* What does not go now must not hold back what can: the round goes on without it, and
 * the next one tries it again. */
static void pass_over(struct deliver *d)
{
    d->refused = true;
    if (d->again)
        return;
    d->again = true;
    d->round_ms = doubled(d->round_ms, FIRST_ROUND_MS, LONGEST_ROUND_MS);
    d->again_at_ms = clock_monotonic_ms() + d->round_ms;
}

/* It stays in the spool, so that a person can look. */
static void refuse_event(struct deliver *d, uint64_t sequence, const char *reason)
{
    if (sequence > d->said && d->said_count++ < MOST_SAID) {
        log_error("an event cannot be sent; it stays in the spool and is tried again",
                  "sequence", LOG_NUMBER(sequence), "reason", reason, NULL);
        d->said = sequence;
    }
    note_trouble(d, reason);
    pass_over(d);
}

/* One message that a broker refuses (too large for its topic) takes down all that are in
 * its batch, and the same batch would be made again: so from the second time on each goes
 * alone, and then the one that fails is the one that is at fault. */
static void not_persisted(struct deliver *d, uint64_t sequence, const char *reason)
{
    if (d->alone) {
        refuse_event(d, sequence, reason);
        return;
    }
    d->failures += !d->halted;
    begin_again_later(d, reason);
}

/* kafka.h's report of one message. */
static void delivered(void *context, uint64_t tag, const struct kafka_place *place,
                      const char *reason)
{
    struct deliver *d = context;
    struct flight *flight = &d->flights[tag];

    d->bytes -= flight->bytes;
    d->spare[d->spare_count++] = (uint32_t)tag;
    if (!place) {
        not_persisted(d, flight->sequence, reason);
        return;
    }
    d->persisted[d->persisted_count++] = flight->sequence;
    d->total++;
    d->pause_ms = 0;
    if (!d->refused) /* else others go, and it stays */
        d->trouble[0] = '\0';
}

/* ---- the Kafka handle ---- */

static enum outcome open_kafka(struct deliver *d, struct err *e)
{
    struct kafka_properties properties = *d->properties;
    struct kafka_property *items = xcalloc(properties.count + 1, sizeof *items);

    if (properties.count)
        memcpy(items, properties.items, properties.count * sizeof *items);
    properties.items = items;
    d->alone = d->failures >= ALONE_AFTER;
    d->alone_until_ms = clock_monotonic_ms() + ALONE_MS;
    if (d->alone) /* the last one counts */
        items[properties.count++] =
            (struct kafka_property){"batch.num.messages", "1", "after failures"};
    d->kafka = kafka_producer_open(&properties, MESSAGE_BYTES, delivered, d, e);
    free(items);
    return d->kafka ? DONE : e->outcome;
}

static void close_kafka(struct deliver *d)
{
    kafka_producer_close(d->kafka);
    d->kafka = NULL;
}

/* After a FATAL: the handle cannot go on, and what it still held is sent again by the
 * next one. Where we are not allowed to write, or what is said to be a registry is none,
 * another handle does not help. */
static enum outcome drop_kafka(struct deliver *d, const struct err *e)
{
    if (e->exit_code == EX_NOPERM || e->exit_code == EX_CONFIG)
        return FATAL;
    close_kafka(d);
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
                             const struct kafka_properties *properties,
                             struct reframe *reframe, struct err *e)
{
    struct deliver *d = xcalloc(1, sizeof *d);

    d->spool = spool;
    d->properties = properties;
    d->reframe = reframe;
    clear_window(d);
    if (lead(d, e)) {
        deliver_close(d);
        return NULL;
    }
    return d;
}

void deliver_close(struct deliver *d)
{
    if (!d)
        return;
    kafka_producer_close(d->kafka);
    text_free(&d->message);
    free(d);
}

/* ---- spool to Kafka ---- */

static enum outcome send_event(struct deliver *d, const struct spool_event *event,
                               struct err *e)
{
    struct kafka_header headers[ACCEPT_HEADERS];
    size_t header_count = accept_headers(event, headers);
    uint32_t tag = d->spare[d->spare_count - 1];
    const void *value = event->value;
    size_t size = event->value_size;

    if (d->reframe) {
        if (reframe_event(d->reframe, event->topic, value, size, &d->message, e))
            return e->outcome;
        value = d->message.bytes;
        size = d->message.size;
    }
    if (kafka_producer_send(d->kafka, event->topic, event->key, event->key_size, value,
                            size, headers, header_count, tag, e))
        return e->outcome;
    d->flights[tag] =
        (struct flight){event->sequence, event->value_size + event->headers_size};
    d->bytes += d->flights[tag].bytes;
    d->spare_count--;
    return DONE;
}

/* Until the next round begins, what is on its way has to come back. */
static bool is_halted(const struct deliver *d)
{
    return d->halted || (d->again && clock_monotonic_ms() >= d->again_at_ms);
}

static size_t room(const struct deliver *d)
{
    size_t taken = on_their_way(d) + d->persisted_count;

    return d->finishing || is_halted(d) || d->bytes >= WINDOW_BYTES ? 0 : WINDOW - taken;
}

static bool is_held(const struct deliver *d, const char *topic)
{
    for (size_t i = 0; i < d->held_count; i++)
        if (strcmp(d->held[i], topic) == 0)
            return true;
    return false;
}

/* Order is promised within a key, and a key lives in one topic: so the others go on. */
static bool hold(struct deliver *d, const char *topic, const struct err *e)
{
    if (d->held_count == MOST_HELD || strlen(topic) >= TOPIC_SIZE)
        return false;
    strcpy(d->held[d->held_count++], topic);
    complain(&d->held_complaint, "a topic takes nothing; its events stay in the spool",
             e->message);
    note_trouble(d, e->message);
    pass_over(d);
    return true;
}

/* DONE: sent, or passed over. RETRY: there is no room for now. With nothing on its way
 * the queue cannot be full: then it is the topic. */
static enum outcome try_event(struct deliver *d, const struct spool_event *event,
                              struct err *e)
{
    enum outcome outcome = is_held(d, event->topic) ? DONE : send_event(d, event, e);

    if (outcome == REJECT) {
        refuse_event(d, event->sequence, e->message);
        outcome = DONE;
    }
    if (outcome == RETRY && on_their_way(d) == 0 && hold(d, event->topic, e))
        outcome = DONE;
    if (outcome == DONE)
        d->after = event->sequence;
    return outcome;
}

/* Hands a run of events to Kafka. RETRY: the rest of it has to wait. */
static enum outcome send_events(struct deliver *d, size_t count, struct err *e)
{
    enum outcome outcome = DONE;

    for (size_t i = 0; i < count && outcome == DONE; i++)
        outcome = try_event(d, &d->events[i], e);
    return outcome;
}

/* The handle makes batches again. failures: as if there had been so many. */
static void end_alone(struct deliver *d, int failures)
{
    d->failures = failures;
    d->again = d->halted = true;
    d->again_at_ms = clock_monotonic_ms();
}

/* All there was is delivered and deleted: whatever was wrong is over. */
static void forget_failures(struct deliver *d)
{
    if (d->again || deliver_is_busy(d))
        return;
    d->failures = d->round_ms = 0;
    d->refused = false;
    d->trouble[0] = '\0';
    if (d->alone)
        end_alone(d, 0);
}

/* Fills the window from the spool. */
static enum outcome feed(struct deliver *d, struct err *e)
{
    size_t wanted, got = 1;

    for (int i = 0; i < READS_AT_ONCE && got && (wanted = room(d)) > 0; i++) {
        enum outcome outcome = DONE;
        if (spool_read(d->spool, d->after, d->events,
                       wanted < READ_AT_ONCE ? wanted : READ_AT_ONCE, &got, e))
            return e->outcome;
        outcome = send_events(d, got, e);
        if (outcome == FATAL)
            return drop_kafka(d, e);
        if (outcome) {
            complain(&d->complaint, "Kafka takes nothing more for now", e->message);
            break;
        }
    }
    if (!got)
        forget_failures(d);
    else if (d->alone && clock_monotonic_ms() >= d->alone_until_ms)
        end_alone(d, ALONE_AFTER - 1);
    return DONE;
}

/* Waits until nothing is on its way and nothing persisted is left to be deleted: that
 * would be sent twice. */
static enum outcome begin_again(struct deliver *d, struct err *e)
{
    if (!d->again || deliver_is_busy(d) || clock_monotonic_ms() < d->again_at_ms)
        return DONE;
    d->again = d->halted = false;
    d->after = 0;
    d->held_count = 0;
    d->said_count = 0;
    if (d->alone != (d->failures >= ALONE_AFTER))
        close_kafka(d);
    return d->kafka ? DONE : open_kafka(d, e);
}

static enum outcome hear(struct deliver *d, int wait_ms, struct err *e)
{
    enum outcome outcome = kafka_producer_poll(d->kafka, wait_ms, e);

    if (outcome == RETRY) {
        complain(&d->complaint, "events stay in the spool", e->message);
        note_trouble(d, e->message);
    }
    return outcome == FATAL ? drop_kafka(d, e) : DONE;
}

enum outcome deliver_pump(struct deliver *d, int wait_ms, struct err *e)
{
    if (lead(d, e) || begin_again(d, e) || (d->kafka && feed(d, e)))
        return e->outcome;
    if (d->kafka)
        return hear(d, wait_ms, e);
    poll(NULL, 0, wait_ms);
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

bool deliver_was_refused(const struct deliver *d)
{
    return d->refused;
}

const char *deliver_trouble(const struct deliver *d)
{
    return d->trouble[0] ? d->trouble : NULL;
}

uint64_t deliver_total(const struct deliver *d)
{
    return d->total;
}
