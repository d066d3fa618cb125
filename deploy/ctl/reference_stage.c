/* reference_stage.c - one file becomes rows of its table: through a temporary table of the same name, so that the
 * server looks at types and constraints and says the line. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/hash.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/reference.h"

enum { MOST_FILE_BYTES = 256 << 20, PIECE_BYTES = 64 << 10 };

/* Areas come as GeoJSON alone, the others as CSV. */
const char *const reference_tables[] = {"area",       "unit",       "responsibility",
                                        "category",   "dedup_rule", "position_default",
                                        "time_zone",  "case_state", "transition",
                                        "time_limit", "calendar",   NULL};

struct stage {
    struct pg *pg;
    int32_t version;
};

/* ---- files ---- */

const char *reference_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool is_geojson(const char *path)
{
    size_t size = strlen(path);

    return size > 8 && strcmp(path + size - 8, ".geojson") == 0;
}

const char *reference_table_of(const char *path)
{
    const char *name = reference_base_name(path);
    size_t size = strcspn(name, ".-");

    if (is_geojson(path))
        return reference_tables[0];
    for (const char *const *table = reference_tables + 1; *table; table++)
        if (strlen(*table) == size && strncmp(*table, name, size) == 0)
            return *table;
    return NULL;
}

static enum outcome read_file(const char *path, struct text *out, struct err *e)
{
    FILE *file = fopen(path, "re");
    char piece[PIECE_BYTES];
    size_t got;
    bool failed;

    if (!file)
        return err_exit(e, EX_NOINPUT, "%s: %s", path, strerror(errno));
    while (out->size < MOST_FILE_BYTES && (got = fread(piece, 1, sizeof piece, file)) > 0)
        text_add(out, piece, got);
    failed = ferror(file) != 0;
    fclose(file);
    if (failed)
        return err_exit(e, EX_NOINPUT, "%s: %s", path, strerror(errno));
    if (out->size >= MOST_FILE_BYTES)
        return err_exit(e, EX_DATAERR, "%s: it is larger than %d MiB", path,
                        MOST_FILE_BYTES >> 20);
    return out->size ? DONE : err_exit(e, EX_DATAERR, "%s: it is empty", path);
}

/* ---- into a temporary table of the same name ---- */

/* Like the table, with version and hash as defaults; and dates as text, so that one without a zone is seen. */
static enum outcome make_table(struct stage *stage, const char *table,
                               const struct text *content, struct err *e)
{
    struct text sql = {0};
    uint8_t digest[SHA256_SIZE];
    enum outcome outcome;

    sha256_of(content->bytes, content->size, digest);
    text_format(&sql,
                "create temporary table %s (like reference.%s including defaults "
                "including constraints,"
                " valid_from_text text constraint valid_from_has_a_zone check "
                "(valid_from_text ~ '(Z|[+-][0-9]{2}:[0-9]{2})$'),"
                " valid_to_text text constraint valid_to_has_a_zone check "
                "(valid_to_text ~ '(Z|[+-][0-9]{2}:[0-9]{2})$')) on commit drop;"
                "alter table pg_temp.%s alter version set default %" PRId32
                ", alter file_sha256 set default '\\x",
                table, table, table, stage->version);
    for (size_t i = 0; i < sizeof digest; i++)
        text_format(&sql, "%02x", digest[i]);
    text_add_string(&sql, "'");
    outcome = pg_run(stage->pg, sql.bytes, e);
    text_free(&sql);
    return outcome;
}

/* pg_rows(): there is none of that name. */
static size_t find_column(const struct pg_result *columns, const char *name, size_t size)
{
    size_t i = 0;

    while (i < pg_rows(columns)
           && (strlen(pg_value(columns, i, 0)) != size
               || strncmp(pg_value(columns, i, 0), name, size) != 0))
        i++;
    return i;
}

static enum outcome refuse_column(const struct pg_result *columns, const char *name,
                                  size_t size, struct err *e)
{
    err_exit(e, EX_DATAERR, "its header has a column \"%.*s\"; the table's are ",
             (int)(size < 64 ? size : 64), name);
    for (size_t i = 0; i < pg_rows(columns); i++) {
        size_t used = strlen(e->message);
        snprintf(e->message + used, sizeof e->message - used, "%s%s", i ? ", " : "",
                 pg_value(columns, i, 0));
    }
    return e->outcome;
}

static void add_name(struct text *list, const char *name, size_t size, const char *behind)
{
    text_format(list, "%s%.*s%s", list->size ? ", " : "", (int)size, name, behind);
}

/* The columns that a header names, checked one by one; and those of them where an empty field is an empty text. */
static enum outcome read_header(const struct pg_result *columns, const char *header,
                                struct text *names, struct text *empty_texts,
                                struct err *e)
{
    for (;; header++) {
        size_t size = strcspn(header, ",\r\n"),
               column = find_column(columns, header, size);
        bool is_date = size >= 8 && strncmp(header, "valid_", 6) == 0;
        if (column == pg_rows(columns))
            return refuse_column(columns, header, size, e);
        add_name(names, header, size, is_date ? "_text" : "");
        if (pg_number(columns, column, 1))
            add_name(empty_texts, header, size, "");
        header += size;
        if (*header != ',')
            return DONE;
    }
}

