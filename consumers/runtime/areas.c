/* areas.c - which area has a point: the lowest code of each level. */
#include "consumers/runtime/areas.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "consumers/runtime/polygons.h"

const char *const area_level_names[AREA_LEVELS] = {"district", "subdistrict", "community",
                                                   "grid"};

struct areas {
    int32_t version;
    struct polygons *polygons;
    struct arena *arena; /* codes */
    struct area *list;   /* by the number of the polygon */
    size_t room;
};

struct lookup {
    struct areas *areas;
    int64_t at_us;
    const char **codes;
};

int area_level_find(const char *name)
{
    for (int level = 0; level < AREA_LEVELS; level++)
        if (strcmp(area_level_names[level], name) == 0)
            return level;
    return -1;
}

struct areas *areas_new(int32_t version)
{
    struct areas *areas = xcalloc(1, sizeof *areas);

    areas->version = version;
    areas->polygons = polygons_new();
    areas->arena = arena_new();
    return areas;
}

void areas_free(struct areas *areas)
{
    if (!areas)
        return;
    polygons_free(areas->polygons);
    arena_free(areas->arena);
    free(areas->list);
    free(areas);
}

int32_t areas_version(const struct areas *areas)
{
    return areas->version;
}

enum outcome areas_add(struct areas *areas, const struct area *area, const char *geojson,
                       struct err *e)
{
    size_t number = polygons_count(areas->polygons);

    if (polygons_add(areas->polygons, geojson, e))
        return err_wrap(e, "area %s", area->code);
    if (number == areas->room) {
        areas->room = areas->room ? 2 * areas->room : 64;
        areas->list = xrealloc(areas->list, areas->room * sizeof *areas->list);
    }
    areas->list[number] = *area;
    areas->list[number].code = arena_copy(areas->arena, area->code, strlen(area->code));
    return DONE;
}

/* The costly question comes last: most boxes hold a point that another area has. */
static void take_if_better(void *context, size_t number)
{
    const struct lookup *lookup = context;
    const struct area *area = &lookup->areas->list[number];
    const char **best = &lookup->codes[area->level];

    if (lookup->at_us < area->valid_from_us || lookup->at_us >= area->valid_to_us)
        return;
    if (*best && strcmp(*best, area->code) <= 0)
        return;
    if (polygons_has(lookup->areas->polygons, number))
        *best = area->code;
}

void areas_locate(struct areas *areas, struct position point, int64_t at_us,
                  const char *codes[AREA_LEVELS])
{
    struct lookup lookup = {areas, at_us, codes};

    memset(codes, 0, AREA_LEVELS * sizeof *codes);
    polygons_at(areas->polygons, point, take_if_better, &lookup);
}
