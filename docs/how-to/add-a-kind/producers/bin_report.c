/* bin_report.c - reports of sensors in public rubbish bins. */
#include "producers/runtime/kind.h"

/* What is told later of a bin stays behind what was told before. */
static void key(struct text *out, const struct datum *event)
{
    text_add_string(out, datum_text(event, "bin_id"));
}

const struct producer_kind bin_report_producer = {
    .name = "bin_report",
    .purpose = "Sends what sensors in public rubbish bins report.",
    .key = key,
};
