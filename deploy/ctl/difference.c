/* difference.c - compares texts, numbers as numbers; keeps the first of what differs. */
#include "deploy/ctl/difference.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "consumers/runtime/link_rule.h"

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

/* ---- what should be ---- */

void cell_text(struct cells *cells, const char *text)
{
    cells->values[cells->count++] = text;
}

void cell_number(struct cells *cells, int64_t number)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRId64, number);

    cell_text(cells, arena_copy(cells->arena, text, (size_t)size));
}

void cell_positive(struct cells *cells, int64_t number)
{
    if (number > 0)
        cell_number(cells, number);
    else
        cell_text(cells, NULL);
}

void cell_truth(struct cells *cells, bool is_true)
{
    cell_text(cells, is_true ? "t" : "f");
}

void cell_id(struct cells *cells, const uint8_t id[UUID_SIZE])
{
    static const uint8_t none[UUID_SIZE];
    char text[UUID_TEXT_SIZE];

    if (!id || memcmp(id, none, UUID_SIZE) == 0) {
        cell_text(cells, NULL);
        return;
    }
    uuid_format(text, id);
    cell_text(cells, arena_copy(cells->arena, text, UUID_TEXT_SIZE - 1));
}

void cell_time(struct cells *cells, int64_t us)
{
    if (us == LINK_NO_TIME)
        cell_text(cells, NULL);
    else
        cell_number(cells, us);
}

void cell_real(struct cells *cells, double real)
{
    char text[40];
    int size = snprintf(text, sizeof text, "%.17g", real);

    cell_text(cells, isnan(real) ? NULL : arena_copy(cells->arena, text, (size_t)size));
}

void difference_add_columns(struct text *sql, const struct cell_column *columns,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_add_string(sql, i ? ", " : "");
        if (columns[i].type == CELL_TIME)
            text_format(sql, "(extract(epoch from %s) * 1000000)::bigint",
                        columns[i].name);
        else
            text_add_string(sql, columns[i].name);
    }
}

/* ---- comparing ---- */

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

static bool is_same(enum cell_type type, const char *stored, const char *wanted)
{
    if (!stored || !wanted)
        return stored == wanted;
    if (type == CELL_REAL)
        return fabs(strtod(stored, NULL) - strtod(wanted, NULL)) <= 1e-6;
    return strcmp(stored, wanted) == 0;
}

static const char *kept(struct differences *d, enum cell_type type, const char *text)
{
    char moment[CLOCK_TEXT_SIZE];

    if (!text)
        return NULL;
    if (type == CELL_TIME) {
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
    difference.key = kept(d, CELL_TEXT, difference.key);
    d->list[d->shown++] = difference;
}

void difference_of_row(struct differences *d, const char *table, const char *key,
                       const struct cell_column *columns, const char *const *stored,
                       const struct cells *wanted)
{
    bool is_first = true;

    for (size_t i = 0; i < wanted->count; i++) {
        if (is_same(columns[i].type, stored[i], wanted->values[i]))
            continue;
        d->rows += is_first;
        is_first = false;
        if (d->rows <= d->limit)
            keep(d, (struct difference){DIFFERS, table, key, columns[i].name,
                                        kept(d, columns[i].type, stored[i]),
                                        kept(d, columns[i].type, wanted->values[i])});
    }
}

void difference_of_existence(struct differences *d, const char *table, const char *key,
                             bool is_stored)
{
    d->rows++;
    keep(d, (struct difference){
                .what = is_stored ? UNEXPECTED : MISSING, .table = table, .key = key});
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
