/* bucket_test.c - the bucket gives what its rate allows, and not a byte more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "consumers/runtime/bucket.h"

static void test_a_full_one_holds_a_minute(void **state)
{
    struct bucket bucket = bucket_full(1000, 5);

    (void)state;
    assert_false(bucket_take(&bucket, 64001, 5));
    assert_true(bucket_take(&bucket, 64000, 5));
    assert_false(bucket_take(&bucket, 1, 5));
    assert_true(bucket_take(&bucket, 0, 5));
}

static void test_it_fills_by_the_millisecond(void **state)
{
    struct bucket bucket = bucket_full(500, 0);

    (void)state;
    assert_true(bucket_take(&bucket, 32000, 0));
    assert_false(bucket_take(&bucket, 1, 1)); /* half a byte is there, and stays there */
    assert_true(bucket_take(&bucket, 1, 2));
    assert_false(bucket_take(&bucket, 501, 1002));
    assert_true(bucket_take(&bucket, 500, 1002));
}

static void test_it_never_holds_more_than_full(void **state)
{
    struct bucket bucket = bucket_full(1000, 0);

    (void)state;
    assert_true(bucket_take(&bucket, 1, 0));
    assert_false(bucket_take(&bucket, 64001, 63999));
    assert_false(bucket_take(&bucket, 64001, INT64_MAX / 2));
    assert_true(bucket_take(&bucket, 64000, INT64_MAX / 2));
}

static void test_without_a_rate_nothing_is_given(void **state)
{
    struct bucket bucket = bucket_full(0, 0);

    (void)state;
    assert_false(bucket_take(&bucket, 1, INT64_MAX / 2));
}

static void test_the_largest_rate(void **state)
{
    struct bucket bucket = bucket_full((int64_t)1 << 32, 0);

    (void)state;
    assert_true(bucket_take(&bucket, (size_t)64 << 32, 0));
    assert_false(bucket_take(&bucket, ((size_t)63 << 32) + 1, 63000));
    assert_true(bucket_take(&bucket, (size_t)63 << 32, 63000));
}

/* Whatever is asked and when: no more than a full bucket and what came in meanwhile. */
static void test_the_sum_is_bounded(void **state)
{
    uint32_t seed = 20260101;
    struct bucket bucket = bucket_full(777, 0);
    int64_t now_ms = 0;
    size_t given = 0;

    (void)state;
    printf("seed %u\n", seed);
    for (int i = 0; i < 100000; i++) {
        size_t wanted;
        seed = seed * 1664525 + 1013904223;
        now_ms += (seed >> 8) % 50;
        wanted = (seed >> 16) % 100;
        if (bucket_take(&bucket, wanted, now_ms))
            given += wanted;
        assert_true(given * 1000 <= 777 * (64000 + (size_t)now_ms));
    }
    assert_true(given * 1000 + 200 * 1000 >= 777 * (size_t)now_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_one_holds_a_minute),
        cmocka_unit_test(test_it_fills_by_the_millisecond),
        cmocka_unit_test(test_it_never_holds_more_than_full),
        cmocka_unit_test(test_without_a_rate_nothing_is_given),
        cmocka_unit_test(test_the_largest_rate),
        cmocka_unit_test(test_the_sum_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
