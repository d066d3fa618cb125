/* patrol_log.c - activities of teams in the police grid. */
#include "producers/runtime/kind.h"

/* A later record with the same id revises the earlier one. */
static void key(struct text *out, const struct datum *event)
{
    text_add_string(out, datum_text(event, "patrol_id"));
}

const struct producer_kind patrol_log_producer = {
    .name = "patrol_log",
    .purpose = "Sends records of patrols, talks, meetings and clean-ups.",
    .key = key,
};
