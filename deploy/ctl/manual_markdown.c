/* manual_markdown.c - the reference page: a table for each set of options. */
#include <stdio.h>
#include <string.h>

#include "common/kafka.h"
#include "common/option_help.h"
#include "common/text.h"
#include "deploy/ctl/manual.h"
#include "deploy/ctl/programs.h"

/* A bar ends a cell, in code as well; and what stands in angles would be taken for HTML. */
static void put(const char *text)
{
    for (const char *at = text; *at; at++)
        if (*at == '|')
            printf("\\|");
        else if (*at == '<')
            printf("&lt;");
        else
            putchar(*at);
}

static void put_row(const struct option_row *row)
{
    struct text text = {0};
    char flag[80];

    manual_flag(row, flag);
    manual_describe(row, &text);
    printf("| `%s`", flag);
    if (*option_word(row)) {
        putchar(' ');
        put(option_word(row));
    }
    printf(" | ");
    put(text.bytes);
    printf(" |\n");
    text_free(&text);
}

static void put_set(const struct option_set *set)
{
    put(set->purpose);
    printf("\n\n    %s %s\n\n", set->program, set->synopsis);
    if (set->examples)
        printf("Examples:\n\n```\n%s\n```\n\n", set->examples);
    if (set->row_count == 0)
        return;
    printf("| option | what it is |\n|---|---|\n");
    for (size_t i = 0; i < set->row_count; i++)
        put_row(&set->rows[i]);
    printf("\n");
    if (set->kafka_offset != SIZE_MAX)
        printf("It takes `--kafka.NAME VALUE` too.\n\n");
}

/* Programs that share their options are one section. */
static size_t put_section(const struct option_set *const *all, size_t count)
{
    size_t same = 1;

    printf("## `%s`", all[0]->program);
    while (same < count && all[same]->rows == all[0]->rows)
        printf(", `%s`", all[same++]->program);
    printf("\n\n");
    put_set(all[0]);
    return same;
}

static void put_codes(void)
{
    printf("## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (size_t i = 0; manual_codes[i].meaning; i++)
        printf("| %d | %s |\n", manual_codes[i].code, manual_codes[i].meaning);
    printf("\n");
}

static void put_refused(void)
{
    const char *name, *why = NULL;

    printf("## Properties of librdkafka that cannot be set\n\n| property | because |\n"
           "|---|---|\n");
    for (size_t i = 0; (name = kafka_refused(i, &why)) != NULL; i++)
        printf("| `kafka.%s` | %s |\n", name, why);
    printf("\n");
}

void manual_print_markdown(void)
{
    size_t count;
    const struct option_set *const *all = programs_all(&count);

    printf("<!-- Made by ./dev docs from the programs' tables of options. -->\n"
           "# Options, settings, exit codes\n\n## How settings are given\n\n");
    for (size_t i = 0; manual_settings[i]; i++)
        printf("%s\n\n", manual_settings[i]);
    put_codes();
    put_refused();
    for (size_t i = 0; i < count;)
        i += put_section(all + i, count - i);
    printf("## Options of all\n\n| option | what it is |\n|---|---|\n");
    for (size_t i = 0; i < OPTION_COMMON_COUNT; i++)
        put_row(&option_common[i]);
}
