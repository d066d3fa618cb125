/* store.c - the transaction that makes a batch durable, and what is done when PostgreSQL refuses a row. */
#include "consumers/runtime/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/clock.h"
#include "common/point.h"
#include "consumers/runtime/beat.h"
#include "consumers/runtime/bucket.h"
#include "consumers/runtime/chain.h"
#include "consumers/runtime/copy.h"
#include "consumers/runtime/copy_send.h"
#include "consumers/runtime/dead_letter.h"
#include "consumers/runtime/fold.h"
#include "consumers/runtime/recent.h"
#include "consumers/runtime/sql.h"
#include "consumers/runtime/stripes.h"
#include "consumers/runtime/tile.h"

enum {
    RECENT_IDS = 32768,
    CHUNK_BYTES = 64 << 10, /* handed to libpq at once */
    LOOK_UP_BATCHES = 64,   /* how long we ask first, after an id was there already */
    NAMED_REFUSALS = 2      /* of a batch, as errors name them; more are searched for */
};

struct store {
    const struct reader *reader;
    struct columns *columns;
    struct linker *linker;
    struct case_actions *actions;
    const char *kind;
    struct layout dead_letters;
    struct text dead_letter_sql;
    struct tile_layouts layouts;
    struct sha256 *hash;
    struct recent *recent;
    struct text buffer;
    struct bucket bucket; /* for the bytes of dead letters */
    struct store_counts counts;
    int look_up_batches; /* > 0: ask which ids are stored before inserting */
    int ask_all_batches; /* > 0: of all ids, not of the doubtful ones alone */
    uint64_t folds;      /* of batches at hand, so far */

    /* The transaction at hand. */
    struct pg *pg;
    struct batch *batch;
    struct claim *claims;
    size_t claim_count;
    struct tiles *tiles;                        /* NULL: not made yet */
    const struct pg_parameter *tile_parameters; /* theirs */
    struct bucket taken;           /* what the bucket will be when this is committed */
    struct batch *ahead;           /* decided ahead; NULL: none is */
    struct pg_result *found_ahead; /* of its doubtful ids; NULL: nobody asked */
    bool is_chosen;    /* which rows are to be inserted, and no look-up will change it */
    bool is_inserting; /* the last error came from the insert of event rows */
    int refusals;      /* of this batch */
    char violated
        [64]; /* constraint that said that an id is stored already; "": none did */
    bool wants_smaller;
    bool is_outdated; /* the reference data that the batch was enriched by */
};

struct store *store_new(const struct reader *reader, struct columns *columns,
                        struct linker *linker, struct case_actions *actions,
                        const char *kind, size_t batch_rows, int64_t dead_bytes_per_s)
{
    struct store *store = xcalloc(1, sizeof *store);

    store->reader = reader;
    store->columns = columns;
    store->linker = linker;
    store->actions = actions;
    store->kind = kind;
    store->folds = 1; /* no batch was folded behind number 0 */
    store->hash = sha256_new();
    dead_letter_layout(&store->dead_letters, &store->dead_letter_sql);
    store->bucket = bucket_full(dead_bytes_per_s, clock_monotonic_ms());
    /* All ids of a batch must fit: what a look-up finds is remembered there. */
    store->recent = recent_new(batch_rows > RECENT_IDS ? batch_rows : RECENT_IDS);
    return store;
}

void store_free(struct store *store)
{
    if (!store)
        return;
    recent_free(store->recent);
    sha256_free(store->hash);
    layout_free(&store->dead_letters);
    text_free(&store->dead_letter_sql);
    text_free(&store->buffer);
    free(store);
}

/* In a database of another encoding the server would refuse texts that are right. */
static enum outcome check_encoding(struct pg *pg, struct err *e)
{
    struct pg_result *result = NULL;
    enum outcome outcome = pg_query(pg, "show server_encoding", NULL, 0, &result, e);

