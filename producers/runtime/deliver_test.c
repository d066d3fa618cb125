/* deliver_test.c - what is sent, in which order, and what is believed to be persisted. */
#include "producers/runtime/fake_kafka.h"

#include "common/clock.h"
#include "producers/runtime/deliver.h"

static const struct kafka_properties none = {0};
static struct spool *spool;
static struct deliver *deliver;

static void done(enum outcome outcome, const struct err *e)
{
    if (outcome)
        fail_msg("%s", e->message);
}

static int begin(void **state)
{
    struct err e;

    text_free(&fake.log);
    memset(&fake, 0, sizeof fake);
    if (enter_folder(state) || !(spool = spool_open("spool", 1 << 30, &e)))
        return -1;
    deliver = deliver_open(spool, &none, NULL, &e);
    return deliver == NULL;
}

static int end(void **state)
{
    deliver_close(deliver);
    spool_close(spool);
    text_free(&fake.log);
    return leave_folder(state);
}

/* Events whose values are their numbers, from to to. */
static void add_to(const char *topic, int from, int to)
{
    char value[20];
    struct spool_event event = {.topic = topic,
                                .key = "k",
                                .key_size = 1,
                                .value = value,
                                .headers = "ce_id\0x",
                                .headers_size = 8};
    struct err e;

    done(spool_begin(spool, &e), &e);
    for (int i = from; i <= to; i++) {
        event.value_size = (size_t)snprintf(value, sizeof value, "%d", i);
        done(spool_add(spool, &event, &e), &e);
    }
    done(spool_commit(spool, &e), &e);
}

static void add(int from, int to)
{
    add_to("t", from, to);
}

/* One turn of the producer's loop; false if it failed. */
static bool turn(struct err *e)
{
    uint64_t *gone;
    size_t count = deliver_persisted(deliver, &gone);

    if (count) {
        done(spool_begin(spool, e), e);
        done(spool_delete(spool, gone, count, e), e);
        done(spool_commit(spool, e), e);
        deliver_forget(deliver);
    }
    return deliver_pump(deliver, 1, e) == DONE;
}

static uint64_t left(void)
{
    uint64_t count = 0;
    struct err e;

    done(spool_count(spool, &count, &e), &e);
    return count;
}

static void run_until_empty(void)
{
    int64_t limit = clock_monotonic_ms() + 60000;
    struct err e;

    while (left() > 0 && clock_monotonic_ms() < limit)
        if (!turn(&e))
            fail_msg("%s", e.message);
    assert_int_equal(left(), 0);
}

static void expect_sent(const char *log)
{
    assert_non_null(fake.log.bytes);
    assert_string_equal(fake.log.bytes, log);
}

static void sends_in_order_and_deletes(void **state)
{
    (void)state;
    add(1, 3);
    run_until_empty();
    add(4, 5);
    run_until_empty();
    expect_sent("1\n2\n3\n4\n5\n");
    assert_int_equal(deliver_total(deliver), 5);
    assert_false(deliver_is_busy(deliver));
}

/* Nothing is gone before it is reported, whatever the order of the reports. */
static void keeps_what_is_not_reported(void **state)
{
    struct err e;

    (void)state;
    fake.per_poll = 1;
    fake.backwards = true;
    add(1, 3);
    for (uint64_t i = 3; i > 0; i--) {
        assert_int_equal(left(), i);
        assert_true(turn(&e)); /* one report, */
        assert_int_equal(left(), i);
        fake.away = true;
        assert_true(turn(&e)); /* and its deletion */
        fake.away = false;
        assert_int_equal(left(), i - 1);
    }
    expect_sent("1\n2\n3\n");
}

/* More than fits into the window; the broker is away at first. */
static void bounds_what_is_on_its_way(void **state)
{
    struct err e;

    (void)state;
    fake.away = true;
    add(1, 25000);
    for (int i = 0; i < 5; i++)
        assert_true(turn(&e));
    assert_int_equal(fake.sent, 10000);
    assert_true(deliver_is_busy(deliver));
    fake.away = false;
    run_until_empty();
    assert_int_equal(fake.sent, 25000);
}

static void waits_for_room_in_the_queue(void **state)
{
    struct err e;

    (void)state;
    fake.queue_room = 1;
    add(1, 3);
    assert_true(turn(&e));
    assert_int_equal(fake.sent, 1);
    run_until_empty();
    expect_sent("1\n2\n3\n");
    assert_false(deliver_was_refused(deliver));
}

