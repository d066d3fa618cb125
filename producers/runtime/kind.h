/* kind.h - what one kind of event adds to the producers: its name and how its key is
 * made.
 *
 * All else comes from schemas/<name>/v<N>.avsc. */
#ifndef GRIDLOOP_PRODUCER_KIND_H
#define GRIDLOOP_PRODUCER_KIND_H

#include "common/text.h"
#include "producers/runtime/datum.h"

struct producer_kind {
    const char *name;    /* "drone_alert": the folder under schemas/ */
    const char *purpose; /* first line of --help */

    /* Appends the message key: what has to stay in order has the same key. event has
     * passed every check. At least one byte. */
    void (*key)(struct text *key, const struct datum *event);
};

#endif
