/* settings.c - the table of options. */
#include <stddef.h>

#include "common/kafka.h"
#include "common/option.h"
#include "dispatch/orders/follow.h"

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

const struct option_set orders_options = {
    .program = "gridloop-orders",
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
    .check_property = kafka_check_property,
    .check_properties = kafka_check_consumer,
    .size = sizeof(struct follow_settings),
};
