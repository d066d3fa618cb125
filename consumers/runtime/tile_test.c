/* tile_test.c - what stands in bus.batch of a batch: each offset once, whatever the order they came in. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/text.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/tile.h"

enum { ROOM = 10000, CLAIMS = 3 };

/* Never held here. */
void kafka_message_free(struct kafka_message *message)
{
    message->handle = NULL;
}

/* Positions in tiles_parameters(): see sql/advance.sql. */
enum {
    SOURCE,
    FROM,
    NEXT,
    EPOCH,
    OUTCOMES,
    STORED,
    DUPLICATE,
    DEAD,
    ABSENT,
    LEADER,
    HEAD,
    PRINTS,
    LAYOUT,
    DEAD_LETTER_LAYOUT
};

struct bench {
    struct batch *batch;
    struct claim claims[CLAIMS];
    struct tiles *tiles;
    struct sha256 *hash;
    const struct pg_parameter *parameters;
};

static void begin(struct bench *bench)
{
    batch_reset(bench->batch);
    bench->batch->next_offsets =
        arena_take_array(bench->batch->arena, CLAIMS, sizeof(int64_t));
    for (int i = 0; i < CLAIMS; i++)
        bench->batch->next_offsets[i] = bench->claims[i].next_offset;
}

/* Three sources, 100, 101 and 102; each stands at 1000 and has epoch 7, 8, 9. */
static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof *bench);

    bench->batch = batch_new(ROOM);
    bench->hash = sha256_new();
    for (int i = 0; i < CLAIMS; i++)
        bench->claims[i] = (struct claim){i, 100 + i, 1000, 7 + i, -1, -1, {0}, {0}};
    begin(bench);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    if (bench->tiles)
        tiles_free(bench->tiles);
    batch_free(bench->batch);
    sha256_free(bench->hash);
    free(bench);
    return 0;
}

static void add(struct bench *bench, size_t claim, int64_t offset,
                enum event_outcome outcome)
{
    struct batch *batch = bench->batch;

    batch->events[batch->count++] =
        (struct event){.message = {.partition = (int32_t)claim, .offset = offset},
                       .outcome = outcome,
                       .claim = claim};
    batch->next_offsets[claim] = offset + 1;
}

static void make(struct bench *bench)
{
    if (bench->tiles)
        tiles_free(bench->tiles);
    bench->tiles = tiles_of(bench->batch, bench->claims, CLAIMS, bench->hash);
    bench->parameters = tiles_parameters(bench->tiles, &(struct tile_layouts){42, 43});
}

static void assert_parameter(const struct bench *bench, int position, const char *text)
{
    assert_string_equal(bench->parameters[position].bytes, text);
}

static void test_one_run_of_stored_events(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < 5; i++)
        add(bench, 1, 1000 + i, EVENT_STORED);
    make(bench);
    assert_int_equal(tiles_count(bench->tiles), 1);
    assert_parameter(bench, SOURCE, "{101}");
    assert_parameter(bench, FROM, "{1000}");
    assert_parameter(bench, NEXT, "{1005}");
    assert_parameter(bench, EPOCH, "{8}");
    assert_parameter(bench, OUTCOMES, "{\"s5\"}");
    assert_parameter(bench, STORED, "{5}");
    assert_parameter(bench, DUPLICATE, "{0}");
    assert_parameter(bench, DEAD, "{0}");
    assert_parameter(bench, ABSENT, "{0}");
    assert_parameter(bench, LAYOUT, "42");
    assert_parameter(bench, DEAD_LETTER_LAYOUT, "43");
}

/* Of the last message: it is the one that is read again. */
static void test_the_last_leader_epoch(void **state)
{
    struct bench *bench = *state;

    add(bench, 0, 1000, EVENT_STORED);
    add(bench, 1, 1000, EVENT_STORED);
    add(bench, 1, 1001, EVENT_DEAD);
    bench->batch->events[0].message.leader_epoch = -1;
    bench->batch->events[1].message.leader_epoch = 3;
    bench->batch->events[2].message.leader_epoch = 4;
    make(bench);
    assert_parameter(bench, LEADER, "{-1,4}");
}

