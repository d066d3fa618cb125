/* claim.c - sources, claims, eviction and gaps. */
#include "consumers/runtime/claim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/health.h"
#include "common/log.h"
#include "common/point.h"
#include "consumers/runtime/gap.h"
#include "consumers/runtime/sql.h"

enum { LOOK_MS = 1000 };

struct decimal {
    char text[24];
};

static const char *decimal_text(struct decimal *out, int64_t number)
{
    snprintf(out->text, sizeof out->text, "%" PRId64, number);
    return out->text;
}
#define TEXT_OF(number) decimal_text(&(struct decimal){""}, number)

static enum outcome find_source(const struct claimer *claimer, struct claim *claim,
                                struct err *e)
{
    const char *parameters[] = {claimer->identity->cluster_id, claimer->topic,
                                claimer->identity->topic_id, TEXT_OF(claim->partition)};
    struct pg_result *result = NULL;
    enum outcome outcome =
        pg_query(claimer->pg, sql_text("source"), parameters, 4, &result, e);

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
        .owner_epoch = number_or(result, 1, -1),
        .leader_epoch = (int32_t)number_or(result, 2, -1),
        .is_recreated = pg_value(result, 0, 6)[0] == 't',
        .open = {.from = number_or(result, 4, -1), .to = number_or(result, 5, -1)},
    };
    if (pg_value(result, 0, 3))
        snprintf(standing->open.reason, sizeof standing->open.reason, "%s",
                 pg_value(result, 0, 3));
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
static enum outcome check_identity(const struct claimer *claimer, struct err *e)
{
    struct claim_identity now;

    if (kafka_consumer_identity(claimer->consumer, now.cluster_id, now.topic_id, e))
        return e->outcome;
    return strcmp(now.topic_id, claimer->identity->topic_id) == 0
               ? DONE
               : err_set(e, RETRY, "the topic was created anew meanwhile");
}

static enum outcome write_gap(const struct claimer *claimer, const struct claim *claim,
                              const struct standing *standing, const struct gap *gap,
                              struct err *e)
{
    const char *parameters[] = {TEXT_OF(claim->source_id),
                                TEXT_OF(gap->from),
                                gap->to < 0 ? NULL : TEXT_OF(gap->to),
                                gap->reason,
                                TEXT_OF(standing->next_offset),
                                TEXT_OF(standing->owner_epoch)};

    return pg_query(claimer->pg, sql_text("gap"), parameters, 6, NULL, e);
}

/* A source that nobody has read gets its place, and what is missing in front of it in the same statement. It is told
 * before, so that whoever sees it there finds it told. */
static enum outcome begin_source(const struct claimer *claimer, const struct claim *claim,
                                 const struct standing *standing,
                                 const struct gap_log *log, struct gap *gap,
                                 struct err *e)
{
    int64_t from;
    const char *parameters[] = {TEXT_OF(claim->source_id), NULL, TEXT_OF(log->low), NULL};

    *gap = gap_at_start(standing, log, claimer->start_at_earliest, &from);
    parameters[1] = TEXT_OF(from);
    parameters[3] = gap->reason[0] ? gap->reason : NULL;
    if (gap->reason[0])
        tell_gap(claim, gap, true);
    if (pg_query(claimer->pg, sql_text("first_progress"), parameters, 4, NULL, e))
        return e->outcome;
    if (!gap->reason[0])
        log_info("partition is read for the first time", "partition",
                 TEXT_OF(claim->partition), "from_offset", parameters[1], NULL);
    return DONE;
}

/* What the database and the broker say of a source, and what is missing; a source that nobody has read is not
 * compared. */
static enum outcome look_at_place(const struct claimer *claimer, struct claim *claim,
                                  const struct standing *standing, struct gap_log *log,
                                  struct gap *gap, struct err *e)
{
    if (kafka_consumer_watermarks(claimer->consumer, claim->partition, &log->low,
                                  &log->high, e))
        return e->outcome;
    return standing->next_offset < 0
               ? DONE
               : gap_find(standing, log, gap, &claim->last_offset, e);
}

/* Makes what was seen durable; no row, if all is well. */
static enum outcome settle_place(const struct claimer *claimer, const struct claim *claim,
                                 const struct standing *standing,
                                 const struct gap_log *log, struct gap *gap,
                                 struct err *e)
{
    bool is_first = standing->next_offset < 0;

    if ((is_first || gap->reason[0]) && check_identity(claimer, e))
        return e->outcome;
    if (is_first)
        return begin_source(claimer, claim, standing, log, gap, e);
    if (!gap->reason[0])
        return DONE;
    tell_gap(claim, gap, !standing->open.reason[0]);
    POINT("before_gap");
    return write_gap(claimer, claim, standing, gap, e);
}

