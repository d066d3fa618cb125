/* spool.c - the spool as an SQLite file. */
#include "producers/runtime/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/text.h"

enum {
    APPLICATION_ID = 0x676c7370, /* "glsp" */
    FORMAT = 1,                  /* user_version */
    BUSY_MS = 5000,
    LOCK_EVERY_MS = 20,
    READ_BYTES = 4 << 20, /* spool_read() stops behind the event that reaches this */
    RESERVE_BYTES = 12 << 20,
    LOCK_CREATE = 0, /* bytes of path.lock */
    LOCK_DELIVER = 1
};

/* One transaction, made before WAL is switched on: so a file that is not empty always
 * says whose it is. autoincrement: a sequence that was deleted must not come again
 * behind a reader's back. */
static const char create_sql[] = "begin immediate;"
                                 "create table event("
                                 "  sequence integer primary key autoincrement,"
                                 "  event_id blob not null,"
                                 "  topic text not null,"
                                 "  key blob not null,"
                                 "  value blob not null,"
                                 "  headers blob not null);"
                                 "create table place("
                                 "  path text primary key,"
                                 "  device integer not null,"
                                 "  inode integer not null,"
                                 "  byte_offset integer not null,"
                                 "  line_number integer not null,"
                                 "  head_sha256 blob not null,"
                                 "  head_size integer not null) without rowid;"
                                 "pragma application_id = 0x676c7370;"
                                 "pragma user_version = 1;"
                                 "commit;";

/* extra: in WAL mode the same as full; but where a file system cannot have WAL, SQLite
 * only says so and goes on with a journal, whose removal full does not sync.
 * secure_delete is on in some distributions and would write every deleted page once
 * more. */
static const char session_sql[] = "pragma journal_mode = wal;"
                                  "pragma synchronous = extra;"
                                  "pragma secure_delete = off;"
                                  "pragma journal_size_limit = 33554432;";

enum statement {
    BEGIN,
    COMMIT,
    ADD,
    DELETE,
    FIRST_PLACE,
    MOVE_PLACE,
    LOAD_PLACE,
    READ,
    FIRST,
    LAST,
    COUNT,
    PAGES,
    FREE_PAGES,
    PAGE_SIZE,
    EACH_ID,
    STATEMENTS
};

static const char *const statement_sql[STATEMENTS] = {
    [BEGIN] = "begin immediate",
    [COMMIT] = "commit",
    [ADD] = "insert into event(event_id, topic, key, value, headers) values(?1, ?2, ?3, "
            "?4, ?5)",
    [DELETE] = "delete from event where sequence between ?1 and ?2",
    [FIRST_PLACE] = "insert into place values(?1, ?2, ?3, ?4, ?5, ?6, ?7) "
                    "on conflict(path) do nothing",
    [MOVE_PLACE] = "update place set device = ?2, inode = ?3, byte_offset = ?4, "
                   "line_number = ?5, head_sha256 = ?6, head_size = ?7 "
                   "where path = ?1 and device = ?8 and inode = ?9 and byte_offset = ?10",
    [LOAD_PLACE] =
        "select device, inode, byte_offset, line_number, head_sha256, head_size "
        "from place where path = ?1",
    [READ] = "select sequence, event_id, topic, key, value, headers from event "
             "where sequence > ?1 order by sequence limit ?2",
    [FIRST] = "select coalesce(min(sequence), 0) from event",
    [LAST] = "select coalesce(max(sequence), 0) from event",
    [COUNT] = "select count(*) from event",
    [PAGES] = "pragma page_count",
    [FREE_PAGES] = "pragma freelist_count",
    [PAGE_SIZE] = "pragma page_size",
    [EACH_ID] = "select event_id from event order by sequence",
};

/* A path's place as this process has last loaded or saved it. */
struct known_place {
    struct known_place *next;
    char *path;
    bool found; /* there is one */
    struct spool_place place;
    bool moves; /* in the open group, to: */
    struct spool_place to;
};

struct spool {
    char *path;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS]; /* prepared at their first use */
    struct arena *arena;                  /* of what spool_read() gave */
    uint64_t max_bytes;
    int lock_fd, reserve_fd;
    bool delivers;
    bool may_add; /* in the open group */
    struct known_place *known;
};

