/* difference.h - rows of a table beside what they should be: which differ, and in which columns.
 *
 * A row is a list of texts, NULL for null, in the order of its columns. */
#ifndef GRIDLOOP_CTL_DIFFERENCE_H
#define GRIDLOOP_CTL_DIFFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/hash.h"
#include "common/pg.h"
#include "common/text.h"

enum cell_type {
    CELL_TEXT,
    CELL_TIME, /* microseconds since 1970 UTC */
    CELL_REAL /* the same within a millionth: of a metre, for the functions of another machine differ in the last bit */
};

struct cell_column {
    const char *name;
    enum cell_type type;
};

/* ---- what should be ---- */

struct cells {
    struct arena *arena;
    const char *values[40];
    size_t count;
};
void cell_text(struct cells *cells, const char *text); /* kept by the caller */
void cell_number(struct cells *cells, int64_t number);
void cell_positive(struct cells *cells, int64_t number); /* 0: null */
void cell_truth(struct cells *cells, bool is_true);
void cell_id(struct cells *cells, const uint8_t id[UUID_SIZE]); /* NULL, all zero: null */
void cell_time(struct cells *cells, int64_t us);                /* LINK_NO_TIME: null */
void cell_real(struct cells *cells, double real);               /* NaN: null */

/* ---- what is stored ---- */

/* "a, (extract(epoch from b) * 1000000)::bigint ...": the columns of a select whose rows can be compared. */
void difference_add_columns(struct text *sql, const struct cell_column *columns,
                            size_t count);

/* ---- what differs ---- */

struct differences; /* opaque */

/* Up to limit differing rows are shown, all are counted. */
struct differences *differences_new(size_t limit);
void differences_free(struct differences *differences); /* NULL is fine */
size_t differences_count(const struct differences *differences);

/* The names must live as long as the differences; keys are copied. */
void difference_of_row(struct differences *differences, const char *table,
                       const char *key, const struct cell_column *columns,
                       const char *const *stored, const struct cells *wanted);
/* A row that is there and should not be, or (is_stored false) the contrary. */
void difference_of_existence(struct differences *differences, const char *table,
                             const char *key, bool is_stored);
/* So many more of a table that were not looked at one by one. */
void difference_of_more(struct differences *differences, size_t count);

/* One line a column. */
void differences_print(const struct differences *differences, struct text *out);
/* [{"table": ..., "key": ..., "row": "differs", "column": ..., "stored": ..., "rebuilt": ...}, ...]; a row may be
 * "missing" or "unexpected" as a whole, and the column then is null. */
void differences_json(const struct differences *differences, struct text *out);

#endif
