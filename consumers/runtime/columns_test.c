/* columns_test.c - columns from a schema, what the table is compared with, and rows in COPY's binary form, read
 * again here from PostgreSQL's documentation of it. In the schemas of this file ' stands for ". */
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
#include "common/pg.h"
#include "common/schema.h"
#include "common/text.h"
#include "consumers/runtime/columns.h"
#include "consumers/runtime/copy.h"
#include "consumers/runtime/reader.h"

#define ROWS(table) (sizeof(table) / sizeof *(table))

/* ---- a server that gives one answer ---- */

struct pg_result {
    const char *const (*cells)[4];
    size_t rows;
};

static struct pg_result answer;
static enum outcome answer_outcome;
static const char *asked[4]; /* the last question's parameters */
static const char *sqlstate = "";

const char *pg_sqlstate(const struct pg *pg)
{
    (void)pg;
    return sqlstate;
}

enum outcome pg_query(struct pg *pg, const char *sql, const char *const *parameters,
                      size_t count, struct pg_result **result, struct err *e)
{
    (void)pg;
    assert_non_null(sql);
    for (size_t i = 0; i < count; i++)
        asked[i] = parameters[i];
    if (answer_outcome)
        return err_set(e, answer_outcome, "the server says no");
    *result = &answer;
    return DONE;
}

size_t pg_rows(const struct pg_result *result)
{
    return result->rows;
}

const char *pg_value(const struct pg_result *result, size_t row, size_t column)
{
    return result->cells[row][column];
}

int64_t pg_number(const struct pg_result *result, size_t row, size_t column)
{
    return strtoll(pg_value(result, row, column), NULL, 10);
}

void pg_result_free(struct pg_result *result)
{
    (void)result;
}

char *pg_quote_name(const char *name)
{
    struct text quoted = {0};

    text_format(&quoted, "\"%s\"", name);
    return quoted.bytes;
}

/* ---- a schema ---- */

#define TIME "{'type':'long','logicalType':'timestamp-micros'}"
#define UUID "{'type':'string','logicalType':'uuid'}"
#define FIELD(name, type) ",{'name':'" name "','type':" type "}"
#define EVENT(fields)                                                                    \
    "{'type':'record','name':'Event','fields':[{'name':'event_id','type':" UUID          \
    "}" FIELD("occurred_at", TIME) FIELD("recorded_at", TIME) fields "]}"

struct bench {
    struct schema_file *file;
    struct reader *reader;
    struct columns *columns;
    struct text row;
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

static void open_bench(struct bench *bench, const char *schema)
{
    struct err e;

    *bench = (struct bench){.file = parse(schema)};
    bench->reader = reader_new(bench->file, &e);
    assert_non_null(bench->reader);
    bench->columns = columns_new(bench->reader, "sample");
}

static void close_bench(struct bench *bench)
{
    columns_free(bench->columns);
    reader_free(bench->reader);
    schema_free(bench->file);
    text_free(&bench->row);
}

static enum outcome ask_layout(const struct bench *bench, int32_t *number, struct err *e)
{
    return layout_number(columns_layout(bench->columns), NULL, number, e);
}

/* ---- statements ---- */

static void test_the_copy_names_every_column(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench, EVENT(FIELD("order", "'int'") FIELD("Mixed", "'string'")));
    assert_string_equal(
        columns_copy_sql(bench.columns),
        "copy events.sample (\"source_id\", \"topic_offset\", \"content_hash\", "
        "\"event_id\", \"occurred_at\", \"recorded_at\", \"order\", \"Mixed\", "
        "\"wgs84_longitude\", \"wgs84_latitude\", \"located_grid_code\", "
        "\"located_community_code\", \"located_subdistrict_code\", "
        "\"located_version\") from stdin (format binary)");
    close_bench(&bench);
    columns_free(NULL);
}

