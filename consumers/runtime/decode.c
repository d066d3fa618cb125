/* decode.c - which plan reads a message. */
#include "consumers/runtime/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/runtime/frame.h"
#include "consumers/runtime/headers.h"
#include "consumers/runtime/writers.h"

enum { AHEAD_EVENTS = 64 /* some 60 us */ };

struct decoder {
    size_t max_event_bytes;
    bool has_registry;
    struct writers *writers;
    struct reader *reader; /* the writers' */
};

struct decoder *decoder_new(const char *kind, size_t max_event_bytes,
                            struct registry *registry, struct err *e)
{
    struct decoder *decoder = xcalloc(1, sizeof *decoder);

    decoder->max_event_bytes = max_event_bytes;
    decoder->has_registry = registry;
    decoder->writers = writers_new(kind, registry, e);
    if (decoder->writers) {
        decoder->reader = writers_reader(decoder->writers);
        return decoder;
    }
    free(decoder);
    return NULL;
}

void decoder_free(struct decoder *decoder)
{
    if (!decoder)
        return;
    writers_free(decoder->writers);
    free(decoder);
}

const struct reader *decoder_reader(const struct decoder *decoder)
{
    return decoder->reader;
}

static bool is_heartbeat(const struct kafka_message *message)
{
    static const char type[] = "gridloop.heartbeat";
    size_t size;
    const void *value = kafka_message_header(message, "ce_type", &size);

    return value && size == sizeof type - 1 && memcmp(value, type, size) == 0;
}

static void decode_empty(struct event *event)
{
    if (is_heartbeat(&event->message)) {
        event->outcome = EVENT_ABSENT;
        event->is_heartbeat = event->is_settled = true;
    } else if (!event->message.value) {
        event_bury(event, "tombstone", NULL, "the message has no value");
    } else {
        event_bury(event, "short", NULL, "the message is empty");
    }
}

/* False: the event was buried, or is none. */
static bool frame_event(const struct decoder *decoder, struct event *event,
                        struct frame *frame)
{
    const struct kafka_message *message = &event->message;

    if (message->value_size == 0)
        decode_empty(event);
    else if (message->value_size > decoder->max_event_bytes)
        event_bury(event, "too_large", NULL,
                   "the message is larger than max_event_bytes");
    else if (!frame_read(message->value, message->value_size, decoder->has_registry,
                         frame))
        event_bury(event, "envelope", NULL,
                   decoder->has_registry
                       ? "the message begins neither as an Avro single object nor as "
                         "Confluent's clients write it"
                       : "the message does not begin as an Avro single object");
    else
        return true;
    return false;
}

static void bury_unread(struct event *event, const struct writer *writer,
                        struct schema_id id, struct arena *arena)
{
    char text[SCHEMA_ID_TEXT], detail[96];
    int size;

    if (writer->detail) { /* the writer may be forgotten before the event */
        event_bury(event, writer->reason, NULL,
                   arena_copy(arena, writer->detail, strlen(writer->detail)));
        return;
    }
    schema_id_format(text, id);
    size = snprintf(detail, sizeof detail, "no schema with %s is known", text);
    event_bury(event, writer->reason, NULL, arena_copy(arena, detail, (size_t)size));
}

static void run_plan(struct decoder *decoder, struct writer *writer,
                     const struct frame *frame, struct event *event, struct arena *arena)
{
    struct value record;

    event->is_of_proven_writer = writer->has_decoded;
    if (!plan_run(writer->plan, frame->body, frame->size, arena, &record,
                  &event->reject)) {
        event_bury(event, event->reject.reason, event->reject.field,
                   event->reject.detail);
        return;
    }
    writer->has_decoded = true;
    event->values = record.items;
    event->event_id = record.items[decoder->reader->event_id].bytes;
    reader_content_hash(decoder->reader, event->values, event->content_hash);
}

/* False: its writer's schema is not known, and nobody was asked yet. */
static bool read_event(struct decoder *decoder, struct event *event, struct arena *arena)
{
    struct writer *writer;
    struct frame frame;

    headers_check(event);
    if (event->is_settled || !frame_event(decoder, event, &frame))
        return true;
    writer = writers_find(decoder->writers, frame.writer);
    if (!writer)
        return false;
    if (writer->plan)
        run_plan(decoder, writer, &frame, event, arena);
    else
        bury_unread(event, writer, frame.writer, arena);
    return true;
}

/* The next event, as above. */
static bool decode_next(struct decoder *decoder, struct batch *batch)
{
    struct event *event = &batch->events[batch->decoded];

    headers_count(event, NULL);
    if (!read_event(decoder, event, batch->arena))
        return false;
    batch->decoded++;
    return true;
}

static bool has_next(const struct batch *batch)
{
    return batch->decoded < batch->count && !batch_is_full(batch);
}

bool decode_ahead(struct decoder *decoder, struct batch *batch)
{
    for (size_t i = 0; i < AHEAD_EVENTS; i++)
        if (!has_next(batch) || !decode_next(decoder, batch))
            return false;
    return true;
}

/* Asks for the schemas that the events from here on name and that are not known. */
static enum outcome look_up(struct decoder *decoder, struct pg *pg,
                            const struct batch *batch, size_t from, struct err *e)
{
    struct schema_id *ids =
        arena_take_array(batch->arena, batch->count - from, sizeof *ids);
    size_t count = 0;

    for (size_t i = from; i < batch->count; i++) {
        const struct kafka_message *message = &batch->events[i].message;
        struct frame frame;
        if (message->value_size <= decoder->max_event_bytes
            && frame_read(message->value, message->value_size, decoder->has_registry,
                          &frame)
            && !writers_find(decoder->writers, frame.writer))
            ids[count++] = frame.writer;
    }
    return writers_look_up(decoder->writers, pg, ids, count, e);
}

enum outcome decode_batch(struct decoder *decoder, struct pg *pg, struct batch *batch,
                          struct err *e)
{
    bool has_asked = false;

    writers_tidy(decoder->writers);
    while (has_next(batch)) {
        if (decode_next(decoder, batch))
            continue;
        if (has_asked) {
            batch_cut(batch, batch->decoded);
            return DONE;
        }
        if (look_up(decoder, pg, batch, batch->decoded, e))
            return e->outcome;
        has_asked = true;
    }
    batch->is_heavy = batch->decoded < batch->count;
    batch_cut(batch, batch->decoded);
    return DONE;
}
