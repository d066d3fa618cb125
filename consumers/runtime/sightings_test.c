/* sightings_test.c - what of an event becomes which part of a sighting. The rulebook is a few answers here. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "consumers/runtime/sightings.h"

/* ---- a rulebook ---- */

static const struct link_rule the_rule = {.radius_m = 15};
static struct ruling answer;
static char asked[64]; /* what for */
static int64_t asked_us;

struct ruling rulebook_rule(const struct rulebook *book, const char *scheme,
                            const char *code, const char *own_group, int64_t at_us)
{
    (void)book;
    snprintf(asked, sizeof asked, "%s|%s|%s", scheme, code, own_group ? own_group : "-");
    asked_us = at_us;
    return answer;
}

double rulebook_accuracy_m(const struct rulebook *book, const char *position_kind,
                           int64_t at_us)
{
    (void)book;
    (void)at_us;
    return strcmp(position_kind, "TARGET") == 0 ? 5 : 60;
}

const char *rulebook_unit(const struct rulebook *book, const struct location *location,
                          const char *group, int64_t at_us)
{
    (void)book;
    (void)group;
    (void)at_us;
    return location->grid_code;
}

/* ---- events ---- */

#define UUID "{\"type\":\"string\",\"logicalType\":\"uuid\"}"
#define TIME "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}"
#define TEXT "\"string\""
#define MAY_BE(type) "[\"null\"," type "]"

enum {
    ID,
    OCCURRED,
    RECORDED_AT,
    TEST_FLAG,
    WHO,
    WHAT,
    OF,
    OPENS,
    SCHEME,
    CODE,
    SUBCODE,
    ACCURACY,
    POSITION,
    MESSAGE,
    CERTAINTY,
    UNIT,
    ABOUT,
    ROUND,
    FIELDS
};

static const struct {
    const char *name, *type;
} fields[FIELDS] = {
    [ID] = {"event_id", UUID},
    [OCCURRED] = {"occurred_at", TIME},
    [RECORDED_AT] = {"recorded_at", TIME},
    [TEST_FLAG] = {"is_test", "\"boolean\""},
    [WHO] = {"who", TEXT},
    [WHAT] = {"what", TEXT},
    [OF] = {"of", MAY_BE(TEXT)},
    [OPENS] = {"opens", MAY_BE("{\"type\":\"array\",\"items\":" UUID "}")},
    [SCHEME] = {"scheme", MAY_BE(TEXT)},
    [CODE] = {"code", MAY_BE(TEXT)},
    [SUBCODE] = {"subcode", MAY_BE(TEXT)},
    [ACCURACY] = {"accuracy", MAY_BE("\"float\"")},
    [POSITION] = {"position", MAY_BE(TEXT)},
    [MESSAGE] = {"message", TEXT},
    [CERTAINTY] = {"certainty", MAY_BE(TEXT)},
    [UNIT] = {"unit", MAY_BE(TEXT)},
    [ABOUT] = {"about", MAY_BE(TEXT)},
    [ROUND] = {"round", MAY_BE(TEXT)},
};

static struct schema_file *make_schema(struct err *e)
{
    struct text json = {0};
    struct schema_file *file;

    text_add_string(&json, "{\"type\":\"record\",\"name\":\"Sample\",\"fields\":[");
    for (size_t i = 0; i < FIELDS; i++)
        text_format(&json, "%s{\"name\":\"%s\",\"type\":%s}", i ? "," : "",
                    fields[i].name, fields[i].type);
    text_add_string(&json, "]}");
    file = schema_parse("test.avsc", json.bytes, json.size, e);
    text_free(&json);
    return file;
}

static struct kind kind;
static const struct kind sample = {
    .name = "sample",
    .linked = {.names = {[LINK_FIELD_SENDER] = "who",
                         [LINK_FIELD_REPORT] = "what",
                         [LINK_FIELD_REFERENCE] = "of",
                         [LINK_FIELD_CASE] = "opens",
                         [LINK_FIELD_SCHEME] = "scheme",
                         [LINK_FIELD_CODE] = "code",
                         [LINK_FIELD_SUBCODE] = "subcode",
                         [LINK_FIELD_ACCURACY] = "accuracy",
                         [LINK_FIELD_POSITION_KIND] = "position",
                         [LINK_FIELD_MESSAGE] = "message",
                         [LINK_FIELD_CERTAINTY] = "certainty",
                         [LINK_FIELD_UNIT] = "unit",
                         [LINK_FIELD_ABOUT] = "about",
                         [LINK_FIELD_ROUND] = "round"},
               .position_kind = "SAMPLE",
               .group = "OWN",
               .sends = true}};

