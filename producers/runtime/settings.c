/* settings.c - the table of options. */
#include "producers/runtime/settings.h"

#include <stddef.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"

#define AT(member) offsetof(struct producer_settings, member)

static const struct option_row rows[] = {
    {"spool", OPTION_TEXT, AT(spool), NULL, 0, 0, NULL,
     "File in which events are kept until Kafka has them; made if it is not there.",
     true},
    {"namespace", OPTION_TEXT, AT(name_space), "gridloop", 0, 0, NULL,
     "First part of the topic's name.", false},
    REGISTRY_ROWS(struct producer_settings, registry),
    {"follow", OPTION_SWITCH, AT(follow), "false", 0, 0, NULL,
     "Goes on reading the one FILE as it grows and is rotated.", false},
    {"max_line_bytes", OPTION_NUMBER, AT(max_line_bytes), "1048576", 64, 64 << 20, NULL,
     "Longer lines are refused, in bytes.", false},
    {"rejects", OPTION_TEXT, AT(rejects), NULL, 0, 0, NULL,
     "File to which refused lines are added as they came (of one that is too long the "
     "beginning); made with mode 0600.",
     false},
    {"receipts", OPTION_CHOICE, AT(receipts), "line", 0, 0, "line|none",
     "What is printed for each line once its event is on disk: line number and event_id, "
     "or nothing.",
     false},
    {"group_rows", OPTION_NUMBER, AT(group_rows), "1000", 1, 100000, NULL,
     "Lines that go to disk together, at most.", false},
    {"group_ms", OPTION_NUMBER, AT(group_ms), "20", 0, 60000, NULL,
     "Longest wait for more lines after the first, in milliseconds.", false},
    {"spool_max_bytes", OPTION_NUMBER, AT(spool_max_bytes), "1073741824", 1 << 20, 1e15,
     NULL,
     "The spool is full when events in it take so many bytes; its files take up to 45 MB "
     "more.",
     false},
    {"when_full", OPTION_CHOICE, AT(when_full), "block", 0, 0, "block|reject",
     "With a full spool: stops reading until there is room, or refuses lines.", false},
    {"deliver_timeout", OPTION_REAL, AT(deliver_timeout_s), "30", 0, 86400, NULL,
     "Longest wait for Kafka at the end of input, in seconds; what is left then is sent "
     "by the next run.",
     false},
    {"log_level", OPTION_CHOICE, AT(log_level), "info", 0, 0, "debug|info|warn|error",
     "Lowest level that is logged.", false},
};

const char *settings_program(const struct producer_kind *kind)
{
    static struct text name;

    text_clear(&name);
    text_format(&name, "gridloop-produce-%s", kind->name);
    text_hyphens(name.bytes);
    return name.bytes;
}

/* What Kafka takes in a topic's name: events with another one would stay in the spool
 * for ever. */
static bool is_name_space(const char *name)
{
    size_t size =
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    return size > 0 && size <= 200 && !name[size];
}

static enum outcome check_together(struct producer_settings *settings,
                                   const struct option_list *files, struct err *e)
{
    if (settings->follow && files->count != 1)
        return err_exit(e, EX_USAGE, "--follow needs exactly one FILE");
    if (settings->follow && files->items[0][0] == '-' && !files->items[0][1])
        return err_exit(e, EX_USAGE,
                        "--follow needs a FILE; standard input cannot be followed");
    if (!is_name_space(settings->name_space))
        return err_exit(
            e, EX_USAGE,
            "namespace: letters, digits, '.', '_' and '-' are allowed, 200 at most");
    log_set_level(settings->log_level);
    return DONE;
}

enum outcome settings_load(struct producer_settings *settings,
                           const struct producer_kind *kind, int argc, char **argv,
                           struct option_list *files, struct err *e)
{
    const struct option_set set = {
        .program = settings_program(kind),
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
    };

    if (options_load(&set, argc, argv, settings, files, e))
        return e->outcome;
    return check_together(settings, files, e);
}