    if (!outcome && strcmp(pg_value(result, 0, 0), "UTF8") != 0)
        outcome = err_exit(e, EX_CONFIG, "the database's encoding is %s; UTF8 is needed",
                           pg_value(result, 0, 0));
    pg_result_free(result);
    return outcome;
}

/* The statement that every transaction begins with, of no source. */
static enum outcome check_chain(struct pg *pg, struct err *e)
{
    const char *none = "{}";

    return pg_query(pg, sql_text("lock"), &none, 1, NULL, e);
}

enum outcome store_check(struct store *store, struct pg *pg, struct err *e)
{
    if (columns_check(store->columns, pg, e) || check_chain(pg, e)
        || (store->linker && linker_check(store->linker, pg, e))
        || (store->actions && stripes_check(pg, e)))
        return e->outcome;
    if (layout_number(columns_layout(store->columns), pg, &store->layouts.rows, e))
        return e->outcome;
    return layout_number(&store->dead_letters, pg, &store->layouts.dead_letters, e);
}

enum outcome store_begin(struct store *store, struct pg *pg, struct err *e)
{
    recent_clear(store->recent);
    /* Plans by index, made once: of an array of ten thousand the planner would think of the whole table. */
    if (check_encoding(pg, e)
        || pg_run(pg, "set plan_cache_mode = force_generic_plan", e))
        return e->outcome;
    return store_check(store, pg, e);
}

const struct store_counts *store_counted(const struct store *store)
{
    return &store->counts;
}

bool store_take_wants_smaller(struct store *store)
{
    bool wants_smaller = store->wants_smaller;

    store->wants_smaller = false;
    return wants_smaller;
}

bool store_take_is_outdated(struct store *store)
{
    bool is_outdated = store->is_outdated;

    store->is_outdated = false;
    return is_outdated;
}

/* ---- who may write ---- */

static struct claim *find_claim(const struct store *store, int64_t source_id)
{
    for (size_t i = 0; i < store->claim_count; i++)
        if (store->claims[i].source_id == source_id)
            return &store->claims[i];
    return NULL;
}

static enum outcome compare_progress(const struct store *store,
                                     const struct pg_result *result, size_t moving,
                                     struct err *e)
{
    if (pg_rows(result) != moving)
        return err_set(e, RETRY, "a progress row is gone");
    for (size_t row = 0; row < moving; row++) {
        struct claim *claim = find_claim(store, pg_number(result, row, 0));
        if (!claim || pg_number(result, row, 1) != claim->next_offset
            || pg_number(result, row, 2) != claim->owner_epoch)
            return err_set(e, RETRY, "partition %" PRId32 " has another owner",
                           claim ? claim->partition : -1);
        pg_bytes(result, row, 3, claim->head, sizeof claim->head);
    }
    return DONE;
}

static enum outcome compare_reference(struct store *store, const struct pg_result *result,
                                      struct err *e)
{
    int64_t newest = pg_number(result, 0, 4);

    store->is_outdated =
        store->batch->reference >= 0 && store->batch->reference != newest;
    return store->is_outdated ? err_set(e, RETRY, "reference data was loaded meanwhile")
                              : DONE;
}

/* Begins the transaction. */
static enum outcome lock_progress(struct store *store, struct err *e)
{
    struct text sources = {0};
    struct pg_result *result = NULL;
    size_t moving = 0;
    enum outcome outcome;

    text_add_string(&sources, "{");
    for (size_t i = 0; i < store->claim_count; i++)
        if (store->batch->next_offsets[i] > store->claims[i].next_offset)
            text_format(&sources, "%s%" PRId32, moving++ ? "," : "",
                        store->claims[i].source_id);
    text_add_string(&sources, "}");
    outcome = pg_begin(store->pg, sql_text("lock"), (const char *const[]){sources.bytes},
                       1, &result, e);
    if (!outcome)
        outcome = compare_progress(store, result, moving, e);
    if (!outcome)
        outcome = compare_reference(store, result, e);
    pg_result_free(result);
    text_free(&sources);
    return outcome;
}

