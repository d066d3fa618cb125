/* case_rules_read.c - the tables of schema reference become case rules, row by row. */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "consumers/runtime/case_rules.h"
#include "consumers/runtime/rulebook.h"
#include "consumers/runtime/sql.h"

enum { FIRST_VALUE = 2 }; /* behind the dates */

struct row {
    const struct pg_result *rows;
    size_t number;
};

static const char *text(const struct row *row, size_t column)
{
    return pg_value(row->rows, row->number, FIRST_VALUE + column);
}

static int64_t number(const struct row *row, size_t column)
{
    return pg_number(row->rows, row->number, FIRST_VALUE + column);
}

static struct case_dates dates(const struct row *row)
{
    return (struct case_dates){pg_number(row->rows, row->number, 0),
                               pg_number(row->rows, row->number, 1)};
}

static enum outcome read_state(struct case_rules *rules, const struct row *row,
                               struct err *e)
{
    struct case_state facts = {number(row, 1), number(row, 2), number(row, 3)};

    (void)e;
    case_rules_add_state(rules, dates(row), text(row, 0), facts);
    return DONE;
}

static enum outcome read_transition(struct case_rules *rules, const struct row *row,
                                    struct err *e)
{
    const struct case_transition transition = {
        .case_kind = text(row, 0),
        .from_state = text(row, 1),
        .action = text(row, 2),
        .result = text(row, 3),
        .to_state = text(row, 4),
        .roles = text(row, 5),
        .needs = text(row, 6),
        .marks = text(row, 7),
        .at_most = (int32_t)number(row, 8),
        .most_days = (int32_t)number(row, 9),
    };

    return case_rules_add_transition(rules, dates(row), &transition, e);
}

static enum outcome read_limit(struct case_rules *rules, const struct row *row,
                               struct err *e)
{
    return case_rules_add_limit(rules, dates(row), text(row, 0), text(row, 1),
                                (int32_t)number(row, 2), e);
}

static const struct {
    const char *sql;
    enum outcome (*read)(struct case_rules *rules, const struct row *row, struct err *e);
} sources[] = {
    [CASE_RULES_STATE] = {"rules_case_state", read_state},
    [CASE_RULES_TRANSITION] = {"rules_transition", read_transition},
    [CASE_RULES_LIMIT] = {"rules_time_limit", read_limit},
};

/* first and second: versions that the statement asks for; second < 0: it asks for one. */
static enum outcome ask(struct pg *pg, const char *sql, int32_t first, int32_t second,
                        struct pg_result **rows, struct err *e)
{
    char texts[2][16];
    const char *parameters[] = {texts[0], texts[1]};

    snprintf(texts[0], sizeof texts[0], "%" PRId32, first);
    snprintf(texts[1], sizeof texts[1], "%" PRId32, second);
    if (pg_query(pg, sql_text(sql), parameters, second < 0 ? 1 : 2, rows, e))
        return err_wrap(e, "%s", sql);
    return DONE;
}

static enum outcome read_table(struct case_rules *rules, struct pg *pg,
                               enum case_rules_table table, struct err *e)
{
    struct row row = {0};
    struct pg_result *rows = NULL;
    enum outcome outcome =
        ask(pg, sources[table].sql, case_rules_versions(rules)[table], -1, &rows, e);

    row.rows = rows;
    for (; !outcome && row.number < pg_rows(rows); row.number++)
        outcome = sources[table].read(rules, &row, e);
    pg_result_free(rows);
    return outcome;
}

/* A row is a day, or one more interval of the day before. */
static bool add_hours(struct work_calendar *calendar, const struct pg_result *rows,
                      size_t row)
{
    int64_t begin_us = pg_number(rows, row, 0);

    if ((!row || pg_number(rows, row - 1, 0) != begin_us)
        && !work_calendar_add_day(calendar, begin_us, pg_number(rows, row, 1)))
        return false;
    return !pg_value(rows, row, 2)
           || work_calendar_add_hours(calendar, pg_number(rows, row, 2),
                                      pg_number(rows, row, 3));
}

static enum outcome read_calendar(struct case_rules *rules, struct pg *pg, struct err *e)
{
    const int32_t *versions = case_rules_versions(rules);
    struct work_calendar *calendar = work_calendar_new();
    struct pg_result *rows = NULL;
    enum outcome outcome = ask(pg, "rules_calendar", versions[CASE_RULES_CALENDAR],
                               versions[CASE_RULES_TIME_ZONE], &rows, e);

    for (size_t row = 0; !outcome && row < pg_rows(rows); row++)
        if (!add_hours(calendar, rows, row))
            outcome = err_exit(e, EX_CONFIG,
                               "row %zu of the calendar does not follow the one before",
                               row + 1);
    pg_result_free(rows);
    if (outcome)
        work_calendar_free(calendar);
    else
        case_rules_give_calendar(rules, calendar);
    return outcome;
}

static enum outcome read_all(struct case_rules *rules, struct pg *pg, struct err *e)
{
    const int32_t *versions = case_rules_versions(rules);

    for (enum case_rules_table table = 0; table < CASE_RULES_CALENDAR; table++)
        if (versions[table] > 0 && read_table(rules, pg, table, e))
            return e->outcome;
    if (versions[CASE_RULES_CALENDAR] > 0 && versions[CASE_RULES_TIME_ZONE] > 0)
        return read_calendar(rules, pg, e);
    return DONE;
}

struct case_rules *
case_rules_read(struct pg *pg, const int32_t versions[CASE_RULES_TABLES], struct err *e)
{
    struct case_rules *rules = case_rules_new(versions);

    if (!read_all(rules, pg, e))
        return rules;
    case_rules_free(rules);
    return NULL;
}

struct case_rules *case_rules_read_as_of(struct pg *pg, int32_t newest, struct err *e)
{
    int32_t versions[CASE_RULES_TABLES];
    struct pg_result *result = NULL;

    if (ask(pg, "rules_versions", newest, -1, &result, e))
        return NULL;
    for (size_t i = 0; i < CASE_RULES_TABLES; i++)
        versions[i] = (int32_t)pg_number(result, RULEBOOK_TABLES + i, 0);
    pg_result_free(result);
    return case_rules_read(pg, versions, e);
}