static void test_every_outcome_has_its_letter(void **state)
{
    struct bench *bench = *state;

    add(bench, 0, 1000, EVENT_STORED);
    add(bench, 0, 1001, EVENT_DUPLICATE);
    add(bench, 0, 1002, EVENT_DUPLICATE);
    add(bench, 0, 1003, EVENT_DEAD);
    add(bench, 0, 1004, EVENT_ABSENT);
    add(bench, 0, 1005, EVENT_STORED);
    make(bench);
    assert_parameter(bench, OUTCOMES, "{\"s1 d2 x1 a1 s1\"}");
    assert_parameter(bench, STORED, "{2}");
    assert_parameter(bench, DUPLICATE, "{2}");
    assert_parameter(bench, DEAD, "{1}");
    assert_parameter(bench, ABSENT, "{1}");
}

static void test_offsets_without_an_event_are_absent(void **state)
{
    struct bench *bench = *state;

    add(bench, 0, 1003, EVENT_STORED);
    add(bench, 0, 1004, EVENT_STORED);
    add(bench, 0, 1007, EVENT_DEAD);
    make(bench);
    assert_parameter(bench, FROM, "{1000}");
    assert_parameter(bench, NEXT, "{1008}");
    assert_parameter(bench, OUTCOMES, "{\"a3 s2 a2 x1\"}");
    assert_parameter(bench, ABSENT, "{5}");
}

static void test_absent_offsets_behind_the_last_event_count(void **state)
{
    struct bench *bench = *state;

    add(bench, 0, 1000, EVENT_STORED);
    bench->batch->next_offsets[0] = 1004;
    bench->batch->next_offsets[2] = 1002;
    make(bench);
    assert_parameter(bench, SOURCE, "{100,102}");
    assert_parameter(bench, NEXT, "{1004,1002}");
    assert_parameter(bench, OUTCOMES, "{\"s1 a3\",\"a2\"}");
}

static void test_a_heartbeat_joins_the_absent_run_around_it(void **state)
{
    struct bench *bench = *state;

    add(bench, 0, 1002, EVENT_ABSENT);
    add(bench, 0, 1005, EVENT_STORED);
    make(bench);
    assert_parameter(bench, OUTCOMES, "{\"a5 s1\"}");
}

static void test_sources_are_told_apart_however_they_mix(void **state)
{
    struct bench *bench = *state;

    add(bench, 2, 1000, EVENT_STORED);
    add(bench, 0, 1001, EVENT_DUPLICATE);
    add(bench, 2, 1001, EVENT_STORED);
    add(bench, 0, 1002, EVENT_DUPLICATE);
    add(bench, 2, 1002, EVENT_DEAD);
    make(bench);
    assert_int_equal(tiles_count(bench->tiles), 2);
    assert_parameter(bench, SOURCE, "{100,102}");
    assert_parameter(bench, NEXT, "{1003,1003}");
    assert_parameter(bench, EPOCH, "{7,9}");
    assert_parameter(bench, OUTCOMES, "{\"a1 d2\",\"s2 x1\"}");
    assert_parameter(bench, STORED, "{0,2}");
    assert_parameter(bench, DUPLICATE, "{2,0}");
    assert_parameter(bench, DEAD, "{0,1}");
    assert_parameter(bench, ABSENT, "{1,0}");
}

static void test_a_source_that_does_not_move_has_no_tile(void **state)
{
    struct bench *bench = *state;

    make(bench);
    assert_int_equal(tiles_count(bench->tiles), 0);
}

static void test_large_offsets_and_gaps(void **state)
{
    struct bench *bench = *state;

    bench->claims[0].next_offset = 9000000000000000000;
    begin(bench);
    add(bench, 0, 9223372036854775000, EVENT_STORED);
    make(bench);
    assert_parameter(bench, NEXT, "{9223372036854775001}");
    assert_parameter(bench, OUTCOMES, "{\"a223372036854775000 s1\"}");
}

