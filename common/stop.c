/* stop.c - the handlers. */
#include "common/stop.h"

#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/notify.h"

static volatile bool stop_asked;
static unsigned stop_timeout_s;

static void on_alarm(int signal_number)
{
    (void)signal_number;
    _exit(EX_TEMPFAIL);
}

static void on_stop(int signal_number)
{
    (void)signal_number;
    if (!stop_asked) /* who asks again does not put it off */
        alarm(stop_timeout_s);
    stop_asked = true;
    notify_stopping();
}

const volatile bool *stop_on_signals(int64_t timeout_s)
{
    struct sigaction action = {.sa_handler = on_stop};

    stop_timeout_s = (unsigned)timeout_s;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = on_alarm;
    sigaction(SIGALRM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    return &stop_asked;
}
