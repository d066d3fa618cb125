/* verify_chain.h - goes through the hash chains of all sources again, from the tables, in one pass over each table and
 * with bounded memory. */
#ifndef GRIDLOOP_VERIFY_CHAIN_H
#define GRIDLOOP_VERIFY_CHAIN_H

#include <stdint.h>

#include "common/err.h"
#include "deploy/ctl/ctl.h"

/* pg: within a transaction that sees one snapshot, in which verify_links.sql has been run; other connections, which it
 * opens by database, read the rows as of that snapshot. Writes what it finds into the temporary table fault, and where the
 * chain has the head of a seal into sealed. *steps: rows, dead letters and repeats that were gone through. */
enum outcome verify_chain(struct pg *pg, const struct pg_settings *database,
                          int64_t *steps, struct err *e);

#endif
