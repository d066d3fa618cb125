/* migrate.c - brings the tables and views of a database up to date. */
#include "deploy/ctl/migrate.h"

#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/hash.h"
#include "common/text.h"
#include "deploy/ctl/ctl.h"

#define AUDIT "deploy/audit"
#define AUDIT_FILES AUDIT "/*.sql"

enum { HEX_SIZE = 2 * SHA256_SIZE + 1 };

static const char *const migrations[] = {
    "deploy/postgres/*.sql",
    "schemas/*/table.sql",
    "schemas/*/[0-9]*.sql",
};

static bool matches(const struct builtin_file *file, const char *pattern)
{
    return fnmatch(pattern, file->path, FNM_PATHNAME) == 0;
}

static void hex_sha256(const char *bytes, size_t size, char hex[HEX_SIZE])
{
    uint8_t digest[SHA256_SIZE];

    sha256_of(bytes, size, digest);
    for (size_t i = 0; i < SHA256_SIZE; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* ---- what has been applied ------------------------------------------------------------------------- */

/* The table that tells what has been applied is made by the first migration. */
static enum outcome is_new(struct pg *pg, bool *new, struct err *e)
{
    struct pg_result *result;

    if (pg_query(pg, "select to_regclass('bus.migration') is null", NULL, 0, &result, e))
        return e->outcome;
    *new = strcmp(pg_value(result, 0, 0), "t") == 0;
    pg_result_free(result);
    return DONE;
}

/* *applied: "" or the SHA-256 of what was applied under this name. */
static enum outcome find_applied(struct pg *pg, const char *name, char applied[HEX_SIZE],
                                 struct err *e)
{
    struct pg_result *result;
    bool new = true;

    *applied = '\0';
    if (is_new(pg, &new, e))
        return e->outcome;
    if (new)
        return DONE;
    if (pg_query(pg, "select encode(sha256, 'hex') from bus.migration where name = $1",
                 &name, 1, &result, e))
        return e->outcome;
    if (pg_rows(result))
        snprintf(applied, HEX_SIZE, "%s", pg_value(result, 0, 0));
    pg_result_free(result);
    return DONE;
}

static enum outcome note_applied(struct pg *pg, const char *name, const char *hex,
                                 struct err *e)
{
    const char *values[] = {name, hex};

    return pg_query(
        pg, "insert into bus.migration (name, sha256) values ($1, decode($2, 'hex'))",
        values, 2, NULL, e);
}

/* ---- schema audit ---------------------------------------------------------------------------------- */

static const char drop_audit_sql[] = "begin;"
                                     "drop schema if exists audit cascade;"
                                     "delete from bus.migration where name = '" AUDIT "'";

static enum outcome drop_audit(struct pg *pg, struct err *e)
{
    char applied[HEX_SIZE];

    if (find_applied(pg, AUDIT, applied, e))
        return e->outcome;
    if (!*applied)
        return DONE;
    return pg_run(pg, drop_audit_sql, e) ? e->outcome : pg_run(pg, "commit", e);
}

static enum outcome run_audit_files(struct pg *pg, struct err *e)
{
    for (const struct builtin_file *file = builtin_sql; file->path; file++)
        if (matches(file, AUDIT_FILES) && pg_run(pg, file->text, e))
            return err_wrap(e, "%s", file->path);
    return DONE;
}

static enum outcome make_audit(struct pg *pg, const char *hex, struct err *e)
{
    if (pg_run(pg, drop_audit_sql, e) || run_audit_files(pg, e)
        || note_applied(pg, AUDIT, hex, e))
        return err_wrap(e, "making schema audit");
    return pg_run(pg, "commit", e);
}

/* Of all its files together. */
static void hex_audit(char hex[HEX_SIZE])
{
    struct text all = {0};

    for (const struct builtin_file *file = builtin_sql; file->path; file++)
        if (matches(file, AUDIT_FILES))
            text_add(&all, file->text, file->size);
    hex_sha256(all.bytes, all.size, hex);
    text_free(&all);
}

static enum outcome renew_audit(struct pg *pg, struct migrated *m, struct err *e)
{
    char hex[HEX_SIZE], applied[HEX_SIZE];

    hex_audit(hex);
    m->files++;
    if (find_applied(pg, AUDIT, applied, e))
        return e->outcome;
    if (strcmp(applied, hex) == 0)
        return DONE;
    m->applied++;
    return make_audit(pg, hex, e);
}

/* ---- migrations ------------------------------------------------------------------------------------ */

static enum outcome apply(struct pg *pg, const struct builtin_file *file, const char *hex,
                          struct err *e)
{
    if (drop_audit(pg, e) || pg_run(pg, "begin", e) || pg_run(pg, file->text, e)
        || note_applied(pg, file->path, hex, e) || pg_run(pg, "commit", e))
        return err_wrap(e, "%s", file->path);
    return DONE;
}

static enum outcome migrate_file(struct pg *pg, const struct builtin_file *file,
                                 struct migrated *m, struct err *e)
{
    char hex[HEX_SIZE], applied[HEX_SIZE];

    hex_sha256(file->text, file->size, hex);
    if (find_applied(pg, file->path, applied, e))
        return e->outcome;
    m->files++;
    if (*applied && strcmp(applied, hex) != 0)
        return err_exit(e, EX_CONFIG,
                        "%s is not what was applied to this database under that name; "
                        "put changes into a new file",
                        file->path);
    if (*applied)
        return DONE;
    if (apply(pg, file, hex, e))
        return e->outcome;
    m->applied++;
    return DONE;
}

enum outcome migrate(struct pg *pg, struct migrated *m, struct err *e)
{
    m->files = 0;
    for (size_t i = 0; i < sizeof migrations / sizeof *migrations; i++)
        for (const struct builtin_file *file = builtin_sql; file->path; file++)
            if (matches(file, migrations[i]) && migrate_file(pg, file, m, e))
                return e->outcome;
    return renew_audit(pg, m, e);
}

/* ---- looking ---------------------------------------------------------------------------------------- */

static bool is_migration(const struct builtin_file *file)
{
    for (size_t i = 0; i < sizeof migrations / sizeof *migrations; i++)
        if (matches(file, migrations[i]))
            return true;
    return false;
}

static enum outcome look_at(struct pg *pg, const char *name, const char *hex,
                            migration_told *told, void *context, struct err *e)
{
    char applied[HEX_SIZE];

    if (find_applied(pg, name, applied, e))
        return e->outcome;
    if (!*applied)
        told(context, name, MIGRATION_MISSING);
    else if (strcmp(applied, hex) != 0)
        told(context, name, MIGRATION_OTHER);
    return DONE;
}

static bool is_known(const char *name)
{
    for (const struct builtin_file *file = builtin_sql; file->path; file++)
        if (strcmp(file->path, name) == 0)
            return true;
    return strcmp(name, AUDIT) == 0;
}

/* A newer gridloopctl has set this database up. */
static enum outcome look_for_unknown(struct pg *pg, migration_told *told, void *context,
                                     struct err *e)
{
    struct pg_result *result;

    if (pg_query(pg, "select name from bus.migration order by applied_at, name", NULL, 0,
                 &result, e))
        return e->outcome;
    for (size_t i = 0; i < pg_rows(result); i++)
        if (!is_known(pg_value(result, i, 0)))
            told(context, pg_value(result, i, 0), MIGRATION_UNKNOWN);
    pg_result_free(result);
    return DONE;
}

enum outcome migrate_look(struct pg *pg, migration_told *told, void *context,
                          size_t *files, struct err *e)
{
    char hex[HEX_SIZE];

    *files = 1;
    for (const struct builtin_file *file = builtin_sql; file->path; file++) {
        if (!is_migration(file))
            continue;
        ++*files;
        hex_sha256(file->text, file->size, hex);
        if (look_at(pg, file->path, hex, told, context, e))
            return e->outcome;
    }
    hex_audit(hex);
    return look_at(pg, AUDIT, hex, told, context, e)
               ? e->outcome
               : look_for_unknown(pg, told, context, e);
}
