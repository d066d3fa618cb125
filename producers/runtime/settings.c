/* settings.c - the table of options. */
#include "producers/runtime/settings.h"

#include <stddef.h>
#include <string.h>
#include <sysexits.h>

#include "common/kafka.h"
#include "common/log.h"
#include "common/reload.h"

#define AT(member) offsetof(struct producer_settings, member)

static const struct option_row rows[] = {
    {"spool", OPTION_TEXT, AT(spool), NULL, 0, 0, NULL,
     "File in which events are kept until Kafka has them; made if it is not there.",
     true},
    {"namespace", OPTION_NAME, AT(name_space), "gridloop", 0, 0, NULL,
     "First part of the topic's name.", false},
    REGISTRY_ROWS(struct producer_settings, registry),
    {"follow", OPTION_SWITCH, AT(follow), "false", 0, 0, NULL,
     "Goes on reading the one FILE as it grows and is rotated, and answers at "
     "http_listen.",
     false},
    {"max_line_bytes", OPTION_NUMBER, AT(max_line_bytes), "1048576", 64, 64 << 20, NULL,
     "Longer lines are refused, in bytes.", false},
    {"rejects", OPTION_TEXT, AT(rejects), NULL, 0, 0, NULL,
     "File to which refused lines are added as they came (of one that is too long the "
     "beginning); made with mode 0600.",
     false},
    {"receipts", OPTION_CHOICE, AT(receipts), "line", 0, 0, "line|none",
     "What is printed for each line once its event is on disk: line number and event_id, "
     "or nothing.",
     OPTION_RELOADED},
    {"group_rows", OPTION_NUMBER, AT(group_rows), "1000", 1, 100000, NULL,
     "Lines that go to disk together, at most.", OPTION_RELOADED},
    {"group_ms", OPTION_NUMBER, AT(group_ms), "20", 0, 60000, NULL,
     "Longest wait for more lines after the first, in milliseconds.", OPTION_RELOADED},
    {"spool_max_bytes", OPTION_NUMBER, AT(spool_max_bytes), "1073741824", 1 << 20, 1e15,
     NULL,
     "The spool is full when events in it take so many bytes; its files take up to 45 MB "
     "more.",
     false},
    {"when_full", OPTION_CHOICE, AT(when_full), "block", 0, 0, "block|reject",
     "With a full spool: stops reading until there is room, or refuses lines.",
     OPTION_RELOADED},
    {"deliver_timeout", OPTION_REAL, AT(deliver_timeout_s), "30", 0, 86400, NULL,
     "Longest wait for Kafka at the end of input, in seconds; what is left then is sent "
     "by the next run.",
     OPTION_RELOADED},
    HEALTH_ROWS(struct producer_settings, health),
    {"log_level", OPTION_CHOICE, AT(log_level), "info", 0, 0, "debug|info|warn|error",
     "Lowest level that is logged.", OPTION_RELOADED},
};

static enum outcome check_registry(const void *settings, const char *keys[2],
                                   struct err *e)
{
    const struct producer_settings *s = settings;

    return registry_check(&s->registry, keys, e);
}

static enum outcome check_health(const void *settings, const char *keys[2], struct err *e)
{
    const struct producer_settings *s = settings;

    return health_check(&s->health, keys, e);
}

struct option_set producer_options(const struct producer_kind *kind)
{
    static option_check *const checks[] = {check_registry, check_health, NULL};
    struct text program = {0};

    text_format(&program, "gridloop-produce-%s", kind->name);
    text_hyphens(program.bytes);
    return (struct option_set){
        .program = program.bytes,
        .synopsis = "[OPTION...] [FILE...]",
        .purpose = kind->purpose,
        .examples =
            "  One event a line as JSON, from the files or from standard input:\n"
            "  ... --spool /var/lib/gridloop/spool --kafka.bootstrap.servers=kafka:9092 "
            "events.jsonl\n"
            "  ... --spool /var/lib/gridloop/spool --follow /var/log/device.jsonl\n"
            "  ... --spool /var/lib/gridloop/spool </dev/null      sends what is still "
            "spooled",
        .rows = rows,
        .row_count = sizeof rows / sizeof rows[0],
        .kafka_offset = AT(kafka),
        .check_property = kafka_check_property,
        .checks = checks,
        .check_properties = kafka_check_producer,
        .size = sizeof(struct producer_settings),
    };
}

static enum outcome check_together(struct producer_settings *settings,
                                   const struct option_list *files, struct err *e)
{
    if (settings->follow && files->count != 1)
        return err_exit(e, EX_USAGE, "--follow needs exactly one FILE");
    if (settings->follow && files->items[0][0] == '-' && !files->items[0][1])
        return err_exit(e, EX_USAGE,
                        "--follow needs a FILE; standard input cannot be followed");
    log_set_level(settings->log_level);
    return DONE;
}

/* A terminal that is closed is to end a program that was started by hand, but not one that follows a file. */
static void reload(struct producer_settings *settings, const struct option_set *options,
                   int argc, char **argv)
{
    if (settings->follow)
        reload_on_signal(options, argc, argv, settings);
}

enum outcome settings_load(struct producer_settings *settings,
                           const struct option_set *options, int argc, char **argv,
                           struct option_list *files, struct err *e)
{
    if (options_load(options, argc, argv, settings, files, e)
        || check_together(settings, files, e))
        return e->outcome;
    reload(settings, options, argc, argv);
    return DONE;
}
