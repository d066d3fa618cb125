/* value.h - one decoded value, 16 bytes; what it means is said by the reader schema beside it.
 *
 *   null                    VALUE_NULL
 *   boolean                 VALUE_NUMBER, 0 or 1
 *   int, long, timestamp    VALUE_NUMBER
 *   float, double           VALUE_REAL
 *   string, bytes, fixed    VALUE_BYTES (in the message, not NUL-terminated)
 *   enum                    VALUE_BYTES, the reader's symbol
 *   uuid                    VALUE_BYTES, 16 of them
 *   array                   VALUE_ITEMS, count of them
 *   map                     VALUE_ITEMS, count entries: items[2 i] is a key, items[2 i + 1] its value
 *   record                  VALUE_ITEMS, one per field of the reader
 * A union stands for the branch that was written; branch is its index in the reader's union. */
#ifndef GRIDLOOP_VALUE_H
#define GRIDLOOP_VALUE_H

#include <stdint.h>

#include "common/schema.h"
#include "common/text.h"

enum value_kind {
    VALUE_NULL,
    VALUE_NUMBER,
    VALUE_REAL,
    VALUE_BYTES,
    VALUE_ITEMS,
    VALUE_UNREAD /* a field behind a fault: by plan_run_partial() alone */
};

struct value {
    uint8_t kind; /* enum value_kind */
    uint8_t branch;
    uint32_t count; /* bytes or items */
    union {
        int64_t number;
        double real;
        const uint8_t *bytes;
        struct value *items;
    };
};

/* The type that a value of this schema really has: for a union the branch, else the schema itself. */
static inline const struct schema *value_schema(const struct schema *schema,
                                                const struct value *value)
{
    return schema->type == SCHEMA_UNION ? schema->branches[value->branch] : schema;
}

/* True if both are the same value of one schema (NaN equals NaN, -0.0 does not equal 0.0). */
bool value_equal(const struct schema *schema, const struct value *a,
                 const struct value *b);

/* Plain JSON, as the producers read it: no union wrappers, times in RFC 3339, uuids as text, bytes and
 * fixed as hex. The same value always gives the same text. */
void value_json(struct text *out, const struct schema *schema, const struct value *value);

#endif
