/* check_test.c - lines that keep the contract, and each way to break it with what is
 * said about it. */
#include "producers/runtime/testing.h"

#include <sysexits.h>

#include "common/hash.h"
#include "producers/runtime/check.h"

static struct arena *arena;

static enum outcome check(const char *kind, const char *line, size_t size,
                          struct datum *event, struct err *e)
{
    struct contract contract;
    struct checker *checker;
    enum outcome outcome;

    assert_int_equal(contract_open(&contract, kind, e), DONE);
    checker = checker_new(&contract, e);
    assert_non_null(checker);
    arena_reset(arena, 0);
    outcome = check_line(checker, arena, line, size, event, NULL, e);
    checker_free(checker);
    contract_close(&contract); /* what event->type points to is gone now */
    return outcome;
}

/* The kind's fullest example with one piece replaced, and what is said. */
static const struct row {
    const char *kind, *from, *to, *said;
} rows[] = {
    /* the line as a whole */
    {"patrol_log", "{", "", "is not JSON: something follows the closing brace"},
    {"patrol_log", "\"wires_fixed\":", "wires_fixed:", "is not JSON"},
    {"patrol_log", "\n}", "", "is not JSON: it ends too early"},
    {"patrol_log", "\"GCJ02\"\n}", "\"GCJ02\"\n}{}",
     "is not JSON: something follows the closing brace"},
    {"patrol_log", "示例", "\xc3\x28", "is not UTF-8"},
    {"patrol_log", "示例", "\xed\xa0\x80", "is not UTF-8"},
    {"patrol_log", "示例", "\\u0000", "has U+0000, which text must not have"},
    {"patrol_log", "示例", "\\ud800", "is not JSON"},
    {"patrol_log", "\"wires_fixed\": 2", "\"remark\": \"1\"", "has the same field twice"},
    {"patrol_log", "114.353744", "1e999", "has a number beyond all bounds"},
    {"patrol_log", "114.353744", "123456789012345678901234567890",
     "has a number beyond all bounds"},
    {"patrol_log", "114.353744", "NaN", "is not JSON"},
    {"patrol_log",
     "\"remark\":", "\"remarks\":", "no such field 'remarks'; did you mean 'remark'?"},
    {"patrol_log", "\"remark\":", "\"weather\":", "no such field 'weather'"},
    {"patrol_log", "\"remark\":", "\"we\\nather\":", "no such field 'we?ather'"},
    {"patrol_log", "\"remark\":", "\"w\xc2\x9b 张\":", "no such field 'w?\?\?\?\?\?'"},
    {"patrol_log", "\"grid_code\":", "\"grid_cod\":",
     "no such field 'grid_cod'; did you mean 'grid_code'?"},
    {"patrol_log", "\"item_kind\": \"DISPUTE\"", "\"item_kindd\": \"DISPUTE\"",
     "information_items[0]: no such field 'item_kindd'; did you mean 'item_kind'?"},
    {"patrol_log", "{", "{\"traceparent\": 1,",
     "traceparent: is no traceparent of W3C's Trace Context"},
    {"patrol_log", "{",
     "{\"traceparent\": \"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0\",",
     "traceparent: is no traceparent of W3C's Trace Context"},
    {"patrol_log", "{",
     "{\"traceparent\": \"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01\",",
     "traceparent: is no traceparent of W3C's Trace Context"},
    {"patrol_log", "{",
     "{\"traceparent\": \"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01\",",
     "traceparent: is no traceparent of W3C's Trace Context"},
    {"patrol_log", "{", "{\"schema_version\": 2,",
     "schema_version: is not known here; the newest is 1"},
    {"patrol_log", "{", "{\"schema_version\": \"1\",",
     "schema_version: must be a whole number"},
    {"patrol_log", "\"item_kind\": \"DISPUTE\",",
     "\"item_kind\": \"DISPUTE\", \"schema_version\": 1,",
     "information_items[0]: no such field 'schema_version'"},
    /* a field's earlier name */
    {"drone_alert", "\"target_area_m2\": 4800",
     "\"target_area_m2\": 4800, \"area_m2\": 4800",
     "target_area_m2: is given twice, as target_area_m2 and as area_m2"},
    {"drone_alert", "\"target_area_m2\": 4800",
     "\"area_m2\": null, \"target_area_m2\": null",
     "target_area_m2: is given twice, as target_area_m2 and as area_m2"},
    {"drone_alert", "\"target_area_m2\": 4800", "\"area_m2\": -1",
     "target_area_m2: is below 0"},
    {"drone_alert", "\"waypoint_index\": 0", "\"waypoint_index\": -1",
     "waypoint_index: is below 0"},
    /* required fields */
    {"patrol_log", "  \"grid_kind\": \"DEDICATED\",\n", "", "grid_kind: is missing"},
    {"patrol_log", "\"police_count\": 2", "\"police_count\": null",
     "police_count: must not be null"},
    {"patrol_log", "\"is_test\": true", "\"is_test\": null", "is_test: must not be null"},
    {"patrol_log", "\"item_kind\": \"DISPUTE\",", "",
     "information_items[0].item_kind: is missing"},
    /* types */
    {"patrol_log", "\"is_test\": true", "\"is_test\": 1",
     "is_test: must be true or false"},
    {"patrol_log", "\"is_test\": true", "\"is_test\": \"true\"",
     "is_test: must be true or false"},
    {"patrol_log", "\"police_count\": 2", "\"police_count\": 1.5",
     "police_count: must be a whole number"},
    {"patrol_log", "\"police_count\": 2", "\"police_count\": 2.0",
     "police_count: must be a whole number"},
    {"patrol_log", "\"police_count\": 2", "\"police_count\": \"2\"",
     "police_count: must be a whole number"},
    {"patrol_log", "\"police_count\": 2", "\"police_count\": 2147483648",
     "police_count: is beyond the range of an int (-2147483648 to 2147483647)"},
    {"patrol_log", "\"police_count\": 2", "\"police_count\": -1",
     "police_count: is below 0"},
    {"patrol_log", "1250.5", "\"1250.5\"", "track_length_m: must be a number"},
    {"patrol_log", "1250.5", "3.5e38", "track_length_m: is beyond the range of a float"},
    {"patrol_log", "36.113556", "91", "start_lat: is above 90"},
    {"patrol_log", "36.113556", "-90.00001", "start_lat: is below -90"},
    {"drone_alert", "0.93", "1.0000000000000002", "confidence: is above 1"},
    {"patrol_log", "\"410503003002901\"", "410503003002901",
     "grid_code: must be a string"},
    {"patrol_log", "\"DEDICATED\"", "1", "grid_kind: must be a string"},
    {"patrol_log", "\"DEDICATED\"", "\"dedicated\"",
     "grid_kind: is no symbol of GridKind; did you mean DEDICATED?"},
    {"patrol_log", "\"DEDICATED\"", "\"XYZ\"",
     "grid_kind: must be one of UNKNOWN, BASIC, DEDICATED"},
    {"patrol_log", "[\n    \"019ce607-d940-730c-9904-c0bb0938ef63\"\n  ]", "{}",
     "raised_case_ids: must be an array"},
    {"patrol_log", "\"DISPUTE\",\n      \"item_count\": 1\n    }",
     "\"DISPUTE\",\n      \"item_count\": 1\n    }, 7",
     "information_items[1]: must be an object"},
    {"patrol_log", "019ce607-d940-730c-9904-c0bb0938ef63",
     "019ce607d940730c9904c0bb0938ef63",
     "raised_case_ids[0]: must be a UUID of 36 characters"},
    {"patrol_log", "\"019ce5c7-c300-7d15-bbc1-9b2f7c773a6a\"", "5",
     "patrol_id: must be a string"},
    /* times */
    {"patrol_log", "2026-03-13T14:00:00.5+08:00", "2026-03-13T14:00:00.5",
     "occurred_at: has no zone"},
    {"patrol_log", "\"2026-03-13T14:00:00.5+08:00\"", "1773381600",
     "occurred_at: must be a time such as \"2026-01-05T08:30:00+08:00\""},
    {"patrol_log", "\"due_at\": \"2026-03-31T18:00:00+08:00\"",
     "\"due_at\": \"2026-03-31T18:00:00\"", "meeting_decisions[1].due_at: has no zone"},
    /* texts */
    {"patrol_log", "jiefanglu-patrol-app", "", "producer_id: must not be empty"},
    {"patrol_log", "3ec858e93c3587f4dec256f2e7e7a6984181c26150aab086fc58720b41cd6800", "",
     "subject_refs[0]: must not be empty"},
    {"drone_alert", "102778854b14749870c01b8974aa9288cb3e36018c0689e2e64e088d78eb7779",
     "102778", "image_sha256: must be 64 hex digits"},
    {"drone_alert", "102778854b14749870c01b8974aa9288cb3e36018c0689e2e64e088d78eb7779",
     "102778854b14749870c01b8974aa9288cb3e36018c0689e2e64e088d78eb777g",
     "image_sha256: must be 64 hex digits"},
    {"patrol_log", "会后现场查看飞线整理", "电话13812345678",
     "remark: has a mobile number, which must not enter the bus"},
    {"patrol_log", "会后现场查看飞线整理", "999999199001010016",
     "remark: has a resident id, which must not enter the bus"},
    {"inspection_finding", "接警记录每周抽查", "请致电 13812345678",
     "measures[1].content: has a mobile number, which must not enter the bus"},
    /* rules between fields */
    {"inspection_finding", "\"secrecy_flag\": false", "\"secrecy_flag\": true",
     "secrecy_flag: must be false"},
    {"patrol_log", "36.113556", "null", "start_lon: needs start_lat too"},
    {"patrol_log", "  \"start_lat\": 36.113556,\n", "", "start_lon: needs start_lat too"},
    {"drone_alert", "  \"bbox_ymax\": 2820,\n", "", "bbox_xmin: needs bbox_ymax too"},
};

