/* rulebook.c - sorted tables with a key of two texts and the time for which each row holds. */
#include "consumers/runtime/rulebook.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "consumers/runtime/sql.h"

struct entry {
    const char *key[2];
    int64_t valid_from_us, valid_to_us;
    const char *text; /* group of a category, unit of an area */
    bool is_set;      /* auto_dispatch; of a rule: it has a radius */
    double number;    /* accuracy */
    struct link_rule rule;
};

struct rulebook {
    struct arena *arena;
    int32_t versions[RULEBOOK_TABLES];
    struct {
        struct entry *entries;
        size_t count;
    } tables[RULEBOOK_TABLES];
};

enum { FIRST_VALUE = 4 }; /* behind the key and the dates */

/* ---- reading ---- */

static const char *kept(struct arena *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}

static void read_category(struct arena *arena, const struct pg_result *rows, size_t row,
                          struct entry *entry)
{
    entry->text = kept(arena, pg_value(rows, row, FIRST_VALUE));
    entry->is_set = pg_number(rows, row, FIRST_VALUE + 1);
}

static void read_rule(struct arena *arena, const struct pg_result *rows, size_t row,
                      struct entry *entry)
{
    const char *radius = pg_value(rows, row, FIRST_VALUE);

    (void)arena;
    entry->is_set = radius;
    entry->rule = (struct link_rule){
        .radius_m = radius ? strtod(radius, NULL) : 0,
        .merge_us = pg_number(rows, row, FIRST_VALUE + 1),
        .reopen_us = pg_number(rows, row, FIRST_VALUE + 2),
        .repeat_us = pg_number(rows, row, FIRST_VALUE + 3),
        .mute_us = pg_number(rows, row, FIRST_VALUE + 4),
        .mute_count = pg_number(rows, row, FIRST_VALUE + 5),
        .anchor_last = pg_number(rows, row, FIRST_VALUE + 6),
        .same_unit = pg_number(rows, row, FIRST_VALUE + 7),
        .ignore_status = pg_number(rows, row, FIRST_VALUE + 8),
    };
}

static void read_accuracy(struct arena *arena, const struct pg_result *rows, size_t row,
                          struct entry *entry)
{
    (void)arena;
    entry->number = strtod(pg_value(rows, row, FIRST_VALUE), NULL);
}

static void read_unit(struct arena *arena, const struct pg_result *rows, size_t row,
                      struct entry *entry)
{
    entry->text = kept(arena, pg_value(rows, row, FIRST_VALUE));
}

static const struct {
    const char *sql;
    void (*read)(struct arena *arena, const struct pg_result *rows, size_t row,
                 struct entry *entry);
} sources[RULEBOOK_TABLES] = {
    [RULEBOOK_CATEGORY] = {"rules_category", read_category},
    [RULEBOOK_RULE] = {"rules_dedup_rule", read_rule},
    [RULEBOOK_ACCURACY] = {"rules_position_default", read_accuracy},
    [RULEBOOK_UNIT] = {"rules_responsibility", read_unit},
};

static void keep_rows(struct rulebook *book, enum rulebook_table table,
                      const struct pg_result *rows)
{
    size_t count = pg_rows(rows);
    struct entry *entries = arena_take_array(book->arena, count + 1, sizeof *entries);

    for (size_t row = 0; row < count; row++) {
        entries[row] = (struct entry){
            .key = {kept(book->arena, pg_value(rows, row, 0)),
                    kept(book->arena, pg_value(rows, row, 1))},
            .valid_from_us = pg_number(rows, row, 2),
            .valid_to_us = pg_number(rows, row, 3),
        };
        sources[table].read(book->arena, rows, row, &entries[row]);
    }
    book->tables[table].entries = entries;
    book->tables[table].count = count;
}

static enum outcome read_table(struct rulebook *book, struct pg *pg,
                               enum rulebook_table table, struct err *e)
{
    struct text version = {0};
    struct pg_result *rows = NULL;
    enum outcome outcome;

    text_format(&version, "%d", (int)book->versions[table]);
    outcome = pg_query(pg, sql_text(sources[table].sql),
                       (const char *const[]){version.bytes}, 1, &rows, e);
    if (!outcome)
        keep_rows(book, table, rows);
    pg_result_free(rows);
    text_free(&version);
    return outcome ? err_wrap(e, "%s", sources[table].sql) : DONE;
}

