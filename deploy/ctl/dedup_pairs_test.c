/* dedup_pairs_test.c - against every pair looked at one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "consumers/runtime/link_index.h"
#include "deploy/ctl/dedup_pairs.h"

enum { MOST_SHOWN = 500 };

static void add(struct pairs *pairs, uint32_t recorded, uint32_t simulated, bool asked)
{
    pairs_add(pairs,
              &(struct paired){.is_asked_for = asked, .cases = {recorded, simulated}});
}

static bool together(const struct paired *a, const struct paired *b, enum course course)
{
    return a->cases[course] == b->cases[course] && a->cases[course] != LINK_NONE;
}

static bool differs(const struct paired *a, const struct paired *b, enum course here)
{
    return together(a, b, here) && !together(a, b, !here)
           && (a->is_asked_for || b->is_asked_for);
}

static uint64_t count_one_by_one(const struct pairs *pairs, enum course here)
{
    uint64_t count = 0;

    for (size_t i = 0; i < pairs->count; i++)
        for (size_t j = 0; j < i; j++)
            count += differs(&pairs->list[j], &pairs->list[i], here);
    return count;
}

static void check(const struct pairs *pairs, enum course here)
{
    struct pair shown[MOST_SHOWN];
    size_t count;
    uint64_t wanted = count_one_by_one(pairs, here);

    assert_int_equal(pairs_differing(pairs, here, shown, MOST_SHOWN, &count), wanted);
    assert_int_equal(count > 0, wanted > 0);
    for (size_t i = 0; i < count; i++) {
        assert_true(shown[i].earlier < shown[i].later);
        assert_true(differs(shown[i].earlier, shown[i].later, here));
        for (size_t j = 0; j < i; j++)
            assert_ptr_not_equal(shown[i].later, shown[j].later);
    }
}

static void test_single_courses(void **state)
{
    struct pairs pairs = {0};
    struct pair shown[2];
    size_t count;

    (void)state;
    assert_int_equal(pairs_differing(&pairs, RECORDED, shown, 2, &count), 0);
    assert_int_equal(count, 0);
    add(&pairs, 0, 0, false);
    add(&pairs, 0, 1, true);
    add(&pairs, 0, LINK_NONE, true);
    add(&pairs, 0, LINK_NONE, true);
    add(&pairs, 0, 0, false); /* with the first in both */
    assert_int_equal(pairs_differing(&pairs, RECORDED, shown, 2, &count), 9);
    assert_int_equal(count, 2);
    assert_ptr_equal(shown[0].earlier, &pairs.list[1]); /* the first is not asked for */
    assert_ptr_equal(shown[0].later, &pairs.list[4]);
    assert_ptr_equal(shown[1].earlier, &pairs.list[0]);
    assert_ptr_equal(shown[1].later, &pairs.list[1]);
    assert_int_equal(pairs_differing(&pairs, SIMULATED, shown, 2, &count), 0);
    pairs_free(&pairs);
}

static void test_random_ones(void **state)
{
    const char *given = getenv("GRIDLOOP_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);

    (void)state;
    printf("GRIDLOOP_SEED=%u\n", seed);
    for (int round = 0; round < 300; round++) {
        struct pairs pairs = {0};
        int count = rand_r(&seed) % 60, cases = 1 + rand_r(&seed) % 12;
        for (int i = 0; i < count; i++) {
            int a = rand_r(&seed) % (cases + 1), b = rand_r(&seed) % (cases + 1);
            add(&pairs, a ? (uint32_t)a : LINK_NONE, b ? (uint32_t)b : LINK_NONE,
                rand_r(&seed) % 3 > 0);
        }
        check(&pairs, RECORDED);
        check(&pairs, SIMULATED);
        pairs_free(&pairs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_courses),
        cmocka_unit_test(test_random_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
