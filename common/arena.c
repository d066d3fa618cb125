/* arena.c - chained blocks and a pointer that moves. */
#include "common/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Under AddressSanitizer what is not given out is poisoned, with a gap behind each
 * piece: otherwise it could see neither an overflow inside a block nor a use after
 * arena_reset(). */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
enum { GAP = 16 };
#define POISON(at, size) ASAN_POISON_MEMORY_REGION(at, size)
#define UNPOISON(at, size) ASAN_UNPOISON_MEMORY_REGION(at, size)
#else
enum { GAP = 0 };
#define POISON(at, size) ((void)0)
#define UNPOISON(at, size) ((void)0)
#endif

enum {
    ALIGNMENT = _Alignof(max_align_t),
    SMALLEST_BLOCK = 4096,
    LARGEST_BLOCK = 1 << 20,
    LARGE = LARGEST_BLOCK
            / 4 /* from here on a block of its own: less of a shared one is lost */
};

struct block {
    struct block *next;
    size_t room, used;
    max_align_t bytes[];
};

struct arena {
    struct block *blocks; /* in use; pieces come from the first one */
    struct block *spare;  /* kept by arena_reset() */
    size_t next_room;     /* of the next block */
    size_t given;
    size_t most; /* that was given out before something was given back */
};

static _Noreturn void out_of_memory(void)
{
    static const char message[] = "out of memory\n";

    if (write(STDERR_FILENO, message, sizeof message - 1) < 0)
        abort();
    abort();
}

static size_t product(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        out_of_memory();
    return bytes;
}

