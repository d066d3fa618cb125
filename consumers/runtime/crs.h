/* crs.h - from the coordinate system that a device states to WGS-84.
 *
 *   WGS84      as it is.
 *   CGCS2000   as it is: the two agree within centimetres, below any device of ours.
 *   GCJ02      the offset of Chinese maps (541 to 548 m in Beiguan), on the ellipsoid of Krasovsky. Nobody has
 *              published it; the formula in common use is taken, and inverted by iteration until a point that
 *              is sent through it again comes out within 1e-10 degree (a hundredth of a millimetre).
 *   BD09       Baidu's offset on top of GCJ02, inverted in the same way.
 * Both offsets exist in China alone: outside the box of 72.004 to 137.8347 degrees east and 0.8293 to 55.8271
 * north, in the reported numbers, such a position is WGS-84 by definition and stays as it is. The box takes in
 * neighbours of China, where a device that says GCJ02 is believed. */
#ifndef GRIDLOOP_CRS_H
#define GRIDLOOP_CRS_H

#include <stdbool.h>
#include <stddef.h>

/* Degrees. Finite, longitude within 180 and latitude within 90 of 0. */
struct position {
    double longitude, latitude;
};

/* name: size bytes, not NUL-terminated: "WGS84", "CGCS2000", "GCJ02", "BD09". False: no such system ("UNKNOWN"
 * above all); *position stays as it is. */
bool crs_to_wgs84(const char *name, size_t size, struct position *position);

#endif
