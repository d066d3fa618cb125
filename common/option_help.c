/* option_help.c - everything here comes from the rows. */
#include "common/option_help.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 79 };

const struct option_row option_common[OPTION_COMMON_COUNT] = {
    {.name = "config",
     .type = OPTION_TEXT,
     .choices = "FILE",
     .help = "File with settings; GRIDLOOP_CONFIG names it too."},
    {.name = "help", .type = OPTION_SWITCH, .help = "Print this text."},
    {.name = "version", .type = OPTION_SWITCH, .help = "Print the version."},
};

bool option_is_common(const struct option_row *row)
{
    return row >= option_common && row < option_common + OPTION_COMMON_COUNT;
}

void option_add_range(struct text *t, const struct option_row *row)
{
    int digits = row->type == OPTION_NUMBER ? 19 : 15;

    if (isfinite(row->minimum) && isfinite(row->maximum))
        text_format(t, " from %.*g to %.*g", digits, row->minimum, digits, row->maximum);
    else if (isfinite(row->minimum))
        text_format(t, " of at least %.*g", digits, row->minimum);
    else if (isfinite(row->maximum))
        text_format(t, " of at most %.*g", digits, row->maximum);
}

/* One paragraph, broken between words. */
static void print_wrapped(const char *text, int indent)
{
    int column = 0;

    while (*text) {
        int size = (int)strcspn(text, " ");
        if (column > 0 && column + 1 + size > COLUMNS) {
            putchar('\n');
            column = 0;
        }
        if (column > 0)
            column += printf(" %.*s", size, text);
        else
            column = printf("%*s%.*s", indent, "", size, text);
        text += size;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static void add_fact(struct text *t, const char *before, const char *fact)
{
    text_format(t, "%s%s%s", t->size ? "; " : "", before, fact);
}

void option_add_facts(struct text *t, const struct option_row *row)
{
    struct text range = {0};

    if (row->type == OPTION_NUMBER || row->type == OPTION_REAL)
        option_add_range(&range, row);
    if (range.size > 0)
        add_fact(t, "", range.bytes + 1);
    text_free(&range);
    if (row->type == OPTION_LIST)
        add_fact(t, "", "may be given several times");
    if (row->fallback)
        add_fact(t, "default ", *row->fallback ? row->fallback : "empty");
    if (row->marks & OPTION_REQUIRED)
        add_fact(t, "", "required");
    if (row->marks & OPTION_RELOADED)
        add_fact(t, "", "read again on SIGHUP");
}

const char *option_word(const struct option_row *row)
{
    if (row->type == OPTION_SWITCH)
        return "";
    if (row->choices)
        return row->choices;
    if (row->type == OPTION_NAME)
        return "NAME";
    if (row->type == OPTION_SECRET)
        return "FILE";
    return row->type == OPTION_NUMBER || row->type == OPTION_REAL ? "NUMBER" : "TEXT";
}

static void print_flag(const struct option_row *row)
{
    const char *word = option_word(row);
    struct text name = {0};

    text_add_string(&name, row->name);
    text_hyphens(name.bytes);
    printf("  --%s%s%s%s\n", *word || option_is_common(row) ? "" : "[no-]", name.bytes,
           *word ? " " : "", word);
    text_free(&name);
}

static void print_row(const struct option_row *row)
{
    struct text help = {0}, facts = {0};

    print_flag(row);
    option_add_facts(&facts, row);
    text_add_string(&help, row->help ? row->help : "");
    if (facts.size > 0)
        text_format(&help, "%s(%s)", help.size ? " " : "", facts.bytes);
    print_wrapped(help.bytes, 6);
    text_free(&help);
    text_free(&facts);
}

/* Said once, with the first row as the example. */
static void print_sources(const struct option_set *set)
{
    const char *key = set->row_count > 0 ? set->rows[0].name : "some_option";
    struct text t = {0}, variable = {0};

    text_add_string(&variable, key);
    for (char *at = variable.bytes; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    text_format(
        &t, "Each may also stand in the environment, as GRIDLOOP_%s, or in the file, ",
        variable.bytes);
    text_format(&t, "as '%s = ...'. The command line wins over the environment, ", key);
    text_add_string(&t, "and the environment over the file.");
    putchar('\n');
    print_wrapped(t.bytes, 0);
    text_free(&t);
    text_free(&variable);
}

static void print_examples(const char *examples)
{
    bool ended = *examples && examples[strlen(examples) - 1] == '\n';

    printf("\nexamples:\n%s%s", examples, ended ? "" : "\n");
}

void option_print_help(const struct option_set *set)
{
    printf("%s\n\nusage: %s %s\n", set->purpose, set->program, set->synopsis);
    if (set->examples)
        print_examples(set->examples);
    printf("\noptions:\n");
    for (size_t i = 0; i < set->row_count; i++)
        print_row(&set->rows[i]);
    if (set->kafka_offset != SIZE_MAX) {
        printf("  --kafka.NAME VALUE\n");
        print_wrapped("A property of librdkafka, as in --kafka.session.timeout.ms=6000.",
                      6);
    }
    for (size_t i = 0; i < OPTION_COMMON_COUNT; i++)
        print_row(&option_common[i]);
    print_sources(set);
}
