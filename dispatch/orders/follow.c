/* follow.c - reads, prints, and takes what was printed or what came back. */
#include "dispatch/orders/follow.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/backoff.h"
#include "common/clock.h"
#include "common/kafka.h"
#include "common/log.h"
#include "common/point.h"
#include "common/text.h"
#include "dispatch/orders/notebook.h"
#include "dispatch/orders/order.h"

enum {
    IDLE_MS = 100,
    ACK_MS = 5,          /* while something waits to come back */
    MOST_PENDING = 1000, /* orders that wait to come back; then nothing more is read */
    SAVE_MS = 1000,
    CHECK_MS = 30000,
    SILENCE_MS = 30000, /* with once */
    READ_BYTES = 1 << 16
};

/* A partition, as far as we are. */
struct part {
    int64_t next, saved, end; /* end: of the topic, when it was opened */
};

struct pending {
    uint8_t order_id[UUID_SIZE];
    struct kafka_place place;
};

struct follow {
    const struct follow_settings *settings;
    const volatile bool *stop;
    char topic[TEXT_TOPIC_SIZE];
    struct notebook *notebook;
    struct order_reader *orders;
    struct kafka_consumer *reader; /* NULL: none is open */
    struct part *parts;
    int32_t part_count;
    struct pending pending[MOST_PENDING]; /* printed, not taken; in that order */
    size_t pending_count;
    struct order order;
    struct text input;
    bool input_ended;
    int64_t saved_ms, checked_ms, heard_ms;
    struct backoff backoff;
};

/* ---- the topic ---- */

static void close_topic(struct follow *f)
{
    kafka_consumer_close(f->reader);
    f->reader = NULL;
}

static enum outcome open_reader(struct follow *f, struct err *e)
{
    f->reader = kafka_reader_open_idle(&f->settings->kafka, f->topic, &f->part_count, e);
    return f->reader ? DONE : e->outcome;
}

/* Of a topic that was created anew the places mean nothing; its first orders are perhaps known by their ids. */
static enum outcome meet_topic(struct follow *f, struct err *e)
{
    char cluster_id[KAFKA_ID_SIZE], topic_id[KAFKA_ID_SIZE];
    bool is_new = false;

    if (kafka_consumer_identity(f->reader, cluster_id, topic_id, e)
        || notebook_meet_topic(f->notebook, cluster_id, topic_id, &is_new, e))
        return e->outcome;
    return is_new ? err_set(e, RETRY,
                            "the topic was created anew; it is read from its start")
                  : DONE;
}

static enum outcome lose(struct follow *f, int32_t partition, int64_t from, int64_t to,
                         struct err *e)
{
    if (!f->settings->skip_lost)
        return err_exit(
            e, EX_UNAVAILABLE,
            "partition %" PRId32 ": reading has to go on at %" PRId64
            ", but the topic has it from %" PRId64
            " on; orders between may be lost: --skip-lost goes on behind them",
            partition, from, to);
    log_warn("orders are gone from the topic", "partition", LOG_NUMBER(partition), "from",
             LOG_NUMBER(from), "to", LOG_NUMBER(to), NULL);
    return notebook_take(f->notebook, NULL, (struct kafka_place){partition, to}, e)
               ? e->outcome
               : err_set(e, RETRY, "going on behind what is gone");
}

/* Where reading of a partition is, and whether that is still there. One that was never read gets a place, so that from
 * now on nothing can go without being noticed. */
static enum outcome begin_part(struct follow *f, int32_t partition, int64_t place,
                               struct err *e)
{
    struct part *part = &f->parts[partition];
    int64_t low, high;

    if (kafka_consumer_watermarks(f->reader, partition, &low, &high, e))
        return e->outcome;
    if (place > high || (place >= 0 && place < low))
        return lose(f, partition, place, place > high ? high : low, e);
    *part = (struct part){place < 0 ? low : place, place < 0 ? low : place, high};
    return place < 0
               ? notebook_take(f->notebook, NULL, (struct kafka_place){partition, low}, e)
               : DONE;
}

