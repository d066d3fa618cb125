/* log.h - one line a message on stderr: logfmt on a terminal, JSON otherwise.
 *
 * Fields are passed as alternating name, value strings and end with NULL:
 *     log_info("batch stored", "topic", topic, "rows", LOG_NUMBER(rows), NULL);
 * A context (kind, member ...) set once stands in every line. Never pass a secret, nor
 * the contents of an event. A line is one write of at most 4096 bytes: values are cut at
 * 1024, and a field that no longer fits is left out. Set level and context before other
 * threads log.
 *
 * A line that is the same but for its time is written 20 times in 10 s; the first one
 * after that says how many were not (left_out). */
#ifndef GRIDLOOP_LOG_H
#define GRIDLOOP_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Lowest level that is written (info until set). "debug", "info", "warn", "error";
 * false: no such level. */
bool log_set_level(const char *name);

/* Adds one field to every later line; name and value are borrowed for the life of the
 * program, or until it is set to NULL, which takes the field away. A name set before gets
 * the new value. At most 16. */
void log_set_context(const char *name, const char *value);

/* A field whose value is NULL is written empty. errno stays as it is. */
void log_line(enum log_level level, const char *message, ...) __attribute__((sentinel));

#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

/* For lines that are not the same but of one sort: of these too 20 are written in 10 s. A window that is zeroed is new; one
 * thread at a time. True: write the line; *left_out (may be NULL): how many were not since the last that was. */
enum { LOG_WINDOW_LINES = 20, LOG_WINDOW_MS = 10000 };
struct log_window {
    int64_t began_ms, count;
};
bool log_window_admits(struct log_window *window, int64_t *left_out);

/* Decimal text of a number, for use as a field's value. The text lives in the caller's
 * frame. */
#define LOG_NUMBER(number)                                                               \
    (log_number((struct log_text *)&(struct log_text){""}, (int64_t)(number)))
struct log_text {
    char text[24];
};
const char *log_number(struct log_text *out, int64_t number);

#endif