/* ---- the reserve ----
 *
 * A full disk must not keep what is delivered from being deleted. But in WAL mode even
 * that writes, and a log that has grown can only be moved into the spool if the spool
 * may grow too. So room for that is held by a file, nothing is added without it, and it
 * is given up when the disk is full. */

/* Its size tells: only fallocate makes it larger, and st_blocks is small where a file
 * system compresses zeros. */
static bool hold_reserve(struct spool *spool, uint64_t bytes)
{
    struct stat status;
    int code;

    if (fstat(spool->reserve_fd, &status) == 0 && (uint64_t)status.st_size >= bytes)
        return true;
    do
        code = posix_fallocate(spool->reserve_fd, 0, (off_t)bytes);
    while (code == EINTR);
    if (code)
        (void)!ftruncate(spool->reserve_fd, 0); /* a part of it is no use */
    return code == 0;
}

/* Uses it at once, before somebody else does. */
static void spend_reserve(struct spool *spool)
{
    if (spool->reserve_fd >= 0 && ftruncate(spool->reserve_fd, 0) == 0)
        sqlite3_wal_checkpoint_v2(spool->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

/* ---- errors ---- */

/* After a failed fsync nobody knows what is on the disk, whatever the errno: never come
 * again. */
static bool disk_is_full(int code, sqlite3 *db)
{
    int error = sqlite3_system_errno(db);

    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
        return false;
    return (code & 0xff) == SQLITE_FULL
           || ((code & 0xff) == SQLITE_IOERR && (error == ENOSPC || error == EDQUOT));
}

static int exit_code_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return EX_DATAERR; /* to be moved away by a person; what was delivered is safe */
    case SQLITE_CANTOPEN: return EX_CANTCREAT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return EX_NOPERM;
    case SQLITE_IOERR: return EX_IOERR;
    case SQLITE_NOMEM: return EX_OSERR;
    default: return EX_SOFTWARE;
    }
}

static void roll_back(struct spool *spool)
{
    if (!sqlite3_get_autocommit(spool->db))
        sqlite3_exec(spool->db, "rollback", NULL, NULL, NULL);
}

/* Ends an open transaction; an SQLite error becomes an outcome. */
static enum outcome fail(struct spool *spool, const char *doing, struct err *e)
{
    int code = sqlite3_extended_errcode(spool->db);
    bool full = disk_is_full(code, spool->db);

    if (full)
        err_set(e, RETRY, "spool %s: the disk is full", spool->path);
    else if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED)
        err_set(e, RETRY, "spool %s: %s: another process keeps it locked", spool->path,
                doing);
    else
        err_exit(e, exit_code_of(code), "spool %s: %s: %s", spool->path, doing,
                 sqlite3_errmsg(spool->db));
    roll_back(spool);
    if (full)
        spend_reserve(spool);
    return e->outcome;
}

/* ---- statements ---- */

/* Ready to be bound; NULL: see fail(). */
static sqlite3_stmt *statement(struct spool *spool, enum statement which)
{
    sqlite3_stmt **at = &spool->statements[which];

    if (!*at
        && sqlite3_prepare_v3(spool->db, statement_sql[which], -1,
                              SQLITE_PREPARE_PERSISTENT, at, NULL))
        return NULL;
    return *at;
}

/* Runs a statement that gives no rows. */
static enum outcome run(struct spool *spool, sqlite3_stmt *s, const char *doing,
                        struct err *e)
{
    enum outcome outcome = DONE;

    if (!s || sqlite3_step(s) != SQLITE_DONE)
        outcome = fail(spool, doing, e);
    sqlite3_reset(s); /* NULL is fine */
    return outcome;
}

static enum outcome number(struct spool *spool, enum statement which, uint64_t *out,
                           struct err *e)
{
    sqlite3_stmt *s = statement(spool, which);
    enum outcome outcome = DONE;

    if (!s || sqlite3_step(s) != SQLITE_ROW)
        outcome = fail(spool, "reading", e);
    else
        *out = (uint64_t)sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return outcome;
}

static void bind_number(sqlite3_stmt *s, int at, uint64_t value)
{
    sqlite3_bind_int64(s, at, (sqlite3_int64)value);
}

/* The memory stays where it is until the statement has run. */
static void bind_bytes(sqlite3_stmt *s, int at, const void *bytes, size_t size)
{
    sqlite3_bind_blob64(s, at, bytes, size, SQLITE_STATIC);
}

static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
    sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

/* ---- opening ---- */