/* Of rows and dead letters, in the order of their offsets. */
static void test_prints_are_of_what_has_a_row(void **state)
{
    static const enum event_outcome outcomes[] = {EVENT_STORED, EVENT_DUPLICATE,
                                                  EVENT_ABSENT, EVENT_DEAD};
    /* One dimension, no nulls, bytea, two items, the first has number 1; each behind its length. */
    static const char prints[] = "\0\0\0\1\0\0\0\0\0\0\0\21\0\0\0\2\0\0\0\1"
                                 "\0\0\0\10\xa0\xa0\xa0\xa0\xa3\xa3\xa3\xa3"
                                 "\0\0\0\0";
    struct bench *bench = *state;

    for (int i = 0; i < 4; i++) {
        add(bench, 0, 1000 + i, outcomes[i]);
        memset(bench->batch->events[i].leaf, 0xa0 + i, SHA256_SIZE);
    }
    add(bench, 1, 1000, EVENT_DUPLICATE);
    make(bench);
    assert_true(bench->parameters[PRINTS].binary);
    assert_int_equal(bench->parameters[PRINTS].size, sizeof prints - 1);
    assert_memory_equal(bench->parameters[PRINTS].bytes, prints, sizeof prints - 1);
}

/* ---- whatever comes, each offset is told once ---- */

static uint32_t chance = 1;

static uint32_t below(uint32_t bound)
{
    chance = chance * 1664525 + 1013904223;
    return (chance >> 8) % bound;
}

static void add_some(struct bench *bench, size_t count)
{
    static const enum event_outcome all[] = {EVENT_STORED,    EVENT_STORED, EVENT_STORED,
                                             EVENT_DUPLICATE, EVENT_DEAD,   EVENT_ABSENT};

    for (size_t i = 0; i < count; i++) {
        size_t claim = below(CLAIMS);
        int64_t hole = below(5) ? 0 : below(4);
        add(bench, claim, bench->batch->next_offsets[claim] + hole, all[below(6)]);
    }
}

/* The n-th member of "{1,2,3}" or {"s1 d2","x1"}. */
static const char *member(const char *array, size_t n)
{
    const char *at = array + 1;

    while (n-- > 0)
        at = strchr(at, ',') + 1;
    return *at == '"' ? at + 1 : at;
}

static int64_t number(const struct bench *bench, int position, size_t n)
{
    return strtoll(member(bench->parameters[position].bytes, n), NULL, 10);
}

/* Sums of a run-length list by letter; no run is empty, none goes on in the next. */
struct sums {
    int64_t stored, duplicate, dead, absent;
};

static struct sums sums_of(const char *runs)
{
    struct sums sums = {0};
    char before = 0;

    for (const char *at = runs; *at && *at != '"';) {
        char letter = *at++;
        int64_t times = strtoll(at, (char **)(uintptr_t)&at, 10);
        assert_true(times > 0);
        assert_true(letter != before);
        before = letter;
        sums.stored += letter == 's' ? times : 0;
        sums.duplicate += letter == 'd' ? times : 0;
        sums.dead += letter == 'x' ? times : 0;
        sums.absent += letter == 'a' ? times : 0;
        at += *at == ' ';
    }
    return sums;
}

static void assert_adds_up(const struct bench *bench, size_t n)
{
    struct sums sums = sums_of(member(bench->parameters[OUTCOMES].bytes, n));

    assert_int_equal(sums.stored, number(bench, STORED, n));
    assert_int_equal(sums.duplicate, number(bench, DUPLICATE, n));
    assert_int_equal(sums.dead, number(bench, DEAD, n));
    assert_int_equal(sums.absent, number(bench, ABSENT, n));
    assert_int_equal(sums.stored + sums.duplicate + sums.dead + sums.absent,
                     number(bench, NEXT, n) - number(bench, FROM, n));
}

