/* builtin.c - finds a built-in file. */
#include "common/builtin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *builtin_sql_text(const struct builtin_file *files, const char *folder,
                             const char *name)
{
    char path[160];

    snprintf(path, sizeof path, "%s/%s.sql", folder, name);
    for (const struct builtin_file *file = files; file->path; file++)
        if (strcmp(file->path, path) == 0)
            return file->text;
    fprintf(stderr, "no statement %s\n", path);
    abort();
}
