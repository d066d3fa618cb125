/* kind.h - what one kind of event adds to the producers: its name and how its key is
 * made. It is one const struct, <name>_producer, in one file, producers/<name>.c, and
 * that file is the program: the build adds main.c to it.
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

/* The structs of all files producers/<name>.c; NULL behind the last. In the library
 * gridloop_producers. */
extern const struct producer_kind *const producer_kinds[];

#endif
