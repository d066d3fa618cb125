/* stop.h - a daemon is asked to stop by SIGTERM or SIGINT, and has so long to do it. */
#ifndef GRIDLOOP_STOP_H
#define GRIDLOOP_STOP_H

#include <stdbool.h>
#include <stdint.h>

/* From now on those signals set the flag that is returned; if the program is still there timeout_s after the first, it
 * exits with 75. That must be right at any moment: what is not committed is done again by the next one. SIGPIPE is
 * ignored. */
const volatile bool *stop_on_signals(int64_t timeout_s);

#endif
