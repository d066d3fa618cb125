/* main.c - gridloop-orders: settings, signals, one unit's orders. */
#include <sysexits.h>

#include "common/err.h"
#include "common/log.h"
#include "common/option.h"
#include "common/standard.h"
#include "common/stop.h"
#include "dispatch/orders/follow.h"

enum { STOP_S = 20 };

int main(int argc, char **argv)
{
    struct follow_settings settings = {0};
    struct err e = {.outcome = DONE};

    standard_hold();
    if (options_load(&orders_options, argc, argv, &settings, NULL, &e))
        return err_report(orders_options.program, &e);
    log_set_level(settings.log_level);
    if (follow_orders(&settings, stop_on_signals(STOP_S), &e))
        return err_report(orders_options.program, &e);
    return EX_OK;
}
