/* log.c - a line is put together in memory and leaves in one write(2), so that processes
 * that share stderr do not mix their lines. */
#include "common/log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/text.h"

enum {
    REPEAT_SLOTS = 64,
    MOST_CONTEXT = 16,
    MOST_VALUE = 1024, /* bytes of one value; the rest is cut off */
    MOST_LINE = 4096   /* PIPE_BUF: a longer write to a pipe may be torn apart */
};

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static enum log_level lowest = LOG_INFO;
static struct context {
    const char *name, *value;
} context[MOST_CONTEXT];
static size_t context_count;

bool log_set_level(const char *name)
{
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++)
        if (strcmp(name, level_names[i]) == 0) {
            lowest = (enum log_level)i;
            return true;
        }
    return false;
}

void log_set_context(const char *name, const char *value)
{
    size_t i = 0;

    while (i < context_count && strcmp(context[i].name, name) != 0)
        i++;
    if (i == MOST_CONTEXT)
        abort();
    context[i] = (struct context){name, value};
    if (i == context_count)
        context_count++;
}

const char *log_number(struct log_text *out, int64_t number)
{
    snprintf(out->text, sizeof out->text, "%" PRId64, number);
    return out->text;
}

/* ---- lines that are repeated ---- */

bool log_window_admits(struct log_window *window, int64_t *left_out)
{
    int64_t now_ms = clock_monotonic_ms();
    int64_t more = window->count - LOG_WINDOW_LINES;
    bool is_over = window->count == 0 || now_ms - window->began_ms >= LOG_WINDOW_MS;

    if (left_out)
        *left_out = is_over && more > 0 ? more : 0;
    if (is_over)
        *window = (struct log_window){.began_ms = now_ms};
    return ++window->count <= LOG_WINDOW_LINES;
}

/* By a hash of the line; two that share a slot take it from each other, and are written more often. */
static struct repeat {
    uint64_t hash;
    struct log_window window;
} repeats[REPEAT_SLOTS];
static pthread_mutex_t repeats_mutex = PTHREAD_MUTEX_INITIALIZER;

/* FNV-1a */
static uint64_t hash_of(const char *bytes, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3;
    return hash;
}

/* Counts a line, and tells whether it is to be written; *left_out: how many were not since the last that was. */
static bool admit(uint64_t hash, int64_t *left_out)
{
    struct repeat *repeat = &repeats[hash % REPEAT_SLOTS];
    bool admitted;

    pthread_mutex_lock(&repeats_mutex);
    if (repeat->hash != hash)
        *repeat = (struct repeat){.hash = hash};
    admitted = log_window_admits(&repeat->window, left_out);
    pthread_mutex_unlock(&repeats_mutex);
    return admitted;
}

/* ---- a line ---- */

struct line {
    struct text text;
    bool json;
};

static void add_time(char text[CLOCK_TEXT_SIZE])
{
    int64_t us = clock_now_us();
    char whole[CLOCK_TEXT_SIZE];

    clock_format(whole, us - us % 1000000);
    snprintf(text, CLOCK_TEXT_SIZE, "%.19s.%06dZ", whole, (int)(us % 1000000));
}

/* At most MOST_VALUE bytes, not cut within a character. */
static size_t clip(const char *value)
{
    size_t size = strnlen(value, MOST_VALUE + 1);

    if (size <= MOST_VALUE)
        return size;
    size = MOST_VALUE;
    while (size > MOST_VALUE - 3 && ((unsigned char)value[size] & 0xc0) == 0x80)
        size--;
    return size;
}

static bool is_plain(const char *value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (value[i] <= ' ' || value[i] > '~' || value[i] == '"' || value[i] == '=')
            return false;
    return size > 0;
}

/* Bytes that are no UTF-8 come from outside (a path, a message of a library) and would
 * break the JSON. */
static void add_quoted(struct text *text, const char *value, size_t size)
{
    char ascii[MOST_VALUE];

    if (!text_is_utf8(value, size, NULL, NULL)) {
        for (size_t i = 0; i < size; i++)
            ascii[i] = (char)((unsigned char)value[i] < 0x80 ? value[i] : '?');
        value = ascii;
    }
    text_add_json_string(text, value, size);
}

static void add_value(struct line *line, const char *value)
{
    size_t size = clip(value);

    if (!line->json && is_plain(value, size))
        text_add(&line->text, value, size);
    else
        add_quoted(&line->text, value, size);
}

/* A field that would make the line too long is left out: the others still arrive whole. */
static void add_field(struct line *line, const char *name, const char *value)
{
    size_t before = line->text.size;

    if (line->json)
        text_format(&line->text, "%s\"%s\":", before ? "," : "{", name);
    else
        text_format(&line->text, "%s%s=", before ? " " : "", name);
    add_value(line, value ? value : "");
    if (line->text.size > MOST_LINE - 2)
        line->text.size = before;
}

static void write_out(const struct text *text)
{
    size_t done = 0;

    while (done < text->size) {
        ssize_t wrote = write(STDERR_FILENO, text->bytes + done, text->size - done);
        if (wrote < 0 && errno != EINTR)
            return;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
}

void log_line(enum log_level level, const char *message, ...)
{
    struct line line = {0};
    char time[CLOCK_TEXT_SIZE];
    int error = errno;
    int64_t left_out;
    size_t timed;
    const char *name;
    va_list fields;

    if (level < lowest)
        return;
    line.json = !isatty(STDERR_FILENO);
    add_time(time);
    add_field(&line, "ts", time);
    timed = line.text.size;
    add_field(&line, "level", level_names[level]);
    add_field(&line, "msg", message);
    for (size_t i = 0; i < context_count; i++)
        if (context[i].value)
            add_field(&line, context[i].name, context[i].value);
    va_start(fields, message);
    while ((name = va_arg(fields, const char *)))
        add_field(&line, name, va_arg(fields, const char *));
    va_end(fields);
    if (admit(hash_of(line.text.bytes + timed, line.text.size - timed), &left_out)) {
        if (left_out > 0)
            add_field(&line, "left_out", LOG_NUMBER(left_out));
        text_add_string(&line.text, line.json ? "}\n" : "\n");
        write_out(&line.text);
    }
    text_free(&line.text);
    errno = error;
}
