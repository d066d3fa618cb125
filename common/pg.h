/* pg.h - PostgreSQL as gridloop uses it; pg.c is the only user of libpq-fe.h.
 *
 * Every call waits at most the connection's time-out (the server ends the statement then) and one second
 * more, and then gives the connection up: a server that vanished cannot hold a daemon. What an error means is
 * decided by its SQLSTATE alone:
 *   RETRY   classes 08 40 53 57, 55P03 25006 25P03, and no SQLSTATE at all (connection gone)
 *   FATAL   everything else; a caller that knows better (the insert of event rows) looks at pg_sqlstate()
 *           exit code 77 for 28xxx and 42501, 78 for 3D000, else 70
 * After a RETRY the transaction is gone: roll back, or open another connection if pg_is_usable() is false.
 * Messages in struct err never quote a value of an event, nor a password.
 *
 * A session has an empty search_path (write bus.batch, not batch), time zone UTC, ISO dates, hex bytea, UTF-8,
 * read committed, lock_timeout 30 s, idle_in_transaction_session_timeout 60 s. One thread per connection. */
#ifndef GRIDLOOP_PG_H
#define GRIDLOOP_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/option.h"

struct pg; /* opaque */

enum { PG_MAX_PARAMETERS = 64 };

/* What a session begins with; for who changed it and sets it back. */
#define PG_DEFAULT_LOCK_TIMEOUT "set lock_timeout = '30s'"

/* Where a database is, in a program's settings, and the rows of its options; url_marks and file_marks: of enum option_mark. */
struct pg_settings {
    const char *url;
    const char *password_file;
};
#define PG_ROWS(settings, member, url_marks, file_marks)                                 \
    {.name = "database_url",                                                             \
     .offset = offsetof(settings, member.url),                                           \
     .help = "PostgreSQL, as postgresql://user@host:port/database, without a password",  \
     .marks = url_marks},                                                                \
    {                                                                                    \
        .name = "database_password_file", .type = OPTION_SECRET,                         \
        .offset = offsetof(settings, member.password_file),                              \
        .help = "file that holds the password", .marks = file_marks                      \
    }

/* An option_check of them (option.h). */
enum outcome pg_check(const struct pg_settings *settings, const char *keys[2],
                      struct err *e);

/* Without connecting. FATAL 78: what pg_open() would refuse at once, or one of the files of certificates cannot be read (which
 * a connection made later would wait for: they are replaced while programs run); never with a quotation of it. */
enum outcome pg_check_url(const char *url, struct err *e);

/* Connects and waits at most connect_timeout (5 s unless url says otherwise) for each address, and at most
 * twice. url: postgresql://... or "name=value ..."; what it leaves open gets keepalives, tcp_user_timeout and
 * target_session_attrs=read-write. password_file: holds the password (secret.h); NULL: none, libpq looks
 * into its own places. timeout_ms: > 0, for each later call. All arguments are read during the call only.
 * NULL and *e: RETRY, no server; FATAL 78, a password in url or in PGPASSWORD, or a value of url that is none of its kind, a password file that is missing, empty or
 * open to others, no such database; FATAL 77, login refused. */
struct pg *pg_open(const char *url, const char *password_file,
                   const char *application_name, int timeout_ms, struct err *e);
void pg_close(struct pg *pg); /* NULL is fine; never waits for the server */

/* False after a lost connection: close it and open another. */
bool pg_is_usable(const struct pg *pg);

/* For a daemon, which waits for gridloopctl setup, and while that makes one thing after the other: from now on a table,
 * column, type, function or schema that is not there is a RETRY, which says so. */
void pg_await_setup(struct pg *pg);

/* While a call waits for the server, slow(context) is called each time slow_ms passed without a sign of it. It must not
 * use the connection. */
void pg_on_slow(struct pg *pg, int slow_ms, void (*slow)(void *context), void *context);

/* Work for the time in which a call waits for the server: work(context) is called until the server gives a sign or
 * there is no more to do (false). It must not use the connection either, and the server waits for it, so a call is to do
 * some ten microseconds' worth. */
void pg_on_wait(struct pg *pg, bool (*work)(void *context), void *context);

/* The last call's error: its SQLSTATE, "" if it had none, and its other parts, "" where absent. Borrowed until
 * the next call, and all empty after a call that succeeded. pg_copy_line(): the row that a failed COPY
 * stumbled over, counted from 1; 0 if the error does not say. pg_message(): the server's primary message;
 * it may quote data and so must not be logged. */
const char *pg_sqlstate(const struct pg *pg);
const char *pg_constraint(const struct pg *pg);
const char *pg_message(const struct pg *pg);
const char *pg_column(const struct pg *pg);
size_t pg_copy_line(const struct pg *pg);

/* A result in text form; rows and columns count from 0. pg_value(): NULL where the column is null; borrowed
 * until pg_result_free(), which may come after pg_close(). pg_affected(): rows inserted, updated, selected. */
