/* truth.h - what devices say they accepted, and what they have not sent yet, as temporary tables. */
#ifndef GRIDLOOP_TRUTH_H
#define GRIDLOOP_TRUTH_H

#include "common/err.h"
#include "common/option.h"
#include "common/pg.h"

/* Makes the temporary tables accepted and spooled and fills them.
 *   files    text: a heading that begins with '#', then a line per accepted event: kind, event_id and the id
 *            of the event that it repeats or "-", separated by tabs
 *   spools   of producers; read, not changed
 * FATAL: 65 for a file that is not so, 66 for one that cannot be read. */
enum outcome truth_load(struct pg *pg, const struct option_list *files,
                        const struct option_list *spools, struct err *e);

#endif
