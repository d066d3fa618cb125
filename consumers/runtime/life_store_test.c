/* life_store_test.c - that turns find in memory what the turns before them left: the case, how often it had which step, and
 * what waits, in its order. Whether it is what the tables have, gridloopctl rebuild asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/runtime/life_store.h"

static const uint8_t case_id[UUID_SIZE] = {1}, name[UUID_SIZE] = {2};
static const int64_t day_us = 86400000000;

struct bench {
    struct arena *arena;
    struct life_store *store;
    struct case_turns turns;
};

static int set_up(void **state)
{
    static struct bench b;

    b = (struct bench){.arena = arena_new(), .store = life_store_new()};
    *state = &b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    life_store_free(b->store);
    arena_free(b->arena);
    return 0;
}

/* A transaction that names one name, with actions 10, 11 ... as new ones. */
static void begin(struct bench *b, int64_t now_us, size_t news)
{
    b->turns = (struct case_turns){.arena = b->arena, .now_us = now_us};
    for (size_t i = 0; i < news; i++) {
        struct life_actions *list = &b->turns.news;
        list->list = arena_grow(b->arena, list->list, i, sizeof *list->list);
        list->list[list->count++] = (struct life_action){.event_id = {(uint8_t)(10 + i)},
                                                         .action = {.action = "FILE"}};
    }
    turns_begin_names(&b->turns, 1);
    turns_name(&b->turns, name);
    turns_end_names(&b->turns);
    life_store_read_parked(b->store, &b->turns);
}

static void told(struct bench *b, const uint8_t *event_id, enum case_outcome outcome,
                 const char *reason)
{
    struct case_turns *turns = &b->turns;

    turns->steps =
        arena_grow(b->arena, turns->steps, turns->step_count, sizeof *turns->steps);
    turns->steps[turns->step_count++] =
        (struct case_step_row){.named_id = name,
                               .event_id = event_id,
                               .outcome = case_outcome_name(outcome),
                               .reason = reason};
}

static void test_what_waits(void **state)
{
    struct bench *b = *state;

    begin(b, 0, 3);
    assert_int_equal(b->turns.parked.count, 0);
    for (size_t i = 0; i < 3; i++)
        told(b, b->turns.news.list[i].event_id, CASE_PARKED, "no_case");
    life_store_write_parked(b->store, &b->turns);

    /* The first one waits for something else from now on, the second one does not wait any more. */
    begin(b, 14 * day_us, 0);
    assert_int_equal(b->turns.parked.count, 3);
    assert_int_equal(b->turns.parked.list[0].event_id[0], 10);
    assert_string_equal(b->turns.parked.list[0].parked_for, "no_case");
    assert_false(b->turns.parked.list[0].is_overdue);
    told(b, b->turns.parked.list[0].event_id, CASE_PARKED, "version_ahead");
    told(b, b->turns.parked.list[1].event_id, CASE_APPLIED, NULL);
    life_store_write_parked(b->store, &b->turns);

    begin(b, 14 * day_us + 1, 0);
    assert_int_equal(b->turns.parked.count, 2);
    assert_int_equal(b->turns.parked.list[0].event_id[0], 12);
    assert_true(b->turns.parked.list[0].is_overdue);
    assert_int_equal(b->turns.parked.list[1].event_id[0], 10);
    assert_string_equal(b->turns.parked.list[1].parked_for, "version_ahead");
    assert_string_equal(b->turns.parked.list[1].action.action, "FILE");
    assert_false(b->turns.parked.list[1].is_overdue);
}

static void test_a_case(void **state)
{
    struct bench *b = *state;
    struct case_life life = case_life_begin(case_id), found;
    char text[] = "REPORTED";

    life.state = text;
    life_store_add(b->store,
                   &(struct case_file){.kind = "k", .stripe = 7, .life = &life});
    memset(text, 'x', 8); /* it is a copy */
    life_store_count(b->store, 0, "DISPATCH");
    found = life_store_life(b->store, 0, b->arena);
    assert_string_equal(found.state, "REPORTED");
    assert_int_equal(found.tallies->times, 1);
    found.tallies->times = 2;
    found.version = 3;
    assert_int_equal(life_store_life(b->store, 0, b->arena).tallies->times, 1);
    life_store_put(b->store, 0, &found);
    assert_int_equal(life_store_life(b->store, 0, b->arena).tallies->times, 2);
    assert_int_equal(life_store_case(b->store, 0).life->version, 3);
    assert_int_equal(life_store_case(b->store, 0).stripe, 7);
}

static void test_names_of_reports(void **state)
{
    struct bench *b = *state;

    assert_int_equal(life_store_named(b->store, name), LINK_NONE);
    for (uint32_t i = 0; i < 5000; i++) {
        uint8_t id[UUID_SIZE] = {0};
        memcpy(id, &i, sizeof i);
        life_store_name(b->store, id, i);
        life_store_name(b->store, id, i + 1); /* the first one counts */
    }
    for (uint32_t i = 0; i < 5000; i++) {
        uint8_t id[UUID_SIZE] = {0};
        memcpy(id, &i, sizeof i);
        assert_int_equal(life_store_named(b->store, id), i);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_waits),
        TEST(test_a_case),
        TEST(test_names_of_reports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
