/* reframe.c - the numbers that the registry has for our schemas. */
#include "producers/runtime/reframe.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/builtin.h"
#include "common/schema.h"

enum { SINGLE_OBJECT_SIZE = 10 };

/* What the registry said of one schema under one topic's subject. */
struct numbered {
    char *topic;
    uint64_t fingerprint;
    uint32_t number;
};

struct reframe {
    struct registry *registry;
    struct numbered *known;
    size_t count;
};

struct reframe *reframe_open(const struct registry_settings *settings, struct err *e)
{
    struct registry *registry = registry_open(settings, e);
    struct reframe *reframe;

    if (!registry)
        return NULL;
    reframe = xcalloc(1, sizeof *reframe);
    reframe->registry = registry;
    return reframe;
}

void reframe_close(struct reframe *reframe)
{
    if (!reframe)
        return;
    for (size_t i = 0; i < reframe->count; i++)
        free(reframe->known[i].topic);
    free(reframe->known);
    registry_close(reframe->registry);
    free(reframe);
}

static const struct numbered *find(const struct reframe *reframe, const char *topic,
                                   uint64_t fingerprint)
{
    for (size_t i = 0; i < reframe->count; i++)
        if (reframe->known[i].fingerprint == fingerprint
            && strcmp(reframe->known[i].topic, topic) == 0)
            return &reframe->known[i];
    return NULL;
}

static bool has_fingerprint(const struct builtin_file *file, uint64_t fingerprint)
{
    struct err ignored;
    struct schema_file *schema =
        schema_parse(file->path, file->text, file->size, &ignored);
    bool has = schema && schema_fingerprint(schema) == fingerprint;

    schema_free(schema);
    return has;
}

static const struct builtin_file *find_schema(uint64_t fingerprint)
{
    for (const struct builtin_file *file = builtin_schemas; file->path; file++)
        if (has_fingerprint(file, fingerprint))
            return file;
    return NULL;
}

static enum outcome learn(struct reframe *reframe, const char *topic,
                          uint64_t fingerprint, struct err *e)
{
    const struct builtin_file *file = find_schema(fingerprint);
    struct text subject = {0};
    uint32_t number = 0;
    enum outcome outcome;

    if (!file)
        return err_set(e, REJECT, "its schema is not built into this version");
    text_format(&subject, "%s-value", topic);
    outcome = registry_number(reframe->registry, subject.bytes, file->text, &number, e);
    text_free(&subject);
    if (outcome == REJECT) /* of the schema, not of the event: nothing of it can go */
        outcome = e->outcome = RETRY;
    if (outcome)
        return outcome;
    reframe->known =
        xrealloc(reframe->known, (reframe->count + 1) * sizeof *reframe->known);
    reframe->known[reframe->count++] =
        (struct numbered){xstrdup(topic), fingerprint, number};
    return DONE;
}

enum outcome reframe_event(struct reframe *reframe, const char *topic, const void *value,
                           size_t size, struct text *out, struct err *e)
{
    const struct numbered *numbered;
    uint64_t fingerprint;
    uint32_t number;

    if (size < SINGLE_OBJECT_SIZE)
        return err_set(e, REJECT, "it is no event");
    memcpy(&fingerprint, (const char *)value + 2, sizeof fingerprint);
    fingerprint = le64toh(fingerprint);
    numbered = find(reframe, topic, fingerprint);
    if (!numbered && learn(reframe, topic, fingerprint, e))
        return e->outcome;
    if (!numbered)
        numbered = find(reframe, topic, fingerprint);
    number = htobe32(numbered->number);
    text_clear(out);
    text_add(out, "", 1);
    text_add(out, &number, sizeof number);
    text_add(out, (const char *)value + SINGLE_OBJECT_SIZE, size - SINGLE_OBJECT_SIZE);
    return DONE;
}
