/* option.h - settings: one table of rows gives the flag, the environment variable, the
 * key in the configuration file, --help and the checks. Flag wins over environment,
 * environment over file.
 *
 *   key in a file     batch_rows = 5000
 *   environment       GRIDLOOP_BATCH_ROWS=5000
 *   flag              --batch-rows 5000   or   --batch-rows=5000
 *
 * Keys that begin with "kafka." go through to librdkafka: in a file
 * `kafka.session.timeout.ms = 6000`, as a flag --kafka.session.timeout.ms=6000, in the
 * environment GRIDLOOP_KAFKA_SESSION_TIMEOUT_MS=6000. Whether librdkafka knows them, and
 * whether they may be set at all, is decided by kafka.h.
 *
 * --config FILE (GRIDLOOP_CONFIG) names the file; --help and --version print and exit 0.
 * A file is UTF-8 of at most 1 MiB, one `key = value` a line, blanks around both left
 * out; a line that begins with # is a comment, but a # behind a value belongs to it.
 * Each key stands once. A key or flag that the program does not know is refused; a
 * variable that it does not know is another program's. A variable that is set but empty
 * counts as not set. "--" ends the options, "-" alone is an operand; of a flag given
 * twice the last one counts (an OPTION_LIST takes both). */
#ifndef GRIDLOOP_OPTION_H
#define GRIDLOOP_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

enum option_type {
    OPTION_TEXT,   /* const char *                       */
    OPTION_NAME,   /* const char *, what Kafka takes as a part of a topic's name: 1 to 200
                      letters, digits, '.', '_' and '-' */
    OPTION_CHOICE, /* const char *, one of row.choices   */
    OPTION_NUMBER, /* int64_t within [minimum, maximum]  */
    OPTION_REAL,   /* double within [minimum, maximum]   */
    OPTION_SWITCH, /* bool; --name alone means true, --no-name false; else true or false */
    OPTION_SECRET, /* const char *, a file that holds one secret (secret.h), which can be read */
    OPTION_LIST /* struct option_list: the flag may be given several times; a file and
                      the environment give one item. The items of a stronger source
                      replace those of a weaker one */
};

struct arena;

struct option_list {
    const char **items;
    size_t count;
};

struct option_row {
    const char *name; /* key, with underscores */
    enum option_type type;
    size_t offset;        /* offsetof(struct your_settings, member) */
    const char *fallback; /* as text; NULL: none, and the member stays NULL, 0 or false */
    double minimum, maximum; /* -INFINITY and INFINITY: no bound; both 0: only 0 */
    const char *choices;     /* "block|reject"; of others what --help calls the value */
    const char *help;        /* a sentence, with its unit */
    unsigned marks;          /* of enum option_mark; true: it is required */
};

enum option_mark {
    OPTION_REQUIRED = 1, /* an empty text counts as none */
    OPTION_RELOADED = 2  /* may change while the program runs (reload.h) */
};

struct kafka_property {
    const char *name; /* without the "kafka." */
    const char *value;
    const char
        *where; /* for messages: "gridloop.conf:12", "environment", "command line" */
};

struct kafka_properties {
    struct kafka_property *items;
    size_t count;
};

/* What no row can say alone; not everything that it looks at need be set. FATAL: *e says what is wrong, and keys[] are
 * the settings whose place belongs in front of that: the first of them that was given; none where the message has it. */
typedef enum outcome option_check(const void *settings, const char *keys[2],
                                  struct err *e);

struct option_set {
    const char *program;  /* "gridloop-consume-drone-alert" */
    const char *synopsis; /* "[OPTION...] [FILE...]" */
    const char *purpose;  /* first line of --help */
    const char *examples; /* whole lines, shown under the synopsis; NULL: none */
    const struct option_row *rows;
    size_t row_count;
    size_t kafka_offset; /* of a struct kafka_properties; SIZE_MAX: no kafka.* here */
    enum outcome (*check_property)(const struct kafka_property *property,
                                   struct err *e); /* each that was given; may be NULL */
    option_check *const *checks; /* ends with NULL; NULL: there are none */
    enum outcome (*check_properties)(
        const struct kafka_properties *properties,
        struct err *e); /* all together, at last; may be NULL */
    size_t size;        /* of the settings; 0: nobody but the program needs it */
};

/* Fills settings (zeroed by the caller) and lists what is left of the command line in
 * *operands; with operands NULL there may be none. FATAL: 64 for the command line and
 * for a required option that nobody gave, 78 for file and environment; the message has
 * file:line and, for an unknown name, the nearest known one. All text lives as long as
 * the program. */
enum outcome options_load(const struct option_set *set, int argc, char **argv,
                          void *settings, struct option_list *operands, struct err *e);

/* The same for who looks at a program's settings without being it, or reads them again. All that is given here is read
 * during the call only, except the arena. */
struct option_shown {
    const char *name; /* "batch_rows", "kafka.session.timeout.ms" */
    const char *value;
    const char *where; /* "gridloop.conf:12", "environment", "command line", "default" */
};
struct option_look {
    struct arena *arena; /* all texts live there */
    void *context;
    void (*complain)(void *context, const struct err *problem); /* NULL: the first problem
                                             ends it; else all are told, each once */
    void (*show)(void *context, const struct option_shown *shown); /* each value in force,
                                             if there was no problem; may be NULL */
};
enum outcome options_look(const struct option_set *set, const struct option_look *look,
                          int argc, char **argv, void *settings,
                          struct option_list *operands, struct err *e);

/* Prints "program: message" on stderr and returns the exit code of a FATAL (75 of a
 * RETRY, 65 of a REJECT). DONE prints nothing and is 0. */
int err_report(const char *program, const struct err *e);

#endif
