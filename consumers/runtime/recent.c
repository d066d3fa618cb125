/* recent.c - two generations of a hash table: when the younger is full, the older is forgotten. */
#include "consumers/runtime/recent.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/hash.h"

struct entry {
    uint8_t event_id[16];
    uint8_t content_hash[32];
};

struct generation {
    struct entry *entries; /* in the order they came */
    uint32_t *slots;       /* open addressing: index into entries + 1; 0: free */
    size_t count;
};

struct recent {
    size_t least, slot_mask;
    struct generation young, old;
};

static struct generation generation_new(const struct recent *recent)
{
    return (struct generation){xcalloc(recent->least, sizeof(struct entry)),
                               xcalloc(recent->slot_mask + 1, sizeof(uint32_t)), 0};
}

struct recent *recent_new(size_t least)
{
    struct recent *recent = xcalloc(1, sizeof *recent);
    size_t slots = 64;

    while (slots < 2 * least)
        slots *= 2;
    recent->least = least;
    recent->slot_mask = slots - 1;
    recent->young = generation_new(recent);
    recent->old = generation_new(recent);
    return recent;
}

void recent_free(struct recent *recent)
{
    if (!recent)
        return;
    free(recent->young.entries);
    free(recent->young.slots);
    free(recent->old.entries);
    free(recent->old.slots);
    free(recent);
}

/* An index takes no more bits than the mask has; the others are the id's own, so that one that is not here is mostly
 * known by the slots alone. */
static uint32_t tag_of(const struct recent *recent, uint64_t mix)
{
    return (uint32_t)(mix >> 32) & ~(uint32_t)recent->slot_mask;
}

static struct entry *entry_at(const struct recent *recent,
                              const struct generation *generation, uint32_t slot)
{
    return &generation->entries[(slot & recent->slot_mask) - 1];
}

/* The slot that holds this id, or the free one where it belongs. */
static uint32_t *find_slot(const struct recent *recent,
                           const struct generation *generation,
                           const uint8_t event_id[16], uint64_t mix)
{
    uint32_t tag = tag_of(recent, mix), *slot;

    for (size_t at = mix & recent->slot_mask;; at = (at + 1) & recent->slot_mask) {
        slot = &generation->slots[at];
        if (!*slot
            || ((*slot & ~(uint32_t)recent->slot_mask) == tag
                && memcmp(entry_at(recent, generation, *slot)->event_id, event_id, 16)
                       == 0))
            return slot;
    }
}

static void generation_clear(const struct recent *recent, struct generation *generation)
{
    generation->count = 0;
    memset(generation->slots, 0, (recent->slot_mask + 1) * sizeof *generation->slots);
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
        generation_clear(recent, young);
    }
    entry = &young->entries[young->count++];
    memcpy(entry->event_id, event_id, 16);
    memcpy(entry->content_hash, content_hash, 32);
    *find_slot(recent, young, event_id, mix) =
        tag_of(recent, mix) | (uint32_t)young->count;
}

const uint8_t *recent_find(const struct recent *recent, const uint8_t event_id[16])
{
    const struct generation *generations[] = {&recent->young, &recent->old};
    uint64_t mix = uuid_mix(event_id);

    for (int i = 0; i < 2; i++) {
        uint32_t slot = *find_slot(recent, generations[i], event_id, mix);
        if (slot)
            return entry_at(recent, generations[i], slot)->content_hash;
    }
    return NULL;
}

void recent_clear(struct recent *recent)
{
    generation_clear(recent, &recent->young);
    generation_clear(recent, &recent->old);
}
