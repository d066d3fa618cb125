/* plan_step.h - the steps of a plan, between what compiles them (plan.c) and what walks them (plan_run.c).
 *
 * What can be known beforehand stands in the step: bounds of the contract and of the type are one pair of
 * limits, so that a value within them needs no second look; only one outside asks which of them it broke. */
#ifndef GRIDLOOP_PLAN_STEP_H
#define GRIDLOOP_PLAN_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/schema.h"
#include "consumers/runtime/value.h"

enum op {
    OP_NULL,
    OP_BOOLEAN,
    OP_WHOLE,    /* int or long, read as one, or as a time */
    OP_PROMOTED, /* int or long, read as a float or double */
    OP_FLOAT,
    OP_DOUBLE,
    OP_BYTES,
    OP_STRING,
    OP_HEX, /* a string of exactly so many hex digits */
    OP_UUID,
    OP_FIXED,
    OP_ENUM,
    OP_ARRAY,
    OP_MAP,
    OP_OPTIONAL, /* a union of null and one other type; the other one's step follows */
    OP_UNION,
    OP_RECORD,
    OP_REFUSE /* a branch of the writer that the reader cannot take */
};

/* One type of the writer. Its body, if it has one, follows directly and ends before step `end`. */
struct step {
    uint8_t op;
    uint8_t branch;    /* of the reader's union that the value stands for */
    uint8_t null_head; /* optional: the byte that says null */
    uint8_t null_branch;
    bool is_int;     /* whole, promoted: the writer's is an int */
    bool is_time;    /* whole: within the years 1 to 9999 */
    bool is_float;   /* promoted: the reader's is a float */
    bool is_nested;  /* float, double: not in a column of its own */
    bool is_skipped; /* array, map, record, uuid: the reader has no such field */
    uint32_t slot;   /* in a record's body: where the value goes */
    uint32_t end;
    uint32_t
        count; /* fixed: bytes; hex: digits; enum: symbols; union: branches; record: the reader's fields */
    uint32_t item_size; /* array, map: the fewest bytes that one item takes */
    union {
        struct {
            int64_t least, most;
        } whole; /* boolean, whole */
        struct {
            double least, most;
        } real; /* promoted, float, double */
        struct {
            size_t least, most;
        } size; /* string: bytes that surely are of an allowed number of characters */
        size_t most_items; /* array, map: the contract's bound */
    };
    union {
        const struct value
            *symbols; /* enum: the reader's for each of the writer's; VALUE_NULL: none */
        const uint32_t *branches; /* union: the step of each of the writer's branches */
        const struct fields *fields; /* record */
    };
    const struct schema_field
        *field; /* the reader's, for its name and rules; NULL: none */
};

/* What a record needs beside its body. */
struct fields {
    size_t
        value_count; /* the reader's fields, and a place for what it does not have, if there is such */
    size_t missing_count;
    struct missing {
        size_t slot;
        const struct value *value;
    } * missing; /* the writer does not have them: their defaults */
    struct need {
        uint32_t slot, needed;
        const struct schema_field *field, *needed_field;
    } * needs, *needs_end; /* what "requires" says, pair by pair */
};

struct plan {
    struct step *steps;
    uint32_t count, room;
    struct arena *arena;  /* tables of the steps, and the weakness */
    const char *weakness; /* the first one found; NULL: none */
    const struct schema *reader;
};

#endif
