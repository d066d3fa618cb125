/* audit.c - gridloopctl audit: the questions of schema audit, and the answer to one. What there is to ask stands in
 * the database alone: a view or function that is added there can be asked without a change here. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/text.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"
#include "deploy/ctl/table.h"

#define PROGRAM "gridloopctl audit"
#define DICTIONARY "dictionary"
#define COUNT(table) (sizeof(table) / sizeof *(table))

struct audit {
    struct pg_settings database;
    struct option_list params;
    bool csv;
};

#define AT(member) offsetof(struct audit, member)

static const struct option_row rows[] = {
    CTL_DATABASE_ROWS(struct audit, database),
    {"param", OPTION_LIST, AT(params), NULL, 0, 0, "NAME=VALUE",
     "from_day, to_day (2026-03-31), include_test (true), or an argument of a function; "
     "may be repeated",
     false},
    {"csv", OPTION_SWITCH, AT(csv), NULL, 0, 0, NULL, "print CSV for a spreadsheet",
     false},
};

const struct option_set audit_options = {
    .program = PROGRAM,
    .synopsis = "[OPTION...] [NAME]",
    .purpose =
        "Answers a question of schema audit; without NAME lists them. \"" DICTIONARY
        "\" prints the data dictionary.",
    .examples = "  gridloopctl audit\n"
                "  gridloopctl audit kpi_closure --param from_day=2026-01-01 --csv\n"
                "  gridloopctl audit event_trail --param id=018f2c7a-...",
    .rows = rows,
    .row_count = COUNT(rows),
    .kafka_offset = SIZE_MAX,
};

/* ---- what can be asked ----------------------------------------------------------------------------- */

/* Columns of audit_names.sql. */
enum { NAME, IS_FUNCTION, IS_VOLATILE, ARGUMENTS };

static bool is_true(const struct pg_result *names, size_t row, size_t column)
{
    return strcmp(pg_value(names, row, column), "t") == 0;
}

static enum outcome unknown_name(const struct pg_result *names, const char *name,
                                 struct err *e)
{
    size_t best = (strlen(name) + 1) / 3 + 1; /* a third of it may be wrong */
    const char *near = NULL;

    for (size_t row = 0; row < pg_rows(names); row++) {
        size_t distance = text_distance(name, pg_value(names, row, NAME));
        if (distance < best) {
            best = distance;
            near = pg_value(names, row, NAME);
        }
    }
    if (near)
        return err_exit(e, EX_USAGE, "there is no question \"%s\"; did you mean %s?",
                        name, near);
    return err_exit(e, EX_USAGE,
                    "there is no question \"%s\"; " PROGRAM " without one lists them",
                    name);
}

static enum outcome find_name(const struct pg_result *names, const char *name,
                              size_t *found, struct err *e)
{
    for (*found = 0; *found < pg_rows(names); ++*found)
        if (strcmp(pg_value(names, *found, NAME), name) == 0)
            return DONE;
    return unknown_name(names, name, e);
}

/* ---- parameters ------------------------------------------------------------------------------------ */

/* One --param: its value is that of a setting, or of an argument of the function. */
struct param {
    char *name;
    const char *value;
    bool is_setting;
};

struct params {
    struct param items[PG_MAX_PARAMETERS];
    size_t count;
};

static bool is_setting(const char *name)
{
    static const char *const settings[] = {"from_day", "to_day", "include_test"};

    for (size_t i = 0; i < COUNT(settings); i++)
        if (strcmp(settings[i], name) == 0)
            return true;
    return false;
}

/* arguments: "{what,key}", all of them plain words. */
static bool is_argument(const char *arguments, const char *name)
{
    size_t size = strlen(name);

    for (const char *p = arguments; (p = strstr(p, name)); p++)
        if (strchr("{,", p[-1]) && strchr(",}", p[size]))
            return size > 0;
    return false;
}

static enum outcome read_param(const char *text, const char *arguments,
                               struct param *param, struct err *e)
{
    char *equals;

