/* clock_test.c - the calendar is checked against the C library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"

static const int64_t first_us = INT64_C(-62135596800000000);  /* 0001-01-01 */
static const int64_t behind_us = INT64_C(253402300800000000); /* 10000-01-01 */

static void parses_to(const char *text, int64_t us)
{
    int64_t got = 42;
    const char *wrong = clock_parse(text, strlen(text), &got);

    if (wrong || got != us)
        print_error("%s: %s, %lld\n", text, wrong ? wrong : "read", (long long)got);
    assert_null(wrong);
    assert_true(got == us);
}

static void refused(const char *text, const char *expected)
{
    int64_t got = 42;
    const char *wrong = clock_parse(text, strlen(text), &got);

    if (!wrong || strcmp(wrong, expected) != 0)
        print_error("%s: %s\n", text, wrong ? wrong : "read");
    assert_non_null(wrong);
    assert_string_equal(wrong, expected);
    assert_int_equal(got, 42);
}

static void reads_every_allowed_form(void **state)
{
    (void)state;
    parses_to("1970-01-01T00:00:00Z", 0);
    parses_to("1970-01-01t00:00:00z", 0);
    parses_to("2026-01-05T08:30:00Z", INT64_C(1767601800000000));
    parses_to("2026-01-05T08:30:00.5Z", INT64_C(1767601800500000));
    parses_to("2026-01-05T08:30:00.123456Z", INT64_C(1767601800123456));
    parses_to("2026-01-05T08:30:00.123456000Z", INT64_C(1767601800123456));
    parses_to("2026-01-05T16:30:00+08:00", INT64_C(1767601800000000));
    parses_to("2026-01-05T03:00:00-05:30", INT64_C(1767601800000000));
    parses_to("2026-01-05T08:30:00-00:00", INT64_C(1767601800000000));
    parses_to("1969-12-31T23:59:59.999999Z", -1);
}

static void reads_the_borders(void **state)
{
    (void)state;
    parses_to("0001-01-01T00:00:00Z", first_us);
    parses_to("9999-12-31T23:59:59.999999Z", behind_us - 1);
    parses_to("0001-01-01T23:59:00+23:59", first_us);
    parses_to("9999-12-31T00:00:59.999999-23:59", behind_us - 1);
    parses_to("0000-12-31T23:00:00-01:00", first_us);
    refused("0000-12-31T23:59:59.999999Z", "is outside the years 1 to 9999");
    refused("0001-01-01T00:00:00+00:01", "is outside the years 1 to 9999");
    refused("9999-12-31T23:59:00-00:01", "is outside the years 1 to 9999");
    refused("10000-01-01T00:00:00Z", "is not of the form 2026-01-05T08:30:00Z");
}

static void knows_leap_years(void **state)
{
    (void)state;
    parses_to("2000-02-29T00:00:00Z", INT64_C(951782400000000));
    parses_to("2024-02-29T00:00:00Z", INT64_C(1709164800000000));
    refused("1900-02-29T00:00:00Z", "has a day that its month does not have");
    refused("2023-02-29T00:00:00Z", "has a day that its month does not have");
    refused("2024-02-30T00:00:00Z", "has a day that its month does not have");
    refused("2024-04-31T00:00:00Z", "has a day that its month does not have");
    refused("2024-01-00T00:00:00Z", "has a day that its month does not have");
    refused("2024-00-01T00:00:00Z", "has a month that does not exist");
    refused("2024-13-01T00:00:00Z", "has a month that does not exist");
}

static void says_what_is_wrong(void **state)
{
    static const char form[] = "is not of the form 2026-01-05T08:30:00Z";

    (void)state;
    refused("", form);
    refused("2026-01-05", form);
    refused("2026-01-05 08:30:00Z", form);
    refused("2026-1-5T08:30:00Z", form);
    refused("20260105T083000Z", form);
    refused("2026-01-05T08:30Z", form);
    refused("-001-01-05T08:30:00Z", form);
    refused(" 2026-01-05T08:30:00Z", form);
    refused("2026-01-05T08:30:00+0800", form);
    refused("2026-01-05T08:30:00+08", form);
    refused("2026-01-05T08:30:00", "has no zone");
    refused("2026-01-05T08:30:00.5", "has no zone");
    refused("2026-01-05T08:30:00 Z", "has something that is not a zone at its end");
    refused("2026-01-05T08:30:00,5Z", "has something that is not a zone at its end");
    refused("2026-01-05T08:30:00Z ", "has more behind its zone");
    refused("2026-01-05T08:30:00+24:00", "has an offset that does not exist");
    refused("2026-01-05T08:30:00+08:60", "has an offset that does not exist");
    refused("2026-01-05T24:00:00Z", "has a time of day that does not exist");
    refused("2026-01-05T08:60:00Z", "has a time of day that does not exist");
    refused("2026-01-05T08:30:61Z", "has a time of day that does not exist");
    refused("2016-12-31T23:59:60Z", "has a leap second (:60), which cannot be stored");
    refused("2026-01-05T08:30:00.Z", "has no digits behind the point");
    refused("2026-01-05T08:30:00.1234567Z", "is finer than a microsecond");
    refused("2026-01-05T08:30:00.0000000000Z", "has more than 9 digits behind the point");
}

