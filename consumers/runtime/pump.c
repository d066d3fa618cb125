/* pump.c - the loop, and what it does when a stage cannot go on. */
#include "consumers/runtime/pump.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/backoff.h"
#include "common/clock.h"
#include "common/health.h"
#include "common/kafka.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/metrics.h"
#include "common/notify.h"
#include "common/pg.h"
#include "common/reload.h"
#include "common/text.h"
#include "consumers/runtime/breaker.h"
#include "consumers/runtime/claim.h"
#include "consumers/runtime/decode.h"
#include "consumers/runtime/enrich.h"
#include "consumers/runtime/headers.h"
#include "consumers/runtime/linker.h"
#include "consumers/runtime/measure.h"
#include "consumers/runtime/set_aside.h"
#include "consumers/runtime/sql.h"
#include "consumers/runtime/store.h"

enum {
    IDLE_MS = 100, /* wait for a first message */
    AHEAD_MESSAGES = 64,
    TELL_MS = 1000,
    REPORT_MS = 10000,
    FIRST_PATIENCE_MS = 250,
    SLOW_MS =
        20, /* without a sign of the server, we look how much was fetched meanwhile */
    MOST_GROWTH =
        64 << 20,    /* bytes, after which nothing is fetched until the batch is stored */
    HOLD_MS = 10000, /* for which a partition with a fault is left alone */
    NAME_SIZE = 320
};

/* A partition with a fault is claimed anew, which finds what is missing; if it has a fault again all the same,
 * it is left alone for a while, so that the others can be read. */
struct hold {
    int32_t partition;
    int64_t until_ms; /* on the monotonic clock */
};

struct pump {
    const struct kind *kind;
    const char *program;
    const struct pump_settings *settings;
    const volatile bool *stop;
    char topic[TEXT_TOPIC_SIZE], group[NAME_SIZE], owner[NAME_SIZE];

    struct kafka_consumer *consumer;
    struct pg *pg;             /* NULL: not connected */
    bool was_let_in;           /* then a refused login has a password that is being
                                  replaced */
    bool has_begun;            /* the store knows of this connection */
    struct registry *registry; /* NULL: none is configured */
    struct decoder *decoder;
    struct enricher *enricher;
    struct linker *linker;
    struct case_actions *actions; /* NULL: the kind has none */
    struct columns *columns;
    struct store *store;
    struct breaker *breaker;
    struct batch *batch; /* the one at hand */
    struct batch *ahead; /* while that is stored: what is to follow it */
    bool is_spent;       /* that is still the batch before */

    struct claim *claims; /* what we read now, or read last */
    size_t claim_count;
    bool is_claimed; /* the claims hold, as far as we know */
    uint64_t taken;  /* number of the group's decision that they answer */
    struct claim_identity identity;
    int64_t checked_ms;  /* when what we read was last compared with what there is */
    int64_t patience_ms; /* until the next look at partitions left out; 0: none are */

    struct hold *holds; /* partitions that had a fault under this decision */
    size_t hold_count;

    size_t
        rows_limit; /* of a batch; smaller where it or the server ran out of memory or time */
    size_t resident_before; /* storing, in bytes; 0: not storing */
    struct backoff backoff;
    int64_t told_ms, reported_ms; /* when, on the monotonic clock */
    int64_t reported_batches;
};

/* ---- owning ---- */

/* What librdkafka fetches while we store is bounded by the bytes of values alone: messages with large keys or headers
 * would fill the memory. So nothing is fetched while a batch of such messages is stored, nor as soon as the process
 * has grown by more than storing needs; reading goes on from the claims afterwards. */
static void stop_fetching(struct pump *p)
{
    struct err ignored;

    p->resident_before = 0;
    kafka_consumer_assign(p->consumer, NULL, 0, &ignored);
    p->batch->is_cut = true;
}

static void on_slow_store(void *context)
{
    struct pump *p = context;

    health_turn();
    if (p->resident_before == 0 || memory_resident() < p->resident_before + MOST_GROWTH)
        return;
    stop_fetching(p);
    log_info(
        "what was fetched while storing is large, nothing more is until it is stored",
        NULL);
}

