/* gcj02.c - the shift of some hundred metres, as a function of the place. */
#include "producers/simulate/gcj02.h"

#include <math.h>

static const double pi = 3.14159265358979323846;
/* Of Krasovsky's ellipsoid. */
static const double axis_m = 6378245, eccentricity_squared = 0.00669342162296594323;

static double wave(double x, double a, double b, double c)
{
    return (a * sin(x * pi) + b * sin(x / c * pi)) * 2 / 3;
}

static double wobble(double x)
{
    return wave(6 * x, 20, 0, 1) + wave(2 * x, 20, 0, 1);
}

static double north_m(double x, double y)
{
    return -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(fabs(x))
           + wobble(x) + wave(y, 20, 40, 3) + wave(y / 12, 160, 320, 2.5);
}

static double east_m(double x, double y)
{
    return 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(fabs(x)) + wobble(x)
           + wave(x, 20, 40, 3) + wave(x / 12, 150, 300, 2.5);
}

struct simulate_position gcj02_of(struct simulate_position wgs84)
{
    double x = wgs84.longitude * 1e-7 - 105, y = wgs84.latitude * 1e-7 - 35;
    double latitude = wgs84.latitude * 1e-7 * pi / 180;
    double magic = 1 - eccentricity_squared * sin(latitude) * sin(latitude);
    double meridian_m = axis_m * (1 - eccentricity_squared) / (magic * sqrt(magic));
    double circle_m = axis_m / sqrt(magic) * cos(latitude);

    return (struct simulate_position){
        wgs84.longitude + (int32_t)lround(east_m(x, y) / circle_m * 180 / pi * 1e7),
        wgs84.latitude + (int32_t)lround(north_m(x, y) / meridian_m * 180 / pi * 1e7)};
}
