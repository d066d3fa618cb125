/* plan_test.c - what Avro-C encodes is read back the same; schemas are resolved as Avro says; and no bytes make
 * the decoder crash, hang, or take more memory than the message is worth. In the schemas of this file ' stands
 * for ", and messages are written in hex.
 *
 * GRIDLOOP_TEST_SEED repeats a run: each prints its own. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <avro.h>
#include <cmocka.h>

#include "common/arena.h"
#include "common/builtin.h"
#include "common/clock.h"
#include "common/hash.h"
#include "common/schema.h"
#include "common/text.h"
#include "consumers/runtime/plan.h"
#include "consumers/runtime/reader.h"
#include "consumers/runtime/value.h"

#define ROWS(table) (sizeof(table) / sizeof *(table))

/* ---- chance ---- */

static uint64_t chance;

static uint64_t dice(void)
{
    chance ^= chance >> 12;
    chance ^= chance << 25;
    chance ^= chance >> 27;
    return chance * 0x2545f4914f6cdd1d;
}

static size_t below(size_t bound)
{
    return (size_t)(dice() % bound);
}

static void random_fill(void *out, size_t size)
{
    for (uint8_t *at = out; size > 0; size--)
        *at++ = (uint8_t)(dice() >> 32);
}

static int sow(void **state)
{
    const char *seed = getenv("GRIDLOOP_TEST_SEED");

    (void)state;
    if (seed)
        chance = strtoull(seed, NULL, 10);
    else
        random_bytes(&chance, sizeof chance);
    chance |= 1;
    print_message("GRIDLOOP_TEST_SEED=%llu\n", (unsigned long long)chance);
    return 0;
}

/* ---- one writer, one reader ---- */

struct pair {
    struct schema_file *writer, *reader;
    struct arena *arena; /* of the defaults */
    struct defaults defaults;
    struct plan *plan; /* NULL: refused, see e */
    struct err e;
};

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

/* The pair owns both files. */
static void pair_open(struct pair *pair, struct schema_file *writer,
                      struct schema_file *reader)
{
    *pair = (struct pair){.writer = writer, .reader = reader, .arena = arena_new()};
    assert_int_equal(defaults_decode(&pair->defaults, reader, pair->arena, &pair->e),
                     DONE);
    pair->plan =
        plan_compile(schema_root(writer), schema_root(reader), &pair->defaults, &pair->e);
}

static void pair_close(struct pair *pair)
{
    plan_free(pair->plan);
    arena_free(pair->arena);
    schema_free(pair->writer);
    schema_free(pair->reader);
}

static void pair_of(struct pair *pair, const char *writer, const char *reader)
{
    pair_open(pair, parse(writer), parse(reader));
    if (!pair->plan)
        fail_msg("%s cannot be read by %s: %s", writer, reader, pair->e.message);
}

/* ---- bytes written in hex ---- */

struct bytes {
    uint8_t *at; /* of exactly this size, so that a sanitizer sees every step outside */
    size_t size;
};

static struct bytes bytes_of(const void *from, size_t size)
{
    struct bytes bytes = {xmalloc(size), size};

    if (size > 0)
        memcpy(bytes.at, from, size);
    return bytes;
}

static struct bytes unhex(const char *hex)
{
    struct text raw = {0};
    struct bytes bytes;
    unsigned byte;
    int used;

    for (; sscanf(hex, " %2x%n", &byte, &used) == 1; hex += used)
        text_add(&raw, &(char){(char)byte}, 1);
    bytes = bytes_of(raw.bytes, raw.size);
    text_free(&raw);
    return bytes;
}

/* ---- what is expected ---- */

/* 64 times its size, and a thousand items that take no bytes. */
static size_t most_memory(const struct bytes *bytes)
{
    return 64 * bytes->size + (32 << 10);
}

static void assert_bytes_read(const char *writer, const char *reader,
                              const struct bytes *bytes, const char *json)
{
    struct arena *arena = arena_new();
    struct text found = {0};
    struct reject reject;
    struct value value;
    struct pair pair;

    pair_of(&pair, writer, reader);
    if (!plan_run(pair.plan, bytes->at, bytes->size, arena, &value, &reject))
        fail_msg("%s refused: %s, %s", writer, reject.reason, reject.detail);
    value_json(&found, schema_root(pair.reader), &value);
    assert_string_equal(found.bytes, json);
    text_free(&found);
    arena_free(arena);
    pair_close(&pair);
}

/* What was written so by writer is this JSON to reader. */
static void assert_read(const char *writer, const char *reader, const char *hex,
                        const char *json)
{
    struct bytes bytes = unhex(hex);

    assert_bytes_read(writer, reader, &bytes, json);
    free(bytes.at);
}

static void assert_bytes_refused(const char *writer, const char *reader,
                                 const struct bytes *bytes, const char *reason)
{
    struct arena *arena = arena_new();
    struct reject reject = {0};
    struct value value;
    struct pair pair;

    pair_of(&pair, writer, reader);
    if (plan_run(pair.plan, bytes->at, bytes->size, arena, &value, &reject))
        fail_msg("accepted by %s, not refused with %s", writer, reason);
    assert_string_equal(reject.reason, reason);
    assert_non_null(reject.detail);
    assert_true(arena_used(arena) <= most_memory(bytes));
    arena_free(arena);
    pair_close(&pair);
}

static void assert_refused(const char *schema, const char *hex, const char *reason)
{
    struct bytes bytes = unhex(hex);

    assert_bytes_refused(schema, schema, &bytes, reason);
    free(bytes.at);
}

/* The schemas alone forbid it. */
static void assert_unreadable(const char *writer, const char *reader, const char *message)
{
    struct pair pair;

    pair_open(&pair, parse(writer), parse(reader));
    if (pair.plan)
        fail_msg("%s is said to be readable by %s", writer, reader);
    assert_int_equal(pair.e.outcome, REJECT);
    assert_string_equal(pair.e.message, message);
    pair_close(&pair);
}

/* A record R with these fields. */
#define RECORD(fields) "{'type':'record','name':'R','fields':[" fields "]}"
#define FIELD(name, type) "{'name':'" name "','type':" type "}"
#define FIELD_OR(name, type, fallback)                                                   \
    "{'name':'" name "','type':" type ",'default':" fallback "}"
#define FIELD_ALSO(name, type, rest) "{'name':'" name "','type':" type "," rest "}"
#define ARRAY(items) "{'type':'array','items':" items "}"
#define MAP(values) "{'type':'map','values':" values "}"
#define ENUM(rest) "{'type':'enum','name':'E'," rest "}"
#define FIXED(size) "{'type':'fixed','name':'F','size':" size "}"
#define RULED(type, rules) RECORD(FIELD_ALSO("a", type, rules))
#define UUID "{'type':'string','logicalType':'uuid'}"
#define TIME "{'type':'long','logicalType':'timestamp-micros'}"

/* ---- Avro-C as the oracle ---- */

/* Every type and many ways of nesting. */
static const char everything[] =
    RECORD(
        FIELD("null", "'null'") "," FIELD("boolean", "'boolean'") "," FIELD(
            "int", "'int'") "," FIELD("long",
                                      "'long'") "," FIELD("float",
                                                          "'float'") "," FIELD("double",
                                                                               "'double'") "," FIELD("bytes", "'bytes'") "," FIELD("string", "'string'") "," FIELD("uuid", UUID) "," FIELD("time", TIME) "," FIELD("fixed", FIXED("7")) "," FIELD("enum", ENUM("'symbols':['A','B','C']")) "," FIELD("array",
                                                                                                                                                                                                                                                                                                     ARRAY(
                                                                                                                                                                                                                                                                                                         ARRAY("'int'"))) "," FIELD("map", MAP(MAP("'string'"))) "," FIELD("union",
                                                                                                                                                                                                                                                                                                                                                                           "['int','null','string','double','F','E'," ARRAY("'boolean'") "]") "," FIELD("optional", "['null'," UUID
                                                                                                                                                                                                                                                                                                                                                                                                                                                                    "]") "," FIELD("records",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                   ARRAY("{'type':'record','name':'S','fields':[" FIELD("a", "['null','long']") "," FIELD(
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                       "b",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                       ARRAY(
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                           "['null'," TIME
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                           "]")) "]}")) "," FIELD("record",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                  "{'type':'record','name':'T','fields':[" FIELD(
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      "s",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      "'S'") "," FIELD("m",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                       MAP("'S'")) "]}"));

/* A kind's schema without the contract's rules (they are attributes that Avro ignores), so that any value will
 * do. The text has the size of the original. */
static char *without_rules(const struct builtin_file *file)
{
    char *text = xcalloc(file->size + 1, 1);

    memcpy(text, file->text, file->size);
    for (char *at = text; (at = strstr(at, "\"gridloop.")); at++)
        at[1] = 'x';
    return text;
}

static const char *const texts[] = {"",
                                    "a",
                                    "\xe7\xbd\x91",
                                    "\xf0\x9f\x9a\x81",
                                    "\xef\xbb\xbf",
                                    "\xe2\x80\xae",
                                    "e\xcc\x81",
                                    "\xc3\xa9",
                                    "'; drop table events; --",
                                    "\\x00 \\N \\.",
                                    "PGCOPY\n\xc2\xbf\r\n",
                                    "\x7f"};

static void random_text(struct text *out, size_t pieces)
{
    text_clear(out);
    text_add_string(out, "");
    for (size_t n = below(pieces + 1); n > 0; n--)
        text_add_string(out, texts[below(ROWS(texts))]);
}

static int64_t random_long(void)
{
    static const int64_t edges[] = {0,         -1,        1,         63,        64,
                                    -64,       -65,       INT32_MIN, INT32_MAX, INT64_MIN,
                                    INT64_MAX, 1LL << 53, 8191,      8192};

    return below(2) ? edges[below(ROWS(edges))] : (int64_t)(dice() >> below(64));
}

