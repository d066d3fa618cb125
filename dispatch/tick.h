/* tick.h - what the clock does: in a table, each act with the cases that it is due for. Time is the database's.
 *
 *   actions that wait       are tried again where what they wait for is there, and refused after 14 days
 *   before_due, due         a reminder to the unit whose order stands, once for each limit
 *   a possible repeat       to which nobody has answered is sent to the ground like any other
 *
 * Which cases those are is asked without lock; case_actions.h looks again under the lock, so that an act is done
 * only if it is due, and once, also when two instances do it at the same time. */
#ifndef GRIDLOOP_DISPATCH_TICK_H
#define GRIDLOOP_DISPATCH_TICK_H

#include <stdint.h>

#include "common/err.h"
#include "common/pg.h"

struct tick_settings {
    int64_t tick_s; /* between two looks; 0: the clock does nothing */
    double
        remind_before; /* before_due is sent when this share of the limit is left; 0: never */
    double
        send_after_h; /* a possible repeat nobody has answered to, in hours; 0: never */
};

struct ticker; /* opaque */

/* settings must outlive it. */
struct ticker *ticker_new(const struct tick_settings *settings);
void ticker_free(struct ticker *ticker); /* NULL is fine */

/* One round, if it is time; some hundreds of cases for each act, and the rest as soon as it is called again. */
enum outcome ticker_tick(struct ticker *ticker, struct pg *pg, struct err *e);

#endif
