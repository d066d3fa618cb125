/* reader_test.c - the content hash: what changes it, and what must not, because it is kept for ever. In the
 * schemas of this file ' stands for ", and what stands behind the common fields is written in hex. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/builtin.h"
#include "common/hash.h"
#include "common/schema.h"
#include "common/text.h"
#include "consumers/runtime/plan.h"
#include "consumers/runtime/reader.h"

#define ROWS(table) (sizeof(table) / sizeof *(table))

#define TIME "{'type':'long','logicalType':'timestamp-micros'}"
#define UUID "{'type':'string','logicalType':'uuid'}"
#define COMMON                                                                           \
    "{'name':'event_id','type':" UUID "},"                                               \
    "{'name':'occurred_at','type':" TIME "},"                                            \
    "{'name':'recorded_at','type':" TIME "}"
#define EVENT(fields) "{'type':'record','name':'Event','fields':[" COMMON "," fields "]}"
#define FIELD(name, type) "{'name':'" name "','type':" type "}"
#define FIELD_OR(name, type, fallback)                                                   \
    "{'name':'" name "','type':" type ",'default':" fallback "}"
#define RECORD(name, fields) "{'type':'record','name':'" name "','fields':[" fields "]}"

static struct schema_file *parse(const char *quoted)
{
    char *json = xstrdup(quoted);
    struct schema_file *file;
    struct err e;

    for (char *c = json; *c; c++)
        if (*c == '\'')
            *c = '"';
    file = schema_parse("test.avsc", json, strlen(json), &e);
    if (!file)
        fail_msg("%s: %s", quoted, e.message);
    free(json);
    return file;
}

/* ---- one event ---- */

static void put_long(struct text *out, int64_t number)
{
    uint64_t zigzag = ((uint64_t)number << 1) ^ (uint64_t)(number >> 63);

    for (; zigzag > 0x7f; zigzag >>= 7)
        text_add(out, &(char){(char)(zigzag | 0x80)}, 1);
    text_add(out, &(char){(char)zigzag}, 1);
}

static void put_hex(struct text *out, const char *hex)
{
    unsigned byte;
    int used;

    for (; sscanf(hex, " %2x%n", &byte, &used) == 1; hex += used)
        text_add(out, &(char){(char)byte}, 1);
}

struct sent {
    int event_id; /* last digit */
    int64_t occurred_at, recorded_at;
};

static const struct sent usual = {1, 1700000000000000, 1700000000000001};

static void put_event(struct text *out, const struct sent *sent, const char *rest)
{
    text_format(out,
                "\x48"
                "018f3a4e-0000-7000-8000-00000000000%d",
                sent->event_id);
    put_long(out, sent->occurred_at);
    put_long(out, sent->recorded_at);
    put_hex(out, rest);
}

struct hash {
    uint8_t bytes[SHA256_SIZE];
};

/* Of an event written by writer, as reader sees it. */
static struct hash hash_sent(const struct sent *sent, const char *writer,
                             const char *reader, const char *rest)
{
    struct schema_file *writers = parse(writer), *readers = parse(reader);
    struct arena *arena = arena_new();
    struct text bytes = {0};
    struct err e;
    struct reader *r = reader_new(readers, &e);
    struct plan *plan;
    struct reject reject;
    struct value value;
    struct hash hash;

    assert_non_null(r);
    plan = plan_compile(schema_root(writers), r->schema, &r->defaults, &e);
    if (!plan)
        fail_msg("%s", e.message);
    put_event(&bytes, sent, rest);
    if (!plan_run(plan, (const uint8_t *)bytes.bytes, bytes.size, arena, &value, &reject))
        fail_msg("%s: %s, %s", rest, reject.reason, reject.detail);
    reader_content_hash(r, value.items, hash.bytes);
    plan_free(plan);
    reader_free(r);
    text_free(&bytes);
    arena_free(arena);
    schema_free(writers);
    schema_free(readers);
    return hash;
}

static struct hash hash_of(const char *writer, const char *reader, const char *rest)
{
    return hash_sent(&usual, writer, reader, rest);
}

