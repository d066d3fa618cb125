/* reference_past.h - the reference data as they were when stored events were placed and linked; each version is read
 * once, and kept. */
#ifndef GRIDLOOP_REFERENCE_PAST_H
#define GRIDLOOP_REFERENCE_PAST_H

#include "common/err.h"
#include "common/pg.h"
#include "consumers/runtime/areas.h"
#include "consumers/runtime/case_rules.h"
#include "consumers/runtime/rulebook.h"

struct reference_past; /* opaque */

/* pg must outlive it. */
struct reference_past *reference_past_new(struct pg *pg);
void reference_past_free(struct reference_past *past); /* NULL is fine */

/* Borrowed for as long as it lives. NULL: *e is RETRY or FATAL. */
const struct rulebook *reference_past_rules(struct reference_past *past, int32_t newest,
                                            struct err *e);
const struct case_rules *reference_past_case_rules(struct reference_past *past,
                                                   int32_t newest, struct err *e);
struct areas *reference_past_areas(struct reference_past *past, int32_t version,
                                   struct err *e);

#endif
