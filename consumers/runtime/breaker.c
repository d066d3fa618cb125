/* breaker.c - which partitions are left alone for a while. */
#include "consumers/runtime/breaker.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"

struct window {
    int32_t partition;
    bool is_reject[BREAKER_WINDOW]; /* a ring */
    size_t next, rejects;

    bool is_troubled; /* paused until until_ms, then asked */
    int64_t until_ms;
    size_t admitted, seen, bad; /* of those asked for */
};

struct breaker {
    int64_t pause_ms;
    struct window *windows;
    size_t count, troubled;
};

struct breaker *breaker_new(int64_t pause_ms)
{
    struct breaker *breaker = xcalloc(1, sizeof *breaker);

    breaker->pause_ms = pause_ms;
    return breaker;
}

void breaker_free(struct breaker *breaker)
{
    if (!breaker)
        return;
    free(breaker->windows);
    free(breaker);
}

static struct window *find(const struct breaker *breaker, int32_t partition)
{
    for (size_t i = 0; i < breaker->count; i++)
        if (breaker->windows[i].partition == partition)
            return &breaker->windows[i];
    return NULL;
}

static struct window *find_or_add(struct breaker *breaker, int32_t partition)
{
    struct window *window = find(breaker, partition);

    if (window)
        return window;
    breaker->windows =
        xrealloc(breaker->windows, (breaker->count + 1) * sizeof *breaker->windows);
    window = &breaker->windows[breaker->count++];
    *window = (struct window){.partition = partition};
    return window;
}

static bool is_among(int32_t partition, const int32_t *partitions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (partitions[i] == partition)
            return true;
    return false;
}

void breaker_keep(struct breaker *breaker, const int32_t *partitions, size_t count)
{
    size_t kept = 0;

    breaker->troubled = 0;
    for (size_t i = 0; i < breaker->count; i++) {
        if (!is_among(breaker->windows[i].partition, partitions, count))
            continue;
        breaker->troubled += breaker->windows[i].is_troubled;
        breaker->windows[kept++] = breaker->windows[i];
    }
    breaker->count = kept;
}

bool breaker_is_paused(const struct breaker *breaker, int32_t partition, int64_t now_ms)
{
    const struct window *window = breaker->troubled ? find(breaker, partition) : NULL;

    return window && window->is_troubled && now_ms < window->until_ms;
}

size_t breaker_troubled(const struct breaker *breaker)
{
    return breaker->troubled;
}

void breaker_begin(struct breaker *breaker)
{
    for (size_t i = 0; i < breaker->count; i++)
        breaker->windows[i].admitted = breaker->windows[i].seen;
}

bool breaker_admits(struct breaker *breaker, int32_t partition)
{
    struct window *window = breaker->troubled ? find(breaker, partition) : NULL;

    if (!window || !window->is_troubled)
        return true;
    if (window->admitted == BREAKER_ASKED)
        return false;
    window->admitted++;
    return true;
}

static enum verdict pause_it(struct breaker *breaker, struct window *window,
                             int64_t now_ms)
{
    breaker->troubled += !window->is_troubled;
    window->is_troubled = true;
    window->until_ms = now_ms + breaker->pause_ms;
    window->admitted = window->seen = window->bad = 0;
    return VERDICT_PAUSE;
}

static enum verdict count_asked(struct breaker *breaker, struct window *window,
                                bool is_reject, int64_t now_ms)
{
    if (now_ms < window->until_ms)
        return VERDICT_NONE;
    window->seen++;
    window->bad += is_reject;
    if (window->seen < BREAKER_ASKED)
        return VERDICT_NONE;
    if (2 * window->bad >= window->seen)
        return pause_it(breaker, window, now_ms);
    breaker->troubled--;
    *window = (struct window){.partition = window->partition};
    return VERDICT_GO_ON;
}

enum verdict breaker_count(struct breaker *breaker, int32_t partition, bool is_reject,
                           int64_t now_ms)
{
    struct window *window =
        is_reject ? find_or_add(breaker, partition) : find(breaker, partition);

    if (!window || breaker->pause_ms == 0)
        return VERDICT_NONE;
    if (window->is_troubled)
        return count_asked(breaker, window, is_reject, now_ms);
    window->rejects += (size_t)is_reject - (size_t)window->is_reject[window->next];
    window->is_reject[window->next] = is_reject;
    window->next = (window->next + 1) % BREAKER_WINDOW;
    return window->rejects >= BREAKER_REJECTS ? pause_it(breaker, window, now_ms)
                                              : VERDICT_NONE;
}
