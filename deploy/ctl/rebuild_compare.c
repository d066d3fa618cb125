/* rebuild_compare.c - cursors over the tables, each beside the rows that are wanted in it. */
#include "deploy/ctl/rebuild_compare.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"

enum { KEY_SIZE = 160 };

static const char server_clock[] = "by the clock of the database, when it was written";
static const char input[] = "what the program had read when it decided: decided by";
static const char generated[] = "made by the database from the columns beside it";

const struct not_compared not_compared[] = {
    {"follow_up.case_file", "life", generated},
    {"follow_up.case_file", "case_no", generated},
    {"follow_up.case_file", "opened_at", server_clock},
    {"follow_up.sighting", "reference_version", input},
    {"follow_up.case_step", "reference_version", input},
    {"follow_up.case_step", "recorded_at",
     "by the clock of the database: what the clock's acts are decided by"},
    {"follow_up.time_limit", "recorded_at", server_clock},
    {"follow_up.outbox", "recorded_at",
     "by the clock of the database: what reminders are decided by"},
    {"follow_up.outbox", "written_in", "number of the transaction at the server"},
    {"follow_up.outbox_sent", "*", "what the broker said"},
    {0},
};

/* ---- one table ---- */

struct compared {
    struct pg *pg;
    const struct follow_table *table;
    struct differences *differences;
    char fetch[96];
    struct pg_result *page;
    size_t row;
    bool is_over;
};

/* follow_up.case_file: follow_up_case_file */
static struct text cursor_of(const struct follow_table *table)
{
    struct text name = {0};

    text_add_string(&name, table->name);
    *strchr(name.bytes, '.') = '_';
    return name;
}

static void add_declare(struct text *sql, const struct follow_table *table,
                        const char *cursor)
{
    text_format(sql, "declare %s no scroll cursor for select ", cursor);
    follow_add_texts(sql, table);
    text_format(sql, " from %s s order by ", table->name);
    for (size_t i = 0; i < table->keys; i++)
        text_format(sql, "%s%s", i ? ", " : "", table->columns[i].name);
}

struct compared *compared_open(struct pg *pg, const struct follow_table *table,
                               struct differences *differences, struct err *e)
{
    struct compared *compared = xcalloc(1, sizeof *compared);
    struct text cursor = cursor_of(table), sql = {0};
    enum outcome outcome;

    *compared = (struct compared){.pg = pg, .table = table, .differences = differences};
    snprintf(compared->fetch, sizeof compared->fetch, "fetch forward 5000 from %s",
             cursor.bytes);
    add_declare(&sql, table, cursor.bytes);
    outcome = pg_run(pg, sql.bytes, e);
    text_free(&cursor);
    text_free(&sql);
    if (!outcome)
        return compared;
    err_wrap(e, "reading %s", table->name);
    compared_close(compared);
    return NULL;
}

void compared_close(struct compared *compared)
{
    if (!compared)
        return;
    pg_result_free(compared->page);
    free(compared);
}

/* Has the row in hand; is_over: there is none. */
static enum outcome have_row(struct compared *compared, struct err *e)
{
    if (compared->is_over || (compared->page && compared->row < pg_rows(compared->page)))
        return DONE;
    pg_result_free(compared->page);
    compared->page = NULL;
    compared->row = 0;
    if (pg_query(compared->pg, compared->fetch, NULL, 0, &compared->page, e))
        return err_wrap(e, "reading %s", compared->table->name);
    compared->is_over = pg_rows(compared->page) == 0;
    return DONE;
}

static const char *stored(const struct compared *compared, size_t column)
{
    return pg_value(compared->page, compared->row, column);
}

/* Keys are whole numbers and ids. */
static int key_order(enum follow_type type, const char *text,
                     const struct follow_value *wanted)
{
    char id[UUID_TEXT_SIZE];
    int64_t number;

    if (type == FOLLOW_ID) {
        uuid_format(id, wanted->id);
        return strcmp(text, id);
    }
    number = strtoll(text, NULL, 10);
    return number < wanted->number ? -1 : number > wanted->number;
}

/* Of the stored row in hand against the one that is wanted. */
static int row_order(const struct compared *compared, const struct follow_row *wanted)
{
    const struct follow_table *table = compared->table;
    int order = 0;

    for (size_t i = 0; i < table->keys && order == 0; i++)
        order =
            key_order(table->columns[i].type, stored(compared, i), &wanted->values[i]);
    return order;
}

static void add_key(char key[KEY_SIZE], const char *part)
{
    size_t size = strlen(key);

    snprintf(key + size, KEY_SIZE - size, "%s%s", size ? "/" : "", part);
}

static void stored_key(const struct compared *compared, char key[KEY_SIZE])
{
    key[0] = '\0';
    for (size_t i = 0; i < compared->table->keys; i++)
        add_key(key, stored(compared, i));
}

static void wanted_key(const struct follow_table *table, const struct follow_row *wanted,
                       char key[KEY_SIZE])
{
    key[0] = '\0';
    for (size_t i = 0; i < table->keys; i++) {
        char part[UUID_TEXT_SIZE];
        if (table->columns[i].type == FOLLOW_ID)
            uuid_format(part, wanted->values[i].id);
        else
            snprintf(part, sizeof part, "%lld", (long long)wanted->values[i].number);
        add_key(key, part);
    }
}

