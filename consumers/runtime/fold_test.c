/* fold_test.c - the first with an id is stored, the same again is a duplicate, other content is set aside; and
 * it does not matter how the events were cut into batches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/fold.h"
#include "consumers/runtime/recent.h"

enum { ROOM = 10000 };

/* Never held here; batch_reset() gives messages back. */
void kafka_message_free(struct kafka_message *message)
{
    message->handle = NULL;
}

struct bench {
    struct batch *batch;
    struct recent *recent;
};

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof *bench);

    bench->batch = batch_new(ROOM);
    bench->recent = recent_new(ROOM);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    batch_free(bench->batch);
    recent_free(bench->recent);
    free(bench);
    return 0;
}

/* 16 bytes that are all the same; 0 and 1 differ in each. */
static const uint8_t *id_of(struct arena *arena, uint8_t number)
{
    return memset(arena_take(arena, UUID_SIZE), number, UUID_SIZE);
}

static struct event *add(struct bench *bench, uint8_t id, uint8_t content)
{
    struct event *event = &bench->batch->events[bench->batch->count++];

    *event = (struct event){.outcome = EVENT_STORED,
                            .event_id = id_of(bench->batch->arena, id)};
    memset(event->content_hash, content, SHA256_SIZE);
    return event;
}

static void assert_conflict(const struct event *event)
{
    assert_int_equal(event->outcome, EVENT_DEAD);
    assert_string_equal(event->reject.reason, "identity_conflict");
    assert_string_equal(event->reject.field, "event_id");
    assert_non_null(event->reject.detail);
}

static void test_different_events_are_all_stored(void **state)
{
    struct bench *bench = *state;

    for (uint8_t i = 0; i < 200; i++)
        add(bench, i, 0);
    fold_batch(bench->batch, bench->recent, NULL);
    for (size_t i = 0; i < bench->batch->count; i++)
        assert_int_equal(bench->batch->events[i].outcome, EVENT_STORED);
}

static void test_an_empty_batch_is_nothing(void **state)
{
    struct bench *bench = *state;

    fold_batch(bench->batch, bench->recent, NULL);
    assert_int_equal(bench->batch->count, 0);
}

static void test_the_same_again_is_a_duplicate(void **state)
{
    struct bench *bench = *state;
    struct event *first = add(bench, 1, 1), *again = add(bench, 1, 1);
    struct event *other = add(bench, 2, 1), *third = add(bench, 1, 1);

    fold_batch(bench->batch, bench->recent, NULL);
    assert_int_equal(first->outcome, EVENT_STORED);
    assert_int_equal(again->outcome, EVENT_DUPLICATE);
    assert_int_equal(other->outcome, EVENT_STORED);
    assert_int_equal(third->outcome, EVENT_DUPLICATE);
}

static void test_other_content_under_one_id_is_set_aside(void **state)
{
    struct bench *bench = *state;
    struct event *first = add(bench, 1, 1), *other = add(bench, 1, 2);
    struct event *again = add(bench, 1, 1), *third = add(bench, 1, 2);

    fold_batch(bench->batch, bench->recent, NULL);
    assert_int_equal(first->outcome, EVENT_STORED);
    assert_conflict(other);
    assert_int_equal(again->outcome, EVENT_DUPLICATE);
    assert_conflict(third); /* what was set aside is no measure */
}

static void test_what_was_stored_before_is_the_measure(void **state)
{
    struct bench *bench = *state;
    struct event *again = add(bench, 1, 1), *other = add(bench, 1, 2);
    uint8_t hash[SHA256_SIZE];

    memset(hash, 1, sizeof hash);
    recent_add(bench->recent, again->event_id, hash);
    fold_batch(bench->batch, bench->recent, NULL);
    assert_int_equal(again->outcome, EVENT_DUPLICATE);
    assert_conflict(other);
}

/* As if the batch before had been remembered; what it set aside is no measure. */
static void test_a_batch_that_is_not_stored_yet_is_the_measure(void **state)
{
    struct bench *bench = *state;
    struct batch *next = batch_new(3);
    struct bench behind = {.batch = next, .recent = bench->recent};
    struct event *again, *other, *fresh;

    add(bench, 1, 1);
    assert_non_null(add(bench, 1, 2));
    again = add(&behind, 1, 1);
    other = add(&behind, 1, 2);
    fresh = add(&behind, 2, 1);
    fold_batch(bench->batch, bench->recent, NULL);
    fold_batch(next, bench->recent, bench->batch);
    assert_int_equal(again->outcome, EVENT_DUPLICATE);
    assert_conflict(other);
    assert_int_equal(fresh->outcome, EVENT_STORED);
    batch_free(next);
}

static void test_settled_events_are_left_alone(void **state)
{
    struct bench *bench = *state;
    struct event *dead = add(bench, 1, 1), *absent = add(bench, 2, 1);
    struct event *undecoded = add(bench, 3, 1);

    event_bury(dead, "utf8", "remark", "a text is not UTF-8");
    absent->outcome = EVENT_ABSENT;
    absent->is_settled = true;
    event_bury(undecoded, "short", NULL, "the message is empty");
    undecoded->event_id = NULL;
    fold_batch(bench->batch, bench->recent, NULL);
    assert_int_equal(dead->outcome, EVENT_DEAD);
    assert_string_equal(dead->reject.reason, "utf8");
    assert_int_equal(absent->outcome, EVENT_ABSENT);
    assert_string_equal(undecoded->reject.reason, "short");
}

