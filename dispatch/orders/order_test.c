/* order_test.c - what the platform writes is what a crew reads; everything else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "common/json.h"
#include "dispatch/orders/order.h"
#include "producers/runtime/accept.h"

struct bench {
    struct acceptor *acceptor;
    struct order_reader *reader;
    struct arena *arena;
    struct spool_event event;
    struct text example;
    struct order order;
    struct err e;
};

static void key(struct text *out, const struct datum *order)
{
    text_add_string(out, datum_text(order, "target_unit_code"));
}

static const struct producer_kind kind = {.name = "dispatch_order", .key = key};

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof *bench);

    bench->acceptor = acceptor_open(&kind, "gridloop", &bench->e);
    bench->reader = order_reader_new(&bench->e);
    bench->arena = arena_new();
    *state = bench;
    return bench->acceptor && bench->reader ? 0 : -1;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    acceptor_close(bench->acceptor);
    order_reader_free(bench->reader);
    arena_free(bench->arena);
    order_free(&bench->order);
    text_free(&bench->example);
    free(bench);
    return 0;
}

static void encode_example(struct bench *bench, const char *name)
{
    char path[300], bytes[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/schemas/dispatch_order/examples/%s.json",
             GRIDLOOP_SOURCE_DIR, name);
    file = fopen(path, "r");
    assert_non_null(file);
    text_clear(&bench->example);
    text_add(&bench->example, bytes, fread(bytes, 1, sizeof bytes, file));
    fclose(file);
    if (accept_line(bench->acceptor, bench->example.bytes, bench->example.size,
                    bench->arena, &bench->event, &bench->e))
        fail_msg("%s: %s", name, bench->e.message);
}

static enum outcome read(struct bench *bench, const void *bytes, size_t size)
{
    return order_read(bench->reader, bytes, size, &bench->order, &bench->e);
}

static void assert_same(const struct json *line, const struct json *example,
                        const char *name)
{
    char *a = json_write(json_member(line, name));
    char *b = json_write(json_member(example, name));

    assert_string_equal(a, b);
    free(a);
    free(b);
}

static void test_an_example_comes_back(void **state)
{
    static const char *const names[] = {"fullest", "ordinary"};
    static const char *const fields[] = {"order_id",        "order_kind", "case_version",
                                         "wgs84_longitude", "due_at",     "limit_type",
                                         "summary",         "photo_keys", "is_test"};
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct json *line, *example;
        encode_example(bench, names[i]);
        assert_int_equal(read(bench, bench->event.value, bench->event.value_size), DONE);
        line = json_parse(bench->order.line.bytes, bench->order.line.size, &bench->e);
        example = json_parse(bench->example.bytes, bench->example.size, &bench->e);
        assert_non_null(line);
        for (size_t f = 0; f < sizeof fields / sizeof *fields; f++)
            assert_same(line, example, fields[f]);
        assert_int_equal(bench->order.target_unit.size, bench->event.key_size);
        assert_memory_equal(bench->order.order_id, bench->event.event_id, UUID_SIZE);
        json_free(line);
        json_free(example);
    }
}

static void test_what_is_damaged_is_refused(void **state)
{
    struct bench *bench = *state;
    const uint8_t *value;

    encode_example(bench, "fullest");
    value = bench->event.value;
    for (size_t size = 0; size < bench->event.value_size; size++)
        assert_int_equal(read(bench, value, size), REJECT);
}

static void test_another_contract_is_not_refused_but_ends_it(void **state)
{
    static const uint8_t bytes[] = {0xc3, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0};
    struct bench *bench = *state;

    assert_int_equal(read(bench, bytes, sizeof bytes), FATAL);
    assert_int_equal(bench->e.exit_code, EX_CONFIG);
    assert_non_null(strstr(bench->e.message, "0807060504030201"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_an_example_comes_back),
        TEST(test_what_is_damaged_is_refused),
        TEST(test_another_contract_is_not_refused_but_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
