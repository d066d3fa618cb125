/* outbox.c - one batch of orders, and what became of each. */
#include "dispatch/outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/hash.h"
#include "common/metrics.h"
#include "common/point.h"
#include "common/text.h"
#include "dispatch/sql.h"
#include "producers/runtime/accept.h"

enum { KEPT_BYTES = 1 << 20, NUMBER_SIZE = 24 };

/* The unit's orders stay in one partition. */
static void key(struct text *out, const struct datum *order)
{
    text_add_string(out, datum_text(order, "target_unit_code"));
}

static const struct producer_kind dispatch_order = {
    .name = "dispatch_order",
    .purpose = "Orders to the ground.",
    .key = key,
};

enum state { WAITS, SENT, PERSISTED, NOTED, REFUSED };

struct order {
    char id[UUID_TEXT_SIZE];
    struct spool_event event;
    enum state state;
    struct kafka_place place; /* once it is PERSISTED */
};

struct outbox {
    struct acceptor *acceptor;
    size_t most;
    char settled[NUMBER_SIZE]; /* transactions below it have left nothing to send */
    char horizon[NUMBER_SIZE]; /* the same, should the read that followed find nothing */
    struct arena *arena;       /* of the batch */
    struct order *orders;
    size_t count, open; /* open: WAITS, SENT or PERSISTED */
    const char *topic;
    char refusal[700]; /* of the first that was refused; "": none was */
    int64_t total;
};

struct outbox *outbox_new(const char *name_space, size_t most, struct err *e)
{
    struct outbox *outbox = xcalloc(1, sizeof *outbox);

    outbox->most = most;
    outbox->arena = arena_new();
    outbox->acceptor = acceptor_open(&dispatch_order, name_space, e);
    outbox_look_again(outbox);
    if (outbox->acceptor)
        return outbox;
    outbox_free(outbox);
    return NULL;
}

void outbox_free(struct outbox *outbox)
{
    if (!outbox)
        return;
    acceptor_close(outbox->acceptor);
    arena_free(outbox->arena);
    free(outbox);
}

void outbox_look_again(struct outbox *outbox)
{
    strcpy(outbox->settled, "0");
}

bool outbox_is_busy(const struct outbox *outbox)
{
    return outbox->open > 0;
}

int64_t outbox_total(const struct outbox *outbox)
{
    return outbox->total;
}

/* ---- reading ---- */

static void refuse(struct outbox *outbox, struct order *order, const char *reason)
{
    order->state = REFUSED;
    outbox->open--;
    if (!outbox->refusal[0])
        snprintf(outbox->refusal, sizeof outbox->refusal, "order %s: %s", order->id,
                 reason);
}

/* An order that breaks the contract must not hold back the others. */
static enum outcome take_order(struct outbox *outbox, struct order *order, const char *id,
                               const char *line, struct err *e)
{
    enum outcome outcome;

    *order = (struct order){.state = WAITS};
    snprintf(order->id, sizeof order->id, "%s", id);
    outcome = accept_line(outbox->acceptor, line, strlen(line), outbox->arena,
                          &order->event, e);
    if (outcome == REJECT)
        refuse(outbox, order, e->message);
    else if (outcome)
        return err_wrap(e, "order %s", id);
    else
        outbox->topic = order->event.topic;
    return DONE;
}

static enum outcome take_orders(struct outbox *outbox, const struct pg_result *result,
                                struct err *e)
{
    outbox->count = outbox->open = pg_rows(result);
    outbox->orders =
        arena_take_array(outbox->arena, outbox->count + 1, sizeof *outbox->orders);
    for (size_t row = 0; row < outbox->count; row++)
        if (take_order(outbox, &outbox->orders[row], pg_value(result, row, 0),
                       pg_value(result, row, 1), e)) {
            outbox->count = outbox->open = 0;
            return e->outcome;
        }
    return DONE;
}

static enum outcome ask_horizon(struct outbox *outbox, struct pg *pg, struct err *e)
{
    struct pg_result *result;

    if (pg_query(pg, dispatch_sql("horizon"), NULL, 0, &result, e))
        return e->outcome;
    snprintf(outbox->horizon, sizeof outbox->horizon, "%s", pg_value(result, 0, 0));
    pg_result_free(result);
    return DONE;
}

enum outcome outbox_read(struct outbox *outbox, struct pg *pg, struct err *e)
{
    char most[NUMBER_SIZE];
    struct pg_result *result;
    enum outcome outcome;

    if (outbox->open)
        return DONE;
    arena_reset(outbox->arena, KEPT_BYTES);
    outbox->refusal[0] = '\0';
    snprintf(most, sizeof most, "%zu", outbox->most);
    if (ask_horizon(outbox, pg, e)
        || pg_query(pg, dispatch_sql("orders"),
                    (const char *const[]){outbox->settled, most}, 2, &result, e))
        return err_wrap(e, "reading orders");
    if (pg_rows(result) == 0)
        memcpy(outbox->settled, outbox->horizon, sizeof outbox->settled);
    outcome = take_orders(outbox, result, e);
    pg_result_free(result);
    return outcome;
}