/* As if the refused one had come in a batch before. */
static void test_the_next_takes_the_place_of_one_that_was_refused(void **state)
{
    struct bench *bench = *state;
    struct event *refused = add(bench, 1, 1), *next = add(bench, 1, 2);
    struct event *third = add(bench, 1, 2), *fourth = add(bench, 1, 1);

    fold_batch(bench->batch, bench->recent, NULL);
    assert_conflict(next);
    event_bury(refused, "refused_by_server", NULL, "PostgreSQL refused the row");
    fold_batch(bench->batch, bench->recent, NULL);
    assert_string_equal(refused->reject.reason, "refused_by_server");
    assert_int_equal(next->outcome, EVENT_STORED);
    assert_int_equal(third->outcome, EVENT_DUPLICATE);
    assert_conflict(fourth);
}

static void test_folding_again_changes_nothing(void **state)
{
    struct bench *bench = *state;
    enum event_outcome before[600];

    for (size_t i = 0; i < 600; i++)
        add(bench, (uint8_t)(i * 7), (uint8_t)(i / 300));
    fold_batch(bench->batch, bench->recent, NULL);
    for (size_t i = 0; i < 600; i++)
        before[i] = bench->batch->events[i].outcome;
    fold_batch(bench->batch, bench->recent, NULL);
    for (size_t i = 0; i < 600; i++)
        assert_int_equal(bench->batch->events[i].outcome, before[i]);
}

/* ---- how the events are cut ---- */

struct drawn {
    uint8_t id, content;
};

static void draw(struct drawn *events, size_t count)
{
    uint32_t chance = 1;

    for (size_t i = 0; i < count; i++) {
        chance = chance * 1664525 + 1013904223;
        events[i] = (struct drawn){(uint8_t)(chance >> 24), (chance >> 16 & 7) == 0};
    }
}

static void remember_stored(struct bench *bench)
{
    for (size_t i = 0; i < bench->batch->count; i++) {
        const struct event *event = &bench->batch->events[i];
        if (event->outcome == EVENT_STORED)
            recent_add(bench->recent, event->event_id, event->content_hash);
    }
}

/* Folds them in batches of this size; outcomes[i] is what became of the i-th. */
static void fold_all(struct bench *bench, const struct drawn *events, size_t count,
                     size_t batch_size, char *outcomes)
{
    recent_clear(bench->recent);
    for (size_t from = 0; from < count; from += batch_size) {
        batch_reset(bench->batch);
        for (size_t i = from; i < count && i < from + batch_size; i++)
            add(bench, events[i].id, events[i].content);
        fold_batch(bench->batch, bench->recent, NULL);
        for (size_t i = 0; i < bench->batch->count; i++)
            outcomes[from + i] = (char)bench->batch->events[i].outcome;
        remember_stored(bench);
    }
}

static void test_outcomes_do_not_depend_on_the_cut(void **state)
{
    enum { COUNT = 10000 };
    static struct drawn events[COUNT];
    static char whole[COUNT], cut[COUNT];
    static const size_t sizes[] = {1, 7, 100, 9999};

    draw(events, COUNT);
    fold_all(*state, events, COUNT, COUNT, whole);
    assert_non_null(memchr(whole, EVENT_DEAD, COUNT));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        fold_all(*state, events, COUNT, sizes[i], cut);
        assert_memory_equal(cut, whole, COUNT);
    }
}

/* Devices choose their ids: these would all fall into one run of slots. */
static void test_chosen_ids_are_as_quick_as_others(void **state)
{
    enum { COUNT = 200000 };
    struct bench *bench = *state;
    struct batch *batch = batch_new(COUNT);

    for (uint64_t i = 0; i < COUNT; i++) {
        uint64_t halves[2] = {i * 0xd1342543de82ef95, i * 0xd1342543de82ef95 ^ 0x1234};
        uint8_t *id = arena_take(batch->arena, UUID_SIZE);
        memcpy(id, halves, UUID_SIZE);
        batch->events[batch->count++] =
            (struct event){.outcome = EVENT_DUPLICATE, .event_id = id};
    }
    fold_batch(batch, bench->recent, NULL);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(batch->events[i].outcome, EVENT_STORED);
    batch_free(batch);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_different_events_are_all_stored),
        TEST(test_an_empty_batch_is_nothing),
        TEST(test_the_same_again_is_a_duplicate),
        TEST(test_other_content_under_one_id_is_set_aside),
        TEST(test_what_was_stored_before_is_the_measure),
        TEST(test_a_batch_that_is_not_stored_yet_is_the_measure),
        TEST(test_settled_events_are_left_alone),
        TEST(test_the_next_takes_the_place_of_one_that_was_refused),
        TEST(test_folding_again_changes_nothing),
        TEST(test_outcomes_do_not_depend_on_the_cut),
        TEST(test_chosen_ids_are_as_quick_as_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
