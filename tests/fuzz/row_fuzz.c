/* row_fuzz.c - the row that COPY BINARY gets of an event, read again from PostgreSQL's documentation of it.
 *
 * Input: a message; one with a frame that nobody knows is given to any of the schemas. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/text.h"
#include "consumers/runtime/columns.h"
#include "tests/fuzz/support.h"

enum { SOURCE_ID = 77, TEXT_OID = 25, UUID_OID = 2950 };
static const int64_t TOPIC_OFFSET = 0x0102030405060708;
static const int64_t SECONDS_TO_2000 = 946684800;

struct bytes {
    const uint8_t *at;
    size_t size;
};

static const uint8_t *take(struct bytes *from, size_t size)
{
    const uint8_t *at = from->at;

    MUST(size <= from->size);
    from->at += size;
    from->size -= size;
    return at;
}

static uint64_t take_number(struct bytes *from, size_t size)
{
    const uint8_t *at = take(from, size);
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++)
        number = number << 8 | at[i];
    return number;
}

/* False: null. */
static bool take_field(struct bytes *row, struct bytes *field)
{
    uint32_t length = (uint32_t)take_number(row, 4);

    if (length == UINT32_MAX)
        return false;
    *field = (struct bytes){take(row, length), length};
    return true;
}

static bool same_bytes(struct bytes field, const struct value *value)
{
    return field.size == value->count && memcmp(field.at, value->bytes, field.size) == 0;
}

static bool same_float(struct bytes *field, double real)
{
    uint32_t bits = (uint32_t)take_number(field, 4);
    float read, wanted = (float)real;

    memcpy(&read, &bits, sizeof read);
    return isnan(wanted) ? isnan(read) : memcmp(&read, &wanted, sizeof read) == 0;
}

static bool same_double(struct bytes *field, double real)
{
    uint64_t bits = take_number(field, 8);

    return memcmp(&bits, &real, sizeof bits) == 0;
}

static void check_array(struct bytes field, uint32_t oid, const struct value *value)
{
    struct bytes item;

    MUST(take_number(&field, 4) == (value->count > 0)); /* dimensions */
    MUST(take_number(&field, 4) == 0);                  /* no nulls */
    MUST(take_number(&field, 4) == oid);
    if (value->count > 0)
        MUST(take_number(&field, 4) == value->count && take_number(&field, 4) == 1);
    for (uint32_t i = 0; i < value->count; i++)
        MUST(take_field(&field, &item) && same_bytes(item, &value->items[i]));
    MUST(field.size == 0);
}

/* ---- json ---- */

static bool same_json(const json_t *json, const struct schema *schema,
                      const struct value *value);

/* RFC 3339 in UTC, with microseconds where there are any. */
static bool same_time(const char *text, int64_t micros)
{
    int64_t fraction = (micros % 1000000 + 1000000) % 1000000;
    time_t seconds = (micros - fraction) / 1000000;
    char wanted[80], tail[24] = "Z";
    struct tm parts;

    gmtime_r(&seconds, &parts);
    if (fraction)
        snprintf(tail, sizeof tail, ".%06dZ", (int)fraction);
    snprintf(wanted, sizeof wanted, "%04d-%02d-%02dT%02d:%02d:%02d%s",
             parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
             parts.tm_min, parts.tm_sec, tail);
    return strcmp(text, wanted) == 0;
}

static bool same_json_number(const json_t *json, const struct schema *schema,
                             int64_t number)
{
    if (schema->logical == LOGICAL_TIMESTAMP_MICROS)
        return json_is_string(json) && same_time(json_string_value(json), number);
    if (schema->type == SCHEMA_BOOLEAN)
        return json_is_boolean(json) && json_is_true(json) == (number != 0);
    return json_is_integer(json) && json_integer_value(json) == number;
}

static bool same_json_bytes(const json_t *json, const struct schema *schema,
                            const struct value *value)
{
    const char *text = json_string_value(json);

    MUST(text && (schema->type == SCHEMA_STRING || schema->type == SCHEMA_ENUM));
    MUST(schema->logical == LOGICAL_NONE);
    return json_string_length(json) == value->count
           && memcmp(text, value->bytes, value->count) == 0;
}

static bool same_json_items(const json_t *json, const struct schema *schema,
                            const struct value *value)
{
    bool is_record = schema->type == SCHEMA_RECORD, same = true;

    MUST(is_record ? json_is_object(json) : json_is_array(json));
    MUST((is_record ? json_object_size(json) : json_array_size(json)) == value->count);
    for (uint32_t i = 0; i < value->count && same; i++) {
        const json_t *item = is_record ? json_object_get(json, schema->fields[i].name)
                                       : json_array_get(json, i);
        same = same_json(item, is_record ? schema->fields[i].type : schema->branches[0],
                         &value->items[i]);
    }
    return same;
}

