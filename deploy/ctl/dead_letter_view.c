/* dead_letter_view.c - the event inside of a dead letter. */
#include "deploy/ctl/dead_letter_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/ctl/dead_letter.h"

enum { SHOWN_BYTES = 300 /* of one value */ };

struct letter_view {
    struct pg *pg;
    bool redact;
    struct arena *arena;
    struct peek *peek; /* of the kind below; NULL: none yet, or nobody reads that */
    char kind[64];
};

struct letter_view *letter_view_open(struct pg *pg, bool redact)
{
    struct letter_view *view = xcalloc(1, sizeof *view);

    view->pg = pg;
    view->redact = redact;
    view->arena = arena_new();
    return view;
}

void letter_view_close(struct letter_view *view)
{
    if (!view)
        return;
    peek_close(view->peek);
    arena_free(view->arena);
    free(view);
}

/* A kind that this program does not know has letters all the same. */
static void choose_kind(struct letter_view *view, const char *kind)
{
    struct err ignored;

    if (strcmp(view->kind, kind) == 0)
        return;
    peek_close(view->peek);
    snprintf(view->kind, sizeof view->kind, "%s", kind);
    view->peek = peek_open(view->kind, view->pg, NULL, &ignored);
}

enum outcome letter_view_read(struct letter_view *view, const struct pg_result *letters,
                              size_t row, struct peeked *peeked, struct err *e)
{
    const uint8_t *value;
    size_t size;

    *peeked = (struct peeked){0};
    arena_reset(view->arena, 1 << 20);
    choose_kind(view, pg_value(letters, row, LETTER_KIND));
    value = letter_bytes(view->arena, letters, row, LETTER_VALUE, &size);
    if (!view->peek || !value)
        return DONE;
    return peek_message(view->peek, value, size, view->arena, peeked, e);
}

/* The field, or something within it: "photos[0].sha256" is in photos. */
static bool is_within(const char *path, const char *field)
{
    size_t size = strlen(field);

    return path && strncmp(path, field, size) == 0 && strchr(".[", path[size]);
}

/* Long values are cut between two characters. */
static void add_value(struct text *out, const struct schema *schema,
                      const struct value *value)
{
    size_t start = out->size, end = start + SHOWN_BYTES;

    value_json(out, schema, value);
    if (out->size <= end)
        return;
    while ((out->bytes[end] & 0xc0) == 0x80)
        end--;
    out->size = end;
    text_add_string(out, "…");
}

void letter_view_print(const struct letter_view *view, struct text *out,
                       const struct peeked *peeked, const char *field)
{
    for (size_t i = 0; peeked->values && i < peeked->record->count; i++) {
        const struct schema_field *f = &peeked->record->fields[i];
        const struct value *value = &peeked->values[i];
        bool is_wrong = is_within(field, f->name);
        if (value->kind == VALUE_NULL && !is_wrong)
            continue;
        if (value->kind == VALUE_UNREAD && !is_wrong)
            continue;
        text_format(out, "  %c %-28s ", is_wrong ? '>' : ' ', f->name);
        if (value->kind == VALUE_UNREAD)
            text_add_string(out, "(cannot be read)");
        else if (view->redact && peek_is_private(f))
            text_add_string(out, "(not shown)");
        else
            add_value(out, f->type, value);
        text_add_string(out, "\n");
    }
}

void letter_view_peek_json(const struct letter_view *view, struct text *out,
                           const struct peeked *peeked)
{
    peek_json(out, peeked, view->redact);
}

bool letter_view_json(struct text *out, const struct peeked *peeked)
{
    for (size_t i = 0; peeked->values && i < peeked->record->count; i++)
        if (peeked->values[i].kind == VALUE_UNREAD)
            return false;
    if (!peeked->values)
        return false;
    for (size_t i = 0; i < peeked->record->count; i++) {
        text_format(out, "%s\"%s\":", i ? "," : "{", peeked->record->fields[i].name);
        value_json(out, peeked->record->fields[i].type, &peeked->values[i]);
    }
    text_add_string(out, "}");
    return true;
}

bool letter_view_hides(const struct letter_view *view, const struct peeked *peeked,
                       const char *field)
{
    int index = schema_find(peeked->record, field);

    return view->redact && index >= 0 && peek_is_private(&peeked->record->fields[index]);
}
