/* inspection_finding.c - findings of inspection teams. */
#include "producers/runtime/producer.h"

/* A finding and what is reported of it later stay in order. */
static void key(struct text *out, const struct datum *event)
{
    text_add_string(out, datum_text(event, "finding_id"));
}

static const struct producer_kind inspection_finding = {
    .name = "inspection_finding",
    .purpose = "Sends findings of inspections, and what became of them.",
    .key = key,
};

int main(int argc, char **argv)
{
    return producer_main(argc, argv, &inspection_finding);
}
