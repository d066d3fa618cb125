/* batch.c - the memory of a batch. */
#include "consumers/runtime/batch.h"

#include <stdlib.h>

/* Kept between two batches; what a batch of unusual size needed beyond it goes back to the system. */
enum { KEEP_BYTES = 16 << 20 };

struct batch *batch_new(size_t rows)
{
    struct batch *batch = xcalloc(1, sizeof *batch);

    batch->arena = arena_new();
    batch->room = rows;
    batch->events = xcalloc(rows, sizeof *batch->events);
    return batch;
}

struct batch *batch_reset(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        kafka_message_free(&batch->events[i].message);
    batch->count = 0;
    batch->bytes = 0;
    batch->slots = NULL;
    batch->next_offsets = NULL;
    arena_reset(batch->arena, KEEP_BYTES);
    return batch;
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

void event_bury(struct event *event, const char *reason, const char *field,
                const char *detail)
{
    event->outcome = EVENT_DEAD;
    event->is_settled = true;
    event->reject = (struct reject){reason, field, detail};
}
