/* polygons.c - GEOS: geometry, prepared polygons, and a tree of bounding boxes. */
#include "consumers/runtime/polygons.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <geos_c.h>

#include "common/arena.h"

enum { TREE_NODE_ITEMS = 10, BUFFER_QUARTER_SEGMENTS = 8 };

struct polygon {
    GEOSGeometry *geometry;
    const GEOSPreparedGeometry *prepared; /* made when a point first comes near */
};

struct polygons {
    GEOSContextHandle_t geos;
    char complaint[200]; /* of GEOS, the last one */
    struct polygon *list;
    size_t count, room;
    GEOSSTRtree *tree; /* of numbers; made by the first search */
    GEOSGeometry *point;
};

static void note_complaint(const char *message, void *context)
{
    struct polygons *p = context;

    snprintf(p->complaint, sizeof p->complaint, "%s", message);
}

/* What cannot fail for any input of ours, unless memory is out. */
static void *must(void *made)
{
    if (!made) {
        fputs("GEOS: out of memory\n", stderr);
        abort();
    }
    return made;
}

struct polygons *polygons_new(void)
{
    struct polygons *p = xcalloc(1, sizeof *p);

    p->geos = must(GEOS_init_r());
    GEOSContext_setErrorMessageHandler_r(p->geos, note_complaint, p);
    return p;
}

void polygons_free(struct polygons *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++) {
        if (p->list[i].prepared)
            GEOSPreparedGeom_destroy_r(p->geos, p->list[i].prepared);
        GEOSGeom_destroy_r(p->geos, p->list[i].geometry);
    }
    if (p->tree)
        GEOSSTRtree_destroy_r(p->geos, p->tree);
    GEOSGeom_destroy_r(p->geos, p->point);
    GEOS_finish_r(p->geos);
    free(p->list);
    free(p);
}

size_t polygons_count(const struct polygons *p)
{
    return p->count;
}

/* ---- reading ---- */

static enum outcome check_kind(const struct polygons *p, const GEOSGeometry *geometry,
                               struct err *e)
{
    int type = GEOSGeomTypeId_r(p->geos, geometry);

    if (type != GEOS_POLYGON && type != GEOS_MULTIPOLYGON)
        return err_exit(e, EX_DATAERR,
                        "the geometry is neither a Polygon nor a MultiPolygon");
    if (GEOSisEmpty_r(p->geos, geometry))
        return err_exit(e, EX_DATAERR, "the geometry is empty");
    return DONE;
}

static enum outcome check_range(const struct polygons *p, const GEOSGeometry *geometry,
                                struct err *e)
{
    double west, south, east, north;

    GEOSGeom_getXMin_r(p->geos, geometry, &west);
    GEOSGeom_getYMin_r(p->geos, geometry, &south);
    GEOSGeom_getXMax_r(p->geos, geometry, &east);
    GEOSGeom_getYMax_r(p->geos, geometry, &north);
    if (west >= -180 && east <= 180 && south >= -90 && north <= 90)
        return DONE;
    return err_exit(e, EX_DATAERR,
                    "the geometry spans %g to %g by %g to %g: not degrees of longitude, "
                    "then latitude, in WGS-84",
                    west, east, south, north);
}

static GEOSGeometry *read_geometry(struct polygons *p, const char *geojson, struct err *e)
{
    GEOSGeoJSONReader *reader = must(GEOSGeoJSONReader_create_r(p->geos));
    GEOSGeometry *geometry = GEOSGeoJSONReader_readGeometry_r(p->geos, reader, geojson);

    GEOSGeoJSONReader_destroy_r(p->geos, reader);
    if (!geometry)
        err_exit(e, EX_DATAERR, "the geometry cannot be read: %s", p->complaint);
    return geometry;
}

enum outcome polygons_add(struct polygons *p, const char *geojson, struct err *e)
{
    GEOSGeometry *geometry = read_geometry(p, geojson, e);

    if (!geometry)
        return e->outcome;
    if (check_kind(p, geometry, e) || check_range(p, geometry, e)) {
        GEOSGeom_destroy_r(p->geos, geometry);
        return e->outcome;
    }
    if (p->count == p->room) {
        p->room = p->room ? 2 * p->room : 64;
        p->list = xrealloc(p->list, p->room * sizeof *p->list);
    }
    p->list[p->count++] = (struct polygon){geometry, NULL};
    return DONE;
}

