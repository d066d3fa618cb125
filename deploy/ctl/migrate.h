/* migrate.h - brings the tables and views of a database up to date.
 *
 * Migrations are applied once each, in the order of their paths: what belongs to no kind, the kinds' tables, their later
 * changes. One that was applied must not change any more. Schema audit holds nothing but what can be derived from the
 * rest, so it is not migrated but made anew, in one transaction, when one of its files changed or a migration is due:
 * a view would keep a column's type from being changed. */
#ifndef GRIDLOOP_MIGRATE_H
#define GRIDLOOP_MIGRATE_H

#include <stddef.h>

#include "common/pg.h"

struct migrated {
    size_t files;   /* that there are; schema audit counts as one */
    size_t applied; /* of them now */
};

/* Adds to m->applied, also if it fails half-way: each migration is a transaction of its own. FATAL 78: a migration is
 * not what was applied under its name. */
enum outcome migrate(struct pg *pg, struct migrated *m, struct err *e);

/* Tells each file that is not as it would be after migrate(), and changes nothing. *files: how many there are. */
enum migration { MIGRATION_MISSING, MIGRATION_OTHER, MIGRATION_UNKNOWN };
typedef void migration_told(void *context, const char *name, enum migration what);
enum outcome migrate_look(struct pg *pg, migration_told *told, void *context,
                          size_t *files, struct err *e);

#endif
