/* case_action.c - steps that people take in a case. */
#include "producers/runtime/kind.h"

/* The steps of one case stay in order. */
static void key(struct text *out, const struct datum *event)
{
    text_add_string(out, datum_text(event, "case_id"));
}

const struct producer_kind case_action_producer = {
    .name = "case_action",
    .purpose = "Sends what was done in cases.",
    .key = key,
};
