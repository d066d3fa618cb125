/* settings.c - the table of options. */
#include <stddef.h>

#include "common/kafka.h"
#include "common/option.h"
#include "common/pg.h"
#include "dispatch/dispatch.h"

#define AT(member) offsetof(struct dispatch_settings, member)

static const struct option_row rows[] = {
    PG_ROWS(struct dispatch_settings, database, OPTION_REQUIRED, OPTION_RELOADED),
    {"namespace", OPTION_NAME, AT(name_space), "gridloop", 0, 0, NULL,
     "first part of the topics' names", false},
    {"batch_orders", OPTION_NUMBER, AT(batch_orders), "5000", 1, 20000, NULL,
     "most orders on their way at once", false},
    {"poll_ms", OPTION_NUMBER, AT(poll_ms), "200", 1, 60000, NULL,
     "how often to look for new orders, milliseconds", OPTION_RELOADED},
    {"heartbeat_s", OPTION_NUMBER, AT(heartbeat_s), "60", 0, 86400, NULL,
     "between two heartbeats to each partition, seconds; 0: none", false},
    {"tick_s", OPTION_NUMBER, AT(tick.tick_s), "10", 0, 86400, NULL,
     "between two looks at what is due and what waits, seconds; 0: the clock does "
     "nothing",
     OPTION_RELOADED},
    {"remind_before", OPTION_REAL, AT(tick.remind_before), "0.25", 0, 1, NULL,
     "a unit is reminded when this share of its time limit is left; 0: only when it is "
     "due",
     OPTION_RELOADED},
    {"send_after_h", OPTION_REAL, AT(tick.send_after_h), "24", 0, 100000, NULL,
     "a possible repeat that nobody has answered to is sent after so many hours; 0: "
     "never",
     OPTION_RELOADED},
    {"stall_timeout_s", OPTION_NUMBER, AT(stall_timeout_s), "60", 5, 86400, NULL,
     "after so long without a sign of it a leader is replaced by one that waits, seconds",
     false},
    {"statement_timeout_ms", OPTION_NUMBER, AT(statement_timeout_ms), "60000", 100,
     3600000, NULL, "longest wait for PostgreSQL's answer, milliseconds",
     OPTION_RELOADED},
    {"backoff_max_ms", OPTION_NUMBER, AT(backoff_max_ms), "5000", 1, 600000, NULL,
     "longest pause before trying again, milliseconds", OPTION_RELOADED},
    {"stop_timeout_s", OPTION_NUMBER, AT(stop_timeout_s), "25", 1, 3600, NULL,
     "longest time a graceful stop may take, seconds", false},
    HEALTH_ROWS(struct dispatch_settings, health),
    {"log_level", OPTION_CHOICE, AT(log_level), "info", 0, 0, "debug|info|warn|error",
     "least important lines logged", OPTION_RELOADED},
};

static enum outcome check_database(const void *settings, const char *keys[2],
                                   struct err *e)
{
    const struct dispatch_settings *s = settings;

    return pg_check(&s->database, keys, e);
}

static enum outcome check_health(const void *settings, const char *keys[2], struct err *e)
{
    const struct dispatch_settings *s = settings;

    return health_check(&s->health, keys, e);
}

static option_check *const checks[] = {check_database, check_health, NULL};

const struct option_set dispatch_options = {
    .program = "gridloop-dispatch",
    .synopsis = "[OPTION...]",
    .purpose =
        "Sends the orders that were decided on to the ground, and does what the clock "
        "asks for: reminders, actions that wait, heartbeats. Of several instances one "
        "leads, the others wait.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = AT(kafka),
    .check_property = kafka_check_property,
    .checks = checks,
    .check_properties = kafka_check_producer,
    .size = sizeof(struct dispatch_settings),
};
