/* rebuild_compare.c - for each table its columns, and what should be in them. */
#include "deploy/ctl/rebuild_compare.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/runtime/case_table.h"

#define ROWS(table) (sizeof(table) / sizeof *(table))

enum { KEY_SIZE = 80 };

/* ---- sightings ---- */

static const struct cell_column sighting_columns[] = {
    [RECORDED_SOURCE] = {"source_id", CELL_TEXT},
    [RECORDED_OFFSET] = {"topic_offset", CELL_TEXT},
    [RECORDED_IS_TEST] = {"is_test", CELL_TEXT},
    [RECORDED_MESSAGE] = {"message", CELL_TEXT},
    [RECORDED_REPORT] = {"report_id", CELL_TEXT},
    [RECORDED_OUTCOME] = {"outcome", CELL_TEXT},
    [RECORDED_BASIS] = {"basis", CELL_TEXT},
    [RECORDED_FLAGS] = {"flags", CELL_TEXT},
    [RECORDED_CASE] = {"case_id", CELL_TEXT},
    [RECORDED_RELATED] = {"related_case_id", CELL_TEXT},
    [RECORDED_GROUP] = {"dedup_group", CELL_TEXT},
    [RECORDED_RULE_VERSION] = {"rule_version", CELL_TEXT},
    [RECORDED_CATEGORY_VERSION] = {"category_version", CELL_TEXT},
    [RECORDED_UNIT] = {"unit_code", CELL_TEXT},
    [RECORDED_COUNTED] = {"counted_at", CELL_TIME},
    [RECORDED_AGE] = {"age_us", CELL_TEXT},
    [RECORDED_DISTANCE] = {"distance_m", CELL_REAL},
    [RECORDED_RADIUS] = {"radius_m", CELL_REAL},
    [RECORDED_ACCURACY] = {"accuracy_m", CELL_REAL},
};

static void put_decision(struct cells *cells, const struct link_decision *d)
{
    cell_text(cells, link_outcome_name(d->outcome));
    cell_text(cells, link_basis_name(d->basis));
    cell_number(cells, d->flags);
    cell_id(cells, d->case_id);
    cell_id(cells, d->related_id);
}

static void put_sighting(struct cells *cells, const struct stored_sighting *stored,
                         const struct replayed *replayed, size_t ordinal)
{
    const struct link_sighting *s = &replayed->sightings->list[ordinal];
    const struct ruling *ruling = &replayed->sightings->of[ordinal].ruling;
    const struct link_decision *d = &replayed->output->decisions[ordinal];

    cell_number(cells, stored->source_id);
    cell_number(cells, stored->event.message.offset);
    cell_truth(cells, s->is_test);
    cell_text(cells, link_message_name(s->message));
    cell_id(cells, s->report_id);
    put_decision(cells, d);
    cell_text(cells, ruling->group);
    cell_positive(cells, ruling->rule_version);
    cell_positive(cells, ruling->category_version);
    cell_text(cells, s->unit);
    cell_time(cells, d->used_us);
    cell_number(cells, d->age_us);
    cell_real(cells, d->distance_m);
    cell_real(cells, d->radius_m);
    cell_real(cells, link_counted_accuracy_m(s));
}

void compare_sightings(struct differences *differences,
                       const struct stored_transaction *transaction,
                       const struct replayed *replayed)
{
    struct arena *arena = arena_new();

    for (size_t i = 0; i < transaction->count; i++) {
        const struct stored_sighting *stored = &transaction->list[i];
        struct cells wanted = {.arena = arena};
        char key[KEY_SIZE];
        put_sighting(&wanted, stored, replayed, i);
        assert(wanted.count == ROWS(sighting_columns));
        snprintf(key, sizeof key, "%s/%s", stored->recorded[RECORDED_SOURCE],
                 stored->recorded[RECORDED_OFFSET]);
        difference_of_row(differences, "follow_up.sighting", key, sighting_columns,
                          stored->recorded, &wanted);
    }
    arena_free(arena);
}

/* ---- rows of a cursor ---- */

struct rows {
    struct pg *pg;
    const char *fetch;
    struct pg_result *page;
    size_t row;
    bool is_over;
};

