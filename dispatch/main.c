/* main.c - gridloop-dispatch: settings, signals, the loop. */
#include "common/err.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/notify.h"
#include "common/option.h"
#include "common/reload.h"
#include "common/standard.h"
#include "common/stop.h"
#include "dispatch/dispatch.h"

int main(int argc, char **argv)
{
    static struct dispatch_settings
        settings; /* static, as what is read again on a signal */
    struct dispatch *dispatch;
    const volatile bool *stop;
    struct err e;
    int status;

    standard_hold();
    notify_begin();
    if (options_load(&dispatch_options, argc, argv, &settings, NULL, &e))
        return err_report(dispatch_options.program, &e);
    log_set_level(settings.log_level);
    reload_on_signal(&dispatch_options, argc, argv, &settings);
    stop = stop_on_signals(settings.stop_timeout_s);
    metrics_begin(METRICS_OF_DISPATCH, NULL);
    if (health_open(&settings.health, 1 << HEALTH_KAFKA | 1 << HEALTH_DATABASE, &e))
        return err_report(dispatch_options.program, &e);
    dispatch = dispatch_new(&settings, &e);
    status = dispatch ? dispatch_run(dispatch, stop)
                      : err_report(dispatch_options.program, &e);
    dispatch_free(dispatch);
    health_close();
    return status;
}
