/* claim.h - taking partitions over, in PostgreSQL, before anything of them is read.
 *
 * A claim raises the source's owner_epoch and ends the former owner's right to write; the place where
 * reading goes on is what the claim returns. A former owner whose session still holds the row (stopped in
 * the middle of a transaction) is ended by the server, after a wait: no time-out of PostgreSQL ends a
 * client that stalls inside COPY. */
#ifndef GRIDLOOP_CLAIM_H
#define GRIDLOOP_CLAIM_H

#include "common/err.h"
#include "common/kafka.h"
#include "common/pg.h"
#include "consumers/runtime/batch.h"

/* Which log it is that we read: a topic that is created anew has another id. */
struct claim_identity {
    char cluster_id[KAFKA_ID_SIZE], topic_id[KAFKA_ID_SIZE];
};

struct claimer {
    struct pg *pg;
    struct kafka_consumer *consumer;
    const struct kafka_properties *kafka;
    const char *group, *topic;
    const struct claim_identity *identity; /* of the topic, just asked for */
    const char *owner;                     /* for people: host and process id */
    bool
        start_at_earliest; /* a source never read before may begin where the broker's log begins */
    int lock_timeout_ms; /* how long a former owner may hold the row before it is ended */
};

struct claim_wish {
    int32_t partition;
    bool is_doubted; /* reading it had a fault: what is wrong is looked for (gap.h) */
};

/* Claims these partitions, each in a statement that commits by itself. claims[0..*claimed) are those that may be
 * read. Left out are: one of which something is missing (gap.h; it has a row in bus.gap and a line in the log)
 * until an operator accepts it, and one whose leader does not answer. RETRY: nothing is to be read now. */
enum outcome claim_partitions(const struct claimer *claimer,
                              const struct claim_wish *wishes, size_t count,
                              struct claim *claims, size_t *claimed, struct err *e);

/* Whether any of these partitions could be claimed now; what is missing is written down as above. */
enum outcome claim_look(const struct claimer *claimer, const struct claim_wish *wishes,
                        size_t count, bool *is_free, struct err *e);

#endif
