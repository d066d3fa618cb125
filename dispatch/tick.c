/* tick.c - one round of the clock. */
#include "dispatch/tick.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/point.h"
#include "consumers/runtime/case_actions.h"
#include "consumers/runtime/stripes.h"
#include "dispatch/sql.h"

enum { AT_ONCE = 500, ACTS = 3 };

/* The statement of each: $1 the case behind which to look, $2 how many, $3 the setting. */
static const struct act {
    enum clock_act act;
    const char *statement;
    size_t setting; /* 0: the act is not done */
    const char *said;
} acts[ACTS] = {
    {CLOCK_REMIND_BEFORE, "remind_before", offsetof(struct tick_settings, remind_before),
     "reminders before they are due"},
    {CLOCK_REMIND_DUE, "remind_due", SIZE_MAX, "reminders when they are due"},
    {CLOCK_SEND, "send_unanswered", offsetof(struct tick_settings, send_after_h),
     "possible repeats that nobody answered to"},
};

static const char before_all[] = "00000000-0000-0000-0000-000000000000";

struct ticker {
    const struct tick_settings *settings;
    struct reference *reference;
    struct case_actions *actions;
    char behind
        [ACTS]
        [UUID_TEXT_SIZE]; /* the last case looked at: in turn, for one may not be done ever */
    int64_t next_ms;
};

struct ticker *ticker_new(const struct tick_settings *settings)
{
    struct ticker *t = xcalloc(1, sizeof *t);

    t->settings = settings;
    t->reference = reference_new();
    t->actions = case_actions_new(t->reference);
    for (int i = 0; i < ACTS; i++)
        strcpy(t->behind[i], before_all);
    return t;
}

void ticker_free(struct ticker *t)
{
    if (!t)
        return;
    case_actions_free(t->actions);
    reference_free(t->reference);
    free(t);
}

static void say(const char *what, size_t count)
{
    if (count > 0)
        log_info(what, "count", LOG_NUMBER(count), NULL);
}

/* ---- actions that wait ---- */

static enum outcome try_again(struct ticker *t, struct pg *pg, bool *more, struct err *e)
{
    size_t settled = 0;

    if (case_actions_retry(t->actions, pg, AT_ONCE, &settled, e))
        return e->outcome;
    say("actions that waited are settled", settled);
    *more |= settled >= AT_ONCE;
    return DONE;
}

/* ---- acts ---- */

static double setting_of(const struct ticker *t, const struct act *act)
{
    double setting = 1;

    if (act->setting != SIZE_MAX)
        memcpy(&setting, (const char *)t->settings + act->setting, sizeof setting);
    return setting;
}

/* The ids of cases for which it seems due. */
static enum outcome find_cases(struct ticker *t, size_t number, struct pg *pg,
                               uint8_t ids[AT_ONCE][UUID_SIZE], size_t *count,
                               struct err *e)
{
    char most[16], setting[32];
    struct pg_result *rows;

    snprintf(most, sizeof most, "%d", AT_ONCE);
    snprintf(setting, sizeof setting, "%.17g", setting_of(t, &acts[number]));
    if (pg_query(pg, dispatch_sql(acts[number].statement),
                 (const char *const[]){t->behind[number], most, setting}, 3, &rows, e))
        return e->outcome;
    *count = pg_rows(rows);
    for (size_t row = 0; row < *count; row++)
        uuid_parse(ids[row], pg_value(rows, row, 0), UUID_TEXT_SIZE - 1);
    pg_result_free(rows);
    return DONE;
}

static enum outcome act(struct ticker *t, size_t number, struct pg *pg, bool *more,
                        struct err *e)
{
    uint8_t ids[AT_ONCE][UUID_SIZE];
    size_t count = 0, done = 0;

    if (!(setting_of(t, &acts[number]) > 0))
        return DONE;
    if (find_cases(t, number, pg, ids, &count, e))
        return e->outcome;
    POINT("clock_found");
    if (case_actions_clock(t->actions, pg, (const uint8_t(*)[UUID_SIZE])ids, count,
                           acts[number].act, &done, e))
        return e->outcome;
    POINT("clock_done");
    say(acts[number].said, done);
    if (count == AT_ONCE)
        uuid_format(t->behind[number], ids[count - 1]);
    else
        strcpy(t->behind[number], before_all);
    *more |= count == AT_ONCE;
    return DONE;
}

enum outcome ticker_tick(struct ticker *t, struct pg *pg, struct err *e)
{
    bool more = false;

    if (t->settings->tick_s == 0 || clock_monotonic_ms() < t->next_ms)
        return DONE;
    if (stripes_check(pg, e) || reference_refresh(t->reference, pg, e)
        || try_again(t, pg, &more, e))
        return err_wrap(e, "the clock");
    for (size_t i = 0; i < ACTS; i++)
        if (act(t, i, pg, &more, e))
            return err_wrap(e, "the clock: %s", acts[i].said);
    t->next_ms = clock_monotonic_ms() + (more ? 0 : t->settings->tick_s * 1000);
    return DONE;
}
