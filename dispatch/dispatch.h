/* dispatch.h - gridloop-dispatch: sends the orders of follow_up.outbox, and does what the clock asks for.
 *
 * One instance leads, by an advisory lock that ends with its session; others wait, and take over when it ends. A leader
 * that gives no sign for stall_timeout_s loses its session, and with it the lock. That two believe to lead for a moment
 * harms nobody: each act has an id derived from what caused it. */
#ifndef GRIDLOOP_DISPATCH_DISPATCH_H
#define GRIDLOOP_DISPATCH_DISPATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/health.h"
#include "common/option.h"
#include "common/pg.h"
#include "dispatch/tick.h"

struct dispatch_settings {
    struct pg_settings database;
    const char *name_space;
    const char *log_level;
    int64_t batch_orders;
    int64_t poll_ms;
    int64_t heartbeat_s;
    struct tick_settings tick;
    int64_t stall_timeout_s;
    int64_t statement_timeout_ms, backoff_max_ms, stop_timeout_s;
    struct health_settings health;
    struct kafka_properties kafka;
};

extern const struct option_set dispatch_options;

struct dispatch; /* opaque */

/* settings must outlive it; what is marked so in their rows may change meanwhile. NULL: *e is FATAL. Connects to no database yet. */
struct dispatch *dispatch_new(const struct dispatch_settings *settings, struct err *e);
void dispatch_free(struct dispatch *dispatch); /* NULL is fine */

/* Runs until *stop is true (0) or something FATAL happens (its exit code). Logs each failure. */
int dispatch_run(struct dispatch *dispatch, const volatile bool *stop);

#endif
