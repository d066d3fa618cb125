/* arena.h - memory that is given out piece by piece and taken back all at once.
 *
 * A batch owns one arena: nothing in it is freed alone, so no error path can leak. Out
 * of memory aborts the program: nothing was committed, so the events are read again. */
#ifndef GRIDLOOP_ARENA_H
#define GRIDLOOP_ARENA_H

#include <stddef.h>

struct arena; /* opaque */

struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL is fine */

/* size bytes, aligned for any type, not set to zero; valid until the next arena_reset().
 * Never NULL. */
void *arena_take(struct arena *arena, size_t size);

/* The same, for count members of size bytes each; aborts where the product overflows. */
void *arena_take_array(struct arena *arena, size_t count, size_t size);

/* A copy of size bytes with a NUL behind it. */
char *arena_copy(struct arena *arena, const void *bytes, size_t size);

/* The piece with a new size and its content: in place if it was the last one given out, or is larger than a
 * block; else a new one, and the old one is lost until the next reset. piece may be NULL (and old_size 0). */
void *arena_resize(struct arena *arena, void *piece, size_t old_size, size_t new_size);

/* A list of count members with room for one more; lists double. It must have grown by this call alone, from NULL and 0. */
void *arena_grow(struct arena *arena, void *list, size_t count, size_t size);

/* Where an arena stands, and back to there: what was taken in between is given back. No piece from before the
 * mark may be resized in between. */
struct arena_mark {
    const void *block, *next;
    size_t used, given;
};
struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);

/* Takes everything back. Keeps up to keep_bytes for the next use and returns the rest to
 * the system; what was one piece above 1 MiB is never kept. */
void arena_reset(struct arena *arena, size_t keep_bytes);

/* Bytes given out since the last reset, each piece rounded up to its alignment; and the most that it ever was
 * since then, if some were given back. */
size_t arena_used(const struct arena *arena);
size_t arena_most_used(const struct arena *arena);

/* malloc, calloc, realloc, strdup that never return NULL: out of memory aborts. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);

#endif