static void not_wanted(struct compared *compared)
{
    char key[KEY_SIZE];

    stored_key(compared, key);
    difference_of_existence(compared->differences, compared->table, key, true);
    compared->row++;
}

static void compare_row(struct compared *compared, const struct follow_row *wanted)
{
    const char *values[FOLLOW_MOST_COLUMNS];
    char key[KEY_SIZE];

    for (size_t i = 0; i < compared->table->count; i++)
        values[i] = stored(compared, i);
    stored_key(compared, key);
    difference_of_row(compared->differences, compared->table, key, values, wanted);
    compared->row++;
}

enum outcome compared_row(struct compared *compared, const struct follow_row *wanted,
                          struct err *e)
{
    char key[KEY_SIZE];
    int order;

    assert(wanted->count == compared->table->count);
    for (;; not_wanted(compared)) {
        if (have_row(compared, e))
            return e->outcome;
        order = compared->is_over ? 1 : row_order(compared, wanted);
        if (order >= 0)
            break;
    }
    if (order == 0) {
        compare_row(compared, wanted);
        return DONE;
    }
    wanted_key(compared->table, wanted, key);
    difference_of_existence(compared->differences, compared->table, key, false);
    return DONE;
}

enum outcome compared_end(struct compared *compared, struct err *e)
{
    for (;; not_wanted(compared)) {
        if (have_row(compared, e))
            return e->outcome;
        if (compared->is_over)
            return DONE;
    }
}

enum outcome compared_rows(struct compared *compared, size_t count, follow_fill *fill,
                           const void *context, struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        struct follow_row row;
        row.count = 0;
        fill(&row, context, i);
        if (compared_row(compared, &row, e))
            return e->outcome;
    }
    return DONE;
}

/* ---- sightings ---- */

void compare_sightings(struct differences *differences,
                       const struct stored_transaction *transaction,
                       const struct replayed *replayed)
{
    for (size_t i = 0; i < transaction->count; i++) {
        const struct stored_sighting *one = &transaction->list[i];
        struct follow_row wanted;
        char key[KEY_SIZE] = "";
        wanted.count = 0;
        sighting_fill(&wanted, &(struct sighting_file){
                                   .link_seq = transaction->link_seq,
                                   .ordinal = i,
                                   .source_id = one->source_id,
                                   .kind = transaction->sighter->kind->name,
                                   .sighting = &replayed->sightings->list[i],
                                   .of = &replayed->sightings->of[i],
                                   .decision = &replayed->output->decisions[i]});
        for (size_t k = 0; k < sighting_table.keys; k++)
            add_key(key, one->recorded[k]);
        difference_of_row(differences, &sighting_table, key, one->recorded, &wanted);
    }
}

/* ---- steps, limits, orders ---- */

static void fill_step(struct follow_row *row, const void *context, size_t number)
{
    case_step_fill(row, &((const struct case_step_row *)context)[number]);
}

enum outcome compare_steps(struct compared *steps, const struct case_step_row *list,
                           size_t count, struct err *e)
{
    return compared_rows(steps, count, fill_step, list, e);
}

static int by_case(const void *a, const void *b)
{
    const struct life_limit *left = a, *right = b;
    int order = memcmp(left->case_id, right->case_id, UUID_SIZE);

    return order ? order : left->case_version - right->case_version;
}

static int by_order_id(const void *a, const void *b)
{
    const struct case_order_row *left = a, *right = b;

    return memcmp(left->order_id, right->order_id, UUID_SIZE);
}

static void fill_limit(struct follow_row *row, const void *context, size_t number)
{
    time_limit_fill(row, &((const struct life_limit *)context)[number]);
}

static void fill_order(struct follow_row *row, const void *context, size_t number)
{
    outbox_fill(row, &((const struct case_order_row *)context)[number]);
}

enum outcome compare_follows(struct compared *limits, struct compared *orders,
                             const struct life_rows *follows, struct err *e)
{
    if (follows->limit_count > 0)
        qsort(follows->limits, follows->limit_count, sizeof *follows->limits, by_case);
    if (follows->order_count > 0)
        qsort(follows->orders, follows->order_count, sizeof *follows->orders,
              by_order_id);
    if (compared_rows(limits, follows->limit_count, fill_limit, follows->limits, e))
        return e->outcome;
    return compared_rows(orders, follows->order_count, fill_order, follows->orders, e);
}

/* ---- cases ---- */

static int by_id(const void *a, const void *b)
{
    const struct case_file *left = a, *right = b;

    return memcmp(left->link->case_id, right->link->case_id, UUID_SIZE);
}

static void fill_case(struct follow_row *row, const void *context, size_t number)
{
    case_file_fill(row, &((const struct case_file *)context)[number]);
}

enum outcome compare_cases(struct compared *cases, const struct replay *replay,
                           struct err *e)
{
    size_t count = replay_case_count(replay);
    struct case_file *sorted = xcalloc(count + 1, sizeof *sorted);
    enum outcome outcome;

    for (size_t i = 0; i < count; i++)
        sorted[i] = replay_case(replay, (uint32_t)i);
    qsort(sorted, count, sizeof *sorted, by_id);
    outcome = compared_rows(cases, count, fill_case, sorted, e);
    free(sorted);
    return outcome ? outcome : compared_end(cases, e);
}
