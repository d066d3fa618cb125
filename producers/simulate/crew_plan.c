/* crew_plan.c - step by step, with the time that each takes. */
#include "producers/simulate/crew_plan.h"

#include <string.h>

#include "producers/simulate/desk.h"
#include "producers/simulate/device.h"
#include "producers/simulate/dice.h"

static const int64_t minute_us = 60000000, second_us = 1000000;

/* How long after the step before it. */
static const struct {
    const char *action;
    int least_min, most_min;
} durations[] = {
    {"ACCEPT", 2, 30},   {"RETURN", 5, 60},    {"DISPATCH", 5, 60}, {"ARRIVE", 10, 90},
    {"VERIFY", 1, 10},   {"RECTIFY", 10, 240}, {"FEEDBACK", 1, 20}, {"CHECK", 60, 1440},
    {"REWORK", 30, 120}, {"CLOSE", 10, 120},
};
enum { DURATIONS = sizeof durations / sizeof *durations };

static int64_t duration_us(const char *action, struct dice *dice)
{
    for (int i = 0; i < DURATIONS; i++)
        if (strcmp(durations[i].action, action) == 0)
            return dice_between(dice, durations[i].least_min * minute_us,
                                durations[i].most_min * minute_us);
    return minute_us;
}

static struct dice dice_of(const struct crew_order *order, int64_t seed)
{
    uint64_t parts[2];

    memcpy(parts, order->order_id, sizeof parts);
    return dice_new(parts[0] ^ parts[1] ^ (uint64_t)seed);
}

static struct open_case case_of(const struct crew_order *order)
{
    struct open_case c = {.kind = order->case_kind,
                          .state = "DISPATCHED",
                          .version = order->version,
                          .is_test = order->is_test,
                          .category = order->category,
                          .position = order->position,
                          .last_us = order->decided_us};

    memcpy(c.case_id, order->case_id, UUID_SIZE);
    return c;
}

static void take_step(struct crew_plan *plan, const struct crew_order *order,
                      struct open_case *c, const struct simulate_step *step,
                      struct dice *dice)
{
    struct simulate_event *event = &plan->steps[plan->count++];

    c->last_us += duration_us(step->action, dice);
    if (plan->is_late && strcmp(step->action, "RECTIFY") == 0
        && c->last_us <= order->due_us)
        c->last_us = order->due_us + duration_us("CHECK", dice);
    *event = (struct simulate_event){
        .occurred_us = c->last_us,
        .recorded_us = c->last_us + dice_between(dice, second_us, 20 * second_us),
        .random = dice_next(dice),
        .kind = CASE_ACTION,
        .is_test = c->is_test,
        .position = c->position,
        .category = c->category,
        .case_kind = c->kind,
        .step = step,
        .case_version = ++c->version,
        .case_no = order->case_no,
        .unit = order->unit,
    };
    memcpy(event->subject_id, c->case_id, UUID_SIZE);
    event_made_id(event->event_id, event->recorded_us, event->random, ID_EVENT);
    c->state = step->to;
}

void crew_plan(struct crew_plan *plan, const struct crew_order *order, int64_t seed,
               double late_share, int64_t until_us, const char *other_unit)
{
    struct dice dice = dice_of(order, seed);
    struct open_case c = case_of(order);
    bool is_late = dice_chance(&dice, late_share);

    *plan = (struct crew_plan){.is_late = is_late && order->due_us > 0};
    do {
        const struct simulate_step *step = desk_step(&c, &dice);
        plan->state = c.state;
        take_step(plan, order, &c, step, &dice);
        if (plan->steps[plan->count - 1].recorded_us > until_us) {
            plan->count--;
            return;
        }
        if (strcmp(step->to, "DISPATCHED") == 0 || strcmp(step->to, "RETURNED") == 0)
            plan->steps[plan->count - 1].target_unit = other_unit;
    } while (plan->count < CREW_MOST_STEPS && !desk_is_over(&c)
             && strcmp(c.state, "DISPATCHED") != 0);
    plan->state = c.state;
}
