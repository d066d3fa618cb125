/* gap.h - what is missing between the place where a source stands and what the broker has.
 *
 *   before_first_start  a source that nobody has read begins behind offset 0
 *   retention           Kafka has deleted what comes next
 *   recreated           the partition was read before under another id of its topic: nobody knows what the old
 *                       topic still held
 *   truncated           the log was cut: it ends before our place
 *   log_truncation      the log was cut and goes on with other messages: the last message that we stored has
 *                       another leader epoch now
 *   corrupt             what comes next fails its CRC, also when it is fetched once more
 *
 * librdkafka (2.8.0) compares leader epochs when a leader changes and after a seek, but not when an assignment
 * begins, and not across a restart: so the last message stored is always read once more (struct claim).
 *
 * Of a log that was cut nobody can say from outside where: what was written since may have any epoch if the
 * broker's own memory was restored as well. All offsets from the low watermark to our place are in doubt. */
#ifndef GRIDLOOP_GAP_H
#define GRIDLOOP_GAP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/option.h"

struct gap {
    char reason[24]; /* "": nothing is missing */
    int64_t from;    /* the first offset that is missing, or in doubt */
    int64_t to;      /* where reading can go on; -1: not known */
};

/* Where a source stands, as the database has it. */
struct standing {
    int64_t next_offset; /* -1: nobody has read it */
    int64_t owner_epoch;
    int32_t leader_epoch; /* of the message before that; -1: not known */
    bool is_recreated;    /* the partition was read under another id of its topic */
    struct gap open;      /* that an operator has not accepted yet */
};

/* The partition's log, as the broker has it. */
struct gap_log {
    const struct kafka_properties *kafka;
    const char *group, *topic;
    int32_t partition;
    int64_t low, high; /* watermarks */
    bool is_doubted;   /* reading it had a fault: it is looked into */
};

/* Of a source that nobody has read: *from is where it begins. */
struct gap gap_at_start(const struct standing *standing, const struct gap_log *log,
                        bool start_at_earliest, int64_t *from);

/* Of a source that was read. An open gap is the answer as long as it is open; its end follows the broker.
 * *last_offset: of the last message stored, where it can be compared; -1: it cannot. RETRY: the broker does not
 * answer. */
enum outcome gap_find(const struct standing *standing, const struct gap_log *log,
                      struct gap *gap, int64_t *last_offset, struct err *e);

#endif