static bool are_same(struct hash a, struct hash b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

/* An event of the old version is the same event to a daemon of the new one. */
static void assert_kept(const char *old, const char *new, const char *rest)
{
    assert_true(are_same(hash_of(old, old, rest), hash_of(old, new, rest)));
}

static void assert_differ(const char *schema, const char *one, const char *other)
{
    assert_false(are_same(hash_of(schema, schema, one), hash_of(schema, schema, other)));
}

/* ---- the form ---- */

/* The expected hash was computed with Python from the description in reader.c. It never changes. */
static void test_the_hash_is_what_it_has_always_been(void **state)
{
    static const char schema[] = EVENT(
        FIELD("a", "'string'") "," FIELD_OR("b", "['null','int']", "null") "," FIELD("c", "'double'") "," FIELD(
            "d",
            "{'type':'array','items':'string'}") "," FIELD("e",
                                                           RECORD(
                                                               "S",
                                                               FIELD("x", "'int'") "," FIELD_OR(
                                                                   "y", "'int'",
                                                                   "3"))) "," FIELD("f",
                                                                                    "{'"
                                                                                    "type"
                                                                                    "':'"
                                                                                    "map'"
                                                                                    ",'"
                                                                                    "valu"
                                                                                    "es':"
                                                                                    "['"
                                                                                    "null"
                                                                                    "','"
                                                                                    "int'"
                                                                                    "]}") "," FIELD("g",
                                                                                                    "['int',{'type':'enum','name':'E','symbols':['A','B']}]"));
    struct hash hash =
        hash_of(schema, schema,
                "06 e7 bd 91  02 09  00 00 00 00 00 00 e0 3f  04 02 61 00 00  "
                "0e 06  02 02 6b 00 00  02 02");
    char hex[2 * SHA256_SIZE + 1];

    (void)state;
    for (size_t i = 0; i < SHA256_SIZE; i++)
        snprintf(hex + 2 * i, 3, "%02x", hash.bytes[i]);
    assert_string_equal(
        hex, "18ce97a03f57559d7ca81a9d2836ff01ef56a3d8d9eb5a867e7764e373f7dff8");
}

/* ---- what must not change it ---- */

static const char plain[] = EVENT(FIELD("a", "'int'"));

static void test_the_same_event_has_the_same_hash(void **state)
{
    (void)state;
    assert_true(are_same(hash_of(plain, plain, "02"), hash_of(plain, plain, "02")));
}

static void test_recorded_at_does_not_count(void **state)
{
    struct sent again = usual;

    (void)state;
    again.recorded_at += 3600000000;
    assert_true(are_same(hash_sent(&usual, plain, plain, "02"),
                         hash_sent(&again, plain, plain, "02")));
}

/* Wherever it stands. */
static void test_recorded_at_does_not_count_as_the_last_field(void **state)
{
    static const char schema[] =
        RECORD("Event", FIELD("event_id", UUID) "," FIELD("occurred_at", TIME) "," FIELD(
                            "recorded_at", TIME));
    struct sent again = usual;

    (void)state;
    again.recorded_at = 0;
    assert_true(are_same(hash_sent(&usual, schema, schema, ""),
                         hash_sent(&again, schema, schema, "")));
}

static void test_a_new_field_with_its_default_changes_nothing(void **state)
{
    static const struct {
        const char *field;
    } cases[] = {
        {FIELD_OR("n", "'null'", "null")},
        {FIELD_OR("n", "'boolean'", "false")},
        {FIELD_OR("n", "'int'", "7")},
        {FIELD_OR("n", "'double'", "0.5")},
        {FIELD_OR("n", "'string'", "''")},
        {FIELD_OR("n", "'bytes'", "'\\u00ff'")},
        {FIELD_OR("n", UUID, "'018f3a4e-0000-7000-8000-000000000001'")},
        {FIELD_OR("n", TIME, "0")},
        {FIELD_OR("n", "{'type':'fixed','name':'F','size':1}", "'a'")},
        {FIELD_OR("n", "{'type':'enum','name':'E','symbols':['A']}", "'A'")},
        {FIELD_OR("n", "['null','string']", "null")},
        {FIELD_OR("n", "['string','null']", "'x'")},
        {FIELD_OR("n", "{'type':'array','items':'int'}", "[]")},
        {FIELD_OR("n", "{'type':'array','items':'int'}", "[1,2]")},
        {FIELD_OR("n", "{'type':'map','values':'int'}", "{}")},
        {FIELD_OR("n", "{'type':'map','values':'int'}", "{'b':1,'a':2}")},
        {FIELD_OR("n", RECORD("S", FIELD("x", "'int'")), "{'x':1}")},
    };
    char newer[1000];

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        snprintf(newer, sizeof newer, EVENT("%s,%s"), FIELD("a", "'int'"),
                 cases[i].field);
        assert_kept(plain, newer, "02");
    }
}

