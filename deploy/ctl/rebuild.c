/* rebuild.c - gridloopctl rebuild follow-up --check: what linking wrote, decided again from the stored events. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "consumers/runtime/reference.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"
#include "deploy/ctl/rebuild_compare.h"

#define PROGRAM "gridloopctl rebuild follow-up"

struct rebuild {
    struct ctl_database database;
    bool check, json;
    int64_t limit;
    struct pg *pg;
    struct reference_past *past;
    struct reference *reference; /* of now: what steps of persons mean */
    struct stored_sightings *stored;
    struct compared_steps *steps;
    struct replay *replay;
    struct differences *differences;
    size_t transactions, sightings, step_count, cases;
};

#define AT(member) offsetof(struct rebuild, member)

static const struct option_row rows[] = {
    CTL_DATABASE_ROWS(struct rebuild, database),
    {"check", OPTION_SWITCH, AT(check), NULL, 0, 0, NULL,
     "compare, and change nothing; there is no other way yet", false},
    {"limit", OPTION_NUMBER, AT(limit), "50", 0, 100000, NULL,
     "rows that differ, named one by one", false},
    {"json", OPTION_SWITCH, AT(json), NULL, 0, 0, NULL, "print JSON", false},
};

const struct option_set rebuild_follow_up_options = {
    .program = PROGRAM,
    .synopsis = "--check [OPTION...]",
    .purpose =
        "Decides again, from the stored events and the reference data of then and in the "
        "order of link_seq, which case each report belongs to, and compares with what "
        "stands in follow_up.case_file, sighting and case_step. Steps of persons and the "
        "clock are taken as they are. Exit code 0: it is the "
        "same; 65: it is not, and the rows are named. Reads one snapshot, so daemons may "
        "be at work. Not compared: by the database's clock, when rows were written.",
    .examples = "  gridloopctl rebuild follow-up --check",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = SIZE_MAX,
};

/* The server holds the transaction to it. */
static const char start_sql[] =
    "set work_mem = '128MB'; set jit = off; set cursor_tuple_fraction = 1;"
    "begin isolation level repeatable read read only";

static enum outcome compare_steps(struct rebuild *r,
                                  const struct stored_transaction *transaction,
                                  const struct replayed *replayed, struct err *e)
{
    for (size_t i = 0; i < replayed->states->step_count; i++) {
        struct case_step_row row =
            case_states_row(replayed->states, i, replayed->sightings, replayed->output,
                            transaction->link_seq);
        row.source_id = transaction->list[row.ordinal].source_id;
        if (compare_step(r->steps, &row, e))
            return e->outcome;
    }
    r->step_count += replayed->states->step_count;
    return DONE;
}

static enum outcome compare_transaction(struct rebuild *r,
                                        const struct stored_transaction *transaction,
                                        struct err *e)
{
    struct replayed replayed;

    if (replay_transaction(r->replay, transaction, NULL, &replayed, e))
        return e->outcome;
    compare_sightings(r->differences, transaction, &replayed);
    r->transactions++;
    r->sightings += transaction->count;
    return compare_steps(r, transaction, &replayed, e);
}

static enum outcome compare_transactions(struct rebuild *r, struct err *e)
{
    struct stored_transaction transaction;

    for (;;) {
        if (stored_sightings_next(r->stored, &transaction, e))
            return e->outcome;
        if (compare_steps_before(r->steps,
                                 transaction.count ? transaction.link_seq : INT64_MAX,
                                 r->replay, reference_case_rules(r->reference), e))
            return e->outcome;
        if (transaction.count == 0)
            return compare_steps_left(r->steps, e);
        if (compare_transaction(r, &transaction, e))
            return e->outcome;
    }
}

static enum outcome name_missing(struct rebuild *r, struct err *e)
{
    struct pg_result *missing = NULL;
    size_t count;