struct bench {
    struct schema_file *file;
    struct reader *reader;
    struct sighter sighter;
    struct arena *arena;
    struct value values[FIELDS];
    struct location location;
    struct event event;
    struct sighted of;
    struct link_sighting s;
};

static const uint8_t event_id[UUID_SIZE] = {1, 2, 3};

static struct value text(const char *bytes)
{
    return (struct value){.kind = VALUE_BYTES,
                          .count = (uint32_t)strlen(bytes),
                          .bytes = (const uint8_t *)bytes};
}

static struct value number(int64_t n)
{
    return (struct value){.kind = VALUE_NUMBER, .number = n};
}

static int set_up(void **state)
{
    static struct bench bench;
    struct err e;

    kind = sample;
    answer = (struct ruling){.rule = &the_rule, .group = "GROUP", .by_place = true};
    bench = (struct bench){.arena = arena_new()};
    bench.file = make_schema(&e);
    bench.reader = reader_new(bench.file, &e);
    assert_non_null(bench.reader);
    assert_int_equal(sighter_init(&bench.sighter, &kind, bench.reader, &e), DONE);
    bench.event = (struct event){.outcome = EVENT_STORED,
                                 .event_id = event_id,
                                 .values = bench.values,
                                 .location = &bench.location};
    bench.location = (struct location){.wgs84 = {114.35, 36.15}, .grid_code = "G"};
    bench.values[OCCURRED] = number(1000);
    bench.values[RECORDED_AT] = number(2000);
    bench.values[TEST_FLAG] = number(0);
    bench.values[WHO] = text("drone-1");
    bench.values[WHAT] = text("A1");
    bench.values[SCHEME] = text("s");
    bench.values[CODE] = text("MAJOR");
    bench.values[MESSAGE] = text("ALERT");
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    reader_free(bench->reader);
    schema_free(bench->file);
    arena_free(bench->arena);
    return 0;
}

static struct link_sighting *sight(struct bench *bench)
{
    assert_true(sighting_of(&bench->sighter, NULL, &bench->event, bench->arena,
                            &bench->of, &bench->s));
    return &bench->s;
}

static void assert_id(const uint8_t *id, const uint8_t *wanted)
{
    assert_memory_equal(id, wanted, UUID_SIZE);
}

/* ---- tests ---- */

static void test_at_a_point(void **state)
{
    struct bench *bench = *state;
    const struct link_sighting *s = sight(bench);

    assert_id(s->event_id, event_id);
    assert_id(s->case_id, event_id);
    assert_int_equal(s->message, LINK_REPORT);
    assert_ptr_equal(s->rule, &the_rule);
    assert_int_equal(s->occurred_us, 1000);
    assert_int_equal(s->recorded_us, 2000);
    assert_int_equal(s->place.where, LINK_AT_POINT);
    assert_true(s->place.at.longitude == 114.35 && s->place.at.latitude == 36.15);
    assert_true(isnan(s->place.accuracy_m) && s->default_accuracy_m == 60);
    assert_string_equal(s->unit, "G");
    assert_false(s->is_test || s->sends);
    assert_string_equal(asked, "s|MAJOR|OWN");
    assert_int_equal(asked_us, 1000);
}

static void test_fields_go_before_what_the_kind_says(void **state)
{
    struct bench *bench = *state;

    bench->values[SUBCODE] = text("MINOR");
    bench->values[ACCURACY] = (struct value){.kind = VALUE_REAL, .real = 1.5};
    bench->values[POSITION] = text("TARGET");
    bench->values[UNIT] = text("U");
    sight(bench);
    assert_string_equal(asked, "s|MAJOR/MINOR|OWN");
    assert_string_equal(bench->of.code, "MAJOR/MINOR");
    assert_true(bench->s.place.accuracy_m == 1.5 && bench->s.default_accuracy_m == 5);
    assert_string_equal(bench->s.unit, "U");
}

static void test_the_case_that_it_names(void **state)
{
    static const uint8_t first[UUID_SIZE] = {7}, second[UUID_SIZE] = {8};
    struct value items[] = {{.kind = VALUE_BYTES, .count = UUID_SIZE, .bytes = first},
                            {.kind = VALUE_BYTES, .count = UUID_SIZE, .bytes = second}};
    struct bench *bench = *state;

    bench->values[OPENS] =
        (struct value){.kind = VALUE_ITEMS, .count = 2, .items = items};
    assert_id(sight(bench)->case_id, first);
    bench->values[OPENS].count = 0;
    assert_id(sight(bench)->case_id, event_id);
    bench->values[OPENS] = items[1]; /* a list of which the first alone was read back */
    assert_id(sight(bench)->case_id, second);
}

