/* store_test.c - each event takes effect once: whatever repeats, conflicts and refused rows come, however
 * they are cut into batches, and wherever the connection is lost.
 *
 * The server is played here, in memory: a table of events with a primary key and a check, progress, dead
 * letters and tiles, with transactions and savepoints. It reads what the store really sends. */
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/hash.h"
#include "common/pg.h"
#include "common/schema.h"
#include "common/text.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/columns.h"
#include "consumers/runtime/reader.h"
#include "consumers/runtime/sql.h"
#include "consumers/runtime/store.h"

enum { SOURCES = 2, MOST_ROWS = 2000, MOST_EVENTS = 12000, REFUSED = 1000 };

/* ---- the server ---- */

struct stored {
    uint8_t event_id[UUID_SIZE];
    uint8_t content_hash[SHA256_SIZE];
};

/* What a transaction changes; savepoints are copies of it. */
struct state {
    size_t rows, dead;
    int64_t next_offset[SOURCES];
    size_t told[SOURCES]; /* length of the outcomes */
    int64_t beats[SOURCES];
    char head[SOURCES][2 * SHA256_SIZE + 1];
};

struct pg {
    struct state now, begun, savepoint;
    struct stored table[MOST_ROWS];
    struct text outcomes[SOURCES]; /* one letter for each offset */
    int64_t epoch[SOURCES];
    bool in_transaction, has_failed, is_lost;
    bool names_no_row;          /* errors of COPY do not tell the line */
    bool has_other_constraint;  /* which refuses every event but the first */
    const char *fail_copy_with; /* SQLSTATE of the next COPY into this table */
    const char *fail_copy_of;
    long fuse;               /* calls until the connection is lost; < 0: never */
    bool commits_at_the_end; /* a COMMIT whose answer is lost has happened all the same */
    long calls, copies;
    void (*on_wait)(
        void *context); /* whenever it is waited for; NULL: nothing is done then */
    void *wait_context;

    struct text copy; /* bytes of the COPY at hand */
    char copied_table[32];
    char sqlstate[6], constraint[32];
    size_t line;
};

enum { COLUMNS = 5 };

struct pg_result {
    struct text cells; /* 80 bytes each, five in a row */
    size_t rows, affected;
};

static struct pg_result *new_result(void)
{
    return xcalloc(1, sizeof(struct pg_result));
}

static void add_cells(struct pg_result *result, const char *a, const char *b,
                      const char *c, const char *d)
{
    const char *const row[COLUMNS] = {a, b, c, d, "0"}; /* no load of reference data */
    char cell[80];

    for (int i = 0; i < COLUMNS; i++) {
        memset(cell, 0, sizeof cell);
        snprintf(cell, sizeof cell, "%s", row[i]);
        text_add(&result->cells, cell, sizeof cell);
    }
    result->rows++;
}

static enum outcome lose(struct pg *pg, struct err *e)
{
    pg->is_lost = true;
    return err_set(e, RETRY, "connection lost");
}

/* Every call begins here. False: the connection is gone. */
static bool call(struct pg *pg)
{
    if (pg->on_wait)
        pg->on_wait(pg->wait_context);
    pg->calls++;
    pg->sqlstate[0] = pg->constraint[0] = '\0';
    pg->line = 0;
    return !pg->is_lost && (pg->fuse < 0 || pg->fuse-- > 0);
}

static enum outcome refuse(struct pg *pg, const char *sqlstate, const char *constraint,
                           size_t line, struct err *e)
{
    pg->has_failed = true;
    snprintf(pg->sqlstate, sizeof pg->sqlstate, "%s", sqlstate);
    snprintf(pg->constraint, sizeof pg->constraint, "%s", constraint);
    pg->line = pg->names_no_row ? 0 : line;
    if (strncmp(sqlstate, "53", 2) == 0 || strncmp(sqlstate, "57", 2) == 0)
        return err_set(e, RETRY, "SQLSTATE %s", sqlstate);
    return err_set(e, FATAL, "SQLSTATE %s", sqlstate);
}

static void go_back(struct pg *pg, const struct state *to)
{
    pg->now = *to;
    for (int i = 0; i < SOURCES; i++)
        pg->outcomes[i].size = to->told[i];
    pg->has_failed = false;
}

static void begin(struct pg *pg)
{
    assert_false(pg->in_transaction);
    pg->in_transaction = true;
    pg->begun = pg->now;
}

static void commit(struct pg *pg)
{
    assert_true(pg->in_transaction && !pg->has_failed);
    pg->in_transaction = false;
}

static void roll_back(struct pg *pg)
{
    if (pg->in_transaction)
        go_back(pg, &pg->begun);
    pg->in_transaction = false;
}

enum outcome pg_run(struct pg *pg, const char *sql, struct err *e)
{
    if (!call(pg)) {
        if (strcmp(sql, "commit") == 0 && pg->commits_at_the_end && !pg->is_lost)
            commit(pg);
        return lose(pg, e);
    }
    if (strcmp(sql, "begin") == 0)
        begin(pg);
    else if (strcmp(sql, "commit") == 0)
        commit(pg);
    else if (strcmp(sql, "rollback") == 0)
        roll_back(pg);
    else if (strcmp(sql, "savepoint probe") == 0)
        pg->savepoint = pg->now;
    else if (strncmp(sql, "rollback to savepoint probe", 27) == 0)
        go_back(pg, &pg->savepoint);
    else
        fail_msg("unknown statement: %s", sql);
    return DONE;
}

