/* pulse.c - two conditions, and the producer's rows of metrics.h. */
#include "producers/runtime/pulse.h"

#include "common/clock.h"
#include "common/health.h"
#include "common/metrics.h"

enum { LOOK_EVERY_MS = 1000 };

enum outcome pulse_begin(struct pulse *pulse, const struct producer_settings *settings,
                         const char *kind, struct err *e)
{
    *pulse = (struct pulse){.settings = settings};
    if (!settings->follow)
        return DONE;
    metrics_begin(METRICS_OF_PRODUCER, kind);
    metrics_set(METRIC_SPOOL_LIMIT, NULL, (double)settings->spool_max_bytes);
    return health_open(&settings->health, 1 << HEALTH_SPOOL | 1 << HEALTH_DELIVERY, e);
}

void pulse_end(void)
{
    health_close();
}

static void count(const struct report_counts *counts, const struct deliver *deliver)
{
    metrics_set(METRIC_LINES, "accepted", (double)counts->accepted);
    metrics_set(METRIC_LINES, "refused", (double)counts->refused);
    metrics_set(METRIC_DELIVERED, NULL, (double)deliver_total(deliver));
}

/* Events carry no time of their acceptance: but one that stays the first is not delivered, whoever delivers. */
static void look_at_first(struct pulse *pulse, uint64_t first)
{
    if (first != pulse->first)
        metrics_set(METRIC_SPOOL_STALLED, NULL, first ? (double)clock_now_us() / 1e6 : 0);
    pulse->first = first;
}

/* A spool that cannot be asked now is told by the loop, which meets the same. */
static void look(struct pulse *pulse, struct spool *spool, const struct deliver *deliver,
                 const char *trouble)
{
    uint64_t first = 0, last = 0, room = 0;
    struct err e;

    if (spool_range(spool, &first, &last, &e) == DONE
        && spool_room(spool, &room, &e) == DONE) {
        look_at_first(pulse, first);
        metrics_set(METRIC_SPOOL_BYTES, NULL,
                    (double)pulse->settings->spool_max_bytes - (double)room);
        health_tell(HEALTH_DELIVERY, first ? deliver_trouble(deliver) : NULL);
        if (room == 0)
            trouble = "the spool is full";
    }
    health_tell(HEALTH_SPOOL, trouble);
}

void pulse_turn(struct pulse *pulse, struct spool *spool, const struct deliver *deliver,
                const struct report_counts *counts, const char *trouble)
{
    int64_t now_ms = clock_monotonic_ms();

    health_turn();
    if (!pulse->settings->follow
        || (pulse->looked_ms && now_ms - pulse->looked_ms < LOOK_EVERY_MS))
        return;
    pulse->looked_ms = now_ms;
    count(counts, deliver);
    look(pulse, spool, deliver, trouble);
}
