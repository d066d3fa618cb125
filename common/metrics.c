/* metrics.c - the table of metrics, their series, and how they are printed. */
#include "common/metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/memory.h"

enum { BUCKETS = 12 };

enum type { COUNTER, GAUGE, AGE, HISTOGRAM };

/* How long a batch takes, from the first message on. */
static const double seconds[BUCKETS] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                        0.5,   1,    2.5,   5,    10,  30};
static const double events[BUCKETS] = {1,    3,    10,   30,    100,   300,
                                       1000, 3000, 5000, 10000, 30000, 100000};

/* Why an event can be set aside (docs/design.md). */
#define REASONS                                                                          \
    "tombstone|short|envelope|header|too_large|schema_unknown|schema_refused|trailing|"  \
    "length|varint|items|boolean|enum|union|uuid|utf8|nul|dup_key|range|requires|"       \
    "identity_conflict|refused_by_server"

static const struct row {
    const char *name;
    enum type type;
    enum metrics_of of;
    const char *label; /* NULL: none */
    const char *
        values; /* of the label, that are there from the start: "a|b"; NULL: it depends */
    const double *buckets; /* of a histogram */
    const char *help;
} rows[METRICS] = {
    [METRIC_BUILD] = {.name = "gridloop_build_info",
                      .type = GAUGE,
                      .of = METRICS_OF_ALL,
                      .label = "version",
                      .help = "Version of the program; always 1."},
    [METRIC_START] = {.name = "process_start_time_seconds",
                      .type = GAUGE,
                      .of = METRICS_OF_ALL,
                      .help = "When the process began, in seconds since 1970."},
    [METRIC_CPU] = {.name = "process_cpu_seconds_total",
                    .type = COUNTER,
                    .of = METRICS_OF_ALL,
                    .help = "Processor time taken, in seconds."},
    [METRIC_MEMORY] = {.name = "process_resident_memory_bytes",
                       .type = GAUGE,
                       .of = METRICS_OF_ALL,
                       .help = "Memory held, in bytes."},
    [METRIC_READY] = {.name = "gridloop_ready",
                      .type = GAUGE,
                      .of = METRICS_OF_ALL,
                      .label = "condition",
                      .help = "1: this condition of /readyz is met."},
    [METRIC_TURNED] =
        {.name = "gridloop_loop_turned_seconds",
         .type = GAUGE,
         .of = METRICS_OF_ALL,
         .help = "How long ago the loop turned last, in seconds: what /livez looks at."},
    [METRIC_RETRIES] =
        {.name = "gridloop_retries_total",
         .type = COUNTER,
         .of = METRICS_OF_ALL,
         .label = "sqlstate_class",
         .values = "08|25|40|53|55|57|none",
         .help = "How often the loop had to begin again, by the class of PostgreSQL's "
                 "SQLSTATE; 08: no connection; none: PostgreSQL was not the cause."},

    [METRIC_EVENTS] = {.name = "gridloop_consumer_events_total",
                       .type = COUNTER,
                       .of = METRICS_OF_CONSUMER,
                       .label = "outcome",
                       .values = "stored|duplicate|dead_letter|absent",
                       .help = "Offsets settled, by what became of them."},
    [METRIC_DEAD_LETTERS] = {.name = "gridloop_consumer_dead_letters_total",
                             .type = COUNTER,
                             .of = METRICS_OF_CONSUMER,
                             .label = "reason",
                             .values = REASONS,
                             .help = "Messages set aside, by reason."},
    [METRIC_BATCH_SECONDS] =
        {.name = "gridloop_consumer_batch_duration_seconds",
         .type = HISTOGRAM,
         .of = METRICS_OF_CONSUMER,
         .buckets = seconds,
         .help =
             "Decoding, enriching and storing of a batch, to its commit, in seconds."},
    [METRIC_BATCH_EVENTS] = {.name = "gridloop_consumer_batch_events",
                             .type = HISTOGRAM,
                             .of = METRICS_OF_CONSUMER,
                             .buckets = events,
                             .help = "Messages of a batch."},
    [METRIC_LOOK_UPS] = {.name = "gridloop_consumer_look_ups_total",
                         .type = COUNTER,
                         .of = METRICS_OF_CONSUMER,
                         .help = "Batches that asked the database which ids it has."},
    [METRIC_REDONE] = {.name = "gridloop_consumer_transactions_redone_total",
                       .type = COUNTER,
                       .of = METRICS_OF_CONSUMER,
                       .help = "Transactions run again from the start: known ids, "
                               "refused rows, missing locks."},
    [METRIC_PARTITIONS] = {.name = "gridloop_consumer_partitions",
                           .type = GAUGE,
                           .of = METRICS_OF_CONSUMER,
                           .help = "Partitions that are being read."},
    [METRIC_WANTED] = {.name = "gridloop_consumer_partitions_wanted",
                       .type = GAUGE,
                       .of = METRICS_OF_CONSUMER,
                       .help = "Partitions that the group wants this process to read."},
    [METRIC_PAUSED] =
        {.name = "gridloop_consumer_partitions_paused",
         .type = GAUGE,
         .of = METRICS_OF_CONSUMER,
         .help = "Partitions left alone because most of what came was set aside."},
    [METRIC_GAPS] = {.name = "gridloop_consumer_gaps_open",
                     .type = GAUGE,
                     .of = METRICS_OF_CONSUMER,
                     .help = "Partitions that stand still because offsets are missing, "
                             "until an operator accepts it."},
    [METRIC_REFERENCE] = {.name = "gridloop_consumer_reference_version",
                          .type = GAUGE,
                          .of = METRICS_OF_CONSUMER,
                          .help = "Version of the areas in use; 0: none."},
    [METRIC_LAG_MESSAGES] = {.name = "gridloop_lag_messages",
                             .type = GAUGE,
                             .of = METRICS_OF_CONSUMER,
                             .label = "partition",
                             .help =
                                 "Messages that Kafka has and that are not stored yet."},
    [METRIC_LAG_SECONDS] = {.name = "gridloop_lag_seconds",
                            .type = AGE,
                            .of = METRICS_OF_CONSUMER,
                            .label = "partition",
                            .help =
                                "Age of the last message stored, in seconds, while there "
                                "are later ones, or nobody can tell; 0: all are stored."},
    [METRIC_LAST_MESSAGE] = {.name = "gridloop_last_message_timestamp_seconds",
                             .type = GAUGE,
                             .of = METRICS_OF_CONSUMER,
                             .label = "partition",
                             .help = "When the last message stored, event or heartbeat, "
                                     "was written to Kafka, in seconds since 1970."},

    [METRIC_LEADER] = {.name = "gridloop_dispatch_leader",
                       .type = GAUGE,
                       .of = METRICS_OF_DISPATCH,
                       .help =
                           "1: this instance leads; 0: it waits for the one that does."},
    [METRIC_ORDERS_SENT] =
        {.name = "gridloop_dispatch_orders_sent_total",
         .type = COUNTER,
         .of = METRICS_OF_DISPATCH,
         .help = "Orders that the broker has, and that are noted as sent."},
    [METRIC_HEARTBEATS_SENT] = {.name = "gridloop_dispatch_heartbeats_sent_total",
                                .type = COUNTER,
                                .of = METRICS_OF_DISPATCH,
                                .help = "Heartbeats that the broker has answered."},
    [METRIC_OUTBOX_WAITING] = {.name = "gridloop_dispatch_outbox_waiting",
                               .type = GAUGE,
                               .of = METRICS_OF_DISPATCH,
                               .help = "Orders decided on and not noted as sent; looked "
                                       "at by the leader every ten seconds."},
    [METRIC_OUTBOX_OLDEST] = {.name = "gridloop_dispatch_oldest_unsent_seconds",
                              .type = AGE,
                              .of = METRICS_OF_DISPATCH,
                              .help = "How long ago the oldest of those was decided on, "
                                      "in seconds; 0: there are none."},

    [METRIC_LINES] = {.name = "gridloop_producer_lines_total",
                      .type = COUNTER,
                      .of = METRICS_OF_PRODUCER,
                      .label = "outcome",
                      .values = "accepted|refused",
                      .help = "Lines read, by what became of them; accepted: on disk."},
    [METRIC_DELIVERED] = {.name = "gridloop_producer_delivered_total",
                          .type = COUNTER,
                          .of = METRICS_OF_PRODUCER,
                          .help = "Events of the spool that the broker has, by this "
                                  "process."},
    [METRIC_SPOOL_BYTES] = {.name = "gridloop_producer_spool_bytes",
                            .type = GAUGE,
                            .of = METRICS_OF_PRODUCER,
                            .help = "What is in the spool, in bytes; an empty one has "
                                    "some 16,000 of its own."},
    [METRIC_SPOOL_LIMIT] = {.name = "gridloop_producer_spool_limit_bytes",
                            .type = GAUGE,
                            .of = METRICS_OF_PRODUCER,
                            .help = "From where on the spool is full: "
                                    "spool_max_bytes."},
    [METRIC_SPOOL_STALLED] = {.name = "gridloop_producer_spool_stalled_seconds",
                              .type = AGE,
                              .of = METRICS_OF_PRODUCER,
                              .help = "How long the first event in the spool has been "
                                      "the first, in seconds: it is not delivered; 0: "
                                      "the spool is empty."},
};

