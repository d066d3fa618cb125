/* verify.c - gridloopctl verify: runs the checks of the verify_*.sql and says what they found. A check is a
 * query whose every row is one place where it does not hold. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/text.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"
#include "deploy/ctl/seal.h"
#include "deploy/ctl/table.h"
#include "deploy/ctl/truth.h"
#include "deploy/ctl/verify_chain.h"

#define PROGRAM "gridloopctl verify"
#define SHOWN "10" /* places named for each check */

#define ROWS(table) (sizeof(table) / sizeof *(table))

struct verify {
    struct pg_settings database;
    struct option_list truths, spools;
    const char *seal, *public_key_file;
    bool complete, json;
};

#define AT(member) offsetof(struct verify, member)

static const struct option_row rows[] = {
    CTL_DATABASE_ROWS(struct verify, database),
    {"truth", OPTION_LIST, AT(truths), NULL, 0, 0, NULL,
     "file with a line per accepted event: kind, tab, event_id; may be repeated", false},
    {"spool", OPTION_LIST, AT(spools), NULL, 0, 0, NULL,
     "spool of a producer, for what was accepted and not sent yet; may be repeated",
     false},
    {"complete", OPTION_SWITCH, AT(complete), NULL, 0, 0, NULL,
     "the truth lists all that was ever accepted: other stored events count as a fault",
     false},
    {"seal", OPTION_TEXT, AT(seal), NULL, 0, 0, "FILE",
     "seal (gridloopctl seal) that the chains have to go on from", false},
    {"public_key_file", OPTION_TEXT, AT(public_key_file), NULL, 0, 0, "FILE",
     "public half of the key that signed it", false},
    {"json", OPTION_SWITCH, AT(json), NULL, 0, 0, NULL, "print JSON", false},
};

const struct option_set verify_options = {
    .program = PROGRAM,
    .synopsis = "[OPTION...]",
    .purpose =
        "Checks that every offset, and with --truth every accepted event, is "
        "accounted for, and that nothing stored was altered: exit code 0; 1: it is "
        "not so. Who can alter the database can alter its chain as well: that is "
        "found by --seal.",
    .examples = "  gridloopctl verify\n"
                "  gridloopctl verify --truth accepted.tsv --spool "
                "/var/lib/gridloop/spool --complete\n"
                "  gridloopctl verify --seal 2026-05-03.seal --public-key-file "
                "seal.key.pub",
    .rows = rows,
    .row_count = ROWS(rows),
    .kafka_offset = SIZE_MAX,
};

enum check_need { ALWAYS, WITH_TRUTH, WITH_SEAL };

static const struct check {
    const char *name; /* verify_<name>.sql */
    const char *promise;
    enum check_need need;
    bool if_complete; /* a fault only with --complete, else just told */
} checks[] = {
    {"tiles", "every offset read is in exactly one batch", ALWAYS, false},
    {"outcomes", "every batch's list of outcomes adds up to its counts", ALWAYS, false},
    {"equation", "next - from = stored + duplicate + dead letter + absent + gap", ALWAYS,
     false},
    {"rows",
     "the tables hold exactly the offsets called stored and dead letter, each once",
     ALWAYS, false},
    {"gaps", "every gap was accepted", ALWAYS, false},
    {"chain", "rows, dead letters, gaps and batches are as they were stored", ALWAYS,
     false},
    {"seal", "what was sealed is there, and the chains go on from it", WITH_SEAL, false},
    {"accepted", "accepted = stored + open or discarded dead letters + spooled",
     WITH_TRUTH, false},
    {"phantoms", "nothing is stored that was not accepted", WITH_TRUTH, true},
};

struct finding {
    const struct check *check;
    struct pg_result *places; /* up to SHOWN of them */
    int64_t count;
    bool counts; /* as a fault */
};

struct report {
    struct pg_result *sources;
    struct pg_result *kinds; /* NULL: no truth was given */
    struct finding findings[ROWS(checks)];
    size_t finding_count;
    int64_t steps; /* of the chains */
};

static const struct table_column source_columns[] = {
    {"source", true}, {"topic", false}, {"partition", true}, {"from", true},
    {"next", true},   {"stored", true}, {"duplicate", true}, {"dead_letter", true},
    {"absent", true}, {"gap", true},    {"batches", true}};

