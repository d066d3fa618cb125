/* crs_test.c - positions of Chinese maps against WGS-84: vectors made elsewhere, and forward formulas written
 * here a second time, from which every point has to come back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/hash.h"
#include "consumers/runtime/crs.h"

static const double exact = 1e-10;

static struct position convert(const char *crs, double longitude, double latitude)
{
    struct position p = {longitude, latitude};

    assert_true(crs_to_wgs84(crs, strlen(crs), &p));
    return p;
}

static void assert_near(struct position p, double longitude, double latitude)
{
    if (fabs(p.longitude - longitude) > exact || fabs(p.latitude - latitude) > exact)
        fail_msg("%.12f %.12f instead of %.12f %.12f", p.longitude, p.latitude, longitude,
                 latitude);
}

/* ---- the forward formulas in their usual form ---- */

/* along: the coordinate whose square and slow waves count, x or y. */
static double offset(double x, double y, const double c[5], double along, double slow,
                     double slowest)
{
    return c[0] + c[1] * x + c[2] * y + c[3] * along * along + 0.1 * x * y
           + c[4] * sqrt(fabs(x))
           + (20.0 * sin(6.0 * x * M_PI) + 20.0 * sin(2.0 * x * M_PI)) * 2.0 / 3.0
           + (20.0 * sin(along * M_PI) + 40.0 * sin(along / 3.0 * M_PI)) * 2.0 / 3.0
           + (slow * sin(along / 12.0 * M_PI) + slowest * sin(along / 30.0 * M_PI)) * 2.0
                 / 3.0;
}

static void to_gcj02(double *longitude, double *latitude)
{
    static const double north[] = {-100, 2, 3, 0.2, 0.2}, east[] = {300, 1, 2, 0.1, 0.1};
    const double a = 6378245.0, ee = 0.00669342162296594323;
    double x = *longitude - 105.0, y = *latitude - 35.0, radians = *latitude / 180 * M_PI;
    double magic = 1 - ee * pow(sin(radians), 2);
    double d_lat = offset(x, y, north, y, 160, 320),
           d_lon = offset(x, y, east, x, 150, 300);

    *latitude += d_lat * 180.0 / (a * (1 - ee) / (magic * sqrt(magic)) * M_PI);
    *longitude += d_lon * 180.0 / (a / sqrt(magic) * cos(radians) * M_PI);
}

static void to_bd09(double *longitude, double *latitude)
{
    const double x_pi = M_PI * 3000.0 / 180.0;
    double x = *longitude, y = *latitude;
    double z = hypot(x, y) + 0.00002 * sin(y * x_pi);
    double theta = atan2(y, x) + 0.000003 * cos(x * x_pi);

    *longitude = z * cos(theta) + 0.0065;
    *latitude = z * sin(theta) + 0.006;
}

/* ---- tests ---- */

static void test_systems_that_need_nothing(void **state)
{
    struct position p = {114.35, 36.1};

    (void)state;
    assert_near(convert("WGS84", 114.35, 36.1), 114.35, 36.1);
    assert_near(convert("CGCS2000", 114.35, 36.1), 114.35, 36.1);
    assert_false(crs_to_wgs84("UNKNOWN", 7, &p));
    assert_false(crs_to_wgs84("WGS8", 4, &p));
    assert_false(crs_to_wgs84("GCJ02x", 6, &p));
    assert_true(crs_to_wgs84("GCJ02x", 5, &p));
}

static void test_abroad_nothing_is_shifted(void **state)
{
    static const double places[][2] = {{0, 0},        {-118.25, 34.05}, {151.2, -33.9},
                                       {180, 90},     {-180, -90},      {72.0039, 36},
                                       {137.835, 36}, {114, 0.8292},    {114, 55.8272}};

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        assert_near(convert("GCJ02", places[i][0], places[i][1]), places[i][0],
                    places[i][1]);
        assert_near(convert("BD09", places[i][0], places[i][1]), places[i][0],
                    places[i][1]);
    }
}

static void test_random_points_come_back(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint32_t noise[2];
        double longitude, latitude, x, y;
        random_bytes(noise, sizeof noise);
        x = longitude = 73 + noise[0] / 4294967295.0 * 62;
        y = latitude = 3 + noise[1] / 4294967295.0 * 51;
        to_gcj02(&x, &y);
        assert_near(convert("GCJ02", x, y), longitude, latitude);
        to_bd09(&x, &y);
        assert_near(convert("BD09", x, y), longitude, latitude);
    }
}

/* Longitude, latitude, both shifted, metres: made with another program, checked there with a third, written with
 * ten digits. The file is kept beside the project, not in it. */
static FILE *open_vectors(void)
{
    const char *folder = getenv("GRIDLOOP_SHARED_DATA");
    char path[1024];

    snprintf(path, sizeof path, "%s/beiguan/gcj02_vectors.csv",
             folder && *folder ? folder : GRIDLOOP_SOURCE_DIR "/../shared/data");
    return fopen(path, "re");
}

static void test_vectors_of_the_district(void **state)
{
    FILE *file = open_vectors();
    char line[256];
    int count = 0;

    (void)state;
    if (!file)
        skip();
    while (fgets(line, sizeof line, file)) {
        double v[4];
        if (sscanf(line, "%lf,%lf,%lf,%lf", &v[0], &v[1], &v[2], &v[3]) != 4)
            continue;
        assert_near(convert("GCJ02", v[2], v[3]), v[0], v[1]);
        count++;
    }
    fclose(file);
    print_message("%d vectors\n", count);
    assert_int_equal(count, 208);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_systems_that_need_nothing),
        cmocka_unit_test(test_abroad_nothing_is_shifted),
        cmocka_unit_test(test_random_points_come_back),
        cmocka_unit_test(test_vectors_of_the_district),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
