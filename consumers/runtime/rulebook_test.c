/* rulebook_test.c - which row counts: by key, by date, the group before everybody, the small area before the large.
 * PostgreSQL is four short lists here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/pg.h"
#include "consumers/runtime/rulebook.h"

/* ---- a server ---- */

enum { COLUMNS = 13 };

struct pg_result {
    const char *const (*cells)[COLUMNS];
    size_t rows;
};

#define ALWAYS "-9223372036854775808", "9223372036854775807"
#define RULE(radius, merge) radius, merge, "-1", "70", "-1", "3", "1", "0", "1"

static const char *const categories[][COLUMNS] = {
    {"s", "A", "-9223372036854775808", "1000", "OLD", "1"},
    {"s", "A", "1000", "9223372036854775807", "NEW", "0"},
    {"s", "B", ALWAYS, "NO_RULE", "1"},
    {"t", "A", ALWAYS, "FLAT", "0"},
};
static const char *const rules[][COLUMNS] = {
    {"FLAT", "", ALWAYS, RULE(NULL, "9223372036854775807")},
    {"NEW", "", ALWAYS, RULE("15.5", "60")},
    {"OLD", "", ALWAYS, RULE("20", "60")},
    {"OWN", "", "500", "600", RULE("30", "60")},
};
static const char *const accuracies[][COLUMNS] = {{"CAMERA", "", ALWAYS, "60"},
                                                  {"TARGET", "", ALWAYS, "4.5"}};
static const char *const units[][COLUMNS] = {
    {"D", "*", ALWAYS, "d-all"},
    {"D", "NEW", ALWAYS, "d-new"},
    {"G", "*", ALWAYS, "g-all"},
    {"S", "NEW", "-9223372036854775808", "1000", "s-new"},
};
#define TABLE(table)                                                                     \
    {                                                                                    \
        table, sizeof(table) / sizeof *(table)                                           \
    }
static struct pg_result tables[RULEBOOK_TABLES] = {TABLE(categories), TABLE(rules),
                                                   TABLE(accuracies), TABLE(units)};
static const char *const names[RULEBOOK_TABLES] = {
    "from reference.category", "from reference.dedup_rule",
    "from reference.position_default", "from reference.responsibility"};
static int reads;
static enum outcome server_outcome;

enum outcome pg_query(struct pg *pg, const char *sql, const char *const *parameters,
                      size_t count, struct pg_result **result, struct err *e)
{
    (void)pg;
    (void)count;
    if (server_outcome)
        return err_set(e, server_outcome, "the server says no");
    for (int i = 0; i < RULEBOOK_TABLES; i++)
        if (strstr(sql, names[i])) {
            assert_int_equal(atoi(parameters[0]), 10 + i);
            *result = &tables[i];
        }
    reads++;
    return DONE;
}

size_t pg_rows(const struct pg_result *result)
{
    return result->rows;
}

const char *pg_value(const struct pg_result *result, size_t row, size_t column)
{
    return result->cells[row][column];
}

int64_t pg_number(const struct pg_result *result, size_t row, size_t column)
{
    const char *value = pg_value(result, row, column);

    return value ? strtoll(value, NULL, 10) : 0;
}

void pg_result_free(struct pg_result *result)
{
    (void)result;
}

static const int32_t versions[RULEBOOK_TABLES] = {10, 11, 12, 13};

static int open_book(void **state)
{
    struct err e;

    reads = 0;
    server_outcome = DONE;
    *state = rulebook_read(NULL, versions, &e);
    return *state ? 0 : -1;
}

static int close_book(void **state)
{
    rulebook_free(*state);
    return 0;
}

/* ---- tests ---- */

static void test_the_rule_of_a_category(void **state)
{
    struct ruling ruling = rulebook_rule(*state, "s", "A", "OWN", 1000);

    assert_string_equal(ruling.group, "NEW");
    assert_true(ruling.by_place);
    assert_false(ruling.auto_dispatch);
    assert_int_equal(ruling.rule_version, 11);
    assert_int_equal(ruling.category_version, 10);
    assert_true(ruling.rule->radius_m > 15.4 && ruling.rule->radius_m < 15.6);
    assert_int_equal(ruling.rule->merge_us, 60);
    assert_int_equal(ruling.rule->reopen_us, LINK_NEVER);
    assert_int_equal(ruling.rule->repeat_us, 70);
    assert_int_equal(ruling.rule->mute_us, LINK_NEVER);
    assert_int_equal(ruling.rule->mute_count, 3);
    assert_true(ruling.rule->anchor_last && !ruling.rule->same_unit
                && ruling.rule->ignore_status);
}

