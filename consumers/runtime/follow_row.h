/* follow_row.h - one row of a table of schema follow_up: written by COPY, or beside a stored one when everything is
 * decided again. Both go by the same list of columns and the same function that fills the row. */
#ifndef GRIDLOOP_FOLLOW_ROW_H
#define GRIDLOOP_FOLLOW_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/hash.h"
#include "common/pg.h"
#include "common/text.h"

enum follow_type {
    FOLLOW_TEXT,
    FOLLOW_BOOL,
    FOLLOW_INT16,
    FOLLOW_INT32,
    FOLLOW_INT64,
    FOLLOW_REAL,
    FOLLOW_TIME, /* microseconds since 1970 UTC */
    FOLLOW_ID
};

struct follow_column {
    const char *name;
    enum follow_type type;
};

struct follow_table {
    const char *name; /* "follow_up.case_file" */
    const struct follow_column *columns;
    size_t count;
    /* A column that is taken as it is stored when everything is decided again: what was decided by. NULL: none. */
    const char *input;
    /* So many of the first columns tell a row from all others, and are the order in which rows are compared. */
    size_t keys;
};

enum { FOLLOW_MOST_COLUMNS = 64 };

struct follow_value {
    bool is_null;
    union {
        const char *text;
        const uint8_t *id;
        int64_t number; /* whole numbers, times, and 0 or 1 */
        double real;
    };
};

/* Begins as {.count = 0}. Texts and ids are borrowed. */
struct follow_row {
    size_t count;
    struct follow_value values[FOLLOW_MOST_COLUMNS];
};

/* The next column of the row; its type is the table's. */
void row_add_text(struct follow_row *row, const char *text); /* NULL: null */
void row_add_number(struct follow_row *row, int64_t number);
void row_add_positive(struct follow_row *row, int64_t number); /* 0 and below: null */
void row_add_time(struct follow_row *row, int64_t us);         /* LINK_NO_TIME: null */
void row_add_real(struct follow_row *row, double real);        /* NaN: null */
void row_add_id(struct follow_row *row,
                const uint8_t id[UUID_SIZE]); /* NULL, all zero: null */
void row_add_null(struct follow_row *row);

/* "s.a, (extract(epoch from s.b) * 1000000)::bigint ...", with the table as s: the columns of a select whose texts can be
 * compared with a row. */
void follow_add_texts(struct text *sql, const struct follow_table *table);

/* Adds count rows to the table by one COPY; fill is called for each of them, in their order. None: no statement. */
typedef void follow_fill(struct follow_row *row, const void *context, size_t number);
enum outcome follow_write(struct pg *pg, const struct follow_table *table, size_t count,
                          follow_fill *fill, const void *context, struct err *e);

#endif
