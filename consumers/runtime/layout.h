/* layout.h - a list of columns in which rows are written: its number in bus.layout, and its digest in the hash chain. */
#ifndef GRIDLOOP_LAYOUT_H
#define GRIDLOOP_LAYOUT_H

#include <stdint.h>

#include "common/err.h"
#include "common/hash.h"
#include "common/pg.h"
#include "common/text.h"

struct layout_column {
    const char *name;     /* without blanks */
    const char *sql_type; /* as format_type() has it */
};

struct layout {
    const char *table;        /* "events.patrol_log"; borrowed */
    struct text names, types; /* as PostgreSQL's arrays */
    struct text description;  /* the table, then each column with its type, a line each */
    uint8_t digest[SHA256_SIZE]; /* SHA-256 of the description */
};

/* Zeroed is empty and valid. A layout is begun (anew, if it was before), gets its columns in their order, and is ended. */
void layout_begin(struct layout *layout, const char *table);
void layout_add(struct layout *layout, const char *name, const char *sql_type);
void layout_end(struct layout *layout);
void layout_free(struct layout *layout);

/* Its number; one that is not there yet is added. RETRY: another session is just adding it, or bus.layout is
 * older than this program. */
enum outcome layout_number(const struct layout *layout, struct pg *pg, int32_t *number,
                           struct err *e);

#endif
