/* dead_letter_discard.c - gridloopctl dead-letter discard: gives letters up, with a reason. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "deploy/ctl/dead_letter.h"
#include "deploy/ctl/programs.h"

#define PROGRAM "gridloopctl dead-letter discard"
#define COUNT(table) (sizeof(table) / sizeof *(table))

struct discard {
    struct pg_settings database;
    struct letter_filter filter;
    bool all, dry_run;
    int64_t max;
    const char *actor, *note;
};

#define AT(member) offsetof(struct discard, member)

static const struct option_row rows[] = {
    CTL_DATABASE_ROWS(struct discard, database),
    LETTER_FILTER_ROWS(struct discard, filter),
    {"note", OPTION_TEXT, AT(note), NULL, 0, 0, NULL, "why, for those who read it later",
     true},
    {"all", OPTION_SWITCH, AT(all), NULL, 0, 0, NULL,
     "all open ones; needed where nothing else says which", false},
    {"max", OPTION_NUMBER, AT(max), "1000000000", 1, 1e9, NULL, "most letters given up",
     false},
    {"dry_run", OPTION_SWITCH, AT(dry_run), NULL, 0, 0, NULL,
     "say how many it would be, and change nothing", false},
    {"actor", OPTION_TEXT, AT(actor), NULL, 0, 0, "NAME",
     "who does it; the name of the user unless given", false},
};

const struct option_set dead_letter_discard_options = {
    .program = PROGRAM,
    .synopsis = "--note TEXT [OPTION...] [SOURCE/OFFSET...]",
    .purpose =
        "Gives dead letters up. They stay where they are, with who did it and why, "
        "and still count as accounted for.",
    .examples = "  gridloopctl dead-letter discard --reason tombstone --note 'sent by a "
                "test of the broker'",
    .rows = rows,
    .row_count = COUNT(rows),
    .kafka_offset = SIZE_MAX,
};

static enum outcome discard(const struct discard *d, struct pg *pg, const char *actor,
                            size_t *count, struct err *e)
{
    struct pg_result *result;
    char most[24];

    snprintf(most, sizeof most, "%" PRId64, d->max);
    if (letters_query(pg, &d->filter, "dead_letter_discarded",
                      (const char *const[]){actor, d->note, most}, &result, e))
        return e->outcome;
    *count = pg_affected(result);
    pg_result_free(result);
    return DONE;
}

static enum outcome run(const struct discard *d, struct pg *pg, struct err *e)
{
    char *actor = letter_actor(d->actor);
    size_t count = 0;

    if (!ctl_is_set_up(pg, e) && !letter_check_breadth(pg, &d->filter, d->all, e)) {
        if (d->dry_run)
            letter_count(pg, &d->filter, &count, e);
        else
            discard(d, pg, actor, &count, e);
    }
    if (!e->outcome)
        printf("%zu %s\n", count < (size_t)d->max ? count : (size_t)d->max,
               d->dry_run ? "would be discarded" : "discarded");
    free(actor);
    return e->outcome;
}

int dead_letter_discard_main(int argc, char **argv)
{
    struct discard d = {0};
    struct err e = {0};
    struct pg *pg = NULL;

    if (!ctl_load_operands(&dead_letter_discard_options, argc, argv, &d,
                           &d.filter.letters, 0, MOST_LETTERS_NAMED, &e)
        && !letter_filter_check(&d.filter, &e) && (pg = ctl_open(&d.database, &e)))
        run(&d, pg, &e);
    pg_close(pg);
    return e.outcome ? ctl_fail(PROGRAM, &e) : EX_OK;
}