    if (stored_sightings_missing(r->stored, (size_t)r->limit + 1, &missing, e))
        return e->outcome;
    count = pg_rows(missing);
    for (size_t i = 0; i < count; i++) {
        char key[64];
        snprintf(key, sizeof key, "%s/%s", pg_value(missing, i, 1),
                 pg_value(missing, i, 2));
        difference_of_existence(r->differences, "follow_up.sighting", key, false);
    }
    if (count)
        difference_of_more(r->differences, (size_t)pg_number(missing, 0, 3) - count);
    pg_result_free(missing);
    return DONE;
}

static enum outcome compare(struct rebuild *r, struct err *e)
{
    if (ctl_is_set_up(r->pg, e) || pg_run(r->pg, start_sql, e))
        return e->outcome;
    r->past = reference_past_new(r->pg);
    r->reference = reference_new();
    r->replay = replay_new();
    r->differences = differences_new((size_t)r->limit);
    if (reference_refresh(r->reference, r->pg, e))
        return e->outcome;
    r->stored = stored_sightings_open(r->pg, consumer_kinds, r->past, e);
    if (!r->stored)
        return e->outcome;
    r->steps = compare_steps_open(r->pg, r->differences, e);
    if (!r->steps || compare_transactions(r, e)
        || compare_cases(r->pg, r->differences, r->replay, &r->cases, e))
        return e->outcome;
    return name_missing(r, e);
}

static void close_all(struct rebuild *r)
{
    compare_steps_close(r->steps);
    stored_sightings_close(r->stored);
    replay_free(r->replay);
    reference_free(r->reference);
    reference_past_free(r->past);
    differences_free(r->differences);
    pg_close(r->pg);
}

/* ---- telling ---- */

static void add_report(struct text *out, const struct rebuild *r)
{
    size_t count = differences_count(r->differences);

    text_format(out,
                "decided again: %zu sightings of %zu transactions, %zu cases, %zu "
                "steps\n",
                r->sightings, r->transactions, replay_case_count(r->replay),
                r->step_count);
    differences_print(r->differences, out);
    if (count)
        text_format(out, "verdict: %zu rows DIFFER from what follows from the events\n",
                    count);
    else
        text_add_string(out, "verdict: follow_up is what follows from the events\n");
}

static void add_report_json(struct text *out, const struct rebuild *r)
{
    size_t count = differences_count(r->differences);

    text_format(out,
                "{\"equal\": %s, \"transactions\": %zu, \"sightings\": %zu, \"cases\": "
                "%zu, \"steps\": %zu, \"differing_rows\": %zu, \"differences\": ",
                count ? "false" : "true", r->transactions, r->sightings,
                replay_case_count(r->replay), r->step_count, count);
    differences_json(r->differences, out);
    text_add_string(out, "}\n");
}

static int tell(const struct rebuild *r)
{
    struct text out = {0};
    bool written;

    (r->json ? add_report_json : add_report)(&out, r);
    written = fwrite(out.bytes, 1, out.size, stdout) == out.size && fflush(stdout) == 0;
    text_free(&out);
    if (!written)
        return EX_IOERR;
    return differences_count(r->differences) ? EX_DATAERR : EX_OK;
}

static enum outcome check_settings(const struct rebuild *r, struct err *e)
{
    return r->check ? DONE
                    : err_exit(e, EX_USAGE, "say --check: nothing is ever written yet");
}

static int follow_up_main(int argc, char **argv)
{
    struct rebuild r = {0};
    struct err e = {0};
    int exit_code;

    if (ctl_load(&rebuild_follow_up_options, argc, argv, &r, &e) || check_settings(&r, &e)
        || !(r.pg = ctl_open(&r.database, &e)) || compare(&r, &e))
        exit_code = ctl_fail(PROGRAM, &e);
    else
        exit_code = tell(&r);
    close_all(&r);
    return exit_code;
}

static const struct ctl_command commands[] = {
    {"follow-up", "decide again which case each report belongs to, and compare",
     follow_up_main},
    {0},
};

int rebuild_main(int argc, char **argv)
{
    return ctl_dispatch("gridloopctl rebuild", commands, argc, argv);
}
