/* peek.c - one message, its frame, its writer, its values. */
#include "consumers/runtime/peek.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/builtin.h"

struct peek {
    struct pg *pg;
    bool has_registry;
    size_t count;
    struct one_kind {
        char *name;
        struct writers *writers;
    } * kinds;
};

/* ---- making one ---- */

static enum outcome add_kind(struct peek *peek, const char *name,
                             struct registry *registry, struct err *e)
{
    struct writers *writers = writers_new(name, registry, e);

    if (!writers)
        return e->outcome;
    peek->kinds = xrealloc(peek->kinds, (peek->count + 1) * sizeof *peek->kinds);
    peek->kinds[peek->count++] = (struct one_kind){xstrdup(name), writers};
    return DONE;
}

/* Of those built in, which all have a first version; one that no consumer reads is passed over. */
static void add_all_kinds(struct peek *peek, struct registry *registry)
{
    struct err ignored;
    char name[128];
    int size = 0;

    for (const struct builtin_file *file = builtin_schemas; file->path; file++, size = 0)
        if (sscanf(file->path, "schemas/%127[^/]/v1.avsc%n", name, &size) == 1 && size)
            add_kind(peek, name, registry, &ignored);
}

struct peek *peek_open(const char *kind, struct pg *pg, struct registry *registry,
                       struct err *e)
{
    struct peek *peek = xcalloc(1, sizeof *peek);

    peek->pg = pg;
    peek->has_registry = registry;
    if (!kind) {
        add_all_kinds(peek, registry);
    } else if (add_kind(peek, kind, registry, e)) {
        peek_close(peek);
        return NULL;
    }
    return peek;
}

void peek_close(struct peek *peek)
{
    if (!peek)
        return;
    for (size_t i = 0; i < peek->count; i++) {
        writers_free(peek->kinds[i].writers);
        free(peek->kinds[i].name);
    }
    free(peek->kinds);
    free(peek);
}

/* ---- reading ---- */

/* The kind that can read it; else what one of them says of it. */
static enum outcome find_writer(struct peek *peek, struct peeked *peeked, struct err *e)
{
    for (size_t i = 0; i < peek->count; i++) {
        struct writers *writers = peek->kinds[i].writers;
        const struct writer *writer;
        writers_tidy(writers);
        if (!writers_find(writers, peeked->id)
            && writers_look_up(writers, peek->pg, &peeked->id, 1, e))
            return e->outcome;
        writer = writers_find(writers, peeked->id);
        if (writer->plan || !peeked->writer || writer->fingerprint)
            peeked->writer = writer;
        if (writer->plan) {
            peeked->kind = peek->kinds[i].name;
            peeked->record = writers_reader(writers)->schema;
            return DONE;
        }
    }
    return DONE;
}

static void explain_writer(struct peeked *peeked, struct arena *arena)
{
    char id[SCHEMA_ID_TEXT];
    const char *detail = peeked->writer->detail;

    schema_id_format(id, peeked->id);
    peeked->reject = (struct reject){
        peeked->writer->reason, NULL,
        arena_copy(arena, detail ? detail : id, strlen(detail ? detail : id))};
}

enum outcome peek_message(struct peek *peek, const uint8_t *bytes, size_t size,
                          struct arena *arena, struct peeked *peeked, struct err *e)
{
    struct frame frame;
    struct value *values;

    *peeked = (struct peeked){0};
    if (size == 0) {
        peeked->reject =
            (struct reject){bytes ? "short" : "tombstone", NULL,
                            bytes ? "the message is empty" : "the message has no value"};
        return DONE;
    }
    if (!frame_read(bytes, size, peek->has_registry, &frame)) {
        peeked->reject = (struct reject){"envelope", NULL, "the message has no frame"};
        return DONE;
    }
    peeked->id = frame.writer;
    if (find_writer(peek, peeked, e))
        return e->outcome;
    if (!peeked->kind) {
        explain_writer(peeked, arena);
        return DONE;
    }
    values = arena_take_array(arena, peeked->record->count, sizeof *values);
    plan_run_partial(peeked->writer->plan, frame.body, frame.size, arena, values,
                     &peeked->reject);
    peeked->values = values;
    return DONE;
}

/* ---- as JSON ---- */

bool peek_is_private(const struct schema_field *field)
{
    bool optional;
    const struct schema *type = schema_strip_null(field->type, &optional);

    if (field->rules.free_text)
        return true;
    if (type && (type->type == SCHEMA_ARRAY || type->type == SCHEMA_MAP))
        type = type->branches[0];
    for (size_t i = 0; type && type->type == SCHEMA_RECORD && i < type->count; i++)
        if (peek_is_private(&type->fields[i]))
            return true;
    return false;
}

static void event_json(struct text *out, const struct peeked *peeked, bool redact)
{
    const char *comma = "";

    text_add_string(out, ",\"event\":{");
    for (size_t i = 0; i < peeked->record->count; i++) {
        const struct schema_field *field = &peeked->record->fields[i];
        const struct value *value = &peeked->values[i];
        if (value->kind == VALUE_UNREAD)
            continue;
        text_format(out, "%s\"%s\":", comma, field->name);
        comma = ",";
        if (redact && value->kind != VALUE_NULL && peek_is_private(field))
            text_add_string(out, "\"…\"");
        else
            value_json(out, field->type, value);
    }
    text_add_string(out, "}");
}

static void schema_json(struct text *out, const struct peeked *peeked)
{
    bool is_number = peeked->id.kind == BY_REGISTRY;
    uint64_t fingerprint = is_number ? peeked->writer->fingerprint : peeked->id.number;

    text_add_string(out, ",\"schema\":{");
    if (is_number)
        text_format(out, "\"registry_number\":%" PRIu64 "%s", peeked->id.number,
                    fingerprint ? "," : "");
    if (fingerprint)
        text_format(out, "\"fingerprint\":\"%016" PRIx64 "\"", fingerprint);
    if (peeked->writer->version)
        text_format(out, ",\"version\":%d", peeked->writer->version);
    text_add_string(out, "}");
}

static void add_member(struct text *out, const char *name, const char *value)
{
    if (!value)
        return;
    text_format(out, "%s\"%s\":", out->bytes[out->size - 1] == '{' ? "" : ",", name);
    text_add_json_string(out, value, strlen(value));
}

void peek_json(struct text *out, const struct peeked *peeked, bool redact)
{
    text_add_string(out, "\"kind\":");
    if (peeked->kind)
        text_add_json_string(out, peeked->kind, strlen(peeked->kind));
    else
        text_add_string(out, "null");
    if (peeked->writer)
        schema_json(out, peeked);
    if (peeked->values)
        event_json(out, peeked, redact);
    if (!peeked->reject.reason)
        return;
    text_add_string(out, ",\"fault\":{");
    add_member(out, "reason", peeked->reject.reason);
    add_member(out, "field", peeked->reject.field);
    add_member(out, "detail", peeked->reject.detail);
    text_add_string(out, "}");
}
