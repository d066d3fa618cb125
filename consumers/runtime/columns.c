/* columns.c - from the reader schema to columns, and from values to rows of COPY BINARY. */
#include "consumers/runtime/columns.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "consumers/runtime/copy.h"
#include "consumers/runtime/sql.h"

typedef void put_value(struct text *out, const struct schema *schema,
                       const struct value *value);

struct column {
    const char *name;
    const char *sql_type;
    int field; /* of the reader; -1: one of the store's own */
    const struct schema *schema;
    put_value *put;
};

struct columns {
    const char *kind;
    size_t count;
    struct column *list;
    struct text table; /* "events.<kind>" */
    struct text copy_sql;
    struct layout layout;
};

/* ---- values ---- */

static void put_boolean(struct text *out, const struct schema *schema,
                        const struct value *value)
{
    (void)schema;
    copy_put_bytes(out, value->number ? "\1" : "\0", 1);
}

static void put_integer(struct text *out, const struct schema *schema,
                        const struct value *value)
{
    (void)schema;
    copy_put_int32(out, (int32_t)value->number);
}

static void put_bigint(struct text *out, const struct schema *schema,
                       const struct value *value)
{
    (void)schema;
    copy_put_int64(out, value->number);
}

static void put_time(struct text *out, const struct schema *schema,
                     const struct value *value)
{
    (void)schema;
    copy_put_time(out, value->number);
}

static void put_real(struct text *out, const struct schema *schema,
                     const struct value *value)
{
    float real = (float)value->real;
    int32_t bits;

    (void)schema;
    memcpy(&bits, &real, sizeof bits);
    copy_put_int32(out, bits);
}

static void put_double(struct text *out, const struct schema *schema,
                       const struct value *value)
{
    (void)schema;
    copy_put_double(out, value->real);
}

static void put_bytes(struct text *out, const struct schema *schema,
                      const struct value *value)
{
    (void)schema;
    copy_put_bytes(out, value->bytes, value->count);
}

static void put_array(struct text *out, uint32_t item_oid, const struct value *value)
{
    size_t start = copy_open_value(out);

    copy_put_array_head(out, item_oid, value->count);
    for (uint32_t i = 0; i < value->count; i++)
        copy_put_bytes(out, value->items[i].bytes, value->items[i].count);
    copy_close_value(out, start);
}

static void put_texts(struct text *out, const struct schema *schema,
                      const struct value *value)
{
    (void)schema;
    put_array(out, 25, value);
}

static void put_uuids(struct text *out, const struct schema *schema,
                      const struct value *value)
{
    (void)schema;
    put_array(out, 2950, value);
}

static void put_json(struct text *out, const struct schema *schema,
                     const struct value *value)
{
    size_t start = copy_open_value(out);

    value_json(out, schema, value);
    copy_close_value(out, start);
}

enum { ANY_LOGICAL = -1 };

static const struct type_row {
    enum schema_type type;
    int logical;
    const char *sql_type;
    put_value *put;
} type_rows[] = {
    {SCHEMA_BOOLEAN, ANY_LOGICAL, "boolean", put_boolean},
    {SCHEMA_INT, ANY_LOGICAL, "integer", put_integer},
    {SCHEMA_LONG, LOGICAL_TIMESTAMP_MICROS, "timestamp with time zone", put_time},
    {SCHEMA_LONG, LOGICAL_NONE, "bigint", put_bigint},
    {SCHEMA_FLOAT, ANY_LOGICAL, "real", put_real},
    {SCHEMA_DOUBLE, ANY_LOGICAL, "double precision", put_double},
    {SCHEMA_STRING, LOGICAL_UUID, "uuid", put_bytes},
    {SCHEMA_STRING, LOGICAL_NONE, "text", put_bytes},
    {SCHEMA_ENUM, ANY_LOGICAL, "text", put_bytes},
    {SCHEMA_BYTES, ANY_LOGICAL, "bytea", put_bytes},
    {SCHEMA_FIXED, ANY_LOGICAL, "bytea", put_bytes},
};

