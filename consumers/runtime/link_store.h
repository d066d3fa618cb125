/* link_store.h - cases and reports in memory, for who decides again without a database: what a transaction reads of
 * schema follow_up before it links, and what it writes back.
 *
 *     link_store_read(store, ...); link_sightings(...); link_store_write(store, ...);
 *
 * A case is known by its number, from 0 in the order of opening; it never changes. About 250 bytes a case and 150 a
 * report. */
#ifndef GRIDLOOP_LINK_STORE_H
#define GRIDLOOP_LINK_STORE_H

#include "consumers/runtime/link.h"
#include "consumers/runtime/link_index.h"

struct link_store; /* opaque */

struct link_store *link_store_new(void);
void link_store_free(struct link_store *store); /* NULL is fine */

/* What one transaction reads, in its arena. */
struct link_reading {
    struct link_case *cases;
    uint32_t *numbers; /* of each of the cases */
    size_t case_count;
    struct link_report *reports;
    size_t report_count;
};

/* All that can matter to these sightings: cases in the cells near by, those with the ids that they would open (the
 * derived ones, too), the reports and the cases that hold them, the heads of merged ones; each once. */
void link_store_read(struct link_store *store, struct arena *arena,
                     const struct link_sighting *sightings, size_t count,
                     struct link_reading *reading);

/* Keeps what is new or changed in the output of a linking that was given the reading. Texts are copied. Returns, in
 * the arena, the number of each case of the output. */
const uint32_t *link_store_write(struct link_store *store, struct arena *arena,
                                 const struct link_reading *reading,
                                 const struct link_output *output);

/* A case that no sighting opened; returns its number. */
uint32_t link_store_add(struct link_store *store, const struct link_case *c);

size_t link_store_count(const struct link_store *store); /* of cases */
uint32_t link_store_find(const struct link_store *store,
                         const uint8_t case_id[UUID_SIZE]); /* LINK_NONE: there is none */
/* Valid until the next link_store_write(). Its id, place, group and is_test must not be changed. */
struct link_case *link_store_case(struct link_store *store, uint32_t number);

#endif
