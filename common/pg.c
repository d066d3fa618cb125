/* pg.c - the only user of libpq-fe.h.
 *
 * libpq is in non-blocking mode, and every wait is a poll(2) of our own with a deadline. Only the opening of
 * a connection is left to libpq: there connect_timeout bounds each address, and a list of hosts is tried
 * to its end. */
#include "common/pg.h"

#include <errno.h>
#include <libpq-fe.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/secret.h"
#include "common/sqlstate.h"
#include "common/text.h"

enum {
    PARAMETERS = PG_MAX_PARAMETERS,
    STATEMENTS =
        128, /* prepared ones kept per connection; further ones are parsed each time */
    GRACE_MS =
        1000, /* the server is to end a statement by itself; then we end the connection */
    NAME_BYTES =
        256 /* of a constraint or column: 63 bytes, unless the server was built otherwise */
};

struct pg {
    PGconn *conn;
    int timeout_ms;
    int slow_ms;
    void (*slow)(void *context); /* NULL: nobody wants to know */
    void *slow_context;
    bool (*work)(void *context); /* NULL: there is none */
    void *work_context;
    bool lost; /* given up: nothing more is said to the server */
    bool awaits_setup;
    bool failed;        /* the present statement */
    bool is_copy_asked; /* for, and the server has not answered yet */
    char
        *statements[STATEMENTS]; /* SQL text of the prepared statement with that number */
    size_t statement_count;
    char sqlstate[6];
    char constraint[NAME_BYTES];
    char column[NAME_BYTES];
    char message[1024];
    size_t copy_line;
    char *row;       /* of COPY TO STDOUT, as libpq gave it */
    bool is_in_head; /* of the file: the next piece begins with it */
};

/* ---- errors ---------------------------------------------------------------------------------------- */

static void copy_field(char *out, size_t room, const PGresult *result, int field)
{
    const char *value = PQresultErrorField(result, field);

    snprintf(out, room, "%s", value ? value : "");
}

static void note_error(struct pg *pg, const PGresult *result)
{
    copy_field(pg->sqlstate, sizeof pg->sqlstate, result, PG_DIAG_SQLSTATE);
    copy_field(pg->constraint, sizeof pg->constraint, result, PG_DIAG_CONSTRAINT_NAME);
    copy_field(pg->column, sizeof pg->column, result, PG_DIAG_COLUMN_NAME);
    copy_field(pg->message, sizeof pg->message, result, PG_DIAG_MESSAGE_PRIMARY);
    if (!*pg->message) /* libpq's own errors have no parts */
        snprintf(pg->message, sizeof pg->message, "%s", PQresultErrorMessage(result));
    pg->copy_line = sqlstate_copy_line(PQresultErrorField(result, PG_DIAG_CONTEXT));
}

/* Lines become one: an error is one line of a log. */
static void join_lines(char *text)
{
    size_t end = strlen(text);

    while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == ' '))
        text[--end] = '\0';
    for (char *p = text; *p; p++)
        if (*p == '\n' || *p == '\t')
            *p = ' ';
}

/* What the error was, for people, without any value of an event. */
static void describe(const struct pg *pg, char *out, size_t room)
{
    char row[32] = "";

    if (pg->copy_line)
        snprintf(row, sizeof row, ", row %zu", pg->copy_line);
    if (!sqlstate_quotes_data(pg->sqlstate))
        snprintf(out, room, "%s %.400s%s", pg->sqlstate, pg->message, row);
    else
        snprintf(out, room, "%s %s%s%s%s%s%s", pg->sqlstate,
                 sqlstate_meaning(pg->sqlstate), *pg->constraint ? ", constraint " : "",
                 pg->constraint, *pg->column ? ", column " : "", pg->column, row);
    join_lines(out);
}

static enum outcome lose(struct pg *pg, struct err *e, const char *why)
{
    char text[256];

    pg->lost = true;
    snprintf(text, sizeof text, "%.255s", why);
    join_lines(text);
    return err_set(e, RETRY, "PostgreSQL: connection lost: %s",
                   *text ? text : "no reason given");
}

static enum outcome fail(struct pg *pg, struct err *e)
{
    char text[sizeof e->message];

    if (!*pg->sqlstate)
        return lose(pg, e, pg->message);
    describe(pg, text, sizeof text);
    if (sqlstate_outcome(pg->sqlstate) == RETRY)
        return err_set(e, RETRY, "PostgreSQL: %s", text);
    if (pg->awaits_setup && sqlstate_is_undefined(pg->sqlstate))
        return err_set(e, RETRY, "PostgreSQL: %s: run gridloopctl setup", text);
    return err_exit(e, sqlstate_exit_code(pg->sqlstate), "PostgreSQL: %s", text);
}

