/* support.c - failures and clocks. */
#include "tests/bench/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

void give_up(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(EX_SOFTWARE);
}

void must(enum outcome outcome, const char *what, const struct err *e)
{
    if (outcome)
        give_up(what, e->message);
}

double seconds(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}
