/* progress.c - gridloopctl progress: where each partition stands, and an operator who sets one forward. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "common/kafka.h"
#include "common/text.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/gap.h"
#include "deploy/ctl/gap_chain.h"
#include "deploy/ctl/programs.h"
#include "deploy/ctl/table.h"

#define ROWS(table) (sizeof(table) / sizeof *(table))

/* ---- show ------------------------------------------------------------------------------------------ */

#define SHOW "gridloopctl progress show"

struct show {
    struct pg_settings database;
    const char *name_space;
    bool json;
};

static const struct option_row show_rows[] = {
    CTL_DATABASE_ROWS(struct show, database),
    {"namespace", OPTION_NAME, offsetof(struct show, name_space), "gridloop", 0, 0, NULL,
     "first part of the topics' names", false},
    {"json", OPTION_SWITCH, offsetof(struct show, json), NULL, 0, 0, NULL, "print JSON",
     false},
};

const struct option_set progress_show_options = {
    .program = SHOW,
    .synopsis = "[OPTION...]",
    .purpose = "Lists where each partition stands, and who has it. How far that is from "
               "what Kafka has, gridloopctl status tells.",
    .rows = show_rows,
    .row_count = ROWS(show_rows),
    .kafka_offset = SIZE_MAX,
};

static const struct table_column columns[] = {
    {"topic", false},      {"partition", true},   {"incarnation", true},
    {"from_offset", true}, {"next_offset", true}, {"owner", false},
    {"epoch", true},       {"is_owned", false},   {"moved_at", false},
    {"open_gap", true},    {"paused", false}};

static int show_main(int argc, char **argv)
{
    struct show show = {0};
    struct err e = {0};
    struct pg *pg = NULL;
    struct pg_result *places = NULL;

    if (!ctl_load(&progress_show_options, argc, argv, &show, &e)
        && (pg = ctl_open(&show.database, &e)) != NULL && !ctl_is_set_up(pg, &e)
        && !pg_query(pg, ctl_sql("progress_show"), &show.name_space, 1, &places, &e))
        table_write(show.json, columns, ROWS(columns), places);
    pg_result_free(places);
    pg_close(pg);
    return e.outcome ? ctl_fail(SHOW, &e) : EX_OK;
}

/* ---- set ------------------------------------------------------------------------------------------- */

#define SET "gridloopctl progress set"

struct set {
    struct pg_settings database;
    struct kafka_properties kafka;
    const char *topic, *partition;
    int64_t to;
    const char *reason, *actor;
    bool confirm;
};

static const struct option_row set_rows[] = {
    CTL_DATABASE_ROWS(struct set, database),
    {"to", OPTION_NUMBER, offsetof(struct set, to), NULL, 0, 9007199254740992.0, "OFFSET",
     "the first offset that is read again", true},
    {"reason", OPTION_TEXT, offsetof(struct set, reason), NULL, 0, 0, NULL,
     "why it is right to give up what stands there; kept", true},
    {"actor", OPTION_TEXT, offsetof(struct set, actor), NULL, 0, 0, NULL,
     "who does it; by default the database's role", false},
    {"confirm", OPTION_SWITCH, offsetof(struct set, confirm), NULL, 0, 0, NULL,
     "do it; without this it is only said what would be given up", false},
};

const struct option_set progress_set_options = {
    .program = SET,
    .synopsis = "TOPIC PARTITION --to OFFSET --reason TEXT [--confirm] [OPTION...]",
    .purpose = "Sets a partition forward: what stands between is never read, and "
               "remembered as a "
               "gap that was accepted. Its consumers have to be stopped. Backward is not "
               "possible: what is settled stays settled.",
    .examples = "  gridloopctl progress set gridloop.patrol-log.v1 3 --to 1200 --reason "
                "'load test of 3 May, see its protocol' --confirm",
    .rows = set_rows,
    .row_count = ROWS(set_rows),
    .kafka_offset = offsetof(struct set, kafka),
};

struct standing {
    int32_t source_id;
    int64_t next_offset;
    int64_t high; /* next offset to be written */
};

static enum outcome ask_kafka(const struct set *set, char cluster_id[KAFKA_ID_SIZE],
                              int64_t *high, struct err *e)
{
    struct kafka_producer *kafka =
        kafka_producer_open(&set->kafka, 1 << 20, NULL, NULL, e);
    int32_t partition = (int32_t)strtol(set->partition, NULL, 10);
    int64_t low;
    enum outcome outcome;

    if (!kafka)
        return e->outcome;
    outcome = kafka_producer_cluster(kafka, cluster_id, e);
    if (!outcome)
        outcome = kafka_producer_watermarks(kafka, set->topic, partition, &low, high, e);
    kafka_producer_close(kafka);
    return outcome;
}

