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

struct claim_settings {
    const char *topic;
    const char *owner; /* for people: host and process id */
    bool
        start_at_earliest; /* a source never read before may begin where the broker's log begins */
    int lock_timeout_ms; /* how long a former owner may hold the row before it is ended */
};

/* Which log it is that we read: a topic that is created anew has another id. */
struct claim_identity {
    char cluster_id[KAFKA_ID_SIZE], topic_id[KAFKA_ID_SIZE];
};

/* Claims these partitions, each in a statement that commits by itself. claims[0..*claimed) are those that may be
 * read. Left out are: one whose next offset the broker does not have, or that waits for an operator to
 * accept a gap (with a row in bus.gap and a line in the log), and one whose leader does not answer. RETRY:
 * nothing is to be read now. */
enum outcome claim_partitions(const struct claim_settings *settings, struct pg *pg,
                              struct kafka_consumer *consumer,
                              const struct claim_identity *identity,
                              const int32_t *partitions, size_t count,
                              struct claim *claims, size_t *claimed, struct err *e);

#endif