/* Finite: what is nested may not be anything else. */
static double random_real(void)
{
    static const double edges[] = {0.0,       -0.0,      1.0,     -1.5, 113.25,
                                   0x1p-1074, 0x1.fp127, -0x1p53, 0.1,  -0x1p-149};

    return below(4) ? edges[below(ROWS(edges))] : (double)random_long();
}

static void write_value(avro_value_t *out, const struct schema *schema);

static void write_text(avro_value_t *out, const struct schema *schema)
{
    struct text text = {0};
    char uuid_text[UUID_TEXT_SIZE];
    uint8_t uuid[UUID_SIZE];

    random_text(&text, 12);
    random_fill(uuid, sizeof uuid);
    uuid_format(uuid_text, uuid);
    avro_value_set_string(out, schema->logical == LOGICAL_UUID ? uuid_text : text.bytes);
    text_free(&text);
}

static void write_raw(avro_value_t *out, const struct schema *schema)
{
    uint8_t raw[64];

    random_fill(raw, sizeof raw);
    if (schema->type == SCHEMA_FIXED)
        avro_value_set_fixed(out, raw, schema->count);
    else
        avro_value_set_bytes(out, raw, below(sizeof raw));
}

static void write_items(avro_value_t *out, const struct schema *schema)
{
    avro_value_t item;
    char key[24];

    for (size_t i = 0, count = below(5); i < count; i++) {
        snprintf(key, sizeof key, "%s%zu", i % 2 ? "\xe7\xbd\x91" : "", i);
        if (schema->type == SCHEMA_ARRAY)
            avro_value_append(out, &item, NULL);
        else
            avro_value_add(out, key, &item, NULL, NULL);
        write_value(&item, schema->branches[0]);
    }
}

static void write_union(avro_value_t *out, const struct schema *schema)
{
    size_t index = below(schema->count);
    avro_value_t branch;

    avro_value_set_branch(out, (int)index, &branch);
    write_value(&branch, schema->branches[index]);
}

static void write_record(avro_value_t *out, const struct schema *schema)
{
    avro_value_t field;

    for (size_t i = 0; i < schema->count; i++) {
        avro_value_get_by_index(out, i, &field, NULL);
        write_value(&field, schema->fields[i].type);
    }
}

/* Within the years 1 to 9999. */
static int64_t random_time(void)
{
    return random_long() / 256;
}

static void write_value(avro_value_t *out, const struct schema *schema)
{
    switch (schema->type) {
    case SCHEMA_NULL: avro_value_set_null(out); break;
    case SCHEMA_BOOLEAN: avro_value_set_boolean(out, (int)below(2)); break;
    case SCHEMA_INT: avro_value_set_int(out, (int32_t)random_long()); break;
    case SCHEMA_LONG:
        avro_value_set_long(out, schema->logical ? random_time() : random_long());
        break;
    case SCHEMA_FLOAT: avro_value_set_float(out, (float)random_real()); break;
    case SCHEMA_DOUBLE: avro_value_set_double(out, random_real()); break;
    case SCHEMA_BYTES:
    case SCHEMA_FIXED: write_raw(out, schema); break;
    case SCHEMA_STRING: write_text(out, schema); break;
    case SCHEMA_ENUM: avro_value_set_enum(out, (int)below(schema->count)); break;
    case SCHEMA_ARRAY:
    case SCHEMA_MAP: write_items(out, schema); break;
    case SCHEMA_UNION: write_union(out, schema); break;
    case SCHEMA_RECORD: write_record(out, schema); break;
    }
}

static void assert_same(const struct schema *schema, const struct value *found,
                        const avro_value_t *written);

static void assert_same_number(const struct schema *schema, const struct value *found,
                               const avro_value_t *written)
{
    int64_t number = 0;
    int32_t narrow = 0;
    int boolean = 0;

    assert_int_equal(found->kind, VALUE_NUMBER);
    if (schema->type == SCHEMA_LONG)
        avro_value_get_long(written, &number);
    else if (schema->type == SCHEMA_INT)
        avro_value_get_int(written, &narrow);
    else
        avro_value_get_boolean(written, &boolean);
    assert_true(found->number == number + narrow + boolean);
}

static void assert_same_real(const struct schema *schema, const struct value *found,
                             const avro_value_t *written)
{
    double real = 0;
    float narrow = 0;

    assert_int_equal(found->kind, VALUE_REAL);
    if (schema->type == SCHEMA_FLOAT) {
        avro_value_get_float(written, &narrow);
        real = (double)narrow;
    } else {
        avro_value_get_double(written, &real);
    }
    assert_memory_equal(&found->real, &real, sizeof real);
}

static void assert_same_text(const struct schema *schema, const struct value *found,
                             const avro_value_t *written)
{
    char uuid[UUID_TEXT_SIZE];
    const char *text = "";
    size_t size = 1;

    avro_value_get_string(written, &text, &size);
    if (schema->logical == LOGICAL_UUID) {
        assert_int_equal(found->count, UUID_SIZE);
        uuid_format(uuid, found->bytes);
        assert_string_equal(uuid, text);
        return;
    }
    assert_int_equal(found->count, size - 1);
    assert_memory_equal(found->bytes, text, size - 1);
}

static void assert_same_bytes(const struct schema *schema, const struct value *found,
                              const avro_value_t *written)
{
    const void *raw = "";
    size_t size = 0;
    int symbol = 0;

    assert_int_equal(found->kind, VALUE_BYTES);
    if (schema->type == SCHEMA_STRING) {
        assert_same_text(schema, found, written);
        return;
    }
    if (schema->type == SCHEMA_ENUM) {
        avro_value_get_enum(written, &symbol);
        raw = schema->symbols[symbol];
        size = strlen(schema->symbols[symbol]);
    } else if (schema->type == SCHEMA_FIXED) {
        avro_value_get_fixed(written, &raw, &size);
    } else {
        avro_value_get_bytes(written, &raw, &size);
    }
    assert_int_equal(found->count, size);
    assert_memory_equal(found->bytes, raw, size);
}

/* Entries of a map are sorted by their keys. */
static void assert_same_entries(const struct schema *schema, const struct value *found,
                                const avro_value_t *written)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct value *key = &found->items[2 * i];
        char name[24] = "";
        avro_value_t item;
        memcpy(name, key->bytes, key->count);
        assert_int_equal(avro_value_get_by_name(written, name, &item, NULL), 0);
        assert_same(schema->branches[0], &found->items[2 * i + 1], &item);
    }
}

static void assert_same_items(const struct schema *schema, const struct value *found,
                              const avro_value_t *written)
{
    bool is_record = schema->type == SCHEMA_RECORD;
    avro_value_t item;
    size_t count = 0;

    avro_value_get_size(written, &count);
    assert_int_equal(found->kind, VALUE_ITEMS);
    assert_int_equal(found->count, count);
    if (schema->type == SCHEMA_MAP) {
        assert_same_entries(schema, found, written);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        avro_value_get_by_index(written, i, &item, NULL);
        assert_same(is_record ? schema->fields[i].type : schema->branches[0],
                    &found->items[i], &item);
    }
}

static void assert_same_branch(const struct schema *schema, const struct value *found,
                               const avro_value_t *written)
{
    avro_value_t branch;
    int index = 0;

    avro_value_get_discriminant(written, &index);
    assert_int_equal(found->branch, index);
    avro_value_get_current_branch(written, &branch);
    assert_same(schema->branches[index], found, &branch);
}

static void assert_same(const struct schema *schema, const struct value *found,
                        const avro_value_t *written)
{
    switch (schema->type) {
    case SCHEMA_NULL: assert_int_equal(found->kind, VALUE_NULL); break;
    case SCHEMA_BOOLEAN:
    case SCHEMA_INT:
    case SCHEMA_LONG: assert_same_number(schema, found, written); break;
    case SCHEMA_FLOAT:
    case SCHEMA_DOUBLE: assert_same_real(schema, found, written); break;
    case SCHEMA_BYTES:
    case SCHEMA_STRING:
    case SCHEMA_FIXED:
    case SCHEMA_ENUM: assert_same_bytes(schema, found, written); break;
    case SCHEMA_ARRAY:
    case SCHEMA_MAP:
    case SCHEMA_RECORD: assert_same_items(schema, found, written); break;
    case SCHEMA_UNION: assert_same_branch(schema, found, written); break;
    }
}

/* One schema, to ourselves and to Avro-C. */
struct oracle {
    struct pair pair;
    avro_schema_t avro;
    avro_value_iface_t *class;
    avro_value_t value;
};

static void oracle_open(struct oracle *oracle, struct schema_file *file)
{
    size_t size;
    const char *text = schema_text(file, &size);
    struct err e;

    pair_open(&oracle->pair, file, schema_parse("again", text, size, &e));
    assert_non_null(oracle->pair.plan);
    assert_int_equal(avro_schema_from_json_length(text, size, &oracle->avro), 0);
    oracle->class = avro_generic_class_from_schema(oracle->avro);
    avro_generic_value_new(oracle->class, &oracle->value);
}

static void oracle_of_kind(struct oracle *oracle, const struct builtin_file *file)
{
    char *text = without_rules(file);
    struct err e;

    oracle_open(oracle, schema_parse(file->path, text, file->size, &e));
    free(text);
}

static void oracle_close(struct oracle *oracle)
{
    avro_value_decref(&oracle->value);
    avro_value_iface_decref(oracle->class);
    avro_schema_decref(oracle->avro);
    pair_close(&oracle->pair);
}

/* A random value in oracle->value, and its encoding. */
static struct bytes oracle_draw(struct oracle *oracle)
{
    static char room[1 << 20];
    avro_writer_t writer = avro_writer_memory(room, sizeof room);
    struct bytes bytes;

