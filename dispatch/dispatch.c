/* dispatch.c - the loop: lead - heartbeats - what is due - orders - what came back. */
#include "dispatch/dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/backoff.h"
#include "common/clock.h"
#include "common/health.h"
#include "common/kafka.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/notify.h"
#include "common/pg.h"
#include "common/reload.h"
#include "dispatch/heartbeat.h"
#include "dispatch/outbox.h"
#include "dispatch/sql.h"
#include "dispatch/tick.h"

enum {
    MESSAGE_BYTES = 1 << 20,
    REPORT_MS = 10000,
    SILENCE_MS = 10000, /* of the broker, with orders on their way, before it is said */
    LAST_WAIT_MS = 5000 /* for the broker's answers, when asked to stop */
};

struct dispatch {
    const struct dispatch_settings *settings;
    const volatile bool *stop;
    struct pg *pg;   /* NULL: not connected */
    bool was_let_in; /* then a refused login has a password that is being replaced */
    struct kafka_producer *producer; /* NULL: none is open */
    struct outbox *outbox;
    struct heartbeats *heartbeats;
    struct ticker *ticker;
    bool leads, has_said_waiting;
    struct backoff backoff;
    int64_t heard_ms; /* when the broker answered last, or nothing was asked */
    bool has_said_silence;
    bool has_met_broker;
    int64_t reported_ms, reported_total;
    int64_t measured_ms; /* when, on the monotonic clock; 0: not since we lead */
};

/* ---- leading ---- */

/* A leader that stalls must not keep the lock for ever: its session ends once it was idle for so long. */
static enum outcome bound_stall(struct dispatch *d, struct err *e)
{
    char sql[80];

    snprintf(sql, sizeof sql, "set idle_session_timeout = '%llds'",
             (long long)d->settings->stall_timeout_s);
    return pg_run(d->pg, sql, e);
}

static enum outcome connect(struct dispatch *d, struct err *e)
{
    if (d->pg && pg_is_usable(d->pg))
        return DONE;
    pg_close(d->pg);
    d->leads = d->has_said_waiting = false;
    metrics_set(METRIC_LEADER, NULL, 0);
    d->pg = pg_open(d->settings->database.url, d->settings->database.password_file,
                    "gridloop-dispatch", (int)d->settings->statement_timeout_ms, e);
    if (!d->pg && d->was_let_in)
        e->outcome = RETRY;
    d->was_let_in |= d->pg != NULL;
    health_tell(HEALTH_DATABASE, d->pg ? NULL : e->message);
    if (d->pg)
        pg_await_setup(d->pg);
    if (!d->pg || bound_stall(d, e))
        return err_wrap(e, "connecting to PostgreSQL");
    return DONE;
}

static enum outcome try_to_lead(struct dispatch *d, struct err *e)
{
    struct pg_result *result;

    if (pg_query(d->pg, dispatch_sql("lead"), NULL, 0, &result, e))
        return err_wrap(e, "asking who leads");
    d->leads = pg_number(result, 0, 0);
    pg_result_free(result);
    metrics_set(METRIC_LEADER, NULL, d->leads);
    if (d->leads) {
        d->measured_ms = 0;
        outbox_look_again(d->outbox);
        log_info("leading", NULL);
    } else if (!d->has_said_waiting) {
        d->has_said_waiting = true;
        metrics_forget(METRIC_OUTBOX_WAITING);
        metrics_forget(METRIC_OUTBOX_OLDEST);
        log_info("another instance leads; waiting", NULL);
    }
    return DONE;
}

static enum outcome lead(struct dispatch *d, struct err *e)
{
    if (connect(d, e))
        return e->outcome;
    return d->leads ? DONE : try_to_lead(d, e);
}

/* ---- the broker ---- */

