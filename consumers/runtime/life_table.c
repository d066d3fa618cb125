/* life_table.c - actions and cases out of rows, and what became of them into rows. */
#include "consumers/runtime/life_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/runtime/copy.h"
#include "consumers/runtime/link.h"
#include "consumers/runtime/link_index.h"
#include "consumers/runtime/row_values.h"

/* ---- actions ---- */

/* Columns of sql/actions.sql. */
enum {
    A_EVENT,
    A_CASE,
    A_MERGED_INTO,
    A_SOURCE,
    A_OFFSET,
    A_KIND,
    A_ACTION,
    A_RESULT,
    A_FROM,
    A_TO,
    A_VERSION,
    A_TEST,
    A_ROLE,
    A_ACTOR,
    A_TARGET,
    A_LIMIT_TYPE,
    A_LIMIT_VALUE,
    A_DUE,
    A_REASON,
    A_APPROVER,
    A_CHANNEL,
    A_PHOTO,
    A_REPLY,
    A_OCCURRED,
    A_RECORDED,
    A_LONGITUDE,
    A_LATITUDE
};

static void read_place(const struct pg_result *rows, size_t row, struct link_place *place)
{
    const char *longitude = pg_value(rows, row, A_LONGITUDE);
    const char *latitude = pg_value(rows, row, A_LATITUDE);

    *place = (struct link_place){.where = LINK_NOWHERE, .accuracy_m = NAN};
    if (!longitude || !latitude)
        return;
    place->where = LINK_AT_POINT;
    place->at = (struct point){strtod(longitude, NULL), strtod(latitude, NULL)};
    place->accuracy_m = 0;
}

static struct case_action read_what(struct arena *arena, const struct pg_result *rows,
                                    size_t row)
{
    return (struct case_action){
        .case_kind = row_text(arena, rows, row, A_KIND),
        .action = row_text(arena, rows, row, A_ACTION),
        .result = row_text(arena, rows, row, A_RESULT),
        .from_state = row_text(arena, rows, row, A_FROM),
        .to_state = row_text(arena, rows, row, A_TO),
        .version = (int32_t)pg_number(rows, row, A_VERSION),
        .is_test = pg_number(rows, row, A_TEST),
        .role = row_text(arena, rows, row, A_ROLE),
        .actor = row_text(arena, rows, row, A_ACTOR),
        .target_unit = row_text(arena, rows, row, A_TARGET),
        .limit_type = row_text(arena, rows, row, A_LIMIT_TYPE),
        .limit_value = (int32_t)pg_number(rows, row, A_LIMIT_VALUE),
        .due_us = row_moment(rows, row, A_DUE),
        .reason = row_text(arena, rows, row, A_REASON),
        .approver = row_text(arena, rows, row, A_APPROVER),
        .reply_channel = row_text(arena, rows, row, A_CHANNEL),
        .has_photo = pg_number(rows, row, A_PHOTO),
        .has_reply = pg_number(rows, row, A_REPLY),
        .has_position = pg_value(rows, row, A_LONGITUDE) != NULL,
        .occurred_us = row_moment(rows, row, A_OCCURRED),
        .recorded_us = row_moment(rows, row, A_RECORDED),
    };
}

static void read_action(struct arena *arena, const struct pg_result *rows, size_t row,
                        struct life_action *action)
{
    *action = (struct life_action){.action = read_what(arena, rows, row),
                                   .source_id = (int32_t)pg_number(rows, row, A_SOURCE),
                                   .topic_offset = pg_number(rows, row, A_OFFSET)};
    row_id(rows, row, A_EVENT, action->event_id);
    row_id(rows, row, A_CASE, action->named_id);
    row_id(rows, row, A_MERGED_INTO, action->merged_into);
    if (!id_is_none(action->merged_into))
        action->action.merged_into = action->merged_into;
    read_place(rows, row, &action->place);
}