/* What a piece takes up. Never 0, so that two pieces never share an address. */
static size_t round_up(size_t size)
{
    if (size > SIZE_MAX / 2)
        out_of_memory();
    if (size == 0)
        size = 1;
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static struct block *block_new(size_t room)
{
    struct block *block = xmalloc(sizeof *block + room);

    block->room = room;
    block->used = 0;
    POISON(block->bytes, room);
    return block;
}

static void block_free(struct block *block)
{
    UNPOISON(block->bytes, block->room);
    free(block);
}

static void blocks_free(struct block *block)
{
    while (block) {
        struct block *next = block->next;
        block_free(block);
        block = next;
    }
}

static void *block_take(struct block *block, size_t size)
{
    char *piece = (char *)block->bytes + block->used;

    block->used += size + GAP;
    UNPOISON(piece, size);
    return piece;
}

struct arena *arena_new(void)
{
    struct arena *arena = xcalloc(1, sizeof *arena);

    arena->next_room = SMALLEST_BLOCK;
    return arena;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    blocks_free(arena->blocks);
    blocks_free(arena->spare);
    free(arena);
}

/* The first spare block that is large enough; NULL if none is. */
static struct block *spare_take(struct arena *arena, size_t room)
{
    for (struct block **at = &arena->spare; *at; at = &(*at)->next)
        if ((*at)->room >= room) {
            struct block *block = *at;
            *at = block->next;
            return block;
        }
    return NULL;
}

static struct block *block_of_next_size(struct arena *arena, size_t least)
{
    struct block *block;

    while (arena->next_room < least)
        arena->next_room *= 2;
    block = block_new(arena->next_room);
    if (arena->next_room < LARGEST_BLOCK)
        arena->next_room *= 2;
    return block;
}

static void add_block(struct arena *arena, size_t least)
{
    struct block *block = spare_take(arena, least);

    if (!block)
        block = block_of_next_size(arena, least);
    block->next = arena->blocks;
    arena->blocks = block;
}

/* Behind the first block, which stays the one that small pieces come from. */
static void *take_large(struct arena *arena, size_t size)
{
    struct block *block = block_new(size + GAP);
    struct block **at = arena->blocks ? &arena->blocks->next : &arena->blocks;

    block->next = *at;
    *at = block;
    return block_take(block, size);
}

void *arena_take(struct arena *arena, size_t size)
{
    const struct block *first = arena->blocks;

    size = round_up(size);
    arena->given += size;
    if (first && first->room - first->used >= size + GAP)
        return block_take(arena->blocks, size);
    if (size >= LARGE)
        return take_large(arena, size);
    add_block(arena, size + GAP);
    return block_take(arena->blocks, size);
}

void *arena_take_array(struct arena *arena, size_t count, size_t size)
{
    return arena_take(arena, product(count, size));
}

char *arena_copy(struct arena *arena, const void *bytes, size_t size)
{
    char *copy = arena_take(arena, size + 1);

    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

static bool is_last(const struct block *block, const void *piece, size_t size)
{
    return block
           && (const char *)piece + size + GAP
                  == (const char *)block->bytes + block->used;
}

/* The link to the block that piece has for itself; NULL: it shares one. */
static struct block **find_own(struct arena *arena, const void *piece, size_t size)
{
    for (struct block **at = &arena->blocks; size >= LARGE && *at; at = &(*at)->next)
        if ((*at)->bytes == piece && (*at)->room == size + GAP)
            return at;
    return NULL;
}

static void *resize_own(struct block **at, size_t size)
{
    struct block *block = *at;

    UNPOISON(block->bytes, block->room);
    block = xrealloc(block, sizeof *block + size + GAP);
    block->room = block->used = size + GAP;
    POISON((char *)block->bytes + size, GAP);
    *at = block;
    return block->bytes;
}

static void *resize_last(struct block *block, void *piece, size_t old_size,
                         size_t new_size)
{
    block->used += new_size - old_size;
    POISON(piece, old_size + GAP);
    UNPOISON(piece, new_size);
    return piece;
}

static void *move(struct arena *arena, void *piece, size_t old_size, size_t new_size)
{
    struct block *block = arena->blocks;
    bool was_last = is_last(block, piece, old_size);
    void *copy = arena_take(arena, new_size);

    memcpy(copy, piece, old_size);
    if (was_last && is_last(block, piece, old_size)) {
        arena->most = arena_most_used(arena);
        block->used -= old_size + GAP;
        arena->given -= old_size;
        POISON(piece, old_size);
    }
    return copy;
}

void *arena_resize(struct arena *arena, void *piece, size_t old_size, size_t new_size)
{
    struct block *first = arena->blocks, **own;

    if (!piece)
        return arena_take(arena, new_size);
    old_size = round_up(old_size);
    new_size = round_up(new_size);
    if (new_size < old_size)
        arena->most = arena_most_used(arena);
    if (is_last(first, piece, old_size)
        && first->room - first->used + old_size >= new_size) {
        arena->given += new_size - old_size;
        return resize_last(first, piece, old_size, new_size);
    }
    own = find_own(arena, piece, old_size);
    if (own) {
        arena->given += new_size - old_size;
        return resize_own(own, new_size);
    }
    return new_size > old_size ? move(arena, piece, old_size, new_size) : piece;
}

void *arena_grow(struct arena *arena, void *list, size_t count, size_t size)
{
    if (count & (count - 1))
        return list;
    return arena_resize(arena, list, count * size, (count ? 2 * count : 1) * size);
}

struct arena_mark arena_mark(const struct arena *arena)
{
    const struct block *first = arena->blocks;

    return (struct arena_mark){first, first ? first->next : NULL, first ? first->used : 0,
                               arena->given};
}

/* Takes a block out of use. One that a large piece had for itself would never be used again. */
static void retire(struct arena *arena, struct block **at)
{
    struct block *block = *at;

    *at = block->next;
    if (block->room >= LARGE) {
        block_free(block);
        return;
    }
    block->used = 0;
    POISON(block->bytes, block->room);
    block->next = arena->spare;
    arena->spare = block;
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
    struct block *first;

    while (arena->blocks != mark.block)
        retire(arena, &arena->blocks);
    first = arena->blocks;
    while (first && first->next != mark.next)
        retire(arena, &first->next);
    if (first) {
        first->used = mark.used;
        POISON((char *)first->bytes + mark.used, first->room - mark.used);
    }
    arena->most = arena_most_used(arena);
    arena->given = mark.given;
}

/* A very large piece's block goes back always: the next very large piece hardly fits it. */
static bool worth_keeping(const struct block *block, size_t keep_bytes)
{
    return block->room <= LARGEST_BLOCK && block->room <= keep_bytes;
}

void arena_reset(struct arena *arena, size_t keep_bytes)
{
    struct block *lists[] = {arena->blocks, arena->spare};

    arena->blocks = arena->spare = NULL;
    arena->given = arena->most = 0;
    for (size_t i = 0; i < 2; i++)
        for (struct block *block = lists[i], *next; block; block = next) {
            next = block->next;
            if (!worth_keeping(block, keep_bytes)) {
                block_free(block);
                continue;
            }
            keep_bytes -= block->room;
            block->used = 0;
            POISON(block->bytes, block->room);
            block->next = arena->spare;
            arena->spare = block;
        }
}

size_t arena_used(const struct arena *arena)
{
    return arena->given;
}

size_t arena_most_used(const struct arena *arena)
{
    return arena->given > arena->most ? arena->given : arena->most;
}

void *xmalloc(size_t size)
{
    void *bytes = malloc(size ? size : 1);

    if (!bytes)
        out_of_memory();
    return bytes;
}

void *xcalloc(size_t count, size_t size)
{
    void *bytes = calloc(count ? count : 1, size ? size : 1);

    if (!bytes)
        out_of_memory();
    return bytes;
}

void *xrealloc(void *old, size_t size)
{
    void *bytes = realloc(old, size ? size : 1);

    if (!bytes)
        out_of_memory();
    return bytes;
}

char *xstrdup(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(xmalloc(size), text, size);
}