static const struct table_column kind_columns[] = {
    {"kind", false},   {"accepted", true}, {"stored", true}, {"dead_letter", true},
    {"spooled", true}, {"missing", true},  {"phantom", true}};

static const struct table_column place_columns[] = {{"source", true},
                                                    {"from", true},
                                                    {"next", true},
                                                    {"event_id", false},
                                                    {"detail", false}};

/* ---- asking ---------------------------------------------------------------------------------------- */

static bool has_truth(const struct verify *v)
{
    return v->truths.count > 0;
}

static bool is_needed(const struct verify *v, const struct check *check)
{
    return check->need == ALWAYS || (check->need == WITH_TRUTH && has_truth(v))
           || (check->need == WITH_SEAL && v->seal);
}

static enum outcome run_check(struct pg *pg, const struct verify *v,
                              const struct check *check, struct finding *finding,
                              struct err *e)
{
    char name[64];
    struct text sql = {0};
    enum outcome outcome;

    snprintf(name, sizeof name, "verify_%s", check->name);
    text_format(&sql, "select *, count(*) over () from (\n%s\n) as place limit " SHOWN,
                ctl_sql(name));
    finding->check = check;
    outcome = pg_query(pg, sql.bytes, NULL, 0, &finding->places, e);
    text_free(&sql);
    if (outcome)
        return err_wrap(e, "%s", name);
    finding->count =
        pg_rows(finding->places) ? pg_number(finding->places, 0, ROWS(place_columns)) : 0;
    finding->counts = finding->count > 0 && (v->complete || !check->if_complete);
    return DONE;
}

static enum outcome run_checks(struct pg *pg, const struct verify *v, struct report *r,
                               struct err *e)
{
    for (size_t i = 0; i < ROWS(checks); i++)
        if (is_needed(v, &checks[i])
            && run_check(pg, v, &checks[i], &r->findings[r->finding_count++], e))
            return e->outcome;
    return DONE;
}

/* One snapshot for everything, so that consumers at work cannot be caught between two checks. */
static const char start_sql[] = "set work_mem = '128MB';"
                                "set jit = off;"
                                "set max_parallel_workers_per_gather = 0;"
                                "begin isolation level repeatable read";

static enum outcome ask_truth(struct pg *pg, struct report *r, struct err *e)
{
    if (pg_run(pg, ctl_sql("verify_fate"), e))
        return err_wrap(e, "verify_fate");
    return pg_query(pg, ctl_sql("verify_end_to_end"), NULL, 0, &r->kinds, e);
}

static enum outcome ask(struct pg *pg, const struct verify *v, struct report *r,
                        struct err *e)
{
    if (ctl_is_set_up(pg, e)
        || (has_truth(v) && truth_load(pg, &v->truths, &v->spools, e)))
        return e->outcome;
    if (pg_run(pg, start_sql, e) || pg_run(pg, ctl_sql("verify_views"), e))
        return err_wrap(e, "verify_views");
    if (pg_query(pg, ctl_sql("verify_sources"), NULL, 0, &r->sources, e))
        return err_wrap(e, "verify_sources");
    if (pg_run(pg, ctl_sql("verify_links"), e)
        || (v->seal && seal_load(pg, v->seal, v->public_key_file, e))
        || verify_chain(pg, &v->database, &r->steps, e))
        return err_wrap(e, "verify_chain");
    if (has_truth(v) && ask_truth(pg, r, e))
        return e->outcome;
    return run_checks(pg, v, r, e);
}

static size_t faults(const struct report *r)
{
    size_t count = 0;

    for (size_t i = 0; i < r->finding_count; i++)
        count += r->findings[i].counts;
    return count;
}

static void free_report(struct report *r)
{
    pg_result_free(r->sources);
    pg_result_free(r->kinds);
    for (size_t i = 0; i < r->finding_count; i++)
        pg_result_free(r->findings[i].places);
}

/* ---- telling people -------------------------------------------------------------------------------- */

static void add_offsets(struct text *out, const struct pg_result *places, size_t row)
{
    int64_t first = pg_number(places, row, 1), last = pg_number(places, row, 2) - 1;

    text_format(out, "source %s, offset", pg_value(places, row, 0));
    if (first == last)
        text_format(out, " %" PRId64 ": ", first);
    else
        text_format(out, "s %" PRId64 " to %" PRId64 ": ", first, last);
}

