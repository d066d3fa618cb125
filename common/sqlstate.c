/* sqlstate.c - PostgreSQL's error codes as tables; the first row whose prefix fits counts. */
#include "common/sqlstate.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define ROWS(table) (sizeof(table) / sizeof *(table))

static const char *const retried[] = {
    "08",    /* the connection */
    "25006", /* this server became a standby */
    "25P03", /* our session was idle in its transaction for too long */
    "40",    /* serialization, deadlock */
    "53",    /* disk, memory, connections used up */
    "55P03", /* lock not available */
    "57",    /* cancelled, shutting down, starting up */
};

static const char *const undefined[] = {"3F000", "42703", "42704", "42883", "42P01"};

static const struct {
    const char *prefix;
    int exit_code;
} exits[] = {
    {"28", EX_NOPERM},
    {"42501", EX_NOPERM},
    {"3D000", EX_CONFIG},
};

static const struct {
    const char *prefix;
    const char *meaning;
} meanings[] = {
    {"22001", "text too long"},
    {"22003", "number out of range"},
    {"22007", "not a date or time"},
    {"22008", "date or time out of range"},
    {"22021", "text not valid in its encoding"},
    {"22P02", "not a value of the column's type"},
    {"22P03", "binary form not valid"},
    {"22P04", "COPY format not valid"},
    {"22", "value not accepted"},
    {"23502", "must not be null"},
    {"23503", "refers to a row that is not there"},
    {"23505", "is there already"},
    {"23514", "refused by a check"},
    {"23", "refused by a constraint"},
    {"P0", "refused by a function of the database"},
};

static bool begins(const char *sqlstate, const char *prefix)
{
    return strncmp(sqlstate, prefix, strlen(prefix)) == 0;
}

static bool is_among(const char *sqlstate, const char *const *prefixes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (begins(sqlstate, prefixes[i]))
            return true;
    return false;
}

enum outcome sqlstate_outcome(const char *sqlstate)
{
    return !*sqlstate || is_among(sqlstate, retried, ROWS(retried)) ? RETRY : FATAL;
}

bool sqlstate_is_undefined(const char *sqlstate)
{
    return is_among(sqlstate, undefined, ROWS(undefined));
}

int sqlstate_exit_code(const char *sqlstate)
{
    for (size_t i = 0; i < ROWS(exits); i++)
        if (begins(sqlstate, exits[i].prefix))
            return exits[i].exit_code;
    return EX_SOFTWARE;
}

static const char *find_meaning(const char *sqlstate)
{
    for (size_t i = 0; i < ROWS(meanings); i++)
        if (begins(sqlstate, meanings[i].prefix))
            return meanings[i].meaning;
    return NULL;
}

bool sqlstate_quotes_data(const char *sqlstate)
{
    return find_meaning(sqlstate) != NULL;
}

const char *sqlstate_meaning(const char *sqlstate)
{
    const char *meaning = find_meaning(sqlstate);

    return meaning ? meaning : "failed";
}

/* Only a line of the context that begins with COPY counts: the lines of inner contexts may quote data. */
static const char *find_copy(const char *context)
{
    while (context && !begins(context, "COPY ")) {
        context = strchr(context, '\n');
        context = context ? context + 1 : NULL;
    }
    return context;
}

size_t sqlstate_copy_line(const char *context)
{
    const char *copy = find_copy(context);
    size_t length = copy ? strcspn(copy, "\n") : 0;
    const char *comma = copy ? memchr(copy, ',', length) : NULL;
    const char *digits;

    if (!comma)
        return 0;
    digits = comma + strcspn(comma, "0123456789\n");
    return *digits == '\n' ? 0 : strtoull(digits, NULL, 10);
}
