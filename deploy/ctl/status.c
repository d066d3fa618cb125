/* status.c - gridloopctl status: whether everything is read, and what waits for somebody; the worst first. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/kafka.h"
#include "common/stop.h"
#include "common/text.h"
#include "consumers/runtime/kind.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"
#include "deploy/ctl/table.h"

#define PROGRAM "gridloopctl status"
#define ROWS(table) (sizeof(table) / sizeof *(table))

enum { LOOK_MS = 200, WATCH_MS = 2000, STOP_S = 15, MESSAGE_BYTES = 1 << 20 };

struct settings {
    struct pg_settings database;
    const char *name_space;
    struct kafka_properties kafka;
    bool json, watch;
    int64_t window_s;
};

static const struct option_row rows[] = {
    CTL_DATABASE_ROWS(struct settings, database),
    {"namespace", OPTION_NAME, offsetof(struct settings, name_space), "gridloop", 0, 0,
     NULL, "first part of the topics' names", false},
    {"json", OPTION_SWITCH, offsetof(struct settings, json), NULL, 0, 0, NULL,
     "print JSON, an object a line", false},
    {"watch", OPTION_SWITCH, offsetof(struct settings, watch), NULL, 0, 0, NULL,
     "look again and again, until it is interrupted", false},
    {"window_s", OPTION_NUMBER, offsetof(struct settings, window_s), "5", 0, 3600, NULL,
     "how long a partition with a lag is watched, to tell one that catches up from one "
     "that stands still, seconds",
     false},
};

const struct option_set status_options = {
    .program = PROGRAM,
    .synopsis = "[OPTION...]",
    .purpose =
        "Says of each partition whether it is ok, behind (moves, and has not caught up), "
        "stalled (does not move) or stopped (by a gap, a pause, or because no consumer "
        "has it), how many messages and seconds it is behind, and what else waits. Exit "
        "code 0: all is ok; 1: something is behind or waits for a person; 2: something "
        "is stalled or stopped; others: nobody can tell.",
    .rows = rows,
    .row_count = ROWS(rows),
    .kafka_offset = offsetof(struct settings, kafka),
};

/* As monitoring counts them. */
static const struct {
    const char *state;
    int exit_code;
} states[] = {{"ok", 0},      {"open", 1},    {"behind", 1},
              {"unknown", 2}, {"stalled", 2}, {"stopped", 2}};

static const struct table_column partition_columns[] = {
    {"state", false},       {"kind", false},       {"partition", true},
    {"lag_messages", true}, {"lag_seconds", true}, {"last_commit_s", true},
    {"heartbeat_s", true},  {"owner", false},      {"what", false}};

static const struct table_column other_columns[] = {{"state", false},
                                                    {"thing", false},
                                                    {"count", true},
                                                    {"oldest_s", true},
                                                    {"what", false}};

/* ---- what Kafka has -------------------------------------------------------------------------------- */

struct place {
    const char *kind;
    char topic[TEXT_TOPIC_SIZE];
    int32_t partition;         /* -1: the topic is not there */
    int64_t high, stood, next; /* -1: not known */
    int64_t oldest_ms;         /* -1: not known */
};

struct status {
    const struct settings *settings;
    struct pg *pg;
    struct kafka_producer *kafka;
    bool answers; /* Kafka does */
    char cluster_id[KAFKA_ID_SIZE];
    struct place *places;
    size_t count;
};

static struct place *add_place(struct status *status, const char *kind, const char *topic,
                               int32_t partition)
{
    struct place *place;

    status->places =
        xrealloc(status->places, (status->count + 1) * sizeof *status->places);
    place = &status->places[status->count++];
    *place = (struct place){kind, "", partition, -1, -1, -1, -1};
    snprintf(place->topic, sizeof place->topic, "%s", topic);
    return place;
}

/* Where a broker answers, a topic that cannot be asked for is not there. */
static void ask_topic(struct status *status, const char *kind)
{
    char topic[TEXT_TOPIC_SIZE];
    int32_t count;
    int64_t low;
    struct err ignored;

    text_topic(topic, status->settings->name_space, kind);
    if (kafka_producer_partitions(status->kafka, topic, &count, &ignored)) {
        add_place(status, kind, topic, -1);
        return;
    }
    for (int32_t partition = 0; partition < count; partition++) {
        struct place *place = add_place(status, kind, topic, partition);
        if (kafka_producer_watermarks(status->kafka, topic, partition, &low, &place->high,
                                      &ignored))
            place->high = -1;
    }
}

