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

static const struct cell_column columns[] = {
    {"name", CELL_TEXT}, {"seen_at", CELL_TIME}, {"metres", CELL_REAL}};

struct bench {
    struct arena *arena;
    struct differences *differences;
    struct text out;
};

static int set_up(void **state)
{
    static struct bench b;

    b = (struct bench){.arena = arena_new(), .differences = differences_new(2)};
    *state = &b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    differences_free(b->differences);
    arena_free(b->arena);
    text_free(&b->out);
    return 0;
}

static size_t compare(struct bench *b, const char *name, const char *us,
                      const char *metres)
{
    struct cells wanted = {.arena = b->arena};
    const char *stored[] = {name, us, metres};
    size_t before = differences_count(b->differences);

    cell_text(&wanted, "A");
    cell_time(&wanted, 1767571200000000);
    cell_real(&wanted, 0.1);
    difference_of_row(b->differences, "t", "key", columns, stored, &wanted);
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
    difference_of_existence(b->differences, "t", "k2", true);
    difference_of_existence(b->differences, "t", "k3", false);
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

static void test_values(void **state)
{
    static const uint8_t none[UUID_SIZE], some[UUID_SIZE] = {0xab};
    struct bench *b = *state;
    struct cells cells = {.arena = b->arena};

    cell_id(&cells, none);
    cell_id(&cells, some);
    cell_positive(&cells, 0);
    cell_number(&cells, -5);
    cell_truth(&cells, true);
    cell_time(&cells, LINK_NO_TIME);
    cell_real(&cells, NAN);
    assert_int_equal(cells.count, 7);
    assert_null(cells.values[0]);
    assert_string_equal(cells.values[1], "ab000000-0000-0000-0000-000000000000");
    assert_null(cells.values[2]);
    assert_string_equal(cells.values[3], "-5");
    assert_string_equal(cells.values[4], "t");
    assert_null(cells.values[5]);
    assert_null(cells.values[6]);
}

static void test_columns(void **state)
{
    struct bench *b = *state;

    difference_add_columns(&b->out, columns, 3);
    assert_string_equal(b->out.bytes,
                        "name, (extract(epoch from seen_at) * 1000000)::bigint, metres");
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
