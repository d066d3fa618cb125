/* rows.c - what a bad row costs: batches with rows that the server or the decoder refuses, beside clean ones, in
 * turns, through the daemon's own decode_batch() and store_batch().
 *
 *   bench_rows DATABASE_URL ROUNDS < LINES
 *
 * LINES are of the simulator, one for each row of a batch; the event table of the database refuses a row whose
 * remark is "refused". Prints each batch's bar and how long it took in each round; the first one is the clean one. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/pg.h"
#include "common/text.h"
#include "consumers/runtime/decode.h"
#include "consumers/runtime/sql.h"
#include "consumers/runtime/store.h"
#include "tests/bench/messages.h"
#include "tests/bench/support.h"

enum { ROWS = 10000, MOST_ROUNDS = 1000, MAX_EVENT_BYTES = 1 << 20, TIMEOUT_MS = 60000 };

static const char kind[] = "patrol_log";

/* A batch has bad rows at first, first + step ... */
static const struct scenario {
    const char *name;
    size_t count, first, step;
    bool by_decoder;
    double bar; /* most that it may take, as a multiple of the clean one */
} scenarios[] = {
    {"clean", 0, 0, 0, false, 1.0},
    {"one refused by the server, in the middle", 1, ROWS / 2, 1, false, 2.2},
    {"one refused by the server, the last", 1, ROWS - 1, 1, false, 2.6},
    {"100 refused by the server, spread", 100, 50, 100, false, 10.0},
    {"one refused by the decoder, in the middle", 1, ROWS / 2, 1, true, 1.1},
};
enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

static struct bench {
    struct message good[ROWS], refused;
    struct decoder *decoder;
    struct columns *columns;
    struct store *store;
    struct batch *batch;
    struct pg *pg;
    struct claim claim;
    double seconds[SCENARIOS][MOST_ROUNDS];
} bench;

static struct err e;

/* ---- the messages ---- */

/* The first line again, so that nothing but the remark differs. */
static struct message make_refused(const struct message_maker *maker, const char *line)
{
    const char *remark = strstr(line, "\"remark\":");
    struct text other = {0};

    if (!remark)
        give_up("the first line", "has no remark");
    text_add(&other, line, (size_t)(remark - line));
    text_add_string(&other, "\"remark\":\"refused\"}");
    return message_make(maker, other.bytes, other.size);
}

static void read_messages(void)
{
    const struct message_maker *maker = message_maker_new(kind);
    char *line = NULL;
    size_t room = 0;

    for (size_t i = 0; i < ROWS; i++) {
        ssize_t size = getline(&line, &room, stdin);
        if (size <= 0)
            give_up("standard input", "has too few lines");
        bench.good[i] = message_make(maker, line, (size_t)size);
        if (i == 0)
            bench.refused = make_refused(maker, line);
    }
    free(line);
}

/* ---- one batch ---- */

static bool is_bad(const struct scenario *scenario, size_t row)
{
    return scenario->count > 0 && row >= scenario->first
           && (row - scenario->first) % scenario->step == 0
           && (row - scenario->first) / scenario->step < scenario->count;
}

/* Every message gets an id of its own; they rise, so that a row's place in the batch is its place in the COPY. */
static void add_message(size_t row, bool is_refused, bool is_broken)
{
    struct message message = is_refused ? bench.refused : bench.good[row];
    char text[UUID_TEXT_SIZE];
    uint8_t id[UUID_SIZE];

    if (is_refused) /* there may be several of it */
        message.bytes = memcpy(arena_take(bench.batch->arena, message.size),
                               message.bytes, message.size);
    uuid_v7(id, clock_now_us() / 1000);
    uuid_format(text, id);
    message_set_id(&message, text);
    bench.batch->events[bench.batch->count++] = (struct event){
        .message = {.partition = bench.claim.partition,
                    .offset = bench.claim.next_offset + (int64_t)row,
                    .value = message.bytes,
                    .value_size = message.size + is_broken},
        .headers = {.is_counted = true}, /* it has none */
        .outcome = EVENT_STORED,
    };
    bench.batch->value_bytes += message.size;
}

