/* commands.h - gridloop-simulate: its commands, and their options. */
#ifndef GRIDLOOP_SIMULATE_COMMANDS_H
#define GRIDLOOP_SIMULATE_COMMANDS_H

#include "common/option.h"

extern const struct option_set simulate_lines_options, simulate_run_options,
    simulate_crew_options;

/* The whole of main; returns the exit code. */
int simulate_main(int argc, char **argv);

#endif