static int64_t place_in(const struct kafka_place *places, size_t count, int32_t partition)
{
    for (size_t i = 0; i < count; i++)
        if (places[i].partition == partition)
            return places[i].offset;
    return -1;
}

static enum outcome begin_parts(struct follow *f, struct err *e)
{
    struct kafka_place *places = NULL;
    size_t count = 0;
    enum outcome outcome = notebook_places(f->notebook, &places, &count, e);

    f->parts = xrealloc(f->parts, (size_t)(f->part_count + 1) * sizeof *f->parts);
    for (int32_t i = 0; i < f->part_count && !outcome; i++)
        outcome = begin_part(f, i, place_in(places, count, i), e);
    free(places);
    return outcome;
}

static enum outcome begin_reading(struct follow *f, struct err *e)
{
    struct kafka_place *places = xcalloc((size_t)f->part_count + 1, sizeof *places);
    enum outcome outcome;

    for (int32_t i = 0; i < f->part_count; i++)
        places[i] = (struct kafka_place){i, f->parts[i].next};
    outcome = kafka_consumer_assign(f->reader, places, (size_t)f->part_count, e);
    free(places);
    return outcome;
}

/* The places are looked at before anything is read: an answer that one is out of range would come in the midst of the
 * end, see kafka_consumer_close(). */
static enum outcome open_topic(struct follow *f, struct err *e)
{
    if (f->reader)
        return DONE;
    if (open_reader(f, e) || meet_topic(f, e) || begin_parts(f, e) || begin_reading(f, e))
        return e->outcome;
    f->checked_ms = f->heard_ms = clock_monotonic_ms();
    log_info("reading", "topic", f->topic, "partitions", LOG_NUMBER(f->part_count), NULL);
    return DONE;
}

/* Partitions may have been added, or the topic made anew. */
static enum outcome check_topic(struct follow *f, struct err *e)
{
    int32_t count = 0;

    if (clock_monotonic_ms() - f->checked_ms < CHECK_MS)
        return DONE;
    f->checked_ms = clock_monotonic_ms();
    if (kafka_consumer_partitions(f->reader, &count, e) || meet_topic(f, e))
        return e->outcome;
    return count == f->part_count ? DONE
                                  : err_set(e, RETRY, "the topic has other partitions");
}

/* ---- taking ---- */

/* Everything before it is taken, or not for us. */
static struct kafka_place settled_place(const struct follow *f, int32_t partition)
{
    int64_t offset = f->parts[partition].next;

    for (size_t i = 0; i < f->pending_count; i++)
        if (f->pending[i].place.partition == partition
            && f->pending[i].place.offset < offset)
            offset = f->pending[i].place.offset;
    return (struct kafka_place){partition, offset};
}

static enum outcome save(struct follow *f, const uint8_t *order_id, int32_t partition,
                         struct err *e)
{
    struct kafka_place place = settled_place(f, partition);

    if (notebook_take(f->notebook, order_id, place, e))
        return e->outcome;
    f->parts[partition].saved = place.offset;
    return DONE;
}

static struct pending *find_pending(struct follow *f, const uint8_t order_id[UUID_SIZE])
{
    for (size_t i = 0; i < f->pending_count; i++)
        if (memcmp(f->pending[i].order_id, order_id, UUID_SIZE) == 0)
            return &f->pending[i];
    return NULL;
}

static enum outcome take(struct follow *f, struct pending *pending, struct err *e)
{
    struct pending taken = *pending;

    memmove(pending, pending + 1,
            (size_t)(f->pending + --f->pending_count - pending) * sizeof *pending);
    return save(f, taken.order_id, taken.place.partition, e);
}

/* Now and then, so that the orders of others are not read again by the next run. */
static enum outcome save_places(struct follow *f, bool now, struct err *e)
{
    if (!f->reader || (!now && clock_monotonic_ms() - f->saved_ms < SAVE_MS))
        return DONE;
    f->saved_ms = clock_monotonic_ms();
    if (notebook_begin(f->notebook, e))
        return e->outcome;
    for (int32_t i = 0; i < f->part_count; i++)
        if (settled_place(f, i).offset > f->parts[i].saved && save(f, NULL, i, e))
            return e->outcome;
    return notebook_commit(f->notebook, e);
}

