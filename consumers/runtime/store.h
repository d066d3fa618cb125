/* store.h - one batch, one PostgreSQL transaction: progress, events, dead letters, tiles.
 *
 * The order of steps is fixed, and correctness hangs on it: lock the progress rows (sorted; they say that
 * we still own them and where they stand) - insert the events (sorted by id) - link, or take actions - dead letters -
 * tiles and progress, compared once more - commit. */
#ifndef GRIDLOOP_STORE_H
#define GRIDLOOP_STORE_H

#include "common/err.h"
#include "common/pg.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/case_actions.h"
#include "consumers/runtime/columns.h"
#include "consumers/runtime/linker.h"
#include "consumers/runtime/reader.h"

struct store; /* opaque */

struct store_counts {
    int64_t batches, stored, duplicate, dead_letter, absent;
    int64_t ahead;    /* batches whose rows were chosen while the one before was stored */
    int64_t look_ups; /* batches that asked the database which ids it has */
    int64_t
        redone; /* transactions run again from the start: known ids, refused rows, missing locks */
};

/* reader, columns, linker (NULL: nothing is linked), actions (NULL: these are none) and kind must outlive the store; batch_rows: most events of a batch; dead_bytes_per_s: how many
 * bytes of dead letters are kept on the whole (bucket.h). */
struct store *store_new(const struct reader *reader, struct columns *columns,
                        struct linker *linker, struct case_actions *actions,
                        const char *kind, size_t batch_rows, int64_t dead_bytes_per_s);
void store_free(struct store *store); /* NULL is fine */

/* To be called for each new connection: checks the table and forgets what may no longer be so. */
enum outcome store_begin(struct store *store, struct pg *pg, struct err *e);

/* Checks the table alone: it may have been changed under an open connection. */
enum outcome store_check(struct store *store, struct pg *pg, struct err *e);

/* Stores the batch and moves the claims. RETRY: nothing was stored, or (after a lost connection at COMMIT)
 * nobody knows: claim again and see. */
enum outcome store_batch(struct store *store, struct pg *pg, struct batch *batch,
                         struct claim *claims, size_t count, struct err *e);

/* Decides ahead which rows of a batch will be inserted, for the time in which store_batch() waits for the server with the
 * one before it; ahead must be whole, and will be the next one. False: that is done, or cannot be done yet. */
bool store_ahead(struct store *store, struct batch *ahead);

/* After a RETRY of store_batch(), once: nothing was wrong but that reference data was loaded after the batch was enriched;
 * enrich and store it again. */
bool store_take_is_outdated(struct store *store);

/* After a RETRY of store_batch(), once: the server ran out of memory or time; try with fewer events. */
bool store_take_wants_smaller(struct store *store);

const struct store_counts *store_counted(const struct store *store);

#endif
