/* stored_sightings.c - one cursor over all kinds; texts of columns become the values that a decoder would have made. */
#include "consumers/runtime/stored_sightings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "consumers/runtime/sql.h"
#include "consumers/runtime/writers.h"

enum { MOST_KINDS = 64 };

#define PAGE "fetch forward 5000 from stored_sightings"

/* Columns of sql/stored_sightings.sql. */
enum {
    LINK_SEQ,
    ORDINAL,
    KIND,
    EVENT_ID,
    REFERENCE,
    CASE_REFERENCE,
    EVENT_KIND,
    EVENT_EVENT_ID,
    SOURCE,
    OFFSET,
    IS_TEST,
    OCCURRED,
    RECORDED_AT,
    LONGITUDE,
    LATITUDE,
    GRID,
    COMMUNITY,
    SUBDISTRICT,
    LOCATED_VERSION,
    FIRST_FIELD,
    FIRST_RECORDED = FIRST_FIELD + LINK_FIELDS
};

struct linked_kind {
    struct writers *writers; /* they have the reader */
    struct sighter sighter;
};

struct stored_sightings {
    struct pg *pg;
    struct reference_past *past;
    struct linked_kind kinds[MOST_KINDS];
    size_t kind_count;
    struct pg_result *page;
    size_t row; /* the next one of the page */
    bool is_over;
    struct arena *arena; /* of one transaction */
};

/* ---- what is read ---- */

/* Numbers as they are read back to the same bits; of a list the first item. */
static void add_field(struct text *sql, const struct schema_field *field)
{
    bool optional;
    const struct schema *type = schema_strip_null(field->type, &optional);
    char *name = pg_quote_name(field->name);

    if (type->type == SCHEMA_FLOAT || type->type == SCHEMA_DOUBLE)
        text_format(sql, "%s::double precision::text", name);
    else
        text_format(sql, "%s%s::text", name, type->type == SCHEMA_ARRAY ? "[1]" : "");
    free(name);
}

static void add_kind_sql(struct text *sql, const struct sighter *sighter)
{
    char *table = pg_quote_name(sighter->kind->name);

    text_format(sql,
                "%sselect '%s' as kind, event_id, source_id, topic_offset, "
                "is_test::integer, (extract(epoch from occurred_at) * 1000000)::bigint, "
                "(extract(epoch from recorded_at) * 1000000)::bigint, wgs84_longitude, "
                "wgs84_latitude, located_grid_code, located_community_code, "
                "located_subdistrict_code, located_version",
                sql->size ? "\nunion all " : "", sighter->kind->name);
    for (size_t i = 0; i < LINK_FIELDS; i++) {
        text_add_string(sql, ", ");
        if (sighter->fields[i] < 0)
            text_add_string(sql, "null::text");
        else
            add_field(sql, &sighter->reader->schema->fields[sighter->fields[i]]);
        if (i == LINK_FIELD_CODE)
            text_add_string(sql, " as code");
        else
            text_format(sql, " as field_%zu", i);
    }
    text_format(sql, " from events.%s", table);
    free(table);
}

static void add_kinds(struct text *sql, const struct stored_sightings *stored)
{
    struct text kinds = {0};

    for (size_t i = 0; i < stored->kind_count; i++)
        add_kind_sql(&kinds, &stored->kinds[i].sighter);
    text_add(sql, kinds.bytes, kinds.size);
    text_free(&kinds);
}

/* A statement with the kinds in the place of %k, and the columns of sightings in that of %c. */
static struct text statement(const struct stored_sightings *stored, const char *name)
{
    struct text all = {0};

    for (const char *sql = sql_text(name), *place; *sql; sql = place) {
        place = sql + strcspn(sql, "%");
        text_add(&all, sql, (size_t)(place - sql));
        if (place[0] == '%' && place[1] == 'k')
            add_kinds(&all, stored);
        else if (place[0] == '%')
            follow_add_texts(&all, &sighting_table);
        place += place[0] == '%' ? 2 : 0;
    }
    return all;
}

