/* headers.c - bounds of a message's headers, and the copy that a dead letter keeps. */
#include "consumers/runtime/headers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fewer bytes cannot hold more than HEADERS_MOST: one for the number of headers, two for the least of them. */
enum { PLAIN_BYTES = 1 + 2 * HEADERS_MOST };

static bool add_to_sum(void *context, const struct kafka_header *header)
{
    struct header_sum *sum = context;

    sum->count++;
    sum->bytes += strlen(header->name) + header->size;
    sum->types += strcmp(header->name, "ce_type") == 0;
    return true;
}

size_t headers_count(struct event *event, const struct kafka_message *next)
{
    struct header_sum *sum = &event->headers;

    if (sum->is_counted)
        return sum->bytes;
    sum->is_counted = true;
    sum->bytes = next ? kafka_message_room(&event->message, next) : SIZE_MAX;
    if (sum->bytes <= PLAIN_BYTES && event->message.value_size > 0)
        return sum->bytes;
    sum->bytes = 0;
    if (!kafka_message_headers(&event->message, add_to_sum, sum))
        sum->count = SIZE_MAX;
    return sum->bytes;
}

void headers_check(struct event *event)
{
    const struct header_sum *sum = &event->headers;

    if (sum->count == SIZE_MAX)
        event_bury(event, "header", NULL, "the headers cannot be read");
    else if (sum->count > HEADERS_MOST)
        event_bury(event, "header", NULL, "the message has more than 100 headers");
    else if (sum->bytes > HEADERS_MOST_BYTES)
        event_bury(event, "header", NULL, "the headers are larger than 64 KiB");
    else if (sum->types > 1 && event->message.value_size == 0)
        event_bury(event, "header", NULL,
                   "the message has no value, and more than one header ce_type");
}

/* ---- what is kept ---- */

struct keeper {
    struct headers_kept *kept;
    size_t used;       /* of its text */
    size_t of, counts; /* how often the marks of a replay came */
    struct replay_mark replay;
};

/* The header's value as a text; "" if that is longer than any mark. */
static void read_text(const struct kafka_header *header, char text[48])
{
    size_t size = header->value && header->size < 48 ? header->size : 0;

    memcpy(text, size ? header->value : "", size);
    text[size] = '\0';
}

static void note_mark(struct keeper *keeper, const struct kafka_header *header)
{
    struct replay_mark *replay = &keeper->replay;
    char text[48], rest;

    read_text(header, text);
    if (strcmp(header->name, HEADER_REPLAY_OF) == 0)
        keeper->of += sscanf(text, "%9" SCNd32 "/%18" SCNd64 "%c", &replay->source_id,
                             &replay->offset, &rest)
                              == 2
                          ? 1
                          : 2;
    else if (strcmp(header->name, HEADER_REPLAY_COUNT) == 0)
        keeper->counts +=
            sscanf(text, "%9" SCNd32 "%c", &replay->count, &rest) == 1 ? 1 : 2;
}

static bool is_mark_good(const struct keeper *keeper)
{
    const struct replay_mark *replay = &keeper->replay;

    return keeper->of == 1 && keeper->counts == 1 && replay->source_id > 0
           && replay->offset >= 0 && replay->count >= 1 && replay->count <= REPLAYS_MOST;
}

static void *copy(struct keeper *keeper, const void *bytes, size_t size)
{
    char *at = keeper->kept->text + keeper->used;

    memcpy(at, bytes, size);
    keeper->used += size;
    return at;
}

static void keep_one(struct keeper *keeper, const struct kafka_header *header)
{
    struct headers_kept *kept = keeper->kept;
    size_t name_size = strlen(header->name), bytes = name_size + header->size;
    struct kafka_header *to;

    if (kept->kept < kept->count || kept->kept == HEADERS_MOST
        || kept->bytes + bytes > HEADERS_KEPT_BYTES)
        return;
    to = &kept->list[kept->kept++];
    to->name = copy(keeper, header->name, name_size + 1);
    to->value = header->value ? copy(keeper, header->value, header->size) : NULL;
    to->size = header->size;
    kept->bytes += bytes;
}

static bool visit(void *context, const struct kafka_header *header)
{
    struct keeper *keeper = context;

    note_mark(keeper, header);
    keep_one(keeper, header);
    keeper->kept->count++;
    return true;
}

void headers_keep(const struct kafka_message *message, struct headers_kept *kept)
{
    struct keeper keeper = {.kept = kept};

    kept->kept = kept->bytes = kept->count = 0;
    kept->is_readable = kafka_message_headers(message, visit, &keeper);
    kept->replay = is_mark_good(&keeper) ? keeper.replay : (struct replay_mark){0};
}