/* A call that libpq would not even send. */
static enum outcome fail_to_send(struct pg *pg, struct err *e)
{
    char text[256];

    if (PQstatus(pg->conn) != CONNECTION_OK)
        return lose(pg, e, PQerrorMessage(pg->conn));
    snprintf(text, sizeof text, "%s", PQerrorMessage(pg->conn));
    join_lines(text);
    return err_set(e, FATAL, "PostgreSQL: wrong use of the connection: %s", text);
}

/* ---- waiting --------------------------------------------------------------------------------------- */

static int64_t deadline_of(const struct pg *pg)
{
    return clock_monotonic_ms() + pg->timeout_ms + GRACE_MS;
}

/* poll(2) as long as there is work; 0: there is no more. */
static int work_until_ready(struct pg *pg, struct pollfd *socket)
{
    int got = 0;

    while (pg->work && (got = poll(socket, 1, 0)) == 0 && pg->work(pg->work_context))
        ;
    return got;
}

/* poll(2) until the deadline, telling now and then that it takes long. */
static int wait_until(struct pg *pg, struct pollfd *socket, int64_t deadline)
{
    int ready = work_until_ready(pg, socket);

    if (ready > 0)
        return ready;
    for (;;) {
        int64_t left = deadline - clock_monotonic_ms();
        bool may_tell = pg->slow && left > pg->slow_ms;
        int got = poll(socket, 1, may_tell ? pg->slow_ms : left > 0 ? (int)left : 0);
        if (got == 0 && may_tell)
            pg->slow(pg->slow_context);
        else if (got >= 0 || errno != EINTR)
            return got;
    }
}

/* Waits until the socket is ready for one of the events; *ready gets those. Signals do not shorten it. */
static enum outcome wait_ready(struct pg *pg, short events, int64_t deadline,
                               short *ready, struct err *e)
{
    struct pollfd socket = {.fd = PQsocket(pg->conn), .events = events};
    int got = wait_until(pg, &socket, deadline);

    if (got < 0)
        return lose(pg, e, strerror(errno));
    if (got == 0)
        return lose(pg, e, "no answer within the time-out");
    *ready = socket.revents;
    return DONE;
}

static bool can_read_now(struct pg *pg)
{
    struct pollfd socket = {.fd = PQsocket(pg->conn), .events = POLLIN};

    return poll(&socket, 1, 0) > 0;
}

/* Reads while it writes: a server that is itself waiting for us to read would never take the rest. */
static enum outcome flush(struct pg *pg, int64_t deadline, struct err *e)
{
    int left;

    while ((left = PQflush(pg->conn)) > 0) {
        short ready;
        if (wait_ready(pg, POLLIN | POLLOUT, deadline, &ready, e))
            return e->outcome;
        if ((ready & ~POLLOUT) && !PQconsumeInput(pg->conn))
            return lose(pg, e, PQerrorMessage(pg->conn));
    }
    return left < 0 ? lose(pg, e, PQerrorMessage(pg->conn)) : DONE;
}

/* The next result; NULL in *result behind the last. */
static enum outcome next_result(struct pg *pg, int64_t deadline, PGresult **result,
                                struct err *e)
{
    if (PQstatus(pg->conn) == CONNECTION_OK && flush(pg, deadline, e))
        return e->outcome;
    while (PQisBusy(pg->conn)) {
        short ready;
        if (wait_ready(pg, POLLIN, deadline, &ready, e))
            return e->outcome;
        if (!PQconsumeInput(pg->conn))
            break; /* PQgetResult() tells what the server said before it went */
    }
    *result = PQgetResult(pg->conn);
    return DONE;
}

/* ---- results --------------------------------------------------------------------------------------- */

static PGresult *inner(const struct pg_result *result)
{
    return (PGresult *)(uintptr_t)result;
}

size_t pg_rows(const struct pg_result *result)
{
    return (size_t)PQntuples(inner(result));
}

size_t pg_affected(const struct pg_result *result)
{
    return strtoull(PQcmdTuples(inner(result)), NULL, 10);
}

const char *pg_value(const struct pg_result *result, size_t row, size_t column)
{
    if (PQgetisnull(inner(result), (int)row, (int)column))
        return NULL;
    return PQgetvalue(inner(result), (int)row, (int)column);
}

size_t pg_columns(const struct pg_result *result)
{
    return (size_t)PQnfields(inner(result));
}

const char *pg_name(const struct pg_result *result, size_t column)
{
    return PQfname(inner(result), (int)column);
}

bool pg_is_numeric(const struct pg_result *result, size_t column)
{
    static const Oid numbers[] = {20,  21,  23,
                                  700, 701, 1700}; /* pg_type.dat: int8 ... numeric */

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (PQftype(inner(result), (int)column) == numbers[i])
            return true;
    return false;
}