/* "copy pg_temp.unit (code, name) from stdin ...". */
static enum outcome write_copy(const struct pg_result *columns, const char *table,
                               const char *header, struct text *sql, struct err *e)
{
    struct text names = {0}, empty_texts = {0};
    enum outcome outcome = read_header(columns, header, &names, &empty_texts, e);

    if (!outcome)
        text_format(
            sql, "copy pg_temp.%s (%s) from stdin (format csv, header true%s%s%s)", table,
            names.bytes, empty_texts.size ? ", force_not_null (" : "",
            empty_texts.size ? empty_texts.bytes : "", empty_texts.size ? ")" : "");
    text_free(&names);
    text_free(&empty_texts);
    return outcome;
}

static enum outcome copy_all(struct pg *pg, const char *sql, const char *csv, size_t size,
                             size_t *count, struct err *e)
{
    if (pg_copy_begin(pg, sql, e))
        return e->outcome;
    while (size > 0) {
        size_t piece = size < PIECE_BYTES ? size : PIECE_BYTES;
        if (pg_copy_put(pg, csv, piece, e))
            return e->outcome;
        csv += piece;
        size -= piece;
    }
    return pg_copy_end(pg, count, e);
}

/* What the server says about a row is the file's fault if its SQLSTATE is of class 22 or 23; the file is the
 * operator's own, so the server's words about it may be shown. */
static enum outcome blame_file(const struct stage *stage, bool is_geojson_file,
                               struct err *e)
{
    const char *state = pg_sqlstate(stage->pg);
    size_t line = pg_copy_line(stage->pg);

    if (strncmp(state, "22", 2) != 0 && strncmp(state, "23", 2) != 0)
        return e->outcome;
    err_exit(e, EX_DATAERR, "%s", pg_message(stage->pg));
    if (line > 1 && is_geojson_file)
        return err_wrap(e, "feature %zu", line - 1);
    return line ? err_wrap(e, "line %zu", line) : e->outcome;
}

static enum outcome fill_table(struct stage *stage, const char *table, const char *csv,
                               size_t size, struct err *e)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    struct pg_result *columns = NULL;
    struct text sql = {0};
    size_t count = 0;
    enum outcome outcome;

    if (size >= 3 && memcmp(csv, byte_order_mark, 3) == 0) {
        csv += 3;
        size -= 3;
    }
    if (pg_query(stage->pg, ctl_sql("reference_columns"), &table, 1, &columns, e))
        return e->outcome;
    outcome = write_copy(columns, table, csv, &sql, e);
    pg_result_free(columns);
    if (!outcome)
        outcome = copy_all(stage->pg, sql.bytes, csv, size, &count, e);
    text_free(&sql);
    if (!outcome && count == 0)
        outcome = err_exit(e, EX_DATAERR, "it has no rows");
    return outcome;
}

static enum outcome move_rows(struct stage *stage, const char *table, struct err *e)
{
    struct text sql = {0};
    enum outcome outcome;

    text_format(&sql,
                "update pg_temp.%s set "
                "valid_from = coalesce(valid_from_text::timestamptz, valid_from), "
                "valid_to = coalesce(valid_to_text::timestamptz, valid_to);"
                "alter table pg_temp.%s drop valid_from_text, drop valid_to_text;"
                "insert into reference.%s select * from pg_temp.%s;"
                "drop table pg_temp.%s",
                table, table, table, table, table);
    outcome = pg_run(stage->pg, sql.bytes, e);
    text_free(&sql);
    return outcome;
}

static enum outcome load_content(struct stage *stage, const char *table, const char *path,
                                 const struct text *content, struct err *e)
{
    struct text csv = {0};
    bool convert = is_geojson(path);
    enum outcome outcome = DONE;

    if (convert)
        outcome = reference_geojson_csv(content->bytes, content->size, &csv, e);
    if (!outcome)
        outcome = make_table(stage, table, content, e);
    if (!outcome) {
        const struct text *from = convert ? &csv : content;
        if (fill_table(stage, table, from->bytes, from->size, e)
            || move_rows(stage, table, e))
            outcome =
                e->exit_code == EX_DATAERR ? e->outcome : blame_file(stage, convert, e);
    }
    text_free(&csv);
    return outcome;
}

enum outcome reference_stage(struct pg *pg, int32_t version, const char *path,
                             struct err *e)
{
    struct stage stage = {pg, version};
    const char *table = reference_table_of(path);
    struct text content = {0};
    enum outcome outcome;

    if (!table)
        return err_exit(e, EX_USAGE,
                        "%s: its name says no table: area (.geojson), unit, "
                        "responsibility, category, dedup_rule, position_default, "
                        "time_zone, case_state, transition, time_limit or calendar "
                        "(.csv)",
                        path);
    outcome = read_file(path, &content, e);
    if (!outcome && load_content(&stage, table, path, &content, e))
        outcome = err_wrap(e, "%s", path);
    text_free(&content);
    return outcome;
}
