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

static const uint8_t *id_of(const void *events, size_t number)
{
    return ((const struct event *)events)[number].event_id;
}

/* That of the first event with this id; free: there is none. */
static uint32_t *find_slot(const struct batch *batch, const uint8_t event_id[UUID_SIZE],
                           uint64_t mix)
{
    return id_slots_find(&batch->slots, batch->events, id_of, event_id, mix);
}

static const uint8_t *content_of(const struct batch *batch, uint32_t slot)
{
    return batch->events[id_slots_number(&batch->slots, slot)].content_hash;
}

/* The content of the event with this id that is stored, or will be before this batch; NULL: there is none. */
static const uint8_t *find_stored(const struct recent *recent, const struct batch *before,
                                  const uint8_t event_id[UUID_SIZE], uint64_t mix)
{
    const uint8_t *stored = recent_find(recent, event_id);
    uint32_t first = stored || !before ? 0 : *find_slot(before, event_id, mix);

    return first ? content_of(before, first) : stored;
}

static void fold_event(struct batch *batch, size_t index, const struct recent *recent,
                       const struct batch *before)
{
    struct event *event = &batch->events[index];
    uint64_t mix = uuid_mix(event->event_id);
    const uint8_t *stored = find_stored(recent, before, event->event_id, mix);
    uint32_t *slot = stored ? NULL : find_slot(batch, event->event_id, mix);

    if (slot && *slot)
        stored = content_of(batch, *slot);
    if (stored) {
        compare(event, stored);
        return;
    }
    id_slots_fill(&batch->slots, slot, mix, index);
    event->outcome = EVENT_STORED;
}

/* A batch is folded again after each refusal: the table stays the same. */
static void clear_slots(struct batch *batch)
{
    size_t size = 64;

    if (!batch->slots.at) {
        while (size < 2 * batch->count)
            size *= 2;
        batch->slots = (struct id_slots){
            arena_take_array(batch->arena, size, sizeof *batch->slots.at), size - 1};
    }
    memset(batch->slots.at, 0, (batch->slots.mask + 1) * sizeof *batch->slots.at);
}

void fold_batch(struct batch *batch, const struct recent *recent,
                const struct batch *before)
{
    clear_slots(batch);
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->events[i].is_settled)
            fold_event(batch, i, recent, before);
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
