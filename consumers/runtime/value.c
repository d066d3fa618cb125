/* value.c - comparing values and writing them as JSON. */
#include "consumers/runtime/value.h"

#include <string.h>

#include "common/clock.h"
#include "common/hash.h"

static bool bytes_equal(const struct value *a, const struct value *b)
{
    return a->count == b->count && memcmp(a->bytes, b->bytes, a->count) == 0;
}

static bool items_equal(const struct schema *schema, const struct value *a,
                        const struct value *b)
{
    for (uint32_t i = 0; schema->type == SCHEMA_MAP && i < a->count; i++)
        if (!bytes_equal(&a->items[2 * i], &b->items[2 * i])
            || !value_equal(schema->branches[0], &a->items[2 * i + 1],
                            &b->items[2 * i + 1]))
            return false;
    for (uint32_t i = 0; schema->type != SCHEMA_MAP && i < a->count; i++) {
        const struct schema *item =
            schema->type == SCHEMA_RECORD ? schema->fields[i].type : schema->branches[0];
        if (!value_equal(item, &a->items[i], &b->items[i]))
            return false;
    }
    return true;
}

bool value_equal(const struct schema *schema, const struct value *a,
                 const struct value *b)
{
    if (a->kind != b->kind || (schema->type == SCHEMA_UNION && a->branch != b->branch))
        return false;
    schema = value_schema(schema, a);
    switch (a->kind) {
    case VALUE_NULL: return true;
    case VALUE_NUMBER: return a->number == b->number;
    case VALUE_REAL: return memcmp(&a->real, &b->real, sizeof a->real) == 0;
    case VALUE_BYTES: return bytes_equal(a, b);
    default: return a->count == b->count && items_equal(schema, a, b);
    }
}

static void hex_json(struct text *out, const struct value *value)
{
    text_add_string(out, "\"");
    for (uint32_t i = 0; i < value->count; i++)
        text_format(out, "%02x", value->bytes[i]);
    text_add_string(out, "\"");
}

static void bytes_json(struct text *out, const struct schema *schema,
                       const struct value *value)
{
    char uuid[UUID_TEXT_SIZE];

    if (schema->logical == LOGICAL_UUID) {
        uuid_format(uuid, value->bytes);
        text_format(out, "\"%s\"", uuid);
    } else if (schema->type == SCHEMA_BYTES || schema->type == SCHEMA_FIXED) {
        hex_json(out, value);
    } else {
        text_add_json_string(out, value->bytes, value->count);
    }
}

static void number_json(struct text *out, const struct schema *schema, int64_t number)
{
    char time[CLOCK_TEXT_SIZE];

    if (schema->logical == LOGICAL_TIMESTAMP_MICROS) {
        clock_format(time, number);
        text_format(out, "\"%s\"", time);
    } else if (schema->type == SCHEMA_BOOLEAN) {
        text_add_string(out, number ? "true" : "false");
    } else {
        text_format(out, "%lld", (long long)number);
    }
}

static void items_json(struct text *out, const struct schema *schema,
                       const struct value *value)
{
    bool named = schema->type != SCHEMA_ARRAY;

    text_add_string(out, named ? "{" : "[");
    for (uint32_t i = 0; i < value->count; i++) {
        text_add_string(out, i ? "," : "");
        if (schema->type == SCHEMA_RECORD) {
            text_format(out, "\"%s\":", schema->fields[i].name);
            value_json(out, schema->fields[i].type, &value->items[i]);
        } else if (schema->type == SCHEMA_MAP) {
            text_add_json_string(out, value->items[2 * i].bytes,
                                 value->items[2 * i].count);
            text_add_string(out, ":");
            value_json(out, schema->branches[0], &value->items[2 * i + 1]);
        } else {
            value_json(out, schema->branches[0], &value->items[i]);
        }
    }
    text_add_string(out, named ? "}" : "]");
}

void value_json(struct text *out, const struct schema *schema, const struct value *value)
{
    schema = value_schema(schema, value);
    switch (value->kind) {
    case VALUE_NULL: text_add_string(out, "null"); break;
    case VALUE_NUMBER: number_json(out, schema, value->number); break;
    case VALUE_REAL: text_add_json_double(out, value->real); break;
    case VALUE_BYTES: bytes_json(out, schema, value); break;
    default: items_json(out, schema, value);
    }
}
