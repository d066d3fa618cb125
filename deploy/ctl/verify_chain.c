/* verify_chain.c - the chains, step by step: rows and dead letters come in the order of their places beside the batches
 * that tell of them.
 *
 * Each batch is gone through by itself, from the head that the one before it recorded, so that what was altered
 * in one does not cast doubt on the others. Which row it was is told by the prints. */
#include "deploy/ctl/verify_chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/text.h"
#include "consumers/runtime/chain.h"
#include "deploy/ctl/verify_stream.h"

enum {
    MOST_FAULTS = 1000,   /* written down; then the rest is not gone through any more */
    MOST_STEPS = 10000000 /* of a batch: more is no batch of ours */
};

/* Columns of verify_batches.sql. */
enum {
    SOURCE,
    PLACE,
    FROM,
    NEXT,
    OUTCOMES,
    PRINTS,
    COMMITTED,
    BEFORE,
    HEAD,
    ADJACENT,
    SEALED_AT,
    SEALED
};

/* Columns of verify_lists.sql. */
enum { OF, PAIR, PAIR_DEAD, TABLE, DESCRIPTION, COPY_SQL };

/* What is odd about one row; which of it is a fault is known at the end of the batch. */
struct oddity {
    const struct stream *stream;
    int64_t offset;
    bool has_event_id;
    uint8_t event_id[UUID_SIZE];
    bool print_differs, time_differs;
};

struct batch_place {
    int32_t source_id;
    int64_t from, next, committed_us;
    const char *outcomes;
    uint8_t head[SHA256_SIZE];
    uint8_t *prints;
    size_t print_size, print_at;
    int64_t sealed_at; /* < 0: no seal was made within it */
    uint8_t sealed[SHA256_SIZE];
};

struct walk {
    struct pg *pg;
    struct sha256 *hash;
    struct stream rows, dead;
    int64_t faults, steps;
    struct batch_place at;
    /* The head by what the batch before recorded, and by what was computed of that one. */
    uint8_t by_record[SHA256_SIZE], by_sum[SHA256_SIZE];
    bool has_sum; /* the batch before was gone through, and the two may differ */
    struct oddity *oddities;
    size_t oddity_count, oddity_room;
    size_t with_row, late; /* of this batch; late: with another time than its own */
    bool lacks_row, is_met;
};

/* ---- faults ---------------------------------------------------------------------------------------- */

static enum outcome tell_fault(struct walk *walk, int32_t source_id, int64_t from,
                               int64_t next, const uint8_t *event_id, const char *detail,
                               struct err *e)
{
    static const char sql[] =
        "insert into fault values ('chain', $1::integer, $2::bigint, $3::bigint, "
        "$4::uuid, $5::text)";
    char source[16], first[24], behind[24], uuid[UUID_TEXT_SIZE];
    const char *parameters[] = {source, first, behind, event_id ? uuid : NULL, detail};

    snprintf(source, sizeof source, "%" PRId32, source_id);
    snprintf(first, sizeof first, "%" PRId64, from);
    snprintf(behind, sizeof behind, "%" PRId64, next);
    if (event_id)
        uuid_format(uuid, event_id);
    if (++walk->faults == MOST_FAULTS)
        parameters[4] = "and so on: what is behind this place was not gone through";
    return walk->faults > MOST_FAULTS ? DONE
                                      : pg_query(walk->pg, sql, parameters, 5, NULL, e);
}

static enum outcome tell_row(struct walk *walk, const struct stream *stream,
                             const char *what, struct err *e)
{
    char detail[160];

    snprintf(detail, sizeof detail, "%s: %s", stream->table, what);
    return tell_fault(walk, stream->source_id, stream->offset, stream->offset + 1,
                      stream->has_event_id ? stream->event_id : NULL, detail, e);
}

static enum outcome tell_batch(struct walk *walk, const char *detail, struct err *e)
{
    const struct batch_place *at = &walk->at;

    return tell_fault(walk, at->source_id, at->from, at->next, NULL, detail, e);
}

static void add_oddity(struct walk *walk, const struct stream *stream, bool print_differs,
                       bool time_differs)
{
    struct oddity *oddity;

    if (walk->oddity_count == walk->oddity_room) {
        walk->oddity_room = 2 * walk->oddity_room + 64;
        walk->oddities =
            xrealloc(walk->oddities, walk->oddity_room * sizeof *walk->oddities);
    }
    oddity = &walk->oddities[walk->oddity_count++];
    *oddity = (struct oddity){.stream = stream,
                              .offset = stream->offset,
                              .has_event_id = stream->has_event_id,
                              .print_differs = print_differs,
                              .time_differs = time_differs};
    memcpy(oddity->event_id, stream->event_id, UUID_SIZE);
}