static void on_delivered(void *context, uint64_t tag, const struct kafka_place *place,
                         const char *reason)
{
    struct dispatch *d = context;

    d->heard_ms = clock_monotonic_ms();
    if (place)
        health_tell(HEALTH_KAFKA, NULL);
    if (place && tag == HEARTBEAT_TAG)
        metrics_add(METRIC_HEARTBEATS_SENT, NULL, 1);
    if (tag == HEARTBEAT_TAG)
        heartbeats_delivered(d->heartbeats);
    else
        outbox_delivered(d->outbox, tag, place, reason);
}

static enum outcome open_producer(struct dispatch *d, struct err *e)
{
    if (d->producer)
        return DONE;
    d->producer =
        kafka_producer_open(&d->settings->kafka, MESSAGE_BYTES, on_delivered, d, e);
    return d->producer ? DONE : e->outcome;
}

/* A handle that cannot go on is given up, and what it did not deliver is read again; without the right to write,
 * another one would not help. */
static enum outcome lose_producer(struct dispatch *d, struct err *e)
{
    if (e->exit_code == EX_NOPERM)
        return FATAL;
    kafka_producer_close(d->producer);
    d->producer = NULL;
    outbox_lose_flight(d->outbox);
    heartbeats_lose_flight(d->heartbeats);
    e->outcome = RETRY;
    return RETRY;
}

/* librdkafka sends again by itself, for as long as it takes; people want to know what it is waiting for. */
static void watch_silence(struct dispatch *d)
{
    int64_t now_ms = clock_monotonic_ms();

    if (kafka_producer_pending(d->producer) == 0) {
        d->heard_ms = now_ms;
        d->has_said_silence = false;
    } else if (!d->has_said_silence && now_ms - d->heard_ms >= SILENCE_MS) {
        d->has_said_silence = true;
        health_tell(HEALTH_KAFKA, "no answer to what was sent");
        log_warn("Kafka does not answer; what was sent waits", "messages",
                 LOG_NUMBER(kafka_producer_pending(d->producer)), NULL);
    }
}

static enum outcome hear(struct dispatch *d, int timeout_ms, struct err *e)
{
    enum outcome outcome = kafka_producer_poll(d->producer, timeout_ms, e);

    if (outcome == FATAL)
        return lose_producer(d, e);
    if (outcome)
        log_warn("sending", "error", e->message, NULL);
    watch_silence(d);
    return DONE;
}

/* Heartbeats that cannot be sent are missed by those who look for them; orders do not wait for them. */
static enum outcome beat(struct dispatch *d, struct err *e)
{
    enum outcome outcome = heartbeats_send(d->heartbeats, d->producer, e);

    if (outcome == FATAL)
        return lose_producer(d, e);
    if (outcome)
        log_warn("not sent", "error", e->message, NULL);
    return DONE;
}

static enum outcome send_orders(struct dispatch *d, struct err *e)
{
    enum outcome outcome = outbox_read(d->outbox, d->pg, e);

    if (outcome)
        return outcome;
    outcome = outbox_send(d->outbox, d->producer, e);
    return outcome == FATAL ? lose_producer(d, e) : outcome;
}

/* ---- the loop ---- */

static void report(struct dispatch *d)
{
    int64_t total = outbox_total(d->outbox), now_ms = clock_monotonic_ms();

    if (total == d->reported_total || now_ms - d->reported_ms < REPORT_MS)
        return;
    log_info("progress", "sent", LOG_NUMBER(total), NULL);
    d->reported_total = total;
    d->reported_ms = now_ms;
}

static enum outcome measure(struct dispatch *d, struct err *e)
{
    if (d->measured_ms && clock_monotonic_ms() - d->measured_ms < REPORT_MS)
        return DONE;
    d->measured_ms = clock_monotonic_ms();
    return outbox_measure(d->outbox, d->pg, e);
}

/* Until the first answer of the broker; from then on what is sent tells. */
static void look_for_broker(struct dispatch *d)
{
    char cluster_id[KAFKA_ID_SIZE];
    struct err e = {0};

    if (d->has_met_broker)
        return;
    d->has_met_broker = kafka_producer_cluster(d->producer, cluster_id, &e) == DONE;
    health_tell(HEALTH_KAFKA, d->has_met_broker ? NULL : e.message);
}

