/* lines.h - cuts the bytes of a descriptor into lines, in bounded memory. */
#ifndef GRIDLOOP_LINES_H
#define GRIDLOOP_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lines {
    int fd; /* borrowed */
    size_t max_bytes;
    char *buffer;
    size_t begin, end; /* what is read and not yet handed out */
    size_t searched;   /* no newline in front of this */
    uint64_t dropped;
    uint64_t offset; /* bytes handed out, newlines included: where the next line begins */
    uint64_t number; /* lines handed out */
};

struct line {
    const char *bytes; /* without its newline; valid until the next call */
    size_t size;       /* at most max_bytes */
    bool too_long;     /* bytes is only the beginning */
    bool unfinished;   /* no newline ended it */
};

/* Starts at the descriptor's present position, which is byte offset and comes after line
 * number. */
void lines_begin(struct lines *lines, int fd, size_t max_bytes, uint64_t offset,
                 uint64_t number);
void lines_end(struct lines *lines); /* frees the buffer; a zeroed one is fine */

/* Hands out the next line that is complete; with last, what is left without a newline
 * counts as one. False: more has to be read. */
bool lines_next(struct lines *lines, bool last, struct line *line);

/* Reads once. Bytes read; 0: end of file; -1: errno says (EINTR and EAGAIN too). */
long lines_read(struct lines *lines);

#endif
