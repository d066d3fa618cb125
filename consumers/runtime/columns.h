/* columns.h - the event table's columns, derived from the reader schema, and the binary form of its rows. Behind them
 * stand the columns of what enrichment found, the same for every kind.
 *
 * Type map (first match wins; anything else stops the daemon at start-up):
 *   boolean boolean | int integer | long bigint | long/timestamp-micros timestamptz | float real
 *   double double precision | string, enum text | string/uuid uuid | bytes, fixed bytea
 *   array of string text[] | array of string/uuid uuid[] | other arrays, maps, records, unions json */
#ifndef GRIDLOOP_COLUMNS_H
#define GRIDLOOP_COLUMNS_H

#include "common/err.h"
#include "common/pg.h"
#include "common/text.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/layout.h"
#include "consumers/runtime/reader.h"

struct columns; /* opaque */

struct columns *columns_new(const struct reader *reader, const char *kind);
void columns_free(struct columns *columns); /* NULL is fine */

/* Compares with the table. RETRY: it lacks a column, or one is not yet wide enough (this daemon is newer than the
 * table: wait for setup). FATAL 78: a column has another type, or must not be null where the field may be, or is not
 * ours and has no default. Other columns that only the table has are left to their defaults. A column may be wider
 * than the field (bigint for integer, double precision for real): the table is newer, and rows are written in its
 * type from now on. */
enum outcome columns_check(struct columns *columns, struct pg *pg, struct err *e);

/* This list of columns, with the types that columns_check() found. Borrowed until that is called again. */
const struct layout *columns_layout(const struct columns *columns);

/* "copy events.<kind> (...) from stdin (format binary)". Borrowed. */
const char *columns_copy_sql(const struct columns *columns);

/* Appends the row of one event in COPY's binary form. */
void columns_put_row(const struct columns *columns, struct text *out,
                     const struct event *event, int32_t source_id);

#endif
