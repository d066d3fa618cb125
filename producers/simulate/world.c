/* world.c - the map, in whole numbers: a sine or a square root may differ in its last bit elsewhere. */
#include "producers/simulate/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"

// clang-format off
const struct category categories[CATEGORIES] = {
    {.major = "LIVING_ENVIRONMENT", .code = "EXPOSED_RUBBISH", .label = "暴露垃圾", .app_code = "LJ-01",
     .urgency = "EXPECTED", .severity = "MINOR", .limit_type = "NATURAL_DAY", .limit_value = 1, .limit_hours = 24,
     .weight = {56, 50}, .spacing_m = 60, .life_minutes = 6 * 60, .life_minutes_most = 48 * 60},
    {.major = "LIVING_ENVIRONMENT", .code = "SPOIL_HEAP", .label = "积存渣土", .app_code = "ZT-02",
     .urgency = "EXPECTED", .severity = "MODERATE", .limit_type = "NATURAL_DAY", .limit_value = 4, .limit_hours = 96,
     .weight = {12, 15}, .spacing_m = 90, .life_minutes = 1440, .life_minutes_most = 4 * 1440},
    {.major = "LIVING_ENVIRONMENT", .code = "LITTERED_ROAD", .label = "道路不洁", .app_code = "DL-03",
     .urgency = "EXPECTED", .severity = "MINOR", .limit_type = "URGENT_HOUR", .limit_value = 5, .limit_hours = 5,
     .weight = {12, 15}, .spacing_m = 140, .life_minutes = 6 * 60, .life_minutes_most = 36 * 60},
    {.major = "LIVING_ENVIRONMENT", .code = "LOOSE_WIRES", .label = "飞线", .app_code = "FX-04",
     .urgency = "EXPECTED", .severity = "MODERATE", .limit_type = "NATURAL_DAY", .limit_value = 5, .limit_hours = 120,
     .weight = {0, 20}, .spacing_m = 60, .life_minutes = 1440, .life_minutes_most = 8 * 1440},
    {.major = "ILLEGAL_BUILDING", .code = "ILLEGAL_BUILDING", .label = "违法建设", .app_code = "WJ-05",
     .urgency = "FUTURE", .severity = "MODERATE", .limit_type = "NATURAL_DAY", .limit_value = 15, .limit_hours = 360,
     .weight = {2, 0}, .spacing_m = 80, .life_minutes = 8 * 1440, .life_minutes_most = 40 * 1440, .area_dm2 = 1200, .area_dm2_most = 20000},
    {.major = "BURNING_BAN", .code = "OPEN_BURNING", .label = "焚烧", .app_code = "FS-06",
     .urgency = "IMMEDIATE", .severity = "SEVERE", .limit_type = "URGENT_HOUR", .limit_value = 2, .limit_hours = 2,
     .weight = {8, 0}, .spacing_m = 250, .life_minutes = 20, .life_minutes_most = 60},
    {.major = "BURNING_BAN", .code = "FIREWORKS", .label = "燃放烟花爆竹", .app_code = "YH-07",
     .urgency = "IMMEDIATE", .severity = "MODERATE", .limit_type = "URGENT_HOUR", .limit_value = 2, .limit_hours = 2,
     .weight = {6, 0}, .spacing_m = 350, .life_minutes = 5, .life_minutes_most = 15},
    {.major = "DUST", .code = "BARE_SOIL", .label = "黄土裸露", .app_code = "HT-08",
     .urgency = "EXPECTED", .severity = "MODERATE", .limit_type = "NATURAL_DAY", .limit_value = 2, .limit_hours = 48,
     .weight = {4, 0}, .spacing_m = 140, .life_minutes = 1440, .life_minutes_most = 6 * 1440, .area_dm2 = 2000, .area_dm2_most = 90000},
};
// clang-format on

/* Baizhuang has many grids of its own; only Jiefanglu's are used. */
static const struct {
    unsigned basic, dedicated;
} communities[] = {{4, 0}, {4, 1}, {4, 1}, {3, 0}, {3, 0}};

static const int64_t minute_us = 60000000;
/* Shares no factor with any count of sites: steps by it visit each site once. */
static const uint64_t jump = 1000003;
static const int tries = 64;

