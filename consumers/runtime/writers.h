/* writers.h - the schemas that events of one kind were written with, and for each the plan that reads it.
 *
 * Those built in are always there; the highest version of them is the reader. Others are looked up where a message
 * names them: fingerprints in bus.schema, numbers in the registry. What was found is kept, the least used are
 * forgotten; that there is none is believed for a minute. However many there are, memory stays bounded: a batch
 * takes up at most 64 new ones (8 MiB of text), and what it leaves out is looked up for the next. */
#ifndef GRIDLOOP_WRITERS_H
#define GRIDLOOP_WRITERS_H

#include "common/err.h"
#include "common/pg.h"
#include "common/registry.h"
#include "consumers/runtime/frame.h"
#include "consumers/runtime/plan.h"
#include "consumers/runtime/reader.h"

struct writers; /* opaque */

struct writer {
    struct schema_id id;
    const struct plan *plan; /* NULL: its messages cannot be read, because of: */
    const char *reason;      /* schema_unknown, schema_refused */
    const char *detail;      /* NULL for schema_unknown: its id says it */
    int version;             /* of the contract; 0: none, or not known */
    uint64_t fingerprint;    /* of its schema; 0 without one */
    bool has_decoded;        /* the caller's: an event of it was read */
};

/* registry: NULL where there is none, else it must outlive the writers. NULL: *e is FATAL. */
struct writers *writers_new(const char *kind, struct registry *registry, struct err *e);
void writers_free(struct writers *writers); /* NULL is fine */

struct reader *writers_reader(const struct writers *writers); /* borrowed */

/* Forgets what is too old or too much; whatever writers_find() returned is void then. Once for each batch. */
void writers_tidy(struct writers *writers);

/* NULL: not known, and nobody was asked yet. */
struct writer *writers_find(struct writers *writers, struct schema_id id);

/* Asks for those of ids (doubles are fine) that are not known. DONE: at least the first of them is known now, maybe
 * as one that does not exist; the others too, unless there are too many or ten seconds were over. pg: NULL, there
 * is no database: what is not built in is unknown. RETRY, FATAL: whoever was asked could not say. */
enum outcome writers_look_up(struct writers *writers, struct pg *pg,
                             const struct schema_id *ids, size_t count, struct err *e);

/* "fingerprint 988dc1e0345fb73c", "registry number 7" */
enum { SCHEMA_ID_TEXT = 48 };
void schema_id_format(char out[SCHEMA_ID_TEXT], struct schema_id id);

#endif
