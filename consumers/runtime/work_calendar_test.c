/* work_calendar_test.c - two weeks with a holiday, a make-up Saturday and a short day; and what does not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "consumers/runtime/work_calendar.h"

/* Day 0 is a Monday; local time is UTC. Days 0 to 13; off: 2 (holiday), 6, 12, 13; 5 is a Saturday that is worked; 4 has
 * a morning alone. */
#define HOUR INT64_C(3600000000)
#define AT(day, hour, minute) (((day)*24 + (hour)) * HOUR + (minute) * (HOUR / 60))

enum { DAYS = 14 };

static bool is_off(int day)
{
    return day == 2 || day == 6 || day >= 12;
}

static int open_calendar(void **state)
{
    struct work_calendar *calendar = work_calendar_new();

    for (int day = 0; day < DAYS; day++) {
        assert_true(work_calendar_add_day(calendar, AT(day, 0, 0), AT(day + 1, 0, 0)));
        if (is_off(day))
            continue;
        assert_true(work_calendar_add_hours(calendar, AT(day, 8, 30), AT(day, 12, 0)));
        if (day != 4)
            assert_true(
                work_calendar_add_hours(calendar, AT(day, 14, 30), AT(day, 18, 0)));
    }
    *state = calendar;
    return 0;
}

static int close_calendar(void **state)
{
    work_calendar_free(*state);
    return 0;
}

static void assert_due(struct due due, int64_t us)
{
    assert_null(due.reason);
    assert_int_equal(due.at_us, us);
}

static void assert_none(struct due due, const char *reason)
{
    assert_string_equal(due.reason, reason);
    assert_int_equal(due.at_us, 0);
}

