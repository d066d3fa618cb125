/* crs.c - the offsets of Chinese maps, and their inverse by iteration. */
#include "consumers/runtime/crs.h"

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* Each round leaves less than a fiftieth of the error, for an offset changes by less than that share of the way
 * between two points. So where the last correction was this small, what is left is below 1e-10 degree. */
static const double last_correction = 1e-9;
enum { MOST_ROUNDS = 20 };

typedef struct position convert(struct position position);

/* ---- forward ---- */

/* along: the coordinate whose longer waves count. */
static double ripple(double along, double longest)
{
    return 20 * sin(along * pi) + 40 * sin(along / 3 * pi) + longest;
}

static double metres_north(double x, double y, double shared)
{
    double longest = 160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30);

    return -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(fabs(x))
           + (shared + ripple(y, longest)) * 2 / 3;
}

static double metres_east(double x, double y, double shared)
{
    double longest = 150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi);

    return 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(fabs(x))
           + (shared + ripple(x, longest)) * 2 / 3;
}

static struct position gcj02_of_wgs84(struct position p)
{
    const double semi_major_m = 6378245, eccentricity_squared = 0.00669342162296594323;
    double x = p.longitude - 105, y = p.latitude - 35, phi = p.latitude * pi / 180;
    double sine = sin(phi), w = 1 - eccentricity_squared * sine * sine;
    double meridian_m = semi_major_m * (1 - eccentricity_squared) / (w * sqrt(w));
    double parallel_m = semi_major_m / sqrt(w) * cos(phi);
    double shared = 20 * sin(6 * x * pi) + 20 * sin(2 * x * pi);

    return (struct position){
        p.longitude + metres_east(x, y, shared) / parallel_m * 180 / pi,
        p.latitude + metres_north(x, y, shared) / meridian_m * 180 / pi,
    };
}

static struct position bd09_of_gcj02(struct position p)
{
    const double waves = pi * 3000 / 180;
    double x = p.longitude, y = p.latitude;
    double radius = sqrt(x * x + y * y) + 0.00002 * sin(y * waves);
    double angle = atan2(y, x) + 0.000003 * cos(x * waves);

    return (struct position){radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006};
}

/* ---- back ---- */

static struct position invert(convert *forward, struct position wanted)
{
    struct position p = wanted;

    for (int round = 0; round < MOST_ROUNDS; round++) {
        struct position there = forward(p);
        double east = there.longitude - wanted.longitude;
        double north = there.latitude - wanted.latitude;
        p.longitude -= east;
        p.latitude -= north;
        if (fabs(east) < last_correction && fabs(north) < last_correction)
            break;
    }
    return p;
}

static struct position wgs84_of_gcj02(struct position p)
{
    return invert(gcj02_of_wgs84, p);
}

static struct position wgs84_of_bd09(struct position p)
{
    return wgs84_of_gcj02(invert(bd09_of_gcj02, p));
}

static const struct system {
    const char *name;
    convert *to_wgs84; /* within China; NULL: nothing to do */
} systems[] = {
    {"WGS84", NULL},
    {"CGCS2000", NULL},
    {"GCJ02", wgs84_of_gcj02},
    {"BD09", wgs84_of_bd09},
};

static bool may_be_shifted(const struct position *p)
{
    return p->longitude >= 72.004 && p->longitude <= 137.8347 && p->latitude >= 0.8293
           && p->latitude <= 55.8271;
}

bool crs_to_wgs84(const char *name, size_t size, struct position *position)
{
    for (size_t i = 0; i < sizeof systems / sizeof systems[0]; i++) {
        const struct system *system = &systems[i];
        if (strlen(system->name) != size || memcmp(system->name, name, size) != 0)
            continue;
        if (system->to_wgs84 && may_be_shifted(position))
            *position = system->to_wgs84(*position);
        return true;
    }
    return false;
}
