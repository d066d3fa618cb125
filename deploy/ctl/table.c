/* table.c - a result of PostgreSQL as a table, or as JSON. */
#include "deploy/ctl/table.h"

#include <string.h>

static const char *shown(const struct pg_result *result, size_t row, size_t column)
{
    const char *value = pg_value(result, row, column);

    return value ? value : "-";
}

/* Bytes stand for columns of the screen: what is shown is ASCII. */
static int width_of(const struct table_column *column, const struct pg_result *result,
                    size_t index)
{
    size_t width = strlen(column->name);

    for (size_t row = 0; row < pg_rows(result); row++)
        if (strlen(shown(result, row, index)) > width)
            width = strlen(shown(result, row, index));
    return (int)width;
}

static void add_cell(struct text *out, const struct table_column *column,
                     const char *value, int width, bool last)
{
    if (column->number)
        text_format(out, "%*s", width, value);
    else
        text_format(out, "%-*s", last ? 0 : width, value);
    text_add_string(out, last ? "\n" : "  ");
}

static void add_heading(struct text *out, const struct table_column *columns,
                        size_t count, const struct pg_result *result)
{
    size_t start = out->size;

    for (size_t i = 0; i < count; i++)
        add_cell(out, &columns[i], columns[i].name, width_of(&columns[i], result, i),
                 i + 1 == count);
    for (char *p = out->bytes + start; *p; p++)
        if (*p == '_')
            *p = ' ';
}

void table_print(struct text *out, const struct table_column *columns, size_t count,
                 const struct pg_result *result)
{
    add_heading(out, columns, count, result);
    for (size_t row = 0; row < pg_rows(result); row++)
        for (size_t i = 0; i < count; i++)
            add_cell(out, &columns[i], shown(result, row, i),
                     width_of(&columns[i], result, i), i + 1 == count);
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
