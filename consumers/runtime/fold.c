/* fold.c - finds repeats within a batch and among the events stored last. */
#include "consumers/runtime/fold.h"

#include <string.h>

static void compare(struct event *event, const uint8_t hash[SHA256_SIZE])
{
    if (memcmp(event->content_hash, hash, SHA256_SIZE) == 0) {
        event->outcome = EVENT_DUPLICATE;
        return;
    }
    event->outcome = EVENT_DEAD;
    event->reject =
        (struct reject){"identity_conflict", "event_id",
                        "another event with this id and other content came first"};
}

static const struct event *first_of(const struct batch *batch, uint32_t slot)
{
    return &batch->events[(slot & (batch->slot_count - 1)) - 1];
}

/* Open addressing over the batch: index of the first event with an id + 1, and in the bits above it some of the id's own,
 * so that another id is mostly known without a look at the event; 0: free, and the place for this id. */
static uint32_t *find_slot(const struct batch *batch, const uint8_t event_id[UUID_SIZE],
                           uint32_t *tag)
{
    size_t mask = batch->slot_count - 1;
    uint64_t mix = uuid_mix(event_id);
    uint32_t *slot;

    *tag = (uint32_t)(mix >> 32) & ~(uint32_t)mask;
    for (size_t at = mix & mask;; at = (at + 1) & mask) {
        slot = &batch->slots[at];
        if (!*slot
            || ((*slot & ~(uint32_t)mask) == *tag
                && memcmp(first_of(batch, *slot)->event_id, event_id, UUID_SIZE) == 0))
            return slot;
    }
}

/* The content of the event with this id that is stored, or will be before this batch; NULL: there is none. */
static const uint8_t *find_stored(const struct recent *recent, const struct batch *before,
                                  const uint8_t event_id[UUID_SIZE])
{
    const uint8_t *stored = recent_find(recent, event_id);
    uint32_t tag, first = stored || !before ? 0 : *find_slot(before, event_id, &tag);

    return first ? first_of(before, first)->content_hash : stored;
}

static void fold_event(struct batch *batch, uint32_t index, const uint8_t *stored)
{
    struct event *event = &batch->events[index];
    uint32_t tag, *slot = stored ? NULL : find_slot(batch, event->event_id, &tag);

    if (slot && *slot)
        stored = first_of(batch, *slot)->content_hash;
    if (stored) {
        compare(event, stored);
        return;
    }
    *slot = tag | (index + 1);
    event->outcome = EVENT_STORED;
}

/* A batch is folded again after each refusal: the table stays the same. */
static void clear_slots(struct batch *batch)
{
    size_t size = 64;

    if (!batch->slots) {
        while (size < 2 * batch->count)
            size *= 2;
        batch->slots = arena_take_array(batch->arena, size, sizeof *batch->slots);
        batch->slot_count = size;
    }
    memset(batch->slots, 0, batch->slot_count * sizeof *batch->slots);
}

void fold_batch(struct batch *batch, const struct recent *recent,
                const struct batch *before)
{
    clear_slots(batch);
    for (size_t i = 0; i < batch->count; i++) {
        const struct event *event = &batch->events[i];
        if (!event->is_settled)
            fold_event(batch, (uint32_t)i, find_stored(recent, before, event->event_id));
    }
}

void fold_found(struct batch *batch, const struct recent *recent)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct event *event = &batch->events[i];
        const uint8_t *stored =
            event->is_settled ? NULL : recent_find(recent, event->event_id);
        if (stored)
            compare(event, stored);
    }
}
