/* near.c - cells and boxes of the sightings, put together. */
#include "consumers/runtime/near.h"

#include <math.h>
#include <string.h>

enum { FIRST_ROOM = 1024 };

/* ---- since when ---- */

static void longer(int64_t *window_us, int64_t other_us)
{
    if (other_us > *window_us)
        *window_us = other_us;
}

static int64_t before(int64_t us, int64_t window_us)
{
    if (window_us == LINK_NEVER)
        return us;
    return window_us == LINK_EVER ? INT64_MIN : link_us_between(us, window_us);
}

/* How far back from this sighting a case may have been stirred last and still matter: link_rule.c has the windows. A
 * life that is over takes what was seen before it ended, so it ended later than that. */
static void reach_back(struct near *near, const struct link_sighting *s)
{
    const struct link_rule *rule = s->rule;
    int64_t us = s->occurred_us < s->recorded_us ? s->occurred_us : s->recorded_us;
    int64_t open_us = rule->merge_us, over_us = rule->reopen_us;

    longer(&open_us, rule->repeat_us);
    longer(&over_us, rule->repeat_us);
    longer(&over_us, rule->mute_us);
    if (rule->ignore_status)
        longer(&over_us, rule->merge_us);
    if (before(us, open_us) < near->since_open_us)
        near->since_open_us = before(us, open_us);
    if (before(us, over_us) < near->since_over_us)
        near->since_over_us = before(us, over_us);
}

/* ---- where ---- */

static const struct box nothing = {INFINITY, INFINITY, -INFINITY, -INFINITY};

bool near_has_box(const struct near *near)
{
    return near->box.west <= near->box.east;
}

static void widen(struct box *box, const struct box *other)
{
    box->west = fmin(box->west, other->west);
    box->south = fmin(box->south, other->south);
    box->east = fmax(box->east, other->east);
    box->north = fmax(box->north, other->north);
}

static uint32_t *slot(struct near_set *set, uint32_t group, int64_t cell)
{
    uint8_t key[UUID_SIZE] = {0};

    memcpy(key, &group, sizeof group);
    memcpy(key + 8, &cell, sizeof cell);
    return link_map_at(&set->at, key);
}

static void grow(struct near_set *set)
{
    size_t room = set->room ? 2 * set->room : FIRST_ROOM;

    set->list = arena_resize(set->arena, set->list, set->room * sizeof *set->list,
                             room * sizeof *set->list);
    set->room = room;
    set->at = link_map_new(set->arena, room);
    for (size_t i = 0; i < set->count; i++)
        *slot(set, set->list[i].group, set->list[i].cell) = (uint32_t)i;
}

static struct near *near_of(struct near_set *set, uint32_t group, int64_t cell)
{
    uint32_t *at;

    if (set->count == set->room)
        grow(set);
    at = slot(set, group, cell);
    if (*at == LINK_NONE) {
        *at = (uint32_t)set->count++;
        set->list[*at] = (struct near){group, cell, INT64_MAX, INT64_MAX, nothing};
    }
    return &set->list[*at];
}

/* Accurate cases within the effective radius of such a pair, twice, for doubtful ones. */
static double reach_m(const struct link_sighting *s)
{
    double accuracy_m =
        isnan(s->place.accuracy_m) ? s->default_accuracy_m : s->place.accuracy_m;

    return 2 * link_effective_radius_m(s->rule, accuracy_m, LINK_FINE_ACCURACY_M);
}

static void add_box(struct near_set *set, const struct link_sighting *s)
{
    int64_t cells[LINK_CELLS_NEAR];
    double reach = reach_m(s);
    struct box box = geodesy_box(s->place.at, reach);
    size_t count = geodesy_cover(LINK_CELL_M, s->place.at, reach, cells, LINK_CELLS_NEAR);

    for (size_t i = 0; i < count; i++) {
        struct near *near = near_of(set, s->group, cells[i]);
        reach_back(near, s);
        widen(&near->box, &box);
    }
}

void near_add(struct near_set *set, const struct link_sighting *s)
{
    int64_t cells[LINK_CELLS_NEAR];
    size_t count = link_cells_near(&s->place, cells);

    for (size_t i = 0; i < count; i++)
        reach_back(near_of(set, s->group, cells[i]), s);
    if (s->place.where == LINK_AT_POINT)
        add_box(set, s);
}
