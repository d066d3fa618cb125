/* manual.h - what the tables of options have to say, as pages. */
#ifndef GRIDLOOP_CTL_MANUAL_H
#define GRIDLOOP_CTL_MANUAL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/option.h"

/* The executable that a set belongs to: the first word of its name, as long as this. */
size_t manual_page_size(const struct option_set *set);

/* "--[no-]once" */
void manual_flag(const struct option_row *row, char out[80]);

/* What it is for and what can be said of its values, as one paragraph. */
struct text;
void manual_describe(const struct option_row *row, struct text *out);

/* The exit codes and what each means, until NULL. */
struct manual_code {
    int code;
    const char *meaning;
};
extern const struct manual_code manual_codes[];

/* How settings are given, in paragraphs, until NULL. */
extern const char *const manual_settings[];

/* The reference page of everything, on standard output. */
void manual_print_markdown(void);

#endif
