/* set_aside.h - says in the log what became a dead letter: where it lies, which event it is, and why. Its bytes and values are
 * in bus.dead_letter alone. */
#ifndef GRIDLOOP_SET_ASIDE_H
#define GRIDLOOP_SET_ASIDE_H

#include "consumers/runtime/batch.h"

/* Of a dead event whose batch is committed. A flood of them is a few lines (log_window_admits()), the first one after it
 * says how many were left out. One thread. */
void set_aside_tell(const struct event *event);

#endif
