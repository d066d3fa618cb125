/* err.c - the four outcomes and their text. */
#include "common/err.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/text.h"

/* Bytes of the character there; 0: it is none, or one that moves a terminal's cursor. */
static size_t shown_size(const char *at)
{
    unsigned char lead = (unsigned char)*at;
    size_t size = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    bool is_control =
        lead < ' ' || lead == 0x7f || (lead == 0xc2 && (unsigned char)at[1] < 0xa0);

    return !is_control && text_is_utf8(at, strnlen(at, size), NULL, NULL) ? size : 0;
}

/* Names and values that a message quotes may hold anything, and its end may have been cut off. */
static void make_one_line(char *message)
{
    for (char *at = message; *at;) {
        size_t size = shown_size(at);
        if (size == 0)
            *at = '?';
        at += size ? size : 1;
    }
}

enum outcome err_set(struct err *e, enum outcome outcome, const char *format, ...)
{
    va_list args;

    e->outcome = outcome;
    e->exit_code = outcome == FATAL ? EX_SOFTWARE : EX_OK;
    va_start(args, format);
    vsnprintf(e->message, sizeof e->message, format, args);
    va_end(args);
    make_one_line(e->message);
    return outcome;
}

enum outcome err_exit(struct err *e, int exit_code, const char *format, ...)
{
    va_list args;

    e->outcome = FATAL;
    e->exit_code = exit_code;
    va_start(args, format);
    vsnprintf(e->message, sizeof e->message, format, args);
    va_end(args);
    make_one_line(e->message);
    return FATAL;
}

enum outcome err_wrap(struct err *e, const char *format, ...)
{
    char context[sizeof e->message];
    char old[sizeof e->message];
    size_t used;
    va_list args;

    va_start(args, format);
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
    memcpy(old, e->message, sizeof old);
    snprintf(e->message, sizeof e->message, "%s", context);
    used = strlen(e->message);
    snprintf(e->message + used, sizeof e->message - used, ": %s", old);
    make_one_line(e->message);
    return e->outcome;
}
