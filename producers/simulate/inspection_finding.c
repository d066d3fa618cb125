/* inspection_finding.c - one inspection team; a round lasts 30 days, and a fault found at a unit twice in
 * one round is the same fault. */
#include "producers/simulate/device.h"

static const int64_t day_us = 86400000000;
enum { ROUND_DAYS = 30, BUREAUS = 20 };

static const struct {
    const char *code, *summary;
} issues[ISSUES] = {
    {"POLICE_UNDERSTAFFED", "警力不足（模拟）"},
    {"CALL_TAKING_IRREGULAR", "接警不规范（模拟）"},
    {"RESPONSE_LATE", "出警回应迟缓（模拟）"},
    {"ORDER_ANSWERED_LATE", "派单反馈超时（模拟）"},
    {"CLOSED_WITHOUT_CHECK", "未经核查即结案（模拟）"},
    {"CLEAN_UP_MISSED", "清洁行动未按日开展（模拟）"},
    {"MEETING_MISSED", "联席会议未召开（模拟）"},
    {"LEDGER_INCOMPLETE", "台账不全（模拟）"},
    {"DUTY_POST_EMPTY", "值守脱岗（模拟）"},
    {"WASTE_CONTRACT_UNSUPERVISED", "清运合同监管不到位（模拟）"},
    {"DUST_COVER_MISSING", "工地覆盖不到位（模拟）"},
    {"COMPLAINT_UNANSWERED", "群众来访未答复（模拟）"},
};

static int64_t round_number(int64_t us)
{
    return local_day(us) / ROUND_DAYS;
}

static int64_t round_end_us(int64_t us)
{
    return us + ((round_number(us) + 1) * ROUND_DAYS * day_us - local_us(us));
}

/* A thing in the town, put down to the unit of that strip. */
static void find_on_site(struct simulate_stream *stream, struct simulate_event *event)
{
    struct stretch *town = &stream->world.town;
    struct spot spot;
    bool again =
        stretch_look(town, &stream->dice, &stream->settings, event->occurred_us, &spot);

    event_reports(stream, event, spot.thing, again);
    event_seen_by_people(stream, event, town, &spot);
    event->is_in_town = true;
    event->place = stretch_strip(town, event->position, HANGARS) * ISSUES;
    event_opens_case(stream, event, ID_FINDING);
}

static bool inspect(struct simulate_stream *stream, struct simulate_event *event)
{
    struct spot spot;
    bool again;

    if (event_has(stream->settings.common_share, &stream->dice)) {
        find_on_site(stream, event);
        return true;
    }
    again = units_look(&stream->world, &stream->dice, stream->settings.repeat_share,
                       event->occurred_us, round_end_us(event->occurred_us), &spot);
    event_reports(stream, event, spot.thing, again);
    event->place = spot.site;
    event_opens_case(stream, event, ID_FINDING);
    return true;
}

static void put_producer_id(const struct simulate_event *event, struct line *l)
{
    (void)event;
    line_put(l, "sim-inspection-team-1");
}

static void write_round(const struct simulate_event *event, struct line *l)
{
    line_open(l, "finding_no");
    line_put(l, "sim-");
    line_put_date(l, local_us(event->occurred_us));
    line_put(l, "-");
    line_put_hex(l, event->random);
    line_close(l);
    line_open(l, "round_code");
    line_put(l, "sim-round-");
    line_put_digits(l, (uint64_t)round_number(event->occurred_us), 4);
    line_close(l);
    line_text(l, "team_code", "sim-team-1");
}

static void put_bureau(const struct simulate_event *event, struct line *l)
{
    line_put(l, "sim-bureau-");
    line_put_digits(l, event->place / ISSUES % BUREAUS + 1, 2);
}

static void write_units(const struct simulate_event *event, struct line *l)
{
    line_open(l, "inspected_unit_code");
    line_put(l, "sim-unit-");
    line_put_digits(l, event->place / ISSUES + 1, 4);
    line_close(l);
    line_open(l, "responsible_unit_code");
    put_bureau(event, l);
    line_close(l);
    line_open(l, "responsible_leader_ref");
    line_put(l, "role:");
    put_bureau(event, l);
    line_put(l, ":leader-in-charge");
    line_close(l);
}

/* Four in ten were told to the unit at once, with a measure and a day to look again. */
static void write_fed_back(const struct simulate_event *event, struct dice *dice,
                           struct line *l)
{
    int64_t at = event->occurred_us;

    if (dice_below(dice, 10) >= 4)
        return;
    line_time(l, "fed_back_at", at);
    line_time(l, "plan_due_at", at + 15 * day_us);
    line_time(l, "report_due_at", at + 90 * day_us);
    line_open_array(l, "measures");
    line_open_object(l);
    line_text(l, "measure_no", "1");
    line_text(l, "content", "限期整改并回头看（模拟）");
    line_open(l, "owner_ref");
    line_put(l, "role:");
    put_bureau(event, l);
    line_put(l, ":office");
    line_close(l);
    line_time(l, "due_at", at + dice_between(dice, 20, 60) * day_us);
    line_close_object(l);
    line_close_array(l);
    line_time(l, "next_follow_up_at", at + dice_between(dice, 60, 120) * day_us);
}

static void write_issue(const struct simulate_event *event, struct line *l)
{
    unsigned issue = event->place % ISSUES;

    if (event->has_problem) {
        write_people_category(l, "issue_code", "issue_scheme", event);
        line_text(l, "issue_summary", categories[event->category].label);
        write_people_position(l, "longitude", "latitude", event);
        return;
    }
    line_text(l, "issue_code", issues[issue].code);
    line_text(l, "issue_scheme", "local-2026");
    line_text(l, "issue_summary", issues[issue].summary);
}

static void write_metric(struct dice *dice, struct line *l)
{
    if (dice_below(dice, 4))
        return;
    line_decimal(l, "metric_before", dice_between(dice, 300, 800), 1);
    line_decimal(l, "metric_target", dice_between(dice, 850, 990), 1);
    line_text(l, "metric_name", "按时率，百分比（模拟）");
    line_decimal(l, "public_satisfaction_before", dice_between(dice, 300, 800), 1);
}

static void write(const struct simulate_stream *stream,
                  const struct simulate_event *event, struct dice *dice, struct line *l)
{
    static const char *const evidence[] = {"INTERVIEW", "RECORD_CHECK", "SITE_VISIT",
                                           "COMPLAINT", "DATA"};
    static const char *const severities[] = {"GENERAL", "GENERAL", "GENERAL", "MAJOR",
                                             "SERIOUS"};
    static const char *const tracks[] = {"IMMEDIATE", "WITHIN_TERM", "WITHIN_TERM",
                                         "LONG_TERM"};
    static const char *const scopes[] = {"INTERNAL", "PARTY", "PUBLIC"};

    (void)stream;
    line_uuid(l, "finding_id", event->subject_id);
    write_round(event, l);
    write_units(event, l);
    write_issue(event, l);
    line_text(l, "evidence_kind", evidence[dice_below(dice, 5)]);
    line_text(l, "severity", severities[dice_below(dice, 5)]);
    line_text(l, "rectification_track", tracks[dice_below(dice, 4)]);
    line_time(l, "found_at", event->occurred_us);
    write_fed_back(event, dice, l);
    write_metric(dice, l);
    line_text(l, "disclosure_scope", scopes[dice_below(dice, 3)]);
    line_bool(l, "secrecy_flag", false);
}

const struct device inspection_finding_device = {
    .name = "inspection_finding",
    .weight = 3,
    .happen = inspect,
    .write = write,
    .write_producer_id = put_producer_id,
};
