/* dedup.c - gridloopctl dedup simulate: what stored reports would have become by other rules, beside what they became. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "deploy/ctl/ctl.h"
#include "deploy/ctl/dedup_pairs.h"
#include "deploy/ctl/dedup_tally.h"
#include "deploy/ctl/programs.h"
#include "deploy/ctl/rebuild_compare.h"
#include "deploy/ctl/reference.h"

#define PROGRAM "gridloopctl dedup simulate"

enum { SHOWN_FAULTS = 5 };

/* The rules of some time with the files' tables in the place of theirs. */
struct changed_rules {
    const struct rulebook *recorded;
    struct rulebook *changed;
};

struct simulate {
    struct pg_settings database;
    struct option_list files;
    const char *from, *to, *kind;
    int64_t limit;
    bool json;

    int64_t from_us, to_us;
    bool is_given[RULEBOOK_TABLES]; /* by the files */
    struct pg *pg;
    struct rulebook *given; /* NULL until they are read */
    struct reference_past *past;
    struct stored_sightings *stored;
    struct replay *replays[COURSES];
    struct changed_rules *changed;
    size_t changed_count;
    struct tallies tallies;
    struct pairs pairs;
    struct differences
        *unlike; /* what is stored, and the recorded rules do not come to */
    size_t decided, asked_for;
};

#define AT(member) offsetof(struct simulate, member)

static const struct option_row rows[] = {
    CTL_DATABASE_ROWS(struct simulate, database),
    {"rules", OPTION_LIST, AT(files), NULL, 0, 0, "FILE",
     "dedup_rule.csv, category.csv, position_default.csv or responsibility.csv, named "
     "and "
     "written as for reference load; may be repeated",
     false},
    {"from", OPTION_TEXT, AT(from), NULL, 0, 0, "TIME",
     "reports that occurred at this moment or later, RFC 3339 with a zone", true},
    {"to", OPTION_TEXT, AT(to), NULL, 0, 0, "TIME", "and before this one", true},
    {"kind", OPTION_TEXT, AT(kind), NULL, 0, 0, "KIND",
     "count and show reports of this kind alone, such as drone_alert", false},
    {"limit", OPTION_NUMBER, AT(limit), "20", 0, 100000, NULL,
     "pairs shown of each direction", false},
    {"json", OPTION_SWITCH, AT(json), NULL, 0, 0, NULL, "print JSON", false},
};

const struct option_set dedup_simulate_options = {
    .program = PROGRAM,
    .synopsis = "--rules FILE --from TIME --to TIME [OPTION...]",
    .purpose =
        "Links the stored reports again, once by the rules in force at the time and once "
        "as if the files' had been in force from --from until --to, and shows what would "
        "have become of them. What occurred before and after is decided by its own rules "
        "in both: a case from before is there as it stood. Changes nothing: the files "
        "are checked as by reference load --dry-run, all else is one read-only "
        "transaction. Exit code 65 also if the recorded rules do not come to what is "
        "stored.",
    .examples = "  gridloopctl dedup simulate --rules dedup_rule.csv --from "
                "2026-01-01T00:00:00+08:00 --to 2026-02-01T00:00:00+08:00",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = SIZE_MAX,
};

/* ---- settings ---- */

static const char *const rule_tables[RULEBOOK_TABLES] = {
    [RULEBOOK_CATEGORY] = "category",
    [RULEBOOK_RULE] = "dedup_rule",
    [RULEBOOK_ACCURACY] = "position_default",
    [RULEBOOK_UNIT] = "responsibility",
};

static enum outcome check_file(struct simulate *s, const char *path, struct err *e)
{
    const char *table = reference_table_of(path);

    for (size_t i = 0; table && i < RULEBOOK_TABLES; i++)
        if (strcmp(table, rule_tables[i]) == 0) {
            s->is_given[i] = true;
            return DONE;
        }
    return err_exit(e, EX_USAGE,
                    "%s: its name says no table that linking goes by: dedup_rule, "
                    "category, position_default or responsibility (.csv)",
                    path);
}

