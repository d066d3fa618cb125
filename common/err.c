/* err.c - the four outcomes and their text. */
#include "common/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum outcome err_set(struct err *e, enum outcome outcome, const char *format, ...)
{
    va_list args;

    e->outcome = outcome;
    e->exit_code = outcome == FATAL ? EX_SOFTWARE : EX_OK;
    va_start(args, format);
    vsnprintf(e->message, sizeof e->message, format, args);
    va_end(args);
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
    return e->outcome;
}