static enum outcome check_tables(struct stored_sightings *stored, struct err *e)
{
    struct pg_result *result = NULL;
    bool is_set_up;

    if (pg_query(stored->pg, sql_text("link_is_set_up"), NULL, 0, &result, e))
        return e->outcome;
    is_set_up = strcmp(pg_value(result, 0, 0), "t") == 0;
    pg_result_free(result);
    return is_set_up ? DONE
                     : err_exit(e, EX_CONFIG,
                                "the tables for cases are older than this program: run "
                                "gridloopctl setup");
}

static enum outcome declare(struct stored_sightings *stored, struct err *e)
{
    struct text sql = statement(stored, "stored_sightings");
    enum outcome outcome = pg_run(stored->pg, sql.bytes, e);

    text_free(&sql);
    return outcome;
}

enum outcome stored_sightings_missing(struct stored_sightings *stored, size_t limit,
                                      struct pg_result **rows, struct err *e)
{
    struct text sql = statement(stored, "stored_unlinked"), number = {0};
    enum outcome outcome;

    text_format(&number, "%zu", limit);
    outcome =
        pg_query(stored->pg, sql.bytes, (const char *const[]){number.bytes}, 1, rows, e);
    text_free(&sql);
    text_free(&number);
    return outcome ? err_wrap(e, "stored_unlinked") : DONE;
}

static enum outcome add_kind(struct stored_sightings *stored, const struct kind *kind,
                             struct err *e)
{
    struct linked_kind *added = &stored->kinds[stored->kind_count];

    if (!kind->linked.names[LINK_FIELD_REPORT])
        return DONE;
    if (stored->kind_count == MOST_KINDS)
        return err_set(e, FATAL, "more than %d kinds", MOST_KINDS);
    added->writers = writers_new(kind->name, NULL, e);
    if (!added->writers)
        return e->outcome;
    stored->kind_count++;
    return sighter_init(&added->sighter, kind, writers_reader(added->writers), e);
}

struct stored_sightings *stored_sightings_open(struct pg *pg,
                                               const struct kind *const *kinds,
                                               struct reference_past *past, struct err *e)
{
    struct stored_sightings *stored = xcalloc(1, sizeof *stored);
    enum outcome outcome;

    stored->pg = pg;
    stored->past = past;
    stored->arena = arena_new();
    outcome = check_tables(stored, e);
    for (size_t i = 0; !outcome && kinds[i]; i++)
        outcome = add_kind(stored, kinds[i], e);
    if (!outcome)
        outcome = declare(stored, e);
    if (!outcome)
        return stored;
    err_wrap(e, "reading what was linked");
    stored_sightings_close(stored);
    return NULL;
}

void stored_sightings_close(struct stored_sightings *stored)
{
    if (!stored)
        return;
    for (size_t i = 0; i < stored->kind_count; i++)
        writers_free(stored->kinds[i].writers);
    pg_result_free(stored->page);
    arena_free(stored->arena);
    free(stored);
}

/* ---- from texts to values ---- */

static const char *kept(struct stored_sightings *stored, size_t column)
{
    const char *text = pg_value(stored->page, stored->row, column);

    return text ? arena_copy(stored->arena, text, strlen(text)) : NULL;
}

static struct value uuid_value(struct stored_sightings *stored, const char *text)
{
    uint8_t *bytes = arena_take(stored->arena, UUID_SIZE);

    uuid_parse(bytes, text, strlen(text));
    return (struct value){.kind = VALUE_BYTES, .count = UUID_SIZE, .bytes = bytes};
}

static struct value value_of(struct stored_sightings *stored, const struct schema *schema,
                             const char *text)
{
    bool optional;
    const struct schema *type = schema_strip_null(schema, &optional);

    if (!text)
        return (struct value){.kind = VALUE_NULL};
    if (type->type == SCHEMA_ARRAY)
        type = type->branches[0];
    if (type->logical == LOGICAL_UUID)
        return uuid_value(stored, text);
    if (type->type == SCHEMA_FLOAT || type->type == SCHEMA_DOUBLE)
        return (struct value){.kind = VALUE_REAL, .real = strtod(text, NULL)};
    return (struct value){.kind = VALUE_BYTES,
                          .count = (uint32_t)strlen(text),
                          .bytes = (const uint8_t *)text};
}

