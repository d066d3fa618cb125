/* input.c - files in turn, their places, and what becomes of a followed file. */
#include "producers/runtime/input.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/text.h"
#include "producers/runtime/lines.h"

enum {
    HEAD_SIZE = 4096,
    FORBIDDEN_MS = 5000 /* who rotates may make the file first, then give it to us */
};

static const char *const standard_input = "-";

struct input {
    struct spool *spool;
    const char **files; /* standard_input itself where "-" was given */
    size_t count, next;
    bool follow;
    int quiet_ms;
    size_t max_line_bytes;
    bool looked_back; /* follow: the saved place has been used */
    bool said_missing;
    int64_t forbidden_ms; /* since when it may not be opened; 0: it may */
    bool incomplete;

    /* the file being read; fd < 0: none */
    int fd;
    const char *file;
    char **paths; /* one per file, absolute; NULL: not needed yet, or no place */
    const char *path;
    struct spool_place place; /* behind the last line */
    char head[HEAD_SIZE];     /* place.head_size bytes */
    bool at_end;              /* the last read came to the end of the file */
    bool finishing;           /* it will not grow any more */
    int64_t moved_ms; /* when a renamed file last grew; 0: it still has its name */
    struct lines lines;

    /* the file that had the followed name before, whose writer may not know yet */
    struct former {
        char *path; /* under which its place is saved */
        int fd;     /* < 0: none */
        struct spool_place place;
        off_t size;    /* when it was last looked at */
        bool is_saved; /* its place goes with the next line */
    } former;
    bool in_former; /* fd is the former's, and the present one waits: */
    int present_fd;
    struct spool_place present;
};

static enum input_got failed(const char *file, struct err *e)
{
    int code = errno == ENOENT || errno == EISDIR || errno == ENOTDIR ? EX_NOINPUT
               : errno == EACCES                                      ? EX_NOPERM
                                                                      : EX_IOERR;

    err_exit(e, code, "%s: %s", file == standard_input ? "standard input" : file,
             strerror(errno));
    return INPUT_FAILED;
}

/* A negative time would be for ever. */
static void pause_ms(int ms)
{
    poll(NULL, 0, ms > 0 ? ms : 0);
}

/* ---- opening ---- */

/* Without waiting for the writer of a pipe: that is done where a signal ends it. */
static int open_file(const char *file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd >= 0)
        fcntl(fd, F_SETFL, O_RDONLY);
    return fd;
}

/* Places are saved under absolute paths, of which there is one for each name of a file:
 * "a", "./a" and "sub/../a" are the same. A link in the place of the file itself is left
 * alone: the name is what is followed. NULL: there is no such folder. */
static const char *absolute(struct input *input, size_t index)
{
    const char *file = input->files[index], *slash = strrchr(file, '/');
    struct text path = {0};
    char *folder, *real;

    if (!input->paths[index]) {
        text_format(&path, "%.*s", slash ? (int)(slash - file) + 1 : 1,
                    slash ? file : ".");
        folder = path.bytes;
        real = realpath(folder, NULL);
        text_clear(&path);
        text_format(&path, "%s/%s", real && real[1] ? real : "",
                    slash ? slash + 1 : file);
        if (real)
            input->paths[index] = path.bytes;
        else
            text_free(&path);
        free(real);
    }
    return input->paths[index];
}

static bool same_file(const struct stat *status, const struct spool_place *place)
{
    return status->st_dev == place->device && status->st_ino == place->inode;
}

/* True if reading fd may go on at the place. */
static bool place_fits(int fd, const struct spool_place *place)
{
    char head[HEAD_SIZE];
    uint8_t digest[SHA256_SIZE];
    struct stat status;

    if (fstat(fd, &status) || !same_file(&status, place)
        || (uint64_t)status.st_size < place->byte_offset || place->head_size > sizeof head
        || pread(fd, head, place->head_size, 0) != (ssize_t)place->head_size)
        return false;
    sha256_of(head, place->head_size, digest);
    return memcmp(digest, place->head_sha256, sizeof digest) == 0;
}

