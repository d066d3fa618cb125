/* batch.c - the memory of a batch. */
#include "consumers/runtime/batch.h"

#include <stdlib.h>

/* Kept between two batches; what a batch of unusual size needed beyond it goes back to the system. */
enum { KEEP_BYTES = 8 << 20 };

enum { SOME_MESSAGES = 64 /* some ten microseconds */ };

enum { ROW_BYTES = 2 << 10, LEAST_BYTES = 8 << 20 }; /* of the arena, before it is full */

struct batch *batch_new(size_t rows)
{
    struct batch *batch = xcalloc(1, sizeof *batch);

    batch->arena = arena_new();
    batch->room = rows;
    batch->events = xcalloc(rows, sizeof *batch->events);
    return batch;
}

void batch_unfold(struct batch *batch)
{
    batch->slots.at = NULL;
    batch->rows = NULL;
    batch->folded_behind = 0;
    batch->is_looked_up = false;
}

struct batch *batch_reset(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        kafka_message_free(&batch->events[i].message);
    batch->count = batch->decoded = batch->enriched = 0;
    batch->value_bytes = batch->other_bytes = 0;
    batch->reference = -1;
    batch_unfold(batch);
    batch->next_offsets = NULL;
    batch->is_cut = batch->is_heavy = batch->is_asked_for = false;
    arena_reset(batch->arena, KEEP_BYTES);
    return batch;
}

bool batch_reset_some(struct batch *batch)
{
    for (size_t i = 0; i < SOME_MESSAGES && batch->count > 0; i++)
        kafka_message_free(&batch->events[--batch->count].message);
    if (batch->count > 0)
        return true;
    batch_reset(batch);
    return false;
}

void batch_free(struct batch *batch)
{
    if (!batch)
        return;
    batch_reset(batch);
    arena_free(batch->arena);
    free(batch->events);
    free(batch);
}

/* From behind, so that each partition ends before the first of its events that are left out. */
void batch_cut(struct batch *batch, size_t count)
{
    batch->is_cut = batch->is_cut || count < batch->count;
    while (batch->count > count) {
        struct event *event = &batch->events[--batch->count];
        batch->next_offsets[event->claim] = event->message.offset;
        kafka_message_free(&event->message);
    }
}

bool batch_is_full(const struct batch *batch)
{
    size_t used = arena_used(batch->arena);

    return used >= LEAST_BYTES && used >= batch->room * ROW_BYTES;
}

void event_bury(struct event *event, const char *reason, const char *field,
                const char *detail)
{
    event->outcome = EVENT_DEAD;
    event->is_settled = true;
    event->reject = (struct reject){reason, field, detail};
}
