/* health.c - the conditions, and the three answers. */
#include "common/health.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/notify.h"
#include "common/text.h"

enum { WHOLE = -1, MOST_FAILURES = 256, REASON_SIZE = 200 };

static const char *const names[HEALTH_CONDITIONS] = {
    [HEALTH_KAFKA] = "kafka",   [HEALTH_DATABASE] = "database",
    [HEALTH_SCHEMA] = "schema", [HEALTH_CLAIMED] = "claimed",
    [HEALTH_GAP] = "gap",       [HEALTH_BREAKER] = "breaker",
    [HEALTH_SPOOL] = "spool",   [HEALTH_DELIVERY] = "delivery",
};

static struct {
    pthread_mutex_t mutex;
    unsigned conditions;
    int64_t live_limit_ms;
    atomic_int_least64_t turned_ms;
    struct http *http;
    struct failure {
        enum condition condition;
        int32_t partition; /* WHOLE: of the process */
        char reason[REASON_SIZE];
    } failures[MOST_FAILURES];
    size_t count;
} health = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* ---- the conditions ---- */

static struct failure *find(enum condition condition, int32_t partition)
{
    for (size_t i = 0; i < health.count; i++)
        if (health.failures[i].condition == condition
            && health.failures[i].partition == partition)
            return &health.failures[i];
    return NULL;
}

/* What is beyond the room changes nothing about not being ready. */
static void fail(enum condition condition, int32_t partition, const char *reason)
{
    struct failure *failure = find(condition, partition);

    if (!failure && health.count == MOST_FAILURES)
        return;
    if (!failure)
        failure = &health.failures[health.count++];
    *failure = (struct failure){.condition = condition, .partition = partition};
    snprintf(failure->reason, sizeof failure->reason, "%s", reason);
}

static void pass(enum condition condition, int32_t partition)
{
    struct failure *failure = find(condition, partition);

    if (failure)
        *failure = health.failures[--health.count];
}

void health_tell_partition(enum condition condition, int32_t partition,
                           const char *reason)
{
    pthread_mutex_lock(&health.mutex);
    if (reason)
        fail(condition, partition, reason);
    else
        pass(condition, partition);
    pthread_mutex_unlock(&health.mutex);
}

void health_tell(enum condition condition, const char *reason)
{
    health_tell_partition(condition, WHOLE, reason);
}

static bool is_among(int32_t partition, const int32_t *partitions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (partitions[i] == partition)
            return true;
    return false;
}

void health_keep(enum condition condition, const int32_t *partitions, size_t count)
{
    pthread_mutex_lock(&health.mutex);
    for (size_t i = health.count; i-- > 0;)
        if (health.failures[i].condition == condition
            && !is_among(health.failures[i].partition, partitions, count))
            health.failures[i] = health.failures[--health.count];
    pthread_mutex_unlock(&health.mutex);
}

static size_t count_failures(enum condition condition)
{
    size_t count = 0;

    for (size_t i = 0; i < health.count; i++)
        count += health.failures[i].condition == condition;
    return count;
}

size_t health_failures(enum condition condition)
{
    size_t count;

    pthread_mutex_lock(&health.mutex);
    count = count_failures(condition);
    pthread_mutex_unlock(&health.mutex);
    return count;
}

/* ---- the answers ---- */

static int64_t turned_ms_ago(void)
{
    return clock_monotonic_ms() - atomic_load(&health.turned_ms);
}

static int answer_live(struct text *body)
{
    int64_t ms = turned_ms_ago();

    if (ms <= health.live_limit_ms) {
        text_add_string(body, "ok\n");
        return 200;
    }
    text_format(body, "the loop has not turned for %" PRId64 " s\n", ms / 1000);
    return 503;
}

static void add_failure(struct text *body, const struct failure *failure, bool is_first)
{
    text_format(body, "%s{\"condition\": \"%s\", ", is_first ? "" : ", ",
                names[failure->condition]);
    if (failure->partition != WHOLE)
        text_format(body, "\"partition\": %" PRId32 ", ", failure->partition);
    text_add_string(body, "\"reason\": ");
    text_add_json_string(body, failure->reason, strlen(failure->reason));
    text_add_string(body, "}");
}

static int answer_ready(struct text *body)
{
    bool is_ready;

    pthread_mutex_lock(&health.mutex);
    is_ready = health.count == 0;
    text_format(body, "{\"ready\": %s, \"not_ready\": [", is_ready ? "true" : "false");
    for (size_t i = 0; i < health.count; i++)
        add_failure(body, &health.failures[i], i == 0);
    pthread_mutex_unlock(&health.mutex);
    text_add_string(body, "]}\n");
    return is_ready ? 200 : 503;
}

static int answer_metrics(struct text *body)
{
    for (int i = 0; i < HEALTH_CONDITIONS; i++)
        if (health.conditions & 1U << i)
            metrics_set(METRIC_READY, names[i],
                        health_failures((enum condition)i) == 0 ? 1 : 0);
    metrics_set(METRIC_GAPS, NULL, (double)health_failures(HEALTH_GAP));
    metrics_set(METRIC_PAUSED, NULL, (double)health_failures(HEALTH_BREAKER));
    metrics_set(METRIC_TURNED, NULL, (double)turned_ms_ago() / 1000);
    metrics_print(body);
    return 200;
}

/* ---- beginning and end ---- */

static const struct http_route routes[] = {
    {"/livez", "text/plain; charset=utf-8", answer_live},
    {"/readyz", "application/json", answer_ready},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", answer_metrics},
    {NULL, NULL, NULL},
};

static bool is_to_answer(const struct health_settings *settings)
{
    return settings->listen && *settings->listen && strcmp(settings->listen, "none") != 0;
}

enum outcome health_check(const struct health_settings *settings, const char *keys[2],
                          struct err *e)
{
    keys[0] = "http_listen";
    return is_to_answer(settings) ? http_check(settings->listen, e) : DONE;
}

enum outcome health_open(const struct health_settings *settings, unsigned conditions,
                         struct err *e)
{
    health.conditions = conditions;
    health.live_limit_ms = settings->live_limit_s * 1000;
    health_turn();
    for (int i = 0; i < HEALTH_CONDITIONS; i++)
        if (conditions & 1U << i && i != HEALTH_GAP && i != HEALTH_BREAKER)
            health_tell((enum condition)i, "not looked at yet");
    if (!is_to_answer(settings))
        return DONE;
    health.http = http_open(settings->listen, routes, e);
    if (!health.http)
        return e->outcome;
    log_info("answering", "http", http_address(health.http), NULL);
    return DONE;
}

void health_close(void)
{
    http_close(health.http);
    health.http = NULL;
}

void health_turn(void)
{
    atomic_store(&health.turned_ms, clock_monotonic_ms());
    notify_turn();
}
