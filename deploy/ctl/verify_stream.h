/* verify_stream.h - rows of the chain as they are stored now, one after another in the order of their places, each with
 * the leaf that it would have (consumers/runtime/chain.h). */
#ifndef GRIDLOOP_VERIFY_STREAM_H
#define GRIDLOOP_VERIFY_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/hash.h"
#include "common/pg.h"

struct stream {
    struct pg *pg; /* on which nothing else is asked until the end */
    const char *table;
    struct sha256 *hash;
    uint8_t layout[SHA256_SIZE];
    uint16_t columns; /* of the list */
    /* The row at hand. */
    bool is_over; /* there is none: it was the last */
    int32_t source_id;
    int64_t offset, time_us; /* since 1970, of the server's clock */
    bool has_event_id;
    uint8_t event_id[UUID_SIZE];
    const uint8_t *tuple; /* the columns of the list, behind their number */
    size_t size;
};

/* copy_sql and description as verify_lists.sql gives them; all is borrowed until the stream is over. The first row is at
 * hand. */
enum outcome stream_open(struct stream *stream, struct pg *pg, struct sha256 *hash,
                         const char *table, const char *description, const char *copy_sql,
                         struct err *e);
enum outcome stream_next(struct stream *stream, struct err *e);

/* Of the row at hand. */
void stream_leaf(struct stream *stream, uint8_t leaf[SHA256_SIZE]);

/* Whether the row at hand stands before this place; false: there is none. */
bool stream_is_before(const struct stream *stream, int32_t source_id, int64_t offset);

#endif
