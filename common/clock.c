/* clock.c - the proleptic Gregorian calendar by arithmetic: no time zone data, no
 * locale. */
#include "common/clock.h"

#include <stdio.h>
#include <time.h>

enum { US = 1000000, SECONDS_OF_DAY = 86400 };

int64_t clock_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * US + now.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the calendar: years begin in March, so that the leap day is a year's last ---- */

enum {
    DAYS_OF_ERA = 146097 /* 400 years */,
    DAYS_TO_1970 = 719468 /* from 0000-03-01 */
};

static int64_t floor_div(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t era, year_of_era, day_of_year;

    year -= month <= 2;
    era = floor_div(year, 400);
    year_of_era = year - era * 400;
    day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * DAYS_OF_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100
           + day_of_year - DAYS_TO_1970;
}

static void date_of(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    int64_t era = floor_div(days + DAYS_TO_1970, DAYS_OF_ERA);
    int64_t rest = days + DAYS_TO_1970 - era * DAYS_OF_ERA;
    int64_t year_of_era = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
    int64_t march; /* months since March */

    rest -= 365 * year_of_era + year_of_era / 4 - year_of_era / 100;
    march = (5 * rest + 2) / 153;
    *day = rest - (153 * march + 2) / 5 + 1;
    *month = march < 10 ? march + 3 : march - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

/* ---- reading ---- */

struct scan {
    const char *at, *end;
    const char *wrong; /* the first thing that is wrong; NULL: nothing yet */
};

static void fail(struct scan *s, const char *wrong)
{
    if (!s->wrong)
        s->wrong = wrong;
}

static bool is_next(const struct scan *s, char a, char b)
{
    return s->at < s->end && (*s->at == a || *s->at == b);
}

static bool skip(struct scan *s, char a, char b)
{
    if (!is_next(s, a, b))
        return false;
    s->at++;
    return true;
}

static void expect(struct scan *s, char a, char b)
{
    if (!skip(s, a, b))
        fail(s, "is not of the form 2026-01-05T08:30:00Z");
}

static bool is_digit(const struct scan *s)
{
    return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

static int digits(struct scan *s, int count)
{
    int number = 0;

    while (count-- > 0) {
        if (!is_digit(s)) {
            fail(s, "is not of the form 2026-01-05T08:30:00Z");
            return 0;
        }
        number = number * 10 + (*s->at++ - '0');
    }
    return number;
}

static int64_t scan_date(struct scan *s)
{
    int year, month, day;

    year = digits(s, 4);
    expect(s, '-', '-');
    month = digits(s, 2);
    expect(s, '-', '-');
    day = digits(s, 2);
    if (s->wrong)
        return 0;
    if (month < 1 || month > 12)
        fail(s, "has a month that does not exist");
    else if (day < 1 || day > days_of_month(year, month))
        fail(s, "has a day that its month does not have");
    return days_of(year, month, day);
}

static int scan_time(struct scan *s)
{
    int hour, minute, second;

    hour = digits(s, 2);
    expect(s, ':', ':');
    minute = digits(s, 2);
    expect(s, ':', ':');
    second = digits(s, 2);
    if (hour > 23 || minute > 59 || second > 60)
        fail(s, "has a time of day that does not exist");
    else if (second == 60)
        fail(s, "has a leap second (:60), which cannot be stored");
    return hour * 3600 + minute * 60 + second;
}

/* Microseconds behind the point; 0 if there is no point. */
static int scan_fraction(struct scan *s)
{
    int us = 0, count = 0;

    if (!skip(s, '.', '.'))
        return 0;
    for (; is_digit(s) && count <= 9; s->at++, count++) {
        if (count < 6)
            us = us * 10 + (*s->at - '0');
        else if (*s->at != '0')
            fail(s, "is finer than a microsecond");
    }
    if (count == 0)
        fail(s, "has no digits behind the point");
    if (count > 9)
        fail(s, "has more than 9 digits behind the point");
    for (; count < 6; count++)
        us *= 10;
    return us;
}

/* Seconds east of UTC. */
static int scan_zone(struct scan *s)
{
    int sign, hour, minute;

    if (skip(s, 'Z', 'z'))
        return 0;
    if (!is_next(s, '+', '-')) {
        fail(s, s->at == s->end ? "has no zone"
                                : "has something that is not a zone at its end");
        return 0;
    }
    sign = *s->at++ == '-' ? -1 : 1;
    hour = digits(s, 2);
    expect(s, ':', ':');
    minute = digits(s, 2);
    if (hour > 23 || minute > 59)
        fail(s, "has an offset that does not exist");
    return sign * (hour * 3600 + minute * 60);
}

const char *clock_parse(const char *text, size_t size, int64_t *us)
{
    struct scan s = {text, text + size, NULL};
    int64_t seconds, time;

    seconds = scan_date(&s) * SECONDS_OF_DAY;
    expect(&s, 'T', 't');
    seconds += scan_time(&s);
    time = seconds * US + scan_fraction(&s);
    time -= (int64_t)scan_zone(&s) * US;
    if (s.at < s.end)
        fail(&s, "has more behind its zone");
    if (time < CLOCK_FIRST_US || time > CLOCK_LAST_US)
        fail(&s, "is outside the years 1 to 9999");
    if (!s.wrong)
        *us = time;
    return s.wrong;
}

/* ---- writing ---- */

void clock_format(char text[CLOCK_TEXT_SIZE], int64_t us)
{
    int64_t seconds = floor_div(us, US);
    int64_t days = floor_div(seconds, SECONDS_OF_DAY);
    int64_t of_day = seconds - days * SECONDS_OF_DAY;
    int fraction = (int)(us % US + (us % US < 0 ? US : 0));
    int64_t year, month, day;
    int used;

    date_of(days, &year, &month, &day);
    used = snprintf(text, CLOCK_TEXT_SIZE, "%04lld-%02d-%02dT%02d:%02d:%02d",
                    (long long)year, (int)month, (int)day, (int)(of_day / 3600),
                    (int)(of_day / 60 % 60), (int)(of_day % 60));
    if (fraction)
        used += snprintf(text + used, CLOCK_TEXT_SIZE - (size_t)used, ".%06d", fraction);
    snprintf(text + used, CLOCK_TEXT_SIZE - (size_t)used, "Z");
}
