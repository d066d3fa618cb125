/* case_table.c - rows of follow_up to structs, and back: arrays to read and to update by, COPY to add. */
#include "consumers/runtime/case_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "consumers/runtime/copy.h"
#include "consumers/runtime/follow_tables.h"
#include "consumers/runtime/life_table.h"
#include "consumers/runtime/row_values.h"

/* ---- reading ---- */

static void read_id(const struct pg_result *rows, size_t row, size_t column,
                    uint8_t id[UUID_SIZE])
{
    size_t size;
    const uint8_t *bytes = pg_raw(rows, row, column, &size);

    if (bytes && size == UUID_SIZE)
        memcpy(id, bytes, UUID_SIZE);
    else
        memset(id, 0, UUID_SIZE);
}

static int64_t read_moment(const struct pg_result *rows, size_t row, size_t column)
{
    if (!pg_value(rows, row, column))
        return LINK_NO_TIME;
    return pg_raw_number(rows, row, column) + COPY_EPOCH_US;
}

static const char *read_text(struct arena *arena, const struct pg_result *rows,
                             size_t row, size_t column)
{
    size_t size;
    const uint8_t *bytes = pg_raw(rows, row, column, &size);

    return bytes ? arena_copy(arena, bytes, size) : NULL;
}

enum outcome case_table_read_reports(struct case_table *table, struct pg *pg,
                                     struct arena *arena, const uint8_t (*ids)[UUID_SIZE],
                                     size_t count, struct err *e)
{
    struct pg_result *rows = NULL;

    if (query_ids(pg_query_raw, pg, "link_reports", ids, count, &rows, e))
        return e->outcome;
    table->report_count = pg_rows(rows);
    table->reports =
        arena_take_array(arena, table->report_count + 1, sizeof *table->reports);
    for (size_t row = 0; row < table->report_count; row++) {
        struct link_report *report = &table->reports[row];
        *report = (struct link_report){.has_come = pg_raw_number(rows, row, 2),
                                       .waits = !pg_raw_number(rows, row, 2),
                                       .is_withdrawn = pg_raw_number(rows, row, 3)};
        read_id(rows, row, 0, report->report_id);
        read_id(rows, row, 1, report->case_id);
        report->has_case = !id_is_none(report->case_id);
    }
    pg_result_free(rows);
    return DONE;
}

/* Columns of sql/cases_*.sql that read. */
enum {
    CASE_ID,
    LIFE,
    STATE,
    VERSION,
    IS_TEST,
    GROUP,
    STRIPE,
    LONGITUDE,
    LATITUDE,
    ACCURACY,
    PLACE_KEY,
    ROUND,
    UNIT,
    FIRST_SEEN,
    LAST_SEEN,
    REOPENED,
    HANDLED,
    CLOSED,
    STANDING,
    MUTED,
    MUTE_LIFTED,
    WAS_SENT,
    MERGED_INTO,
    OPENED_SEQ,
    OPENED_ORDINAL
};

static enum link_life read_life(const char *name)
{
    static const char *const names[] = {[LINK_OPEN] = "open",
                                        [LINK_CLOSED] = "closed",
                                        [LINK_DISMISSED] = "dismissed",
                                        [LINK_CANCELLED] = "cancelled",
                                        [LINK_MERGED] = "merged"};
    size_t life = 0;

    while (life < LINK_MERGED && strcmp(names[life], name) != 0)
        life++;
    return (enum link_life)life;
}

static void read_place(struct arena *arena, const struct pg_result *rows, size_t row,
                       struct link_place *place)
{
    *place = (struct link_place){.where = LINK_NOWHERE, .accuracy_m = NAN};
    if (pg_value(rows, row, LONGITUDE)) {
        place->where = LINK_AT_POINT;
        place->at = (struct point){pg_raw_real(rows, row, LONGITUDE),
                                   pg_raw_real(rows, row, LATITUDE)};
        place->accuracy_m = pg_raw_real(rows, row, ACCURACY);
    } else if (pg_value(rows, row, PLACE_KEY)) {
        place->where = LINK_AT_KEY;
        read_id(rows, row, PLACE_KEY, place->key);
        place->round = read_text(arena, rows, row, ROUND);
    }
}

