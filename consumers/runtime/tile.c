/* tile.c - run-length lists of outcomes ("s9998 d1 x1"), and the arrays that carry them to the server. */
#include "consumers/runtime/tile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/text.h"

struct tile {
    const struct claim *claim;
    int64_t next_offset; /* behind the last event seen so far */
    struct text outcomes;
    char letter; /* of the run that is open */
    int64_t run;
    int64_t counts[4];    /* stored, duplicate, dead letter, absent */
    int32_t leader_epoch; /* of the last event seen so far */
};

struct tiles {
    size_t count;
    struct tile *list;
    struct text arrays[TILE_PARAMETERS - 1];
    char layout[16];
    const char *parameters[TILE_PARAMETERS];
};

static int count_index(char letter)
{
    switch (letter) {
    case EVENT_STORED: return 0;
    case EVENT_DUPLICATE: return 1;
    case EVENT_DEAD: return 2;
    default: return 3;
    }
}

static void close_run(struct tile *tile)
{
    if (tile->run)
        text_format(&tile->outcomes, "%s%c%" PRId64, tile->outcomes.size ? " " : "",
                    tile->letter, tile->run);
    tile->run = 0;
}

static void add_outcome(struct tile *tile, char letter, int64_t times)
{
    if (tile->letter != letter)
        close_run(tile);
    tile->letter = letter;
    tile->run += times;
    tile->counts[count_index(letter)] += times;
    tile->next_offset += times;
}

/* Offsets up to offset that no event stands for. */
static void add_absent(struct tile *tile, int64_t offset)
{
    if (offset > tile->next_offset)
        add_outcome(tile, EVENT_ABSENT, offset - tile->next_offset);
}

struct tiles *tiles_of(const struct batch *batch, const struct claim *claims,
                       size_t count)
{
    struct tiles *tiles = xcalloc(1, sizeof *tiles);
    struct tile **of_claim = xcalloc(count, sizeof *of_claim);

    tiles->list = xcalloc(count, sizeof *tiles->list);
    for (size_t i = 0; i < count; i++)
        if (batch->next_offsets[i] > claims[i].next_offset) {
            of_claim[i] = &tiles->list[tiles->count++];
            of_claim[i]->claim = &claims[i];
            of_claim[i]->next_offset = claims[i].next_offset;
        }
    for (size_t i = 0; i < batch->count; i++) {
        const struct event *event = &batch->events[i];
        of_claim[event->claim]->leader_epoch = event->message.leader_epoch;
        add_absent(of_claim[event->claim], event->message.offset);
        add_outcome(of_claim[event->claim], (char)event->outcome, 1);
    }
    for (size_t i = 0; i < count; i++)
        if (of_claim[i])
            add_absent(of_claim[i], batch->next_offsets[i]);
    for (size_t i = 0; i < tiles->count; i++)
        close_run(&tiles->list[i]);
    free(of_claim);
    return tiles;
}

void tiles_free(struct tiles *tiles)
{
    for (size_t i = 0; i < tiles->count; i++)
        text_free(&tiles->list[i].outcomes);
    for (size_t i = 0; i < TILE_PARAMETERS - 1; i++)
        text_free(&tiles->arrays[i]);
    free(tiles->list);
    free(tiles);
}

size_t tiles_count(const struct tiles *tiles)
{
    return tiles->count;
}

const char *const *tiles_parameters(struct tiles *tiles, int32_t layout_id)
{
    for (size_t i = 0; i < tiles->count; i++) {
        const struct tile *tile = &tiles->list[i];
        const int64_t numbers[] = {tile->claim->source_id, tile->claim->next_offset,
                                   tile->next_offset,      tile->claim->owner_epoch,
                                   0 /* outcomes */,       tile->counts[0],
                                   tile->counts[1],        tile->counts[2],
                                   tile->counts[3],        tile->leader_epoch};
        for (size_t j = 0; j < TILE_PARAMETERS - 1; j++) {
            text_add_string(&tiles->arrays[j], i ? "," : "{");
            if (j == 4)
                text_format(&tiles->arrays[j], "\"%s\"", tile->outcomes.bytes);
            else
                text_format(&tiles->arrays[j], "%" PRId64, numbers[j]);
        }
    }
    for (size_t j = 0; j < TILE_PARAMETERS - 1; j++) {
        text_add_string(&tiles->arrays[j], "}");
        tiles->parameters[j] = tiles->arrays[j].bytes;
    }
    snprintf(tiles->layout, sizeof tiles->layout, "%" PRId32, layout_id);
    tiles->parameters[TILE_PARAMETERS - 1] = tiles->layout;
    return tiles->parameters;
}
