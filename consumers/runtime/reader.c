/* reader.c - the reader schema's defaults, and the content hash. */
#include "consumers/runtime/reader.h"

#include <endian.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"

static enum outcome decode_default(struct defaults *defaults, struct arena *arena,
                                   const struct schema_field *field, struct err *e)
{
    struct value *value = arena_take(arena, sizeof *value);
    struct plan *plan = plan_compile(field->type, field->type, NULL, e);
    struct reject reject;
    bool done = plan
                && plan_run(plan, field->default_avro, field->default_size, arena, value,
                            &reject);

    plan_free(plan);
    if (!done)
        return err_exit(e, EX_CONFIG, "%s: the default cannot be used", field->name);
    defaults->values[field->ordinal] = value;
    return DONE;
}

/* Defaults of this type and of all that it contains. */
static enum outcome decode_defaults(struct defaults *defaults, struct arena *arena,
                                    const struct schema *schema, struct err *e)
{
    bool has_branches = schema->type == SCHEMA_UNION || schema->type == SCHEMA_ARRAY
                        || schema->type == SCHEMA_MAP;
    size_t branches = schema->type == SCHEMA_UNION ? schema->count : has_branches;

    for (size_t i = 0; i < branches; i++)
        if (decode_defaults(defaults, arena, schema->branches[i], e))
            return e->outcome;
    for (size_t i = 0; schema->type == SCHEMA_RECORD && i < schema->count; i++) {
        const struct schema_field *field = &schema->fields[i];
        if (decode_defaults(defaults, arena, field->type, e)
            || (field->default_json && decode_default(defaults, arena, field, e)))
            return e->outcome;
    }
    return DONE;
}

enum outcome defaults_decode(struct defaults *defaults, const struct schema_file *file,
                             struct arena *arena, struct err *e)
{
    size_t count = schema_field_count(file) + 1;

    defaults->values = arena_take_array(arena, count, sizeof *defaults->values);
    memset(defaults->values, 0, count * sizeof *defaults->values);
    return decode_defaults(defaults, arena, schema_root(file), e);
}

/* Columns that the store fills by itself. */
static enum outcome refuse_own_names(const struct schema *schema, struct err *e)
{
    static const char *const names[] = {"source_id", "topic_offset", "content_hash",
                                        "stored_at"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (schema_find(schema, names[i]) >= 0)
            return err_exit(e, EX_CONFIG, "a field must not be named %s", names[i]);
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
    if (!find_common_fields(reader, e) && !refuse_own_names(reader->schema, e)
        && !defaults_decode(&reader->defaults, file, reader->arena, e))
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
    text_free(&reader->canonical);
    free(reader);
}

/* ---- content hash ---- */

/* What is hashed: heads of one letter and 8 bytes, big endian, and the bytes that some of them announce.
 *   f index value   a field, with a value that is not its default
 *   o ... e         a record, from its first field to its end
 *   i count ...     an array; m count ...  a map, sorted by key
 *   u branch        a union of more than null and one type; then the branch's value
 *   z  n  r  b      null, whole number, other number, bytes */

static void put_value(struct text *out, const struct reader *reader,
                      const struct schema *schema, const struct value *value);

enum { HEAD_SIZE = 9 };

static inline void write_head(char *at, char letter, uint64_t number)
{
    number = htobe64(number);
    at[0] = letter;
    memcpy(at + 1, &number, sizeof number);
}

static inline void put_head(struct text *out, char letter, uint64_t number)
{
    write_head(text_more(out, HEAD_SIZE), letter, number);
}

static inline void put_bytes(struct text *out, const struct value *value)
{
    char *at = text_more(out, HEAD_SIZE + (size_t)value->count);

    write_head(at, 'b', value->count);
    memcpy(at + HEAD_SIZE, value->bytes, value->count);
}

/* A whole number is hashed alike whether its field is an int, a long or a double. */
static void put_real(struct text *out, double real)
{
    uint64_t bits;

    if (isnan(real))
        real = (double)NAN;
    if (fabs(real) <= 0x1p53 && trunc(real) == real) {
        put_head(out, 'n', (uint64_t)(int64_t)real);
        return;
    }
    memcpy(&bits, &real, sizeof bits);
    put_head(out, 'r', bits);
}

static void put_fields(struct text *out, const struct reader *reader,
                       const struct schema *record, const struct value *values,
                       int left_out)
{
    for (size_t i = 0; i < record->count; i++) {
        const struct schema_field *field = &record->fields[i];
        const struct value *fallback = reader->defaults.values[field->ordinal];
        if ((int)i == left_out
            || (fallback && value_equal(field->type, &values[i], fallback)))
            continue;
        put_head(out, 'f', i);
        put_value(out, reader, field->type, &values[i]);
    }
}

static void put_items(struct text *out, const struct reader *reader,
                      const struct schema *schema, const struct value *value)
{
    if (schema->type == SCHEMA_RECORD) {
        put_head(out, 'o', 0);
        put_fields(out, reader, schema, value->items, -1);
        put_head(out, 'e', 0);
        return;
    }
    put_head(out, schema->type == SCHEMA_MAP ? 'm' : 'i', value->count);
    for (size_t i = 0; i < value->count; i++) {
        if (schema->type == SCHEMA_MAP)
            put_bytes(out, &value->items[2 * i]);
        put_value(out, reader, schema->branches[0],
                  &value->items[schema->type == SCHEMA_MAP ? 2 * i + 1 : i]);
    }
}

static void put_value(struct text *out, const struct reader *reader,
                      const struct schema *schema, const struct value *value)
{
    bool optional;

    /* Making a field optional must not change what is hashed. */
    if (schema->type == SCHEMA_UNION && !schema_strip_null(schema, &optional))
        put_head(out, 'u', value->branch);
    switch (value->kind) {
    case VALUE_NULL: put_head(out, 'z', 0); break;
    case VALUE_NUMBER: put_head(out, 'n', (uint64_t)value->number); break;
    case VALUE_REAL: put_real(out, value->real); break;
    case VALUE_BYTES: put_bytes(out, value); break;
    default: put_items(out, reader, value_schema(schema, value), value);
    }
}

void reader_content_hash(struct reader *reader, const struct value *values,
                         uint8_t digest[SHA256_SIZE])
{
    struct text *out = &reader->canonical;

    text_clear(out);
    put_fields(out, reader, reader->schema, values, reader->recorded_at);
    sha256_begin(reader->sha256);
    sha256_add(reader->sha256, out->bytes, out->size);
    sha256_end(reader->sha256, digest);
}
