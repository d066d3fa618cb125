/* device.h - what a kind of device is, and what it finds when something happens to it. Only the stream and
 * the devices include this. */
#ifndef GRIDLOOP_DEVICE_H
#define GRIDLOOP_DEVICE_H

#include "producers/simulate/desk.h"
#include "producers/simulate/dice.h"
#include "producers/simulate/line.h"
#include "producers/simulate/simulate.h"
#include "producers/simulate/world.h"

struct recent {
    struct simulate_event *events; /* a ring */
    uint64_t count;                /* since the beginning */
};

struct simulate_stream {
    struct simulate_settings settings;
    struct dice dice;
    int64_t now_us;
    struct world world;
    struct desk desk;
    struct recent recent[SIMULATE_KINDS];
    enum simulate_kind next_kind; /* of what happens at now_us */
    bool has_next;
    int64_t next_report; /* of the hangars about their tasks */
    struct line line;
};

struct device {
    const char *name;
    unsigned weight; /* how many of 100 events are its */

    /* Fills in what this kind is about; the ids, random, recorded_us, is_late and, as the moment wanted,
     * occurred_us are set. False: nothing to do, another device has its turn. */
    bool (*happen)(struct simulate_stream *stream, struct simulate_event *event);

    /* Writes the fields behind the common ones. Draws from dice only, never from the stream's. */
    void (*write)(const struct simulate_stream *stream,
                  const struct simulate_event *event, struct dice *dice, struct line *l);
    void (*write_producer_id)(const struct simulate_event *event, struct line *l);
};

extern const struct device drone_alert_device;
extern const struct device patrol_log_device;
extern const struct device case_action_device;
extern const struct device inspection_finding_device;
extern const struct device flight_task_device;

/* The event reports a thing that lies at spot: a sighting where it was reported before. */
void event_reports(struct simulate_stream *stream, struct simulate_event *event,
                   struct thing *thing, bool seen_before);

/* An id in the form of a UUID version 7, of that time. */
enum made_id { ID_EVENT = 1, ID_FINDING, ID_PATROL, ID_RAISED_CASE, ID_ACTION };
void event_made_id(uint8_t id[UUID_SIZE], int64_t us, uint64_t random,
                   enum made_id which);

/* True in that share of the calls; draws nothing where it is 0, so that an option which is not used changes
 * nothing. */
bool event_has(double share, struct dice *dice);

/* People saw the thing at spot: position, category, and whether a phone told them. */
void event_seen_by_people(struct simulate_stream *stream, struct simulate_event *event,
                          const struct stretch *stretch, const struct spot *spot);

/* The event names a case, by an id of its own; unless it is a sighting, that case is there for the crews. */
void event_opens_case(struct simulate_stream *stream, struct simulate_event *event,
                      enum made_id id);

/* Local time (UTC+8): microseconds for use in hour and day below. */
int64_t local_us(int64_t us);
int local_hour(int64_t us);
int64_t local_day(int64_t us);
int local_weekday(int64_t us); /* 1 Monday to 7 Sunday */

/* 64 hex digits that stand for the hash of a picture. */
void write_sha256(struct line *l, const char *name, struct dice *dice);
void put_sha256(struct line *l, struct dice *dice);

void write_position(struct line *l, const char *longitude, const char *latitude,
                    struct simulate_position position);

/* As their device gives it: with its source_crs, and its own names. */
void write_people_position(struct line *l, const char *longitude, const char *latitude,
                           const struct simulate_event *event);
void write_people_category(struct line *l, const char *code, const char *scheme,
                           const struct simulate_event *event);

#endif
