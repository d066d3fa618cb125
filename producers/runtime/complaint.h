/* complaint.h - logs a trouble that passes by itself: when it begins, and once a minute
 * while it lasts. */
#ifndef GRIDLOOP_COMPLAINT_H
#define GRIDLOOP_COMPLAINT_H

#include <stdint.h>

struct complaint { /* zeroed: none so far */
    char reason[600];
    int64_t next_ms; /* the same is not logged again before */
};

void complain(struct complaint *complaint, const char *what, const char *reason);

#endif
