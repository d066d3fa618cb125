/* support.c - decoders of all kinds, one batch, and the few calls of kafka.h that they make. */
#include "tests/fuzz/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/builtin.h"
#include "common/schema.h"
#include "common/text.h"

enum { MAX_EVENT_BYTES = 1 << 20, MOST_SCHEMAS = 64 };

const char *const fuzz_kinds[FUZZ_KINDS] = {
    "drone_alert", "patrol_log", "inspection_finding", "case_action", "flight_task"};

void fuzz_fail(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: must hold: %s\n", file, line, condition);
    abort();
}

/* ---- messages without a broker: the handle holds the headers ---- */

const void *kafka_message_header(const struct kafka_message *message, const char *name,
                                 size_t *size)
{
    const struct fuzz_headers *headers = message->handle;

    for (size_t i = headers ? headers->count : 0; i-- > 0;)
        if (strcmp(headers->items[i].name, name) == 0) {
            *size = headers->items[i].size;
            return headers->items[i].value;
        }
    *size = 0;
    return NULL;
}

bool kafka_message_headers(const struct kafka_message *message, kafka_visit_header *visit,
                           void *context)
{
    const struct fuzz_headers *headers = message->handle;

    for (size_t i = 0; headers && i < headers->count; i++)
        if (!visit(context, &headers->items[i]))
            break;
    return true;
}

size_t kafka_message_room(const struct kafka_message *message,
                          const struct kafka_message *next)
{
    (void)message;
    (void)next;
    return SIZE_MAX;
}

void kafka_message_free(struct kafka_message *message)
{
    message->handle = NULL;
}

/* ---- decoding ---- */

static struct batch *batch;

struct decoder *fuzz_decoder(size_t kind)
{
    static struct decoder *decoders[FUZZ_KINDS];
    struct decoder **decoder = &decoders[kind % FUZZ_KINDS];
    struct err e;

    if (!*decoder)
        *decoder = decoder_new(fuzz_kinds[kind % FUZZ_KINDS], MAX_EVENT_BYTES, NULL, &e);
    MUST(*decoder);
    return *decoder;
}

const struct event *fuzz_decode(size_t kind, const void *value, size_t size,
                                const struct fuzz_headers *headers)
{
    struct err e;

    if (!batch)
        batch = batch_new(1);
    batch_reset(batch);
    batch->events[batch->count++] = (struct event){
        .message = {.value = value,
                    .value_size = size,
                    .handle = (void *)(uintptr_t)headers},
        .outcome = EVENT_STORED,
    };
    MUST(!decode_batch(fuzz_decoder(kind), NULL, batch, &e));
    return &batch->events[0];
}

size_t fuzz_arena_used(void)
{
    return arena_used(batch->arena);
}

/* ---- the built-in schemas ---- */

static struct builtin {
    size_t kind;
    uint64_t fingerprint;
} builtins[MOST_SCHEMAS];
static size_t builtin_count;

static size_t kind_of(const char *path)
{
    size_t kind = 0;

    while (
        kind < FUZZ_KINDS
        && (strncmp(path + strlen("schemas/"), fuzz_kinds[kind], strlen(fuzz_kinds[kind]))
            || path[strlen("schemas/") + strlen(fuzz_kinds[kind])] != '/'))
        kind++;
    return kind;
}

static void list_builtins(void)
{
    for (const struct builtin_file *file = builtin_schemas; file->path; file++) {
        struct schema_file *schema;
        struct err e;
        if (kind_of(file->path) == FUZZ_KINDS)
            continue;
        MUST(builtin_count < MOST_SCHEMAS);
        schema = schema_parse(file->path, file->text, file->size, &e);
        MUST(schema);
        builtins[builtin_count++] =
            (struct builtin){kind_of(file->path), schema_fingerprint(schema)};
        schema_free(schema);
    }
}

static const struct builtin *builtin_of(uint64_t fingerprint)
{
    if (builtin_count == 0)
        list_builtins();
    for (size_t i = 0; i < builtin_count; i++)
        if (builtins[i].fingerprint == fingerprint)
            return &builtins[i];
    return &builtins[fingerprint % builtin_count];
}

const struct event *fuzz_decode_framed(const uint8_t *value, size_t size, size_t *kind)
{
    static uint8_t *message; /* as large as it is, so that a read beyond it is seen */
    const struct builtin *builtin;
    uint64_t fingerprint = 0;

    for (int i = 7; i >= 0; i--)
        fingerprint = fingerprint << 8 | value[2 + i];
    builtin = builtin_of(fingerprint);
    message = realloc(message, size);
    MUST(message);
    memcpy(message, value, size);
    message[0] = 0xc3;
    message[1] = 0x01;
    for (int i = 0; i < 8; i++)
        message[2 + i] = (uint8_t)(builtin->fingerprint >> (8 * i));
    *kind = builtin->kind;
    return fuzz_decode(builtin->kind, message, size, NULL);
}

/* ---- what has to hold ---- */

static bool is_reason(const char *reason)
{
    static const char *const reasons[] = {
        "tombstone",      "short",     "envelope", "header", "schema_unknown",
        "schema_refused", "too_large", "trailing", "length", "varint",
        "items",          "boolean",   "enum",     "union",  "uuid",
        "utf8",           "nul",       "dup_key",  "range",  "requires",
    };

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(reasons[i], reason) == 0)
            return true;
    return false;
}

void fuzz_check_message(const char *message)
{
    MUST(message && *message);
    MUST(text_is_utf8(message, strlen(message), NULL, NULL));
    for (const char *at = message; *at; at++)
        MUST((unsigned char)*at >= ' ' && *at != 0x7f);
}

void fuzz_check_event(size_t kind, const struct event *event)
{
    const struct reader *reader = decoder_reader(fuzz_decoder(kind));

    if (event->outcome == EVENT_DEAD) {
        MUST(event->is_settled && !event->values && !event->event_id);
        MUST(is_reason(event->reject.reason));
        fuzz_check_message(event->reject.detail);
        return;
    }
    if (event->outcome == EVENT_ABSENT) {
        MUST(event->is_settled && !event->values);
        return;
    }
    MUST(event->outcome == EVENT_STORED && !event->is_settled);
    MUST(event->values && event->event_id);
    MUST(event->event_id == event->values[reader->event_id].bytes);
}
