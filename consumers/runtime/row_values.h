/* row_values.h - values out of rows as text, and arrays as parameters. */
#ifndef GRIDLOOP_ROW_VALUES_H
#define GRIDLOOP_ROW_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/hash.h"
#include "common/pg.h"
#include "common/text.h"

/* All zero where null. */
void row_id(const struct pg_result *rows, size_t row, size_t column,
            uint8_t id[UUID_SIZE]);

/* Of timestamptz_send(), which costs the server less than a number does; microseconds since 1970. LINK_NO_TIME where
 * null. */
int64_t row_moment(const struct pg_result *rows, size_t row, size_t column);

/* A copy in the arena; NULL where null. */
const char *row_text(struct arena *arena, const struct pg_result *rows, size_t row,
                     size_t column);

bool id_is_none(const uint8_t id[UUID_SIZE]); /* all zero */

/* Types of the items of arrays. */
enum {
    BOOL_OID = 16,
    INT8_OID = 20,
    INT2_OID = 21,
    INT4_OID = 23,
    TEXT_OID = 25,
    REAL_OID = 701,
    TIME_OID = 1184,
    UUID_OID = 2950
};

/* null where LINK_NO_TIME, or NaN. */
void put_moment(struct text *out, int64_t us);
void put_real(struct text *out, double number);

/* The statement of that name, with arrays in binary form as parameters; they are freed. ask: pg_query_binary, or
 * pg_query_raw where the answer is to be in binary form, too. */
typedef enum outcome asking(struct pg *pg, const char *sql,
                            const struct pg_parameter *parameters, size_t count,
                            struct pg_result **result, struct err *e);
enum outcome query_arrays(asking *ask, struct pg *pg, const char *sql,
                          struct text *arrays, size_t count, struct pg_result **result,
                          struct err *e);

/* The same with one array of ids. */
enum outcome query_ids(asking *ask, struct pg *pg, const char *sql,
                       const uint8_t (*ids)[UUID_SIZE], size_t count,
                       struct pg_result **result, struct err *e);

#endif
