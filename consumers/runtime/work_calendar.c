/* work_calendar.c - days and office hours in the order of time, with running sums, so that each question is a search. */
#include "consumers/runtime/work_calendar.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/clock.h"

static const int64_t hour_us = 3600000000;

struct day {
    int64_t begin_us, end_us;
    size_t closes; /* work days up to it, itself among them */
};

struct interval {
    int64_t open_us, close_us;
    int64_t passed_us; /* office time up to its close */
};

struct work_calendar {
    struct day *days;
    struct interval *intervals;
    int64_t *closes; /* of each work day the last one */
    size_t day_count, interval_count, close_count;
};

struct work_calendar *work_calendar_new(void)
{
    return xcalloc(1, sizeof(struct work_calendar));
}

void work_calendar_free(struct work_calendar *calendar)
{
    if (!calendar)
        return;
    free(calendar->days);
    free(calendar->intervals);
    free(calendar->closes);
    free(calendar);
}

/* ---- building ---- */

/* Room for one more; it doubles at powers of two. */
static void *grown(void *array, size_t count, size_t size)
{
    return count & (count - 1) ? array : xrealloc(array, (count ? 2 * count : 1) * size);
}

bool work_calendar_add_day(struct work_calendar *calendar, int64_t begin_us,
                           int64_t end_us)
{
    size_t count = calendar->day_count;

    if (begin_us >= end_us || (count && calendar->days[count - 1].end_us != begin_us))
        return false;
    calendar->days = grown(calendar->days, count, sizeof *calendar->days);
    calendar->days[calendar->day_count++] =
        (struct day){begin_us, end_us, calendar->close_count};
    return true;
}

static void put_close(struct work_calendar *calendar, struct day *day, int64_t close_us)
{
    if (!day->closes || calendar->closes[day->closes - 1] <= day->begin_us) {
        calendar->closes =
            grown(calendar->closes, calendar->close_count, sizeof *calendar->closes);
        day->closes = ++calendar->close_count;
    }
    calendar->closes[day->closes - 1] = close_us;
}

bool work_calendar_add_hours(struct work_calendar *calendar, int64_t open_us,
                             int64_t close_us)
{
    size_t count = calendar->interval_count;
    struct day *day =
        calendar->day_count ? &calendar->days[calendar->day_count - 1] : NULL;
    int64_t passed_us = count ? calendar->intervals[count - 1].passed_us : 0;

    if (!day || open_us >= close_us || open_us < day->begin_us || close_us > day->end_us
        || (count && open_us < calendar->intervals[count - 1].close_us))
        return false;
    calendar->intervals = grown(calendar->intervals, count, sizeof *calendar->intervals);
    calendar->intervals[calendar->interval_count++] =
        (struct interval){open_us, close_us, passed_us + (close_us - open_us)};
    put_close(calendar, day, close_us);
    return true;
}

/* ---- names ---- */

static const char *const names[LIMIT_TYPES] = {
    [LIMIT_URGENT_HOUR] = "URGENT_HOUR",
    [LIMIT_WORK_HOUR] = "WORK_HOUR",
    [LIMIT_WORK_DAY] = "WORK_DAY",
    [LIMIT_NATURAL_DAY] = "NATURAL_DAY",
};

int limit_type_find(const char *name)
{
    for (int type = 0; type < LIMIT_TYPES; type++)
        if (strcmp(names[type], name) == 0)
            return type;
    return -1;
}

const char *limit_type_name(enum limit_type type)
{
    return names[type];
}

/* ---- searching ---- */

static const struct due ends = {.reason = "calendar_ends"};

static struct due at(int64_t us)
{
    return (struct due){.at_us = us};
}

/* Both come from outside. */
static struct due sum(int64_t us, int64_t amount_us)
{
    int64_t sum_us;

    return __builtin_add_overflow(us, amount_us, &sum_us) || sum_us > CLOCK_LAST_US
               ? ends
               : at(sum_us);
}

/* The day that an instant lies in; else *out says why there is none. */
static const struct day *find_day(const struct work_calendar *calendar, int64_t us,
                                  struct due *out)
{
    size_t low = 0, high = calendar ? calendar->day_count : 0;

    if (!high)
        *out = (struct due){.reason = "no_calendar"};
    else if (us < calendar->days[0].begin_us)
        *out = (struct due){.reason = "no_calendar"};
    else if (us >= calendar->days[high - 1].end_us)
        *out = ends;
    else {
        while (high - low > 1) {
            size_t middle = low + (high - low) / 2;
            *(calendar->days[middle].begin_us <= us ? &low : &high) = middle;
        }
        return &calendar->days[low];
    }
    return NULL;
}

