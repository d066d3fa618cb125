/* secret.c - reads a file that holds one secret. */
#include "common/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static enum outcome check_mode(int file, const char *path, struct err *e)
{
    struct stat status;

    if (fstat(file, &status))
        return err_exit(e, EX_CONFIG, "secret file %s: %s", path, strerror(errno));
    if (S_ISREG(status.st_mode) && (status.st_mode & S_IRWXO))
        return err_exit(e, EX_CONFIG, "secret file %s is open to everybody; chmod 600 it",
                        path);
    return DONE;
}

static enum outcome read_all(int file, const char *path, char *out, size_t room,
                             struct err *e)
{
    size_t size = 0;
    ssize_t got = 1;

    while (got != 0 && size < room) {
        got = read(file, out + size, room - size);
        if (got < 0 && errno != EINTR)
            return err_exit(e, EX_CONFIG, "secret file %s: %s", path, strerror(errno));
        size += got > 0 ? (size_t)got : 0;
    }
    if (size == room)
        return err_exit(e, EX_CONFIG, "secret file %s is too long", path);
    while (size > 0 && (out[size - 1] == '\n' || out[size - 1] == '\r'))
        size--;
    out[size] = '\0';
    if (size == 0)
        return err_exit(e, EX_CONFIG, "secret file %s is empty", path);
    return DONE;
}

enum outcome secret_read(const char *path, char *out, size_t room, struct err *e)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    enum outcome outcome;

    if (file < 0)
        return err_exit(e, EX_CONFIG, "secret file %s: %s", path, strerror(errno));
    outcome = check_mode(file, path, e);
    if (outcome == DONE)
        outcome = read_all(file, path, out, room, e);
    close(file);
    return outcome;
}

/* The time of change moves with whatever is done to a file, also where a copy keeps the time of writing. */
static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size
           && a->st_ctim.tv_sec == b->st_ctim.tv_sec
           && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

bool secret_was_replaced(struct secret_file *file)
{
    struct stat before = file->status;

    if (stat(file->path, &file->status)) {
        memset(&file->status, 0, sizeof file->status);
        return false;
    }
    return !is_same_file(&before, &file->status);
}