static void sites_init(struct sites *sites, struct dice *dice, uint32_t count)
{
    sites->count = count;
    sites->begin = dice_below(dice, count);
    sites->things = xcalloc(count, sizeof *sites->things);
}

static void stretch_init(struct stretch *stretch, struct dice *dice, bool crowded)
{
    for (unsigned i = 0; i < CATEGORIES; i++) {
        const struct category *category = &categories[i];
        struct sites *sites = &stretch->sites[i];
        int columns = stretch->width_m / category->spacing_m;
        int rows = stretch->height_m / category->spacing_m;

        if (!category->weight[stretch->which])
            continue;
        sites_init(sites, dice, (uint32_t)(columns * rows));
        sites->columns = columns;
        sites->spacing_cm = category->spacing_m * 100;
        if (crowded)
            sites_init(&stretch->crowds[i], dice, CROWD);
    }
}

static void roofs_init(struct world *world, struct dice *dice)
{
    sites_init(&world->roofs, dice, ROOFS);
    for (int i = 0; i < ROOFS; i++)
        world->roofs.things[i] =
            (struct thing){.east_cm = dice_between(dice, 0, world->town.width_m * 100),
                           .north_cm = dice_between(dice, 0, world->town.height_m * 100),
                           .gone_us = INT64_MAX,
                           .is_lawful = true};
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

void world_init(struct world *world, struct dice *dice,
                const struct simulate_settings *settings)
{
    *world = (struct world){
        .town = {1143380000, 361720000, 6600, 5300, TOWN, {{0}}, {{0}}},
        .street = {1143350000, 361060000, 1600, 1600, STREET, {{0}}, {{0}}},
    };
    stretch_init(&world->town, dice, settings->crowd_share > 0);
    stretch_init(&world->street, dice, settings->crowd_share > 0);
    if (settings->roof_share > 0)
        roofs_init(world, dice);
    sites_init(&world->units, dice, INSPECTED_UNITS * ISSUES);
    grids_init(world->grids);
}

void world_free(struct world *world)
{
    for (unsigned i = 0; i < CATEGORIES; i++) {
        free(world->town.sites[i].things);
        free(world->street.sites[i].things);
        free(world->town.crowds[i].things);
        free(world->street.crowds[i].things);
    }
    free(world->roofs.things);
    free(world->units.things);
}

static uint32_t site_of(const struct sites *sites, uint64_t order)
{
    return (uint32_t)((order + sites->begin) % sites->count * jump % sites->count);
}

static void look_at(struct sites *sites, uint64_t order, struct spot *spot)
{
    spot->sites = sites;
    spot->thing = &sites->things[order];
    spot->site = site_of(sites, order);
}

static bool is_there(const struct thing *thing, int64_t us)
{
    return thing->born_us < us && us < thing->gone_us;
}

/* One of the sites used so far, whatever there is. */
static bool sites_any(struct sites *sites, struct dice *dice, struct spot *spot)
{
    uint64_t known = sites->used < sites->count ? sites->used : sites->count;

    if (known)
        look_at(sites, dice_below(dice, known), spot);
    return known;
}

/* The next site where nothing lies; false, and one that is taken, if it is too far to the next. */
static bool sites_free(struct sites *sites, int64_t us, struct spot *spot)
{
    for (int i = 0; i < tries; i++) {
        look_at(sites, sites->used++ % sites->count, spot);
        if (spot->thing->gone_us <= us)
            return true;
    }
    return false;
}

static unsigned any_category(const struct stretch *stretch, struct dice *dice)
{
    uint32_t at = dice_below(dice, 100);
    unsigned i = 0;

    for (; at >= categories[i].weight[stretch->which]; i++)
        at -= categories[i].weight[stretch->which];
    return i;
}

static bool stretch_seen(struct stretch *stretch, struct dice *dice, int64_t us,
                         struct spot *spot)
{
    for (int i = 0; i < tries; i++) {
        struct sites *sites;

        spot->category = any_category(stretch, dice);
        sites = &stretch->sites[spot->category];
        if (stretch->crowds[spot->category].used && dice_below(dice, 2))
            sites = &stretch->crowds[spot->category];
        if (sites_any(sites, dice, spot) && is_there(spot->thing, us))
            return true;
    }
    return false;
}

static int64_t middle_cm(const struct sites *sites, uint64_t line)
{
    return (int64_t)line * sites->spacing_cm + sites->spacing_cm / 2;
}

/* A free site of its own; false, and what lies there, if there is none. */
static bool place_alone(struct stretch *stretch, int64_t us, struct spot *spot,
                        struct thing *thing)
{
    struct sites *sites = &stretch->sites[spot->category];

    if (!sites_free(sites, us, spot) && is_there(spot->thing, us))
        return false;
    thing->east_cm = middle_cm(sites, spot->site % (uint32_t)sites->columns);
    thing->north_cm = middle_cm(sites, spot->site / (uint32_t)sites->columns);
    return true;
}

/* Beside one that is there: 8 to 56 m from it. False: there is none, or no room. */
static bool place_beside(struct stretch *stretch, struct dice *dice, int64_t us,
                         struct spot *spot, struct thing *thing)
{
    static const int least_cm = 800, most_cm = 4000;
    int64_t along_cm = dice_between(dice, least_cm, most_cm);
    int64_t across_cm = dice_between(dice, -most_cm, most_cm);
    bool turned = dice_below(dice, 2);

    if (!stretch_seen(stretch, dice, us, spot))
        return false;
    thing->east_cm = spot->thing->east_cm + (turned ? across_cm : along_cm);
    thing->north_cm = spot->thing->north_cm + (turned ? along_cm : across_cm);
    return sites_free(&stretch->crowds[spot->category], us, spot);
}

static bool place_new(struct stretch *stretch, struct dice *dice,
                      const struct simulate_settings *settings, int64_t us,
                      struct spot *spot, struct thing *thing)
{
    /* Asked only where it matters: without crowds the same dice fall as ever. */
    if (settings->crowd_share > 0 && dice_chance(dice, settings->crowd_share)
        && place_beside(stretch, dice, us, spot, thing))
        return true;
    spot->category = any_category(stretch, dice);
    return place_alone(stretch, us, spot, thing);
}

bool stretch_look(struct stretch *stretch, struct dice *dice,
                  const struct simulate_settings *settings, int64_t us, struct spot *spot)
{
    struct thing thing = {.born_us = us};
    const struct category *category;

    if (dice_chance(dice, settings->repeat_share)
        && stretch_seen(stretch, dice, us, spot))
        return true;
    if (!place_new(stretch, dice, settings, us, spot, &thing))
        return true;
    category = &categories[spot->category];
    thing.gone_us =
        us
        + dice_between(dice, category->life_minutes, category->life_minutes_most)
              * minute_us;
    *spot->thing = thing;
    return false;
}

bool roofs_look(struct world *world, struct dice *dice, int64_t us, struct spot *spot)
{
    bool seen_before;

    spot->category = ILLEGAL_BUILDING;
    look_at(&world->roofs, dice_below(dice, ROOFS), spot);
    seen_before = spot->thing->born_us;
    if (!seen_before)
        spot->thing->born_us = us;
    return seen_before;
}

static bool units_seen(struct world *world, struct dice *dice, int64_t us,
                       struct spot *spot)
{
    for (int i = 0; i < tries; i++) {
        if (sites_any(&world->units, dice, spot) && is_there(spot->thing, us))
            return true;
    }
    return false;
}

bool units_look(struct world *world, struct dice *dice, double repeat_share, int64_t us,
                int64_t gone_us, struct spot *spot)
{
    if (dice_chance(dice, repeat_share) && units_seen(world, dice, us, spot))
        return true;
    if (!sites_free(&world->units, us, spot) && is_there(spot->thing, us))
        return true;
    *spot->thing = (struct thing){.born_us = us, .gone_us = gone_us};
    return false;
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
    int64_t east_cm = spot->thing->east_cm + error_cm(dice, accuracy_cm);
    int64_t north_cm = spot->thing->north_cm + error_cm(dice, accuracy_cm);

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