static void ask_kafka(struct status *status)
{
    struct err ignored;

    status->answers =
        kafka_producer_cluster(status->kafka, status->cluster_id, &ignored) == DONE;
    for (size_t i = 0; status->answers && consumer_kinds[i]; i++)
        ask_topic(status, consumer_kinds[i]->name);
}

/* ---- what the database has ------------------------------------------------------------------------- */

static void note_progress(struct status *status, const char *kind, const char *topic,
                          int32_t partition, int64_t next)
{
    struct place *place = NULL;

    for (size_t i = 0; !place && i < status->count; i++)
        if (status->places[i].partition == partition
            && strcmp(status->places[i].topic, topic) == 0)
            place = &status->places[i];
    if (!place && !status->answers) /* then we know no other partitions than these */
        place = add_place(status, kind, topic, partition);
    if (!place)
        return;
    place->next = next;
    if (place->stood < 0)
        place->stood = next;
}

static enum outcome ask_progress_of(struct status *status, const char *kind,
                                    struct err *e)
{
    char topic[TEXT_TOPIC_SIZE], topics[TEXT_TOPIC_SIZE + 2];
    struct pg_result *result;

    text_topic(topic, status->settings->name_space, kind);
    snprintf(topics, sizeof topics, "{%s}", topic);
    if (pg_query(
            status->pg, ctl_sql("status_progress"),
            (const char *const[]){topics, status->answers ? status->cluster_id : NULL}, 2,
            &result, e))
        return e->outcome;
    for (size_t row = 0; row < pg_rows(result); row++)
        if (pg_value(result, row, 2))
            note_progress(status, kind, topic, (int32_t)pg_number(result, row, 1),
                          pg_number(result, row, 2));
    pg_result_free(result);
    return DONE;
}

static enum outcome ask_progress(struct status *status, struct err *e)
{
    for (size_t i = 0; consumer_kinds[i]; i++)
        if (ask_progress_of(status, consumer_kinds[i]->name, e))
            return e->outcome;
    return DONE;
}

static bool has_lag(const struct place *place)
{
    return place->high >= 0 && place->next >= 0 && place->next < place->high;
}

static bool is_settled(const struct status *status)
{
    for (size_t i = 0; i < status->count; i++)
        if (has_lag(&status->places[i]))
            return false;
    return true;
}

/* Until all that was there when we began is read, or the window ends. */
static enum outcome watch_lag(struct status *status, struct err *e)
{
    int64_t end_ms = clock_monotonic_ms() + status->settings->window_s * 1000;

    if (ask_progress(status, e))
        return e->outcome;
    while (!is_settled(status) && clock_monotonic_ms() < end_ms) {
        poll(NULL, 0, LOOK_MS);
        if (ask_progress(status, e))
            return e->outcome;
    }
    return DONE;
}

/* The exact lag in seconds: how old the next message is that is not stored. */
static void ask_ages(struct status *status)
{
    struct kafka_sight sight;
    struct err ignored;

    for (size_t i = 0; i < status->count; i++) {
        struct place *place = &status->places[i];
        if (has_lag(place)
            && !kafka_look(&status->settings->kafka, PROGRAM, place->topic,
                           place->partition, place->next, &sight, &ignored))
            place->oldest_ms = sight.time_ms;
    }
}

/* ---- what that means ------------------------------------------------------------------------------- */

static void add_number(struct text *list, int64_t number)
{
    if (number < 0)
        text_add_string(list, "null,");
    else
        text_format(list, "%" PRId64 ",", number);
}

static void list_places(const struct status *status, struct text lists[6])
{
    for (size_t l = 0; l < 6; l++)
        text_add_string(&lists[l], "{");
    for (size_t i = 0; i < status->count; i++) {
        const struct place *place = &status->places[i];
        text_format(&lists[0], "%s,", place->kind);
        text_format(&lists[1], "%s,", place->topic);
        text_format(&lists[2], "%" PRId32 ",", place->partition);
        add_number(&lists[3], place->high);
        add_number(&lists[4], place->stood);
        add_number(&lists[5], place->oldest_ms);
    }
    for (size_t l = 0; l < 6; l++) {
        if (status->count > 0)
            lists[l].size--; /* the last comma */
        text_add_string(&lists[l], "}");
    }
}

