/* link_rule_test.c - windows at their very ends, and every life of a case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "consumers/runtime/link_rule.h"

static const struct link_rule first = {
    .merge_us = 100, .reopen_us = 50, .repeat_us = 200, .mute_us = 30, .mute_count = 2};
static const struct link_rule last = {.merge_us = 10,
                                      .reopen_us = LINK_NEVER,
                                      .repeat_us = LINK_NEVER,
                                      .anchor_last = true};
static const struct link_rule blind = {
    .merge_us = 100, .repeat_us = LINK_EVER, .ignore_status = true};

/* Seen first at 1,000 and last at 1,060, handled at 1,080 and closed at 1,090. */
static struct link_case a_case(enum link_life life)
{
    return (struct link_case){.life = life,
                              .first_us = 1000,
                              .last_us = 1060,
                              .reopened_us = LINK_NO_TIME,
                              .handled_us = 1080,
                              .closed_us = 1090};
}

static void windows_are_inclusive(void **unused)
{
    static const struct {
        const struct link_rule *rule;
        enum link_life life;
        int64_t us;
        enum link_fate fate;
        int64_t age_us;
        bool is_past;
    } rows[] = {
        {&first, LINK_OPEN, 1100, LINK_JOINS, 100, false},
        {&first, LINK_OPEN, 1101, LINK_REPEATS, 41, false},
        {&first, LINK_OPEN, 1260, LINK_REPEATS, 200, false},
        {&first, LINK_OPEN, 1261, LINK_APART, 201, false},
        {&first, LINK_OPEN, 900, LINK_JOINS, -100, false},
        {&first, LINK_OPEN, 899, LINK_APART, -161, false},
        {&first, LINK_CLOSED, 1079, LINK_JOINS, 79, true},
        {&first, LINK_CLOSED, 1080, LINK_REOPENS, -10, false},
        {&first, LINK_CLOSED, 1140, LINK_REOPENS, 50, false},
        {&first, LINK_CLOSED, 1141, LINK_REPEATS, 51, false},
        {&first, LINK_CLOSED, 1290, LINK_REPEATS, 200, false},
        {&first, LINK_CLOSED, 1291, LINK_APART, 201, false},
        {&first, LINK_DISMISSED, 1089, LINK_JOINS, 89, true},
        {&first, LINK_DISMISSED, 1090, LINK_IS_MUTED, 0, false},
        {&first, LINK_DISMISSED, 1120, LINK_IS_MUTED, 30, false},
        {&first, LINK_DISMISSED, 1121, LINK_APART, 31, false},
        {&first, LINK_CANCELLED, 1010, LINK_APART, -50, false},
        {&first, LINK_MERGED, 1010, LINK_APART, -50, false},
        {&last, LINK_OPEN, 1070, LINK_JOINS, 10, false},
        {&last, LINK_OPEN, 1071, LINK_APART, 11, false},
        {&last, LINK_OPEN, 990, LINK_JOINS, -70, false},
        {&last, LINK_OPEN, 989, LINK_APART, -71, false},
        {&last, LINK_CLOSED, 1085, LINK_APART, -5, false},
        {&blind, LINK_CLOSED, 1100, LINK_JOINS, 100, false},
        {&blind, LINK_DISMISSED, 1101, LINK_APART, 101, false},
        {&blind, LINK_CANCELLED, 1100, LINK_APART, 40, false},
    };
    (void)unused;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct link_case c = a_case(rows[i].life);
        struct link_answer a = link_ask(rows[i].rule, &c, NULL, rows[i].us);

        if (a.fate != rows[i].fate || a.age_us != rows[i].age_us
            || a.is_past != rows[i].is_past)
            fail_msg("row %zu: %d, %lld, %d", i, (int)a.fate, (long long)a.age_us,
                     a.is_past);
    }
}

static void muting_ends_by_count_or_by_a_person(void **unused)
{
    struct link_case c = a_case(LINK_DISMISSED);
    (void)unused;

    c.muted = 1;
    assert_int_equal(link_ask(&first, &c, NULL, 1100).fate, LINK_IS_MUTED);
    c.muted = 2;
    assert_int_equal(link_ask(&first, &c, NULL, 1100).fate, LINK_APART);
    c.muted = 0;
    c.mute_lifted = true;
    assert_int_equal(link_ask(&first, &c, NULL, 1100).fate, LINK_APART);
}

/* A case reopened at 1,500: what was seen in its former life still belongs to it. */
static void a_reopened_case_has_two_lives(void **unused)
{
    struct link_case c = a_case(LINK_OPEN);
    (void)unused;

    c.reopened_us = c.last_us = 1500;
    assert_int_equal(link_ask(&first, &c, NULL, 1600).age_us, 100);
    assert_int_equal(link_ask(&first, &c, NULL, 1600).fate, LINK_JOINS);
    assert_int_equal(link_ask(&first, &c, NULL, 1500).age_us, 0);
    assert_int_equal(link_ask(&first, &c, NULL, 1400).fate, LINK_JOINS);
    assert_int_equal(link_ask(&first, &c, NULL, 1399).fate, LINK_REPEATS);
    assert_int_equal(link_ask(&first, &c, NULL, 1050).fate, LINK_JOINS);
    assert_int_equal(link_ask(&first, &c, NULL, 1601).fate, LINK_REPEATS);
}

static void another_round_repeats(void **unused)
{
    struct link_case c = a_case(LINK_OPEN);
    (void)unused;

    c.place.round = "2026-1";
    c.closed_us = LINK_NO_TIME;
    assert_int_equal(link_ask(&first, &c, "2026-1", 1050).fate, LINK_JOINS);
    assert_int_equal(link_ask(&first, &c, NULL, 1050).fate, LINK_JOINS);
    assert_int_equal(link_ask(&first, &c, "2026-2", 1050).fate, LINK_REPEATS);
    assert_int_equal(link_ask(&first, &c, "2026-2", 1261).fate, LINK_APART);
    assert_int_equal(link_ask(&first, &c, "2025-4", 999).fate, LINK_APART);
}

/* Times come from outside: none of them may overflow. */
static void the_ends_of_time(void **unused)
{
    static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX};
    (void)unused;

    for (int i = 0; i < 5; i++) {
        for (int j = 0; j < 5; j++) {
            struct link_case c = a_case(LINK_OPEN);

            c.first_us = c.last_us = c.closed_us = ends[j];
            for (int life = LINK_OPEN; life <= LINK_MERGED; life++) {
                c.life = (enum link_life)life;
                link_ask(&first, &c, NULL, ends[i]);
                link_ask(&last, &c, NULL, ends[i]);
            }
        }
    }
    assert_true(link_us_between(INT64_MIN, 1) == INT64_MIN);
    assert_true(link_us_between(INT64_MAX, -1) == INT64_MAX);
    assert_true(link_us_between(7, 9) == -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_inclusive),
        cmocka_unit_test(muting_ends_by_count_or_by_a_person),
        cmocka_unit_test(a_reopened_case_has_two_lives),
        cmocka_unit_test(another_round_repeats),
        cmocka_unit_test(the_ends_of_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