static void find_type(struct column *column)
{
    bool optional;
    const struct schema *type = schema_strip_null(column->schema, &optional);
    const struct schema *item =
        type && type->type == SCHEMA_ARRAY ? type->branches[0] : NULL;

    column->sql_type = "json";
    column->put = put_json;
    if (!type)
        return;
    for (size_t i = 0; i < sizeof type_rows / sizeof type_rows[0]; i++)
        if (type_rows[i].type == type->type
            && (type_rows[i].logical == ANY_LOGICAL
                || type_rows[i].logical == (int)type->logical)) {
            column->sql_type = type_rows[i].sql_type;
            column->put = type_rows[i].put;
            return;
        }
    if (item && item->type == SCHEMA_STRING) {
        column->sql_type = item->logical == LOGICAL_UUID ? "uuid[]" : "text[]";
        column->put = item->logical == LOGICAL_UUID ? put_uuids : put_texts;
    }
}

/* Types of a newer table that take all that the field can be. */
static const struct wider_row {
    const char *sql_type, *wider;
    put_value *put;
} wider_rows[] = {
    {"integer", "bigint", put_bigint},
    {"real", "double precision", put_double},
};

/* Takes on the type that the column has in the table; false: the field does not fit it. */
static bool adapt_type(struct column *column, const char *sql_type)
{
    if (column->schema)
        find_type(column);
    if (strcmp(column->sql_type, sql_type) == 0)
        return true;
    for (size_t i = 0; column->schema && i < sizeof wider_rows / sizeof wider_rows[0];
         i++)
        if (strcmp(wider_rows[i].sql_type, column->sql_type) == 0
            && strcmp(wider_rows[i].wider, sql_type) == 0) {
            column->sql_type = wider_rows[i].wider;
            column->put = wider_rows[i].put;
            return true;
        }
    return false;
}

/* The column will be wide enough once the table is as new as we are. */
static bool is_behind(const struct column *column, const char *sql_type)
{
    for (size_t i = 0; column->schema && i < sizeof wider_rows / sizeof wider_rows[0];
         i++)
        if (strcmp(wider_rows[i].wider, column->sql_type) == 0
            && strcmp(wider_rows[i].sql_type, sql_type) == 0)
            return true;
    return false;
}

/* ---- the list ---- */

static const struct column own_columns[] = {
    {"source_id", "integer", -1, NULL, NULL},
    {"topic_offset", "bigint", -1, NULL, NULL},
    {"content_hash", "bytea", -1, NULL, NULL},
};
enum { OWN_COLUMNS = sizeof own_columns / sizeof own_columns[0] };

static const struct column found_columns[] = {
    {"wgs84_longitude", "double precision", -1, NULL, NULL},
    {"wgs84_latitude", "double precision", -1, NULL, NULL},
    {"located_grid_code", "text", -1, NULL, NULL},
    {"located_community_code", "text", -1, NULL, NULL},
    {"located_subdistrict_code", "text", -1, NULL, NULL},
    {"located_version", "integer", -1, NULL, NULL},
};
enum { FOUND_COLUMNS = sizeof found_columns / sizeof found_columns[0] };

static void write_statement(struct columns *columns)
{
    text_format(&columns->table, "events.%s", columns->kind);
    text_format(&columns->copy_sql, "copy %s (", columns->table.bytes);
    for (size_t i = 0; i < columns->count; i++) {
        char *quoted = pg_quote_name(columns->list[i].name);
        text_format(&columns->copy_sql, "%s%s", i ? ", " : "", quoted);
        free(quoted);
    }
    text_add_string(&columns->copy_sql, ") from stdin (format binary)");
}

static void write_layout(struct columns *columns)
{
    layout_begin(&columns->layout, columns->table.bytes);
    for (size_t i = 0; i < columns->count; i++)
        layout_add(&columns->layout, columns->list[i].name, columns->list[i].sql_type);
    layout_end(&columns->layout);
}

struct columns *columns_new(const struct reader *reader, const char *kind)
{
    struct columns *columns = xcalloc(1, sizeof *columns);

    columns->kind = kind;
    columns->count = OWN_COLUMNS + reader->schema->count + FOUND_COLUMNS;
    columns->list = xcalloc(columns->count, sizeof *columns->list);
    memcpy(columns->list, own_columns, sizeof own_columns);
    memcpy(columns->list + columns->count - FOUND_COLUMNS, found_columns,
           sizeof found_columns);
    for (size_t i = 0; i < reader->schema->count; i++) {
        struct column *column = &columns->list[OWN_COLUMNS + i];
        column->name = reader->schema->fields[i].name;
        column->schema = reader->schema->fields[i].type;
        column->field = (int)i;
        find_type(column);
    }
    write_statement(columns);
    write_layout(columns);
    return columns;
}

