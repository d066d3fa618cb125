/* support.h - what the programs of ./dev bench share: they end at the first failure, and read clocks. */
#ifndef GRIDLOOP_BENCH_SUPPORT_H
#define GRIDLOOP_BENCH_SUPPORT_H

#include <time.h>

#include "common/err.h"

/* Says what failed and why, and ends the program with 70. */
void give_up(const char *what, const char *why) __attribute__((noreturn));
void must(enum outcome outcome, const char *what, const struct err *e);

/* CLOCK_MONOTONIC: since some time; CLOCK_PROCESS_CPUTIME_ID: spent by all threads. */
double seconds(clockid_t clock);

#endif