static enum outcome judge(struct status *status, struct pg_result **partitions,
                          struct pg_result **others, struct err *e)
{
    struct text lists[6] = {{0}};
    const char *parameters[7];
    enum outcome outcome;

    list_places(status, lists);
    for (size_t l = 0; l < 6; l++)
        parameters[l] = lists[l].bytes;
    parameters[6] = status->answers ? status->cluster_id : NULL;
    outcome =
        pg_query(status->pg, ctl_sql("status_partitions"), parameters, 7, partitions, e);
    if (!outcome)
        outcome = pg_query(status->pg, ctl_sql("status_others"), NULL, 0, others, e);
    for (size_t l = 0; l < 6; l++)
        text_free(&lists[l]);
    return outcome;
}

/* Index in states. */
static size_t worst_of(const struct pg_result *result, size_t worst)
{
    for (size_t row = 0; row < pg_rows(result); row++)
        for (size_t i = worst + 1; i < ROWS(states); i++)
            if (strcmp(states[i].state, pg_value(result, row, 0)) == 0)
                worst = i;
    return worst;
}

static void print(const struct status *status, const char *state,
                  const struct pg_result *partitions, const struct pg_result *others)
{
    struct text out = {0};

    if (status->settings->json) {
        text_format(&out,
                    "{\"state\": \"%s\", \"kafka_answers\": %s, \"partitions\": ", state,
                    status->answers ? "true" : "false");
        table_json(&out, partition_columns, ROWS(partition_columns), partitions);
        text_add_string(&out, ", \"others\": ");
        table_json(&out, other_columns, ROWS(other_columns), others);
        text_add_string(&out, "}\n");
    } else {
        if (status->settings->watch && isatty(STDOUT_FILENO))
            text_add_string(&out, "\033[H\033[J");
        text_format(&out, "%s%s\n\n", state,
                    status->answers ? "" : " (Kafka does not answer)");
        table_print(&out, partition_columns, ROWS(partition_columns), partitions);
        text_add_string(&out, "\n");
        table_print(&out, other_columns, ROWS(other_columns), others);
        text_add_string(&out, status->settings->watch ? "\n" : "");
    }
    fputs(out.bytes, stdout);
    fflush(stdout);
    text_free(&out);
}

/* One look; *exit_code: what it says. */
static enum outcome look(struct status *status, int *exit_code, struct err *e)
{
    struct pg_result *partitions = NULL, *others = NULL;
    size_t worst;

    status->count = 0;
    ask_kafka(status);
    if (watch_lag(status, e))
        return e->outcome;
    ask_ages(status);
    if (!judge(status, &partitions, &others, e)) {
        worst = worst_of(others, worst_of(partitions, 0));
        *exit_code = states[worst].exit_code;
        print(status, states[worst].state, partitions, others);
    }
    pg_result_free(partitions);
    pg_result_free(others);
    return e->outcome;
}

static enum outcome look_again(struct status *status, int *exit_code, struct err *e)
{
    const volatile bool *stop = stop_on_signals(STOP_S);

    while (!look(status, exit_code, e) && !*stop)
        poll(NULL, 0, WATCH_MS);
    return e->outcome;
}

int status_main(int argc, char **argv)
{
    struct settings settings = {0};
    struct status status = {.settings = &settings};
    struct err e = {0};
    int exit_code = EX_OK;

    if (!ctl_load(&status_options, argc, argv, &settings, &e)
        && (status.kafka =
                kafka_producer_open(&settings.kafka, MESSAGE_BYTES, NULL, NULL, &e))
               != NULL
        && (status.pg = ctl_open(&settings.database, &e)) != NULL
        && !ctl_is_set_up(status.pg, &e)) {
        if (settings.watch)
            look_again(&status, &exit_code, &e);
        else
            look(&status, &exit_code, &e);
    }
    pg_close(status.pg);
    kafka_producer_close(status.kafka);
    free(status.places);
    return e.outcome ? ctl_fail(PROGRAM, &e) : exit_code;
}
