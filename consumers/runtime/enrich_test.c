/* enrich_test.c - positions of events become places; which areas are asked, and what cannot be placed. PostgreSQL is a
 * list of areas here. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/pg.h"
#include "common/schema.h"
#include "consumers/runtime/enrich.h"

/* ---- a server ---- */

#define BOX(west, east)                                                                  \
    "{\"type\":\"Polygon\",\"coordinates\":[[[" west ",36],[" east ",36],[" east         \
    ",37],[" west ",37],[" west ",36]]]}"

struct pg_result {
    const char *const (*cells)[6];
    size_t rows;
    int64_t number;
};

static const char *const first_map[][6] = {
    {"S1", "subdistrict", "-1000", "1000", BOX("114", "115"), ""},
    {"G1", "grid", "-1000", "1000", BOX("114", "114.5"), ""},
    {"S2", "subdistrict", "1000", "9000", BOX("114", "116"), ""},
};
static const char *const second_map[][6] = {
    {"X1", "community", "-1000", "9000", BOX("114", "115"), ""}};
static const char *const broken_map[][6] = {
    {"B", "grid", "-1000", "9000", "{\"type\":\"Polygon\"}", ""}};

static struct pg_result version, map, no_rows;
static enum outcome server_outcome;
static int map_reads;

enum outcome pg_query(struct pg *pg, const char *sql, const char *const *parameters,
                      size_t count, struct pg_result **result, struct err *e)
{
    (void)pg;
    (void)count;
    if (server_outcome)
        return err_set(e, server_outcome, "the server says no");
    if (strstr(sql, "from reference.area")) {
        assert_int_equal(atoll(parameters[0]), version.number);
        map_reads++;
        *result = &map;
    } else {
        *result = strstr(sql, "from reference.load") ? &version : &no_rows;
    }
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
    return result->cells ? strtoll(pg_value(result, row, column), NULL, 10)
                         : result->number;
}

void pg_result_free(struct pg_result *result)
{
    (void)result;
}

/* Never held here. */
void kafka_message_free(struct kafka_message *message)
{
    message->handle = NULL;
}

static void serve(int64_t number, const char *const (*cells)[6], size_t rows)
{
    version = (struct pg_result){.rows = 1, .number = number};
    map = (struct pg_result){cells, rows, 0};
}
#define SERVE(number, cells) serve(number, cells, sizeof(cells) / sizeof *(cells))

/* ---- events ---- */

static const char schema[] =
    "{\"type\":\"record\",\"name\":\"Sample\",\"fields\":["
    "{\"name\":\"event_id\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"}},"
    "{\"name\":\"occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-"
    "micros\"}},"
    "{\"name\":\"recorded_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-"
    "micros\"}},"
    "{\"name\":\"lon\",\"type\":[\"null\",\"double\"]},"
    "{\"name\":\"lat\",\"type\":[\"null\",\"double\"]},"
    "{\"name\":\"crs\",\"type\":[\"null\",\"string\"]}]}";
static const struct position_fields fields = {"lon", "lat", "crs"};

struct bench {
    struct schema_file *file;
    struct reader *reader;
    struct enricher *enricher;
    struct batch *batch;
};

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof *bench);
    struct err e;

    log_set_level("error");
    server_outcome = DONE;
    map_reads = 0;
    SERVE(1, first_map);
    bench->file = schema_parse("test.avsc", schema, strlen(schema), &e);
    bench->reader = reader_new(bench->file, &e);
    bench->enricher = enricher_new(&fields, bench->reader, &e);
    bench->batch = batch_new(16);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    enricher_free(bench->enricher);
    batch_free(bench->batch);
    reader_free(bench->reader);
    schema_free(bench->file);
    free(bench);
    return 0;
}

