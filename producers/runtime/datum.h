/* datum.h - one value of an event, typed by its schema: what check.h makes of JSON and
 * encode.h turns into Avro.
 *
 * The memory belongs to the arena that check_line() was given. */
#ifndef GRIDLOOP_DATUM_H
#define GRIDLOOP_DATUM_H

#include <stddef.h>
#include <stdint.h>

#include "common/schema.h"

struct datum {
    const struct schema
        *type;    /* never a union: the branch that the value has; SCHEMA_NULL: null */
    int branch;   /* index of type in the union that stands in the schema; -1: no union */
    size_t count; /* bytes of a text, items of an array, fields of a record */
    union {
        int64_t number; /* boolean (0, 1), int, long, time (us), enum (its symbol) */
        double real;    /* float, double */
        const char
            *text; /* string; uuid: 36 characters, lower case. count bytes and a NUL */
        struct datum
            *items; /* array; record: one for each field, in the schema's order */
    };
};

/* Text of a record's string or uuid; NULL: it is null, or there is no such field. */
const char *datum_text(const struct datum *record, const char *field);

#endif
