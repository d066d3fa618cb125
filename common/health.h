/* health.h - what a daemon tells to who asks from outside: whether it lives, whether it is ready, what it counts.
 *
 *   /livez    200; 503 once its loop has not turned for live_limit_s: then it had better be started again
 *   /readyz   200; 503 while a condition is not met. JSON, which names each that is not, and why:
 *             {"ready": false, "not_ready": [{"condition": "gap", "partition": 3, "reason": "retention"}]}
 *   /metrics  metrics.h
 *
 * Conditions belong to the process, like the log, and may be set from any thread. Reasons never hold secrets nor values
 * of events. */
#ifndef GRIDLOOP_HEALTH_H
#define GRIDLOOP_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/http.h"
#include "common/option.h"

struct health_settings {
    const char *listen; /* NULL, "" or "none": nobody is answered */
    int64_t live_limit_s;
};
#define HEALTH_ROWS(type, member)                                                        \
    HTTP_LISTEN_ROW(type, member.listen),                                                \
    {                                                                                    \
        "live_limit_s", OPTION_NUMBER, offsetof(type, member.live_limit_s), "300", 1,    \
            86400, NULL,                                                                 \
            "/livez says no when the loop has not turned for so long, seconds; after "   \
            "300 a consumer's group gives its partitions to others",                     \
            false                                                                        \
    }

/* An option_check of them (option.h). */
enum outcome health_check(const struct health_settings *settings, const char *keys[2],
                          struct err *e);

enum condition {
    HEALTH_KAFKA,    /* the broker answers */
    HEALTH_DATABASE, /* PostgreSQL answers */
    HEALTH_SCHEMA,   /* its tables are those that we need */
    HEALTH_CLAIMED,  /* the group has decided what we read, and we have taken it up */
    HEALTH_GAP,      /* no partition waits for an operator, gap.h */
    HEALTH_BREAKER,  /* no partition is left alone, breaker.h */
    HEALTH_SPOOL,    /* what is read gets into the spool */
    HEALTH_DELIVERY, /* what is in it gets to Kafka */
    HEALTH_CONDITIONS
};

/* The conditions of this process, as a mask of 1 << condition. None is met until it is said to be, but for HEALTH_GAP and
 * HEALTH_BREAKER. Answers from now on, and logs where. settings is read during the call only. FATAL: as http_open(). */
enum outcome health_open(const struct health_settings *settings, unsigned conditions,
                         struct err *e);
void health_close(void);

/* The loop has turned: to be called in each round, also while it waits for something to pass. */
void health_turn(void);

/* Why a condition is not met; NULL: it is. */
void health_tell(enum condition condition, const char *reason);

/* The same of one partition: the condition is met while it is of all. */
void health_tell_partition(enum condition condition, int32_t partition,
                           const char *reason);

/* Forgets what was said of all partitions but these: the group gave the others away. */
void health_keep(enum condition condition, const int32_t *partitions, size_t count);

/* How many partitions (or the process as a whole: 1) the condition is not met for. */
size_t health_failures(enum condition condition);

#endif
