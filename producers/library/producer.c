/* producer.c - the producers' stages, called from a device's program in place of the loop. */
#include "gridloop/producer.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/hash.h"
#include "common/log.h"
#include "producers/runtime/accept.h"
#include "producers/runtime/deliver.h"
#include "producers/runtime/group.h"

enum { WAIT_MS = 100, LEAST_SPOOL = 1 << 20, DEFAULT_SPOOL = 1 << 30 };

struct gridloop_producer {
    char *name_space;
    struct kafka_properties kafka;
    struct acceptor *acceptor;
    struct spool *spool;
    struct deliver *deliver;
    struct group group;
    uint64_t room; /* bytes that the spool had left when the group was begun */
};

_Static_assert((int)GRIDLOOP_DONE == (int)DONE && (int)GRIDLOOP_RETRY == (int)RETRY
                   && (int)GRIDLOOP_REJECT == (int)REJECT
                   && (int)GRIDLOOP_FATAL == (int)FATAL,
               "outcomes are ours by another name");
_Static_assert((int)GRIDLOOP_EVENT_ID_SIZE == (int)UUID_TEXT_SIZE, "as ours");

static enum gridloop_outcome tell(struct gridloop_error *error, const struct err *e)
{
    error->outcome = (enum gridloop_outcome)e->outcome;
    snprintf(error->message, sizeof error->message, "%s", e->message);
    return error->outcome;
}

const char *gridloop_producer_version(void)
{
    return GRIDLOOP_VERSION;
}

/* ---- opening ---- */

static const struct producer_kind *find_kind(const char *name)
{
    for (size_t i = 0; producer_kinds[i]; i++)
        if (strcmp(producer_kinds[i]->name, name) == 0)
            return producer_kinds[i];
    return NULL;
}

static void add_property(struct kafka_properties *kafka, const char *name,
                         const char *value)
{
    kafka->items = xrealloc(kafka->items, (kafka->count + 1) * sizeof *kafka->items);
    kafka->items[kafka->count++] = (struct kafka_property){
        .name = xstrdup(name), .value = xstrdup(value), .where = "settings"};
}

static enum outcome take_properties(struct kafka_properties *kafka,
                                    const struct gridloop_settings *settings,
                                    struct err *e)
{
    const char *const *at = settings->kafka_properties;

    add_property(kafka, "bootstrap.servers", settings->bootstrap_servers);
    for (; at && at[0]; at += 2) {
        if (!at[1])
            return err_exit(e, EX_USAGE, "kafka_properties: %s has no value", at[0]);
        add_property(kafka, at[0], at[1]);
    }
    for (size_t i = 0; i < kafka->count; i++)
        if (kafka_check_property(&kafka->items[i], e))
            return e->outcome;
    return kafka_check_producer(kafka, e);
}

static enum outcome check_settings(const struct gridloop_settings *settings,
                                   struct err *e)
{
    if (!settings->kind || !settings->spool || !settings->bootstrap_servers)
        return err_exit(e, EX_USAGE, "kind, spool and bootstrap_servers are needed");
    if (!find_kind(settings->kind))
        return err_exit(e, EX_USAGE, "kind: there is none of that name");
    if (settings->spool_max_bytes && settings->spool_max_bytes < LEAST_SPOOL)
        return err_exit(e, EX_USAGE, "spool_max_bytes: is less than %d",
                        (int)LEAST_SPOOL);
    return DONE;
}

static enum outcome open_stages(struct gridloop_producer *p,
                                const struct gridloop_settings *settings, struct err *e)
{
    uint64_t most = settings->spool_max_bytes ? settings->spool_max_bytes : DEFAULT_SPOOL;

    if (check_settings(settings, e) || take_properties(&p->kafka, settings, e))
        return e->outcome;
    p->name_space = xstrdup(settings->name_space ? settings->name_space : "gridloop");
    if (!(p->acceptor = acceptor_open(find_kind(settings->kind), p->name_space, e))
        || !(p->spool = spool_open(settings->spool, most, e))
        || !(p->deliver = deliver_open(p->spool, &p->kafka, NULL, e)))
        return e->outcome;
    return DONE;
}

struct gridloop_producer *gridloop_producer_open(const struct gridloop_settings *settings,
                                                 struct gridloop_error *error)
{
    struct gridloop_producer *p = xcalloc(1, sizeof *p);
    struct err e = {.outcome = DONE};

    log_set_level("warn");
    group_begin(&p->group);
    if (open_stages(p, settings, &e)) {
        tell(error, &e);
        gridloop_producer_close(p);
        return NULL;
    }
    return p;
}

