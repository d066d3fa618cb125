/* copy.h - rows in the binary form of COPY. */
#ifndef GRIDLOOP_COPY_H
#define GRIDLOOP_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/hash.h"
#include "common/text.h"

#define COPY_EPOCH_US 946684800000000 /* PostgreSQL counts from 2000-01-01 UTC */

/* The head of a file, its end, the head of a row, and values. */
void copy_put_head(struct text *out);
void copy_put_end(struct text *out);
void copy_put_count(struct text *out, int16_t columns);
void copy_put_null(struct text *out);
void copy_put_int16(struct text *out, int16_t number);
void copy_put_int32(struct text *out, int32_t number);
void copy_put_int64(struct text *out, int64_t number);
void copy_put_double(struct text *out, double number);
void copy_put_time(struct text *out, int64_t us); /* since 1970 UTC */
void copy_put_bytes(struct text *out, const void *bytes,
                    size_t size);                           /* bytes NULL: null */
void copy_put_string(struct text *out, const char *string); /* NULL: null */

void copy_put_bool(struct text *out, bool is_true);
void copy_put_uuid(struct text *out, const uint8_t id[UUID_SIZE]); /* all zero: null */

void copy_put_positive(struct text *out, int32_t number); /* 0 and below: null */

/* A value whose size is known only behind it: what is appended between the two is its bytes. */
size_t copy_open_value(struct text *out);
void copy_close_value(struct text *out, size_t start); /* what copy_open_value() gave */

/* Head of a one-dimensional array, without the length in front of it. */
void copy_put_array_head(struct text *out, uint32_t item_oid, uint32_t count);

/* That items of the array whose head begins there are null. The server finds out by itself, but it says so when it
 * sends the array back, and both have to be the same bytes. */
void copy_mark_nulls(struct text *out, size_t head);

#endif