static int compare_closes(const struct interval *interval, int64_t us)
{
    return interval->close_us < us;
}

static int compare_passed(const struct interval *interval, int64_t us)
{
    return interval->passed_us < us;
}

/* The first interval that does not lie before; interval_count: all do. */
static size_t first_interval(const struct work_calendar *calendar,
                             int (*is_before)(const struct interval *, int64_t),
                             int64_t us)
{
    size_t low = 0, high = calendar->interval_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (is_before(&calendar->intervals[middle], us))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Office time from the calendar's begin to then. */
static int64_t passed_us(const struct work_calendar *calendar, int64_t us)
{
    size_t next = first_interval(calendar, compare_closes, us);
    int64_t before = next ? calendar->intervals[next - 1].passed_us : 0;

    if (next == calendar->interval_count || us <= calendar->intervals[next].open_us)
        return before;
    return before + (us - calendar->intervals[next].open_us);
}

int64_t work_us_between(const struct work_calendar *calendar, int64_t from_us,
                        int64_t to_us)
{
    if (!calendar || to_us <= from_us)
        return 0;
    return passed_us(calendar, to_us) - passed_us(calendar, from_us);
}

struct due work_add_us(const struct work_calendar *calendar, int64_t start_us,
                       int64_t amount_us)
{
    struct due target;
    size_t last;

    if (!find_day(calendar, start_us, &target))
        return target;
    if (!amount_us)
        return at(start_us);
    target = sum(passed_us(calendar, start_us), amount_us);
    last = first_interval(calendar, compare_passed, target.at_us);
    if (target.reason || last == calendar->interval_count)
        return ends;
    return at(calendar->intervals[last].close_us
              - (calendar->intervals[last].passed_us - target.at_us));
}

/* ---- limits ---- */

/* The last close of the n-th work day after that one; of 0 its own, or the next if that is past or there is none. The
 * last close so far is that of an earlier day where it is not behind the day's begin. */
static struct due work_days_after(const struct work_calendar *calendar,
                                  const struct day *day, size_t count, int64_t start_us)
{
    size_t close = count ? day->closes + count - 1 : day->closes;

    if (!count && close && calendar->closes[close - 1] > day->begin_us
        && calendar->closes[close - 1] >= start_us)
        close--;
    return close < calendar->close_count ? at(calendar->closes[close]) : ends;
}

static struct due days_after(const struct work_calendar *calendar, const struct day *day,
                             size_t count)
{
    size_t left = (size_t)(calendar->days + calendar->day_count - 1 - day);

    return count <= left ? at(day[count].end_us) : ends;
}

struct due work_due(const struct work_calendar *calendar, enum limit_type type,
                    int32_t value, int64_t start_us)
{
    struct due none;
    const struct day *day;

    if (type == LIMIT_URGENT_HOUR)
        return sum(start_us, value * hour_us);
    if (type == LIMIT_WORK_HOUR)
        return work_add_us(calendar, start_us, value * hour_us);
    day = find_day(calendar, start_us, &none);
    if (!day)
        return none;
    return type == LIMIT_WORK_DAY
               ? work_days_after(calendar, day, (size_t)value, start_us)
               : days_after(calendar, day, (size_t)value);
}

/* How many days a limit has left behind the day of the suspension. A midnight belongs to the day that it ends. */
static int32_t days_left(enum limit_type type, const struct day *suspended,
                         const struct day *due)
{
    return (int32_t)(type == LIMIT_WORK_DAY ? due->closes - suspended->closes
                                            : (size_t)(due - suspended));
}

struct due work_due_resumed(const struct work_calendar *calendar, enum limit_type type,
                            int64_t due_us, int64_t suspended_us, int64_t resumed_us)
{
    struct due none;
    const struct day *suspended, *due;

    if (due_us <= suspended_us)
        return at(due_us);
    if (type == LIMIT_URGENT_HOUR)
        return sum(due_us, resumed_us - suspended_us);
    if (type == LIMIT_WORK_HOUR)
        return work_add_us(calendar, resumed_us,
                           work_us_between(calendar, suspended_us, due_us));
    suspended = find_day(calendar, suspended_us, &none);
    due = suspended ? find_day(calendar, due_us - 1, &none) : NULL;
    return due ? work_due(calendar, type, days_left(type, suspended, due), resumed_us)
               : none;
}