    avro_value_reset(&oracle->value);
    write_value(&oracle->value, schema_root(oracle->pair.writer));
    assert_int_equal(avro_value_write(writer, &oracle->value), 0);
    bytes = bytes_of(room, (size_t)avro_writer_tell(writer));
    avro_writer_free(writer);
    return bytes;
}

static void assert_drawn_is_read(struct oracle *oracle, struct arena *arena)
{
    struct bytes bytes = oracle_draw(oracle);
    struct reject reject;
    struct value value;

    arena_reset(arena, 1 << 20);
    if (!plan_run(oracle->pair.plan, bytes.at, bytes.size, arena, &value, &reject))
        fail_msg("%s: %s", reject.reason, reject.detail);
    assert_same(schema_root(oracle->pair.reader), &value, &oracle->value);
    free(bytes.at);
}

static void assert_all_drawn_are_read(struct oracle *oracle)
{
    struct arena *arena = arena_new();

    for (int i = 0; i < 500; i++)
        assert_drawn_is_read(oracle, arena);
    arena_free(arena);
    oracle_close(oracle);
}

static void test_events_of_every_kind_are_read_as_avro_c_wrote_them(void **state)
{
    struct oracle oracle;

    (void)state;
    for (const struct builtin_file *file = builtin_schemas; file->path; file++) {
        oracle_of_kind(&oracle, file);
        assert_all_drawn_are_read(&oracle);
    }
}

static void test_every_type_is_read_as_avro_c_wrote_it(void **state)
{
    struct oracle oracle;

    (void)state;
    oracle_open(&oracle, parse(everything));
    assert_all_drawn_are_read(&oracle);
}

/* ---- bad bytes ---- */

static void test_a_message_that_ends_too_early_is_short(void **state)
{
    (void)state;
    assert_refused("'int'", "", "short");
    assert_refused("'boolean'", "", "short");
    assert_refused("'long'", "80", "short");
    assert_refused(TIME, "80", "short");
    assert_refused(UUID, "48 30", "short");
    assert_refused("'float'", "00 00 00", "short");
    assert_refused("'double'", "00 00 00 00 00 00 00", "short");
    assert_refused("'string'", "04 61", "short");
    assert_refused("'bytes'", "02", "short");
    assert_refused(FIXED("4"), "01 02 03", "short");
    assert_refused(ARRAY("'int'"), "02 02", "short");
    assert_refused(MAP("'int'"), "02 02 61", "short");
    assert_refused("['null','int']", "02", "short");
}

static void test_bytes_behind_the_last_field_are_refused(void **state)
{
    (void)state;
    assert_refused("'null'", "00", "trailing");
    assert_refused("'int'", "02 00", "trailing");
    assert_refused(RECORD(FIELD("a", "'string'")), "02 61 00 00 00", "trailing");
}

static void test_impossible_lengths_are_refused(void **state)
{
    static const char *const types[] = {"'string'", "'bytes'", UUID};

    (void)state;
    for (size_t i = 0; i < ROWS(types); i++) {
        assert_refused(types[i], "01", "length");                            /* -1 */
        assert_refused(types[i], "ff ff ff ff ff ff ff ff ff 01", "length"); /* least */
        assert_refused(types[i], "fe ff ff ff ff ff ff ff ff 01", "length"); /* most */
        assert_refused(types[i], "80 80 80 80 20", "length");                /* 2^32 */
        assert_refused(types[i], "80 80 80 80 10 61", "short");              /* 2^31 */
        assert_refused(types[i], "04 61", "short"); /* one more than remains */
    }
}

static const char skipping_writer[] = RECORD(FIELD("gone", "%s") "," FIELD("a", "'int'"));
static const char skipping_reader[] = RECORD(FIELD("a", "'int'"));
static const char skipping_all[] = RECORD("");

/* The same in a field that the reader does not have. */
static void assert_skipped_refused(const char *type, const char *hex, const char *reason)
{
    struct bytes bytes = unhex(hex);
    char writer[1000];

    snprintf(writer, sizeof writer, skipping_writer, type);
    assert_bytes_refused(writer, skipping_reader, &bytes, reason);
    free(bytes.at);
}

static void test_a_skipped_field_is_checked_like_any_other(void **state)
{
    (void)state;
    assert_skipped_refused("'string'", "01 02", "length");
    assert_skipped_refused("'string'", "02 ff 02", "utf8");
    assert_skipped_refused("'boolean'", "02 02", "boolean");
    assert_skipped_refused(ENUM("'symbols':['A']"), "02 02", "enum");
    assert_skipped_refused(ARRAY("'null'"), "fe ff ff ff ff ff ff ff ff 01 00 02",
                           "items");
    assert_skipped_refused(MAP("'null'"), "04 02 61 02 61 00 02", "dup_key");
    assert_skipped_refused(ARRAY("'int'"), "01 01 02 00 02", "length");
    assert_skipped_refused("['null','int']", "04 02", "union");
}

static void test_numbers_end_and_fit(void **state)
{
    (void)state;
    assert_read("'long'", "'long'", "ff ff ff ff ff ff ff ff ff 01",
                "-9223372036854775808");
    assert_refused("'long'", "ff ff ff ff ff ff ff ff ff 02", "varint");
    assert_refused("'long'", "80 80 80 80 80 80 80 80 80 80 00", "varint");
    assert_read("'long'", "'long'", "82 80 80 00", "1"); /* longer than it need be */
    assert_read("'int'", "'int'", "fe ff ff ff 0f", "2147483647");
    assert_refused("'int'", "80 80 80 80 10", "range");
    assert_refused("'int'", "81 80 80 80 10", "range");
}

static void test_a_boolean_is_0_or_1(void **state)
{
    (void)state;
    assert_read("'boolean'", "'boolean'", "01", "true");
    assert_refused("'boolean'", "02", "boolean");
    assert_refused("'boolean'", "ff", "boolean");
}

static void test_symbols_and_branches_are_within_bounds(void **state)
{
    static const char *const numbers[] = {"04", "01", "80 80 80 80 20",
                                          "ff ff ff ff ff ff ff ff ff 01"};

    (void)state;
    for (size_t i = 0; i < ROWS(numbers); i++) {
        assert_refused(ENUM("'symbols':['A','B']"), numbers[i], "enum");
        assert_refused("['null','int']", numbers[i], "union");
    }
}

static void test_more_items_than_bytes_are_refused(void **state)
{
    (void)state;
    assert_refused(ARRAY("'int'"), "04 02", "items");
    assert_refused(ARRAY("'double'"), "04 00 00 00 00 00 00 00 00 00", "items");
    assert_refused(ARRAY("'int'"), "fe ff ff ff ff ff ff ff ff 01", "items");
    assert_refused(MAP("'int'"), "80 c2 d7 2f 02 61 02 00", "items");
    assert_refused(ARRAY("'int'"), "ff ff ff ff ff ff ff ff ff 01", "items");
}

/* 10^8 of them in 5 bytes cost 389 MiB elsewhere. */
static void test_items_of_no_size_are_few(void **state)
{
    (void)state;
    assert_read(ARRAY("'null'"), ARRAY("'null'"), "04 00", "[null,null]");
    assert_refused(ARRAY("'null'"), "80 84 af 5f 00", "items");
    assert_refused(ARRAY(FIXED("1")), "80 84 af 5f 00", "items");
    assert_refused(ARRAY(RECORD("")), "fe ff ff ff ff ff ff ff ff 01 00", "items");
}

static void test_many_blocks_do_not_lift_the_bound(void **state)
{
    struct text raw = {0};
    struct bytes bytes;

    (void)state;
    for (int i = 0; i < 1001; i++)
        text_add(&raw, "\2", 1);
    text_add(&raw, "\0", 1);
    bytes = bytes_of(raw.bytes, raw.size);
    assert_bytes_refused(ARRAY("'null'"), ARRAY("'null'"), &bytes, "items");
    text_free(&raw);
    free(bytes.at);
}

static void test_blocks_that_tell_their_size(void **state)
{
    (void)state;
    assert_read(ARRAY("'int'"), ARRAY("'int'"), "03 04 02 04 00", "[1,2]");
    assert_read(MAP("'int'"), MAP("'int'"), "01 06 02 61 02 00", "{\"a\":1}");
    assert_refused(ARRAY("'int'"), "03 02 02 04 00", "length"); /* smaller */
    assert_refused(ARRAY("'int'"), "03 06 02 04 00", "length"); /* larger */
    assert_refused(ARRAY("'int'"), "03 01 02 04 00", "length"); /* negative */
    assert_refused(ARRAY("'int'"), "03 fe ff ff ff ff ff ff ff ff 01 02 04 00", "length");
    assert_skipped_refused(ARRAY("'int'"), "03 06 02 04 00 02", "length");
}

static void test_many_small_blocks_are_one_array(void **state)
{
    enum { COUNT = 10000 };
    struct text raw = {0}, json = {0};
    struct bytes bytes;

    (void)state;
    text_add_string(&json, "[");
    for (int i = 0; i < COUNT; i++) {
        text_add(&raw, "\2\2", 2);
        text_add_string(&json, i ? ",1" : "1");
    }
    text_add(&raw, "\0", 1);
    text_add_string(&json, "]");
    bytes = bytes_of(raw.bytes, raw.size);
    assert_bytes_read(ARRAY("'int'"), ARRAY("'int'"), &bytes, json.bytes);
    free(bytes.at);
    text_free(&raw);
    text_free(&json);
}

/* 1000 of them for each 4 bytes would be 4 GiB for a message of 1 MiB. */
static void test_nested_items_of_no_size_are_counted_together(void **state)
{
    static const char schema[] = ARRAY(ARRAY("'null'"));
    struct bytes most = unhex("04 e8 07 00 e8 07 00 00"); /* 500 and 500 */
    struct text json = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        text_format(&json, "%snull", i == 0 ? "[[" : i == 500 ? "],[" : ",");
    text_add_string(&json, "]]");
    assert_bytes_read(schema, schema, &most, json.bytes);
    assert_refused(schema, "04 e8 07 00 ea 07 00 00", "items"); /* 500 and 501 */
    text_free(&json);
    free(most.at);
}