void columns_free(struct columns *columns)
{
    if (!columns)
        return;
    text_free(&columns->table);
    text_free(&columns->copy_sql);
    layout_free(&columns->layout);
    free(columns->list);
    free(columns);
}

const char *columns_copy_sql(const struct columns *columns)
{
    return columns->copy_sql.bytes;
}

static struct column *find_column(const struct columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++)
        if (strcmp(columns->list[i].name, name) == 0)
            return &columns->list[i];
    return NULL;
}

/* One column of the table against ours; ours may be NULL. */
static enum outcome check_column(const char *kind, struct column *ours,
                                 const struct pg_result *result, size_t row,
                                 struct err *e)
{
    const char *name = pg_value(result, row, 0), *type = pg_value(result, row, 1);
    bool not_null = pg_value(result, row, 2)[0] == 't', optional = false;

    if (!ours && pg_value(result, row, 3)[0] == 't')
        return err_exit(e, EX_CONFIG,
                        "column %s of events.%s must not be null and has no default, and "
                        "this version does not know it",
                        name, kind);
    if (!ours)
        return DONE;
    if (!adapt_type(ours, type) && is_behind(ours, type))
        return err_set(e, RETRY,
                       "column %s of events.%s is %s; the schema needs %s: run "
                       "gridloopctl setup",
                       name, kind, type, ours->sql_type);
    if (strcmp(type, ours->sql_type) != 0)
        return err_exit(e, EX_CONFIG, "column %s of events.%s is %s; the schema needs %s",
                        name, kind, type, ours->sql_type);
    if (ours->schema)
        schema_strip_null(ours->schema, &optional);
    if (optional && not_null)
        return err_exit(e, EX_CONFIG,
                        "column %s of events.%s must not be null, but the field may be",
                        name, kind);
    return DONE;
}

static bool has_column(const struct pg_result *result, const char *name)
{
    for (size_t row = 0; row < pg_rows(result); row++)
        if (strcmp(pg_value(result, row, 0), name) == 0)
            return true;
    return false;
}

static enum outcome check_all(const struct columns *columns,
                              const struct pg_result *result, struct err *e)
{
    for (size_t row = 0; row < pg_rows(result); row++) {
        struct column *ours = find_column(columns, pg_value(result, row, 0));
        if (check_column(columns->kind, ours, result, row, e))
            return e->outcome;
    }
    if (pg_rows(result) == 0)
        return err_set(e, RETRY, "there is no table events.%s: run gridloopctl setup",
                       columns->kind);
    for (size_t i = 0; i < columns->count; i++)
        if (!has_column(result, columns->list[i].name))
            return err_set(e, RETRY,
                           "table events.%s has no column %s: run gridloopctl setup",
                           columns->kind, columns->list[i].name);
    return DONE;
}

enum outcome columns_check(struct columns *columns, struct pg *pg, struct err *e)
{
    struct pg_result *result = NULL;
    enum outcome outcome =
        pg_query(pg, sql_text("columns"), &columns->kind, 1, &result, e);

    if (!outcome)
        outcome = check_all(columns, result, e);
    if (!outcome)
        write_layout(columns);
    pg_result_free(result);
    return outcome;
}

const struct layout *columns_layout(const struct columns *columns)
{
    return &columns->layout;
}

static void put_location(struct text *out, const struct location *location)
{
    if (!location) {
        for (int i = 0; i < FOUND_COLUMNS; i++)
            copy_put_null(out);
        return;
    }
    copy_put_double(out, location->wgs84.longitude);
    copy_put_double(out, location->wgs84.latitude);
    copy_put_string(out, location->grid_code);
    copy_put_string(out, location->community_code);
    copy_put_string(out, location->subdistrict_code);
    copy_put_positive(out, location->version);
}

void columns_put_row(const struct columns *columns, struct text *out,
                     const struct event *event, int32_t source_id)
{
    copy_put_count(out, (int16_t)columns->count);
    copy_put_int32(out, source_id);
    copy_put_int64(out, event->message.offset);
    copy_put_bytes(out, event->content_hash, sizeof event->content_hash);
    for (size_t i = OWN_COLUMNS; i < columns->count - FOUND_COLUMNS; i++) {
        const struct column *column = &columns->list[i];
        const struct value *value = &event->values[column->field];
        if (value->kind == VALUE_NULL)
            copy_put_null(out);
        else
            column->put(out, column->schema, value);
    }
    put_location(out, event->location);
}
