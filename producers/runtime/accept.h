/* accept.h - one line of JSON -> one event ready for the spool: checked, encoded, with
 * topic, key and headers. What a producer in this process and a library for devices have
 * in common. */
#ifndef GRIDLOOP_ACCEPT_H
#define GRIDLOOP_ACCEPT_H

#include "common/arena.h"
#include "common/kafka.h"
#include "producers/runtime/kind.h"
#include "producers/runtime/spool.h"

struct acceptor; /* opaque; one thread */

/* kind and name_space must outlive it. NULL: *e is FATAL. */
struct acceptor *acceptor_open(const struct producer_kind *kind, const char *name_space,
                               struct err *e);
void acceptor_close(struct acceptor *acceptor); /* NULL is fine */

/* Fills *event but for its sequence. key, value and headers are put into arena; topic
 * lives as long as the acceptor. REJECT: the line is bad; the reason names the field and
 * never quotes the value. */
enum outcome accept_line(struct acceptor *acceptor, const char *line, size_t size,
                         struct arena *arena, struct spool_event *event, struct err *e);

/* The headers of an event, as spooled, for kafka_producer_send(); borrowed from it. A NUL must stand behind them. Returns
 * how many. */
enum { ACCEPT_HEADERS = 16 };
size_t accept_headers(const struct spool_event *event,
                      struct kafka_header headers[ACCEPT_HEADERS]);

#endif
