/* schema.c - gridloopctl schema: list, compatible, register. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "common/schema.h"
#include "common/text.h"
#include "consumers/runtime/writers.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/evolution.h"
#include "deploy/ctl/programs.h"
#include "deploy/ctl/table.h"

#define LIST "gridloopctl schema list"
#define COMPATIBLE "gridloopctl schema compatible"
#define REGISTER "gridloopctl schema register"

enum { MOST_BYTES = 1 << 20, KIND_SIZE = 128, WITH_SIZE = 64 };

/* A schema out of a file, and what reads its kind. */
struct given {
    struct schema_file *file;
    struct text text;
    char kind[KIND_SIZE];
    struct writers *writers;
};

static bool is_named(const struct schema *schema, const char *name)
{
    for (const char **alias = schema->aliases; alias && *alias; alias++)
        if (strcmp(*alias, name) == 0)
            return true;
    return strcmp(schema->full_name, name) == 0;
}

/* The file is at fault, whoever found it. */
static enum outcome as_bad_data(struct err *e)
{
    e->outcome = FATAL;
    e->exit_code = EX_DATAERR;
    return FATAL;
}

/* The kind whose record has this one's name, or had it. */
static enum outcome find_kind(struct given *given, const char *path, struct err *e)
{
    const struct schema *root = schema_root(given->file);
    int size = 0;

    if (root->type != SCHEMA_RECORD)
        return err_exit(e, EX_DATAERR, "%s: is not a record", path);
    for (const struct builtin_file *file = builtin_schemas; file->path;
         file++, size = 0) {
        const struct schema *record;
        if (sscanf(file->path, "schemas/%127[^/]/v1.avsc%n", given->kind, &size) != 1
            || !size || !(given->writers = writers_new(given->kind, NULL, e)))
            continue;
        record = writers_reader(given->writers)->schema;
        if (is_named(record, root->full_name) || is_named(root, record->full_name))
            return DONE;
        writers_free(given->writers);
        given->writers = NULL;
    }
    return err_exit(e, EX_DATAERR, "%s: %s is the record of no kind", path,
                    root->full_name);
}

static void close_given(struct given *given)
{
    writers_free(given->writers);
    schema_free(given->file);
    text_free(&given->text);
}

static enum outcome open_given(struct given *given, const char *path, struct err *e)
{
    if (ctl_read_file(path, MOST_BYTES, &given->text, e))
        return e->outcome;
    given->file = schema_parse(path, given->text.bytes, given->text.size, e);
    if (!given->file)
        return as_bad_data(e);
    return find_kind(given, path, e);
}

/* ---- list ---- */

struct list {
    struct pg_settings database;
    bool json;
};

static const struct option_row list_rows[] = {
    CTL_DATABASE_ROWS(struct list, database),
    {"json", OPTION_SWITCH, offsetof(struct list, json), NULL, 0, 0, NULL, "print JSON",
     false},
};

const struct option_set schema_list_options = {
    .program = LIST,
    .synopsis = "[OPTION...]",
    .purpose = "Prints the registered writer schemas; one without a version is a "
               "writer's own.",
    .rows = list_rows,
    .row_count = sizeof list_rows / sizeof *list_rows,
    .kafka_offset = SIZE_MAX,
};

static const struct table_column list_columns[] = {
    {"kind", false}, {"version", true}, {"fingerprint", false}, {"registered_at", false}};
enum { LIST_COLUMNS = sizeof list_columns / sizeof *list_columns };

static enum outcome list(const struct list *l, struct err *e)
{
    struct pg *pg = ctl_open(&l->database, e);
    struct pg_result *result = NULL;

    if (!pg)
        return e->outcome;
    if (!ctl_is_set_up(pg, e)
        && !pg_query(pg, ctl_sql("schema_list"), NULL, 0, &result, e))
        table_write(l->json, list_columns, LIST_COLUMNS, result);
    pg_close(pg);
    if (!result)
        return e->outcome;
    pg_result_free(result);
    return DONE;
}

static int list_main(int argc, char **argv)
{
    struct list l = {0};
    struct err e;

    if (ctl_load(&schema_list_options, argc, argv, &l, &e) || list(&l, &e))
        return ctl_fail(LIST, &e);
    return EX_OK;
}

/* ---- compatible ---- */

struct compatible {
    struct pg_settings database;
    bool json;
    struct given given;
    struct reader *reader; /* as if the given schema were the newest version */
    struct findings findings;
};