static enum outcome check_kind(const char *name, struct err *e)
{
    for (size_t i = 0; consumer_kinds[i]; i++)
        if (consumer_kinds[i]->linked.names[LINK_FIELD_REPORT]
            && strcmp(consumer_kinds[i]->name, name) == 0)
            return DONE;
    return err_exit(e, EX_USAGE, "no kind %s is linked", name);
}

static enum outcome check_settings(struct simulate *s, struct err *e)
{
    if (s->files.count == 0)
        return err_exit(e, EX_USAGE, "no file of --rules was named");
    for (size_t i = 0; i < s->files.count; i++)
        if (check_file(s, s->files.items[i], e))
            return e->outcome;
    if (s->kind && check_kind(s->kind, e))
        return e->outcome;
    return ctl_check_span(s->from, s->to, &s->from_us, &s->to_us, e);
}

/* ---- rules ---- */

/* Into the tables and out of them again: the server and the checks of a load look at them. */
static enum outcome read_files(struct simulate *s, struct err *e)
{
    struct reference_load load = {.files = s->files, .pg = s->pg};
    enum outcome outcome = reference_load_try(&load, e);

    if (!outcome && !(s->given = rulebook_read_as_of(s->pg, load.version, e)))
        outcome = e->outcome;
    text_free(&load.findings.faults);
    text_free(&load.findings.notes);
    return outcome ? outcome : pg_run(s->pg, "rollback", e);
}

static const struct rulebook *changed_of(struct simulate *s,
                                         const struct rulebook *recorded)
{
    const struct rulebook *books[RULEBOOK_TABLES];

    for (size_t i = s->changed_count; i-- > 0;)
        if (s->changed[i].recorded == recorded)
            return s->changed[i].changed;
    for (size_t i = 0; i < RULEBOOK_TABLES; i++)
        books[i] = s->is_given[i] ? s->given : recorded;
    s->changed = xrealloc(s->changed, (s->changed_count + 1) * sizeof *s->changed);
    s->changed[s->changed_count++] = (struct changed_rules){recorded, rulebook_of(books)};
    return s->changed[s->changed_count - 1].changed;
}

static bool is_within(const struct simulate *s, int64_t occurred_us)
{
    return occurred_us >= s->from_us && occurred_us < s->to_us;
}

/* ---- linking again ---- */

static struct paired paired_of(const struct replayed *replayed, size_t ordinal,
                               bool is_asked_for)
{
    const struct link_sighting *sighting = &replayed->sightings->list[ordinal];
    struct paired paired = {
        .at = sighting->place.at,
        .has_point = sighting->place.where == LINK_AT_POINT,
        .is_asked_for = is_asked_for,
        .us = replayed->output->decisions[ordinal].used_us,
        .group = replayed->sightings->of[ordinal].ruling.group,
    };

    memcpy(paired.event_id, sighting->event_id, UUID_SIZE);
    return paired;
}

/* Only reports are in pairs: what revises one goes with it. */
static bool is_in_a_pair(const struct link_decision *d)
{
    return link_opens_case(d) || d->outcome == LINK_MORE || d->outcome == LINK_REOPEN
           || d->outcome == LINK_MUTED;
}

static void note(struct simulate *s, const struct kind *kind,
                 const struct replayed replayed[COURSES], size_t ordinal)
{
    bool is_asked_for =
        is_within(s, replayed[RECORDED].sightings->list[ordinal].occurred_us)
        && (!s->kind || strcmp(s->kind, kind->name) == 0);
    struct paired paired = paired_of(&replayed[RECORDED], ordinal, is_asked_for);

    for (size_t i = 0; i < COURSES; i++) {
        const struct link_decision *d = &replayed[i].output->decisions[ordinal];
        if (is_asked_for)
            tallies_add(&s->tallies, (enum course)i,
                        replayed[i].sightings->of[ordinal].ruling.group, d);
        paired.cases[i] =
            is_in_a_pair(d) ? replayed_case_of(&replayed[i], ordinal) : LINK_NONE;
    }
    s->asked_for += is_asked_for;
    if (paired.cases[RECORDED] != LINK_NONE || paired.cases[SIMULATED] != LINK_NONE)
        pairs_add(&s->pairs, &paired);
}

