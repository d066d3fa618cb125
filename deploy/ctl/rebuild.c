/* rebuild.c - gridloopctl rebuild follow-up --check: all of schema follow_up, decided again from the stored events. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"
#include "deploy/ctl/rebuild_compare.h"

#define PROGRAM "gridloopctl rebuild follow-up"

struct rebuild {
    struct pg_settings database;
    bool check, json;
    int64_t limit;
    struct pg *pg;
    struct reference_past *past;
    struct stored_sightings *sightings;
    struct stored_actions *actions;
    struct compared *cases, *steps, *limits, *orders;
    struct replay *replay;
    struct differences *differences;
    struct {
        size_t transactions, sightings, acts, steps, limits, orders;
    } count;
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
        "order of link_seq, which case each report belongs to, what became of each "
        "action "
        "and of what the clock did, which limits were set and which orders went out; and "
        "compares with what stands in schema follow_up. Exit code 0: it is the "
        "same; 65: it is not, and the rows are named. Reads one snapshot, so daemons may "
        "be at work. What follows from no event is not compared: --json lists it.",
    .examples = "  gridloopctl rebuild follow-up --check",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = SIZE_MAX,
};

/* The server holds the transaction to it. */
static const char start_sql[] =
    "set work_mem = '128MB'; set jit = off; set cursor_tuple_fraction = 1;"
    "begin isolation level repeatable read read only";

/* ---- transactions ---- */

static enum outcome compare_what_came(struct rebuild *r,
                                      const struct case_step_row *steps, size_t count,
                                      const struct life_rows *follows, struct err *e)
{
    r->count.steps += count;
    r->count.limits += follows->limit_count;
    r->count.orders += follows->order_count;
    if (compare_steps(r->steps, steps, count, e))
        return e->outcome;
    return compare_follows(r->limits, r->orders, follows, e);
}

static enum outcome compare_linked(struct rebuild *r,
                                   const struct stored_transaction *transaction,
                                   struct err *e)
{
    struct replayed replayed;
    struct case_step_row *steps;
    enum outcome outcome;
    size_t count;

    if (replay_transaction(r->replay, transaction, NULL, &replayed, e))
        return e->outcome;
    compare_sightings(r->differences, transaction, &replayed);
    r->count.transactions++;
    r->count.sightings += transaction->count;
    count = replayed.states->step_count;
    steps = xcalloc(count + 1, sizeof *steps);
    for (size_t i = 0; i < count; i++) {
        steps[i] = case_states_row(replayed.states, i, replayed.sightings,
                                   replayed.output, transaction->link_seq);
        steps[i].source_id = transaction->list[steps[i].ordinal].source_id;
    }
    outcome = compare_what_came(r, steps, count, &replayed.states->follows, e);
    free(steps);
    return outcome;
}

static enum outcome compare_acts(struct rebuild *r, const struct stored_acts *acts,
                                 struct err *e)
{
    const struct case_turns *turns = replay_acts(r->replay, acts);

    r->count.transactions++;
    r->count.acts += acts->count;
    return compare_what_came(r, turns->steps, turns->step_count, &turns->follows, e);
}

/* Whatever comes first is next; each of the two has its next transaction in hand. */
static enum outcome compare_transactions(struct rebuild *r, struct err *e)
{
    struct stored_transaction linked;
    struct stored_acts acts;

    if (stored_sightings_next(r->sightings, &linked, e)
        || stored_actions_next(r->actions, &acts, e))
        return e->outcome;
    while (linked.count > 0 || acts.count > 0)
        if (acts.count == 0 || (linked.count > 0 && linked.link_seq < acts.link_seq)) {
            if (compare_linked(r, &linked, e)
                || stored_sightings_next(r->sightings, &linked, e))
                return e->outcome;
        } else if (compare_acts(r, &acts, e)
                   || stored_actions_next(r->actions, &acts, e)) {
            return e->outcome;
        }
    return DONE;
}

static enum outcome compare_rest(struct rebuild *r, struct err *e)
{
    struct compared *const all[] = {r->steps, r->limits, r->orders};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (compared_end(all[i], e))
            return e->outcome;
    return compare_cases(r->cases, r->replay, e);
}

/* ---- what nothing was decided of ---- */

/* Events without a row: their ids, sources and offsets, and how many there are. Frees them. */
static void name_events(struct rebuild *r, const struct follow_table *table,
                        struct pg_result *missing)
{
    size_t count = pg_rows(missing);

    for (size_t i = 0; i < count; i++) {
        char key[64];
        snprintf(key, sizeof key, "%s/%s", pg_value(missing, i, 1),
                 pg_value(missing, i, 2));
        difference_of_existence(r->differences, table, key, false);
    }
    if (count)
        difference_of_more(r->differences, (size_t)pg_number(missing, 0, 3) - count);
    pg_result_free(missing);
}

