/* writers_test.c - which writer schemas are known, asked for, refused and forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/builtin.h"
#include "common/schema.h"
#include "consumers/runtime/fake_schemas.h"
#include "consumers/runtime/writers.h"

static struct pg *const some_pg = (struct pg *)(uintptr_t)8; /* never looked into */

static int64_t now_ms; /* the clock is ours: see CMakeLists.txt */

int64_t __wrap_clock_monotonic_ms(void);
int64_t __wrap_clock_monotonic_ms(void)
{
    return now_ms;
}

static int set_up(void **state)
{
    struct err e;

    fake_reset();
    now_ms = 1000;
    *state = writers_new("drone_alert", &fake_registry, &e);
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    writers_free(*state);
    return 0;
}

static struct schema_id fingerprint(uint64_t number)
{
    return (struct schema_id){BY_FINGERPRINT, number};
}

static struct schema_id numbered(uint64_t number)
{
    return (struct schema_id){BY_REGISTRY, number};
}

/* The contract's first version as a device of number n might write it: with one more field. */
static char *variant(int n, uint64_t *print)
{
    char field[100];
    struct text text = {0};
    struct schema_file *schema;
    struct err e;

    for (const struct builtin_file *file = builtin_schemas; file->path; file++)
        if (strcmp(file->path, "schemas/drone_alert/v1.avsc") == 0)
            text_add_string(&text, file->text);
    text.size = (size_t)(strrchr(text.bytes, ']') - text.bytes);
    snprintf(field, sizeof field, ", {\"name\": \"extra_%d\", \"type\": \"int\"}]}", n);
    text_add_string(&text, field);
    schema = schema_parse("variant", text.bytes, text.size, &e);
    assert_non_null(schema);
    *print = schema_fingerprint(schema);
    schema_free(schema);
    return text.bytes;
}

static const struct writer *look_up(struct writers *writers, struct schema_id id)
{
    struct err e;

    assert_int_equal(writers_look_up(writers, some_pg, &id, 1, &e), DONE);
    return writers_find(writers, id);
}

/* ---- built in ---- */

static void test_every_built_in_version_is_read(void **state)
{
    const struct writer *writer = writers_find(*state, fingerprint(0x988dc1e0345fb73c));

    assert_non_null(writer->plan);
    assert_int_equal(writer->version, 1);
    assert_true(writer->fingerprint == 0x988dc1e0345fb73c);
}

/* ---- bus.schema ---- */

static void test_a_stored_schema_is_read(void **state)
{
    uint64_t print;
    char *text = variant(1, &print);
    const struct writer *writer;

    fake_store(print, text);
    assert_null(writers_find(*state, fingerprint(print)));
    writer = look_up(*state, fingerprint(print));
    assert_non_null(writer->plan);
    assert_int_equal(writer->version, 7);
    free(text);
    assert_ptr_equal(look_up(*state, fingerprint(print)), writer);
    assert_int_equal(fake_queries, 1);
}

static void test_all_of_a_batch_are_one_question(void **state)
{
    uint64_t print[3];
    struct schema_id ids[9];
    char *texts[3];
    struct err e;

    for (int i = 0; i < 3; i++) {
        texts[i] = variant(i, &print[i]);
        fake_store(print[i], texts[i]);
    }
    for (size_t i = 0; i < 9; i++)
        ids[i] = fingerprint(i % 2 ? i : print[i % 3]);
    assert_int_equal(writers_look_up(*state, some_pg, ids, 9, &e), DONE);
    assert_int_equal(fake_queries, 1);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(writers_find(*state, ids[i])->plan != NULL, i % 2 == 0);
    for (size_t i = 0; i < 3; i++)
        free(texts[i]);
}

static void test_what_is_not_there_is_asked_for_once_a_minute(void **state)
{
    struct schema_id id = fingerprint(7);

    assert_string_equal(look_up(*state, id)->reason, "schema_unknown");
    now_ms += 59999;
    writers_tidy(*state);
    assert_string_equal(writers_find(*state, id)->reason, "schema_unknown");
    now_ms += 1;
    assert_non_null(writers_find(*state, id)); /* not within a batch */
    writers_tidy(*state);
    assert_null(writers_find(*state, id));
}

static void test_any_number_of_unknown_ones_is_forgotten(void **state)
{
    struct schema_id *ids = xcalloc(5000, sizeof *ids);
    struct err e;

    for (size_t i = 0; i < 5000; i++)
        ids[i] = fingerprint(i * 77777 + 1);
    assert_int_equal(writers_look_up(*state, some_pg, ids, 5000, &e), DONE);
    assert_int_equal(fake_queries, 1);
    for (size_t i = 0; i < 5000; i++)
        assert_string_equal(writers_find(*state, ids[i])->reason, "schema_unknown");
    writers_tidy(*state);
    for (size_t i = 0; i < 5000; i++)
        assert_null(writers_find(*state, ids[i]));
    assert_non_null(writers_find(*state, fingerprint(0x988dc1e0345fb73c)));
    free(ids);
}

static void test_without_an_answer_nothing_is_known(void **state)
{
    struct schema_id id = fingerprint(7);
    struct err e;

    fake_outcome = RETRY;
    assert_int_equal(writers_look_up(*state, some_pg, &id, 1, &e), RETRY);
    assert_null(writers_find(*state, id));
}