static void test_a_default_that_was_written_does_not_count_either(void **state)
{
    static const char newer[] =
        EVENT(FIELD("a", "'int'") "," FIELD_OR("n", "['null','int']", "null"));

    (void)state;
    assert_true(are_same(hash_of(plain, plain, "02"), hash_of(newer, newer, "02 00")));
}

static void test_a_new_field_in_a_nested_record_changes_nothing(void **state)
{
    static const char old[] = EVENT(
        FIELD("a", "{'type':'array','items':" RECORD("S", FIELD("x", "'int'")) "}"));
    static const char new[] =
        EVENT(FIELD("a", "{'type':'array','items':" RECORD(
                             "S", FIELD("x", "'int'") "," FIELD_OR("y", "['null','int']",
                                                                   "null")) "}"));

    (void)state;
    assert_kept(old, new, "04 02 04 00");
}

static void test_a_default_in_a_nested_record_does_not_count(void **state)
{
    static const char schema[] = EVENT(FIELD(
        "a", RECORD("S", FIELD_OR("x", "'int'", "7") "," FIELD("y", "['null','int']"))));
    static const char shorter[] =
        EVENT(FIELD("a", RECORD("S", FIELD("y", "['null','int']"))));

    (void)state;
    assert_true(
        are_same(hash_of(schema, schema, "0e 00"), hash_of(shorter, schema, "00")));
    assert_differ(schema, "0e 00", "10 00");
}

static void test_wider_numbers_change_nothing(void **state)
{
    static const char *const types[] = {"'int'", "'long'", "'double'", "'float'"};
    char wider[500];

    (void)state;
    for (size_t i = 0; i < ROWS(types); i++) {
        snprintf(wider, sizeof wider, EVENT("{'name':'a','type':%s}"), types[i]);
        assert_kept(plain, wider, "02");
        assert_kept(plain, wider, "00");
        assert_kept(plain, wider,
                    "ff ff ff 0f"); /* -16777216, the last that a float has */
    }
    assert_kept(EVENT(FIELD("a", "'float'")), EVENT(FIELD("a", "'double'")),
                "cd cc cc 3d");
    assert_kept(EVENT(FIELD("a", "'long'")), EVENT(FIELD("a", "'double'")),
                "80 80 80 80 80 80 80 20"); /* 2^53, the last that a double has */
}

static void test_another_name_changes_nothing(void **state)
{
    (void)state;
    assert_kept(plain, EVENT("{'name':'b','type':'int','aliases':['a']}"), "02");
}

static void test_becoming_optional_changes_nothing(void **state)
{
    (void)state;
    assert_kept(plain, EVENT(FIELD("a", "['null','int']")), "02");
    assert_kept(plain, EVENT(FIELD_OR("a", "['null','int']", "null")), "02");
    assert_kept(plain, EVENT(FIELD("a", "['int','null']")), "02");
}

static void test_more_symbols_change_nothing(void **state)
{
    (void)state;
    assert_kept(EVENT(FIELD("a", "{'type':'enum','name':'E','symbols':['A','B']}")),
                EVENT(FIELD("a", "{'type':'enum','name':'E','symbols':['C','B','A']}")),
                "02");
}

static void test_the_order_of_a_map_changes_nothing(void **state)
{
    static const char schema[] = EVENT(FIELD("a", "{'type':'map','values':'int'}"));

    (void)state;
    assert_true(are_same(hash_of(schema, schema, "04 02 61 02 02 62 04 00"),
                         hash_of(schema, schema, "04 02 62 04 02 61 02 00")));
    assert_true(are_same(hash_of(schema, schema, "04 02 61 02 02 62 04 00"),
                         hash_of(schema, schema, "02 02 61 02 02 02 62 04 00")));
}

/* ---- what has to change it ---- */

static void test_every_other_common_field_counts(void **state)
{
    struct sent other_id = usual, other_time = usual;
    struct hash hash = hash_sent(&usual, plain, plain, "02");

    (void)state;
    other_id.event_id++;
    other_time.occurred_at++;
    assert_false(are_same(hash, hash_sent(&other_id, plain, plain, "02")));
    assert_false(are_same(hash, hash_sent(&other_time, plain, plain, "02")));
}

