/* link_rule.h - when a sighting belongs to a case: the rule of a dedup group, a case as the rule sees it, and
 * the answer for one pair of them.
 *
 * Times are microseconds since 1970 UTC. A window is a length in microseconds, its limit inclusive;
 * LINK_NEVER: nothing falls into it, LINK_EVER: it has no end. */
#ifndef GRIDLOOP_LINK_RULE_H
#define GRIDLOOP_LINK_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/hash.h"
#include "consumers/runtime/geodesy.h"

#define LINK_NEVER (-1LL)
#define LINK_EVER INT64_MAX
#define LINK_NO_TIME INT64_MIN

/* Largest radius that a rule may have. */
#define LINK_MOST_RADIUS_M 300.0
/* A position that is less accurate never settles anything by itself, and widens no search further. */
#define LINK_MOST_ACCURACY_M 100.0

/* One row of reference.dedup_rule: "radius, merge window, reopen window, mute window and count, anchor
 * first|last sighting, pick nearest (tie: first opened), same_unit, ignore_status"; pick is not here, for there is
 * only the one. repeat_us is added, because a repeat needs an end: rubbish is "< 24 h = rework of the same case;
 * 1-7 days = repeat; later new". */
struct link_rule {
    double radius_m; /* 0 to LINK_MOST_RADIUS_M */
    int64_t
        merge_us; /* from the anchor; one that is later is none of this life of the case */
    int64_t reopen_us; /* from closing */
    int64_t
        repeat_us; /* from closing, or from the last sighting of a case that nobody closed */
    int64_t mute_us;    /* from the answer that nothing is there */
    int64_t mute_count; /* so many are muted; the next one is a case again */
    bool anchor_last;   /* merge_us counts from the last sighting; else from the first */
    bool same_unit;     /* "another responsible unit": a person decides */
    bool ignore_status; /* closed or not is not looked at: only merge_us counts */
};

/* What reference.case_state says of a case's state, as far as linking goes. */
enum link_life {
    LINK_OPEN,      /* is_open, REOPENED among them */
    LINK_CLOSED,    /* CLOSED, FORCED_CLOSED */
    LINK_DISMISSED, /* FALSE_ALARM, NOT_FILED */
    LINK_CANCELLED, /* CANCELLED: nothing is linked to it any more */
    LINK_MERGED     /* MERGED: "a merged candidate is followed to its head" */
};

enum link_where {
    LINK_NOWHERE,  /* each is a case of its own */
    LINK_AT_POINT, /* WGS-84 */
    LINK_AT_KEY /* "groups without geometry": what is the same thing has the same key */
};

/* "Case position and accuracy are those of the first sighting." */
struct link_place {
    enum link_where where;
    struct point at;
    double accuracy_m; /* one standard deviation */
    uint8_t key[UUID_SIZE];
    const char *round; /* of a key: joined within it alone; NULL: there are no rounds */
};

/* One row of follow_up.case_file, and what linking changed of it. Texts are borrowed. */
struct link_case {
    uint8_t case_id[UUID_SIZE];
    uint8_t merged_into[UUID_SIZE]; /* of LINK_MERGED */
    enum link_life life;
    uint32_t group; /* dedup group: a number of the caller's, the same for one name */
    bool is_test;
    bool was_sent;    /* an order went out: "to which nobody was sent" is the contrary */
    bool mute_lifted; /* "until ... a person asks" */
    struct link_place place;
    const char *unit; /* responsible; NULL: not known */

    int64_t first_us; /* of the first sighting: it never moves */
    int64_t last_us;  /* the latest of all that were linked */
    int64_t reopened_us, handled_us, closed_us; /* LINK_NO_TIME: never; each the last one.
                                                 * closed_us is of dismissed ones too */
    int64_t standing;                           /* sightings that are not withdrawn */
    int64_t muted; /* sightings muted since it was dismissed */

    int64_t
        opened_seq; /* link_seq and ordinal of its first sighting: who was opened first */
    uint32_t opened_ordinal;

    bool is_new, is_changed; /* set by linking; false in what it is given */
};

/* What a case would make of a sighting at that place and time. */
enum link_fate {
    LINK_APART, /* nothing */
    LINK_JOINS, /* more of an open case, or of a life that is over: see is_past */
    LINK_REOPENS,
    LINK_IS_MUTED,
    LINK_REPEATS
};

struct link_answer {
    enum link_fate fate;
    int64_t
        age_us; /* since the moment that the window was measured from; below 0: before it */
    bool
        is_past; /* "a sighting that occurred before the case's handled_at belongs to that life:
                   * recorded, never a reopen" */
};

/* By time and state alone; head is not merged. round: the sighting's, or NULL. */
struct link_answer link_ask(const struct link_rule *rule, const struct link_case *head,
                            const char *round, int64_t us);

/* a - b, held at the ends of the range: times come from outside. */
int64_t link_us_between(int64_t a, int64_t b);

/* The time of an event that counts: occurred_us, or recorded_us where that is not plausible: "outside
 * [recorded_at - 30 days, + 10 min]". */
int64_t link_time_us(int64_t occurred_us, int64_t recorded_us, bool *is_plausible);

#endif