    param->name = xstrdup(text);
    equals = strchr(param->name, '=');
    if (!equals)
        return err_exit(e, EX_USAGE, "--param %s: it is NAME=VALUE", text);
    *equals = '\0';
    param->value = equals + 1;
    param->is_setting = is_setting(param->name);
    if (!param->is_setting && !is_argument(arguments, param->name))
        return err_exit(e, EX_USAGE,
                        "--param %s: there are from_day, to_day, include_test; and as "
                        "arguments %s",
                        param->name, arguments);
    return DONE;
}

static enum outcome read_params(const struct option_list *given, const char *arguments,
                                struct params *params, struct err *e)
{
    if (given->count > COUNT(params->items))
        return err_exit(e, EX_USAGE, "too many --param");
    while (params->count < given->count) {
        const char *text = given->items[params->count];
        if (read_param(text, arguments, &params->items[params->count++], e))
            return e->outcome;
    }
    return DONE;
}

static void free_params(struct params *params)
{
    for (size_t i = 0; i < params->count; i++)
        free(params->items[i].name);
}

/* ---- asking ---------------------------------------------------------------------------------------- */

/* A value that the server cannot read, or that the function refuses (22023, in words of its own), is the user's. */
static enum outcome blame_params(const struct pg *pg, struct err *e)
{
    if (strcmp(pg_sqlstate(pg), "22023") == 0)
        return err_exit(e, EX_USAGE, "%s", pg_message(pg));
    if (strncmp(pg_sqlstate(pg), "22", 2) == 0)
        return err_exit(e, EX_USAGE,
                        "a --param has a value that is none of its type (SQLSTATE %s)",
                        pg_sqlstate(pg));
    return e->outcome;
}

static const char session_sql[] = "set work_mem = '64MB';"
                                  "set jit = off;"
                                  "set extra_float_digits = 0";

static enum outcome begin_session(struct pg *pg, struct err *e)
{
    return ctl_has_audit(pg, e) ? e->outcome : pg_run(pg, session_sql, e);
}

static enum outcome apply_settings(struct pg *pg, const struct params *params,
                                   struct err *e)
{
    for (size_t i = 0; i < params->count; i++) {
        const struct param *p = &params->items[i];
        if (p->is_setting
            && pg_query(pg, "select set_config('gridloop.' || $1, $2, false)",
                        (const char *const[]){p->name, p->value}, 2, NULL, e))
            return e->outcome;
    }
    /* Reads them all, and so refuses what is none; days are those of the district. */
    return ctl_local_time(pg, e) ? blame_params(pg, e) : DONE;
}

static void add_arguments(struct text *sql, const struct params *params,
                          const char **values, size_t *count)
{
    text_add_string(sql, "(");
    for (size_t i = 0; i < params->count; i++) {
        char *quoted;
        if (params->items[i].is_setting)
            continue;
        quoted = pg_quote_name(params->items[i].name);
        values[(*count)++] = params->items[i].value;
        text_format(sql, "%s%s => $%zu", *count > 1 ? ", " : "", quoted, *count);
        free(quoted);
    }
    text_add_string(sql, ")");
}

static enum outcome query(struct pg *pg, const struct pg_result *names, size_t row,
                          const struct params *params, struct pg_result **result,
                          struct err *e)
{
    const char *values[PG_MAX_PARAMETERS];
    char *quoted = pg_quote_name(pg_value(names, row, NAME));
    struct text sql = {0};
    size_t count = 0;
    enum outcome outcome;

    text_format(&sql, "select * from audit.%s", quoted);
    if (is_true(names, row, IS_FUNCTION))
        add_arguments(&sql, params, values, &count);
    outcome = pg_query(pg, sql.bytes, values, count, result, e);
    text_free(&sql);
    free(quoted);
    if (outcome && strcmp(pg_sqlstate(pg), "42883") == 0)
        return err_exit(e, EX_USAGE, "%s needs --param for its arguments: %s",
                        pg_value(names, row, NAME), pg_value(names, row, ARGUMENTS));
    return outcome ? blame_params(pg, e) : DONE;
}

