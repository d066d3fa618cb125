/* stream.c - the course of the days: when something happens, to which device, and what is sent again. */
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "producers/simulate/device.h"
#include "producers/simulate/flight_task.h"
#include "producers/simulate/gcj02.h"

static const struct device *const devices[SIMULATE_KINDS] = {
    [DRONE_ALERT] = &drone_alert_device,
    [PATROL_LOG] = &patrol_log_device,
    [CASE_ACTION] = &case_action_device,
    [INSPECTION_FINDING] = &inspection_finding_device,
    [FLIGHT_TASK] = &flight_task_device,
};

/* How busy each hour of a local day is; the sum is 2400, so that 100 is the mean. */
static const int busy[24] = {10,  10,  10,  10,  10,  10,  50,  100, 180, 200, 200, 180,
                             110, 130, 180, 190, 180, 150, 120, 150, 130, 60,  20,  10};

static const int64_t second_us = 1000000, hour_us = 3600000000, day_us = 86400000000;
static const int64_t late_least_us = 120000000, late_most_us = 6 * 3600000000;

const char *simulate_kind_name(enum simulate_kind kind)
{
    return devices[kind]->name;
}

enum simulate_kind simulate_kind_find(const char *name, size_t size)
{
    int kind = 0;

    while (kind < SIMULATE_KINDS
           && (strlen(devices[kind]->name) != size
               || memcmp(devices[kind]->name, name, size) != 0))
        kind++;
    return (enum simulate_kind)kind;
}

int64_t local_us(int64_t us)
{
    return us + 8 * hour_us;
}

int local_hour(int64_t us)
{
    return (int)(local_us(us) % day_us / hour_us);
}

int64_t local_day(int64_t us)
{
    return local_us(us) / day_us;
}

int local_weekday(int64_t us)
{
    return (int)((local_day(us) + 3) % 7) + 1; /* day 0 was a Thursday */
}

struct simulate_stream *simulate_open(const struct simulate_settings *settings)
{
    struct simulate_stream *stream = xcalloc(1, sizeof *stream);

    stream->settings = *settings;
    stream->dice = dice_new((uint64_t)settings->seed);
    stream->now_us = settings->start_us;
    stream->next_report = flight_report_from(settings->start_us);
    world_init(&stream->world, &stream->dice, &stream->settings);
    for (int kind = 0; settings->resend_share > 0 && kind < SIMULATE_KINDS; kind++)
        stream->recent[kind].events =
            xcalloc(SIMULATE_RECENT, sizeof(struct simulate_event));
    return stream;
}

void simulate_close(struct simulate_stream *stream)
{
    if (!stream)
        return;
    world_free(&stream->world);
    for (int kind = 0; kind < SIMULATE_KINDS; kind++)
        free(stream->recent[kind].events);
    free(stream);
}

void event_made_id(uint8_t id[UUID_SIZE], int64_t us, uint64_t random, enum made_id which)
{
    struct dice dice = dice_new(random ^ (uint64_t)which << 56);
    uint64_t parts[2] = {(uint64_t)(us / 1000) << 16 | 0x7000 | (dice_next(&dice) >> 52),
                         1ull << 63 | dice_next(&dice) >> 2};

    for (int i = 0; i < UUID_SIZE; i++)
        id[i] = (uint8_t)(parts[i / 8] >> (56 - i % 8 * 8));
}

void event_reports(struct simulate_stream *stream, struct simulate_event *event,
                   struct thing *thing, bool seen_before)
{
    event->is_sighting = seen_before;
    if (seen_before) {
        memcpy(event->first_id, thing->first_id, UUID_SIZE);
    } else {
        memcpy(thing->first_id, event->event_id, UUID_SIZE);
        thing->number = event->random | 1;
        thing->is_test = dice_chance(&stream->dice, stream->settings.test_share);
    }
    event->thing = thing->number;
    event->is_false = thing->is_lawful;
    event->is_test = thing->is_test;
}

bool event_has(double share, struct dice *dice)
{
    return share > 0 && dice_chance(dice, share);
}

/* People's own errors are twice as large with a phone. */
void event_seen_by_people(struct simulate_stream *stream, struct simulate_event *event,
                          const struct stretch *stretch, const struct spot *spot)
{
    event->is_phone = event_has(stream->settings.phone_share, &stream->dice);
    event->accuracy_cm = event->is_phone ? 500 : 200;
    event->position = spot_measured(stretch, spot, &stream->dice, event->accuracy_cm);
    event->category = spot->category;
    event->has_problem = true;
}

void event_opens_case(struct simulate_stream *stream, struct simulate_event *event,
                      enum made_id id)
{
    event_made_id(event->subject_id, event->recorded_us, event->random, id);
    if (!event->is_sighting)
        desk_offer(&stream->desk, event);
}

static enum simulate_kind any_kind(struct dice *dice)
{
    uint32_t at = dice_below(dice, 100);
    int kind = 0;

