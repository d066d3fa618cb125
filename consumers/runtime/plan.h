/* plan.h - how the bytes of one writer schema become the values of the reader schema: compiled once per
 * writer, run for each event.
 *
 * Schema resolution is that of the Avro specification 1.11 and is done when compiling. Where it leaves a choice:
 *   names        match without their namespaces, aliases with theirs
 *   fields       by name, else by the first alias that the writer has; no field of the writer goes to two
 *   unions       the reader's branch that fits best: same type and full name, same name, a promotion; the first
 *                of those
 *   int, long    read as a float are rounded to one; read as a time have to be one
 *   string       read as bytes is not looked at; bytes read as a string have to be UTF-8
 *   symbols      by name, else the reader's default; refused when an event has one that is neither
 *   what the reader does not have is checked as strictly as the rest, and makes nothing
 *
 * Running only walks a flat array of steps. No bytes can make it crash, hang or ask for much memory: every length is
 * checked against what remains of the message before anything is taken, no more items are made room for than the
 * message has bytes, and depth is bounded because schemas are not recursive. With the schemas of the contract an event
 * takes at most 16 bytes of the arena for each of its own and 64 KiB, and 200,000 instructions for each KiB (tests/bounds);
 * a refused one gives all but the words about it back. Only sorting a map takes memory elsewhere, for that moment. */
#ifndef GRIDLOOP_PLAN_H
#define GRIDLOOP_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/schema.h"
#include "consumers/runtime/value.h"

struct plan; /* opaque */

/* The reader's defaults: values[field->ordinal], NULL where a field has none. */
struct defaults {
    const struct value **values;
};

/* Both schemas and the defaults must outlive the plan. defaults may be NULL where writer and reader are
 * the same. NULL: the writer cannot be read by this reader; *e is REJECT and says why, with the
 * reader's path of the place ("measures.items.due_at: ..."). */
struct plan *plan_compile(const struct schema *writer, const struct schema *reader,
                          const struct defaults *defaults, struct err *e);
void plan_free(struct plan *plan); /* NULL is fine */

/* What some value of the writer would be refused for by the reader's schema, the first such thing:
 * "measures.items.kind: the symbol X is unknown to the reader and its enum has no default", "x: the reader
 * cannot take branch 2 of the writer's union" (branches are counted from 0, as Avro writes them), "id: a text need not be a UUID". NULL: every
 * value can be read. The contract's rules are not looked at. Borrowed. */
const char *plan_weakness(const struct plan *plan);

/* Why an event cannot be taken: one of a closed list of words, the reader's field, and words for people.
 * All text is constant or in the arena, and never quotes the event. */
struct reject {
    const char
        *reason; /* "short", "trailing", "utf8" ...: the list is in docs/design.md */
    const char *field; /* NULL: the event as a whole */
    const char *detail;
};

/* For people who look at a message that cannot be taken: the same, but the top record's values come into values, one
 * for each of the reader's fields. Where it returns false, those read before the fault are there and may be used, the
 * others have the kind VALUE_UNREAD. */
bool plan_run_partial(const struct plan *plan, const uint8_t *bytes, size_t size,
                      struct arena *arena, struct value *values, struct reject *reject);

/* Decodes size bytes into *out, memory from arena, texts pointing into bytes. Also checks the contract's
 * rules (schema_rules). False: *reject says why; *out is not to be used. */
bool plan_run(const struct plan *plan, const uint8_t *bytes, size_t size,
              struct arena *arena, struct value *out, struct reject *reject);

#endif