static void test_work_hours(void **state)
{
    const struct {
        int64_t start_us;
        int32_t hours;
        int64_t due_us;
    } cases[] = {
        {AT(0, 9, 0), 1, AT(0, 10, 0)},
        {AT(0, 9, 0), 3, AT(0, 12, 0)},   /* at the close, not the next opening */
        {AT(0, 9, 0), 4, AT(0, 15, 30)},  /* over noon */
        {AT(0, 17, 0), 2, AT(1, 9, 30)},  /* over night */
        {AT(1, 17, 0), 2, AT(3, 9, 30)},  /* over a holiday */
        {AT(1, 20, 0), 2, AT(3, 10, 30)}, /* begun in the evening */
        {AT(0, 12, 0), 1, AT(0, 15, 30)}, /* begun at a close */
        {AT(0, 8, 30), 7, AT(0, 18, 0)},  /* a whole day */
        {AT(4, 9, 0), 4, AT(5, 9, 30)},   /* a short day, a Saturday that is worked */
        {AT(6, 10, 0), 0, AT(6, 10, 0)},  /* nothing: over where it begins */
        {AT(11, 14, 30), 3, AT(11, 17, 30)},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_due(work_due(*state, LIMIT_WORK_HOUR, cases[i].hours, cases[i].start_us),
                   cases[i].due_us);
    assert_none(work_due(*state, LIMIT_WORK_HOUR, 4, AT(11, 14, 30)), "calendar_ends");
}

static void test_work_days(void **state)
{
    const struct {
        int64_t start_us;
        int32_t days;
        int64_t due_us;
    } cases[] = {
        {AT(0, 0, 0), 1, AT(1, 18, 0)}, /* the day of the start does not count */
        {AT(0, 23, 59), 1, AT(1, 18, 0)},
        {AT(1, 9, 0), 1, AT(3, 18, 0)}, /* nor a holiday */
        {AT(2, 9, 0), 1, AT(3, 18, 0)}, /* begun on a holiday */
        {AT(3, 9, 0), 1, AT(4, 12, 0)}, /* a short day closes at noon */
        {AT(3, 9, 0), 2, AT(5, 18, 0)}, /* a Saturday that is worked */
        {AT(5, 9, 0), 1, AT(7, 18, 0)}, /* Sunday is off */
        {AT(0, 9, 0), 9, AT(11, 18, 0)},
        {AT(0, 9, 0), 0, AT(0, 18, 0)}, /* none: today */
        {AT(0, 18, 0), 0, AT(0, 18, 0)},
        {AT(0, 18, 1), 0, AT(1, 18, 0)}, /* today is over */
        {AT(6, 9, 0), 0, AT(7, 18, 0)},  /* today is off */
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_due(work_due(*state, LIMIT_WORK_DAY, cases[i].days, cases[i].start_us),
                   cases[i].due_us);
    assert_none(work_due(*state, LIMIT_WORK_DAY, 10, AT(0, 9, 0)), "calendar_ends");
    assert_none(work_due(*state, LIMIT_WORK_DAY, 0, AT(12, 9, 0)), "calendar_ends");
}

static void test_days_and_hours_that_run_through(void **state)
{
    assert_due(work_due(*state, LIMIT_NATURAL_DAY, 1, AT(5, 9, 0)), AT(7, 0, 0));
    assert_due(work_due(*state, LIMIT_NATURAL_DAY, 0, AT(5, 9, 0)), AT(6, 0, 0));
    assert_due(work_due(*state, LIMIT_NATURAL_DAY, 13, AT(0, 0, 0)), AT(14, 0, 0));
    assert_none(work_due(*state, LIMIT_NATURAL_DAY, 13, AT(1, 0, 0)), "calendar_ends");
    assert_due(work_due(*state, LIMIT_URGENT_HOUR, 30, AT(5, 23, 0)), AT(7, 5, 0));
    assert_due(work_due(NULL, LIMIT_URGENT_HOUR, 2, AT(99, 0, 0)), AT(99, 2, 0));
    assert_none(work_due(NULL, LIMIT_URGENT_HOUR, INT32_MAX, INT64_MAX - 5),
                "calendar_ends");
    assert_none(work_due(NULL, LIMIT_URGENT_HOUR, INT32_MAX, AT(5, 9, 0)),
                "calendar_ends");
    assert_none(work_due(*state, LIMIT_WORK_HOUR, INT32_MAX, 0), "calendar_ends");
    assert_none(work_add_us(*state, AT(0, 10, 0), INT64_MAX), "calendar_ends");
}

static void test_outside_of_the_calendar(void **state)
{
    struct work_calendar *empty = work_calendar_new();

    for (int type = LIMIT_WORK_HOUR; type < LIMIT_TYPES; type++) {
        enum limit_type limit = (enum limit_type)type;
        assert_none(work_due(*state, limit, 1, -1), "no_calendar");
        assert_none(work_due(*state, limit, 0, AT(DAYS, 0, 0)), "calendar_ends");
        assert_none(work_due(NULL, limit, 1, AT(0, 9, 0)), "no_calendar");
        assert_none(work_due(empty, limit, 1, AT(0, 9, 0)), "no_calendar");
    }
    assert_int_equal(work_us_between(NULL, 0, AT(1, 0, 0)), 0);
    work_calendar_free(empty);
}

static void test_office_time_between(void **state)
{
    assert_int_equal(work_us_between(*state, AT(0, 0, 0), AT(1, 0, 0)), 7 * HOUR);
    assert_int_equal(work_us_between(*state, AT(0, 11, 0), AT(0, 15, 0)), HOUR * 3 / 2);
    assert_int_equal(work_us_between(*state, AT(0, 15, 0), AT(0, 11, 0)), 0);
    assert_int_equal(work_us_between(*state, AT(6, 1, 0), AT(6, 23, 0)), 0);
    assert_int_equal(work_us_between(*state, AT(-9, 0, 0), AT(99, 0, 0)),
                     (9 * 7 + 7 / 2) * HOUR + HOUR / 2);
}

static void test_what_was_left_is_left_again(void **state)
{
    /* 2 hours were left on Monday, 16:00; resumed on Thursday, 9:00. */
    assert_due(work_due_resumed(*state, LIMIT_WORK_HOUR, AT(0, 18, 0), AT(0, 16, 0),
                                AT(3, 9, 0)),
               AT(3, 11, 0));
    /* Two work days were left (1 and 3); resumed on Sunday. */
    assert_due(
        work_due_resumed(*state, LIMIT_WORK_DAY, AT(3, 18, 0), AT(0, 16, 0), AT(6, 9, 0)),
        AT(8, 18, 0));
    /* It was due at the close of that day. */
    assert_due(
        work_due_resumed(*state, LIMIT_WORK_DAY, AT(0, 18, 0), AT(0, 16, 0), AT(6, 9, 0)),
        AT(7, 18, 0));
    assert_due(work_due_resumed(*state, LIMIT_NATURAL_DAY, AT(3, 0, 0), AT(0, 16, 0),
                                AT(6, 9, 0)),
               AT(9, 0, 0));
    assert_due(work_due_resumed(*state, LIMIT_URGENT_HOUR, AT(1, 2, 0), AT(0, 16, 0),
                                AT(6, 9, 0)),
               AT(6, 19, 0));
    /* Overdue before. */
    assert_due(
        work_due_resumed(*state, LIMIT_WORK_DAY, AT(0, 18, 0), AT(0, 18, 0), AT(6, 9, 0)),
        AT(0, 18, 0));
    assert_none(work_due_resumed(*state, LIMIT_WORK_DAY, AT(20, 18, 0), AT(0, 18, 0),
                                 AT(6, 9, 0)),
                "calendar_ends");
}

static void test_what_does_not_fit(void **state)
{
    struct work_calendar *calendar = work_calendar_new();

    (void)state;
    assert_false(work_calendar_add_hours(calendar, AT(0, 8, 0), AT(0, 9, 0)));
    assert_false(work_calendar_add_day(calendar, AT(1, 0, 0), AT(1, 0, 0)));
    assert_true(work_calendar_add_day(calendar, AT(0, 0, 0), AT(1, 0, 0)));
    assert_false(work_calendar_add_day(calendar, AT(2, 0, 0), AT(3, 0, 0)));
    assert_false(work_calendar_add_day(calendar, AT(0, 0, 0), AT(1, 0, 0)));
    assert_true(work_calendar_add_hours(calendar, AT(0, 8, 0), AT(0, 12, 0)));
    assert_false(work_calendar_add_hours(calendar, AT(0, 11, 59), AT(0, 13, 0)));
    assert_false(work_calendar_add_hours(calendar, AT(0, 14, 0), AT(0, 14, 0)));
    assert_false(work_calendar_add_hours(calendar, AT(0, 23, 0), AT(1, 1, 0)));
    assert_true(work_calendar_add_hours(calendar, AT(0, 20, 0), AT(1, 0, 0)));
    assert_true(work_calendar_add_day(calendar, AT(1, 0, 0), AT(2, 0, 0)));
    assert_true(work_calendar_add_hours(calendar, AT(1, 0, 0), AT(1, 1, 0)));
    /* A close at midnight is of the day that it ends. */
    assert_due(work_due(calendar, LIMIT_WORK_DAY, 0, AT(0, 9, 0)), AT(1, 0, 0));
    assert_due(work_due(calendar, LIMIT_WORK_DAY, 0, AT(1, 0, 0)), AT(1, 1, 0));
    work_calendar_free(calendar);
}

static void test_a_close_at_midnight_before_a_day_off(void **state)
{
    struct work_calendar *calendar = work_calendar_new();

    (void)state;
    assert_true(work_calendar_add_day(calendar, AT(0, 0, 0), AT(1, 0, 0)));
    assert_true(work_calendar_add_hours(calendar, AT(0, 20, 0), AT(1, 0, 0)));
    assert_true(work_calendar_add_day(calendar, AT(1, 0, 0), AT(2, 0, 0)));
    assert_true(work_calendar_add_day(calendar, AT(2, 0, 0), AT(3, 0, 0)));
    assert_true(work_calendar_add_hours(calendar, AT(2, 8, 0), AT(2, 9, 0)));
    assert_due(work_due(calendar, LIMIT_WORK_DAY, 0, AT(1, 0, 0) - 1), AT(1, 0, 0));
    assert_due(work_due(calendar, LIMIT_WORK_DAY, 0, AT(1, 0, 0)), AT(2, 9, 0));
    work_calendar_free(calendar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work_hours),
        cmocka_unit_test(test_work_days),
        cmocka_unit_test(test_days_and_hours_that_run_through),
        cmocka_unit_test(test_outside_of_the_calendar),
        cmocka_unit_test(test_office_time_between),
        cmocka_unit_test(test_what_was_left_is_left_again),
        cmocka_unit_test(test_a_close_at_midnight_before_a_day_off),
        cmocka_unit_test(test_what_does_not_fit),
    };

    return cmocka_run_group_tests(tests, open_calendar, close_calendar);
}
