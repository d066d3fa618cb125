/* pg.h - PostgreSQL as gridloop uses it; pg.c is the only user of libpq-fe.h.
 *
 * Every call waits at most the connection's time-out and then gives it up (RETRY): a server that
 * vanished cannot hold a daemon. What an error means is decided by its SQLSTATE alone:
 *   RETRY   classes 08 40 53 57, 55P03 25006 25P03, and no SQLSTATE at all (connection gone)
 *   FATAL   everything else; a caller that knows better (the insert of event rows) looks at pg_sqlstate()
 * One thread per connection. */
#ifndef GRIDLOOP_PG_H
#define GRIDLOOP_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct pg; /* opaque */

/* Connects. url: postgresql://... or a libpq string, without a password (FATAL 78 if there is one);
 * password_file: a file whose first line is the password, or NULL. RETRY: no server; FATAL: 77 refused. */
struct pg *pg_open(const char *url, const char *password_file, const char *application_name, int timeout_ms,
                   struct err *e);
void pg_close(struct pg *pg); /* NULL is fine; never waits for the server */

/* False after a lost connection: close it and open another. */
bool pg_is_usable(const struct pg *pg);

/* SQLSTATE of the last error, "" if it had none; and its other parts, "" where absent. Borrowed until the
 * next call. line: the row number in a failed COPY, counted from 1; 0 if the error does not say. */
const char *pg_sqlstate(const struct pg *pg);
const char *pg_constraint(const struct pg *pg);
const char *pg_message(const struct pg *pg); /* the primary message; may quote data: not for logs */
const char *pg_column(const struct pg *pg);
size_t pg_copy_line(const struct pg *pg);

/* A result in text form. NULL where the column is null. Borrowed until pg_result_free(). */
struct pg_result;
size_t pg_rows(const struct pg_result *result);
size_t pg_affected(const struct pg_result *result);
const char *pg_value(const struct pg_result *result, size_t row, size_t column);
int64_t pg_number(const struct pg_result *result, size_t row, size_t column); /* 0 where null */
/* bytea as bytes: writes up to room bytes, returns the value's size. */
size_t pg_bytes(const struct pg_result *result, size_t row, size_t column, uint8_t *out, size_t room);
void pg_result_free(struct pg_result *result); /* NULL is fine */

/* Several statements without parameters; the results are dropped. */
enum outcome pg_run(struct pg *pg, const char *sql, struct err *e);

/* One statement with text parameters (NULL: null). *result may be NULL if not wanted; else the caller
 * frees it. The statement is prepared once per connection and kept. */
enum outcome pg_query(struct pg *pg, const char *sql, const char *const *parameters, size_t count,
                      struct pg_result **result, struct err *e);

/* One statement with one parameter in binary form (an array built by pg_array_*). */
struct pg_parameter {
    const void *bytes; /* NULL: null */
    size_t size;
    bool binary; /* false: bytes is NUL-terminated text */
};
enum outcome pg_query_binary(struct pg *pg, const char *sql, const struct pg_parameter *parameters, size_t count,
                             struct pg_result **result, struct err *e);

/* COPY ... FROM STDIN. Between begin and end only these calls are allowed. After an error the statement
 * is over (and the transaction failed); end must not be called. */
enum outcome pg_copy_begin(struct pg *pg, const char *sql, struct err *e);
enum outcome pg_copy_put(struct pg *pg, const void *bytes, size_t size, struct err *e);
enum outcome pg_copy_end(struct pg *pg, size_t *rows, struct err *e);

/* Quoted for use inside SQL text; the caller frees it. */
char *pg_quote_name(const char *name);

#endif
