/* backoff_test.c - it grows, it ends, and it is never longer than it may be. */
#include "common/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_it_doubles_up_to_its_limit(void **state)
{
    static const int64_t before_chance[] = {100, 200, 400, 700, 700};
    struct backoff backoff = {0};

    (void)state;
    for (size_t i = 0; i < sizeof before_chance / sizeof *before_chance; i++) {
        int64_t ms = backoff_next(&backoff, 700);
        assert_in_range(ms, before_chance[i] / 2, before_chance[i]);
    }
}

static void test_what_went_well_begins_anew(void **state)
{
    struct backoff backoff = {0};

    (void)state;
    for (int i = 0; i < 20; i++)
        backoff_next(&backoff, 5000);
    backoff_end(&backoff);
    assert_in_range(backoff_next(&backoff, 5000), 50, 100);
}

static void test_a_limit_below_the_first_wait_holds(void **state)
{
    struct backoff backoff = {0};

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_in_range(backoff_next(&backoff, 3), 1, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_doubles_up_to_its_limit),
        cmocka_unit_test(test_what_went_well_begins_anew),
        cmocka_unit_test(test_a_limit_below_the_first_wait_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
