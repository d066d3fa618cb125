/* beat.c - the last heartbeat of each source. */
#include "consumers/runtime/beat.h"

#include <inttypes.h>

#include "common/clock.h"
#include "common/text.h"
#include "consumers/runtime/sql.h"

static bool is_plausible(int64_t sent_ms)
{
    return sent_ms >= 0 && sent_ms <= CLOCK_LAST_US / 1000;
}

/* When each claim's last one was sent; -1: there is none. Returns how many there are. */
static size_t find_last(const struct batch *batch, int64_t *sent_ms)
{
    size_t count = 0;

    for (size_t i = 0; i < batch->count; i++) {
        const struct event *event = &batch->events[i];
        int64_t ms;
        if (!event->is_heartbeat)
            continue;
        ms = kafka_message_time(&event->message);
        if (!is_plausible(ms))
            continue;
        count += sent_ms[event->claim] < 0;
        sent_ms[event->claim] = ms;
    }
    return count;
}

static enum outcome note(struct pg *pg, const struct claim *claims, size_t claim_count,
                         const int64_t *sent_ms, struct err *e)
{
    struct text sources = {0}, times = {0};
    enum outcome outcome;

    for (size_t i = 0; i < claim_count; i++)
        if (sent_ms[i] >= 0) {
            text_format(&sources, "%s%" PRId32, sources.size ? "," : "{",
                        claims[i].source_id);
            text_format(&times, "%s%" PRId64, times.size ? "," : "{", sent_ms[i]);
        }
    text_add_string(&sources, "}");
    text_add_string(&times, "}");
    outcome = pg_query(pg, sql_text("heartbeat"),
                       (const char *const[]){sources.bytes, times.bytes}, 2, NULL, e);
    text_free(&sources);
    text_free(&times);
    return outcome;
}

enum outcome beat_note(struct pg *pg, const struct batch *batch,
                       const struct claim *claims, size_t claim_count, struct err *e)
{
    int64_t *sent_ms = arena_take_array(batch->arena, claim_count + 1, sizeof *sent_ms);

    for (size_t i = 0; i < claim_count; i++)
        sent_ms[i] = -1;
    return find_last(batch, sent_ms) > 0 ? note(pg, claims, claim_count, sent_ms, e)
                                         : DONE;
}
