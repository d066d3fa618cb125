/* case_steps.h - rows of follow_up.case_step: what became of each action, and the steps of the platform. */
#ifndef GRIDLOOP_CASE_STEPS_H
#define GRIDLOOP_CASE_STEPS_H

#include <stdint.h>

#include "common/hash.h"

/* One row; all is borrowed. NULL and 0 are null where the table's comments allow it. */
struct case_step_row {
    int64_t link_seq;
    int32_t ordinal;
    int16_t place;
    const char *outcome, *reason;
    const uint8_t *named_id, *case_id;
    int32_t case_version;
    const char *actor, *action, *result, *from_state, *to_state;
    const uint8_t *event_id; /* NULL: the clock did it */
    int32_t source_id;
    int64_t topic_offset;
    int64_t stepped_us;
    int32_t reference_version; /* reference_newest() of whoever decided */
};

#endif
