/* drain.c - what the broker gives at most: reads a topic as a daemon does, with its settings, and throws it away.
 *
 *   bench_drain --topic TOPIC --group GROUP --count 2000000 [--queue-kbytes N]
 *
 * Prints messages, seconds from the first assignment to the last message, and CPU seconds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/arena.h"
#include "common/kafka.h"
#include "common/option.h"
#include "tests/bench/support.h"

enum { POLL_MS = 100, MESSAGE_BYTES = 1 << 20 };

struct settings {
    const char *topic, *group;
    int64_t count, queue_kbytes;
    struct kafka_properties kafka;
};

#define AT(member) offsetof(struct settings, member)

static const struct option_row rows[] = {
    {"topic", OPTION_TEXT, AT(topic), NULL, 0, 0, "TOPIC", "to read", true},
    {"group", OPTION_TEXT, AT(group), NULL, 0, 0, "GROUP", "that reads it", true},
    {"count", OPTION_NUMBER, AT(count), NULL, 1, 1e12, NULL, "messages that there are",
     true},
    {"queue_kbytes", OPTION_NUMBER, AT(queue_kbytes), "2560", 64, 2097151, NULL,
     "fetched and not yet taken, kilobytes", false},
};

static const struct option_set options = {
    .program = "bench_drain",
    .synopsis = "[OPTION...]",
    .purpose = "Reads a topic and throws it away.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = AT(kafka),
};

/* Every partition that the group gives, from its first message. */
static void read_what_is_wanted(struct kafka_consumer *consumer)
{
    const int32_t *partitions;
    size_t count;
    struct kafka_place *places;
    struct err e;

    kafka_consumer_wanted(consumer, &partitions, &count);
    places = xcalloc(count + 1, sizeof *places);
    for (size_t i = 0; i < count; i++)
        places[i] = (struct kafka_place){partitions[i], 0};
    must(kafka_consumer_assign(consumer, places, count, &e), "assigning", &e);
    free(places);
}

/* Returns when the first assignment was made. */
static double drain(struct kafka_consumer *consumer, int64_t count)
{
    uint64_t taken = 0;
    double start = NAN;

    while (count > 0) {
        struct kafka_message message;
        struct kafka_fault fault;
        struct err e;
        uint64_t wanted;
        enum outcome outcome =
            kafka_consumer_poll(consumer, POLL_MS, &message, &fault, &e);
        if (outcome != RETRY)
            must(outcome, "reading", &e);
        count -= message.handle != NULL;
        kafka_message_free(&message);
        wanted = kafka_consumer_wanted(consumer, &(const int32_t *){NULL}, &(size_t){0});
        if (wanted == taken)
            continue;
        taken = wanted;
        start = isnan(start) ? seconds(CLOCK_MONOTONIC) : start;
        read_what_is_wanted(consumer);
    }
    return start;
}

int main(int argc, char **argv)
{
    struct settings settings = {0};
    struct kafka_consumer *consumer;
    struct err e;
    double start;

    if (options_load(&options, argc, argv, &settings, NULL, &e))
        return err_report(options.program, &e);
    consumer = kafka_consumer_open(&settings.kafka, settings.group, settings.topic,
                                   MESSAGE_BYTES, (size_t)settings.queue_kbytes, &e);
    if (!consumer)
        give_up("Kafka", e.message);
    start = drain(consumer, settings.count);
    printf("{\"messages\": %lld, \"seconds\": %.4f, \"client_cpu_s\": %.3f}\n",
           (long long)settings.count, seconds(CLOCK_MONOTONIC) - start,
           seconds(CLOCK_PROCESS_CPUTIME_ID));
    kafka_consumer_close(consumer);
    return 0;
}
