/* crew_plan.h - what a simulated crew does about an order: a pure function of the order and the seed.
 *
 * It walks the table of desk.h from DISPATCHED on, until the case is over or the order is given back and somebody
 * else is sent: what follows from that comes as another order. Ids and times are drawn from the order's id, so that
 * a crew that died plans the same again, and its actions fold with those that it had sent. */
#ifndef GRIDLOOP_CREW_PLAN_H
#define GRIDLOOP_CREW_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "producers/simulate/simulate.h"

enum { CREW_MOST_STEPS = 40, CREW_NAME = 201 };

struct crew_order {
    uint8_t order_id[UUID_SIZE], case_id[UUID_SIZE];
    char case_no[CREW_NAME], unit[CREW_NAME];
    enum simulate_kind case_kind;
    int version;
    bool is_test;
    int64_t decided_us, due_us; /* due_us: 0, no limit */
    unsigned category;
    struct simulate_position position; /* all 0: none */
};

struct crew_plan {
    struct simulate_event
        steps[CREW_MOST_STEPS]; /* their texts are the order's and the settings' */
    size_t count;               /* 0: nothing can be done in time */
    const char *state;          /* in which it leaves the case */
    bool is_late;               /* it is put right only after it was due */
};

/* other_unit: who is sent after the order was given back. until_us: what would come after it is left undone. */
void crew_plan(struct crew_plan *plan, const struct crew_order *order, int64_t seed,
               double late_share, int64_t until_us, const char *other_unit);

#endif