static enum outcome open_database(struct pump *p, struct err *e)
{
    if (!p->pg || !pg_is_usable(p->pg)) {
        pg_close(p->pg);
        p->has_begun = false;
        p->pg = pg_open(p->settings->database.url, p->settings->database.password_file,
                        p->program, (int)p->settings->statement_timeout_ms, e);
        if (!p->pg && p->was_let_in)
            e->outcome = RETRY;
        if (!p->pg)
            return err_wrap(e, "connecting to PostgreSQL");
        p->was_let_in = true;
        pg_await_setup(p->pg);
        pg_on_slow(p->pg, SLOW_MS, on_slow_store, p);
    }
    if (p->has_begun)
        return store_check(p->store, p->pg, e);
    p->has_begun = store_begin(p->store, p->pg, e) == DONE;
    return p->has_begun ? DONE : e->outcome;
}

static bool has_database(const struct pump *p)
{
    return p->pg && pg_is_usable(p->pg);
}

static enum outcome connect(struct pump *p, struct err *e)
{
    enum outcome outcome = open_database(p, e);

    health_tell(HEALTH_DATABASE, has_database(p) ? NULL : e->message);
    if (!outcome || has_database(p))
        health_tell(HEALTH_SCHEMA, outcome ? e->message : NULL);
    return outcome;
}

static struct kafka_place *places_of(const struct pump *p)
{
    struct kafka_place *places = xcalloc(p->claim_count + 1, sizeof *places);

    for (size_t i = 0; i < p->claim_count; i++)
        places[i] =
            (struct kafka_place){p->claims[i].partition, p->claims[i].next_offset};
    return places;
}

/* The last message stored comes once more, to see that the log is still the same. */
static int64_t first_to_read(const struct claim *claim)
{
    return claim->last_offset >= 0 ? claim->last_offset : claim->next_offset;
}

/* After trouble the group may have gone on without us. Claiming again would then take the partitions away
 * from their new owner, so the group is asked first. */
static enum outcome confirm(struct pump *p, struct err *e)
{
    struct kafka_place *places = places_of(p);
    enum outcome outcome = kafka_consumer_confirm(p->consumer, places, p->claim_count, e);

    free(places);
    if (outcome)
        health_tell(HEALTH_KAFKA, e->message);
    return outcome ? err_wrap(e, "asking the group whether we are still a member") : DONE;
}

static struct hold *find_hold(const struct pump *p, int32_t partition)
{
    for (size_t i = 0; i < p->hold_count; i++)
        if (p->holds[i].partition == partition)
            return &p->holds[i];
    return NULL;
}

static void note_fault(struct pump *p, int32_t partition)
{
    struct hold *hold = find_hold(p, partition);

    if (hold) {
        hold->until_ms = clock_monotonic_ms() + HOLD_MS;
        return;
    }
    p->holds = xrealloc(p->holds, (p->hold_count + 1) * sizeof *p->holds);
    p->holds[p->hold_count++] = (struct hold){partition, 0};
}

static const struct claim *find_claim(const struct pump *p, int32_t partition)
{
    for (size_t i = 0; i < p->claim_count; i++)
        if (p->claims[i].partition == partition)
            return &p->claims[i];
    return NULL;
}

/* Those of the wanted partitions that we have no claim to and that are not left alone; the caller frees the list. */
static struct claim_wish *choose_partitions(const struct pump *p, const int32_t *wanted,
                                            size_t count, size_t *chosen)
{
    struct claim_wish *list = xcalloc(count + 1, sizeof *list);

    *chosen = 0;
    for (size_t i = 0; i < count; i++) {
        const struct hold *hold = find_hold(p, wanted[i]);
        if (!find_claim(p, wanted[i]) && (!hold || hold->until_ms <= clock_monotonic_ms())
            && !breaker_is_paused(p->breaker, wanted[i], clock_monotonic_ms()))
            list[(*chosen)++] = (struct claim_wish){wanted[i], hold != NULL};
    }
    return list;
}

/* What was taken before comes again. */
static enum outcome read_claims(struct pump *p, struct err *e)
{
    struct kafka_place *places = places_of(p);
    enum outcome outcome;

    batch_reset(p->batch);
    for (size_t i = 0; i < p->claim_count; i++)
        places[i].offset = first_to_read(&p->claims[i]);
    outcome = kafka_consumer_assign(p->consumer, places, p->claim_count, e);
    free(places);
    breaker_begin(p->breaker);
    return outcome;
}