/* ---- one batch ------------------------------------------------------------------------------------- */

static void step(struct walk *walk, int64_t offset, char outcome, const uint8_t *leaf)
{
    walk->steps++;
    chain_step(walk->hash, walk->by_record, offset, outcome, leaf);
    if (walk->has_sum)
        chain_step(walk->hash, walk->by_sum, offset, outcome, leaf);
}

/* Rows up to a place that no batch tells of. */
static enum outcome pass_strangers(struct walk *walk, struct stream *stream,
                                   int32_t source_id, int64_t offset, struct err *e)
{
    while (stream_is_before(stream, source_id, offset) && walk->faults < MOST_FAULTS)
        if (tell_row(walk, stream, "a row that its batch does not tell of", e)
            || stream_next(stream, e))
            return e->outcome;
    return DONE;
}

/* Those of a batch that cannot be gone through. */
static enum outcome skip_rows(struct stream *stream, int32_t source_id, int64_t offset,
                              struct err *e)
{
    while (stream_is_before(stream, source_id, offset))
        if (stream_next(stream, e))
            return e->outcome;
    return DONE;
}

static bool takes_print(struct walk *walk, const uint8_t leaf[SHA256_SIZE])
{
    struct batch_place *at = &walk->at;
    bool fits = at->print_at + CHAIN_PRINT_SIZE <= at->print_size
                && memcmp(at->prints + at->print_at, leaf, CHAIN_PRINT_SIZE) == 0;

    at->print_at += CHAIN_PRINT_SIZE;
    return fits;
}

static enum outcome lack_row(struct walk *walk, const struct stream *stream,
                             int64_t offset, struct err *e)
{
    char detail[160];

    walk->lacks_row = true;
    walk->at.print_at += CHAIN_PRINT_SIZE;
    snprintf(detail, sizeof detail, "%s: the row is gone", stream->table);
    return tell_fault(walk, walk->at.source_id, offset, offset + 1, NULL, detail, e);
}

/* The step of an offset that has a row. */
static enum outcome take_row(struct walk *walk, struct stream *stream, char outcome,
                             int64_t offset, struct err *e)
{
    uint8_t leaf[SHA256_SIZE];
    bool fits, is_late;

    if (pass_strangers(walk, stream, walk->at.source_id, offset, e))
        return e->outcome;
    if (stream->is_over || stream->source_id != walk->at.source_id
        || stream->offset != offset)
        return lack_row(walk, stream, offset, e);
    stream_leaf(stream, leaf);
    fits = takes_print(walk, leaf);
    is_late = stream->time_us != walk->at.committed_us;
    walk->with_row++;
    walk->late += is_late;
    if (!fits || is_late)
        add_oddity(walk, stream, !fits, is_late);
    step(walk, offset, outcome, leaf);
    return stream_next(stream, e);
}

static void meet_seal(struct walk *walk)
{
    const uint8_t *sealed = walk->at.sealed;

    walk->is_met |= memcmp(walk->by_record, sealed, SHA256_SIZE) == 0
                    || (walk->has_sum && memcmp(walk->by_sum, sealed, SHA256_SIZE) == 0);
}

static enum outcome take_offset(struct walk *walk, char outcome, int64_t offset,
                                struct err *e)
{
    if (offset == walk->at.sealed_at)
        meet_seal(walk);
    if (outcome == 's')
        return take_row(walk, &walk->rows, outcome, offset, e);
    if (outcome == 'x')
        return take_row(walk, &walk->dead, outcome, offset, e);
    step(walk, offset, outcome, NULL);
    return DONE;
}

/* A run of absent offsets is no step. */
static enum outcome take_run(struct walk *walk, char outcome, int64_t from, int64_t next,
                             struct err *e)
{
    if (outcome == 'a') {
        if (walk->at.sealed_at >= from && walk->at.sealed_at < next)
            meet_seal(walk);
        return DONE;
    }
    for (int64_t offset = from; offset < next && walk->faults < MOST_FAULTS; offset++)
        if (take_offset(walk, outcome, offset, e))
            return e->outcome;
    return DONE;
}

