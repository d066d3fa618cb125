/* nearest_test.c - which name was meant. */
#include "producers/runtime/testing.h"

#include "producers/runtime/nearest.h"

static const char *nearest(const char *word)
{
    static const char *const names[] = {"start_lon", "start_lat", "remark",
                                        "ALERT",     "UPDATE",    "is_test"};
    struct nearest near = nearest_to(word);

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        nearest_try(&near, names[i]);
    return near.best ? near.best : "";
}

static void finds_the_name_that_was_meant(void **state)
{
    (void)state;
    assert_string_equal(nearest("start_lta"), "start_lat"); /* a swap is one step */
    assert_string_equal(nearest("startlon"), "start_lon");
    assert_string_equal(nearest("REMARKS"), "remark"); /* case is none */
    assert_string_equal(nearest("alert"), "ALERT");
    assert_string_equal(nearest("istest"), "is_test");
}

static void does_not_guess(void **state)
{
    char longest[200];

    (void)state;
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_string_equal(nearest("temperature"), "");
    assert_string_equal(nearest("q"), "");
    assert_string_equal(nearest(""), "");
    assert_string_equal(nearest(longest), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_name_that_was_meant),
        cmocka_unit_test(does_not_guess),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
