/* tile.h - what a batch means for each source it moves: a row of bus.batch, and the step of bus.progress. */
#ifndef GRIDLOOP_TILE_H
#define GRIDLOOP_TILE_H

#include "consumers/runtime/batch.h"

struct tiles; /* opaque */

enum { TILE_PARAMETERS = 11 };

/* One tile per claim that the batch moves. Offsets that no event stands for are absent. */
struct tiles *tiles_of(const struct batch *batch, const struct claim *claims,
                       size_t count);
void tiles_free(struct tiles *tiles);

size_t tiles_count(const struct tiles *tiles);

/* The parameters of sql/advance.sql, as text; borrowed. */
const char *const *tiles_parameters(struct tiles *tiles, int32_t layout_id);

#endif