static void test_a_layout_is_asked_for_by_its_columns(void **state)
{
    static const char *const cells[][4] = {{"17"}};
    struct bench bench;
    int32_t layout_id = 0;
    struct err e;

    (void)state;
    open_bench(&bench, EVENT(FIELD("a", "'int'")));
    answer = (struct pg_result){cells, 1};
    assert_int_equal(ask_layout(&bench, &layout_id, &e), DONE);
    assert_int_equal(layout_id, 17);
    assert_string_equal(asked[1],
                        "{\"source_id\",\"topic_offset\",\"content_hash\",\"event_id\","
                        "\"occurred_at\",\"recorded_at\",\"a\",\"wgs84_longitude\","
                        "\"wgs84_latitude\",\"located_grid_code\","
                        "\"located_community_code\",\"located_subdistrict_code\","
                        "\"located_version\"}");
    assert_string_equal(asked[2],
                        "{\"integer\",\"bigint\",\"bytea\",\"uuid\","
                        "\"timestamp with time zone\",\"timestamp with time zone\","
                        "\"integer\",\"double precision\",\"double precision\",\"text\","
                        "\"text\",\"text\",\"integer\"}");
    answer.rows = 0;
    assert_int_equal(ask_layout(&bench, &layout_id, &e), RETRY);
    close_bench(&bench);
}

/* ---- the table ---- */

/* Name, type, must not be null, must be given a value. */
#define OURS                                                                             \
    {"source_id", "integer", "t", "t"}, {"topic_offset", "bigint", "t", "t"},            \
        {"content_hash", "bytea", "t", "t"}, {"event_id", "uuid", "t", "t"},             \
        {"occurred_at", "timestamp with time zone", "t", "t"},                           \
        {"recorded_at", "timestamp with time zone", "t", "t"},                           \
        {"wgs84_longitude", "double precision", "f", "f"},                               \
        {"wgs84_latitude", "double precision", "f", "f"},                                \
        {"located_grid_code", "text", "f", "f"},                                         \
        {"located_community_code", "text", "f", "f"},                                    \
        {"located_subdistrict_code", "text", "f", "f"},                                  \
    {                                                                                    \
        "located_version", "integer", "f", "f"                                           \
    }

static const char checked_schema[] =
    EVENT(FIELD("a", "'int'") FIELD("b", "['null','string']"));

static void assert_check(const char *const (*cells)[4], size_t rows, enum outcome outcome,
                         const char *message)
{
    struct bench bench;
    struct err e = {DONE, 0, ""};

    open_bench(&bench, checked_schema);
    answer = (struct pg_result){cells, rows};
    assert_int_equal(columns_check(bench.columns, NULL, &e), outcome);
    assert_string_equal(asked[0], "sample");
    assert_string_equal(e.message, message);
    assert_int_equal(e.exit_code, outcome == FATAL ? EX_CONFIG : 0);
    close_bench(&bench);
}

static void test_a_table_that_fits(void **state)
{
    static const char *const cells[][4] = {
        OURS, {"a", "integer", "t", "t"}, {"b", "text", "f", "f"}};

    (void)state;
    assert_check(cells, ROWS(cells), DONE, "");
}

static void test_a_table_may_have_more_columns(void **state)
{
    static const char *const cells[][4] = {OURS,
                                           {"a", "integer", "f", "f"},
                                           {"b", "text", "f", "f"},
                                           {"stored_at", "date", "t", "f"},
                                           {"new", "point", "f", "f"}};

    (void)state;
    assert_check(cells, ROWS(cells), DONE, "");
}

static void test_a_column_that_we_would_leave_empty(void **state)
{
    static const char *const cells[][4] = {OURS,
                                           {"a", "integer", "t", "t"},
                                           {"b", "text", "f", "f"},
                                           {"new", "text", "t", "t"}};

    (void)state;
    assert_check(cells, ROWS(cells), FATAL,
                 "column new of events.sample must not be null and has no default, and "
                 "this version does not know it");
}

static void test_a_column_that_takes_less_than_its_field(void **state)
{
    static const char *const cells[][4] = {
        OURS, {"a", "integer", "t", "t"}, {"b", "text", "t", "t"}};

    (void)state;
    assert_check(cells, ROWS(cells), FATAL,
                 "column b of events.sample must not be null, but the field may be");
}

