/* reference_geojson.c - areas as GeoJSON become rows of CSV, each polygon looked at on the way. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/json.h"
#include "consumers/runtime/areas.h"
#include "consumers/runtime/polygons.h"
#include "deploy/ctl/reference.h"

/* Names of WGS-84 with longitude first, as GeoJSON of before RFC 7946 writes it. */
static const char *const wgs84_names[] = {"urn:ogc:def:crs:OGC:1.3:CRS84",
                                          "urn:ogc:def:crs:OGC::CRS84",
                                          "urn:ogc:def:crs:EPSG::4326", "EPSG:4326"};

static const struct property {
    const char *name;
    bool is_needed, is_boolean;
} properties[] = {
    {"code", true, false},         {"level", true, false},     {"name", true, false},
    {"parent_code", false, false}, {"kind", false, false},     {"synthetic", false, true},
    {"valid_from", false, false},  {"valid_to", false, false},
};
enum { PROPERTIES = sizeof properties / sizeof *properties };

static enum outcome check_crs(const struct json *part, struct err *e)
{
    const struct json *crs = json_member(part, "crs");
    const char *name = json_text(json_member(json_member(crs, "properties"), "name"));

    if (!crs)
        return DONE;
    for (size_t i = 0; i < sizeof wgs84_names / sizeof *wgs84_names; i++)
        if (name && strcmp(name, wgs84_names[i]) == 0)
            return DONE;
    return err_exit(e, EX_DATAERR, "its crs is %s; areas are in WGS-84",
                    name ? name : "none that has a name");
}

static void put_quoted(struct text *csv, const char *value)
{
    text_add_string(csv, "\"");
    for (const char *c = value; *c; c++)
        text_add(csv, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
    text_add_string(csv, "\"");
}

static enum outcome put_property(struct text *csv, const struct property *property,
                                 const struct json *value, struct err *e)
{
    const char *text = json_text(value);

    if (json_absent(value) && property->is_needed)
        return err_exit(e, EX_DATAERR, "property \"%s\" is missing", property->name);
    if (property->is_boolean) {
        text_add_string(csv, json_truth(value) ? "true" : "false");
        return DONE;
    }
    if (json_absent(value))
        return DONE;
    if (!text)
        return err_exit(e, EX_DATAERR, "property \"%s\" is no text", property->name);
    put_quoted(csv, text);
    return DONE;
}

static enum outcome put_geometry(struct text *csv, struct polygons *polygons,
                                 const struct json *geometry, struct err *e)
{
    enum outcome outcome;
    char *text;

    if (json_absent(geometry))
        return err_exit(e, EX_DATAERR, "it has no geometry");
    if (check_crs(geometry, e))
        return e->outcome;
    text = json_write(geometry);
    outcome = polygons_add(polygons, text, e);
    if (!outcome)
        outcome = polygons_check(polygons, polygons_count(polygons) - 1, e);
    if (!outcome)
        put_quoted(csv, text);
    free(text);
    return outcome;
}

static enum outcome put_feature(struct text *csv, struct polygons *polygons,
                                const struct json *feature, struct err *e)
{
    const struct json *given = json_member(feature, "properties");

    if (check_crs(feature, e))
        return e->outcome;
    for (size_t i = 0; i < PROPERTIES; i++) {
        if (put_property(csv, &properties[i], json_member(given, properties[i].name), e))
            return e->outcome;
        text_add_string(csv, ",");
    }
    if (put_geometry(csv, polygons, json_member(feature, "geometry"), e))
        return e->outcome;
    text_add_string(csv, "\n");
    return DONE;
}

/* "feature 3, 410503001: " in front of what is wrong. */
static enum outcome name_feature(const struct json *feature, size_t index, struct err *e)
{
    const char *code = json_text(json_member(json_member(feature, "properties"), "code"));

    return err_wrap(e, "feature %zu%s%s", index + 1, code ? ", " : "", code ? code : "");
}

static enum outcome put_features(struct text *csv, const struct json *features,
                                 struct err *e)
{
    struct polygons *polygons = polygons_new();
    enum outcome outcome = DONE;

    for (size_t i = 0; i < json_count(features) && !outcome; i++)
        if ((outcome = put_feature(csv, polygons, json_item(features, i), e)))
            name_feature(json_item(features, i), i, e);
    polygons_free(polygons);
    return outcome;
}

enum outcome reference_geojson_csv(const char *text, size_t size, struct text *csv,
                                   struct err *e)
{
    struct json *document = json_parse(text, size, e);
    const char *type = json_text(json_member(document, "type"));
    enum outcome outcome;

    if (!document)
        return e->outcome;
    for (size_t i = 0; i < PROPERTIES; i++)
        text_format(csv, "%s,", properties[i].name);
    text_add_string(csv, "geometry\n");
    if (!type || strcmp(type, "FeatureCollection") != 0)
        outcome = err_exit(e, EX_DATAERR, "it is no FeatureCollection");
    else if (!(outcome = check_crs(document, e)))
        outcome = put_features(csv, json_member(document, "features"), e);
    json_free(document);
    return outcome;
}