static const struct option_row compatible_rows[] = {
    PG_ROWS(struct compatible, database, 0, 0),
    {"json", OPTION_SWITCH, offsetof(struct compatible, json), NULL, 0, 0, NULL,
     "print JSON", false},
};

const struct option_set schema_compatible_options = {
    .program = COMPATIBLE,
    .synopsis = "[OPTION...] FILE",
    .purpose = "Says what stands in the way of a schema as the next version of its kind, "
               "which its record's name tells. backward: it cannot read events of a "
               "version that is built in, or with a database registered; forward: the "
               "newest version cannot read its events; place, default: an event sent "
               "again would not be known as the same; rule: what was allowed is not. "
               "Exit code 0: nothing; 1: something; 65: FILE is no schema.",
    .examples = "  gridloopctl schema compatible schemas/drone_alert/v3.avsc",
    .rows = compatible_rows,
    .row_count = sizeof compatible_rows / sizeof *compatible_rows,
    .kafka_offset = SIZE_MAX,
};

static void compare_with(struct compatible *c, const char *with,
                         const struct schema *other)
{
    if (c->reader)
        evolution_read(&c->findings, "backward", with, other, c->reader);
}

static enum outcome compare_with_text(struct compatible *c, const char *with,
                                      const char *text, size_t size, struct err *e)
{
    struct schema_file *file = schema_parse(with, text, size, e);

    if (!file)
        return e->outcome;
    compare_with(c, with, schema_root(file));
    schema_free(file);
    return DONE;
}

static enum outcome compare_with_builtin(struct compatible *c, struct err *e)
{
    char kind[KIND_SIZE], with[WITH_SIZE];
    int version;

    for (const struct builtin_file *file = builtin_schemas; file->path; file++) {
        if (sscanf(file->path, "schemas/%127[^/]/v%d.avsc", kind, &version) != 2
            || strcmp(kind, c->given.kind) != 0)
            continue;
        snprintf(with, sizeof with, "version %d", version);
        if (compare_with_text(c, with, file->text, file->size, e))
            return e->outcome;
    }
    return DONE;
}

/* Those that are registered and not built in: newer versions, and writers' own. */
static enum outcome compare_with_row(struct compatible *c, const struct pg_result *rows,
                                     size_t row, struct err *e)
{
    struct schema_id id = {BY_FINGERPRINT, strtoull(pg_value(rows, row, 0), NULL, 16)};
    const char *text = pg_value(rows, row, 2);
    char with[WITH_SIZE];

    if (writers_find(c->given.writers, id))
        return DONE;
    if (pg_value(rows, row, 1))
        snprintf(with, sizeof with, "version %s", pg_value(rows, row, 1));
    else
        snprintf(with, sizeof with, "fingerprint %s", pg_value(rows, row, 0));
    return compare_with_text(c, with, text, strlen(text), e);
}

static enum outcome compare_with_registered(struct compatible *c, struct err *e)
{
    struct pg *pg;
    struct pg_result *rows = NULL;
    enum outcome outcome;

    if (!c->database.url)
        return DONE;
    pg = ctl_open(&c->database, e);
    if (!pg)
        return e->outcome;
    outcome = ctl_is_set_up(pg, e);
    if (!outcome)
        outcome = pg_query(pg, ctl_sql("schema_of_kind"),
                           (const char *const[]){c->given.kind}, 1, &rows, e);
    for (size_t row = 0; !outcome && row < pg_rows(rows); row++)
        outcome = compare_with_row(c, rows, row, e);
    pg_result_free(rows);
    pg_close(pg);
    return outcome;
}

static enum outcome compare(struct compatible *c, struct err *e)
{
    const struct reader *newest = writers_reader(c->given.writers);
    const struct schema *root = schema_root(c->given.file);
    struct err no_reader;

    c->reader = reader_new(c->given.file, &no_reader);
    if (!c->reader)
        findings_add(&c->findings, "backward", "every version", no_reader.message);
    if (compare_with_builtin(c, e) || compare_with_registered(c, e))
        return e->outcome;
    evolution_read(&c->findings, "forward", "the newest version", root, newest);
    evolution_compare(&c->findings, "the newest version", newest->schema, root);
    return DONE;
}

static void print_text(const struct compatible *c)
{
    for (size_t i = 0; i < c->findings.count; i++) {
        const struct finding *finding = &c->findings.list[i];
        printf("%s, %s: %s\n", finding->check, finding->with, finding->what);
    }
    if (c->findings.count == 0)
        printf("compatible as the next version of %s\n", c->given.kind);
}

