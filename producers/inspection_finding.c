/* inspection_finding.c - findings of inspection teams. */
#include "producers/runtime/kind.h"

/* A finding and what is reported of it later stay in order. */
static void key(struct text *out, const struct datum *event)
{
    text_add_string(out, datum_text(event, "finding_id"));
}

const struct producer_kind inspection_finding_producer = {
    .name = "inspection_finding",
    .purpose = "Sends findings of inspections, and what became of them.",
    .key = key,
};
