/* areas.h - one version of the areas of reference.area, and in which of them a point lies.
 *
 * Areas nest: district, sub-district, community, grid; each level is looked up by itself. Outside of every area of a
 * level is a fact, not an error. Real areas overlap, and neighbours share their edge: then the area with the lowest
 * code, compared byte by byte, has the point, always. What a point on an edge or in a hole is, says polygons.h. */
#ifndef GRIDLOOP_AREAS_H
#define GRIDLOOP_AREAS_H

#include <stdint.h>

#include "common/err.h"
#include "consumers/runtime/crs.h"

enum area_level {
    AREA_DISTRICT,
    AREA_SUBDISTRICT,
    AREA_COMMUNITY,
    AREA_GRID,
    AREA_LEVELS
};

/* Level -> "district", "subdistrict", "community", "grid": reference.area.level. */
extern const char *const area_level_names[AREA_LEVELS];

/* The level of a name; -1: none. */
int area_level_find(const char *name);

/* From valid_from until before valid_to, microseconds since 1970 UTC. */
struct area {
    const char *code;
    enum area_level level;
    int64_t valid_from_us, valid_to_us; /* INT64_MIN, INT64_MAX: without end */
};

struct areas; /* opaque */

struct areas *areas_new(int32_t version);
void areas_free(struct areas *areas); /* NULL is fine */
int32_t areas_version(const struct areas *areas);

/* Adds one; the code is copied. FATAL: as polygons_add(). Not after areas_locate(). */
enum outcome areas_add(struct areas *areas, const struct area *area, const char *geojson,
                       struct err *e);

/* Level -> code of the area that has the point and is valid at that moment; NULL: none. Codes live as long as
 * the areas. */
void areas_locate(struct areas *areas, struct position point, int64_t at_us,
                  const char *codes[AREA_LEVELS]);

#endif
