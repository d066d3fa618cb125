/* id_slots.h - finds an entry of a list by its id: open addressing over slots that hold the entry's number + 1 and, in the
 * bits above it, some of the id's own, so that another id is mostly known without a look at the entry; 0: free.
 *
 * Here, so that it costs no call: each event is looked for three times. */
#ifndef GRIDLOOP_ID_SLOTS_H
#define GRIDLOOP_ID_SLOTS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/hash.h"

struct id_slots {
    uint32_t *at;
    size_t mask; /* their number, a power of two and more than that of entries, - 1 */
};

/* The id of the list's entry with that number. */
typedef const uint8_t *id_of_entry(const void *list, size_t number);

static inline size_t id_slots_number(const struct id_slots *slots, uint32_t slot)
{
    return (slot & slots->mask) - 1;
}

static inline uint32_t id_slots_tag(const struct id_slots *slots, uint64_t mix)
{
    return (uint32_t)(mix >> 32) & ~(uint32_t)slots->mask;
}

/* The slot of this id, or the free one where it belongs. mix: uuid_mix() of the id. */
static inline uint32_t *id_slots_find(const struct id_slots *slots, const void *list,
                                      id_of_entry *id_of, const uint8_t id[UUID_SIZE],
                                      uint64_t mix)
{
    uint32_t tag = id_slots_tag(slots, mix), *slot;

    for (size_t at = mix & slots->mask;; at = (at + 1) & slots->mask) {
        slot = &slots->at[at];
        if (!*slot
            || ((*slot & ~(uint32_t)slots->mask) == tag
                && memcmp(id_of(list, id_slots_number(slots, *slot)), id, UUID_SIZE)
                       == 0))
            return slot;
    }
}

static inline void id_slots_fill(const struct id_slots *slots, uint32_t *slot,
                                 uint64_t mix, size_t number)
{
    *slot = id_slots_tag(slots, mix) | (uint32_t)(number + 1);
}

#endif