static enum outcome link_again(struct simulate *s,
                               const struct stored_transaction *transaction,
                               const struct rulebook **rules, struct err *e)
{
    struct replayed replayed[COURSES];

    if (replay_transaction(s->replays[RECORDED], transaction, NULL, &replayed[RECORDED],
                           e))
        return e->outcome;
    for (size_t i = 0; i < transaction->count; i++) {
        const struct rulebook *recorded = transaction->list[i].rules;
        rules[i] = is_within(s, replayed[RECORDED].sightings->list[i].occurred_us)
                       ? changed_of(s, recorded)
                       : recorded;
    }
    if (replay_transaction(s->replays[SIMULATED], transaction, rules,
                           &replayed[SIMULATED], e))
        return e->outcome;
    compare_sightings(s->unlike, transaction, &replayed[RECORDED]);
    for (size_t i = 0; i < transaction->count; i++)
        note(s, transaction->sighter->kind, replayed, i);
    s->decided += transaction->count;
    return DONE;
}

static enum outcome link_all(struct simulate *s, struct err *e)
{
    struct stored_transaction transaction;
    enum outcome outcome;

    while (!(outcome = stored_sightings_next(s->stored, &transaction, e))
           && transaction.count > 0) {
        const struct rulebook **rules = xcalloc(transaction.count, sizeof(void *));
        outcome = link_again(s, &transaction, rules, e);
        free(rules);
        if (outcome)
            break;
    }
    return outcome;
}

/* The server holds the transaction to it. */
static const char start_sql[] =
    "set work_mem = '128MB'; set jit = off; set cursor_tuple_fraction = 1;"
    "begin isolation level repeatable read read only";

static enum outcome simulate(struct simulate *s, struct err *e)
{
    if (ctl_is_set_up(s->pg, e) || read_files(s, e) || pg_run(s->pg, start_sql, e))
        return e->outcome;
    s->past = reference_past_new(s->pg);
    s->stored = stored_sightings_open(s->pg, consumer_kinds, s->past, e);
    if (!s->stored || link_all(s, e))
        return e->outcome;
    return s->asked_for ? DONE
                        : err_exit(e, EX_DATAERR,
                                   "no report%s%s that was linked occurred from %s to %s",
                                   s->kind ? " of kind " : "", s->kind ? s->kind : "",
                                   s->from, s->to);
}

/* ---- telling ---- */

static double distance_m(const struct pair *pair)
{
    return pair->earlier->has_point && pair->later->has_point
               ? geodesy_distance_m(pair->earlier->at, pair->later->at)
               : NAN;
}

static int64_t seconds_between(const struct pair *pair)
{
    return llabs(link_us_between(pair->later->us, pair->earlier->us)) / 1000000;
}

static void print_pair(struct text *out, const struct pair *pair)
{
    char earlier[UUID_TEXT_SIZE], later[UUID_TEXT_SIZE];
    int64_t s = seconds_between(pair);

    uuid_format(earlier, pair->earlier->event_id);
    uuid_format(later, pair->later->event_id);
    text_format(out, "  %s and %s: ", earlier, later);
    if (!isnan(distance_m(pair)))
        text_format(out, "%.1f m, ", distance_m(pair));
    text_format(out, "%" PRId64 " d %02d:%02d:%02d, %s\n", s / 86400,
                (int)(s / 3600 % 24), (int)(s / 60 % 60), (int)(s % 60),
                pair->later->group ? pair->later->group : "-");
}

static void add_pair_json(struct text *out, const struct pair *pair)
{
    const char *group = pair->later->group;
    char earlier[UUID_TEXT_SIZE], later[UUID_TEXT_SIZE];

    uuid_format(earlier, pair->earlier->event_id);
    uuid_format(later, pair->later->event_id);
    text_format(out,
                "{\"event_ids\": [\"%s\", \"%s\"], \"seconds_between\": %" PRId64
                ", \"distance_m\": ",
                earlier, later, seconds_between(pair));
    text_add_json_double(out, distance_m(pair));
    text_add_string(out, ", \"group\": ");
    if (group)
        text_add_json_string(out, group, strlen(group));
    else
        text_add_string(out, "null");
    text_add_string(out, "}");
}

