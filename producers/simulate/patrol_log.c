/* patrol_log.c - teams in the 20 grids of Jiefanglu, with what they do at that hour of that weekday. */
#include "producers/simulate/device.h"

static const int64_t minute_us = 60000000, day_us = 86400000000;

enum activity { PATROL, VISITS, STALL, ONLINE, SHOW, MEETING, CLEAN_UP };

static const struct {
    const char *name, *led_by, *channel;
    int minutes, minutes_most;
} activities[] = {
    [PATROL] = {"ROUTINE_PATROL", "JOINT", NULL, 30, 120},
    [VISITS] = {"INFO_COLLECTION", "POLICE", NULL, 40, 120},
    [STALL] = {"ANTI_FRAUD_STALL", "JOINT", "STALL", 60, 180},
    [ONLINE] = {"ANTI_FRAUD_ONLINE", "POLICE", "WECHAT_GROUP", 5, 20},
    [SHOW] = {"ANTI_FRAUD_SHOW", "COMMUNITY", "SHOW", 45, 90},
    [MEETING] = {"JOINT_MEETING", "JOINT", NULL, 30, 90},
    [CLEAN_UP] = {"CLEAN_UP", "GRID", NULL, 60, 150},
};

/* Clean-ups on Tuesday and Friday mornings, joint meetings on Wednesday afternoons, visits when people
 * are at home. */
static enum activity activity_at(int64_t us, uint64_t random)
{
    int weekday = local_weekday(us), hour = local_hour(us);
    unsigned at = (unsigned)(random >> 32) % 10;

    if ((weekday == 2 || weekday == 5) && hour >= 8 && hour < 12 && at < 7)
        return CLEAN_UP;
    if (weekday == 3 && hour >= 15 && hour < 18 && at < 2)
        return MEETING;
    if (hour >= 18 && hour < 22 && at < 5)
        return VISITS;
    if (at >= 7)
        return (enum activity)(STALL + at - 7);
    return PATROL;
}

static const char *shift_at(int64_t us)
{
    int hour = local_hour(us);

    if (hour >= 22 || hour < 6)
        return "NIGHT";
    if (hour >= 18)
        return "STAGGERED_EVENING";
    return local_weekday(us) >= 6 ? "WEEKEND" : "DAY";
}

static void raise_problem(struct simulate_stream *stream, struct simulate_event *event)
{
    struct world *world = &stream->world;
    struct stretch *stretch;
    struct spot spot;
    bool again;

    event->is_in_town = event_has(stream->settings.common_share, &stream->dice);
    stretch = event->is_in_town ? &world->town : &world->street;
    again = stretch_look(stretch, &stream->dice, &stream->settings, event->occurred_us,
                         &spot);
    event_reports(stream, event, spot.thing, again);
    event_seen_by_people(stream, event, stretch, &spot);
    event->place = stretch_row(stretch, event->position, GRIDS / 5)
                   + stretch_strip(stretch, event->position, 5) * (GRIDS / 5);
    event_opens_case(stream, event, ID_RAISED_CASE);
}

static bool patrol(struct simulate_stream *stream, struct simulate_event *event)
{
    struct dice *dice = &stream->dice;

    if (dice_chance(dice, stream->settings.problem_share)) {
        raise_problem(stream, event);
    } else {
        event->place = dice_below(dice, GRIDS);
        event->is_test = dice_chance(dice, stream->settings.test_share);
    }
    return true;
}

static void put_producer_id(const struct simulate_event *event, struct line *l)
{
    line_put(l, "sim-patrol-app-");
    line_put_digits(l, event->place + 1, 2);
}

static void write_team(struct dice *dice, bool with_police, struct line *l)
{
    line_number(l, "police_count", with_police ? dice_between(dice, 1, 3) : 0);
    line_number(l, "grid_worker_count", dice_between(dice, 1, 3));
    line_number(l, "party_member_count", dice_below(dice, 4));
    line_number(l, "volunteer_count", dice_below(dice, 6));
    line_open(l, "team_lead_ref");
    line_put(l, "sim-staff-");
    line_put_digits(l, dice_below(dice, 200), 3);
    line_close(l);
    line_decimal(l, "track_length_m", dice_between(dice, 2000, 60000), 1);
}

static void write_visits(struct dice *dice, struct line *l)
{
    static const char *const kinds[] = {"NEW_TENANT", "DISPUTE", "HIDDEN_DANGER"};

    line_number(l, "households_visited", dice_between(dice, 3, 40));
    line_open_array(l, "information_items");
    for (int i = 0; i < 3; i++) {
        line_open_object(l);
        line_text(l, "item_kind", kinds[i]);
        line_number(l, "item_count", dice_below(dice, 5));
        line_close_object(l);
    }
    line_close_array(l);
}

