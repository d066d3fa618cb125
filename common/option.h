/* option.h - settings: one table of rows gives the flag, the environment variable, the key in the
 * configuration file, --help and the checks. Flag wins over environment, environment over file.
 *
 *   key in a file     batch_rows = 5000
 *   environment       GRIDLOOP_BATCH_ROWS=5000
 *   flag              --batch-rows 5000   or   --batch-rows=5000
 *
 * Keys that begin with "kafka." go through to librdkafka: `kafka.session.timeout.ms = 6000` in a file,
 * --kafka.session.timeout.ms=6000, GRIDLOOP_KAFKA_SESSION_TIMEOUT_MS=6000. Whether librdkafka knows them,
 * and whether they may be set at all, is decided by kafka.h.
 *
 * --config FILE (GRIDLOOP_CONFIG) names the file; --help and --version print and exit 0. */
#ifndef GRIDLOOP_OPTION_H
#define GRIDLOOP_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

enum option_type {
    OPTION_TEXT,   /* const char *                       */
    OPTION_CHOICE, /* const char *, one of row.choices   */
    OPTION_NUMBER, /* int64_t within [minimum, maximum]  */
    OPTION_REAL,   /* double within [minimum, maximum]   */
    OPTION_SWITCH, /* bool; on the command line --name alone means true; else true or false */
    OPTION_LIST    /* struct option_list: may be given several times; in a file and the environment once */
};

struct option_list {
    const char **items;
    size_t count;
};

struct option_row {
    const char *name; /* key, with underscores */
    enum option_type type;
    size_t offset;        /* offsetof(struct your_settings, member) */
    const char *fallback; /* as text; NULL: none, and the member stays NULL, 0 or false */
    double minimum, maximum;
    const char *choices; /* "block|reject" */
    const char *help;    /* a sentence, with its unit */
    bool required;
};

struct kafka_properties {
    struct kafka_property {
        const char *name; /* without the "kafka." */
        const char *value;
        const char *where; /* "gridloop.conf:12", "environment", "command line": for messages */
    } *items;
    size_t count;
};

struct option_set {
    const char *program;  /* "gridloop-consume-drone-alert" */
    const char *synopsis; /* "[OPTION...] [FILE...]" */
    const char *purpose;  /* first line of --help */
    const char *examples; /* lines shown under the purpose; NULL: none */
    const struct option_row *rows;
    size_t row_count;
    size_t kafka_offset; /* of a struct kafka_properties; SIZE_MAX: no kafka.* here */
};

/* Fills settings (zeroed by the caller) and lists what is left of the command line in *operands.
 * FATAL: 64 for the command line, 78 for file and environment; the message has file:line and, for an
 * unknown name, the nearest known one. All text lives as long as the program. */
enum outcome options_load(const struct option_set *set, int argc, char **argv, void *settings,
                          struct option_list *operands, struct err *e);

/* Prints "program: message" on stderr and returns the exit code of a FATAL (or 75 of a RETRY). */
int err_report(const char *program, const struct err *e);

#endif