static void says_what_is_wrong(void **state)
{
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *whole = example(rows[i].kind, "fullest");
        char *line = replaced(whole, rows[i].from, rows[i].to);
        struct err e = {.message = "accepted"};
        struct datum event;
        enum outcome outcome = check(rows[i].kind, line, strlen(line), &event, &e);
        char *byte = strstr(e.message, " (at byte ");
        if (byte)
            *byte = '\0'; /* it moves with every change of the examples */
        if (outcome != REJECT || strcmp(e.message, rows[i].said) != 0)
            print_error("row %zu, %s: %s\n   expected: %s\n", i, rows[i].to, e.message,
                        rows[i].said),
                wrong++;
        free(line);
        free(whole);
    }
    assert_int_equal(wrong, 0);
}

static void refuses_what_is_no_object(void **state)
{
    static const char *const lines[] = {"",  "[]", "7",        "null",    "\"text\"",
                                        "{", "}",  "nonsense", "\xff\xfe"};
    struct err e;
    struct datum event;

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_int_equal(check("patrol_log", lines[i], strlen(lines[i]), &event, &e),
                         REJECT);
    check("patrol_log", "[]", 2, &event, &e);
    assert_string_equal(e.message, "must be a JSON object");
    check("patrol_log", "{\"a\0\":1}", 8, &event, &e);
    assert_int_equal(e.outcome, REJECT);
}

