/* link_index.c - open addressing over 16 bytes; chains of the cases in a cell. */
#include "consumers/runtime/link_index.h"

#include <math.h>
#include <string.h>

#include "consumers/runtime/link.h"

struct link_map_slot {
    uint8_t key[UUID_SIZE];
    uint32_t number; /* LINK_NONE: free */
};

/* ---- map ---- */

struct link_map link_map_new(struct arena *arena, size_t most)
{
    struct link_map map;
    size_t size = 64;

    while (size < most + most / 2)
        size *= 2;
    map.slots = arena_take_array(arena, size, sizeof *map.slots);
    memset(map.slots, 0xff, size * sizeof *map.slots);
    map.mask = size - 1;
    return map;
}

/* Where the key is, or would be. */
static struct link_map_slot *slot_of(const struct link_map *map,
                                     const uint8_t key[UUID_SIZE])
{
    size_t at = (size_t)uuid_mix(key) & map->mask;

    while (map->slots[at].number != LINK_NONE
           && memcmp(map->slots[at].key, key, UUID_SIZE) != 0)
        at = (at + 1) & map->mask;
    return &map->slots[at];
}

uint32_t *link_map_at(struct link_map *map, const uint8_t key[UUID_SIZE])
{
    struct link_map_slot *slot = slot_of(map, key);

    memcpy(slot->key, key, UUID_SIZE);
    return &slot->number;
}

uint32_t link_map_find(const struct link_map *map, const uint8_t key[UUID_SIZE])
{
    return slot_of(map, key)->number;
}

/* ---- cells ---- */

enum fineness { FINE, COARSE, KEYED };

static const double fine_edge_m = 64;
/* Cells of one search: fine ones, over twice the largest effective radius. */
enum { MOST_CELLS = 512 };

static double bounded(double accuracy_m)
{
    return fmin(accuracy_m, LINK_MOST_ACCURACY_M);
}

double link_effective_radius_m(const struct link_rule *rule, double accuracy_1_m,
                               double accuracy_2_m)
{
    double a = bounded(accuracy_1_m), b = bounded(accuracy_2_m);

    return fmax(rule->radius_m, 2 * sqrt(a * a + b * b));
}

struct link_index link_index_new(struct arena *arena, size_t most_cases)
{
    return (struct link_index){
        link_map_new(arena, most_cases),
        arena_take_array(arena, most_cases + 1, sizeof(struct link_entry)), 0};
}

static void make_key(uint8_t key[UUID_SIZE], int64_t cell, uint32_t group, bool is_test,
                     enum fineness fineness)
{
    uint32_t kind = (uint32_t)fineness << 1 | is_test;

    memcpy(key, &cell, sizeof cell);
    memcpy(key + 8, &group, sizeof group);
    memcpy(key + 12, &kind, sizeof kind);
}

static enum fineness fineness_of(const struct link_place *place)
{
    if (place->where == LINK_AT_KEY)
        return KEYED;
    return place->accuracy_m <= LINK_FINE_ACCURACY_M ? FINE : COARSE;
}

static int64_t cell_of(const struct link_place *place, enum fineness fineness)
{
    if (fineness == KEYED)
        return link_cell(place);
    return geodesy_cell(fineness == FINE ? fine_edge_m : LINK_CELL_M, place->at);
}

void link_index_add(struct link_index *index, const struct link_case *c, uint32_t number)
{
    enum fineness fineness = fineness_of(&c->place);
    uint8_t key[UUID_SIZE];
    uint32_t *last;

    if (c->place.where == LINK_NOWHERE)
        return;
    make_key(key, cell_of(&c->place, fineness), c->group, c->is_test, fineness);
    last = link_map_at(&index->cells, key);
    index->entries[number] = (struct link_entry){c->place.at, *last};
    *last = number;
    index->coarse += fineness == COARSE;
}

struct search {
    const struct link_index *index;
    uint32_t group;
    bool is_test;
    struct point at;
    double shrink, reach_m;
    double (*visit)(void *context, uint32_t number);
    void *context;
};

static void visit_cell(struct search *search, int64_t cell, enum fineness fineness)
{
    const struct link_entry *entries = search->index->entries;
    uint8_t key[UUID_SIZE];
    uint32_t number;

    make_key(key, cell, search->group, search->is_test, fineness);
    for (number = link_map_find(&search->index->cells, key); number != LINK_NONE;
         number = entries[number].next)
        if (fineness == KEYED
            || !geodesy_is_beyond(search->at, search->shrink, entries[number].at,
                                  search->reach_m))
            search->reach_m =
                fmin(search->reach_m, search->visit(search->context, number));
}

static void visit_points(struct search *search, const struct link_rule *rule,
                         double accuracy_m, enum fineness fineness)
{
    double edge_m = fineness == FINE ? fine_edge_m : LINK_CELL_M;
    double most_m = fineness == FINE ? LINK_FINE_ACCURACY_M : LINK_MOST_ACCURACY_M;
    int64_t cells[MOST_CELLS];
    size_t count;

    search->reach_m = 2 * link_effective_radius_m(rule, accuracy_m, most_m);
    count = geodesy_cover(edge_m, search->at, search->reach_m, cells, MOST_CELLS);
    for (size_t i = 0; i < count; i++)
        visit_cell(search, cells[i], fineness);
}

void link_index_visit(const struct link_index *index, const struct link_rule *rule,
                      uint32_t group, bool is_test, const struct link_place *place,
                      double (*visit)(void *context, uint32_t number), void *context)
{
    struct search search = {index, group, is_test, place->at, geodesy_shrink(place->at),
                            0,     visit, context};

    if (place->where == LINK_AT_KEY)
        visit_cell(&search, link_cell(place), KEYED);
    if (place->where != LINK_AT_POINT)
        return;
    visit_points(&search, rule, place->accuracy_m, FINE);
    if (index->coarse)
        visit_points(&search, rule, place->accuracy_m, COARSE);
}
