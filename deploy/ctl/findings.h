/* findings.h - what was found by looking at something: each a line on standard output, at once. */
#ifndef GRIDLOOP_CTL_FINDINGS_H
#define GRIDLOOP_CTL_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

enum finding_level { FINDING_OK, FINDING_WARN, FINDING_ERROR, FINDING_LEVELS };

struct findings {
    bool json; /* {"level": "warn", "subject": ..., "text": ...} a line; else words */
    const char *what; /* of the next findings: a program, "Kafka", "reference data" */
    size_t counts[FINDING_LEVELS];
    bool has_config, has_permission, has_unreachable; /* among the errors */
};

/* text ends with what to do about it, unless all is well. exit_code: of an error, one of 69, 77 and 78; any other counts
 * as 78. */
void finding(struct findings *f, enum finding_level level, int exit_code,
             const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What kept a call from succeeding, as an error: a RETRY is 69. */
void finding_failed(struct findings *f, const struct err *e);

/* 78 before 77 before 69; 0 without errors. */
int findings_exit_code(const struct findings *f);

#endif
