/* text.c - UTF-8 by the table of Unicode 3.9, and a buffer that doubles. */
#include "common/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"

/* Well-formed sequences: the second byte's range depends on the first, later ones are
 * 80..BF. */
static const struct sequence {
    uint8_t first, last, length, second_least, second_most;
} sequences[] = {
    {0x00, 0x7f, 1, 0, 0},       {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

/* Most of Chinese: it is looked at first. */
static bool is_common_sequence(const uint8_t *bytes, size_t size)
{
    return size >= 3 && bytes[0] >= 0xe1 && bytes[0] <= 0xec && (bytes[1] & 0xc0) == 0x80
           && (bytes[2] & 0xc0) == 0x80;
}

static const struct sequence *find_sequence(uint8_t byte)
{
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++)
        if (byte >= sequences[i].first && byte <= sequences[i].last)
            return &sequences[i];
    return NULL;
}

/* Bytes of the code point at the beginning; 0: none that is well-formed. */
static inline size_t sequence_length(const uint8_t *bytes, size_t size)
{
    const struct sequence *s;

    if (is_common_sequence(bytes, size))
        return 3;
    s = find_sequence(bytes[0]);
    if (!s || s->length > size)
        return 0;
    if (s->length > 1 && (bytes[1] < s->second_least || bytes[1] > s->second_most))
        return 0;
    for (size_t i = 2; i < s->length; i++)
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    return s->length;
}

bool text_is_utf8(const void *bytes, size_t size, size_t *characters, bool *has_nul)
{
    const uint8_t *at = bytes;
    size_t count = 0;
    bool nul = false;

    for (size_t i = 0; i < size; count++) {
        size_t length = 1;
        if (at[i] >= 0x80)
            length = sequence_length(at + i, size - i);
        else
            nul |= at[i] == 0;
        if (length == 0)
            return false;
        i += length;
    }
    if (characters)
        *characters = count;
    if (has_nul)
        *has_nul = nul;
    return true;
}

static bool is_hex_digit(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f');
}

bool text_is_hex(const void *bytes, size_t size)
{
    typedef uint8_t block __attribute__((vector_size(16)));
    const uint8_t *at = bytes;
    uint64_t halves[2];
    block some, odd = {0};

    for (; size >= sizeof some; at += sizeof some, size -= sizeof some) {
        memcpy(&some, at, sizeof some);
        odd |= (block)(some - '0' > 9) & (block)((some | 0x20) - 'a' > 5);
    }
    memcpy(halves, &odd, sizeof odd);
    if (halves[0] | halves[1])
        return false;
    for (; size > 0; at++, size--)
        if (!is_hex_digit(*at))
            return false;
    return true;
}

void text_reserve(struct text *t, size_t size)
{
    size_t need;

    if (__builtin_add_overflow(t->size, size, &need) || need > SIZE_MAX / 2)
        abort();
    if (need < t->room)
        return;
    t->room = need + 1 > 2 * t->room ? need + 1 : 2 * t->room;
    if (t->room < 64)
        t->room = 64;
    t->bytes = xrealloc(t->bytes, t->room);
}

void text_add(struct text *t, const void *bytes, size_t size)
{
    text_reserve(t, size);
    if (size > 0)
        memcpy(t->bytes + t->size, bytes, size);
    t->size += size;
    t->bytes[t->size] = '\0';
}

void text_add_string(struct text *t, const char *string)
{
    text_add(t, string, strlen(string));
}

void text_format(struct text *t, const char *format, ...)
{
    va_list args, again;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        abort();
    text_reserve(t, (size_t)length);
    vsnprintf(t->bytes + t->size, (size_t)length + 1, format, again);
    va_end(again);
    t->size += (size_t)length;
}

static bool needs_escape(uint8_t byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

static void add_escaped(struct text *t, uint8_t byte)
{
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = byte ? strchr(named, byte) : NULL;

    if (found)
        text_format(t, "\\%c", letters[found - named]);
    else
        text_format(t, "\\u%04x", (unsigned)byte);
}

void text_add_hex(struct text *t, const void *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *at = bytes;
    char *out = text_more(t, 2 * size);

    for (size_t i = 0; i < size; i++) {
        *out++ = digits[at[i] >> 4];
        *out++ = digits[at[i] & 0x0f];
    }
}

void text_add_json_string(struct text *t, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    size_t start = 0;

    text_add(t, "\"", 1);
    for (size_t i = 0; i < size; i++)
        if (needs_escape(at[i])) {
            text_add(t, at + start, i - start);
            add_escaped(t, at[i]);
            start = i + 1;
        }
    if (size > start)
        text_add(t, at + start, size - start);
    text_add(t, "\"", 1);
}

void text_add_json_double(struct text *t, double number)
{
    char decimal[40];

    if (!isfinite(number)) {
        text_add_string(t, "null");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(decimal, sizeof decimal, "%.*g", digits, number);
        if (strtod(decimal, NULL) == number)
            break;
    }
    /* Most readers take "-0" for the whole number 0, which has no sign. */
    text_add_string(t, strcmp(decimal, "-0") == 0 ? "-0.0" : decimal);
}

void text_clear(struct text *t)
{
    t->size = 0;
    if (t->bytes)
        t->bytes[0] = '\0';
}

void text_free(struct text *t)
{
    free(t->bytes);
    *t = (struct text){0};
}

enum { MOST_COMPARED = 64 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t text_distance(const char *a, const char *b)
{
    size_t row[MOST_COMPARED];
    size_t width = strnlen(b, MOST_COMPARED - 1);

    for (size_t k = 0; k <= width; k++)
        row[k] = k;
    for (size_t i = 0; a[i]; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < width; k++) {
            size_t changed = corner + (a[i] != b[k]);
            corner = row[k + 1];
            row[k + 1] = least(changed, 1 + least(corner, row[k]));
        }
    }
    return row[width];
}

bool text_is_among(const char *word, const char *words)
{
    size_t size = strlen(word);

    for (const char *at = words; at; at = strchr(at, '|')) {
        at += *at == '|';
        if (strcspn(at, "|") == size && memcmp(at, word, size) == 0)
            return true;
    }
    return false;
}

int text_port(const char *bytes, size_t size)
{
    int port = 0;

    if (size == 0)
        return -1;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] < '0' || bytes[i] > '9')
            return -1;
        port = port * 10 + (bytes[i] - '0');
        if (port > UINT16_MAX)
            return -1;
    }
    return port;
}

