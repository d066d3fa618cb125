/* drone_alert.c - alerts that a drone platform's image analysis raises. */
#include "producers/runtime/kind.h"

/* What revises or withdraws an alert has the key of that alert: the two stay in order. */
static void key(struct text *out, const struct datum *event)
{
    const char *about = datum_text(event, "references_alert_id");

    text_format(out, "%s/%s", datum_text(event, "producer_id"),
                about ? about : datum_text(event, "alert_id"));
}

const struct producer_kind drone_alert_producer = {
    .name = "drone_alert",
    .purpose = "Sends alerts of drone patrols.",
    .key = key,
};
