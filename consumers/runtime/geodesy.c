/* geodesy.c - the haversine formula, and rows and columns of cells. */
#include "consumers/runtime/geodesy.h"

#include <math.h>

static const double radius_m = 6371008.8;
static const double pi = 3.14159265358979323846;
enum { COLUMN_BITS = 32 };

static double radians(double degrees)
{
    return degrees * (pi / 180);
}

double geodesy_distance_m(struct point a, struct point b)
{
    double half_north = sin(radians(b.latitude - a.latitude) / 2);
    double half_east = sin(radians(b.longitude - a.longitude) / 2);
    double h =
        half_north * half_north
        + cos(radians(a.latitude)) * cos(radians(b.latitude)) * half_east * half_east;

    return 2 * radius_m * asin(sqrt(h < 1 ? h : 1));
}

/* How much shorter a degree is from west to east than from south to north. */
double geodesy_shrink(struct point at)
{
    return cos(radians(at.latitude));
}

/* One per cent less than the way, because shrink is that of a's latitude alone. */
bool geodesy_is_beyond(struct point a, double shrink, struct point b, double reach_m)
{
    static const double metres_a_degree = 111194 * 0.99;
    double east = fabs(b.longitude - a.longitude);

    if (east > 180)
        east = 360 - east;
    return fabs(b.latitude - a.latitude) * metres_a_degree > reach_m
           || east * shrink * metres_a_degree > reach_m;
}

static double degrees_of(double metres)
{
    return metres / radius_m * (180 / pi);
}

static int64_t row_of(double edge_m, double latitude)
{
    return (int64_t)floor((latitude + 90) / degrees_of(edge_m));
}

/* The circle of latitude is shortest at that edge of the row which is nearer to a pole. */
static int64_t columns_of(double edge_m, int64_t row)
{
    double south = (double)row * degrees_of(edge_m) - 90;
    double poleward = fmax(fabs(south), fabs(south + degrees_of(edge_m)));
    double columns =
        poleward < 90 ? floor(2 * pi * radius_m * cos(radians(poleward)) / edge_m) : 0;

    return columns < 1 ? 1 : (int64_t)columns;
}

static int64_t column_of(int64_t columns, double longitude)
{
    return (int64_t)floor((longitude + 180) / 360 * (double)columns);
}

/* Columns go round the earth. */
static int64_t number_of(int64_t row, int64_t column, int64_t columns)
{
    return row << COLUMN_BITS | ((column % columns + columns) % columns);
}

int64_t geodesy_cell(double edge_m, struct point at)
{
    int64_t row = row_of(edge_m, at.latitude);
    int64_t columns = columns_of(edge_m, row);

    return number_of(row, column_of(columns, at.longitude), columns);
}

/* How far east and west of its centre a circle goes, in degrees: a little more than along the centre's own
 * latitude. */
static double half_width(struct point at, double reach_m)
{
    double sine = sin(reach_m / radius_m) / cos(radians(at.latitude));

    return sine < 1 ? asin(sine) * (180 / pi) : 180;
}

size_t geodesy_cover_room(double edge_m, double reach_m)
{
    size_t side = (size_t)(2 * reach_m / edge_m) + 2;

    /* Towards the equator a row has a column more beside the same meridians. */
    return side * (side + 1);
}

/* Those of one row; a row of few columns is not gone round twice. */
static size_t cover_row(double edge_m, int64_t row, double west, double east,
                        int64_t *cells, size_t room)
{
    int64_t columns = columns_of(edge_m, row);
    int64_t first = column_of(columns, west), last = column_of(columns, east);
    size_t count = 0;

    if (last - first >= columns)
        last = first + columns - 1;
    for (int64_t column = first; column <= last && count < room; column++)
        cells[count++] = number_of(row, column, columns);
    return count;
}

/* A hair more than asked for: rounding must not lose what lies exactly at the limit. */
static double and_a_hair(double reach_m)
{
    return reach_m * (1 + 1e-9) + 1e-6;
}

struct box geodesy_box(struct point at, double reach_m)
{
    double reach = and_a_hair(reach_m);
    double high = degrees_of(reach), wide = half_width(at, reach);
    struct box box = {at.longitude - wide, at.latitude - high, at.longitude + wide,
                      at.latitude + high};

    if (box.west < -180 || box.east > 180) {
        box.west = -180;
        box.east = 180;
    }
    return box;
}

size_t geodesy_cover(double edge_m, struct point at, double reach_m, int64_t *cells,
                     size_t room)
{
    double reach = and_a_hair(reach_m);
    double high = degrees_of(reach), wide = half_width(at, reach);
    int64_t last = row_of(edge_m, fmin(at.latitude + high, 90));
    size_t count = 0;

    for (int64_t row = row_of(edge_m, fmax(at.latitude - high, -90)); row <= last; row++)
        count += cover_row(edge_m, row, at.longitude - wide, at.longitude + wide,
                           cells + count, room - count);
    return count;
}
