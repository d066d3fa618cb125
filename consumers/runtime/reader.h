/* reader.h - the schema that a daemon reads with: the highest version it was built with, its defaults, and
 * the content hash that says whether two events with one id are the same event. */
#ifndef GRIDLOOP_READER_H
#define GRIDLOOP_READER_H

#include "common/err.h"
#include "common/hash.h"
#include "common/schema.h"
#include "common/text.h"
#include "consumers/runtime/plan.h"
#include "consumers/runtime/value.h"

struct reader {
    const struct schema *schema; /* a record */
    struct defaults defaults;
    int event_id, occurred_at, recorded_at; /* indexes of fields that every kind has */
    struct arena *arena;                    /* the defaults live here */
    struct sha256 *sha256;
    struct text
        canonical; /* what is being hashed; memory kept from one event to the next */
};

/* The defaults of every field of a schema, nested ones too, in memory of the arena. *e is FATAL 78 if one cannot be
 * used, such as a text that is no UUID. */
enum outcome defaults_decode(struct defaults *defaults, const struct schema_file *file,
                             struct arena *arena, struct err *e);

/* file must outlive the reader. NULL: *e is FATAL 78 (a field that every kind must have is missing). */
struct reader *reader_new(const struct schema_file *file, struct err *e);
void reader_free(struct reader *reader); /* NULL is fine */

/* SHA-256 over the typed values in field order. Left out are values that equal the default (so a field
 * added later with a default changes nothing), names and widths of numbers (so renaming and widening
 * change nothing), and recorded_at (a device that sends the same line again may stamp it anew). Fields are
 * told apart by their index: new ones are added at the end. */
void reader_content_hash(struct reader *reader, const struct value *values,
                         uint8_t digest[SHA256_SIZE]);

#endif