/* Begins to read fd at its start, or at place if that is not NULL. */
static enum input_got begin(struct input *input, int fd, const char *file,
                            const struct spool_place *place, struct err *e)
{
    struct stat status;

    input->fd = fd;
    input->file = file;
    input->at_end = input->finishing = false;
    input->moved_ms = 0;
    input->place = place ? *place : (struct spool_place){0};
    if (fstat(fd, &status))
        return failed(file, e);
    input->place.device = status.st_dev;
    input->place.inode = status.st_ino;
    if (place
        && (lseek(fd, (off_t)place->byte_offset, SEEK_SET) < 0
            || pread(fd, input->head, place->head_size, 0) != (ssize_t)place->head_size))
        return failed(file, e);
    lines_begin(&input->lines, fd, input->max_line_bytes, input->place.byte_offset,
                input->place.line_number);
    if (place)
        log_info("reading goes on where it stopped", "file", file, "line",
                 LOG_NUMBER(place->line_number + 1), NULL);
    return INPUT_LINE;
}

/* Begins one of the files; only a regular one has a place. */
static enum input_got begin_file(struct input *input, size_t index, int fd, bool resume,
                                 struct err *e)
{
    const char *file = input->files[index];
    struct spool_place place;
    struct stat status;
    bool found = false;

    input->path = NULL;
    if (file != standard_input && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        input->path = absolute(input, index);
    if (input->path && resume
        && spool_load_place(input->spool, input->path, &place, &found, e)) {
        close(fd);
        return INPUT_FAILED;
    }
    return begin(input, fd, file, found && place_fits(fd, &place) ? &place : NULL, e);
}

static enum input_got open_next(struct input *input, struct err *e)
{
    const char *file;
    enum input_got got;
    int fd;

    if (input->next == input->count)
        return INPUT_END;
    file = input->files[input->next];
    fd = file == standard_input ? STDIN_FILENO : open_file(file);
    if (fd < 0)
        return failed(file, e);
    got = begin_file(input, input->next, fd, true, e);
    input->next += got == INPUT_LINE; /* else it is tried again */
    return got;
}

static void close_file(int *fd)
{
    if (*fd > STDIN_FILENO)
        close(*fd);
    *fd = -1;
}

/* ---- following ---- */

/* The file that place is in, under whatever name it now has in its old folder; < 0: it
 * is gone. */
static int find_renamed(const char *path, const struct spool_place *place)
{
    char *folder = xstrdup(path);
    struct dirent *entry;
    struct stat status;
    DIR *dir;
    int fd = -1;

    strrchr(folder, '/')[1] = '\0';
    dir = opendir(folder);
    while (dir && fd < 0 && (entry = readdir(dir)))
        if (fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0
            && S_ISREG(status.st_mode) && same_file(&status, place)) {
            fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
            if (fd >= 0 && !place_fits(fd, place)) {
                close(fd);
                fd = -1;
            }
        }
    if (dir)
        closedir(dir);
    free(folder);
    return fd;
}

/* When it last grew, on the monotonic clock; never 0. */
static int64_t last_growth_ms(int fd)
{
    struct stat status;
    int64_t now = clock_monotonic_ms(), age = 0;

    if (fstat(fd, &status) == 0)
        age = clock_now_us() / 1000
              - (status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1000000);
    return age <= 0 ? now : age < now ? now - age : 1;
}

/* The file was renamed while nobody read: begins what is left of it. INPUT_NOTHING:
 * there is no such. */
static enum input_got begin_renamed(struct input *input, const char *path, struct err *e)
{
    struct spool_place place;
    struct stat status;
    enum input_got got;
    bool found;
    int fd;

    if (spool_load_place(input->spool, path, &place, &found, e))
        return INPUT_FAILED;
    if (!found || (stat(path, &status) == 0 && same_file(&status, &place)))
        return INPUT_NOTHING;
    fd = find_renamed(path, &place);
    if (fd < 0) {
        log_warn("the file that was read before is gone; lines behind this one may not "
                 "have been read",
                 "file", path, "line", LOG_NUMBER(place.line_number), NULL);
        input->incomplete = true;
        return INPUT_NOTHING;
    }
    input->path = path;
    got = begin(input, fd, input->files[0], &place, e);
    input->moved_ms = last_growth_ms(fd);
    return got;
}

/* The one before that, if it is still there: it may grow late. */
static enum outcome load_former(struct input *input, const char *path, struct err *e)
{
    struct former *former = &input->former;
    struct text key = {0};
    struct stat status;
    bool found;

