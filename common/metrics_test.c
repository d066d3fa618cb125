/* metrics_test.c - what is printed, line by line: dashboards rest upon it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/metrics.h"

static struct text out;

static const char *printed(void)
{
    text_clear(&out);
    metrics_print(&out);
    return out.bytes;
}

static void has_line(const char *line)
{
    char wanted[300];

    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    if (!strstr(printed(), wanted))
        fail_msg("no line %s in\n%s", line, out.bytes);
}

static void lacks(const char *part)
{
    if (strstr(printed(), part))
        fail_msg("there is %s in\n%s", part, out.bytes);
}

static double value_of(const char *series)
{
    const char *at = strstr(printed(), series);

    assert_non_null(at);
    return strtod(at + strlen(series), NULL);
}

/* Before metrics_begin() nothing is counted: programs that are no daemons call the same code. */
static void nothing_before(void **state)
{
    (void)state;
    metrics_add(METRIC_LOOK_UPS, NULL, 5);
    metrics_begin(METRICS_OF_CONSUMER, "drone_alert");
    has_line("gridloop_consumer_look_ups_total{kind=\"drone_alert\"} 0");
}

static void counters(void **state)
{
    (void)state;
    has_line("# TYPE gridloop_consumer_events_total counter");
    has_line("gridloop_consumer_events_total{kind=\"drone_alert\",outcome=\"absent\"} 0");
    metrics_add(METRIC_EVENTS, "stored", 3);
    metrics_add(METRIC_EVENTS, "stored", 4);
    has_line("gridloop_consumer_events_total{kind=\"drone_alert\",outcome=\"stored\"} 7");
    metrics_retry("40P01");
    metrics_retry("");
    has_line("gridloop_retries_total{kind=\"drone_alert\",sqlstate_class=\"40\"} 1");
    has_line("gridloop_retries_total{kind=\"drone_alert\",sqlstate_class=\"none\"} 1");
    has_line("gridloop_consumer_dead_letters_total{kind=\"drone_alert\","
             "reason=\"identity_conflict\"} 0");
}

static void gauges(void **state)
{
    (void)state;
    metrics_set(METRIC_LAG_MESSAGES, METRICS_PARTITION(11), 2.5);
    metrics_set(METRIC_LAG_MESSAGES, METRICS_PARTITION(11), 12);
    has_line("# TYPE gridloop_lag_messages gauge");
    has_line("gridloop_lag_messages{kind=\"drone_alert\",partition=\"11\"} 12");
    assert_true(metrics_value(METRIC_LAG_MESSAGES, "11") == 12);
    assert_true(metrics_value(METRIC_LAG_MESSAGES, "12") == 0);
    metrics_forget(METRIC_LAG_MESSAGES);
    lacks("gridloop_lag_messages");
}

/* A moment is printed as how long ago it is, and never as a time to come. */
static void ages(void **state)
{
    double now = (double)clock_now_us() / 1e6;
    double age;

    (void)state;
    metrics_set(METRIC_LAG_SECONDS, "0", 0);
    metrics_set(METRIC_LAG_SECONDS, "1", now + 1000);
    metrics_set(METRIC_LAG_SECONDS, "2", now - 1000);
    has_line("gridloop_lag_seconds{kind=\"drone_alert\",partition=\"0\"} 0");
    has_line("gridloop_lag_seconds{kind=\"drone_alert\",partition=\"1\"} 0");
    age = value_of("gridloop_lag_seconds{kind=\"drone_alert\",partition=\"2\"} ");
    assert_true(age >= 1000 && age < 1600);
}

static void histograms(void **state)
{
    (void)state;
    metrics_observe(METRIC_BATCH_EVENTS, 1);
    metrics_observe(METRIC_BATCH_EVENTS, 7);
    metrics_observe(METRIC_BATCH_EVENTS, 5000);
    metrics_observe(METRIC_BATCH_EVENTS, 1000000);
    has_line("# TYPE gridloop_consumer_batch_events histogram");
    has_line("gridloop_consumer_batch_events_bucket{kind=\"drone_alert\",le=\"1\"} 1");
    has_line("gridloop_consumer_batch_events_bucket{kind=\"drone_alert\",le=\"3\"} 1");
    has_line("gridloop_consumer_batch_events_bucket{kind=\"drone_alert\",le=\"10\"} 2");
    has_line("gridloop_consumer_batch_events_bucket{kind=\"drone_alert\",le=\"5000\"} 3");
    has_line(
        "gridloop_consumer_batch_events_bucket{kind=\"drone_alert\",le=\"100000\"} 3");
    has_line("gridloop_consumer_batch_events_bucket{kind=\"drone_alert\",le=\"+Inf\"} 4");
    has_line("gridloop_consumer_batch_events_sum{kind=\"drone_alert\"} 1005008");
    has_line("gridloop_consumer_batch_events_count{kind=\"drone_alert\"} 4");
}

static void labels_are_escaped(void **state)
{
    (void)state;
    metrics_add(METRIC_DEAD_LETTERS, "a\"b\\c\nd", 1);
    has_line("gridloop_consumer_dead_letters_total{kind=\"drone_alert\","
             "reason=\"a\\\"b\\\\c\\nd\"} 1");
}

static void series_are_bounded(void **state)
{
    size_t lines = 0;

    (void)state;
    metrics_forget(METRIC_LAG_MESSAGES);
    for (int32_t i = 0; i < 3 * METRICS_SERIES; i++)
        metrics_set(METRIC_LAG_MESSAGES, METRICS_PARTITION(i), i);
    for (const char *at = printed(); (at = strstr(at, "\ngridloop_lag_messages{")); at++)
        lines++;
    assert_int_equal(lines, METRICS_SERIES);
    has_line("gridloop_lag_messages{kind=\"drone_alert\",partition=\"other\"} 1535");
    metrics_forget(METRIC_LAG_MESSAGES);
}

static void of_the_process(void **state)
{
    (void)state;
    has_line("gridloop_build_info{kind=\"drone_alert\",version=\"" GRIDLOOP_VERSION
             "\"} 1");
    assert_true(value_of("process_resident_memory_bytes{kind=\"drone_alert\"} ") > 1e5);
    assert_true(value_of("process_start_time_seconds{kind=\"drone_alert\"} ") > 1.7e9);
    lacks("gridloop_dispatch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_before),
        cmocka_unit_test(counters),
        cmocka_unit_test(gauges),
        cmocka_unit_test(ages),
        cmocka_unit_test(histograms),
        cmocka_unit_test(labels_are_escaped),
        cmocka_unit_test(series_are_bounded),
        cmocka_unit_test(of_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