static void test_a_column_of_another_type(void **state)
{
    static const char *const cells[][4] = {
        OURS, {"a", "smallint", "t", "t"}, {"b", "text", "f", "f"}};
    static const char *const own[][4] = {{"source_id", "bigint", "t", "t"}};

    (void)state;
    assert_check(cells, ROWS(cells), FATAL,
                 "column a of events.sample is smallint; the schema needs integer");
    assert_check(own, ROWS(own), FATAL,
                 "column source_id of events.sample is bigint; the schema needs integer");
}

static void test_a_table_that_is_behind_is_waited_for(void **state)
{
    static const char *const cells[][4] = {OURS, {"a", "integer", "t", "t"}};
    static const char *const strange[][4] = {{"other", "integer", "f", "f"}};
    static const char *const narrow[][4] = {OURS, {"c", "integer", "f", "f"}};
    struct bench bench;
    struct err e;

    (void)state;
    assert_check(cells, ROWS(cells), RETRY,
                 "table events.sample has no column b: run gridloopctl setup");
    assert_check(strange, ROWS(strange), RETRY,
                 "table events.sample has no column source_id: run gridloopctl setup");
    assert_check(cells, 0, RETRY,
                 "there is no table events.sample: run gridloopctl setup");
    open_bench(&bench, EVENT(FIELD("c", "['null','long']")));
    answer = (struct pg_result){narrow, ROWS(narrow)};
    assert_int_equal(columns_check(bench.columns, NULL, &e), RETRY);
    assert_string_equal(e.message, "column c of events.sample is integer; the schema "
                                   "needs bigint: run gridloopctl setup");
    close_bench(&bench);
}

static void test_what_the_server_says_is_passed_on(void **state)
{
    struct bench bench;
    int32_t layout_id;
    struct err e;

    (void)state;
    open_bench(&bench, checked_schema);
    answer_outcome = RETRY;
    assert_int_equal(columns_check(bench.columns, NULL, &e), RETRY);
    assert_int_equal(ask_layout(&bench, &layout_id, &e), RETRY);
    answer_outcome = FATAL;
    assert_int_equal(ask_layout(&bench, &layout_id, &e), FATAL);
    sqlstate = "42703"; /* a column of bus.layout is not there yet */
    assert_int_equal(ask_layout(&bench, &layout_id, &e), RETRY);
    sqlstate = "";
    answer_outcome = DONE;
    close_bench(&bench);
}

/* ---- the types ---- */

static void test_each_type_has_its_column(void **state)
{
    static const struct {
        const char *type, *sql_type;
    } cases[] = {
        {"'boolean'", "boolean"},
        {"'int'", "integer"},
        {"'long'", "bigint"},
        {TIME, "timestamp with time zone"},
        {"'float'", "real"},
        {"'double'", "double precision"},
        {"'string'", "text"},
        {UUID, "uuid"},
        {"{'type':'enum','name':'E','symbols':['A']}", "text"},
        {"'bytes'", "bytea"},
        {"{'type':'fixed','name':'F','size':4}", "bytea"},
        {"{'type':'array','items':'string'}", "text[]"},
        {"{'type':'array','items':" UUID "}", "uuid[]"},
        {"{'type':'array','items':['null','string']}", "json"},
        {"{'type':'array','items':'int'}", "json"},
        {"{'type':'map','values':'string'}", "json"},
        {"{'type':'record','name':'S','fields':[]}", "json"},
        {"['int','string']", "json"},
        {"['null','int','string']", "json"},
        {"['null','long']", "bigint"},
        {"[" UUID ",'null']", "uuid"},
        {"['null',{'type':'array','items':'string'}]", "text[]"},
    };
    char schema[600];

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        const char *const cells[][4] = {OURS, {"a", cases[i].sql_type, "f", "f"}};
        struct bench bench;
        struct err e;
        snprintf(schema, sizeof schema, EVENT(",{'name':'a','type':%s}"), cases[i].type);
        open_bench(&bench, schema);
        answer = (struct pg_result){cells, ROWS(cells)};
        if (columns_check(bench.columns, NULL, &e))
            fail_msg("%s: %s", cases[i].type, e.message);
        close_bench(&bench);
    }
}

