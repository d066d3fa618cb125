/* truth.c - COPY of truth files and of spools' event ids into temporary tables. */
#include "deploy/ctl/truth.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/hash.h"
#include "common/text.h"
#include "deploy/ctl/ctl.h"
#include "producers/runtime/spool.h"

enum { PIECE = 64 * 1024 };

/* ---- truth files ----------------------------------------------------------------------------------- */

static enum outcome cannot_read(const char *path, struct err *e)
{
    return err_exit(e, EX_NOINPUT, "%s: %s", path, strerror(errno));
}

/* Without its heading the file's first event would be taken for it. */
static enum outcome check_heading(FILE *file, const char *path, struct err *e)
{
    int first = getc(file);

    if (ferror(file))
        return cannot_read(path, e);
    if (first != '#')
        return err_exit(e, EX_DATAERR,
                        "%s: does not begin with a heading (# kind, event_id, repeat_of)",
                        path);
    ungetc(first, file);
    return DONE;
}

/* What the server says about a row is about this file, and not a bug. */
static enum outcome blame(struct pg *pg, const char *path, struct err *e)
{
    if (strncmp(pg_sqlstate(pg), "22", 2) != 0)
        return err_wrap(e, "%s", path);
    return err_exit(e, EX_DATAERR,
                    "%s:%zu: not kind, event_id and repeat_of, separated by tabs", path,
                    pg_copy_line(pg));
}

static enum outcome copy_pieces(struct pg *pg, FILE *file, const char *path,
                                struct err *e)
{
    static char piece[PIECE];
    size_t size;

    while ((size = fread(piece, 1, sizeof piece, file)) > 0)
        if (pg_copy_put(pg, piece, size, e))
            return blame(pg, path, e);
    if (ferror(file))
        return cannot_read(path, e);
    return pg_copy_end(pg, NULL, e) ? blame(pg, path, e) : DONE;
}

static enum outcome copy_file(struct pg *pg, FILE *file, const char *path, struct err *e)
{
    if (check_heading(file, path, e))
        return e->outcome;
    if (pg_copy_begin(
            pg, "copy accepted (kind, event_id, repeat_of) from stdin (null '-', header)",
            e))
        return e->outcome;
    return copy_pieces(pg, file, path, e);
}

static enum outcome load_file(struct pg *pg, const char *path, struct err *e)
{
    FILE *file = fopen(path, "re");
    enum outcome outcome;

    if (!file)
        return cannot_read(path, e);
    outcome = copy_file(pg, file, path, e);
    fclose(file);
    return outcome;
}

/* ---- spools ---------------------------------------------------------------------------------------- */

struct id_copy {
    struct pg *pg;
    struct text lines;
    enum outcome outcome; /* not DONE: the rest is passed over */
    struct err *e;
};

static void send_lines(struct id_copy *copy)
{
    if (copy->outcome == DONE && copy->lines.size)
        copy->outcome =
            pg_copy_put(copy->pg, copy->lines.bytes, copy->lines.size, copy->e);
    text_clear(&copy->lines);
}

static void add_id(void *context, const uint8_t event_id[16])
{
    struct id_copy *copy = context;
    char id[UUID_TEXT_SIZE];

    uuid_format(id, event_id);
    text_format(&copy->lines, "%s\n", id);
    if (copy->lines.size >= PIECE)
        send_lines(copy);
}

static enum outcome load_spool(struct pg *pg, const char *path, struct err *e)
{
    struct id_copy copy = {.pg = pg, .e = e};

    if (pg_copy_begin(pg, "copy spooled (event_id) from stdin", e))
        return e->outcome;
    if (spool_each_id(path, add_id, &copy, e))
        copy.outcome = e->outcome;
    send_lines(&copy);
    text_free(&copy.lines);
    if (copy.outcome == DONE)
        copy.outcome = pg_copy_end(pg, NULL, e);
    return copy.outcome == DONE ? DONE : err_wrap(e, "%s", path);
}

/* ---- both ------------------------------------------------------------------------------------------ */

enum outcome truth_load(struct pg *pg, const struct option_list *files,
                        const struct option_list *spools, struct err *e)
{
    if (pg_run(pg, ctl_sql("verify_truth_tables"), e))
        return e->outcome;
    for (size_t i = 0; i < files->count; i++)
        if (load_file(pg, files->items[i], e))
            return e->outcome;
    for (size_t i = 0; i < spools->count; i++)
        if (load_spool(pg, spools->items[i], e))
            return e->outcome;
    return pg_run(pg, "analyze accepted, spooled", e);
}
