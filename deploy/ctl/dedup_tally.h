/* dedup_tally.h - what became of sightings, counted for each dedup group in two linkings of the same events. */
#ifndef GRIDLOOP_CTL_DEDUP_TALLY_H
#define GRIDLOOP_CTL_DEDUP_TALLY_H

#include "common/text.h"
#include "consumers/runtime/link.h"
#include "deploy/ctl/dedup_pairs.h"

struct tally {
    size_t sightings;
    size_t outcomes[LINK_NO_CASE + 1];
    size_t cases;  /* opened */
    size_t orders; /* to be sent */
};

/* Zeroed is empty. */
struct tallies {
    struct group_tally {
        const char *group; /* borrowed */
        struct tally of[COURSES];
    } * groups; /* sorted */
    size_t count;
};
void tallies_free(struct tallies *tallies);

/* group NULL: no rule, shown as "-". */
void tallies_add(struct tallies *tallies, enum course course, const char *group,
                 const struct link_decision *decision);

/* Two lines a group, and of all together. */
void tallies_print(const struct tallies *tallies, struct text *out);
/* [{"group": ..., "recorded": {"sightings": 1, "cases": 1, "new": 1, ..., "orders": 0}, "simulated": {...}}, ...] */
void tallies_json(const struct tallies *tallies, struct text *out);

#endif