static void test_too_many_items_cost_nothing(void **state)
{
    static const char schema[] =
        RULED("['null'," ARRAY("'int'") "]", "'gridloop.max_items':10");
    struct arena *arena = arena_new();
    struct bytes bytes = {xmalloc(1 << 20), 1 << 20};
    struct reject reject;
    struct value value;
    struct pair pair;

    (void)state;
    memset(bytes.at, 2, bytes.size);
    memcpy(bytes.at + 1, "\200\200\174", 3); /* about a million of them */
    pair_of(&pair, schema, schema);
    assert_false(plan_run(pair.plan, bytes.at, bytes.size, arena, &value, &reject));
    assert_string_equal(reject.reason, "items");
    assert_true(arena_used(arena) < 1024);
    pair_close(&pair);
    arena_free(arena);
    free(bytes.at);
}

static void test_an_empty_block_ends_an_array(void **state)
{
    (void)state;
    assert_read(ARRAY("'int'"), ARRAY("'int'"), "00", "[]");
    assert_refused(ARRAY("'int'"), "00 00", "trailing");
}

static void test_a_map_has_each_key_once(void **state)
{
    (void)state;
    assert_read(MAP("'int'"), MAP("'int'"), "04 02 61 02 02 62 04 00",
                "{\"a\":1,\"b\":2}");
    assert_refused(MAP("'int'"), "04 02 61 02 02 61 04 00", "dup_key");
    assert_refused(MAP("'int'"), "02 02 61 02 02 02 61 04 00", "dup_key");
    assert_read(MAP("'int'"), MAP("'int'"), "02 00 02 00", "{\"\":1}");
}

/* Comparing each key with each other would take half a minute. */
static void test_a_large_map_is_read_at_once(void **state)
{
    enum { COUNT = 200000 };
    int64_t start_ms = clock_monotonic_ms();
    struct arena *arena = arena_new();
    struct text raw = {0};
    struct reject reject;
    struct value value;
    struct pair pair;

    (void)state;
    for (int i = COUNT; i-- > 0;)
        text_format(&raw, "\2\14%06d\2", i);
    text_add(&raw, "\0", 1);
    pair_of(&pair, MAP("'int'"), MAP("'int'"));
    assert_true(plan_run(pair.plan, (const uint8_t *)raw.bytes, raw.size, arena, &value,
                         &reject));
    assert_int_equal(value.count, COUNT);
    assert_true(clock_monotonic_ms() - start_ms < 5000);
    pair_close(&pair);
    arena_free(arena);
    text_free(&raw);
}

static void test_a_map_is_sorted_by_its_keys(void **state)
{
    (void)state;
    assert_read(MAP("'int'"), MAP("'int'"), "08 04 61 61 02 02 62 04 00 06 02 61 08 00",
                "{\"\":3,\"a\":4,\"aa\":1,\"b\":2}");
}

static void test_keys_are_text(void **state)
{
    (void)state;
    assert_refused(MAP("'int'"), "02 04 61 00 02 00", "nul");
    assert_refused(MAP("'int'"), "02 02 ff 02 00", "utf8");
}

static void test_text_is_utf8(void **state)
{
    static const char *const bad[] = {
        "02 80",          "02 c3",
        "04 c0 80",       "04 c1 bf",
        "06 e0 80 80",    "06 ed a0 80",
        "06 ed bf bf",    "08 f0 80 80 80",
        "02 ff",          "08 f4 90 80 80",
        "08 f5 80 80 80", "06 e7 bd 41",
        "04 e7 bd",       "0a f8 88 80 80 80",
        "06 61 80 62",    "04 fe ff",
    };

    (void)state;
    for (size_t i = 0; i < ROWS(bad); i++)
        assert_refused("'string'", bad[i], "utf8");
}

static void test_text_has_no_nul(void **state)
{
    (void)state;
    assert_refused("'string'", "02 00", "nul");
    assert_refused("'string'", "06 61 00 62", "nul");
    assert_read("'bytes'", "'bytes'", "06 61 00 ff", "\"6100ff\"");
}

static void test_odd_text_is_kept_byte_for_byte(void **state)
{
    (void)state;
    assert_read("'string'", "'string'", "08 ef bb bf 61",
                "\"\xef\xbb\xbf"
                "a\"");
    assert_read("'string'", "'string'", "06 e2 80 ae", "\"\xe2\x80\xae\"");
    assert_read("'string'", "'string'", "08 f0 9f 9a 81", "\"\xf0\x9f\x9a\x81\"");
    assert_read("'string'", "'string'", "06 65 cc 81", "\"e\xcc\x81\"");
    assert_read("'string'", "'string'", "04 c3 a9", "\"\xc3\xa9\"");
    assert_read("'string'", "'string'", "08 f4 8f bf bf", "\"\xf4\x8f\xbf\xbf\"");
}

static void test_uuids_have_one_form(void **state)
{
    static const char good[] = "48 30 31 38 66 33 61 34 65 2d 30 30 30 30 2d 37 30 30 30 "
                               "2d 38 30 30 30 2d 30 30 30 30 30 30 30 30 30 30 46 46";

    (void)state;
    assert_read(UUID, UUID, good, "\"018f3a4e-0000-7000-8000-0000000000ff\"");
    assert_refused(UUID, "00", "uuid");
    assert_refused(UUID, "02 30", "uuid");
    assert_refused(UUID,
                   "48 30 31 38 66 33 61 34 65 2d 30 30 30 30 2d 37 30 30 30 "
                   "2d 38 30 30 30 2d 30 30 30 30 30 30 30 30 30 30 46 67",
                   "uuid");
    assert_refused(UUID,
                   "4c 7b 30 31 38 66 33 61 34 65 2d 30 30 30 30 2d 37 30 30 30 "
                   "2d 38 30 30 30 2d 30 30 30 30 30 30 30 30 30 30 46 46 7d",
                   "uuid");
    assert_refused(UUID,
                   "40 30 31 38 66 33 61 34 65 30 30 30 30 37 30 30 30 "
                   "38 30 30 30 30 30 30 30 30 30 30 30 30 30 46 46",
                   "uuid");
}

static void test_times_are_of_the_years_1_to_9999(void **state)
{
    (void)state;
    assert_read(TIME, TIME, "00", "\"1970-01-01T00:00:00Z\"");
    assert_read(TIME, TIME, "01", "\"1969-12-31T23:59:59.999999Z\"");
    assert_read(TIME, TIME, "ff ff dd f2 df ff df dc 01", "\"0001-01-01T00:00:00Z\"");
    assert_refused(TIME, "81 80 de f2 df ff df dc 01", "range");
    assert_read(TIME, TIME, "fe ff 9a c7 99 83 a2 84 07",
                "\"9999-12-31T23:59:59.999999Z\"");
    assert_refused(TIME, "80 80 9b c7 99 83 a2 84 07", "range");
    assert_refused(TIME, "ff ff ff ff ff ff ff ff ff 01", "range");
    assert_refused(TIME, "fe ff ff ff ff ff ff ff ff 01", "range");
}

/* An array of an array of ... an int. */
static char *nested(int levels)
{
    struct text quoted = {0};

    for (int i = 0; i < levels; i++)
        text_add_string(&quoted, "{'type':'array','items':");
    text_add_string(&quoted, "'int'");
    for (int i = 0; i < levels; i++)
        text_add_string(&quoted, "}");
    return quoted.bytes;
}

static void test_the_deepest_schema_is_read(void **state)
{
    enum { LEVELS = 63 };
    char *schema = nested(LEVELS);
    struct text raw = {0}, json = {0};
    struct bytes bytes;

    (void)state;
    for (int i = 0; i < LEVELS; i++) {
        text_add(&raw, "\2", 1);
        text_add_string(&json, "[");
    }
    text_add(&raw, "\2", 1);
    text_add_string(&json, "1");
    for (int i = 0; i < LEVELS; i++) {
        text_add(&raw, "\0", 1);
        text_add_string(&json, "]");
    }
    bytes = bytes_of(raw.bytes, raw.size);
    assert_bytes_read(schema, schema, &bytes, json.bytes);
    free(bytes.at);
    text_free(&raw);
    text_free(&json);
    free(schema);
}

static void test_a_refusal_names_the_field_and_the_byte(void **state)
{
    struct arena *arena = arena_new();
    struct bytes bytes = unhex("02 61 02 02 ff");
    struct reject reject;
    struct value value;
    struct pair pair;

    (void)state;
    pair_of(&pair, RECORD(FIELD("a", "'string'") "," FIELD("b", ARRAY("'string'"))),
            RECORD(FIELD("a", "'string'") "," FIELD("b", ARRAY("'string'"))));
    assert_false(plan_run(pair.plan, bytes.at, bytes.size, arena, &value, &reject));
    assert_string_equal(reject.reason, "utf8");
    assert_string_equal(reject.field, "b");
    assert_string_equal(reject.detail, "a text is not UTF-8 (at byte 5)");
    free(bytes.at);
    pair_close(&pair);
    arena_free(arena);
}

/* ---- the contract's rules ---- */

static void test_numbers_keep_their_bounds(void **state)
{
    static const char latitude[] =
        RULED("'double'", "'gridloop.minimum':-90,'gridloop.maximum':90");
    static const char count[] = RULED("['null','int']", "'gridloop.minimum':0");

    (void)state;
    assert_read(latitude, latitude, "00 00 00 00 00 80 56 40", "{\"a\":90}");
    assert_refused(latitude, "01 00 00 00 00 80 56 40", "range");
    assert_refused(latitude, "00 00 00 00 00 00 f8 7f", "range"); /* NaN */
    assert_refused(latitude, "00 00 00 00 00 00 f0 ff", "range"); /* -infinity */
    assert_read(count, count, "02 00", "{\"a\":0}");
    assert_read(count, count, "00", "{\"a\":null}");
    assert_refused(count, "02 01", "range");
}