    text_format(&key, "%s\nformer", path); /* no file has such a name */
    former->path = key.bytes;
    if (spool_load_place(input->spool, former->path, &former->place, &found, e))
        return e->outcome;
    former->fd = found ? find_renamed(path, &former->place) : -1;
    former->size = (off_t)former->place.byte_offset;
    if (former->fd >= 0 && stat(path, &status) == 0 && same_file(&status, &former->place))
        close_file(&former->fd); /* it has got its name back */
    return DONE;
}

static enum input_got look_back(struct input *input, const char *path, struct err *e)
{
    if (!input->former.path && load_former(input, path, e))
        return INPUT_FAILED;
    return begin_renamed(input, path, e);
}

static enum input_got wait_for_file(struct input *input, int timeout_ms)
{
    if (!input->said_missing)
        log_warn("the file cannot be opened yet; waiting for it", "file", input->files[0],
                 "reason", strerror(errno), NULL);
    input->said_missing = true;
    pause_ms(timeout_ms);
    return INPUT_NOTHING;
}

static bool may_wait(struct input *input)
{
    int64_t now = clock_monotonic_ms();

    if (!input->forbidden_ms)
        input->forbidden_ms = now;
    return now - input->forbidden_ms < FORBIDDEN_MS;
}

static enum input_got open_followed(struct input *input, int timeout_ms, struct err *e)
{
    const char *path = absolute(input, 0);
    bool first = !input->looked_back;
    enum input_got got;
    int fd;

    if (!path)
        return errno == ENOENT ? wait_for_file(input, timeout_ms)
                               : failed(input->files[0], e);
    if (first) {
        got = look_back(input, path, e);
        input->looked_back = got == INPUT_LINE; /* its place is used up */
        if (got != INPUT_NOTHING)
            return got;
    }
    fd = open_file(input->files[0]);
    if (fd < 0)
        return errno == ENOENT || (errno == EACCES && may_wait(input))
                   ? wait_for_file(input, timeout_ms)
                   : failed(input->files[0], e);
    input->forbidden_ms = 0;
    input->looked_back = true;
    input->said_missing = false;
    return begin_file(input, 0, fd, first, e);
}

/* True if the file is shorter than what was read of it, or begins with other bytes than
 * it did. */
static bool written_anew(struct input *input)
{
    char head[HEAD_SIZE];
    struct stat status;
    size_t size = (size_t)input->place.head_size;

    if (fstat(input->fd, &status) || !S_ISREG(status.st_mode))
        return false;
    return status.st_size < lseek(input->fd, 0, SEEK_CUR)
           || pread(input->fd, head, size, 0) != (ssize_t)size
           || memcmp(head, input->head, size) != 0;
}

static bool has_moved(struct input *input)
{
    struct stat status;

    return stat(input->files[0], &status) == 0 && !same_file(&status, &input->place);
}

/* "log" or "app.log", then ".1", "-20260105.gz", "-2026..."; also "app-20260105.log". */
static bool is_rotated_name(const char *name, const char *of)
{
    const char *dot = strrchr(of, '.');
    size_t sizes[] = {strlen(of), dot && dot > of ? (size_t)(dot - of) : 0};

    for (size_t i = 0; i < 2; i++)
        if (sizes[i] && strncmp(name, of, sizes[i]) == 0 && name[sizes[i]]
            && strchr(".-_", name[sizes[i]])
            && isdigit((unsigned char)name[sizes[i] + 1]))
            return true;
    return false;
}

static bool is_later(const struct stat *a, const struct stat *b)
{
    return a->st_mtim.tv_sec > b->st_mtim.tv_sec
           || (a->st_mtim.tv_sec == b->st_mtim.tv_sec
               && a->st_mtim.tv_nsec > b->st_mtim.tv_nsec);
}

/* A file that had the name after the one just finished (done) and before the one that
 * has it now (present) was rotated away before anybody saw it. */
static void look_for_missed(struct input *input, const struct stat *done,
                            const struct stat *present)
{
    char *folder = xstrdup(input->paths[0]), *name = strrchr(folder, '/') + 1;
    struct dirent *entry;
    struct stat status;
    DIR *dir;

    name[-1] = '\0';
    dir = opendir(*folder ? folder : "/");
    while (dir && (entry = readdir(dir)))
        if (is_rotated_name(entry->d_name, name)
            && fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0
            && S_ISREG(status.st_mode) && status.st_size > 0
            && status.st_ino != done->st_ino && status.st_ino != present->st_ino
            && is_later(&status, done)) {
            log_warn("this file was rotated away before it could be read; its lines were "
                     "not taken",
                     "file", entry->d_name, "folder", folder, NULL);
            input->incomplete = true;
        }
    if (dir)
        closedir(dir);
    free(folder);
}

/* The followed file is finished: what has its name now is next. It stays open. */
static void retire(struct input *input)
{
    struct former *former = &input->former;
    struct stat done, present;

    close_file(&former->fd);
    former->fd = input->fd;
    former->place = input->place;
    former->size = (off_t)former->place.byte_offset;
    former->is_saved = true;
    input->fd = -1;
    if (fstat(former->fd, &done) == 0 && stat(input->paths[0], &present) == 0)
        look_for_missed(input, &done, &present);
}

static enum input_got begin_again_at(struct input *input, int fd,
                                     const struct spool_place *place, struct err *e)
{
    return begin(input, fd, input->files[0], place_fits(fd, place) ? place : NULL, e);
}

/* Its writer did not know for longer than we waited. */
static bool former_has_grown(struct input *input)
{
    struct former *former = &input->former;
    struct stat status;
    bool grown = former->fd >= 0 && fstat(former->fd, &status) == 0
                 && status.st_size > former->size;

    if (grown)
        former->size = status.st_size;
    return grown && place_fits(former->fd, &former->place);
}

static enum input_got enter_former(struct input *input, struct err *e)
{
    log_warn("a file that was rotated away has grown; its lines come late", "file",
             input->files[0], "line", LOG_NUMBER(input->former.place.line_number + 1),
             NULL);
    input->in_former = true;
    input->present_fd = input->fd;
    input->present = input->place;
    input->path = input->former.path;
    return begin_again_at(input, input->former.fd, &input->former.place, e);
}

static enum input_got leave_former(struct input *input, struct err *e)
{
    int fd = input->present_fd;

