/* world.c - the map, in whole numbers: a sine or a square root may differ in its last bit elsewhere. */
#include "producers/simulate/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"

const struct category categories[CATEGORIES] = {
    {"LIVING_ENVIRONMENT", "EXPOSED_RUBBISH", "暴露垃圾", "EXPECTED", "MINOR",
     "NATURAL_DAY", 1, 24, 40, 45, 60, 6 * 60, 72 * 60, 0, 0},
    {"LIVING_ENVIRONMENT", "SPOIL_HEAP", "积存渣土", "EXPECTED", "MODERATE",
     "NATURAL_DAY", 4, 96, 15, 20, 90, 2 * 1440, 14 * 1440, 0, 0},
    {"LIVING_ENVIRONMENT", "LITTERED_ROAD", "道路不洁", "EXPECTED", "MINOR",
     "URGENT_HOUR", 5, 5, 10, 15, 140, 6 * 60, 48 * 60, 0, 0},
    {"LIVING_ENVIRONMENT", "LOOSE_WIRES", "飞线", "EXPECTED", "MODERATE", "NATURAL_DAY",
     5, 120, 0, 20, 60, 5 * 1440, 30 * 1440, 0, 0},
    {"ILLEGAL_BUILDING", "ILLEGAL_BUILDING", "违法建设", "FUTURE", "MODERATE",
     "NATURAL_DAY", 15, 360, 9, 0, 80, 60 * 1440, 365 * 1440, 1200, 20000},
    {"BURNING_BAN", "OPEN_BURNING", "焚烧", "IMMEDIATE", "SEVERE", "URGENT_HOUR", 2, 2, 6,
     0, 250, 20, 60, 0, 0},
    {"BURNING_BAN", "FIREWORKS", "燃放烟花爆竹", "IMMEDIATE", "MODERATE", "URGENT_HOUR",
     2, 2, 3, 0, 350, 5, 15, 0, 0},
    {"DUST", "BARE_SOIL", "黄土裸露", "EXPECTED", "MODERATE", "NATURAL_DAY", 2, 48, 17, 0,
     140, 5 * 1440, 60 * 1440, 2000, 90000},
};

/* Baizhuang has many grids of its own; only Jiefanglu's are used. */
static const struct {
    unsigned basic, dedicated;
} communities[] = {{4, 0}, {4, 1}, {4, 1}, {3, 0}, {3, 0}};

static const int64_t minute_us = 60000000;
/* Shares no factor with any count of sites: steps by it visit each site once. */
static const uint64_t jump = 1000003;
static const int tries = 16;

static unsigned weight_from_air(const struct category *category)
{
    return category->from_air;
}

static unsigned weight_on_street(const struct category *category)
{
    return category->on_street;
}

static void sites_init(struct sites *sites, struct dice *dice, uint32_t count)
{
    sites->count = count;
    sites->begin = dice_below(dice, count);
    sites->things = xcalloc(count, sizeof *sites->things);
}

static void stretch_init(struct stretch *stretch, struct dice *dice)
{
    for (unsigned i = 0; i < CATEGORIES; i++) {
        const struct category *category = &categories[i];
        struct sites *sites = &stretch->sites[i];
        int columns = stretch->width_m / category->spacing_m;
        int rows = stretch->height_m / category->spacing_m;

        if (!stretch->weight(category))
            continue;
        sites_init(sites, dice, (uint32_t)(columns * rows));
        sites->columns = columns;
        sites->spacing_cm = category->spacing_m * 100;
    }
}

static void grids_init(struct grid grids[GRIDS])
{
    struct grid *grid = grids;

    for (unsigned c = 0; c < sizeof communities / sizeof *communities; c++) {
        unsigned basic = communities[c].basic;

        for (unsigned g = 0; g < basic + communities[c].dedicated; g++, grid++) {
            grid->dedicated = g >= basic;
            snprintf(grid->community, sizeof grid->community, "410503003%03u",
                     (c + 1) % 1000);
            snprintf(grid->code, sizeof grid->code, "%s%03u", grid->community,
                     (grid->dedicated ? 901 + g - basic : 1 + g) % 1000);
        }
    }
}

void world_init(struct world *world, struct dice *dice)
{
    *world = (struct world){
        .town = {1143380000, 361720000, 6600, 5300, weight_from_air, {{0}}},
        .street = {1143350000, 361060000, 1600, 1600, weight_on_street, {{0}}},
    };
    stretch_init(&world->town, dice);
    stretch_init(&world->street, dice);
    sites_init(&world->units, dice, INSPECTED_UNITS * ISSUES);
    grids_init(world->grids);
}

void world_free(struct world *world)
{
    for (unsigned i = 0; i < CATEGORIES; i++) {
        free(world->town.sites[i].things);
        free(world->street.sites[i].things);
    }
    free(world->units.things);
}

