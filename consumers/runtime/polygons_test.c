/* polygons_test.c - what is read and what is refused, points on edges, in holes and at the 180th meridian, and
 * square metres. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "consumers/runtime/polygons.h"

#define POLYGON(rings) "{\"type\":\"Polygon\",\"coordinates\":[" rings "]}"
#define SQUARE(w, s, e, n)                                                               \
    "[[" w "," s "],[" e "," s "],[" e "," n "],[" w "," n "],[" w "," s "]]"

static void add(struct polygons *polygons, const char *geojson)
{
    struct err e;

    if (polygons_add(polygons, geojson, &e))
        fail_msg("%s: %s", geojson, e.message);
}

static void note_number(void *context, size_t number)
{
    bool *near = context;

    near[number] = true;
}

static bool has(struct polygons *polygons, size_t number, double longitude,
                double latitude)
{
    bool near[8] = {false};

    polygons_at(polygons, (struct position){longitude, latitude}, note_number, near);
    return near[number] && polygons_has(polygons, number);
}

static void test_the_closed_set_counts(void **state)
{
    struct polygons *polygons = polygons_new();

    (void)state;
    add(polygons, POLYGON(SQUARE("0", "0", "4", "4") "," SQUARE("1", "1", "3", "3")));
    assert_true(has(polygons, 0, 0.5, 0.5));
    assert_true(has(polygons, 0, 0, 2)); /* edge, corner */
    assert_true(has(polygons, 0, 4, 4));
    assert_true(has(polygons, 0, 1, 2)); /* of the hole */
    assert_true(has(polygons, 0, 3, 3));
    assert_false(has(polygons, 0, 2, 2));
    assert_false(has(polygons, 0, 4.0000000001, 2));
    assert_false(has(polygons, 0, 3.9, -0.0000000001));
    polygons_free(polygons);
    polygons_free(NULL);
}

static void test_an_area_cut_at_the_180th_meridian(void **state)
{
    struct polygons *polygons = polygons_new();

    (void)state;
    add(polygons,
        "{\"type\":\"MultiPolygon\",\"coordinates\":[[" SQUARE(
            "179", "-1", "180", "1") "],[" SQUARE("-180", "-1", "-179", "1") "]]}");
    assert_true(has(polygons, 0, 179.5, 0));
    assert_true(has(polygons, 0, -179.5, 0));
    assert_true(has(polygons, 0, 180, 0));
    assert_true(has(polygons, 0, -180, 0));
    assert_false(has(polygons, 0, 0, 0));
    polygons_free(polygons);
}

static void test_what_is_refused(void **state)
{
    static const char *const wrong[] = {
        "{}",
        "{\"type\":\"Point\",\"coordinates\":[1,2]}",
        "{\"type\":\"Polygon\",\"coordinates\":[]}",
        "{\"type\":\"Polygon\"}",
        POLYGON("[[0,0],[1,0],[1,1],[0,1]]"), /* not closed */
        POLYGON("[[\"a\",0],[1,0],[1,1],[0,0]]"),
        POLYGON(SQUARE("12729000", "4317000", "12730000", "4318000")),
        POLYGON(SQUARE("36", "114", "37", "115")), /* latitude first */
    };
    struct polygons *polygons = polygons_new();

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct err e = {0};
        if (polygons_add(polygons, wrong[i], &e) != FATAL)
            fail_msg("taken: %s", wrong[i]);
        assert_int_equal(e.exit_code, EX_DATAERR);
        assert_true(strlen(e.message) > 20);
    }
    assert_int_equal(polygons_count(polygons), 0);
    polygons_free(polygons);
}

static void test_rings_that_cross(void **state)
{
    struct polygons *polygons = polygons_new();
    struct err e = {0};

    (void)state;
    add(polygons, POLYGON("[[0,0],[2,2],[2,0],[0,2],[0,0]]"));
    add(polygons, POLYGON(SQUARE("0", "0", "1", "1")));
    add(polygons, POLYGON("[[0,0],[1,0],[0,0]]")); /* no surface */
    assert_int_equal(polygons_check(polygons, 0, &e), FATAL);
    assert_string_equal(e.message, "Self-intersection at 1.0000000, 1.0000000");
    assert_int_equal(polygons_check(polygons, 1, &e), DONE);
    assert_int_equal(polygons_check(polygons, 2, &e), FATAL);
    polygons_free(polygons);
}

static void test_what_sticks_out(void **state)
{
    struct polygons *polygons = polygons_new();

    (void)state;
    add(polygons, POLYGON(SQUARE("0", "0", "4", "4")));
    add(polygons, POLYGON(SQUARE("0", "0", "4.000005", "1")));
    assert_true(polygons_covers(polygons, 0, 1, 1e-5));
    assert_false(polygons_covers(polygons, 0, 1, 1e-6));
    assert_false(polygons_covers(polygons, 1, 0, 1e-5));
    polygons_free(polygons);
}

static void test_overlaps_in_square_metres(void **state)
{
    /* A hundredth of a degree on a sphere of 6,371,008.8 m is 1,111.95 m; at 36.005 north 899.51 m to the east. */
    const double expected = 1111.9508 * 1111.9508 * cos(36.005 * M_PI / 180);
    struct polygons *polygons = polygons_new();
    bool near[4] = {false};

    (void)state;
    add(polygons, POLYGON(SQUARE("114", "36", "114.02", "36.01")));
    add(polygons, POLYGON(SQUARE("114.01", "36", "114.03", "36.01")));
    add(polygons, POLYGON(SQUARE("114.02", "36", "114.04", "36.01")));
    add(polygons, POLYGON(SQUARE("115", "36", "115.1", "36.01")));
    assert_true(fabs(polygons_overlap_m2(polygons, 0, 1) - expected) < 10);
    assert_true(polygons_overlap_m2(polygons, 0, 2) < 1e-6); /* an edge alone */
    assert_true(polygons_overlap_m2(polygons, 0, 3) < 1e-6);
    polygons_near(polygons, 0, note_number, near);
    assert_true(near[0] && near[1] && near[2] && !near[3]);
    polygons_free(polygons);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_closed_set_counts),
        cmocka_unit_test(test_an_area_cut_at_the_180th_meridian),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_rings_that_cross),
        cmocka_unit_test(test_what_sticks_out),
        cmocka_unit_test(test_overlaps_in_square_metres),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