static void turn_until_left(uint64_t count)
{
    int64_t limit = clock_monotonic_ms() + 60000;
    struct err e;

    while (left() != count && clock_monotonic_ms() < limit)
        assert_true(turn(&e));
    assert_int_equal(left(), count);
}

/* Not at the head, nor in the middle, nor when there are more than one read gives; and
 * when the topic comes, its events go in order. */
static void passes_over_a_topic_that_is_not_there(void **state)
{
    struct err e;

    (void)state;
    fake.missing = "none";
    add_to("none", 100, 100);
    add(1, 2);
    add_to("none", 101, 1500);
    add(3, 4);
    turn_until_left(1401);
    add(5, 5);
    turn_until_left(1401);
    expect_sent("1\n2\n3\n4\n5\n");
    assert_true(deliver_was_refused(deliver));
    fake.missing = NULL;
    text_clear(&fake.log);
    run_until_empty();
    assert_memory_equal(fake.log.bytes, "100\n101\n102\n", 12);
    assert_true(turn(&e));
    assert_false(deliver_was_refused(deliver));
    assert_int_equal(fake.opened, 1);
}

/* It fails its neighbours for ever, unless each goes alone; which ends with the cause. */
static void finds_the_one_that_a_broker_refuses(void **state)
{
    struct err e;

    (void)state;
    fake.poison = "3";
    add(1, 5);
    turn_until_left(1);
    assert_true(fake.alone);
    add(6, 9);
    turn_until_left(1);
    assert_true(deliver_was_refused(deliver));
    fake.poison = NULL;
    run_until_empty();
    for (int i = 0; i < 5; i++)
        assert_true(turn(&e));
    assert_false(fake.alone);
    assert_false(deliver_was_refused(deliver));
}

/* All that follows a failure is held back until what is under way has come back; then
 * from the lowest. */
static void begins_again_after_a_failure(void **state)
{
    (void)state;
    fake.fails = 2;
    add(1, 4);
    run_until_empty();
    expect_sent("1\n2\n3\n4\n2\n");
    assert_int_equal(deliver_total(deliver), 4);
}

static void opens_another_handle_when_one_breaks(void **state)
{
    struct err e;

    (void)state;
    fake.per_poll = 1;
    add(1, 3);
    assert_true(turn(&e)); /* 1 is reported, */
    fake.breaks = true;
    assert_true(turn(&e)); /* 2 and 3 never will be */
    assert_int_equal(fake.closed, 1);
    run_until_empty();
    assert_int_equal(fake.opened, 2);
    expect_sent("1\n2\n3\n2\n3\n");
}

static void gives_up_where_it_is_not_allowed(void **state)
{
    struct err e;

    (void)state;
    add(1, 1);
    fake.breaks = fake.forbidden = true;
    assert_false(turn(&e));
    assert_int_equal(e.outcome, FATAL);
    assert_int_equal(e.exit_code, EX_NOPERM);
    assert_int_equal(left(), 1);
}

static void steps_over_what_can_never_be_sent(void **state)
{
    struct err e;

    (void)state;
    fake.rejects = "2";
    add(1, 3);
    for (int i = 0; i < 3; i++)
        assert_true(turn(&e));
    expect_sent("1\n3\n");
    assert_int_equal(left(), 1);
    assert_true(deliver_was_refused(deliver));
}

/* The second one waits for the lock, then sends what the first has left. */
static void takes_over_from_another(void **state)
{
    struct err e;
    struct spool *second = spool_open("spool", 1 << 30, &e), *first = spool;
    struct deliver *waiting = deliver_open(second, &none, NULL, &e), *leading = deliver;

    (void)state;
    assert_int_equal(fake.opened, 1);
    fake.away = true;
    add(1, 2);
    assert_true(turn(&e));
    assert_int_equal(deliver_pump(waiting, 1, &e), DONE);
    assert_int_equal(fake.opened, 1);
    deliver_close(leading);
    spool_close(first);
    deliver = waiting;
    spool = second;
    fake.away = false;
    run_until_empty();
    assert_int_equal(fake.opened, 2);
    expect_sent("1\n2\n1\n2\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sends_in_order_and_deletes),
        TEST(keeps_what_is_not_reported),
        TEST(bounds_what_is_on_its_way),
        TEST(waits_for_room_in_the_queue),
        TEST(passes_over_a_topic_that_is_not_there),
        TEST(finds_the_one_that_a_broker_refuses),
        TEST(begins_again_after_a_failure),
        TEST(opens_another_handle_when_one_breaks),
        TEST(gives_up_where_it_is_not_allowed),
        TEST(steps_over_what_can_never_be_sent),
        TEST(takes_over_from_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
