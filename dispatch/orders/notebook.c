/* notebook.c - the file, as an SQLite database. */
#include "dispatch/orders/notebook.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "common/arena.h"

enum {
    APPLICATION_ID = 0x676c6f72, /* "glor" */
    BUSY_MS = 5000               /* for one that is just ending */
};

static const char session_sql[] = "pragma locking_mode = exclusive;"
                                  "pragma journal_mode = wal;"
                                  "pragma synchronous = full;"
                                  "begin immediate; commit;";
static const char create_sql[] =
    "begin immediate;"
    "create table about(unit text not null, topic text not null, cluster_id text not "
    "null,"
    "  topic_id text not null);"
    "create table place(partition integer primary key, next_offset integer not null);"
    "create table taken(order_id blob primary key) without rowid;";
static const char created_sql[] = "pragma application_id = 0x676c6f72;"
                                  "pragma user_version = 1;"
                                  "commit;";

struct notebook {
    char *path;
    sqlite3 *db;
};

/* ---- statements ---- */

static enum outcome fail(struct notebook *m, struct err *e)
{
    int code = sqlite3_errcode(m->db), exit_code = EX_IOERR;

    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        err_set(e, RETRY, "%s: another process uses it", m->path);
    else {
        if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
            exit_code = EX_DATAERR;
        else if (code == SQLITE_CANTOPEN)
            exit_code = EX_CANTCREAT;
        else if (code == SQLITE_READONLY || code == SQLITE_PERM)
            exit_code = EX_NOPERM;
        err_exit(e, exit_code, "%s: %s", m->path, sqlite3_errmsg(m->db));
    }
    if (!sqlite3_get_autocommit(m->db))
        sqlite3_exec(m->db, "rollback", NULL, NULL, NULL);
    return e->outcome;
}

static enum outcome run(struct notebook *m, const char *sql, struct err *e)
{
    return sqlite3_exec(m->db, sql, NULL, NULL, NULL) ? fail(m, e) : DONE;
}

/* NULL: see fail(). */
static sqlite3_stmt *prepare(struct notebook *m, const char *sql)
{
    sqlite3_stmt *s = NULL;

    sqlite3_prepare_v2(m->db, sql, -1, &s, NULL);
    return s;
}

/* Runs a statement without rows, and frees it; NULL: it could not be prepared. */
static enum outcome finish(struct notebook *m, sqlite3_stmt *s, struct err *e)
{
    enum outcome outcome = s && sqlite3_step(s) == SQLITE_DONE ? DONE : fail(m, e);

    sqlite3_finalize(s);
    return outcome;
}

static void bind_texts(sqlite3_stmt *s, const char *const *texts, int count)
{
    for (int i = 0; s && i < count; i++)
        sqlite3_bind_text(s, i + 1, texts[i], -1, SQLITE_STATIC);
}

/* ---- opening ---- */

static enum outcome read_number(struct notebook *m, const char *sql, int64_t *number,
                                struct err *e)
{
    sqlite3_stmt *s = prepare(m, sql);
    enum outcome outcome = s && sqlite3_step(s) == SQLITE_ROW ? DONE : fail(m, e);

    if (!outcome)
        *number = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return outcome;
}

static enum outcome make(struct notebook *m, const char *unit, const char *topic,
                         struct err *e)
{
    sqlite3_stmt *s;

    if (run(m, create_sql, e))
        return e->outcome;
    s = prepare(m, "insert into about values (?, ?, '', '')");
    bind_texts(s, (const char *const[]){unit, topic}, 2);
    return finish(m, s, e) ? e->outcome : run(m, created_sql, e);
}

static enum outcome check_about(struct notebook *m, const char *unit, const char *topic,
                                struct err *e)
{
    sqlite3_stmt *s = prepare(m, "select unit, topic from about");
    enum outcome outcome = s && sqlite3_step(s) == SQLITE_ROW ? DONE : fail(m, e);

    if (!outcome
        && (strcmp((const char *)sqlite3_column_text(s, 0), unit) != 0
            || strcmp((const char *)sqlite3_column_text(s, 1), topic) != 0))
        outcome = err_exit(e, EX_DATAERR, "%s belongs to unit %s and topic %s", m->path,
                           sqlite3_column_text(s, 0), sqlite3_column_text(s, 1));
    sqlite3_finalize(s);
    return outcome;
}

static enum outcome open_format(struct notebook *m, const char *unit, const char *topic,
                                struct err *e)
{
    int64_t id = 0, tables = 0;

    if (read_number(m, "pragma application_id", &id, e)
        || read_number(m, "select count(*) from sqlite_master", &tables, e))
        return e->outcome;
    if (id != APPLICATION_ID && tables > 0)
        return err_exit(e, EX_DATAERR,
                        "%s is not gridloop-orders' own; it was left as it is", m->path);
    if (run(m, session_sql, e))
        return e->outcome;
    return id == APPLICATION_ID ? check_about(m, unit, topic, e)
                                : make(m, unit, topic, e);
}