/* Nothing happens before the second half. */
enum outcome pg_begin_run(struct pg *pg, const char *sql, struct err *e)
{
    (void)pg;
    (void)sql;
    (void)e;
    return DONE;
}

enum outcome pg_end_run(struct pg *pg, const char *sql, struct err *e)
{
    return pg_run(pg, sql, e);
}

/* ---- queries ---- */

/* The n-th member of "{1,2}". */
static const char *member(const char *array, size_t n)
{
    const char *at = array + 1;

    for (; n > 0; n--)
        at = strchr(at, ',') + 1;
    return *at == '"' ? at + 1 : at;
}

static size_t members(const char *array)
{
    size_t count = array[1] != '}';

    for (const char *at = array; *at; at++)
        count += *at == ',';
    return count;
}

static int64_t number_of(const char *array, size_t n)
{
    return strtoll(member(array, n), NULL, 10);
}

static void lock(struct pg *pg, const char *sources, struct pg_result *result)
{
    char next[24], epoch[24], source[24];

    for (size_t i = 0; i < members(sources); i++) {
        int64_t id = number_of(sources, i);
        snprintf(source, sizeof source, "%lld", (long long)id);
        snprintf(next, sizeof next, "%lld", (long long)pg->now.next_offset[id]);
        snprintf(epoch, sizeof epoch, "%lld", (long long)pg->epoch[id]);
        add_cells(result, source, next, epoch, pg->now.head[id]);
    }
}

static void tell(struct pg *pg, int64_t source, const char *runs)
{
    while (*runs && *runs != '"') {
        char letter = *runs++;
        for (int64_t n = strtoll(runs, (char **)(uintptr_t)&runs, 10); n > 0; n--)
            text_add(&pg->outcomes[source], &letter, 1);
        runs += *runs == ' ';
    }
    pg->now.told[source] = pg->outcomes[source].size;
}

/* sql/advance.sql */
static void move(struct pg *pg, const struct pg_parameter *given,
                 struct pg_result *result)
{
    const char *parameters[11];

    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        parameters[i] = given[i].bytes;

    for (size_t i = 0; i < members(parameters[0]); i++) {
        int64_t source = number_of(parameters[0], i);
        if (number_of(parameters[1], i) != pg->now.next_offset[source]
            || number_of(parameters[3], i) != pg->epoch[source])
            continue;
        pg->now.next_offset[source] = number_of(parameters[2], i);
        tell(pg, source, member(parameters[4], i));
        snprintf(pg->now.head[source], sizeof pg->now.head[source], "%s",
                 member(parameters[10], i) + 3);
        result->affected++;
    }
}

/* sql/heartbeat.sql */
static void beat(struct pg *pg, const char *const *parameters)
{
    for (size_t i = 0; i < members(parameters[0]); i++)
        pg->now.beats[number_of(parameters[0], i)] = number_of(parameters[1], i);
}

enum outcome pg_query(struct pg *pg, const char *sql, const char *const *parameters,
                      size_t count, struct pg_result **result, struct err *e)
{
    (void)count;
    if (!call(pg))
        return lose(pg, e);
    assert_false(pg->has_failed);
    if (strcmp(sql, sql_text("heartbeat")) == 0) {
        beat(pg, parameters);
        return DONE;
    }
    *result = new_result();
    if (strcmp(sql, sql_text("lock")) == 0)
        lock(pg, parameters[0], *result);
    else
        fail_msg("unknown query: %s", sql);
    return DONE;
}

enum outcome pg_begin(struct pg *pg, const char *sql, const char *const *parameters,
                      size_t count, struct pg_result **result, struct err *e)
{
    return pg_run(pg, "begin", e) ? e->outcome
                                  : pg_query(pg, sql, parameters, count, result, e);
}

static const struct stored *find(const struct pg *pg, const void *event_id)
{
    for (size_t i = 0; i < pg->now.rows; i++)
        if (memcmp(pg->table[i].event_id, event_id, UUID_SIZE) == 0)
            return &pg->table[i];
    return NULL;
}

/* Which of these ids are in the table. Behind the head of 20 bytes each has 4 of length. */
static void look_up(struct pg *pg, const struct pg_parameter *given,
                    struct pg_result *result)
{
    const uint8_t *ids = (const uint8_t *)given->bytes + 20;
    size_t wanted = (given->size - 20) / (4 + UUID_SIZE);

    for (size_t i = 0; i < wanted; i++) {
        const struct stored *row = find(pg, ids + i * (4 + UUID_SIZE) + 4);
        char uuid[UUID_TEXT_SIZE], number[24];
        if (!row)
            continue;
        uuid_format(uuid, row->event_id);
        snprintf(number, sizeof number, "%zu", (size_t)(row - pg->table));
        add_cells(result, uuid, number, "", "");
    }
}

enum outcome pg_query_binary(struct pg *pg, const char *sql,
                             const struct pg_parameter *parameters, size_t count,
                             struct pg_result **result, struct err *e)
{
    (void)count;
    if (!call(pg))
        return lose(pg, e);
    assert_false(pg->has_failed);
    *result = new_result();
    if (strcmp(sql, sql_text("advance")) == 0)
        move(pg, parameters, *result);
    else if (strstr(sql, "from events.sample where event_id = any"))
        look_up(pg, parameters, *result);
    else
        fail_msg("unknown query: %s", sql);
    return DONE;
}

/* For linking, which no test here does. */
enum outcome pg_query_raw(struct pg *pg, const char *sql,
                          const struct pg_parameter *parameters, size_t count,
                          struct pg_result **result, struct err *e)
{
    (void)pg, (void)parameters, (void)count, (void)result, (void)e;
    fail_msg("unknown query: %s", sql);
    return FATAL;
}

