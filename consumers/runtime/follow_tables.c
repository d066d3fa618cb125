/* follow_tables.c - five tables: each its columns, and the function that fills them in that order. */
#include "consumers/runtime/follow_tables.h"

#include <math.h>
#include <string.h>

#define COLUMNS(list) .columns = (list), .count = sizeof(list) / sizeof *(list)

/* ---- cases ---- */

static const struct follow_column case_columns[] = {
    {"case_id", FOLLOW_ID},           {"kind", FOLLOW_TEXT},
    {"case_kind", FOLLOW_TEXT},       {"state", FOLLOW_TEXT},
    {"case_version", FOLLOW_INT32},   {"is_test", FOLLOW_BOOL},
    {"dedup_group", FOLLOW_TEXT},     {"category_scheme", FOLLOW_TEXT},
    {"category_code", FOLLOW_TEXT},   {"photo_key", FOLLOW_TEXT},
    {"cell", FOLLOW_INT64},           {"stripe", FOLLOW_INT16},
    {"wgs84_longitude", FOLLOW_REAL}, {"wgs84_latitude", FOLLOW_REAL},
    {"accuracy_m", FOLLOW_REAL},      {"place_key", FOLLOW_ID},
    {"round_code", FOLLOW_TEXT},      {"unit_code", FOLLOW_TEXT},
    {"first_seen_at", FOLLOW_TIME},   {"last_seen_at", FOLLOW_TIME},
    {"reopened_at", FOLLOW_TIME},     {"handled_at", FOLLOW_TIME},
    {"closed_at", FOLLOW_TIME},       {"standing", FOLLOW_INT64},
    {"muted", FOLLOW_INT64},          {"mute_lifted", FOLLOW_BOOL},
    {"was_sent", FOLLOW_BOOL},        {"merged_into", FOLLOW_ID},
    {"repeat_of", FOLLOW_ID},         {"may_repeat", FOLLOW_ID},
    {"opened_seq", FOLLOW_INT64},     {"opened_ordinal", FOLLOW_INT32},
    {"may_send", FOLLOW_BOOL},        {"handler_unit_code", FOLLOW_TEXT},
    {"order_unit_code", FOLLOW_TEXT}, {"handled_by", FOLLOW_TEXT},
    {"state_before", FOLLOW_TEXT},    {"dispatched_at", FOLLOW_TIME},
    {"answered_at", FOLLOW_TIME},     {"checked_at", FOLLOW_TIME},
    {"due_at", FOLLOW_TIME},          {"due_version", FOLLOW_INT32},
    {"suspended_at", FOLLOW_TIME},    {"suspended_until", FOLLOW_TIME},
    {"reworked", FOLLOW_INT32},       {"returned", FOLLOW_INT32},
    {"extended", FOLLOW_INT32},       {"suspended", FOLLOW_INT32},
};
const struct follow_table case_file_table = {"follow_up.case_file", COLUMNS(case_columns),
                                             .keys = 1};

static void add_place(struct follow_row *row, const struct link_place *place)
{
    bool has_point = place->where == LINK_AT_POINT;

    row_add_real(row, has_point ? place->at.longitude : NAN);
    row_add_real(row, has_point ? place->at.latitude : NAN);
    row_add_real(row, has_point ? place->accuracy_m : NAN);
    row_add_id(row, place->where == LINK_AT_KEY ? place->key : NULL);
    row_add_text(row, place->round);
}

static void add_what_it_is(struct follow_row *row, const struct case_file *file)
{
    row_add_id(row, file->link->case_id);
    row_add_text(row, file->kind);
    row_add_text(row, file->life->case_kind);
    row_add_text(row, file->life->state);
    row_add_number(row, file->life->version);
    row_add_number(row, file->link->is_test);
    row_add_text(row, file->life->group);
    row_add_text(row, file->scheme);
    row_add_text(row, file->code);
    row_add_text(row, file->photo_key);
    row_add_number(row, link_cell(&file->link->place));
    row_add_number(row, file->stripe);
}

static void add_link(struct follow_row *row, const struct link_case *link)
{
    row_add_text(row, link->unit);
    row_add_time(row, link->first_us);
    row_add_time(row, link->last_us);
    row_add_time(row, link->reopened_us);
    row_add_time(row, link->handled_us);
    row_add_time(row, link->closed_us);
    row_add_number(row, link->standing);
    row_add_number(row, link->muted);
    row_add_number(row, link->mute_lifted);
    row_add_number(row, link->was_sent);
    row_add_id(row, link->merged_into);
}

static void add_life(struct follow_row *row, const struct case_life *life)
{
    row_add_number(row, life->may_send);
    row_add_text(row, life->handler_unit);
    row_add_text(row, life->order_unit);
    row_add_text(row, life->handled_by);
    row_add_text(row, life->state_before);
    row_add_time(row, life->dispatched_us);
    row_add_time(row, life->answered_us);
    row_add_time(row, life->checked_us);
    row_add_time(row, life->due_us);
    row_add_positive(row, life->due_version);
    row_add_time(row, life->suspended_us);
    row_add_time(row, life->suspended_until_us);
    row_add_number(row, life->reworked);
    row_add_number(row, life->returned);
    row_add_number(row, life->extended);
    row_add_number(row, life->suspended);
}