/* ---- checking ---- */

enum outcome polygons_check(const struct polygons *p, size_t number, struct err *e)
{
    char *reason = NULL;
    GEOSGeometry *place = NULL;
    double longitude = 0, latitude = 0;

    if (GEOSisValidDetail_r(p->geos, p->list[number].geometry, 0, &reason, &place) == 1)
        return DONE;
    if (place) {
        GEOSGeomGetX_r(p->geos, place, &longitude);
        GEOSGeomGetY_r(p->geos, place, &latitude);
    }
    err_exit(e, EX_DATAERR, "%s at %.7f, %.7f", reason ? reason : p->complaint, longitude,
             latitude);
    GEOSFree_r(p->geos, reason);
    GEOSGeom_destroy_r(p->geos, place);
    return e->outcome;
}

bool polygons_covers(const struct polygons *p, size_t outer, size_t inner,
                     double tolerance_deg)
{
    GEOSGeometry *wider = must(GEOSBuffer_r(p->geos, p->list[outer].geometry,
                                            tolerance_deg, BUFFER_QUARTER_SEGMENTS));
    bool covers = GEOSCovers_r(p->geos, wider, p->list[inner].geometry) == 1;

    GEOSGeom_destroy_r(p->geos, wider);
    return covers;
}

static double area_m2(const struct polygons *p, const GEOSGeometry *geometry)
{
    const double pi = 3.14159265358979323846, metres_a_degree = 6371008.8 * pi / 180;
    double area = 0, south = 0, north = 0;

    if (GEOSisEmpty_r(p->geos, geometry))
        return 0;
    GEOSArea_r(p->geos, geometry, &area);
    GEOSGeom_getYMin_r(p->geos, geometry, &south);
    GEOSGeom_getYMax_r(p->geos, geometry, &north);
    return area * metres_a_degree * metres_a_degree * cos((south + north) / 2 * pi / 180);
}

double polygons_overlap_m2(const struct polygons *p, size_t a, size_t b)
{
    GEOSGeometry *both =
        GEOSIntersection_r(p->geos, p->list[a].geometry, p->list[b].geometry);
    double area = 0;

    must(both);
    for (int i = 0; i < GEOSGetNumGeometries_r(p->geos, both); i++)
        area += area_m2(p, GEOSGetGeometryN_r(p->geos, both, i));
    GEOSGeom_destroy_r(p->geos, both);
    return area;
}

/* ---- searching ---- */

static void make_tree(struct polygons *p)
{
    if (p->tree)
        return;
    p->tree = must(GEOSSTRtree_create_r(p->geos, TREE_NODE_ITEMS));
    /* GEOS keeps a pointer for each box: here it is the polygon's number. */
    for (size_t i = 0; i < p->count; i++)
        GEOSSTRtree_insert_r(p->geos, p->tree, p->list[i].geometry, (void *)i);
}

struct search {
    polygons_found *found;
    void *context;
};

static void on_box(void *item, void *context)
{
    const struct search *search = context;

    search->found(search->context, (uintptr_t)item);
}

void polygons_at(struct polygons *p, struct position point, polygons_found *found,
                 void *context)
{
    struct search search = {found, context};

    make_tree(p);
    GEOSGeom_destroy_r(p->geos, p->point);
    p->point =
        must(GEOSGeom_createPointFromXY_r(p->geos, point.longitude, point.latitude));
    GEOSSTRtree_query_r(p->geos, p->tree, p->point, on_box, &search);
}

bool polygons_has(struct polygons *p, size_t number)
{
    struct polygon *polygon = &p->list[number];

    if (!polygon->prepared) {
        polygon->prepared = GEOSPrepare_r(p->geos, polygon->geometry);
        must((void *)(uintptr_t)polygon->prepared);
    }
    return GEOSPreparedIntersects_r(p->geos, polygon->prepared, p->point) == 1;
}

void polygons_near(struct polygons *p, size_t number, polygons_found *found,
                   void *context)
{
    struct search search = {found, context};

    make_tree(p);
    GEOSSTRtree_query_r(p->geos, p->tree, p->list[number].geometry, on_box, &search);
}
