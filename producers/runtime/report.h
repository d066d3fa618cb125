/* report.h - what a run tells: receipts on standard output, refused lines on standard
 * error and in the rejects file, and on a terminal one line of progress. */
#ifndef GRIDLOOP_REPORT_H
#define GRIDLOOP_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/text.h"

struct report; /* opaque */

struct report_counts {
    uint64_t accepted, refused, delivered; /* in this run */
    uint64_t spooled;                      /* when it began */
};

/* rejects: path, or NULL; of a line that is too long it gets only the beginning. NULL: *e is FATAL, 73 or 77. */
struct report *report_open(const char *rejects, struct err *e);
void report_close(struct report *report); /* NULL is fine */

/* One line on standard error, "line 17: reason" or "FILE: line 17: reason"; the raw line
 * to the rejects file. file: NULL where there is only one. FATAL 74: the rejects file
 * cannot be written. */
enum outcome report_refused(struct report *report, const char *file, uint64_t number,
                            const char *reason, const void *line, size_t size,
                            struct err *e);

/* What was written to the rejects file is on the disk. To be called before the place
 * moves beyond it. */
enum outcome report_settle(struct report *report, struct err *e);

/* Prints as much as can be written without waiting, and takes it out of receipts: what is
 * left waits for its reader, with whom the program must not wait. FATAL 74: nobody
 * reads any more. */
enum outcome report_receipts(struct text *receipts, struct err *e);

/* Shows progress, at most once a second and only on a terminal. */
void report_progress(struct report *report, const struct report_counts *counts);

/* Ends the line of progress, so that others may write. */
void report_leave(struct report *report);

#endif
