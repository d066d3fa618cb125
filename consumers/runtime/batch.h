/* batch.h - what goes through the stages: one batch of events, and the claims that it moves.
 *
 * Everything a batch points to is in its arena or in the Kafka messages it holds, and is given back by
 * batch_reset(). */
#ifndef GRIDLOOP_BATCH_H
#define GRIDLOOP_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/hash.h"
#include "common/kafka.h"
#include "consumers/runtime/crs.h"
#include "consumers/runtime/id_slots.h"
#include "consumers/runtime/plan.h"
#include "consumers/runtime/value.h"

/* What became of an offset. The letters stand in bus.batch.outcomes. */
enum event_outcome {
    EVENT_STORED =
        's', /* a new row; until a stage says otherwise, this is meant for every event */
    EVENT_DUPLICATE =
        'd',          /* the same event is stored already, or earlier in this batch */
    EVENT_DEAD = 'x', /* set aside with its reason in bus.dead_letter */
    EVENT_ABSENT =
        'a' /* nothing to store: a heartbeat, a transaction marker, a compacted offset */
};

/* What enrichment found out about an event that has a position. */
struct location {
    struct position wgs84;
    int32_t version; /* of the areas; 0: there were none */
    const char *grid_code, *community_code, *subdistrict_code,
        *district_code; /* NULL: in none */
};

/* A message's headers, as headers_count() found them. */
struct header_sum {
    bool is_counted;
    size_t count; /* 0: few, and not read */
    size_t bytes; /* names and values; where not read, at most so many */
    size_t types; /* headers named ce_type; 0 where not read */
};

struct event {
    struct kafka_message message;
    enum event_outcome outcome;
    size_t claim; /* index of its partition's claim */
    struct header_sum headers;
    const struct value
        *values; /* one per field of the reader; NULL if it could not be decoded */
    const uint8_t *event_id;         /* 16 bytes; NULL as above */
    const struct location *location; /* NULL: it has no position */
    uint8_t content_hash[SHA256_SIZE];
    uint8_t leaf[SHA256_SIZE]; /* of the row that was written for it (chain.h) */
    struct reject reject;      /* of a dead one */
    bool
        is_of_proven_writer; /* its schema has a plan that an earlier event was read by */
    bool is_heartbeat;       /* it is ABSENT */
    const char *sqlstate;    /* of one that the server refused; else NULL */
    bool
        is_settled; /* nothing later in the batch can change the outcome: the fold leaves it alone */
};

/* One partition that this process owns. */
struct claim {
    int32_t partition;
    int32_t source_id;
    int64_t next_offset; /* as stored; moves when a batch is committed */
    int64_t owner_epoch;
    /* Which log it is, as of the claim: the last message stored is read once more, and must have the leader
     * epoch that it had; none behind it has a lower one. */
    int64_t last_offset;       /* -1: there is none to compare with */
    int32_t leader_epoch;      /* -1: not known */
    uint8_t head[SHA256_SIZE]; /* of its chain, read at each lock */
    uint8_t highest_id
        [UUID_SIZE]; /* of the rows stored since the claim; all zero: none were */
};

struct batch {
    struct arena *arena;
    struct event
        *events; /* in the order they came: by rising offset within a partition */
    size_t count, room;
    size_t decoded, enriched; /* of them, those in front that the stage is done with */
    int32_t reference;     /* that they were enriched by: reference_seen(); -1: by none */
    int64_t linger_end_ms; /* when to stop waiting for more, on the monotonic clock */
    bool
        is_asked_for; /* the broker was asked for the topic's id after the last of them came */
    size_t value_bytes;
    size_t other_bytes;    /* of keys and headers, which librdkafka does not bound */
    struct id_slots slots; /* the fold's table, made at the first fold */
    struct event **rows;   /* those to insert, sorted by id; made at the first fold */
    size_t row_count;
    struct event **doubtful; /* of the rows: those that may be stored already */
    size_t doubtful_count;
    bool is_looked_up;      /* the server was asked which of the doubtful ones are */
    uint64_t folded_behind; /* number of the fold before this one; 0: not folded ahead */
    int64_t *next_offsets;  /* per claim: where it stands behind this batch */
    bool is_cut; /* events were left out: reading has to go back to next_offsets */
    bool
        is_heavy; /* because of the memory that those before them take, or cases near them */
};

struct batch *batch_new(size_t rows);
void batch_free(struct batch *batch); /* NULL is fine */

/* Empty again; messages and memory are given back. Returns the batch. */
struct batch *batch_reset(struct batch *batch);

/* The same in pieces, for the time in which something else is waited for; the batch is good for nothing else until false is
 * returned: it is empty. */
bool batch_reset_some(struct batch *batch);

/* Events come that the fold has not seen: what it made is void. */
void batch_unfold(struct batch *batch);

/* Leaves out all events but the first count, as if they had not come yet. */
void batch_cut(struct batch *batch, size_t count);

/* True: what the events hold takes as much memory as a batch may have, 2 KiB for each that it has room for and at
 * least 8 MiB. A thousand items can stand in three kilobytes of a message. */
bool batch_is_full(const struct batch *batch);

/* Marks an event as dead, for good. Texts are constant or in the batch's arena. */
void event_bury(struct event *event, const char *reason, const char *field,
                const char *detail);

#endif
