/* programs.h - every program of gridloop and every command of those that have some, by its options: what gridloopctl
 * checks, completes and describes. A new command is known here by its declaration, and by its line in programs.c. */
#ifndef GRIDLOOP_CTL_PROGRAMS_H
#define GRIDLOOP_CTL_PROGRAMS_H

#include <stddef.h>

#include "common/option.h"

extern const struct option_set manual_options, audit_options, check_options,
    completion_options, config_options, dead_letter_discard_options,
    dead_letter_list_options, dead_letter_replay_options, dead_letter_show_options,
    decode_options, dedup_simulate_options, gap_accept_options, gap_list_options,
    healthy_options, metrics_options, progress_set_options, progress_show_options,
    status_options, rebuild_follow_up_options, reference_due_options,
    reference_load_options, reference_locate_options, reference_reenrich_options,
    schema_compatible_options, schema_list_options, schema_register_options, seal_options,
    setup_options, tap_options, verify_options, where_options;

/* All of them, sorted as one would read about them: daemons, devices' programs, commands. */
const struct option_set *const *programs_all(size_t *count);

/* The program of that name, with or without "gridloop-"; NULL: there is none, or it reads no configuration of its own (a
 * command of another program). */
const struct option_set *program_find(const char *name);

#endif