/* Whether reading can go on. *is_readable false: it cannot now, and the log and bus.gap say why. */
static enum outcome check_place(const struct claimer *claimer,
                                const struct claim_wish *wish, struct claim *claim,
                                bool *is_readable, struct err *e)
{
    struct gap_log log = {.kafka = claimer->kafka,
                          .group = claimer->group,
                          .topic = claimer->topic,
                          .partition = wish->partition,
                          .is_doubted = wish->is_doubted};
    struct gap gap = {.reason = ""};
    struct standing standing;

    *is_readable = false;
    claim->last_offset = -1;
    if (read_standing(claimer->pg, claim->source_id, &standing, e))
        return e->outcome;
    if (look_at_place(claimer, claim, &standing, &log, &gap, e)) {
        log_warn("partition left out for now", "partition", TEXT_OF(claim->partition),
                 "error", e->message, NULL);
        return e->outcome == RETRY ? DONE : e->outcome;
    }
    if (settle_place(claimer, claim, &standing, &log, &gap, e))
        return e->outcome;
    *is_readable = !gap.reason[0];
    health_tell_partition(HEALTH_GAP, wish->partition, *is_readable ? NULL : gap.reason);
    return DONE;
}

/* One statement that commits by itself: a claimer that stalls holds nothing. */
static enum outcome take_row(const struct claimer *claimer, struct claim *claim,
                             struct err *e)
{
    const char *parameters[] = {TEXT_OF(claim->source_id), claimer->owner};
    struct pg_result *result = NULL;
    enum outcome outcome =
        pg_query(claimer->pg, sql_text("claim"), parameters, 2, &result, e);

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
static enum outcome take_over(const struct claimer *claimer, struct claim *claim,
                              struct err *e)
{
    if (!take_row(claimer, claim, e))
        return DONE;
    if (strcmp(pg_sqlstate(claimer->pg), "55P03") != 0)
        return e->outcome;
    if (evict(claimer->pg, claim, e))
        return e->outcome;
    return take_row(claimer, claim, e);
}

static enum outcome look_one(const struct claimer *claimer, const struct claim_wish *wish,
                             struct claim *claim, bool *is_readable, struct err *e)
{
    *claim = (struct claim){.partition = wish->partition};
    if (find_source(claimer, claim, e)
        || check_place(claimer, wish, claim, is_readable, e))
        return e->outcome;
    return DONE;
}

/* The partitions that are read stand still meanwhile. So where one gives no answer, the next look asks others: it begins
 * anywhere. */
enum outcome claim_look(const struct claimer *claimer, const struct claim_wish *wishes,
                        size_t count, bool *is_free, struct err *e)
{
    const int64_t begin_ms = clock_monotonic_ms();

    *is_free = false;
    for (size_t i = 0; i < count && !*is_free; i++) {
        const struct claim_wish *wish = &wishes[((size_t)begin_ms + i) % count];
        struct claim claim;
        if (i > 0 && clock_monotonic_ms() - begin_ms > LOOK_MS)
            return DONE;
        if (look_one(claimer, wish, &claim, is_free, e))
            return err_wrap(e, "looking at partition %" PRId32, wish->partition);
    }
    return DONE;
}

static enum outcome claim_one(const struct claimer *claimer,
                              const struct claim_wish *wish, struct claim *claim,
                              bool *is_readable, struct err *e)
{
    if (look_one(claimer, wish, claim, is_readable, e))
        return e->outcome;
    POINT("before_claim");
    return *is_readable ? take_over(claimer, claim, e) : DONE;
}

static enum outcome claim_all(const struct claimer *claimer,
                              const struct claim_wish *wishes, size_t count,
                              struct claim *claims, size_t *claimed, struct err *e)
{
    *claimed = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_readable;
        health_turn(); /* each may take some seconds */
        if (claim_one(claimer, &wishes[i], &claims[*claimed], &is_readable, e))
            return err_wrap(e, "claiming partition %" PRId32, wishes[i].partition);
        *claimed += is_readable;
    }
    return DONE;
}

enum outcome claim_partitions(const struct claimer *claimer,
                              const struct claim_wish *wishes, size_t count,
                              struct claim *claims, size_t *claimed, struct err *e)
{
    char begin[64];
    struct err ignored;
    enum outcome outcome;

    *claimed = 0;
    snprintf(begin, sizeof begin, "set lock_timeout = %d", claimer->lock_timeout_ms);
    if (count > 0 && pg_run(claimer->pg, begin, e))
        return e->outcome;
    outcome = claim_all(claimer, wishes, count, claims, claimed, e);
    if (count > 0 && pg_is_usable(claimer->pg)
        && pg_run(claimer->pg, PG_DEFAULT_LOCK_TIMEOUT, outcome ? &ignored : e))
        return e->outcome;
    return outcome;
}
