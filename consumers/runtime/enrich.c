/* enrich.c - from reported positions to places. */
#include "consumers/runtime/enrich.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/log.h"
#include "consumers/runtime/reference.h"

enum { AHEAD_EVENTS = 64 /* some 80 us */ };

struct enricher {
    const struct position_fields *fields;
    const struct reader *reader;
    int longitude, latitude, source_crs; /* indexes; -1: this kind has no position */
    struct reference *reference;
    bool is_fresh; /* as far as we know */
    bool has_warned;
};

static enum outcome find_field(const struct enricher *enricher, const char *name,
                               int *index, struct err *e)
{
    *index = schema_find(enricher->reader->schema, name);
    return *index >= 0 ? DONE
                       : err_exit(e, EX_CONFIG, "the schema has no field %s", name);
}

struct enricher *enricher_new(const struct position_fields *fields,
                              const struct reader *reader, struct err *e)
{
    struct enricher *enricher = xcalloc(1, sizeof *enricher);

    enricher->fields = fields;
    enricher->reader = reader;
    enricher->longitude = enricher->latitude = enricher->source_crs = -1;
    enricher->reference = reference_new();
    if (!fields->longitude
        || (!find_field(enricher, fields->longitude, &enricher->longitude, e)
            && !find_field(enricher, fields->latitude, &enricher->latitude, e)
            && !find_field(enricher, fields->source_crs, &enricher->source_crs, e)))
        return enricher;
    enricher_free(enricher);
    return NULL;
}

void enricher_free(struct enricher *enricher)
{
    if (!enricher)
        return;
    reference_free(enricher->reference);
    free(enricher);
}

const struct reference *enricher_reference(const struct enricher *enricher)
{
    return enricher->reference;
}

/* False: the event was buried. */
static bool convert(const struct enricher *enricher, struct event *event,
                    struct position *position)
{
    const struct value *crs = &event->values[enricher->source_crs];

    if (position->longitude == 0 && position->latitude == 0) {
        event_bury(event, "range", enricher->fields->longitude,
                   "0, 0 is what a device without a fix sends");
        return false;
    }
    if (crs->kind == VALUE_BYTES
        && crs_to_wgs84((const char *)crs->bytes, crs->count, position))
        return true;
    event_bury(event, "requires", enricher->fields->source_crs,
               "a position needs the coordinate system it is in");
    return false;
}

static void look_up(const struct enricher *enricher, const struct event *event,
                    struct location *location)
{
    struct areas *areas = reference_areas(enricher->reference);
    const char *codes[AREA_LEVELS];

    if (!areas)
        return;
    areas_locate(areas, location->wgs84,
                 event->values[enricher->reader->occurred_at].number, codes);
    location->version = areas_version(areas);
    location->grid_code = codes[AREA_GRID];
    location->community_code = codes[AREA_COMMUNITY];
    location->subdistrict_code = codes[AREA_SUBDISTRICT];
    location->district_code = codes[AREA_DISTRICT];
}

static bool has_position(const struct enricher *enricher, const struct event *event)
{
    return event->values && !event->is_settled
           && event->values[enricher->longitude].kind != VALUE_NULL
           && event->values[enricher->latitude].kind != VALUE_NULL;
}

static void enrich_event(const struct enricher *enricher, struct event *event,
                         struct arena *arena)
{
    struct location *location;

    if (!has_position(enricher, event))
        return;
    location = arena_take(arena, sizeof *location);
    *location = (struct location){.wgs84 = {event->values[enricher->longitude].real,
                                            event->values[enricher->latitude].real}};
    if (!convert(enricher, event, &location->wgs84))
        return;
    look_up(enricher, event, location);
    event->location = location;
}

static void warn_once(struct enricher *enricher)
{
    if (reference_areas(enricher->reference) || enricher->has_warned)
        return;
    log_warn("no areas are loaded: events are stored without the places they lie in",
             NULL);
    enricher->has_warned = true;
}

void enricher_expire(struct enricher *enricher)
{
    enricher->is_fresh = false;
}

static void enrich_to(const struct enricher *enricher, struct batch *batch, size_t end)
{
    if (batch->reference != reference_seen(enricher->reference))
        batch->enriched = 0;
    batch->reference = reference_seen(enricher->reference);
    while (batch->enriched < end)
        enrich_event(enricher, &batch->events[batch->enriched++], batch->arena);
}

bool enrich_ahead(const struct enricher *enricher, struct batch *batch)
{
    size_t left = batch->decoded - batch->enriched;

    if (enricher->longitude < 0 || left == 0)
        return false;
    enrich_to(enricher, batch,
              batch->enriched + (left < AHEAD_EVENTS ? left : AHEAD_EVENTS));
    return true;
}

enum outcome enrich_batch(struct enricher *enricher, struct pg *pg, struct batch *batch,
                          struct err *e)
{
    if (enricher->longitude < 0 || batch->count == 0)
        return DONE;
    if (!enricher->is_fresh && reference_refresh(enricher->reference, pg, e))
        return e->outcome;
    enricher->is_fresh = true;
    warn_once(enricher);
    enrich_to(enricher, batch, batch->count);
    return DONE;
}