/* That the clock sent a reminder follows from nothing else once the order is gone. */
static enum outcome name_sent(struct rebuild *r, struct err *e)
{
    static const struct follow_table sent_table = {.name = "follow_up.outbox_sent"};
    struct pg_result *sent = NULL;

    if (pg_query(r->pg, ctl_sql("rebuild_sent"), NULL, 0, &sent, e))
        return err_wrap(e, "rebuild_sent");
    for (size_t i = 0; i < pg_rows(sent); i++)
        difference_of_existence(r->differences, &sent_table, pg_value(sent, i, 0), true);
    pg_result_free(sent);
    return DONE;
}

static enum outcome name_missing(struct rebuild *r, struct err *e)
{
    size_t limit = (size_t)r->limit + 1;
    struct pg_result *missing = NULL;

    if (stored_sightings_missing(r->sightings, limit, &missing, e))
        return e->outcome;
    name_events(r, &sighting_table, missing);
    if (stored_actions_missing(r->pg, limit, &missing, e))
        return e->outcome;
    name_events(r, &case_step_table, missing);
    return DONE;
}

/* ---- all of it ---- */

static enum outcome open_all(struct rebuild *r, struct err *e)
{
    const struct {
        struct compared **compared;
        const struct follow_table *table;
    } tables[] = {{&r->cases, &case_file_table},
                  {&r->steps, &case_step_table},
                  {&r->limits, &time_limit_table},
                  {&r->orders, &outbox_table}};

    r->past = reference_past_new(r->pg);
    r->replay = replay_new();
    r->differences = differences_new((size_t)r->limit);
    r->sightings = stored_sightings_open(r->pg, consumer_kinds, r->past, e);
    if (!r->sightings || !(r->actions = stored_actions_open(r->pg, r->past, e)))
        return e->outcome;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        *tables[i].compared = compared_open(r->pg, tables[i].table, r->differences, e);
        if (!*tables[i].compared)
            return e->outcome;
    }
    return DONE;
}

static enum outcome compare(struct rebuild *r, struct err *e)
{
    if (ctl_is_set_up(r->pg, e) || pg_run(r->pg, start_sql, e) || open_all(r, e)
        || compare_transactions(r, e) || compare_rest(r, e))
        return e->outcome;
    return name_missing(r, e) ? e->outcome : name_sent(r, e);
}

static void close_all(struct rebuild *r)
{
    compared_close(r->cases);
    compared_close(r->steps);
    compared_close(r->limits);
    compared_close(r->orders);
    stored_actions_close(r->actions);
    stored_sightings_close(r->sightings);
    replay_free(r->replay);
    reference_past_free(r->past);
    differences_free(r->differences);
    pg_close(r->pg);
}

/* ---- telling ---- */

static void add_report(struct text *out, const struct rebuild *r)
{
    size_t count = differences_count(r->differences);

    text_format(
        out,
        "decided again: %zu sightings and %zu actions of persons and the clock, in "
        "%zu transactions: %zu cases, %zu steps, %zu limits, %zu orders\n",
        r->count.sightings, r->count.acts, r->count.transactions,
        replay_case_count(r->replay), r->count.steps, r->count.limits, r->count.orders);
    differences_print(r->differences, out);
    if (count)
        text_format(out, "verdict: %zu rows DIFFER from what follows from the events\n",
                    count);
    else
        text_add_string(out, "verdict: follow_up is what follows from the events\n");
}

static void add_not_compared(struct text *out)
{
    text_add_string(out, "[");
    for (const struct not_compared *n = not_compared; n->table; n++)
        text_format(out, "%s{\"table\": \"%s\", \"column\": \"%s\", \"reason\": \"%s\"}",
                    n == not_compared ? "" : ", ", n->table, n->column, n->reason);
    text_add_string(out, "]");
}

static void add_report_json(struct text *out, const struct rebuild *r)
{
    size_t count = differences_count(r->differences);

    text_format(out,
                "{\"equal\": %s, \"transactions\": %zu, \"sightings\": %zu, \"actions\": "
                "%zu, \"cases\": %zu, \"steps\": %zu, \"limits\": %zu, \"orders\": %zu, "
                "\"differing_rows\": %zu, \"differences\": ",
                count ? "false" : "true", r->count.transactions, r->count.sightings,
                r->count.acts, replay_case_count(r->replay), r->count.steps,
                r->count.limits, r->count.orders, count);
    differences_json(r->differences, out);
    text_add_string(out, ", \"not_compared\": ");
    add_not_compared(out);
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
