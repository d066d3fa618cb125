/* recent_test.c - what is remembered, what is forgotten, and that both have bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/runtime/recent.h"

enum { LEAST = 1000 };

struct id {
    uint8_t bytes[16];
};
struct hash {
    uint8_t bytes[32];
};

static struct id id_of(uint64_t number)
{
    struct id id = {{0}};

    memcpy(id.bytes + 8, &number, sizeof number);
    return id;
}

static struct hash hash_of(uint64_t number)
{
    struct hash hash = {{0}};

    number = ~number;
    memcpy(hash.bytes + 12, &number, sizeof number);
    return hash;
}

static void add(struct recent *recent, uint64_t number)
{
    recent_add(recent, id_of(number).bytes, hash_of(number).bytes);
}

static bool knows(const struct recent *recent, uint64_t number)
{
    const uint8_t *hash = recent_find(recent, id_of(number).bytes);

    if (hash)
        assert_memory_equal(hash, hash_of(number).bytes, 32);
    return hash != NULL;
}

static void test_nothing_is_known_at_first(void **state)
{
    struct recent *recent = recent_new(LEAST);

    (void)state;
    assert_false(knows(recent, 0));
    assert_false(knows(recent, 1));
    recent_free(recent);
    recent_free(NULL);
}

static void test_an_id_is_found_with_its_hash(void **state)
{
    struct recent *recent = recent_new(LEAST);

    (void)state;
    add(recent, 0);
    add(recent, 7);
    assert_true(knows(recent, 0));
    assert_true(knows(recent, 7));
    assert_false(knows(recent, 8));
    recent_free(recent);
}

/* Whatever the number of ids so far, the last ones are known, and never more than twice as many. */
static void test_at_least_the_last_ones_are_known(void **state)
{
    struct recent *recent = recent_new(LEAST);

    (void)state;
    for (uint64_t i = 0; i < 5 * LEAST; i++) {
        uint64_t oldest = i + 1 < LEAST ? 0 : i + 1 - LEAST;
        add(recent, i);
        assert_true(knows(recent, i));
        assert_true(knows(recent, oldest));
        if (i >= 2 * LEAST)
            assert_false(knows(recent, i - 2 * LEAST));
    }
    recent_free(recent);
}

static size_t count_known(const struct recent *recent, uint64_t from, uint64_t to)
{
    size_t known = 0;

    for (uint64_t i = from; i < to; i++)
        known += knows(recent, i);
    return known;
}

static void test_a_million_ids_leave_no_more_than_twice_the_least(void **state)
{
    enum { COUNT = 1000000 };
    struct recent *recent = recent_new(LEAST);
    size_t known;

    (void)state;
    for (uint64_t i = 0; i < COUNT; i++)
        add(recent, i);
    known = count_known(recent, 0, COUNT);
    assert_true(known >= LEAST && known <= 2 * LEAST);
    assert_int_equal(count_known(recent, COUNT - LEAST, COUNT), LEAST);
    recent_free(recent);
}

static void test_a_set_for_one_id_works(void **state)
{
    struct recent *recent = recent_new(1);

    (void)state;
    for (uint64_t i = 0; i < 200; i++) {
        add(recent, i);
        assert_true(knows(recent, i));
    }
    assert_false(knows(recent, 0));
    recent_free(recent);
}

static void test_after_clearing_nothing_is_known(void **state)
{
    struct recent *recent = recent_new(LEAST);

    (void)state;
    for (uint64_t i = 0; i < 3 * LEAST; i++)
        add(recent, i);
    recent_clear(recent);
    assert_int_equal(count_known(recent, 0, 3 * LEAST), 0);
    for (uint64_t i = 0; i < 3 * LEAST; i++) {
        add(recent, i);
        assert_true(knows(recent, i));
    }
    recent_free(recent);
}

/* Devices choose their ids. With an ordinary mixing function these fall into one run of slots, and the test
 * does not end. */
static void test_chosen_ids_are_as_quick_as_others(void **state)
{
    enum { COUNT = 100000 };
    struct recent *recent = recent_new(COUNT);

    (void)state;
    for (uint64_t i = 0; i < COUNT; i++) {
        uint64_t low = i * 0xd1342543de82ef95, high = low ^ 0x1234;
        struct id id;
        memcpy(id.bytes, &high, 8);
        memcpy(id.bytes + 8, &low, 8);
        recent_add(recent, id.bytes, hash_of(i).bytes);
        high = low * 0x9e3779b97f4a7c15 ^ 0x77;
        memcpy(id.bytes, &high, 8);
        assert_null(recent_find(recent, id.bytes));
    }
    recent_free(recent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_known_at_first),
        cmocka_unit_test(test_an_id_is_found_with_its_hash),
        cmocka_unit_test(test_at_least_the_last_ones_are_known),
        cmocka_unit_test(test_a_million_ids_leave_no_more_than_twice_the_least),
        cmocka_unit_test(test_a_set_for_one_id_works),
        cmocka_unit_test(test_after_clearing_nothing_is_known),
        cmocka_unit_test(test_chosen_ids_are_as_quick_as_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
