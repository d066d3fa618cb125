/* copy_send.c - rows to the server, in pieces. */
#include "consumers/runtime/copy_send.h"

#include "consumers/runtime/copy.h"

enum { CHUNK_BYTES = 64 << 10 /* handed to libpq at once */ };

enum outcome copy_begin_row(struct copy *copy, struct err *e)
{
    if (!copy->is_open) {
        if (pg_copy_begin(copy->pg, copy->sql, e))
            return e->outcome;
        copy->is_open = true;
        copy_put_head(&copy->buffer);
    } else if (copy->buffer.size >= CHUNK_BYTES) {
        if (pg_copy_put(copy->pg, copy->buffer.bytes, copy->buffer.size, e))
            return e->outcome;
        text_clear(&copy->buffer);
    }
    return DONE;
}

enum outcome copy_close(struct copy *copy, enum outcome outcome, struct err *e)
{
    if (!outcome && copy->is_open) {
        copy_put_end(&copy->buffer);
        outcome = pg_copy_put(copy->pg, copy->buffer.bytes, copy->buffer.size, e);
        if (!outcome)
            outcome = pg_copy_end(copy->pg, NULL, e);
    }
    text_free(&copy->buffer);
    return outcome;
}