static enum outcome rows_open(struct rows *rows, struct pg *pg, const char *sql,
                              const char *fetch, struct err *e)
{
    *rows = (struct rows){.pg = pg, .fetch = fetch};
    return pg_run(pg, sql, e);
}

/* Has the row in hand; is_over: there is none. */
static enum outcome rows_have(struct rows *rows, struct err *e)
{
    if (rows->is_over || (rows->page && rows->row < pg_rows(rows->page)))
        return DONE;
    pg_result_free(rows->page);
    rows->page = NULL;
    rows->row = 0;
    if (pg_query(rows->pg, rows->fetch, NULL, 0, &rows->page, e))
        return e->outcome;
    rows->is_over = pg_rows(rows->page) == 0;
    return DONE;
}

static void rows_read(const struct rows *rows, const char **values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = pg_value(rows->page, rows->row, i);
}

/* ---- steps ---- */

static const struct cell_column step_columns[] = {
    {"link_seq", CELL_TEXT},     {"ordinal", CELL_TEXT},      {"place", CELL_TEXT},
    {"outcome", CELL_TEXT},      {"reason", CELL_TEXT},       {"named_id", CELL_TEXT},
    {"case_id", CELL_TEXT},      {"case_version", CELL_TEXT}, {"actor", CELL_TEXT},
    {"action", CELL_TEXT},       {"result", CELL_TEXT},       {"from_state", CELL_TEXT},
    {"to_state", CELL_TEXT},     {"event_id", CELL_TEXT},     {"source_id", CELL_TEXT},
    {"topic_offset", CELL_TEXT}, {"stepped_at", CELL_TIME},
};
static const char step_table[] = "follow_up.case_step";
enum { STEP_SEQ, STEP_ORDINAL, STEP_PLACE }; /* the key */

struct compared_steps {
    struct differences *differences;
    struct rows rows;
    struct arena *arena; /* of one step */
};

struct compared_steps *compare_steps_open(struct pg *pg, struct differences *differences,
                                          struct err *e)
{
    struct compared_steps *steps = xcalloc(1, sizeof *steps);
    struct text sql = {0};
    enum outcome outcome;

    steps->differences = differences;
    steps->arena = arena_new();
    text_add_string(&sql, "declare stored_steps no scroll cursor for select ");
    difference_add_columns(&sql, step_columns, ROWS(step_columns));
    text_format(&sql, " from %s order by link_seq, ordinal, place", step_table);
    outcome =
        rows_open(&steps->rows, pg, sql.bytes, "fetch forward 5000 from stored_steps", e);
    text_free(&sql);
    if (!outcome)
        return steps;
    compare_steps_close(steps);
    return NULL;
}

void compare_steps_close(struct compared_steps *steps)
{
    if (!steps)
        return;
    pg_result_free(steps->rows.page);
    arena_free(steps->arena);
    free(steps);
}

static void put_cause(struct cells *cells, const struct case_step_row *row)
{
    cell_id(cells, row->event_id);
    if (row->event_id) {
        cell_number(cells, row->source_id);
        cell_number(cells, row->topic_offset);
    } else {
        cell_text(cells, NULL);
        cell_text(cells, NULL);
    }
}

static void put_step(struct cells *cells, const struct case_step_row *row)
{
    cell_number(cells, row->link_seq);
    cell_number(cells, row->ordinal);
    cell_number(cells, row->place);
    cell_text(cells, row->outcome);
    cell_text(cells, row->reason);
    cell_id(cells, row->named_id);
    cell_id(cells, row->case_id);
    cell_positive(cells, row->case_version);
    cell_text(cells, row->actor);
    cell_text(cells, row->action);
    cell_text(cells, row->result);
    cell_text(cells, row->from_state);
    cell_text(cells, row->to_state);
    put_cause(cells, row);
    cell_time(cells, row->stepped_us);
}