enum outcome pg_begin_query_raw(struct pg *pg, const char *sql,
                                const struct pg_parameter *parameters, size_t count,
                                struct err *e)
{
    return pg_query_raw(pg, sql, parameters, count, NULL, e);
}

enum outcome pg_end_query(struct pg *pg, struct pg_result **result, struct err *e)
{
    (void)pg, (void)result, (void)e;
    return FATAL;
}

const uint8_t *pg_raw(const struct pg_result *result, size_t row, size_t column,
                      size_t *size)
{
    (void)result, (void)row, (void)column;
    *size = 0;
    return NULL;
}

int64_t pg_raw_number(const struct pg_result *result, size_t row, size_t column)
{
    (void)result, (void)row, (void)column;
    return 0;
}

double pg_raw_real(const struct pg_result *result, size_t row, size_t column)
{
    (void)result, (void)row, (void)column;
    return 0;
}

static struct pg *server; /* whose table pg_bytes() looks into */

static void read_hex(const char *hex, uint8_t *out, size_t room)
{
    for (size_t i = 0; i < room; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
}

/* The head of a lock, or the content hash of a look-up. */
size_t pg_bytes(const struct pg_result *result, size_t row, size_t column, uint8_t *out,
                size_t room)
{
    if (column == 3)
        read_hex(pg_value(result, row, column), out, room);
    else
        memcpy(out, server->table[pg_number(result, row, column)].content_hash, room);
    return SHA256_SIZE;
}

size_t pg_rows(const struct pg_result *result)
{
    return result->rows;
}

size_t pg_affected(const struct pg_result *result)
{
    return result->affected;
}

const char *pg_value(const struct pg_result *result, size_t row, size_t column)
{
    return result->cells.bytes + 80 * (COLUMNS * row + column);
}

int64_t pg_number(const struct pg_result *result, size_t row, size_t column)
{
    return strtoll(pg_value(result, row, column), NULL, 10);
}

void pg_result_free(struct pg_result *result)
{
    if (result)
        text_free(&result->cells);
    free(result);
}

bool pg_is_usable(const struct pg *pg)
{
    return !pg->is_lost;
}

const char *pg_sqlstate(const struct pg *pg)
{
    return pg->sqlstate;
}

const char *pg_constraint(const struct pg *pg)
{
    return pg->constraint;
}

const char *pg_column(const struct pg *pg)
{
    (void)pg;
    return "";
}

size_t pg_copy_line(const struct pg *pg)
{
    return pg->line;
}

char *pg_quote_name(const char *name)
{
    return xstrdup(name);
}

/* ---- COPY ---- */

enum outcome pg_copy_begin(struct pg *pg, const char *sql, struct err *e)
{
    if (!call(pg))
        return lose(pg, e);
    assert_true(pg->in_transaction && !pg->has_failed);
    assert_int_equal(sscanf(sql, "copy %31s", pg->copied_table), 1);
    text_clear(&pg->copy);
    pg->copies++;
    return DONE;
}

enum outcome pg_copy_put(struct pg *pg, const void *bytes, size_t size, struct err *e)
{
    if (!call(pg))
        return lose(pg, e);
    text_add(&pg->copy, bytes, size);
    return DONE;
}

/* The fields of one row; NULL where null. Returns what is behind the row; NULL at the end of the copy. */
struct field {
    const uint8_t *at;
    uint32_t size;
};

static uint32_t big_number(const uint8_t *at)
{
    uint32_t number;

    memcpy(&number, at, sizeof number);
    return be32toh(number);
}

static const uint8_t *take_row(const uint8_t *at, struct field *fields, size_t *count)
{
    *count = (size_t)(at[0] << 8 | at[1]);
    at += 2;
    if (*count == 0xffff)
        return NULL;
    for (size_t i = 0; i < *count; i++) {
        uint32_t size = big_number(at);
        at += 4;
        fields[i] =
            size == UINT32_MAX ? (struct field){NULL, 0} : (struct field){at, size};
        at += fields[i].size;
    }
    return at;
}

static enum outcome insert_event(struct pg *pg, const struct field *fields, size_t line,
                                 struct err *e)
{
    struct stored *row = &pg->table[pg->now.rows];

    if (big_number(fields[6].at) >= REFUSED)
        return refuse(pg, "23514", "sample_number_check", line, e);
    if (find(pg, fields[3].at))
        return refuse(pg, "23505", "sample_pkey", line, e);
    if (pg->has_other_constraint && pg->now.rows > 0)
        return refuse(pg, "23505", "sample_other_key", line, e);
    assert_true(pg->now.rows < MOST_ROWS);
    memcpy(row->content_hash, fields[2].at, SHA256_SIZE);
    memcpy(row->event_id, fields[3].at, UUID_SIZE);
    pg->now.rows++;
    return DONE;
}

static enum outcome insert_all(struct pg *pg, struct err *e)
{
    const uint8_t *at = (const uint8_t *)pg->copy.bytes + 19;
    bool is_event = strcmp(pg->copied_table, "events.sample") == 0;
    struct field fields[24];
    size_t count;

    for (size_t line = 1; (at = take_row(at, fields, &count)); line++) {
        assert_int_equal(count, is_event ? 13 : 19);
        if (is_event && insert_event(pg, fields, line, e))
            return e->outcome;
        pg->now.dead += !is_event;
    }
    return DONE;
}

enum outcome pg_copy_end(struct pg *pg, size_t *rows, struct err *e)
{
    const char *sqlstate = pg->fail_copy_with;

    (void)rows;
    if (!call(pg))
        return lose(pg, e);
    if (sqlstate && strcmp(pg->fail_copy_of, pg->copied_table) == 0) {
        pg->fail_copy_with = NULL;
        return refuse(pg, sqlstate, "", 1, e);
    }
    return insert_all(pg, e);
}

/* Without headers. */
bool kafka_message_headers(const struct kafka_message *message, kafka_visit_header *visit,
                           void *context)
{
    (void)message, (void)visit, (void)context;
    return true;
}

size_t kafka_message_room(const struct kafka_message *message,
                          const struct kafka_message *next)
{
    (void)message, (void)next;
    return 0;
}

/* Its offset says it, and a key that it is from before 1970. */
int64_t kafka_message_time(const struct kafka_message *message)
{
    return message->key ? -5 : 1000 + message->offset;
}

/* Never held here. */
void kafka_message_free(struct kafka_message *message)
{
    message->handle = NULL;
}

/* ---- a consumer, without Kafka ---- */

static const char schema[] =
    "{\"type\":\"record\",\"name\":\"Sample\",\"fields\":["
    "{\"name\":\"event_id\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"}},"
    "{\"name\":\"occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-"
    "micros\"}},"
    "{\"name\":\"recorded_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-"
    "micros\"}},"
    "{\"name\":\"number\",\"type\":\"int\"}]}";

