/* geodesy.h - distances on the sphere, and the cells that the earth is divided into for looking up what is
 * near.
 *
 * The sphere has the earth's mean radius, 6,371,008.8 m;
 * against the ellipsoid it is at most half a per cent off, which is less than any position measured in
 * a street. Longitude and latitude are WGS-84, in degrees.
 *
 * Cells: rows of edge_m from south to north; each row is cut into as many equal columns as are at least
 * edge_m wide all over it. A cell is a number, the same on every machine for the same edge: it may be
 * stored. */
#ifndef GRIDLOOP_GEODESY_H
#define GRIDLOOP_GEODESY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct point {
    double longitude, latitude;
};

/* The shorter way along the sphere, in metres. */
double geodesy_distance_m(struct point a, struct point b);

/* A quick look before geodesy_distance_m(): true only if b is certainly more than reach_m (at most 1,000) from
 * a; shrink is geodesy_shrink(a). Within a degree of a pole it may be wrong. */
bool geodesy_is_beyond(struct point a, double shrink, struct point b, double reach_m);
double geodesy_shrink(struct point at);

/* All longitudes and latitudes within reach_m of `at`, and perhaps a few more. One that crosses the 180th meridian goes
 * round the earth. */
struct box {
    double west, south, east, north; /* inclusive */
};
struct box geodesy_box(struct point at, double reach_m);

/* The cell that holds a point. edge_m: from 10 up. */
int64_t geodesy_cell(double edge_m, struct point at);

/* All cells that hold a point within reach_m of `at`, each once, and perhaps a few more; at most room
 * of them (geodesy_cover_room() is enough). Their number is returned. Within three edges of a pole
 * some may be missing. */
size_t geodesy_cover(double edge_m, struct point at, double reach_m, int64_t *cells,
                     size_t room);
size_t geodesy_cover_room(double edge_m, double reach_m);

#endif
