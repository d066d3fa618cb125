/* truth.h - what devices say they accepted, and what they have not sent yet, as temporary tables. */
#ifndef GRIDLOOP_TRUTH_H
#define GRIDLOOP_TRUTH_H

#include "common/err.h"
#include "common/option.h"
#include "common/pg.h"

/* Makes the temporary tables accepted and spooled and fills them.
 *   files    text, a line per accepted event: kind and event_id, separated by a tab; what follows behind
 *            another tab and lines that begin with '#' are passed over
 *   spools   of producers; read, not changed
 * FATAL: 65 for a file that is not so, 66 for one that cannot be read. */
enum outcome truth_load(struct pg *pg, const struct option_list *files,
                        const struct option_list *spools, struct err *e);

#endif
