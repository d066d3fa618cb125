/* child.h - another program with a pipe to its input and one from its output, neither of which ever blocks
 * us; its stderr is ours. */
#ifndef GRIDLOOP_CHILD_H
#define GRIDLOOP_CHILD_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/err.h"
#include "common/text.h"

struct child {
    pid_t pid;
    int in, out; /* our ends; -1: closed */
    struct text
        waiting; /* for its input: bytes from written on are still to be written */
    size_t written;
    struct text received; /* from its output, not yet taken */
};

/* One that was not started: every other call takes it, and does nothing. */
#define CHILD_NONE ((struct child){.pid = -1, .in = -1, .out = -1})

/* Starts argv[0]. FATAL: 69 if that cannot be run. The caller ends it with child_end(). */
enum outcome child_start(struct child *child, char *const argv[], struct err *e);

/* Bytes that still wait for room in the pipe. */
size_t child_waiting(const struct child *child);

/* Writes what goes into the pipe; if nobody reads it any more, forgets what waits and closes it. */
void child_write(struct child *child);

/* Reads what there is into received; closes both pipes at its end. */
void child_read(struct child *child);

void child_close_in(struct child *child);

/* The two ends for poll(): what to wait for, or -1. */
void child_poll(const struct child *child, struct pollfd fds[2]);

/* Closes what is open, waits for the program and frees. Returns its exit code, 128 + N if signal N
 * ended it. */
int child_end(struct child *child);

#endif
