/* tile.c - run-length lists of outcomes ("s9998 d1 x1"), and the arrays that carry them to the server. Prints are most of
 * their bytes, so these go in binary form. */
#include "consumers/runtime/tile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/text.h"
#include "consumers/runtime/chain.h"
#include "consumers/runtime/copy.h"

enum { PRINTS = TILE_PARAMETERS - 3, ARRAYS = PRINTS };

struct tile {
    const struct claim *claim;
    int64_t next_offset; /* behind the last event seen so far */
    struct text outcomes;
    char letter; /* of the run that is open */
    int64_t run;
    int64_t counts[4];    /* stored, duplicate, dead letter, absent */
    int32_t leader_epoch; /* of the last event seen so far */
    uint8_t head[SHA256_SIZE];
    struct text prints;
};

struct tiles {
    size_t count;
    struct tile *list;
    struct text arrays[ARRAYS];
    char layouts[2][16];
    struct text prints;
    struct pg_parameter parameters[TILE_PARAMETERS];
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

static void add_event(struct tile *tile, struct sha256 *hash, const struct event *event)
{
    bool has_row = event->outcome == EVENT_STORED || event->outcome == EVENT_DEAD;

    add_absent(tile, event->message.offset);
    add_outcome(tile, (char)event->outcome, 1);
    if (event->outcome != EVENT_ABSENT)
        chain_step(hash, tile->head, event->message.offset, (char)event->outcome,
                   has_row ? event->leaf : NULL);
    if (has_row)
        text_add(&tile->prints, event->leaf, CHAIN_PRINT_SIZE);
    tile->leader_epoch = event->message.leader_epoch;
}

/* A tile for each claim that moves; of_claim[i]: that of claim i, NULL if there is none. */
static void begin_tiles(struct tiles *tiles, const struct batch *batch,
                        const struct claim *claims, size_t count, struct tile **of_claim)
{
    for (size_t i = 0; i < count; i++) {
        if (batch->next_offsets[i] <= claims[i].next_offset)
            continue;
        of_claim[i] = &tiles->list[tiles->count++];
        of_claim[i]->claim = &claims[i];
        of_claim[i]->next_offset = claims[i].next_offset;
        memcpy(of_claim[i]->head, claims[i].head, SHA256_SIZE);
    }
}

struct tiles *tiles_of(const struct batch *batch, const struct claim *claims,
                       size_t count, struct sha256 *hash)
{
    struct tiles *tiles = xcalloc(1, sizeof *tiles);
    struct tile **of_claim = xcalloc(count, sizeof *of_claim);

    tiles->list = xcalloc(count, sizeof *tiles->list);
    begin_tiles(tiles, batch, claims, count, of_claim);
    for (size_t i = 0; i < batch->count; i++)
        add_event(of_claim[batch->events[i].claim], hash, &batch->events[i]);
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
    if (!tiles)
        return;
    for (size_t i = 0; i < tiles->count; i++) {
        text_free(&tiles->list[i].outcomes);
        text_free(&tiles->list[i].prints);
    }
    for (size_t i = 0; i < ARRAYS; i++)
        text_free(&tiles->arrays[i]);
    text_free(&tiles->prints);
    free(tiles->list);
    free(tiles);
}

size_t tiles_count(const struct tiles *tiles)
{
    return tiles->count;
}

static void add_members(struct text arrays[ARRAYS], const struct tile *tile)
{
    const int64_t before[] = {tile->claim->source_id, tile->claim->next_offset,
                              tile->next_offset, tile->claim->owner_epoch};
    const int64_t behind[] = {tile->counts[0], tile->counts[1], tile->counts[2],
                              tile->counts[3], tile->leader_epoch};
    struct text *array = arrays;

    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        text_format(array++, "%" PRId64, before[i]);
    text_format(array++, "\"%s\"", tile->outcomes.bytes);
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++)
        text_format(array++, "%" PRId64, behind[i]);
    text_add_string(array, "\"\\\\x");
    text_add_hex(array, tile->head, SHA256_SIZE);
    text_add_string(array, "\"");
}

/* bytea[], an item for each tile. */
static void put_prints(struct tiles *tiles)
{
    const uint32_t bytea_oid = 17;

    copy_put_array_head(&tiles->prints, bytea_oid, (uint32_t)tiles->count);
    for (size_t i = 0; i < tiles->count; i++) {
        const struct text *prints = &tiles->list[i].prints;
        copy_put_bytes(&tiles->prints, prints->size ? prints->bytes : "", prints->size);
    }
    tiles->parameters[PRINTS] =
        (struct pg_parameter){tiles->prints.bytes, tiles->prints.size, true};
}

const struct pg_parameter *tiles_parameters(struct tiles *tiles,
                                            const struct tile_layouts *layouts)
{
    for (size_t i = 0; i < tiles->count; i++) {
        for (size_t j = 0; j < ARRAYS; j++)
            text_add_string(&tiles->arrays[j], i ? "," : "{");
        add_members(tiles->arrays, &tiles->list[i]);
    }
    for (size_t j = 0; j < ARRAYS; j++) {
        text_add_string(&tiles->arrays[j], "}");
        tiles->parameters[j] = (struct pg_parameter){.bytes = tiles->arrays[j].bytes};
    }
    put_prints(tiles);
    snprintf(tiles->layouts[0], sizeof tiles->layouts[0], "%" PRId32, layouts->rows);
    snprintf(tiles->layouts[1], sizeof tiles->layouts[1], "%" PRId32,
             layouts->dead_letters);
    tiles->parameters[PRINTS + 1] = (struct pg_parameter){.bytes = tiles->layouts[0]};
    tiles->parameters[PRINTS + 2] = (struct pg_parameter){.bytes = tiles->layouts[1]};
    return tiles->parameters;
}
