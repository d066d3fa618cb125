/* flight_task.c - tasks of drone hangars: planned, flown, called off. */
#include "producers/runtime/kind.h"

/* What is told later of a task stays behind what was told before. */
static void key(struct text *out, const struct datum *event)
{
    text_format(out, "%s/%s", datum_text(event, "producer_id"),
                datum_text(event, "task_id"));
}

const struct producer_kind flight_task_producer = {
    .name = "flight_task",
    .purpose = "Sends how the tasks of drone hangars stand.",
    .key = key,
};