/* ---- the binary form ---- */

struct take {
    const uint8_t *at, *end;
};

static uint64_t take_number(struct take *take, size_t size)
{
    uint64_t number = 0;

    assert_true((size_t)(take->end - take->at) >= size);
    while (size-- > 0)
        number = number << 8 | *take->at++;
    return number;
}

/* A value's bytes, as a take of their own; at is NULL where it is null. */
static struct take take_value(struct take *take)
{
    uint32_t size = (uint32_t)take_number(take, 4);
    struct take value = {take->at, take->at + size};

    if (size == UINT32_MAX)
        return (struct take){NULL, NULL};
    assert_true((size_t)(take->end - take->at) >= size);
    take->at += size;
    return value;
}

static void assert_rest(const struct take *take, const void *bytes, size_t size)
{
    assert_int_equal(take->end - take->at, size);
    assert_memory_equal(take->at, bytes, size);
}

static struct value number(int64_t number)
{
    return (struct value){.kind = VALUE_NUMBER, .number = number};
}

static struct value real(double real)
{
    return (struct value){.kind = VALUE_REAL, .real = real};
}

static struct value bytes(const char *bytes, uint32_t size)
{
    return (struct value){
        .kind = VALUE_BYTES, .count = size, .bytes = (const uint8_t *)bytes};
}

static struct value items(struct value *items, uint32_t count)
{
    return (struct value){.kind = VALUE_ITEMS, .count = count, .items = items};
}

static const char id[] =
    "\x01\x8f\x3a\x4e\x00\x00\x70\x00\x80\x00\x00\x00\x00\x00\x00\xff";

/* The row of an event of source 7, offset 2^40 + 5, whose hash is 32 times 0xab; its fourth field is value. */
static struct take put_row(struct bench *bench, const char *type, struct value value)
{
    struct value values[] = {bytes(id, 16), number(0), number(946684800000001), value};
    struct event event = {.message.offset = (1LL << 40) + 5, .values = values};
    char schema[600];

    snprintf(schema, sizeof schema, EVENT(",{'name':'a','type':%s}"), type);
    open_bench(bench, schema);
    memset(event.content_hash, 0xab, sizeof event.content_hash);
    columns_put_row(bench->columns, &bench->row, &event, 7);
    return (struct take){(const uint8_t *)bench->row.bytes,
                         (const uint8_t *)bench->row.bytes + bench->row.size};
}

/* Columns of what enrichment found, null without a location. */
enum { FOUND = 6, NULL_SIZE = 4 };

/* The fourth field alone. */
static struct take put_value(struct bench *bench, const char *type, struct value value)
{
    struct take row = put_row(bench, type, value), fourth = {NULL, NULL};

    assert_int_equal(take_number(&row, 2), 7 + FOUND);
    for (int i = 0; i < 7; i++)
        fourth = take_value(&row);
    for (int i = 0; i < FOUND; i++)
        assert_null(take_value(&row).at);
    assert_rest(&row, "", 0);
    return fourth;
}