static void read_times(const struct pg_result *rows, size_t row, struct link_case *c)
{
    c->first_us = read_moment(rows, row, FIRST_SEEN);
    c->last_us = read_moment(rows, row, LAST_SEEN);
    c->reopened_us = read_moment(rows, row, REOPENED);
    c->handled_us = read_moment(rows, row, HANDLED);
    c->closed_us = read_moment(rows, row, CLOSED);
}

/* A text of which there are few different ones: libpq has a NUL behind each. */
static const char *read_name(struct group_names *names, struct arena *arena,
                             const struct pg_result *rows, size_t row, size_t column,
                             uint32_t *number)
{
    const char *text = pg_value(rows, row, column);
    size_t count = names->count;

    *number = group_number(names, arena, text);
    if (*number == count)
        names->list[count] = arena_copy(arena, text, strlen(text));
    return names->list[*number];
}

static void read_case(struct arena *arena, struct group_names *groups,
                      const struct pg_result *rows, size_t row, struct link_case *c)
{
    *c = (struct link_case){
        .life = read_life(pg_value(rows, row, LIFE)),
        .is_test = pg_raw_number(rows, row, IS_TEST),
        .was_sent = pg_raw_number(rows, row, WAS_SENT),
        .mute_lifted = pg_raw_number(rows, row, MUTE_LIFTED),
        .unit = read_text(arena, rows, row, UNIT),
        .standing = pg_raw_number(rows, row, STANDING),
        .muted = pg_raw_number(rows, row, MUTED),
        .opened_seq = pg_raw_number(rows, row, OPENED_SEQ),
        .opened_ordinal = (uint32_t)pg_raw_number(rows, row, OPENED_ORDINAL),
    };
    read_name(groups, arena, rows, row, GROUP, &c->group);
    read_id(rows, row, CASE_ID, c->case_id);
    read_id(rows, row, MERGED_INTO, c->merged_into);
    read_place(arena, rows, row, &c->place);
    read_times(rows, row, c);
}

void case_table_make_room(struct case_table *table, struct arena *arena, size_t more)
{
    size_t room = 2 * table->room;

    if (table->room > 0 && table->count + more <= table->room)
        return;
    if (room < table->count + more)
        room = table->count + more;
    table->cases = arena_resize(arena, table->cases, table->room * sizeof *table->cases,
                                room * sizeof *table->cases);
    table->rows = arena_resize(arena, table->rows, table->room * sizeof *table->rows,
                               room * sizeof *table->rows);
    table->room = room;
    table->ids = link_map_new(arena, room);
    for (size_t i = 0; i < table->count; i++)
        *link_map_at(&table->ids, table->cases[i].case_id) = (uint32_t)i;
}

struct reading {
    struct case_table *table;
    struct pg *pg;
    struct arena *arena;
    struct group_names *groups;
};

/* Those that are not there yet; frees the rows. NULL: there are none. */
static void keep_cases(const struct reading *r, struct pg_result *rows)
{
    struct case_table *table = r->table;

    if (!rows)
        return;
    case_table_make_room(table, r->arena, pg_rows(rows));
    for (size_t row = 0; row < pg_rows(rows); row++) {
        struct link_case *c = &table->cases[table->count];
        uint32_t *at, state;
        read_case(r->arena, r->groups, rows, row, c);
        at = link_map_at(&table->ids, c->case_id);
        if (*at != LINK_NONE)
            continue;
        table->rows[table->count] = (struct case_row){
            .state = read_name(&table->states, r->arena, rows, row, STATE, &state),
            .version = (int32_t)pg_raw_number(rows, row, VERSION),
            .stripe = (unsigned)pg_raw_number(rows, row, STRIPE)};
        *at = (uint32_t)table->count++;
    }
    pg_result_free(rows);
}