static void write_warning(const char *channel, struct dice *dice, struct line *l)
{
    line_number(l, "persons_reached", dice_between(dice, 5, 300));
    line_text(l, "warning_channel", channel);
    line_open(l, "warning_template_id");
    line_put(l, "sim-warning-");
    line_put_digits(l, dice_below(dice, 20) + 1, 2);
    line_close(l);
}

static void write_clean_up(struct dice *dice, struct line *l)
{
    line_decimal(l, "waste_volume_m3", dice_between(dice, 1, 80), 1);
    line_number(l, "adverts_removed", dice_below(dice, 60));
    line_number(l, "wires_fixed", dice_below(dice, 10));
}

static void write_meeting(const struct simulate_event *event, struct line *l)
{
    line_open_array(l, "meeting_decisions");
    line_open_object(l);
    line_open(l, "decision_id");
    line_put(l, "sim-decision-");
    line_put_hex(l, event->random);
    line_close(l);
    line_text(l, "owner_unit_code", "S003-ZFD");
    line_time(l, "due_at", event->occurred_us + 7 * day_us);
    line_close_object(l);
    line_close_array(l);
}

static void write_results(const struct simulate_event *event, enum activity activity,
                          struct dice *dice, struct line *l)
{
    if (activity == VISITS)
        write_visits(dice, l);
    else if (activity == CLEAN_UP)
        write_clean_up(dice, l);
    else if (activity == MEETING)
        write_meeting(event, l);
    if (activities[activity].channel)
        write_warning(activities[activity].channel, dice, l);
}

static void write_problem(const struct simulate_event *event, struct dice *dice,
                          struct line *l)
{
    write_people_position(l, "start_lon", "start_lat", event);
    line_open_array(l, "raised_case_ids");
    line_item_uuid(l, event->subject_id);
    line_close_array(l);
    write_people_category(l, "category", "category_scheme", event);
    line_open_array(l, "attachment_object_keys");
    line_open_item(l);
    line_put(l, "sim/patrol/");
    line_put_hex(l, event->random);
    line_put(l, ".jpg");
    line_close(l);
    line_close_array(l);
    line_open_array(l, "attachment_sha256");
    line_open_item(l);
    put_sha256(l, dice);
    line_close(l);
    line_close_array(l);
}

static void write_grid(const struct grid *grid, struct line *l)
{
    line_text(l, "grid_code", grid->code);
    line_text(l, "grid_kind", grid->dedicated ? "DEDICATED" : "BASIC");
    line_text(l, "community_code", grid->community);
    line_text(l, "subdistrict_code", "410503003");
}

/* A village of Baizhuang; its grids are not drawn, so their codes are made of the place's number. */
static void write_village(unsigned place, struct line *l)
{
    line_open(l, "grid_code");
    line_put(l, "410503100");
    line_put_digits(l, 201 + place, 3);
    line_put(l, "001");
    line_close(l);
    line_text(l, "grid_kind", "BASIC");
    line_open(l, "community_code");
    line_put(l, "410503100");
    line_put_digits(l, 201 + place, 3);
    line_close(l);
    line_text(l, "subdistrict_code", "410503100");
}

static void write(const struct simulate_stream *stream,
                  const struct simulate_event *event, struct dice *dice, struct line *l)
{
    enum activity activity = activity_at(event->occurred_us, event->random);
    int64_t minutes = dice_between(dice, activities[activity].minutes,
                                   activities[activity].minutes_most);
    uint8_t patrol_id[UUID_SIZE];

    event_made_id(patrol_id, event->occurred_us, event->random, ID_PATROL);
    line_uuid(l, "patrol_id", patrol_id);
    if (event->is_in_town)
        write_village(event->place, l);
    else
        write_grid(&stream->world.grids[event->place], l);
    line_text(l, "activity_type", activities[activity].name);
    line_text(l, "led_by", activities[activity].led_by);
    line_text(l, "shift_kind", shift_at(event->occurred_us));
    line_time(l, "started_at", event->occurred_us - minutes * minute_us);
    line_time(l, "ended_at", event->occurred_us);
    write_team(dice, activity != CLEAN_UP && activity != SHOW, l);
    write_results(event, activity, dice, l);
    if (event->has_problem)
        write_problem(event, dice, l);
    line_text(l, "remark", "模拟数据");
}

const struct device patrol_log_device = {
    .name = "patrol_log",
    .weight = 15,
    .happen = patrol,
    .write = write,
    .write_producer_id = put_producer_id,
};