/* What a device sent: the content is its number; from REFUSED on the table's check refuses it. */
struct sent {
    uint8_t id;
    int number;
    size_t source;
    int64_t offset;
};

struct bench {
    struct schema_file *file;
    struct reader *reader;
    struct columns *columns;
    struct store *store;
    struct pg *pg;
    struct batch *batch, *ahead;
    size_t batch_size; /* of ahead */
    struct claim claims[SOURCES];
    struct sent *events;
    size_t count;
    struct err e;
};

static void claim(struct bench *bench)
{
    for (int i = 0; i < SOURCES; i++)
        bench->claims[i] = (struct claim){
            i, i, bench->pg->now.next_offset[i], ++bench->pg->epoch[i], -1, -1, {0}, {0}};
}

/* A new process, and a new connection. */
static void start(struct bench *bench)
{
    store_free(bench->store);
    bench->store = store_new(bench->reader, bench->columns, NULL, NULL, "sample",
                             MOST_EVENTS, 1 << 20);
    roll_back(bench->pg);
    bench->pg->is_lost = false;
    bench->pg->fuse = -1;
    claim(bench);
}

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof *bench);

    bench->file = schema_parse("sample", schema, strlen(schema), &bench->e);
    bench->reader = reader_new(bench->file, &bench->e);
    bench->columns = columns_new(bench->reader, "sample");
    bench->batch = batch_new(MOST_EVENTS);
    bench->ahead = batch_new(MOST_EVENTS);
    bench->events = xcalloc(MOST_EVENTS, sizeof *bench->events);
    server = bench->pg = xcalloc(1, sizeof *bench->pg);
    for (int i = 0; i < SOURCES; i++)
        memset(bench->pg->now.head[i], '0' + i, 2 * SHA256_SIZE);
    start(bench);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    store_free(bench->store);
    columns_free(bench->columns);
    reader_free(bench->reader);
    schema_free(bench->file);
    batch_free(bench->batch);
    batch_free(bench->ahead);
    for (int i = 0; i < SOURCES; i++)
        text_free(&bench->pg->outcomes[i]);
    text_free(&bench->pg->copy);
    free(bench->pg);
    free(bench->events);
    free(bench);
    return 0;
}

static void send_to(struct bench *bench, size_t source, uint8_t id, int number)
{
    int64_t offset = 0;

    for (size_t i = 0; i < bench->count; i++)
        offset += bench->events[i].source == source;
    bench->events[bench->count++] = (struct sent){id, number, source, offset};
}

static void send(struct bench *bench, uint8_t id, int number)
{
    send_to(bench, 0, id, number);
}

static void add_event(struct batch *batch, const struct sent *sent)
{
    struct event *event = &batch->events[batch->count++];
    struct value *values = arena_take_array(batch->arena, 4, sizeof *values);
    uint8_t *id = arena_take(batch->arena, UUID_SIZE);

    memset(id, sent->id, UUID_SIZE);
    values[0] = (struct value){.kind = VALUE_BYTES, .count = UUID_SIZE, .bytes = id};
    for (int i = 1; i < 4; i++)
        values[i] =
            (struct value){.kind = VALUE_NUMBER, .number = i < 3 ? 0 : sent->number};
    *event = (struct event){.message.offset = sent->offset,
                            .message.value = (const uint8_t *)"v",
                            .message.value_size = 1,
                            .outcome = EVENT_STORED,
                            .claim = sent->source,
                            .values = values,
                            .event_id = id};
    memset(event->content_hash, 0, SHA256_SIZE);
    memcpy(event->content_hash, &sent->number, sizeof sent->number);
    batch->next_offsets[sent->source] = sent->offset + 1;
}

/* Up to size events from these offsets on. */
static void fill_from(const struct bench *bench, struct batch *batch, const int64_t *from,
                      size_t size)
{
    batch_reset(batch);
    batch->next_offsets = arena_take_array(batch->arena, SOURCES, sizeof(int64_t));
    memcpy(batch->next_offsets, from, SOURCES * sizeof *from);
    for (size_t i = 0; i < bench->count && batch->count < size; i++)
        if (bench->events[i].offset >= from[bench->events[i].source])
            add_event(batch, &bench->events[i]);
    batch->decoded = batch->count;
}

