/* input.h - where lines come from: standard input, files one after the other, or one
 * file that is followed while others write and rotate it.
 *
 * For files, reading goes on behind the place that the spool has saved for the path, if
 * device, inode and the file's head are still those and the file is not shorter; else it
 * begins at the start. "a", "./a" and "sub/../a" are one path; a file by two names, of
 * which one is a link in its place, is two. "-" is standard input, which like pipes and
 * devices has no place.
 *
 * A last line without a newline counts as a line; in a followed file only once the file
 * was rotated away. A followed file that is renamed is finished, for as long as it
 * grows, before the one that now has its name is begun; also when that happened while
 * nobody read: then it is looked for, by inode, in its folder (one rotation: of two, the
 * file in between is not known). A followed file that was cut short or written anew in
 * place (copytruncate) is read from its start. */
#ifndef GRIDLOOP_INPUT_H
#define GRIDLOOP_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "producers/runtime/spool.h"

struct input; /* opaque */

struct input_line {
    const char *bytes; /* without its newline; valid until the next call */
    size_t size;
    bool too_long;    /* bytes is only its beginning, max_line_bytes of it */
    const char *file; /* as given; lives as long as the input */
    uint64_t number;  /* of the line within its file, from 1 */
    const char *path; /* under which place is saved; NULL: none. Lives as long as file */
    struct spool_place place; /* behind this line */
};

enum input_got {
    INPUT_LINE,
    INPUT_NOTHING, /* no line came within the time */
    INPUT_END,     /* nor will one */
    INPUT_FAILED   /* *e is FATAL, or RETRY from the spool */
};

/* files is borrowed; no files: standard input. follow: exactly one file, which need not
 * exist yet. NULL: *e is FATAL, 66: a file cannot be opened (all are looked at before
 * anything is read); 64: one is given twice. */
struct input *input_open(struct spool *spool, const char *const *files, size_t count,
                         bool follow, size_t max_line_bytes, struct err *e);
void input_close(struct input *input); /* NULL is fine */

enum input_got input_next(struct input *input, int timeout_ms, struct input_line *line,
                          struct err *e);

#endif
