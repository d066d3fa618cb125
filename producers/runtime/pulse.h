/* pulse.h - what a producer that follows a file tells to who asks over HTTP (health.h): that it lives, whether lines get
 * into its spool and out of it, and how far that is behind. A run that ends with its input answers nobody: its exit code
 * tells. */
#ifndef GRIDLOOP_PULSE_H
#define GRIDLOOP_PULSE_H

#include "producers/runtime/deliver.h"
#include "producers/runtime/report.h"
#include "producers/runtime/settings.h"
#include "producers/runtime/spool.h"

struct pulse {
    const struct producer_settings *settings;
    int64_t looked_ms;
    uint64_t first; /* lowest sequence in the spool at the last look; 0: it was empty */
};

/* Answers from now on, if the settings say that a file is followed. settings and kind must outlive it. FATAL: as
 * health_open(). */
enum outcome pulse_begin(struct pulse *pulse, const struct producer_settings *settings,
                         const char *kind, struct err *e);
void pulse_end(void);

/* The loop has turned; once a second looks at the spool. trouble: why lines do not get into it; NULL: they do. */
void pulse_turn(struct pulse *pulse, struct spool *spool, const struct deliver *deliver,
                const struct report_counts *counts, const char *trouble);

#endif
