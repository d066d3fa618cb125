/* reader.c - the reader schema's defaults, and the content hash. */
#include "consumers/runtime/reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"

static enum outcome decode_default(struct reader *reader,
                                   const struct schema_field *field, struct err *e)
{
    struct value *value = arena_take(reader->arena, sizeof *value);
    struct plan *plan = plan_compile(field->type, field->type, NULL, e);
    struct reject reject;
    bool done = plan
                && plan_run(plan, field->default_avro, field->default_size, reader->arena,
                            value, &reject);

    plan_free(plan);
    if (!done)
        return err_exit(e, EX_CONFIG, "%s: the default cannot be used", field->name);
    reader->defaults.values[field->ordinal] = value;
    return DONE;
}

/* Defaults of this type and of all that it contains. */
static enum outcome decode_defaults(struct reader *reader, const struct schema *schema,
                                    struct err *e)
{
    bool has_branches = schema->type == SCHEMA_UNION || schema->type == SCHEMA_ARRAY
                        || schema->type == SCHEMA_MAP;
    size_t branches = schema->type == SCHEMA_UNION ? schema->count : has_branches;

    for (size_t i = 0; i < branches; i++)
        if (decode_defaults(reader, schema->branches[i], e))
            return e->outcome;
    for (size_t i = 0; schema->type == SCHEMA_RECORD && i < schema->count; i++) {
        const struct schema_field *field = &schema->fields[i];
        if (decode_defaults(reader, field->type, e)
            || (field->default_json && decode_default(reader, field, e)))
            return e->outcome;
    }
    return DONE;
}

static enum outcome find_common_fields(struct reader *reader, struct err *e)
{
    const struct common_field {
        const char *name;
        enum schema_logical logical;
        int *index;
    } fields[] = {{"event_id", LOGICAL_UUID, &reader->event_id},
                  {"occurred_at", LOGICAL_TIMESTAMP_MICROS, &reader->occurred_at},
                  {"recorded_at", LOGICAL_TIMESTAMP_MICROS, &reader->recorded_at}};

    if (reader->schema->type != SCHEMA_RECORD)
        return err_exit(e, EX_CONFIG, "the schema is not a record");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        *fields[i].index = schema_find(reader->schema, fields[i].name);
        if (*fields[i].index < 0
            || reader->schema->fields[*fields[i].index].type->logical
                   != fields[i].logical)
            return err_exit(e, EX_CONFIG, "the schema has no field %s of the right type",
                            fields[i].name);
    }
    return DONE;
}

struct reader *reader_new(const struct schema_file *file, struct err *e)
{
    struct reader *reader = xcalloc(1, sizeof *reader);

    reader->schema = schema_root(file);
    reader->arena = arena_new();
    reader->sha256 = sha256_new();
    reader->defaults.values =
        xcalloc(schema_field_count(file) + 1, sizeof *reader->defaults.values);
    if (!find_common_fields(reader, e) && !decode_defaults(reader, reader->schema, e))
        return reader;
    reader_free(reader);
    return NULL;
}

void reader_free(struct reader *reader)
{
    if (!reader)
        return;
    arena_free(reader->arena);
    sha256_free(reader->sha256);
    free(reader->defaults.values);
    free(reader);
}

/* ---- content hash ---- */

static void hash_value(const struct reader *reader, const struct schema *schema,
                       const struct value *value);

static void hash_head(const struct reader *reader, char kind, uint64_t number)
{
    uint8_t head[9];

    head[0] = (uint8_t)kind;
    for (int i = 0; i < 8; i++)
        head[1 + i] = (uint8_t)(number >> (56 - 8 * i));
    sha256_add(reader->sha256, head, sizeof head);
}

/* A whole number is hashed alike whether its field is an int, a long or a double. */
static void hash_real(const struct reader *reader, double real)
{
    uint64_t bits;

    if (isnan(real))
        real = (double)NAN;
    if (fabs(real) <= 0x1p53 && trunc(real) == real) {
        hash_head(reader, 'n', (uint64_t)(int64_t)real);
        return;
    }
    memcpy(&bits, &real, sizeof bits);
    hash_head(reader, 'r', bits);
}

/* Field i of a record stands as 'f' i value; fields with their default do not stand at all. */
static void hash_record(const struct reader *reader, const struct schema *record,
                        const struct value *values, int left_out)
{
    for (size_t i = 0; i < record->count; i++) {
        const struct schema_field *field = &record->fields[i];
        const struct value *fallback = reader->defaults.values[field->ordinal];
        if ((int)i == left_out
            || (fallback && value_equal(field->type, &values[i], fallback)))
            continue;
        hash_head(reader, 'f', i);
        hash_value(reader, field->type, &values[i]);
    }
}

static void hash_items(const struct reader *reader, const struct schema *schema,
                       const struct value *value)
{
    hash_head(reader, 'i', value->count);
    if (schema->type == SCHEMA_RECORD) {
        hash_record(reader, schema, value->items, -1);
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        if (schema->type == SCHEMA_MAP) {
            const struct value *key = &value->items[2 * i];
            hash_head(reader, 'b', key->count);
            sha256_add(reader->sha256, key->bytes, key->count);
        }
        hash_value(reader, schema->branches[0],
                   &value->items[schema->type == SCHEMA_MAP ? 2 * i + 1 : i]);
    }
}

static void hash_value(const struct reader *reader, const struct schema *schema,
                       const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL: hash_head(reader, 'z', 0); break;
    case VALUE_NUMBER: hash_head(reader, 'n', (uint64_t)value->number); break;
    case VALUE_REAL: hash_real(reader, value->real); break;
    case VALUE_BYTES:
        hash_head(reader, 'b', value->count);
        sha256_add(reader->sha256, value->bytes, value->count);
        break;
    default: hash_items(reader, value_schema(schema, value), value);
    }
}

void reader_content_hash(const struct reader *reader, const struct value *values,
                         uint8_t digest[SHA256_SIZE])
{
    sha256_begin(reader->sha256);
    hash_record(reader, reader->schema, values, reader->recorded_at);
    sha256_end(reader->sha256, digest);
}
