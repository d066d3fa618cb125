/* decode.c - how long an event takes to decode: ours with all checks on, beside Avro-C's two ways, in turns.
 *
 *   bench_decode SCHEMA EVENTS [PASSES]
 *
 * EVENTS is written by decode_events.py. Each pass decodes all events once by each contender; the time of a
 * contender is the median of its passes. Ours is plan_run() into one arena for all, as a batch has it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <avro.h>

#include "common/arena.h"
#include "common/text.h"
#include "consumers/runtime/plan.h"
#include "consumers/runtime/reader.h"

enum { MOST_PASSES = 1000, KEEP_BYTES = 16 << 20 };

struct events {
    struct text file;
    size_t count;
    struct piece {
        const uint8_t *bytes;
        size_t size;
    } * pieces;
    size_t bytes;
};

static struct bench {
    struct events events;
    struct schema_file *file;
    struct plan *plan;
    struct arena *arena;
    struct value *records; /* what ours made of the events, for the content hash */
    struct reader *reader; /* NULL: the schema is no kind's */
    avro_value_t generic;  /* reused from one event to the next */
    avro_value_t resolved; /* writes into generic */
    avro_reader_t memory;
} bench;

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "bench_decode: %s: %s\n", what, why);
    exit(1);
}

static struct text read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct text text = {0};
    char room[65536];
    size_t size;

    if (!file)
        give_up(path, "cannot be read");
    while ((size = fread(room, 1, sizeof room, file)) > 0)
        text_add(&text, room, size);
    fclose(file);
    return text;
}

static void read_events(struct events *events, const char *path)
{
    const uint8_t *at, *end;
    uint32_t size;

    events->file = read_file(path);
    at = (const uint8_t *)events->file.bytes;
    end = at + events->file.size;
    events->pieces = xcalloc(events->file.size / sizeof size + 1, sizeof *events->pieces);
    for (; at < end; at += size) {
        memcpy(&size, at, sizeof size);
        at += sizeof size;
        events->pieces[events->count++] = (struct piece){at, size};
        events->bytes += size;
    }
    if (events->count == 0)
        give_up(path, "has no events");
}

static void open_avro(const struct text *schema)
{
    avro_schema_t avro;
    avro_value_iface_t *generic, *resolved;

    if (avro_schema_from_json_length(schema->bytes, schema->size, &avro))
        give_up("Avro-C", avro_strerror());
    generic = avro_generic_class_from_schema(avro);
    avro_generic_value_new(generic, &bench.generic);
    resolved = avro_resolved_writer_new(avro, avro);
    if (!resolved)
        give_up("Avro-C", avro_strerror());
    avro_resolved_writer_new_value(resolved, &bench.resolved);
    avro_resolved_writer_set_dest(&bench.resolved, &bench.generic);
    bench.memory = avro_reader_memory("", 0);
}

static void open_ours(const struct text *schema)
{
    struct err e;

    bench.arena = arena_new();
    bench.file = schema_parse("schema", schema->bytes, schema->size, &e);
    if (!bench.file)
        give_up("ours", e.message);
    bench.plan = plan_compile(schema_root(bench.file), schema_root(bench.file), NULL, &e);
    if (!bench.plan)
        give_up("ours", e.message);
    bench.reader = reader_new(bench.file, &e);
    bench.records = xcalloc(bench.events.count, sizeof *bench.records);
}

/* ---- the contenders: each decodes all events once ---- */

static void run_ours(void)
{
    const struct events *events = &bench.events;
    struct reject reject;

    arena_reset(bench.arena, KEEP_BYTES);
    for (size_t i = 0; i < events->count; i++)
        if (!plan_run(bench.plan, events->pieces[i].bytes, events->pieces[i].size,
                      bench.arena, &bench.records[i], &reject))
            give_up("ours", reject.detail);
}

static void run_avro(avro_value_t *value)
{
    const struct events *events = &bench.events;

    for (size_t i = 0; i < events->count; i++) {
        avro_reader_memory_set_source(bench.memory, (const char *)events->pieces[i].bytes,
                                      (int64_t)events->pieces[i].size);
        if (avro_value_read(bench.memory, value))
            give_up("Avro-C", avro_strerror());
        avro_value_reset(&bench.generic);
    }
}

static void run_generic(void)
{
    run_avro(&bench.generic);
}

static void run_resolved(void)
{
    run_avro(&bench.resolved);
}

static void run_hash(void)
{
    uint8_t digest[SHA256_SIZE];

    for (size_t i = 0; bench.reader && i < bench.events.count; i++)
        reader_content_hash(bench.reader, bench.records[i].items, digest);
}

static struct contender {
    const char *name;
    void (*run)(void);
    double times[MOST_PASSES]; /* nanoseconds per event */
} contenders[] = {
    {.name = "ours", .run = run_ours},
    {.name = "Avro-C generic value", .run = run_generic},
    {.name = "Avro-C resolved writer", .run = run_resolved},
    {.name = "content hash", .run = run_hash},
};
enum { OURS, GENERIC, RESOLVED, HASH, CONTENDERS };

/* Of this thread alone: what else the machine does must not count. */
static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare_times(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static void measure(int passes)
{
    for (int pass = -1; pass < passes; pass++) /* the first one is only to warm up */
        for (int i = 0; i < CONTENDERS; i++) {
            double start = now_ns();
            contenders[i].run();
            contenders[i].times[pass < 0 ? 0 : pass] =
                (now_ns() - start) / (double)bench.events.count;
        }
    for (int i = 0; i < CONTENDERS; i++)
        qsort(contenders[i].times, (size_t)passes, sizeof(double), compare_times);
}

static void print_results(const char *name, int passes)
{
    double ours = contenders[OURS].times[passes / 2];
    double generic = contenders[GENERIC].times[passes / 2];
    double resolved = contenders[RESOLVED].times[passes / 2];

    printf("%s: %zu events of %.0f bytes, %d passes\n", name, bench.events.count,
           (double)bench.events.bytes / (double)bench.events.count, passes);
    printf("  %-24s %10s %10s %10s  ns per event\n", "", "median", "least", "most");
    for (int i = 0; i < CONTENDERS; i++)
        if (i != HASH || bench.reader)
            printf("  %-24s %10.0f %10.0f %10.0f\n", contenders[i].name,
                   contenders[i].times[passes / 2], contenders[i].times[0],
                   contenders[i].times[passes - 1]);
    printf("  ours is %.1f times as fast as the better of Avro-C's two\n",
           (generic < resolved ? generic : resolved) / ours);
}

int main(int count, char **arguments)
{
    int passes = count > 3 ? atoi(arguments[3]) : 21;
    struct text schema;

    if (count < 3 || passes < 1 || passes > MOST_PASSES)
        give_up("usage", "bench_decode SCHEMA EVENTS [PASSES]");
    schema = read_file(arguments[1]);
    read_events(&bench.events, arguments[2]);
    open_ours(&schema);
    open_avro(&schema);
    measure(passes);
    print_results(arguments[1], passes);
    return 0;
}
