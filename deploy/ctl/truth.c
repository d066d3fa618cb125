/* truth.c - COPY of truth files and of spools' event ids into temporary tables. */
#include "deploy/ctl/truth.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/hash.h"
#include "common/text.h"
#include "deploy/ctl/ctl.h"
#include "producers/runtime/spool.h"

enum { PIECE = 64 * 1024 };

/* Rows on their way into one temporary table. */
struct rows {
    struct pg *pg;
    struct text lines;
    enum outcome outcome; /* not DONE: the rest is passed over, *e says why */
    struct err *e;
};

static void send_lines(struct rows *rows)
{
    if (rows->outcome == DONE && rows->lines.size)
        rows->outcome =
            pg_copy_put(rows->pg, rows->lines.bytes, rows->lines.size, rows->e);
    text_clear(&rows->lines);
}

static void send_if_many(struct rows *rows)
{
    if (rows->lines.size >= PIECE)
        send_lines(rows);
}

/* Sends what is left and ends the COPY; outcome: of making the rows. */
static enum outcome end_rows(struct rows *rows, enum outcome outcome)
{
    if (rows->outcome == DONE)
        rows->outcome = outcome;
    send_lines(rows);
    text_free(&rows->lines);
    return rows->outcome == DONE ? pg_copy_end(rows->pg, NULL, rows->e) : rows->outcome;
}

/* ---- truth files ----------------------------------------------------------------------------------- */

/* Takes kind and event_id; what stands behind them is for others. False: they are not there. */
static bool add_accepted(struct rows *rows, const char *line)
{
    size_t kind_size = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    const char *id = line + kind_size + 1;
    size_t id_size = line[kind_size] == '\t' ? strcspn(id, "\t\r\n") : 0;
    uint8_t event_id[UUID_SIZE];

    if (!kind_size || !id_size || !uuid_parse(event_id, id, id_size))
        return false;
    text_add(&rows->lines, line, kind_size + 1 + id_size);
    text_add_string(&rows->lines, "\n");
    send_if_many(rows);
    return true;
}

static enum outcome cannot_read(const char *path, struct err *e)
{
    return err_exit(e, EX_NOINPUT, "%s: %s", path, strerror(errno));
}

static enum outcome read_lines(struct rows *rows, FILE *file, const char *path)
{
    char *line = NULL;
    size_t room = 0, number = 0;
    enum outcome outcome = DONE;

    while (outcome == DONE && rows->outcome == DONE && getline(&line, &room, file) > 0) {
        number++;
        if (*line != '#' && !add_accepted(rows, line))
            outcome = err_exit(rows->e, EX_DATAERR,
                               "%s:%zu: not kind and event_id, separated by a tab", path,
                               number);
    }
    free(line);
    return outcome == DONE && ferror(file) ? cannot_read(path, rows->e) : outcome;
}

static enum outcome load_file(struct pg *pg, const char *path, struct err *e)
{
    struct rows rows = {.pg = pg, .e = e};
    FILE *file = fopen(path, "re");
    enum outcome outcome;

    if (!file)
        return cannot_read(path, e);
    outcome = pg_copy_begin(pg, "copy accepted (kind, event_id) from stdin", e);
    if (outcome == DONE)
        outcome = end_rows(&rows, read_lines(&rows, file, path));
    fclose(file);
    return outcome;
}

/* ---- spools ---------------------------------------------------------------------------------------- */

static void add_id(void *context, const uint8_t event_id[16])
{
    struct rows *rows = context;
    char id[UUID_TEXT_SIZE];

    uuid_format(id, event_id);
    text_format(&rows->lines, "%s\n", id);
    send_if_many(rows);
}

static enum outcome load_spool(struct pg *pg, const char *path, struct err *e)
{
    struct rows rows = {.pg = pg, .e = e};

    if (pg_copy_begin(pg, "copy spooled (event_id) from stdin", e))
        return e->outcome;
    return end_rows(&rows, spool_each_id(path, add_id, &rows, e));
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