int64_t pg_number(const struct pg_result *result, size_t row, size_t column)
{
    const char *value = pg_value(result, row, column);

    return value ? strtoll(value, NULL, 10) : 0;
}

static uint8_t hex_digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

size_t pg_bytes(const struct pg_result *result, size_t row, size_t column, uint8_t *out,
                size_t room)
{
    const char *hex = pg_value(result, row, column);
    size_t size;

    if (!hex || hex[0] != '\\' || hex[1] != 'x')
        return 0;
    hex += 2;
    size = strlen(hex) / 2;
    for (size_t i = 0; i < size && i < room; i++)
        out[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    return size;
}

const uint8_t *pg_raw(const struct pg_result *result, size_t row, size_t column,
                      size_t *size)
{
    *size = (size_t)PQgetlength(inner(result), (int)row, (int)column);
    return (const uint8_t *)pg_value(result, row, column);
}

/* Big endian, in as many bytes as the type has. */
static uint64_t raw_bits(const uint8_t *bytes, size_t size)
{
    uint64_t bits = bytes[0] & 0x80 ? UINT64_MAX : 0;

    for (size_t i = 0; i < size; i++)
        bits = bits << 8 | bytes[i];
    return bits;
}

int64_t pg_raw_number(const struct pg_result *result, size_t row, size_t column)
{
    size_t size;
    const uint8_t *bytes = pg_raw(result, row, column, &size);

    return bytes && size > 0 ? (int64_t)raw_bits(bytes, size) : 0;
}

double pg_raw_real(const struct pg_result *result, size_t row, size_t column)
{
    size_t size;
    const uint8_t *bytes = pg_raw(result, row, column, &size);
    uint64_t bits;
    double number = NAN;

    if (!bytes || size != sizeof number)
        return NAN;
    bits = raw_bits(bytes, size);
    memcpy(&number, &bits, sizeof number);
    return number;
}

void pg_result_free(struct pg_result *result)
{
    PQclear(inner(result));
}

static bool is_copy(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT
           || status == PGRES_COPY_BOTH;
}

/* The first error counts: what comes after it only tells that the connection ended. */
static void look_for_error(struct pg *pg, const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    if (pg->failed || (status != PGRES_FATAL_ERROR && status != PGRES_BAD_RESPONSE))
        return;
    note_error(pg, result);
    pg->failed = true;
}

static enum outcome drain(struct pg *pg, PGresult **last, struct err *e)
{
    int64_t deadline = deadline_of(pg);
    PGresult *result;

    while (true) {
        if (next_result(pg, deadline, &result, e))
            return e->outcome;
        if (!result)
            return pg->failed ? fail(pg, e) : DONE;
        look_for_error(pg, result);
        PQclear(*last);
        *last = result;
        if (is_copy(result)) {
            pg->lost = true;
            return err_set(e, FATAL, "PostgreSQL: COPY outside of pg_copy_begin()");
        }
    }
}

/* Reads the rest of a statement's answer. *last (may be NULL) gets the last result, which the caller frees. */
static enum outcome finish(struct pg *pg, PGresult **last, struct err *e)
{
    PGresult *result = NULL;
    enum outcome outcome = drain(pg, &result, e);

    if (outcome == DONE && last)
        *last = result;
    else
        PQclear(result);
    return outcome;
}

/* ---- statements ------------------------------------------------------------------------------------ */

/* Every call that talks to the server begins here. */
static enum outcome begin(struct pg *pg, struct err *e)
{
    pg->failed = false;
    pg->sqlstate[0] = pg->constraint[0] = pg->column[0] = pg->message[0] = '\0';
    pg->copy_line = 0;
    return pg_is_usable(pg) ? DONE : lose(pg, e, "in an earlier call");
}

/* PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error. */
static bool is_false_commit(const char *sql, const PGresult *result)
{
    return strncasecmp(sql, "commit", 6) == 0
           && strcmp(PQcmdStatus((PGresult *)(uintptr_t)result), "ROLLBACK") == 0;
}

/* A statement without parameters. */
static enum outcome send(struct pg *pg, const char *sql, struct err *e)
{
    if (begin(pg, e))
        return e->outcome;
    return PQsendQuery(pg->conn, sql) ? DONE : fail_to_send(pg, e);
}

enum outcome pg_begin_run(struct pg *pg, const char *sql, struct err *e)
{
    return send(pg, sql, e);
}

enum outcome pg_end_run(struct pg *pg, const char *sql, struct err *e)
{
    PGresult *result;
    bool false_commit;

    if (finish(pg, &result, e))
        return e->outcome;
    false_commit = is_false_commit(sql, result);
    PQclear(result);
    return false_commit
               ? err_set(e, FATAL, "PostgreSQL: commit of a transaction that had failed")
               : DONE;
}

enum outcome pg_run(struct pg *pg, const char *sql, struct err *e)
{
    return pg_begin_run(pg, sql, e) ? e->outcome : pg_end_run(pg, sql, e);
}

struct statement_name {
    char text[24]; /* "": not prepared, parsed each time */
};

static struct statement_name name_of(size_t number)
{
    struct statement_name name;

    snprintf(name.text, sizeof name.text, "gridloop_%zu", number);
    return name;
}

static enum outcome prepare(struct pg *pg, const char *sql, struct statement_name *name,
                            struct err *e)
{
    size_t number = 0;

    while (number < pg->statement_count && strcmp(pg->statements[number], sql) != 0)
        number++;
    *name = name_of(number);
    if (number < pg->statement_count)
        return DONE;
    if (number == STATEMENTS)
        name->text[0] = '\0';
    if (!PQsendPrepare(pg->conn, name->text, sql, 0, NULL))
        return fail_to_send(pg, e);
    if (finish(pg, NULL, e))
        return e->outcome;
    if (number < STATEMENTS)
        pg->statements[pg->statement_count++] = xstrdup(sql);
    return DONE;
}

enum result_form { AS_TEXT, AS_BINARY };

static bool send_prepared(struct pg *pg, const char *name,
                          const struct pg_parameter *parameters, size_t count,
                          enum result_form form)
{
    const char *values[PARAMETERS];
    int lengths[PARAMETERS], formats[PARAMETERS];

    for (size_t i = 0; i < count; i++) {
        values[i] = parameters[i].bytes;
        lengths[i] = (int)parameters[i].size;
        formats[i] = parameters[i].binary;
    }
    return PQsendQueryPrepared(pg->conn, name, (int)count, values, lengths, formats,
                               (int)form);
}

static void as_parameters(const char *const *texts, size_t count,
                          struct pg_parameter parameters[PARAMETERS])
{
    for (size_t i = 0; i < count && i < PARAMETERS; i++)
        parameters[i] = (struct pg_parameter){.bytes = texts[i]};
}

/* Every call with a prepared statement begins here. */
static enum outcome begin_prepared(struct pg *pg, const char *sql, size_t count,
                                   struct statement_name *name, struct err *e)
{
    if (count > PARAMETERS)
        return err_set(e, FATAL, "PostgreSQL: %zu parameters are too many", count);
    return begin(pg, e) ? e->outcome : prepare(pg, sql, name, e);
}

static enum outcome begin_query(struct pg *pg, const char *sql,
                                const struct pg_parameter *parameters, size_t count,
                                enum result_form form, struct err *e)
{
    struct statement_name name;

    if (begin_prepared(pg, sql, count, &name, e))
        return e->outcome;
    if (!send_prepared(pg, name.text, parameters, count, form))
        return fail_to_send(pg, e);
    return flush(pg, deadline_of(pg), e);
}

enum outcome pg_end_query(struct pg *pg, struct pg_result **result, struct err *e)
{
    PGresult *last;

    if (finish(pg, &last, e))
        return e->outcome;
    if (result)
        *result = (struct pg_result *)last;
    else
        PQclear(last);
    return DONE;
}

static enum outcome query(struct pg *pg, const char *sql,
                          const struct pg_parameter *parameters, size_t count,
                          enum result_form form, struct pg_result **result, struct err *e)
{
    return begin_query(pg, sql, parameters, count, form, e) ? e->outcome
                                                            : pg_end_query(pg, result, e);
}

/* Up to where the server has answered all of a pipeline. */
static enum outcome leave_pipeline(struct pg *pg, struct err *e)
{
    int64_t deadline = deadline_of(pg);
    ExecStatusType status;
    PGresult *result;

    do {
        if (next_result(pg, deadline, &result, e))
            return e->outcome;
        status = PQresultStatus(result);
        PQclear(result);
        if (PQstatus(pg->conn) != CONNECTION_OK)
            return lose(pg, e, PQerrorMessage(pg->conn));
    } while (status != PGRES_PIPELINE_SYNC);
    return PQexitPipelineMode(pg->conn) ? DONE : fail_to_send(pg, e);
}

static bool send_begin(struct pg *pg, const char *name,
                       const struct pg_parameter *parameters, size_t count)
{
    return PQenterPipelineMode(pg->conn)
           && PQsendQueryParams(pg->conn, "begin", 0, NULL, NULL, NULL, NULL, 0)
           && send_prepared(pg, name, parameters, count, AS_TEXT)
           && PQpipelineSync(pg->conn);
}

enum outcome pg_begin(struct pg *pg, const char *sql, const char *const *parameters,
                      size_t count, struct pg_result **result, struct err *e)
{
    struct pg_parameter texts[PARAMETERS];
    struct statement_name name;
    struct err ignored;
    PGresult *first = NULL, *last = NULL;
    enum outcome outcome;

    as_parameters(parameters, count, texts);
    if (begin_prepared(pg, sql, count, &name, e))
        return e->outcome;
    if (!send_begin(pg, name.text, texts, count))
        return fail_to_send(pg, e);
    outcome = finish(pg, &first, e);
    PQclear(first);
    if (!outcome)
        outcome = finish(pg, &last, e);
    if (pg_is_usable(pg) && leave_pipeline(pg, outcome ? &ignored : e))
        outcome = outcome ? outcome : e->outcome;
    *result = (struct pg_result *)last;
    return outcome;
}

enum outcome pg_query_binary(struct pg *pg, const char *sql,
                             const struct pg_parameter *parameters, size_t count,
                             struct pg_result **result, struct err *e)
{
    return query(pg, sql, parameters, count, AS_TEXT, result, e);
}

enum outcome pg_query_raw(struct pg *pg, const char *sql,
                          const struct pg_parameter *parameters, size_t count,
                          struct pg_result **result, struct err *e)
{
    return query(pg, sql, parameters, count, AS_BINARY, result, e);
}

enum outcome pg_begin_query_raw(struct pg *pg, const char *sql,
                                const struct pg_parameter *parameters, size_t count,
                                struct err *e)
{
    return begin_query(pg, sql, parameters, count, AS_BINARY, e);
}

enum outcome pg_query(struct pg *pg, const char *sql, const char *const *parameters,
                      size_t count, struct pg_result **result, struct err *e)
{
    struct pg_parameter texts[PARAMETERS];

    as_parameters(parameters, count, texts);
    return pg_query_binary(pg, sql, texts, count, result, e);
}

/* ---- COPY ------------------------------------------------------------------------------------------ */

enum outcome pg_copy_begin(struct pg *pg, const char *sql, struct err *e)
{
    if (send(pg, sql, e) || flush(pg, deadline_of(pg), e))
        return e->outcome;
    pg->is_copy_asked = true;
    return DONE;
}

static enum outcome await_copy(struct pg *pg, struct err *e)
{
    PGresult *result;

    if (!pg->is_copy_asked)
        return DONE;
    pg->is_copy_asked = false;
    if (next_result(pg, deadline_of(pg), &result, e))
        return e->outcome;
    if (PQresultStatus(result) == PGRES_COPY_IN) {
        PQclear(result);
        return DONE;
    }
    look_for_error(pg, result);
    PQclear(result);
    if (finish(pg, NULL, e))
        return e->outcome;
    return err_set(
        e, FATAL,
        "PostgreSQL: pg_copy_begin() with a statement that is no COPY FROM STDIN");
}

/* libpq does not look at what the server says while rows are sent, so this ends the COPY to hear it. Notices
 * are switched off, so there is something to hear only if the COPY has failed. */
static enum outcome stop_copy(struct pg *pg, struct err *e)
{
    if (PQputCopyEnd(pg->conn, "the client saw the server speak") != 1)
        return lose(pg, e, PQerrorMessage(pg->conn));
    if (finish(pg, NULL, e))
        return e->outcome;
    return err_set(e, RETRY, "PostgreSQL: COPY ended early without an error");
}

/* Sends what libpq still holds, so that it never holds more than the bytes of one put. */
static enum outcome copy_flush(struct pg *pg, struct err *e)
{
    int64_t deadline = deadline_of(pg);
    int left;

    while ((left = PQflush(pg->conn)) > 0) {
        short ready;
        if (wait_ready(pg, POLLIN | POLLOUT, deadline, &ready, e))
            return e->outcome;
        if (ready & ~POLLOUT)
            return stop_copy(pg, e);
    }
    return left < 0 ? lose(pg, e, PQerrorMessage(pg->conn)) : DONE;
}

enum outcome pg_copy_put(struct pg *pg, const void *bytes, size_t size, struct err *e)
{
    if (await_copy(pg, e))
        return e->outcome;
    if (can_read_now(pg))
        return stop_copy(pg, e);
    if (copy_flush(pg, e))
        return e->outcome;
    if (PQputCopyData(pg->conn, bytes, (int)size) != 1 || PQflush(pg->conn) < 0)
        return lose(pg, e, PQerrorMessage(pg->conn));
    return DONE; /* what the socket did not take goes out while the caller makes its next rows */
}

enum outcome pg_copy_end(struct pg *pg, size_t *rows, struct err *e)
{
    PGresult *result;

    if (await_copy(pg, e) || copy_flush(pg, e))
        return e->outcome;
    if (PQputCopyEnd(pg->conn, NULL) != 1)
        return lose(pg, e, PQerrorMessage(pg->conn));
    if (finish(pg, &result, e))
        return e->outcome;
    if (rows)
        *rows = pg_affected((struct pg_result *)result);
    PQclear(result);
    return DONE;
}

enum { FILE_HEAD = 19 /* signature, flags, no extension: of the binary form */ };

enum outcome pg_copy_out(struct pg *pg, const char *sql, struct err *e)
{
    PGresult *result;
    bool is_begun;

    if (send(pg, sql, e) || next_result(pg, deadline_of(pg), &result, e))
        return e->outcome;
    is_begun = PQresultStatus(result) == PGRES_COPY_OUT;
    pg->is_in_head = true;
    look_for_error(pg, result);
    PQclear(result);
    if (is_begun)
        return DONE;
    if (finish(pg, NULL, e))
        return e->outcome;
    return err_set(
        e, FATAL, "PostgreSQL: pg_copy_out() with a statement that is no COPY TO STDOUT");
}

/* libpq's next piece, a row each; *size -1 behind the last. */
static enum outcome next_piece(struct pg *pg, int *size, struct err *e)
{
    int64_t deadline = deadline_of(pg);
    short ready;

    PQfreemem(pg->row);
    pg->row = NULL;
    while ((*size = PQgetCopyData(pg->conn, &pg->row, 1)) == 0) {
        if (wait_ready(pg, POLLIN, deadline, &ready, e))
            return e->outcome;
        if (!PQconsumeInput(pg->conn))
            return lose(pg, e, PQerrorMessage(pg->conn));
    }
    return *size == -2 ? lose(pg, e, PQerrorMessage(pg->conn)) : DONE;
}

/* The head of the file comes with the first row, its end alone. */
enum outcome pg_copy_next(struct pg *pg, uint8_t **row, size_t *size, struct err *e)
{
    int got, head;

    *row = NULL;
    do {
        if (next_piece(pg, &got, e))
            return e->outcome;
        if (got < 0)
            return finish(pg, NULL, e);
        head = pg->is_in_head ? FILE_HEAD : 0;
        pg->is_in_head = false;
        if (got < head)
            return lose(pg, e, "COPY TO STDOUT is not in binary form");
    } while (got - head <= 2);
    *row = (uint8_t *)pg->row + head;
    *size = (size_t)(got - head);
    return DONE;
}

/* ---- opening and closing --------------------------------------------------------------------------- */

/* What libpq would leave open for ever. The user's own values come behind these and win. */
static const struct {
    const char *name, *value;
} defaults[] = {
    {"connect_timeout", "5"},      {"keepalives_idle", "15"},
    {"keepalives_interval", "5"},  {"keepalives_count", "3"},
    {"tcp_user_timeout", "20000"}, {"target_session_attrs", "read-write"},
};

/* Names are always written with their schema; values come in one form whatever the server's settings;
 * a notice would look like an error in the midst of a COPY. */
static const char session[] =
    "set search_path = '';"
    "set client_min_messages = error;"
    "set datestyle = 'ISO';"
    "set timezone = 'UTC';"
    "set intervalstyle = 'postgres';"
    "set extra_float_digits = 1;"
    "set bytea_output = 'hex';"
    "set default_transaction_isolation = 'read committed';"
    "set idle_in_transaction_session_timeout = '60s';" PG_DEFAULT_LOCK_TIMEOUT ";"
    "set statement_timeout = %d";

static enum outcome refuse_secrets(const PQconninfoOption *options, struct err *e)
{
    for (const PQconninfoOption *o = options; o->keyword; o++)
        if ((strcmp(o->keyword, "password") == 0
             || strcmp(o->keyword, "sslpassword") == 0)
            && o->val && *o->val)
            return err_exit(
                e, EX_CONFIG,
                "the database URL holds a password; put it into a file of its own");
    return DONE;
}

/* libpq looks at these only when it connects, and says of them as little by a code as of a server that is away. */
static const struct {
    const char *keyword, *words;
} choices[] = {
    {"sslmode", "disable|allow|prefer|require|verify-ca|verify-full"},
    {"channel_binding", "disable|prefer|require"},
    {"gssencmode", "disable|prefer|require"},
    {"target_session_attrs", "any|read-write|read-only|primary|standby|prefer-standby"},
};

static const char *const whole_numbers = "connect_timeout|keepalives|keepalives_idle|"
                                         "keepalives_interval|keepalives_count|"
                                         "tcp_user_timeout";

static enum outcome check_choice(const PQconninfoOption *o, struct err *e)
{
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (strcmp(o->keyword, choices[i].keyword) == 0
            && !text_is_among(o->val, choices[i].words))
            return err_exit(e, EX_CONFIG, "the database URL's %s is none of %s",
                            o->keyword, choices[i].words);
    return DONE;
}

static bool is_whole_number(const char *text)
{
    return *text
           && strspn(text + (*text == '-'), "0123456789")
                  == strlen(text) - (*text == '-');
}

/* One for each host; an empty one is the usual one. */
static bool are_ports(const char *text)
{
    size_t size;

    for (;; text += size + 1) {
        size = strcspn(text, ",");
        if (size > 0 && text_port(text, size) < 1)
            return false;
        if (!text[size])
            return true;
    }
}

static enum outcome check_values(const PQconninfoOption *options, struct err *e)
{
    for (const PQconninfoOption *o = options; o->keyword; o++) {
        if (!o->val || !*o->val)
            continue;
        if (check_choice(o, e))
            return e->outcome;
        if (text_is_among(o->keyword, whole_numbers) && !is_whole_number(o->val))
            return err_exit(e, EX_CONFIG, "the database URL's %s is no whole number",
                            o->keyword);
        if (strcmp(o->keyword, "port") == 0 && !are_ports(o->val))
            return err_exit(e, EX_CONFIG,
                            "the database URL's port is no number from 1 to 65535");
    }
    return DONE;
}

/* A certificate of one's own that is not there libpq would leave out without a word. */
static enum outcome check_files(const PQconninfoOption *options, struct err *e)
{
    for (const PQconninfoOption *o = options; o->keyword; o++)
        if (text_is_among(o->keyword, "sslrootcert|sslcert|sslkey|sslcrl") && o->val
            && *o->val && strcmp(o->val, "system") != 0 && access(o->val, R_OK))
            return err_exit(e, EX_CONFIG, "the database URL's %s cannot be read: %s",
                            o->keyword, strerror(errno));
    return DONE;
}

/* libpq's own message would quote the URL, and with it what may be a password. */
static PQconninfoOption *parse(const char *url, struct err *e)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);

    if (!options) {
        err_exit(e, EX_CONFIG,
                 "the database URL is neither "
                 "postgresql://user@host:port/database nor \"name=value ...\"");
        return NULL;
    }
    if (!refuse_secrets(options, e) && !check_values(options, e))
        return options;
    PQconninfoFree(options);
    return NULL;
}

