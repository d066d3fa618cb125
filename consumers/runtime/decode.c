/* decode.c - framing, and which plan reads a message. */
#include "consumers/runtime/decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/builtin.h"
#include "consumers/runtime/headers.h"

enum { MOST_WRITERS = 64, FRAME_SIZE = 10 };

struct decoder {
    size_t max_event_bytes;
    struct reader *reader;
    size_t count;
    struct writer {
        uint64_t fingerprint;
        struct schema_file *file;
        struct plan *plan;
    } writers[MOST_WRITERS];
};

/* The N of "schemas/<kind>/v<N>.avsc"; 0: another kind's. */
static int version_of(const char *path, const char *kind)
{
    char head[128];
    int length = snprintf(head, sizeof head, "schemas/%s/v", kind);

    return strncmp(path, head, (size_t)length) == 0 ? atoi(path + length) : 0;
}

static enum outcome load_writers(struct decoder *decoder, const char *kind,
                                 struct schema_file **newest, struct err *e)
{
    int highest = 0;

    for (const struct builtin_file *file = builtin_schemas; file->path; file++) {
        int version = version_of(file->path, kind);
        struct writer *writer = &decoder->writers[decoder->count];
        if (version == 0)
            continue;
        if (decoder->count == MOST_WRITERS)
            return err_set(e, FATAL, "more than %d versions of %s", MOST_WRITERS, kind);
        writer->file = schema_parse(file->path, file->text, file->size, e);
        if (!writer->file)
            return e->outcome;
        writer->fingerprint = schema_fingerprint(writer->file);
        decoder->count++;
        if (version > highest) {
            highest = version;
            *newest = writer->file;
        }
    }
    return highest ? DONE : err_set(e, FATAL, "no schema of %s was built in", kind);
}

static enum outcome compile_plans(struct decoder *decoder, struct err *e)
{
    for (size_t i = 0; i < decoder->count; i++) {
        struct writer *writer = &decoder->writers[i];
        writer->plan = plan_compile(schema_root(writer->file), decoder->reader->schema,
                                    &decoder->reader->defaults, e);
        if (!writer->plan)
            return err_exit(e, EX_CONFIG,
                            "a built-in schema cannot be read by the newest: %s",
                            e->message);
    }
    return DONE;
}

struct decoder *decoder_new(const char *kind, size_t max_event_bytes, struct err *e)
{
    struct decoder *decoder = xcalloc(1, sizeof *decoder);
    struct schema_file *newest = NULL;

    decoder->max_event_bytes = max_event_bytes;
    if (!load_writers(decoder, kind, &newest, e)
        && (decoder->reader = reader_new(newest, e)) && !compile_plans(decoder, e))
        return decoder;
    decoder_free(decoder);
    return NULL;
}

void decoder_free(struct decoder *decoder)
{
    if (!decoder)
        return;
    for (size_t i = 0; i < decoder->count; i++) {
        plan_free(decoder->writers[i].plan);
        schema_free(decoder->writers[i].file);
    }
    reader_free(decoder->reader);
    free(decoder);
}

const struct reader *decoder_reader(const struct decoder *decoder)
{
    return decoder->reader;
}

static const struct plan *find_plan(const struct decoder *decoder, uint64_t fingerprint)
{
    for (size_t i = 0; i < decoder->count; i++)
        if (decoder->writers[i].fingerprint == fingerprint)
            return decoder->writers[i].plan;
    return NULL;
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
        event->is_settled = true;
    } else if (!event->message.value) {
        event_bury(event, "tombstone", NULL, "the message has no value");
    } else {
        event_bury(event, "short", NULL, "the message is empty");
    }
}

static void bury_unknown(struct event *event, uint64_t fingerprint, struct arena *arena)
{
    char detail[80];

    snprintf(detail, sizeof detail, "no schema with fingerprint %016" PRIx64 " is known",
             fingerprint);
    event_bury(event, "schema_unknown", NULL, arena_copy(arena, detail, strlen(detail)));
}

/* The plan for a message with a proper frame; NULL: the event was buried. */
static const struct plan *choose_plan(const struct decoder *decoder, struct event *event,
                                      struct arena *arena)
{
    const uint8_t *bytes = event->message.value;
    const struct plan *plan;
    uint64_t fingerprint = 0;

    if (event->message.value_size > decoder->max_event_bytes) {
        event_bury(event, "too_large", NULL,
                   "the message is larger than max_event_bytes");
        return NULL;
    }
    if (event->message.value_size < FRAME_SIZE || bytes[0] != 0xc3 || bytes[1] != 0x01) {
        event_bury(event, "envelope", NULL,
                   "the message does not begin as an Avro single object");
        return NULL;
    }
    for (int i = 7; i >= 0; i--)
        fingerprint = fingerprint << 8 | bytes[2 + i];
    plan = find_plan(decoder, fingerprint);
    if (!plan)
        bury_unknown(event, fingerprint, arena);
    return plan;
}

static void decode_event(struct decoder *decoder, struct event *event,
                         struct arena *arena)
{
    const struct plan *plan;
    struct value record;

    headers_check(event);
    if (event->is_settled)
        return;
    if (event->message.value_size == 0) {
        decode_empty(event);
        return;
    }
    plan = choose_plan(decoder, event, arena);
    if (!plan)
        return;
    if (!plan_run(plan, event->message.value + FRAME_SIZE,
                  event->message.value_size - FRAME_SIZE, arena, &record,
                  &event->reject)) {
        event_bury(event, event->reject.reason, event->reject.field,
                   event->reject.detail);
        return;
    }
    event->values = record.items;
    event->event_id = record.items[decoder->reader->event_id].bytes;
    reader_content_hash(decoder->reader, event->values, event->content_hash);
}

void decode_batch(struct decoder *decoder, struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        headers_count(&batch->events[i], NULL);
        decode_event(decoder, &batch->events[i], batch->arena);
    }
}
