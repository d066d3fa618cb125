/* pump.h - the one loop of a consumer: fill - decode - enrich - store - advance.
 *
 * A batch goes through the stages; each changes it and returns DONE, RETRY (forget the batch, claim again,
 * which goes back to what is stored; keep polling meanwhile) or FATAL. One thread: the group's decisions are
 * taken up only while polling, so nothing changes between fill and commit. */
#ifndef GRIDLOOP_PUMP_H
#define GRIDLOOP_PUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/health.h"
#include "common/option.h"
#include "common/pg.h"
#include "common/registry.h"
#include "consumers/runtime/kind.h"

struct pump_settings {
    const char *name_space; /* first part of topics and groups */
    const char *start_at;   /* "zero" or "earliest" */
    const char *log_level;
    int64_t batch_rows, batch_bytes, linger_ms; /* a batch ends at the first of these */
    int64_t max_event_bytes, queue_kbytes;
    int64_t
        dead_letter_kbytes_per_s; /* kept of dead letters; beyond it only their SHA-256 */
    int64_t breaker_pause_s;      /* breaker.h */
    int64_t lock_timeout_ms, statement_timeout_ms, backoff_max_ms, stop_timeout_s;
    struct pg_settings database;
    struct registry_settings registry;
    int64_t
        check_interval_ms; /* between two looks at whether what we read is what there is */
    struct health_settings health;
    struct kafka_properties kafka;
};

struct pump; /* opaque */

/* settings must outlive the pump; what is marked so in their rows may change meanwhile. NULL: *e is FATAL. Connects to nothing yet. */
struct pump *pump_new(const struct kind *kind, const char *program,
                      const struct pump_settings *settings, struct err *e);
void pump_free(struct pump *pump); /* leaves the group; NULL is fine */

/* Runs until *stop is true (0) or something FATAL happens (its exit code). Logs each failure. */
int pump_run(struct pump *pump, const volatile bool *stop);

#endif
