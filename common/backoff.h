/* backoff.h - how long to wait before trying again: twice as long each time, up to a limit, with chance in it, so that
 * many who failed together do not come back together. */
#ifndef GRIDLOOP_BACKOFF_H
#define GRIDLOOP_BACKOFF_H

#include <stdint.h>

struct backoff {
    int64_t ms; /* the last one, before chance; 0: nothing failed lately */
};

/* Milliseconds to wait now: between half of it and all of it. */
int64_t backoff_next(struct backoff *backoff, int64_t most_ms);

/* It went well. */
void backoff_end(struct backoff *backoff);

#endif
