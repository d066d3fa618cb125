/* claim.c - sources, claims, eviction and gaps. */
#include "consumers/runtime/claim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/point.h"
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

/* Where the source stands. *next is -1 if nobody has read it before. */
static enum outcome read_progress(struct pg *pg, int32_t source_id, int64_t *next,
                                  bool *has_gap, struct err *e)
{
    const char *parameters[] = {TEXT_OF(source_id)};
    struct pg_result *result = NULL;
    enum outcome outcome = pg_query(pg, sql_text("progress"), parameters, 1, &result, e);

    *next = -1;
    *has_gap = false;
    if (!outcome && pg_rows(result) > 0) {
        *next = pg_number(result, 0, 0);
        *has_gap = pg_value(result, 0, 1)[0] == 't';
    }
    pg_result_free(result);
    return outcome;
}

static enum outcome write_gap(struct pg *pg, const struct claim *claim, int64_t from,
                              int64_t to, const char *reason, struct err *e)
{
    const char *parameters[] = {TEXT_OF(claim->source_id), TEXT_OF(from), TEXT_OF(to),
                                reason};

    log_error("partition stopped: offsets are missing", "reason", reason, "partition",
              TEXT_OF(claim->partition), "from_offset", TEXT_OF(from), "to_offset",
              TEXT_OF(to), NULL);
    return pg_query(pg, sql_text("gap"), parameters, 4, NULL, e);
}

static enum outcome make_progress(struct pg *pg, const struct claim *claim, int64_t from,
                                  struct err *e)
{
    const char *parameters[] = {TEXT_OF(claim->source_id), TEXT_OF(from)};

    return pg_query(pg, sql_text("first_progress"), parameters, 2, NULL, e);
}

/* Whether the broker still has what comes next. *is_readable false: it does not, and a gap is written. */
static enum outcome check_place(const struct claim_settings *settings, struct pg *pg,
                                struct kafka_consumer *consumer,
                                const struct claim *claim, bool *is_readable,
                                struct err *e)
{
    int64_t next, low, high;
    bool has_gap;

    *is_readable = false;
    if (read_progress(pg, claim->source_id, &next, &has_gap, e))
        return e->outcome;
    if (kafka_consumer_watermarks(consumer, claim->partition, &low, &high, e)) {
        log_warn("partition left out for now", "partition", TEXT_OF(claim->partition),
                 "error", e->message, NULL);
        return e->outcome == RETRY ? DONE : e->outcome;
    }
    if (next < 0) {
        bool is_whole = low == 0 || settings->start_at_earliest;
        if (make_progress(pg, claim, is_whole ? low : 0, e))
            return e->outcome;
        next = is_whole ? low : 0;
        if (!is_whole)
            return write_gap(pg, claim, 0, low, "before_first_start", e);
    }
    if (has_gap)
        log_warn("partition waits for an operator to accept a gap", "partition",
                 TEXT_OF(claim->partition), NULL);
    else if (next < low)
        return write_gap(pg, claim, next, low, "retention", e);
    else if (next > high)
        return write_gap(pg, claim, high, next, "truncated", e);
    *is_readable = !has_gap;
    return DONE;
}

/* One statement that commits by itself: a claimer that stalls holds nothing. */
static enum outcome take_row(struct pg *pg, const struct claim_settings *settings,
                             struct claim *claim, struct err *e)
{
    const char *parameters[] = {TEXT_OF(claim->source_id), settings->owner};
    struct pg_result *result = NULL;
    enum outcome outcome = pg_query(pg, sql_text("claim"), parameters, 2, &result, e);

    if (!outcome && pg_rows(result) != 1)
        outcome = err_set(e, RETRY, "the progress row is gone");
    if (!outcome) {
        claim->next_offset = pg_number(result, 0, 0);
        claim->owner_epoch = pg_number(result, 0, 1);
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

static enum outcome claim_one(const struct claim_settings *settings, struct pg *pg,
                              struct kafka_consumer *consumer,
                              const struct claim_identity *identity, struct claim *claim,
                              bool *is_readable, struct err *e)
{
    if (find_source(settings, pg, identity, claim, e)
        || check_place(settings, pg, consumer, claim, is_readable, e))
        return e->outcome;
    POINT("before_claim");
    return *is_readable ? take_over(settings, pg, claim, e) : DONE;
}

static enum outcome claim_all(const struct claim_settings *settings, struct pg *pg,
                              struct kafka_consumer *consumer,
                              const struct claim_identity *identity,
                              const int32_t *partitions, size_t count,
                              struct claim *claims, size_t *claimed, struct err *e)
{
    *claimed = 0;
    for (size_t i = 0; i < count; i++) {
        struct claim *claim = &claims[*claimed];
        bool is_readable;
        *claim = (struct claim){.partition = partitions[i]};
        if (claim_one(settings, pg, consumer, identity, claim, &is_readable, e))
            return err_wrap(e, "claiming partition %" PRId32, partitions[i]);
        *claimed += is_readable;
    }
    return DONE;
}

enum outcome claim_partitions(const struct claim_settings *settings, struct pg *pg,
                              struct kafka_consumer *consumer,
                              const struct claim_identity *identity,
                              const int32_t *partitions, size_t count,
                              struct claim *claims, size_t *claimed, struct err *e)
{
    char begin[64];
    struct err ignored;
    enum outcome outcome;

    *claimed = 0;
    snprintf(begin, sizeof begin, "set lock_timeout = %d", settings->lock_timeout_ms);
    if (count > 0 && pg_run(pg, begin, e))
        return e->outcome;
    outcome = claim_all(settings, pg, consumer, identity, partitions, count, claims,
                        claimed, e);
    if (count > 0 && pg_is_usable(pg)
        && pg_run(pg, PG_DEFAULT_LOCK_TIMEOUT, outcome ? &ignored : e))
        return e->outcome;
    return outcome;
}
