/* reference_load.c - gridloopctl reference load: files become a new version, all of them or none. The rows go in
 * first, the checks look at what would be in force, and only then is it committed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "consumers/runtime/case_rules.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"
#include "deploy/ctl/reference.h"

#define PROGRAM "gridloopctl reference load"

enum { SHOWN_FAULTS = 50 };

#define AT(member) offsetof(struct reference_load, member)

static const struct option_row rows[] = {
    CTL_DATABASE_ROWS(struct reference_load, database),
    {"dry_run", OPTION_SWITCH, AT(dry_run), NULL, 0, 0, NULL,
     "check and say what would change, and change nothing", false},
    {"allow_overlap", OPTION_SWITCH, AT(allow_overlap), NULL, 0, 0, NULL,
     "areas of one level may overlap: the lowest code wins", false},
};

const struct option_set reference_load_options = {
    .program = PROGRAM,
    .synopsis = "[OPTION...] FILE...",
    .purpose =
        "Loads reference data as a new version: all of the files, or nothing. A load "
        "brings the whole of each table that it has files for. What a file is for is "
        "said by its name: TABLE.csv or TABLE-ANYTHING.csv with a header of column "
        "names (unit, responsibility, category, dedup_rule, position_default, "
        "time_zone, case_state, transition, time_limit, calendar), or anything.geojson "
        "for areas. Times have a zone.",
    .examples = "  gridloopctl reference load areas.geojson unit.csv responsibility.csv\n"
                "  gridloopctl reference load --dry-run areas-2026.geojson",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = SIZE_MAX,
};

void reference_add_fault(struct reference_findings *findings, const char *table,
                         const char *key, const char *problem)
{
    if (findings->fault_count++ < SHOWN_FAULTS)
        text_format(&findings->faults, "  %s %s %s\n", table, key, problem);
}

/* ---- the version ---- */

/* Loads take turns, so that versions are committed in their order. */
static enum outcome begin(struct reference_load *load, struct err *e)
{
    struct pg_result *result = NULL;

    if (pg_run(load->pg,
               "begin; select pg_advisory_xact_lock(hashtextextended('gridloop "
               "reference load', 0))",
               e)
        || pg_query(load->pg, "select coalesce(max(version), 0) + 1 from reference.load",
                    NULL, 0, &result, e))
        return e->outcome;
    load->version = (int32_t)pg_number(result, 0, 0);
    pg_result_free(result);
    return DONE;
}

/* The base names of the files for a table, as an array of PostgreSQL; false: there are none. */
static bool list_files(const struct reference_load *load, const char *table,
                       struct text *array)
{
    size_t count = 0;

    text_add_string(array, "{");
    for (size_t i = 0; i < load->files.count; i++) {
        const char *path = load->files.items[i], *name = reference_base_name(path);
        if (strcmp(reference_table_of(path), table) != 0)
            continue;
        text_add_string(array, count++ ? "," : "");
        text_add_json_string(array, name, strlen(name));
    }
    text_add_string(array, "}");
    return count > 0;
}

static enum outcome note_table(struct reference_load *load, const char *table,
                               struct err *e)
{
    struct text files = {0}, sql = {0};
    char version[16];
    const char *parameters[] = {table, version, NULL};
    enum outcome outcome = DONE;

    snprintf(version, sizeof version, "%" PRId32, load->version);
    if (list_files(load, table, &files)) {
        parameters[2] = files.bytes;
        text_format(&sql,
                    "insert into reference.load (table_name, version, row_count, "
                    "file_names) select $1::text, $2::integer, count(*), $3::text[] "
                    "from reference.%s where version = $2::integer",
                    table);
        outcome = pg_query(load->pg, sql.bytes, parameters, 3, NULL, e);
    }
    text_free(&sql);
    text_free(&files);
    return outcome;
}

static enum outcome fill(struct reference_load *load, struct err *e)
{
    for (size_t i = 0; i < load->files.count; i++)
        if (reference_stage(load->pg, load->version, load->files.items[i], e))
            return e->outcome;
    for (const char *const *table = reference_tables; *table; table++)
        if (note_table(load, *table, e))
            return e->outcome;
    return DONE;
}

/* ---- looking at what would be in force ---- */

static bool has_areas(const struct reference_load *load)
{
    for (size_t i = 0; i < load->files.count; i++)
        if (strcmp(reference_table_of(load->files.items[i]), "area") == 0)
            return true;
    return false;
}

