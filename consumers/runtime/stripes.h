/* stripes.h - the locks that whoever writes schema follow_up holds, and the number that it draws behind the last of
 * them. Which stripes: link.h. */
#ifndef GRIDLOOP_STRIPES_H
#define GRIDLOOP_STRIPES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/pg.h"
#include "consumers/runtime/link.h"

/* RETRY: the database lacks tables or columns (this program is newer: wait for setup). */
enum outcome stripes_check(struct pg *pg, struct err *e);

/* Takes those that are set, sorted, in one statement; they are held until the transaction ends. */
enum outcome stripes_lock(struct pg *pg, const bool stripes[LINK_STRIPES], struct err *e);

/* To be drawn behind the last lock. */
enum outcome stripes_draw_seq(struct pg *pg, int64_t *link_seq, struct err *e);

/* What is kept from one run of a transaction to the next, where the first found out that it needs more. */
struct stripes_again {
    bool stripes[LINK_STRIPES]; /* that earlier runs missed */
    int runs;
    bool is_wanted;
};

/* Wants another run, but not for ever. RETRY with these words. */
enum outcome stripes_run_again(struct stripes_again *again, const char *why,
                               struct err *e);

/* Whether another run is wanted; asked once. */
bool stripes_take_again(struct stripes_again *again);

/* At the end of a run: forgets all, unless another one follows. */
void stripes_settle(struct stripes_again *again);

#endif