    input->in_former = false;
    input->present_fd = -1;
    input->former.place = input->place;
    input->path = input->paths[0];
    return begin_again_at(input, fd, &input->present, e);
}

/* At the end of a followed file: waits for more, unless another has taken its name. */
static enum input_got wait_for_more(struct input *input, int timeout_ms, struct err *e)
{
    int64_t now = clock_monotonic_ms();

    if (input->in_former)
        return leave_former(input, e);
    if (former_has_grown(input))
        return enter_former(input, e);
    if (!input->moved_ms && has_moved(input))
        input->moved_ms = now;
    input->finishing = input->moved_ms && now - input->moved_ms >= input->quiet_ms;
    if (input->finishing)
        return INPUT_LINE;
    pause_ms(timeout_ms);
    return INPUT_NOTHING;
}

/* ---- reading ---- */

/* False: nothing to read within the time. Files always are ready. */
static bool wait_readable(struct input *input, int timeout_ms)
{
    struct pollfd waited = {.fd = input->fd, .events = POLLIN};

    return input->path || poll(&waited, 1, timeout_ms > 0 ? timeout_ms : 0) > 0;
}

static enum input_got start_over(struct input *input, struct err *e)
{
    log_info("the file was written anew; reading it from its start", "file", input->file,
             NULL);
    if (lseek(input->fd, 0, SEEK_SET) < 0)
        return failed(input->file, e);
    return begin(input, input->fd, input->file, NULL, e);
}

static enum input_got read_more(struct input *input, int timeout_ms, struct err *e)
{
    long got;

    if (input->follow && !input->in_former && input->at_end && written_anew(input))
        return start_over(input, e);
    if (!wait_readable(input, timeout_ms))
        return INPUT_NOTHING;
    got = lines_read(&input->lines);
    input->at_end = got == 0;
    if (got > 0) {
        if (input->moved_ms)
            input->moved_ms = clock_monotonic_ms();
        return INPUT_LINE;
    }
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? INPUT_NOTHING : failed(input->file, e);
    if (input->follow)
        return wait_for_more(input, timeout_ms, e);
    input->finishing = true;
    return INPUT_LINE;
}

/* The place behind the line that was just taken. The head is that of what was read, up
 * to its size. */
static void move_place(struct input *input)
{
    struct spool_place *place = &input->place;

    place->byte_offset = input->lines.offset;
    place->line_number = input->lines.number;
    if (input->path && place->head_size < HEAD_SIZE) {
        size_t wanted =
            place->byte_offset < HEAD_SIZE ? (size_t)place->byte_offset : HEAD_SIZE;
        ssize_t got = pread(input->fd, input->head, wanted, 0);
        place->head_size = got > 0 ? (uint64_t)got : 0;
        sha256_of(input->head, place->head_size, place->head_sha256);
    }
}

static enum input_got hand_out(struct input *input, const struct line *taken,
                               struct input_line *line)
{
    move_place(input);
    *line = (struct input_line){.bytes = taken->bytes,
                                .size = taken->size,
                                .too_long = taken->too_long,
                                .file = input->file,
                                .number = input->lines.number,
                                .unfinished = !input->follow && taken->unfinished,
                                .path = input->path,
                                .place = input->place};
    if (input->former.is_saved) {
        line->former_path = input->former.path;
        line->former = input->former.place;
        input->former.is_saved = false;
    }
    return INPUT_LINE;
}

enum input_got input_next(struct input *input, int timeout_ms, struct input_line *line,
                          struct err *e)
{
    enum input_got got;
    struct line taken;

