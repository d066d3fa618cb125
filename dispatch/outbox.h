/* outbox.h - orders on their way from follow_up.outbox to the topic.
 *
 *   read - check and encode as any producer does - send - the broker has it - note it in follow_up.outbox_sent
 *
 * At most one batch is on its way. Of each case it has one order, the first that is not sent: so a RECALL never
 * overtakes its DISPATCH, whatever happens to the one or the other. After a crash between the broker and the note the
 * order is sent again, with the same id; whoever takes each order_id once sees each decision once.
 *
 * Which orders are left to look at is known by the transactions that wrote them, not by link_seq: one with a lower
 * number may become visible after one with a higher. */
#ifndef GRIDLOOP_DISPATCH_OUTBOX_H
#define GRIDLOOP_DISPATCH_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/kafka.h"
#include "common/pg.h"

struct outbox; /* opaque */

/* most: orders of a batch. NULL: *e is FATAL. */
struct outbox *outbox_new(const char *name_space, size_t most, struct err *e);
void outbox_free(struct outbox *outbox); /* NULL is fine */

/* Another session, maybe with another database behind it: all is looked at again. What is on its way stays so. */
void outbox_look_again(struct outbox *outbox);

/* The producer is gone, and with it what the broker did not acknowledge: that will be read again. */
void outbox_lose_flight(struct outbox *outbox);

/* Reads the next batch, if none is on its way. */
enum outcome outbox_read(struct outbox *outbox, struct pg *pg, struct err *e);

/* Hands as much of it to the producer as that takes. FATAL: as kafka_producer_send(). */
enum outcome outbox_send(struct outbox *outbox, struct kafka_producer *producer,
                         struct err *e);

/* The producer's report, by the tag of outbox_send(): 1 and more. */
void outbox_delivered(struct outbox *outbox, uint64_t tag,
                      const struct kafka_place *place, const char *reason);

/* Notes what the broker has. RETRY also where the batch came back and some of it was refused: the others are noted,
 * those will be tried again, and the message names one and why. */
enum outcome outbox_note(struct outbox *outbox, struct pg *pg, struct err *e);

/* How many orders are not noted as sent, and since when the oldest waits, as metrics. */
enum outcome outbox_measure(const struct outbox *outbox, struct pg *pg, struct err *e);

/* True: the broker has not answered for some of it, or it is not noted. */
bool outbox_is_busy(const struct outbox *outbox);

/* Orders noted as sent, since the start. */
int64_t outbox_total(const struct outbox *outbox);

#endif