static void test_a_column_takes_what_is_no_number(void **state)
{
    struct bytes bytes = unhex("00 00 00 00 00 00 f8 7f");
    struct arena *arena = arena_new();
    struct reject reject;
    struct value value;
    struct pair pair;

    (void)state;
    pair_of(&pair, RECORD(FIELD("a", "'double'")), RECORD(FIELD("a", "'double'")));
    assert_true(plan_run(pair.plan, bytes.at, bytes.size, arena, &value, &reject));
    assert_true(isnan(value.items[0].real));
    pair_close(&pair);
    arena_free(arena);
    free(bytes.at);
}

/* It is stored as JSON, which has no such numbers. */
static void test_what_is_nested_is_a_number(void **state)
{
    static const char doubles[] = RECORD(FIELD("a", ARRAY("'double'")));
    static const char optional[] =
        RECORD(FIELD("a", "{'type':'record','name':'S','fields':[" FIELD(
                              "b", "['null','float']") "]}"));

    (void)state;
    assert_read(doubles, doubles, "02 00 00 00 00 00 00 f0 3f 00", "{\"a\":[1]}");
    assert_refused(doubles, "02 00 00 00 00 00 00 f8 7f 00", "range");
    assert_refused(optional, "02 00 00 80 7f", "range");
}

static void test_a_boolean_may_have_to_be_one_of_the_two(void **state)
{
    static const char yes[] = RULED("'boolean'", "'gridloop.must_be':true");
    static const char no[] = RULED("'boolean'", "'gridloop.must_be':false");

    (void)state;
    assert_read(yes, yes, "01", "{\"a\":true}");
    assert_refused(yes, "00", "range");
    assert_read(no, no, "00", "{\"a\":false}");
    assert_refused(no, "01", "range");
}

/* Characters, not bytes. */
static void test_texts_keep_their_length(void **state)
{
    static const char schema[] =
        RULED("'string'", "'gridloop.min_length':2,'gridloop.max_length':3");

    (void)state;
    assert_read(schema, schema, "04 61 62", "{\"a\":\"ab\"}");
    assert_read(schema, schema, "12 e7 bd 91 e7 bd 91 e7 bd 91",
                "{\"a\":\"\xe7\xbd\x91\xe7\xbd\x91\xe7\xbd\x91\"}");
    assert_refused(schema, "06 e7 bd 91", "range");
    assert_refused(schema, "08 61 62 63 64", "range");
    assert_refused(schema, "00", "range");
    assert_refused(RULED("'string'", "'gridloop.min_length':1"), "00", "range");
}

static void test_hex_is_of_its_length(void **state)
{
    static const char schema[] = RULED("'string'", "'gridloop.hex':4");

    (void)state;
    assert_read(schema, schema, "08 30 39 61 46", "{\"a\":\"09aF\"}");
    assert_refused(schema, "06 30 39 61", "range");
    assert_refused(schema, "0a 30 39 61 46 30", "range");
    assert_refused(schema, "08 30 39 61 67", "range");
    assert_refused(schema, "08 30 39 61 20", "range");
    assert_refused(schema, "00", "range");
}

static void test_rules_of_texts_hold_for_each_item(void **state)
{
    static const char schema[] = RULED("['null'," ARRAY("'string'") "]",
                                       "'gridloop.min_length':1,'gridloop.max_items':2");

    (void)state;
    assert_read(schema, schema, "02 04 02 61 02 62 00", "{\"a\":[\"a\",\"b\"]}");
    assert_refused(schema, "02 04 02 61 00 00", "range");
    assert_refused(schema, "02 04 00 02 61 00", "range");
    assert_refused(schema, "02 06 02 61 02 61 02 61 00", "items");
    assert_read(schema, schema, "00", "{\"a\":null}");
}

static void test_rules_hold_in_nested_records(void **state)
{
    static const char schema[] =
        RECORD(FIELD("a", ARRAY("{'type':'record','name':'S','fields':[" FIELD_ALSO(
                              "b", "'int'", "'gridloop.maximum':5") "]}")));

    (void)state;
    assert_read(schema, schema, "02 0a 00", "{\"a\":[{\"b\":5}]}");
    assert_refused(schema, "02 0c 00", "range");
}

static void test_a_field_may_need_another(void **state)
{
    static const char schema[] =
        RECORD(FIELD_ALSO("a", "['null','int']",
                          "'gridloop.requires':['b']") "," FIELD("b", "['null','int']"));

    (void)state;
    assert_read(schema, schema, "00 00", "{\"a\":null,\"b\":null}");
    assert_read(schema, schema, "00 02 02", "{\"a\":null,\"b\":1}");
    assert_read(schema, schema, "02 02 02 02", "{\"a\":1,\"b\":1}");
    assert_refused(schema, "02 02 00", "requires");
}

/* ---- resolution ---- */

static void test_fields_may_change_their_order(void **state)
{
    (void)state;
    assert_read(RECORD(FIELD("a", "'int'") "," FIELD("b", "'string'")),
                RECORD(FIELD("b", "'string'") "," FIELD("a", "'int'")), "02 02 62",
                "{\"b\":\"b\",\"a\":1}");
}

static void test_a_removed_field_is_read_over(void **state)
{
    static const struct {
        const char *type, *hex;
    } cases[] = {
        {"'null'", ""},
        {"'boolean'", "01"},
        {"'int'", "80 01"},
        {"'long'", "ff ff ff ff ff ff ff ff ff 01"},
        {"'float'", "00 00 00 00"},
        {"'double'", "00 00 00 00 00 00 00 00"},
        {"'bytes'", "04 ff 00"},
        {"'string'", "04 61 62"},
        {FIXED("3"), "01 02 03"},
        {ENUM("'symbols':['A','B']"), "02"},
        {ARRAY("'int'"), "04 02 04 00"},
        {ARRAY("'int'"), "03 04 02 04 00"},
        {MAP("'string'"), "02 02 61 02 62 00"},
        {"['null','int','string']", "04 02 61"},
        {"{'type':'record','name':'S','fields':[" FIELD("x", "'int'") "," FIELD(
             "y", ARRAY("'string'")) "]}",
         "02 02 02 61 00"},
    };
    char writer[1000], hex[100];

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        snprintf(writer, sizeof writer, skipping_writer, cases[i].type);
        snprintf(hex, sizeof hex, "%s 0e", cases[i].hex);
        assert_read(writer, skipping_reader, hex, "{\"a\":7}");
    }
}

/* The reader knows nothing of its fields, nor of their number. */
static void test_a_removed_record_of_many_fields_is_read_over(void **state)
{
    struct text writer = {0};

    (void)state;
    text_add_string(&writer,
                    "{'type':'record','name':'R','fields':[{'name':'gone','type':"
                    "{'type':'record','name':'S','fields':[");
    for (int i = 0; i < 100; i++)
        text_format(&writer, "%s{'name':'f%d','type':'null'}", i ? "," : "", i);
    text_add_string(&writer, "]}},{'name':'a','type':'int'}]}");
    assert_read(writer.bytes, skipping_reader, "0e", "{\"a\":7}");
    text_free(&writer);
}

static void test_an_added_field_takes_its_default(void **state)
{
    static const struct {
        const char *type, *fallback, *json;
    } cases[] = {
        {"'null'", "null", "null"},
        {"'boolean'", "true", "true"},
        {"'int'", "42", "42"},
        {"'long'", "-9007199254740993", "-9007199254740993"},
        {"'float'", "0.5", "0.5"},
        {"'double'", "113.25", "113.25"},
        {"'bytes'", "'\\u00ff'", "\"ff\""},
        {"'string'", "'\xe7\xbd\x91'", "\"\xe7\xbd\x91\""},
        {UUID, "'018f3a4e-0000-7000-8000-000000000001'",
         "\"018f3a4e-0000-7000-8000-000000000001\""},
        {TIME, "1000000", "\"1970-01-01T00:00:01Z\""},
        {FIXED("2"), "'ab'", "\"6162\""},
        {FIXED("3"), "'\\u0000a\\u0000'", "\"006100\""},
        {ENUM("'symbols':['A','B']"), "'B'", "\"B\""},
        {ARRAY("'int'"), "[1,2]", "[1,2]"},
        {MAP("'int'"), "{'k':1}", "{\"k\":1}"},
        {"['null','string']", "null", "null"},
        {"['string','null']", "'x'", "\"x\""},
        {"{'type':'record','name':'S','fields':[" FIELD_OR("x", "'int'", "3") "," FIELD(
             "y", "'int'") "]}",
         "{'y':4}", "{\"x\":3,\"y\":4}"},
    };
    char reader[1000], json[200];

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        snprintf(reader, sizeof reader, RECORD("%s," FIELD_OR("n", "%s", "%s")),
                 FIELD("a", "'int'"), cases[i].type, cases[i].fallback);
        snprintf(json, sizeof json, "{\"a\":7,\"n\":%s}", cases[i].json);
        assert_read(skipping_reader, reader, "0e", json);
    }
}

static void test_an_added_field_needs_a_default(void **state)
{
    (void)state;
    assert_unreadable(skipping_reader,
                      RECORD(FIELD("a", "'int'") "," FIELD("n", "['null','int']")),
                      "n: the writer has no such field and the reader has no default");
}