enum outcome pg_check_url(const char *url, struct err *e)
{
    PQconninfoOption *options = parse(url, e);
    enum outcome outcome = options ? check_files(options, e) : e->outcome;

    PQconninfoFree(options);
    return outcome;
}

enum outcome pg_check(const struct pg_settings *settings, const char *keys[2],
                      struct err *e)
{
    keys[0] = "database_url";
    return settings->url ? pg_check_url(settings->url, e) : DONE;
}

static PGconn *start(const char *url, const char *password, const char *application_name)
{
    enum { DEFAULTS = sizeof defaults / sizeof *defaults };
    const char *names[DEFAULTS + 5] = {NULL}, *values[DEFAULTS + 5] = {NULL};
    size_t n = 0;

    for (; n < DEFAULTS; n++) {
        names[n] = defaults[n].name;
        values[n] = defaults[n].value;
    }
    names[n] = "application_name", values[n++] = application_name;
    names[n] = "dbname",
    values[n++] = url; /* expanded in its place: what comes before it gives way */
    names[n] = "client_encoding", values[n++] = "UTF8";
    if (*password)
        names[n] = "password", values[n++] = password;
    return PQconnectdbParams(names, values, true);
}

/* "...:  28P01: ..." of a message in verbose form; out stays empty if it has none. */
static void find_sqlstate(const char *text, char out[6])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    for (const char *p = text; (p = strstr(p, ":  ")); p++)
        if (strspn(p + 3, letters) == 5 && p[8] == ':')
            snprintf(out, 6, "%.5s", p + 3);
}