struct series {
    char label[64];
    double number;
    uint64_t counts[BUCKETS + 1]; /* of a histogram: the last is what no bucket takes */
};

static struct {
    pthread_mutex_t mutex;
    bool has_begun;
    enum metrics_of of;
    const char *kind;
    struct list {
        struct series *items;
        size_t count;
    } of_metric[METRICS];
} all = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* ---- counting ---- */

static bool is_ours(const struct row *row)
{
    return row->of == METRICS_OF_ALL || row->of == all.of;
}

static struct series *find(struct list *list, const char *label)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].label, label) == 0)
            return &list->items[i];
    return NULL;
}

static struct series *add(struct list *list, const char *label)
{
    struct series *series;

    list->items = xrealloc(list->items, (list->count + 1) * sizeof *list->items);
    series = &list->items[list->count++];
    *series = (struct series){.number = 0};
    snprintf(series->label, sizeof series->label, "%s", label);
    return series;
}

static struct series *find_or_add(enum metric metric, const char *label)
{
    struct list *list = &all.of_metric[metric];
    struct series *series = find(list, label ? label : "");

    if (series)
        return series;
    if (list->count < METRICS_SERIES - 1)
        return add(list, label ? label : "");
    series = find(list, "other");
    return series ? series : add(list, "other");
}