struct rulebook *rulebook_read(struct pg *pg, const int32_t versions[RULEBOOK_TABLES],
                               struct err *e)
{
    struct rulebook *book = xcalloc(1, sizeof *book);

    book->arena = arena_new();
    memcpy(book->versions, versions, sizeof book->versions);
    for (enum rulebook_table table = 0; table < RULEBOOK_TABLES; table++)
        if (versions[table] > 0 && read_table(book, pg, table, e)) {
            rulebook_free(book);
            return NULL;
        }
    return book;
}

struct rulebook *rulebook_of(const struct rulebook *const books[RULEBOOK_TABLES])
{
    struct rulebook *book = xcalloc(1, sizeof *book);

    for (size_t i = 0; i < RULEBOOK_TABLES; i++) {
        book->versions[i] = books[i]->versions[i];
        book->tables[i] = books[i]->tables[i];
    }
    return book;
}

void rulebook_free(struct rulebook *book)
{
    if (!book)
        return;
    arena_free(book->arena);
    free(book);
}

const int32_t *rulebook_versions(const struct rulebook *book)
{
    return book->versions;
}

struct rulebook *rulebook_read_as_of(struct pg *pg, int32_t newest, struct err *e)
{
    int32_t versions[RULEBOOK_TABLES];
    struct pg_result *result = NULL;
    struct text number = {0};
    enum outcome outcome;

    text_format(&number, "%d", (int)newest);
    outcome = pg_query(pg, sql_text("rules_versions"),
                       (const char *const[]){number.bytes}, 1, &result, e);
    for (size_t i = 0; !outcome && i < RULEBOOK_TABLES; i++)
        versions[i] = (int32_t)pg_number(result, i, 0);
    pg_result_free(result);
    text_free(&number);
    return outcome ? NULL : rulebook_read(pg, versions, e);
}

/* ---- looking up ---- */

static int compare(const struct entry *entry, const char *a, const char *b)
{
    int order = strcmp(entry->key[0], a);

    return order ? order : strcmp(entry->key[1], b);
}

/* NULL: there is no row for the key that holds then. */
static const struct entry *find(const struct rulebook *book, enum rulebook_table table,
                                const char *a, const char *b, int64_t at_us)
{
    const struct entry *entries = book->tables[table].entries;
    size_t low = 0, high = book->tables[table].count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&entries[middle], a, b) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < book->tables[table].count && compare(&entries[low], a, b) == 0; low++)
        if (at_us >= entries[low].valid_from_us && at_us < entries[low].valid_to_us)
            return &entries[low];
    return NULL;
}

struct ruling rulebook_rule(const struct rulebook *book, const char *scheme,
                            const char *code, const char *own_group, int64_t at_us)
{
    const struct entry *category = find(book, RULEBOOK_CATEGORY, scheme, code, at_us);
    const char *group = category ? category->text : own_group;
    const struct entry *rule = group ? find(book, RULEBOOK_RULE, group, "", at_us) : NULL;

    if (!rule)
        return (struct ruling){0};
    return (struct ruling){
        .rule = &rule->rule,
        .group = rule->key[0],
        .by_place = rule->is_set,
        .auto_dispatch = category && category->is_set,
        .rule_version = book->versions[RULEBOOK_RULE],
        .category_version = category ? book->versions[RULEBOOK_CATEGORY] : 0,
    };
}

double rulebook_accuracy_m(const struct rulebook *book, const char *position_kind,
                           int64_t at_us)
{
    const struct entry *entry = find(book, RULEBOOK_ACCURACY, position_kind, "", at_us);

    return entry ? entry->number : 0;
}

static const char *unit_of(const struct rulebook *book, const struct location *location,
                           const char *group, int64_t at_us)
{
    const char *const areas[] = {location->grid_code, location->community_code,
                                 location->subdistrict_code, location->district_code};

    for (size_t i = 0; i < sizeof areas / sizeof *areas; i++) {
        const struct entry *entry =
            areas[i] ? find(book, RULEBOOK_UNIT, areas[i], group, at_us) : NULL;
        if (entry)
            return entry->text;
    }
    return NULL;
}

const char *rulebook_unit(const struct rulebook *book, const struct location *location,
                          const char *group, int64_t at_us)
{
    const char *unit = unit_of(book, location, group, at_us);

    return unit ? unit : unit_of(book, location, "*", at_us);
}