/* ---- what comes back ---- */

static enum outcome take_line(struct follow *f, const char *line, size_t size,
                              struct err *e)
{
    uint8_t order_id[UUID_SIZE];
    struct pending *pending;

    if (size == 0)
        return DONE;
    if (!uuid_parse(order_id, line, size)) {
        log_warn("standard input: a line that is no order_id", NULL);
        return DONE;
    }
    pending = find_pending(f, order_id);
    if (pending)
        return take(f, pending, e);
    log_warn("standard input: an order_id that waits for nothing", NULL);
    return DONE;
}

static enum outcome take_lines(struct follow *f, struct err *e)
{
    size_t done = 0;
    enum outcome outcome = DONE;
    char *end;

    while (!outcome && done < f->input.size
           && (end = memchr(f->input.bytes + done, '\n', f->input.size - done))) {
        size_t size = (size_t)(end - f->input.bytes) - done;
        outcome = take_line(f, f->input.bytes + done, size, e);
        done += size + 1;
    }
    if (done) {
        memmove(f->input.bytes, f->input.bytes + done, f->input.size - done);
        f->input.size -= done;
    }
    return outcome;
}

static enum outcome read_input(struct follow *f, struct err *e)
{
    struct pollfd fd = {STDIN_FILENO, POLLIN, 0};
    char bytes[READ_BYTES];
    ssize_t size;

    if (!f->settings->ack || f->input_ended || poll(&fd, 1, 0) <= 0)
        return DONE;
    size = read(STDIN_FILENO, bytes, sizeof bytes);
    if (size <= 0 || f->input.size > READ_BYTES)
        f->input_ended = true;
    else
        text_add(&f->input, bytes, (size_t)size);
    if (notebook_begin(f->notebook, e) || take_lines(f, e)
        || notebook_commit(f->notebook, e))
        return e->outcome;
    POINT("orders_came_back");
    return DONE;
}

/* ---- orders ---- */

/* The reader may stand still until we are asked to stop: that is no fault. */
static enum outcome write_line(const struct follow *f, struct err *e)
{
    const struct text *line = &f->order.line;

    if (fwrite(line->bytes, 1, line->size, stdout) == line->size && fflush(stdout) == 0)
        return DONE;
    if (errno == EINTR && *f->stop)
        return err_set(e, RETRY, "asked to stop while a line waits for its reader");
    return err_exit(e, EX_IOERR, "standard output cannot be written: %m");
}

static enum outcome print(struct follow *f, struct kafka_place place, struct err *e)
{
    struct pending *pending = &f->pending[f->pending_count++];

    *pending = (struct pending){.place = place};
    memcpy(pending->order_id, f->order.order_id, UUID_SIZE);
    text_add(&f->order.line, "\n", 1);
    POINT("order_read");
    if (write_line(f, e))
        return e->outcome;
    POINT("order_printed");
    if (f->settings->ack)
        return DONE;
    if (notebook_begin(f->notebook, e) || take(f, pending, e)
        || notebook_commit(f->notebook, e))
        return e->outcome;
    POINT("order_taken");
    return DONE;
}

static bool is_for_us(const struct follow *f, const void *bytes, size_t size)
{
    return size == strlen(f->settings->unit)
           && memcmp(bytes, f->settings->unit, size) == 0;
}

static enum outcome show(struct follow *f, struct kafka_place place, struct err *e)
{
    bool has_taken = false;

    if (!is_for_us(f, f->order.target_unit.bytes, f->order.target_unit.size))
        return err_set(e, REJECT, "its key is not the unit that it is for");
    if (find_pending(f, f->order.order_id))
        return DONE;
    if (notebook_has_taken(f->notebook, f->order.order_id, &has_taken, e))
        return e->outcome;
    return has_taken ? DONE : print(f, place, e);
}

/* One that cannot be read is no order of the platform's: it stays in the topic, where it can be looked at. */
static enum outcome receive(struct follow *f, const struct kafka_message *message,
                            struct err *e)
{
    struct kafka_place place = {message->partition, message->offset};
    enum outcome outcome;

