/* avro_c.c - asks Avro-C. */
#include "tests/differential/avro_c.h"

#include <avro.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_value(struct text *out, const avro_value_t *value);

static void add_hex(struct text *out, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    text_add_string(out, "{\"bytes\":\"");
    for (size_t i = 0; i < size; i++)
        text_format(out, "%02x", at[i]);
    text_add_string(out, "\"}");
}

static void add_real(struct text *out, double real)
{
    uint64_t bits;

    memcpy(&bits, &real, sizeof bits);
    text_format(out, "{\"real\":\"%016" PRIx64 "\"}", bits);
}

static void add_number(struct text *out, const avro_value_t *value)
{
    int32_t narrow = 0;
    int64_t wide = 0;
    float single = 0;
    double real = 0;

    switch (avro_value_get_type(value)) {
    case AVRO_INT32:
        avro_value_get_int(value, &narrow);
        text_format(out, "%" PRId32, narrow);
        break;
    case AVRO_INT64:
        avro_value_get_long(value, &wide);
        text_format(out, "%" PRId64, wide);
        break;
    case AVRO_FLOAT:
        avro_value_get_float(value, &single);
        add_real(out, (double)single);
        break;
    default: avro_value_get_double(value, &real); add_real(out, real);
    }
}

static void add_text(struct text *out, const avro_value_t *value)
{
    const char *text = "";
    size_t size = 1; /* with the NUL */
    int symbol = 0;

    if (avro_value_get_type(value) == AVRO_ENUM) {
        avro_value_get_enum(value, &symbol);
        text = avro_schema_enum_get(avro_value_get_schema(value), symbol);
        size = strlen(text) + 1;
    } else {
        avro_value_get_string(value, &text, &size);
    }
    text_add_json_string(out, text, size - 1);
}

static void add_bytes(struct text *out, const avro_value_t *value)
{
    const void *bytes = "";
    size_t size = 0;

    if (avro_value_get_type(value) == AVRO_FIXED)
        avro_value_get_fixed(value, &bytes, &size);
    else
        avro_value_get_bytes(value, &bytes, &size);
    add_hex(out, bytes, size);
}

struct entry {
    const char *key;
    avro_value_t item;
};

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

/* Sorted by key, as ours are. */
static void add_map(struct text *out, const avro_value_t *map, size_t count)
{
    struct entry entries[64];

    for (size_t i = 0; i < count; i++)
        avro_value_get_by_index(map, i, &entries[i].item, &entries[i].key);
    qsort(entries, count, sizeof *entries, compare_entries);
    text_add_string(out, "{\"entries\":[");
    for (size_t i = 0; i < count; i++) {
        text_add_string(out, i ? ",[" : "[");
        text_add_json_string(out, entries[i].key, strlen(entries[i].key));
        text_add_string(out, ",");
        add_value(out, &entries[i].item);
        text_add_string(out, "]");
    }
    text_add_string(out, "]}");
}

static void add_items(struct text *out, const avro_value_t *value)
{
    bool is_record = avro_value_get_type(value) == AVRO_RECORD;
    avro_value_t item;
    const char *name;
    size_t count = 0;

    avro_value_get_size(value, &count);
    if (avro_value_get_type(value) == AVRO_MAP) {
        add_map(out, value, count);
        return;
    }
    text_add_string(out, is_record ? "{\"fields\":[" : "[");
    for (size_t i = 0; i < count; i++) {
        avro_value_get_by_index(value, i, &item, &name);
        text_add_string(out, i ? "," : "");
        if (is_record)
            text_format(out, "[\"%s\",", name);
        add_value(out, &item);
        text_add_string(out, is_record ? "]" : "");
    }
    text_add_string(out, is_record ? "]}" : "]");
}

static void add_value(struct text *out, const avro_value_t *value)
{
    avro_value_t branch;
    int boolean = 0;

    switch (avro_value_get_type(value)) {
    case AVRO_NULL: text_add_string(out, "null"); break;
    case AVRO_BOOLEAN:
        avro_value_get_boolean(value, &boolean);
        text_add_string(out, boolean ? "true" : "false");
        break;
    case AVRO_INT32:
    case AVRO_INT64:
    case AVRO_FLOAT:
    case AVRO_DOUBLE: add_number(out, value); break;
    case AVRO_STRING:
    case AVRO_ENUM: add_text(out, value); break;
    case AVRO_BYTES:
    case AVRO_FIXED: add_bytes(out, value); break;
    case AVRO_UNION:
        /* It chooses a branch when something is put there: not for a record without fields. */
        if (avro_value_get_current_branch(value, &branch))
            text_add_string(out, "{\"unset\":true}");
        else
            add_value(out, &branch);
        break;
    default: add_items(out, value);
    }
}

/* By the resolved writer: the resolved reader crashes on some maps. */
static void add_resolved(struct text *out, avro_schema_t writer, avro_schema_t reader,
                         avro_reader_t bytes)
{
    avro_value_iface_t *resolver = avro_resolved_writer_new(writer, reader), *class;
    avro_value_t resolved, value;

    if (!resolver) {
        text_add_string(out, "null");
        return;
    }
    class = avro_generic_class_from_schema(reader);
    avro_generic_value_new(class, &value);
    avro_resolved_writer_new_value(resolver, &resolved);
    avro_resolved_writer_set_dest(&resolved, &value);
    if (avro_value_read(bytes, &resolved) == 0)
        add_value(out, &value);
    else
        text_add_string(out, "null");
    avro_value_decref(&resolved);
    avro_value_iface_decref(resolver);
    avro_value_decref(&value);
    avro_value_iface_decref(class);
}

void avro_c_add_value(struct text *out, const char *writer, size_t writer_size,
                      const char *reader, size_t reader_size, const char *message,
                      size_t size)
{
    avro_schema_t writer_schema = NULL, reader_schema = NULL;
    avro_reader_t bytes = avro_reader_memory(message, (int64_t)size);

    if (avro_schema_from_json_length(writer, writer_size, &writer_schema)
        || avro_schema_from_json_length(reader, reader_size, &reader_schema)) {
        text_add_string(out, "null");
        avro_reader_free(bytes);
        return;
    }
    add_resolved(out, writer_schema, reader_schema, bytes);
    avro_schema_decref(writer_schema);
    avro_schema_decref(reader_schema);
    avro_reader_free(bytes);
}
