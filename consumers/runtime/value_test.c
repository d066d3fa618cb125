/* value_test.c - values as JSON, and when two are the same. In the schemas of this file ' stands for ". */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/schema.h"
#include "common/text.h"
#include "consumers/runtime/value.h"

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

/* ---- values written by hand ---- */

static struct value null_value(void)
{
    return (struct value){.kind = VALUE_NULL};
}

static struct value number(int64_t number)
{
    return (struct value){.kind = VALUE_NUMBER, .number = number};
}

static struct value real(double real)
{
    return (struct value){.kind = VALUE_REAL, .real = real};
}

static struct value bytes(const char *bytes, size_t size)
{
    return (struct value){
        .kind = VALUE_BYTES, .count = (uint32_t)size, .bytes = (const uint8_t *)bytes};
}

static struct value text(const char *string)
{
    return bytes(string, strlen(string));
}

static struct value items(struct value *items, uint32_t count)
{
    return (struct value){.kind = VALUE_ITEMS, .count = count, .items = items};
}

static struct value in_branch(uint8_t branch, struct value value)
{
    value.branch = branch;
    return value;
}

/* ---- JSON ---- */

static void assert_json(const char *schema, struct value value, const char *json)
{
    struct schema_file *file = parse(schema);
    struct text found = {0};

    value_json(&found, schema_root(file), &value);
    assert_string_equal(found.bytes, json);
    text_free(&found);
    schema_free(file);
}

static void test_simple_values(void **state)
{
    (void)state;
    assert_json("'null'", null_value(), "null");
    assert_json("'boolean'", number(0), "false");
    assert_json("'boolean'", number(1), "true");
    assert_json("'int'", number(-7), "-7");
    assert_json("'long'", number(INT64_MIN), "-9223372036854775808");
    assert_json("'long'", number(INT64_MAX), "9223372036854775807");
    assert_json("{'type':'enum','name':'E','symbols':['A']}", text("A"), "\"A\"");
}

/* As few digits as give the same number back. */
static void test_real_numbers(void **state)
{
    (void)state;
    assert_json("'double'", real(0.1), "0.1");
    assert_json("'double'", real(113.25), "113.25");
    assert_json("'double'", real(-0.5), "-0.5");
    assert_json("'double'", real(1.0 / 3), "0.3333333333333333");
    assert_json("'double'", real(5e-324), "4.94065645841247e-324");
    assert_json("'double'", real(1e22), "1e+22");
    assert_json("'double'", real(0x1p53 + 2), "9007199254740994");
    assert_json("'double'", real(-0.0), "-0.0");
}

static void test_every_real_number_reads_back(void **state)
{
    uint64_t bits = 1;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct text json = {0};
        double in, out;
        bits = bits * 6364136223846793005 + 1442695040888963407;
        memcpy(&in, &bits, sizeof in);
        if (!isfinite(in))
            continue;
        text_add_json_double(&json, in);
        out = strtod(json.bytes, NULL);
        assert_memory_equal(&in, &out, sizeof in);
        text_free(&json);
    }
}

