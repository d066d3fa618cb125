/* produce.c - a topic full of events of one kind: event n is made of line n modulo their number and of an id that n
 * gives, so that an event that comes again is the same to the last byte.
 *
 *   gridloop-simulate lines --kind patrol_log | bench_produce --kind patrol_log --topic TOPIC --count 2000000 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/kafka.h"
#include "common/option.h"
#include "tests/bench/messages.h"
#include "tests/bench/support.h"

enum {
    EVENTS_A_MS = 20, /* of the ids' clock */
    NEAR = 10000,     /* half of the repeats are of one of so many before them */
    MESSAGE_BYTES = 1 << 20,
    LAST_WAIT_MS = 1000
};

struct settings {
    const char *kind, *topic, *subject;
    int64_t count, first, rate, start_ms;
    double repeats;
    bool random_ids;
    struct kafka_properties kafka;
};

#define AT(member) offsetof(struct settings, member)

static const struct option_row rows[] = {
    {"kind", OPTION_TEXT, AT(kind), NULL, 0, 0, "KIND", "of the events", true},
    {"topic", OPTION_TEXT, AT(topic), NULL, 0, 0, "TOPIC", "that they go to", true},
    {"subject", OPTION_TEXT, AT(subject), NULL, 0, 0, "FIELD",
     "a second id that becomes the same as event_id, and the key", false},
    {"count", OPTION_NUMBER, AT(count), NULL, 1, 1e12, NULL, "events, repeats among them",
     true},
    {"first", OPTION_NUMBER, AT(first), "0", 0, 1e12, NULL,
     "number of the first one: a second run goes on with new ids", false},
    {"start_ms", OPTION_NUMBER, AT(start_ms), "1767571200000", 0, 1e14, NULL,
     "where the ids' clock begins, milliseconds since 1970", false},
    {"rate", OPTION_NUMBER, AT(rate), "0", 0, 1e9, NULL,
     "events a second, recorded when they are sent; 0: as fast as can be", false},
    {"repeats", OPTION_REAL, AT(repeats), "0", 0, 1, NULL,
     "share of events that came before: half of them among the last 10,000", false},
    {"random_ids", OPTION_SWITCH, AT(random_ids), NULL, 0, 0, NULL,
     "ids that do not rise with time", false},
};

static const struct option_set options = {
    .program = "bench_produce",
    .synopsis = "[OPTION...] < LINES",
    .purpose = "Fills a topic with events.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = AT(kafka),
};

static struct settings settings;
static struct message *messages;
static size_t message_count;

/* ---- event n ---- */

/* A good mix of bits: the finalizer of SplitMix64. */
static uint64_t mix(uint64_t number)
{
    number += 0x9e3779b97f4a7c15U;
    number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9U;
    number = (number ^ (number >> 27)) * 0x94d049bb133111ebU;
    return number ^ (number >> 31);
}

static void put_big_endian(uint8_t *out, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(number >> (56 - 8 * i));
}

static int64_t time_ms(int64_t number)
{
    return settings.start_ms + number / EVENTS_A_MS;
}

/* UUIDv7 of the event's time and number, or a UUIDv4. */
static void make_id(int64_t number, char text[UUID_TEXT_SIZE])
{
    uint64_t bits = mix((uint64_t)number);
    uint64_t high = settings.random_ids ? bits : (uint64_t)time_ms(number) << 16;
    uint8_t id[UUID_SIZE];

    high |= settings.random_ids ? 0 : (uint64_t)(number % EVENTS_A_MS) << 4;
    put_big_endian(id, high);
    put_big_endian(id + 8, mix(bits));
    id[6] = (uint8_t)((settings.random_ids ? 0x40 : 0x70) | (id[6] & 0x0f));
    id[8] = (uint8_t)(0x80 | (id[8] & 0x3f));
    uuid_format(text, id);
}

/* Which event stands in place n: n itself, or one before it. */
static int64_t event_of(int64_t place)
{
    uint64_t dice = mix(~(uint64_t)place);
    int64_t back = place < NEAR ? place : NEAR;

    if (place == 0 || ldexp((double)(dice >> 11), -53) >= settings.repeats)
        return place;
    if (dice & 1)
        return place - 1 - (int64_t)(mix(dice) % (uint64_t)back);
    return (int64_t)(mix(dice) % (uint64_t)place);
}

/* ---- sending ---- */

static void delivered(void *context, uint64_t tag, const struct kafka_place *place,
                      const char *reason)
{
    (void)context, (void)tag;
    if (!place)
        give_up("sending", reason);
}

static void send_message(struct kafka_producer *producer, const struct message *message,
                         const char *id)
{
    char type[80];
    const struct kafka_header headers[] = {
        {"ce_specversion", "1.0", 3},
        {"ce_type", type,
         (size_t)snprintf(type, sizeof type, "gridloop.%s", settings.kind)},
        {"ce_source", "gridloop/bench", 14},
        {"ce_id", id, UUID_TEXT_SIZE - 1},
        {"content-type", "application/avro", 16},
    };
    struct err e;
    enum outcome outcome;

    while ((outcome = kafka_producer_send(
                producer, settings.topic, id, UUID_TEXT_SIZE - 1, message->bytes,
                message->size, headers, sizeof headers / sizeof *headers, 0, &e))
           == RETRY)
        must(kafka_producer_poll(producer, 10, &e), "sending", &e);
    must(outcome, "sending", &e);
}

/* At the wanted rate: waits until event number is due. */
static void keep_pace(struct kafka_producer *producer, int64_t start_us, int64_t number)
{
    int64_t due_us = start_us + (int64_t)(1e6 * (double)number / (double)settings.rate);
    struct err e;

    while (clock_now_us() < due_us)
        must(kafka_producer_poll(producer, 1, &e), "sending", &e);
}

static void send_all(struct kafka_producer *producer)
{
    int64_t start_us = clock_now_us();
    struct err e;

    for (int64_t i = 0; i < settings.count; i++) {
        char id[UUID_TEXT_SIZE];
        int64_t number = event_of(settings.first + i);
        const struct message *message = &messages[(size_t)number % message_count];
        int64_t time_us = time_ms(number) * 1000;
        if (settings.rate)
            keep_pace(producer, start_us, i);
        make_id(number, id);
        message_set_id(message, id);
        message_set_times(message, time_us, settings.rate ? clock_now_us() : time_us);
        send_message(producer, message, id);
        if (i % 100 == 0)
            must(kafka_producer_poll(producer, 0, &e), "sending", &e);
    }
    while (kafka_producer_pending(producer) > 0)
        must(kafka_producer_poll(producer, LAST_WAIT_MS, &e), "sending", &e);
}

int main(int argc, char **argv)
{
    struct kafka_producer *producer;
    struct err e;
    int64_t start_us;

    if (options_load(&options, argc, argv, &settings, NULL, &e))
        return err_report(options.program, &e);
    messages = messages_read(message_maker_new(settings.kind), stdin, settings.subject,
                             &message_count);
    producer = kafka_producer_open(&settings.kafka, MESSAGE_BYTES, delivered, NULL, &e);
    if (!producer)
        give_up("Kafka", e.message);
    start_us = clock_now_us();
    send_all(producer);
    kafka_producer_close(producer);
    printf("{\"events\": %lld, \"seconds\": %.3f}\n", (long long)settings.count,
           (double)(clock_now_us() - start_us) / 1e6);
    return 0;
}
