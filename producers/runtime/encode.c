/* encode.c - walks a datum beside the Avro-C value that it fills. */
#include "producers/runtime/encode.h"

#include <avro.h>
#include <errno.h>
#include <stdlib.h>

#include "common/arena.h"

enum { HEADER_SIZE = 10 };

struct encoder {
    avro_schema_t schema;
    avro_value_iface_t *class;
    avro_value_t value; /* used again from event to event */
    avro_writer_t writer;
    unsigned char buffer[ENCODE_MAX_BYTES];
};

static int put(avro_value_t *value, const struct datum *datum);

/* Avro-C counts the NUL that it keeps behind a string. */
static int put_text(avro_value_t *value, const struct datum *datum)
{
    return avro_value_set_string_len(value, (char *)(uintptr_t)datum->text,
                                     datum->count + 1);
}

static int put_items(avro_value_t *value, const struct datum *datum)
{
    avro_value_t item;
    int error = 0;

    for (size_t i = 0; !error && i < datum->count; i++)
        if (datum->type->type == SCHEMA_RECORD)
            error = avro_value_get_by_index(value, i, &item, NULL)
                    || put(&item, &datum->items[i]);
        else
            error = avro_value_append(value, &item, NULL) || put(&item, &datum->items[i]);
    return error;
}

/* 0, or what Avro-C answers if the value is not of the schema: a bug. */
static int put(avro_value_t *value, const struct datum *datum)
{
    avro_value_t branch;

    if (datum->branch >= 0) {
        int error = avro_value_set_branch(value, datum->branch, &branch);
        if (error)
            return error;
        value = &branch;
    }
    switch (datum->type->type) {
    case SCHEMA_NULL: return avro_value_set_null(value);
    case SCHEMA_BOOLEAN: return avro_value_set_boolean(value, (int)datum->number);
    case SCHEMA_INT: return avro_value_set_int(value, (int32_t)datum->number);
    case SCHEMA_LONG: return avro_value_set_long(value, datum->number);
    case SCHEMA_FLOAT: return avro_value_set_float(value, (float)datum->real);
    case SCHEMA_DOUBLE: return avro_value_set_double(value, datum->real);
    case SCHEMA_STRING: return put_text(value, datum);
    case SCHEMA_ENUM: return avro_value_set_enum(value, (int)datum->number);
    case SCHEMA_ARRAY:
    case SCHEMA_RECORD: return put_items(value, datum);
    default: return EINVAL;
    }
}

static void put_header(struct encoder *encoder, uint64_t fingerprint)
{
    encoder->buffer[0] = 0xc3;
    encoder->buffer[1] = 0x01;
    for (int i = 0; i < 8; i++)
        encoder->buffer[2 + i] = (unsigned char)(fingerprint >> 8 * i);
}

struct encoder *encoder_new(const struct contract *contract, struct err *e)
{
    struct encoder *encoder = xcalloc(1, sizeof *encoder);
    size_t size;
    const char *text = schema_text(contract->file, &size);

    if (avro_schema_from_json_length(text, size, &encoder->schema)
        || !(encoder->class = avro_generic_class_from_schema(encoder->schema))
        || avro_generic_value_new(encoder->class, &encoder->value)) {
        err_set(e, FATAL, "Avro-C does not take the schema of %s: %s", contract->kind,
                avro_strerror());
        encoder_free(encoder);
        return NULL;
    }
    put_header(encoder, schema_fingerprint(contract->file));
    encoder->writer = avro_writer_memory((char *)encoder->buffer + HEADER_SIZE,
                                         (int64_t)sizeof encoder->buffer - HEADER_SIZE);
    return encoder;
}

void encoder_free(struct encoder *encoder)
{
    if (!encoder)
        return;
    if (encoder->writer)
        avro_writer_free(encoder->writer);
    if (encoder->value.iface)
        avro_value_decref(&encoder->value);
    if (encoder->class)
        avro_value_iface_decref(encoder->class);
    if (encoder->schema)
        avro_schema_decref(encoder->schema);
    free(encoder);
}

enum outcome encode_event(struct encoder *encoder, const struct datum *event,
                          const void **bytes, size_t *size, struct err *e)
{
    avro_writer_reset(encoder->writer);
    if (avro_value_reset(&encoder->value) || put(&encoder->value, event))
        return err_set(e, FATAL, "Avro-C does not take a checked event: %s",
                       avro_strerror());
    if (avro_value_write(encoder->writer, &encoder->value))
        return err_set(e, REJECT, "is larger than %d bytes", ENCODE_MAX_BYTES);
    *bytes = encoder->buffer;
    *size = HEADER_SIZE + (size_t)avro_writer_tell(encoder->writer);
    return DONE;
}