static enum outcome find_faults(struct reference_load *load, const char *sql,
                                const char *const *parameters, size_t count,
                                struct err *e)
{
    struct pg_result *faults = NULL;

    if (pg_query(load->pg, ctl_sql(sql), parameters, count, &faults, e))
        return e->outcome;
    for (size_t i = 0; i < pg_rows(faults); i++)
        reference_add_fault(&load->findings, pg_value(faults, i, 0),
                            pg_value(faults, i, 1), pg_value(faults, i, 2));
    pg_result_free(faults);
    return DONE;
}

static enum outcome check(struct reference_load *load, struct err *e)
{
    const char *const words[] = {case_need_words(), case_mark_words()};

    if (find_faults(load, "reference_check", NULL, 0, e)
        || find_faults(load, "reference_check_steps", words, 2, e))
        return e->outcome;
    return has_areas(load) ? reference_check_map(load->pg, load->version,
                                                 load->allow_overlap, &load->findings, e)
                           : DONE;
}

static enum outcome refuse(const struct reference_load *load, struct err *e)
{
    const struct reference_findings *findings = &load->findings;

    fputs(findings->faults.bytes, stderr);
    if (findings->fault_count > SHOWN_FAULTS)
        fprintf(stderr, "  and %zu more\n", findings->fault_count - SHOWN_FAULTS);
    return err_exit(e, EX_DATAERR,
                    "%zu faults; nothing was loaded, what was in force still is",
                    findings->fault_count);
}

/* ---- saying what changed ---- */

static enum outcome tell_changes(const struct reference_load *load, struct err *e)
{
    char version[16];
    const char *parameter = version;
    struct pg_result *changes = NULL;

    snprintf(version, sizeof version, "%" PRId32, load->version);
    if (pg_query(load->pg, ctl_sql("reference_changes"), &parameter, 1, &changes, e))
        return e->outcome;
    for (size_t i = 0; i < pg_rows(changes); i++) {
        const char *change = pg_value(changes, i, 1);
        printf("%-16s %6s %s", pg_value(changes, i, 0), pg_value(changes, i, 2), change);
        if (strcmp(change, "unchanged") != 0)
            printf(": %s%s", pg_value(changes, i, 3),
                   pg_number(changes, i, 2) > 10 ? ", ..." : "");
        putchar('\n');
    }
    pg_result_free(changes);
    if (load->findings.notes.size)
        printf("overlaps, where the lowest code wins:\n%s", load->findings.notes.bytes);
    return DONE;
}

/* What is no fault, but should be known. */
static enum outcome tell_notes(const struct reference_load *load, struct err *e)
{
    struct pg_result *notes = NULL;

    if (pg_query(load->pg, ctl_sql("reference_notes"), NULL, 0, &notes, e))
        return e->outcome;
    for (size_t i = 0; i < pg_rows(notes); i++)
        printf("note: %s\n", pg_value(notes, i, 0));
    pg_result_free(notes);
    return DONE;
}

enum outcome reference_load_try(struct reference_load *load, struct err *e)
{
    if (begin(load, e) || fill(load, e) || check(load, e))
        return e->outcome;
    return load->findings.fault_count ? refuse(load, e) : DONE;
}

static enum outcome run(struct reference_load *load, struct err *e)
{
    if (ctl_is_set_up(load->pg, e) || reference_load_try(load, e))
        return e->outcome;
    if (tell_changes(load, e) || tell_notes(load, e)
        || pg_run(load->pg, load->dry_run ? "rollback" : "commit", e))
        return e->outcome;
    if (load->dry_run)
        puts("dry run: nothing was loaded");
    else
        printf("version %" PRId32 " is in force\n", load->version);
    return DONE;
}

static enum outcome open_and_run(struct reference_load *load, struct err *e)
{
    enum outcome outcome;

    load->pg = ctl_open(&load->database, e);
    outcome = load->pg ? run(load, e) : e->outcome;
    pg_close(load->pg);
    text_free(&load->findings.faults);
    text_free(&load->findings.notes);
    return outcome;
}

static enum outcome check_files(const struct reference_load *load, struct err *e)
{
    return load->files.count ? DONE : err_exit(e, EX_USAGE, "no file was named");
}

int reference_load_main(int argc, char **argv)
{
    struct reference_load load = {0};
    struct err e = {0};

    if (options_load(&reference_load_options, argc, argv, &load, &load.files, &e)
        || check_files(&load, &e) || open_and_run(&load, &e))
        return ctl_fail(PROGRAM, &e);
    return EX_OK;
}
