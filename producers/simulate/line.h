/* line.h - writes one JSON line, fast. Values are the simulation's own: text needs no escaping. */
#ifndef GRIDLOOP_LINE_H
#define GRIDLOOP_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/text.h"

struct line {
    struct text *out; /* borrowed */
    struct line_day {
        int64_t number; /* days since 1970 */
        char text[12];  /* "2026-01-05T"; empty: not yet known */
    } days[8];          /* formatted once a day, not once a line */
};

void line_begin(struct line *l, struct text *out);
void line_end(struct line *l);

/* A field and its value. */
void line_text(struct line *l, const char *name, const char *value);
void line_number(struct line *l, const char *name, int64_t value);
void line_decimal(struct line *l, const char *name, int64_t value,
                  int places); /* 1234, 2: 12.34 */
void line_bool(struct line *l, const char *name, bool value);
void line_uuid(struct line *l, const char *name, const uint8_t uuid[16]);
void line_time(struct line *l, const char *name, int64_t us);

/* A value made of pieces: "name":"  pieces  ", */
void line_open(struct line *l, const char *name);
void line_put(struct line *l, const char *piece);
void line_put_digits(struct line *l, uint64_t value, int width); /* with leading zeros */
void line_put_hex(struct line *l, uint64_t value);               /* 16 hex digits */
void line_put_date(struct line *l, int64_t us);                  /* "2026-01-05" in UTC */
void line_close(struct line *l);

/* An array of texts, or of objects: inside, each member is written as fields are. */
void line_open_array(struct line *l, const char *name);
void line_close_array(struct line *l);
void line_open_item(struct line *l); /* a text of pieces; ends with line_close() */
void line_item_uuid(struct line *l, const uint8_t uuid[16]);
void line_open_object(struct line *l);
void line_close_object(struct line *l);

#endif
