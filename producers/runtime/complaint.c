/* complaint.c - often enough to be seen, and no more. */
#include "producers/runtime/complaint.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"

enum { AGAIN_MS = 60000 };

void complain(struct complaint *complaint, const char *what, const char *reason)
{
    int64_t now = clock_monotonic_ms();

    if (strcmp(complaint->reason, reason) == 0 && now < complaint->next_ms)
        return;
    snprintf(complaint->reason, sizeof complaint->reason, "%s", reason);
    complaint->next_ms = now + AGAIN_MS;
    log_warn(what, "reason", reason, NULL);
}