/* ---- cases near by ---- */

/* Cells asked for at once: libpq holds a result whole, in a form several times as large as ours. More, while hardly any
 * has a case. */
enum { CELLS_AT_ONCE = 512, MOST_CELLS_AT_ONCE = 8192, FEW_CASES = 16 };

/* The arrays that a statement takes. */
enum near_array {
    GROUPS,
    CELLS,
    SINCE_OPEN,
    SINCE_OVER,
    WEST,
    SOUTH,
    EAST,
    NORTH,
    NEAR_ARRAYS
};
static const uint32_t near_oids[NEAR_ARRAYS] = {TEXT_OID, INT8_OID, TIME_OID, TIME_OID,
                                                REAL_OID, REAL_OID, REAL_OID, REAL_OID};

static void put_since(struct text *out, int64_t us)
{
    if (us < CLOCK_FIRST_US)
        copy_put_int64(out, INT64_MIN); /* -infinity */
    else
        copy_put_time(out, us);
}

static void put_cell(struct text *arrays, const struct near *near, const char *group)
{
    copy_put_string(&arrays[GROUPS], group);
    copy_put_int64(&arrays[CELLS], near->cell);
    put_since(&arrays[SINCE_OPEN], near->since_open_us);
    put_since(&arrays[SINCE_OVER], near->since_over_us);
}

static void put_box(struct text *arrays, const struct box *box)
{
    copy_put_double(&arrays[WEST], box->west);
    copy_put_double(&arrays[SOUTH], box->south);
    copy_put_double(&arrays[EAST], box->east);
    copy_put_double(&arrays[NORTH], box->north);
}

/* Those that have a box are asked for the accurate cases in it; all for the others. */
struct near_question {
    const char *sql;
    size_t arrays;
    bool (*is_asked)(const struct near *near);
};

static bool any(const struct near *near)
{
    (void)near;
    return true;
}

static const struct near_question near_questions[] = {
    {"cases_in_boxes", NEAR_ARRAYS, near_has_box},
    {"cases_in_cells", WEST, any},
};

static enum outcome begin_asking(struct pg *pg, const char *sql,
                                 const struct pg_parameter *parameters, size_t count,
                                 struct pg_result **result, struct err *e)
{
    (void)result; /* it comes later */
    return pg_begin_query_raw(pg, sql, parameters, count, e);
}

static enum outcome begin_near(const struct reading *r,
                               const struct near_question *question,
                               const struct near *const *asked, size_t count,
                               struct err *e)
{
    struct text arrays[NEAR_ARRAYS] = {0};

    for (size_t i = 0; i < question->arrays; i++)
        copy_put_array_head(&arrays[i], near_oids[i], (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        put_cell(arrays, asked[i], r->groups->list[asked[i]->group]);
        if (question->arrays == NEAR_ARRAYS)
            put_box(arrays, &asked[i]->box);
    }
    return query_arrays(begin_asking, r->pg, question->sql, arrays, question->arrays,
                        NULL, e);
}

/* As the indexes have them. */
static int by_place(const void *a, const void *b)
{
    const struct near *const *left = a, *const *right = b;

    if ((*left)->group != (*right)->group)
        return (*left)->group < (*right)->group ? -1 : 1;
    return ((*left)->cell > (*right)->cell) - ((*left)->cell < (*right)->cell);
}

static bool is_too_many(const struct reading *r, const struct case_wish *wish)
{
    return wish->most > 0 && r->table->count > wish->most;
}

/* While the server looks for one page, the rows of the one before are kept. */
static enum outcome read_pages(const struct reading *r, const struct case_wish *wish,
                               const struct near_question *question,
                               const struct near *const *asked, size_t count,
                               struct err *e)
{
    struct pg_result *rows = NULL;
    size_t page = CELLS_AT_ONCE;
    enum outcome outcome = DONE;

