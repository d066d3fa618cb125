/* set_aside.c - a line for each, as long as they are few. */
#include "consumers/runtime/set_aside.h"

#include "common/hash.h"
#include "common/log.h"

void set_aside_tell(const struct event *event)
{
    static struct log_window window;
    char id[UUID_TEXT_SIZE] = "";
    int64_t left_out;

    if (!log_window_admits(&window, &left_out))
        return;
    if (event->event_id)
        uuid_format(id, event->event_id);
    log_warn("set aside", "partition", LOG_NUMBER(event->message.partition), "offset",
             LOG_NUMBER(event->message.offset), "event_id", id, "reason",
             event->reject.reason, "field", event->reject.field,
             left_out ? "left_out" : NULL, LOG_NUMBER(left_out), NULL);
}