enum outcome life_read_actions(struct life_actions *actions, struct pg *pg,
                               struct arena *arena, const uint8_t (*event_ids)[UUID_SIZE],
                               size_t count, struct err *e)
{
    struct pg_result *rows = NULL;
    enum outcome outcome = DONE;

    if (query_ids(pg_query_binary, pg, "actions", event_ids, count, &rows, e))
        return e->outcome;
    actions->count = pg_rows(rows);
    actions->list = arena_take_array(arena, actions->count + 1, sizeof *actions->list);
    if (actions->count != count)
        outcome =
            err_set(e, FATAL, "of %zu actions %zu are stored", count, actions->count);
    for (size_t row = 0; !outcome && row < count; row++)
        read_action(arena, rows, row, &actions->list[row]);
    pg_result_free(rows);
    return outcome;
}

enum outcome life_read_parked(struct life_actions *actions, struct pg *pg,
                              struct arena *arena, const uint8_t (*names)[UUID_SIZE],
                              size_t count, struct err *e)
{
    struct pg_result *rows = NULL;
    uint8_t(*ids)[UUID_SIZE];
    enum outcome outcome = DONE;

    *actions = (struct life_actions){0};
    if (query_ids(pg_query_binary, pg, "actions_parked", names, count, &rows, e))
        return e->outcome;
    ids = arena_take_array(arena, pg_rows(rows) + 1, UUID_SIZE);
    for (size_t row = 0; row < pg_rows(rows); row++)
        row_id(rows, row, 0, ids[row]);
    if (pg_rows(rows) > 0)
        outcome = life_read_actions(actions, pg, arena, (const uint8_t(*)[UUID_SIZE])ids,
                                    pg_rows(rows), e);
    for (size_t row = 0; !outcome && row < pg_rows(rows); row++) {
        actions->list[row].parked_for = row_text(arena, rows, row, 1);
        actions->list[row].is_overdue = pg_number(rows, row, 2);
    }
    pg_result_free(rows);
    return outcome;
}

/* ---- where the cases lie ---- */

enum outcome life_read_places(struct life_places *places, struct pg *pg,
                              struct arena *arena, const uint8_t (*ids)[UUID_SIZE],
                              size_t count, struct err *e)
{
    struct pg_result *rows = NULL;

    if (query_ids(pg_query_binary, pg, "action_places", ids, count, &rows, e))
        return e->outcome;
    places->count = pg_rows(rows);
    places->list = arena_take_array(arena, places->count + 1, sizeof *places->list);
    for (size_t row = 0; row < places->count; row++) {
        struct life_place *place = &places->list[row];
        row_id(rows, row, 0, place->named_id);
        row_id(rows, row, 1, place->case_id);
        place->stripe = (unsigned)pg_number(rows, row, 2) % LINK_STRIPES;
        place->is_report = pg_number(rows, row, 3);
    }
    pg_result_free(rows);
    return DONE;
}

/* ---- cases ---- */

/* Columns of sql/lives.sql. */
enum {
    L_CASE,
    L_TEST,
    L_KIND,
    L_GROUP,
    L_STATE,
    L_VERSION,
    L_UNIT,
    L_MERGED_INTO,
    L_ORDER_UNIT,
    L_HANDLER_UNIT,
    L_HANDLED_BY,
    L_STATE_BEFORE,
    L_REOPENED,
    L_DISPATCHED,
    L_HANDLED,
    L_ANSWERED,
    L_CHECKED,
    L_CLOSED,
    L_DUE,
    L_SUSPENDED_AT,
    L_SUSPENDED_UNTIL,
    L_DUE_VERSION,
    L_REWORKED,
    L_RETURNED,
    L_EXTENDED,
    L_SUSPENDED,
    L_WAS_SENT,
    L_MAY_SEND,
    L_MAY_REPEAT,
    L_MUTE_LIFTED,
    L_MUTED,
    L_LIMIT_TYPE,
    L_LIMIT_VALUE,
    L_LIMIT_STARTS,
    L_LIMIT_DUE,
    L_LIMIT_REASON
};