    for (size_t i = 0, size; !outcome && i < count && !is_too_many(r, wish); i += size) {
        size = count - i < page ? count - i : page;
        outcome = begin_near(r, question, asked + i, size, e);
        keep_cases(r, rows);
        rows = NULL;
        if (!outcome)
            outcome = pg_end_query(r->pg, &rows, e);
        if (rows && pg_rows(rows) < FEW_CASES && page < MOST_CELLS_AT_ONCE)
            page *= 2;
    }
    keep_cases(r, rows);
    return outcome;
}

static enum outcome read_near(const struct reading *r, const struct case_wish *wish,
                              const struct near_question *question, struct err *e)
{
    const struct near **asked =
        arena_take_array(r->arena, wish->near_count + 1, sizeof(struct near *));
    size_t count = 0;

    for (size_t i = 0; i < wish->near_count; i++)
        if (question->is_asked(&wish->near[i]))
            asked[count++] = &wish->near[i];
    qsort(asked, count, sizeof *asked, by_place);
    return read_pages(r, wish, question, asked, count, e);
}

/* ---- cases by id ---- */

static enum outcome read_by_id(const struct reading *r, const uint8_t (*ids)[UUID_SIZE],
                               size_t count, struct err *e)
{
    struct pg_result *rows = NULL;

    if (count == 0)
        return DONE;
    if (query_ids(pg_query_raw, r->pg, "cases_by_id", ids, count, &rows, e))
        return e->outcome;
    keep_cases(r, rows);
    return DONE;
}

/* The ids of heads of cases from the one numbered first on, as far as they are not there. */
static size_t missing_heads(const struct case_table *table, size_t first,
                            uint8_t (*ids)[UUID_SIZE])
{
    size_t count = 0;

    for (size_t i = first; i < table->count; i++)
        if (table->cases[i].life == LINK_MERGED
            && link_map_find(&table->ids, table->cases[i].merged_into) == LINK_NONE)
            memcpy(ids[count++], table->cases[i].merged_into, UUID_SIZE);
    return count;
}

/* One step along the merges at a time; what one reads is looked at in the next. */
static enum outcome read_heads(const struct reading *r, struct err *e)
{
    for (size_t looked_at = 0; looked_at < r->table->count;) {
        uint8_t(*ids)[UUID_SIZE] =
            arena_take_array(r->arena, r->table->count - looked_at, UUID_SIZE);
        size_t count = missing_heads(r->table, looked_at, ids);
        looked_at = r->table->count;
        if (read_by_id(r, (const uint8_t(*)[UUID_SIZE])ids, count, e))
            return e->outcome;
    }
    return DONE;
}

/* Those of the ids, and of the reports' cases, that are not there yet. */
static enum outcome read_named(const struct reading *r, const struct case_wish *wish,
                               struct err *e)
{
    const struct case_table *table = r->table;
    uint8_t(*ids)[UUID_SIZE] =
        arena_take_array(r->arena, wish->id_count + table->report_count + 1, UUID_SIZE);
    size_t count = 0;