static void test_the_row_of_its_day(void **state)
{
    struct ruling ruling = rulebook_rule(*state, "s", "A", NULL, 999);

    assert_string_equal(ruling.group, "OLD");
    assert_true(ruling.auto_dispatch);
    assert_string_equal(rulebook_rule(*state, "s", "?", "OWN", 500).group, "OWN");
    assert_null(rulebook_rule(*state, "s", "?", "OWN", 600).rule);
}

static void test_a_category_that_is_not_known(void **state)
{
    struct ruling own = rulebook_rule(*state, "u", "A", "OWN", 550);

    assert_string_equal(own.group, "OWN");
    assert_int_equal(own.category_version, 0);
    assert_null(rulebook_rule(*state, "u", "A", NULL, 550).rule);
    /* One that is known, of a group without a rule, is not taken for another. */
    assert_null(rulebook_rule(*state, "s", "B", "OWN", 550).rule);
}

static void test_a_group_without_geometry(void **state)
{
    struct ruling ruling = rulebook_rule(*state, "t", "A", NULL, 0);

    assert_non_null(ruling.rule);
    assert_false(ruling.by_place);
    assert_int_equal(ruling.rule->merge_us, LINK_EVER);
}

static void test_accuracies(void **state)
{
    assert_true(rulebook_accuracy_m(*state, "TARGET", 0) > 4.4);
    assert_true(rulebook_accuracy_m(*state, "CAMERA", 0) > 59);
    assert_false(rulebook_accuracy_m(*state, "ELSE", 0) > 0);
}

static void test_who_is_responsible(void **state)
{
    const struct location location = {
        .grid_code = "G", .subdistrict_code = "S", .district_code = "D"};
    const struct location outside = {0};

    assert_string_equal(rulebook_unit(*state, &location, "NEW", 999), "s-new");
    assert_string_equal(rulebook_unit(*state, &location, "NEW", 1000), "d-new");
    assert_string_equal(rulebook_unit(*state, &location, "OLD", 0), "g-all");
    assert_null(rulebook_unit(*state, &outside, "NEW", 0));
}

static void test_nothing_was_loaded(void **state)
{
    static const int32_t none[RULEBOOK_TABLES] = {0};
    struct err e;
    struct rulebook *book;

    assert_int_equal(reads, 4);
    book = rulebook_read(NULL, none, &e);
    (void)state;
    assert_int_equal(reads, 4);
    assert_null(rulebook_rule(book, "s", "A", "OWN", 550).rule);
    rulebook_free(book);
}

static void test_tables_of_several_books(void **state)
{
    static const int32_t none[RULEBOOK_TABLES] = {0};
    struct err e;
    struct rulebook *empty = rulebook_read(NULL, none, &e), *mixed;
    const struct rulebook *books[RULEBOOK_TABLES] = {*state, *state, empty, *state};

    mixed = rulebook_of(books);
    assert_string_equal(rulebook_rule(mixed, "s", "A", NULL, 2000).group, "NEW");
    assert_int_equal(rulebook_rule(mixed, "s", "A", NULL, 2000).rule_version, 11);
    assert_false(rulebook_accuracy_m(mixed, "TARGET", 0) > 0);
    rulebook_free(mixed);
    rulebook_free(empty);
}

static void test_trouble_with_the_server(void **state)
{
    struct err e;

    (void)state;
    server_outcome = RETRY;
    assert_null(rulebook_read(NULL, versions, &e));
    assert_int_equal(e.outcome, RETRY);
    assert_non_null(strstr(e.message, "rules_category"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_book, close_book)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_rule_of_a_category),
        TEST(test_the_row_of_its_day),
        TEST(test_a_category_that_is_not_known),
        TEST(test_a_group_without_geometry),
        TEST(test_accuracies),
        TEST(test_who_is_responsible),
        TEST(test_nothing_was_loaded),
        TEST(test_tables_of_several_books),
        TEST(test_trouble_with_the_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