static void refuses_deep_nesting(void **state)
{
    struct text line = {0};
    struct err e;
    struct datum event;

    (void)state;
    for (int i = 0; i < 40000; i++)
        text_add_string(&line, "[");
    assert_int_equal(check("patrol_log", line.bytes, line.size, &event, &e), REJECT);
    assert_non_null(strstr(e.message, "is nested too deeply"));
    text_free(&line);
}

/* Each kind of example, as it stands in the contract. */
static void takes_the_examples(void **state)
{
    static const char *const kinds[] = {"drone_alert", "patrol_log", "inspection_finding",
                                        "case_action"};
    static const char *const names[] = {"fullest", "smallest", "ordinary"};
    struct err e;
    struct datum event;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 3; k++) {
            char *line = example(kinds[i], names[k]);
            if (check(kinds[i], line, strlen(line), &event, &e))
                fail_msg("%s %s: %s", kinds[i], names[k], e.message);
            free(line);
        }
}

/* ---- values ---- */

static struct contract contract;
static struct checker *checker;

static int open_patrol_log(void **state)
{
    struct err e;

    (void)state;
    arena = arena_new();
    return contract_open(&contract, "patrol_log", &e)
           || !(checker = checker_new(&contract, &e));
}

static int close_patrol_log(void **state)
{
    (void)state;
    checker_free(checker);
    contract_close(&contract);
    arena_free(arena);
    return 0;
}

static struct datum checked(const char *line)
{
    struct datum event;
    struct err e;

    if (check_line(checker, arena, line, strlen(line), &event, NULL, &e))
        fail_msg("%s", e.message);
    return event;
}