static struct event *add(struct bench *bench, double longitude, double latitude,
                         const char *crs, int64_t occurred_us)
{
    struct event *event = &bench->batch->events[bench->batch->count++];
    struct value *values = arena_take_array(bench->batch->arena, 6, sizeof *values);

    memset(values, 0, 6 * sizeof *values);
    values[1] = (struct value){.kind = VALUE_NUMBER, .number = occurred_us};
    if (!isnan(longitude)) {
        values[3] = (struct value){.kind = VALUE_REAL, .branch = 1, .real = longitude};
        values[4] = (struct value){.kind = VALUE_REAL, .branch = 1, .real = latitude};
    }
    if (crs)
        values[5] = (struct value){.kind = VALUE_BYTES,
                                   .branch = 1,
                                   .count = (uint32_t)strlen(crs),
                                   .bytes = (const uint8_t *)crs};
    *event = (struct event){.outcome = EVENT_STORED, .values = values};
    return event;
}

static void enrich(struct bench *bench)
{
    struct err e;

    enricher_expire(bench->enricher);
    if (enrich_batch(bench->enricher, NULL, bench->batch, &e))
        fail_msg("%s", e.message);
}

/* "grid community subdistrict version" */
static void assert_place(const struct event *event, const char *expected)
{
    const struct location *found = event->location;
    char text[128];

    assert_non_null(found);
    snprintf(text, sizeof text, "%s %s %s %d", found->grid_code ? found->grid_code : "-",
             found->community_code ? found->community_code : "-",
             found->subdistrict_code ? found->subdistrict_code : "-", found->version);
    assert_string_equal(text, expected);
    assert_int_equal(event->outcome, EVENT_STORED);
}

static void assert_dead(const struct event *event, const char *reason, const char *field)
{
    assert_int_equal(event->outcome, EVENT_DEAD);
    assert_string_equal(event->reject.reason, reason);
    assert_string_equal(event->reject.field, field);
    assert_null(event->location);
}

/* ---- tests ---- */

static void test_by_the_map_of_its_day(void **state)
{
    struct bench *bench = *state;
    const struct event *now = add(bench, 114.25, 36.5, "WGS84", 0);
    const struct event *beside = add(bench, 114.75, 36.5, "WGS84", 999);
    const struct event *later = add(bench, 115.5, 36.5, "WGS84", 1000);
    const struct event *outside = add(bench, 115.5, 36.5, "WGS84", 999);

    enrich(bench);
    assert_place(now, "G1 - S1 1");
    assert_place(beside, "- - S1 1");
    assert_place(later, "- - S2 1");
    assert_place(outside, "- - - 1");
    assert_true(outside->location->wgs84.longitude == 115.5);
}

/* 114.4191637215, 36.1217077966 is GCJ-02 of 114.4130823, 36.1215290. */
static void test_in_wgs84(void **state)
{
    struct bench *bench = *state;
    const struct event *event = add(bench, 114.4191637215, 36.1217077966, "GCJ02", 0);

    enrich(bench);
    assert_true(fabs(event->location->wgs84.longitude - 114.4130823) < 1e-9);
    assert_true(fabs(event->location->wgs84.latitude - 36.1215290) < 1e-9);
    assert_true(event->values[3].real == 114.4191637215);
}

static void test_what_cannot_be_placed(void **state)
{
    struct bench *bench = *state;
    const struct event *unknown = add(bench, 114.2, 36.5, "UNKNOWN", 0);
    const struct event *unsaid = add(bench, 114.2, 36.5, NULL, 0);
    const struct event *no_fix = add(bench, 0, -0.0, "WGS84", 0);
    const struct event *equator = add(bench, 0, 36, "WGS84", 0);

    enrich(bench);
    assert_dead(unknown, "requires", "crs");
    assert_dead(unsaid, "requires", "crs");
    assert_dead(no_fix, "range", "lon");
    assert_place(equator, "- - - 1");
}

static void test_events_without_a_position(void **state)
{
    struct bench *bench = *state;
    struct event *none = add(bench, NAN, 0, "UNKNOWN", 0);
    struct event *dead = add(bench, 0, 0, NULL, 0);
    struct event *undecoded = add(bench, 0, 0, NULL, 0);

    event_bury(dead, "enum", "x", "y");
    undecoded->values = NULL;
    enrich(bench);
    assert_null(none->location);
    assert_int_equal(none->outcome, EVENT_STORED);
    assert_string_equal(dead->reject.reason, "enum");
    assert_int_equal(undecoded->outcome, EVENT_STORED);
}

