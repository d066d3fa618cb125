/* gap.c - gridloopctl gap: what is missing, and an operator who takes it as it is. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/text.h"
#include "consumers/runtime/sql.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/gap.h"
#include "deploy/ctl/gap_chain.h"
#include "deploy/ctl/programs.h"
#include "deploy/ctl/table.h"

#define ROWS(table) (sizeof(table) / sizeof *(table))
#define WITHOUT_KAFKA SIZE_MAX

/* ---- list ------------------------------------------------------------------------------------------ */

#define LIST "gridloopctl gap list"

struct list {
    struct pg_settings database;
    bool all, json;
};

static const struct option_row list_rows[] = {
    CTL_DATABASE_ROWS(struct list, database),
    {"all", OPTION_SWITCH, offsetof(struct list, all), NULL, 0, 0, NULL,
     "those that were accepted too", false},
    {"json", OPTION_SWITCH, offsetof(struct list, json), NULL, 0, 0, NULL, "print JSON",
     false},
};

const struct option_set gap_list_options = {
    .program = LIST,
    .synopsis = "[OPTION...]",
    .purpose = "Lists the partitions that stand still because offsets are missing, what "
               "is lost at most, and what accepting would do. Exit code 0, also if "
               "there are any.",
    .rows = list_rows,
    .row_count = ROWS(list_rows),
    .kafka_offset = WITHOUT_KAFKA,
};

enum { MEANING = 11, ACCEPTING }; /* sentences; the columns before them are a table */

static const struct table_column columns[] = {
    {"gap", true},          {"topic", false},         {"partition", true},
    {"reason", false},      {"from_offset", true},    {"to_offset", true},
    {"offsets", true},      {"found_s", true},        {"accepted_at", false},
    {"accepted_by", false}, {"accept_reason", false}, {"meaning", false},
    {"accepting", false}};

static void print_open(struct text *out, const struct pg_result *gaps)
{
    for (size_t row = 0; row < pg_rows(gaps); row++)
        if (!pg_value(gaps, row, 8))
            text_format(out, "\ngap %s: %s\n  Accepting it: %s\n", pg_value(gaps, row, 0),
                        pg_value(gaps, row, MEANING), pg_value(gaps, row, ACCEPTING));
}

static void print_list(const struct list *list, const struct pg_result *gaps)
{
    struct text out = {0};

    if (list->json) {
        table_write(true, columns, ROWS(columns), gaps);
        return;
    }
    if (pg_rows(gaps) == 0)
        text_add_string(&out, list->all ? "no gap was ever found\n" : "no open gap\n");
    else {
        table_print(&out, columns, MEANING, gaps);
        print_open(&out, gaps);
    }
    fputs(out.bytes, stdout);
    text_free(&out);
}

static int list_main(int argc, char **argv)
{
    struct list list = {0};
    struct err e = {0};
    struct pg *pg = NULL;
    struct pg_result *gaps = NULL;

    if (!ctl_load(&gap_list_options, argc, argv, &list, &e)
        && (pg = ctl_open(&list.database, &e)) != NULL && !ctl_is_set_up(pg, &e)
        && !pg_query(pg, ctl_sql("gap_list"),
                     (const char *const[]){list.all ? "true" : "false"}, 1, &gaps, &e))
        print_list(&list, gaps);
    pg_result_free(gaps);
    pg_close(pg);
    return e.outcome ? ctl_fail(LIST, &e) : EX_OK;
}

/* ---- accept ---------------------------------------------------------------------------------------- */

#define ACCEPT "gridloopctl gap accept"

struct accept {
    struct pg_settings database;
    const char *reason, *actor, *to;
};

static const struct option_row accept_rows[] = {
    CTL_DATABASE_ROWS(struct accept, database),
    {"reason", OPTION_TEXT, offsetof(struct accept, reason), NULL, 0, 0, NULL,
     "why it is right to go on; kept with the gap", true},
    {"actor", OPTION_TEXT, offsetof(struct accept, actor), NULL, 0, 0, NULL,
     "who accepts it; by default the database's role", false},
    {"to", OPTION_TEXT, offsetof(struct accept, to), NULL, 0, 0, "OFFSET",
     "where reading goes on: of a corrupt batch, or of a log that was cut", false},
};