/* Series that are not there until they first count would hide that first time from a rate. */
static void begin_row(enum metric metric)
{
    char label[sizeof((struct series *)0)->label];

    if (!rows[metric].label)
        find_or_add(metric, NULL);
    for (const char *at = rows[metric].values; at && *at; at += *at == '|') {
        size_t size = strcspn(at, "|");
        snprintf(label, sizeof label, "%.*s", (int)size, at);
        find_or_add(metric, label);
        at += size;
    }
}

void metrics_begin(enum metrics_of of, const char *kind)
{
    all.of = of;
    all.kind = kind;
    all.has_begun = true;
    for (int i = 0; i < METRICS; i++)
        if (is_ours(&rows[i]))
            begin_row((enum metric)i);
    metrics_set(METRIC_BUILD, GRIDLOOP_VERSION, 1);
    metrics_set(METRIC_START, NULL, (double)clock_now_us() / 1e6);
}

void metrics_add(enum metric metric, const char *label, double number)
{
    pthread_mutex_lock(&all.mutex);
    if (all.has_begun)
        find_or_add(metric, label)->number += number;
    pthread_mutex_unlock(&all.mutex);
}

void metrics_set(enum metric metric, const char *label, double number)
{
    pthread_mutex_lock(&all.mutex);
    if (all.has_begun)
        find_or_add(metric, label)->number = number;
    pthread_mutex_unlock(&all.mutex);
}

void metrics_observe(enum metric metric, double number)
{
    size_t bucket = 0;
    struct series *series;

    while (bucket < BUCKETS && number > rows[metric].buckets[bucket])
        bucket++;
    pthread_mutex_lock(&all.mutex);
    if (all.has_begun) {
        series = find_or_add(metric, NULL);
        series->number += number;
        series->counts[bucket]++;
    }
    pthread_mutex_unlock(&all.mutex);
}

void metrics_retry(const char *sqlstate)
{
    char class[3];

    snprintf(class, sizeof class, "%s", sqlstate);
    metrics_add(METRIC_RETRIES, class[0] ? class : "none", 1);
}

double metrics_value(enum metric metric, const char *label)
{
    const struct series *series;
    double number;

    pthread_mutex_lock(&all.mutex);
    series = find(&all.of_metric[metric], label ? label : "");
    number = series ? series->number : 0;
    pthread_mutex_unlock(&all.mutex);
    return number;
}

