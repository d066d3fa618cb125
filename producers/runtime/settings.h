/* settings.h - what a producer can be told; common/option.h says how. */
#ifndef GRIDLOOP_PRODUCER_SETTINGS_H
#define GRIDLOOP_PRODUCER_SETTINGS_H

#include "common/health.h"
#include "common/option.h"
#include "common/registry.h"
#include "producers/runtime/kind.h"

struct producer_settings {
    const char *spool;
    const char *name_space;
    bool follow;
    int64_t max_line_bytes;
    const char *rejects; /* NULL: refused lines are not kept */
    const char *receipts;
    int64_t group_rows;
    int64_t group_ms;
    int64_t spool_max_bytes;
    const char *when_full;
    double deliver_timeout_s;
    const char *log_level;
    struct registry_settings registry;
    struct health_settings health;
    struct kafka_properties kafka;
};

/* Of every kind the same but for the names, which live as long as the program. */
struct option_set producer_options(const struct producer_kind *kind);

/* Reads command line, environment and file; files gets the operands. FATAL as
 * options_load(). With follow SIGHUP has them read again (reload.h); both outlive the
 * program's last look at its settings. */
enum outcome settings_load(struct producer_settings *settings,
                           const struct option_set *options, int argc, char **argv,
                           struct option_list *files, struct err *e);

#endif