/* ---- which ids are stored already ---- */

static int compare_rows(const void *a, const void *b)
{
    const struct event *const *left = a, *const *right = b;

    return memcmp((*left)->event_id, (*right)->event_id, UUID_SIZE);
}

/* Ids rise with time, so one above all that came from its partition is hardly stored. If it is all the same, the server
 * says so: see expect_known(). */
static bool may_be_stored(const struct store *store, const struct event *event)
{
    static const uint8_t none[UUID_SIZE];
    const uint8_t *highest = store->claims[event->claim].highest_id;

    return store->ask_all_batches > 0 || memcmp(event->event_id, highest, UUID_SIZE) <= 0
           || memcmp(highest, none, UUID_SIZE) == 0;
}

static void list_doubtful(const struct store *store, struct batch *batch)
{
    batch->doubtful_count = 0;
    for (size_t i = 0; i < batch->row_count; i++)
        if (may_be_stored(store, batch->rows[i]))
            batch->doubtful[batch->doubtful_count++] = batch->rows[i];
}

/* As those of one partition mostly come: then there is nothing to do. */
static bool is_sorted(struct event *const *rows, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (memcmp(rows[i - 1]->event_id, rows[i]->event_id, UUID_SIZE) > 0)
            return false;
    return true;
}

/* Folds a batch and lists the events to insert, sorted: two daemons that insert the same ids in
 * different orders would deadlock. */
static void fold_and_sort(const struct store *store, struct batch *batch,
                          const struct batch *before)
{
    fold_batch(batch, store->recent, before);
    if (!batch->rows) {
        batch->rows = arena_take_array(batch->arena, batch->count, sizeof *batch->rows);
        batch->doubtful =
            arena_take_array(batch->arena, batch->count, sizeof *batch->doubtful);
    }
    batch->row_count = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->events[i].outcome == EVENT_STORED)
            batch->rows[batch->row_count++] = &batch->events[i];
    if (!is_sorted(batch->rows, batch->row_count))
        qsort(batch->rows, batch->row_count, sizeof *batch->rows, compare_rows);
    batch->is_looked_up = false;
    list_doubtful(store, batch);
}

static void choose_rows(struct store *store)
{
    fold_and_sort(store, store->batch, NULL);
    store->folds++;
}

/* Unless it was done ahead, and what came before it was not folded again since. */
static void choose_first(struct store *store)
{
    if (store->batch->folded_behind != store->folds) {
        choose_rows(store);
        return;
    }
    store->folds++;
    store->counts.ahead++;
}

bool store_ahead(struct store *store, struct batch *ahead)
{
    if (!store->is_chosen || ahead->decoded < ahead->count
        || ahead->folded_behind == store->folds)
        return false;
    fold_and_sort(store, ahead, store->batch);
    ahead->folded_behind = store->folds;
    store->ahead = ahead;
    return true;
}