static struct value number_value(const struct stored_sightings *stored, size_t column)
{
    return (struct value){.kind = VALUE_NUMBER,
                          .number = pg_number(stored->page, stored->row, column)};
}

static const struct value *read_values(struct stored_sightings *stored,
                                       const struct sighter *sighter)
{
    const struct reader *reader = sighter->reader;
    size_t size = reader->schema->count * sizeof(struct value);
    struct value *values = arena_take(stored->arena, size);

    memset(values, 0, size); /* VALUE_NULL */
    for (size_t i = 0; i < LINK_FIELDS; i++)
        if (sighter->fields[i] >= 0)
            values[sighter->fields[i]] =
                value_of(stored, reader->schema->fields[sighter->fields[i]].type,
                         kept(stored, FIRST_FIELD + i));
    values[sighter->is_test] = number_value(stored, IS_TEST);
    values[reader->occurred_at] = number_value(stored, OCCURRED);
    values[reader->recorded_at] = number_value(stored, RECORDED_AT);
    return values;
}

/* ---- from rows to sightings ---- */

/* The district alone has no column: it is looked up again. */
static enum outcome find_district(struct stored_sightings *stored,
                                  struct location *location, struct err *e)
{
    const char *codes[AREA_LEVELS];
    struct areas *areas;

    if (location->version == 0)
        return DONE;
    areas = reference_past_areas(stored->past, location->version, e);
    if (!areas)
        return e->outcome;
    areas_locate(areas, location->wgs84, pg_number(stored->page, stored->row, OCCURRED),
                 codes);
    location->district_code = codes[AREA_DISTRICT];
    return DONE;
}

static enum outcome read_location(struct stored_sightings *stored,
                                  const struct location **out, struct err *e)
{
    const char *longitude = pg_value(stored->page, stored->row, LONGITUDE);
    struct location *location;

    if (!longitude)
        return DONE;
    location = arena_take(stored->arena, sizeof *location);
    *location = (struct location){
        .wgs84 = {strtod(longitude, NULL),
                  strtod(pg_value(stored->page, stored->row, LATITUDE), NULL)},
        .version = (int32_t)pg_number(stored->page, stored->row, LOCATED_VERSION),
        .grid_code = kept(stored, GRID),
        .community_code = kept(stored, COMMUNITY),
        .subdistrict_code = kept(stored, SUBDISTRICT)};
    *out = location;
    return find_district(stored, location, e);
}

static enum outcome read_event(struct stored_sightings *stored,
                               const struct sighter *sighter, struct stored_sighting *out,
                               struct err *e)
{
    struct value id =
        uuid_value(stored, pg_value(stored->page, stored->row, EVENT_EVENT_ID));

    out->source_id = (int32_t)pg_number(stored->page, stored->row, SOURCE);
    out->event = (struct event){
        .outcome = EVENT_STORED,
        .event_id = id.bytes,
        .message = {.offset = pg_number(stored->page, stored->row, OFFSET)},
        .values = read_values(stored, sighter)};
    return read_location(stored, &out->event.location, e);
}

static enum outcome read_sighting(struct stored_sightings *stored,
                                  const struct sighter *sighter,
                                  struct stored_sighting *out, struct err *e)
{
    *out = (struct stored_sighting){
        .rules = reference_past_rules(
            stored->past, (int32_t)pg_number(stored->page, stored->row, REFERENCE), e)};
    if (!out->rules)
        return e->outcome;
    out->recorded =
        arena_take_array(stored->arena, sighting_table.count, sizeof *out->recorded);
    for (size_t i = 0; i < sighting_table.count; i++)
        out->recorded[i] = kept(stored, FIRST_RECORDED + i);
    if (!pg_value(stored->page, stored->row, EVENT_EVENT_ID))
        return err_exit(e, EX_DATAERR, "its event %s of kind %s is not there",
                        pg_value(stored->page, stored->row, EVENT_ID),
                        sighter->kind->name);
    return read_event(stored, sighter, out, e);
}

