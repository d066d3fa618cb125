/* table.c - a result of PostgreSQL as a table, as JSON, or as CSV. */
#include "deploy/ctl/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"

static const char *shown(const struct pg_result *result, size_t row, size_t column)
{
    const char *value = pg_value(result, row, column);

    return value ? value : "-";
}

static size_t width_of(const struct table_column *column, const struct pg_result *result,
                       size_t index)
{
    size_t width = strlen(column->name);

    for (size_t row = 0; row < pg_rows(result); row++) {
        size_t columns = text_columns(shown(result, row, index));
        width = columns > width ? columns : width;
    }
    return width;
}

static void add_spaces(struct text *out, size_t count)
{
    memset(text_more(out, count), ' ', count);
}

static void add_cell(struct text *out, const struct table_column *column,
                     const char *value, size_t width, bool last)
{
    size_t missing = width - text_columns(value);

    if (column->number)
        add_spaces(out, missing);
    text_add_string(out, value);
    if (!column->number && !last)
        add_spaces(out, missing);
    text_add_string(out, last ? "\n" : "  ");
}

static void add_heading(struct text *out, const struct table_column *columns,
                        size_t count, const size_t *widths)
{
    size_t start = out->size;

    for (size_t i = 0; i < count; i++)
        add_cell(out, &columns[i], columns[i].name, widths[i], i + 1 == count);
    for (char *p = out->bytes + start; *p; p++)
        if (*p == '_')
            *p = ' ';
}

void table_print(struct text *out, const struct table_column *columns, size_t count,
                 const struct pg_result *result)
{
    size_t *widths = xcalloc(count, sizeof *widths);

    for (size_t i = 0; i < count; i++)
        widths[i] = width_of(&columns[i], result, i);
    add_heading(out, columns, count, widths);
    for (size_t row = 0; row < pg_rows(result); row++)
        for (size_t i = 0; i < count; i++)
            add_cell(out, &columns[i], shown(result, row, i), widths[i], i + 1 == count);
    free(widths);
}

static void add_member(struct text *out, const struct table_column *column,
                       const char *value)
{
    text_format(out, "\"%s\": ", column->name);
    if (!value)
        text_add_string(out, "null");
    else if (column->number)
        text_add_string(out, value);
    else
        text_add_json_string(out, value, strlen(value));
}

void table_json(struct text *out, const struct table_column *columns, size_t count,
                const struct pg_result *result)
{
    text_add_string(out, "[");
    for (size_t row = 0; row < pg_rows(result); row++) {
        text_add_string(out, row ? ", {" : "{");
        for (size_t i = 0; i < count; i++) {
            text_add_string(out, i ? ", " : "");
            add_member(out, &columns[i], pg_value(result, row, i));
        }
        text_add_string(out, "}");
    }
    text_add_string(out, "]");
}

void table_write(bool json, const struct table_column *columns, size_t count,
                 const struct pg_result *result)
{
    struct text out = {0};

    (json ? table_json : table_print)(&out, columns, count, result);
    printf("%s%s", out.bytes, json ? "\n" : "");
    text_free(&out);
}

static void add_field(struct text *out, const char *value)
{
    if (!value[strcspn(value, ",\"\r\n")]) {
        text_add_string(out, value);
        return;
    }
    text_add_string(out, "\"");
    for (const char *p = value; *p; p++)
        text_add(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    text_add_string(out, "\"");
}

void table_csv(struct text *out, const struct table_column *columns, size_t count,
               const struct pg_result *result)
{
    text_add_string(out, "\xef\xbb\xbf");
    for (size_t i = 0; i < count; i++) {
        text_add_string(out, i ? "," : "");
        add_field(out, columns[i].name);
    }
    for (size_t row = 0; row < pg_rows(result); row++)
        for (size_t i = 0; i < count; i++) {
            const char *value = pg_value(result, row, i);
            text_add_string(out, i ? "," : "\r\n");
            add_field(out, value ? value : "");
        }
    text_add_string(out, "\r\n");
}