void case_file_fill(struct follow_row *row, const struct case_file *file)
{
    add_what_it_is(row, file);
    add_place(row, &file->link->place);
    add_link(row, file->link);
    row_add_id(row, file->repeat_of);
    row_add_id(row, file->may_repeat);
    row_add_number(row, file->link->opened_seq);
    row_add_number(row, file->link->opened_ordinal);
    add_life(row, file->life);
}

/* As the column life of follow_up.case_file. */
static enum link_life life_of(const char *state)
{
    static const struct {
        const char *state;
        enum link_life life;
    } lives[] = {{"CLOSED", LINK_CLOSED},         {"FORCED_CLOSED", LINK_CLOSED},
                 {"FALSE_ALARM", LINK_DISMISSED}, {"NOT_FILED", LINK_DISMISSED},
                 {"CANCELLED", LINK_CANCELLED},   {"MERGED", LINK_MERGED}};

    for (size_t i = 0; i < sizeof lives / sizeof *lives; i++)
        if (strcmp(lives[i].state, state) == 0)
            return lives[i].life;
    return LINK_OPEN;
}

void case_file_follow(struct link_case *link, const struct case_life *life)
{
    link->life = life_of(life->state);
    memcpy(link->merged_into, life->merged_into, UUID_SIZE);
    link->reopened_us = life->reopened_us;
    link->handled_us = life->handled_us;
    link->closed_us = life->closed_us;
    link->muted = life->muted;
    link->mute_lifted = life->mute_lifted;
    link->was_sent = life->was_sent;
}

/* ---- sightings ---- */

static const struct follow_column sighting_columns[] = {
    {"source_id", FOLLOW_INT32},
    {"topic_offset", FOLLOW_INT64},
    {"link_seq", FOLLOW_INT64},
    {"ordinal", FOLLOW_INT32},
    {"kind", FOLLOW_TEXT},
    {"event_id", FOLLOW_ID},
    {"is_test", FOLLOW_BOOL},
    {"message", FOLLOW_TEXT},
    {"report_id", FOLLOW_ID},
    {"outcome", FOLLOW_TEXT},
    {"basis", FOLLOW_TEXT},
    {"flags", FOLLOW_INT32},
    {"case_id", FOLLOW_ID},
    {"related_case_id", FOLLOW_ID},
    {"dedup_group", FOLLOW_TEXT},
    {"rule_version", FOLLOW_INT32},
    {"category_version", FOLLOW_INT32},
    {"unit_code", FOLLOW_TEXT},
    {"counted_at", FOLLOW_TIME},
    {"age_us", FOLLOW_INT64},
    {"distance_m", FOLLOW_REAL},
    {"radius_m", FOLLOW_REAL},
    {"accuracy_m", FOLLOW_REAL},
    {"reference_version", FOLLOW_INT32},
};
const struct follow_table sighting_table = {"follow_up.sighting",
                                            COLUMNS(sighting_columns),
                                            .input = "reference_version", .keys = 2};

static void add_decision(struct follow_row *row, const struct link_decision *d)
{
    row_add_text(row, link_outcome_name(d->outcome));
    row_add_text(row, link_basis_name(d->basis));
    row_add_number(row, d->flags);
    row_add_id(row, d->case_id);
    row_add_id(row, d->related_id);
}

static void add_measures(struct follow_row *row, const struct link_decision *d,
                         const struct link_sighting *s)
{
    row_add_time(row, d->used_us);
    row_add_number(row, d->age_us);
    row_add_real(row, d->distance_m);
    row_add_real(row, d->radius_m);
    row_add_real(row, link_counted_accuracy_m(s));
}

void sighting_fill(struct follow_row *row, const struct sighting_file *file)
{
    const struct link_sighting *s = file->sighting;
    const struct ruling *ruling = &file->of->ruling;

    row_add_number(row, file->source_id);
    row_add_number(row, file->of->event->message.offset);
    row_add_number(row, file->link_seq);
    row_add_number(row, (int64_t)file->ordinal);
    row_add_text(row, file->kind);
    row_add_id(row, s->event_id);
    row_add_number(row, s->is_test);
    row_add_text(row, link_message_name(s->message));
    row_add_id(row, s->report_id);
    add_decision(row, file->decision);
    row_add_text(row, ruling->group);
    row_add_positive(row, ruling->rule_version);
    row_add_positive(row, ruling->category_version);
    row_add_text(row, s->unit);
    add_measures(row, file->decision, s);
    row_add_number(row, file->reference_version);
}

/* ---- steps ---- */

