/* bucket.h - how many bytes may be kept: a token bucket, filled at a steady rate up to BUCKET_SECONDS of it.
 *
 * A plain value: who may have to take back what was taken (a transaction that is run again) copies the bucket first,
 * takes from the copy, and puts it in place of the original when it is certain. */
#ifndef GRIDLOOP_BUCKET_H
#define GRIDLOOP_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A fault that spoils everything for a minute is kept whole at the default rate: 64 MiB. */
enum { BUCKET_SECONDS = 64 };

struct bucket {
    int64_t bytes_per_s;
    int64_t level;     /* in thousandths of a byte, so that milliseconds do not round */
    int64_t filled_ms; /* on the caller's clock, which never goes back */
};

/* Full. bytes_per_s: 0 (nothing is ever kept) to 2^32. */
struct bucket bucket_full(int64_t bytes_per_s, int64_t now_ms);

/* True, and the bytes are taken; or all is left as it is. */
bool bucket_take(struct bucket *bucket, size_t bytes, int64_t now_ms);

#endif
