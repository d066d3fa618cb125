/* desk.h - the cases in work: which is next, and which action comes next in its course. */
#ifndef GRIDLOOP_DESK_H
#define GRIDLOOP_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "producers/simulate/dice.h"
#include "producers/simulate/simulate.h"

/* What an action carries beside its state. */
enum {
    CARRIES_ORDER = 1, /* the unit that must act, and its time limit */
    CARRIES_REASON = 2,
    CARRIES_PHOTOS = 4, /* and the place where they were taken */
    CARRIES_REPLY = 8
};

enum actor { PLATFORM, CREW, CHECKER, INSPECTORS };

struct simulate_step {
    const char *from, *action, *result, *to; /* result: NULL if the action has none */
    enum actor actor;
    unsigned carries;
    unsigned weight; /* beside the others from there */
};

struct open_case {
    uint8_t case_id[UUID_SIZE];
    uint64_t number;
    enum simulate_kind kind;
    const char *state;
    int version;
    bool is_test, is_false;
    unsigned category, place;
    struct simulate_position position;
    int64_t last_us; /* when the last thing happened in it */
};

enum { DESK_CASES = 64 };

struct desk {
    struct open_case cases[DESK_CASES]; /* a queue: what was acted on goes to its end */
    unsigned first, count;
    struct open_case waiting; /* opened, not yet taken up */
    bool has_waiting;
};

/* An event opened a case. It is left to itself if another still waits. */
void desk_offer(struct desk *desk, const struct simulate_event *event);

/* The case to act on now; NULL if there is none. The caller changes it and gives it back. */
struct open_case *desk_take(struct desk *desk, struct dice *dice, int64_t now_us);

/* One of the actions that its state allows. */
const struct simulate_step *desk_step(const struct open_case *c, struct dice *dice);

/* Its state allows nothing more. */
bool desk_is_over(const struct open_case *c);

/* The case taken goes to the end of the queue, or leaves it where its state allows nothing more. */
void desk_give_back(struct desk *desk);

#endif
