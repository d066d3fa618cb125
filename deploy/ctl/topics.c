/* topics.c - the topics that there have to be. */
#include "deploy/ctl/topics.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/builtin.h"
#include "common/text.h"

enum { KIND_BYTES = 64 };

static char *name_of(const char *name_space, const char *kind)
{
    char hyphens[KIND_BYTES];
    struct text name = {0};

    snprintf(hyphens, sizeof hyphens, "%s", kind);
    text_hyphens(hyphens);
    text_format(&name, "%s.%s.v1", name_space, hyphens);
    return name.bytes;
}

/* The built-in schemas are sorted, so those of one kind stand together. */
size_t topics_name(const char *name_space, const char *names[TOPICS_MOST])
{
    char kind[KIND_BYTES], before[KIND_BYTES] = "";
    size_t count = 0;

    for (const struct builtin_file *file = builtin_schemas;
         file->path && count < TOPICS_MOST; file++) {
        if (sscanf(file->path, "schemas/%63[^/]/", kind) != 1
            || strcmp(kind, before) == 0)
            continue;
        names[count++] = name_of(name_space, kind);
        memcpy(before, kind, sizeof before);
    }
    return count;
}

void topics_free(const char *names[TOPICS_MOST], size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)names[i]);
}
