/* peek.h - reads one message as far as it goes, for people who look at it: whatever its kind, and with what is wrong
 * with it. What becomes of events is not decided here but by decode.h; the reasons are the same. */
#ifndef GRIDLOOP_PEEK_H
#define GRIDLOOP_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/pg.h"
#include "common/registry.h"
#include "common/text.h"
#include "consumers/runtime/frame.h"
#include "consumers/runtime/plan.h"
#include "consumers/runtime/value.h"
#include "consumers/runtime/writers.h"

struct peek; /* opaque */

struct peeked {
    const char *kind;            /* whose newest version reads it; NULL: nobody's does */
    struct schema_id id;         /* if there is a writer */
    const struct writer *writer; /* NULL: it has no frame. Until the next message */
    const struct schema *record; /* the reader's, if there is a kind */
    const struct value *values;  /* one per field of it, some of them VALUE_UNREAD */
    struct reject reject;        /* reason NULL: it is an event with nothing wrong */
};

/* kind: NULL, whichever one the writer's schema belongs to. pg, registry: NULL where there is none; they must outlive
 * it. NULL, only for a kind: *e is FATAL. */
struct peek *peek_open(const char *kind, struct pg *pg, struct registry *registry,
                       struct err *e);
void peek_close(struct peek *peek); /* NULL is fine */

/* Reads size bytes; bytes NULL: a message without a value. Memory from arena. RETRY, FATAL: who had to be asked for the
 * writer's schema could not answer. */
enum outcome peek_message(struct peek *peek, const uint8_t *bytes, size_t size,
                          struct arena *arena, struct peeked *peeked, struct err *e);

/* True: people typed it, or something within it (gridloop.free_text). */
bool peek_is_private(const struct schema_field *field);

/* Appends members of a JSON object, without its braces: "kind", "schema" {"fingerprint", "version",
 * "registry_number"}, "event" with the fields that were read, "fault" {"reason", "field", "detail"}; each only
 * where there is such a thing. redact: what people typed is replaced by "…" (gridloop.free_text). */
void peek_json(struct text *out, const struct peeked *peeked, bool redact);

#endif