static void read_names(struct arena *arena, const struct pg_result *rows, size_t row,
                       struct case_life *life)
{
    life->case_kind = row_text(arena, rows, row, L_KIND);
    life->group = row_text(arena, rows, row, L_GROUP);
    life->state = row_text(arena, rows, row, L_STATE);
    life->unit = row_text(arena, rows, row, L_UNIT);
    life->order_unit = row_text(arena, rows, row, L_ORDER_UNIT);
    life->handler_unit = row_text(arena, rows, row, L_HANDLER_UNIT);
    life->handled_by = row_text(arena, rows, row, L_HANDLED_BY);
    life->state_before = row_text(arena, rows, row, L_STATE_BEFORE);
    row_id(rows, row, L_MERGED_INTO, life->merged_into);
}

static void read_moments(const struct pg_result *rows, size_t row, struct case_life *life)
{
    life->reopened_us = row_moment(rows, row, L_REOPENED);
    life->dispatched_us = row_moment(rows, row, L_DISPATCHED);
    life->handled_us = row_moment(rows, row, L_HANDLED);
    life->answered_us = row_moment(rows, row, L_ANSWERED);
    life->checked_us = row_moment(rows, row, L_CHECKED);
    life->closed_us = row_moment(rows, row, L_CLOSED);
    life->due_us = row_moment(rows, row, L_DUE);
    life->suspended_us = row_moment(rows, row, L_SUSPENDED_AT);
    life->suspended_until_us = row_moment(rows, row, L_SUSPENDED_UNTIL);
}

static void read_numbers(const struct pg_result *rows, size_t row, struct case_life *life)
{
    life->is_test = pg_number(rows, row, L_TEST);
    life->version = (int32_t)pg_number(rows, row, L_VERSION);
    life->due_version = (int32_t)pg_number(rows, row, L_DUE_VERSION);
    life->reworked = (int32_t)pg_number(rows, row, L_REWORKED);
    life->returned = (int32_t)pg_number(rows, row, L_RETURNED);
    life->extended = (int32_t)pg_number(rows, row, L_EXTENDED);
    life->suspended = (int32_t)pg_number(rows, row, L_SUSPENDED);
    life->was_sent = pg_number(rows, row, L_WAS_SENT);
    life->may_send = pg_number(rows, row, L_MAY_SEND);
    life->may_repeat = pg_number(rows, row, L_MAY_REPEAT);
    life->mute_lifted = pg_number(rows, row, L_MUTE_LIFTED);
    life->muted = pg_number(rows, row, L_MUTED);
}

static void read_limit(struct arena *arena, const struct pg_result *rows, size_t row,
                       struct case_time_limit *limit)
{
    const char *type = pg_value(rows, row, L_LIMIT_TYPE);

    *limit = (struct case_time_limit){
        .type = type ? limit_type_find(type) : -1,
        .value = (int32_t)pg_number(rows, row, L_LIMIT_VALUE),
        .starts_us = row_moment(rows, row, L_LIMIT_STARTS),
        .due = {row_moment(rows, row, L_LIMIT_DUE),
                row_text(arena, rows, row, L_LIMIT_REASON)},
        .sent_due_us = LINK_NO_TIME,
    };
}

static enum outcome read_tallies(struct life_row *rows, const struct link_map *at,
                                 const uint8_t (*ids)[UUID_SIZE], size_t count,
                                 struct pg *pg, struct arena *arena, struct err *e)
{
    struct pg_result *found = NULL;

    if (query_ids(pg_query_binary, pg, "lives_tallies", ids, count, &found, e))
        return e->outcome;
    for (size_t row = 0; row < pg_rows(found); row++) {
        uint8_t id[UUID_SIZE];
        struct case_tally *tally = arena_take(arena, sizeof *tally);
        struct case_life *life;
        row_id(found, row, 0, id);
        life = &rows[link_map_find(at, id)].life;
        *tally = (struct case_tally){row_text(arena, found, row, 1),
                                     (int32_t)pg_number(found, row, 2), life->tallies};
        life->tallies = tally;
    }
    pg_result_free(found);
    return DONE;
}

