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

enum { TOWN, STREET, STRETCHES };

struct category {
    const char *major, *code, *label;
    const char *app_code; /* what the phones' app calls it */
    const char *urgency, *severity, *limit_type;
    int limit_value;            /* as the order says it */
    int limit_hours;            /* the same limit, until it is due */
    unsigned weight[STRETCHES]; /* of 100 new things there */
    int spacing_m; /* between two sites: more than twice as far as sightings are merged */
    int life_minutes, life_minutes_most;
    int area_dm2, area_dm2_most; /* 0: has none */
};

enum { CATEGORIES = 8, ILLEGAL_BUILDING = 4 };
enum { ROOFS = 24, CROWD = 512 };
enum { HANGARS = 3, GRIDS = 20, INSPECTED_UNITS = 2000, ISSUES = 12 };
extern const struct category categories[CATEGORIES];

struct grid {
    char code[16];
    char community[13];
    bool dedicated;
};

/* What lies at a site. One that lasted its time is never seen again. */
struct thing {
    uint8_t first_id[UUID_SIZE]; /* event that reported it first */
    uint64_t number; /* never 0, the same for no other; set with its first report */
    int64_t born_us, gone_us;
    int64_t east_cm, north_cm; /* in its stretch */
    uint64_t last_alert;       /* random of the last alert about it */
    int64_t last_flight;       /* in which that was */
    bool is_test;
    bool is_lawful; /* no case at all */
};

/* The sites of one category; they are used in an order that jumps about the map. */
struct sites {
    struct thing *things; /* by order of use */
    uint32_t count;       /* 0: no such things here */
    uint64_t used;        /* how many so far, round and round */
    uint32_t begin;       /* where on the map that order begins */
    int columns, spacing_cm;
};

struct stretch {
    int32_t west, south; /* ten-millionths of a degree */
    int width_m, height_m;
    int which; /* TOWN or STREET */
    struct sites sites[CATEGORIES];
    struct sites crowds[CATEGORIES]; /* beside others; without crowd_share: none */
};

struct world {
    struct stretch town, street;
    struct sites units; /* inspected units with an issue: no place on the map */
    struct sites roofs; /* of the town; without roof_share: none */
    struct grid grids[GRIDS];
};

void world_init(struct world *world, struct dice *dice,
                const struct simulate_settings *settings);
void world_free(struct world *world);

/* A thing and where it is. */
struct spot {
    struct sites *sites;
    struct thing *thing;
    unsigned category;
    uint32_t site;
};

/* Looks round at us: in repeat_share of the calls at a thing that was seen before and is still there, else
 * at a new one, which is there from then on. Where nearly all sites are taken it is one seen before, too;
 * that comes about above 20,000 events a day. True: seen before. */
bool stretch_look(struct stretch *stretch, struct dice *dice,
                  const struct simulate_settings *settings, int64_t us,
                  struct spot *spot);

/* The same for the roofs, of which there are no new ones. */
bool roofs_look(struct world *world, struct dice *dice, int64_t us, struct spot *spot);

/* The same for inspected units; what is found there is gone at gone_us. */
bool units_look(struct world *world, struct dice *dice, double repeat_share, int64_t us,
                int64_t gone_us, struct spot *spot);

/* The thing's middle, moved by an error of accuracy_cm (standard deviation along each axis, at most 3.5
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
