/* case_states_test.c - which steps follow from decisions, and which state and version they leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/runtime/case_states.h"

enum { MOST = 4 };

static const struct link_fields linked = {.first_state = "REPORTED"};
static const char *names[] = {"GROUP"};
static const struct group_names groups = {.list = names, .count = 1};

struct bench {
    struct arena *arena;
    struct link_sighting list[MOST];
    struct sighted of[MOST];
    struct link_decision decisions[MOST];
    struct link_case cases[MOST];
    struct case_row read[MOST];
    struct sightings sightings;
    struct link_output output;
    struct case_states states;
};

static int set_up(void **state)
{
    static struct bench b;

    b = (struct bench){.arena = arena_new()};
    b.sightings = (struct sightings){.list = b.list, .of = b.of};
    b.output = (struct link_output){.decisions = b.decisions, .cases = b.cases};
    for (size_t i = 0; i < MOST; i++) {
        b.of[i].ruling.group = "GROUP";
        b.cases[i].unit = "U1";
        memset(b.cases[i].case_id, (int)i + 1, UUID_SIZE);
    }
    *state = &b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    arena_free(b->arena);
    return 0;
}

static void decided(struct bench *b, enum link_outcome outcome, size_t number,
                    unsigned flags)
{
    struct link_decision *d = &b->decisions[b->sightings.count++];

    *d = (struct link_decision){.outcome = outcome, .flags = flags};
    memcpy(d->case_id, b->cases[number].case_id, UUID_SIZE);
}

static void work_out(struct bench *b, size_t read, size_t cases)
{
    b->output.case_count = cases;
    b->output.case_ids = link_map_new(b->arena, cases);
    for (size_t i = 0; i < cases; i++)
        *link_map_at(&b->output.case_ids, b->cases[i].case_id) = (uint32_t)i;
    case_states_of(&b->states, b->arena,
                   &(struct case_states_input){.linked = &linked,
                                               .sightings = &b->sightings,
                                               .groups = &groups,
                                               .output = &b->output,
                                               .read = b->read,
                                               .read_count = read,
                                               .link_seq = 9});
}

static void assert_row(const struct bench *b, size_t number, const char *wanted,
                       int version)
{
    assert_string_equal(b->states.rows[number].state, wanted);
    assert_int_equal(b->states.rows[number].version, version);
}

static void assert_step(const struct bench *b, size_t at, uint32_t ordinal,
                        const char *action, const char *from, const char *to)
{
    const struct case_step *step = &b->states.steps[at];

    assert_int_equal(step->ordinal, ordinal);
    assert_string_equal(step->action, action);
    assert_string_equal(step->from_state, from);
    assert_string_equal(step->to_state, to);
}

static void assert_order(const struct case_order_row *order,
                         const uint8_t case_id[UUID_SIZE], int version, const char *unit)
{
    assert_memory_equal(order->case_id, case_id, UUID_SIZE);
    assert_int_equal(order->kind, CASE_DISPATCH);
    assert_int_equal(order->case_version, version);
    assert_string_equal(order->target_unit, unit);
    assert_int_equal(order->link_seq, 9);
}

static void test_new_cases(void **state)
{
    struct bench *b = *state;

    decided(b, LINK_NEW, 0, 0);
    decided(b, LINK_MORE, 0, 0);
    decided(b, LINK_REPEAT, 1, LINK_SENDS);
    decided(b, LINK_NO_CASE, 2, 0);
    work_out(b, 0, 2);
    assert_row(b, 0, "REPORTED", 1);
    assert_row(b, 1, "DISPATCHED", 2);
    assert_ptr_equal(b->states.rows[1].first, &b->of[2]);
    assert_ptr_equal(b->states.rows[1].opened_by, &b->decisions[2]);
    assert_int_equal(b->states.rows[0].stripe, link_stripe("GROUP", 0));
    assert_int_equal(b->states.step_count, 1);
    assert_step(b, 0, 2, "DISPATCH", "REPORTED", "DISPATCHED");
    assert_int_equal(b->states.follows.order_count, 1);
    assert_int_equal(b->states.follows.limit_count, 0);
    assert_order(&b->states.follows.orders[0], b->cases[1].case_id, 2, "U1");
    assert_null(b->states.rows[0].life);
    assert_string_equal(b->states.rows[1].life->order_unit, "U1");
}

/* The case's own unit before that of who saw it again. */
static void test_whom_an_order_goes_to(void **state)
{
    struct bench *b = *state;

    b->read[0] = b->read[1] = (struct case_row){.state = "CLOSED", .version = 5};
    b->cases[1].unit = NULL;
    b->list[0].unit = b->list[1].unit = "U2";
    decided(b, LINK_REOPEN, 0, LINK_SENDS);
    decided(b, LINK_REOPEN, 1, LINK_SENDS);
    work_out(b, 2, 2);
    assert_order(&b->states.follows.orders[0], b->cases[0].case_id, 7, "U1");
    assert_order(&b->states.follows.orders[1], b->cases[1].case_id, 7, "U2");
}

static void test_a_case_that_comes_back(void **state)
{
    struct bench *b = *state;

    b->read[0] = (struct case_row){.state = "CLOSED", .version = 5, .stripe = 9};
    decided(b, LINK_REOPEN, 0, LINK_SENDS);
    work_out(b, 1, 1);
    assert_row(b, 0, "DISPATCHED", 7);
    assert_int_equal(b->states.rows[0].stripe, 9);
    assert_null(b->states.rows[0].first);
    assert_int_equal(b->states.step_count, 2);
    assert_step(b, 0, 0, "REOPEN", "CLOSED", "REOPENED");
    assert_int_equal(b->states.steps[0].version, 6);
    assert_int_equal(b->states.steps[0].place, 0);
    assert_int_equal(b->states.steps[1].place, 1);
    assert_step(b, 1, 0, "DISPATCH", "REOPENED", "DISPATCHED");
    assert_string_equal(b->read[0].state, "CLOSED");
}

static void test_taken_back(void **state)
{
    static const uint8_t event_id[UUID_SIZE] = {7};
    struct bench *b = *state;
    struct event event = {.event_id = event_id, .message = {.offset = 30}};
    struct case_step_row row;

    decided(b, LINK_NEW, 0, 0);
    decided(b, LINK_WITHDRAWN, 0, LINK_CANCELS_CASE);
    work_out(b, 0, 1);
    assert_row(b, 0, "CANCELLED", 2);
    assert_step(b, 0, 1, "CANCEL", "REPORTED", "CANCELLED");
    b->of[1].event = &event;
    b->decisions[1].used_us = 5;
    row = case_states_row(&b->states, 0, &b->sightings, &b->output, 9);
    assert_true(row.link_seq == 9 && row.ordinal == 1 && row.place == 0);
    assert_true(row.topic_offset == 30 && row.stepped_us == 5 && row.case_version == 2);
    assert_ptr_equal(row.event_id, event_id);
    assert_memory_equal(row.named_id, b->cases[0].case_id, UUID_SIZE);
    assert_string_equal(row.outcome, "applied");
    assert_string_equal(row.actor, "platform");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_new_cases),
        TEST(test_whom_an_order_goes_to),
        TEST(test_a_case_that_comes_back),
        TEST(test_taken_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
