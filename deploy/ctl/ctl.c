/* ctl.c - what the commands of gridloopctl share. */
#include "deploy/ctl/ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/clock.h"

enum { STATEMENT_TIMEOUT_MS = 60 * 60 * 1000 };

const char *ctl_sql(const char *name)
{
    return builtin_sql_text(builtin_sql, "deploy/ctl", name);
}

static void print_commands(FILE *out, const char *program,
                           const struct ctl_command *commands)
{
    int width = 0;

    fprintf(out, "usage: %s COMMAND [OPTION...]\n\n", program);
    for (const struct ctl_command *row = commands; row->name; row++)
        if ((int)strlen(row->name) > width)
            width = (int)strlen(row->name);
    for (const struct ctl_command *row = commands; row->name; row++)
        fprintf(out, "  %-*s  %s\n", width, row->name, row->purpose);
    fprintf(out, "\n%s COMMAND --help tells more.\n", program);
}

int ctl_dispatch(const char *program, const struct ctl_command *commands, int argc,
                 char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    for (const struct ctl_command *row = commands; row->name; row++)
        if (strcmp(row->name, name) == 0)
            return row->run(argc - 1, argv + 1);
    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
        print_commands(stdout, program, commands);
        return EX_OK;
    }
    if (*name)
        fprintf(stderr, "%s: there is no command \"%s\"\n\n", program, name);
    print_commands(stderr, program, commands);
    return EX_USAGE;
}

enum outcome ctl_load_operands(const struct option_set *options, int argc, char **argv,
                               void *settings, struct option_list *operands, size_t least,
                               size_t most, struct err *e)
{
    if (options_load(options, argc, argv, settings, operands, e))
        return e->outcome;
    if (operands->count > most)
        return err_exit(e, EX_USAGE, "unexpected \"%s\"", operands->items[most]);
    return operands->count < least ? err_exit(e, EX_USAGE, "usage: %s %s",
                                              options->program, options->synopsis)
                                   : DONE;
}

enum outcome ctl_load(const struct option_set *options, int argc, char **argv,
                      void *settings, struct err *e)
{
    struct option_list none = {0};

    return ctl_load_operands(options, argc, argv, settings, &none, 0, 0, e);
}

struct pg *ctl_open(const struct pg_settings *database, struct err *e)
{
    return pg_open(database->url, database->password_file, "gridloopctl",
                   STATEMENT_TIMEOUT_MS, e);
}

enum outcome ctl_open_schemas(struct ctl_schemas *schemas, struct err *e)
{
    if (schemas->registry.url && !(schemas->asked = registry_open(&schemas->registry, e)))
        return e->outcome;
    if (!schemas->database.url || (schemas->pg = ctl_open(&schemas->database, e)))
        return DONE;
    ctl_close_schemas(schemas);
    return e->outcome;
}

void ctl_close_schemas(struct ctl_schemas *schemas)
{
    pg_close(schemas->pg);
    registry_close(schemas->asked);
    schemas->pg = NULL;
    schemas->asked = NULL;
}

static enum outcome check_time(const char *name, const char *text, int64_t *us,
                               struct err *e)
{
    const char *wrong = clock_parse(text, strlen(text), us);

    return wrong ? err_exit(e, EX_USAGE, "--%s %s", name, wrong) : DONE;
}

enum outcome ctl_check_span(const char *from, const char *to, int64_t *from_us,
                            int64_t *to_us, struct err *e)
{
    if (check_time("from", from, from_us, e) || check_time("to", to, to_us, e))
        return e->outcome;
    return *from_us < *to_us ? DONE : err_exit(e, EX_USAGE, "--to is not after --from");
}

enum outcome ctl_read_file(const char *path, size_t most, struct text *out, struct err *e)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char bytes[65536];
    size_t got = 1;
    bool failed;

    if (!file)
        return err_exit(e, EX_NOINPUT, "%s: %s", path, strerror(errno));
    while (got > 0 && out->size <= most) {
        got = fread(bytes, 1, sizeof bytes, file);
        text_add(out, bytes, got);
    }
    failed = ferror(file);
    if (file != stdin)
        fclose(file);
    if (failed)
        return err_exit(e, EX_NOINPUT, "%s: cannot be read", path);
    return out->size > most
               ? err_exit(e, EX_DATAERR, "%s: larger than %zu bytes", path, most)
               : DONE;
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

enum outcome ctl_has_audit(struct pg *pg, struct err *e)
{
    struct pg_result *result;
    bool there;

    if (pg_query(pg, "select to_regclass('audit.asked') is not null", NULL, 0, &result,
                 e))
        return e->outcome;
    there = strcmp(pg_value(result, 0, 0), "t") == 0;
    pg_result_free(result);
    return there ? DONE
                 : err_exit(e, EX_CONFIG,
                            "this database has no schema audit: run gridloopctl setup");
}

enum outcome ctl_local_time(struct pg *pg, struct err *e)
{
    return pg_query(pg,
                    "select set_config('timezone', time_zone, false) from audit.asked",
                    NULL, 0, NULL, e);
}

int ctl_fail(const char *program, const struct err *e)
{
    int exit_code = err_report(program, e);

    return e->outcome == RETRY ? EX_UNAVAILABLE : exit_code;
}
