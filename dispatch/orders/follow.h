/* follow.h - one unit's orders, from the topic to standard output, each once.
 *
 * Every partition is read, and orders of other units are passed over: so it does not matter that a unit's orders
 * move to another partition when some are added. Orders of one case come in their order, except across such a move:
 * of two the one with the lower case_version is overtaken.
 *
 * Without ack an order is taken once its line is written and flushed: after a crash the last line may be printed
 * again, no other. With ack it is taken when its order_id comes back, as a line on standard input: after a crash,
 * and after standard input has ended, everything that did not come back is printed again by the next run. */
#ifndef GRIDLOOP_ORDERS_FOLLOW_H
#define GRIDLOOP_ORDERS_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/option.h"

struct follow_settings {
    const char *unit, *state;
    const char *name_space, *log_level;
    bool once;      /* end when everything that was there at the start is taken */
    bool ack;       /* see above */
    bool skip_lost; /* go on behind orders that the topic does not have any more */
    int64_t backoff_max_ms;
    struct kafka_properties kafka;
};

extern const struct option_set orders_options;

/* Runs until *stop is true, the topic's end with once, or standard input's end with ack. RETRY with once: no broker.
 * FATAL 69: orders are gone from the topic that were never read; 74: standard output cannot be written; and as the
 * parts say. */
enum outcome follow_orders(const struct follow_settings *settings,
                           const volatile bool *stop, struct err *e);

#endif