/* What the topic of our name is now. */
static enum outcome ask_identity(struct pump *p, struct claim_identity *now,
                                 struct err *e)
{
    enum outcome outcome =
        kafka_consumer_identity(p->consumer, now->cluster_id, now->topic_id, e);

    health_tell(HEALTH_KAFKA, outcome ? e->message : NULL);
    return outcome;
}

static bool is_claimed_topic(const struct pump *p, const struct claim_identity *now)
{
    return strcmp(now->topic_id, p->identity.topic_id) == 0;
}

static struct claimer claimer_of(const struct pump *p)
{
    return (struct claimer){.pg = p->pg,
                            .consumer = p->consumer,
                            .kafka = &p->settings->kafka,
                            .group = p->group,
                            .topic = p->topic,
                            .identity = &p->identity,
                            .owner = p->owner,
                            .start_at_earliest =
                                strcmp(p->settings->start_at, "earliest") == 0,
                            .lock_timeout_ms = (int)p->settings->lock_timeout_ms};
}

static enum outcome claim(struct pump *p, const int32_t *wanted, size_t count,
                          struct err *e)
{
    const struct claimer claimer = claimer_of(p);
    size_t chosen;
    struct claim_wish *wishes;
    struct err ignored;
    enum outcome outcome = DONE;

    p->claims = xrealloc(p->claims, (count + 1) * sizeof *p->claims);
    p->claim_count = 0;
    wishes = choose_partitions(p, wanted, count, &chosen);
    if (chosen > 0)
        outcome = ask_identity(p, &p->identity, e);
    else if (count == 0) /* nothing hangs on it, but whether we are ready */
        ask_identity(p, &p->identity, &ignored);
    if (!outcome)
        outcome =
            claim_partitions(&claimer, wishes, chosen, p->claims, &p->claim_count, e);
    free(wishes);
    return outcome ? outcome : read_claims(p, e);
}

/* A partition that was left out is mostly there again soon (its leader was moving); for an operator it waits
 * longer. */
static void plan_check(struct pump *p, size_t wanted)
{
    p->checked_ms = clock_monotonic_ms();
    if (p->claim_count == wanted)
        p->patience_ms = 0;
    else
        p->patience_ms = p->patience_ms ? p->patience_ms * 2 : FIRST_PATIENCE_MS;
    if (p->patience_ms > p->settings->check_interval_ms)
        p->patience_ms = p->settings->check_interval_ms;
}

/* Whether one of those that were left out could be read now. The others are not disturbed by the question. */
static enum outcome look_at_rest(struct pump *p, const int32_t *wanted, size_t count,
                                 bool *is_free, struct err *e)
{
    struct claimer claimer;
    size_t chosen;
    struct claim_wish *wishes;
    enum outcome outcome = connect(p, e);

    if (outcome)
        return outcome;
    claimer = claimer_of(p);
    wishes = choose_partitions(p, wanted, count, &chosen);
    outcome = claim_look(&claimer, wishes, chosen, is_free, e);
    free(wishes);
    return outcome;
}

/* True, now and then, if everything is to be claimed again: the topic was created anew, a partition that was left
 * out could be read, or nobody can tell. */
static bool is_outdated(struct pump *p, const int32_t *wanted, size_t count)
{
    struct claim_identity now;
    struct err ignored;
    bool is_free = false, anew;

    if (clock_monotonic_ms() - p->checked_ms
        < (p->patience_ms ? p->patience_ms : p->settings->check_interval_ms))
        return false;
    plan_check(p, count);
    if (!ask_identity(p, &now, &ignored) && count > 0 && !is_claimed_topic(p, &now))
        return true;
    anew = p->claim_count < count
           && (look_at_rest(p, wanted, count, &is_free, &ignored) || is_free);
    p->checked_ms = clock_monotonic_ms(); /* where nobody answers, the look took long */
    return anew;
}

/* Makes sure that we own what the group wants us to read. */
static enum outcome own(struct pump *p, struct err *e)
{
    const int32_t *partitions;
    size_t count;
    uint64_t wanted = kafka_consumer_wanted(p->consumer, &partitions, &count);

