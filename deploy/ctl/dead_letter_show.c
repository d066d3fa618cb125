/* dead_letter_show.c - gridloopctl dead-letter show: everything about one letter. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "deploy/ctl/dead_letter.h"
#include "deploy/ctl/dead_letter_view.h"
#include "deploy/ctl/programs.h"

#define PROGRAM "gridloopctl dead-letter show"
#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { DUMPED_BYTES = 512, LINE_BYTES = 16 };

struct show {
    struct pg_settings database;
    struct letter_filter filter; /* names the letter; no options of its own */
    bool redact;
    struct pg *pg;
    struct arena *arena;
    struct letter_view *view;
    struct pg_result *letter;
    struct text out;
};

static const struct option_row rows[] = {
    CTL_DATABASE_ROWS(struct show, database),
    {"redact", OPTION_SWITCH, offsetof(struct show, redact), NULL, 0, 0, NULL,
     "do not show what people typed, the key, the headers, nor raw bytes", false},
};

const struct option_set dead_letter_show_options = {
    .program = PROGRAM,
    .synopsis = "[OPTION...] SOURCE/OFFSET",
    .purpose =
        "Shows everything about one dead letter: why, what was done with it, its "
        "event as far as it can be read with the wrong field marked, its bytes. Of "
        "an identity_conflict the stored event stands beside it.",
    .examples = "  gridloopctl dead-letter show 3/1045",
    .rows = rows,
    .row_count = COUNT(rows),
    .kafka_offset = SIZE_MAX,
};

static const char *value(const struct show *show, enum letter_column column)
{
    return pg_value(show->letter, 0, column);
}

/* ---- the letter ------------------------------------------------------------------------------------ */

static void add_line(struct show *show, const char *name, const char *text)
{
    if (text)
        text_format(&show->out, "%-12s %s\n", name, text);
}

/* As text where it is printable ASCII, else in hex. */
static void add_bytes(struct text *out, const uint8_t *bytes, size_t size)
{
    bool printable = size > 0;

    for (size_t i = 0; i < size; i++)
        printable = printable && bytes[i] >= ' ' && bytes[i] < 0x7f;
    if (printable)
        text_format(out, "\"%.*s\"", (int)size, (const char *)bytes);
    else
        text_add_string(out, size ? "hex " : "(empty)");
    for (size_t i = 0; !printable && i < size; i++)
        text_format(out, "%02x", bytes[i]);
}

static void add_key(struct show *show)
{
    size_t size;
    const uint8_t *key = letter_bytes(show->arena, show->letter, 0, LETTER_KEY, &size);

    if (show->redact || !key)
        return;
    text_format(&show->out, "%-12s ", "key");
    add_bytes(&show->out, key, size);
    text_add_string(&show->out, "\n");
}

static void add_size(struct show *show)
{
    const char *hindrance = value(show, LETTER_HINDRANCE);

    text_format(&show->out, "%-12s %s bytes, SHA-256 %s\n", "value",
                value(show, LETTER_VALUE_SIZE), value(show, LETTER_SHA256));
    text_format(&show->out, "%-12s %s%s\n", "can be sent", hindrance ? "no: " : "yes",
                hindrance ? hindrance : "");
}

static void add_facts(struct show *show)
{
    text_format(&show->out, "%-12s %s/%s, topic %s, partition %s\n", "letter",
                value(show, LETTER_SOURCE), value(show, LETTER_OFFSET),
                value(show, LETTER_TOPIC), value(show, LETTER_PARTITION));
    add_line(show, "state", value(show, LETTER_STATE));
    add_line(show, "kind", value(show, LETTER_KIND));
    add_line(show, "reason", value(show, LETTER_REASON));
    add_line(show, "field", value(show, LETTER_FIELD));
    add_line(show, "detail", value(show, LETTER_DETAIL));
    add_line(show, "SQLSTATE", value(show, LETTER_SQLSTATE));
    add_line(show, "event_id", value(show, LETTER_EVENT_ID));
    add_line(show, "recorded", value(show, LETTER_RECORDED));
    if (value(show, LETTER_REPLAY_OF))
        text_format(&show->out, "%-12s %s, sent again for the %s. time\n", "replay of",
                    value(show, LETTER_REPLAY_OF), value(show, LETTER_REPLAY_COUNT));
    add_key(show);
    add_size(show);
}