static void fill(const struct scenario *scenario)
{
    struct batch *batch = batch_reset(bench.batch);

    for (size_t row = 0; row < ROWS; row++) {
        bool bad = is_bad(scenario, row);
        add_message(row, bad && !scenario->by_decoder, bad && scenario->by_decoder);
    }
    batch->next_offsets = arena_take(batch->arena, sizeof *batch->next_offsets);
    batch->next_offsets[0] = bench.claim.next_offset + ROWS;
}

static double run(const struct scenario *scenario)
{
    struct store_counts before = *store_counted(bench.store);
    const struct store_counts *after = store_counted(bench.store);
    double start;

    fill(scenario);
    start = seconds(CLOCK_MONOTONIC);
    must(decode_batch(bench.decoder, bench.pg, bench.batch, &e), scenario->name, &e);
    must(store_batch(bench.store, bench.pg, bench.batch, &bench.claim, 1, &e),
         scenario->name, &e);
    start = seconds(CLOCK_MONOTONIC) - start;
    if (after->dead_letter - before.dead_letter != (int64_t)scenario->count
        || after->stored - before.stored != (int64_t)(ROWS - scenario->count))
        give_up(scenario->name, "other rows were stored than should be");
    return start;
}

/* ---- the database ---- */

static int64_t ask(const char *name, const char *const *parameters, size_t count,
                   size_t column)
{
    struct pg_result *result = NULL;
    int64_t number;

    must(pg_query(bench.pg, sql_text(name), parameters, count, &result, &e), name, &e);
    number = pg_rows(result) ? pg_number(result, 0, column) : -1;
    pg_result_free(result);
    return number;
}

/* A source of our own, claimed as the daemons do. */
static void claim(void)
{
    const char *const source[] = {"bench", "bench.patrol-log.v1", "bench", "0"};
    char id[24];

    bench.claim.source_id = (int32_t)ask("source", source, 4, 0);
    snprintf(id, sizeof id, "%" PRId32, bench.claim.source_id);
    must(pg_query(bench.pg, sql_text("first_progress"),
                  (const char *const[]){id, "0", NULL, NULL}, 4, NULL, &e),
         "progress", &e);
    bench.claim.next_offset = ask("progress", (const char *const[]){id}, 1, 0);
    bench.claim.owner_epoch = ask("claim", (const char *const[]){id, "bench"}, 2, 1);
}

static void open_all(const char *url)
{
    bench.pg = pg_open(url, NULL, "bench_rows", TIMEOUT_MS, &e);
    bench.decoder = decoder_new(kind, MAX_EVENT_BYTES, NULL, &e);
    if (!bench.pg || !bench.decoder)
        give_up("opening", e.message);
    bench.columns = columns_new(decoder_reader(bench.decoder), kind);
    bench.store = store_new(decoder_reader(bench.decoder), bench.columns, NULL, NULL,
                            kind, ROWS, MAX_EVENT_BYTES);
    bench.batch = batch_new(ROWS);
    must(store_begin(bench.store, bench.pg, &e), "the table", &e);
    claim();
}

/* ---- figures ---- */

static void report(int rounds)
{
    for (size_t i = 0; i < SCENARIOS; i++) {
        printf("%s{\"batch\": \"%s\", \"rows\": %zu, \"bar\": %.1f, \"seconds\": [",
               i ? ", " : "[", scenarios[i].name, ROWS - scenarios[i].count,
               scenarios[i].bar);
        for (int j = 0; j < rounds; j++)
            printf("%s%.5f", j ? ", " : "", bench.seconds[i][j]);
        printf("]}");
    }
    printf("]\n");
}

int main(int count, char **arguments)
{
    int rounds = count == 3 ? atoi(arguments[2]) : 0;

    if (rounds < 1 || rounds > MOST_ROUNDS)
        give_up("usage", "bench_rows DATABASE_URL ROUNDS < LINES");
    read_messages();
    open_all(arguments[1]);
    for (int i = -1; i < rounds; i++) /* the first round is not counted */
        for (size_t j = 0; j < SCENARIOS; j++)
            bench.seconds[j][i < 0 ? 0 : i] = run(&scenarios[j]);
    pg_close(bench.pg);
    report(rounds);
    return 0;
}
