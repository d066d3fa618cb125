/* dedup_pairs.h - which sightings two linkings of the same events see otherwise: together in a case in one, apart in the
 * other. Pure. */
#ifndef GRIDLOOP_CTL_DEDUP_PAIRS_H
#define GRIDLOOP_CTL_DEDUP_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/hash.h"
#include "consumers/runtime/link_rule.h"

enum course { RECORDED, SIMULATED, COURSES };

struct paired {
    uint8_t event_id[UUID_SIZE];
    struct point at;
    bool has_point;
    bool is_asked_for;       /* a pair counts if one of both is */
    int64_t us;              /* the time that counted */
    const char *group;       /* borrowed */
    uint32_t cases[COURSES]; /* number of its case in each; LINK_NONE: it has none */
};

/* Zeroed is empty; 72 bytes for each. */
struct pairs {
    struct paired *list; /* in the order of their decisions */
    size_t count, room;
};
void pairs_add(struct pairs *pairs, const struct paired *sighting);
void pairs_free(struct pairs *pairs);

struct pair {
    const struct paired *earlier, *later; /* by their decisions */
};

/* The pairs that are together in this course and apart in the other: how many, and of each sighting that lost company
 * one, with the first that it lost and that makes a pair that counts, at most limit of them in shown. */
uint64_t pairs_differing(const struct pairs *pairs, enum course together,
                         struct pair *shown, size_t limit, size_t *shown_count);

#endif