static void test_a_change_of_any_type_counts(void **state)
{
    static const struct {
        const char *type, *one, *other;
    } cases[] = {
        {"'boolean'", "00", "01"},
        {"'int'", "00", "01"},
        {"'long'", "00", "fe ff ff ff ff ff ff ff ff 01"},
        {"'long'", "fe ff ff ff ff ff ff ff ff 01", "ff ff ff ff ff ff ff ff ff 01"},
        {"'float'", "00 00 00 00", "00 00 00 3f"},
        {"'double'", "00 00 00 00 00 00 f8 7f", "00 00 00 00 00 00 f0 7f"},
        {"'double'", "00 00 00 00 00 00 f0 3f", "01 00 00 00 00 00 f0 3f"},
        {"'double'", "00 00 00 00 00 00 40 43", "01 00 00 00 00 00 40 43"}, /* 2^53 */
        {"'string'", "00", "02 61"},
        {"'string'", "02 61", "02 62"},
        {"'bytes'", "02 00", "04 00 00"},
        {UUID,
         "48 30 31 38 66 33 61 34 65 2d 30 30 30 30 2d 37 30 30 30 2d 38 30 30 30 2d "
         "30 30 30 30 30 30 30 30 30 30 46 46",
         "48 30 31 38 66 33 61 34 65 2d 30 30 30 30 2d 37 30 30 30 2d 38 30 30 30 2d "
         "30 30 30 30 30 30 30 30 30 30 46 45"},
        {TIME, "00", "02"},
        {"{'type':'fixed','name':'F','size':1}", "00", "01"},
        {"{'type':'enum','name':'E','symbols':['A','B']}", "00", "02"},
        {"{'type':'array','items':'int'}", "00", "02 00 00"},
        {"{'type':'array','items':'int'}", "02 02 00", "02 04 00"},
        {"{'type':'array','items':'int'}", "04 02 04 00", "04 04 02 00"},
        {"{'type':'map','values':'int'}", "02 02 61 02 00", "02 02 62 02 00"},
        {"{'type':'map','values':'int'}", "02 02 61 02 00", "02 02 61 04 00"},
        {"{'type':'map','values':'int'}", "00", "02 02 61 02 00"},
        {"['null','int']", "00", "02 00"},
        {"['string','bytes']", "00 02 61", "02 02 61"},
        {"['null','string','bytes']", "02 02 61", "04 02 61"},
        {RECORD("S", FIELD("x", "'int'")), "00", "02"},
    };
    char schema[500];

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        snprintf(schema, sizeof schema, EVENT("{'name':'a','type':%s}"), cases[i].type);
        assert_differ(schema, cases[i].one, cases[i].other);
    }
}

static void test_the_same_value_in_another_field_counts(void **state)
{
    static const char schema[] = EVENT(FIELD_OR(
        "a", "['null','int']", "null") "," FIELD_OR("b", "['null','int']", "null"));

    (void)state;
    assert_differ(schema, "02 02 00", "00 02 02");
    assert_differ(schema, "00 00", "00 02 02");
}

/* The end of a nested record is told: else y of the inner and b of the outer one could be mistaken. */
static void test_the_same_value_one_level_up_counts(void **state)
{
    static const char schema[] = RECORD(
        "Event",
        FIELD("in", RECORD("S", FIELD("x0", "'int'") "," FIELD_OR(
                                    "x1", "'int'", "0"))) "," FIELD_OR("b", "'int'",
                                                                       "0") "," COMMON);
    struct text bytes[2] = {{0}};
    struct arena *arena = arena_new();
    struct schema_file *file = parse(schema);
    struct err e;
    struct reader *reader = reader_new(file, &e);
    struct plan *plan =
        plan_compile(reader->schema, reader->schema, &reader->defaults, &e);
    struct hash hashes[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct reject reject;
        struct value value;
        put_hex(&bytes[i], i ? "02 0a 00" : "02 00 0a");
        put_event(&bytes[i], &usual, "");
        assert_true(plan_run(plan, (const uint8_t *)bytes[i].bytes, bytes[i].size, arena,
                             &value, &reject));
        reader_content_hash(reader, value.items, hashes[i].bytes);
        text_free(&bytes[i]);
    }
    assert_false(are_same(hashes[0], hashes[1]));
    plan_free(plan);
    reader_free(reader);
    schema_free(file);
    arena_free(arena);
}

static void test_where_one_text_ends_counts(void **state)
{
    static const char two[] = EVENT(FIELD("a", "'string'") "," FIELD("b", "'string'"));
    static const char list[] = EVENT(FIELD("a", "{'type':'array','items':'string'}"));
    static const char lists[] =
        EVENT(FIELD("a", "{'type':'array','items':{'type':'array','items':'int'}}"));

    (void)state;
    assert_differ(two, "04 61 62 02 63", "02 61 04 62 63");
    assert_differ(list, "04 04 61 62 02 63 00", "04 02 61 04 62 63 00");
    assert_differ(lists, "04 02 02 00 04 04 06 00 00", "04 04 02 04 00 02 06 00 00");
}