    f->heard_ms = clock_monotonic_ms();
    f->parts[message->partition].next = message->offset + 1;
    if (!message->key || !is_for_us(f, message->key, message->key_size)
        || message->value_size == 0)
        return DONE;
    outcome = order_read(f->orders, message->value, message->value_size, &f->order, e);
    if (!outcome)
        outcome = show(f, place, e);
    if (outcome == REJECT) {
        log_warn("passed over", "partition", LOG_NUMBER(place.partition), "offset",
                 LOG_NUMBER(place.offset), "error", e->message, NULL);
        return DONE;
    }
    return outcome ? err_wrap(e, "partition %" PRId32 " offset %" PRId64, place.partition,
                              place.offset)
                   : DONE;
}

static enum outcome read_topic(struct follow *f, struct err *e)
{
    struct kafka_message message;
    struct kafka_fault fault;
    enum outcome outcome;

    if (f->pending_count == MOST_PENDING) {
        poll(NULL, 0, ACK_MS);
        return DONE;
    }
    outcome = kafka_consumer_poll(f->reader, f->pending_count ? ACK_MS : IDLE_MS,
                                  &message, &fault, e);
    if (outcome == RETRY && fault.partition < 0) {
        log_warn("reading", "error", e->message, NULL);
        outcome = DONE;
    }
    if (!outcome && message.handle)
        outcome = receive(f, &message, e);
    kafka_message_free(&message);
    return outcome;
}

/* ---- the loop ---- */

static bool is_at_end(const struct follow *f)
{
    if (f->input_ended)
        return true;
    if (!f->settings->once || f->pending_count > 0 || !f->reader)
        return false;
    for (int32_t i = 0; i < f->part_count; i++)
        if (f->parts[i].next < f->parts[i].end)
            return false;
    return true;
}

static bool is_silent(const struct follow *f)
{
    return clock_monotonic_ms() - f->heard_ms >= SILENCE_MS;
}

static enum outcome watch_silence(const struct follow *f, struct err *e)
{
    if (!f->settings->once || f->pending_count > 0 || !is_silent(f))
        return DONE;
    return err_set(e, RETRY, "no answer from Kafka for %d s", SILENCE_MS / 1000);
}

static enum outcome follow_once(struct follow *f, struct err *e)
{
    if (open_topic(f, e) || check_topic(f, e) || read_input(f, e))
        return e->outcome;
    if (is_at_end(f))
        return DONE;
    if (read_topic(f, e) || save_places(f, false, e))
        return e->outcome;
    return watch_silence(f, e);
}

/* What was printed and did not come back will be read again. */
static void let_go(struct follow *f)
{
    close_topic(f);
    f->pending_count = 0;
}

static enum outcome follow_to_end(struct follow *f, struct err *e)
{
    enum outcome outcome;

    while (!*f->stop && !is_at_end(f)) {
        outcome = follow_once(f, e);
        if (outcome == FATAL)
            return FATAL;
        if (!outcome) {
            backoff_end(&f->backoff);
            continue;
        }
        let_go(f);
        if (f->settings->once && is_silent(f))
            return outcome;
        log_warn("will try again", "error", e->message, NULL);
        poll(NULL, 0, (int)backoff_next(&f->backoff, f->settings->backoff_max_ms));
    }
    return save_places(f, true, e);
}

enum outcome follow_orders(const struct follow_settings *settings,
                           const volatile bool *stop, struct err *e)
{
    struct follow *f = xcalloc(1, sizeof *f);
    enum outcome outcome;

    f->settings = settings;
    f->stop = stop;
    f->heard_ms = clock_monotonic_ms();
    text_topic(f->topic, settings->name_space, "dispatch_order");
    f->orders = order_reader_new(e);
    f->notebook =
        f->orders ? notebook_open(settings->state, settings->unit, f->topic, e) : NULL;
    outcome = f->notebook ? follow_to_end(f, e) : e->outcome;
    notebook_close(f->notebook); /* whoever comes next need not wait for librdkafka */
    close_topic(f);
    order_reader_free(f->orders);
    order_free(&f->order);
    text_free(&f->input);
    free(f->parts);
    free(f);
    return outcome;
}
