/* option_help.h - what can be said of options without reading any: --help, and parts of it for manuals. */
#ifndef GRIDLOOP_OPTION_HELP_H
#define GRIDLOOP_OPTION_HELP_H

#include <stdbool.h>

#include "common/option.h"
#include "common/text.h"

/* What every program has beside its own rows. */
enum { OPTION_CONFIG, OPTION_HELP, OPTION_VERSION, OPTION_COMMON_COUNT };
extern const struct option_row option_common[OPTION_COMMON_COUNT];

bool option_is_common(const struct option_row *row);

/* " from 1 to 10000"; nothing where the row has no bounds. */
void option_add_range(struct text *t, const struct option_row *row);

/* What stands for the value: "NUMBER", "block|reject"; empty: there is none. */
const char *option_word(const struct option_row *row);

/* "from 1 to 10000; default 5000"; nothing where there is nothing to say. */
void option_add_facts(struct text *t, const struct option_row *row);

/* On standard output. */
void option_print_help(const struct option_set *set);

#endif
