/* deliver.h - from the spool to Kafka, in spool order, by one process at a time.
 *
 * An event stays in the spool until the broker reported it persisted (acks=all) and
 * whoever drives this has deleted it. After a restart, and after a failure, delivery
 * begins again at the lowest sequence that is left: what was persisted but not yet
 * deleted is then sent twice, and consumers store it once.
 *
 * What cannot go does not hold back what can: events of a topic that takes nothing (it
 * does not exist, or the registry is away) are passed over, all of them, so the order within the topic stays; and
 * so is an event that a broker refuses when it comes alone (it is larger than the
 * topic's max.message.bytes). They stay in the spool and are tried again, at first after
 * a second, at last every half minute. */
#ifndef GRIDLOOP_DELIVER_H
#define GRIDLOOP_DELIVER_H

#include "common/kafka.h"
#include "producers/runtime/reframe.h"
#include "producers/runtime/spool.h"

struct deliver; /* opaque; one thread, the spool's */

/* Takes the spool's delivery lock if it is free and then opens a Kafka handle, which
 * checks the properties and does not wait for a broker. reframe: NULL, events are sent
 * as they are spooled. All three must outlive it. NULL: *e is FATAL. */
struct deliver *deliver_open(struct spool *spool,
                             const struct kafka_properties *properties,
                             struct reframe *reframe, struct err *e);
void deliver_close(struct deliver *deliver); /* NULL is fine */

/* Hands spooled events to Kafka as far as there is room, and takes its reports; waits up
 * to wait_ms for one. While another process delivers it only waits, and tries the lock
 * again from time to time. */
enum outcome deliver_pump(struct deliver *deliver, int wait_ms, struct err *e);

/* Sequences that are persisted and still in the spool: delete them, then forget them.
 * Borrowed until the next deliver_pump(). */
size_t deliver_persisted(struct deliver *deliver, uint64_t **sequences);
void deliver_forget(struct deliver *deliver);

/* From now on nothing more is handed to Kafka: once what is on its way has come back and
 * is deleted, another process can go on without sending it again. */
void deliver_finish(struct deliver *deliver);

/* True while something is on its way, or waits to be deleted. */
bool deliver_is_busy(const struct deliver *deliver);

/* True if Kafka did not take some event, and the spool was not empty since then: it is
 * not time alone that is missing. */
bool deliver_was_refused(const struct deliver *deliver);

/* Why what is in the spool is not delivered; NULL: nothing is wrong, as far as is known. Borrowed until the next
 * deliver_pump(). */
const char *deliver_trouble(const struct deliver *deliver);

/* Events that the broker persisted, since the start. */
uint64_t deliver_total(const struct deliver *deliver);

#endif
