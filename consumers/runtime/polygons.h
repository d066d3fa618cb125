/* polygons.h - polygons in degrees, by number: read, checked, and which of them a point lies in. polygons.c is the
 * only user of geos_c.h.
 *
 * Everything is reckoned in the plane of longitude and latitude, as GeoJSON means it (RFC 7946): edges are straight
 * there, and what crosses the 180th meridian has to be cut at it. The closed set counts: a point on an edge or a
 * corner lies in the polygon, one on the edge of a hole too, and one inside the hole does not. Out of memory aborts.
 * One thread. */
#ifndef GRIDLOOP_POLYGONS_H
#define GRIDLOOP_POLYGONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "consumers/runtime/crs.h"

struct polygons; /* opaque */

struct polygons *polygons_new(void);
void polygons_free(struct polygons *polygons); /* NULL is fine */
size_t polygons_count(const struct polygons *polygons);

/* Adds a GeoJSON geometry, Polygon or MultiPolygon, under the next number, from 0. FATAL 65: it is none, is empty,
 * has a ring that is not closed, or leaves the range of longitude and latitude. Not after polygons_at(). */
enum outcome polygons_add(struct polygons *polygons, const char *geojson, struct err *e);

/* DONE, or FATAL 65: rings cross themselves or each other; says where. */
enum outcome polygons_check(const struct polygons *polygons, size_t number,
                            struct err *e);

/* True: inner sticks out of outer nowhere by more than so many degrees. */
bool polygons_covers(const struct polygons *polygons, size_t outer, size_t inner,
                     double tolerance_deg);

/* Square metres that both have, on a sphere of 6,371,008.8 m, each piece reckoned at its middle latitude. */
double polygons_overlap_m2(const struct polygons *polygons, size_t a, size_t b);

/* Calls found() with the number of each polygon that a point may lie in, by its bounding box, in no order. */
typedef void polygons_found(void *context, size_t number);
void polygons_at(struct polygons *polygons, struct position point, polygons_found *found,
                 void *context);

/* Whether the point of the polygons_at() that is calling, or of the last one, lies in a polygon. */
bool polygons_has(struct polygons *polygons, size_t number);

/* The same as polygons_at(), for all whose bounding box meets that of a polygon, itself among them. */
void polygons_near(struct polygons *polygons, size_t number, polygons_found *found,
                   void *context);

#endif