static const struct datum *field(const struct datum *record, const char *name)
{
    return &record->items[schema_find(record->type, name)];
}

static void fills_in_what_is_absent(void **state)
{
    char *line = example("patrol_log", "smallest");
    struct datum event = checked(line);

    (void)state;
    assert_int_equal(event.count, contract.record->count);
    assert_int_equal(field(&event, "is_test")->number, 0);
    assert_int_equal(field(&event, "remark")->type->type, SCHEMA_NULL);
    assert_int_equal(field(&event, "remark")->branch, 0);
    assert_null(datum_text(&event, "remark"));
    assert_null(datum_text(&event, "no_such_field"));
    free(line);
}

static void puts_values_in_their_form(void **state)
{
    char *line = example("patrol_log", "fullest");
    char *upper = replaced(line, "019ce5c7-c300-7d15-bbc1-9b2f7c773a6a",
                           "019CE5C7-C300-7D15-BBC1-9B2F7C773A6A");
    struct datum event = checked(upper);

    (void)state;
    assert_string_equal(datum_text(&event, "patrol_id"),
                        "019ce5c7-c300-7d15-bbc1-9b2f7c773a6a");
    assert_int_equal(field(&event, "occurred_at")->number, INT64_C(1773381600500000));
    assert_int_equal(field(&event, "grid_kind")->number, 2);
    assert_int_equal(field(&event, "warning_channel")->branch, 1);
    assert_int_equal(field(&event, "information_items")->count, 2);
    assert_string_equal(
        datum_text(&field(&event, "information_items")->items[1], "item_kind"),
        "NEW_TENANT");
    assert_true(field(&event, "track_length_m")->real == 1250.5);
    free(upper);
    free(line);
}

/* A line that an upgraded device sends again says the same. */
static void takes_a_field_by_its_earlier_name(void **state)
{
    char *line = example("drone_alert", "fullest");
    char *former = replaced(line, "target_area_m2", "area_m2");
    struct contract newest;
    struct checker *own;
    struct datum event;
    struct err e;

    (void)state;
    assert_int_equal(contract_open(&newest, "drone_alert", &e), DONE);
    own = checker_new(&newest, &e);
    assert_int_equal(check_line(own, arena, former, strlen(former), &event, NULL, &e),
                     DONE);
    assert_true(field(&event, "target_area_m2")->real == 4800);
    checker_free(own);
    contract_close(&newest);
    free(former);
    free(line);
}

static void makes_an_event_id(void **state)
{
    char *line = example("patrol_log", "smallest");
    char *without = strstr(line, "\"event_id\"");
    char first[UUID_TEXT_SIZE];
    struct datum event;

    (void)state;
    memmove(without, strchr(without, '\n') + 1, strlen(strchr(without, '\n') + 1) + 1);
    event = checked(line);
    memcpy(first, datum_text(&event, "event_id"), sizeof first);
    assert_int_equal(first[14], '7');
    event = checked(line);
    assert_true(strcmp(first, datum_text(&event, "event_id")) < 0);
    free(line);
}

static void takes_a_stated_version(void **state)
{
    char *line = example("patrol_log", "smallest");
    char *stated = replaced(line, "{", "{\"schema_version\": 1,");

    (void)state;
    checked(stated);
    free(stated);
    free(line);
}

