/* sqlstate_test.c - the tables of sqlstate.c, code by code, and the row number of a failed COPY. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sysexits.h>

#include <cmocka.h>

#include "common/sqlstate.h"

static void test_the_servers_state_is_tried_again(void **state)
{
    static const char *const codes[] = {
        "",      "08000", "08006", "08007", "40001", "40003", "40P01", "53000", "53100",
        "53200", "53300", "57014", "57P01", "57P02", "57P03", "55P03", "25006", "25P03"};

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        assert_int_equal(sqlstate_outcome(codes[i]), RETRY);
}

static void test_everything_else_is_fatal(void **state)
{
    static const char *const codes[] = {
        "00000", "22003", "22021", "22P04", "23502", "23505", "23514", "25P02",
        "28P01", "3D000", "3F000", "42501", "42601", "42P01", "54000", "55006",
        "58030", "P0001", "XX000", "26000", "0A000", "2BP01"};

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        assert_int_equal(sqlstate_outcome(codes[i]), FATAL);
}

static void test_what_setup_makes(void **state)
{
    (void)state;
    assert_true(sqlstate_is_undefined("42P01"));
    assert_true(sqlstate_is_undefined("42703"));
    assert_true(sqlstate_is_undefined("3F000"));
    assert_false(sqlstate_is_undefined("42501"));
    assert_false(sqlstate_is_undefined(""));
}

static void test_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(sqlstate_exit_code("28P01"), EX_NOPERM);
    assert_int_equal(sqlstate_exit_code("28000"), EX_NOPERM);
    assert_int_equal(sqlstate_exit_code("42501"), EX_NOPERM);
    assert_int_equal(sqlstate_exit_code("3D000"), EX_CONFIG);
    assert_int_equal(sqlstate_exit_code("42601"), EX_SOFTWARE);
    assert_int_equal(sqlstate_exit_code("XX000"), EX_SOFTWARE);
}

static void test_messages_that_quote_values_are_replaced(void **state)
{
    (void)state;
    assert_true(sqlstate_quotes_data("22P02"));
    assert_true(sqlstate_quotes_data("23505"));
    assert_true(sqlstate_quotes_data("P0001"));
    assert_false(sqlstate_quotes_data("42P01"));
    assert_false(sqlstate_quotes_data("53100"));
    assert_string_equal(sqlstate_meaning("22003"), "number out of range");
    assert_string_equal(sqlstate_meaning("22999"), "value not accepted");
    assert_string_equal(sqlstate_meaning("42601"), "failed");
}

/* As PostgreSQL 15's own catalogues translate it. */
static void test_the_row_is_found_in_any_language(void **state)
{
    static const struct {
        const char *context;
        size_t line;
    } cases[] = {
        {"COPY drone_alert, line 17, column speed", 17},
        {"COPY drone_alert, line 1", 1},
        {"COPY t2, Zeile 12345678901, Spalte c9", 12345678901},
        {"COPY drone_alert, línea 4, columna a", 4},
        {"COPY drone_alert, ligne 5 : « 77 »", 5},
        {"COPY drone_alert, 第 6 行, 列 c", 6},
        {"COPY drone_alert, 第 8 行, 欄位 c", 8},
        {"COPY drone_alert, строка 9, столбец c", 9},
        {"JSON data, line 1: {\"a\nCOPY patrol_log, line 10, column participants", 10},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(sqlstate_copy_line(cases[i].context), cases[i].line);
}

static void test_no_row_rather_than_a_wrong_one(void **state)
{
    static const char *const contexts[] = {
        "",
        "COPY",
        "COPY drone_alert",
        "COPY drone_alert7",
        "COPY drone_alert, line",
        "COPY drone_alert,\n77",
        "COPY drone_alert\n, line 3",
        "drone_alertのCOPY、行 17、列 c",
        "JSON data, line 1: COPY x, line 5",
        "PL/pgSQL function f() line 3 at RAISE",
    };

    (void)state;
    assert_int_equal(sqlstate_copy_line(NULL), 0);
    for (size_t i = 0; i < sizeof contexts / sizeof *contexts; i++)
        assert_int_equal(sqlstate_copy_line(contexts[i]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_servers_state_is_tried_again),
        cmocka_unit_test(test_everything_else_is_fatal),
        cmocka_unit_test(test_what_setup_makes),
        cmocka_unit_test(test_exit_codes),
        cmocka_unit_test(test_messages_that_quote_values_are_replaced),
        cmocka_unit_test(test_the_row_is_found_in_any_language),
        cmocka_unit_test(test_no_row_rather_than_a_wrong_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