    if (p->is_claimed && wanted == p->taken && !is_outdated(p, partitions, count))
        return DONE;
    if (connect(p, e) || (wanted == p->taken && confirm(p, e)))
        return e->outcome;
    if (wanted != p->taken) {
        p->hold_count = 0;
        breaker_keep(p->breaker, partitions, count);
        health_keep(HEALTH_GAP, partitions, count);
        health_keep(HEALTH_BREAKER, partitions, count);
        p->patience_ms = 0;
    }
    p->taken = wanted;
    if (claim(p, partitions, count, e))
        return e->outcome;
    p->is_claimed = true;
    health_tell(HEALTH_CLAIMED, wanted ? NULL : "the group has not decided yet");
    if (wanted)
        notify_ready();
    measure_claims(p->claim_count, count);
    plan_check(p, count);
    log_info("partitions claimed", "partitions", LOG_NUMBER(p->claim_count), "wanted",
             LOG_NUMBER(count), NULL);
    return DONE;
}

/* ---- fill ---- */

static bool is_reassigned(const struct pump *p)
{
    const int32_t *partitions;
    size_t count;

    return kafka_consumer_wanted(p->consumer, &partitions, &count) != p->taken;
}

/* It begins behind the batch at hand, which is not stored yet; or, if it is that, where the claims are. */
static void begin_batch(const struct pump *p, struct batch *batch)
{
    batch->next_offsets =
        arena_take_array(batch->arena, p->claim_count + 1, sizeof *batch->next_offsets);
    for (size_t i = 0; i < p->claim_count; i++)
        batch->next_offsets[i] =
            batch == p->ahead ? p->batch->next_offsets[i] : p->claims[i].next_offset;
}

/* The last message stored has the leader epoch that it had, and those behind it have no lower one. */
static bool is_of_our_log(const struct claim *claim, const struct kafka_message *message)
{
    if (claim->leader_epoch < 0 || message->leader_epoch < 0)
        return true;
    return message->offset == claim->last_offset
               ? message->leader_epoch == claim->leader_epoch
               : message->leader_epoch >= claim->leader_epoch;
}

/* The next message and its claim (NULL: it is not ours); one of another log is a fault. */
static enum outcome next_message(struct pump *p, int timeout_ms,
                                 struct kafka_message *message,
                                 const struct claim **claim, struct kafka_fault *fault,
                                 struct err *e)
{
    enum outcome outcome =
        kafka_consumer_poll(p->consumer, timeout_ms, message, fault, e);

    *claim = message->handle ? find_claim(p, message->partition) : NULL;
    if (outcome || !*claim || is_of_our_log(*claim, message))
        return outcome;
    fault->partition = message->partition;
    kafka_message_free(message);
    return err_set(e, RETRY,
                   "partition %" PRId32 " offset %" PRId64 ": leader epoch %" PRId32
                   ", %" PRId32 " was read: this is another log",
                   message->partition, message->offset, message->leader_epoch,
                   (*claim)->leader_epoch);
}

/* False: not ours, or counted already: what we keep is what the claims say. */
static bool is_next(const struct pump *p, const struct batch *batch,
                    const struct claim *claim, const struct kafka_message *message)
{
    return claim && message->offset >= batch->next_offsets[claim - p->claims];
}

static void add_message(const struct pump *p, struct batch *batch, size_t claim,
                        const struct kafka_message *message)
{
    struct event *event;

    batch->is_asked_for = false;
    batch_unfold(batch);
    if (batch->count == 0)
        batch->linger_end_ms = clock_monotonic_ms() + p->settings->linger_ms;
    else
        batch->other_bytes += headers_count(&batch->events[batch->count - 1], message);
    event = &batch->events[batch->count++];
    *event = (struct event){.message = *message, .outcome = EVENT_STORED, .claim = claim};
    batch->next_offsets[claim] = message->offset + 1;
    batch->value_bytes += message->value_size;
    batch->other_bytes += message->key_size;
}

/* How much longer to wait for a message, after none came within waited_ms; 0: no longer. */
static int fill_timeout(const struct batch *batch, int waited_ms)
{
    int64_t left = batch->linger_end_ms - clock_monotonic_ms();

    if (batch->count == 0)
        return waited_ms == 0 ? IDLE_MS : 0;
    return left > 0 ? (int)left : 0;
}

/* Faults of the broker are repaired by librdkafka. A partition that stands still, or would go on behind a hole,
 * has to be claimed again, after what came before the fault is stored: *ends tells to end the batch here. */
