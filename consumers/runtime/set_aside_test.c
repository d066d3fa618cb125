/* set_aside_test.c - a flood of dead letters is a few lines, and none of them is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/log.h"
#include "consumers/runtime/set_aside.h"

static int64_t now_ms = 1000;
static int lines;
static int64_t left_out; /* as told, in all lines together */
static char told[400];   /* by the last line: "name=value ..." */

int64_t __wrap_clock_monotonic_ms(void);
int64_t __wrap_clock_monotonic_ms(void)
{
    return now_ms;
}

void __wrap_log_line(enum log_level level, const char *message, ...);
void __wrap_log_line(enum log_level level, const char *message, ...)
{
    const char *name;
    va_list fields;

    assert_int_equal(level, LOG_WARN);
    lines++;
    snprintf(told, sizeof told, "%s", message);
    va_start(fields, message);
    while ((name = va_arg(fields, const char *))) {
        const char *value = va_arg(fields, const char *);
        size_t size = strlen(told);
        if (strcmp(name, "left_out") == 0)
            left_out += atoi(value);
        snprintf(told + size, sizeof told - size, " %s=%s", name, value ? value : "");
    }
    va_end(fields);
}

static struct event dead(int64_t offset)
{
    return (struct event){.message = {.partition = 3, .offset = offset},
                          .outcome = EVENT_DEAD,
                          .reject = {.reason = "range", .field = "longitude"}};
}

static void tell(int64_t offset)
{
    const struct event event = dead(offset);

    set_aside_tell(&event);
}

static void test_what_is_said(void **state)
{
    static const uint8_t id[16] = {0x01, 0x9c, 0xd5, 0x67, 0xdb, 0xfa, 0x7d, 0xed,
                                   0x82, 0x06, 0xee, 0x51, 0x11, 0x1a, 0x26, 0x37};
    struct event event = dead(17);

    (void)state;
    now_ms += LOG_WINDOW_MS;
    event.event_id = id;
    set_aside_tell(&event);
    assert_string_equal(
        told,
        "set aside partition=3 offset=17 "
        "event_id=019cd567-dbfa-7ded-8206-ee51111a2637 reason=range field=longitude");
    event = dead(18);
    event.reject.field = NULL;
    set_aside_tell(&event);
    assert_string_equal(told,
                        "set aside partition=3 offset=18 event_id= reason=range field=");
}

static void test_a_flood(void **state)
{
    (void)state;
    lines = 0;
    now_ms += LOG_WINDOW_MS;
    for (int64_t i = 0; i < 1000; i++)
        tell(i);
    assert_int_equal(lines, LOG_WINDOW_LINES);
    assert_int_equal(left_out, 0);
    now_ms += LOG_WINDOW_MS - 1;
    tell(1000);
    assert_int_equal(lines, LOG_WINDOW_LINES);
    now_ms++;
    tell(1001);
    tell(1002);
    assert_int_equal(lines, LOG_WINDOW_LINES + 2);
    assert_int_equal(lines + left_out, 1003);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_said),
        cmocka_unit_test(test_a_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