/* The columns' types as the table has them decide about the rows and their layout, and may change again. */
static void test_a_wider_column_gets_wider_values(void **state)
{
    static const char *const wide[][4] = {
        OURS, {"a", "bigint", "t", "t"}, {"b", "double precision", "f", "f"}};
    static const char *const narrow[][4] = {
        OURS, {"a", "integer", "t", "t"}, {"b", "real", "f", "f"}};
    struct value values[] = {bytes(id, 16), number(0), number(0), number(-3), real(1.5)};
    struct event event = {.values = values};
    static const char wide_end[] =
        "\0\0\0\10\377\377\377\377\377\377\377\375\0\0\0\10\77\370\0\0\0\0\0\0";
    static const char narrow_end[] = "\0\0\0\4\377\377\377\375\0\0\0\4\77\300\0\0";
    struct bench bench;
    int32_t layout_id;
    const char *end;
    struct err e;

    (void)state;
    open_bench(&bench, EVENT(FIELD("a", "'int'") FIELD("b", "['null','float']")));
    values[4].branch = 1;
    for (int round = 0; round < 4; round++) {
        bool is_wide = round % 2;
        answer = (struct pg_result){is_wide ? wide : narrow, ROWS(wide)};
        assert_int_equal(columns_check(bench.columns, NULL, &e), DONE);
        text_clear(&bench.row);
        columns_put_row(bench.columns, &bench.row, &event, 7);
        end = bench.row.bytes + bench.row.size - FOUND * NULL_SIZE;
        if (is_wide)
            assert_memory_equal(end - 24, wide_end, 24);
        else
            assert_memory_equal(end - 16, narrow_end, 16);
        ask_layout(&bench, &layout_id, &e);
        assert_non_null(strstr(asked[2], is_wide
                                             ? ",\"bigint\",\"double precision\",\"double"
                                             : ",\"integer\",\"real\",\"double"));
    }
    close_bench(&bench);
}

static void test_head_and_end_of_a_copy(void **state)
{
    struct text out = {0};

    (void)state;
    copy_put_head(&out);
    copy_put_end(&out);
    assert_int_equal(out.size, 21);
    assert_memory_equal(out.bytes, "PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\xff\xff", 21);
    text_free(&out);
}

static void test_a_row_begins_with_where_it_came_from(void **state)
{
    struct bench bench;
    struct take row = put_row(&bench, "'boolean'", number(1)), value;
    uint8_t hash[SHA256_SIZE];

    (void)state;
    memset(hash, 0xab, sizeof hash);
    assert_int_equal(take_number(&row, 2), 7 + FOUND);
    value = take_value(&row);
    assert_int_equal(take_number(&value, 4), 7);
    assert_rest(&value, "", 0);
    value = take_value(&row);
    assert_int_equal(take_number(&value, 8), (1LL << 40) + 5);
    value = take_value(&row);
    assert_rest(&value, hash, sizeof hash);
    value = take_value(&row);
    assert_rest(&value, id, 16);
    close_bench(&bench);
}

/* PostgreSQL counts microseconds from 2000-01-01. */
static void test_times_count_from_2000(void **state)
{
    struct bench bench;
    struct take row = put_row(&bench, "'boolean'", number(1)), value;

    (void)state;
    take_number(&row, 2);
    for (int i = 0; i < 4; i++)
        take_value(&row);
    value = take_value(&row);
    assert_true((int64_t)take_number(&value, 8) == -946684800000000);
    value = take_value(&row);
    assert_true((int64_t)take_number(&value, 8) == 1);
    close_bench(&bench);
}

static void assert_found(const struct location *location, const char *hex)
{
    struct value values[] = {bytes(id, 16), number(0), number(0)};
    struct event event = {.values = values, .location = location};
    struct bench bench;

    open_bench(&bench, EVENT(""));
    columns_put_row(bench.columns, &bench.row, &event, 7);
    for (size_t i = 0, size = strlen(hex) / 2; i < size; i++) {
        unsigned byte;
        sscanf(hex + 2 * i, "%2x", &byte);
        assert_int_equal((uint8_t)bench.row.bytes[bench.row.size - size + i], byte);
    }
    close_bench(&bench);
}

#define NULL_VALUE "ffffffff"

/* 114.5 is 405ca00000000000, -36.25 is c042200000000000. */
static void test_what_enrichment_found_comes_last(void **state)
{
    struct location location = {{114.5, -36.25}, 3, "g", NULL, "sub", NULL};

    (void)state;
    assert_found(NULL, NULL_VALUE NULL_VALUE NULL_VALUE NULL_VALUE NULL_VALUE NULL_VALUE);
    assert_found(&location,
                 "00000008405ca0000000000000000008c0422000000000000000000167" NULL_VALUE
                 "00000003737562"
                 "0000000400000003");
    location = (struct location){.wgs84 = {114.5, -36.25}};
    assert_found(&location,
                 "00000008405ca0000000000000000008c042200000000000" NULL_VALUE NULL_VALUE
                     NULL_VALUE NULL_VALUE);
}

