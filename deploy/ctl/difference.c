/* difference.c - compares texts, numbers as numbers; keeps the first of what differs. */
#include "deploy/ctl/difference.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/clock.h"

enum what { DIFFERS, MISSING, UNEXPECTED };

struct difference {
    enum what what;
    const char *table, *key, *column, *stored, *wanted; /* as people read them */
};

struct differences {
    struct arena *arena;
    struct difference *list;
    size_t shown, room; /* lines */
    size_t rows, limit;
};

struct differences *differences_new(size_t limit)
{
    struct differences *differences = xcalloc(1, sizeof *differences);

    differences->arena = arena_new();
    differences->limit = limit;
    return differences;
}

void differences_free(struct differences *differences)
{
    if (!differences)
        return;
    arena_free(differences->arena);
    free(differences);
}

size_t differences_count(const struct differences *differences)
{
    return differences->rows;
}

/* ---- comparing ---- */

enum { VALUE_SIZE = 64 };

/* A text that is not one in the row; texts are as they are. */
static const char *value_text(enum follow_type type, const struct follow_value *value,
                              char room[VALUE_SIZE])
{
    if (value->is_null)
        return NULL;
    switch (type) {
    case FOLLOW_TEXT: return value->text;
    case FOLLOW_BOOL: return value->number ? "t" : "f";
    case FOLLOW_ID: uuid_format(room, value->id); break;
    case FOLLOW_REAL: snprintf(room, VALUE_SIZE, "%.17g", value->real); break;
    default: snprintf(room, VALUE_SIZE, "%" PRId64, value->number);
    }
    return room;
}

static bool is_same(enum follow_type type, const char *stored, const char *wanted)
{
    if (!stored || !wanted)
        return stored == wanted;
    if (type == FOLLOW_REAL)
        return fabs(strtod(stored, NULL) - strtod(wanted, NULL)) <= 1e-6;
    return strcmp(stored, wanted) == 0;
}

static const char *kept(struct differences *d, enum follow_type type, const char *text)
{
    char moment[CLOCK_TEXT_SIZE];

    if (!text)
        return NULL;
    if (type == FOLLOW_TIME) {
        clock_format(moment, strtoll(text, NULL, 10));
        text = moment;
    }
    return arena_copy(d->arena, text, strlen(text));
}

static void keep(struct differences *d, struct difference difference)
{
    if (d->rows > d->limit)
        return;
    if (d->shown == d->room) {
        size_t room = d->room ? 2 * d->room : 64;
        d->list = arena_resize(d->arena, d->list, d->room * sizeof *d->list,
                               room * sizeof *d->list);
        d->room = room;
    }
    difference.key = kept(d, FOLLOW_TEXT, difference.key);
    d->list[d->shown++] = difference;
}

static bool is_compared(const struct follow_table *table, size_t column)
{
    return !table->input || strcmp(table->columns[column].name, table->input) != 0;
}

void difference_of_row(struct differences *d, const struct follow_table *table,
                       const char *key, const char *const *stored,
                       const struct follow_row *wanted)
{
    bool is_first = true;
    char room[VALUE_SIZE];

    for (size_t i = 0; i < table->count; i++) {
        enum follow_type type = table->columns[i].type;
        const char *text = value_text(type, &wanted->values[i], room);
        if (is_same(type, stored[i], text) || !is_compared(table, i))
            continue;
        d->rows += is_first;
        is_first = false;
        if (d->rows <= d->limit)
            keep(d, (struct difference){DIFFERS, table->name, key, table->columns[i].name,
                                        kept(d, type, stored[i]), kept(d, type, text)});
    }
}

void difference_of_existence(struct differences *d, const struct follow_table *table,
                             const char *key, bool is_stored)
{
    d->rows++;
    keep(d, (struct difference){.what = is_stored ? UNEXPECTED : MISSING,
                                .table = table->name,
                                .key = key});
}

void difference_of_more(struct differences *d, size_t count)
{
    d->rows += count;
}

/* ---- telling ---- */

static void print_one(struct text *out, const struct difference *d)
{
    text_format(out, "  %s %s ", d->table, d->key);
    if (d->what == DIFFERS)
        text_format(out, "%s: %s is stored, %s follows from the events\n", d->column,
                    d->stored ? d->stored : "null", d->wanted ? d->wanted : "null");
    else
        text_add_string(out, d->what == MISSING
                                 ? "follows from the events, and is not stored\n"
                                 : "is stored, and does not follow from the events\n");
}

void differences_print(const struct differences *d, struct text *out)
{
    for (size_t i = 0; i < d->shown; i++)
        print_one(out, &d->list[i]);
    if (d->rows > d->limit)
        text_format(out, "  and %zu more rows\n", d->rows - d->limit);
}

static void add_member(struct text *out, const char *name, const char *value)
{
    text_format(out, "%s\"%s\": ", out->bytes[out->size - 1] == '{' ? "" : ", ", name);
    if (value)
        text_add_json_string(out, value, strlen(value));
    else
        text_add_string(out, "null");
}

void differences_json(const struct differences *d, struct text *out)
{
    static const char *const names[] = {"differs", "missing", "unexpected"};

    text_add_string(out, "[");
    for (size_t i = 0; i < d->shown; i++) {
        const struct difference *one = &d->list[i];
        text_add_string(out, i ? ", {" : "{");
        add_member(out, "table", one->table);
        add_member(out, "key", one->key);
        add_member(out, "row", names[one->what]);
        add_member(out, "column", one->column);
        add_member(out, "stored", one->stored);
        add_member(out, "rebuilt", one->wanted);
        text_add_string(out, "}");
    }
    text_add_string(out, "]");
}