static void test_what_it_is_about(void **state)
{
    struct bench *bench = *state;
    uint8_t wanted[UUID_SIZE];

    link_report_id(wanted, "sample", false, "drone-1/A1", 10);
    assert_id(sight(bench)->report_id, wanted);
    bench->values[OF] = text("A0");
    bench->values[MESSAGE] = text("CANCEL");
    link_report_id(wanted, "sample", false, "drone-1/A0", 10);
    assert_id(sight(bench)->report_id, wanted);
    assert_int_equal(bench->s.message, LINK_CANCEL);
    bench->values[MESSAGE] = text("UPDATE");
    bench->values[TEST_FLAG] = number(1);
    link_report_id(wanted, "sample", true, "drone-1/A0", 10);
    assert_id(sight(bench)->report_id, wanted);
    assert_int_equal(bench->s.message, LINK_UPDATE);
    assert_true(bench->s.is_test);
}

static void test_without_a_point(void **state)
{
    struct bench *bench = *state;
    uint8_t wanted[UUID_SIZE];

    bench->event.location = NULL;
    assert_int_equal(sight(bench)->place.where, LINK_NOWHERE);
    assert_null(bench->s.unit);
    answer.by_place = false;
    assert_int_equal(sight(bench)->place.where, LINK_NOWHERE);
    bench->values[ABOUT] = text("UNIT-9");
    bench->values[ROUND] = text("R1");
    assert_int_equal(sight(bench)->place.where, LINK_AT_KEY);
    link_place_key(wanted, "UNIT-9", "MAJOR");
    assert_id(bench->s.place.key, wanted);
    assert_string_equal(bench->s.place.round, "R1");
}

static void test_whether_an_order_goes_out(void **state)
{
    static const struct {
        const char *certainty;
        bool sends;
    } rows[] = {{"OBSERVED", true}, {"LIKELY", true}, {"POSSIBLE", false}, {NULL, true}};
    struct bench *bench = *state;

    bench->values[UNIT] = text("UNIT-1");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bench->values[CERTAINTY] =
            rows[i].certainty ? text(rows[i].certainty) : (struct value){0};
        answer.auto_dispatch = false;
        assert_false(sight(bench)->sends);
        answer.auto_dispatch = true;
        assert_int_equal(sight(bench)->sends, rows[i].sends);
        kind.linked.sends = false;
        assert_false(sight(bench)->sends);
        kind.linked.sends = true;
    }
    bench->values[UNIT] = (struct value){0};
    bench->event.location = NULL; /* nobody is known to be responsible */
    assert_false(sight(bench)->sends);
}

static void test_no_rule_and_no_category(void **state)
{
    struct bench *bench = *state;

    answer = (struct ruling){0};
    bench->values[SCHEME] = (struct value){0};
    assert_null(sight(bench)->rule);
    assert_int_equal(bench->s.place.where, LINK_NOWHERE);
    assert_string_equal(bench->of.scheme, "");
    bench->values[CODE] = (struct value){0};
    assert_false(sighting_of(&bench->sighter, NULL, &bench->event, bench->arena,
                             &bench->of, &bench->s));
}

static void test_of_a_batch_the_new_ones(void **state)
{
    struct bench *bench = *state;
    struct event events[3] = {bench->event, bench->event, bench->event};
    struct batch batch = {.events = events, .count = 3};
    struct sightings out;

    events[1].outcome = EVENT_DUPLICATE;
    sightings_of(&out, &bench->sighter, NULL, &batch, bench->arena);
    assert_int_equal(out.count, 2);
    assert_ptr_equal(out.of[1].event, &events[2]);
    assert_int_equal(out.groups.count, 1);
    assert_string_equal(out.groups.list[out.list[1].group], "GROUP");
}

static void test_a_field_that_the_schema_lacks(void **state)
{
    struct bench *bench = *state;
    struct sighter sighter;
    struct err e;

    kind.linked.names[LINK_FIELD_ROUND] = "turn";
    assert_int_equal(sighter_init(&sighter, &kind, bench->reader, &e), FATAL);
    assert_int_equal(e.exit_code, EX_CONFIG);
    assert_non_null(strstr(e.message, "turn"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_at_a_point),
        TEST(test_fields_go_before_what_the_kind_says),
        TEST(test_the_case_that_it_names),
        TEST(test_what_it_is_about),
        TEST(test_without_a_point),
        TEST(test_whether_an_order_goes_out),
        TEST(test_no_rule_and_no_category),
        TEST(test_of_a_batch_the_new_ones),
        TEST(test_a_field_that_the_schema_lacks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
