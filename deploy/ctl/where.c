/* where.c - gridloopctl where: the whole life of an event, a case or an order, from the device to the answer. What there
 * is to tell stands in the database: audit.event_trail() tells auditors the same. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/hash.h"
#include "common/text.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"
#include "deploy/ctl/table.h"

#define PROGRAM "gridloopctl where"
#define COUNT(table) (sizeof(table) / sizeof *(table))

struct where {
    struct pg_settings database;
    bool json;
};

static const struct option_row rows[] = {
    CTL_DATABASE_ROWS(struct where, database),
    {"json", OPTION_SWITCH, offsetof(struct where, json), NULL, 0, 0, NULL, "print JSON",
     false},
};

const struct option_set where_options = {
    .program = PROGRAM,
    .synopsis = "ID [OPTION...]",
    .purpose = "Tells the whole life of what ID names, in order: when it happened, was "
               "recorded and stored, which case it belongs to and why, who did what, "
               "which orders went out. ID is that of an event, a report, a case or an "
               "order, a case's number, or SOURCE/OFFSET. Exit code 65: nothing is "
               "known of it.",
    .examples = "  gridloopctl where 019cd57b-b420-77c4-902c-b7d67b814e6d\n"
                "  gridloopctl where C902CB7D67B81\n"
                "  gridloopctl where 3/17 --json",
    .rows = rows,
    .row_count = COUNT(rows),
    .kafka_offset = SIZE_MAX,
};

/* As in where_cases.sql and where_trail.sql. */
static const struct table_column cases[] = {
    {"case_no", false},     {"case_id", false},       {"state", false},
    {"case_version", true}, {"category", false},      {"unit", false},
    {"sightings", true},    {"first_seen_at", false}, {"due_at", false},
    {"answered_at", false}, {"handled_at", false},    {"checked_at", false},
    {"closed_at", false},   {"merged_into", false},
};
static const struct table_column trail[] = {
    {"at", false},    {"entry", false},     {"outcome", false}, {"actor", false},
    {"place", false}, {"stored_at", false}, {"detail", false},  {"id", false},
};

struct story {
    char id[UUID_TEXT_SIZE];
    struct pg_result *cases, *trail;
};

static enum outcome find_id(struct pg *pg, const char *name, struct story *story,
                            struct err *e)
{
    struct pg_result *found = NULL;
    const char *id;

    if (pg_query(pg, ctl_sql("where_id"), &name, 1, &found, e))
        return e->outcome;
    id = pg_rows(found) > 0 ? pg_value(found, 0, 0) : NULL;
    snprintf(story->id, sizeof story->id, "%s", id ? id : "");
    pg_result_free(found);
    return id ? DONE
              : err_exit(e, EX_DATAERR,
                         "\"%s\" is no id, and no number of a case or place of a message "
                         "that is known",
                         name);
}

static enum outcome read_story(struct pg *pg, const char *name, struct story *story,
                               struct err *e)
{
    const char *id = story->id;

    if (ctl_is_set_up(pg, e) || ctl_has_audit(pg, e) || pg_run(pg, "begin read only", e)
        || ctl_local_time(pg, e) || find_id(pg, name, story, e)
        || pg_query(pg, ctl_sql("where_cases"), &id, 1, &story->cases, e)
        || pg_query(pg, ctl_sql("where_trail"), &id, 1, &story->trail, e))
        return e->outcome;
    if (pg_rows(story->trail) == 0)
        return err_exit(e, EX_DATAERR, "nothing is known of %s", name);
    return DONE;
}

static void print_story(const struct story *story, bool json)
{
    struct text out = {0};

    if (json) {
        text_format(&out, "{\"id\": \"%s\", \"cases\": ", story->id);
        table_json(&out, cases, COUNT(cases), story->cases);
        text_add_string(&out, ", \"trail\": ");
        table_json(&out, trail, COUNT(trail), story->trail);
        text_add_string(&out, "}\n");
    } else {
        if (pg_rows(story->cases) > 0)
            table_print(&out, cases, COUNT(cases), story->cases);
        else
            text_add_string(&out, "in no case\n");
        text_add_string(&out, "\n");
        table_print(&out, trail, COUNT(trail), story->trail);
    }
    fputs(out.bytes, stdout);
    text_free(&out);
}

int where_main(int argc, char **argv)
{
    struct where where = {0};
    struct option_list operands = {0};
    struct story story = {0};
    struct err e = {0};
    struct pg *pg = NULL;

    if (!ctl_load_operands(&where_options, argc, argv, &where, &operands, 1, 1, &e)
        && (pg = ctl_open(&where.database, &e)) != NULL
        && !read_story(pg, operands.items[0], &story, &e))
        print_story(&story, where.json);
    pg_result_free(story.cases);
    pg_result_free(story.trail);
    pg_close(pg);
    return e.outcome ? ctl_fail(PROGRAM, &e) : EX_OK;
}
