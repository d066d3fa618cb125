/* text.h - small helpers for UTF-8 text and growing buffers. */
#ifndef GRIDLOOP_TEXT_H
#define GRIDLOOP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* True: valid UTF-8 (no overlong forms, no surrogates, at most U+10FFFF). *characters
 * gets the number of code points, *has_nul whether one is U+0000. Both may be NULL. */
bool text_is_utf8(const void *bytes, size_t size, size_t *characters, bool *has_nul);

/* True: surely nothing but ASCII without U+0000, as most texts are. Here, so that it costs no call. */
static inline bool text_is_plain(const void *bytes, size_t size)
{
    typedef int8_t block __attribute__((vector_size(16)));
    static const uint64_t ones = 0x0101010101010101;
    const uint8_t *at = bytes;
    uint64_t first = ones, last = ones; /* together every byte, some of them twice */
    block some, odd = {0};

    if (size >= 16) {
        for (size_t i = 0; i < size - 16; i += 16) {
            memcpy(&some, at + i, 16);
            odd |= some < 1;
        }
        memcpy(&some, at + size - 16, 16);
        odd |= some < 1;
        memcpy(&first, &odd, 8);
        memcpy(&last, (char *)&odd + 8, 8);
        return !(first | last);
    }
    if (size >= 8) {
        memcpy(&first, at, 8);
        memcpy(&last, at + size - 8, 8);
    } else if (size >= 4) {
        memcpy(&first, at, 4);
        memcpy(&last, at + size - 4, 4);
    } else if (size > 0) {
        first = ones << 24 | at[0] | (uint64_t)at[size / 2] << 8
                | (uint64_t)at[size - 1] << 16;
    }
    /* The highest bit of a byte: it is above 0x7f, or was 0. */
    return !((first | (first - ones) | last | (last - ones)) & ones << 7);
}

/* True: hex digits only, in either case. */
bool text_is_hex(const void *bytes, size_t size);

/* A buffer that grows; zeroed is empty and valid. Out of memory aborts. */
struct text {
    char *bytes; /* always with a NUL behind the last byte once anything was added */
    size_t size, room;
};
void text_add(struct text *t, const void *bytes, size_t size);
void text_reserve(struct text *t,
                  size_t size); /* makes room for size more bytes and a NUL */
/* size more bytes, for the caller to fill; valid until something is added. */
static inline char *text_more(struct text *t, size_t size)
{
    if (t->room - t->size <= size)
        text_reserve(t, size);
    t->size += size;
    t->bytes[t->size] = '\0';
    return t->bytes + t->size - size;
}
void text_add_string(struct text *t, const char *string);
void text_format(struct text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Two lower-case hex digits a byte. */
void text_add_hex(struct text *t, const void *bytes, size_t size);
/* A JSON string with its quotes; bytes must be UTF-8, and not of t. */
void text_add_json_string(struct text *t, const void *bytes, size_t size);
/* The shortest of 15, 16 or 17 digits that reads back as the same number ("-0.0" keeps its
 * sign); null for infinities and NaN, which JSON does not have. */
void text_add_json_double(struct text *t, double number);
void text_clear(struct text *t); /* empty, memory kept */
void text_free(struct text *t);

/* How many bytes have to be changed, put in or taken out to make b of a (Levenshtein's distance). b counts up to its
 * 63rd byte. */
size_t text_distance(const char *a, const char *b);

/* True: word is one of those in words, "disable|prefer|require". */
bool text_is_among(const char *word, const char *words);

/* The number of a port, 0 to 65535, in decimal digits and nothing else; -1: these bytes are none. */
int text_port(const char *bytes, size_t size);

/* Columns that valid UTF-8 takes on a terminal: two for what is written as wide as Chinese, one for all else. */
size_t text_columns(const char *string);

/* "drone_alert" -> "drone-alert", in place. */
void text_hyphens(char *name);

/* The topic of a kind: "gridloop", "drone_alert" -> "gridloop.drone-alert.v1". v1 is the contract's generation, not the
 * schema's version. */
enum { TEXT_TOPIC_SIZE = 320 };
void text_topic(char topic[TEXT_TOPIC_SIZE], const char *name_space, const char *kind);

#endif