static void test_text_is_escaped_where_json_needs_it(void **state)
{
    (void)state;
    assert_json("'string'", text(""), "\"\"");
    assert_json("'string'", text("a\"b\\c/"), "\"a\\\"b\\\\c/\"");
    assert_json("'string'", text("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
    assert_json("'string'", text("\x01\x1f\x7f"), "\"\\u0001\\u001f\x7f\"");
    assert_json("'string'", text("\xe7\xbd\x91\xf0\x9f\x9a\x81"),
                "\"\xe7\xbd\x91\xf0\x9f\x9a\x81\"");
}

static void test_logical_types_in_their_usual_form(void **state)
{
    static const char uuid[] = "\x01\x8f\x3a\x4e\x00\x00\x70\x00\x80\x00\x00\x00\x00\x00"
                               "\x00\xff";
    static const char time[] = "{'type':'long','logicalType':'timestamp-micros'}";

    (void)state;
    assert_json("{'type':'string','logicalType':'uuid'}", bytes(uuid, 16),
                "\"018f3a4e-0000-7000-8000-0000000000ff\"");
    assert_json(time, number(0), "\"1970-01-01T00:00:00Z\"");
    assert_json(time, number(1767601800000001), "\"2026-01-05T08:30:00.000001Z\"");
    assert_json(time, number(-62135596800000000), "\"0001-01-01T00:00:00Z\"");
    assert_json(time, number(253402300799999999), "\"9999-12-31T23:59:59.999999Z\"");
}

static void test_bytes_as_hex(void **state)
{
    (void)state;
    assert_json("'bytes'", bytes("", 0), "\"\"");
    assert_json("'bytes'", bytes("\x00\xff\"", 3), "\"00ff22\"");
    assert_json("{'type':'fixed','name':'F','size':2}", bytes("\x0a\xb0", 2), "\"0ab0\"");
}

static void test_arrays_and_maps(void **state)
{
    struct value numbers[] = {number(1), number(2)};
    struct value entries[] = {text("a\""), number(1), text("b"), number(2)};
    struct value rows[] = {items(numbers, 2), items(NULL, 0)};

    (void)state;
    assert_json("{'type':'array','items':'int'}", items(NULL, 0), "[]");
    assert_json("{'type':'array','items':'int'}", items(numbers, 2), "[1,2]");
    assert_json("{'type':'array','items':{'type':'array','items':'int'}}", items(rows, 2),
                "[[1,2],[]]");
    assert_json("{'type':'map','values':'int'}", items(NULL, 0), "{}");
    assert_json("{'type':'map','values':'int'}", items(entries, 2),
                "{\"a\\\"\":1,\"b\":2}");
}

static void test_records(void **state)
{
    static const char schema[] =
        "{'type':'record','name':'R','fields':[{'name':'a','type':'int'},"
        "{'name':'b','type':{'type':'record','name':'S','fields':["
        "{'name':'c','type':'string'}]}}]}";
    struct value inner[] = {text("x")};
    struct value outer[] = {number(1), items(inner, 1)};

    (void)state;
    assert_json(schema, items(outer, 2), "{\"a\":1,\"b\":{\"c\":\"x\"}}");
    assert_json("{'type':'record','name':'R','fields':[]}", items(NULL, 0), "{}");
}

static void test_unions_have_no_wrapper(void **state)
{
    static const char schema[] =
        "['null','string','bytes',{'type':'array','items':['null','int']}]";
    struct value numbers[] = {in_branch(1, number(5)), null_value()};

    (void)state;
    assert_json(schema, null_value(), "null");
    assert_json(schema, in_branch(1, text("a")), "\"a\"");
    assert_json(schema, in_branch(2, text("a")), "\"61\"");
    assert_json(schema, in_branch(3, items(numbers, 2)), "[5,null]");
}

/* ---- the same value ---- */

static bool are_equal(const char *quoted, struct value a, struct value b)
{
    struct schema_file *file = parse(quoted);
    bool equal = value_equal(schema_root(file), &a, &b);

    assert_true(equal == value_equal(schema_root(file), &b, &a));
    schema_free(file);
    return equal;
}

static void test_simple_values_are_equal_if_they_are_the_same(void **state)
{
    (void)state;
    assert_true(are_equal("'null'", null_value(), null_value()));
    assert_true(are_equal("'int'", number(1), number(1)));
    assert_false(are_equal("'int'", number(1), number(2)));
    assert_true(are_equal("'string'", text("a"), text("a")));
    assert_false(are_equal("'string'", text("a"), text("b")));
    assert_false(are_equal("'string'", text("a"), text("ab")));
    assert_false(are_equal("['null','int']", null_value(), in_branch(1, number(0))));
}

static void test_real_numbers_are_equal_bit_by_bit(void **state)
{
    (void)state;
    assert_true(are_equal("'double'", real(0.5), real(0.5)));
    assert_true(are_equal("'double'", real((double)NAN), real((double)NAN)));
    assert_false(are_equal("'double'", real(0.0), real(-0.0)));
}

static void test_the_branch_of_a_union_counts(void **state)
{
    (void)state;
    assert_false(are_equal("['string','bytes']", in_branch(0, text("a")),
                           in_branch(1, text("a"))));
    assert_true(are_equal("['string','bytes']", in_branch(1, text("a")),
                          in_branch(1, text("a"))));
}

static void test_nested_values_are_equal_if_all_in_them_is(void **state)
{
    static const char record[] =
        "{'type':'record','name':'R','fields':[{'name':'a','type':'int'},"
        "{'name':'b','type':{'type':'map','values':'string'}}]}";
    struct value map[] = {text("k"), text("v")}, other_map[] = {text("k"), text("w")};
    struct value other_key[] = {text("l"), text("v")};
    struct value a[] = {number(1), items(map, 1)}, b[] = {number(1), items(map, 1)};
    struct value c[] = {number(1), items(other_map, 1)};
    struct value d[] = {number(1), items(other_key, 1)};
    struct value e[] = {number(1), items(NULL, 0)}, f[] = {number(2), items(map, 1)};

    (void)state;
    assert_true(are_equal(record, items(a, 2), items(b, 2)));
    assert_false(are_equal(record, items(a, 2), items(c, 2)));
    assert_false(are_equal(record, items(a, 2), items(d, 2)));
    assert_false(are_equal(record, items(a, 2), items(e, 2)));
    assert_false(are_equal(record, items(a, 2), items(f, 2)));
    assert_true(
        are_equal("{'type':'array','items':'int'}", items(NULL, 0), items(NULL, 0)));
    assert_false(
        are_equal("{'type':'array','items':'int'}", items(a, 1), items(NULL, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_simple_values),
        cmocka_unit_test(test_real_numbers),
        cmocka_unit_test(test_every_real_number_reads_back),
        cmocka_unit_test(test_text_is_escaped_where_json_needs_it),
        cmocka_unit_test(test_logical_types_in_their_usual_form),
        cmocka_unit_test(test_bytes_as_hex),
        cmocka_unit_test(test_arrays_and_maps),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_unions_have_no_wrapper),
        cmocka_unit_test(test_simple_values_are_equal_if_they_are_the_same),
        cmocka_unit_test(test_real_numbers_are_equal_bit_by_bit),
        cmocka_unit_test(test_the_branch_of_a_union_counts),
        cmocka_unit_test(test_nested_values_are_equal_if_all_in_them_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