static void test_a_newer_load_is_taken_up(void **state)
{
    struct bench *bench = *state;
    const struct event *event = add(bench, 114.25, 36.5, "WGS84", 0);

    enrich(bench);
    enrich(bench);
    assert_place(event, "G1 - S1 1");
    assert_int_equal(map_reads, 1);
    SERVE(2, second_map);
    enrich(bench);
    assert_place(event, "- X1 - 2");
    SERVE(1, first_map); /* a restored database */
    enrich(bench);
    assert_place(event, "G1 - S1 1");
    assert_int_equal(map_reads, 3);
}

static void test_what_was_done_ahead_is_done_anew_by_a_newer_load(void **state)
{
    struct bench *bench = *state;
    const struct event *event;

    add(bench, 114.25, 36.5, "WGS84", 0);
    enrich(bench);
    batch_reset(bench->batch);
    assert_false(enrich_ahead(bench->enricher, bench->batch));
    event = add(bench, 114.25, 36.5, "WGS84", 0);
    bench->batch->decoded = 1;
    add(bench, 114.25, 36.5, "WGS84", 0);
    assert_true(enrich_ahead(bench->enricher, bench->batch));
    assert_false(enrich_ahead(bench->enricher, bench->batch));
    assert_place(event, "G1 - S1 1");
    assert_null(bench->batch->events[1].location);
    SERVE(2, second_map);
    enrich(bench);
    assert_place(event, "- X1 - 2");
    assert_place(&bench->batch->events[1], "- X1 - 2");
}

static void test_nothing_was_loaded(void **state)
{
    struct bench *bench = *state;
    const struct event *event = add(bench, 114.25, 36.5, "CGCS2000", 0);

    serve(0, NULL, 0);
    enrich(bench);
    assert_place(event, "- - - 0");
    assert_true(event->location->wgs84.latitude == 36.5);
    assert_int_equal(map_reads, 0);
}

static void test_trouble_with_the_server(void **state)
{
    struct bench *bench = *state;
    struct err e = {0};

    assert_int_equal(enrich_batch(bench->enricher, NULL, bench->batch, &e), DONE);
    add(bench, 114.25, 36.5, "WGS84", 0);
    server_outcome = RETRY;
    assert_int_equal(enrich_batch(bench->enricher, NULL, bench->batch, &e), RETRY);
    server_outcome = DONE;
    SERVE(3, broken_map);
    assert_int_equal(enrich_batch(bench->enricher, NULL, bench->batch, &e), FATAL);
    assert_int_equal(e.exit_code, EX_CONFIG);
    assert_non_null(strstr(e.message, "version 3"));
    assert_non_null(strstr(e.message, "area B"));
}

static void test_kinds_without_a_position(void **state)
{
    static const struct position_fields none = {NULL, NULL, NULL};
    static const struct position_fields wrong = {"lon", "latitude", "crs"};
    struct bench *bench = *state;
    struct err e = {0};
    struct enricher *enricher = enricher_new(&none, bench->reader, &e);
    const struct event *event = add(bench, 0, 0, NULL, 0);

    server_outcome = FATAL;
    assert_int_equal(enrich_batch(enricher, NULL, bench->batch, &e), DONE);
    assert_null(event->location);
    enricher_free(enricher);
    assert_null(enricher_new(&wrong, bench->reader, &e));
    assert_int_equal(e.exit_code, EX_CONFIG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_by_the_map_of_its_day),
        TEST(test_in_wgs84),
        TEST(test_what_cannot_be_placed),
        TEST(test_events_without_a_position),
        TEST(test_a_newer_load_is_taken_up),
        TEST(test_nothing_was_loaded),
        TEST(test_trouble_with_the_server),
        TEST(test_kinds_without_a_position),
        TEST(test_what_was_done_ahead_is_done_anew_by_a_newer_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