/* Up to size events that the claims say are next. */
static void fill(struct bench *bench, size_t size)
{
    int64_t from[SOURCES];

    for (int i = 0; i < SOURCES; i++)
        from[i] = bench->claims[i].next_offset;
    fill_from(bench, bench->batch, from, size);
}

static enum outcome store(struct bench *bench)
{
    return store_batch(bench->store, bench->pg, bench->batch, bench->claims, SOURCES,
                       &bench->e);
}

static void store_once(struct bench *bench, size_t size)
{
    fill(bench, size);
    if (store(bench))
        fail_msg("%s", bench->e.message);
}

static void store_all(struct bench *bench, size_t size)
{
    for (;;) {
        fill(bench, size);
        if (bench->batch->count == 0)
            return;
        if (store(bench))
            fail_msg("%s", bench->e.message);
    }
}

/* What is done while the server is waited for. */
static void make_ahead(void *context)
{
    struct bench *bench = context;

    if (bench->ahead->count == 0)
        fill_from(bench, bench->ahead, bench->batch->next_offsets, bench->batch_size);
    while (store_ahead(bench->store, bench->ahead))
        ;
}

static uint32_t chance;

static uint32_t below(uint32_t bound)
{
    chance = chance * 1664525 + 1013904223;
    return (chance >> 8) % bound;
}

/* As if batches could be larger from now on. */
static void add_more(struct bench *bench, size_t count)
{
    const struct batch *batch = bench->batch;
    const size_t wanted = batch->count + count;

    batch_unfold(bench->batch);
    for (size_t i = 0; i < bench->count && batch->count < wanted; i++)
        if (bench->events[i].offset >= batch->next_offsets[bench->events[i].source])
            add_event(bench->batch, &bench->events[i]);
    bench->batch->decoded = batch->count;
}

/* Each batch is made while the one before it is stored, or for the most part. */
static void store_all_ahead(struct bench *bench, size_t size)
{
    bench->batch_size = size;
    bench->pg->on_wait = make_ahead;
    bench->pg->wait_context = bench;
    fill(bench, size);
    while (bench->batch->count > 0) {
        struct batch *stored = bench->batch;
        if (store(bench))
            fail_msg("%s", bench->e.message);
        bench->batch = bench->ahead;
        bench->ahead = batch_reset(stored);
        if (below(3) == 0)
            add_more(bench, below(20));
    }
}

static void assert_outcomes(const struct bench *bench, size_t source, const char *letters)
{
    const struct text *told = &bench->pg->outcomes[source];

    assert_int_equal(told->size, strlen(letters));
    if (told->size > 0)
        assert_memory_equal(told->bytes, letters, told->size);
    assert_int_equal(bench->pg->now.next_offset[source], told->size);
}

/* ---- what happens mostly ---- */

static void test_new_events_take_one_copy_and_no_look_up(void **state)
{
    struct bench *bench = *state;

    for (uint8_t i = 0; i < 100; i++)
        send_to(bench, i % 2, i, 1);
    store_once(bench, 100);
    assert_int_equal(bench->pg->now.rows, 100);
    assert_int_equal(bench->pg->copies, 1);
    assert_int_equal(store_counted(bench->store)->look_ups, 0);
    assert_int_equal(store_counted(bench->store)->stored, 100);
    assert_int_equal(bench->pg->now.next_offset[1], 50);
}

static void test_an_empty_batch_asks_nothing(void **state)
{
    struct bench *bench = *state;

    store_once(bench, 100);
    assert_int_equal(bench->pg->calls, 0);
}

static void test_repeats_within_a_batch_and_after_it(void **state)
{
    struct bench *bench = *state;

    send(bench, 1, 1), send(bench, 1, 1), send(bench, 1, 2);
    store_once(bench, 3);
    send(bench, 1, 1), send(bench, 1, 2), send(bench, 2, 1);
    store_once(bench, 3);
    assert_outcomes(bench, 0, "sdxdxs");
    assert_int_equal(bench->pg->now.rows, 2);
    assert_int_equal(bench->pg->now.dead, 2);
    assert_int_equal(store_counted(bench->store)->redone, 0);
}

/* ---- ids that are stored, and not remembered ---- */

static void test_many_copies_of_a_stored_id_take_one_look_up(void **state)
{
    struct bench *bench = *state;

    send(bench, 1, 1);
    store_once(bench, 1);
    start(bench);
    for (int i = 0; i < 50; i++)
        send(bench, 1, i % 2 ? 1 : 2);
    send(bench, 2, 1);
    store_once(bench, 1000);
    assert_int_equal(bench->pg->now.rows, 2);
    assert_int_equal(store_counted(bench->store)->duplicate, 25);
    assert_int_equal(store_counted(bench->store)->dead_letter, 25);
    assert_int_equal(store_counted(bench->store)->look_ups, 1);
    assert_int_equal(store_counted(bench->store)->redone, 1);
}

static void test_after_a_known_id_we_ask_first(void **state)
{
    struct bench *bench = *state;

    send(bench, 1, 1), send(bench, 2, 1);
    store_once(bench, 2);
    start(bench);
    send(bench, 1, 1), send(bench, 2, 1);
    store_once(bench, 1);
    store_once(bench, 1);
    assert_outcomes(bench, 0, "ssdd");
    assert_int_equal(store_counted(bench->store)->redone, 1);
    assert_int_equal(store_counted(bench->store)->look_ups, 2);
}

