/* verify_stream.c - COPY's binary form, read. */
#include "deploy/ctl/verify_stream.h"

#include <endian.h>
#include <string.h>

#include "consumers/runtime/chain.h"
#include "consumers/runtime/copy.h"

static uint32_t take_32(const uint8_t **at)
{
    uint32_t number;

    memcpy(&number, *at, sizeof number);
    *at += sizeof number;
    return be32toh(number);
}

static int64_t take_64(const uint8_t **at)
{
    uint64_t number;

    memcpy(&number, *at, sizeof number);
    *at += sizeof number;
    return (int64_t)be64toh(number);
}

/* Each value behind its length. The number of the list's columns takes the place of the last two bytes in front of them,
 * which have been read. */
static void take_row(struct stream *stream, uint8_t *row, size_t size)
{
    const uint8_t *at = row + 2;
    uint16_t columns = htobe16(stream->columns);
    size_t own;

    take_32(&at);
    stream->source_id = (int32_t)take_32(&at);
    take_32(&at);
    stream->offset = take_64(&at);
    stream->has_event_id = take_32(&at) == UUID_SIZE;
    if (stream->has_event_id) {
        memcpy(stream->event_id, at, UUID_SIZE);
        at += UUID_SIZE;
    }
    take_32(&at);
    stream->time_us = take_64(&at) + COPY_EPOCH_US;
    own = (size_t)(at - row) - sizeof columns;
    memcpy(row + own, &columns, sizeof columns);
    stream->tuple = row + own;
    stream->size = size - own;
}

enum outcome stream_next(struct stream *stream, struct err *e)
{
    uint8_t *row;
    size_t size;

    if (pg_copy_next(stream->pg, &row, &size, e))
        return err_wrap(e, "reading %s", stream->table);
    stream->is_over = !row;
    if (row)
        take_row(stream, row, size);
    return DONE;
}

enum outcome stream_open(struct stream *stream, struct pg *pg, struct sha256 *hash,
                         const char *table, const char *description, const char *copy_sql,
                         struct err *e)
{
    *stream = (struct stream){.pg = pg, .table = table, .hash = hash};
    sha256_of(description, strlen(description), stream->layout);
    for (const char *line = description; (line = strchr(line, '\n')); line++)
        stream->columns++;
    stream->columns--; /* the table's line */
    if (pg_copy_out(pg, copy_sql, e))
        return err_wrap(e, "reading %s", table);
    return stream_next(stream, e);
}

void stream_leaf(struct stream *stream, uint8_t leaf[SHA256_SIZE])
{
    chain_leaf(stream->hash, stream->layout, stream->tuple, stream->size, leaf);
}

bool stream_is_before(const struct stream *stream, int32_t source_id, int64_t offset)
{
    return !stream->is_over
           && (stream->source_id < source_id
               || (stream->source_id == source_id && stream->offset < offset));
}