static enum outcome add_headers(struct show *show, struct err *e)
{
    struct pg_result *headers;

    if (letter_headers(show->pg, show->letter, 0, &headers, e))
        return e->outcome;
    if (value(show, LETTER_HEADERS))
        text_format(&show->out, "%-12s %s\n", "headers", value(show, LETTER_HEADERS));
    for (size_t row = 0; !show->redact && row < pg_rows(headers); row++) {
        size_t name_size, size;
        const uint8_t *name = letter_bytes(show->arena, headers, row, 0, &name_size);
        const uint8_t *bytes = letter_bytes(show->arena, headers, row, 1, &size);
        text_add_string(&show->out, "    ");
        add_bytes(&show->out, name, name_size);
        text_add_string(&show->out, " ");
        if (bytes)
            add_bytes(&show->out, bytes, size);
        text_add_string(&show->out, "\n");
    }
    pg_result_free(headers);
    return DONE;
}

static enum outcome add_history(struct show *show, struct err *e)
{
    const char *which[] = {value(show, LETTER_SOURCE), value(show, LETTER_OFFSET)};
    struct pg_result *acts;

    if (pg_query(show->pg, ctl_sql("dead_letter_history"), which, 2, &acts, e))
        return e->outcome;
    for (size_t row = 0; row < pg_rows(acts); row++) {
        const char *who = pg_value(acts, row, 2), *note = pg_value(acts, row, 3);
        text_format(&show->out, "%-12s %s %s%s%s%s%s\n", row ? "" : "history",
                    pg_value(acts, row, 0), pg_value(acts, row, 1), who ? " by " : "",
                    who ? who : "", note ? ": " : "", note ? note : "");
    }
    pg_result_free(acts);
    return DONE;
}

/* ---- the stored event beside it -------------------------------------------------------------------- */

/* The event's fields, in their order, as a PostgreSQL array. */
static void add_names(struct text *out, const struct peeked *peeked)
{
    for (size_t i = 0; i < peeked->record->count; i++)
        text_format(out, "%s%s", i ? "," : "{", peeked->record->fields[i].name);
    text_add_string(out, "}");
}

static void add_pair(struct show *show, const struct peeked *peeked,
                     const struct pg_result *fields, size_t row)
{
    const char *name = pg_value(fields, row, 0);
    const char *stored = pg_value(fields, row, 1), *other = pg_value(fields, row, 2);
    bool differs = strcmp(pg_value(fields, row, 3), "t") == 0;
    bool hidden = letter_view_hides(show->view, peeked, name);

    if (!stored && !other)
        return;
    text_format(&show->out, "  %c %-28s ", differs ? '>' : ' ', name);
    if (hidden)
        text_add_string(&show->out, differs ? "(not shown, differs)" : "(not shown)");
    else if (differs)
        text_format(&show->out, "%s  |  %s", stored ? stored : "-", other ? other : "-");
    else
        text_add_string(&show->out, stored);
    text_add_string(&show->out, "\n");
}

/* The kind is the name of a built-in schema, and so of a table. */
static enum outcome make_view(struct show *show, const char *kind, struct err *e)
{
    struct text sql = {0};
    enum outcome outcome;

    text_format(&sql, "create temporary view event as select * from events.%s", kind);
    outcome = pg_run(show->pg, sql.bytes, e);
    text_free(&sql);
    return outcome;
}

static enum outcome find_stored(struct show *show, const struct peeked *peeked,
                                const char *event, struct pg_result **fields,
                                struct err *e)
{
    struct text names = {0};
    const char *parameters[] = {value(show, LETTER_EVENT_ID), event, NULL};
    enum outcome outcome = make_view(show, peeked->kind, e);

    add_names(&names, peeked);
    parameters[2] = names.bytes;
    if (!outcome)
        outcome =
            pg_query(show->pg, ctl_sql("dead_letter_compare"), parameters, 3, fields, e);
    text_free(&names);
    return outcome ? err_wrap(e, "reading the stored event") : DONE;
}

