/* case_states.h - what decisions mean for the states of cases: the steps that the platform takes by itself. Pure; the
 * linking step and whoever decides again (replay.h) call the same.
 *
 *   an order goes out with a case      DISPATCH, DISPATCHED
 *   it is seen again after its end     REOPEN, REOPENED; and DISPATCHED, if an order goes out
 *   its only sighting is withdrawn     CANCEL, CANCELLED
 * Each step raises the version by one; sightings never do. */
#ifndef GRIDLOOP_CASE_STATES_H
#define GRIDLOOP_CASE_STATES_H

#include "consumers/runtime/case_steps.h"
#include "consumers/runtime/link_index.h"
#include "consumers/runtime/sightings.h"

/* What stands in a row of follow_up.case_file beside what linking decides by. */
struct case_row {
    const char *state;
    int32_t version;
    unsigned stripe;
    bool is_stepped; /* a step changed what no sighting alone changes */
    /* Of a new one. */
    const struct sighted *first; /* NULL: it was read */
    const struct link_decision *opened_by;
};

/* A step that the platform takes. */
struct case_step {
    uint32_t number; /* of the case, in the output */
    int32_t version; /* after it */
    uint32_t ordinal;
    int16_t place; /* among the steps of that ordinal */
    const char *action, *from_state, *to_state;
};

/* All in the arena. */
struct case_states {
    struct case_row *rows; /* one for each case of the output, in its order */
    struct case_step *steps;
    size_t step_count;
};

/* read: the rows of the cases that linking was given, in that order. first_state: of new ones. */
void case_states_of(struct case_states *out, struct arena *arena, const char *first_state,
                    const struct sightings *sightings, const struct link_output *output,
                    const struct case_row *read, size_t read_count);

/* The row of a step, as follow_up.case_step has it; its source_id is left to the caller. All is borrowed. */
struct case_step_row case_states_row(const struct case_states *states, size_t number,
                                     const struct sightings *sightings,
                                     const struct link_output *output, int64_t link_seq);

#endif
