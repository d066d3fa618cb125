/* gap.h - what other commands need of gridloopctl gap. */
#ifndef GRIDLOOP_CTL_GAP_H
#define GRIDLOOP_CTL_GAP_H

#include <stdint.h>

#include "common/err.h"
#include "common/pg.h"

/* Accepts the gap of that number, within the caller's transaction: it becomes part of its source's hash chain, and the
 * source moves behind it. actor: NULL, the database's role. */
enum outcome gap_accept(struct pg *pg, const char *id, const char *reason,
                        const char *actor, struct err *e);

#endif
