/* crew.h - crews on the ground that do not exist: they read their orders with gridloop-orders, and send what they do
 * with gridloop-produce-case-action.
 *
 * Of each unit's orders every DISPATCH is planned (crew_plan.h) and acted out, time_lapse times as fast as it would
 * take; a RECALL ends what is still to come for its case, a REMIND is noted. An order is given back to
 * gridloop-orders as taken when all its actions are in the producer's spool; so a crew that died begins its open
 * orders again, and plans the same.
 *
 * DIR/crew.tsv gets a line for each order that is done: order_id, case_id, kind, unit, outcome (the state in which
 * the crew leaves the case; reminded; recalled, and how an order ends that was recalled; not_ours, of a kind it
 * knows nothing of), case_version that the last action asks for, whether it was late. With until an order counts
 * as done when all that could be done by then is. */
#ifndef GRIDLOOP_CREW_H
#define GRIDLOOP_CREW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/option.h"

struct crew_settings {
    int64_t seed;
    double time_lapse; /* 3600: an hour takes a second; 0: no time at all */
    double late_share; /* of the orders with a limit that are put right after it */
    const char
        *until;    /* RFC 3339: nothing that would be done later is; NULL: no such end */
    double idle_s; /* ends when there was nothing to do for so long; 0: when told to */
    const char
        *units; /* with commas between them; who gives an order back names the next one */
    const char *dir, *bin_dir;
    const char *name_space; /* NULL: the programs' own */
    struct option_list
        passed_on; /* to the producer; what begins with --kafka. to gridloop-orders too */
};

/* Returns the exit code: 0, or the worst of the programs'. Prints one line of summary. FATAL in *e: a program could not
 * be started, or said what it should not. */
int crew_run(const struct crew_settings *settings, const volatile bool *stop,
             struct err *e);

#endif