static void read_life(struct arena *arena, const struct pg_result *found, size_t row,
                      struct case_life *life)
{
    read_names(arena, found, row, life);
    read_moments(found, row, life);
    read_numbers(found, row, life);
    read_limit(arena, found, row, &life->limit);
}

enum outcome life_read(struct life_row *rows, size_t count, struct pg *pg,
                       struct arena *arena, struct err *e)
{
    struct link_map at = link_map_new(arena, count);
    uint8_t(*ids)[UUID_SIZE] = arena_take_array(arena, count + 1, UUID_SIZE);
    struct pg_result *found = NULL;

    for (size_t i = 0; i < count; i++) {
        memcpy(ids[i], rows[i].life.case_id, UUID_SIZE);
        *link_map_at(&at, ids[i]) = (uint32_t)i;
    }
    if (query_ids(pg_query_binary, pg, "lives", (const uint8_t(*)[UUID_SIZE])ids, count,
                  &found, e))
        return e->outcome;
    for (size_t row = 0; row < pg_rows(found); row++) {
        uint8_t id[UUID_SIZE];
        row_id(found, row, L_CASE, id);
        read_life(arena, found, row, &rows[link_map_find(&at, id)].life);
    }
    pg_result_free(found);
    return read_tallies(rows, &at, (const uint8_t(*)[UUID_SIZE])ids, count, pg, arena, e);
}

/* ---- cases, back ---- */

enum { CHANGE_ARRAYS = 25 };

void life_opened(const struct life_row *row, int64_t link_seq, struct link_case *link,
                 struct case_file *file)
{
    const struct case_life *life = &row->life;

    *link = (struct link_case){.is_test = life->is_test,
                               .place = row->place,
                               .unit = life->unit,
                               .first_us = row->opened_us,
                               .last_us = row->opened_us,
                               .opened_seq = link_seq,
                               .opened_ordinal = (uint32_t)row->ordinal};
    memcpy(link->case_id, life->case_id, UUID_SIZE);
    case_file_follow(link, life);
    *file = (struct case_file){.link = link,
                               .kind = "case_action",
                               .scheme = "",
                               .code = "",
                               .stripe = row->stripe,
                               .life = life};
}

struct opened {
    const struct life_row **rows;
    struct link_case *links; /* of each */
    int64_t link_seq;
};

static void fill_case(struct follow_row *row, const void *context, size_t number)
{
    const struct opened *opened = context;
    struct case_file file;

    life_opened(opened->rows[number], opened->link_seq, &opened->links[number], &file);
    case_file_fill(row, &file);
}

static int by_case_id(const void *a, const void *b)
{
    const struct life_row *const *left = a, *const *right = b;

    return memcmp((*left)->life.case_id, (*right)->life.case_id, UUID_SIZE);
}

static enum outcome open_cases(const struct life_changes *changes, struct pg *pg,
                               struct err *e)
{
    struct opened opened = {
        .rows = xcalloc(changes->row_count + 1, sizeof(struct life_row *)),
        .link_seq = changes->link_seq};
    size_t count = 0;
    enum outcome outcome;

    for (size_t i = 0; i < changes->row_count; i++)
        if (changes->rows[i].is_new)
            opened.rows[count++] = &changes->rows[i];
    qsort(opened.rows, count, sizeof *opened.rows, by_case_id);
    opened.links = xcalloc(count + 1, sizeof *opened.links);
    outcome = follow_write(pg, &case_file_table, count, fill_case, &opened, e);
    free(opened.rows);
    free(opened.links);
    return outcome;
}

static struct text *put_change_names(struct text *arrays, const struct case_life *life)
{
    copy_put_bytes(arrays++, life->case_id, UUID_SIZE);
    copy_put_string(arrays++, life->state);
    copy_put_int32(arrays++, life->version);
    copy_put_uuid(arrays++, life->merged_into);
    copy_put_string(arrays++, life->order_unit);
    copy_put_string(arrays++, life->handler_unit);
    copy_put_string(arrays++, life->handled_by);
    copy_put_string(arrays++, life->state_before);
    return arrays;
}

