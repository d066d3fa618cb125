/* link_store_test.c - that a transaction reads what matters to it, each once, and finds what was written. Whether the
 * decisions are right with it, tests/link asks. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/runtime/link_store.h"

static const struct link_rule rule = {.radius_m = 15, .merge_us = LINK_EVER};

struct bench {
    struct arena *arena;
    struct link_store *store;
    struct link_reading reading;
    struct link_output output;
    int64_t link_seq;
};

static int set_up(void **state)
{
    static struct bench b;

    b = (struct bench){.arena = arena_new(), .store = link_store_new()};
    *state = &b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    link_store_free(b->store);
    arena_free(b->arena);
    return 0;
}

static struct link_sighting seen(uint32_t number, double metres_east)
{
    struct link_sighting s = {
        .rule = &rule,
        .place = {.where = LINK_AT_POINT,
                  .at = {114.35 + metres_east / 89790.5, 36.15},
                  .accuracy_m = 1},
        .unit = "U",
    };

    memcpy(s.event_id, &number, sizeof number);
    s.event_id[15] = 1;
    memcpy(s.case_id, s.event_id, UUID_SIZE);
    memcpy(s.report_id, s.event_id, UUID_SIZE);
    s.report_id[15] = 2;
    return s;
}

static void read(struct bench *b, const struct link_sighting *s, size_t count)
{
    link_store_read(b->store, b->arena, s, count, &b->reading);
}

static const uint32_t *link(struct bench *b, const struct link_sighting *s, size_t count)
{
    read(b, s, count);
    link_sightings(b->arena,
                   &(struct link_input){s, count, b->reading.cases, b->reading.case_count,
                                        b->reading.reports, b->reading.report_count,
                                        ++b->link_seq, NULL},
                   &b->output);
    return link_store_write(b->store, b->arena, &b->reading, &b->output);
}

static void test_near_by(void **state)
{
    struct bench *b = *state;
    struct link_sighting s[] = {seen(1, 0), seen(2, 300), seen(3, 5000), seen(4, 1)};

    s[3].group = 7; /* another one, at the same place */
    assert_int_equal(link(b, s, 4)[3], 3);
    assert_int_equal(link_store_count(b->store), 4);
    read(b, &(struct link_sighting[]){seen(9, 2)}[0], 1);
    assert_int_equal(b->reading.case_count, 2);
    assert_int_equal(b->reading.report_count, 0);
    assert_int_equal(link(b, &(struct link_sighting[]){seen(5, 3)}[0], 1)[0],
                     b->reading.numbers[0]);
    assert_int_equal(b->output.decisions[0].outcome, LINK_MORE);
    assert_int_equal(link_store_case(b->store, 0)->standing, 2);
    assert_false(link_store_case(b->store, 0)->is_changed);
}

static void test_by_id(void **state)
{
    struct bench *b = *state;
    struct link_sighting first = seen(1, 0), revision = seen(2, 9000), no_rule = first;
    uint8_t spare_id[UUID_SIZE];

    link(b, &first, 1);
    memcpy(revision.report_id, first.report_id, UUID_SIZE);
    read(b, &revision, 1);
    assert_int_equal(b->reading.report_count, 1);
    assert_int_equal(b->reading.case_count, 1); /* that holds the report */
    no_rule.rule = NULL;
    memset(no_rule.report_id, 9, UUID_SIZE);
    read(b, &no_rule, 1);
    assert_int_equal(b->reading.case_count, 0);

    link_spare_id(spare_id, revision.case_id, revision.event_id);
    first = seen(3, 20000);
    memcpy(first.case_id, spare_id, UUID_SIZE);
    link(b, &first, 1);
    memset(revision.report_id, 8, UUID_SIZE);
    read(b, &revision, 1);
    assert_int_equal(b->reading.case_count, 1); /* that took the derived id */
    assert_int_equal(link_store_find(b->store, spare_id), 1);
}

static void test_heads_of_merged_ones(void **state)
{
    struct bench *b = *state;
    struct link_sighting s[] = {seen(1, 0), seen(2, 5000), seen(3, 9000)};

    link(b, s, 3);
    for (uint32_t i = 0; i < 3; i++) { /* round and round */
        struct link_case *c = link_store_case(b->store, i);
        c->life = LINK_MERGED;
        memcpy(c->merged_into, link_store_case(b->store, (i + 1) % 3)->case_id,
               UUID_SIZE);
    }
    read(b, &(struct link_sighting[]){seen(9, 1)}[0], 1);
    assert_int_equal(b->reading.case_count, 3);
}

static void test_texts_and_growth(void **state)
{
    struct bench *b = *state;
    char unit[] = "U-1";

    for (uint32_t i = 0; i < 5000; i++) {
        struct link_sighting s = seen(i, 100.0 * i);
        s.unit = unit;
        link(b, &s, 1);
        arena_reset(b->arena, 0);
    }
    unit[2] = '2';
    assert_int_equal(link_store_count(b->store), 5000);
    for (uint32_t i = 0; i < 5000; i++) {
        struct link_sighting s = seen(i, 100.0 * i);
        assert_int_equal(link_store_find(b->store, s.case_id), i);
        assert_string_equal(link_store_case(b->store, i)->unit, "U-1");
        read(b, &s, 1);
        assert_int_equal(b->reading.report_count, 1);
        assert_true(b->reading.case_count >= 7 && b->reading.case_count < 32);
        arena_reset(b->arena, 0);
    }
}

static void test_without_a_place(void **state)
{
    struct bench *b = *state;
    struct link_sighting s = seen(1, 0), other = seen(2, 0);

    s.place = other.place = (struct link_place){.where = LINK_NOWHERE};
    link(b, &s, 1);
    link(b, &other, 1);
    assert_int_equal(b->reading.case_count, 0);
    assert_int_equal(link_store_count(b->store), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_near_by),
        TEST(test_by_id),
        TEST(test_heads_of_merged_ones),
        TEST(test_texts_and_growth),
        TEST(test_without_a_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