    for (size_t i = 0; i < wish->id_count; i++)
        if (link_map_find(&table->ids, wish->ids[i]) == LINK_NONE)
            memcpy(ids[count++], wish->ids[i], UUID_SIZE);
    for (size_t i = 0; i < table->report_count; i++)
        if (table->reports[i].has_case
            && link_map_find(&table->ids, table->reports[i].case_id) == LINK_NONE)
            memcpy(ids[count++], table->reports[i].case_id, UUID_SIZE);
    return read_by_id(r, (const uint8_t(*)[UUID_SIZE])ids, count, e);
}

enum outcome case_table_read(struct case_table *table, struct pg *pg, struct arena *arena,
                             const struct case_wish *wish, bool *too_many, struct err *e)
{
    const struct reading r = {table, pg, arena, wish->groups};

    case_table_make_room(table, arena, wish->near_count);
    for (size_t i = 0; i < sizeof near_questions / sizeof *near_questions; i++)
        if (wish->near_count > 0 && read_near(&r, wish, &near_questions[i], e))
            return e->outcome;
    *too_many = is_too_many(&r, wish);
    if (*too_many)
        return DONE;
    return read_named(&r, wish, e) ? e->outcome : read_heads(&r, e);
}

/* ---- new cases ---- */

static int by_case_id(const void *a, const void *b)
{
    const struct link_case *const *left = a, *const *right = b;

    return memcmp((*left)->case_id, (*right)->case_id, UUID_SIZE);
}

typedef bool is_chosen(const struct link_case *c, const struct case_row *row);

static bool is_opened(const struct link_case *c, const struct case_row *row)
{
    (void)row;
    return c->is_new;
}

static bool is_seen(const struct link_case *c, const struct case_row *row)
{
    return c->is_changed && !c->is_new && !row->life;
}

static bool is_stepped(const struct link_case *c, const struct case_row *row)
{
    return c->is_changed && !c->is_new && row->life;
}

static const struct case_row *row_of(const struct case_changes *changes,
                                     const struct link_case *c)
{
    return &changes->states->rows[c - changes->output->cases];
}

/* Sorted. */
static const struct link_case **choose(const struct case_changes *changes, is_chosen *is,
                                       struct arena *arena, size_t *count)
{
    const struct link_output *output = changes->output;
    const struct link_case **chosen =
        arena_take_array(arena, output->case_count + 1, sizeof *chosen);

    *count = 0;
    for (size_t i = 0; i < output->case_count; i++)
        if (is(&output->cases[i], &changes->states->rows[i]))
            chosen[(*count)++] = &output->cases[i];
    qsort(chosen, *count, sizeof *chosen, by_case_id);
    return chosen;
}

struct opened {
    const struct case_changes *changes;
    const struct link_case **cases;
    struct arena *arena;
};

static void fill_case(struct follow_row *row, const void *context, size_t number)
{
    const struct opened *opened = context;
    const struct sighter *sighter = opened->changes->sighter;
    const struct link_case *link = opened->cases[number];
    const struct case_row *of = row_of(opened->changes, link);
    const struct case_life life = case_states_opened(of, link, sighter->kind);

    case_file_fill(row, &(struct case_file){.link = link,
                                            .kind = sighter->kind->name,
                                            .scheme = of->first->scheme,
                                            .code = of->first->code,
                                            .photo_key = sighting_photo(
                                                sighter, of->first->event, opened->arena),
                                            .stripe = of->stripe,
                                            .repeat_of = link_repeat_of(of->opened_by),
                                            .may_repeat = link_may_repeat(of->opened_by),
                                            .life = &life});
}

static enum outcome add_cases(const struct case_changes *changes, struct pg *pg,
                              struct arena *arena, struct err *e)
{
    const struct arena_mark mark = arena_mark(arena);
    size_t count;
    const struct opened opened = {changes, choose(changes, is_opened, arena, &count),
                                  arena};
    enum outcome outcome =
        follow_write(pg, &case_file_table, count, fill_case, &opened, e);

