/* rulebook.h - the reference data that linking goes by, in memory: categories, rules, accuracies, responsible units.
 *
 * Each table is of its newest load, and in it the row counts that is valid at the moment asked for. */
#ifndef GRIDLOOP_RULEBOOK_H
#define GRIDLOOP_RULEBOOK_H

#include "common/err.h"
#include "common/pg.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/link_rule.h"

struct rulebook; /* opaque */

enum rulebook_table {
    RULEBOOK_CATEGORY,
    RULEBOOK_RULE,
    RULEBOOK_ACCURACY,
    RULEBOOK_UNIT,
    RULEBOOK_TABLES
};

/* Reads all of it; version 0: nothing was ever loaded. NULL: *e is RETRY or FATAL. */
struct rulebook *rulebook_read(struct pg *pg, const int32_t versions[RULEBOOK_TABLES],
                               struct err *e);
/* Each table from a book of its own: books[i] for table i. They must outlive it. */
struct rulebook *rulebook_of(const struct rulebook *const books[RULEBOOK_TABLES]);

void rulebook_free(struct rulebook *book); /* NULL is fine */
const int32_t *rulebook_versions(const struct rulebook *book);

/* Reads it as it was when that load was the newest: reference_newest(). */
struct rulebook *rulebook_read_as_of(struct pg *pg, int32_t newest, struct err *e);

/* What is to be done with reports of a category. Borrowed from the rulebook. */
struct ruling {
    const struct link_rule *rule; /* NULL: there is none, no case is to come of it */
    const char *group;            /* NULL as rule */
    bool by_place;                /* false: a group without geometry */
    bool auto_dispatch;
    int32_t rule_version, category_version; /* category_version 0: own_group was taken */
};

/* own_group: of the kind of event; it serves where the category is not in the reference data. NULL: none does. */
struct ruling rulebook_rule(const struct rulebook *book, const char *scheme,
                            const char *code, const char *own_group, int64_t at_us);

/* Of a position that came without one. 0 where the reference data do not say: the radius of the rule stands as it
 * is. */
double rulebook_accuracy_m(const struct rulebook *book, const char *position_kind,
                           int64_t at_us);

/* The unit that is responsible for the group at a place; NULL: nobody is known. What is said of the group itself goes
 * before what is said of all ("*"), and in each the smaller area before the larger. */
const char *rulebook_unit(const struct rulebook *book, const struct location *location,
                          const char *group, int64_t at_us);

#endif
