/* work_calendar.h - office hours of every day, and when a time limit is over.
 *
 * Times are microseconds since 1970 UTC. PostgreSQL knows of time zones: it gives the instants at which local days and
 * office hours begin and end, and nothing here knows of any zone. Pure: no clock, no server. */
#ifndef GRIDLOOP_WORK_CALENDAR_H
#define GRIDLOOP_WORK_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct work_calendar; /* opaque */

struct work_calendar *work_calendar_new(void);
void work_calendar_free(struct work_calendar *calendar); /* NULL is fine */

/* Built from the first day to the last: each day begins where the one before ended, and its hours follow it, in their
 * order and within it. A day without hours is one off. False, and nothing is changed: it does not fit so. */
bool work_calendar_add_day(struct work_calendar *calendar, int64_t begin_us,
                           int64_t end_us);
bool work_calendar_add_hours(struct work_calendar *calendar, int64_t open_us,
                             int64_t close_us);

/* LimitType of the contract. */
enum limit_type {
    LIMIT_URGENT_HOUR, /* hours, through nights and holidays: needs no calendar */
    LIMIT_WORK_HOUR, /* office hours: over when so many have passed. One that is over at the close of an
                        * interval is over then, not when the next one opens. Begun outside office hours, it
                        * counts from the next opening. 0: over where it begins */
    LIMIT_WORK_DAY, /* the day on which it begins is not counted; over at the last close of the n-th work day
                        * after it. 0: at that of the very day, or of the next work day if that is past or it
                        * is none. A close at midnight is that of the day that it ends */
    LIMIT_NATURAL_DAY, /* the same with every day of the calendar, and over when the day ends, at midnight.
                        * 0: at the end of the very day */
    LIMIT_TYPES
};

/* By its name in the contract; -1: none of them. */
int limit_type_find(const char *name);
const char *limit_type_name(enum limit_type type);

/* An instant, or why there is none: "no_calendar" (none that reaches back to the start) or "calendar_ends" (it would be
 * over, or starts, behind the last day; or in no year that can be told). The texts are those of follow_up.time_limit. */
struct due {
    int64_t at_us;
    const char *reason; /* NULL: at_us counts; else at_us is 0 */
};

/* When a limit is over that starts then. calendar may be NULL: there is none. value: 0 or more. Never before
 * start_us. */
struct due work_due(const struct work_calendar *calendar, enum limit_type type,
                    int32_t value, int64_t start_us);

/* When a limit is over that stood still from suspended_us to resumed_us, and would have been over at due_us: what was
 * left of it is left again. resumed_us is not before suspended_us. Of hours that is time; of days their number, those behind the day of the suspension, so
 * that it is over at a close or midnight as before. One that was over already when it was suspended stays where it is.
 */
struct due work_due_resumed(const struct work_calendar *calendar, enum limit_type type,
                            int64_t due_us, int64_t suspended_us, int64_t resumed_us);

/* Office time between two instants, as far as the calendar goes; 0 if to_us is not behind from_us. */
int64_t work_us_between(const struct work_calendar *calendar, int64_t from_us,
                        int64_t to_us);

/* When so much office time has passed since start_us: as LIMIT_WORK_HOUR, to the microsecond. amount_us: 0 or more. */
struct due work_add_us(const struct work_calendar *calendar, int64_t start_us,
                       int64_t amount_us);

#endif