/* Ids rise: one above all that were stored is not asked for, unless that was wrong lately. */
static void test_stored_ids_above_the_highest_are_found_by_the_server(void **state)
{
    struct bench *bench = *state;

    send(bench, 1, 1), send(bench, 7, 1), send(bench, 8, 1), send(bench, 9, 1);
    store_once(bench, 4);
    start(bench);
    send(bench, 1, 1), send(bench, 5, 1), send(bench, 9, 1), send(bench, 10, 1);
    send(bench, 7, 1), send(bench, 11, 1), send(bench, 8, 1);
    store_once(bench, 1);
    assert_int_equal(store_counted(bench->store)->redone, 1);
    store_once(bench, 1);
    store_once(bench, 1);
    assert_int_equal(store_counted(bench->store)->redone, 2);
    store_all(bench, 1);
    assert_int_equal(store_counted(bench->store)->redone, 2);
    assert_outcomes(bench, 0, "ssssdsdsdsd");
}

static void test_another_unique_constraint_is_fatal(void **state)
{
    struct bench *bench = *state;

    bench->pg->has_other_constraint = true;
    send(bench, 1, 1), send(bench, 2, 1);
    fill(bench, 2);
    assert_int_equal(store(bench), FATAL);
    assert_non_null(strstr(bench->e.message, "sample_other_key"));
    assert_false(bench->pg->in_transaction);
    assert_int_equal(bench->pg->now.next_offset[0], 0);
}

/* ---- rows that the server refuses ---- */

static void refuse_some(struct bench *bench, size_t refused, size_t of)
{
    for (size_t i = 0; i < of; i++)
        send(bench, (uint8_t)i, i * refused / of != (i + 1) * refused / of ? REFUSED : 1);
    store_once(bench, of);
    assert_int_equal(bench->pg->now.rows, of - refused);
    assert_int_equal(bench->pg->now.dead, refused);
    assert_int_equal(store_counted(bench->store)->dead_letter, refused);
}

static void test_any_number_of_refused_rows(void **state)
{
    (void)state;
    for (size_t refused = 0; refused <= 20; refused++) {
        void *bench;
        set_up(&bench);
        refuse_some(bench, refused, 20);
        tear_down(&bench);
    }
}

static void test_errors_that_name_no_row(void **state)
{
    (void)state;
    for (size_t refused = 0; refused <= 20; refused++) {
        void *bench;
        set_up(&bench);
        ((struct bench *)bench)->pg->names_no_row = true;
        refuse_some(bench, refused, 20);
        tear_down(&bench);
    }
}

static void test_copies_of_a_refused_event_are_refused_together(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < 50; i++)
        send(bench, 1, REFUSED);
    send(bench, 1, 1);
    send(bench, 2, 1);
    store_once(bench, 1000);
    assert_int_equal(bench->pg->now.rows, 2);
    assert_int_equal(bench->pg->now.dead, 50);
    assert_int_equal(store_counted(bench->store)->redone, 1);
}

static void test_other_contents_of_a_refused_id_are_tried_in_turn(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < 30; i++)
        send(bench, 1, REFUSED + i);
    send(bench, 1, 1);
    send(bench, 1, REFUSED);
    store_once(bench, 1000);
    assert_int_equal(bench->pg->now.rows, 1);
    assert_int_equal(bench->pg->now.dead, 31);
    assert_int_equal(bench->pg->now.next_offset[0], 32);
}

/* The server sees the check before it sees the id. */
static void test_a_stored_id_is_no_refusal(void **state)
{
    struct bench *bench = *state;

    send(bench, 1, 1);
    store_once(bench, 1);
    start(bench);
    send(bench, 1, REFUSED), send(bench, 2, 1), send(bench, 1, 1);
    store_once(bench, 3);
    assert_outcomes(bench, 0, "sxsd");
    assert_string_equal(bench->batch->events[0].reject.reason, "identity_conflict");
    assert_null(bench->batch->events[0].sqlstate);
    start(bench);
    for (int i = 0; i < 10; i++)
        send(bench, (uint8_t)(i % 5), REFUSED + i);
    store_once(bench, 10);
    for (size_t i = 0; i < 10; i++)
        assert_string_equal(bench->batch->events[i].reject.reason,
                            i % 5 == 1 || i % 5 == 2 ? "identity_conflict"
                                                     : "refused_by_server");
}

static void test_a_refused_row_costs_few_transactions(void **state)
{
    struct bench *bench = *state;

    for (uint8_t i = 0; i < 100; i++)
        send(bench, i, i == 50 ? REFUSED : 1);
    store_once(bench, 100);
    assert_int_equal(bench->pg->copies, 3); /* refused, taken, dead letter */
}

static void test_only_the_insert_of_events_blames_an_event(void **state)
{
    struct bench *bench = *state;

    send(bench, 1, 1), send(bench, 1, 2);
    bench->pg->fail_copy_of = "bus.dead_letter";
    bench->pg->fail_copy_with = "22001";
    fill(bench, 2);
    assert_int_equal(store(bench), FATAL);
    assert_int_equal(bench->pg->now.rows, 0);
    assert_int_equal(bench->pg->now.dead, 0);
}

static void assert_copy_fails_with(struct bench *bench, const char *sqlstate,
                                   enum outcome outcome, bool wants_smaller)
{
    bench->pg->fail_copy_of = "events.sample";
    bench->pg->fail_copy_with = sqlstate;
    fill(bench, 10);
    assert_int_equal(store(bench), outcome);
    assert_int_equal(store_take_wants_smaller(bench->store), wants_smaller);
    assert_false(bench->pg->in_transaction);
    assert_int_equal(bench->pg->now.rows, 0);
    assert_int_equal(bench->pg->now.dead, 0);
    assert_int_equal(bench->pg->now.next_offset[0], 0);
}

