/* breaker.h - a partition that brings hardly anything but events to be set aside is left alone for a while.
 *
 * Such a flood is seldom what it looks like: a constraint added by mistake, a device's new release. Each event of it
 * becomes a dead letter all the same, now or later; the pause only gives people time to look before there are a
 * million of them. So it counts only what may be somebody's mistake on a large scale: rejects by the server, and events
 * that cannot be decoded although their writer's schema was decoded before. Other partitions go on.
 *
 * After the pause a few events are asked for. If most of them are good it is over, else the pause begins anew. The
 * breaker decides, and the pump does: a partition that is paused is not claimed. One thread; times are those of the
 * caller's monotonic clock. */
#ifndef GRIDLOOP_BREAKER_H
#define GRIDLOOP_BREAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BREAKER_WINDOW =
        200, /* events of a partition that are looked back at: less than a second of a busy one */
    BREAKER_REJECTS =
        100, /* so many of them pause it: half; and few bad events never do, however alone they are */
    BREAKER_ASKED =
        10 /* after a pause: enough to tell, and few enough to be wrong about */
};

struct breaker; /* opaque */

struct breaker *breaker_new(int64_t pause_ms); /* 0: never pauses */
void breaker_free(struct breaker *breaker);    /* NULL is fine */

/* Forgets all partitions but these: the group gave the others away. */
void breaker_keep(struct breaker *breaker, const int32_t *partitions, size_t count);

/* True: not to be read now. */
bool breaker_is_paused(const struct breaker *breaker, int32_t partition, int64_t now_ms);

/* Partitions that are paused, or asked after a pause: none, if all is well. */
size_t breaker_troubled(const struct breaker *breaker);

/* Reading begins where the claims say: what was admitted and not counted comes again. */
void breaker_begin(struct breaker *breaker);

/* Whether one more event of the partition is to be taken. One that is not must be read again later: the partition is
 * to be claimed anew as soon as breaker_count() has a verdict. */
bool breaker_admits(struct breaker *breaker, int32_t partition);

enum verdict { VERDICT_NONE, VERDICT_PAUSE, VERDICT_GO_ON };

/* Counts an event that was stored or set aside, in the order in which they came. PAUSE: leave the partition alone from
 * now on; what still comes of it is not counted. GO_ON: it was paused, and is well again. */
enum verdict breaker_count(struct breaker *breaker, int32_t partition, bool is_reject,
                           int64_t now_ms);

#endif
