/* clock.h - times: microseconds since 1970 UTC in memory, RFC 3339 in text. */
#ifndef GRIDLOOP_CLOCK_H
#define GRIDLOOP_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLOCK_TEXT_SIZE = 40 };

/* The years 1 to 9999 in UTC, all that RFC 3339 can tell: the first and the last microsecond. */
#define CLOCK_FIRST_US INT64_C(-62135596800000000)
#define CLOCK_LAST_US INT64_C(253402300799999999)

int64_t clock_now_us(void);       /* wall clock, microseconds since 1970 UTC */
int64_t clock_monotonic_ms(void); /* for time-outs and back-off; never goes backwards */

/* RFC 3339 with "T" or "t" and a zone ("Z" or an offset) and up to 9 digits of a second,
 * of which those beyond microseconds must be zero. NULL and *us set, or what is wrong
 * ("has no zone"). Years 1 to 9999 in UTC. A leap second (":60") is refused: the store
 * has no place for it. */
const char *clock_parse(const char *text, size_t size, int64_t *us);

/* "2026-01-05T08:30:00.250000Z", without the fraction if it is zero. Any us; outside the
 * years 1 to 9999 the text is not RFC 3339 ("-0044-03-15T..."). */
void clock_format(char text[CLOCK_TEXT_SIZE], int64_t us);

#endif
