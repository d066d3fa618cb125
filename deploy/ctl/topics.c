/* topics.c - the topics that there have to be. */
#include "deploy/ctl/topics.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/builtin.h"
#include "common/text.h"

enum { KIND_BYTES = 64 };

/* The built-in schemas are sorted, so those of one kind stand together. */
size_t topics_name(const char *name_space, const char *names[TOPICS_MOST])
{
    char kind[KIND_BYTES], before[KIND_BYTES] = "";
    char topic[TEXT_TOPIC_SIZE];
    size_t count = 0;

    for (const struct builtin_file *file = builtin_schemas;
         file->path && count < TOPICS_MOST; file++) {
        if (sscanf(file->path, "schemas/%63[^/]/", kind) != 1
            || strcmp(kind, before) == 0)
            continue;
        text_topic(topic, name_space, kind);
        names[count++] = xstrdup(topic);
        memcpy(before, kind, sizeof before);
    }
    return count;
}

void topics_free(const char *names[TOPICS_MOST], size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)names[i]);
}
