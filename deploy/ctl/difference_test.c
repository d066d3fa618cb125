/* difference_test.c - what counts as the same, and how a difference is told. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/runtime/link_rule.h"
#include "deploy/ctl/difference.h"

static const struct follow_column columns[] = {{"name", FOLLOW_TEXT},
                                               {"seen_at", FOLLOW_TIME},
                                               {"metres", FOLLOW_REAL},
                                               {"version", FOLLOW_INT32}};
static const struct follow_table table = {"t", columns, .count = 4, .input = "version"};

struct bench {
    struct differences *differences;
    struct text out;
};

static int set_up(void **state)
{
    static struct bench b;

    b = (struct bench){.differences = differences_new(2)};
    *state = &b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    differences_free(b->differences);
    text_free(&b->out);
    return 0;
}

static size_t compare(struct bench *b, const char *name, const char *us,
                      const char *metres)
{
    struct follow_row wanted = {.count = 0};
    const char *stored[] = {name, us, metres, "7"};
    size_t before = differences_count(b->differences);

    row_add_text(&wanted, "A");
    row_add_time(&wanted, 1767571200000000);
    row_add_real(&wanted, 0.1);
    row_add_number(&wanted, 8); /* not compared */
    difference_of_row(b->differences, &table, "key", stored, &wanted);
    return differences_count(b->differences) - before;
}

static void test_what_is_the_same(void **state)
{
    struct bench *b = *state;

    assert_int_equal(compare(b, "A", "1767571200000000", "0.1"), 0);
    assert_int_equal(compare(b, "A", "1767571200000000", "0.1000000001"), 0);
    assert_int_equal(compare(b, "A", "1767571200000000", "0.10001"), 1);
    assert_int_equal(compare(b, "A", "1767571200000000", "NaN"), 1);
    assert_int_equal(compare(b, "A", "1767571200000001", "0.1"), 1);
    assert_int_equal(compare(b, "A", NULL, "0.1"), 1);
    assert_int_equal(compare(b, NULL, NULL, NULL), 1); /* one row, three columns */
}

static void test_how_it_is_told(void **state)
{
    struct bench *b = *state;

    compare(b, NULL, "0", "0.1");
    difference_of_existence(b->differences, &table, "k2", true);
    difference_of_existence(b->differences, &table, "k3", false);
    difference_of_more(b->differences, 7);
    differences_print(b->differences, &b->out);
    assert_string_equal(
        b->out.bytes,
        "  t key name: null is stored, A follows from the events\n"
        "  t key seen_at: 1970-01-01T00:00:00Z is stored, 2026-01-05T00:00:00Z follows "
        "from the events\n"
        "  t k2 is stored, and does not follow from the events\n"
        "  and 8 more rows\n");
    text_clear(&b->out);
    differences_json(b->differences, &b->out);
    assert_non_null(strstr(b->out.bytes,
                           "{\"table\": \"t\", \"key\": \"k2\", \"row\": \"unexpected\", "
                           "\"column\": null, \"stored\": null, \"rebuilt\": null}]"));
}

static const struct follow_column all_types[] = {
    {"none", FOLLOW_ID},      {"some", FOLLOW_ID},    {"few", FOLLOW_INT32},
    {"below", FOLLOW_INT64},  {"truth", FOLLOW_BOOL}, {"never", FOLLOW_TIME},
    {"nowhere", FOLLOW_REAL}, {"null", FOLLOW_TEXT}};
static const struct follow_table types = {"t", all_types, .count = 8};

static void test_values(void **state)
{
    static const uint8_t none[UUID_SIZE], some[UUID_SIZE] = {0xab};
    static const char *const same[] = {
        NULL, "ab000000-0000-0000-0000-000000000000", NULL, "-5", "t", NULL, NULL, NULL};
    static const char *const other[] = {"", "", "0", "5", "f", "0", "0", ""};
    struct bench *b = *state;
    struct follow_row row = {.count = 0};

    row_add_id(&row, none);
    row_add_id(&row, some);
    row_add_positive(&row, 0);
    row_add_number(&row, -5);
    row_add_number(&row, true);
    row_add_time(&row, LINK_NO_TIME);
    row_add_real(&row, NAN);
    row_add_null(&row);
    difference_of_row(b->differences, &types, "same", same, &row);
    assert_int_equal(differences_count(b->differences), 0);
    difference_of_row(b->differences, &types, "other", other, &row);
    differences_print(b->differences, &b->out);
    for (size_t i = 0; i < types.count; i++)
        assert_non_null(strstr(b->out.bytes, all_types[i].name));
}

static void test_columns(void **state)
{
    struct bench *b = *state;

    follow_add_texts(&b->out, &table);
    assert_string_equal(
        b->out.bytes,
        "s.name, (extract(epoch from s.seen_at) * 1000000)::bigint, s.metres, s.version");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_the_same),
        TEST(test_how_it_is_told),
        TEST(test_values),
        TEST(test_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
