/* dead_letter_list.c - gridloopctl dead-letter list: by cause with one example of each, or one line a letter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "deploy/ctl/dead_letter.h"
#include "deploy/ctl/dead_letter_view.h"
#include "deploy/ctl/programs.h"
#include "deploy/ctl/table.h"

#define PROGRAM "gridloopctl dead-letter list"
#define COUNT(table) (sizeof(table) / sizeof *(table))

struct list {
    struct pg_settings database;
    struct letter_filter filter;
    bool each, json, redact;
};

#define AT(member) offsetof(struct list, member)

static const struct option_row rows[] = {
    CTL_DATABASE_ROWS(struct list, database),
    LETTER_FILTER_ROWS(struct list, filter),
    {"each", OPTION_SWITCH, AT(each), NULL, 0, 0, NULL, "one line a letter", false},
    {"redact", OPTION_SWITCH, AT(redact), NULL, 0, 0, NULL,
     "do not show what people typed", false},
    {"json", OPTION_SWITCH, AT(json), NULL, 0, 0, NULL, "print JSON", false},
};

const struct option_set dead_letter_list_options = {
    .program = PROGRAM,
    .synopsis = "[OPTION...] [SOURCE/OFFSET...]",
    .purpose =
        "Lists what was set aside, grouped by cause, with one example of each: its "
        "event as far as it can be read, the wrong field marked. Exit code 0, also "
        "if there are any.",
    .examples = "  gridloopctl dead-letter list --kind drone_alert\n"
                "  gridloopctl dead-letter list --each --state all --since 2026-03-01",
    .rows = rows,
    .row_count = COUNT(rows),
    .kafka_offset = SIZE_MAX,
};

enum { EXAMPLE = 6 };

static const struct table_column group_columns[] = {
    {"kind", false},  {"reason", false}, {"field", false},  {"letters", true},
    {"first", false}, {"last", false},   {"example", false}};

static const struct table_column each_columns[] = {
    {"letter", false},   {"recorded", false}, {"kind", false},
    {"reason", false},   {"field", false},    {"state", false},
    {"event_id", false}, {"bytes", true},     {"can_be_replayed", false},
    {"detail", false}};

/* The letter that a group shows of itself. */
static enum outcome find_example(struct pg *pg, const char *letter,
                                 struct pg_result **result, struct err *e)
{
    const struct letter_filter one = {
        .state = "all", .source = -1, .partition = -1, .letters = {&letter, 1}};

    return letters_query(pg, &one, "dead_letter_page",
                         (const char *const[]){"0", "0", "1"}, result, e);
}

/* Appends what add makes of each group's example. */
typedef void add_example(struct text *out, struct letter_view *view,
                         const struct pg_result *letters, const struct peeked *peeked);

static enum outcome add_examples(struct text *out, const struct list *list, struct pg *pg,
                                 const struct pg_result *groups, add_example *add,
                                 struct err *e)
{
    struct letter_view *view = letter_view_open(pg, list->redact);

    for (size_t row = 0; row < pg_rows(groups) && !e->outcome; row++) {
        struct pg_result *letters;
        struct peeked peeked;
        if (find_example(pg, pg_value(groups, row, EXAMPLE), &letters, e))
            break;
        if (!letter_view_read(view, letters, 0, &peeked, e))
            add(out, view, letters, &peeked);
        pg_result_free(letters);
    }
    letter_view_close(view);
    return e->outcome;
}

static void add_text(struct text *out, struct letter_view *view,
                     const struct pg_result *letters, const struct peeked *peeked)
{
    const char *detail = pg_value(letters, 0, LETTER_DETAIL);

    text_format(out, "\n%s/%s: %s\n", pg_value(letters, 0, LETTER_SOURCE),
                pg_value(letters, 0, LETTER_OFFSET), detail ? detail : "");
    letter_view_print(view, out, peeked, pg_value(letters, 0, LETTER_FIELD));
}

static void add_json(struct text *out, struct letter_view *view,
                     const struct pg_result *letters, const struct peeked *peeked)
{
    text_format(out, "%s\"%s/%s\": {", out->bytes[out->size - 1] == '{' ? "" : ", ",
                pg_value(letters, 0, LETTER_SOURCE), pg_value(letters, 0, LETTER_OFFSET));
    letter_view_peek_json(view, out, peeked);
    text_add_string(out, "}");
}

static enum outcome print_groups(const struct list *list, struct pg *pg,
                                 const struct pg_result *groups, struct err *e)
{
    struct text out = {0};

    if (list->json) {
        text_add_string(&out, "{\"groups\": ");
        table_json(&out, group_columns, COUNT(group_columns), groups);
        text_add_string(&out, ", \"examples\": {");
        add_examples(&out, list, pg, groups, add_json, e);
        text_add_string(&out, "}}\n");
    } else {
        table_print(&out, group_columns, COUNT(group_columns), groups);
        add_examples(&out, list, pg, groups, add_text, e);
    }
    if (!e->outcome)
        fputs(out.bytes, stdout);
    text_free(&out);
    return e->outcome;
}

static enum outcome run(const struct list *list, struct pg *pg, struct err *e)
{
    struct pg_result *result = NULL;

    if (ctl_is_set_up(pg, e)
        || letters_query(pg, &list->filter,
                         list->each ? "dead_letter_each" : "dead_letter_groups", NULL,
                         &result, e))
        return e->outcome;
    if (pg_rows(result) == 0 && !list->json)
        puts("no such dead letter");
    else if (list->each)
        table_write(list->json, each_columns, COUNT(each_columns), result);
    else
        print_groups(list, pg, result, e);
    pg_result_free(result);
    return e->outcome;
}

int dead_letter_list_main(int argc, char **argv)
{
    struct list list = {0};
    struct err e = {0};
    struct pg *pg = NULL;

    if (!ctl_load_operands(&dead_letter_list_options, argc, argv, &list,
                           &list.filter.letters, 0, MOST_LETTERS_NAMED, &e)
        && !letter_filter_check(&list.filter, &e) && (pg = ctl_open(&list.database, &e)))
        run(&list, pg, &e);
    pg_close(pg);
    return e.outcome ? ctl_fail(PROGRAM, &e) : EX_OK;
}
