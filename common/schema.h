/* schema.h - an Avro schema as the program needs it: types, logical types, defaults, aliases, docs and
 * the contract's rules ("gridloop.*" attributes), read from the .avsc text with jansson.
 *
 * Avro-C's own parser drops docs, defaults, aliases, logical types and attributes and accepts schemas
 * that crash it later, so it is used to encode only. What is refused here, with the path of the place:
 * nested unions, doubled branches, fields or symbols, sizes below 0, names that Avro does not allow,
 * defaults that do not fit, recursion, more than 64 levels, unions of more than 255 branches, more than 10,000 types with each named one counted
 * wherever it stands. */
#ifndef GRIDLOOP_SCHEMA_H
#define GRIDLOOP_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

enum schema_type {
    SCHEMA_NULL,
    SCHEMA_BOOLEAN,
    SCHEMA_INT,
    SCHEMA_LONG,
    SCHEMA_FLOAT,
    SCHEMA_DOUBLE,
    SCHEMA_BYTES,
    SCHEMA_STRING,
    SCHEMA_FIXED,
    SCHEMA_ENUM,
    SCHEMA_ARRAY,
    SCHEMA_MAP,
    SCHEMA_UNION,
    SCHEMA_RECORD
};

enum schema_logical { LOGICAL_NONE, LOGICAL_UUID, LOGICAL_TIMESTAMP_MICROS };

struct schema_field;

struct schema {
    enum schema_type type;
    enum schema_logical logical;
    const char *name;      /* record, enum, fixed: name without namespace; else NULL */
    const char *full_name; /* the same with namespace */
    const char **aliases;  /* full names; NULL behind the last; NULL if none */
    const char *doc;       /* NULL if none */
    size_t count; /* record: fields; union: branches; enum: symbols; fixed: bytes */
    struct schema_field *fields; /* record */
    struct schema **branches;    /* union: count of them; array and map: one, the item */
    const char **symbols;        /* enum */
    int default_symbol;          /* enum: index of its default; -1: none */
    size_t levels, nodes; /* how deep and how large it is with all that it contains */
};

/* Rules of the contract beyond Avro's types (gridloop.*). They hold for the value where it is not null. */
struct schema_rules {
    double minimum,
        maximum; /* inclusive; -INFINITY and INFINITY: no bound. With a bound NaN is refused */
    size_t min_length; /* characters (code points) */
    size_t max_length; /* characters; SIZE_MAX: no bound */
    size_t max_items;  /* of an array; SIZE_MAX: no bound */
    size_t hex_digits; /* exactly so many hex digits; 0: no such rule */
    bool free_text;    /* a person types here: producers look for personal ids */
    int must_be;       /* boolean: 0 false, 1 true; -1: no such rule */
    const char *
        *requires; /* fields that must not be null if this one is not; NULL behind the last */
};

struct schema_field {
    const char *name;
    const char *doc;
    const char **aliases; /* NULL behind the last; NULL if none */
    struct schema *type;
    const char *default_json; /* JSON text of the default; NULL: the field has none */
    const uint8_t
        *default_avro; /* the same in Avro's binary encoding, default_size bytes */
    size_t default_size;
    size_t
        ordinal; /* 0, 1 ...: a number of its own for each field of the file, nested ones too */
    struct schema_rules rules;
};

struct schema_file; /* opaque: one parsed schema and the memory it lives in */

/* Parses size bytes of JSON. NULL and *e FATAL with exit code 78 if it is not a schema we accept; the
 * message names the place ("measures.items.due_at: unknown logical type"). name is for messages. */
struct schema_file *schema_parse(const char *name, const char *text, size_t size,
                                 struct err *e);
void schema_free(struct schema_file *file); /* NULL is fine */

const struct schema *schema_root(const struct schema_file *file); /* borrowed */

/* CRC-64-AVRO of the Parsing Canonical Form: what stands in front of each message. */
uint64_t schema_fingerprint(const struct schema_file *file);

/* The .avsc text as given, for Avro-C and for bus.schema. Borrowed. */
const char *schema_text(const struct schema_file *file, size_t *size);

/* How many fields the file has, nested ones too: one more than the highest ordinal. */
size_t schema_field_count(const struct schema_file *file);

/* Index of a record's field by name; -1: none. */
int schema_find(const struct schema *record, const char *name);

/* The branch that is not null of a union ["null", T] or [T, "null"]; the schema itself if it is no
 * union; NULL for any other union. *optional says which. */
const struct schema *schema_strip_null(const struct schema *schema, bool *optional);

#endif