static enum outcome dispatch_once(struct dispatch *d, struct err *e)
{
    health_turn();
    if (open_producer(d, e) || lead(d, e))
        return e->outcome;
    notify_ready(); /* one that waits for its turn to lead does what it is for, too */
    look_for_broker(d);
    if (!d->leads)
        return hear(d, (int)d->settings->poll_ms, e);
    if (beat(d, e) || ticker_tick(d->ticker, d->pg, e) || send_orders(d, e)
        || hear(d, (int)d->settings->poll_ms, e) || outbox_note(d->outbox, d->pg, e)
        || measure(d, e))
        return e->outcome;
    report(d);
    return DONE;
}

static void back_off(struct dispatch *d)
{
    int64_t end_ms =
        clock_monotonic_ms() + backoff_next(&d->backoff, d->settings->backoff_max_ms);
    struct err ignored;

    while (!*d->stop && clock_monotonic_ms() < end_ms) {
        health_turn();
        if (d->producer)
            hear(d, (int)d->settings->poll_ms, &ignored);
    }
}

/* What the broker answers in time is noted, so that the next leader need not send it again. */
static void end(struct dispatch *d)
{
    int64_t end_ms = clock_monotonic_ms() + LAST_WAIT_MS;
    struct err e = {0};

    while (d->producer && kafka_producer_pending(d->producer) > 0
           && clock_monotonic_ms() < end_ms)
        hear(d, (int)d->settings->poll_ms, &e);
    if (d->pg && d->leads && outbox_note(d->outbox, d->pg, &e))
        log_warn("stopping", "error", e.message, NULL);
    log_info("stopped", "sent", LOG_NUMBER(outbox_total(d->outbox)), NULL);
}

static void tell_retry(const struct dispatch *d, const struct err *e)
{
    metrics_retry(!d->pg || !pg_is_usable(d->pg) ? "08" : pg_sqlstate(d->pg));
    if (!d->pg || !pg_is_usable(d->pg))
        health_tell(HEALTH_DATABASE, e->message);
}

int dispatch_run(struct dispatch *d, const volatile bool *stop)
{
    struct err e = {DONE, EX_OK, ""};

    d->stop = stop;
    while (!*stop) {
        if (reload_if_asked())
            log_set_level(d->settings->log_level);
        switch (dispatch_once(d, &e)) {
        case DONE: backoff_end(&d->backoff); break;
        case RETRY:
            log_warn("will try again", "error", e.message, NULL);
            tell_retry(d, &e);
            back_off(d);
            break;
        case REJECT: /* set aside within a stage; to arrive here is a bug */
        case FATAL:
            log_error("cannot go on", "error", e.message, NULL);
            return e.exit_code ? e.exit_code : EX_SOFTWARE;
        }
    }
    end(d);
    return EX_OK;
}

struct dispatch *dispatch_new(const struct dispatch_settings *settings, struct err *e)
{
    struct dispatch *d = xcalloc(1, sizeof *d);

    d->settings = settings;
    d->heard_ms = clock_monotonic_ms();
    d->ticker = ticker_new(&settings->tick);
    d->heartbeats = heartbeats_new(settings->name_space, settings->heartbeat_s * 1000);
    d->outbox = outbox_new(settings->name_space, (size_t)settings->batch_orders, e);
    if (d->outbox && !open_producer(d, e)) {
        log_info("started", "librdkafka", kafka_version(), NULL);
        return d;
    }
    dispatch_free(d);
    return NULL;
}

void dispatch_free(struct dispatch *d)
{
    if (!d)
        return;
    kafka_producer_close(d->producer);
    pg_close(d->pg);
    outbox_free(d->outbox);
    heartbeats_free(d->heartbeats);
    ticker_free(d->ticker);
    free(d);
}