static void test_without_a_database_only_the_built_in_ones_are_known(void **state)
{
    struct schema_id id = fingerprint(7);
    struct err e;

    assert_int_equal(writers_look_up(*state, NULL, &id, 1, &e), DONE);
    assert_string_equal(writers_find(*state, id)->reason, "schema_unknown");
    assert_int_equal(fake_queries, 0);
}

static void test_what_came_without_text_is_asked_for_again(void **state)
{
    struct schema_id id = fingerprint(7);
    struct err e;

    fake_store(7, NULL);
    assert_int_equal(writers_look_up(*state, some_pg, &id, 1, &e), DONE);
    assert_null(writers_find(*state, id));
}

static void assert_refused(const struct writer *writer, const char *why)
{
    assert_null(writer->plan);
    assert_string_equal(writer->reason, "schema_refused");
    assert_non_null(strstr(writer->detail, why));
}

static void test_what_cannot_be_read_is_refused_with_its_place(void **state)
{
    static const struct refused {
        const char *text, *why;
    } all[] = {
        {"{\"type\": \"record\", \"name\": \"gridloop.DroneAlert\", \"fields\": []}",
         "event_id: the writer has no such field"},
        {"{\"type\": \"record\", \"name\": \"gridloop.PatrolLog\", \"fields\": []}",
         "schema gridloop.PatrolLog"},
        {"\"string\"", "the reader's type"},
        {"{\"type\": \"record\"", "not JSON"},
        {"{\"type\": \"record\", \"name\": \"9\", \"fields\": []}", "\"name\""},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        fake_store(100 + i, all[i].text);
        assert_refused(look_up(*state, fingerprint(100 + i)), all[i].why);
    }
}

static void test_a_stored_fingerprint_is_not_believed(void **state)
{
    uint64_t print;
    char *text = variant(1, &print);

    fake_store(print + 1, text);
    assert_refused(look_up(*state, fingerprint(print + 1)), "another schema");
    free(text);
}

static void test_the_least_used_are_forgotten(void **state)
{
    uint64_t print[100];
    struct err e;

    for (int i = 0; i < 100; i++) {
        char *text = variant(i, &print[i]);
        fake_row_count = 0;
        fake_store(print[i], text);
        assert_non_null(look_up(*state, fingerprint(print[i]))->plan);
        writers_tidy(*state);
        assert_non_null(writers_find(*state, fingerprint(print[0])));
        free(text);
    }
    fake_row_count = 0;
    for (int i = 0; i < 100; i++)
        assert_int_equal(writers_find(*state, fingerprint(print[i])) != NULL,
                         i == 0 || i > 36);
    assert_non_null(writers_find(*state, fingerprint(0x988dc1e0345fb73c)));
    assert_int_equal(writers_look_up(*state, some_pg, NULL, 0, &e), DONE);
}

/* ---- the registry ---- */

static void test_registry_numbers(void **state)
{
    uint64_t print;
    char *text = variant(1, &print);

    fake_numbers[0] = (struct fake_schema){1, text};
    fake_numbers[1] = (struct fake_schema){2, NULL};
    fake_number_count = 2;
    assert_non_null(look_up(*state, numbered(1))->plan);
    assert_true(look_up(*state, numbered(1))->fingerprint == print);
    assert_refused(look_up(*state, numbered(2)), "why");
    assert_string_equal(look_up(*state, numbered(3))->reason, "schema_unknown");
    assert_int_equal(fake_requests, 3);
    assert_int_equal(fake_queries, 0);
    fake_outcome = RETRY;
    assert_non_null(look_up(*state, numbered(1))->plan);
    free(text);
}

/* A number and a fingerprint of the same value are two things. */
static void test_numbers_are_no_fingerprints(void **state)
{
    assert_non_null(look_up(*state, numbered(5)));
    assert_null(writers_find(*state, fingerprint(5)));
}

static void test_the_registry_away(void **state)
{
    struct schema_id ids[] = {fingerprint(5), numbered(5)};
    struct err e;

    assert_non_null(look_up(*state, fingerprint(5)));
    fake_outcome = RETRY;
    assert_int_equal(writers_look_up(*state, some_pg, ids, 2, &e), RETRY);
    assert_null(writers_find(*state, numbered(5)));
    assert_non_null(strstr(e.message, "registry number 5"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_every_built_in_version_is_read),
        TEST(test_a_stored_schema_is_read),
        TEST(test_all_of_a_batch_are_one_question),
        TEST(test_what_is_not_there_is_asked_for_once_a_minute),
        TEST(test_any_number_of_unknown_ones_is_forgotten),
        TEST(test_without_an_answer_nothing_is_known),
        TEST(test_without_a_database_only_the_built_in_ones_are_known),
        TEST(test_what_came_without_text_is_asked_for_again),
        TEST(test_what_cannot_be_read_is_refused_with_its_place),
        TEST(test_a_stored_fingerprint_is_not_believed),
        TEST(test_the_least_used_are_forgotten),
        TEST(test_registry_numbers),
        TEST(test_numbers_are_no_fingerprints),
        TEST(test_the_registry_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
