/* dead_letter_view.h - the event inside of a dead letter, read as far as it goes, for people and programs. */
#ifndef GRIDLOOP_CTL_DEAD_LETTER_VIEW_H
#define GRIDLOOP_CTL_DEAD_LETTER_VIEW_H

#include "common/arena.h"
#include "common/err.h"
#include "common/pg.h"
#include "common/text.h"
#include "consumers/runtime/peek.h"

struct letter_view; /* opaque */

/* redact: what people typed, keys and raw bytes are not shown. pg must outlive it. */
struct letter_view *letter_view_open(struct pg *pg, bool redact);
void letter_view_close(struct letter_view *view); /* NULL is fine */

/* Reads the value of a row of dead_letter_page.sql; peeked->kind is NULL if there is nothing to be read. What it points
 * to is valid until the next call. */
enum outcome letter_view_read(struct letter_view *view, const struct pg_result *letters,
                              size_t row, struct peeked *peeked, struct err *e);

/* One line a field that was read and is not null; the one named field is marked by ">". */
void letter_view_print(const struct letter_view *view, struct text *out,
                       const struct peeked *peeked, const char *field);

/* Members of a JSON object, as peek_json() writes them. */
void letter_view_peek_json(const struct letter_view *view, struct text *out,
                           const struct peeked *peeked);

/* The event as a JSON object; false: there is none, or only a part of it. */
bool letter_view_json(struct text *out, const struct peeked *peeked);

/* True: people typed this field, and it is not to be shown. */
bool letter_view_hides(const struct letter_view *view, const struct peeked *peeked,
                       const char *field);

#endif