static uint32_t site_of(const struct sites *sites, uint64_t order)
{
    return (uint32_t)((order + sites->begin) % sites->count * jump % sites->count);
}

static bool sites_seen(struct sites *sites, struct dice *dice, int64_t now_us,
                       struct spot *spot)
{
    uint64_t known = sites->used < sites->count ? sites->used : sites->count;
    uint32_t order;

    if (!known)
        return false;
    order = dice_below(dice, known);
    spot->sites = sites;
    spot->thing = &sites->things[order];
    spot->site = site_of(sites, order);
    return spot->thing->born_us < now_us && now_us < spot->thing->gone_us;
}

/* Passes over sites where something still lies, unless nearly all are taken. */
static void sites_new(struct sites *sites, int64_t now_us, struct spot *spot)
{
    uint64_t order = sites->used++ % sites->count;

    for (int i = 1; i < tries && sites->things[order].gone_us > now_us; i++)
        order = sites->used++ % sites->count;
    spot->sites = sites;
    spot->thing = &sites->things[order];
    spot->site = site_of(sites, order);
    *spot->thing = (struct thing){.born_us = now_us};
}

static unsigned any_category(const struct stretch *stretch, struct dice *dice)
{
    unsigned sum = 0, i;
    uint32_t at;

    for (i = 0; i < CATEGORIES; i++)
        sum += stretch->weight(&categories[i]);
    at = dice_below(dice, sum);
    for (i = 0; at >= stretch->weight(&categories[i]); i++)
        at -= stretch->weight(&categories[i]);
    return i;
}

bool stretch_seen(struct stretch *stretch, struct dice *dice, int64_t now_us,
                  struct spot *spot)
{
    for (int i = 0; i < tries; i++) {
        spot->category = any_category(stretch, dice);
        if (sites_seen(&stretch->sites[spot->category], dice, now_us, spot))
            return true;
    }
    return false;
}

void stretch_new(struct stretch *stretch, struct dice *dice, int64_t now_us,
                 struct spot *spot)
{
    const struct category *category;

    spot->category = any_category(stretch, dice);
    category = &categories[spot->category];
    sites_new(&stretch->sites[spot->category], now_us, spot);
    spot->thing->gone_us =
        now_us
        + dice_between(dice, category->life_minutes, category->life_minutes_most)
              * minute_us;
}

bool units_seen(struct world *world, struct dice *dice, int64_t now_us, struct spot *spot)
{
    for (int i = 0; i < tries; i++) {
        if (sites_seen(&world->units, dice, now_us, spot))
            return true;
    }
    return false;
}

void units_new(struct world *world, int64_t now_us, int64_t gone_us, struct spot *spot)
{
    sites_new(&world->units, now_us, spot);
    spot->thing->gone_us = gone_us;
}

/* The sum of four is near enough to a bell curve, and ends somewhere. */
static int64_t error_cm(struct dice *dice, int accuracy_cm)
{
    int64_t most = (int64_t)accuracy_cm * 866 / 1000;
    int64_t sum = 0;

    for (int i = 0; i < 4; i++)
        sum += dice_between(dice, -most, most);
    return sum;
}

/* One cm is 0.89932 ten-millionths of a degree from south to north; 1.1144 from west to east at 36.2
 * degrees of latitude. */
struct simulate_position spot_measured(const struct stretch *stretch,
                                       const struct spot *spot, struct dice *dice,
                                       int accuracy_cm)
{
    int64_t column = spot->site % (uint32_t)spot->sites->columns;
    int64_t row = spot->site / (uint32_t)spot->sites->columns;
    int64_t east_cm = column * spot->sites->spacing_cm + spot->sites->spacing_cm / 2;
    int64_t north_cm = row * spot->sites->spacing_cm + spot->sites->spacing_cm / 2;

    east_cm += error_cm(dice, accuracy_cm);
    north_cm += error_cm(dice, accuracy_cm);
    return (struct simulate_position){stretch->west + (int32_t)(east_cm * 11144 / 10000),
                                      stretch->south
                                          + (int32_t)(north_cm * 8993 / 10000)};
}

static unsigned part_of(int64_t cm, int whole_m, unsigned count)
{
    int64_t part = cm * count / ((int64_t)whole_m * 100);

    return part < 0 ? 0 : part >= count ? count - 1 : (unsigned)part;
}

unsigned stretch_strip(const struct stretch *stretch, struct simulate_position at,
                       unsigned count)
{
    return part_of((at.longitude - stretch->west) * 10000LL / 11144, stretch->width_m,
                   count);
}

unsigned stretch_row(const struct stretch *stretch, struct simulate_position at,
                     unsigned count)
{
    return part_of((at.latitude - stretch->south) * 10000LL / 8993, stretch->height_m,
                   count);
}
