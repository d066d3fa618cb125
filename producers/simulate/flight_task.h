/* flight_task.h - reports of the hangars about their tasks. They come by the clock, in a numbered row that does not
 * end, so they are the same whatever else happens. */
#ifndef GRIDLOOP_FLIGHT_TASK_H
#define GRIDLOOP_FLIGHT_TASK_H

#include "producers/simulate/device.h"

/* When a report is made: never before the one with the number before it. */
int64_t flight_report_us(int64_t report);

/* The first one from us on. */
int64_t flight_report_from(int64_t us);

/* Fills in the event, which needs nothing more. False: the hangar tells nothing at that time. */
bool flight_report(const struct simulate_stream *stream, int64_t report,
                   struct simulate_event *event);

#endif
