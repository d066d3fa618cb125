/* main.c - gridloop-dispatch: settings, signals, the loop. */
#include <stddef.h>
#include <sysexits.h>

#include "common/err.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/option.h"
#include "common/standard.h"
#include "common/stop.h"
#include "dispatch/dispatch.h"

#define PROGRAM "gridloop-dispatch"
#define AT(member) offsetof(struct dispatch_settings, member)

static const struct option_row rows[] = {
    {"database_url", OPTION_TEXT, AT(database_url), NULL, 0, 0, NULL,
     "PostgreSQL, as postgresql://user@host:port/database, without a password", true},
    {"database_password_file", OPTION_TEXT, AT(database_password_file), NULL, 0, 0, NULL,
     "file that holds the password", false},
    {"namespace", OPTION_NAME, AT(name_space), "gridloop", 0, 0, NULL,
     "first part of the topics' names", false},
    {"batch_orders", OPTION_NUMBER, AT(batch_orders), "5000", 1, 20000, NULL,
     "most orders on their way at once", false},
    {"poll_ms", OPTION_NUMBER, AT(poll_ms), "200", 1, 60000, NULL,
     "how often to look for new orders, milliseconds", false},
    {"heartbeat_s", OPTION_NUMBER, AT(heartbeat_s), "60", 0, 86400, NULL,
     "between two heartbeats to each partition, seconds; 0: none", false},
    {"tick_s", OPTION_NUMBER, AT(tick.tick_s), "10", 0, 86400, NULL,
     "between two looks at what is due and what waits, seconds; 0: the clock does "
     "nothing",
     false},
    {"remind_before", OPTION_REAL, AT(tick.remind_before), "0.25", 0, 1, NULL,
     "a unit is reminded when this share of its time limit is left; 0: only when it is "
     "due",
     false},
    {"send_after_h", OPTION_REAL, AT(tick.send_after_h), "24", 0, 100000, NULL,
     "a possible repeat that nobody has answered to is sent after so many hours; 0: "
     "never",
     false},
    {"stall_timeout_s", OPTION_NUMBER, AT(stall_timeout_s), "60", 5, 86400, NULL,
     "after so long without a sign of it a leader is replaced by one that waits, seconds",
     false},
    {"statement_timeout_ms", OPTION_NUMBER, AT(statement_timeout_ms), "60000", 100,
     3600000, NULL, "longest wait for PostgreSQL's answer, milliseconds", false},
    {"backoff_max_ms", OPTION_NUMBER, AT(backoff_max_ms), "5000", 1, 600000, NULL,
     "longest pause before trying again, milliseconds", false},
    {"stop_timeout_s", OPTION_NUMBER, AT(stop_timeout_s), "25", 1, 3600, NULL,
     "longest time a graceful stop may take, seconds", false},
    HEALTH_ROWS(struct dispatch_settings, health),
    {"log_level", OPTION_CHOICE, AT(log_level), "info", 0, 0, "debug|info|warn|error",
     "least important lines logged", false},
};

static const struct option_set options = {
    .program = PROGRAM,
    .synopsis = "[OPTION...]",
    .purpose =
        "Sends the orders that were decided on to the ground, and does what the clock "
        "asks for: reminders, actions that wait, heartbeats. Of several instances one "
        "leads, the others wait.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = AT(kafka),
};

int main(int argc, char **argv)
{
    struct dispatch_settings settings = {0};
    struct dispatch *dispatch;
    const volatile bool *stop;
    struct err e;
    int status;

    standard_hold();
    if (options_load(&options, argc, argv, &settings, NULL, &e))
        return err_report(PROGRAM, &e);
    log_set_level(settings.log_level);
    stop = stop_on_signals(settings.stop_timeout_s);
    metrics_begin(METRICS_OF_DISPATCH, NULL);
    if (health_open(&settings.health, 1 << HEALTH_KAFKA | 1 << HEALTH_DATABASE, &e))
        return err_report(PROGRAM, &e);
    dispatch = dispatch_new(&settings, &e);
    status = dispatch ? dispatch_run(dispatch, stop) : err_report(PROGRAM, &e);
    dispatch_free(dispatch);
    health_close();
    return status;
}