static bool same_json(const json_t *json, const struct schema *schema,
                      const struct value *value)
{
    schema = value_schema(schema, value);
    switch (value->kind) {
    case VALUE_NULL: return json_is_null(json);
    case VALUE_NUMBER: return same_json_number(json, schema, value->number);
    case VALUE_REAL:
        if (!isfinite(value->real))
            return json_is_null(json);
        return json_is_number(json) && json_number_value(json) == value->real;
    case VALUE_BYTES: return same_json_bytes(json, schema, value);
    default: return same_json_items(json, schema, value);
    }
}

static void check_json(struct bytes field, const struct schema *schema,
                       const struct value *value)
{
    json_t *json = json_loadb((const char *)field.at, field.size,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);

    MUST(json && same_json(json, schema, value));
    json_decref(json);
}

/* ---- columns ---- */

static bool same_number(struct bytes *field, const struct schema *schema, int64_t number)
{
    if (schema->type == SCHEMA_BOOLEAN)
        return take_number(field, 1) == (uint64_t)number;
    if (schema->type == SCHEMA_INT)
        return (int32_t)take_number(field, 4) == number;
    if (schema->logical == LOGICAL_TIMESTAMP_MICROS)
        number -= SECONDS_TO_2000 * 1000000;
    return (int64_t)take_number(field, 8) == number;
}

static bool is_list_of_texts(const struct schema *schema)
{
    return schema->type == SCHEMA_ARRAY && schema->branches[0]->type == SCHEMA_STRING;
}

static void check_field(struct bytes field, const struct schema *declared,
                        const struct value *value)
{
    const struct schema *schema = value_schema(declared, value);

    if (value->kind == VALUE_BYTES)
        MUST(same_bytes(field, value));
    else if (value->kind == VALUE_NUMBER)
        MUST(same_number(&field, schema, value->number) && field.size == 0);
    else if (schema->type == SCHEMA_FLOAT)
        MUST(same_float(&field, value->real) && field.size == 0);
    else if (schema->type == SCHEMA_DOUBLE)
        MUST(same_double(&field, value->real) && field.size == 0);
    else if (is_list_of_texts(schema))
        check_array(field,
                    schema->branches[0]->logical == LOGICAL_UUID ? UUID_OID : TEXT_OID,
                    value);
    else
        check_json(field, declared, value);
}

/* What enrichment may have found, behind the event's own columns. */
static const struct location somewhere = {
    .wgs84 = {114.25, 36.125}, .version = 7, .grid_code = "G-1", .subdistrict_code = "S"};
enum { FOUND_COLUMNS = 6 };

static void check_code(struct bytes *row, const char *code)
{
    struct bytes field;

    MUST(take_field(row, &field) == (code != NULL));
    MUST(!code
         || (field.size == strlen(code) && memcmp(field.at, code, field.size) == 0));
}

static void check_location(struct bytes *row, const struct location *location)
{
    static const struct location nowhere;
    const struct location *found = location ? location : &nowhere;
    const double degrees[] = {found->wgs84.longitude, found->wgs84.latitude};
    struct bytes field;

    for (int i = 0; i < 2; i++) {
        MUST(take_field(row, &field) == (location != NULL));
        MUST(!location || same_double(&field, degrees[i]));
    }
    check_code(row, found->grid_code);
    check_code(row, found->community_code);
    check_code(row, found->subdistrict_code);
    MUST(take_field(row, &field) == (found->version > 0));
    MUST(found->version == 0 || take_number(&field, 4) == (uint64_t)found->version);
}

static void check_row(struct bytes row, const struct schema *schema,
                      const struct event *event)
{
    struct bytes field;

    MUST(take_number(&row, 2) == schema->count + 3 + FOUND_COLUMNS);
    MUST(take_number(&row, 4) == 4 && take_number(&row, 4) == SOURCE_ID);
    MUST(take_number(&row, 4) == 8 && (int64_t)take_number(&row, 8) == TOPIC_OFFSET);
    MUST(take_field(&row, &field) && field.size == SHA256_SIZE);
    MUST(memcmp(field.at, event->content_hash, SHA256_SIZE) == 0);
    for (size_t i = 0; i < schema->count; i++) {
        bool is_there = take_field(&row, &field);
        MUST(is_there == (event->values[i].kind != VALUE_NULL));
        if (is_there)
            check_field(field, schema->fields[i].type, &event->values[i]);
    }
    check_location(&row, event->location);
    MUST(row.size == 0);
}

static const struct columns *columns_of(size_t kind)
{
    static struct columns *columns[FUZZ_KINDS];

    if (!columns[kind])
        columns[kind] = columns_new(decoder_reader(fuzz_decoder(kind)), fuzz_kinds[kind]);
    return columns[kind];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct text row;
    struct event event;
    size_t kind;

    if (size < FRAME_SIZE)
        return 0;
    event = *fuzz_decode_framed(data, size, &kind);
    if (event.outcome != EVENT_STORED)
        return 0;
    event.message.offset = TOPIC_OFFSET;
    event.location = data[size - 1] & 1 ? &somewhere : NULL;
    text_clear(&row);
    columns_put_row(columns_of(kind), &row, &event, SOURCE_ID);
    check_row((struct bytes){(const uint8_t *)row.bytes, row.size},
              decoder_reader(fuzz_decoder(kind))->schema, &event);
    return 0;
}
