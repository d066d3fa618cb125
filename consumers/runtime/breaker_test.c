/* breaker_test.c - when a partition is paused, what is asked after the pause, and when it goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "consumers/runtime/breaker.h"

enum { PAUSE_MS = 60000 };

static int set_up(void **state)
{
    *state = breaker_new(PAUSE_MS);
    return 0;
}

static int tear_down(void **state)
{
    breaker_free(*state);
    return 0;
}

/* The number of the first event with a verdict, from 1; 0: none had one. */
static int count(struct breaker *breaker, int32_t partition, bool is_reject, int times,
                 int64_t now_ms, enum verdict *verdict)
{
    for (int i = 1; i <= times; i++) {
        *verdict = breaker_count(breaker, partition, is_reject, now_ms);
        if (*verdict != VERDICT_NONE)
            return i;
    }
    return 0;
}

static void flood(struct breaker *breaker, int32_t partition, int64_t now_ms)
{
    enum verdict verdict;

    assert_int_equal(count(breaker, partition, true, 1000, now_ms, &verdict), 100);
    assert_int_equal(verdict, VERDICT_PAUSE);
}

static void test_a_hundred_in_a_row(void **state)
{
    flood(*state, 3, 0);
    assert_true(breaker_is_paused(*state, 3, 0));
    assert_true(breaker_is_paused(*state, 3, PAUSE_MS - 1));
    assert_false(breaker_is_paused(*state, 3, PAUSE_MS));
    assert_false(breaker_is_paused(*state, 2, 0));
    assert_int_equal(breaker_troubled(*state), 1);
}

static void test_half_of_them_and_not_less(void **state)
{
    enum verdict verdict = VERDICT_NONE;

    for (int i = 0; i < 100000; i++)
        assert_int_equal(breaker_count(*state, 1, i % 100 < 49, 0), VERDICT_NONE);
    for (int i = 0; i < 200 && !verdict; i++)
        verdict = breaker_count(*state, 2, i % 2 == 1, 0);
    assert_int_equal(verdict, VERDICT_PAUSE);
    assert_int_equal(breaker_troubled(*state), 1);
}

static void test_partitions_are_counted_apart(void **state)
{
    for (int i = 0; i < 99 * 5; i++)
        assert_int_equal(breaker_count(*state, i % 5, true, 0), VERDICT_NONE);
    assert_int_equal(breaker_count(*state, 4, true, 0), VERDICT_PAUSE);
    assert_true(breaker_admits(*state, 3));
}

static void test_what_comes_while_paused_is_not_counted(void **state)
{
    enum verdict verdict;

    flood(*state, 0, 0);
    assert_int_equal(count(*state, 0, false, 1000, 1, &verdict), 0);
    assert_true(breaker_is_paused(*state, 0, 1));
}

static void test_ten_are_asked_for(void **state)
{
    enum verdict verdict;

    flood(*state, 0, 0);
    for (int i = 0; i < 10; i++)
        assert_true(breaker_admits(*state, 0));
    assert_false(breaker_admits(*state, 0));
    assert_true(breaker_admits(*state, 1));
    /* Four were committed, the others have to come again. */
    assert_int_equal(count(*state, 0, false, 4, PAUSE_MS, &verdict), 0);
    breaker_begin(*state);
    for (int i = 0; i < 6; i++)
        assert_true(breaker_admits(*state, 0));
    assert_false(breaker_admits(*state, 0));
    assert_int_equal(count(*state, 0, false, 6, PAUSE_MS, &verdict), 6);
    assert_int_equal(verdict, VERDICT_GO_ON);
    assert_int_equal(breaker_troubled(*state), 0);
    for (int i = 0; i < 1000; i++)
        assert_true(breaker_admits(*state, 0));
}

static void test_mostly_good_is_good_enough(void **state)
{
    for (int bad = 0; bad <= 10; bad++) {
        struct breaker *breaker = breaker_new(PAUSE_MS);
        enum verdict verdict = VERDICT_NONE;
        flood(breaker, 0, 0);
        for (int i = 0; i < 10; i++)
            verdict = breaker_count(breaker, 0, i < bad, PAUSE_MS);
        assert_int_equal(verdict, bad < 5 ? VERDICT_GO_ON : VERDICT_PAUSE);
        assert_int_equal(breaker_is_paused(breaker, 0, 2 * PAUSE_MS - 1), bad >= 5);
        assert_int_equal(breaker_troubled(breaker), bad >= 5);
        breaker_free(breaker);
    }
    (void)state;
}

static void test_it_begins_anew_after_a_pause(void **state)
{
    enum verdict verdict;

    flood(*state, 0, 0);
    assert_int_equal(count(*state, 0, false, 10, PAUSE_MS, &verdict), 10);
    flood(*state, 0, PAUSE_MS);
    assert_true(breaker_is_paused(*state, 0, 2 * PAUSE_MS - 1));
}

static void test_partitions_given_away_are_forgotten(void **state)
{
    const int32_t kept[] = {1, 5};

    flood(*state, 0, 0), flood(*state, 1, 0);
    assert_int_equal(breaker_troubled(*state), 2);
    breaker_keep(*state, kept, 2);
    assert_int_equal(breaker_troubled(*state), 1);
    assert_false(breaker_is_paused(*state, 0, 0));
    assert_true(breaker_is_paused(*state, 1, 0));
    flood(*state, 0, 0);
}

static void test_without_a_pause_it_does_nothing(void **state)
{
    struct breaker *breaker = breaker_new(0);
    enum verdict verdict;

    (void)state;
    assert_int_equal(count(breaker, 0, true, 1000, 0, &verdict), 0);
    assert_int_equal(breaker_troubled(breaker), 0);
    breaker_free(breaker);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_hundred_in_a_row),
        TEST(test_half_of_them_and_not_less),
        TEST(test_partitions_are_counted_apart),
        TEST(test_what_comes_while_paused_is_not_counted),
        TEST(test_ten_are_asked_for),
        TEST(test_mostly_good_is_good_enough),
        TEST(test_it_begins_anew_after_a_pause),
        TEST(test_partitions_given_away_are_forgotten),
        TEST(test_without_a_pause_it_does_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
