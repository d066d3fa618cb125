/* sql.c - finds a statement by the name of its file. */
#include "consumers/runtime/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/builtin.h"

extern const struct builtin_file consumer_sql[];

const char *sql_text(const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "consumers/runtime/sql/%s.sql", name);
    for (const struct builtin_file *file = consumer_sql; file->path; file++)
        if (strcmp(file->path, path) == 0)
            return file->text;
    fprintf(stderr, "no statement %s\n", path);
    abort();
}
