/* framing_fuzz.c - a whole message, headers and value, as the daemon's decode stage gets it.
 *
 * Input: a byte that chooses the kind, a byte for the number of headers; each header as a byte of length and
 * its name, a byte of length (255: no value at all) and its value; a byte, odd if there is a value; the value. */
#include <stdlib.h>
#include <string.h>

#include "consumers/runtime/headers.h"
#include "tests/fuzz/support.h"

enum { MOST_HEADERS = 255, NO_VALUE = 255 };

struct input {
    const uint8_t *at;
    size_t size;
};

static uint8_t take_byte(struct input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->at++;
}

/* A copy of as many bytes as there are, up to wanted, with a NUL behind it; the caller frees it. */
static char *take(struct input *input, size_t wanted, size_t *size)
{
    char *bytes;

    *size = wanted < input->size ? wanted : input->size;
    bytes = malloc(*size + 1);
    MUST(bytes);
    if (*size > 0)
        memcpy(bytes, input->at, *size);
    bytes[*size] = '\0';
    input->at += *size;
    input->size -= *size;
    return bytes;
}

static void take_header(struct input *input, struct kafka_header *header)
{
    uint8_t length = take_byte(input);
    size_t size;

    header->name = take(input, length, &size);
    length = take_byte(input);
    header->value = length == NO_VALUE ? NULL : take(input, length, &header->size);
}

static void free_headers(struct kafka_header *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)items[i].name);
        free((void *)(uintptr_t)items[i].value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kafka_header items[MOST_HEADERS] = {0};
    struct input input = {data, size};
    uint8_t kind = take_byte(&input);
    struct fuzz_headers headers = {take_byte(&input), items};
    const struct event *event;
    struct headers_kept kept;

    for (size_t i = 0; i < headers.count; i++)
        take_header(&input, &items[i]);
    event = take_byte(&input) & 1 ? fuzz_decode(kind, input.at, input.size, &headers)
                                  : fuzz_decode(kind, NULL, 0, &headers);
    fuzz_check_event(kind, event);
    headers_keep(&event->message, &kept);
    MUST(kept.is_readable && kept.kept <= kept.count);
    free_headers(items, headers.count);
    return 0;
}