const struct option_set gap_accept_options = {
    .program = ACCEPT,
    .synopsis = "ID --reason TEXT [OPTION...]",
    .purpose =
        "Takes a gap as it is: what is missing is given up, and the daemon goes on "
        "by itself at its next look (check_interval_ms).",
    .examples =
        "  gridloopctl gap accept 7 --reason 'the disk was lost, see the log of 3 "
        "May' --actor 'Li Wei'",
    .rows = accept_rows,
    .row_count = ROWS(accept_rows),
    .kafka_offset = WITHOUT_KAFKA,
};

/* What a reason means for accepting. */
static const struct kind {
    const char *reason;
    bool anew;       /* the log is another one: a new incarnation of the source begins */
    bool may_choose; /* --to is possible */
} kinds[] = {
    {"before_first_start", false, false},
    {"retention", false, false},
    {"recreated", false, false},
    {"corrupt", false, true},
    {"set_forward", false, false}, /* by gridloopctl progress, accepted at once */
    {"truncated", true, true},
    {"log_truncation", true, true},
};

struct gap {
    const char *id;
    const struct kind *kind;
    struct pg_result *row;
    struct gap_row as; /* it will be, once accepted; its texts are of the row */
    uint8_t head[SHA256_SIZE];
};

static const struct kind *find_kind(const char *reason)
{
    for (size_t i = 0; i < ROWS(kinds); i++)
        if (strcmp(kinds[i].reason, reason) == 0)
            return &kinds[i];
    return NULL;
}

static enum outcome take_gap(const struct pg_result *row, struct gap *gap, struct err *e)
{
    if (pg_value(row, 0, 4))
        return err_exit(e, EX_DATAERR, "gap %s was accepted already: by %s, at %s: %s",
                        gap->id, pg_value(row, 0, 5), pg_value(row, 0, 4),
                        pg_value(row, 0, 6));
    gap->kind = find_kind(pg_value(row, 0, 1));
    gap->as.gap_id = (int32_t)strtol(gap->id, NULL, 10);
    gap->as.source_id = (int32_t)pg_number(row, 0, 0);
    gap->as.reason = pg_value(row, 0, 1);
    gap->as.from_offset = pg_number(row, 0, 2);
    gap->as.to_offset = pg_value(row, 0, 3) ? pg_number(row, 0, 3) : -1;
    gap->as.found_us = pg_number(row, 0, 7);
    gap->as.accepted_at = pg_value(row, 0, 8);
    gap->as.accepted_us = pg_number(row, 0, 9);
    gap->as.accepted_by = pg_value(row, 0, 10);
    return gap->kind ? DONE
                     : err_exit(e, EX_CONFIG,
                                "gap %s: this version does not know the reason %s",
                                gap->id, pg_value(row, 0, 1));
}

/* Locks the source and reads the gap behind that: nobody else accepts it meanwhile. */
static enum outcome read_gap(struct pg *pg, struct gap *gap, struct err *e)
{
    struct pg_result *place = NULL;
    enum outcome outcome = pg_query(pg, ctl_sql("gap_lock"), &gap->id, 1, &place, e);

    if (!outcome && pg_rows(place) == 0)
        outcome = err_exit(e, EX_DATAERR, "there is no gap %s", gap->id);
    if (!outcome) {
        gap->as.stood_at = pg_number(place, 0, 0);
        pg_bytes(place, 0, 1, gap->head, sizeof gap->head);
        outcome = pg_query(pg, ctl_sql("gap_read"), &gap->id, 1, &gap->row, e);
    }
    pg_result_free(place);
    return outcome ? outcome : take_gap(gap->row, gap, e);
}

static enum outcome parse_offset(const char *text, int64_t *offset, struct err *e)
{
    char *end;

    *offset = strtoll(text, &end, 10);
    return *end == '\0' && end != text && *offset >= 0 && *offset < INT64_MAX
               ? DONE
               : err_exit(e, EX_USAGE, "--to: \"%s\" is no offset", text);
}

/* Where reading goes on. */
static enum outcome choose_place(const struct gap *gap, const char *wish, int64_t *place,
                                 struct err *e)
{
    *place = gap->kind->anew ? gap->as.from_offset : gap->as.to_offset;
    if (wish && !gap->kind->may_choose)
        return err_exit(e, EX_USAGE, "--to: of a gap by %s Kafka says where to go on",
                        gap->kind->reason);
    if (wish && parse_offset(wish, place, e))
        return e->outcome;
    if (*place < 0)
        return err_exit(
            e, EX_USAGE,
            "nothing readable is known behind gap %s: say by --to OFFSET where "
            "reading goes on (--to %" PRId64 " reads the same again)",
            gap->id, gap->as.stood_at);
    if (!gap->kind->anew && *place < gap->as.stood_at)
        return err_exit(e, EX_DATAERR,
                        "all offsets before %" PRId64
                        " are settled: reading cannot go on at %" PRId64,
                        gap->as.stood_at, *place);
    if (!gap->kind->anew && gap->as.stood_at < gap->as.from_offset)
        return err_exit(e, EX_DATAERR,
                        "the source stands at %" PRId64 ", before the gap at %" PRId64,
                        gap->as.stood_at, gap->as.from_offset);
    return DONE;
}

