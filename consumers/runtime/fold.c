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

/* Open addressing over the batch: index of the first event with an id + 1; 0: free. */
static void fold_within(struct batch *batch, uint32_t *slots, size_t mask, uint32_t index)
{
    struct event *event = &batch->events[index];
    size_t at = (size_t)uuid_mix(event->event_id) & mask;

    for (; slots[at]; at = (at + 1) & mask) {
        const struct event *first = &batch->events[slots[at] - 1];
        if (memcmp(first->event_id, event->event_id, 16) == 0) {
            compare(event, first->content_hash);
            return;
        }
    }
    slots[at] = index + 1;
    event->outcome = EVENT_STORED;
}

/* A batch is folded again after each refusal: the table stays the same. */
static uint32_t *clear_slots(struct batch *batch)
{
    size_t size = 64;

    if (!batch->slots) {
        while (size < 2 * batch->count)
            size *= 2;
        batch->slots = arena_take_array(batch->arena, size, sizeof *batch->slots);
        batch->slot_count = size;
    }
    memset(batch->slots, 0, batch->slot_count * sizeof *batch->slots);
    return batch->slots;
}

void fold_batch(struct batch *batch, const struct recent *recent)
{
    uint32_t *slots = clear_slots(batch);

    for (size_t i = 0; i < batch->count; i++) {
        struct event *event = &batch->events[i];
        const uint8_t *stored =
            event->is_settled ? NULL : recent_find(recent, event->event_id);
        if (stored)
            compare(event, stored);
        else if (!event->is_settled)
            fold_within(batch, slots, batch->slot_count - 1, (uint32_t)i);
    }
}