    for (; at >= devices[kind]->weight; kind++)
        at -= devices[kind]->weight;
    return (enum simulate_kind)kind;
}

/* Time goes on by up to twice the mean, which depends on the hour. */
static void pass_time(struct simulate_stream *stream)
{
    int64_t mean_us =
        day_us * 100 / stream->settings.day_events / busy[local_hour(stream->now_us)];

    stream->now_us += dice_between(&stream->dice, 1, 2 * mean_us);
}

/* What the event is before any device knows of it. */
static void begin_event(struct simulate_stream *stream, struct simulate_event *event)
{
    struct dice *dice = &stream->dice;

    *event =
        (struct simulate_event){.random = dice_next(dice), .occurred_us = stream->now_us};
    event->recorded_us = stream->now_us + dice_between(dice, second_us, 20 * second_us);
    event->is_late = dice_chance(dice, stream->settings.late_share);
    if (event->is_late)
        event->occurred_us -= dice_between(dice, late_least_us, late_most_us);
    if (event->occurred_us < stream->settings.start_us)
        event->occurred_us = stream->settings.start_us;
    event_made_id(event->event_id, event->recorded_us, event->random, ID_EVENT);
}

static void happen(struct simulate_stream *stream, enum simulate_kind kind,
                   struct simulate_event *event)
{
    begin_event(stream, event);
    event->kind = kind;
    if (!devices[kind]->happen(stream, event)) {
        event->kind = DRONE_ALERT; /* these always see something */
        devices[DRONE_ALERT]->happen(stream, event);
    }
}

static void remember(struct recent *recent, const struct simulate_event *event)
{
    if (recent->events)
        recent->events[recent->count++ % SIMULATE_RECENT] = *event;
}

static bool send_again(struct simulate_stream *stream, enum simulate_kind kind,
                       struct simulate_event *event)
{
    struct recent *recent = &stream->recent[kind];
    uint64_t known = recent->count < SIMULATE_RECENT ? recent->count : SIMULATE_RECENT;

    if (!dice_chance(&stream->dice, stream->settings.resend_share) || !known)
        return false;
    *event = recent->events[dice_below(&stream->dice, known)];
    event->is_resend = true;
    return true;
}

/* The hangars' clock: what they have told before something happens at now_us. */
static bool hangars_tell(struct simulate_stream *stream, struct simulate_event *event)
{
    while (flight_report_us(stream->next_report) < stream->now_us)
        if (flight_report(stream, stream->next_report++, event))
            return true;
    return false;
}

static void next_of_any(struct simulate_stream *stream, struct simulate_event *event)
{
    if (!stream->has_next) {
        stream->next_kind = any_kind(&stream->dice);
        pass_time(stream);
    }
    stream->has_next = hangars_tell(stream, event);
    if (!stream->has_next && !send_again(stream, stream->next_kind, event)) {
        happen(stream, stream->next_kind, event);
        remember(&stream->recent[event->kind], event);
    }
}

bool simulate_next(struct simulate_stream *stream, struct simulate_event *event)
{
    do
        next_of_any(stream, event);
    while (!(stream->settings.kinds >> event->kind & 1));
    return !stream->settings.until_us || event->recorded_us <= stream->settings.until_us;
}

void simulate_write(struct simulate_stream *stream, const struct simulate_event *event,
                    struct text *out)
{
    const struct device *device = devices[event->kind];
    struct dice dice = dice_new(event->random);
    struct line *l = &stream->line;

    line_begin(l, out);
    line_uuid(l, "event_id", event->event_id);
    line_time(l, "occurred_at", event->occurred_us);
    line_time(l, "recorded_at", event->recorded_us);
    line_open(l, "producer_id");
    device->write_producer_id(event, l);
    line_close(l);
    line_bool(l, "is_test", event->is_test);
    device->write(stream, event, &dice, l);
    line_end(l);
}

void put_sha256(struct line *l, struct dice *dice)
{
    for (int i = 0; i < 4; i++)
        line_put_hex(l, dice_next(dice));
}

void write_sha256(struct line *l, const char *name, struct dice *dice)
{
    line_open(l, name);
    put_sha256(l, dice);
    line_close(l);
}

void write_position(struct line *l, const char *longitude, const char *latitude,
                    struct simulate_position position)
{
    line_decimal(l, longitude, position.longitude, 7);
    line_decimal(l, latitude, position.latitude, 7);
}

void write_people_position(struct line *l, const char *longitude, const char *latitude,
                           const struct simulate_event *event)
{
    write_position(l, longitude, latitude,
                   event->is_phone ? gcj02_of(event->position) : event->position);
    line_text(l, "source_crs", event->is_phone ? "GCJ02" : "WGS84");
}

void write_people_category(struct line *l, const char *code, const char *scheme,
                           const struct simulate_event *event)
{
    const struct category *category = &categories[event->category];

    line_text(l, code, event->is_phone ? category->app_code : category->code);
    line_text(l, scheme, event->is_phone ? "sim-app-2026" : "local-2026");
}
