/* backoff.c - doubling, and chance. */
#include "common/backoff.h"

#include "common/hash.h"

enum { FIRST_MS = 100 };

int64_t backoff_next(struct backoff *backoff, int64_t most_ms)
{
    uint16_t noise;

    backoff->ms = backoff->ms ? backoff->ms * 2 : FIRST_MS;
    if (backoff->ms > most_ms)
        backoff->ms = most_ms;
    random_bytes(&noise, sizeof noise);
    return backoff->ms / 2 + backoff->ms * noise / (2 * UINT16_MAX);
}

void backoff_end(struct backoff *backoff)
{
    backoff->ms = 0;
}
