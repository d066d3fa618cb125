/* line.c - every value ends with a comma, and what closes takes the last one back. */
#include "producers/simulate/line.h"

#include <string.h>

#include "common/clock.h"
#include "common/hash.h"

enum { DIGITS = 20 };
static const int64_t day_us = 86400000000;

static void add(struct line *l, const char *bytes, size_t size)
{
    text_add(l->out, bytes, size);
}

void line_put(struct line *l, const char *piece)
{
    add(l, piece, strlen(piece));
}

static void name_field(struct line *l, const char *name)
{
    add(l, "\"", 1);
    line_put(l, name);
    add(l, "\":", 2);
}

static void close_with(struct line *l, const char *end, size_t size)
{
    if (l->out->bytes[l->out->size - 1] == ',')
        l->out->size--;
    add(l, end, size);
}

void line_begin(struct line *l, struct text *out)
{
    l->out = out;
    add(l, "{", 1);
}

void line_end(struct line *l)
{
    close_with(l, "}\n", 2);
}

/* Writes the digits backwards from end and returns where they begin. */
static char *digits(char *end, uint64_t value, int width)
{
    char *p = end;

    while (value || width > 0) {
        *--p = (char)('0' + value % 10);
        value /= 10;
        width--;
    }
    return p;
}

void line_put_digits(struct line *l, uint64_t value, int width)
{
    char text[DIGITS];
    char *p = digits(text + DIGITS, value, width);

    add(l, p, (size_t)(text + DIGITS - p));
}

void line_put_hex(struct line *l, uint64_t value)
{
    static const char hex[] = "0123456789abcdef";
    char text[16];

    for (int i = 15; i >= 0; i--, value >>= 4)
        text[i] = hex[value & 15];
    add(l, text, sizeof text);
}

void line_text(struct line *l, const char *name, const char *value)
{
    line_open(l, name);
    line_put(l, value);
    line_close(l);
}

void line_number(struct line *l, const char *name, int64_t value)
{
    line_decimal(l, name, value, 0);
}

void line_decimal(struct line *l, const char *name, int64_t value, int places)
{
    char text[DIGITS + 2];
    char *end = text + sizeof text;
    char *p = digits(end, (uint64_t)(value < 0 ? -value : value), places + 1);

    name_field(l, name);
    if (value < 0)
        add(l, "-", 1);
    add(l, p, (size_t)(end - p - places));
    if (places) {
        add(l, ".", 1);
        add(l, end - places, (size_t)places);
    }
    add(l, ",", 1);
}

void line_bool(struct line *l, const char *name, bool value)
{
    name_field(l, name);
    line_put(l, value ? "true," : "false,");
}

static void put_uuid(struct line *l, const uint8_t uuid[16])
{
    char text[UUID_TEXT_SIZE];

    uuid_format(text, uuid);
    add(l, text, UUID_TEXT_SIZE - 1);
}

void line_uuid(struct line *l, const char *name, const uint8_t uuid[16])
{
    line_open(l, name);
    put_uuid(l, uuid);
    line_close(l);
}

static const char *day_text(struct line *l, int64_t number)
{
    struct line_day *day = &l->days[number & 7];

    if (day->number != number || !day->text[0]) {
        char text[CLOCK_TEXT_SIZE];

        clock_format(text, number * day_us);
        day->number = number;
        memcpy(day->text, text, sizeof day->text - 1);
    }
    return day->text;
}

/* Of a time after 1970. */
void line_time(struct line *l, const char *name, int64_t us)
{
    char text[] = "00:00:00.000000Z";
    uint64_t rest = (uint64_t)(us % day_us);

    line_open(l, name);
    add(l, day_text(l, us / day_us), 11);
    digits(text + 15, rest % 1000000, 6);
    rest /= 1000000;
    digits(text + 8, rest % 60, 2);
    digits(text + 5, rest / 60 % 60, 2);
    digits(text + 2, rest / 3600, 2);
    add(l, text, 16);
    line_close(l);
}

void line_put_date(struct line *l, int64_t us)
{
    add(l, day_text(l, us / day_us), 10);
}

void line_open(struct line *l, const char *name)
{
    name_field(l, name);
    add(l, "\"", 1);
}

void line_close(struct line *l)
{
    add(l, "\",", 2);
}

void line_open_array(struct line *l, const char *name)
{
    name_field(l, name);
    add(l, "[", 1);
}

void line_close_array(struct line *l)
{
    close_with(l, "],", 2);
}

void line_open_item(struct line *l)
{
    add(l, "\"", 1);
}

void line_item_uuid(struct line *l, const uint8_t uuid[16])
{
    line_open_item(l);
    put_uuid(l, uuid);
    line_close(l);
}

void line_open_object(struct line *l)
{
    add(l, "{", 1);
}

void line_close_object(struct line *l)
{
    close_with(l, "},", 2);
}
