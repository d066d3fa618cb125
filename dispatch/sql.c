/* sql.c - finds a statement by the name of its file. */
#include "dispatch/sql.h"

#include "common/builtin.h"

extern const struct builtin_file dispatch_sql_files[];

const char *dispatch_sql(const char *name)
{
    return builtin_sql_text(dispatch_sql_files, "dispatch/sql", name);
}
