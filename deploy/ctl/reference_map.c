/* reference_map.c - the areas of a load against each other: in their parents, and beside their neighbours. */
#include <stdio.h>
#include <string.h>

#include "consumers/runtime/polygons.h"
#include "consumers/runtime/sql.h"
#include "deploy/ctl/reference.h"

static const double parent_tolerance_deg = 1e-5, overlap_tolerance_m2 = 1;

/* The columns of sql/areas.sql. */
enum { CODE, LEVEL, VALID_FROM, VALID_TO, GEOMETRY, PARENT };

/* Row i of the result is polygon i. */
struct map {
    const struct pg_result *rows;
    struct polygons *polygons;
    struct reference_findings *findings;
    bool allow_overlap;
    size_t at; /* the area whose neighbours are looked at */
};

static bool is_same(const struct map *map, size_t a, int column_a, size_t b, int column_b)
{
    return strcmp(pg_value(map->rows, a, (size_t)column_a),
                  pg_value(map->rows, b, (size_t)column_b))
           == 0;
}

static bool meet_in_time(const struct map *map, size_t a, size_t b)
{
    return pg_number(map->rows, a, VALID_FROM) < pg_number(map->rows, b, VALID_TO)
           && pg_number(map->rows, b, VALID_FROM) < pg_number(map->rows, a, VALID_TO);
}

static void check_parent(struct map *map, size_t child)
{
    char problem[160];

    for (size_t i = 0; i < pg_rows(map->rows); i++) {
        if (!is_same(map, i, CODE, child, PARENT) || !meet_in_time(map, i, child)
            || polygons_covers(map->polygons, i, child, parent_tolerance_deg))
            continue;
        snprintf(problem, sizeof problem, "sticks out of its parent %.60s",
                 pg_value(map->rows, i, CODE));
        reference_add_fault(map->findings, "area", pg_value(map->rows, child, CODE),
                            problem);
    }
}

static void check_pair(void *context, size_t other)
{
    struct map *map = context;
    const char *code = pg_value(map->rows, map->at, CODE);
    char problem[160];
    double overlap_m2;

    if (other <= map->at || !is_same(map, map->at, LEVEL, other, LEVEL)
        || is_same(map, map->at, CODE, other, CODE) || !meet_in_time(map, map->at, other))
        return;
    overlap_m2 = polygons_overlap_m2(map->polygons, map->at, other);
    if (overlap_m2 < overlap_tolerance_m2)
        return;
    snprintf(problem, sizeof problem, "overlaps %.60s by %.0f m2",
             pg_value(map->rows, other, CODE), overlap_m2);
    if (map->allow_overlap)
        text_format(&map->findings->notes, "  area %s %s\n", code, problem);
    else
        reference_add_fault(map->findings, "area", code, problem);
}

static enum outcome read_polygons(struct map *map, struct err *e)
{
    for (size_t i = 0; i < pg_rows(map->rows); i++)
        if (polygons_add(map->polygons, pg_value(map->rows, i, GEOMETRY), e))
            return err_wrap(e, "area %s", pg_value(map->rows, i, CODE));
    return DONE;
}

enum outcome reference_check_map(struct pg *pg, int32_t version, bool allow_overlap,
                                 struct reference_findings *findings, struct err *e)
{
    char number[16];
    const char *parameter = number;
    struct pg_result *rows = NULL;
    struct map map = {.findings = findings, .allow_overlap = allow_overlap};
    enum outcome outcome;

    snprintf(number, sizeof number, "%d", version);
    if (pg_query(pg, sql_text("areas"), &parameter, 1, &rows, e))
        return e->outcome;
    map.rows = rows;
    map.polygons = polygons_new();
    outcome = read_polygons(&map, e);
    for (map.at = 0; !outcome && map.at < pg_rows(rows); map.at++) {
        check_parent(&map, map.at);
        polygons_near(map.polygons, map.at, check_pair, &map);
    }
    polygons_free(map.polygons);
    pg_result_free(rows);
    return outcome;
}
