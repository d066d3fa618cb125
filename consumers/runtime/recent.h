/* recent.h - the events this process stored last: id and content hash, in bounded memory.
 *
 * An id that is here is stored for certain (rows are never deleted), so its repeat needs no look at the
 * database. An id that is not here may be stored all the same. After a lost connection the database may
 * have gone back in time (a restore, a fail-over): then the set must be cleared. */
#ifndef GRIDLOOP_RECENT_H
#define GRIDLOOP_RECENT_H

#include <stddef.h>
#include <stdint.h>

struct recent; /* opaque */

/* Remembers at least the last `least` (> 0) ids and at most twice as many. */
struct recent *recent_new(size_t least);
void recent_free(struct recent *recent); /* NULL is fine */

/* Of an id that is not there. */
void recent_add(struct recent *recent, const uint8_t event_id[16],
                const uint8_t content_hash[32]);

/* The content hash that was stored under this id; NULL: not among the last ones. */
const uint8_t *recent_find(const struct recent *recent, const uint8_t event_id[16]);

void recent_clear(struct recent *recent);

#endif