static enum outcome take_fault(struct pump *p, const struct kafka_fault *fault,
                               bool *ends, struct err *e)
{
    if (e->outcome == FATAL)
        return err_wrap(e, "reading");
    log_warn("reading", "error", e->message, NULL);
    *ends = fault->partition >= 0;
    if (!*ends)
        health_tell(HEALTH_KAFKA, e->message);
    if (!*ends)
        return DONE;
    note_fault(p, fault->partition);
    if (p->batch->count == 0)
        return err_wrap(e, "reading");
    p->is_claimed = false;
    return DONE;
}

/* Keys and headers are what librdkafka does not count. */
static bool is_large(const struct pump *p, const struct batch *batch)
{
    return batch->other_bytes > (size_t)p->settings->batch_bytes / 2;
}

static bool has_room(const struct pump *p, const struct batch *batch)
{
    return batch->count < p->rows_limit
           && batch->value_bytes + batch->other_bytes < (size_t)p->settings->batch_bytes;
}

/* Takes one message, if one comes in time; *ends tells that the batch is to end here. The group may have decided anew:
 * then what came before is void. */
static enum outcome take_message(struct pump *p, struct batch *batch, int timeout_ms,
                                 bool *came, bool *ends, struct err *e)
{
    struct kafka_message message = {0};
    struct kafka_fault fault = {-1};
    const struct claim *claim;

    if (next_message(p, timeout_ms, &message, &claim, &fault, e)
        && take_fault(p, &fault, ends, e))
        return e->outcome;
    *came = message.handle != NULL;
    if (is_reassigned(p)) {
        kafka_message_free(&message);
        batch_reset(batch);
        *ends = true;
    } else if (*came && !is_next(p, batch, claim, &message)) {
        measure_seen(&message);
        kafka_message_free(&message);
    } else if (*came && !breaker_admits(p->breaker, message.partition)) {
        kafka_message_free(&message);
        *ends = p->batch->is_cut = true;
    } else if (*came) {
        add_message(p, batch, (size_t)(claim - p->claims), &message);
    }
    return DONE;
}

/* Takes messages until the batch is full by rows, bytes or time. An empty batch: there was nothing, or the
 * group has decided anew and what came before is void. */
static enum outcome fill(struct pump *p, struct err *e)
{
    struct batch *batch = p->batch;
    int timeout_ms = 0; /* what is there is taken without a look at the clock */
    bool came, ends = false;

    if (!batch->next_offsets)
        begin_batch(p, batch);
    while (has_room(p, batch) && !*p->stop) {
        if (take_message(p, batch, timeout_ms, &came, &ends, e))
            return e->outcome;
        timeout_ms = came ? 0 : fill_timeout(batch, timeout_ms);
        if (ends || (!came && timeout_ms == 0))
            return DONE;
    }
    return DONE;
}

/* A few messages of what follows the batch at hand, while that is stored. False: nothing came, or there is to be no more.
 * Nothing is taken where reading will go back, or holds more memory than librdkafka counts. What check_topic() asks is
 * asked meanwhile too. */
static bool take_ahead(struct pump *p)
{
    bool came = true, ends = false;
    struct err ignored; /* what ends reading comes again */

    if (!p->ahead->next_offsets || p->ahead->is_asked_for || p->batch->is_cut
        || !p->is_claimed || *p->stop)
        return false;
    for (size_t i = 0; i < AHEAD_MESSAGES && came && has_room(p, p->ahead); i++)
        if (take_message(p, p->ahead, 0, &came, &ends, &ignored) || ends)
            return false;
    if (has_room(p, p->ahead))
        return came;
    kafka_consumer_ask_topic(p->consumer);
    return p->ahead->is_asked_for = true;
}

/* The memory of the batch before is given back, and takes what is to follow. */
static bool begin_ahead(struct pump *p)
{
    if (batch_reset_some(p->ahead))
        return true;
    p->is_spent = false;
    begin_batch(p, p->ahead);
    if (!p->batch->is_cut)
        p->resident_before = memory_resident();
    return true;
}

/* While the server works, what is to follow is made ready, some hundred microseconds' worth at a time. */
static bool on_wait(void *context)
{
    struct pump *p = context;
    bool has_more;

    if (p->is_spent)
        return begin_ahead(p);
    has_more = take_ahead(p) || decode_ahead(p->decoder, p->ahead);
    return enrich_ahead(p->enricher, p->ahead) || has_more
           || (!has_room(p, p->ahead) && store_ahead(p->store, p->ahead));
}

