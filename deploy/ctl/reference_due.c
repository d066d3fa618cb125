/* reference_due.c - gridloopctl reference due: when time limits are over, by the calendar in force. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/clock.h"
#include "consumers/runtime/reference.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"
#include "deploy/ctl/reference.h"

#define PROGRAM "gridloopctl reference due"

enum { WORDS = 5, WORD_SIZE = 48 };

struct due_settings {
    struct pg_settings database;
    const char *limit, *start;
};

#define AT(member) offsetof(struct due_settings, member)

static const struct option_row rows[] = {
    CTL_DATABASE_ROWS(struct due_settings, database),
    {"limit", OPTION_TEXT, AT(limit), NULL, 0, 0, "TYPE VALUE",
     "one limit: URGENT_HOUR, WORK_HOUR, WORK_DAY or NATURAL_DAY and a number; without "
     "it limits are read from standard input, one a line",
     false},
    {"start", OPTION_TEXT, AT(start), NULL, 0, 0, "TIME",
     "when it begins, RFC 3339 with a zone; now, if not given", false},
};

const struct option_set reference_due_options = {
    .program = PROGRAM,
    .synopsis = "[OPTION...]",
    .purpose =
        "Says when time limits are over, by the calendar in force. A line of input has "
        "the start, the type and the value, and where the limit stood still the start "
        "and the end of that. A line of output is the time, in UTC, or - and the reason "
        "why there is none.",
    .examples =
        "  gridloopctl reference due --limit 'WORK_DAY 15'\n"
        "  echo 2026-09-30T17:00:00+08:00 WORK_HOUR 4 | gridloopctl reference due",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = SIZE_MAX,
};

/* ---- one limit ---- */

struct question {
    int64_t start_us;
    enum limit_type type;
    int32_t value;
    bool stood_still;
    int64_t suspended_us, resumed_us;
};

/* NULL: it was read; else what is wrong. */
static const char *read_limit(const char *type, const char *value,
                              struct question *question)
{
    char *end;
    int found = limit_type_find(type);
    long long number = strtoll(value, &end, 10);

    if (found < 0)
        return "the type is none of URGENT_HOUR, WORK_HOUR, WORK_DAY, NATURAL_DAY";
    if (end == value || *end || number < 0 || number > INT32_MAX)
        return "the value is no number from 0 up";
    question->type = (enum limit_type)found;
    question->value = (int32_t)number;
    return NULL;
}

static const char *read_pause(char words[][WORD_SIZE], struct question *question)
{
    const char *wrong = clock_parse(words[0], strlen(words[0]), &question->suspended_us);

    if (!wrong)
        wrong = clock_parse(words[1], strlen(words[1]), &question->resumed_us);
    if (!wrong && question->resumed_us < question->suspended_us)
        wrong = "it stands still until before it stood still";
    question->stood_still = true;
    return wrong;
}

static const char *read_question(const char *line, struct question *question)
{
    char words[WORDS][WORD_SIZE], more[2];
    const char *wrong;
    int count = sscanf(line, "%47s %47s %47s %47s %47s %1s", words[0], words[1], words[2],
                       words[3], words[4], more);

    *question = (struct question){0};
    if (count != 3 && count != WORDS)
        return "not a start, a type and a value, and perhaps two times more";
    wrong = clock_parse(words[0], strlen(words[0]), &question->start_us);
    if (!wrong)
        wrong = read_limit(words[1], words[2], question);
    return wrong || count == 3 ? wrong : read_pause(words + 3, question);
}

static void answer(const struct work_calendar *calendar, const struct question *question)
{
    struct due due =
        work_due(calendar, question->type, question->value, question->start_us);
    char text[CLOCK_TEXT_SIZE];

    if (question->stood_still && !due.reason)
        due = work_due_resumed(calendar, question->type, due.at_us,
                               question->suspended_us, question->resumed_us);
    clock_format(text, due.at_us);
    printf("%s%s\n", due.reason ? "-\t" : "", due.reason ? due.reason : text);
}

/* ---- all of them ---- */

static enum outcome answer_lines(const struct work_calendar *calendar, struct err *e)
{
    char line[256];
    struct question question;

    for (size_t number = 1; fgets(line, sizeof line, stdin); number++) {
        const char *wrong = read_question(line, &question);
        if (wrong)
            return err_exit(e, EX_DATAERR, "line %zu: %s", number, wrong);
        answer(calendar, &question);
    }
    return DONE;
}

static enum outcome read_settings(const struct due_settings *settings,
                                  struct question *question, struct err *e)
{
    char type[WORD_SIZE], value[WORD_SIZE], more[2];
    const char *wrong = NULL;

    question->start_us = clock_now_us();
    if (settings->start
        && (wrong = clock_parse(settings->start, strlen(settings->start),
                                &question->start_us)))
        return err_exit(e, EX_USAGE, "--start %s", wrong);
    if (settings->limit
        && sscanf(settings->limit, "%47s %47s %1s", type, value, more) != 2)
        wrong = "not a type and a value";
    else if (settings->limit)
        wrong = read_limit(type, value, question);
    return wrong ? err_exit(e, EX_USAGE, "--limit: %s", wrong) : DONE;
}

static enum outcome run(const struct due_settings *settings, struct reference *reference,
                        struct pg **pg, struct err *e)
{
    struct question question = {0};
    const struct work_calendar *calendar;

    if (read_settings(settings, &question, e))
        return e->outcome;
    *pg = ctl_open(&settings->database, e);
    if (!*pg || ctl_is_set_up(*pg, e) || reference_refresh(reference, *pg, e))
        return e->outcome;
    calendar = case_rules_calendar(reference_case_rules(reference));
    if (!settings->limit)
        return answer_lines(calendar, e);
    answer(calendar, &question);
    return DONE;
}

int reference_due_main(int argc, char **argv)
{
    struct due_settings settings = {0};
    struct reference *reference = reference_new();
    struct pg *pg = NULL;
    struct err e = {0};
    enum outcome outcome = ctl_load(&reference_due_options, argc, argv, &settings, &e);

    if (!outcome)
        outcome = run(&settings, reference, &pg, &e);
    reference_free(reference);
    pg_close(pg);
    return outcome ? ctl_fail(PROGRAM, &e) : fflush(stdout) ? EX_IOERR : EX_OK;
}
