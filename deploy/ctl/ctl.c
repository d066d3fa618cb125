/* ctl.c - what the commands of gridloopctl share. */
#include "deploy/ctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { STATEMENT_TIMEOUT_MS = 60 * 60 * 1000 };

const char *ctl_sql(const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "deploy/ctl/%s.sql", name);
    for (const struct builtin_file *file = builtin_sql; file->path; file++)
        if (strcmp(file->path, path) == 0)
            return file->text;
    fprintf(stderr, "gridloopctl: %s is not built in\n", path);
    abort();
}

enum outcome ctl_load(const struct option_set *options, int argc, char **argv,
                      void *settings, struct err *e)
{
    struct option_list operands = {0};

    if (options_load(options, argc, argv, settings, &operands, e))
        return e->outcome;
    return operands.count ? err_exit(e, EX_USAGE, "unexpected \"%s\"", operands.items[0])
                          : DONE;
}

struct pg *ctl_open(const struct ctl_database *database, struct err *e)
{
    return pg_open(database->url, database->password_file, "gridloopctl",
                   STATEMENT_TIMEOUT_MS, e);
}

enum outcome ctl_is_set_up(struct pg *pg, struct err *e)
{
    struct pg_result *result;
    bool there;

    if (pg_query(pg, "select 1 where to_regclass('bus.migration') is not null", NULL, 0,
                 &result, e))
        return e->outcome;
    there = pg_rows(result) > 0;
    pg_result_free(result);
    return there ? DONE
                 : err_exit(e, EX_CONFIG,
                            "this database has not been set up: run gridloopctl setup");
}

int ctl_fail(const char *program, const struct err *e)
{
    int exit_code = err_report(program, e);

    return e->outcome == RETRY ? EX_UNAVAILABLE : exit_code;
}
