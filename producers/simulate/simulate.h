/* simulate.h - devices that do not exist, for demos, tests and benchmarks.
 *
 * A stream is one simulated district: things lie about, drones and patrols see them, inspectors find
 * faults, crews act on the cases that come of it. It gives one event after the other, in the order in
 * which the devices send them. An event is a small value; its line is a pure function of it, so sending
 * an event again gives the same bytes.
 *
 * Everything hangs on the settings alone: the same settings give the same bytes on every machine (whole
 * numbers throughout, an own generator, no clock). Settings that choose kinds only leave lines out, so
 * the actions printed by one call name the cases whose alerts another call printed.
 *
 *   what a line tells    drone_alert 70 %, patrol_log 15 %, case_action 12 %, inspection_finding 3 %;
 *                        and beside these flight_task, by the clock: each flight's plan, start, end, pictures
 *   simulated time       runs on by day_events events a day, fast by day, slowly by night
 *   seen again           repeat_share of the alerts, of the problems that patrols raise and of the
 *                        findings are another event about a thing reported before (sighting)
 *   sent again           resend_share of the lines are one of the last SIMULATE_RECENT of its kind; no flight_task
 *   late                 late_share of the events are recorded and sent 2 minutes to 6 hours after
 *                        they occurred; all others, and every flight_task, occur in order
 *
 *   crowded              crowd_share of the new things lie beside another of their kind
 *   false alarms         roof_share of the alerts are about one of 24 lawful roofs, which stay for ever
 *   many eyes            common_share of what patrols and inspectors report is what drones see, too
 *   phones               phone_share of what people report has another CRS and other names
 *
 * Unless crowd_share or roof_share say otherwise, two things of one category never lie near enough to be taken
 * for one by position: each has a site of its own, and a site is free again when its thing is gone. Up to about 20,000 events a day there is room for all
 * new things; beyond that more events are sightings than repeat_share says. Memory does not grow: the sites,
 * 64 cases in work, and SIMULATE_RECENT events a kind where resend_share is above 0.
 *
 * All of it is invented, and says so where a name appears: ids begin with "sim". */
#ifndef GRIDLOOP_SIMULATE_H
#define GRIDLOOP_SIMULATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/hash.h"
#include "common/option.h"
#include "common/text.h"

enum simulate_kind {
    DRONE_ALERT,
    PATROL_LOG,
    CASE_ACTION,
    INSPECTION_FINDING,
    FLIGHT_TASK,
    SIMULATE_KINDS
};
enum { SIMULATE_ALL_KINDS = (1 << SIMULATE_KINDS) - 1, SIMULATE_RECENT = 10000 };

struct simulate_settings {
    int64_t seed;
    double repeat_share, late_share, resend_share; /* 0 to 1 */
    double
        test_share; /* of the things and patrols that are a test: is_test in all that follows */
    double
        problem_share; /* of the patrols that raise a problem, with its category and position */
    double
        crowd_share; /* of the new things that lie 8 to 56 m beside another of their kind */
    double roof_share; /* of the alerts that are about a lawful roof: false alarms */
    double
        common_share; /* of the patrols' problems and of the findings that are about what
                          * drones see, too: in the town, with its category and position */
    double
        phone_share;  /* of people's reports that come from a phone: 5 m of error, GCJ-02,
                          * and its app's own names of the categories */
    int64_t start_us; /* first moment of the simulated time */
    int64_t until_us; /* and the last; 0: it goes on for ever */
    int64_t day_events; /* events in one simulated day, of all kinds but flight_task */
    unsigned
        kinds; /* bit 1 << kind for each kind that is wanted; others happen, unseen */
};

struct simulate_position {
    int32_t longitude, latitude; /* ten-millionths of a degree, WGS-84 */
};

struct simulate_step; /* one action on a case */

struct simulate_event {
    uint8_t event_id[UUID_SIZE];
    uint8_t
        first_id[UUID_SIZE]; /* event that reported the thing first; of a sighting only */
    uint8_t subject_id[UUID_SIZE]; /* the case's id: that it opens, or that it acts on */
    int64_t occurred_us, recorded_us;
    uint64_t
        random; /* all that does not matter is drawn from it when the line is written */
    enum simulate_kind kind;
    bool is_test, is_late;
    bool is_resend;   /* sent before: same event_id, same bytes */
    bool is_sighting; /* another event about a thing that was reported before */
    bool has_problem; /* of a patrol or a finding: it has category and position */

    struct simulate_position position;
    int accuracy_cm;
    uint64_t thing;     /* the same in all events about one real thing; 0: about none */
    bool is_false;      /* it is not what it was taken for, as the crew will find */
    bool is_in_town;    /* of people: not where they usually go */
    bool is_phone;      /* of people */
    unsigned category;  /* of the world's table */
    unsigned place;     /* hangar, grid, or inspected unit with issue */
    uint64_t update_of; /* of an alert: random of the alert that it updates; 0: none */

    enum simulate_kind case_kind; /* of an action: what opened the case */
    const struct simulate_step *step;
    int case_version;
    uint64_t case_number;
    const char *case_no, *unit,
        *target_unit; /* NULL: as the case's number and kind say */

    int64_t flight_report; /* of a flight task: number of the report */
};

/* "drone_alert"; the number of a name, SIMULATE_KINDS if there is none such. */
const char *simulate_kind_name(enum simulate_kind kind);
enum simulate_kind simulate_kind_find(const char *name, size_t size);

struct simulate_stream; /* opaque */

struct simulate_stream *
simulate_open(const struct simulate_settings *settings); /* settings are copied */
void simulate_close(struct simulate_stream *stream);     /* NULL is fine */

/* The next event of a wanted kind. False: it would be recorded after until_us, and so all that follow; without
 * until_us there is always one. */
bool simulate_next(struct simulate_stream *stream, struct simulate_event *event);

/* Appends the event's line, with its newline, to out. */
void simulate_write(struct simulate_stream *stream, const struct simulate_event *event,
                    struct text *out);

/* ---- feeding the producers ---- */

struct simulate_feed {
    struct simulate_settings world;
    int64_t count; /* lines to send, those sent again among them */
    int64_t rate;  /* lines a second; 0: as fast as the producers take them */
    const char *
        dir; /* gets <kind>.spool, <kind>.rejects and truth.tsv; made if it is not there */
    const char *bin_dir; /* where the gridloop-produce-<kind> are */
    const char
        *name_space; /* first part of the topics' names; NULL: the producers' own */
    struct option_list passed_on; /* further arguments for each producer */
};

/* Starts the producers of the wanted kinds, sends them lines and writes down what they accepted, until
 * all have ended. SIGINT and SIGTERM end the sending early; what was sent is still waited for.
 *
 * DIR/truth.tsv gets a line for each receipt, in the order of the receipts: kind, event_id, resend_of
 * (the same event_id, if the line was sent again), sighting_of (event_id of the thing's first report) and
 * thing ("thing-" or "roof-" and 16 hex digits, the same for all reports of one); "-" for none. It is added to, so that one DIR can take several runs: give each its own seed. A line
 * that was refused, or that a dying producer had not accepted, is not in it.
 *
 * Returns the exit code: 0, or the worst of the producers' (any other before 75, 75 before 65; killed
 * by signal N is 128 + N). Prints one line of summary on stdout. FATAL in *e: nothing was started, or a
 * producer answered nonsense. */
int simulate_feed_run(const struct simulate_feed *feed, struct err *e);

#endif
