/* findings.c - a line for people, or one for programs. */
#include "deploy/ctl/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/text.h"

static const char *const words[] = {"ok", "warn", "error"};

static void print_json(const struct findings *f, enum finding_level level,
                       const char *text)
{
    struct text line = {0};

    text_format(&line, "{\"level\": \"%s\", \"subject\": ", words[level]);
    text_add_json_string(&line, f->what, strlen(f->what));
    text_add_string(&line, ", \"text\": ");
    text_add_json_string(&line, text, strlen(text));
    printf("%s}\n", line.bytes);
    text_free(&line);
}

static void count(struct findings *f, enum finding_level level, int exit_code)
{
    f->counts[level]++;
    if (level != FINDING_ERROR)
        return;
    f->has_permission |= exit_code == EX_NOPERM;
    f->has_unreachable |= exit_code == EX_UNAVAILABLE;
    f->has_config |= exit_code != EX_NOPERM && exit_code != EX_UNAVAILABLE;
}

void finding(struct findings *f, enum finding_level level, int exit_code,
             const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    count(f, level, exit_code);
    if (f->json)
        print_json(f, level, text);
    else
        printf("%-5s  %s: %s\n", words[level], f->what, text);
    free(text);
}

void finding_failed(struct findings *f, const struct err *e)
{
    finding(f, FINDING_ERROR, e->outcome == RETRY ? EX_UNAVAILABLE : e->exit_code, "%s",
            e->message);
}

int findings_exit_code(const struct findings *f)
{
    if (f->has_config)
        return EX_CONFIG;
    if (f->has_permission)
        return EX_NOPERM;
    return f->has_unreachable ? EX_UNAVAILABLE : EX_OK;
}