static void add_place(struct text *out, const struct pg_result *places, size_t row)
{
    const char *event_id = pg_value(places, row, 3);

    text_add_string(out, "              ");
    if (pg_value(places, row, 0))
        add_offsets(out, places, row);
    if (event_id)
        text_format(out, "%s: ", event_id);
    text_format(out, "%s\n", pg_value(places, row, 4));
}

static void add_finding(struct text *out, const struct finding *f)
{
    size_t shown = pg_rows(f->places);

    text_format(out, "  %-10s  %s: %s\n", f->check->name, f->check->promise,
                f->counts  ? "DOES NOT HOLD"
                : f->count ? "does not hold, a fault only with --complete"
                           : "holds");
    for (size_t row = 0; row < shown; row++)
        add_place(out, f->places, row);
    if ((size_t)f->count > shown)
        text_format(out, "              and %" PRId64 " more\n",
                    f->count - (int64_t)shown);
}

static void add_report(struct text *out, const struct report *r)
{
    table_print(out, source_columns, ROWS(source_columns), r->sources);
    if (r->kinds) {
        text_add_string(out, "\n");
        table_print(out, kind_columns, ROWS(kind_columns), r->kinds);
    }
    text_add_string(out, "\n");
    for (size_t i = 0; i < r->finding_count; i++)
        add_finding(out, &r->findings[i]);
    if (faults(r))
        text_format(out, "verdict: %zu of %zu checks DO NOT HOLD\n", faults(r),
                    r->finding_count);
    else
        text_format(out, "verdict: all %zu checks hold\n", r->finding_count);
}

/* ---- telling programs ------------------------------------------------------------------------------ */

static void add_finding_json(struct text *out, const struct finding *f)
{
    text_format(out,
                "{\"check\": \"%s\", \"holds\": %s, \"fault\": %s, \"count\": %" PRId64
                ", \"places\": ",
                f->check->name, f->count ? "false" : "true", f->counts ? "true" : "false",
                f->count);
    table_json(out, place_columns, ROWS(place_columns), f->places);
    text_add_string(out, "}");
}

static void add_report_json(struct text *out, const struct report *r)
{
    text_format(out, "{\"holds\": %s, \"sources\": ", faults(r) ? "false" : "true");
    table_json(out, source_columns, ROWS(source_columns), r->sources);
    text_add_string(out, ", \"kinds\": ");
    if (r->kinds)
        table_json(out, kind_columns, ROWS(kind_columns), r->kinds);
    else
        text_add_string(out, "null");
    text_add_string(out, ", \"checks\": [");
    for (size_t i = 0; i < r->finding_count; i++) {
        text_add_string(out, i ? ", " : "");
        add_finding_json(out, &r->findings[i]);
    }
    text_add_string(out, "]}\n");
}

/* ---- the command ----------------------------------------------------------------------------------- */

static int tell(const struct verify *v, const struct report *r)
{
    struct text out = {0};
    bool written;

    (v->json ? add_report_json : add_report)(&out, r);
    written = fwrite(out.bytes, 1, out.size, stdout) == out.size && fflush(stdout) == 0;
    text_free(&out);
    return !written ? EX_IOERR : faults(r) ? 1 : EX_OK;
}

static enum outcome check_settings(const struct verify *v, struct err *e)
{
    if (!has_truth(v) && (v->complete || v->spools.count))
        return err_exit(e, EX_USAGE, "--complete and --spool go with --truth");
    if (!v->seal != !v->public_key_file)
        return err_exit(e, EX_USAGE, "--seal and --public-key-file go together");
    return DONE;
}

static enum outcome open_and_ask(const struct verify *v, struct report *r, struct err *e)
{
    struct pg *pg = ctl_open(&v->database, e);
    enum outcome outcome = pg ? ask(pg, v, r, e) : e->outcome;

    pg_close(pg);
    return outcome;
}

int verify_main(int argc, char **argv)
{
    struct verify v = {0};
    struct report r = {0};
    struct err e = {0};
    int exit_code;

    if (ctl_load(&verify_options, argc, argv, &v, &e) || check_settings(&v, &e)
        || open_and_ask(&v, &r, &e))
        exit_code = ctl_fail(PROGRAM, &e);
    else
        exit_code = tell(&v, &r);
    free_report(&r);
    return exit_code;
}