/* ---- store ---- */

static enum outcome store(struct pump *p, struct batch *batch, struct err *e)
{
    enum outcome outcome;

    if (batch->count == 0)
        return DONE;
    if (is_large(p, batch))
        stop_fetching(p);
    pg_on_wait(p->pg, on_wait, p);
    outcome = store_batch(p->store, p->pg, batch, p->claims, p->claim_count, e);
    pg_on_wait(p->pg, NULL, NULL);
    p->resident_before = 0;
    return outcome;
}

/* What was loaded after the batch was enriched is seen in its transaction: then it is enriched anew. */
static enum outcome enrich_and_store(struct pump *p, struct batch *batch, struct err *e)
{
    bool is_outdated;

    do {
        if (!enrich_batch(p->enricher, p->pg, batch, e) && !store(p, batch, e))
            return DONE;
        is_outdated = store_take_is_outdated(p->store);
        if (is_outdated)
            enricher_expire(p->enricher);
    } while (is_outdated);
    return e->outcome;
}

/* ---- judging what came ---- */

/* Rejects that may be a mistake on a large scale. */
static bool is_counted_reject(const struct event *event)
{
    return event->outcome == EVENT_DEAD
           && (event->sqlstate || (event->is_of_proven_writer && !event->values));
}

/* For people: bus.progress tells since when and why. reason NULL: it goes on. */
static enum outcome note_pause(struct pump *p, const struct claim *claim,
                               const char *reason, struct err *e)
{
    char source[16], epoch[24];

    snprintf(source, sizeof source, "%" PRId32, claim->source_id);
    snprintf(epoch, sizeof epoch, "%" PRId64, claim->owner_epoch);
    if (pg_query(p->pg, sql_text("pause"), (const char *const[]){source, epoch, reason},
                 3, NULL, e))
        return err_wrap(e, "noting a pause");
    return DONE;
}

static enum outcome pause_partition(struct pump *p, const struct event *event,
                                    struct err *e)
{
    const struct claim *claim = &p->claims[event->claim];
    const char *field = event->reject.field;
    char reason[300];

    snprintf(reason, sizeof reason, "most of what came was set aside, at last: %s%s%s",
             event->reject.reason, field ? " of " : "", field ? field : "");
    log_warn("partition paused", "partition", LOG_NUMBER(claim->partition), "reason",
             reason, "seconds", LOG_NUMBER(p->settings->breaker_pause_s), NULL);
    p->is_claimed = false;
    health_tell_partition(HEALTH_BREAKER, claim->partition, reason);
    return note_pause(p, claim, reason, e);
}

static enum outcome judge(struct pump *p, const struct batch *batch, struct err *e)
{
    int64_t now_ms = clock_monotonic_ms();

    for (size_t i = 0; i < batch->count; i++) {
        const struct event *event = &batch->events[i];
        int32_t partition = event->message.partition;
        enum verdict verdict =
            breaker_count(p->breaker, partition, is_counted_reject(event), now_ms);
        if (event->outcome == EVENT_DEAD)
            set_aside_tell(event);
        if (verdict == VERDICT_PAUSE && pause_partition(p, event, e))
            return e->outcome;
        if (verdict != VERDICT_GO_ON)
            continue;
        log_info("partition goes on", "partition", LOG_NUMBER(partition), NULL);
        health_tell_partition(HEALTH_BREAKER, partition, NULL);
        if (note_pause(p, &p->claims[event->claim], NULL, e))
            return e->outcome;
    }
    return DONE;
}

/* librdkafka goes on at its place in a topic that was created anew, if that is long enough by then. Ids are never
 * used again: if the topic is still the one that was claimed, all that was fetched before the question is from it. What
 * remains is the moment in which one broker serves the new topic and the one that we ask has not heard of it. */
static enum outcome check_topic(struct pump *p, const struct batch *batch, struct err *e)
{
    struct claim_identity now;

    if (batch->count == 0)
        return DONE;
    if (!batch->is_asked_for)
        kafka_consumer_ask_topic(p->consumer);
    if (kafka_consumer_topic(p->consumer, now.topic_id, e))
        return err_wrap(e, "asking whether the topic is still the same");
    return is_claimed_topic(p, &now) ? DONE
                                     : err_set(e, RETRY, "the topic was created anew");
}