static void test_faults_of_the_surroundings_bury_nothing(void **state)
{
    struct bench *bench = *state;

    send(bench, 1, 1);
    assert_copy_fails_with(bench, "53100", RETRY, false);
    assert_copy_fails_with(bench, "53200", RETRY, true);
    assert_copy_fails_with(bench, "57014", RETRY, true);
    assert_copy_fails_with(bench, "57P01", RETRY, false);
    assert_copy_fails_with(bench, "42501", FATAL, false);
    assert_copy_fails_with(bench, "42703", FATAL, false);
    assert_copy_fails_with(bench, "22P03", FATAL, false);
    assert_copy_fails_with(bench, "22P04", FATAL, false);
    assert_copy_fails_with(bench, "23503", FATAL, false);
    assert_copy_fails_with(bench, "23514", FATAL,
                           false); /* without a constraint's name */
    store_once(bench, 10);
    assert_outcomes(bench, 0, "s");
}

/* ---- who may write ---- */

static void test_a_former_owner_writes_nothing(void **state)
{
    struct bench *bench = *state;

    send_to(bench, 0, 1, 1), send_to(bench, 1, 2, 1);
    fill(bench, 2);
    bench->pg->epoch[1]++;
    assert_int_equal(store(bench), RETRY);
    assert_int_equal(bench->pg->now.rows, 0);
    assert_int_equal(bench->pg->now.next_offset[0], 0);
    assert_int_equal(bench->claims[0].next_offset, 0);
}

/* The fake has no load. */
static void test_a_batch_of_older_reference_data_is_not_written(void **state)
{
    struct bench *bench = *state;

    send(bench, 1, 1);
    fill(bench, 1);
    bench->batch->reference = 3;
    assert_int_equal(store(bench), RETRY);
    assert_true(store_take_is_outdated(bench->store));
    assert_false(store_take_is_outdated(bench->store));
    assert_int_equal(bench->pg->now.rows, 0);
    bench->batch->reference = 0;
    assert_int_equal(store(bench), DONE);
    assert_false(store_take_is_outdated(bench->store));
    assert_outcomes(bench, 0, "s");
}

static void test_a_source_that_has_moved_is_not_written(void **state)
{
    struct bench *bench = *state;

    send(bench, 1, 1);
    fill(bench, 1);
    bench->pg->now.next_offset[0] = 1;
    assert_int_equal(store(bench), RETRY);
    assert_int_equal(bench->pg->now.rows, 0);
}

/* A source of which nothing is moved may belong to somebody else. */
static void test_sources_that_do_not_move_are_not_looked_at(void **state)
{
    struct bench *bench = *state;

    send(bench, 1, 1);
    fill(bench, 1);
    bench->pg->epoch[1]++;
    assert_int_equal(store(bench), DONE);
    assert_outcomes(bench, 0, "s");
}

/* ---- heartbeats ---- */

static void add_heartbeat(struct bench *bench, size_t source, int64_t offset)
{
    struct batch *batch = bench->batch;

    batch->events[batch->count++] = (struct event){.message.offset = offset,
                                                   .outcome = EVENT_ABSENT,
                                                   .is_settled = true,
                                                   .is_heartbeat = true,
                                                   .claim = source};
    batch->next_offsets[source] = offset + 1;
}

static void test_the_last_heartbeat_of_a_source_is_noted_with_its_progress(void **state)
{
    struct bench *bench = *state;

    fill(bench, 0);
    for (int64_t offset = 0; offset < 3; offset++)
        add_heartbeat(bench, 1, offset);
    assert_int_equal(store(bench), DONE);
    assert_int_equal(bench->pg->now.beats[1], 1002);
    assert_int_equal(bench->pg->now.beats[0], 0);
    assert_outcomes(bench, 1, "aaa");
}

static void test_a_heartbeat_without_a_time_is_no_more_than_absent(void **state)
{
    struct bench *bench = *state;

    fill(bench, 0);
    add_heartbeat(bench, 0, 0);
    bench->batch->events[0].message.key = (const uint8_t *)"";
    assert_int_equal(store(bench), DONE);
    assert_int_equal(bench->pg->now.beats[0], 0);
    assert_outcomes(bench, 0, "a");
}

/* ---- whatever comes, however it is cut ---- */

/* What has to become of each event, taken one at a time. */
static void expect(const struct bench *bench, struct text *letters)
{
    int of_id[256];

    memset(of_id, -1, sizeof of_id);
    for (size_t i = 0; i < bench->count; i++) {
        const struct sent *sent = &bench->events[i];
        char letter = 'x';
        if (of_id[sent->id] < 0 && sent->number < REFUSED) {
            of_id[sent->id] = sent->number;
            letter = 's';
        } else if (of_id[sent->id] == sent->number) {
            letter = 'd';
        }
        text_add(&letters[sent->source], &letter, 1);
    }
}

static void assert_expected(const struct bench *bench)
{
    struct text letters[SOURCES] = {{0}};
    size_t dead = 0;

    expect(bench, letters);
    for (size_t i = 0; i < SOURCES; i++) {
        text_add(&letters[i], "", 1);
        assert_outcomes(bench, i, letters[i].bytes);
        for (const char *c = letters[i].bytes; *c; c++)
            dead += *c == 'x';
        text_free(&letters[i]);
    }
    assert_int_equal(bench->pg->now.dead, dead);
}

