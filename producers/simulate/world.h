/* world.h - what there is to see: categories, sites on the map, and the things that lie there.
 *
 * Two stretches of land, both rectangles: Baizhuang Town (6.6 x 5.3 km), which three hangars share from
 * west to east, and Jiefanglu Sub-district (1.6 x 1.6 km) with its 20 grids in 5 communities. The
 * codes have the form of the official ones; grids, hangars, routes and things are invented. */
#ifndef GRIDLOOP_WORLD_H
#define GRIDLOOP_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "producers/simulate/dice.h"
#include "producers/simulate/simulate.h"

struct category {
    const char *major, *code, *label;
    const char *urgency, *severity, *limit_type;
    int limit_value,
        limit_hours; /* the same limit twice: as the order says it, and until it is due */
    unsigned from_air, on_street; /* how often among the things of its stretch */
    int spacing_m; /* between two sites: more than twice as far as sightings are merged */
    int life_minutes, life_minutes_most;
    int area_dm2, area_dm2_most; /* 0: has none */
};

enum { CATEGORIES = 8, HANGARS = 3, GRIDS = 20, INSPECTED_UNITS = 2000, ISSUES = 12 };
extern const struct category categories[CATEGORIES];

struct grid {
    char code[16];
    char community[13];
    bool dedicated;
};

/* What lies at a site. One that lasted its time is never seen again. */
struct thing {
    uint8_t first_id[UUID_SIZE]; /* event that reported it first */
    int64_t born_us, gone_us;
    uint64_t last_alert; /* random of the last alert about it */
    int64_t last_flight; /* in which that was */
    bool is_test;
};

/* The sites of one category; they are used in an order that jumps about the map. */
struct sites {
    struct thing *things; /* by order of use */
    uint32_t count;       /* 0: no such things here */
    uint64_t used;        /* how many were used so far, beyond count: again */
    uint32_t begin;       /* where on the map that order begins */
    int columns, spacing_cm;
};

struct stretch {
    int32_t west, south; /* ten-millionths of a degree */
    int width_m, height_m;
    unsigned (*weight)(const struct category *category);
    struct sites sites[CATEGORIES];
};

struct world {
    struct stretch town, street;
    struct sites units; /* inspected units with an issue: no place on the map */
    struct grid grids[GRIDS];
};

void world_init(struct world *world, struct dice *dice);
void world_free(struct world *world);

/* Where a thing is, and which of the stretch's columns of land (hangars, or rows of grids) it lies in. */
struct spot {
    struct sites *sites;
    struct thing *thing;
    unsigned category;
    uint32_t site;
};

/* A site with a thing seen before that is still there at now_us; false if none is found at once. */
bool stretch_seen(struct stretch *stretch, struct dice *dice, int64_t now_us,
                  struct spot *spot);

/* A site for a new thing, which is there from now on. */
void stretch_new(struct stretch *stretch, struct dice *dice, int64_t now_us,
                 struct spot *spot);

/* The same for inspected units; there is one category of these. */
bool units_seen(struct world *world, struct dice *dice, int64_t now_us,
                struct spot *spot);
void units_new(struct world *world, int64_t now_us, int64_t gone_us, struct spot *spot);

/* The site's middle, moved by an error of accuracy_cm (standard deviation along each axis, at most 3.5
 * times that). */
struct simulate_position spot_measured(const struct stretch *stretch,
                                       const struct spot *spot, struct dice *dice,
                                       int accuracy_cm);

/* Which of count strips from west to east, of count rows from south to north, a position lies in. */
unsigned stretch_strip(const struct stretch *stretch, struct simulate_position at,
                       unsigned count);
unsigned stretch_row(const struct stretch *stretch, struct simulate_position at,
                     unsigned count);

#endif