    arena_rewind(arena, mark);
    return outcome;
}

/* ---- changed cases ---- */

/* The arrays of sql/cases_change.sql; sql/cases_see.sql has the first few. */
static const uint32_t change_oids[] = {UUID_OID, TIME_OID, INT8_OID, INT8_OID,
                                       TEXT_OID, INT4_OID, TIME_OID, BOOL_OID};
enum { SEE_ARRAYS = 4, CHANGE_ARRAYS = 8 };

static void put_change(struct text *arrays, const struct link_case *c,
                       const struct case_row *row)
{
    copy_put_bytes(&arrays[0], c->case_id, UUID_SIZE);
    put_moment(&arrays[1], c->last_us);
    copy_put_int64(&arrays[2], c->standing);
    copy_put_int64(&arrays[3], c->muted);
    if (!row->life)
        return;
    copy_put_string(&arrays[4], row->state);
    copy_put_int32(&arrays[5], row->version);
    put_moment(&arrays[6], c->reopened_us);
    copy_put_bool(&arrays[7], c->was_sent);
}

static enum outcome change_cases(const struct case_changes *changes, struct pg *pg,
                                 struct arena *arena, is_chosen *is, const char *sql,
                                 size_t array_count, struct err *e)
{
    struct text arrays[CHANGE_ARRAYS] = {0};
    struct pg_result *result = NULL;
    enum outcome outcome;
    size_t count;
    const struct arena_mark mark = arena_mark(arena);
    const struct link_case **changed = choose(changes, is, arena, &count);

    for (size_t i = 0; i < array_count && count > 0; i++)
        copy_put_array_head(&arrays[i], change_oids[i], (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        put_change(arrays, changed[i], row_of(changes, changed[i]));
    arena_rewind(arena, mark);
    if (count == 0)
        return DONE;
    outcome = query_arrays(pg_query_binary, pg, sql, arrays, array_count, &result, e);
    if (!outcome && pg_affected(result) != count)
        outcome =
            err_set(e, FATAL, "a case that was read under its lock is there no more");
    pg_result_free(result);
    return outcome;
}

/* What the platform's steps set beside that. Few cases have any. */
static enum outcome move_cases(const struct case_changes *changes, struct pg *pg,
                               struct arena *arena, struct err *e)
{
    static const uint32_t oids[] = {UUID_OID, TIME_OID, TEXT_OID, TIME_OID, INT4_OID};
    struct text arrays[5] = {0};
    size_t count;
    const struct link_case **moved = choose(changes, is_stepped, arena, &count);

    if (count == 0)
        return DONE;
    for (size_t i = 0; i < 5; i++)
        copy_put_array_head(&arrays[i], oids[i], (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const struct case_life *life = row_of(changes, moved[i])->life;
        copy_put_bytes(&arrays[0], life->case_id, UUID_SIZE);
        put_moment(&arrays[1], life->dispatched_us);
        copy_put_string(&arrays[2], life->order_unit);
        put_moment(&arrays[3], life->due_us);
        copy_put_positive(&arrays[4], life->due_version);
    }
    return query_arrays(pg_query_binary, pg, "cases_send", arrays, 5, NULL, e);
}

/* ---- sightings and steps ---- */

static int32_t source_of(const struct case_changes *changes, const struct event *event)
{
    return changes->claims[event->claim].source_id;
}

static void fill_sighting(struct follow_row *row, const void *context, size_t number)
{
    const struct case_changes *changes = context;
    const struct sighted *of = &changes->sightings->of[number];

    sighting_fill(row, &(struct sighting_file){
                           .link_seq = changes->link_seq,
                           .ordinal = number,
                           .source_id = source_of(changes, of->event),
                           .kind = changes->sighter->kind->name,
                           .sighting = &changes->sightings->list[number],
                           .of = of,
                           .decision = &changes->output->decisions[number],
                           .reference_version = changes->sightings->reference_version});
}

static void fill_step(struct follow_row *row, const void *context, size_t number)
{
    const struct case_changes *changes = context;
    struct case_step_row step = case_states_row(
        changes->states, number, changes->sightings, changes->output, changes->link_seq);

    step.source_id = source_of(changes, changes->sightings->of[step.ordinal].event);
    case_step_fill(row, &step);
}

enum outcome case_table_write(const struct case_changes *changes, struct pg *pg,
                              struct arena *arena, struct err *e)
{
    if (add_cases(changes, pg, arena, e)
        || change_cases(changes, pg, arena, is_seen, "cases_see", SEE_ARRAYS, e)
        || change_cases(changes, pg, arena, is_stepped, "cases_change", CHANGE_ARRAYS, e)
        || move_cases(changes, pg, arena, e)
        || follow_write(pg, &sighting_table, changes->sightings->count, fill_sighting,
                        changes, e)
        || follow_write(pg, &case_step_table, changes->states->step_count, fill_step,
                        changes, e))
        return e->outcome;
    return life_write_rows(&changes->states->follows, pg, e);
}