static void test_the_lists_add_up(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < 200; i++) {
        begin(bench);
        add_some(bench, 1 + below(400));
        make(bench);
        for (size_t n = 0; n < tiles_count(bench->tiles); n++)
            assert_adds_up(bench, n);
    }
}

/* One letter per offset, of every source in turn. */
static void expand(const struct bench *bench, struct text *of_source)
{
    for (size_t n = 0; n < tiles_count(bench->tiles); n++) {
        struct text *out = &of_source[number(bench, SOURCE, n) - 100];
        const char *at = member(bench->parameters[OUTCOMES].bytes, n);
        while (*at && *at != '"') {
            char letter = *at++;
            for (int64_t i = strtoll(at, (char **)(uintptr_t)&at, 10); i > 0; i--)
                text_add(out, &letter, 1);
            at += *at == ' ';
        }
    }
}

/* As the next lock reads them. */
static void take_heads(struct bench *bench)
{
    for (size_t n = 0; n < tiles_count(bench->tiles); n++) {
        const char *hex = member(bench->parameters[HEAD].bytes, n) + 3;
        uint8_t *head = bench->claims[number(bench, SOURCE, n) - 100].head;
        for (size_t i = 0; i < SHA256_SIZE; i++) {
            unsigned byte;
            assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
            head[i] = (uint8_t)byte;
        }
    }
}

/* The same events, batch_size of them at a time; the claims move on as after a commit. */
static void cut(struct bench *bench, const struct event *events, size_t count,
                size_t batch_size, struct text *of_source)
{
    for (size_t from = 0; from < count; from += batch_size) {
        begin(bench);
        for (size_t i = from; i < count && i < from + batch_size; i++) {
            add(bench, events[i].claim, events[i].message.offset, events[i].outcome);
            memcpy(bench->batch->events[i - from].leaf, events[i].leaf, SHA256_SIZE);
        }
        make(bench);
        expand(bench, of_source);
        for (int i = 0; i < CLAIMS; i++)
            bench->claims[i].next_offset = bench->batch->next_offsets[i];
        take_heads(bench);
    }
    for (int i = 0; i < CLAIMS; i++) {
        bench->claims[i].next_offset = 1000;
        text_add_hex(&of_source[i], bench->claims[i].head, SHA256_SIZE);
        memset(bench->claims[i].head, 0, SHA256_SIZE);
    }
}

/* Outcomes and, behind them, the head. */
static void test_tiles_tell_the_same_however_the_events_are_cut(void **state)
{
    enum { COUNT = 3000 };
    static const size_t sizes[] = {1, 7, 500};
    struct bench *bench = *state;
    struct event *events = xcalloc(COUNT, sizeof *events);
    struct text whole[CLAIMS] = {{0}};

    add_some(bench, COUNT);
    memcpy(events, bench->batch->events, COUNT * sizeof *events);
    for (size_t i = 0; i < COUNT; i++)
        sha256_of(&i, sizeof i, events[i].leaf);
    cut(bench, events, COUNT, COUNT, whole);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct text pieces[CLAIMS] = {{0}};
        cut(bench, events, COUNT, sizes[i], pieces);
        for (int j = 0; j < CLAIMS; j++) {
            assert_string_equal(pieces[j].bytes, whole[j].bytes);
            text_free(&pieces[j]);
        }
    }
    for (int j = 0; j < CLAIMS; j++)
        text_free(&whole[j]);
    free(events);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_one_run_of_stored_events),
        TEST(test_the_last_leader_epoch),
        TEST(test_every_outcome_has_its_letter),
        TEST(test_offsets_without_an_event_are_absent),
        TEST(test_absent_offsets_behind_the_last_event_count),
        TEST(test_a_heartbeat_joins_the_absent_run_around_it),
        TEST(test_sources_are_told_apart_however_they_mix),
        TEST(test_a_source_that_does_not_move_has_no_tile),
        TEST(test_large_offsets_and_gaps),
        TEST(test_prints_are_of_what_has_a_row),
        TEST(test_the_lists_add_up),
        TEST(test_tiles_tell_the_same_however_the_events_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