/* ---- advance ---- */

static void report(struct pump *p)
{
    const struct store_counts *counts = store_counted(p->store);

    if (counts->batches == p->reported_batches)
        return;
    p->reported_batches = counts->batches;
    log_info("progress", "batches", LOG_NUMBER(counts->batches), "stored",
             LOG_NUMBER(counts->stored), "duplicate", LOG_NUMBER(counts->duplicate),
             "dead_letter", LOG_NUMBER(counts->dead_letter), "absent",
             LOG_NUMBER(counts->absent), "ahead", LOG_NUMBER(counts->ahead), "look_ups",
             LOG_NUMBER(counts->look_ups), "redone", LOG_NUMBER(counts->redone), NULL);
}

/* Kafka's own committed offset is for lag tools; nothing depends on it. */
static void tell(struct pump *p)
{
    struct kafka_place *places = places_of(p);

    kafka_consumer_tell(p->consumer, places, p->claim_count);
    free(places);
}

static enum outcome advance(struct pump *p)
{
    int64_t now_ms = clock_monotonic_ms();

    measure_lag(p->consumer, p->claims, p->claim_count);
    if (now_ms - p->told_ms >= TELL_MS) {
        tell(p);
        p->told_ms = now_ms;
    }
    if (now_ms - p->reported_ms >= REPORT_MS) {
        report(p);
        p->reported_ms = now_ms;
    }
    return DONE;
}

/* A batch that had to be cut means reading what was left out once more: the next one is smaller from the start. The
 * way back is slow, as after a server's lack of memory. */
static void size_next(struct pump *p, const struct batch *batch)
{
    size_t most = (size_t)p->settings->batch_rows;

    if (batch->is_heavy)
        p->rows_limit = batch->count - batch->count / 4;
    else
        p->rows_limit += p->rows_limit / 64 + 1;
    if (p->rows_limit > most)
        p->rows_limit = most;
}

/* ---- the loop ---- */

/* What was filled ahead is the batch at hand now, unless reading has to go back. The memory of the one that is stored is
 * given back while the server is at work again, unless it is much. */
static enum outcome turn(struct pump *p, struct err *e)
{
    struct batch *stored = p->batch;
    bool is_cut = stored->is_cut, is_much = is_large(p, stored);

    size_next(p, stored);
    p->batch = p->is_spent ? batch_reset(p->ahead) : p->ahead;
    p->ahead = is_much ? batch_reset(stored) : stored;
    p->is_spent = true;
    return is_cut && p->is_claimed ? read_claims(p, e) : DONE;
}

/* One batch, start to end. Progress moves in the transaction that stores the rows. */
static enum outcome pump_once(struct pump *p, struct err *e)
{
    struct batch *batch = p->batch;
    int64_t began_ms;

    health_turn();
    if (own(p, e) || fill(p, e) || check_topic(p, batch, e))
        return e->outcome;
    began_ms = clock_monotonic_ms();
    if (decode_batch(p->decoder, p->pg, batch, e) || enrich_and_store(p, batch, e))
        return e->outcome;
    measure_batch(batch, p->claim_count, store_counted(p->store),
                  clock_monotonic_ms() - began_ms);
    if (judge(p, batch, e) || turn(p, e))
        return e->outcome;
    return advance(p);
}

/* Forgets the batch and stops reading; the claims are kept only to ask the group by them. */
static void let_go(struct pump *p, const struct err *why)
{
    struct err ignored;

    batch_reset(p->batch);
    batch_reset(p->ahead);
    p->is_spent = true;
    if (p->is_claimed)
        kafka_consumer_assign(p->consumer, NULL, 0, &ignored);
    if (store_take_wants_smaller(p->store) && p->rows_limit > 1)
        p->rows_limit /= 2;
    p->is_claimed = false;
    health_tell(HEALTH_CLAIMED, why->message);
    health_tell(HEALTH_DATABASE, has_database(p) ? NULL : why->message);
    measure_lag(NULL, p->claims, p->claim_count);
}

/* Waits with growing patience, and polls meanwhile, so that the group does not take us for dead. While the database is
 * away nothing else would tell that the broker answers again. */
