/* geodesy_test.c - known distances; cells that miss nothing, and that are the same on every machine. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "consumers/runtime/geodesy.h"

static const double edge_m = 640, reach_m = 600;
static uint64_t state;

static double any(double least, double most)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return least + (double)(state >> 11) * 0x1p-53 * (most - least);
}

/* Chord and arc, in three dimensions: another formula than the one under test. */
static double metres(struct point a, struct point b)
{
    double r = M_PI / 180;
    double x = cos(a.latitude * r) * cos(a.longitude * r)
               - cos(b.latitude * r) * cos(b.longitude * r);
    double y = cos(a.latitude * r) * sin(a.longitude * r)
               - cos(b.latitude * r) * sin(b.longitude * r);
    double z = sin(a.latitude * r) - sin(b.latitude * r);

    return 2 * 6371008.8 * asin(sqrt(x * x + y * y + z * z) / 2);
}

static void known_distances(void **unused)
{
    static const struct {
        struct point a, b;
        double metres;
    } rows[] = {
        {{0, 0}, {0, 1}, 111195.0802},     {{0, 0}, {1, 0}, 111195.0802},
        {{0, 60}, {1, 60}, 55597.0109},    {{179.9999, 10}, {-179.9999, 10}, 21.9012},
        {{0, 0}, {180, 0}, 20015114.4420}, {{114.35, 36.15}, {114.35, 36.15}, 0},
    };
    (void)unused;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(fabs(geodesy_distance_m(rows[i].a, rows[i].b) - rows[i].metres)
                    < 0.0002);
        assert_true(fabs(geodesy_distance_m(rows[i].b, rows[i].a) - rows[i].metres)
                    < 0.0002);
    }
}

static struct point moved(struct point from, double metres_away)
{
    double angle = any(0, 2 * M_PI), shrink = cos(from.latitude * M_PI / 180);

    from.longitude += metres_away * sin(angle) / 111195 / shrink;
    from.latitude += metres_away * cos(angle) / 111195;
    if (from.longitude > 180)
        from.longitude -= 360;
    if (from.longitude < -180)
        from.longitude += 360;
    return from;
}

static bool covers(double edge, struct point at, double reach, struct point other,
                   size_t most)
{
    int64_t cells[512], wanted = geodesy_cell(edge, other);
    size_t count = geodesy_cover(edge, at, reach, cells, 512);
    bool found = false;

    assert_true(count <= most && count <= geodesy_cover_room(edge, reach));
    for (size_t i = 0; i < count; i++) {
        found = found || cells[i] == wanted;
        for (size_t j = 0; j < i; j++)
            assert_true(cells[i] != cells[j]);
    }
    return found;
}

static void what_is_near_is_covered(void **unused)
{
    (void)unused;
    for (int i = 0; i < 30000; i++) {
        struct point at = {i % 9 ? any(-180, 180) : any(179.99, 180), any(-88, 88)};
        struct point other = moved(at, any(0, 1.2 * reach_m));
        double reach = any(1, reach_m), distance = geodesy_distance_m(at, other);

        assert_true(fabs(distance - metres(at, other)) < 0.001);
        if (distance <= reach_m)
            assert_true(
                covers(edge_m, at, reach_m, other, fabs(at.latitude) < 80 ? 9 : 12));
        if (distance <= reach)
            assert_true(covers(64, at, reach, other, 512));
        if (geodesy_is_beyond(at, geodesy_shrink(at), other, reach))
            assert_true(distance > reach);
    }
}

/* How many columns a row has is the whole part of a number that hangs on cos(). Were it nearly whole anywhere,
 * another machine's last bit could make another number of it, and stored cells would be wrong there. */
static void no_row_hangs_on_the_last_bit(void **unused)
{
    double degrees = edge_m / 6371008.8 * 180 / M_PI, nearest = 1;
    (void)unused;

    for (int row = 0; row < (int)(180 / degrees); row++) {
        double south = row * degrees - 90;
        double poleward = fmax(fabs(south), fabs(south + degrees));
        double columns = 2 * M_PI * 6371008.8 * cos(poleward * M_PI / 180) / edge_m;

        if (columns > 1)
            nearest = fmin(nearest, fabs(columns - round(columns)));
    }
    print_message("nearest to a whole number of columns: %g\n", nearest);
    assert_true(nearest > 1e-7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_distances),
        cmocka_unit_test(what_is_near_is_covered),
        cmocka_unit_test(no_row_hangs_on_the_last_bit),
    };
    const char *seed = getenv("GRIDLOOP_SEED");

    state = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    printf("GRIDLOOP_SEED = %llu\n", (unsigned long long)state);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
