/* layout.c - lists of columns, as arrays for the server and as text for the digest. */
#include "consumers/runtime/layout.h"

#include <string.h>

#include "consumers/runtime/sql.h"

#define UNDEFINED_COLUMN "42703"

void layout_begin(struct layout *layout, const char *table)
{
    layout->table = table;
    text_clear(&layout->names);
    text_clear(&layout->types);
    text_clear(&layout->description);
    text_format(&layout->description, "%s\n", table);
}

void layout_add(struct layout *layout, const char *name, const char *sql_type)
{
    const char *before = layout->names.size ? "," : "{";

    text_format(&layout->names, "%s\"%s\"", before, name);
    text_format(&layout->types, "%s\"%s\"", before, sql_type);
    text_format(&layout->description, "%s %s\n", name, sql_type);
}

void layout_end(struct layout *layout)
{
    text_add_string(&layout->names, "}");
    text_add_string(&layout->types, "}");
    sha256_of(layout->description.bytes, layout->description.size, layout->digest);
}

void layout_free(struct layout *layout)
{
    text_free(&layout->names);
    text_free(&layout->types);
    text_free(&layout->description);
}

enum outcome layout_number(const struct layout *layout, struct pg *pg, int32_t *number,
                           struct err *e)
{
    const char *parameters[] = {layout->table, layout->names.bytes, layout->types.bytes};
    struct pg_result *result = NULL;
    enum outcome outcome = pg_query(pg, sql_text("layout"), parameters, 3, &result, e);

    if (outcome == FATAL && strcmp(pg_sqlstate(pg), UNDEFINED_COLUMN) == 0)
        outcome = err_set(
            e, RETRY, "bus.layout is that of an older version: run gridloopctl setup");
    else if (!outcome && pg_rows(result) == 0)
        outcome = err_set(e, RETRY, "another session is writing the layout");
    else if (!outcome)
        *number = (int32_t)pg_number(result, 0, 0);
    pg_result_free(result);
    return outcome;
}
