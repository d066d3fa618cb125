/* lines.c - lines out of a buffer that never grows. */
#include "producers/runtime/lines.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/arena.h"

enum { CHUNK = 64 << 10 };

void lines_begin(struct lines *lines, int fd, size_t max_bytes, uint64_t offset,
                 uint64_t number)
{
    char *buffer = lines->buffer && lines->max_bytes == max_bytes
                       ? lines->buffer
                       : xrealloc(lines->buffer, max_bytes + CHUNK);

    *lines = (struct lines){.fd = fd,
                            .max_bytes = max_bytes,
                            .buffer = buffer,
                            .offset = offset,
                            .number = number};
}

void lines_end(struct lines *lines)
{
    free(lines->buffer);
    *lines = (struct lines){.fd = -1};
}

/* Hands out [begin, stop), whose line ends in front of next in the buffer. */
static bool hand_out(struct lines *lines, size_t stop, size_t next, struct line *line)
{
    size_t size = stop - lines->begin;

    line->too_long = size > lines->max_bytes || lines->dropped > 0;
    line->size = line->too_long ? lines->max_bytes : size;
    line->bytes = lines->buffer + lines->begin;
    line->unfinished = next == stop;
    lines->offset += next - lines->begin + lines->dropped;
    lines->number++;
    lines->begin = lines->searched = next;
    lines->dropped = 0;
    return true;
}

/* Keeps only the first max_bytes of the line at begin. */
static void drop_rest(struct lines *lines)
{
    size_t kept = lines->begin + lines->max_bytes;

    lines->dropped += lines->end - kept;
    lines->end = lines->searched = kept;
}

bool lines_next(struct lines *lines, bool last, struct line *line)
{
    char *from = lines->buffer + lines->searched;
    char *newline = memchr(from, '\n', lines->end - lines->searched);

    if (newline) {
        size_t stop = (size_t)(newline - lines->buffer);
        return hand_out(lines, stop, stop + 1, line);
    }
    lines->searched = lines->end;
    if (last && (lines->end > lines->begin || lines->dropped > 0))
        return hand_out(lines, lines->end, lines->end, line);
    if (lines->end - lines->begin > lines->max_bytes)
        drop_rest(lines);
    return false;
}

long lines_read(struct lines *lines)
{
    long got;

    if (lines->begin > 0) {
        memmove(lines->buffer, lines->buffer + lines->begin, lines->end - lines->begin);
        lines->end -= lines->begin;
        lines->searched -= lines->begin;
        lines->begin = 0;
    }
    got = read(lines->fd, lines->buffer + lines->end,
               lines->max_bytes + CHUNK - lines->end);
    if (got > 0)
        lines->end += (size_t)got;
    return got;
}