static enum outcome begin_anew(struct pg *pg, const struct gap *gap, struct err *e)
{
    struct pg_result *made = NULL;
    struct gap_number source = gap_number(gap->as.source_id);
    struct gap_number place = gap_number(gap->as.from_offset);
    enum outcome outcome = pg_query(pg, ctl_sql("gap_anew"),
                                    (const char *const[]){source.text}, 1, &made, e);

    if (!outcome)
        outcome =
            pg_query(pg, sql_text("first_progress"),
                     (const char *const[]){pg_value(made, 0, 0), place.text, NULL, NULL},
                     4, NULL, e);
    pg_result_free(made);
    return outcome;
}

/* What was really done goes into the row, and the row into the chain. */
static enum outcome accept_within(struct pg *pg, const struct accept *accept,
                                  struct gap *gap, int64_t *place, struct err *e)
{
    if (read_gap(pg, gap, e) || choose_place(gap, accept->to, place, e))
        return e->outcome;
    *(gap->kind->anew ? &gap->as.from_offset : &gap->as.to_offset) = *place;
    if (accept->actor)
        gap->as.accepted_by = accept->actor;
    gap->as.accept_reason = accept->reason;
    if (gap_chain_write(pg, &gap->as, gap->kind->anew ? gap->as.stood_at : *place,
                        gap->head, e)
        || (gap->kind->anew && begin_anew(pg, gap, e)))
        return e->outcome;
    return DONE;
}

static enum outcome accept_gap(struct pg *pg, const struct accept *accept,
                               struct gap *gap, int64_t *place, struct err *e)
{
    if (pg_run(pg, "begin", e) || accept_within(pg, accept, gap, place, e))
        return e->outcome;
    return pg_run(pg, "commit", e);
}

enum outcome gap_accept(struct pg *pg, const char *id, const char *reason,
                        const char *actor, struct err *e)
{
    const struct accept accept = {.reason = reason, .actor = actor};
    struct gap gap = {.id = id};
    int64_t place;
    enum outcome outcome = accept_within(pg, &accept, &gap, &place, e);

    pg_result_free(gap.row);
    return outcome;
}

static void report(const struct gap *gap, int64_t place)
{
    if (gap->kind->anew)
        printf("gap %s accepted: the source stays at %" PRId64
               "; a new one reads from offset %" PRId64 "\n",
               gap->id, gap->as.stood_at, place);
    else
        printf("gap %s accepted: %" PRId64
               " offsets given up; reading goes on at offset %" PRId64 "\n",
               gap->id, place - gap->as.stood_at, place);
}

static enum outcome check_id(const char *id, struct err *e)
{
    return strlen(id) <= 9 && strspn(id, "0123456789") == strlen(id) && *id
               ? DONE
               : err_exit(e, EX_USAGE, "\"%s\" is no number of a gap", id);
}

static int accept_main(int argc, char **argv)
{
    struct accept accept = {0};
    struct option_list ids = {0};
    struct gap gap = {0};
    struct err e = {0};
    struct pg *pg = NULL;
    int64_t place = 0;

    if (!ctl_load_operands(&gap_accept_options, argc, argv, &accept, &ids, 1, 1, &e)
        && !check_id(gap.id = ids.items[0], &e)
        && (pg = ctl_open(&accept.database, &e)) != NULL && !ctl_is_set_up(pg, &e)
        && !accept_gap(pg, &accept, &gap, &place, &e))
        report(&gap, place);
    pg_result_free(gap.row);
    pg_close(pg);
    return e.outcome ? ctl_fail(ACCEPT, &e) : EX_OK;
}

/* ---- the command ----------------------------------------------------------------------------------- */

int gap_main(int argc, char **argv)
{
    static const struct ctl_command commands[] = {
        {"list", "what is missing, what is lost at most, and what accepting does",
         list_main},
        {"accept", "give up what is missing, so that its partition goes on", accept_main},
        {NULL, NULL, NULL},
    };

    return ctl_dispatch("gridloopctl gap", commands, argc, argv);
}
