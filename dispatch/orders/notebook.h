/* notebook.h - what gridloop-orders remembers of one unit's orders, in a small SQLite file: which were taken, and where
 * reading of each partition goes on.
 *
 * What is taken is on the disk, with the place behind it, when notebook_commit() returns (WAL, synchronous=full). An
 * order that is read before its turn - it was sent twice, or an earlier one was not taken when the program ended - is
 * known by its id. One process at a time. notebook.c and spool.c are the users of sqlite3.h. */
#ifndef GRIDLOOP_ORDERS_NOTEBOOK_H
#define GRIDLOOP_ORDERS_NOTEBOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/hash.h"
#include "common/kafka.h"

struct notebook; /* opaque; one thread */

/* Opens the file, or makes it with mode 0600. NULL: *e is RETRY, another process uses it; FATAL 65, it is no such file,
 * or that of another unit or topic; 73, 77 it cannot be made or written. */
struct notebook *notebook_open(const char *path, const char *unit, const char *topic,
                               struct err *e);
void notebook_close(struct notebook *notebook); /* NULL is fine */

/* The topic as it is now. One that was created anew begins again: all places are forgotten, what was taken is not.
 * *is_new: so it was. */
enum outcome notebook_meet_topic(struct notebook *notebook, const char *cluster_id,
                                 const char *topic_id, bool *is_new, struct err *e);

/* All places; the caller frees *places. */
enum outcome notebook_places(struct notebook *notebook, struct kafka_place **places,
                             size_t *count, struct err *e);

enum outcome notebook_has_taken(struct notebook *notebook,
                                const uint8_t order_id[UUID_SIZE], bool *has_taken,
                                struct err *e);

/* Between the two, notebook_take() any number of times. After anything but DONE all of it is taken back. */
enum outcome notebook_begin(struct notebook *notebook, struct err *e);
enum outcome notebook_commit(struct notebook *notebook, struct err *e);

/* The order is taken, and reading goes on at the place. order_id NULL: the place alone. */
enum outcome notebook_take(struct notebook *notebook, const uint8_t *order_id,
                           struct kafka_place place, struct err *e);

#endif
