/* claim.c - sources, claims, eviction and gaps. */
#include "consumers/runtime/claim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/point.h"
#include "consumers/runtime/gap.h"
#include "consumers/runtime/sql.h"

struct decimal {
    char text[24];
};

static const char *decimal_text(struct decimal *out, int64_t number)
{
    snprintf(out->text, sizeof out->text, "%" PRId64, number);
    return out->text;
}
#define TEXT_OF(number) decimal_text(&(struct decimal){""}, number)

static enum outcome find_source(const struct claim_settings *settings, struct pg *pg,
                                const struct claim_identity *identity,
                                struct claim *claim, struct err *e)
{
    const char *parameters[] = {identity->cluster_id, settings->topic, identity->topic_id,
                                TEXT_OF(claim->partition)};
    struct pg_result *result = NULL;
    enum outcome outcome = pg_query(pg, sql_text("source"), parameters, 4, &result, e);

    if (!outcome && pg_rows(result) == 0)
        outcome = err_set(e, RETRY, "another session is making the source");
    else if (!outcome)
        claim->source_id = (int32_t)pg_number(result, 0, 0);
    pg_result_free(result);
    return outcome;
}

static int64_t number_or(const struct pg_result *result, size_t column, int64_t fallback)
{
    return pg_value(result, 0, column) ? pg_number(result, 0, column) : fallback;
}

static enum outcome read_standing(struct pg *pg, int32_t source_id,
                                  struct standing *standing, struct err *e)
{
    struct pg_result *result = NULL;

    if (pg_query(pg, sql_text("progress"), (const char *const[]){TEXT_OF(source_id)}, 1,
                 &result, e))
        return e->outcome;
    *standing = (struct standing){
        .next_offset = number_or(result, 0, -1),
        .leader_epoch = (int32_t)number_or(result, 1, -1),
        .is_recreated = pg_value(result, 0, 5)[0] == 't',
        .open = {.from = number_or(result, 3, -1), .to = number_or(result, 4, -1)},
    };
    if (pg_value(result, 0, 2))
        snprintf(standing->open.reason, sizeof standing->open.reason, "%s",
                 pg_value(result, 0, 2));
    pg_result_free(result);
    return DONE;
}

static void tell_gap(const struct claim *claim, const struct gap *gap, bool is_new)
{
    const char *partition = TEXT_OF(claim->partition), *from = TEXT_OF(gap->from);
    const char *to = gap->to < 0 ? "not known" : TEXT_OF(gap->to);

    if (is_new)
        log_error("partition stopped: offsets are missing", "reason", gap->reason,
                  "partition", partition, "from_offset", from, "to_offset", to, NULL);
    else
        log_warn("partition waits for an operator to accept a gap", "reason", gap->reason,
                 "partition", partition, "from_offset", from, "to_offset", to, NULL);
}

/* A new topic must not be compared with the old one's place. */
static enum outcome check_identity(struct kafka_consumer *consumer,
                                   const struct claim_identity *identity, struct err *e)
{
    struct claim_identity now;

    if (kafka_consumer_identity(consumer, now.cluster_id, now.topic_id, e))
        return e->outcome;
    return strcmp(now.topic_id, identity->topic_id) == 0
               ? DONE
               : err_set(e, RETRY, "the topic was created anew meanwhile");
}

static enum outcome write_gap(struct pg *pg, const struct claim *claim,
                              const struct gap *gap, struct err *e)
{
    const char *parameters[] = {TEXT_OF(claim->source_id), TEXT_OF(gap->from),
                                gap->to < 0 ? NULL : TEXT_OF(gap->to), gap->reason};

    return pg_query(pg, sql_text("gap"), parameters, 4, NULL, e);
}

/* A source that nobody has read gets its place, and what is missing in front of it in the same statement. */
static enum outcome begin_source(const struct claim_settings *settings, struct pg *pg,
                                 const struct claim *claim,
                                 const struct standing *standing,
                                 const struct gap_log *log, struct gap *gap,
                                 struct err *e)
{
    int64_t from;
    const char *parameters[] = {TEXT_OF(claim->source_id), NULL, TEXT_OF(log->low), NULL};

    *gap = gap_at_start(standing, log, settings->start_at_earliest, &from);
    parameters[1] = TEXT_OF(from);
    parameters[3] = gap->reason[0] ? gap->reason : NULL;
    if (pg_query(pg, sql_text("first_progress"), parameters, 4, NULL, e))
        return e->outcome;
    if (!gap->reason[0])
        log_info("partition is read for the first time", "partition",
                 TEXT_OF(claim->partition), "from_offset", parameters[1], NULL);
    return DONE;
}

/* Whether reading can go on. *is_readable false: it cannot now, and the log and bus.gap say why. */
static enum outcome check_place(const struct claim_settings *settings, struct pg *pg,
                                struct kafka_consumer *consumer,
                                const struct claim_identity *identity,
                                const struct claim_wish *wish, struct claim *claim,
                                bool *is_readable, struct err *e)
{
    struct gap_log log = {
        settings->kafka, settings->group, settings->topic, wish->partition, 0, 0,
        wish->is_doubted};
    struct standing standing;
    struct gap gap;
    enum outcome outcome;

    *is_readable = false;
    claim->last_offset = -1;
    if (read_standing(pg, claim->source_id, &standing, e))
        return e->outcome;
    outcome =
        kafka_consumer_watermarks(consumer, claim->partition, &log.low, &log.high, e);
    if (!outcome && standing.next_offset >= 0)
        outcome = gap_find(&standing, &log, &gap, &claim->last_offset, e);
    if (outcome) {
        log_warn("partition left out for now", "partition", TEXT_OF(claim->partition),
                 "error", e->message, NULL);
        return outcome == RETRY ? DONE : outcome;
    }
    if (standing.next_offset < 0
        && (check_identity(consumer, identity, e)
            || begin_source(settings, pg, claim, &standing, &log, &gap, e)))
        return e->outcome;
    *is_readable = !gap.reason[0];
    if (*is_readable)
        return DONE;
    tell_gap(claim, &gap, !standing.open.reason[0]);
    if (check_identity(consumer, identity, e))
        return e->outcome;
    return standing.next_offset < 0 ? DONE : write_gap(pg, claim, &gap, e);
}