static void takes_a_traceparent(void **state)
{
    static const char good[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    char *line = example("patrol_log", "smallest");
    char *traced = replaced(
        line, "{",
        "{\"traceparent\": \"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\",");
    const char *traceparent = "";
    struct datum event;
    struct err e;

    (void)state;
    assert_int_equal(
        check_line(checker, arena, line, strlen(line), &event, &traceparent, &e), DONE);
    assert_null(traceparent);
    assert_int_equal(
        check_line(checker, arena, traced, strlen(traced), &event, &traceparent, &e),
        DONE);
    assert_string_equal(traceparent, good);
    free(traced);
    free(line);
}

/* Length is counted in characters: 500 of three bytes each fit where 500 are allowed. */
static void counts_characters(void **state)
{
    struct text remark = {0};
    char *line = example("patrol_log", "fullest"), *longest, *longer;
    struct datum event;
    struct err e;

    (void)state;
    for (int i = 0; i < 500; i++)
        text_add_string(&remark, "路");
    longest = replaced(line, "会后现场查看飞线整理。（示例）", remark.bytes);
    text_add_string(&remark, "路");
    longer = replaced(line, "会后现场查看飞线整理。（示例）", remark.bytes);
    checked(longest);
    assert_int_equal(check_line(checker, arena, longer, strlen(longer), &event, NULL, &e),
                     REJECT);
    assert_string_equal(e.message, "remark: is longer than 500 characters");
    free(longest);
    free(longer);
    free(line);
    text_free(&remark);
}

static void counts_items(void **state)
{
    struct text items = {0};
    char *line = example("patrol_log", "fullest"), *most;
    struct datum event;
    struct err e;

    (void)state;
    for (int i = 0; i < 1001; i++)
        text_add_string(&items, i ? ",\"a\"" : "\"subject_refs\": [\"a\"");
    text_add_string(&items, ",");
    most = replaced(line, "\"subject_refs\": [", items.bytes);
    assert_int_equal(check_line(checker, arena, most, strlen(most), &event, NULL, &e),
                     REJECT);
    assert_string_equal(e.message, "subject_refs: has more than 1000 items");
    free(most);
    free(line);
    text_free(&items);
}

/* A schema whose types have no JSON form here is seen at the start, not at the first
 * line. */
static void refuses_schemas_that_lines_cannot_fill(void **state)
{
    static const char *const types[] = {
        "{\"type\":\"map\",\"values\":\"int\"}", "\"bytes\"", "[\"int\",\"string\"]",
        "{\"type\":\"array\",\"items\":\"bytes\"}", "\"null\""};

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct text schema = {0};
        struct contract odd = {.kind = "odd"};
        struct err e;
        text_format(&schema,
                    "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"x\","
                    "\"type\":%s}]}",
                    types[i]);
        odd.file = schema_parse("odd", schema.bytes, schema.size, &e);
        assert_non_null(odd.file);
        odd.record = schema_root(odd.file);
        assert_null(checker_new(&odd, &e));
        assert_int_equal(e.exit_code, EX_CONFIG);
        assert_string_equal(e.message,
                            "x: a producer cannot fill its type from JSON lines");
        contract_close(&odd);
        text_free(&schema);
    }
}

static void knows_the_versions(void **state)
{
    struct contract none;
    struct err e;

    (void)state;
    assert_true(contract_has_version("patrol_log", 1));
    assert_false(contract_has_version("patrol_log", 0));
    assert_false(contract_has_version("patrol_log", 99));
    assert_false(contract_has_version("patrol", 1));
    assert_int_equal(contract.version, 1);
    assert_int_equal(contract_open(&none, "patrol", &e), FATAL);
    contract_close(&none);
}

/* Each value costs far more memory than bytes; but texts may have commas. */
static void bounds_the_values_of_a_line(void **state)
{
    struct text line = {0};
    struct datum event;
    struct err e;

    (void)state;
    text_add_string(&line, "{\"x\":[");
    for (int i = 0; i < 49997; i++)
        text_add_string(&line, "{},");
    assert_int_equal(check("patrol_log", line.bytes, line.size, &event, &e), REJECT);
    assert_non_null(strstr(e.message, "has more than 50000 values"));
    text_clear(&line);
    text_add_string(&line, "{\"x\":\"\\\"");
    for (int i = 0; i < 60000; i++)
        text_add_string(&line, ",[");
    text_add_string(&line, "\"}");
    assert_int_equal(check("patrol_log", line.bytes, line.size, &event, &e), REJECT);
    assert_non_null(strstr(e.message, "no such field 'x'"));
    text_free(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_the_values_of_a_line),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(refuses_what_is_no_object),
        cmocka_unit_test(refuses_deep_nesting),
        cmocka_unit_test(takes_the_examples),
        cmocka_unit_test(fills_in_what_is_absent),
        cmocka_unit_test(puts_values_in_their_form),
        cmocka_unit_test(takes_a_field_by_its_earlier_name),
        cmocka_unit_test(makes_an_event_id),
        cmocka_unit_test(takes_a_stated_version),
        cmocka_unit_test(takes_a_traceparent),
        cmocka_unit_test(counts_characters),
        cmocka_unit_test(counts_items),
        cmocka_unit_test(refuses_schemas_that_lines_cannot_fill),
        cmocka_unit_test(knows_the_versions),
    };

    return cmocka_run_group_tests(tests, open_patrol_log, close_patrol_log);
}
