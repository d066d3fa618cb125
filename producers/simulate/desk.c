/* desk.c - what may be done in which state, as rows, and the queue of cases. */
#include "producers/simulate/desk.h"

#include <string.h>

// clang-format off
static const struct simulate_step steps[] = {
    {"REPORTED",      "FILE",     NULL,         "FILED",         PLATFORM, 0,                               1},
    {"FILED",         "DISPATCH", NULL,         "DISPATCHED",    PLATFORM, CARRIES_ORDER,                   1},
    {"DISPATCHED",    "ACCEPT",   NULL,         "ACCEPTED",      CREW,     0,                              11},
    {"DISPATCHED",    "RETURN",   NULL,         "RETURNED",      CREW,     CARRIES_ORDER | CARRIES_REASON,  1},
    {"RETURNED",      "DISPATCH", NULL,         "DISPATCHED",    PLATFORM, CARRIES_ORDER,                   1},
    {"ACCEPTED",      "ARRIVE",   NULL,         "ARRIVED",       CREW,     CARRIES_PHOTOS,                  1},
    {"ARRIVED",       "VERIFY",   "EXISTS",     "IN_PROCESS",    CREW,     0,                               6},
    {"ARRIVED",       "VERIFY",   "NOT_EXISTS", "FALSE_ALARM",   CREW,     CARRIES_PHOTOS | CARRIES_REPLY,  1},
    {"IN_PROCESS",    "RECTIFY",  "DONE",       "HANDLED",       CREW,     CARRIES_PHOTOS,                  1},
    {"HANDLED",       "FEEDBACK", NULL,         "PENDING_CHECK", CREW,     CARRIES_REPLY,                   1},
    {"PENDING_CHECK", "CHECK",    "PASS",       "CHECK_PASSED",  CHECKER,  CARRIES_PHOTOS,                  9},
    {"PENDING_CHECK", "CHECK",    "FAIL",       "REWORK",        CHECKER,  CARRIES_PHOTOS | CARRIES_REASON, 1},
    {"REWORK",        "REWORK",   NULL,         "IN_PROCESS",    CREW,     0,                               1},
    {"CHECK_PASSED",  "CLOSE",    NULL,         "CLOSED",        PLATFORM, 0,                               1},

    {"RAISED",           "FEED_BACK_TO_UNIT", NULL,       "FED_BACK",         INSPECTORS, CARRIES_ORDER,  1},
    {"FED_BACK",         "SUBMIT_PLAN",       NULL,       "PLAN_SUBMITTED",   CREW,       0,              1},
    {"PLAN_SUBMITTED",   "REVIEW",            "APPROVED", "PLAN_ACCEPTED",    INSPECTORS, 0,              1},
    {"PLAN_ACCEPTED",    "RECTIFY",           "PARTLY",   "RECTIFYING",       CREW,       CARRIES_PHOTOS, 1},
    {"RECTIFYING",       "SUBMIT_REPORT",     NULL,       "REPORT_SUBMITTED", CREW,       CARRIES_REPLY,  1},
    {"REPORT_SUBMITTED", "REVIEW",            "PASS",     "REVIEW_PASSED",    INSPECTORS, 0,              9},
    {"REPORT_SUBMITTED", "REVIEW",            "FAIL",     "REVIEW_FAILED",    INSPECTORS, CARRIES_REASON, 1},
    {"REVIEW_FAILED",    "REWORK",            NULL,       "RECTIFYING",       CREW,       0,              1},
    {"REVIEW_PASSED",    "FOLLOW_UP",         "PASS",     "FOLLOW_UP",        INSPECTORS, 0,              1},
    {"FOLLOW_UP",        "CLOSE",             NULL,       "CLOSED",           INSPECTORS, 0,              1},
};
// clang-format on
enum { STEPS = sizeof steps / sizeof *steps };

void desk_offer(struct desk *desk, const struct simulate_event *event)
{
    struct open_case *c = &desk->waiting;

    if (desk->has_waiting)
        return;
    *c = (struct open_case){
        .number = event->random % 1000000000000,
        .kind = event->kind,
        .state = event->kind == INSPECTION_FINDING ? "RAISED" : "REPORTED",
        .version = 1,
        .is_test = event->is_test,
        .is_false = event->is_false,
        .category = event->category,
        .place = event->place,
        .position = event->position,
        .last_us = event->recorded_us,
    };
    memcpy(c->case_id, event->subject_id, UUID_SIZE);
    desk->has_waiting = true;
}

/* Nobody acts on a case before the report of it has come in. */
static void take_up(struct desk *desk, int64_t now_us)
{
    if (!desk->has_waiting || desk->waiting.last_us >= now_us
        || desk->count == DESK_CASES)
        return;
    desk->has_waiting = false;
    desk->first = (desk->first + DESK_CASES - 1) % DESK_CASES;
    desk->cases[desk->first] = desk->waiting;
    desk->count++;
}

/* While the desk fills, every second action goes on with an old case, so that short runs too see some
 * to their end. */
struct open_case *desk_take(struct desk *desk, struct dice *dice, int64_t now_us)
{
    if (dice_below(dice, 2) || !desk->count)
        take_up(desk, now_us);
    return desk->count ? &desk->cases[desk->first] : NULL;
}

static bool allows(const struct open_case *c, int step)
{
    const char *result = steps[step].result;

    if (c->is_false && result && strcmp(result, "EXISTS") == 0)
        return false;
    return strcmp(steps[step].from, c->state) == 0;
}

static unsigned weight_of_allowed(const struct open_case *c)
{
    unsigned sum = 0;

    for (int i = 0; i < STEPS; i++)
        sum += allows(c, i) ? steps[i].weight : 0;
    return sum;
}

const struct simulate_step *desk_step(const struct open_case *c, struct dice *dice)
{
    unsigned at = dice_below(dice, weight_of_allowed(c));

    for (int i = 0;; i++) {
        if (!allows(c, i))
            continue;
        if (at < steps[i].weight)
            return &steps[i];
        at -= steps[i].weight;
    }
}

bool desk_is_over(const struct open_case *c)
{
    return weight_of_allowed(c) == 0;
}

void desk_give_back(struct desk *desk)
{
    unsigned from = desk->first;

    desk->first = (desk->first + 1) % DESK_CASES;
    desk->count--;
    if (!desk_is_over(&desk->cases[from]))
        desk->cases[(desk->first + desk->count++) % DESK_CASES] = desk->cases[from];
}
