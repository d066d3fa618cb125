/* gap_test.c - each way in which offsets can be missing has its name, and where nothing is missing nothing is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/kafka.h"
#include "consumers/runtime/gap.h"

/* Read up to 100 under leader epoch 5; the log has 0 to 200. */
static struct standing standing;
static struct gap_log range;
static struct gap gap;
static int64_t last_offset;

/* The broker is played here: what stands in the log, by offset. */
static struct kafka_sight at_last;
static int64_t corrupt_from, corrupt_to; /* one batch */
static int looks;
static bool is_away;

enum outcome kafka_look(const struct kafka_properties *properties, const char *group,
                        const char *topic, int32_t partition, int64_t offset,
                        struct kafka_sight *sight, struct err *e)
{
    (void)properties;
    (void)group;
    (void)topic;
    (void)partition;
    looks++;
    assert_true(offset >= range.low && offset < range.high);
    *sight = (struct kafka_sight){offset, 5, -1, false};
    if (offset == standing.next_offset - 1)
        *sight = at_last;
    else if (offset >= corrupt_from && offset < corrupt_to)
        *sight = (struct kafka_sight){-1, -1, -1, true};
    return is_away ? err_set(e, RETRY, "away") : DONE;
}

static int set_up(void **state)
{
    (void)state;
    standing = (struct standing){.next_offset = 100, .leader_epoch = 5};
    range = (struct gap_log){.low = 0, .high = 200};
    at_last = (struct kafka_sight){99, 5, -1, false};
    corrupt_from = corrupt_to = 0;
    looks = 0;
    is_away = false;
    return 0;
}

static void find(void)
{
    struct err e;

    assert_int_equal(gap_find(&standing, &range, &gap, &last_offset, &e), DONE);
}

static void assert_gap(const char *reason, int64_t from, int64_t to)
{
    assert_string_equal(gap.reason, reason);
    assert_int_equal(gap.from, from);
    assert_int_equal(gap.to, to);
}

static void test_nothing_is_missing(void **state)
{
    (void)state;
    find();
    assert_string_equal(gap.reason, "");
    assert_int_equal(last_offset, 99);
    assert_int_equal(looks, 0);
}

static void test_the_last_message_must_be_there_to_compare(void **state)
{
    (void)state;
    range.low = 100;
    find();
    assert_int_equal(last_offset, -1);
    range.low = 99;
    find();
    assert_int_equal(last_offset, 99);
    standing.leader_epoch = -1;
    find();
    assert_int_equal(last_offset, -1);
}

static void test_limits(void **state)
{
    (void)state;
    range.low = 101;
    find();
    assert_gap("retention", 100, 101);
    range = (struct gap_log){.low = 3, .high = 99};
    find();
    assert_gap("truncated", 3, 100);
    range.high = 100;
    find();
    assert_string_equal(gap.reason, "");
}

static void test_a_fault_that_passed(void **state)
{
    (void)state;
    range.is_doubted = true;
    find();
    assert_string_equal(gap.reason, "");
    assert_int_equal(last_offset, 99);
    assert_int_equal(looks, 2);
}

static void test_another_epoch_is_another_log(void **state)
{
    (void)state;
    range.is_doubted = true;
    range.low = 7;
    for (int32_t epoch = 4; epoch <= 6; epoch += 2) {
        at_last.leader_epoch = epoch;
        find();
        assert_gap("log_truncation", 7, 100);
    }
}

static void test_a_lower_epoch_behind_is_another_log(void **state)
{
    (void)state;
    range.is_doubted = true;
    at_last = (struct kafka_sight){105, 4, -1, false};
    find();
    assert_gap("log_truncation", 0, 100);
    at_last.leader_epoch =
        6; /* the last message is gone, and a leader was elected since */
    find();
    assert_string_equal(gap.reason, "");
    assert_int_equal(last_offset, -1);
}

/* Wherever its end is, it is found, and with few questions. */
static void test_a_corrupt_batch(void **state)
{
    (void)state;
    range.is_doubted = true;
    corrupt_from = 90; /* what was read of it was whole then */
    for (corrupt_to = 101; corrupt_to < 200; corrupt_to++) {
        looks = 0;
        find();
        assert_gap("corrupt", 100, corrupt_to);
        assert_in_range(looks, 3, 17);
    }
    find();
    assert_gap("corrupt", 100, -1);
}

/* What was stored is no longer needed from Kafka. */
static void test_the_last_message_may_be_corrupt(void **state)
{
    (void)state;
    range.is_doubted = true;
    at_last = (struct kafka_sight){-1, -1, -1, true};
    find();
    assert_string_equal(gap.reason, "");
    assert_int_equal(last_offset, -1);
}

static void test_an_open_gap_follows_retention(void **state)
{
    (void)state;
    standing.open = (struct gap){"retention", 100, 120};
    range.low = 130;
    find();
    assert_gap("retention", 100, 130);
    standing.open = (struct gap){"corrupt", 100, -1};
    find();
    assert_gap("corrupt", 100, 130);
    standing.open = (struct gap){"truncated", 3, 100};
    find();
    assert_gap("truncated", 3, 100);
}

static void test_an_open_corrupt_gap_follows_the_log(void **state)
{
    (void)state;
    standing.open = (struct gap){"corrupt", 100, -1};
    corrupt_from = 100;
    corrupt_to = range.high = 110;
    find();
    assert_gap("corrupt", 100, -1);
    range.high = 120; /* something behind it */
    find();
    assert_gap("corrupt", 100, 110);
    standing.open.to = 110;
    looks = 0;
    find();
    assert_gap("corrupt", 100, 110);
    assert_int_equal(looks, 1);
    corrupt_to = 100; /* another copy of the log is whole */
    find();
    assert_gap("corrupt", 100, 100);
}

static void test_a_broker_that_is_away(void **state)
{
    struct err e;

    (void)state;
    is_away = true;
    range.is_doubted = true;
    assert_int_equal(gap_find(&standing, &range, &gap, &last_offset, &e), RETRY);
    standing.open = (struct gap){"corrupt", 100, -1};
    assert_int_equal(gap_find(&standing, &range, &gap, &last_offset, &e), RETRY);
}

static void test_a_source_that_nobody_has_read(void **state)
{
    int64_t from;

    (void)state;
    gap = gap_at_start(&standing, &range, false, &from);
    assert_string_equal(gap.reason, "");
    assert_int_equal(from, 0);
    range.low = 5;
    gap = gap_at_start(&standing, &range, false, &from);
    assert_gap("before_first_start", 0, 5);
    assert_int_equal(from, 0);
    gap = gap_at_start(&standing, &range, true, &from);
    assert_string_equal(gap.reason, "");
    assert_int_equal(from, 5);
    standing.is_recreated = true;
    gap = gap_at_start(&standing, &range, true, &from);
    assert_gap("recreated", 0, 5);
    assert_int_equal(from, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_missing),
        TEST(test_the_last_message_must_be_there_to_compare),
        TEST(test_limits),
        TEST(test_a_fault_that_passed),
        TEST(test_another_epoch_is_another_log),
        TEST(test_a_lower_epoch_behind_is_another_log),
        TEST(test_a_corrupt_batch),
        TEST(test_the_last_message_may_be_corrupt),
        TEST(test_an_open_gap_follows_retention),
        TEST(test_an_open_corrupt_gap_follows_the_log),
        TEST(test_a_broker_that_is_away),
        TEST(test_a_source_that_nobody_has_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