static void assert_value(const char *type, struct value value, const void *expected,
                         size_t size)
{
    struct bench bench;
    struct take found = put_value(&bench, type, value);

    assert_non_null(found.at);
    assert_rest(&found, expected, size);
    close_bench(&bench);
}

static void test_simple_values(void **state)
{
    (void)state;
    assert_value("'boolean'", number(0), "\0", 1);
    assert_value("'boolean'", number(1), "\1", 1);
    assert_value("'int'", number(-2), "\xff\xff\xff\xfe", 4);
    assert_value("'int'", number(INT32_MIN), "\x80\0\0\0", 4);
    assert_value("'long'", number(INT64_MIN), "\x80\0\0\0\0\0\0\0", 8);
    assert_value("'long'", number(0x0102030405060708), "\1\2\3\4\5\6\7\10", 8);
    assert_value(TIME, number(946684800000000), "\0\0\0\0\0\0\0\0", 8);
    assert_value("'float'", real(-0.5), "\xbf\0\0\0", 4);
    assert_value("'double'", real(1.5), "\x3f\xf8\0\0\0\0\0\0", 8);
    assert_value("'double'", real(-0.0), "\x80\0\0\0\0\0\0\0", 8);
}

static void test_texts_and_bytes(void **state)
{
    (void)state;
    assert_value("'string'", bytes("", 0), "", 0);
    assert_value("'string'", bytes("\\N\t\xe7\xbd\x91", 6), "\\N\t\xe7\xbd\x91", 6);
    assert_value(UUID, bytes(id, 16), id, 16);
    assert_value("{'type':'enum','name':'E','symbols':['ALERT']}", bytes("ALERT", 5),
                 "ALERT", 5);
    assert_value("'bytes'", bytes("PGCOPY\n\xff\r\n\0\xff\xff", 13),
                 "PGCOPY\n\xff\r\n\0\xff\xff", 13);
    assert_value("{'type':'fixed','name':'F','size':2}", bytes("\0\1", 2), "\0\1", 2);
}

static void test_null_has_no_bytes(void **state)
{
    static const char *const types[] = {"['null','int']",
                                        "['string','null']",
                                        "['null'," TIME "]",
                                        "['null'," UUID "]",
                                        "['null',{'type':'array','items':'string'}]",
                                        "['null','int','string']"};

    (void)state;
    for (size_t i = 0; i < ROWS(types); i++) {
        struct bench bench;
        struct take found =
            put_value(&bench, types[i], (struct value){.kind = VALUE_NULL});
        assert_null(found.at);
        close_bench(&bench);
    }
}

static void assert_array_head(struct take *array, uint64_t item_oid, uint64_t count)
{
    assert_int_equal(take_number(array, 4), count ? 1 : 0); /* dimensions */
    assert_int_equal(take_number(array, 4), 0);             /* no nulls */
    assert_int_equal(take_number(array, 4), item_oid);
    if (count > 0) {
        assert_int_equal(take_number(array, 4), count);
        assert_int_equal(take_number(array, 4), 1); /* first index */
    }
}

static void test_arrays_of_text(void **state)
{
    struct value texts[] = {bytes("a,\"", 3), bytes("", 0)};
    struct bench bench;
    struct take array = put_value(&bench, "{'type':'array','items':'string'}",
                                  items(texts, 2)),
                item;

    (void)state;
    assert_array_head(&array, 25, 2);
    item = take_value(&array);
    assert_rest(&item, "a,\"", 3);
    item = take_value(&array);
    assert_rest(&item, "", 0);
    assert_rest(&array, "", 0);
    close_bench(&bench);
}

