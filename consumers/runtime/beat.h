/* beat.h - heartbeats of a batch into bus.heartbeat. gridloop-dispatch sends them; decode.h knows them. */
#ifndef GRIDLOOP_BEAT_H
#define GRIDLOOP_BEAT_H

#include "common/err.h"
#include "common/pg.h"
#include "consumers/runtime/batch.h"

/* Notes the last heartbeat of each claim, in the batch's transaction, with the progress rows locked. Anybody who may
 * write to the topic can say any time: a heartbeat from before 1970 or after 9999 is not noted. A batch
 * without heartbeats costs nothing. */
enum outcome beat_note(struct pg *pg, const struct batch *batch,
                       const struct claim *claims, size_t claim_count, struct err *e);

#endif
