/* check.h - one line of JSON -> one event that keeps the contract, or what is wrong with
 * it.
 *
 * Field names are those of the schema, or those that a field had in earlier versions (its aliases; not both), values plain JSON: no union wrappers, times in
 * RFC 3339 with a zone, UUIDs in their 36-character form, enums by their symbol. Fields
 * that have a default or may be null may be absent. event_id may be absent: a UUIDv7 is
 * made. Two names are no fields: schema_version, which must be one that is built in, and
 * traceparent, as W3C's Trace Context has it. Numbers of persons are refused where people type (personal.h).
 *
 * A line may have 50,000 values (commas and opening brackets), which bounds its memory.
 *
 * A reason names the field ("measures[2].due_at: has no zone") and never quotes the
 * value. */
#ifndef GRIDLOOP_CHECK_H
#define GRIDLOOP_CHECK_H

#include "common/arena.h"
#include "producers/runtime/contract.h"
#include "producers/runtime/datum.h"

struct checker; /* opaque; one thread */

/* contract must outlive it. NULL: *e is FATAL, the contract has a type that JSON lines
 * cannot fill. */
struct checker *checker_new(const struct contract *contract, struct err *e);
void checker_free(struct checker *checker); /* NULL is fine */

/* Checks size bytes and fills *event, all of it in arena. *traceparent: what was given, in arena, or NULL; traceparent NULL:
 * nobody wants it. REJECT: the reason. */
enum outcome check_line(const struct checker *checker, struct arena *arena,
                        const char *line, size_t size, struct datum *event,
                        const char **traceparent, struct err *e);

#endif