/* East Asian Width W and F, roughly by blocks. */
static const struct {
    uint32_t first, last;
} wide[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf}, {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60}, {0xffe0, 0xffe6},
    {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
};

static bool is_wide(uint32_t point)
{
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (point >= wide[i].first && point <= wide[i].last)
            return true;
    return false;
}

size_t text_columns(const char *string)
{
    const uint8_t *p = (const uint8_t *)string;
    size_t columns = 0;

    while (*p) {
        uint32_t point = *p < 0x80   ? *p
                         : *p < 0xe0 ? *p & 0x1f
                         : *p < 0xf0 ? *p & 0x0f
                                     : *p & 0x07;
        for (p++; (*p & 0xc0) == 0x80; p++)
            point = point << 6 | (*p & 0x3f);
        columns += is_wide(point) ? 2 : 1;
    }
    return columns;
}

void text_hyphens(char *name)
{
    for (; *name; name++)
        if (*name == '_')
            *name = '-';
}

void text_topic(char topic[TEXT_TOPIC_SIZE], const char *name_space, const char *kind)
{
    int begin = snprintf(topic, TEXT_TOPIC_SIZE, "%s.", name_space);

    snprintf(topic + begin, TEXT_TOPIC_SIZE - (size_t)begin, "%s.v1", kind);
    text_hyphens(topic + begin);
}
