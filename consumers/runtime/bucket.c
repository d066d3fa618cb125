/* bucket.c - a token bucket. */
#include "consumers/runtime/bucket.h"

struct bucket bucket_full(int64_t bytes_per_s, int64_t now_ms)
{
    return (struct bucket){bytes_per_s, bytes_per_s * BUCKET_SECONDS * 1000, now_ms};
}

static void fill(struct bucket *bucket, int64_t now_ms)
{
    const int64_t full = bucket->bytes_per_s * BUCKET_SECONDS * 1000;
    int64_t elapsed_ms = now_ms - bucket->filled_ms;

    bucket->filled_ms = now_ms;
    if (elapsed_ms >= BUCKET_SECONDS * 1000)
        bucket->level = full;
    else
        bucket->level += bucket->bytes_per_s * elapsed_ms;
    if (bucket->level > full)
        bucket->level = full;
}

bool bucket_take(struct bucket *bucket, size_t bytes, int64_t now_ms)
{
    fill(bucket, now_ms);
    if (bytes > (size_t)bucket->level / 1000)
        return false;
    bucket->level -= (int64_t)bytes * 1000;
    return true;
}
