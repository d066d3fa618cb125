/* stop.h - a program is asked to stop by SIGTERM or SIGINT, and has so long to do it. */
#ifndef GRIDLOOP_STOP_H
#define GRIDLOOP_STOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* From now on those signals set the flag that is returned; if the program is still there timeout_s after the first, it
 * exits with 75. That must be right at any moment: what is not committed is done again by the next one. SIGPIPE is
 * ignored. */
const volatile bool *stop_on_signals(int64_t timeout_s);

/* The same for who stops in another way when it is asked again: how often it was asked; from the second time on it has
 * second_s. May be called again, once the times are known. No wait is restarted after a signal. */
const volatile sig_atomic_t *stop_count_signals(int64_t first_s, int64_t second_s);

#endif
