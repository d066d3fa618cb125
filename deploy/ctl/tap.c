/* tap.c - gridloopctl tap: the messages of a topic as JSON lines. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/kafka.h"
#include "common/log.h"
#include "consumers/runtime/peek.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"

#define PROGRAM "gridloopctl tap"

enum { POLL_MS = 100 };

struct tap {
    struct ctl_schemas schemas;
    struct kafka_properties kafka;
    const char *from;
    int64_t partition, most;
    bool redact;

    struct kafka_consumer *reader;
    struct peek *peek;
    struct arena *arena;
    struct text line;
};

#define AT(member) offsetof(struct tap, member)

static const struct option_row rows[] = {
    CTL_SCHEMAS_ROWS(struct tap, schemas),
    {"from", OPTION_TEXT, AT(from), "latest", 0, 0, "PLACE",
     "where to begin: latest, earliest or an offset", false},
    {"partition", OPTION_NUMBER, AT(partition), "-1", -1, INT32_MAX, NULL,
     "this partition only; -1: all", false},
    {"max", OPTION_NUMBER, AT(most), "0", 0, 1e15, NULL,
     "end after so many messages; 0: go on until Ctrl-C", false},
    {"redact", OPTION_SWITCH, AT(redact), NULL, 0, 0, NULL, "leave out what people typed",
     false},
};

const struct option_set tap_options = {
    .program = PROGRAM,
    .synopsis = "[OPTION...] TOPIC",
    .purpose = "Prints each message of a topic as a line of JSON, or what is wrong with "
               "it. Joins no group and commits nothing: nobody notices.",
    .examples = "  gridloopctl tap gridloop.drone-alert.v1 --from earliest --max 10",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = AT(kafka),
};

static volatile sig_atomic_t is_stopped;

static void stop(int signal_number)
{
    (void)signal_number;
    is_stopped = 1;
}

static void stop_by_signals(void)
{
    struct sigaction action = {.sa_handler = stop, .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static enum outcome place_of(const char *from, int64_t *offset, struct err *e)
{
    char *end;

    *offset = strcmp(from, "earliest") == 0 ? KAFKA_EARLIEST : KAFKA_LATEST;
    if (*offset == KAFKA_EARLIEST || strcmp(from, "latest") == 0)
        return DONE;
    *offset = strtoll(from, &end, 10);
    return *end || end == from || *offset < 0
               ? err_exit(e, EX_USAGE, "--from takes latest, earliest or an offset")
               : DONE;
}

static void add_key(struct text *out, const struct kafka_message *message)
{
    bool has_nul;

    text_add_string(out, ",\"key\":");
    if (!message->key) {
        text_add_string(out, "null");
    } else if (text_is_utf8(message->key, message->key_size, NULL, &has_nul)) {
        text_add_json_string(out, message->key, message->key_size);
    } else {
        text_add_string(out, "\"hex:");
        for (size_t i = 0; i < message->key_size; i++)
            text_format(out, "%02x", message->key[i]);
        text_add_string(out, "\"");
    }
}

static void write_line(struct tap *tap, const struct kafka_message *message,
                       const struct peeked *peeked)
{
    int64_t time_ms = kafka_message_time(message);
    char time[CLOCK_TEXT_SIZE];

    text_clear(&tap->line);
    text_format(&tap->line, "{\"partition\":%" PRId32 ",\"offset\":%" PRId64,
                message->partition, message->offset);
    if (time_ms >= 0) {
        clock_format(time, time_ms * 1000);
        text_format(&tap->line, ",\"time\":\"%s\"", time);
    }
    add_key(&tap->line, message);
    text_add_string(&tap->line, ",");
    peek_json(&tap->line, peeked, tap->redact);
    text_add_string(&tap->line, "}\n");
}

static enum outcome show(struct tap *tap, const struct kafka_message *message,
                         struct err *e)
{
    struct peeked peeked;

    arena_reset(tap->arena, 0);
    if (peek_message(tap->peek, message->value, message->value_size, tap->arena, &peeked,
                     e))
        return err_wrap(e, "partition %" PRId32 " offset %" PRId64, message->partition,
                        message->offset);
    write_line(tap, message, &peeked);
    if (fwrite(tap->line.bytes, 1, tap->line.size, stdout) != tap->line.size
        || fflush(stdout) != 0)
        return err_exit(e, EX_IOERR, "standard output cannot be written");
    return DONE;
}

/* A broker that is away is waited for; a place that is not there is not. */
static enum outcome show_all(struct tap *tap, struct err *e)
{
    int64_t shown = 0;

    while (!is_stopped && (tap->most == 0 || shown < tap->most)) {
        struct kafka_message message;
        struct kafka_fault fault;
        enum outcome outcome =
            kafka_consumer_poll(tap->reader, POLL_MS, &message, &fault, e);
        if (outcome == FATAL || fault.partition >= 0)
            return outcome;
        if (outcome)
            fprintf(stderr, PROGRAM ": %s\n", e->message);
        if (!message.handle)
            continue;
        outcome = show(tap, &message, e);
        kafka_message_free(&message);
        if (outcome)
            return outcome;
        shown++;
    }
    return DONE;
}

static enum outcome run(struct tap *tap, const char *topic, struct err *e)
{
    int64_t offset;
    enum outcome outcome;

    if (place_of(tap->from, &offset, e) || ctl_open_schemas(&tap->schemas, e))
        return e->outcome;
    tap->arena = arena_new();
    tap->peek = peek_open(NULL, tap->schemas.pg, tap->schemas.asked, e);
    tap->reader =
        kafka_reader_open(&tap->kafka, topic, (int32_t)tap->partition, offset, e);
    outcome = tap->reader ? show_all(tap, e) : e->outcome;
    kafka_consumer_close(tap->reader);
    peek_close(tap->peek);
    arena_free(tap->arena);
    text_free(&tap->line);
    ctl_close_schemas(&tap->schemas);
    return outcome;
}

int tap_main(int argc, char **argv)
{
    struct tap tap = {0};
    struct option_list operands = {0};
    struct err e;

    log_set_level("error");
    stop_by_signals();
    if (ctl_load_operands(&tap_options, argc, argv, &tap, &operands, 1, 1, &e)
        || run(&tap, operands.items[0], &e))
        return ctl_fail(PROGRAM, &e);
    return EX_OK;
}