const char *metrics_partition(struct metrics_label *out, int32_t partition)
{
    snprintf(out->text, sizeof out->text, "%" PRId32, partition);
    return out->text;
}

void metrics_forget(enum metric metric)
{
    pthread_mutex_lock(&all.mutex);
    all.of_metric[metric].count = 0;
    pthread_mutex_unlock(&all.mutex);
}

/* ---- printing ---- */

static const char *type_name(const struct row *row)
{
    return row->type == COUNTER     ? "counter"
           : row->type == HISTOGRAM ? "histogram"
                                    : "gauge";
}

static void add_escaped(struct text *out, const char *value)
{
    for (; *value; value++)
        switch (*value) {
        case '\\': text_add_string(out, "\\\\"); break;
        case '"': text_add_string(out, "\\\""); break;
        case '\n': text_add_string(out, "\\n"); break;
        default: text_add(out, value, 1);
        }
}

static void add_label(struct text *out, char *separator, const char *name,
                      const char *value)
{
    text_format(out, "%c%s=\"", *separator, name);
    add_escaped(out, value);
    text_add_string(out, "\"");
    *separator = ',';
}

/* name suffix {kind, label, le} number */
static void add_sample(struct text *out, const struct row *row, const char *suffix,
                       const char *label, const char *le, double number)
{
    char separator = '{';

    text_format(out, "%s%s", row->name, suffix);
    if (all.kind)
        add_label(out, &separator, "kind", all.kind);
    if (row->label)
        add_label(out, &separator, row->label, label);
    if (le)
        add_label(out, &separator, "le", le);
    text_add_string(out, separator == ',' ? "} " : " ");
    text_add_json_double(out, number);
    text_add_string(out, "\n");
}

static void add_histogram(struct text *out, const struct row *row,
                          const struct series *series)
{
    uint64_t count = 0;
    char le[24];

    for (size_t i = 0; i <= BUCKETS; i++) {
        count += series->counts[i];
        snprintf(le, sizeof le, "%.15g", i < BUCKETS ? row->buckets[i] : 0);
        add_sample(out, row, "_bucket", series->label, i < BUCKETS ? le : "+Inf",
                   (double)count);
    }
    add_sample(out, row, "_sum", series->label, NULL, series->number);
    add_sample(out, row, "_count", series->label, NULL, (double)count);
}

static double shown(const struct row *row, const struct series *series)
{
    double age;

    if (row->type != AGE || series->number <= 0)
        return series->number;
    age = (double)clock_now_us() / 1e6 - series->number;
    return age > 0 ? age : 0; /* another machine's clock may be ahead */
}

static void print_row(struct text *out, const struct row *row, const struct list *list)
{
    if (list->count == 0)
        return;
    text_format(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
                type_name(row));
    for (size_t i = 0; i < list->count; i++)
        if (row->type == HISTOGRAM)
            add_histogram(out, row, &list->items[i]);
        else
            add_sample(out, row, "", list->items[i].label, NULL,
                       shown(row, &list->items[i]));
}

static double seconds_of(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

/* What the system knows is asked for when somebody wants it. */
static void ask_system(void)
{
    struct rusage usage;

    metrics_set(METRIC_MEMORY, NULL, (double)memory_resident());
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        metrics_set(METRIC_CPU, NULL,
                    seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime));
}

void metrics_print(struct text *out)
{
    ask_system();
    pthread_mutex_lock(&all.mutex);
    for (int i = 0; i < METRICS; i++)
        if (is_ours(&rows[i]))
            print_row(out, &rows[i], &all.of_metric[i]);
    pthread_mutex_unlock(&all.mutex);
}

/* A bar would end the cell. */
static void add_values(struct text *out, const char *values)
{
    text_add_string(out, values ? ": " : "");
    for (; values && *values; values++)
        text_add(out, *values == '|' ? ", " : values, *values == '|' ? 2 : 1);
}

void metrics_document(struct text *out)
{
    static const char *const whose[] = {"all", "consumers", "gridloop-dispatch",
                                        "producers"};

    text_add_string(out,
                    "| name | type | label | of | meaning |\n|---|---|---|---|---|\n");
    for (const struct row *row = rows; row < rows + METRICS; row++) {
        text_format(out, "| `%s` | %s | %s", row->name, type_name(row),
                    row->label ? row->label : "");
        add_values(out, row->values);
        text_format(out, " | %s | %s |\n", whose[row->of], row->help);
    }
}