/* Whether the list of outcomes is of so many offsets, and not of absurdly many steps. */
static bool is_possible(const struct batch_place *at)
{
    int64_t sum = 0, steps = 0, length;
    const char *run = at->outcomes;

    while (*run) {
        char *end, outcome = *run;
        length = strtoll(run + 1, &end, 10);
        if (length <= 0 || __builtin_add_overflow(sum, length, &sum))
            return false;
        if (outcome != 'a' && __builtin_add_overflow(steps, length, &steps))
            return false;
        run = end + (*end == ' ');
    }
    return sum == at->next - at->from && steps <= MOST_STEPS;
}

static enum outcome take_runs(struct walk *walk, struct err *e)
{
    int64_t offset = walk->at.from;
    const char *run = walk->at.outcomes;

    while (*run) {
        char *end, outcome = *run;
        int64_t length = strtoll(run + 1, &end, 10);
        if (take_run(walk, outcome, offset, offset + length, e))
            return e->outcome;
        offset += length;
        run = end + (*end == ' ');
    }
    return DONE;
}

/* All its rows have another time than it: of several that is rather its own. */
static bool is_batch_late(const struct walk *walk)
{
    return walk->late > 1 && walk->late == walk->with_row;
}

static enum outcome tell_oddity(struct walk *walk, const struct oddity *oddity,
                                bool is_altered, struct err *e)
{
    char detail[160];
    bool prints = oddity->print_differs && is_altered;
    bool times = oddity->time_differs && !is_batch_late(walk);

    if (!prints && !times)
        return DONE;
    snprintf(detail, sizeof detail, "%s: %s", oddity->stream->table,
             prints ? "the row is not the one that was stored"
                    : "the time of storing is not that of its batch");
    return tell_fault(walk, walk->at.source_id, oddity->offset, oddity->offset + 1,
                      oddity->has_event_id ? oddity->event_id : NULL, detail, e);
}

/* What is wrong with the batch's own row, if anything. is_altered: the head is not that of what is stored. */
static const char *batch_fault(const struct walk *walk, bool is_altered, bool is_adjacent,
                               bool has_odd_print)
{
    bool has_odd_row = has_odd_print || walk->lacks_row;

    if (is_altered && !has_odd_row)
        return is_adjacent
                   ? "bus.batch: its hash or its outcomes are not those that were "
                     "stored, or not what stands before it"
                   : "bus.batch: what stood before it is gone";
    if (!is_altered && (has_odd_print || walk->at.print_at != walk->at.print_size))
        return "bus.batch: its prints are not those of its rows";
    if (is_batch_late(walk) && !has_odd_row)
        return "bus.batch: its committed_at is not when its rows were stored";
    return NULL;
}

static enum outcome judge(struct walk *walk, bool is_adjacent, struct err *e)
{
    bool is_right =
        memcmp(walk->by_record, walk->at.head, SHA256_SIZE) == 0
        || (walk->has_sum && memcmp(walk->by_sum, walk->at.head, SHA256_SIZE) == 0);
    bool has_odd_print = false;
    const char *fault;

    for (size_t i = 0; i < walk->oddity_count; i++) {
        has_odd_print |= walk->oddities[i].print_differs;
        if (tell_oddity(walk, &walk->oddities[i], !is_right, e))
            return e->outcome;
    }
    fault = batch_fault(walk, !is_right, is_adjacent, has_odd_print);
    return fault ? tell_batch(walk, fault, e) : DONE;
}

static enum outcome tell_seal(struct walk *walk, struct err *e)
{
    char source[16];

    snprintf(source, sizeof source, "%" PRId32, walk->at.source_id);
    return walk->is_met ? pg_query(walk->pg,
                                   "update sealed set is_met = true where source_id = "
                                   "$1::integer",
                                   (const char *const[]){source}, 1, NULL, e)
                        : DONE;
}

