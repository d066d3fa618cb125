/* case_action.c - the platform, the crews and those who check: each takes the next step in a case. */
#include "producers/simulate/device.h"

#include <string.h>

static const int64_t hour_us = 3600000000;

static const char *const case_kinds[SIMULATE_KINDS] = {
    [DRONE_ALERT] = "DRONE_ALERT",
    [PATROL_LOG] = "PATROL_PROBLEM",
    [INSPECTION_FINDING] = "INSPECTION_FINDING",
};

/* Who acts, where: the crew is that of the place; in a case from an inspection, the unit found at fault. */
static const struct {
    const char *role, *app;
    const char *unit[SIMULATE_KINDS];
} actors[] = {
    [PLATFORM] = {"DISPATCHER", "sim-platform", {"BG-WGZX", "BG-WGZX", NULL, "BG-WGZX"}},
    [CREW] = {"HANDLER", "sim-crew-app", {"BZ-ZFD", "S003-ZFD", NULL, "sim-bureau"}},
    [CHECKER] = {"CHECKER", "sim-check-app", {"BG-WGZX", "BG-WGZX", NULL, "BG-WGZX"}},
    [INSPECTORS] = {"LEADER", "sim-inspection-app", {NULL, NULL, NULL, "sim-team-1"}},
};

static bool act(struct simulate_stream *stream, struct simulate_event *event)
{
    struct open_case *c = desk_take(&stream->desk, &stream->dice, stream->now_us);

    if (!c)
        return false;
    if (event->occurred_us <= c->last_us) /* a late one: half way back */
        event->occurred_us = c->last_us + (stream->now_us - c->last_us) / 2;
    memcpy(event->subject_id, c->case_id, UUID_SIZE);
    event->is_test = c->is_test;
    event->is_false = c->is_false;
    event->case_kind = c->kind;
    event->case_number = c->number;
    event->case_version = ++c->version;
    event->step = desk_step(c, &stream->dice);
    c->state = event->step->to;
    event->category = c->category;
    event->place = c->place;
    event->position = c->position;
    c->last_us = event->occurred_us;
    desk_give_back(&stream->desk);
    return true;
}

static void put_producer_id(const struct simulate_event *event, struct line *l)
{
    line_put(l, actors[event->step->actor].app);
}

static void write_actor(const struct simulate_event *event, struct dice *dice,
                        struct line *l)
{
    enum actor actor = event->step->actor;
    const char *unit =
        actor == CREW && event->unit ? event->unit : actors[actor].unit[event->case_kind];

    line_text(l, "actor_unit_code", unit);
    line_text(l, "actor_role", actors[actor].role);
    line_open(l, "actor_ref");
    line_put(l, "sim-staff-");
    line_put(l, unit);
    line_put(l, "-");
    line_put_digits(l, (unsigned)actor * 20 + dice_below(dice, 20) + 1, 2);
    line_close(l);
}

static void write_order(const struct simulate_event *event, struct line *l)
{
    const struct category *category = &categories[event->category];
    bool of_finding = event->case_kind == INSPECTION_FINDING;

    line_text(l, "target_unit_code",
              event->target_unit ? event->target_unit
                                 : actors[CREW].unit[event->case_kind]);
    line_text(l, "limit_type", of_finding ? "NATURAL_DAY" : category->limit_type);
    line_number(l, "limit_value", of_finding ? 15 : category->limit_value);
    line_time(l, "due_at",
              event->occurred_us + (of_finding ? 360 : category->limit_hours) * hour_us);
}

static void write_place(const struct simulate_event *event, struct dice *dice,
                        struct line *l)
{
    struct simulate_position at = event->position;
    int64_t north_dm = dice_between(dice, 0, 200);

    at.latitude += (int32_t)(north_dm * 8993 / 1000);
    write_position(l, "action_lon", "action_lat", at);
    line_decimal(l, "distance_to_case_m", north_dm, 1);
    line_text(l, "source_crs", "WGS84");
}

static void write_photo(const char *kind, const struct simulate_event *event,
                        struct dice *dice, struct line *l)
{
    line_open_object(l);
    line_text(l, "photo_kind", kind);
    line_open(l, "object_key");
    line_put(l, "sim/case/");
    line_put_hex(l, event->random);
    line_put(l, "/");
    line_put(l, kind);
    line_put(l, ".jpg");
    line_close(l);
    write_sha256(l, "sha256", dice);
    line_close_object(l);
}

static void write_photos(const struct simulate_event *event, struct dice *dice,
                         struct line *l)
{
    bool arrived = strcmp(event->step->action, "ARRIVE") == 0;

    line_open_array(l, "photos");
    write_photo(arrived ? "FAR" : "BEFORE", event, dice, l);
    write_photo(arrived ? "NEAR" : "AFTER", event, dice, l);
    line_close_array(l);
}

static void write_carried(const struct simulate_event *event, struct dice *dice,
                          struct line *l)
{
    unsigned carries = event->step->carries;

    if (carries & CARRIES_ORDER)
        write_order(event, l);
    if (carries & CARRIES_REASON) {
        line_text(l, "reason_code", "SIM_REASON");
        line_text(l, "note", "模拟：退回或返工的理由");
    }
    if (carries & CARRIES_PHOTOS && event->position.longitude)
        write_place(event, dice, l);
    if (carries & CARRIES_PHOTOS)
        write_photos(event, dice, l);
    if (carries & CARRIES_REPLY) {
        line_text(l, "reply_channel", "MESSAGE");
        line_text(l, "reply_digest", "模拟：已到现场，结果如上");
    }
}

static void write(const struct simulate_stream *stream,
                  const struct simulate_event *event, struct dice *dice, struct line *l)
{
    const struct simulate_step *step = event->step;
    uint8_t action_id[UUID_SIZE];

    (void)stream;
    event_made_id(action_id, event->occurred_us, event->random, ID_ACTION);
    line_uuid(l, "action_id", action_id);
    line_uuid(l, "case_id", event->subject_id);
    line_open(l, "case_no");
    line_put(l, event->case_no ? event->case_no : "sim-");
    if (!event->case_no)
        line_put_digits(l, event->case_number, 12);
    line_close(l);
    line_text(l, "case_kind", case_kinds[event->case_kind]);
    line_text(l, "action_type", step->action);
    if (step->result)
        line_text(l, "action_result", step->result);
    line_text(l, "from_status", step->from);
    line_text(l, "to_status", step->to);
    line_number(l, "case_version", event->case_version);
    write_actor(event, dice, l);
    write_carried(event, dice, l);
}

const struct device case_action_device = {
    .name = "case_action",
    .weight = 12,
    .happen = act,
    .write = write,
    .write_producer_id = put_producer_id,
};
