/* areas_test.c - the lowest code of each level, and the map of the day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "consumers/runtime/areas.h"

enum { ALWAYS_FROM = -1000, ALWAYS_TO = 1000 };

static void add(struct areas *areas, const char *code, enum area_level level, int west,
                int east, int from, int to)
{
    const struct area area = {code, level, from, to};
    char geojson[256];
    struct err e;

    snprintf(
        geojson, sizeof geojson,
        "{\"type\":\"Polygon\",\"coordinates\":[[[%d,0],[%d,0],[%d,1],[%d,1],[%d,0]]]}",
        west, east, east, west, west);
    if (areas_add(areas, &area, geojson, &e))
        fail_msg("%s", e.message);
}

static void assert_code(struct areas *areas, enum area_level level, double longitude,
                        int64_t at_us, const char *expected)
{
    const char *codes[AREA_LEVELS];

    areas_locate(areas, (struct position){longitude, 0.5}, at_us, codes);
    if (expected)
        assert_string_equal(codes[level], expected);
    else
        assert_null(codes[level]);
}

static void test_each_level_by_itself(void **state)
{
    struct areas *areas = areas_new(7);

    (void)state;
    add(areas, "D", AREA_DISTRICT, 0, 10, ALWAYS_FROM, ALWAYS_TO);
    add(areas, "S", AREA_SUBDISTRICT, 0, 5, ALWAYS_FROM, ALWAYS_TO);
    add(areas, "G", AREA_GRID, 2, 3, ALWAYS_FROM, ALWAYS_TO);
    assert_int_equal(areas_version(areas), 7);
    assert_code(areas, AREA_DISTRICT, 2.5, 0, "D");
    assert_code(areas, AREA_SUBDISTRICT, 2.5, 0, "S");
    assert_code(areas, AREA_COMMUNITY, 2.5, 0, NULL);
    assert_code(areas, AREA_GRID, 2.5, 0, "G");
    assert_code(areas, AREA_GRID, 1.5, 0, NULL);
    assert_code(areas, AREA_SUBDISTRICT, 7, 0, NULL);
    assert_code(areas, AREA_DISTRICT, 11, 0, NULL);
    areas_free(areas);
    areas_free(NULL);
}

static void test_the_lowest_code_wins(void **state)
{
    struct areas *areas = areas_new(1);

    (void)state;
    add(areas, "30", AREA_GRID, 0, 4, ALWAYS_FROM, ALWAYS_TO);
    add(areas, "12", AREA_GRID, 2, 6, ALWAYS_FROM, ALWAYS_TO);
    add(areas, "20", AREA_GRID, 3, 9, ALWAYS_FROM, ALWAYS_TO);
    assert_code(areas, AREA_GRID, 1, 0, "30");
    assert_code(areas, AREA_GRID, 3.5, 0, "12");
    assert_code(areas, AREA_GRID, 6, 0, "12"); /* on the edge of one, inside another */
    assert_code(areas, AREA_GRID, 6.5, 0, "20");
    areas_free(areas);
}

static void test_the_map_of_the_day(void **state)
{
    struct areas *areas = areas_new(1);

    (void)state;
    add(areas, "S", AREA_SUBDISTRICT, 0, 4, INT16_MIN, 100);
    add(areas, "S", AREA_SUBDISTRICT, 0, 8, 100, INT16_MAX);
    assert_code(areas, AREA_SUBDISTRICT, 6, 99, NULL);
    assert_code(areas, AREA_SUBDISTRICT, 6, 100, "S");
    assert_code(areas, AREA_SUBDISTRICT, 2, 99, "S");
    assert_code(areas, AREA_SUBDISTRICT, 2, INT16_MAX, NULL); /* the end is not in it */
    areas_free(areas);
}

static void test_no_areas(void **state)
{
    struct areas *areas = areas_new(3);

    (void)state;
    assert_code(areas, AREA_GRID, 1, 0, NULL);
    assert_int_equal(area_level_find("grid"), AREA_GRID);
    assert_int_equal(area_level_find("township"), -1);
    areas_free(areas);
}

static void test_the_area_that_cannot_be_read_is_named(void **state)
{
    const struct area area = {"410503", AREA_DISTRICT, 0, 1};
    struct areas *areas = areas_new(1);
    struct err e = {0};

    (void)state;
    assert_int_equal(areas_add(areas, &area, "{\"type\":\"Nothing\"}", &e), FATAL);
    assert_non_null(strstr(e.message, "area 410503: "));
    areas_free(areas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_level_by_itself),
        cmocka_unit_test(test_the_lowest_code_wins),
        cmocka_unit_test(test_the_map_of_the_day),
        cmocka_unit_test(test_no_areas),
        cmocka_unit_test(test_the_area_that_cannot_be_read_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