struct notebook *notebook_open(const char *path, const char *unit, const char *topic,
                               struct err *e)
{
    struct notebook *m = xcalloc(1, sizeof *m);
    mode_t mask = umask(077);
    int code =
        sqlite3_open_v2(path, &m->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);

    m->path = xstrdup(path);
    if (m->db)
        sqlite3_busy_timeout(m->db, BUSY_MS);
    if (!m->db)
        err_exit(e, EX_OSERR, "%s: out of memory", path);
    else if (code)
        fail(m, e);
    else
        code = open_format(m, unit, topic, e) != DONE;
    umask(mask);
    if (m->db && !code)
        return m;
    notebook_close(m);
    return NULL;
}

void notebook_close(struct notebook *m)
{
    if (!m)
        return;
    sqlite3_close(m->db);
    free(m->path);
    free(m);
}

/* ---- places ---- */

static enum outcome begin_anew(struct notebook *m, const char *cluster_id,
                               const char *topic_id, struct err *e)
{
    sqlite3_stmt *s;

    if (run(m, "begin; delete from place", e))
        return e->outcome;
    s = prepare(m, "update about set cluster_id = ?, topic_id = ?");
    bind_texts(s, (const char *const[]){cluster_id, topic_id}, 2);
    return finish(m, s, e) ? e->outcome : run(m, "commit", e);
}

enum outcome notebook_meet_topic(struct notebook *m, const char *cluster_id,
                                 const char *topic_id, bool *is_new, struct err *e)
{
    sqlite3_stmt *s =
        prepare(m, "select cluster_id = ? and topic_id = ?, topic_id <> '' from about");
    bool is_same, is_known;

    bind_texts(s, (const char *const[]){cluster_id, topic_id}, 2);
    if (!s || sqlite3_step(s) != SQLITE_ROW) {
        sqlite3_finalize(s);
        return fail(m, e);
    }
    is_same = sqlite3_column_int(s, 0);
    is_known = sqlite3_column_int(s, 1);
    sqlite3_finalize(s);
    *is_new = !is_same && is_known;
    return is_same ? DONE : begin_anew(m, cluster_id, topic_id, e);
}

enum outcome notebook_places(struct notebook *m, struct kafka_place **places,
                             size_t *count, struct err *e)
{
    sqlite3_stmt *s = prepare(m, "select partition, next_offset from place");
    int code = SQLITE_ERROR;

    *places = NULL;
    *count = 0;
    while (s && (code = sqlite3_step(s)) == SQLITE_ROW) {
        *places = xrealloc(*places, (*count + 1) * sizeof **places);
        (*places)[(*count)++] =
            (struct kafka_place){sqlite3_column_int(s, 0), sqlite3_column_int64(s, 1)};
    }
    sqlite3_finalize(s);
    return code == SQLITE_DONE ? DONE : fail(m, e);
}

/* ---- orders ---- */

enum outcome notebook_has_taken(struct notebook *m, const uint8_t order_id[UUID_SIZE],
                                bool *has_taken, struct err *e)
{
    sqlite3_stmt *s = prepare(m, "select 1 from taken where order_id = ?");
    int code = SQLITE_ERROR;

    if (s) {
        sqlite3_bind_blob(s, 1, order_id, UUID_SIZE, SQLITE_STATIC);
        code = sqlite3_step(s);
    }
    *has_taken = code == SQLITE_ROW;
    sqlite3_finalize(s);
    return code == SQLITE_ROW || code == SQLITE_DONE ? DONE : fail(m, e);
}

static enum outcome add_taken(struct notebook *m, const uint8_t *order_id, struct err *e)
{
    sqlite3_stmt *s = prepare(m, "insert or ignore into taken values (?)");

    if (s)
        sqlite3_bind_blob(s, 1, order_id, UUID_SIZE, SQLITE_STATIC);
    return finish(m, s, e);
}

enum outcome notebook_take(struct notebook *m, const uint8_t *order_id,
                           struct kafka_place place, struct err *e)
{
    sqlite3_stmt *s;

    if (order_id && add_taken(m, order_id, e))
        return e->outcome;
    s = prepare(m, "insert or replace into place values (?, ?)");
    if (s) {
        sqlite3_bind_int(s, 1, place.partition);
        sqlite3_bind_int64(s, 2, place.offset);
    }
    return finish(m, s, e);
}

enum outcome notebook_begin(struct notebook *m, struct err *e)
{
    return run(m, "begin immediate", e);
}

enum outcome notebook_commit(struct notebook *m, struct err *e)
{
    return run(m, "commit", e);
}
