/* check_fuzz.c - a device's line: what the producers accept, the consumers can store, and their JSON of it is
 * the same event to the producers.
 *
 * Input: a byte that chooses the kind, the line. */
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/text.h"
#include "producers/runtime/check.h"
#include "producers/runtime/encode.h"
#include "tests/fuzz/support.h"

/* Avro-C keeps pointers where alignment would not have them; what they point to has not leaked. */
const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
    return "use_unaligned=1";
}

struct device {
    struct contract contract;
    struct checker *checker;
    struct encoder *encoder;
};

static struct arena *arena;

static struct device *device_of(size_t kind)
{
    static struct device devices[FUZZ_KINDS];
    struct device *device = &devices[kind];
    struct err e;

    if (device->checker)
        return device;
    MUST(!contract_open(&device->contract, fuzz_kinds[kind], &e));
    device->checker = checker_new(&device->contract, &e);
    device->encoder = encoder_new(&device->contract, &e);
    MUST(device->checker && device->encoder);
    return device;
}

/* False: refused, with a reason. */
static bool encode(struct device *device, const void *line, size_t size,
                   struct text *message)
{
    struct datum event;
    const void *bytes;
    size_t length;
    struct err e;

    arena_reset(arena, 1 << 20);
    if (check_line(device->checker, arena, line, size, &event, NULL, &e)
        || encode_event(device->encoder, &event, &bytes, &length, &e)) {
        MUST(e.outcome == REJECT);
        fuzz_check_message(e.message);
        return false;
    }
    text_clear(message);
    text_add(message, bytes, length);
    return true;
}

/* The whole event as JSON, as it would stand in json columns. */
static void write_json(size_t kind, const struct event *event, struct text *json)
{
    const struct schema *schema = decoder_reader(fuzz_decoder(kind))->schema;
    const struct value record = {
        .kind = VALUE_ITEMS,
        .count = (uint32_t)schema->count,
        .items = (struct value *)(uintptr_t)event->values,
    };

    text_clear(json);
    value_json(json, schema, &record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct text message, json, again;
    const struct event *event;
    size_t kind;

    if (size == 0)
        return 0;
    if (!arena)
        arena = arena_new();
    kind = data[0] % FUZZ_KINDS;
    if (!encode(device_of(kind), data + 1, size - 1, &message))
        return 0;
    event = fuzz_decode(kind, message.bytes, message.size, NULL);
    MUST(event->outcome == EVENT_STORED);
    fuzz_check_event(kind, event);
    write_json(kind, event, &json);
    MUST(encode(device_of(kind), json.bytes, json.size, &again));
    MUST(again.size == message.size
         && memcmp(again.bytes, message.bytes, again.size) == 0);
    return 0;
}