static void back_off(struct pump *p)
{
    struct claim_identity now;
    struct err ignored;
    int64_t end_ms =
        clock_monotonic_ms() + backoff_next(&p->backoff, p->settings->backoff_max_ms);

    while (!*p->stop && clock_monotonic_ms() < end_ms) {
        struct kafka_message message = {0};
        struct kafka_fault fault = {-1};
        health_turn();
        kafka_consumer_poll(p->consumer, IDLE_MS, &message, &fault, &ignored);
        kafka_message_free(&message);
    }
    if (health_failures(HEALTH_KAFKA) > 0 && !*p->stop)
        ask_identity(p, &now, &ignored);
}

int pump_run(struct pump *p, const volatile bool *stop)
{
    struct err e = {DONE, EX_OK, ""};

    p->stop = stop;
    while (!*stop) {
        if (reload_if_asked())
            log_set_level(p->settings->log_level);
        switch (pump_once(p, &e)) {
        case DONE: backoff_end(&p->backoff); break;
        case RETRY:
            log_warn("will try again", "error", e.message, NULL);
            metrics_retry(has_database(p) ? pg_sqlstate(p->pg) : "08");
            let_go(p, &e);
            back_off(p);
            break;
        case REJECT: /* set aside within a stage; to arrive here is a bug */
        case FATAL:
            log_error("cannot go on", "error", e.message, NULL);
            return e.exit_code ? e.exit_code : EX_SOFTWARE;
        }
    }
    report(p);
    if (p->is_claimed)
        tell(p);
    log_info("stopped", NULL);
    return EX_OK;
}

/* ---- making one ---- */

static void name_all(struct pump *p)
{
    char host[64] = "";
    char kind[128];

    snprintf(kind, sizeof kind, "%s", p->kind->name);
    text_hyphens(kind);
    gethostname(host, sizeof host - 1);
    text_topic(p->topic, p->settings->name_space, p->kind->name);
    snprintf(p->group, sizeof p->group, "%s.%s", p->settings->name_space, kind);
    snprintf(p->owner, sizeof p->owner, "%s/%ld", host, (long)getpid());
}

struct pump *pump_new(const struct kind *kind, const char *program,
                      const struct pump_settings *settings, struct err *e)
{
    struct pump *p = xcalloc(1, sizeof *p);

    p->kind = kind;
    p->program = program;
    p->settings = settings;
    p->rows_limit = (size_t)settings->batch_rows;
    p->batch = batch_new(p->rows_limit);
    p->ahead = batch_new(p->rows_limit);
    p->is_spent = true;
    name_all(p);
    log_set_context("topic", p->topic);
    if (settings->registry.url && !(p->registry = registry_open(&settings->registry, e)))
        goto fail;
    p->decoder =
        decoder_new(kind->name, (size_t)settings->max_event_bytes, p->registry, e);
    if (!p->decoder)
        goto fail;
    p->enricher = enricher_new(&kind->position, decoder_reader(p->decoder), e);
    if (!p->enricher)
        goto fail;
    p->linker = linker_new(kind, decoder_reader(p->decoder), p->enricher, e);
    if (!p->linker)
        goto fail;
    if (kind->acts)
        p->actions = case_actions_new(enricher_reference(p->enricher));
    p->columns = columns_new(decoder_reader(p->decoder), kind->name);
    p->store = store_new(decoder_reader(p->decoder), p->columns, p->linker, p->actions,
                         kind->name, (size_t)settings->batch_rows,
                         settings->dead_letter_kbytes_per_s * 1024);
    p->breaker = breaker_new(settings->breaker_pause_s * 1000);
    p->consumer = kafka_consumer_open(&settings->kafka, p->group, p->topic,
                                      (size_t)settings->max_event_bytes,
                                      (size_t)settings->queue_kbytes, e);
    if (!p->consumer)
        goto fail;
    log_info("started", "group", p->group, "librdkafka", kafka_version(), NULL);
    return p;
fail:
    pump_free(p);
    return NULL;
}

void pump_free(struct pump *p)
{
    if (!p)
        return;
    log_set_context("topic", NULL);
    batch_free(p->batch);
    batch_free(p->ahead);
    kafka_consumer_close(p->consumer);
    pg_close(p->pg);
    store_free(p->store);
    breaker_free(p->breaker);
    columns_free(p->columns);
    linker_free(p->linker);
    case_actions_free(p->actions);
    enricher_free(p->enricher);
    decoder_free(p->decoder);
    registry_close(p->registry);
    free(p->claims);
    free(p->holds);
    free(p);
}