static void put_change(struct text *arrays, const struct case_life *life)
{
    const int64_t moments[] = {
        life->reopened_us, life->dispatched_us, life->handled_us,
        life->answered_us, life->checked_us,    life->closed_us,
        life->due_us,      life->suspended_us,  life->suspended_until_us};

    arrays = put_change_names(arrays, life);
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
        put_moment(arrays++, moments[i]);
    copy_put_positive(arrays++, life->due_version);
    copy_put_int32(arrays++, life->reworked);
    copy_put_int32(arrays++, life->returned);
    copy_put_int32(arrays++, life->extended);
    copy_put_int32(arrays++, life->suspended);
    copy_put_int64(arrays++, life->muted);
    copy_put_bool(arrays++, life->was_sent);
    copy_put_bool(arrays, life->mute_lifted);
}

static bool is_moved(const struct life_row *row)
{
    return row->is_changed && !row->is_new;
}

static enum outcome change_cases(const struct life_changes *changes, struct pg *pg,
                                 struct err *e)
{
    static const uint32_t oids[CHANGE_ARRAYS] = {
        UUID_OID, TEXT_OID, INT4_OID, UUID_OID, TEXT_OID, TEXT_OID, TEXT_OID,
        TEXT_OID, TIME_OID, TIME_OID, TIME_OID, TIME_OID, TIME_OID, TIME_OID,
        TIME_OID, TIME_OID, TIME_OID, INT4_OID, INT4_OID, INT4_OID, INT4_OID,
        INT4_OID, INT8_OID, BOOL_OID, BOOL_OID};
    struct text arrays[CHANGE_ARRAYS] = {0};
    struct pg_result *result = NULL;
    uint32_t count = 0;
    enum outcome outcome;

    for (size_t i = 0; i < changes->row_count; i++)
        count += is_moved(&changes->rows[i]);
    if (count == 0)
        return DONE;
    for (size_t i = 0; i < CHANGE_ARRAYS; i++)
        copy_put_array_head(&arrays[i], oids[i], count);
    for (size_t i = 0; i < changes->row_count; i++)
        if (is_moved(&changes->rows[i]))
            put_change(arrays, &changes->rows[i].life);
    outcome = query_arrays(pg_query_binary, pg, "lives_change", arrays, CHANGE_ARRAYS,
                           &result, e);
    if (!outcome && pg_affected(result) != count)
        outcome =
            err_set(e, FATAL, "a case that was read under its lock is there no more");
    pg_result_free(result);
    return outcome;
}

/* ---- steps, limits, orders ---- */

static void fill_step(struct follow_row *row, const void *context, size_t number)
{
    case_step_fill(row, &((const struct case_step_row *)context)[number]);
}

static void fill_limit(struct follow_row *row, const void *context, size_t number)
{
    time_limit_fill(row, &((const struct life_limit *)context)[number]);
}

static void fill_order(struct follow_row *row, const void *context, size_t number)
{
    outbox_fill(row, &((const struct case_order_row *)context)[number]);
}

enum outcome life_write_rows(const struct life_rows *follows, struct pg *pg,
                             struct err *e)
{
    if (follow_write(pg, &time_limit_table, follows->limit_count, fill_limit,
                     follows->limits, e))
        return e->outcome;
    return follow_write(pg, &outbox_table, follows->order_count, fill_order,
                        follows->orders, e);
}

enum outcome life_write(const struct life_changes *changes, struct pg *pg, struct err *e)
{
    if (open_cases(changes, pg, e) || change_cases(changes, pg, e)
        || follow_write(pg, &case_step_table, changes->step_count, fill_step,
                        changes->steps, e))
        return e->outcome;
    return life_write_rows(changes->follows, pg, e);
}
