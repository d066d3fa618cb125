/* dead_letter.h - the row of bus.dead_letter: why a message was set aside, and as much of it as can be sent again. */
#ifndef GRIDLOOP_DEAD_LETTER_H
#define GRIDLOOP_DEAD_LETTER_H

#include "common/text.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/bucket.h"
#include "consumers/runtime/layout.h"

enum { DEAD_LETTER_KEPT_BYTES = 64 << 10 /* of the value */ };

/* The columns that are written, and "copy bus.dead_letter (...) from stdin (format binary)" appended to copy_sql. */
void dead_letter_layout(struct layout *layout, struct text *copy_sql);

/* Appends the row in COPY's binary form. What is kept of the message is taken out of the bucket; if that has not enough,
 * nothing is kept but size and SHA-256. */
void dead_letter_put_row(struct text *out, const struct event *event, int32_t source_id,
                         const char *kind, struct bucket *bucket);

#endif