static const struct {
    enum course together;
    const char *key, *title;
} directions[] = {
    {RECORDED, "together_then_apart_now", "together as recorded, apart by these rules"},
    {SIMULATED, "apart_then_together_now", "apart as recorded, together by these rules"},
};

static void add_direction(struct text *out, const struct simulate *s, size_t direction)
{
    struct pair *shown = xcalloc((size_t)s->limit + 1, sizeof *shown);
    size_t count;
    uint64_t pairs = pairs_differing(&s->pairs, directions[direction].together, shown,
                                     (size_t)s->limit, &count);

    if (s->json)
        text_format(out, ", \"%s\": {\"pairs\": %" PRIu64 ", \"shown\": [",
                    directions[direction].key, pairs);
    else
        text_format(out, "\n%s: %" PRIu64 " pairs\n", directions[direction].title, pairs);
    for (size_t i = 0; i < count; i++) {
        if (s->json && i)
            text_add_string(out, ", ");
        (s->json ? add_pair_json : print_pair)(out, &shown[i]);
    }
    if (s->json)
        text_add_string(out, "]}");
    free(shown);
}

static void add_report(struct text *out, const struct simulate *s)
{
    text_format(out, "%zu reports from %s to %s, of %zu in all\n\n", s->asked_for,
                s->from, s->to, s->decided);
    tallies_print(&s->tallies, out);
    add_direction(out, s, 0);
    add_direction(out, s, 1);
}

static void add_report_json(struct text *out, const struct simulate *s)
{
    text_format(
        out, "{\"reproduced\": %s, \"reports\": %zu, \"decided\": %zu, \"groups\": ",
        differences_count(s->unlike) ? "false" : "true", s->asked_for, s->decided);
    tallies_json(&s->tallies, out);
    add_direction(out, s, 0);
    add_direction(out, s, 1);
    text_add_string(out, "}\n");
}

static void warn_unlike(const struct simulate *s)
{
    struct text out = {0};

    differences_print(s->unlike, &out);
    fprintf(stderr,
            PROGRAM ": THE RECORDED RULES DO NOT COME TO WHAT IS STORED, so neither "
                    "column can be trusted: %zu sightings differ; see gridloopctl "
                    "rebuild follow-up --check\n%s",
            differences_count(s->unlike), out.bytes);
    text_free(&out);
}

static int tell(const struct simulate *s)
{
    struct text out = {0};
    bool written;

    (s->json ? add_report_json : add_report)(&out, s);
    written = fwrite(out.bytes, 1, out.size, stdout) == out.size && fflush(stdout) == 0;
    text_free(&out);
    if (!written)
        return EX_IOERR;
    if (differences_count(s->unlike) == 0)
        return EX_OK;
    warn_unlike(s);
    return EX_DATAERR;
}

/* ---- the command ---- */

static void close_all(struct simulate *s)
{
    for (size_t i = 0; i < s->changed_count; i++)
        rulebook_free(s->changed[i].changed);
    free(s->changed);
    for (size_t i = 0; i < COURSES; i++)
        replay_free(s->replays[i]);
    stored_sightings_close(s->stored);
    reference_past_free(s->past);
    rulebook_free(s->given);
    tallies_free(&s->tallies);
    pairs_free(&s->pairs);
    differences_free(s->unlike);
    pg_close(s->pg);
}

static int simulate_main(int argc, char **argv)
{
    struct simulate s = {0};
    struct err e = {0};
    int exit_code;

    s.unlike = differences_new(SHOWN_FAULTS);
    for (size_t i = 0; i < COURSES; i++)
        s.replays[i] = replay_new();
    if (ctl_load(&dedup_simulate_options, argc, argv, &s, &e) || check_settings(&s, &e)
        || !(s.pg = ctl_open(&s.database, &e)) || simulate(&s, &e))
        exit_code = ctl_fail(PROGRAM, &e);
    else
        exit_code = tell(&s);
    close_all(&s);
    return exit_code;
}

static const struct ctl_command commands[] = {
    {"simulate", "what stored reports would have become by other rules", simulate_main},
    {0},
};

int dedup_main(int argc, char **argv)
{
    return ctl_dispatch("gridloopctl dedup", commands, argc, argv);
}