static void test_fields_may_be_added_to_nested_records(void **state)
{
    (void)state;
    assert_read(
        RECORD(FIELD("a", ARRAY("{'type':'record','name':'S','fields':[" FIELD(
                              "x", "'int'") "]}"))),
        RECORD(FIELD("a", ARRAY("{'type':'record','name':'S','fields':[" FIELD_OR(
                              "y", "'string'", "'d'") "," FIELD("x", "'long'") "]}"))),
        "04 02 04 00", "{\"a\":[{\"y\":\"d\",\"x\":1},{\"y\":\"d\",\"x\":2}]}");
}

static void test_a_renamed_field_is_found_by_its_alias(void **state)
{
    (void)state;
    assert_read(RECORD(FIELD("old", "'int'")),
                RECORD(FIELD_ALSO("new", "'int'", "'aliases':['older','old']")), "0e",
                "{\"new\":7}");
    assert_unreadable(RECORD(FIELD("older", "'int'")),
                      RECORD(FIELD_ALSO("new", "'int'", "'aliases':['old']")),
                      "new: the writer has no such field and the reader has no default");
}

static void test_a_field_of_that_name_goes_before_an_alias(void **state)
{
    static const char reader[] = RECORD(FIELD_ALSO("new", "'int'", "'aliases':['old']"));

    (void)state;
    assert_read(RECORD(FIELD("new", "'int'") "," FIELD("old", "'int'")), reader, "02 04",
                "{\"new\":1}");
    assert_read(RECORD(FIELD("old", "'int'") "," FIELD("new", "'int'")), reader, "02 04",
                "{\"new\":2}");
}

static void test_a_renamed_type_is_found_by_its_alias(void **state)
{
    (void)state;
    assert_read("{'type':'record','name':'x.Old','fields':[" FIELD("a", "'int'") "]}",
                "{'type':'record','name':'New','namespace':'x','aliases':['Old'],"
                "'fields':[" FIELD("a", "'int'") "]}",
                "02", "{\"a\":1}");
    assert_read("{'type':'enum','name':'Old','symbols':['A']}",
                "{'type':'enum','name':'New','aliases':['Old'],'symbols':['A']}", "00",
                "\"A\"");
    assert_read("{'type':'fixed','name':'Old','size':1}",
                "{'type':'fixed','name':'New','aliases':['Old'],'size':1}", "07",
                "\"07\"");
}

static void test_a_type_of_another_name_is_another_type(void **state)
{
    static const char message[] = "the reader's type does not take the writer's";

    (void)state;
    assert_unreadable("{'type':'record','name':'A','fields':[]}",
                      "{'type':'record','name':'B','fields':[]}", message);
    assert_unreadable("{'type':'fixed','name':'A','size':1}",
                      "{'type':'fixed','name':'B','size':1}", message);
    assert_unreadable(FIXED("4"), FIXED("8"), message);
    assert_unreadable("{'type':'enum','name':'A','symbols':['A']}",
                      "{'type':'enum','name':'B','symbols':['A']}", message);
}

static void test_symbols_are_resolved_by_name(void **state)
{
    static const char writer[] = ENUM("'symbols':['A','B','C']");
    static const char reordered[] = ENUM("'symbols':['C','B','A']");

    (void)state;
    assert_read(writer, reordered, "00", "\"A\"");
    assert_read(writer, reordered, "02", "\"B\"");
    assert_read(writer, reordered, "04", "\"C\"");
}

static void test_an_unknown_symbol_takes_the_readers_default(void **state)
{
    static const char writer[] = ENUM("'symbols':['A','B','C'],'default':'C'");
    static const char reader[] = ENUM("'symbols':['X','A'],'default':'X'");
    static const char strict[] = ENUM("'symbols':['A']");
    struct bytes unknown = unhex("02");

    (void)state;
    assert_read(writer, reader, "00", "\"A\"");
    assert_read(writer, reader, "02", "\"X\"");
    assert_read(writer, reader, "04", "\"X\"");
    assert_read(writer, strict, "00", "\"A\"");
    assert_bytes_refused(writer, strict, &unknown, "enum");
    free(unknown.at);
}

static void test_promotions(void **state)
{
    (void)state;
    assert_read("'int'", "'long'", "0e", "7");
    assert_read("'int'", "'float'", "0e", "7");
    assert_read("'int'", "'double'", "0d", "-7");
    assert_read("'long'", "'float'", "0e", "7");
    assert_read("'long'", "'double'", "80 80 80 80 20", "4294967296");
    assert_read("'float'", "'double'", "00 00 00 3f", "0.5");
    assert_read("'string'", "'bytes'", "04 61 62", "\"6162\"");
    assert_read("'bytes'", "'string'", "04 61 62", "\"ab\"");
    assert_read(ARRAY("'int'"), ARRAY("'double'"), "02 0e 00", "[7]");
    assert_read(MAP("'int'"), MAP("'long'"), "02 02 61 0e 00", "{\"a\":7}");
}

static void test_what_becomes_text_has_to_be_text(void **state)
{
    struct bytes bytes = unhex("02 ff");

    (void)state;
    assert_bytes_refused("'bytes'", "'string'", &bytes, "utf8");
    assert_bytes_read("'bytes'", "'bytes'", &bytes, "\"ff\"");
    free(bytes.at);
}

