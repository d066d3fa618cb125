/* gap_chain.h - an accepted gap as a step of its source's hash chain (consumers/runtime/chain.h). */
#ifndef GRIDLOOP_GAP_CHAIN_H
#define GRIDLOOP_GAP_CHAIN_H

#include <stdint.h>

#include "common/err.h"
#include "common/hash.h"
#include "common/pg.h"

/* A row of bus.gap as it is accepted; times in microseconds since 1970. */
struct gap_row {
    int32_t gap_id, source_id;
    int64_t from_offset, to_offset; /* -1: null */
    const char *reason;
    int64_t found_us, accepted_us;
    const char *accepted_at; /* the same as PostgreSQL writes it */
    const char *accepted_by, *accept_reason;
    int64_t stood_at;
};

/* Accepts the gap and moves its source from stood_at to place, within the caller's transaction, which has the progress
 * row locked. head: of the source's chain; becomes that behind the gap. */
enum outcome gap_chain_write(struct pg *pg, const struct gap_row *row, int64_t place,
                             uint8_t head[SHA256_SIZE], struct err *e);

/* A number as a parameter. */
struct gap_number {
    char text[24];
};
struct gap_number gap_number(int64_t number);

#endif