/* libpq shows the SQLSTATE of a refused connection only in a verbose message, and cannot be told so before
 * the first attempt: so there is a second, which may as well succeed. */
static enum outcome connect_again(struct pg *pg, struct err *e)
{
    char text[400];

    snprintf(text, sizeof text, "%s", PQerrorMessage(pg->conn));
    join_lines(text);
    if (PQconnectionNeedsPassword(pg->conn))
        return err_exit(e, EX_NOPERM,
                        "PostgreSQL wants a password, and none was given: %s", text);
    PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
    PQreset(pg->conn);
    if (PQstatus(pg->conn) == CONNECTION_OK)
        return DONE;
    find_sqlstate(PQerrorMessage(pg->conn), pg->sqlstate);
    if (sqlstate_outcome(pg->sqlstate) == RETRY)
        return err_set(e, RETRY, "PostgreSQL: %s", text);
    return err_exit(e, sqlstate_exit_code(pg->sqlstate), "PostgreSQL: %s", text);
}

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

static enum outcome open_session(struct pg *pg, struct err *e)
{
    char sql[sizeof session + 16];

    if (PQstatus(pg->conn) != CONNECTION_OK && connect_again(pg, e))
        return e->outcome;
    PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
    PQsetNoticeReceiver(pg->conn, ignore_notice, NULL);
    if (PQsetnonblocking(pg->conn, 1))
        return lose(pg, e, PQerrorMessage(pg->conn));
    snprintf(sql, sizeof sql, session, pg->timeout_ms);
    return pg_run(pg, sql, e);
}