static void print_json(const struct compatible *c)
{
    struct text out = {0};

    text_format(&out, "{\"kind\": \"%s\", \"compatible\": %s, \"findings\": [",
                c->given.kind, c->findings.count ? "false" : "true");
    for (size_t i = 0; i < c->findings.count; i++) {
        const struct finding *finding = &c->findings.list[i];
        text_format(&out, "%s{\"check\": \"%s\", \"with\": \"%s\", \"finding\": ",
                    i ? ", " : "", finding->check, finding->with);
        text_add_json_string(&out, finding->what, strlen(finding->what));
        text_add_string(&out, "}");
    }
    text_add_string(&out, "]}");
    puts(out.bytes);
    text_free(&out);
}

static int compatible_main(int argc, char **argv)
{
    struct compatible c = {0};
    struct option_list operands = {0};
    struct err e;
    bool failed =
        ctl_load_operands(&schema_compatible_options, argc, argv, &c, &operands, 1, 1, &e)
        || open_given(&c.given, operands.items[0], &e) || compare(&c, &e);
    bool is_compatible = c.findings.count == 0;

    if (!failed && c.json)
        print_json(&c);
    else if (!failed)
        print_text(&c);
    findings_free(&c.findings);
    reader_free(c.reader);
    close_given(&c.given);
    return failed ? ctl_fail(COMPATIBLE, &e) : is_compatible ? EX_OK : 1;
}

/* ---- register ---- */

struct registration {
    struct pg_settings database;
    struct given given;
};

static const struct option_row register_rows[] = {
    CTL_DATABASE_ROWS(struct registration, database),
};

const struct option_set schema_register_options = {
    .program = REGISTER,
    .synopsis = "[OPTION...] FILE",
    .purpose = "Registers a writer's own schema, so that consumers read what is written "
               "with it. Refused (65) if the newest version of its kind cannot read it.",
    .examples = "  gridloopctl schema register device.avsc",
    .rows = register_rows,
    .row_count = sizeof register_rows / sizeof *register_rows,
    .kafka_offset = SIZE_MAX,
};

/* What it writes has to be readable; that single values may be refused is said and left to the operator. */
static enum outcome check_writer(const struct given *given, const char *path,
                                 struct err *e)
{
    const struct reader *newest = writers_reader(given->writers);
    struct plan *plan =
        plan_compile(schema_root(given->file), newest->schema, &newest->defaults, e);
    const char *weakness;

    if (!plan)
        return as_bad_data(e), err_wrap(e, "%s", path);
    weakness = plan_weakness(plan);
    if (weakness)
        fprintf(stderr, REGISTER ": note: some events will be set aside: %s\n", weakness);
    plan_free(plan);
    return DONE;
}

static enum outcome insert(const struct registration *r, bool *made, struct err *e)
{
    char fingerprint[17];
    const char *values[] = {r->given.kind, fingerprint, r->given.text.bytes};
    struct pg *pg = ctl_open(&r->database, e);
    struct pg_result *result = NULL;
    enum outcome outcome;

    if (!pg)
        return e->outcome;
    snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64,
             schema_fingerprint(r->given.file));
    outcome = ctl_is_set_up(pg, e);
    if (!outcome)
        outcome = pg_query(pg, ctl_sql("schema_register"), values, 3, &result, e);
    *made = !outcome && pg_rows(result) > 0;
    pg_result_free(result);
    pg_close(pg);
    return outcome;
}

static int register_main(int argc, char **argv)
{
    struct registration r = {0};
    struct option_list operands = {0};
    struct err e;
    bool made = false;
    bool failed =
        ctl_load_operands(&schema_register_options, argc, argv, &r, &operands, 1, 1, &e)
        || open_given(&r.given, operands.items[0], &e)
        || check_writer(&r.given, operands.items[0], &e) || insert(&r, &made, &e);

    if (!failed)
        printf("%s: fingerprint %016" PRIx64 " of %s\n",
               made ? "registered" : "was registered already",
               schema_fingerprint(r.given.file), r.given.kind);
    if (!failed && made)
        fprintf(stderr, REGISTER ": note: a consumer that has met it already looks again "
                                 "after a minute\n");
    close_given(&r.given);
    return failed ? ctl_fail(REGISTER, &e) : EX_OK;
}

/* ---- the table ---- */

int schema_main(int argc, char **argv)
{
    static const struct ctl_command commands[] = {
        {"list", "the registered writer schemas", list_main},
        {"compatible", "what stands in the way of a next version", compatible_main},
        {"register", "let consumers read what is written with a schema", register_main},
        {0},
    };

    log_set_level("error");
    return ctl_dispatch("gridloopctl schema", commands, argc, argv);
}
