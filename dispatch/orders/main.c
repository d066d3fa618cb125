/* main.c - gridloop-orders: settings, signals, one unit's orders. */
#include <stddef.h>
#include <sysexits.h>

#include "common/err.h"
#include "common/log.h"
#include "common/option.h"
#include "common/standard.h"
#include "common/stop.h"
#include "dispatch/orders/follow.h"

#define PROGRAM "gridloop-orders"
#define AT(member) offsetof(struct follow_settings, member)

static const struct option_row rows[] = {
    {"unit", OPTION_TEXT, AT(unit), NULL, 0, 0, NULL,
     "code of the unit whose orders are wanted", true},
    {"state", OPTION_TEXT, AT(state), NULL, 0, 0, NULL,
     "file that remembers what was taken; made if it is not there", true},
    {"namespace", OPTION_NAME, AT(name_space), "gridloop", 0, 0, NULL,
     "first part of the topic's name", false},
    {"once", OPTION_SWITCH, AT(once), "false", 0, 0, NULL,
     "end behind the last order that is there now", false},
    {"ack", OPTION_SWITCH, AT(ack), "false", 0, 0, NULL,
     "an order is taken when its order_id comes back as a line on standard input; else "
     "once it is printed",
     false},
    {"skip_lost", OPTION_SWITCH, AT(skip_lost), "false", 0, 0, NULL,
     "go on where the topic does not have any more what was to be read next", false},
    {"backoff_max_ms", OPTION_NUMBER, AT(backoff_max_ms), "5000", 1, 600000, NULL,
     "longest pause before trying again, milliseconds", false},
    {"log_level", OPTION_CHOICE, AT(log_level), "warn", 0, 0, "debug|info|warn|error",
     "least important lines logged", false},
};

static const struct option_set options = {
    .program = PROGRAM,
    .synopsis = "--unit CODE --state FILE [OPTION...]",
    .purpose =
        "Prints the orders for one unit as lines of JSON, each once, as they come.",
    .examples = "  A crew's app reads the lines, and acts on each order_id. After a "
                "crash the last line may come again; with\n"
                "  --ack every line that the app did not give back as done:\n"
                "  gridloop-orders --unit BZ-ZFD --state orders.db "
                "--kafka.bootstrap.servers=kafka:9092 | app\n"
                "  coproc gridloop-orders --unit BZ-ZFD --state orders.db --ack",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = AT(kafka),
};

enum { STOP_S = 20 };

int main(int argc, char **argv)
{
    struct follow_settings settings = {0};
    struct err e = {.outcome = DONE};

    standard_hold();
    if (options_load(&options, argc, argv, &settings, NULL, &e))
        return err_report(PROGRAM, &e);
    log_set_level(settings.log_level);
    if (follow_orders(&settings, stop_on_signals(STOP_S), &e))
        return err_report(PROGRAM, &e);
    return EX_OK;
}