/* libpq would take it, and whoever may see the environment of the process has it. */
static enum outcome refuse_environment(struct err *e)
{
    const char *password = getenv("PGPASSWORD");

    return password && *password ? err_exit(
               e, EX_CONFIG, "PGPASSWORD holds a password; put it into a file of its own")
                                 : DONE;
}

struct pg *pg_open(const char *url, const char *password_file,
                   const char *application_name, int timeout_ms, struct err *e)
{
    char password[SECRET_BYTES] = "";
    PQconninfoOption *options = parse(url, e);
    bool is_right = options && !refuse_environment(e);
    struct pg *pg;

    PQconninfoFree(options);
    if (!is_right
        || (password_file && secret_read(password_file, password, sizeof password, e)))
        return NULL;
    pg = xcalloc(1, sizeof *pg);
    pg->timeout_ms = timeout_ms;
    pg->conn = start(url, password, application_name);
    explicit_bzero(password, sizeof password);
    if (open_session(pg, e)) {
        pg_close(pg);
        return NULL;
    }
    return pg;
}

void pg_close(struct pg *pg)
{
    if (!pg)
        return;
    PQfreemem(pg->row);
    PQfinish(pg->conn);
    for (size_t i = 0; i < pg->statement_count; i++)
        free(pg->statements[i]);
    free(pg);
}

