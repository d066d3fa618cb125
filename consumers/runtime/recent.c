/* recent.c - two generations of a hash table: when the younger is full, the older is forgotten. */
#include "consumers/runtime/recent.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/hash.h"
#include "consumers/runtime/id_slots.h"

struct entry {
    uint8_t event_id[16];
    uint8_t content_hash[32];
};

struct generation {
    struct entry *entries; /* in the order they came */
    struct id_slots slots;
    size_t count;
};

struct recent {
    size_t least;
    struct generation young, old;
};

static const uint8_t *id_of(const void *entries, size_t number)
{
    return ((const struct entry *)entries)[number].event_id;
}

static struct generation generation_new(size_t least)
{
    size_t slots = 64;

    while (slots < 2 * least)
        slots *= 2;
    return (struct generation){xcalloc(least, sizeof(struct entry)),
                               {xcalloc(slots, sizeof(uint32_t)), slots - 1},
                               0};
}

static void generation_free(struct generation *generation)
{
    free(generation->entries);
    free(generation->slots.at);
}

struct recent *recent_new(size_t least)
{
    struct recent *recent = xcalloc(1, sizeof *recent);

    recent->least = least;
    recent->young = generation_new(least);
    recent->old = generation_new(least);
    return recent;
}

void recent_free(struct recent *recent)
{
    if (!recent)
        return;
    generation_free(&recent->young);
    generation_free(&recent->old);
    free(recent);
}

static void generation_clear(struct generation *generation)
{
    generation->count = 0;
    memset(generation->slots.at, 0,
           (generation->slots.mask + 1) * sizeof *generation->slots.at);
}

static uint32_t *find_slot(const struct generation *generation,
                           const uint8_t event_id[16], uint64_t mix)
{
    return id_slots_find(&generation->slots, generation->entries, id_of, event_id, mix);
}

void recent_add(struct recent *recent, const uint8_t event_id[16],
                const uint8_t content_hash[32])
{
    struct generation *young = &recent->young;
    uint64_t mix = uuid_mix(event_id);
    struct entry *entry;

    if (young->count == recent->least) {
        struct generation forgotten = recent->old;
        recent->old = recent->young;
        recent->young = forgotten;
        generation_clear(young);
    }
    entry = &young->entries[young->count];
    memcpy(entry->event_id, event_id, 16);
    memcpy(entry->content_hash, content_hash, 32);
    id_slots_fill(&young->slots, find_slot(young, event_id, mix), mix, young->count++);
}

const uint8_t *recent_find(const struct recent *recent, const uint8_t event_id[16])
{
    const struct generation *generations[] = {&recent->young, &recent->old};
    uint64_t mix = uuid_mix(event_id);

    for (int i = 0; i < 2; i++) {
        const struct generation *generation = generations[i];
        uint32_t slot = *find_slot(generation, event_id, mix);
        if (slot)
            return generation->entries[id_slots_number(&generation->slots, slot)]
                .content_hash;
    }
    return NULL;
}

void recent_clear(struct recent *recent)
{
    generation_clear(&recent->young);
    generation_clear(&recent->old);
}