static bool lock_byte(int fd, off_t byte)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static void unlock_byte(int fd, off_t byte)
{
    struct flock lock = {
        .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    fcntl(fd, F_OFD_SETLK, &lock);
}

static enum outcome cannot_open(const char *path, struct err *e)
{
    return err_exit(e, errno == EACCES || errno == EROFS ? EX_NOPERM : EX_CANTCREAT,
                    "spool %s: %s", path, strerror(errno));
}

/* A file beside the spool; < 0: *e says why. */
static int open_beside(const struct spool *spool, const char *suffix, struct err *e)
{
    struct text path = {0};
    int fd;

    text_format(&path, "%s%s", spool->path, suffix);
    fd = open(path.bytes, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        cannot_open(path.bytes, e);
    text_free(&path);
    return fd;
}

/* Whoever makes the spool has this for a moment. Not F_OFD_SETLKW: it would wait for a
 * process that hangs, whatever signal comes. */
static enum outcome lock_creation(struct spool *spool, struct err *e)
{
    for (int waited_ms = 0; !lock_byte(spool->lock_fd, LOCK_CREATE);
         waited_ms += LOCK_EVERY_MS) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return cannot_open(spool->path, e);
        if (waited_ms >= BUSY_MS)
            return err_set(e, RETRY, "spool %s: opening: another process keeps it locked",
                           spool->path);
        poll(NULL, 0, LOCK_EVERY_MS);
    }
    return DONE;
}

/* False: somebody has removed the file that we hold open. */
static bool lock_is_there(const struct spool *spool)
{
    struct text path = {0};
    struct stat ours, there;
    bool same;

    text_format(&path, "%s.lock", spool->path);
    same = fstat(spool->lock_fd, &ours) == 0 && stat(path.bytes, &there) == 0
           && ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
    text_free(&path);
    return same;
}

/* path.lock: SQLite's own locks are on the spool itself. Held open; locks end with the
 * process. */
static enum outcome open_lock(struct spool *spool, struct err *e)
{
    do {
        if (spool->lock_fd >= 0)
            close(spool->lock_fd);
        spool->lock_fd = open_beside(spool, ".lock", e);
        if (spool->lock_fd < 0 || lock_creation(spool, e))
            return e->outcome;
    } while (!lock_is_there(spool));
    return DONE;
}

static enum outcome open_reserve(struct spool *spool, struct err *e)
{
    spool->reserve_fd = open_beside(spool, ".reserve", e);
    return spool->reserve_fd < 0 ? e->outcome : DONE;
}

static uint32_t big_endian(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Looks at the bytes before SQLite does, which could add its own files beside somebody
 * else's. Beside an unfinished creation of ours lies a journal. */
static enum outcome refuse_foreign(struct spool *spool, int fd, struct err *e)
{
    unsigned char head[100] = {0};
    struct text journal = {0};
    struct stat status;
    bool ours;

    if (fstat(fd, &status))
        return cannot_open(spool->path, e);
    text_format(&journal, "%s-journal", spool->path);
    ours = S_ISREG(status.st_mode)
           && (status.st_size == 0 || access(journal.bytes, F_OK) == 0
               || (pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head
                   && memcmp(head, "SQLite format 3", 16) == 0
                   && big_endian(head + 68) == APPLICATION_ID));
    text_free(&journal);
    return ours ? DONE
                : err_exit(e, EX_DATAERR, "%s is not a spool; it was left as it is",
                           spool->path);
}

/* The spool's file with nobody else's rights: events are in it. Closed again before
 * SQLite opens it: closing a descriptor later would drop SQLite's POSIX locks. By
 * whatever links it was named, the files beside it have to be the same: so it must be
 * there before they are, empty. */
static enum outcome make_file(struct spool *spool, struct err *e)
{
    int fd = open(spool->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    char *real = fd < 0 ? NULL : realpath(spool->path, NULL);

    if (!real)
        cannot_open(spool->path, e);
    if (fd >= 0)
        close(fd);
    if (!real)
        return e->outcome;
    free(spool->path);
    spool->path = real;
    return DONE;
}

static enum outcome check_file(struct spool *spool, struct err *e)
{
    int fd = open(spool->path, O_RDONLY | O_CLOEXEC);
    enum outcome outcome;

    if (fd < 0)
        return cannot_open(spool->path, e);
    outcome = refuse_foreign(spool, fd, e);
    close(fd);
    return outcome;
}

static enum outcome read_pragma(struct spool *spool, const char *sql, int *out,
                                struct err *e)
{
    sqlite3_stmt *s = NULL;
    enum outcome outcome = DONE;

    if (sqlite3_prepare_v2(spool->db, sql, -1, &s, NULL) || sqlite3_step(s) != SQLITE_ROW)
        outcome = fail(spool, "opening", e);
    else
        *out = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    return outcome;
}

static enum outcome open_format(struct spool *spool, struct err *e)
{
    int id = 0, format = 0;

    if (read_pragma(spool, "pragma application_id", &id, e)
        || read_pragma(spool, "pragma user_version", &format, e))
        return e->outcome;
    if (format > FORMAT)
        return err_exit(
            e, EX_DATAERR,
            "spool %s: made by a newer version (format %d; this one knows %d)",
            spool->path, format, FORMAT);
    if (id != APPLICATION_ID && sqlite3_exec(spool->db, create_sql, NULL, NULL, NULL))
        return fail(spool, "creating", e);
    if (sqlite3_exec(spool->db, session_sql, NULL, NULL, NULL))
        return fail(spool, "opening", e);
    return DONE;
}

static enum outcome open_db(struct spool *spool, int flags, struct err *e)
{
    int code =
        sqlite3_open_v2(spool->path, &spool->db, flags | SQLITE_OPEN_NOMUTEX, NULL);

    if (!spool->db)
        return err_exit(e, EX_OSERR, "spool %s: %s", spool->path, sqlite3_errstr(code));
    if (code)
        return fail(spool, "opening", e);
    sqlite3_busy_timeout(spool->db, BUSY_MS);
    return DONE;
}

static struct spool *spool_new(const char *path, uint64_t max_bytes)
{
    struct spool *spool = xcalloc(1, sizeof *spool);

    spool->path = xstrdup(path);
    spool->arena = arena_new();
    spool->max_bytes = max_bytes;
    spool->lock_fd = spool->reserve_fd = -1;
    return spool;
}

struct spool *spool_open(const char *path, uint64_t max_bytes, struct err *e)
{
    struct spool *spool = spool_new(path, max_bytes);

    if (make_file(spool, e) || open_lock(spool, e) || check_file(spool, e)
        || open_db(spool, SQLITE_OPEN_READWRITE, e) || open_reserve(spool, e)
        || open_format(spool, e)) {
        spool_close(spool);
        return NULL;
    }
    unlock_byte(spool->lock_fd, LOCK_CREATE);
    return spool;
}

static void forget_places(struct spool *spool)
{
    while (spool->known) {
        struct known_place *known = spool->known;
        spool->known = known->next;
        free(known->path);
        free(known);
    }
}

void spool_close(struct spool *spool)
{
    if (!spool)
        return;
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(spool->statements[i]);
    sqlite3_close(spool->db);
    if (spool->lock_fd >= 0)
        close(spool->lock_fd);
    if (spool->reserve_fd >= 0)
        close(spool->reserve_fd);
    arena_free(spool->arena);
    forget_places(spool);
    free(spool->path);
    free(spool);
}

bool spool_is_at(const struct spool *spool, const char *path)
{
    struct stat ours, other;

    return stat(spool->path, &ours) == 0 && stat(path, &other) == 0
           && ours.st_dev == other.st_dev && ours.st_ino == other.st_ino;
}

bool spool_lock_delivery(struct spool *spool)
{
    if (!spool->delivers)
        spool->delivers = lock_byte(spool->lock_fd, LOCK_DELIVER);
    return spool->delivers;
}

/* ---- a group ---- */

enum outcome spool_begin(struct spool *spool, struct err *e)
{
    spool->may_add = false;
    for (struct known_place *known = spool->known; known; known = known->next)
        known->moves = false;
    return run(spool, statement(spool, BEGIN), "beginning", e);
}

enum outcome spool_commit(struct spool *spool, struct err *e)
{
    if (run(spool, statement(spool, COMMIT), "committing", e))
        return e->outcome;
    for (struct known_place *known = spool->known; known; known = known->next)
        if (known->moves) {
            known->found = true;
            known->place = known->to;
        }
    return DONE;
}

/* Once a group. Room within the file is as good as the reserve. */
static enum outcome may_add(struct spool *spool, struct err *e)
{
    uint64_t free_pages = 0, page_size = 0, free_bytes;

    if (spool->may_add)
        return DONE;
    if (number(spool, FREE_PAGES, &free_pages, e)
        || number(spool, PAGE_SIZE, &page_size, e))
        return e->outcome;
    free_bytes = free_pages * page_size;
    spool->may_add =
        free_bytes >= RESERVE_BYTES || hold_reserve(spool, RESERVE_BYTES - free_bytes);
    if (spool->may_add)
        return DONE;
    roll_back(spool);
    return err_set(e, RETRY, "spool %s: the disk is full", spool->path);
}

enum outcome spool_add(struct spool *spool, const struct spool_event *event,
                       struct err *e)
{
    sqlite3_stmt *s = statement(spool, ADD);

    if (may_add(spool, e))
        return e->outcome;
    if (s) {
        bind_bytes(s, 1, event->event_id, sizeof event->event_id);
        bind_text(s, 2, event->topic);
        bind_bytes(s, 3, event->key, event->key_size);
        bind_bytes(s, 4, event->value, event->value_size);
        bind_bytes(s, 5, event->headers, event->headers_size);
    }
    return run(spool, s, "adding", e);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Runs of neighbours go with one statement each. */
enum outcome spool_delete(struct spool *spool, uint64_t *sequences, size_t count,
                          struct err *e)
{
    sqlite3_stmt *s = statement(spool, DELETE);

    qsort(sequences, count, sizeof *sequences, compare);
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin + 1; end < count && sequences[end] == sequences[end - 1] + 1;)
            end++;
        if (s) {
            bind_number(s, 1, sequences[begin]);
            bind_number(s, 2, sequences[end - 1]);
        }
        if (run(spool, s, "deleting", e))
            return e->outcome;
    }
    return DONE;
}

static struct known_place *find_known(const struct spool *spool, const char *path)
{
    struct known_place *known = spool->known;

    while (known && strcmp(known->path, path) != 0)
        known = known->next;
    return known;
}

static void know(struct spool *spool, const char *path, bool found,
                 const struct spool_place *place)
{
    struct known_place *known = find_known(spool, path);

    if (!known) {
        known = xcalloc(1, sizeof *known);
        known->path = xstrdup(path);
        known->next = spool->known;
        spool->known = known;
    }
    known->found = found;
    if (found)
        known->place = *place;
}

static void bind_place(sqlite3_stmt *s, const struct known_place *known)
{
    bind_text(s, 1, known->path);
    bind_number(s, 2, known->to.device);
    bind_number(s, 3, known->to.inode);
    bind_number(s, 4, known->to.byte_offset);
    bind_number(s, 5, known->to.line_number);
    bind_bytes(s, 6, known->to.head_sha256, sizeof known->to.head_sha256);
    bind_number(s, 7, known->to.head_size);
    if (known->found) {
        bind_number(s, 8, known->place.device);
        bind_number(s, 9, known->place.inode);
        bind_number(s, 10, known->place.byte_offset);
    }
}

enum outcome spool_save_place(struct spool *spool, const char *path,
                              const struct spool_place *place, struct err *e)
{
    struct known_place *known = find_known(spool, path);
    sqlite3_stmt *s = statement(spool, known->found ? MOVE_PLACE : FIRST_PLACE);

    known->to = *place;
    known->moves = true;
    if (s)
        bind_place(s, known);
    if (run(spool, s, "saving the place", e))
        return e->outcome;
    if (sqlite3_changes(spool->db) > 0)
        return DONE;
    roll_back(spool);
    return err_exit(e, EX_TEMPFAIL,
                    "%s is being read by another process too, with the same spool; the "
                    "lines of the last group were left to it",
                    path);
}

/* ---- reading ---- */

enum outcome spool_load_place(struct spool *spool, const char *path,
                              struct spool_place *place, bool *found, struct err *e)
{
    sqlite3_stmt *s = statement(spool, LOAD_PLACE);
    enum outcome outcome = DONE;
    int step = SQLITE_ERROR;

    if (s) {
        bind_text(s, 1, path);
        step = sqlite3_step(s);
    }
    *found = step == SQLITE_ROW
             && sqlite3_column_bytes(s, 4) == (int)sizeof place->head_sha256;
    if (*found) {
        *place = (struct spool_place){.device = (uint64_t)sqlite3_column_int64(s, 0),
                                      .inode = (uint64_t)sqlite3_column_int64(s, 1),
                                      .byte_offset = (uint64_t)sqlite3_column_int64(s, 2),
                                      .line_number = (uint64_t)sqlite3_column_int64(s, 3),
                                      .head_size = (uint64_t)sqlite3_column_int64(s, 5)};
        memcpy(place->head_sha256, sqlite3_column_blob(s, 4), sizeof place->head_sha256);
    } else if (step != SQLITE_DONE && step != SQLITE_ROW) {
        outcome = fail(spool, "reading the place", e);
    }
    sqlite3_reset(s);
    if (outcome == DONE)
        know(spool, path, *found, place);
    return outcome;
}

static const void *column(struct spool *spool, sqlite3_stmt *s, int at, size_t *size)
{
    const void *bytes = sqlite3_column_blob(s, at);

    *size = (size_t)sqlite3_column_bytes(s, at);
    return arena_copy(spool->arena, bytes ? bytes : "", *size);
}

static void take_event(struct spool *spool, sqlite3_stmt *s, struct spool_event *event)
{
    size_t size;
    const void *id;

    event->sequence = (uint64_t)sqlite3_column_int64(s, 0);
    id = column(spool, s, 1, &size);
    memcpy(event->event_id, id,
           size < sizeof event->event_id ? size : sizeof event->event_id);
    event->topic = column(spool, s, 2, &size);
    event->key = column(spool, s, 3, &event->key_size);
    event->value = column(spool, s, 4, &event->value_size);
    event->headers = column(spool, s, 5, &event->headers_size);
}

enum outcome spool_read(struct spool *spool, uint64_t after, struct spool_event *events,
                        size_t count, size_t *got, struct err *e)
{
    sqlite3_stmt *s = statement(spool, READ);
    enum outcome outcome = DONE;
    int step = SQLITE_ERROR;

    *got = 0;
    arena_reset(spool->arena, READ_BYTES);
    if (s) {
        bind_number(s, 1, after);
        bind_number(s, 2, count);
        while (arena_used(spool->arena) < READ_BYTES
               && (step = sqlite3_step(s)) == SQLITE_ROW)
            take_event(spool, s, &events[(*got)++]);
    }
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        outcome = fail(spool, "reading", e);
    sqlite3_reset(s);
    return outcome;
}

enum outcome spool_range(struct spool *spool, uint64_t *first, uint64_t *last,
                         struct err *e)
{
    if (number(spool, FIRST, first, e) || number(spool, LAST, last, e))
        return e->outcome;
    return DONE;
}

enum outcome spool_count(struct spool *spool, uint64_t *count, struct err *e)
{
    return number(spool, COUNT, count, e);
}

enum outcome spool_room(struct spool *spool, uint64_t *bytes, struct err *e)
{
    uint64_t pages = 0, free_pages = 0, page_size = 0, used;

    if (number(spool, PAGES, &pages, e) || number(spool, FREE_PAGES, &free_pages, e)
        || number(spool, PAGE_SIZE, &page_size, e))
        return e->outcome;
    used = (pages - free_pages) * page_size;
    *bytes = used < spool->max_bytes ? spool->max_bytes - used : 0;
    return DONE;
}

static enum outcome each_id(struct spool *spool,
                            void (*each)(void *context, const uint8_t event_id[16]),
                            void *context, struct err *e)
{
    sqlite3_stmt *s = statement(spool, EACH_ID);
    int step = SQLITE_ERROR;

    while (s && (step = sqlite3_step(s)) == SQLITE_ROW)
        if (sqlite3_column_bytes(s, 0) == 16)
            each(context, sqlite3_column_blob(s, 0));
    return step == SQLITE_DONE ? DONE : fail(spool, "reading", e);
}

enum outcome spool_each_id(const char *path,
                           void (*each)(void *context, const uint8_t event_id[16]),
                           void *context, struct err *e)
{
    struct spool *spool;
    enum outcome outcome;

    if (access(path, R_OK))
        return err_exit(e, errno == ENOENT ? EX_NOINPUT : EX_NOPERM, "spool %s: %s", path,
                        strerror(errno));
    spool = spool_new(path, 0);
    outcome = open_db(spool, SQLITE_OPEN_READONLY, e);
    if (!outcome)
        outcome = each_id(spool, each, context, e);
    spool_close(spool);
    return outcome;
}