static void begin_batch(struct walk *walk, const struct pg_result *batches, size_t row)
{
    struct batch_place *at = &walk->at;
    bool follows = at->source_id == pg_number(batches, row, SOURCE)
                   && at->next == pg_number(batches, row, FROM) && at->next > at->from
                   && memcmp(walk->by_record, at->head, SHA256_SIZE) != 0
                   && !walk->lacks_row;
    size_t room = strlen(pg_value(batches, row, PRINTS)) / 2;

    memcpy(walk->by_sum, walk->by_record, SHA256_SIZE);
    walk->has_sum = follows;
    pg_bytes(batches, row, BEFORE, walk->by_record, SHA256_SIZE);
    at->source_id = (int32_t)pg_number(batches, row, SOURCE);
    at->from = pg_number(batches, row, FROM);
    at->next = pg_number(batches, row, NEXT);
    at->committed_us = pg_number(batches, row, COMMITTED);
    at->outcomes = pg_value(batches, row, OUTCOMES);
    pg_bytes(batches, row, HEAD, at->head, SHA256_SIZE);
    at->prints = xrealloc(at->prints, room);
    at->print_size = pg_bytes(batches, row, PRINTS, at->prints, room);
    at->print_at = 0;
    at->sealed_at =
        pg_value(batches, row, SEALED_AT) ? pg_number(batches, row, SEALED_AT) : -1;
    pg_bytes(batches, row, SEALED, at->sealed, SHA256_SIZE);
    walk->oddity_count = walk->with_row = walk->late = 0;
    walk->lacks_row = walk->is_met = false;
}

static enum outcome take_batch(struct walk *walk, const struct pg_result *batches,
                               size_t row, struct err *e)
{
    begin_batch(walk, batches, row);
    if (!is_possible(&walk->at)) {
        if (skip_rows(&walk->rows, walk->at.source_id, walk->at.next, e)
            || skip_rows(&walk->dead, walk->at.source_id, walk->at.next, e))
            return e->outcome;
        return tell_batch(walk, "bus.batch: its outcomes do not add up to its offsets",
                          e);
    }
    if (take_runs(walk, e)
        || pass_strangers(walk, &walk->rows, walk->at.source_id, walk->at.next, e)
        || pass_strangers(walk, &walk->dead, walk->at.source_id, walk->at.next, e))
        return e->outcome;
    if (judge(walk, pg_value(batches, row, ADJACENT)[0] == 't', e))
        return e->outcome;
    return tell_seal(walk, e);
}

/* ---- all batches whose rows were written in the same columns --------------------------------------- */

static enum outcome take_pair(struct walk *walk, const char *layout,
                              const char *dead_layout, struct err *e)
{
    char source[16] = "-1", place[24] = "-1";
    const char *parameters[] = {layout, dead_layout, source, place};
    size_t count = 1;

    walk->at.next = walk->at.from = 0;
    while (count > 0 && walk->faults < MOST_FAULTS) {
        struct pg_result *batches;
        enum outcome outcome =
            pg_query(walk->pg, ctl_sql("verify_batches"), parameters, 4, &batches, e);
        if (outcome)
            return outcome;
        count = pg_rows(batches);
        for (size_t row = 0; row < count && !outcome; row++)
            outcome = take_batch(walk, batches, row, e);
        if (count > 0) {
            snprintf(source, sizeof source, "%s", pg_value(batches, count - 1, SOURCE));
            snprintf(place, sizeof place, "%s", pg_value(batches, count - 1, PLACE));
        }
        pg_result_free(batches);
        if (outcome)
            return outcome;
    }
    return DONE;
}

/* ---- gaps ------------------------------------------------------------------------------------------ */

/* Columns of verify_chain_gaps.sql. */
enum { GAP_SOURCE, GAP_FROM, GAP_NEXT, GAP_ID, GAP_BEFORE, GAP_HEAD };

static enum outcome take_gap(struct walk *walk, const struct pg_result *gaps, size_t row,
                             struct err *e)
{
    uint8_t leaf[SHA256_SIZE], head[SHA256_SIZE], recorded[SHA256_SIZE];
    char detail[160];

    pg_bytes(gaps, row, GAP_BEFORE, head, sizeof head);
    pg_bytes(gaps, row, GAP_HEAD, recorded, sizeof recorded);
    stream_leaf(&walk->rows, leaf);
    chain_step(walk->hash, head, walk->rows.offset, CHAIN_GAP, leaf);
    if (memcmp(head, recorded, SHA256_SIZE) == 0)
        return stream_next(&walk->rows, e);
    snprintf(detail, sizeof detail,
             "bus.gap: gap %s is not as it was accepted, or not what stands before it",
             pg_value(gaps, row, GAP_ID));
    if (tell_fault(walk, walk->rows.source_id, pg_number(gaps, row, GAP_FROM),
                   pg_number(gaps, row, GAP_NEXT), NULL, detail, e))
        return e->outcome;
    return stream_next(&walk->rows, e);
}

/* Few, as operators accept each. They come in the same order as their rows. */
static enum outcome take_gaps(struct walk *walk, const char *layout, struct err *e)
{
    struct pg_result *gaps = NULL;
    enum outcome outcome =
        pg_query(walk->pg, ctl_sql("verify_chain_gaps"), &layout, 1, &gaps, e);