void gridloop_producer_close(struct gridloop_producer *p)
{
    if (!p)
        return;
    deliver_close(p->deliver);
    spool_close(p->spool);
    acceptor_close(p->acceptor);
    group_end(&p->group);
    for (size_t i = 0; i < p->kafka.count; i++) {
        free((char *)p->kafka.items[i].name);
        free((char *)p->kafka.items[i].value);
    }
    free(p->kafka.items);
    free(p->name_space);
    free(p);
}

/* ---- accepting ---- */

static enum outcome add(struct gridloop_producer *p, const char *line, size_t size,
                        struct spool_event *event, struct err *e)
{
    if (p->group.count == 0 && spool_room(p->spool, &p->room, e))
        return e->outcome;
    if (accept_line(p->acceptor, line, size, p->group.arena, event, e))
        return e->outcome;
    if (p->group.bytes + event->value_size > p->room)
        return err_set(e, REJECT, "the spool is full");
    group_add(&p->group, event);
    return DONE;
}

enum gridloop_outcome gridloop_producer_add(struct gridloop_producer *p, const char *line,
                                            size_t size,
                                            char event_id[GRIDLOOP_EVENT_ID_SIZE],
                                            struct gridloop_error *error)
{
    struct spool_event event;
    struct err e;

    if (add(p, line, size, &event, &e))
        return tell(error, &e);
    if (event_id)
        uuid_format(event_id, event.event_id);
    return GRIDLOOP_DONE;
}

/* One transaction: the group, and the removal of what Kafka has. */
static enum outcome store(struct gridloop_producer *p, struct err *e)
{
    uint64_t *gone;
    size_t gone_count = deliver_persisted(p->deliver, &gone);

    if (spool_begin(p->spool, e) || group_store(&p->group, p->spool, e)
        || spool_delete(p->spool, gone, gone_count, e) || spool_commit(p->spool, e))
        return e->outcome;
    deliver_forget(p->deliver);
    group_clear(&p->group);
    return DONE;
}

enum gridloop_outcome gridloop_producer_commit(struct gridloop_producer *p,
                                               struct gridloop_error *error)
{
    struct err e;

    return p->group.count && store(p, &e) ? tell(error, &e) : GRIDLOOP_DONE;
}

/* ---- delivering ---- */

/* What was added in the meantime is not accepted by this. */
static enum outcome forget_persisted(struct gridloop_producer *p, struct err *e)
{
    uint64_t *gone;
    size_t count = deliver_persisted(p->deliver, &gone);

    if (count == 0)
        return DONE;
    if (spool_begin(p->spool, e) || spool_delete(p->spool, gone, count, e)
        || spool_commit(p->spool, e))
        return e->outcome;
    deliver_forget(p->deliver);
    return DONE;
}

/* Trouble that passes by itself is DONE; the reason stays in *e. */
static enum outcome pump(struct gridloop_producer *p, int wait_ms, struct err *e)
{
    struct err trouble = {.outcome = DONE};

    if (deliver_pump(p->deliver, wait_ms, &trouble) == DONE)
        return forget_persisted(p, e);
    *e = trouble;
    if (e->outcome == RETRY)
        poll(NULL, 0, wait_ms);
    return e->outcome == RETRY ? DONE : e->outcome;
}

static enum outcome deliver(struct gridloop_producer *p, int timeout_ms, struct err *e)
{
    int64_t now_ms = clock_monotonic_ms(), end_ms = now_ms + timeout_ms;
    uint64_t first = 0, last = 0;
    struct err range;

    do {
        int64_t left_ms = end_ms - now_ms;

        if (pump(p, left_ms < WAIT_MS ? (int)left_ms : WAIT_MS, e))
            return e->outcome;
        if (spool_range(p->spool, &first, &last, &range)) {
            *e = range;
            return e->outcome;
        }
        now_ms = clock_monotonic_ms();
    } while (first && now_ms < end_ms);
    if (!first)
        e->outcome = DONE; /* whatever it was has passed */
    else if (!e->outcome && deliver_was_refused(p->deliver))
        err_set(e, RETRY, "Kafka did not take all events");
    return e->outcome;
}

enum gridloop_outcome gridloop_producer_deliver(struct gridloop_producer *p,
                                                int timeout_ms, uint64_t *left,
                                                struct gridloop_error *error)
{
    struct err e = {.outcome = DONE}, counting;

    deliver(p, timeout_ms > 0 ? timeout_ms : 0, &e);
    if (spool_count(p->spool, left, &counting) && !e.outcome)
        e = counting;
    return e.outcome ? tell(error, &e) : GRIDLOOP_DONE;
}