/* ---- what a reader needs ---- */

static void assert_no_reader(const char *schema, const char *message)
{
    struct schema_file *file = parse(schema);
    struct err e;

    assert_null(reader_new(file, &e));
    assert_string_equal(e.message, message);
    assert_int_equal(e.outcome, FATAL);
    assert_int_equal(e.exit_code, EX_CONFIG);
    schema_free(file);
}

static void test_the_common_fields_have_to_be_there(void **state)
{
    (void)state;
    assert_no_reader("'int'", "the schema is not a record");
    assert_no_reader(RECORD("R", FIELD("a", "'int'")),
                     "the schema has no field event_id of the right type");
    assert_no_reader(RECORD("R", FIELD("event_id", "'string'")),
                     "the schema has no field event_id of the right type");
    assert_no_reader(
        RECORD("R", FIELD("event_id", UUID) "," FIELD("occurred_at", "'long'")),
        "the schema has no field occurred_at of the right type");
    assert_no_reader(RECORD("R", FIELD("event_id", "['null'," UUID
                                                   "]") "," FIELD("occurred_at", TIME)),
                     "the schema has no field event_id of the right type");
    assert_no_reader(RECORD("R", FIELD("event_id", UUID) "," FIELD("occurred_at", TIME)),
                     "the schema has no field recorded_at of the right type");
}

static void test_columns_of_the_store_are_no_fields(void **state)
{
    static const char *const names[] = {"source_id", "topic_offset", "content_hash",
                                        "stored_at"};
    char schema[500], message[100];

    (void)state;
    for (size_t i = 0; i < ROWS(names); i++) {
        snprintf(schema, sizeof schema, EVENT("{'name':'%s','type':'int'}"), names[i]);
        snprintf(message, sizeof message, "a field must not be named %s", names[i]);
        assert_no_reader(schema, message);
        snprintf(schema, sizeof schema, RECORD("R", "{'name':'%s','type':'int'}," COMMON),
                 names[i]);
        assert_no_reader(schema, message);
    }
}

static void test_a_default_has_to_be_a_value(void **state)
{
    (void)state;
    assert_no_reader(EVENT(FIELD_OR("a", UUID, "'no uuid'")),
                     "a: the default cannot be used");
    assert_no_reader(EVENT(FIELD_OR("a", TIME, "9223372036854775807")),
                     "a: the default cannot be used");
}

static void test_every_kind_of_the_contract_can_be_read(void **state)
{
    (void)state;
    for (const struct builtin_file *file = builtin_schemas; file->path; file++) {
        struct err e;
        struct schema_file *schema = schema_parse(file->path, file->text, file->size, &e);
        struct reader *reader = reader_new(schema, &e);
        assert_non_null(reader);
        assert_int_equal(reader->event_id, 0);
        assert_int_equal(reader->occurred_at, 1);
        assert_int_equal(reader->recorded_at, 2);
        reader_free(reader);
        schema_free(schema);
    }
    reader_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_hash_is_what_it_has_always_been),
        cmocka_unit_test(test_the_same_event_has_the_same_hash),
        cmocka_unit_test(test_recorded_at_does_not_count),
        cmocka_unit_test(test_recorded_at_does_not_count_as_the_last_field),
        cmocka_unit_test(test_a_new_field_with_its_default_changes_nothing),
        cmocka_unit_test(test_a_default_that_was_written_does_not_count_either),
        cmocka_unit_test(test_a_new_field_in_a_nested_record_changes_nothing),
        cmocka_unit_test(test_a_default_in_a_nested_record_does_not_count),
        cmocka_unit_test(test_wider_numbers_change_nothing),
        cmocka_unit_test(test_another_name_changes_nothing),
        cmocka_unit_test(test_becoming_optional_changes_nothing),
        cmocka_unit_test(test_more_symbols_change_nothing),
        cmocka_unit_test(test_the_order_of_a_map_changes_nothing),
        cmocka_unit_test(test_every_other_common_field_counts),
        cmocka_unit_test(test_a_change_of_any_type_counts),
        cmocka_unit_test(test_the_same_value_in_another_field_counts),
        cmocka_unit_test(test_the_same_value_one_level_up_counts),
        cmocka_unit_test(test_where_one_text_ends_counts),
        cmocka_unit_test(test_the_common_fields_have_to_be_there),
        cmocka_unit_test(test_columns_of_the_store_are_no_fields),
        cmocka_unit_test(test_a_default_has_to_be_a_value),
        cmocka_unit_test(test_every_kind_of_the_contract_can_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
