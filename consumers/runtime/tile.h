/* tile.h - what a batch means for each source it moves: a row of bus.batch, and the steps of bus.progress and of the
 * hash chain. */
#ifndef GRIDLOOP_TILE_H
#define GRIDLOOP_TILE_H

#include "common/pg.h"
#include "consumers/runtime/batch.h"

struct tiles; /* opaque */

enum { TILE_PARAMETERS = 14 };

struct tile_layouts {
    int32_t rows, dead_letters; /* numbers in bus.layout */
};

/* One tile per claim that the batch moves. Offsets that no event stands for are absent. The chains go on from the
 * claims' heads; hash is for this call. */
struct tiles *tiles_of(const struct batch *batch, const struct claim *claims,
                       size_t count, struct sha256 *hash);
void tiles_free(struct tiles *tiles);

size_t tiles_count(const struct tiles *tiles);

/* The parameters of sql/advance.sql, as text, but prints in binary form; borrowed. */
const struct pg_parameter *tiles_parameters(struct tiles *tiles,
                                            const struct tile_layouts *layouts);

#endif