enum outcome outbox_measure(const struct outbox *outbox, struct pg *pg, struct err *e)
{
    const char *settled = outbox->settled;
    struct pg_result *result;

    if (pg_query(pg, dispatch_sql("waiting"), &settled, 1, &result, e))
        return err_wrap(e, "counting orders");
    metrics_set(METRIC_OUTBOX_WAITING, NULL, (double)pg_number(result, 0, 0));
    metrics_set(METRIC_OUTBOX_OLDEST, NULL, (double)pg_number(result, 0, 1));
    pg_result_free(result);
    return DONE;
}

/* ---- sending ---- */

static enum outcome send_order(struct outbox *outbox, struct order *order,
                               struct kafka_producer *producer, struct err *e)
{
    const struct spool_event *event = &order->event;
    struct kafka_header headers[ACCEPT_HEADERS];
    size_t count = accept_headers(event, headers);
    enum outcome outcome = kafka_producer_send(
        producer, event->topic, event->key, event->key_size, event->value,
        event->value_size, headers, count, (uint64_t)(order - outbox->orders) + 1, e);

    if (outcome == REJECT) {
        refuse(outbox, order, e->message);
        return DONE;
    }
    if (!outcome)
        order->state = SENT;
    return outcome;
}

enum outcome outbox_send(struct outbox *outbox, struct kafka_producer *producer,
                         struct err *e)
{
    if (!outbox->open)
        return DONE;
    POINT("before_send");
    for (size_t i = 0; i < outbox->count; i++)
        if (outbox->orders[i].state == WAITS
            && send_order(outbox, &outbox->orders[i], producer, e))
            return e->outcome;
    POINT("after_send");
    return DONE;
}

static void refuse_by_broker(struct outbox *outbox, struct order *order,
                             const char *reason)
{
    struct err e;

    err_set(&e, RETRY, "%s: %s", order->event.topic, reason);
    refuse(outbox, order, e.message);
}

void outbox_delivered(struct outbox *outbox, uint64_t tag,
                      const struct kafka_place *place, const char *reason)
{
    struct order *order = &outbox->orders[tag - 1];

    if (!place) {
        refuse_by_broker(outbox, order, reason);
        return;
    }
    order->state = PERSISTED;
    order->place = *place;
}

void outbox_lose_flight(struct outbox *outbox)
{
    for (size_t i = 0; i < outbox->count; i++)
        if (outbox->orders[i].state == WAITS || outbox->orders[i].state == SENT)
            refuse(outbox, &outbox->orders[i], "the producer was lost");
}

/* ---- noting ---- */

/* Arrays of ids, partitions and offsets. Returns how many. */
static size_t list_persisted(const struct outbox *outbox, struct text lists[3])
{
    size_t count = 0;

    for (size_t i = 0; i < outbox->count; i++) {
        const struct order *order = &outbox->orders[i];
        const char *comma = count ? "," : "{";
        if (order->state != PERSISTED)
            continue;
        text_format(&lists[0], "%s%s", comma, order->id);
        text_format(&lists[1], "%s%" PRId32, comma, order->place.partition);
        text_format(&lists[2], "%s%" PRId64, comma, order->place.offset);
        count++;
    }
    for (int i = 0; i < 3; i++)
        text_add_string(&lists[i], count ? "}" : "{}");
    return count;
}

static void mark_noted(struct outbox *outbox)
{
    for (size_t i = 0; i < outbox->count; i++)
        if (outbox->orders[i].state == PERSISTED) {
            outbox->orders[i].state = NOTED;
            outbox->open--;
            outbox->total++;
            metrics_add(METRIC_ORDERS_SENT, NULL, 1);
        }
}

static enum outcome note_persisted(struct outbox *outbox, struct pg *pg, struct err *e)
{
    struct text lists[3] = {{0}};
    enum outcome outcome = DONE;

    if (list_persisted(outbox, lists) > 0) {
        POINT("before_sent_row");
        outcome = pg_query(pg, dispatch_sql("sent"),
                           (const char *const[]){lists[0].bytes, lists[1].bytes,
                                                 lists[2].bytes, outbox->topic},
                           4, NULL, e);
        if (!outcome) {
            mark_noted(outbox);
            POINT("after_sent_row");
        }
    }
    for (int i = 0; i < 3; i++)
        text_free(&lists[i]);
    return outcome ? err_wrap(e, "noting what was sent") : DONE;
}

enum outcome outbox_note(struct outbox *outbox, struct pg *pg, struct err *e)
{
    if (note_persisted(outbox, pg, e))
        return e->outcome;
    if (outbox->open || !outbox->refusal[0])
        return DONE;
    err_set(e, RETRY, "not sent: %s", outbox->refusal);
    outbox->refusal[0] = '\0';
    return RETRY;
}
