/* link_index.h - cases by place and by id, in memory. Everything lies in the arena it was made with. */
#ifndef GRIDLOOP_LINK_INDEX_H
#define GRIDLOOP_LINK_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/hash.h"
#include "consumers/runtime/link_rule.h"

enum { LINK_NONE = UINT32_MAX };

/* ---- 16 bytes -> a number ---- */

struct link_map {
    struct link_map_slot *slots;
    size_t mask;
};

/* Room for most keys. */
struct link_map link_map_new(struct arena *arena, size_t most);

/* The number under a key, LINK_NONE until the caller sets one; valid until the next call. */
uint32_t *link_map_at(struct link_map *map, const uint8_t key[UUID_SIZE]);

/* The number under a key; LINK_NONE: there is none. Leaves the map as it is. */
uint32_t link_map_find(const struct link_map *map, const uint8_t key[UUID_SIZE]);

/* ---- place -> cases ----
 *
 * Cases whose position is as good as positions mostly are lie in fine cells, so that of thousands of cases
 * in one street only those within some dozens of metres are looked at; the others lie in coarse ones. */

struct link_index {
    struct link_map cells; /* group, is_test, fineness, cell -> its last case */
    struct link_entry {
        struct point at;
        uint32_t next; /* the case before it in its cell */
    } * entries;       /* per case */
    size_t coarse;     /* cases in coarse cells */
};

struct link_index link_index_new(struct arena *arena, size_t most_cases);

/* number: of the case; each once. Cases LINK_NOWHERE are left out. */
void link_index_add(struct link_index *index, const struct link_case *c, uint32_t number);

/* Calls visit for every case of that group that may lie within twice the effective radius of the place,
 * and for some others; in no order that means anything. What visit returns is the distance beyond which
 * no case matters any more; INFINITY: all do. */
void link_index_visit(const struct link_index *index, const struct link_rule *rule,
                      uint32_t group, bool is_test, const struct link_place *place,
                      double (*visit)(void *context, uint32_t number), void *context);

/* "Effective radius = max(rule, 2·√(σ₁²+σ₂²))"; each at most LINK_MOST_ACCURACY_M here. */
double link_effective_radius_m(const struct link_rule *rule, double accuracy_1_m,
                               double accuracy_2_m);

#endif