static void test_a_narrower_type_does_not_take_a_wider_one(void **state)
{
    static const char *const pairs[][2] = {
        {"'long'", "'int'"},
        {"'double'", "'float'"},
        {"'float'", "'long'"},
        {"'double'", "'int'"},
        {"'int'", "'boolean'"},
        {"'boolean'", "'int'"},
        {"'string'", "'int'"},
        {"'null'", "'int'"},
        {FIXED("4"), "'bytes'"},
        {"'bytes'", FIXED("4")},
        {"'int'", ARRAY("'int'")},
        {ARRAY("'int'"), MAP("'int'")},
        {ENUM("'symbols':['A']"), "'string'"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(pairs); i++)
        assert_unreadable(pairs[i][0], pairs[i][1],
                          "the reader's type does not take the writer's");
}

static void test_an_unreadable_field_is_named_with_its_place(void **state)
{
    (void)state;
    assert_unreadable(
        RECORD(FIELD("a",
                     "{'type':'record','name':'S','fields':[" FIELD("b", "'long'") "]}")),
        RECORD(FIELD("a",
                     "{'type':'record','name':'S','fields':[" FIELD("b", "'int'") "]}")),
        "a.b: the reader's type does not take the writer's");
}

static void assert_weakness(const char *writer, const char *reader, const char *weakness)
{
    struct pair pair;

    pair_of(&pair, writer, reader);
    if (weakness)
        assert_string_equal(plan_weakness(pair.plan), weakness);
    else
        assert_null(plan_weakness(pair.plan));
    pair_close(&pair);
}

static void test_what_cannot_always_be_read_is_told_beforehand(void **state)
{
    static const char wide[] = RECORD(
        FIELD("s", "'string'") "," FIELD("m", MAP(ENUM("'symbols':['A','B','C']"))));
    static const char narrow[] =
        RECORD(FIELD("m", MAP(ENUM("'symbols':['A'],'aliases':['Old']"))));
    static const char safe[] =
        RECORD(FIELD("m", MAP(ENUM("'symbols':['A'],'default':'A'"))));

    (void)state;
    assert_weakness(wide, wide, NULL);
    assert_weakness(wide, safe, NULL);
    assert_weakness(wide, skipping_all, NULL);
    assert_weakness(wide, narrow,
                    "m.values: the symbol B is unknown to the reader and its enum has no "
                    "default");
    assert_weakness(RECORD(FIELD("x", "['null','int','string']")),
                    RECORD(FIELD("x", "['null','long']")),
                    "x: the reader cannot take branch 2 of the writer's union");
    assert_weakness("'string'", "['null'," UUID "]", "a text need not be a UUID");
    assert_weakness(UUID, "'string'", NULL);
    assert_weakness("'long'", TIME, "a number need not be a time of the years 1 to 9999");
    assert_weakness("'int'", TIME, NULL);
    assert_weakness("'bytes'", "'string'", "bytes need not be a text in UTF-8");
    assert_weakness("['null','int']", "'int'",
                    "the reader cannot take branch 0 of the writer's union");
}

/* A branch that is refused as a whole has no weaknesses of its own. */
static void test_a_refused_branch_is_one_weakness(void **state)
{
    (void)state;
    assert_weakness(
        RECORD(FIELD(
            "x", "['null',{'type':'record','name':'S','fields':[" FIELD(
                     "e", ENUM("'symbols':['A','B']")) "," FIELD("i", "'long'") "]}]")),
        RECORD(
            FIELD("x", "['null',{'type':'record','name':'S','fields':[" FIELD(
                           "e", ENUM("'symbols':['A']")) "," FIELD("i", "'int'") "]}]")),
        "x: the reader cannot take branch 1 of the writer's union");
}

static void test_a_field_may_become_optional(void **state)
{
    (void)state;
    assert_read("'int'", "['null','int']", "0e", "7");
    assert_read("'int'", "['null','string','double']", "0e", "7");
    assert_read(ENUM("'symbols':['A']"), "['null'," ENUM("'symbols':['B','A']") "]", "00",
                "\"A\"");
    assert_unreadable("'int'", "['null','string']",
                      "no branch of the reader's union takes what was written");
}

static void test_the_same_type_goes_before_a_promotion(void **state)
{
    struct arena *arena = arena_new();
    struct reject reject;
    struct value value;
    struct pair pair;

    (void)state;
    pair_of(&pair, "'int'", "['double','long','int']");
    assert_true(plan_run(pair.plan, (const uint8_t *)"\16", 1, arena, &value, &reject));
    assert_int_equal(value.kind, VALUE_NUMBER);
    assert_int_equal(value.branch, 2);
    pair_close(&pair);
    pair_of(&pair, "'int'", "['string','double']");
    assert_true(plan_run(pair.plan, (const uint8_t *)"\16", 1, arena, &value, &reject));
    assert_int_equal(value.kind, VALUE_REAL);
    assert_int_equal(value.branch, 1);
    pair_close(&pair);
    pair_of(&pair, "'int'",
            "['string','float','long','double']"); /* the first of three */
    assert_true(plan_run(pair.plan, (const uint8_t *)"\16", 1, arena, &value, &reject));
    assert_int_equal(value.branch, 1);
    pair_close(&pair);
    arena_free(arena);
}

static void test_a_union_may_end(void **state)
{
    static const char writer[] = "['null','int','string']";
    struct bytes null = unhex("00"), text = unhex("04 02 61");

    (void)state;
    assert_read(writer, "'long'", "02 0e", "7");
    assert_bytes_refused(writer, "'long'", &null, "union");
    assert_bytes_refused(writer, "'long'", &text, "union");
    assert_unreadable("['null','string']", "'int'",
                      "the reader's type does not take the writer's");
    free(null.at);
    free(text.at);
}

static void test_unions_may_differ(void **state)
{
    static const char writer[] = "['int','null','string']";
    static const char reader[] = "['string','long','null']";
    struct bytes bytes = unhex("04 02 61");

    (void)state;
    assert_read(writer, reader, "00 0e", "7");
    assert_read(writer, reader, "02", "null");
    assert_read(writer, reader, "04 02 61", "\"a\"");
    assert_bytes_refused(writer, "['null','int']", &bytes, "union");
    free(bytes.at);
}

static void test_records_in_unions_are_told_apart_by_name(void **state)
{
    static const char writer[] = "[{'type':'record','name':'A','fields':[" FIELD(
        "x", "'int'") "]},"
                      "{'type':'record','name':'B','fields':[" FIELD("x", "'int'") "]}]";
    static const char reader[] =
        "[{'type':'record','name':'B','fields':[" FIELD("x", "'int'") "," FIELD_OR(
            "is", "'string'", "'B'") "]},"
                                     "{'type':'record','name':'A','fields':[" FIELD(
                                         "x", "'int'") "," FIELD_OR("is", "'string'",
                                                                    "'A'") "]}]";

    (void)state;
    assert_read(writer, reader, "00 02", "{\"x\":1,\"is\":\"A\"}");
    assert_read(writer, reader, "02 04", "{\"x\":2,\"is\":\"B\"}");
}

static void test_names_match_without_their_namespaces(void **state)
{
    static const char of_b[] = "[{'type':'record','name':'a.R','fields':[" FIELD(
        "x", "'int'") "]},"
                      "{'type':'record','name':'b.R','fields':[" FIELD(
                          "x", "'int'") "," FIELD_OR("y", "'int'", "1") "]}]";

    (void)state;
    assert_read("{'type':'record','name':'a.R','fields':[" FIELD("x", "'int'") "]}",
                "{'type':'record','name':'b.R','fields':[" FIELD("x", "'int'") "]}", "02",
                "{\"x\":1}");
    assert_read("{'type':'fixed','name':'a.F','size':1}",
                "{'type':'fixed','name':'F','size':1}", "07", "\"07\"");
    /* The same name goes before one that is the same without its namespace. */
    assert_read("{'type':'record','name':'b.R','fields':[" FIELD("x", "'int'") "]}", of_b,
                "02", "{\"x\":1,\"y\":1}");
    assert_read("{'type':'record','name':'c.R','fields':[" FIELD("x", "'int'") "]}", of_b,
                "02", "{\"x\":1}");
    /* An alias has its namespace. */
    assert_unreadable("{'type':'fixed','name':'a.Old','size':1}",
                      "{'type':'fixed','name':'b.New','aliases':['Old'],'size':1}",
                      "the reader's type does not take the writer's");
}

static void test_each_field_goes_once(void **state)
{
    static const char reader[] =
        RECORD(FIELD_ALSO("a", "'int'", "'aliases':['x','y']") "," FIELD_ALSO(
            "b", "'int'", "'aliases':['x'],'default':9"));

    (void)state;
    assert_read(RECORD(FIELD("y", "'int'") "," FIELD("x", "'int'")), reader, "02 04",
                "{\"a\":2,\"b\":9}");
    assert_read(RECORD(FIELD("y", "'int'")), reader, "02", "{\"a\":1,\"b\":9}");
    assert_read(RECORD(FIELD("x", "'int'") "," FIELD("a", "'int'")), reader, "02 04",
                "{\"a\":2,\"b\":1}");
}

static void test_what_is_read_as_a_float_is_rounded_to_one(void **state)
{
    (void)state;
    assert_read("'int'", "'float'", "82 80 80 10", "16777216");
    assert_read("'int'", "'double'", "82 80 80 10", "16777217");
    assert_read("'long'", "'float'", "ff ff ff ff ff ff ff ff ff 01",
                "-9.223372036854776e+18");
}

/* Every case takes part in a rule: bounds hold on either side of a promotion, and in a branch. */
static void test_rules_hold_for_what_is_promoted(void **state)
{
    static const char reader[] = RULED("['null','double','string']",
                                       "'gridloop.maximum':5,'gridloop.max_length':1");
    static const char writer[] = RECORD(FIELD("a", "['int','string','null']"));
    struct bytes number = unhex("00 0c"), text = unhex("02 04 61 61");

    (void)state;
    assert_read(writer, reader, "00 0a", "{\"a\":5}");
    assert_bytes_refused(writer, reader, &number, "range");
    assert_read(writer, reader, "02 02 61", "{\"a\":\"a\"}");
    assert_bytes_refused(writer, reader, &text, "range");
    assert_read(writer, reader, "04", "{\"a\":null}");
    free(number.at);
    free(text.at);
}

/* ---- memory ---- */

static size_t most_used(const char *writer, const char *reader, const struct bytes *bytes)
{
    struct arena *arena = arena_new();
    struct reject reject;
    struct value value;
    struct pair pair;
    size_t most;

    pair_of(&pair, writer, reader);
    plan_run(pair.plan, bytes->at, bytes->size, arena, &value, &reject);
    most = arena_most_used(arena);
    arena_free(arena);
    pair_close(&pair);
    return most;
}

/* What is only checked costs one value for each record above it, and nothing for what it contains. */
static void test_what_is_skipped_takes_no_memory(void **state)
{
    static const char *const skipped[] = {
        RECORD(FIELD("gone", ARRAY("'string'"))),
        RECORD(FIELD("gone", ARRAY("{'type':'record','name':'S','fields':[" FIELD(
                                 "x", "'string'") "," FIELD("y", ARRAY("'null'")) "]}"))),
    };
    struct text raw = {0};
    struct bytes bytes;

    (void)state;
    text_add(&raw, "\xd0\x0f",
             2); /* 1000 items: an empty text, or one and an empty array */
    for (size_t i = 0; i < ROWS(skipped); i++) {
        raw.size = 2;
        for (size_t zeros = 0; zeros < 1000 * (i + 1) + 1; zeros++)
            text_add(&raw, "\0", 1);
        bytes = bytes_of(raw.bytes, raw.size);
        assert_true(most_used(skipped[i], skipping_all, &bytes)
                    <= 2 * sizeof(struct value));
        free(bytes.at);
    }
    text_free(&raw);
}

static void test_a_refused_message_gives_its_memory_back(void **state)
{
    static const char schema[] = RECORD(FIELD("a", ARRAY("'string'")));
    struct arena *arena = arena_new();
    struct bytes bytes = unhex("06 02 61 02 61 02 ff 00");
    struct reject reject;
    struct value value;
    struct pair pair;

    (void)state;
    pair_of(&pair, schema, schema);
    arena_take(arena, 1);
    for (int i = 0; i < 100; i++) {
        struct arena_mark mark = arena_mark(arena);
        assert_false(plan_run(pair.plan, bytes.at, bytes.size, arena, &value, &reject));
        assert_string_equal(reject.detail, "a text is not UTF-8 (at byte 7)");
        assert_true(arena_used(arena) - mark.given <= strlen(reject.detail) + 16);
    }
    pair_close(&pair);
    arena_free(arena);
    free(bytes.at);
}

/* Each array believes what the ones around it leave: 60 levels that all announce as much as the message could hold
 * take room once. */
static void test_nested_announcements_take_room_once(void **state)
{
    enum { LEVELS = 60, SIZE = 100000 };
    char *schema = nested(LEVELS);
    struct bytes bytes = {xcalloc(SIZE, 1), SIZE};

    (void)state;
    for (size_t i = 0; i < LEVELS; i++)
        memcpy(bytes.at + 3 * i, "\x80\xb5\x18", 3); /* 200,000 */
    assert_true(most_used(schema, schema, &bytes) <= 16 * SIZE);
    for (size_t i = 0; i < LEVELS; i++)
        memcpy(bytes.at + 3 * i, "\xa0\x8d\x06", 3); /* 50,000 */
    assert_true(most_used(schema, schema, &bytes) <= 16 * SIZE);
    free(bytes.at);
    free(schema);
}

/* ---- whatever else may come ---- */

/* Decodes and, if it can be decoded, prints. True: accepted. */
static bool survive(const struct oracle *oracle, const struct bytes *bytes,
                    struct arena *arena)
{
    struct reject reject = {0};
    struct value value;
    bool accepted;

    arena_reset(arena, 1 << 20);
    accepted =
        plan_run(oracle->pair.plan, bytes->at, bytes->size, arena, &value, &reject);
    if (!accepted && (!reject.reason || !reject.detail))
        fail_msg("refused without a reason");
    if (arena_used(arena) > most_memory(bytes))
        fail_msg("%zu bytes of memory for %zu", arena_used(arena), bytes->size);
    if (accepted && below(64) == 0) {
        struct text json = {0};
        value_json(&json, schema_root(oracle->pair.reader), &value);
        text_free(&json);
    }
    return accepted;
}

static void assert_every_cut_refused(struct oracle *oracle)
{
    struct arena *arena = arena_new();
    struct bytes whole = oracle_draw(oracle);

    for (size_t size = 0; size < whole.size; size++) {
        struct bytes cut = bytes_of(whole.at, size);
        assert_false(survive(oracle, &cut, arena));
        free(cut.at);
    }
    assert_true(survive(oracle, &whole, arena));
    free(whole.at);
    arena_free(arena);
    oracle_close(oracle);
}

static void test_a_message_cut_off_anywhere_is_refused(void **state)
{
    struct oracle oracle;

    (void)state;
    for (const struct builtin_file *file = builtin_schemas; file->path; file++) {
        oracle_of_kind(&oracle, file);
        assert_every_cut_refused(&oracle);
    }
    oracle_open(&oracle, parse(everything));
    assert_every_cut_refused(&oracle);
}

/* Changes up to three bits, decodes, and changes them back. */
static void flip_and_survive(const struct oracle *oracle, const struct bytes *bytes,
                             struct arena *arena)
{
    size_t bits[3], count = 1 + below(ROWS(bits));

    for (size_t i = 0; i < count; i++) {
        bits[i] = below(8 * bytes->size);
        bytes->at[bits[i] / 8] ^= (uint8_t)(1 << bits[i] % 8);
    }
    survive(oracle, bytes, arena);
    for (size_t i = 0; i < count; i++)
        bytes->at[bits[i] / 8] ^= (uint8_t)(1 << bits[i] % 8);
}

static void flip_bits(struct oracle *oracle, int times)
{
    struct arena *arena = arena_new();
    struct bytes bytes = {0};

    for (int i = 0; i < times; i++) {
        if (i % 1000 == 0) {
            free(bytes.at);
            bytes = oracle_draw(oracle);
        }
        flip_and_survive(oracle, &bytes, arena);
    }
    free(bytes.at);
    arena_free(arena);
    oracle_close(oracle);
}

static void test_a_million_flipped_bits(void **state)
{
    enum { TIMES = 200000 }; /* of each of four kinds, and of everything */
    struct oracle oracle;

    (void)state;
    for (const struct builtin_file *file = builtin_schemas; file->path; file++) {
        oracle_of_kind(&oracle, file);
        flip_bits(&oracle, TIMES);
    }
    oracle_open(&oracle, parse(everything));
    flip_bits(&oracle, TIMES);
}

static void test_random_bytes(void **state)
{
    struct arena *arena = arena_new();
    struct oracle oracle;

    (void)state;
    oracle_open(&oracle, parse(everything));
    for (int i = 0; i < 50000; i++) {
        struct bytes bytes = {xmalloc(256), below(256)};
        random_fill(bytes.at, 256);
        survive(&oracle, &bytes, arena);
        free(bytes.at);
    }
    oracle_close(&oracle);
    arena_free(arena);
}

/* ---- as far as it goes ---- */

/* The reader's fields: b, a (a default), c (texts), d (a record). Cut off at each byte, and one too many. */
static void test_what_was_read_before_a_fault_is_left_there(void **state)
{
    static const char writer[] =
        "{'type':'record','name':'r','fields':[{'name':'c','type':{'type':'array','items'"
        ":'string'}},"
        "{'name':'x','type':'int'},{'name':'b','type':'long'},{'name':'d','type':{'type':"
        "'record','name':'s',"
        "'fields':[{'name':'e','type':'int'},{'name':'f','type':'int'}]}}]}";
    static const char reader[] =
        "{'type':'record','name':'r','fields':[{'name':'b','type':'long'},{'name':'a','"
        "type':'int','default':7},"
        "{'name':'c','type':{'type':'array','items':'string'}},{'name':'d','type':{'type'"
        ":'record','name':'s',"
        "'fields':[{'name':'e','type':'int'},{'name':'f','type':'int'}]}}]}";
    struct pair pair;
    struct arena *arena = arena_new();
    struct bytes all = unhex("02 02 61 00 08 06 02 04");

    (void)state;
    pair_of(&pair, writer, reader);
    for (size_t size = 0; size <= all.size + 1; size++) {
        struct bytes bytes = {xcalloc(size + 1, 1), size};
        struct reject reject = {0};
        struct value values[4];
        char read[5] = "    ";
        bool done;
        memcpy(bytes.at, all.at, size < all.size ? size : all.size);
        done = plan_run_partial(pair.plan, bytes.at, bytes.size, arena, values, &reject);
        assert_int_equal(done, size == all.size);
        assert_int_equal(done, !reject.reason);
        for (size_t i = 0; i < 4; i++)
            if (values[i].kind != VALUE_UNREAD)
                read[i] = "bacd"[i];
        assert_string_equal(read, size < 4   ? " a  "
                                  : size < 6 ? " ac "
                                  : size < 8 ? "bac "
                                             : "bacd");
        free(bytes.at);
    }
    free(all.at);
    arena_free(arena);
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_of_every_kind_are_read_as_avro_c_wrote_them),
        cmocka_unit_test(test_every_type_is_read_as_avro_c_wrote_it),
        cmocka_unit_test(test_a_message_that_ends_too_early_is_short),
        cmocka_unit_test(test_bytes_behind_the_last_field_are_refused),
        cmocka_unit_test(test_impossible_lengths_are_refused),
        cmocka_unit_test(test_a_skipped_field_is_checked_like_any_other),
        cmocka_unit_test(test_numbers_end_and_fit),
        cmocka_unit_test(test_a_boolean_is_0_or_1),
        cmocka_unit_test(test_symbols_and_branches_are_within_bounds),
        cmocka_unit_test(test_more_items_than_bytes_are_refused),
        cmocka_unit_test(test_items_of_no_size_are_few),
        cmocka_unit_test(test_many_blocks_do_not_lift_the_bound),
        cmocka_unit_test(test_blocks_that_tell_their_size),
        cmocka_unit_test(test_many_small_blocks_are_one_array),
        cmocka_unit_test(test_nested_items_of_no_size_are_counted_together),
        cmocka_unit_test(test_too_many_items_cost_nothing),
        cmocka_unit_test(test_an_empty_block_ends_an_array),
        cmocka_unit_test(test_a_map_has_each_key_once),
        cmocka_unit_test(test_a_large_map_is_read_at_once),
        cmocka_unit_test(test_a_map_is_sorted_by_its_keys),
        cmocka_unit_test(test_keys_are_text),
        cmocka_unit_test(test_text_is_utf8),
        cmocka_unit_test(test_text_has_no_nul),
        cmocka_unit_test(test_odd_text_is_kept_byte_for_byte),
        cmocka_unit_test(test_uuids_have_one_form),
        cmocka_unit_test(test_times_are_of_the_years_1_to_9999),
        cmocka_unit_test(test_the_deepest_schema_is_read),
        cmocka_unit_test(test_a_refusal_names_the_field_and_the_byte),
        cmocka_unit_test(test_numbers_keep_their_bounds),
        cmocka_unit_test(test_a_column_takes_what_is_no_number),
        cmocka_unit_test(test_what_is_nested_is_a_number),
        cmocka_unit_test(test_a_boolean_may_have_to_be_one_of_the_two),
        cmocka_unit_test(test_texts_keep_their_length),
        cmocka_unit_test(test_hex_is_of_its_length),
        cmocka_unit_test(test_rules_of_texts_hold_for_each_item),
        cmocka_unit_test(test_rules_hold_in_nested_records),
        cmocka_unit_test(test_a_field_may_need_another),
        cmocka_unit_test(test_fields_may_change_their_order),
        cmocka_unit_test(test_a_removed_field_is_read_over),
        cmocka_unit_test(test_a_removed_record_of_many_fields_is_read_over),
        cmocka_unit_test(test_an_added_field_takes_its_default),
        cmocka_unit_test(test_an_added_field_needs_a_default),
        cmocka_unit_test(test_fields_may_be_added_to_nested_records),
        cmocka_unit_test(test_a_renamed_field_is_found_by_its_alias),
        cmocka_unit_test(test_a_field_of_that_name_goes_before_an_alias),
        cmocka_unit_test(test_a_renamed_type_is_found_by_its_alias),
        cmocka_unit_test(test_a_type_of_another_name_is_another_type),
        cmocka_unit_test(test_symbols_are_resolved_by_name),
        cmocka_unit_test(test_an_unknown_symbol_takes_the_readers_default),
        cmocka_unit_test(test_promotions),
        cmocka_unit_test(test_what_becomes_text_has_to_be_text),
        cmocka_unit_test(test_a_narrower_type_does_not_take_a_wider_one),
        cmocka_unit_test(test_an_unreadable_field_is_named_with_its_place),
        cmocka_unit_test(test_what_cannot_always_be_read_is_told_beforehand),
        cmocka_unit_test(test_a_refused_branch_is_one_weakness),
        cmocka_unit_test(test_a_field_may_become_optional),
        cmocka_unit_test(test_the_same_type_goes_before_a_promotion),
        cmocka_unit_test(test_a_union_may_end),
        cmocka_unit_test(test_unions_may_differ),
        cmocka_unit_test(test_records_in_unions_are_told_apart_by_name),
        cmocka_unit_test(test_names_match_without_their_namespaces),
        cmocka_unit_test(test_each_field_goes_once),
        cmocka_unit_test(test_what_is_read_as_a_float_is_rounded_to_one),
        cmocka_unit_test(test_rules_hold_for_what_is_promoted),
        cmocka_unit_test(test_what_is_skipped_takes_no_memory),
        cmocka_unit_test(test_a_refused_message_gives_its_memory_back),
        cmocka_unit_test(test_nested_announcements_take_room_once),
        cmocka_unit_test(test_a_message_cut_off_anywhere_is_refused),
        cmocka_unit_test(test_a_million_flipped_bits),
        cmocka_unit_test(test_random_bytes),
        cmocka_unit_test(test_what_was_read_before_a_fault_is_left_there),
    };

    return cmocka_run_group_tests(tests, sow, NULL);
}
