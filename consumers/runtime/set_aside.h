/* set_aside.h - says in the log what became a dead letter: where it lies, which event it is, and why. Its bytes and values are
 * in bus.dead_letter alone. */
#ifndef GRIDLOOP_SET_ASIDE_H
#define GRIDLOOP_SET_ASIDE_H

#include "consumers/runtime/batch.h"

enum { SET_ASIDE_LINES = 20, SET_ASIDE_WINDOW_MS = 10000 };

/* Of a dead event whose batch is committed. So many lines are written in a window; the first one after that says how
 * many were not (left_out). One thread. */
void set_aside_tell(const struct event *event);

#endif