static void stops_at_the_size(void **state)
{
    int64_t us;

    (void)state;
    for (size_t size = 0; size < 20; size++) {
        char *exact = malloc(size ? size : 1); /* so that reading beyond is seen */
        memcpy(exact, "2026-01-05T08:30:00Z", size);
        assert_non_null(clock_parse(exact, size, &us));
        free(exact);
    }
    assert_null(clock_parse("2026-01-05T08:30:00Zrubbish", 20, &us));
}

static void format_is(int64_t us, const char *expected)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(text, us);
    assert_string_equal(text, expected);
}

static void writes(void **state)
{
    (void)state;
    format_is(0, "1970-01-01T00:00:00Z");
    format_is(-1, "1969-12-31T23:59:59.999999Z");
    format_is(INT64_C(1767601800000001), "2026-01-05T08:30:00.000001Z");
    format_is(first_us, "0001-01-01T00:00:00Z");
    format_is(behind_us - 1, "9999-12-31T23:59:59.999999Z");
    format_is(behind_us, "10000-01-01T00:00:00Z");
    format_is(INT64_MAX, "294247-01-10T04:00:54.775807Z");
    format_is(INT64_MIN, "-290308-12-21T19:59:05.224192Z");
}

/* Each day of the years 1 to 9999. */
static void agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t us = first_us; us < behind_us; us += INT64_C(86400) * 1000000) {
        char text[CLOCK_TEXT_SIZE], expected[CLOCK_TEXT_SIZE * 2];
        time_t seconds = us / 1000000;
        struct tm tm;
        int64_t back;
        gmtime_r(&seconds, &tm);
        snprintf(expected, sizeof expected, "%04d-%02d-%02dT00:00:00Z", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday);
        clock_format(text, us);
        assert_string_equal(text, expected);
        assert_null(clock_parse(text, strlen(text), &back));
        assert_true(back == us);
    }
}

static void random_times_come_back(void **state)
{
    unsigned seed = (unsigned)getpid();

    (void)state;
    printf("seed %u\n", seed);
    srandom(seed);
    for (int i = 0; i < 200000; i++) {
        uint64_t number = (uint64_t)random() << 31 | (uint64_t)random();
        int64_t us = first_us + (int64_t)(number % (uint64_t)(behind_us - first_us));
        int64_t back;
        char text[CLOCK_TEXT_SIZE];
        clock_format(text, us);
        assert_null(clock_parse(text, strlen(text), &back));
        assert_true(back == us);
    }
}

/* The same moment, written with a random offset. */
static void random_offsets_come_back(void **state)
{
    unsigned seed = (unsigned)getpid();

    (void)state;
    printf("seed %u\n", seed);
    srandom(seed);
    for (int i = 0; i < 50000; i++) {
        int64_t us = (int64_t)random() * 1000000, back;
        int minutes = (int)(random() % 2879) - 1439;
        char text[CLOCK_TEXT_SIZE];
        clock_format(text, us + minutes * INT64_C(60000000));
        snprintf(text + 19, sizeof text - 19, "%c%02d:%02d", minutes < 0 ? '-' : '+',
                 abs(minutes) / 60, abs(minutes) % 60);
        assert_null(clock_parse(text, strlen(text), &back));
        assert_true(back == us);
    }
}

static void clocks_run(void **state)
{
    int64_t wall = clock_now_us(), steady = clock_monotonic_ms();
    struct timespec pause = {0, 20000000};

    (void)state;
    /* time() reads a coarser clock, which may still be in the second before. */
    assert_in_range(wall / 1000000, time(NULL) - 1, time(NULL) + 1);
    nanosleep(&pause, NULL);
    assert_in_range(clock_monotonic_ms() - steady, 19, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_allowed_form),
        cmocka_unit_test(reads_the_borders),
        cmocka_unit_test(knows_leap_years),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(stops_at_the_size),
        cmocka_unit_test(writes),
        cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(random_times_come_back),
        cmocka_unit_test(random_offsets_come_back),
        cmocka_unit_test(clocks_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