static int order_of(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* Of the stored row in hand against the step. */
static int row_order(const struct rows *rows, const struct case_step_row *step)
{
    int order = order_of(pg_number(rows->page, rows->row, STEP_SEQ), step->link_seq);

    if (order == 0)
        order = order_of(pg_number(rows->page, rows->row, STEP_ORDINAL), step->ordinal);
    return order ? order
                 : order_of(pg_number(rows->page, rows->row, STEP_PLACE), step->place);
}

static void step_key(char key[KEY_SIZE], const char *const *values)
{
    snprintf(key, KEY_SIZE, "%s/%s/%s", values[STEP_SEQ], values[STEP_ORDINAL],
             values[STEP_PLACE]);
}

static void not_wanted(struct compared_steps *steps)
{
    const char *values[ROWS(step_columns)];
    char key[KEY_SIZE];

    rows_read(&steps->rows, values, ROWS(values));
    step_key(key, values);
    difference_of_existence(steps->differences, step_table, key, true);
    steps->rows.row++;
}

static void compare_with_row(struct compared_steps *steps, const struct cells *wanted,
                             bool is_there)
{
    const char *values[ROWS(step_columns)];
    char key[KEY_SIZE];

    step_key(key, wanted->values);
    if (!is_there) {
        difference_of_existence(steps->differences, step_table, key, false);
        return;
    }
    rows_read(&steps->rows, values, ROWS(values));
    difference_of_row(steps->differences, step_table, key, step_columns, values, wanted);
    steps->rows.row++;
}

/* The stored rows before the step are not wanted; then it comes itself, or is missing. */
enum outcome compare_step(struct compared_steps *steps, const struct case_step_row *step,
                          struct err *e)
{
    struct cells wanted = {.arena = steps->arena};
    int order = 1;

    arena_reset(steps->arena, 4096);
    put_step(&wanted, step);
    for (;; not_wanted(steps)) {
        if (rows_have(&steps->rows, e))
            return err_wrap(e, "reading the steps");
        order = steps->rows.is_over ? 1 : row_order(&steps->rows, step);
        if (order >= 0)
            break;
    }
    compare_with_row(steps, &wanted, order == 0);
    return DONE;
}

enum outcome compare_steps_left(struct compared_steps *steps, struct err *e)
{
    for (;; not_wanted(steps)) {
        if (rows_have(&steps->rows, e))
            return err_wrap(e, "reading the steps");
        if (steps->rows.is_over)
            return DONE;
    }
}

/* ---- cases ---- */

static const struct cell_column case_columns[] = {
    {"case_id", CELL_TEXT},
    {"kind", CELL_TEXT},
    {"state", CELL_TEXT},
    {"case_version", CELL_TEXT},
    {"is_test", CELL_TEXT},
    {"dedup_group", CELL_TEXT},
    {"category_scheme", CELL_TEXT},
    {"category_code", CELL_TEXT},
    {"cell", CELL_TEXT},
    {"stripe", CELL_TEXT},
    {"wgs84_longitude", CELL_REAL},
    {"wgs84_latitude", CELL_REAL},
    {"accuracy_m", CELL_REAL},
    {"place_key", CELL_TEXT},
    {"round_code", CELL_TEXT},
    {"unit_code", CELL_TEXT},
    {"first_seen_at", CELL_TIME},
    {"last_seen_at", CELL_TIME},
    {"reopened_at", CELL_TIME},
    {"handled_at", CELL_TIME},
    {"closed_at", CELL_TIME},
    {"standing", CELL_TEXT},
    {"muted", CELL_TEXT},
    {"mute_lifted", CELL_TEXT},
    {"was_sent", CELL_TEXT},
    {"repeat_of", CELL_TEXT},
    {"may_repeat", CELL_TEXT},
    {"merged_into", CELL_TEXT},
    {"opened_seq", CELL_TEXT},
    {"opened_ordinal", CELL_TEXT},
};
static const char case_table[] = "follow_up.case_file";

static void put_what_it_is(struct cells *cells, const struct replayed_case *c)
{
    cell_id(cells, c->link->case_id);
    cell_text(cells, c->kind->name);
    cell_text(cells, c->state);
    cell_number(cells, c->version);
    cell_truth(cells, c->link->is_test);
    cell_text(cells, c->group);
    cell_text(cells, c->scheme);
    cell_text(cells, c->code);
    cell_number(cells, link_cell(&c->link->place));
    cell_number(cells, c->stripe);
}

static void put_place(struct cells *cells, const struct link_place *place)
{
    bool has_point = place->where == LINK_AT_POINT;
    static const uint8_t none[UUID_SIZE];

    cell_real(cells, has_point ? place->at.longitude : NAN);
    cell_real(cells, has_point ? place->at.latitude : NAN);
    cell_real(cells, has_point ? place->accuracy_m : NAN);
    cell_id(cells, place->where == LINK_AT_KEY ? place->key : none);
    cell_text(cells, place->round);
}

static void put_case(struct cells *cells, const struct replayed_case *c)
{
    const struct link_case *link = c->link;

    put_what_it_is(cells, c);
    put_place(cells, &link->place);
    cell_text(cells, link->unit);
    cell_time(cells, link->first_us);
    cell_time(cells, link->last_us);
    cell_time(cells, link->reopened_us);
    cell_time(cells, link->handled_us);
    cell_time(cells, link->closed_us);
    cell_number(cells, link->standing);
    cell_number(cells, link->muted);
    cell_truth(cells, link->mute_lifted);
    cell_truth(cells, link->was_sent);
    cell_id(cells, c->repeat_of);
    cell_id(cells, c->may_repeat);
    cell_id(cells, link->merged_into);
    cell_number(cells, link->opened_seq);
    cell_number(cells, link->opened_ordinal);
}

struct compared_cases {
    struct differences *differences;
    const struct replay *replay;
    struct rows rows;
    bool *is_stored; /* by number */
    struct arena *arena;
};

static void compare_case(struct compared_cases *cases)
{
    const char *values[ROWS(case_columns)];
    struct cells wanted = {.arena = cases->arena};
    uint8_t case_id[UUID_SIZE] = {0};
    struct replayed_case c;
    uint32_t number;

    rows_read(&cases->rows, values, ROWS(values));
    uuid_parse(case_id, values[0], strlen(values[0]));
    number = replay_find_case(cases->replay, case_id);
    if (number == LINK_NONE) {
        difference_of_existence(cases->differences, case_table, values[0], true);
        return;
    }
    cases->is_stored[number] = true;
    arena_reset(cases->arena, 4096);
    c = replay_case(cases->replay, number);
    put_case(&wanted, &c);
    assert(wanted.count == ROWS(case_columns));
    difference_of_row(cases->differences, case_table, values[0], case_columns, values,
                      &wanted);
}

static void name_missing(const struct compared_cases *cases)
{
    for (size_t i = 0; i < replay_case_count(cases->replay); i++) {
        char key[UUID_TEXT_SIZE];
        if (cases->is_stored[i])
            continue;
        uuid_format(key, replay_case(cases->replay, (uint32_t)i).link->case_id);
        difference_of_existence(cases->differences, case_table, key, false);
    }
}

static enum outcome compare_all(struct compared_cases *cases, size_t *stored,
                                struct err *e)
{
    for (*stored = 0;; ++*stored, cases->rows.row++) {
        if (rows_have(&cases->rows, e))
            return e->outcome;
        if (cases->rows.is_over)
            return DONE;
        compare_case(cases);
    }
}

enum outcome compare_cases(struct pg *pg, struct differences *differences,
                           const struct replay *replay, size_t *stored, struct err *e)
{
    struct compared_cases cases = {
        .differences = differences,
        .replay = replay,
        .is_stored = xcalloc(replay_case_count(replay) + 1, sizeof(bool)),
        .arena = arena_new()};
    struct text sql = {0};
    enum outcome outcome;

    text_add_string(&sql, "declare stored_cases no scroll cursor for select ");
    difference_add_columns(&sql, case_columns, ROWS(case_columns));
    text_format(&sql, " from %s order by case_id", case_table);
    outcome =
        rows_open(&cases.rows, pg, sql.bytes, "fetch forward 5000 from stored_cases", e);
    if (!outcome)
        outcome = compare_all(&cases, stored, e);
    if (!outcome)
        name_missing(&cases);
    pg_result_free(cases.rows.page);
    text_free(&sql);
    free(cases.is_stored);
    arena_free(cases.arena);
    return outcome ? err_wrap(e, "reading the cases") : DONE;
}
