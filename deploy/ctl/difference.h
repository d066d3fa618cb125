/* difference.h - rows of a table beside what they should be: which differ, and in which columns.
 *
 * A stored row is a list of texts, NULL for null, as follow_add_texts() asks for them. Numbers that are real are the same
 * within a millionth: of a metre, for the functions of another machine differ in the last bit. */
#ifndef GRIDLOOP_CTL_DIFFERENCE_H
#define GRIDLOOP_CTL_DIFFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"
#include "consumers/runtime/follow_row.h"

struct differences; /* opaque */

/* Up to limit differing rows are shown, all are counted. */
struct differences *differences_new(size_t limit);
void differences_free(struct differences *differences); /* NULL is fine */
size_t differences_count(const struct differences *differences);

/* Keys are copied. */
void difference_of_row(struct differences *differences, const struct follow_table *table,
                       const char *key, const char *const *stored,
                       const struct follow_row *wanted);
/* A row that is there and should not be, or (is_stored false) the contrary. */
void difference_of_existence(struct differences *differences,
                             const struct follow_table *table, const char *key,
                             bool is_stored);
/* So many more of a table that were not looked at one by one. */
void difference_of_more(struct differences *differences, size_t count);

/* One line a column. */
void differences_print(const struct differences *differences, struct text *out);
/* [{"table": ..., "key": ..., "row": "differs", "column": ..., "stored": ..., "rebuilt": ...}, ...]; a row may be
 * "missing" or "unexpected" as a whole, and the column then is null. */
void differences_json(const struct differences *differences, struct text *out);

#endif
