/* decode_fuzz.c - bytes -> values, with the plan of every built-in schema.
 *
 * Input: a message; one with a frame that nobody knows is given to any of the schemas. */
#include <string.h>

#include "common/text.h"
#include "tests/fuzz/support.h"

enum { ARENA_FACTOR = 16, ARENA_BASE = 64 << 10 };

/* The same value always gives the same JSON, of which a reader can make sense. */
static void check_json(const struct schema *schema, const struct value *value)
{
    static struct text one, two;
    bool has_nul;

    text_clear(&one);
    text_clear(&two);
    value_json(&one, schema, value);
    value_json(&two, schema, value);
    MUST(one.size == two.size && memcmp(one.bytes, two.bytes, one.size) == 0);
    MUST(text_is_utf8(one.bytes, one.size, NULL, &has_nul) && !has_nul);
}

/* The content hash is a function of the values. */
static void check_hash(struct reader *reader, const struct event *event)
{
    uint8_t again[SHA256_SIZE];

    reader_content_hash(reader, event->values, again);
    MUST(memcmp(again, event->content_hash, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct reader *reader;
    const struct event *event;
    size_t kind;

    if (size < FRAME_SIZE)
        return 0;
    event = fuzz_decode_framed(data, size, &kind);
    MUST(fuzz_arena_used() <= ARENA_FACTOR * size + ARENA_BASE);
    fuzz_check_event(kind, event);
    if (event->outcome != EVENT_STORED)
        return 0;
    reader = decoder_reader(fuzz_decoder(kind));
    for (size_t i = 0; i < reader->schema->count; i++)
        check_json(reader->schema->fields[i].type, &event->values[i]);
    check_hash((struct reader *)(uintptr_t)reader, event);
    return 0;
}