static void test_arrays_of_uuids(void **state)
{
    struct value uuids[] = {bytes(id, 16)};
    struct bench bench;
    struct take array = put_value(
                    &bench, "['null',{'type':'array','items':" UUID "}]",
                    (struct value){
                        .kind = VALUE_ITEMS, .branch = 1, .count = 1, .items = uuids}),
                item;

    (void)state;
    assert_array_head(&array, 2950, 1);
    item = take_value(&array);
    assert_rest(&item, id, 16);
    assert_rest(&array, "", 0);
    close_bench(&bench);
}

static void test_an_empty_array_has_no_dimension(void **state)
{
    struct bench bench;
    struct take array =
        put_value(&bench, "{'type':'array','items':'string'}", items(NULL, 0));

    (void)state;
    assert_array_head(&array, 25, 0);
    assert_rest(&array, "", 0);
    close_bench(&bench);
}

static void test_everything_else_is_json(void **state)
{
    struct value numbers[] = {number(1), number(2)};
    struct value entries[] = {bytes("k", 1), number(3)};
    struct value chosen = number(4);

    (void)state;
    chosen.branch = 2;
    assert_value("{'type':'array','items':'int'}", items(numbers, 2), "[1,2]", 5);
    assert_value("{'type':'map','values':'int'}", items(entries, 1), "{\"k\":3}", 7);
    assert_value("{'type':'record','name':'S','fields':[{'name':'x','type':'int'}]}",
                 items(numbers, 1), "{\"x\":1}", 7);
    assert_value("['null','string','int']", chosen, "4", 1);
}

static void test_pieces_for_other_tables(void **state)
{
    struct text out = {0};

    (void)state;
    copy_put_count(&out, 12);
    copy_put_null(&out);
    copy_put_int32(&out, -1);
    copy_put_int64(&out, 1);
    copy_put_bytes(&out, NULL, 5);
    copy_put_bytes(&out, "", 0);
    copy_put_string(&out, "ab");
    copy_put_string(&out, NULL);
    assert_int_equal(out.size, 2 + 4 + 8 + 12 + 4 + 4 + 6 + 4);
    assert_memory_equal(out.bytes,
                        "\0\14"
                        "\xff\xff\xff\xff"
                        "\0\0\0\4\xff\xff\xff\xff"
                        "\0\0\0\10\0\0\0\0\0\0\0\1"
                        "\xff\xff\xff\xff"
                        "\0\0\0\0"
                        "\0\0\0\2ab"
                        "\xff\xff\xff\xff",
                        out.size);
    text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_copy_names_every_column),
        cmocka_unit_test(test_a_layout_is_asked_for_by_its_columns),
        cmocka_unit_test(test_a_table_that_fits),
        cmocka_unit_test(test_a_table_may_have_more_columns),
        cmocka_unit_test(test_a_column_that_we_would_leave_empty),
        cmocka_unit_test(test_a_column_that_takes_less_than_its_field),
        cmocka_unit_test(test_a_column_of_another_type),
        cmocka_unit_test(test_a_table_that_is_behind_is_waited_for),
        cmocka_unit_test(test_what_the_server_says_is_passed_on),
        cmocka_unit_test(test_each_type_has_its_column),
        cmocka_unit_test(test_a_wider_column_gets_wider_values),
        cmocka_unit_test(test_head_and_end_of_a_copy),
        cmocka_unit_test(test_a_row_begins_with_where_it_came_from),
        cmocka_unit_test(test_times_count_from_2000),
        cmocka_unit_test(test_what_enrichment_found_comes_last),
        cmocka_unit_test(test_simple_values),
        cmocka_unit_test(test_texts_and_bytes),
        cmocka_unit_test(test_null_has_no_bytes),
        cmocka_unit_test(test_arrays_of_text),
        cmocka_unit_test(test_arrays_of_uuids),
        cmocka_unit_test(test_an_empty_array_has_no_dimension),
        cmocka_unit_test(test_everything_else_is_json),
        cmocka_unit_test(test_pieces_for_other_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