/* The ids as uuid[] in binary form. */
static void put_ids(struct text *out, struct event *const *events, size_t count)
{
    const uint32_t uuid_oid = 2950;

    text_clear(out);
    copy_put_array_head(out, uuid_oid, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        copy_put_bytes(out, events[i]->event_id, UUID_SIZE);
}

/* What is found is stored for certain, so it is remembered like what we stored ourselves. */
static enum outcome remember_found(struct store *store, const struct pg_result *result,
                                   struct err *e)
{
    for (size_t row = 0; row < pg_rows(result); row++) {
        uint8_t event_id[UUID_SIZE], hash[SHA256_SIZE] = {0};
        const char *text = pg_value(result, row, 0);
        if (!uuid_parse(event_id, text, strlen(text)))
            return err_set(e, FATAL, "event_id of events.%s is no uuid", store->kind);
        pg_bytes(result, row, 1, hash, sizeof hash);
        if (!recent_find(store->recent, event_id))
            recent_add(store->recent, event_id, hash);
    }
    return DONE;
}

/* Asks which of the events' ids are stored; the caller frees *result. */
static enum outcome ask_stored(struct store *store, struct event *const *events,
                               size_t count, struct pg_result **result, struct err *e)
{
    char sql[160];
    struct pg_parameter parameter;

    put_ids(&store->buffer, events, count);
    parameter = (struct pg_parameter){store->buffer.bytes, store->buffer.size, true};
    snprintf(
        sql, sizeof sql,
        "select event_id, content_hash from events.%s where event_id = any ($1::uuid[])",
        store->kind);
    store->counts.look_ups++;
    return pg_query_binary(store->pg, sql, &parameter, 1, result, e)
               ? err_wrap(e, "looking up ids")
               : DONE;
}

/* Remembers those of the events' ids that are stored; *found counts them. */
static enum outcome find_stored(struct store *store, struct event *const *events,
                                size_t count, size_t *found, struct err *e)
{
    struct pg_result *result = NULL;
    enum outcome outcome;

    if (ask_stored(store, events, count, &result, e))
        return e->outcome;
    *found = pg_rows(result);
    outcome = remember_found(store, result, e);
    pg_result_free(result);
    return outcome;
}

static void leave_out_found(struct store *store, struct batch *batch)
{
    size_t kept = 0;

    store->look_up_batches = LOOK_UP_BATCHES;
    fold_found(batch, store->recent);
    for (size_t i = 0; i < batch->row_count; i++)
        if (batch->rows[i]->outcome == EVENT_STORED)
            batch->rows[kept++] = batch->rows[i];
    batch->row_count = kept;
}

static enum outcome look_up(struct store *store, struct err *e)
{
    struct batch *batch = store->batch;
    size_t found;

    if (batch->is_looked_up || batch->doubtful_count == 0)
        return DONE;
    if (find_stored(store, batch->doubtful, batch->doubtful_count, &found, e))
        return e->outcome;
    if (found == 0 && store->violated[0])
        return err_set(
            e, FATAL,
            "constraint %s of events.%s refuses an event whose id is not stored",
            store->violated, store->kind);
    store->violated[0] = '\0';
    if (found > 0)
        leave_out_found(store, batch);
    return DONE;
}

/* The same for the batch that follows, in the transaction of the one at hand. */
static enum outcome look_up_ahead(struct store *store, struct err *e)
{
    struct batch *ahead = store->ahead;

    if (store->look_up_batches == 0 || !ahead || ahead->folded_behind != store->folds
        || ahead->doubtful_count == 0)
        return DONE;
    return ask_stored(store, ahead->doubtful, ahead->doubtful_count, &store->found_ahead,
                      e);
}

static void forget_ahead(struct store *store)
{
    pg_result_free(store->found_ahead);
    store->found_ahead = NULL;
    store->ahead = NULL;
    store->is_chosen = false;
}

/* What cannot be read is asked for again, when it is that batch's turn. */
static void take_found_ahead(struct store *store)
{
    struct err ignored;

    if (!store->found_ahead || remember_found(store, store->found_ahead, &ignored))
        return;
    if (pg_rows(store->found_ahead) > 0)
        leave_out_found(store, store->ahead);
    store->ahead->is_looked_up = true;
}

/* ---- the inserts ---- */

static enum outcome flush(struct store *store, size_t at_least, struct err *e)
{
    struct text *buffer = &store->buffer;

    if (buffer->size < at_least || buffer->size == 0)
        return DONE;
    if (pg_copy_put(store->pg, buffer->bytes, buffer->size, e))
        return e->outcome;
    text_clear(buffer);
    return DONE;
}

static void put_event(struct store *store, struct event *event)
{
    struct text *buffer = &store->buffer;
    size_t start = buffer->size;

    columns_put_row(store->columns, buffer, event, store->claims[event->claim].source_id);
    chain_leaf(store->hash, columns_layout(store->columns)->digest, buffer->bytes + start,
               buffer->size - start, event->leaf);
}

static enum outcome put_rows(struct store *store, size_t from, size_t to, struct err *e)
{
    if (pg_copy_begin(store->pg, columns_copy_sql(store->columns), e))
        return e->outcome;
    text_clear(&store->buffer);
    copy_put_head(&store->buffer);
    for (size_t i = from; i < to; i++) {
        put_event(store, store->batch->rows[i]);
        if (flush(store, i == from + (to - from) / 2 ? 1 : CHUNK_BYTES, e))
            return e->outcome;
        if (i == from + (to - from) / 2)
            POINT("mid_copy");
    }
    copy_put_end(&store->buffer);
    return flush(store, 1, e);
}

static enum outcome copy_rows(struct store *store, size_t from, size_t to, struct err *e)
{
    return put_rows(store, from, to, e) ? e->outcome : pg_copy_end(store->pg, NULL, e);
}

static void prepare_linking(struct store *store)
{
    if (store->linker)
        linker_prepare(store->linker, store->batch);
}

static void make_tiles(struct store *store)
{
    store->tiles = tiles_of(store->batch, store->claims, store->claim_count, store->hash);
    store->tile_parameters = tiles_parameters(store->tiles, &store->layouts);
}

static void drop_tiles(struct store *store)
{
    tiles_free(store->tiles);
    store->tiles = NULL;
}

/* Those of dead letters come later. */
static bool has_all_leaves(const struct store *store)
{
    for (size_t i = 0; i < store->batch->count; i++)
        if (store->batch->events[i].outcome == EVENT_DEAD)
            return false;
    return true;
}

/* What can be done before, is done while the server is at it. */
static enum outcome copy_and_prepare(struct store *store, struct err *e)
{
    if (put_rows(store, 0, store->batch->row_count, e))
        return e->outcome;
    prepare_linking(store);
    if (has_all_leaves(store))
        make_tiles(store);
    return pg_copy_end(store->pg, NULL, e);
}

static enum outcome insert_events(struct store *store, struct err *e)
{
    POINT("before_insert");
    store->is_chosen = true;
    if (store->batch->row_count == 0) {
        prepare_linking(store);
        return DONE;
    }
    store->is_inserting = true;
    if (copy_and_prepare(store, e))
        return err_wrap(e, "inserting %zu events", store->batch->row_count);
    store->is_inserting = false;
    POINT("after_copy");
    return DONE;
}

static void put_dead_letter(struct store *store, struct text *out, struct event *event,
                            struct bucket *bucket)
{
    size_t start = out->size;

    dead_letter_put_row(out, event, store->claims[event->claim].source_id, store->kind,
                        bucket);
    chain_leaf(store->hash, store->dead_letters.digest, out->bytes + start,
               out->size - start, event->leaf);
}

static enum outcome insert_dead_letters(struct store *store, struct err *e)
{
    struct copy copy = {.pg = store->pg, .sql = store->dead_letter_sql.bytes};
    struct bucket bucket = store->bucket;
    enum outcome outcome = DONE;

    for (size_t i = 0; i < store->batch->count && !outcome; i++) {
        struct event *event = &store->batch->events[i];
        if (event->outcome != EVENT_DEAD)
            continue;
        outcome = copy_begin_row(&copy, e);
        if (!outcome)
            put_dead_letter(store, &copy.buffer, event, &bucket);
    }
    store->taken = bucket;
    return copy_close(&copy, outcome, e);
}

static enum outcome advance(struct store *store, struct err *e)
{
    struct pg_result *result = NULL;
    enum outcome outcome;

    if (!store->tiles)
        make_tiles(store);
    outcome = pg_query_binary(store->pg, sql_text("advance"), store->tile_parameters,
                              TILE_PARAMETERS, &result, e);
    if (!outcome && pg_affected(result) != tiles_count(store->tiles))
        outcome = err_set(e, RETRY, "a partition got another owner");
    pg_result_free(result);
    return outcome;
}

/* ---- the transaction ---- */

static void remember_rows(struct store *store)
{
    const struct batch *batch = store->batch;

    for (size_t i = 0; i < batch->row_count; i++)
        recent_add(store->recent, batch->rows[i]->event_id, batch->rows[i]->content_hash);
}

static void note_highest(struct store *store)
{
    const struct batch *batch = store->batch;

    for (size_t i = 0; i < batch->row_count; i++) {
        uint8_t *highest = store->claims[batch->rows[i]->claim].highest_id;
        if (memcmp(batch->rows[i]->event_id, highest, UUID_SIZE) > 0)
            memcpy(highest, batch->rows[i]->event_id, UUID_SIZE);
    }
}

/* Ids are remembered while the server is at it; if it does not commit, no id is known for certain any more. */
static enum outcome commit(struct store *store, struct err *e)
{
    POINT("before_commit");
    if (pg_begin_run(store->pg, "commit", e))
        return e->outcome;
    remember_rows(store);
    note_highest(store);
    take_found_ahead(store);
    if (pg_end_run(store->pg, "commit", e)) {
        recent_clear(store->recent);
        return e->outcome;
    }
    POINT("after_commit");
    return DONE;
}

static enum outcome attempt(struct store *store, struct err *e)
{
    POINT("before_begin");
    choose_first(store);
    if (lock_progress(store, e))
        return e->outcome;
    POINT("after_lock");
    if (store->look_up_batches > 0 && look_up(store, e))
        return e->outcome;
    if (insert_events(store, e))
        return e->outcome;
    if (store->linker && linker_link(store->linker, store->pg, store->claims, e))
        return err_wrap(e, "linking");
    if (store->actions && case_actions_take(store->actions, store->pg, store->batch, e))
        return err_wrap(e, "taking actions");
    if (insert_dead_letters(store, e))
        return err_wrap(e, "writing dead letters");
    if (beat_note(store->pg, store->batch, store->claims, store->claim_count, e))
        return err_wrap(e, "noting heartbeats");
    if (look_up_ahead(store, e))
        return e->outcome;
    if (advance(store, e))
        return err_wrap(e, "moving the progress");
    return commit(store, e) ? err_wrap(e, "commit") : DONE;
}

/* ---- rows that PostgreSQL refuses ---- */

/* Faults of the row itself, and only from the insert of event rows. 22P03 and 22P04 would be our own
 * encoding. A null where none may be (23502) comes from a column that the table derives: what the schema
 * leaves empty and the table may not is refused by columns_check(). */
static bool is_row_fault(const struct store *store)
{
    const char *state = pg_sqlstate(store->pg);

    if (strncmp(state, "22", 2) == 0)
        return strcmp(state, "22P03") != 0 && strcmp(state, "22P04") != 0;
    if (strcmp(state, "23514") == 0)
        return pg_constraint(store->pg)[0] != '\0';
    return strcmp(state, "23502") == 0 || strcmp(state, "54000") == 0;
}

static bool is_known_id(const struct store *store)
{
    return strcmp(pg_sqlstate(store->pg), "23505") == 0;
}

/* What an error of the insert said, kept beyond the call that failed. */
struct refusal {
    struct event *event; /* NULL: the error names no row */
    const char *sqlstate, *field, *detail;
};

static const char *keep(struct store *store, const char *text)
{
    return text[0] ? arena_copy(store->batch->arena, text, strlen(text)) : NULL;
}

/* After an error of the insert of rows[from, to). *next: the row behind the one that it names; from, if it names
 * none. */
static struct refusal read_refusal(struct store *store, size_t from, size_t to,
                                   size_t *next)
{
    size_t line = to - from == 1 ? 1 : pg_copy_line(store->pg);
    const char *constraint = pg_constraint(store->pg);
    struct refusal refusal = {0};
    char detail[300];

    *next = from;
    if (line < 1 || line > to - from)
        return refusal;
    *next = from + line;
    snprintf(detail, sizeof detail, "PostgreSQL refused the row, SQLSTATE %s%s%s",
             pg_sqlstate(store->pg), constraint[0] ? ", constraint " : "", constraint);
    return (struct refusal){store->batch->rows[from + line - 1],
                            keep(store, pg_sqlstate(store->pg)),
                            keep(store, pg_column(store->pg)), keep(store, detail)};
}

/* Buries the event, and its repeats behind it: what the server says of one holds for the others. An event
 * with its id and other content ends this: that one takes the place, and is what later ones are
 * compared with, as if each had come in a batch of its own. */
static void bury_refused(struct batch *batch, const struct refusal *refusal)
{
    const struct event *refused = refusal->event;

    for (struct event *event = refusal->event; event < batch->events + batch->count;
         event++) {
        if (event->is_settled
            || memcmp(event->event_id, refused->event_id, UUID_SIZE) != 0)
            continue;
        if (memcmp(event->content_hash, refused->content_hash, SHA256_SIZE) != 0)
            break;
        event_bury(event, "refused_by_server", refusal->field, refusal->detail);
        event->sqlstate = refusal->sqlstate;
    }
}

/* A row with an id that is stored may be refused before the server sees the id. It is a repeat or a conflict all
 * the same, whether or not we remembered the id: so that is asked first. */
static enum outcome settle(struct store *store, const struct refusal *refusal,
                           struct err *e)
{
    size_t found = 0;

    if (!refusal->event)
        return DONE;
    if (find_stored(store, &refusal->event, 1, &found, e))
        return e->outcome;
    if (!found)
        bury_refused(store->batch, refusal);
    store->refusals++;
    return DONE;
}

/* Finds every row of [from, to) that the server refuses, by inserting and taking back. Rows in front of the
 * one that an error names have been taken, so they need not be tried again; where the error names none,
 * by halving. */
static enum outcome probe(struct store *store, size_t from, size_t to, struct err *e)
{
    while (from < to) {
        struct refusal refusal;
        size_t next;
        if (pg_run(store->pg, "savepoint probe", e))
            return e->outcome;
        if (!copy_rows(store, from, to, e))
            return DONE;
        if (!is_row_fault(store))
            return e->outcome;
        refusal = read_refusal(store, from, to, &next);
        if (pg_run(store->pg, "rollback to savepoint probe; release savepoint probe", e)
            || settle(store, &refusal, e))
            return e->outcome;
        if (next == from) {
            next = from + (to - from) / 2;
            if (probe(store, from, next, e))
                return e->outcome;
        }
        from = next;
    }
    return DONE;
}

/* The next try is to look all ids up first, and must find some: the other transaction is committed. If some were asked
 * for, and it was not among them, asking for some is not enough for a while. */
static void expect_known(struct store *store)
{
    store->ask_all_batches = store->look_up_batches > 0 ? LOOK_UP_BATCHES : 1;
    store->look_up_batches = LOOK_UP_BATCHES;
    for (size_t i = 0; i < store->claim_count; i++)
        memset(store->claims[i].highest_id, 0, UUID_SIZE);
    snprintf(store->violated, sizeof store->violated, "%s", pg_constraint(store->pg));
}

static enum outcome probe_all(struct store *store, int refusals, struct err *e)
{
    enum outcome outcome = pg_run(store->pg, "begin", e);

    if (!outcome)
        outcome = probe(store, 0, store->batch->row_count, e);
    if (outcome && is_known_id(store))
        expect_known(store);
    else if (outcome)
        return outcome;
    else if (store->refusals == refusals)
        return err_set(e, RETRY, "PostgreSQL refused a row, and took it the next time");
    return pg_run(store->pg, "rollback", e);
}

/* After the insert of event rows failed: settles what was wrong. DONE: run the transaction again from the
 * start. Each run settles an event or more, so that there are not more of them than events. */
static enum outcome repair(struct store *store, struct err *e)
{
    struct refusal refusal = {0};
    bool is_known = is_known_id(store);
    bool is_null = strcmp(pg_sqlstate(store->pg), "23502") == 0;
    int refusals = store->refusals;
    size_t next;

    store->counts.redone++;
    if (is_known)
        expect_known(store);
    else
        refusal = read_refusal(store, 0, store->batch->row_count, &next);
    if (pg_run(store->pg, "rollback", e) || settle(store, &refusal, e))
        return e->outcome;
    /* Somebody may have altered the table meanwhile: then it is not the event's fault. */
    if (is_null && columns_check(store->columns, store->pg, e))
        return e->outcome;
    if (is_known || (refusal.event && store->refusals <= NAMED_REFUSALS))
        return DONE;
    if (refusal.event)
        choose_rows(store);
    return probe_all(store, refusals, e);
}

static bool is_repairable(const struct store *store)
{
    return store->is_inserting && pg_is_usable(store->pg)
           && (is_known_id(store) || is_row_fault(store));
}

/* Leaves no transaction open; what went wrong stays in *e. */
static enum outcome give_up(struct store *store, struct err *e)
{
    const char *state = pg_sqlstate(store->pg);
    struct err ignored;

    store->wants_smaller = strcmp(state, "53200") == 0 || strcmp(state, "57014") == 0;
    if (pg_is_usable(store->pg))
        pg_run(store->pg, "rollback", &ignored);
    return e->outcome;
}

/* What is left out is read once more. */
static bool wants_another_run(struct store *store)
{
    if (linker_wants_smaller(store->linker)) {
        batch_cut(store->batch, store->batch->count / 2);
        store->batch->is_heavy = true;
        return true;
    }
    return linker_wants_again(store->linker);
}

/* After a failed attempt. DONE: run it again from the start. */
static enum outcome mend(struct store *store, struct err *e)
{
    if (is_repairable(store))
        return repair(store, e);
    if (!(store->linker && wants_another_run(store))
        && !(store->actions && case_actions_wants_again(store->actions)))
        return e->outcome;
    store->counts.redone++;
    return pg_run(store->pg, "rollback", e);
}

static enum outcome try_until_stored(struct store *store, struct err *e)
{
    bool is_stored;

    do {
        store->is_inserting = false;
        is_stored = !attempt(store, e);
        forget_ahead(store);
        drop_tiles(store);
    } while (!is_stored && !mend(store, e));
    return is_stored ? DONE : give_up(store, e);
}

/* ---- after the commit ---- */

static void count_outcome(struct store_counts *counts, const struct event *event)
{
    switch (event->outcome) {
    case EVENT_STORED: counts->stored++; break;
    case EVENT_DUPLICATE: counts->duplicate++; break;
    case EVENT_DEAD: counts->dead_letter++; break;
    case EVENT_ABSENT: counts->absent++; break;
    }
}

static void remember(struct store *store)
{
    store->bucket = store->taken;
    for (size_t i = 0; i < store->batch->count; i++)
        count_outcome(&store->counts, &store->batch->events[i]);
    for (size_t i = 0; i < store->claim_count; i++)
        store->claims[i].next_offset = store->batch->next_offsets[i];
    store->counts.batches++;
    if (store->look_up_batches > 0)
        store->look_up_batches--;
    if (store->ask_all_batches > 0)
        store->ask_all_batches--;
}

enum outcome store_batch(struct store *store, struct pg *pg, struct batch *batch,
                         struct claim *claims, size_t count, struct err *e)
{
    if (batch->count == 0)
        return DONE;
    store->pg = pg;
    store->batch = batch;
    store->claims = claims;
    store->claim_count = count;
    store->refusals = 0;
    store->violated[0] = '\0';
    store->wants_smaller = store->is_outdated = false;
    if (try_until_stored(store, e))
        return err_wrap(e, "storing %zu events", batch->count);
    remember(store);
    return DONE;
}