static enum outcome find_kind(const struct stored_sightings *stored,
                              const struct sighter **sighter, struct err *e)
{
    const char *name = pg_value(stored->page, stored->row, KIND);

    for (size_t i = 0; i < stored->kind_count; i++)
        if (strcmp(stored->kinds[i].sighter.kind->name, name) == 0) {
            *sighter = &stored->kinds[i].sighter;
            return DONE;
        }
    return err_exit(e, EX_DATAERR, "kind %s is not linked by this version", name);
}

/* ---- transactions ---- */

/* False in *is_there: there is no further row. */
static enum outcome have_row(struct stored_sightings *stored, bool *is_there,
                             struct err *e)
{
    if (!stored->is_over && (!stored->page || stored->row == pg_rows(stored->page))) {
        pg_result_free(stored->page);
        stored->page = NULL;
        stored->row = 0;
        if (pg_query(stored->pg, PAGE, NULL, 0, &stored->page, e))
            return err_wrap(e, "reading what was linked");
        stored->is_over = pg_rows(stored->page) == 0;
    }
    *is_there = !stored->is_over;
    return DONE;
}

static void make_room(struct stored_sightings *stored,
                      struct stored_transaction *transaction, size_t *room)
{
    size_t larger = *room ? 2 * *room : 16;

    if (transaction->count < *room)
        return;
    transaction->list =
        arena_resize(stored->arena, transaction->list, *room * sizeof *transaction->list,
                     larger * sizeof *transaction->list);
    *room = larger;
}

/* The row, as the next of its transaction. */
static enum outcome take_row(struct stored_sightings *stored,
                             struct stored_transaction *transaction, struct err *e)
{
    const struct sighter *sighter = NULL;
    size_t ordinal = (size_t)pg_number(stored->page, stored->row, ORDINAL);

    if (find_kind(stored, &sighter, e))
        return e->outcome;
    if (ordinal != transaction->count)
        return err_exit(e, EX_DATAERR, "of its transaction sighting %zu is not there",
                        transaction->count);
    if (transaction->sighter && transaction->sighter != sighter)
        return err_exit(e, EX_DATAERR, "its transaction was of another kind");
    if (!transaction->case_rules
        && !(transaction->case_rules = reference_past_case_rules(
                 stored->past,
                 (int32_t)pg_number(stored->page, stored->row, CASE_REFERENCE), e)))
        return e->outcome;
    transaction->sighter = sighter;
    return read_sighting(stored, sighter, &transaction->list[transaction->count++], e);
}

static enum outcome name_row(const struct stored_sightings *stored, struct err *e)
{
    return err_wrap(e, "follow_up.sighting of link_seq %s, ordinal %s",
                    pg_value(stored->page, stored->row, LINK_SEQ),
                    pg_value(stored->page, stored->row, ORDINAL));
}

enum outcome stored_sightings_next(struct stored_sightings *stored,
                                   struct stored_transaction *transaction, struct err *e)
{
    size_t room = 0;
    bool is_there;

    *transaction = (struct stored_transaction){0};
    arena_reset(stored->arena, 8 << 20);
    for (;; stored->row++) {
        if (have_row(stored, &is_there, e))
            return e->outcome;
        if (!is_there)
            return DONE;
        if (transaction->count
            && pg_number(stored->page, stored->row, LINK_SEQ) != transaction->link_seq)
            return DONE;
        transaction->link_seq = pg_number(stored->page, stored->row, LINK_SEQ);
        make_room(stored, transaction, &room);
        if (take_row(stored, transaction, e))
            return name_row(stored, e);
    }
}