    for (;;) {
        if (input->fd >= 0) {
            if (lines_next(&input->lines, input->finishing, &taken))
                return hand_out(input, &taken, line);
            if (input->finishing && input->follow && input->path) {
                retire(input);
                continue;
            }
            if (input->finishing) {
                close_file(&input->fd);
                continue;
            }
            got = read_more(input, timeout_ms, e);
        } else {
            got =
                input->follow ? open_followed(input, timeout_ms, e) : open_next(input, e);
        }
        if (got != INPUT_LINE) /* which here only means: go on */
            return got;
    }
}

/* ---- the calls ---- */

/* Its lines would be accepted twice. */
static enum outcome refuse_twice(const struct input *input, size_t index,
                                 const struct stat *status, struct err *e)
{
    struct stat other;

    for (size_t i = 0; i < index; i++)
        if (input->files[i] != standard_input && stat(input->files[i], &other) == 0
            && other.st_dev == status->st_dev && other.st_ino == status->st_ino)
            return err_exit(e, EX_USAGE, "%s and %s are the same file", input->files[i],
                            input->files[index]);
    return DONE;
}

/* Without opening them: a pipe would notice. */
static enum outcome check_files(const struct input *input, struct err *e)
{
    struct stat status;

    for (size_t i = 0; i < input->count; i++) {
        const char *file = input->files[i];
        bool found;
        if (file == standard_input)
            continue;
        found = stat(file, &status) == 0;
        if (!found && errno == ENOENT && input->follow)
            continue;
        if (found && S_ISREG(status.st_mode) && refuse_twice(input, i, &status, e))
            return e->outcome;
        if (found && S_ISDIR(status.st_mode))
            errno = EISDIR;
        else if (found && access(file, R_OK) == 0)
            continue;
        failed(file, e);
        return FATAL;
    }
    return DONE;
}

struct input *input_open(struct spool *spool, const char *const *files, size_t count,
                         const struct input_settings *settings, struct err *e)
{
    struct input *input = xcalloc(1, sizeof *input);

    input->count = count ? count : 1;
    input->files = xcalloc(input->count, sizeof *input->files);
    for (size_t i = 0; i < input->count; i++)
        input->files[i] = count == 0 || strcmp(files[i], standard_input) == 0
                              ? standard_input
                              : files[i];
    input->spool = spool;
    input->follow = settings->follow;
    input->max_line_bytes = settings->max_line_bytes;
    input->quiet_ms = settings->quiet_ms ? settings->quiet_ms : INPUT_QUIET_MS;
    input->fd = input->former.fd = input->present_fd = -1;
    input->paths = xcalloc(input->count, sizeof *input->paths);
    if (check_files(input, e)) {
        input_close(input);
        return NULL;
    }
    return input;
}

static bool stat_input(const char *file, struct stat *status)
{
    return (file == standard_input ? fstat(STDIN_FILENO, status) : stat(file, status))
           == 0;
}

bool input_has(const struct input *input, const char *path)
{
    struct stat wanted, status;

    if (stat(path, &wanted) || !S_ISREG(wanted.st_mode)) {
        for (size_t i = 0; i < input->count; i++)
            if (strcmp(input->files[i], path) == 0)
                return true;
        return false;
    }
    for (size_t i = 0; i < input->count; i++)
        if (stat_input(input->files[i], &status) && status.st_dev == wanted.st_dev
            && status.st_ino == wanted.st_ino)
            return true;
    return false;
}

bool input_incomplete(const struct input *input)
{
    return input->incomplete;
}

void input_close(struct input *input)
{
    if (!input)
        return;
    if (!input->in_former)
        close_file(&input->fd);
    close_file(&input->former.fd);
    close_file(&input->present_fd);
    free(input->former.path);
    lines_end(&input->lines);
    for (size_t i = 0; i < input->count; i++)
        free(input->paths[i]);
    free(input->paths);
    free(input->files);
    free(input);
}
