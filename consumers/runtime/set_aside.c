/* set_aside.c - a line for each, as long as they are few. */
#include "consumers/runtime/set_aside.h"

#include "common/clock.h"
#include "common/hash.h"
#include "common/log.h"

static struct {
    int64_t began_ms;
    int lines; /* 0: none was ever begun */
    int64_t left_out;
} window;

static bool is_flood(void)
{
    int64_t now_ms = clock_monotonic_ms();

    if (window.lines == 0 || now_ms - window.began_ms >= SET_ASIDE_WINDOW_MS) {
        window.began_ms = now_ms;
        window.lines = 0;
    }
    if (window.lines < SET_ASIDE_LINES) {
        window.lines++;
        return false;
    }
    window.left_out++;
    return true;
}

void set_aside_tell(const struct event *event)
{
    char id[UUID_TEXT_SIZE] = "";

    if (is_flood())
        return;
    if (event->event_id)
        uuid_format(id, event->event_id);
    log_warn("set aside", "partition", LOG_NUMBER(event->message.partition), "offset",
             LOG_NUMBER(event->message.offset), "event_id", id, "reason",
             event->reject.reason, "field", event->reject.field,
             window.left_out ? "left_out" : NULL, LOG_NUMBER(window.left_out), NULL);
    window.left_out = 0;
}
