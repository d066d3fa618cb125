/* sql.c - finds a statement by the name of its file. */
#include "consumers/runtime/sql.h"

#include "common/builtin.h"

extern const struct builtin_file consumer_sql[];

const char *sql_text(const char *name)
{
    return builtin_sql_text(consumer_sql, "consumers/runtime/sql", name);
}
