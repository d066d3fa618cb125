/* messages.c - lines in, messages out. */
#include "tests/bench/messages.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "producers/runtime/check.h"
#include "producers/runtime/encode.h"
#include "tests/bench/support.h"

enum {
    ID_AT = 11, /* the frame and the id's length stand before it */
    ID_SIZE = UUID_TEXT_SIZE - 1,
    OCCURRED_AT = ID_AT + ID_SIZE,
    TIME_SIZE = 8,
    RECORDED_AT = OCCURRED_AT + TIME_SIZE,
    ARENA_KEPT = 1 << 20
};

struct message_maker {
    struct contract contract;
    struct checker *checker;
    struct encoder *encoder;
    struct arena *arena;
};

struct message_maker *message_maker_new(const char *kind)
{
    struct message_maker *maker = xcalloc(1, sizeof *maker);
    struct err e;

    maker->arena = arena_new();
    must(contract_open(&maker->contract, kind, &e), "the contract", &e);
    maker->checker = checker_new(&maker->contract, &e);
    if (!maker->checker)
        give_up("the contract", e.message);
    maker->encoder = encoder_new(&maker->contract, &e);
    if (!maker->encoder)
        give_up("the contract", e.message);
    return maker;
}

struct message message_make(const struct message_maker *maker, const char *line,
                            size_t size)
{
    struct message message = {0};
    struct datum event;
    const void *bytes;
    struct err e;

    arena_reset(maker->arena, ARENA_KEPT);
    must(check_line(maker->checker, maker->arena, line, size, &event, NULL, &e), "a line",
         &e);
    must(encode_event(maker->encoder, &event, &bytes, &message.size, &e), "a line", &e);
    message.bytes = xcalloc(1, message.size + 1);
    memcpy(message.bytes, bytes, message.size);
    return message;
}

/* Where the value of line's field is in the message: an id's text is the same in both. */
static size_t find_subject(const struct message *message, const char *line,
                           const char *field)
{
    char name[64];
    const char *value;
    const uint8_t *at;

    snprintf(name, sizeof name, "\"%s\":\"", field);
    value = strstr(line, name);
    if (!value || strlen(value += strlen(name)) < ID_SIZE)
        give_up(field, "is not in each line");
    at =
        memmem(message->bytes + RECORDED_AT, message->size - RECORDED_AT, value, ID_SIZE);
    if (!at)
        give_up(field, "is not in the message");
    return (size_t)(at - message->bytes);
}

struct message *messages_read(const struct message_maker *maker, FILE *input,
                              const char *subject, size_t *count)
{
    struct message *messages = NULL;
    char *line = NULL;
    size_t room = 0;
    ssize_t size;

    for (*count = 0; (size = getline(&line, &room, input)) > 0; ++*count) {
        messages = xrealloc(messages, (*count + 1) * sizeof *messages);
        messages[*count] = message_make(maker, line, (size_t)size);
        if (subject)
            messages[*count].subject_at = find_subject(&messages[*count], line, subject);
    }
    free(line);
    if (*count == 0)
        give_up("standard input", "has no lines");
    return messages;
}

void message_set_id(const struct message *message, const char id[UUID_TEXT_SIZE])
{
    memcpy(message->bytes + ID_AT, id, ID_SIZE);
    if (message->subject_at)
        memcpy(message->bytes + message->subject_at, id, ID_SIZE);
}

static void set_time(uint8_t *at, int64_t time_us)
{
    uint64_t rest = (uint64_t)time_us << 1;

    for (int i = 0; i < TIME_SIZE; i++, rest >>= 7)
        at[i] = (uint8_t)((rest & 0x7f) | (i < TIME_SIZE - 1 ? 0x80 : 0));
    if (time_us < 0 || rest)
        give_up("a time", "takes another number of bytes");
}

void message_set_times(const struct message *message, int64_t occurred_us,
                       int64_t recorded_us)
{
    set_time(message->bytes + OCCURRED_AT, occurred_us);
    set_time(message->bytes + RECORDED_AT, recorded_us);
}