static const struct follow_column step_columns[] = {
    {"link_seq", FOLLOW_INT64},  {"ordinal", FOLLOW_INT32},
    {"place", FOLLOW_INT16},     {"outcome", FOLLOW_TEXT},
    {"reason", FOLLOW_TEXT},     {"named_id", FOLLOW_ID},
    {"case_id", FOLLOW_ID},      {"case_version", FOLLOW_INT32},
    {"actor", FOLLOW_TEXT},      {"action", FOLLOW_TEXT},
    {"result", FOLLOW_TEXT},     {"from_state", FOLLOW_TEXT},
    {"to_state", FOLLOW_TEXT},   {"event_id", FOLLOW_ID},
    {"source_id", FOLLOW_INT32}, {"topic_offset", FOLLOW_INT64},
    {"stepped_at", FOLLOW_TIME}, {"reference_version", FOLLOW_INT32},
};
const struct follow_table case_step_table = {"follow_up.case_step", COLUMNS(step_columns),
                                             .input = "reference_version", .keys = 3};

static void add_cause(struct follow_row *row, const struct case_step_row *step)
{
    row_add_id(row, step->event_id);
    if (step->event_id) {
        row_add_number(row, step->source_id);
        row_add_number(row, step->topic_offset);
    } else {
        row_add_null(row);
        row_add_null(row);
    }
}

void case_step_fill(struct follow_row *row, const struct case_step_row *step)
{
    row_add_number(row, step->link_seq);
    row_add_number(row, step->ordinal);
    row_add_number(row, step->place);
    row_add_text(row, step->outcome);
    row_add_text(row, step->reason);
    row_add_id(row, step->named_id);
    row_add_id(row, step->case_id);
    row_add_positive(row, step->case_version);
    row_add_text(row, step->actor);
    row_add_text(row, step->action);
    row_add_text(row, step->result);
    row_add_text(row, step->from_state);
    row_add_text(row, step->to_state);
    add_cause(row, step);
    row_add_time(row, step->stepped_us);
    row_add_number(row, step->reference_version);
}

/* ---- limits ---- */

static const struct follow_column limit_columns[] = {
    {"link_seq", FOLLOW_INT64},
    {"case_id", FOLLOW_ID},
    {"case_version", FOLLOW_INT32},
    {"action", FOLLOW_TEXT},
    {"limit_type", FOLLOW_TEXT},
    {"limit_value", FOLLOW_INT32},
    {"starts_at", FOLLOW_TIME},
    {"due_at", FOLLOW_TIME},
    {"reason", FOLLOW_TEXT},
    {"sent_due_at", FOLLOW_TIME},
    {"calendar_version", FOLLOW_INT32},
};
const struct follow_table time_limit_table = {"follow_up.time_limit",
                                              COLUMNS(limit_columns), .keys = 3};

static void add_length(struct follow_row *row, const char *type, int32_t value)
{
    row_add_text(row, type);
    if (type)
        row_add_number(row, value);
    else
        row_add_null(row);
}

void time_limit_fill(struct follow_row *row, const struct life_limit *of)
{
    const struct case_time_limit *limit = &of->limit;

    row_add_number(row, of->link_seq);
    row_add_id(row, of->case_id);
    row_add_number(row, of->case_version);
    row_add_text(row, limit->action);
    add_length(row,
               limit->type < 0 ? NULL : limit_type_name((enum limit_type)limit->type),
               limit->value);
    row_add_time(row, limit->starts_us);
    row_add_time(row, limit->due.reason ? LINK_NO_TIME : limit->due.at_us);
    row_add_text(row, limit->due.reason);
    row_add_time(row, limit->sent_due_us);
    row_add_positive(row, limit->calendar_version);
}

/* ---- orders ---- */

static const struct follow_column order_columns[] = {
    {"link_seq", FOLLOW_INT64},        {"order_id", FOLLOW_ID},
    {"order_kind", FOLLOW_TEXT},       {"case_id", FOLLOW_ID},
    {"case_version", FOLLOW_INT32},    {"cause", FOLLOW_TEXT},
    {"target_unit_code", FOLLOW_TEXT}, {"due_at", FOLLOW_TIME},
    {"limit_type", FOLLOW_TEXT},       {"limit_value", FOLLOW_INT32},
    {"is_test", FOLLOW_BOOL},          {"decided_at", FOLLOW_TIME},
};
const struct follow_table outbox_table = {"follow_up.outbox", COLUMNS(order_columns),
                                          .keys = 2};

void outbox_fill(struct follow_row *row, const struct case_order_row *order)
{
    row_add_number(row, order->link_seq);
    row_add_id(row, order->order_id);
    row_add_text(row, case_order_kind_name(order->kind));
    row_add_id(row, order->case_id);
    row_add_number(row, order->case_version);
    row_add_text(row, order->cause);
    row_add_text(row, order->target_unit);
    row_add_time(row, order->due_us);
    add_length(row, order->limit_type, order->limit_value);
    row_add_number(row, order->is_test);
    row_add_time(row, order->decided_us);
}
