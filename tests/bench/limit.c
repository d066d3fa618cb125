/* limit.c - what PostgreSQL takes at most: rows as COPY BINARY has them, a transaction for each batch.
 *
 *   bench_limit --database-url URL --rows FILE --into 'events.patrol_log (event_id, ...)' [--temporary]
 *
 * FILE: for each batch its size in bytes (8, little endian), then what COPY ... TO (FORMAT BINARY) gave. --temporary:
 * through a temporary table and INSERT ... ON CONFLICT DO NOTHING. Prints rows, seconds from the first BEGIN to the
 * last COMMIT, and the CPU seconds of this side. */
#include <endian.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/option.h"
#include "common/text.h"
#include "tests/bench/support.h"

enum { PIECE_BYTES = 64 << 10 };

struct settings {
    const char *database_url, *rows, *into;
    bool temporary;
};

#define AT(member) offsetof(struct settings, member)

static const struct option_row option_rows[] = {
    {"database_url", OPTION_TEXT, AT(database_url), NULL, 0, 0, "URL", "of the database",
     true},
    {"rows", OPTION_TEXT, AT(rows), NULL, 0, 0, "FILE", "the batches", true},
    {"into", OPTION_TEXT, AT(into), NULL, 0, 0, "TABLE", "table, columns in parentheses",
     true},
    {"temporary", OPTION_SWITCH, AT(temporary), NULL, 0, 0, NULL,
     "through a temporary table", false},
};

static const struct option_set options = {
    .program = "bench_limit",
    .synopsis = "[OPTION...]",
    .purpose = "Stores rows as fast as PostgreSQL takes them.",
    .rows = option_rows,
    .row_count = sizeof option_rows / sizeof *option_rows,
    .kafka_offset = SIZE_MAX,
};

static struct limit {
    struct settings settings;
    PGconn *connection;
    struct text copy, merge; /* statements */
    const char *bytes;
    size_t size;
    int64_t rows;
} limit;

/* Returns the rows that it changed. */
static int64_t run(const char *statement, ExecStatusType expected)
{
    PGresult *result = PQexec(limit.connection, statement);
    int64_t count = atoll(PQcmdTuples(result));

    if (PQresultStatus(result) != expected)
        give_up(statement, PQerrorMessage(limit.connection));
    PQclear(result);
    return count;
}

static void connect_and_prepare(void)
{
    const char *into = limit.settings.into;
    const char *columns = strchr(into, '(');

    if (!columns)
        give_up("into", "has no columns");
    limit.connection = PQconnectdb(limit.settings.database_url);
    if (PQstatus(limit.connection) != CONNECTION_OK)
        give_up("connecting", PQerrorMessage(limit.connection));
    text_format(&limit.copy, "copy %s from stdin (format binary)", into);
    if (!limit.settings.temporary)
        return;
    text_format(&limit.merge,
                "create temporary table fresh (like %.*s including defaults) on commit "
                "delete rows",
                (int)(columns - into), into);
    run(limit.merge.bytes, PGRES_COMMAND_OK);
    limit.copy.size = limit.merge.size = 0;
    text_format(&limit.copy, "copy fresh %s from stdin (format binary)", columns);
    text_format(&limit.merge,
                "insert into %s select %.*s from fresh on conflict do nothing", into,
                (int)strlen(columns) - 2, columns + 1);
}

static void map_rows(void)
{
    int file = open(limit.settings.rows, O_RDONLY);
    struct stat status;

    if (file < 0 || fstat(file, &status))
        give_up(limit.settings.rows, "cannot be opened");
    limit.size = (size_t)status.st_size;
    limit.bytes = mmap(NULL, limit.size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (limit.bytes == MAP_FAILED)
        give_up(limit.settings.rows, "cannot be mapped");
}

static int64_t copy_batch(const char *bytes, size_t size)
{
    PGresult *result;
    int64_t count;

    run(limit.copy.bytes, PGRES_COPY_IN);
    for (size_t done = 0; done < size; done += PIECE_BYTES) {
        size_t left = size - done;
        if (PQputCopyData(limit.connection, bytes + done,
                          (int)(left < PIECE_BYTES ? left : PIECE_BYTES))
            != 1)
            give_up("COPY", PQerrorMessage(limit.connection));
    }
    if (PQputCopyEnd(limit.connection, NULL) != 1)
        give_up("COPY", PQerrorMessage(limit.connection));
    result = PQgetResult(limit.connection);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        give_up("COPY", PQerrorMessage(limit.connection));
    count = atoll(PQcmdTuples(result));
    PQclear(result);
    PQclear(PQgetResult(limit.connection));
    return count;
}

static void store_all(void)
{
    for (size_t at = 0; at < limit.size;) {
        uint64_t size;
        int64_t copied;
        memcpy(&size, limit.bytes + at, sizeof size);
        size = le64toh(size);
        at += sizeof size;
        run("begin", PGRES_COMMAND_OK);
        copied = copy_batch(limit.bytes + at, size);
        limit.rows +=
            limit.settings.temporary ? run(limit.merge.bytes, PGRES_COMMAND_OK) : copied;
        run("commit", PGRES_COMMAND_OK);
        at += size;
    }
}

int main(int argc, char **argv)
{
    struct err e;
    double start, start_cpu;

    if (options_load(&options, argc, argv, &limit.settings, NULL, &e))
        return err_report(options.program, &e);
    connect_and_prepare();
    map_rows();
    start = seconds(CLOCK_MONOTONIC);
    start_cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    store_all();
    printf("{\"rows\": %lld, \"seconds\": %.4f, \"client_cpu_s\": %.3f}\n",
           (long long)limit.rows, seconds(CLOCK_MONOTONIC) - start,
           seconds(CLOCK_PROCESS_CPUTIME_ID) - start_cpu);
    PQfinish(limit.connection);
    return 0;
}