static enum outcome check_standing(const struct pg_result *row, const struct set *set,
                                   struct err *e)
{
    if (pg_rows(row) == 0)
        return err_exit(e, EX_DATAERR, "nobody has read %s partition %s yet", set->topic,
                        set->partition);
    if (pg_value(row, 0, 2))
        return err_exit(e, EX_TEMPFAIL,
                        "%s reads it: stop the consumers of this kind first, or it would "
                        "go on from where it stands meanwhile",
                        pg_value(row, 0, 2));
    if (pg_value(row, 0, 3))
        return err_exit(e, EX_DATAERR,
                        "it waits for gap %s: see gridloopctl gap accept %s",
                        pg_value(row, 0, 3), pg_value(row, 0, 3));
    return DONE;
}

static enum outcome lock(struct pg *pg, const struct set *set, const char *cluster_id,
                         struct standing *standing, struct err *e)
{
    struct pg_result *row;

    if (pg_query(pg, ctl_sql("progress_lock"),
                 (const char *const[]){set->topic, set->partition, cluster_id}, 3, &row,
                 e))
        return e->outcome;
    if (!check_standing(row, set, e)) {
        standing->source_id = (int32_t)pg_number(row, 0, 0);
        standing->next_offset = pg_number(row, 0, 1);
    }
    pg_result_free(row);
    return e->outcome;
}

/* Each offset is settled once, by one tile of the chain: what lies behind us cannot be settled again. */
static enum outcome check_place(const struct set *set, const struct standing *standing,
                                struct err *e)
{
    if (set->to < standing->next_offset)
        return err_exit(
            e, EX_DATAERR,
            "it stands at %" PRId64 ", and all before that is settled, each offset once: "
            "reading it again could store nothing new, and would break the proof. What "
            "was set aside comes back by gridloopctl dead-letter replay; cases are made "
            "anew by gridloopctl rebuild",
            standing->next_offset);
    if (set->to == standing->next_offset)
        return err_exit(e, EX_DATAERR, "it stands at %" PRId64 " already", set->to);
    if (set->to > standing->high)
        return err_exit(e, EX_DATAERR,
                        "Kafka has messages up to %" PRId64
                        " only: what is written later would be lost",
                        standing->high);
    return set->confirm
               ? DONE
               : err_exit(e, EX_USAGE,
                          "it stands at %" PRId64 ": %" PRId64
                          " offsets would be given up. Say --confirm to do so",
                          standing->next_offset, set->to - standing->next_offset);
}

static enum outcome give_up(struct pg *pg, const struct set *set,
                            const struct standing *standing, struct err *e)
{
    struct gap_number source = gap_number(standing->source_id), to = gap_number(set->to);
    struct pg_result *made;
    enum outcome outcome;

    if (pg_query(pg, ctl_sql("progress_gap"), (const char *const[]){source.text, to.text},
                 2, &made, e))
        return e->outcome;
    outcome = gap_accept(pg, pg_value(made, 0, 0), set->reason, set->actor, e);
    pg_result_free(made);
    return outcome ? outcome : pg_run(pg, "commit", e);
}

static enum outcome set_forward(struct pg *pg, const struct set *set,
                                struct standing *standing, struct err *e)
{
    char cluster_id[KAFKA_ID_SIZE];

    if (ask_kafka(set, cluster_id, &standing->high, e) || pg_run(pg, "begin", e)
        || lock(pg, set, cluster_id, standing, e) || check_place(set, standing, e))
        return e->outcome;
    return give_up(pg, set, standing, e);
}

static enum outcome check_partition(const char *text, struct err *e)
{
    char *end;
    long number = strtol(text, &end, 10);

    return *end == '\0' && end != text && number >= 0 && number <= INT32_MAX
               ? DONE
               : err_exit(e, EX_USAGE, "\"%s\" is no number of a partition", text);
}

static int set_main(int argc, char **argv)
{
    struct set set = {0};
    struct option_list operands = {0};
    struct standing standing = {0};
    struct err e = {0};
    struct pg *pg = NULL;

    if (!ctl_load_operands(&progress_set_options, argc, argv, &set, &operands, 2, 2, &e)
        && !check_partition(set.partition = operands.items[1], &e)
        && (pg = ctl_open(&set.database, &e)) != NULL && !ctl_is_set_up(pg, &e)) {
        set.topic = operands.items[0];
        if (!set_forward(pg, &set, &standing, &e))
            printf("%s partition %s: %" PRId64
                   " offsets given up; reading goes on at offset %" PRId64 "\n",
                   set.topic, set.partition, set.to - standing.next_offset, set.to);
    }
    pg_close(pg);
    return e.outcome ? ctl_fail(SET, &e) : EX_OK;
}

/* ---- the command ----------------------------------------------------------------------------------- */

int progress_main(int argc, char **argv)
{
    static const struct ctl_command commands[] = {
        {"show", "where each partition stands, and who has it", show_main},
        {"set", "give up what stands before an offset", set_main},
        {NULL, NULL, NULL},
    };

    return ctl_dispatch("gridloopctl progress", commands, argc, argv);
}