struct pg_result;
size_t pg_rows(const struct pg_result *result);
size_t pg_affected(const struct pg_result *result);
const char *pg_value(const struct pg_result *result, size_t row, size_t column);
size_t pg_columns(const struct pg_result *result);
/* Name of a column, borrowed like a value; whether its type is one of numbers. */
const char *pg_name(const struct pg_result *result, size_t column);
bool pg_is_numeric(const struct pg_result *result, size_t column);
/* A whole number; 0 where null. */
int64_t pg_number(const struct pg_result *result, size_t row, size_t column);
/* bytea as bytes: writes up to room bytes, returns the value's size; 0 where null. */
size_t pg_bytes(const struct pg_result *result, size_t row, size_t column, uint8_t *out,
                size_t room);
void pg_result_free(struct pg_result *result); /* NULL is fine */

/* Statements without parameters, separated by ";"; without begin they are one transaction. The results are
 * dropped. A "commit" that the server turned into a rollback is FATAL (a bug: an error was passed over). */
enum outcome pg_run(struct pg *pg, const char *sql, struct err *e);

/* "begin", and the transaction's first statement as pg_query() has it, in one exchange with the server. */
enum outcome pg_begin(struct pg *pg, const char *sql, const char *const *parameters,
                      size_t count, struct pg_result **result, struct err *e);

/* A statement without parameters in two halves: what the caller does in between costs no time. After DONE of the first the second must be the
 * next call, with the same text. */
enum outcome pg_begin_run(struct pg *pg, const char *sql, struct err *e);
enum outcome pg_end_run(struct pg *pg, const char *sql, struct err *e);

/* One statement with up to PG_MAX_PARAMETERS text parameters (NULL: null). result may be NULL if not wanted;
 * else the caller frees *result, which is set only if DONE. The statement is prepared once per connection and
 * kept (the first 128 different texts), so build few texts. */
enum outcome pg_query(struct pg *pg, const char *sql, const char *const *parameters,
                      size_t count, struct pg_result **result, struct err *e);

/* The same with parameters that may be in PostgreSQL's binary form, arrays above all. Cast them in the
 * statement: "... unnest($1::bigint[])". */
struct pg_parameter {
    const void *bytes; /* NULL: null */
    size_t size;       /* of the binary form */
    bool binary;       /* false: bytes is NUL-terminated text */
};
enum outcome pg_query_binary(struct pg *pg, const char *sql,
                             const struct pg_parameter *parameters, size_t count,
                             struct pg_result **result, struct err *e);

/* The same with a result in binary form, for which there are other ways to read it: pg_raw(), NULL where null, borrowed as
 * pg_value(); pg_raw_number(), of a boolean, a whole number or a time (microseconds since 2000), 0 where null;
 * pg_raw_real(), of double precision, NaN where null. */
enum outcome pg_query_raw(struct pg *pg, const char *sql,
                          const struct pg_parameter *parameters, size_t count,
                          struct pg_result **result, struct err *e);

/* The same in two halves: what the caller does in between costs no time. After DONE of the first the second must be the
 * next call. */
enum outcome pg_begin_query_raw(struct pg *pg, const char *sql,
                                const struct pg_parameter *parameters, size_t count,
                                struct err *e);
enum outcome pg_end_query(struct pg *pg, struct pg_result **result, struct err *e);

const uint8_t *pg_raw(const struct pg_result *result, size_t row, size_t column,
                      size_t *size);
int64_t pg_raw_number(const struct pg_result *result, size_t row, size_t column);
double pg_raw_real(const struct pg_result *result, size_t row, size_t column);

/* COPY ... FROM STDIN. Between begin and end only these calls are allowed. After an error of any of them the
 * statement is over (and the transaction failed); end must not be called. begin does not wait for the server: what it
 * says to the statement is heard at the first put, or at the end. put copies; pieces of about 64 KiB
 * are best, cut anywhere. It sends in the background of the caller's work, holds back at most one piece, and
 * sees at the next put that the server has failed. rows (may be NULL) gets the number of rows copied. */
enum outcome pg_copy_begin(struct pg *pg, const char *sql, struct err *e);
enum outcome pg_copy_put(struct pg *pg, const void *bytes, size_t size, struct err *e);
enum outcome pg_copy_end(struct pg *pg, size_t *rows, struct err *e);

/* COPY ... TO STDOUT (FORMAT BINARY), row by row. *row NULL: there is no more; else the row without the file's head, from
 * the number of its columns on, the caller's to read and write until the next call. Until the last one was given only pg_copy_next() is
 * allowed; who wants no more closes the connection. */
enum outcome pg_copy_out(struct pg *pg, const char *sql, struct err *e);
enum outcome pg_copy_next(struct pg *pg, uint8_t **row, size_t *size, struct err *e);

/* Gives a role the password in the file (secret.h). Only a SCRAM-SHA-256 verifier made here goes to the server, so that
 * no log of statements has it. Sessions that are open stay so. */
enum outcome pg_set_password(struct pg *pg, const char *role, const char *password_file,
                             struct err *e);

/* name as a quoted identifier for use inside SQL text; the caller frees it. */
char *pg_quote_name(const char *name);

#endif
