/* life_store.h - lives of cases in memory, and the actions that wait, for who decides again without a database: what a
 * transaction reads of schema follow_up before the turns of its actions (case_turns.h), and what it writes back.
 * link_store.h is the same for linking; cases have the numbers that they have there.
 *
 * About 500 bytes a case, some 20 more for each step of it; 100 for each name of a report that belongs to another case;
 * 400 for each action that ever waited. */
#ifndef GRIDLOOP_LIFE_STORE_H
#define GRIDLOOP_LIFE_STORE_H

#include "consumers/runtime/case_turns.h"
#include "consumers/runtime/follow_tables.h"

struct life_store; /* opaque */

struct life_store *life_store_new(void);
void life_store_free(struct life_store *store); /* NULL is fine */

/* The next case. All is copied but the link, which is the caller's. */
void life_store_add(struct life_store *store, const struct case_file *file);

/* A case; its link is left to the caller. Borrowed until the next life_store_add(). */
struct case_file life_store_case(const struct life_store *store, uint32_t number);

/* The life that a case has from now on. */
void life_store_put(struct life_store *store, uint32_t number,
                    const struct case_life *life);
/* A case had one more step with that action. */
void life_store_count(struct life_store *store, uint32_t number, const char *action);

/* A report of that name belongs to a case; the first one counts. LINK_NONE: there is none. */
void life_store_name(struct life_store *store, const uint8_t name[UUID_SIZE],
                     uint32_t number);
uint32_t life_store_named(const struct life_store *store, const uint8_t name[UUID_SIZE]);

/* A copy in the arena, which the turns may change. */
struct case_life life_store_life(const struct life_store *store, uint32_t number,
                                 struct arena *arena);

/* What waits under the names of the turns: turns->parked. now_us is theirs. */
void life_store_read_parked(const struct life_store *store, struct case_turns *turns);
/* What waits after them. */
void life_store_write_parked(struct life_store *store, const struct case_turns *turns);

#endif
