/* table.h - a result of PostgreSQL as a table for people, or as JSON or CSV for programs. */
#ifndef GRIDLOOP_TABLE_H
#define GRIDLOOP_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/pg.h"
#include "common/text.h"

struct table_column {
    const char *name; /* the JSON key; people read it with spaces for underscores */
    bool number;      /* to the right for people, without quotes for programs */
};

/* One line a row under a line of names, columns aligned, null as "-". The result's columns are those of the
 * table, in this order. */
void table_print(struct text *out, const struct table_column *columns, size_t count,
                 const struct pg_result *result);

/* [{"name": value, ...}, ...] */
void table_json(struct text *out, const struct table_column *columns, size_t count,
                const struct pg_result *result);

/* One of the two to standard output, as --json says. */
void table_write(bool json, const struct table_column *columns, size_t count,
                 const struct pg_result *result);

/* RFC 4180: a line of names, a line a row, CRLF, null as nothing; quotes only where needed. A byte order mark goes in
 * front, for spreadsheets that take UTF-8 for something else without it. */
void table_csv(struct text *out, const struct table_column *columns, size_t count,
               const struct pg_result *result);

#endif
