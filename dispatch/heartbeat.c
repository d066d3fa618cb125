/* heartbeat.c - a round of heartbeats. */
#include "dispatch/heartbeat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/builtin.h"
#include "common/clock.h"
#include "common/hash.h"
#include "common/text.h"

enum { TOPICS = 64 };

struct heartbeats {
    char topics[TOPICS][TEXT_TOPIC_SIZE];
    size_t topic_count;
    int64_t interval_ms, next_ms;
    size_t unanswered;
};

/* Of every kind but our own, which no consumer stores. */
static void list_topics(struct heartbeats *h, const char *name_space)
{
    char kind[128];
    int size = 0;

    for (const struct builtin_file *file = builtin_schemas; file->path; file++, size = 0)
        if (sscanf(file->path, "schemas/%127[^/]/v1.avsc%n", kind, &size) == 1 && size
            && strcmp(kind, "dispatch_order") != 0 && h->topic_count < TOPICS)
            text_topic(h->topics[h->topic_count++], name_space, kind);
}

struct heartbeats *heartbeats_new(const char *name_space, int64_t interval_ms)
{
    struct heartbeats *h = xcalloc(1, sizeof *h);

    h->interval_ms = interval_ms;
    list_topics(h, name_space);
    return h;
}

void heartbeats_free(struct heartbeats *h)
{
    free(h);
}

void heartbeats_delivered(struct heartbeats *h)
{
    h->unanswered--;
}

void heartbeats_lose_flight(struct heartbeats *h)
{
    h->unanswered = 0;
}

static enum outcome send_one(struct heartbeats *h, struct kafka_producer *producer,
                             const char *topic, int32_t partition, struct err *e)
{
    uint8_t uuid[UUID_SIZE];
    char id[UUID_TEXT_SIZE];
    const struct kafka_header headers[] = {
        {"ce_specversion", "1.0", 3},
        {"ce_type", "gridloop.heartbeat", 18},
        {"ce_source", "gridloop/dispatch", 17},
        {"ce_id", id, sizeof id - 1},
    };

    uuid_v7(uuid, clock_now_us() / 1000);
    uuid_format(id, uuid);
    if (kafka_producer_send_headers(producer, topic, partition, headers,
                                    sizeof headers / sizeof *headers, HEARTBEAT_TAG, e))
        return e->outcome;
    h->unanswered++;
    return DONE;
}

static enum outcome send_all(struct heartbeats *h, struct kafka_producer *producer,
                             const char *topic, struct err *e)
{
    int32_t count = 0;

    if (kafka_producer_partitions(producer, topic, &count, e))
        return e->outcome;
    for (int32_t partition = 0; partition < count; partition++)
        if (send_one(h, producer, topic, partition, e))
            return e->outcome;
    return DONE;
}

enum outcome heartbeats_send(struct heartbeats *h, struct kafka_producer *producer,
                             struct err *e)
{
    enum outcome worst = DONE;
    struct err one;

    if (h->interval_ms == 0 || clock_monotonic_ms() < h->next_ms || h->unanswered)
        return DONE;
    h->next_ms = clock_monotonic_ms() + h->interval_ms;
    for (size_t i = 0; i < h->topic_count && worst != FATAL; i++)
        if (send_all(h, producer, h->topics[i], &one)) {
            worst = one.outcome;
            *e = one;
        }
    return worst ? err_wrap(e, "heartbeats") : DONE;
}