    for (size_t row = 0; !outcome && row < pg_rows(gaps) && !walk->rows.is_over; row++)
        outcome = take_gap(walk, gaps, row, e);
    pg_result_free(gaps);
    return outcome;
}

/* ---- the lists of columns -------------------------------------------------------------------------- */

/* Reads as of the same snapshot as everything else. */
static struct pg *open_reader(const struct pg_settings *database, const char *snapshot,
                              struct err *e)
{
    struct pg *pg = ctl_open(database, e);
    char sql[200];

    snprintf(
        sql, sizeof sql,
        "set work_mem = '128MB'; set jit = off; set max_parallel_workers_per_gather = "
        "0; begin isolation level repeatable read; set transaction snapshot '%s'",
        snapshot);
    if (pg && pg_run(pg, sql, e)) {
        pg_close(pg);
        return NULL;
    }
    return pg;
}

/* lists[row] read by a connection of its own; none, if it cannot be read any more. */
static enum outcome open_stream(struct walk *walk, struct stream *stream,
                                const struct pg_settings *database, const char *snapshot,
                                const struct pg_result *lists, size_t row, struct err *e)
{
    struct pg *pg;

    *stream = (struct stream){0};
    if (!pg_value(lists, row, COPY_SQL))
        return DONE;
    pg = open_reader(database, snapshot, e);
    return pg ? stream_open(stream, pg, walk->hash, pg_value(lists, row, TABLE),
                            pg_value(lists, row, DESCRIPTION),
                            pg_value(lists, row, COPY_SQL), e)
              : e->outcome;
}

static void close_streams(struct walk *walk)
{
    pg_close(walk->rows.pg);
    pg_close(walk->dead.pg);
    walk->rows = walk->dead = (struct stream){0};
}

/* Every batch, or gap, whose rows were written in them. */
static enum outcome tell_unreadable(struct walk *walk, const char *layout,
                                    const char *dead_layout, struct err *e)
{
    return pg_query(walk->pg, ctl_sql("verify_unreadable"),
                    (const char *const[]){layout, dead_layout}, 2, NULL, e);
}

/* Two rows of the lists, r and x, are a pair; g stands alone. */
static enum outcome take_list(struct walk *walk, const struct pg_settings *database,
                              const char *snapshot, const struct pg_result *lists,
                              size_t *row, struct err *e)
{
    bool is_pair = pg_value(lists, *row, OF)[0] == 'r';
    const char *layout = pg_value(lists, *row, PAIR);
    const char *dead_layout = pg_value(lists, *row, PAIR_DEAD);
    enum outcome outcome =
        open_stream(walk, &walk->rows, database, snapshot, lists, (*row)++, e);

    if (!outcome && is_pair)
        outcome = open_stream(walk, &walk->dead, database, snapshot, lists, (*row)++, e);
    if (!outcome && (!walk->rows.pg || (is_pair && !walk->dead.pg)))
        outcome = tell_unreadable(walk, layout, dead_layout, e);
    else if (!outcome)
        outcome = is_pair ? take_pair(walk, layout, dead_layout, e)
                          : take_gaps(walk, layout, e);
    close_streams(walk);
    return outcome;
}

static enum outcome take_lists(struct walk *walk, const struct pg_settings *database,
                               struct err *e)
{
    struct pg_result *snapshot = NULL, *lists = NULL;
    enum outcome outcome =
        pg_query(walk->pg, "select pg_export_snapshot()", NULL, 0, &snapshot, e);

    if (!outcome)
        outcome = pg_query(walk->pg, ctl_sql("verify_lists"), NULL, 0, &lists, e);
    for (size_t row = 0; !outcome && row < pg_rows(lists) && walk->faults < MOST_FAULTS;)
        outcome = take_list(walk, database, pg_value(snapshot, 0, 0), lists, &row, e);
    pg_result_free(snapshot);
    pg_result_free(lists);
    return outcome;
}

enum outcome verify_chain(struct pg *pg, const struct pg_settings *database,
                          int64_t *steps, struct err *e)
{
    struct walk walk = {.pg = pg, .hash = sha256_new()};
    enum outcome outcome = take_lists(&walk, database, e);

    *steps = walk.steps;
    free(walk.oddities);
    free(walk.at.prints);
    sha256_free(walk.hash);
    return outcome;
}
