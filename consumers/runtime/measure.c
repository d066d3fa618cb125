/* measure.c - from a pump's batches and claims to metrics. */
#include "consumers/runtime/measure.h"

#include "common/clock.h"
#include "common/metrics.h"

static void count_events(const struct store_counts *counts)
{
    metrics_set(METRIC_EVENTS, "stored", (double)counts->stored);
    metrics_set(METRIC_EVENTS, "duplicate", (double)counts->duplicate);
    metrics_set(METRIC_EVENTS, "dead_letter", (double)counts->dead_letter);
    metrics_set(METRIC_EVENTS, "absent", (double)counts->absent);
    metrics_set(METRIC_LOOK_UPS, NULL, (double)counts->look_ups);
    metrics_set(METRIC_REDONE, NULL, (double)counts->redone);
}

static void count_dead_letters(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->events[i].outcome == EVENT_DEAD)
            metrics_add(METRIC_DEAD_LETTERS, batch->events[i].reject.reason, 1);
}

void measure_seen(const struct kafka_message *message)
{
    int64_t ms = kafka_message_time(message);

    if (ms > 0)
        metrics_set(METRIC_LAST_MESSAGE, METRICS_PARTITION(message->partition),
                    (double)ms / 1000);
}

/* The last message of each partition: from behind, where they mostly are. */
static void note_last(const struct batch *batch, size_t claims)
{
    for (size_t i = batch->count, found = 0; i-- > 0 && found < claims;) {
        const struct event *event = &batch->events[i];
        if (event->message.offset + 1 == batch->next_offsets[event->claim]) {
            measure_seen(&event->message);
            found++;
        }
    }
}

void measure_batch(const struct batch *batch, size_t claims,
                   const struct store_counts *counts, int64_t milliseconds)
{
    if (batch->count == 0)
        return;
    if ((double)counts->dead_letter > metrics_value(METRIC_EVENTS, "dead_letter"))
        count_dead_letters(batch);
    count_events(counts);
    note_last(batch, claims);
    metrics_observe(METRIC_BATCH_SECONDS, (double)milliseconds / 1000);
    metrics_observe(METRIC_BATCH_EVENTS, (double)batch->count);
}

void measure_claims(size_t count, size_t wanted)
{
    metrics_set(METRIC_PARTITIONS, NULL, (double)count);
    metrics_set(METRIC_WANTED, NULL, (double)wanted);
    metrics_forget(METRIC_LAG_MESSAGES);
    metrics_forget(METRIC_LAG_SECONDS);
    metrics_forget(METRIC_LAST_MESSAGE);
}

/* Since when a partition is behind: since the last message stored was written, or, where that is not known yet, since we
 * look. */
static double behind_since(const char *partition)
{
    double last = metrics_value(METRIC_LAST_MESSAGE, partition);
    double before = metrics_value(METRIC_LAG_SECONDS, partition);

    if (last > 0)
        return last;
    return before > 0 ? before : (double)clock_now_us() / 1e6;
}

void measure_lag(const struct kafka_consumer *consumer, const struct claim *claims,
                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *partition = METRICS_PARTITION(claims[i].partition);
        int64_t high = consumer ? kafka_consumer_high(consumer, claims[i].partition) : -1;
        int64_t lag = high > claims[i].next_offset ? high - claims[i].next_offset : 0;
        if (high >= 0)
            metrics_set(METRIC_LAG_MESSAGES, partition, (double)lag);
        metrics_set(METRIC_LAG_SECONDS, partition,
                    lag > 0 || high < 0 ? behind_since(partition) : 0);
    }
}
