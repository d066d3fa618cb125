/* case_states.h - what decisions mean for the states of cases: the steps that the platform takes by itself. Pure; the
 * linking step and whoever decides again (replay.h) call the same.
 *
 *   an order goes out with a case      DISPATCH, DISPATCHED
 *   it is seen again after its end     REOPEN, REOPENED; and DISPATCHED, if an order goes out
 *   its only sighting is withdrawn     CANCEL, CANCELLED
 * Each step raises the version by one; sightings never do. What it leaves in the case, the limit and the order are those
 * of case_life.h. */
#ifndef GRIDLOOP_CASE_STATES_H
#define GRIDLOOP_CASE_STATES_H

#include "consumers/runtime/case_life.h"
#include "consumers/runtime/case_steps.h"
#include "consumers/runtime/link_index.h"
#include "consumers/runtime/sightings.h"

/* What stands in a row of follow_up.case_file beside what linking decides by. */
struct case_row {
    const char *state;
    int32_t version;
    unsigned stripe;
    /* Of a new one. */
    const struct sighted *first; /* NULL: it was read */
    const struct link_decision *opened_by;
    bool may_send;
    /* Of one that the platform took a step in. */
    struct case_life *life;
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
    struct life_rows follows;
};

/* rules may be NULL: there are no limits then. */
struct case_states_input {
    const struct link_fields *linked; /* of the kind */
    const struct case_rules *rules;
    const struct sightings *sightings;
    const struct group_names *groups; /* those that the cases have numbers of */
    const struct link_output *output;
    const struct case_row *read; /* of the cases that linking was given, in that order */
    size_t read_count;
    int64_t link_seq;
};

void case_states_of(struct case_states *out, struct arena *arena,
                    const struct case_states_input *input);

/* The life of a new case, as the platform's steps leave it. */
struct case_life case_states_opened(const struct case_row *row, const struct link_case *c,
                                    const struct kind *kind);

/* The row of a step, as follow_up.case_step has it; its source_id is left to the caller. All is borrowed. */
struct case_step_row case_states_row(const struct case_states *states, size_t number,
                                     const struct sightings *sightings,
                                     const struct link_output *output, int64_t link_seq);

#endif
