/* report.c - the words of a run. */
#include "producers/runtime/report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/clock.h"

enum { PROGRESS_MS = 1000 };

struct report {
    const char *rejects; /* path; NULL: none */
    int rejects_fd;
    bool unsettled; /* written since the last fsync */
    bool shows;     /* standard error is a terminal */
    bool in_line;   /* a progress line stands there */
    int64_t next_ms;
};

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        }
    }
    return true;
}

/* The name of a file that was just made may not outlive a loss of power, and with it the
 * lines that the place has gone beyond. Where that cannot be done, it is not needed. */
static void sync_folder(const char *path)
{
    char *copy = xstrdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        (void)!fsync(fd);
        close(fd);
    }
    free(copy);
}

struct report *report_open(const char *rejects, struct err *e)
{
    struct report *report = xcalloc(1, sizeof *report);

    report->rejects = rejects;
    report->shows = isatty(STDERR_FILENO) != 0;
    report->rejects_fd =
        rejects ? open(rejects, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (rejects && report->rejects_fd >= 0)
        sync_folder(rejects);
    if (!rejects || report->rejects_fd >= 0)
        return report;
    err_exit(e, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, "%s: %s", rejects,
             strerror(errno));
    report_close(report);
    return NULL;
}

void report_leave(struct report *report)
{
    if (report->in_line)
        fputs("\r\033[K", stderr);
    report->in_line = false;
}

void report_close(struct report *report)
{
    if (!report)
        return;
    report_leave(report);
    if (report->rejects_fd >= 0)
        close(report->rejects_fd);
    free(report);
}

static enum outcome rejects_failed(struct report *report, struct err *e)
{
    return err_exit(e, EX_IOERR, "%s: %s", report->rejects, strerror(errno));
}

enum outcome report_refused(struct report *report, const char *file, uint64_t number,
                            const char *reason, const void *line, size_t size,
                            struct err *e)
{
    struct text raw = {0};
    enum outcome outcome = DONE;

    report_leave(report);
    fprintf(stderr, "%s%sline %" PRIu64 ": %s\n", file ? file : "", file ? ": " : "",
            number, reason);
    if (report->rejects_fd < 0)
        return DONE;
    text_add(&raw, line, size);
    text_add(&raw, "\n", 1);
    if (!write_all(report->rejects_fd, raw.bytes, raw.size))
        outcome = rejects_failed(report, e);
    report->unsettled = true;
    text_free(&raw);
    return outcome;
}

/* Pipes and terminals cannot be synced. */
enum outcome report_settle(struct report *report, struct err *e)
{
    if (report->unsettled && fdatasync(report->rejects_fd) && errno != EINVAL
        && errno != EROFS)
        return rejects_failed(report, e);
    report->unsettled = false;
    return DONE;
}

/* Bytes written; 0: not now; -1: errno says. A pipe that is ready takes PIPE_BUF bytes at
 * once, also if it is a blocking one: its flags are not ours alone to change. */
static ssize_t write_some(int fd, const char *bytes, size_t size)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    ssize_t written;

    if (poll(&ready, 1, 0) <= 0)
        return 0;
    written = write(fd, bytes, size < PIPE_BUF ? size : PIPE_BUF);
    return written < 0 && (errno == EINTR || errno == EAGAIN) ? 0 : written;
}

enum outcome report_receipts(struct text *receipts, struct err *e)
{
    size_t done = 0;
    ssize_t written = 1;

    while (done < receipts->size && written > 0) {
        written =
            write_some(STDOUT_FILENO, receipts->bytes + done, receipts->size - done);
        if (written < 0)
            return err_exit(e, EX_IOERR, "standard output, where the receipts go: %s",
                            strerror(errno));
        done += (size_t)written;
    }
    if (done > 0)
        memmove(receipts->bytes, receipts->bytes + done, receipts->size - done);
    receipts->size -= done;
    return DONE;
}

void report_progress(struct report *report, const struct report_counts *counts)
{
    int64_t now = clock_monotonic_ms();

    if (!report->shows || now < report->next_ms)
        return;
    report->next_ms = now + PROGRESS_MS;
    report->in_line = true;
    fprintf(stderr,
            "\r\033[K%" PRIu64 " accepted, %" PRIu64 " delivered, %" PRIu64
            " spooled, %" PRIu64 " refused",
            counts->accepted, counts->delivered,
            counts->spooled + counts->accepted - counts->delivered, counts->refused);
    fflush(stderr);
}
