/* drone_alert.c - three hangars; their drones fly a route each half hour and report what they see. */
#include <string.h>

#include "producers/simulate/device.h"
#include "producers/simulate/flight.h"

static struct flight flight_of(const struct simulate_event *event)
{
    return flight_at(event->occurred_us, event->place);
}

/* What the same flight reported before it reports again as an update. */
static void note_flight(struct simulate_event *event, struct thing *thing)
{
    int64_t flight = flight_number(flight_of(event));

    if (event->is_sighting && thing->last_flight == flight)
        event->update_of = thing->last_alert;
    else
        thing->last_alert = event->random;
    thing->last_flight = flight;
}

static bool see(struct simulate_stream *stream, struct simulate_event *event)
{
    struct stretch *town = &stream->world.town;
    struct dice *dice = &stream->dice;
    struct spot spot;
    bool roof = event_has(stream->settings.roof_share, dice);
    bool again =
        roof ? roofs_look(&stream->world, dice, event->occurred_us, &spot)
             : stretch_look(town, dice, &stream->settings, event->occurred_us, &spot);

    event_reports(stream, event, spot.thing, again);
    event->accuracy_cm = (int)dice_between(dice, 100, 250);
    event->position = spot_measured(town, &spot, dice, event->accuracy_cm);
    event->category = spot.category;
    event->place = stretch_strip(town, event->position, HANGARS);
    note_flight(event, spot.thing);
    event_opens_case(stream, event, ID_EVENT);
    return true;
}

static void put_producer_id(const struct simulate_event *event, struct line *l)
{
    put_hangar(event->place, l);
}

static void write_alert_id(const struct simulate_event *event, const char *name,
                           uint64_t random, struct line *l)
{
    line_open(l, name);
    put_hangar(event->place, l);
    line_put(l, "-");
    line_put_hex(l, random);
    line_close(l);
}

static void write_flight(const struct simulate_stream *stream,
                         const struct simulate_event *event, struct line *l)
{
    unsigned waypoint = stretch_row(&stream->world.town, event->position, WAYPOINTS);
    struct flight flight = flight_of(event);

    write_craft(flight, l);
    write_flight_id(flight, l);
    write_route_id(flight, l);
    line_number(l, "waypoint_index", waypoint);
}

/* A square of the given area round the target, closed: ground that lies bare has an extent. */
static void write_square(const struct simulate_event *event, int64_t area_dm2,
                         struct line *l)
{
    static const int corners[][2] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}, {-1, -1}};
    int half_dm = 0;

    while ((int64_t)4 * half_dm * half_dm < area_dm2)
        half_dm++;
    line_open_array(l, "target_polygon");
    for (int i = 0; i < 5; i++) {
        struct simulate_position at = event->position;

        at.longitude += corners[i][0] * half_dm * 11144 / 1000;
        at.latitude += corners[i][1] * half_dm * 8993 / 1000;
        line_open_object(l);
        write_position(l, "longitude", "latitude", at);
        line_close_object(l);
    }
    line_close_array(l);
}

static void write_place(const struct simulate_event *event, struct dice *dice,
                        struct line *l)
{
    const struct category *category = &categories[event->category];

    write_position(l, "longitude", "latitude", event->position);
    line_text(l, "position_kind", "TARGET");
    line_decimal(l, "horizontal_accuracy_m", event->accuracy_cm, 2);
    line_text(l, "source_crs", "WGS84");
    line_decimal(l, "relative_altitude_m", dice_between(dice, 900, 1200), 1);
    line_decimal(l, "gimbal_yaw_deg", dice_between(dice, -1800, 1800), 1);
    if (category->area_dm2) {
        int64_t area_dm2 =
            dice_between(dice, category->area_dm2, category->area_dm2_most);

        write_square(event, area_dm2, l);
        line_decimal(l, "target_area_m2", area_dm2, 2);
    }
}

static void write_recognition(const struct simulate_event *event, struct dice *dice,
                              struct line *l)
{
    const struct category *category = &categories[event->category];
    int64_t confidence = dice_between(dice, 55, 99);
    int64_t x = dice_between(dice, 0, 3000), y = dice_between(dice, 0, 2000);

    line_text(l, "category_scheme", "local-2026");
    line_text(l, "major_class_code", category->major);
    line_text(l, "minor_class_code", category->code);
    line_text(l, "detector_label", category->label);
    line_text(l, "detector_name", "sim-detector");
    line_text(l, "detector_version", "1.0");
    line_decimal(l, "confidence", confidence, 2);
    line_number(l, "bbox_xmin", x);
    line_number(l, "bbox_ymin", y);
    line_number(l, "bbox_xmax", x + dice_between(dice, 40, 800));
    line_number(l, "bbox_ymax", y + dice_between(dice, 40, 800));
    line_text(l, "certainty", confidence >= 75 ? "LIKELY" : "POSSIBLE");
    line_text(l, "urgency", category->urgency);
    line_text(l, "severity", category->severity);
}

static void write(const struct simulate_stream *stream,
                  const struct simulate_event *event, struct dice *dice, struct line *l)
{
    write_alert_id(event, "alert_id", event->random, l);
    line_text(l, "message_type", event->update_of ? "UPDATE" : "ALERT");
    if (event->update_of)
        write_alert_id(event, "references_alert_id", event->update_of, l);
    write_flight(stream, event, l);
    line_time(l, "captured_at", event->occurred_us);
    write_place(event, dice, l);
    write_recognition(event, dice, l);
    line_open(l, "image_object_key");
    line_put(l, "sim/drone/");
    line_put_hex(l, event->random);
    line_put(l, ".jpg");
    line_close(l);
    write_sha256(l, "image_sha256", dice);
    if (strcmp(categories[event->category].major, "BURNING_BAN") == 0)
        line_bool(l, "is_thermal", true);
}

const struct device drone_alert_device = {
    .name = "drone_alert",
    .weight = 70,
    .happen = see,
    .write = write,
    .write_producer_id = put_producer_id,
};