static enum outcome answer(struct pg *pg, const struct audit *audit,
                           const struct pg_result *names, const char *name,
                           struct pg_result **result, struct err *e)
{
    struct params params = {0};
    size_t row;
    enum outcome outcome;

    if (find_name(names, name, &row, e))
        return e->outcome;
    outcome = read_params(&audit->params, pg_value(names, row, ARGUMENTS), &params, e);
    if (outcome == DONE)
        outcome = apply_settings(pg, &params, e);
    if (outcome == DONE && !is_true(names, row, IS_VOLATILE))
        outcome = pg_run(pg, "set default_transaction_read_only = on", e);
    if (outcome == DONE)
        outcome = query(pg, names, row, &params, result, e);
    free_params(&params);
    return outcome;
}

/* ---- telling --------------------------------------------------------------------------------------- */

static void add_result(struct text *out, const struct pg_result *result, bool csv)
{
    size_t count = pg_columns(result);
    struct table_column *columns = xcalloc(count, sizeof *columns);

    for (size_t i = 0; i < count; i++)
        columns[i] = (struct table_column){pg_name(result, i), pg_is_numeric(result, i)};
    (csv ? table_csv : table_print)(out, columns, count, result);
    free(columns);
}

static void add_lines(struct text *out, const struct pg_result *result)
{
    for (size_t row = 0; row < pg_rows(result); row++)
        text_format(out, "%s\n", pg_value(result, row, 0));
}

static enum outcome list(struct pg *pg, struct pg_result **result, struct err *e)
{
    struct text sql = {0};
    enum outcome outcome;

    text_format(&sql, "select entry, name, parameters, asks from (%s) as names",
                ctl_sql("audit_names"));
    outcome = pg_query(pg, sql.bytes, NULL, 0, result, e);
    text_free(&sql);
    return outcome;
}

static enum outcome look_up(struct pg *pg, const struct audit *audit, const char *name,
                            struct pg_result **result, struct err *e)
{
    struct pg_result *names;
    enum outcome outcome;

    if (pg_query(pg, ctl_sql("audit_names"), NULL, 0, &names, e))
        return e->outcome;
    outcome = answer(pg, audit, names, name, result, e);
    pg_result_free(names);
    return outcome;
}

static enum outcome ask(struct pg *pg, const struct audit *audit, const char *name,
                        struct text *out, struct err *e)
{
    struct pg_result *result = NULL;
    bool is_dictionary = name && strcmp(name, DICTIONARY) == 0;

    if (begin_session(pg, e)
        || (!name ? list(pg, &result, e)
            : is_dictionary
                ? pg_query(pg, ctl_sql("audit_dictionary"), NULL, 0, &result, e)
                : look_up(pg, audit, name, &result, e)))
        return e->outcome;
    if (is_dictionary)
        add_lines(out, result);
    else
        add_result(out, result, audit->csv);
    pg_result_free(result);
    return DONE;
}

static enum outcome open_and_ask(const struct audit *audit, const char *name,
                                 struct text *out, struct err *e)
{
    struct pg *pg = ctl_open(&audit->database, e);
    enum outcome outcome = pg ? ask(pg, audit, name, out, e) : e->outcome;

    pg_close(pg);
    return outcome;
}

int audit_main(int argc, char **argv)
{
    struct audit audit = {0};
    struct option_list operands = {0};
    struct text out = {0};
    struct err e = {0};
    int exit_code = EX_OK;

    if (ctl_load_operands(&audit_options, argc, argv, &audit, &operands, 0, 1, &e)
        || open_and_ask(&audit, operands.count ? operands.items[0] : NULL, &out, &e))
        exit_code = ctl_fail(PROGRAM, &e);
    else if (fwrite(out.bytes, 1, out.size, stdout) != out.size || fflush(stdout) != 0)
        exit_code = EX_IOERR;
    text_free(&out);
    return exit_code;
}
