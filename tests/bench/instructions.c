/* instructions.c - the way of an event through a device and a daemon without servers, for counting: instructions.py
 * runs it under callgrind, which counts what the functions named stage_... do.
 *
 *   bench_instructions KIND < LINES
 *
 * Every stage is run once before it is counted, so that plans are made and memory has been got. */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "consumers/runtime/chain.h"
#include "consumers/runtime/columns.h"
#include "consumers/runtime/decode.h"
#include "consumers/runtime/fold.h"
#include "tests/bench/messages.h"
#include "tests/bench/support.h"

enum { MOST_LINES = 10000, MAX_EVENT_BYTES = 1 << 20 };

static struct way {
    struct message_maker *maker;
    char *lines[MOST_LINES];
    struct message messages[MOST_LINES];
    size_t count;
    struct decoder *decoder;
    struct columns *columns;
    struct batch *batch;
    struct recent *recent;
    struct sha256 *hash;
    struct text rows;
} way;

/* Their names stand in instructions.py. */
void stage_encode(void);
void stage_decode(void);
void stage_row(void);

/* A device: from the line to the message. */
__attribute__((noinline)) void stage_encode(void)
{
    for (size_t i = 0; i < way.count; i++)
        way.messages[i] = message_make(way.maker, way.lines[i], strlen(way.lines[i]));
}

/* A daemon: from the message to values and the hash of the content, and what repeats in the batch. */
__attribute__((noinline)) void stage_decode(void)
{
    struct err e;

    must(decode_batch(way.decoder, NULL, way.batch, &e), "decoding", &e);
    fold_batch(way.batch, way.recent, NULL);
}

/* A daemon: the row as COPY takes it, and its leaf in the chain. */
__attribute__((noinline)) void stage_row(void)
{
    static const uint8_t layout[SHA256_SIZE];

    for (size_t i = 0; i < way.batch->count; i++) {
        struct event *event = &way.batch->events[i];
        size_t start = way.rows.size;
        columns_put_row(way.columns, &way.rows, event, 1);
        chain_leaf(way.hash, layout, way.rows.bytes + start, way.rows.size - start,
                   event->leaf);
    }
}

static void read_lines(void)
{
    size_t room;
    char *line;

    for (;; way.lines[way.count++] = line) {
        line = NULL;
        room = 0;
        if (getline(&line, &room, stdin) <= 0)
            break;
        if (way.count == MOST_LINES)
            give_up("standard input", "has too many lines");
    }
    free(line);
}

static void fill_batch(void)
{
    batch_reset(way.batch);
    for (size_t i = 0; i < way.count; i++)
        way.batch->events[way.batch->count++] = (struct event){
            .message = {.offset = (int64_t)i,
                        .value = way.messages[i].bytes,
                        .value_size = way.messages[i].size},
            .headers = {.is_counted = true}, /* it has none */
            .outcome = EVENT_STORED,
        };
    text_clear(&way.rows);
}

static void check_outcome(void)
{
    for (size_t i = 0; i < way.count; i++)
        if (way.batch->events[i].outcome != EVENT_STORED)
            give_up("an event", "was not taken");
}

int main(int argc, char **argv)
{
    struct err e;

    if (argc != 2)
        give_up("usage", "bench_instructions KIND < LINES");
    way.maker = message_maker_new(argv[1]);
    way.decoder = decoder_new(argv[1], MAX_EVENT_BYTES, NULL, &e);
    if (!way.decoder)
        give_up("the decoder", e.message);
    way.columns = columns_new(decoder_reader(way.decoder), argv[1]);
    way.batch = batch_new(MOST_LINES);
    way.recent = recent_new(MOST_LINES);
    way.hash = sha256_new();
    read_lines();
    for (int i = 0; i < 2; i++) {
        stage_encode();
        fill_batch();
        stage_decode();
        check_outcome();
        stage_row();
    }
    printf("%zu\n", way.count);
    return 0;
}
