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
 * was rotated away.
 *
 * A followed file that is renamed is finished before the one that now has its name is
 * begun: it must not have grown for quiet_ms. Also when it was renamed while nobody read:
 * then it is looked for, by inode, in its folder. Should it grow still later, its lines
 * are read nevertheless, behind those of the new file, until the next rotation.
 *
 * Not read, but warned of by name, and input_incomplete() from then on: a file that got
 * the name and lost it again before anybody looked (two rotations while nobody reads, or
 * within quiet_ms), as far as its name tells that ("log.1", "log-20260105.gz",
 * "app-20260105.log"); and what was left of a file that is gone from its folder. A
 * followed file that was cut short or written anew in place (copytruncate) is read from
 * its start; what was cut off unread is lost, and nobody can know it. */
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
    bool unfinished;  /* it has no newline (yet), in a file that is not followed */
    const char *path; /* under which place is saved; NULL: none. Lives as long as file */
    struct spool_place place; /* behind this line */
    const char *former_path;  /* another place to be saved with it; NULL: none */
    struct spool_place former;
};

/* Later lines are read too, but out of order; within it a second rotation may be missed. */
enum { INPUT_QUIET_MS = 3000 };

struct input_settings {
    bool follow; /* exactly one file, which need not exist yet */
    size_t max_line_bytes;
    int quiet_ms; /* 0: INPUT_QUIET_MS */
};

enum input_got {
    INPUT_LINE,
    INPUT_NOTHING, /* no line came within the time */
    INPUT_END,     /* nor will one */
    INPUT_FAILED   /* *e is FATAL, or RETRY from the spool */
};

/* files is borrowed; no files: standard input. NULL: *e is FATAL, 66: a file cannot be opened (all are looked at before
 * anything is read); 64: one is given twice. */
struct input *input_open(struct spool *spool, const char *const *files, size_t count,
                         const struct input_settings *settings, struct err *e);
void input_close(struct input *input); /* NULL is fine */

/* True if path is one of the files, by whatever name. */
bool input_has(const struct input *input, const char *path);

/* True once lines may exist that were not read, and never will be. */
bool input_incomplete(const struct input *input);

enum input_got input_next(struct input *input, int timeout_ms, struct input_line *line,
                          struct err *e);

#endif