void pg_await_setup(struct pg *pg)
{
    pg->awaits_setup = true;
}

void pg_on_slow(struct pg *pg, int slow_ms, void (*slow)(void *context), void *context)
{
    pg->slow_ms = slow_ms;
    pg->slow = slow;
    pg->slow_context = context;
}

void pg_on_wait(struct pg *pg, bool (*work)(void *context), void *context)
{
    pg->work = work;
    pg->work_context = context;
}

bool pg_is_usable(const struct pg *pg)
{
    return !pg->lost && PQstatus(pg->conn) == CONNECTION_OK;
}

/* ---- the last error -------------------------------------------------------------------------------- */

const char *pg_sqlstate(const struct pg *pg)
{
    return pg->sqlstate;
}

const char *pg_constraint(const struct pg *pg)
{
    return pg->constraint;
}

const char *pg_message(const struct pg *pg)
{
    return pg->message;
}

const char *pg_column(const struct pg *pg)
{
    return pg->column;
}

size_t pg_copy_line(const struct pg *pg)
{
    return pg->copy_line;
}

/* ---- text ------------------------------------------------------------------------------------------ */

/* A verifier has no character that would need quoting. */
static enum outcome set_verifier(struct pg *pg, const char *role, const char *verifier,
                                 struct err *e)
{
    char *name = pg_quote_name(role);
    struct text sql = {0};
    enum outcome outcome;

    text_format(&sql, "alter role %s password '%s'", name, verifier);
    outcome = pg_run(pg, sql.bytes, e);
    text_free(&sql);
    free(name);
    return outcome;
}

enum outcome pg_set_password(struct pg *pg, const char *role, const char *password_file,
                             struct err *e)
{
    char password[SECRET_BYTES], *verifier;
    enum outcome outcome = secret_read(password_file, password, sizeof password, e);

    if (outcome)
        return outcome;
    verifier = PQencryptPasswordConn(pg->conn, password, role, "scram-sha-256");
    explicit_bzero(password, sizeof password);
    if (!verifier)
        return fail_to_send(pg, e);
    outcome = set_verifier(pg, role, verifier, e);
    PQfreemem(verifier);
    return outcome ? err_wrap(e, "password of role %s", role) : DONE;
}

char *pg_quote_name(const char *name)
{
    char *quoted = xmalloc(2 * strlen(name) + 3), *p = quoted;

    *p++ = '"';
    for (; *name; name++) {
        if (*name == '"')
            *p++ = '"';
        *p++ = *name;
    }
    *p++ = '"';
    *p = '\0';
    return quoted;
}