/* One statement that commits by itself: a claimer that stalls holds nothing. */
static enum outcome take_row(struct pg *pg, const struct claim_settings *settings,
                             struct claim *claim, struct err *e)
{
    const char *parameters[] = {TEXT_OF(claim->source_id), settings->owner};
    struct pg_result *result = NULL;
    enum outcome outcome = pg_query(pg, sql_text("claim"), parameters, 2, &result, e);

    if (!outcome && pg_rows(result) != 1)
        outcome = err_set(e, RETRY, "the progress row is gone, or waits for an operator");
    if (!outcome) {
        claim->next_offset = pg_number(result, 0, 0);
        claim->owner_epoch = pg_number(result, 0, 1);
        claim->leader_epoch = (int32_t)number_or(result, 2, -1);
        if (claim->last_offset >= 0)
            claim->last_offset = claim->next_offset - 1;
    }
    pg_result_free(result);
    return outcome;
}

static enum outcome evict(struct pg *pg, const struct claim *claim, struct err *e)
{
    struct pg_result *result = NULL;

    if (pg_query(pg, sql_text("evict"), (const char *const[]){TEXT_OF(claim->source_id)},
                 1, &result, e))
        return err_wrap(e, "ending the former owner's session");
    log_warn("a former owner holds the partition; its sessions are ended", "partition",
             TEXT_OF(claim->partition), "sessions", TEXT_OF((int64_t)pg_rows(result)),
             NULL);
    pg_result_free(result);
    return DONE;
}

/* A lock that outlasts the time-out is held by a former owner that stalls: its session is ended, and the
 * claim is tried once more. */
static enum outcome take_over(const struct claim_settings *settings, struct pg *pg,
                              struct claim *claim, struct err *e)
{
    if (!take_row(pg, settings, claim, e))
        return DONE;
    if (strcmp(pg_sqlstate(pg), "55P03") != 0)
        return e->outcome;
    if (evict(pg, claim, e))
        return e->outcome;
    return take_row(pg, settings, claim, e);
}

static enum outcome look_one(const struct claim_settings *settings, struct pg *pg,
                             struct kafka_consumer *consumer,
                             const struct claim_identity *identity,
                             const struct claim_wish *wish, struct claim *claim,
                             bool *is_readable, struct err *e)
{
    *claim = (struct claim){.partition = wish->partition};
    if (find_source(settings, pg, identity, claim, e)
        || check_place(settings, pg, consumer, identity, wish, claim, is_readable, e))
        return err_wrap(e, "looking at partition %" PRId32, wish->partition);
    return DONE;
}

enum outcome claim_look(const struct claim_settings *settings, struct pg *pg,
                        struct kafka_consumer *consumer,
                        const struct claim_identity *identity,
                        const struct claim_wish *wishes, size_t count, bool *is_free,
                        struct err *e)
{
    *is_free = false;
    for (size_t i = 0; i < count && !*is_free; i++) {
        struct claim claim;
        if (look_one(settings, pg, consumer, identity, &wishes[i], &claim, is_free, e))
            return e->outcome;
    }
    return DONE;
}

static enum outcome claim_one(const struct claim_settings *settings, struct pg *pg,
                              struct kafka_consumer *consumer,
                              const struct claim_identity *identity,
                              const struct claim_wish *wish, struct claim *claim,
                              bool *is_readable, struct err *e)
{
    if (look_one(settings, pg, consumer, identity, wish, claim, is_readable, e))
        return e->outcome;
    POINT("before_claim");
    return *is_readable ? take_over(settings, pg, claim, e) : DONE;
}

static enum outcome claim_all(const struct claim_settings *settings, struct pg *pg,
                              struct kafka_consumer *consumer,
                              const struct claim_identity *identity,
                              const struct claim_wish *wishes, size_t count,
                              struct claim *claims, size_t *claimed, struct err *e)
{
    *claimed = 0;
    for (size_t i = 0; i < count; i++) {
        struct claim *claim = &claims[*claimed];
        bool is_readable;
        if (claim_one(settings, pg, consumer, identity, &wishes[i], claim, &is_readable,
                      e))
            return err_wrap(e, "claiming partition %" PRId32, wishes[i].partition);
        *claimed += is_readable;
    }
    return DONE;
}

enum outcome claim_partitions(const struct claim_settings *settings, struct pg *pg,
                              struct kafka_consumer *consumer,
                              const struct claim_identity *identity,
                              const struct claim_wish *wishes, size_t count,
                              struct claim *claims, size_t *claimed, struct err *e)
{
    char begin[64];
    struct err ignored;
    enum outcome outcome;

    *claimed = 0;
    snprintf(begin, sizeof begin, "set lock_timeout = %d", settings->lock_timeout_ms);
    if (count > 0 && pg_run(pg, begin, e))
        return e->outcome;
    outcome =
        claim_all(settings, pg, consumer, identity, wishes, count, claims, claimed, e);
    if (count > 0 && pg_is_usable(pg)
        && pg_run(pg, PG_DEFAULT_LOCK_TIMEOUT, outcome ? &ignored : e))
        return e->outcome;
    return outcome;
}
