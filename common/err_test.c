/* err_test.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sysexits.h>

#include "common/err.h"
#include "common/text.h"

static void set_gives_outcome_and_text(void **state)
{
    struct err e;

    (void)state;
    assert_int_equal(err_set(&e, RETRY, "no answer in %d ms", 500), RETRY);
    assert_int_equal(e.outcome, RETRY);
    assert_int_equal(e.exit_code, 0);
    assert_string_equal(e.message, "no answer in 500 ms");
    assert_int_equal(err_set(&e, FATAL, "%s", "x"), FATAL);
    assert_int_equal(e.exit_code, EX_SOFTWARE);
}

static void exit_carries_its_code(void **state)
{
    struct err e;

    (void)state;
    assert_int_equal(err_exit(&e, EX_CONFIG, "line %d", 3), FATAL);
    assert_int_equal(e.outcome, FATAL);
    assert_int_equal(e.exit_code, EX_CONFIG);
    assert_string_equal(e.message, "line 3");
}

static void wrap_puts_context_in_front(void **state)
{
    struct err e;

    (void)state;
    err_set(&e, REJECT, "lock timeout");
    assert_int_equal(err_wrap(&e, "claiming partition %d", 3), REJECT);
    err_wrap(&e, "storing");
    assert_int_equal(e.outcome, REJECT);
    assert_string_equal(e.message, "storing: claiming partition 3: lock timeout");
    err_exit(&e, EX_NOPERM, "no");
    err_wrap(&e, "opening");
    assert_int_equal(e.exit_code, EX_NOPERM);
}

static void long_texts_are_cut(void **state)
{
    char longer[2 * sizeof(struct err)];
    struct err e;

    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    err_set(&e, RETRY, "%s", longer);
    assert_int_equal(strlen(e.message), sizeof e.message - 1);
    err_wrap(&e, "why");
    assert_int_equal(strlen(e.message), sizeof e.message - 1);
    assert_memory_equal(e.message, "why: xxx", 8);
    err_wrap(&e, "%s", longer);
    assert_int_equal(strlen(e.message), sizeof e.message - 1);
}

static void wrap_may_use_its_own_message(void **state)
{
    struct err e;

    (void)state;
    err_set(&e, RETRY, "inner");
    err_wrap(&e, "outer of %s", e.message);
    assert_string_equal(e.message, "outer of inner: inner");
}

static void a_message_is_one_line(void **state)
{
    struct err e;

    (void)state;
    err_exit(&e, EX_CONFIG, "unknown key '%s'",
             "a\x1b[2J\n\x7f\xc2\x9b"
             "b 张\xd0");
    assert_string_equal(e.message, "unknown key 'a?[2J????b 张?'");
    err_set(&e, RETRY, "\xc2\xa0 stays");
    assert_string_equal(e.message, "\xc2\xa0 stays");
}

static void what_is_cut_is_text(void **state)
{
    static const char *const characters[] = {"é", "长", "\xf0\x9f\x9a\x81"};
    char longer[2 * sizeof(struct err)];
    struct err e;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (size_t shift = 0; shift < 4; shift++) {
            size_t size = strlen(characters[i]);
            memset(longer, 'x', sizeof longer - 1);
            for (size_t at = shift; at + size < sizeof longer; at += size)
                memcpy(longer + at, characters[i], size);
            longer[sizeof longer - 1] = '\0';
            err_set(&e, RETRY, "%s", longer);
            assert_int_equal(strlen(e.message), sizeof e.message - 1);
            assert_true(text_is_utf8(e.message, strlen(e.message), NULL, NULL));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_gives_outcome_and_text),
        cmocka_unit_test(exit_carries_its_code),
        cmocka_unit_test(wrap_puts_context_in_front),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(wrap_may_use_its_own_message),
        cmocka_unit_test(a_message_is_one_line),
        cmocka_unit_test(what_is_cut_is_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
