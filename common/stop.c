/* stop.c - the handlers. */
#include "common/stop.h"

#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/notify.h"

static volatile bool is_asked;
static volatile sig_atomic_t times_asked;
static unsigned first_timeout_s, second_timeout_s; /* 0: the first counts on */

static void on_alarm(int signal_number)
{
    (void)signal_number;
    _exit(EX_TEMPFAIL);
}

static void on_stop(int signal_number)
{
    (void)signal_number;
    times_asked = times_asked + 1;
    is_asked = true;
    if (times_asked == 1)
        alarm(first_timeout_s);
    else if (times_asked == 2 && second_timeout_s)
        alarm(second_timeout_s);
    notify_stopping();
}

const volatile sig_atomic_t *stop_count_signals(int64_t first_s, int64_t second_s)
{
    struct sigaction action = {.sa_handler = on_stop};

    first_timeout_s = (unsigned)first_s;
    second_timeout_s = (unsigned)second_s;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = on_alarm;
    sigaction(SIGALRM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    return &times_asked;
}

const volatile bool *stop_on_signals(int64_t timeout_s)
{
    stop_count_signals(timeout_s, 0);
    return &is_asked;
}
