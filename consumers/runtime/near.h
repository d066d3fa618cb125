/* near.h - in which cells of which groups cases may lie that matter to the sightings of a batch.
 *
 * Of cases whose position is accurate (at most LINK_FINE_ACCURACY_M) only those in a box round the sightings matter,
 * which mostly is a small part of a cell; of the others, and of those at a key, all in the cell. */
#ifndef GRIDLOOP_NEAR_H
#define GRIDLOOP_NEAR_H

#include "common/arena.h"
#include "consumers/runtime/link.h"
#include "consumers/runtime/link_index.h"

struct near {
    uint32_t group;
    int64_t cell;
    int64_t since_open_us,
        since_over_us; /* not stirred since: does not matter; INT64_MIN: all do */
    struct box box;    /* empty: no accurate case matters */
};

/* Begins as {.arena = ...}. */
struct near_set {
    struct arena *arena;
    struct near *list; /* each group and cell once */
    size_t count, room;
    struct link_map at;
};

/* What may matter to a sighting that has a rule. */
void near_add(struct near_set *set, const struct link_sighting *s);

bool near_has_box(const struct near *near);

#endif
