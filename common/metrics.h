/* metrics.h - what a process counts, as Prometheus reads it (text format 0.0.4).
 *
 * The list of metrics is closed: each is a row of the table in metrics.c, and its name, type and labels are an interface
 * that dashboards and alerts rest upon. Every series also has the label kind, where a process has one.
 *
 * Like the log, metrics belong to the process; the calls may come from any thread, and take some 100 ns. A label's
 * value must be from a bounded set (a partition that we own, a reason of a closed list): a metric keeps at most
 * METRICS_SERIES of them, and counts what is beyond that under "other". */
#ifndef GRIDLOOP_METRICS_H
#define GRIDLOOP_METRICS_H

#include <stdint.h>

#include "common/text.h"

enum metric {
    METRIC_BUILD,
    METRIC_START,
    METRIC_CPU,
    METRIC_MEMORY,
    METRIC_READY,
    METRIC_TURNED,
    METRIC_RETRIES,

    METRIC_EVENTS,
    METRIC_DEAD_LETTERS,
    METRIC_BATCH_SECONDS,
    METRIC_BATCH_EVENTS,
    METRIC_LOOK_UPS,
    METRIC_REDONE,
    METRIC_PARTITIONS,
    METRIC_WANTED,
    METRIC_PAUSED,
    METRIC_GAPS,
    METRIC_REFERENCE,
    METRIC_LAG_MESSAGES,
    METRIC_LAG_SECONDS,
    METRIC_LAST_MESSAGE,

    METRIC_LEADER,
    METRIC_ORDERS_SENT,
    METRIC_HEARTBEATS_SENT,
    METRIC_OUTBOX_WAITING,
    METRIC_OUTBOX_OLDEST,

    METRIC_LINES,
    METRIC_DELIVERED,
    METRIC_SPOOL_BYTES,
    METRIC_SPOOL_LIMIT,
    METRIC_SPOOL_STALLED,

    METRICS
};

enum { METRICS_SERIES = 512 };

/* Which of the table's rows a process has. */
enum metrics_of {
    METRICS_OF_ALL = 0,
    METRICS_OF_CONSUMER = 1,
    METRICS_OF_DISPATCH = 2,
    METRICS_OF_PRODUCER = 3
};

/* From here on metrics_print() has this process's rows. kind: value of the label kind; NULL: no such label; borrowed for
 * the life of the program. Counters begin with 0, where the values of their label are known; before this nothing is
 * counted. */
void metrics_begin(enum metrics_of of, const char *kind);

/* label: of the row's one label; NULL where it has none.
 * add: to a counter; observe: into a histogram; set: a gauge, or a counter that is kept elsewhere. Of an age (METRIC_LAG_SECONDS and the like) the value is
 * a moment, in seconds since 1970, and what is printed is how long ago that is when it is asked for; 0: prints 0. */
void metrics_add(enum metric metric, const char *label, double number);
void metrics_set(enum metric metric, const char *label, double number);
void metrics_observe(enum metric metric, double number);

/* A gauge as it was set last; 0: it was not. */
double metrics_value(enum metric metric, const char *label);

/* The label of a partition; within the caller's frame. */
#define METRICS_PARTITION(number) (metrics_partition(&(struct metrics_label){""}, number))
struct metrics_label {
    char text[16];
};
const char *metrics_partition(struct metrics_label *out, int32_t partition);

/* The loop has to begin again: METRIC_RETRIES by the class of that SQLSTATE; "": PostgreSQL is not the cause. */
void metrics_retry(const char *sqlstate);

/* Forgets a gauge's series: the partitions are others now. */
void metrics_forget(enum metric metric);

/* All that there is, as /metrics answers it. */
void metrics_print(struct text *out);

/* The table of the rows, as Markdown. */
void metrics_document(struct text *out);

#endif
