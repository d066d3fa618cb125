/* flight_task.c - what the hangars tell of their tasks, by the clock: planned, taken off, ended, pictures sent.
 *
 * Patrols always fly; a few turn back early, and of a few some pictures stay away for good. Surveys are called off
 * for the weather, and of some nothing is heard after they were planned. */
#include "producers/simulate/flight_task.h"

#include "producers/simulate/flight.h"

static const int64_t second_us = 1000000;

enum phase { STARTED, UPLOADED, PLANNED, ENDED, PHASES };

/* In each half hour, in this order: when, and which flight it is about. */
static const struct {
    int minutes;
    int slots_on;
} phases[PHASES] = {
    [STARTED] = {0, 0}, [UPLOADED] = {10, -1}, [PLANNED] = {20, 1}, [ENDED] = {26, 0}};

enum fate { FLOWN, CALLED_OFF, SILENT };

struct task {
    struct flight flight;
    enum fate fate;
    const char *reason; /* NULL: none */
    int waypoints, media, media_at_end, media_at_last;
    bool is_test;
};

static struct task task_of(const struct simulate_stream *stream, struct flight flight)
{
    static const char *const reasons[] = {"WIND", "RAIN", "AIRSPACE", "LOW_BATTERY"};
    struct dice dice =
        dice_new((uint64_t)stream->settings.seed ^ (uint64_t)flight_number(flight) << 24);
    uint32_t luck = dice_below(&dice, 100);
    const char *reason = reasons[dice_below(&dice, 4)];
    struct task task = {.flight = flight, .waypoints = WAYPOINTS};

    task.is_test = dice_chance(&dice, stream->settings.test_share);
    if (flight.aircraft == SURVEY && luck < 40)
        task.fate = luck < 8 ? SILENT : CALLED_OFF;
    else if (luck >= 96)
        task.waypoints = (int)dice_between(&dice, 20, WAYPOINTS - 1);
    if (task.fate == CALLED_OFF)
        task.waypoints = 0;
    task.reason = task.waypoints < WAYPOINTS ? reason : NULL;
    task.media = task.waypoints * (int)dice_between(&dice, 2, 4);
    task.media_at_end = task.media * (int)dice_between(&dice, 0, 70) / 100;
    task.media_at_last =
        luck % 20 == 7 ? task.media * (int)dice_between(&dice, 80, 98) / 100 : task.media;
    return task;
}

/* What a task tells comes as a row of numbered reports, the same in every half hour. */
static enum phase phase_of(int64_t report)
{
    return (enum phase)(report / AIRCRAFT % PHASES);
}

static struct flight flight_of(int64_t report)
{
    int64_t slot = report / (AIRCRAFT * PHASES) + phases[phase_of(report)].slots_on;

    return (struct flight){slot, (unsigned)(report % AIRCRAFT)};
}

static int64_t phase_us(struct flight flight, enum phase phase)
{
    struct flight then = {flight.slot - phases[phase].slots_on, flight.aircraft};

    return flight_begin_us(then)
           + (phases[phase].minutes * 60 + 5 * (int)flight.aircraft + 1) * second_us;
}

int64_t flight_report_us(int64_t report)
{
    return phase_us(flight_of(report), phase_of(report));
}

int64_t flight_report_from(int64_t us)
{
    int64_t report = flight_at(us, 0).slot * AIRCRAFT * PHASES;

    while (flight_report_us(report) < us)
        report++;
    return report;
}

bool flight_report(const struct simulate_stream *stream, int64_t report,
                   struct simulate_event *event)
{
    struct task task = task_of(stream, flight_of(report));
    struct dice dice = dice_new((uint64_t)stream->settings.seed ^ ~(uint64_t)report);
    enum phase phase = phase_of(report);

    if ((task.fate == SILENT && phase != PLANNED)
        || (task.fate == CALLED_OFF && (phase == UPLOADED || phase == ENDED)))
        return false;
    *event = (struct simulate_event){.kind = FLIGHT_TASK,
                                     .random = dice_next(&dice),
                                     .occurred_us = flight_report_us(report),
                                     .place = task.flight.aircraft,
                                     .flight_report = report,
                                     .is_test = task.is_test};
    event->recorded_us =
        event->occurred_us + dice_between(&dice, second_us, 20 * second_us);
    event_made_id(event->event_id, event->recorded_us, event->random, ID_EVENT);
    return true;
}

static void put_producer_id(const struct simulate_event *event, struct line *l)
{
    put_hangar(event->place, l);
}

static const char *status_of(const struct task *task, enum phase phase)
{
    if (phase == PLANNED)
        return "PLANNED";
    if (task->fate == CALLED_OFF)
        return "CANCELLED";
    if (phase == STARTED)
        return "IN_PROGRESS";
    return task->waypoints < WAYPOINTS ? "PARTIALLY_DONE" : "COMPLETED";
}

static void write_times(const struct task *task, enum phase phase, struct line *l)
{
    line_time(l, "planned_at", flight_begin_us(task->flight));
    if (phase != PLANNED && task->fate == FLOWN)
        line_time(l, "started_at", phase_us(task->flight, STARTED));
    if (phase == ENDED || phase == UPLOADED)
        line_time(l, "ended_at", phase_us(task->flight, ENDED));
    else if (phase == STARTED && task->fate == CALLED_OFF)
        line_time(l, "ended_at", phase_us(task->flight, STARTED));
}

static void write_result(const struct task *task, enum phase phase, struct line *l)
{
    bool is_over = phase == ENDED || phase == UPLOADED;

    if (task->reason && phase != PLANNED && (is_over || task->fate == CALLED_OFF))
        line_text(l, "reason_code", task->reason);
    line_number(l, "waypoints_planned", WAYPOINTS);
    line_number(l, "waypoints_done", is_over ? task->waypoints : 0);
    if (is_over) {
        line_number(l, "media_expected", task->media);
        line_number(l, "media_uploaded",
                    phase == ENDED ? task->media_at_end : task->media_at_last);
    }
}

static void write(const struct simulate_stream *stream,
                  const struct simulate_event *event, struct dice *dice, struct line *l)
{
    struct task task = task_of(stream, flight_of(event->flight_report));
    enum phase phase = phase_of(event->flight_report);

    (void)dice;
    line_open(l, "task_id");
    line_put(l, "task-");
    put_flight_id(task.flight, l);
    line_close(l);
    write_craft(task.flight, l);
    write_route_id(task.flight, l);
    if (phase != PLANNED && task.fate == FLOWN)
        write_flight_id(task.flight, l);
    write_times(&task, phase, l);
    line_text(l, "status", status_of(&task, phase));
    write_result(&task, phase, l);
}

/* By the clock alone. */
static bool never(struct simulate_stream *stream, struct simulate_event *event)
{
    (void)stream;
    (void)event;
    return false;
}

const struct device flight_task_device = {
    .name = "flight_task",
    .happen = never,
    .write = write,
    .write_producer_id = put_producer_id,
};