static enum outcome add_comparison(struct show *show, const struct peeked *peeked,
                                   const char *event, struct err *e)
{
    struct pg_result *fields;

    if (find_stored(show, peeked, event, &fields, e))
        return e->outcome;
    text_add_string(&show->out,
                    pg_rows(fields)
                        ? "\nthe stored event  |  this one, where they differ\n"
                        : "\nthe other event is not stored any more\n");
    for (size_t row = 0; row < pg_rows(fields); row++)
        add_pair(show, peeked, fields, row);
    pg_result_free(fields);
    return DONE;
}

/* ---- the event and its bytes ----------------------------------------------------------------------- */

static enum outcome add_event(struct show *show, struct err *e)
{
    bool conflicts = strcmp(value(show, LETTER_REASON), "identity_conflict") == 0;
    struct text json = {0};
    struct peeked peeked;

    if (letter_view_read(show->view, show->letter, 0, &peeked, e))
        return e->outcome;
    if (conflicts && letter_view_json(&json, &peeked)) {
        add_comparison(show, &peeked, json.bytes, e);
    } else if (peeked.values) {
        text_add_string(&show->out, "\nevent\n");
        letter_view_print(show->view, &show->out, &peeked, value(show, LETTER_FIELD));
    }
    text_free(&json);
    return e->outcome;
}

static void add_dump_line(struct text *out, const uint8_t *bytes, size_t from, size_t to)
{
    text_format(out, "  %06zx ", from);
    for (size_t i = from; i < from + LINE_BYTES; i++)
        if (i < to)
            text_format(out, " %02x", bytes[i]);
        else
            text_add_string(out, "   ");
    text_add_string(out, "  ");
    for (size_t i = from; i < to; i++)
        text_format(out, "%c", bytes[i] >= ' ' && bytes[i] < 0x7f ? bytes[i] : '.');
    text_add_string(out, "\n");
}

static void add_dump(struct show *show)
{
    size_t size;
    const uint8_t *bytes =
        letter_bytes(show->arena, show->letter, 0, LETTER_VALUE, &size);
    size_t shown = size < DUMPED_BYTES ? size : DUMPED_BYTES;

    if (show->redact || !bytes)
        return;
    text_format(&show->out, "\nbytes, the first %zu of %zu kept\n", shown, size);
    for (size_t from = 0; from < shown; from += LINE_BYTES)
        add_dump_line(&show->out, bytes, from,
                      from + LINE_BYTES < shown ? from + LINE_BYTES : shown);
}

/* ---- the command ----------------------------------------------------------------------------------- */

static enum outcome print_letter(struct show *show, struct err *e)
{
    if (pg_rows(show->letter) == 0)
        return err_exit(e, EX_DATAERR, "there is no dead letter %s",
                        show->filter.letters.items[0]);
    add_facts(show);
    if (add_headers(show, e) || add_history(show, e) || add_event(show, e))
        return e->outcome;
    add_dump(show);
    fputs(show->out.bytes, stdout);
    return DONE;
}

static enum outcome run(struct show *show, struct err *e)
{
    static const char *const first[] = {"0", "0", "1"};

    if (ctl_is_set_up(show->pg, e)
        || letters_query(show->pg, &show->filter, "dead_letter_page", first,
                         &show->letter, e))
        return e->outcome;
    show->arena = arena_new();
    show->view = letter_view_open(show->pg, show->redact);
    print_letter(show, e);
    letter_view_close(show->view);
    arena_free(show->arena);
    text_free(&show->out);
    pg_result_free(show->letter);
    return e->outcome;
}

int dead_letter_show_main(int argc, char **argv)
{
    struct show show = {.filter = {.state = "all", .source = -1, .partition = -1}};
    struct err e = {0};

    if (!ctl_load_operands(&dead_letter_show_options, argc, argv, &show,
                           &show.filter.letters, 1, 1, &e)
        && !letter_filter_check(&show.filter, &e)
        && (show.pg = ctl_open(&show.database, &e)))
        run(&show, &e);
    pg_close(show.pg);
    return e.outcome ? ctl_fail(PROGRAM, &e) : EX_OK;
}