static void send_many(struct bench *bench, uint32_t seed, size_t count)
{
    chance = seed;
    for (size_t i = 0; i < count; i++)
        send_to(bench, below(SOURCES), (uint8_t)below(200),
                below(4) ? 1 : (int)below(3) + (below(2) ? REFUSED : 1));
}

static void assert_for_sizes(void (*store_with)(struct bench *bench, size_t size),
                             const size_t sizes[4])
{
    for (size_t i = 0; i < 4; i++)
        for (uint32_t seed = 1; seed <= 20; seed++) {
            void *bench;
            set_up(&bench);
            send_many(bench, seed, 600);
            store_with(bench, sizes[i]);
            assert_expected(bench);
            tear_down(&bench);
        }
}

static void test_the_outcome_does_not_depend_on_the_cut(void **state)
{
    (void)state;
    assert_for_sizes(store_all, (const size_t[]){1, 7, 100, 10000});
}

static void test_nor_on_what_is_decided_ahead(void **state)
{
    (void)state;
    assert_for_sizes(store_all_ahead, (const size_t[]){1, 7, 100, 300});
}

/* Every start forgets which ids were stored. */
static void test_the_outcome_does_not_depend_on_restarts(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        void *state_of_bench;
        struct bench *bench;
        set_up(&state_of_bench);
        bench = state_of_bench;
        send_many(bench, seed, 600);
        while (bench->pg->now.next_offset[0] + bench->pg->now.next_offset[1] < 600) {
            start(bench);
            store_once(bench, 1 + below(100));
        }
        assert_expected(bench);
        tear_down(&state_of_bench);
    }
}

/* ---- wherever the connection is lost ---- */

/* Loses the connection at the first call of a batch, then at the second, and so on until it is stored. */
static void store_losing(struct bench *bench, size_t size)
{
    for (long fuse = 0;; fuse++) {
        fill(bench, size);
        if (bench->batch->count == 0)
            return;
        bench->pg->fuse = fuse;
        if (!store(bench))
            return;
        assert_int_equal(bench->e.outcome, RETRY);
        start(bench);
    }
}

static void lose_everywhere(bool commits_at_the_end)
{
    for (uint32_t seed = 1; seed <= 5; seed++) {
        void *state;
        struct bench *bench;
        set_up(&state);
        bench = state;
        bench->pg->commits_at_the_end = commits_at_the_end;
        send_many(bench, seed, 300);
        while (bench->pg->now.next_offset[0] + bench->pg->now.next_offset[1] < 300)
            store_losing(bench, 60);
        assert_expected(bench);
        tear_down(&state);
    }
}

static void test_a_connection_lost_anywhere_changes_nothing(void **state)
{
    (void)state;
    lose_everywhere(false);
}

static void test_nor_does_a_commit_that_happened_without_an_answer(void **state)
{
    (void)state;
    lose_everywhere(true);
}

/* The same process goes on, with its memory of ids. */
static void test_ids_of_a_batch_that_did_not_commit_are_not_known(void **state)
{
    struct bench *bench = *state;
    long last_call;

    send(bench, 1, 1);
    store_once(bench, 1);
    last_call = bench->pg->calls - 1;
    send(bench, 2, 2);
    fill(bench, 1);
    bench->pg->calls = 0;
    bench->pg->fuse = last_call;
    assert_int_equal(store(bench), RETRY);
    assert_int_equal(bench->pg->calls, last_call + 1);
    roll_back(bench->pg);
    bench->pg->is_lost = false;
    bench->pg->fuse = -1;
    store_once(bench, 1);
    assert_outcomes(bench, 0, "ss");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_new_events_take_one_copy_and_no_look_up),
        TEST(test_an_empty_batch_asks_nothing),
        TEST(test_repeats_within_a_batch_and_after_it),
        TEST(test_many_copies_of_a_stored_id_take_one_look_up),
        TEST(test_after_a_known_id_we_ask_first),
        TEST(test_stored_ids_above_the_highest_are_found_by_the_server),
        TEST(test_another_unique_constraint_is_fatal),
        cmocka_unit_test(test_any_number_of_refused_rows),
        cmocka_unit_test(test_errors_that_name_no_row),
        TEST(test_copies_of_a_refused_event_are_refused_together),
        TEST(test_other_contents_of_a_refused_id_are_tried_in_turn),
        TEST(test_a_stored_id_is_no_refusal),
        TEST(test_a_refused_row_costs_few_transactions),
        TEST(test_only_the_insert_of_events_blames_an_event),
        TEST(test_faults_of_the_surroundings_bury_nothing),
        TEST(test_a_former_owner_writes_nothing),
        TEST(test_a_batch_of_older_reference_data_is_not_written),
        TEST(test_a_source_that_has_moved_is_not_written),
        TEST(test_sources_that_do_not_move_are_not_looked_at),
        TEST(test_the_last_heartbeat_of_a_source_is_noted_with_its_progress),
        TEST(test_a_heartbeat_without_a_time_is_no_more_than_absent),
        cmocka_unit_test(test_the_outcome_does_not_depend_on_the_cut),
        cmocka_unit_test(test_nor_on_what_is_decided_ahead),
        cmocka_unit_test(test_the_outcome_does_not_depend_on_restarts),
        cmocka_unit_test(test_a_connection_lost_anywhere_changes_nothing),
        cmocka_unit_test(test_nor_does_a_commit_that_happened_without_an_answer),
        TEST(test_ids_of_a_batch_that_did_not_commit_are_not_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
