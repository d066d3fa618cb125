/* manual.c - gridloopctl manual: pages for man(1), made from the tables of options. */
#include "deploy/ctl/manual.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/option_help.h"
#include "common/text.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"

#define PROGRAM "gridloopctl manual"

struct manual {
    bool markdown;
};

static const struct option_row rows[] = {
    {"markdown", OPTION_SWITCH, offsetof(struct manual, markdown), NULL, 0, 0, NULL,
     "the reference of all programs, as Markdown", false},
};

const struct option_set manual_options = {
    .program = PROGRAM,
    .synopsis = "[PROGRAM]   or   --markdown",
    .purpose = "Prints a program's page for man; without PROGRAM the names of the pages.",
    .examples = "  gridloopctl manual gridloop-orders | man -l -",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = SIZE_MAX,
};

/* ---- what all pages say ---------------------------------------------------------------------------- */

const struct manual_code manual_codes[] = {
    {EX_OK, "done, or stopped when asked to"},
    {1, "what was asked for is not so (verify, rebuild, schema compatible, dedup)"},
    {EX_USAGE, "the command line is wrong, or a setting is required and nobody gave it"},
    {EX_DATAERR, "input was refused; the good part of it was taken"},
    {EX_NOINPUT, "there is no such file"},
    {EX_UNAVAILABLE, "Kafka, PostgreSQL or the schema registry cannot be reached"},
    {EX_SOFTWARE, "a bug, or a server that answers what it must not"},
    {EX_OSERR, "the operating system refused what every program may do"},
    {EX_CANTCREAT, "a file cannot be made"},
    {EX_IOERR, "reading or writing failed"},
    {EX_TEMPFAIL, "not all is done, nothing is lost: start it again"},
    {EX_NOPERM, "Kafka, PostgreSQL or the schema registry does not allow it"},
    {EX_CONFIG,
     "a setting is wrong, in the file or in the environment; or the database is "
     "not what the program needs"},
    {0, NULL},
};

const char *const manual_settings[] = {
    "Each option may also stand in the environment (--batch-rows as GRIDLOOP_BATCH_ROWS) "
    "or in the "
    "file that --config or GRIDLOOP_CONFIG names (batch_rows = 5000). The command line "
    "wins over "
    "the environment, and the environment over the file.",
    "A file is UTF-8, one 'key = value' a line; a line that begins with # is a comment. "
    "It is for "
    "one program, or for several that have the same options, as the consumers of all "
    "kinds: a key "
    "that the program does not know is refused, with the line and the nearest name. What "
    "different "
    "programs share stands in the environment; a variable that a program does not know "
    "is another "
    "program's.",
    "kafka.NAME (GRIDLOOP_KAFKA_NAME in the environment, with underscores for dots) is a "
    "property "
    "of librdkafka. Those that carry a guarantee are refused.",
    "Secrets come from files of their own that not everybody may read: the options that "
    "end in "
    "_file, kafka.sasl.password.file, kafka.ssl.key.password.file and the like.",
    "On SIGHUP the daemons read the file again. Options that say so change at once; of "
    "the others "
    "the log says that they need a restart. A file that is wrong changes nothing.",
    "'gridloopctl check FILE' says what is wrong with a file, 'gridloopctl config "
    "PROGRAM' what "
    "would be in force, and where it comes from.",
    NULL,
};

size_t manual_page_size(const struct option_set *set)
{
    return strcspn(set->program, " ");
}

void manual_flag(const struct option_row *row, char out[80])
{
    char *at;

    snprintf(out, 80, "--%s%s", *option_word(row) || option_is_common(row) ? "" : "[no-]",
             row->name);
    for (at = out; *at; at++)
        if (*at == '_')
            *at = '-';
}

void manual_describe(const struct option_row *row, struct text *out)
{
    struct text facts = {0};

    option_add_facts(&facts, row);
    text_add_string(out, row->help ? row->help : "");
    if (facts.size > 0)
        text_format(out, "%s(%s)", out->size ? " " : "", facts.bytes);
    text_free(&facts);
}

/* ---- for man --------------------------------------------------------------------------------------- */

/* A hyphen that is to be copied must be a minus, and no line may begin with what is a request. */
static void put(const char *text)
{
    for (const char *at = text; *at; at++) {
        bool begins = at == text || at[-1] == '\n';

        if (begins && strchr(".'", *at))
            printf("\\&%c", *at);
        else if (*at == '-')
            printf("\\-");
        else if (*at == '\\')
            printf("\\e");
        else
            putchar(*at);
    }
}

static void put_line(const char *text)
{
    put(text);
    putchar('\n');
}

static void put_option(const struct option_row *row)
{
    struct text text = {0};
    char flag[80];

    manual_flag(row, flag);
    printf(".TP\n\\fB");
    put(flag);
    printf("\\fR %s", *option_word(row) ? "\\fI" : "");
    put(option_word(row));
    printf("%s\n", *option_word(row) ? "\\fR" : "");
    manual_describe(row, &text);
    put_line(text.bytes);
    text_free(&text);
}

static void put_common_options(bool takes_kafka)
{
    if (takes_kafka)
        printf(
            ".TP\n\\fB\\-\\-kafka.NAME\\fR \\fIVALUE\\fR\nA property of librdkafka.\n");
    for (size_t i = 0; i < OPTION_COMMON_COUNT; i++)
        put_option(&option_common[i]);
}

static void put_options(const struct option_set *set)
{
    for (size_t i = 0; i < set->row_count; i++)
        put_option(&set->rows[i]);
}

static void put_examples(const struct option_set *set)
{
    if (!set->examples)
        return;
    printf(".PP\n.nf\n");
    put_line(set->examples);
    printf(".fi\n");
}

static void put_usage(const struct option_set *set)
{
    printf("\\fB");
    put(set->program);
    printf("\\fR ");
    put_line(set->synopsis);
}

static void put_program(const struct option_set *set)
{
    printf(".SH SYNOPSIS\n");
    put_usage(set);
    printf(".SH DESCRIPTION\n");
    put_line(set->purpose);
    put_examples(set);
    printf(".SH OPTIONS\n");
    put_options(set);
    put_common_options(set->kafka_offset != SIZE_MAX);
}

static void put_command(const struct option_set *set)
{
    printf(".SS ");
    put_line(set->program + manual_page_size(set) + 1);
    put_usage(set);
    printf(".PP\n");
    put_line(set->purpose);
    put_examples(set);
    put_options(set);
}

static void put_ends(void)
{
    printf(".SH SETTINGS\n");
    for (size_t i = 0; manual_settings[i]; i++) {
        printf("%s", i ? ".PP\n" : "");
        put_line(manual_settings[i]);
    }
    printf(".SH EXIT STATUS\n");
    for (size_t i = 0; manual_codes[i].meaning; i++) {
        printf(".TP\n.B %d\n", manual_codes[i].code);
        put_line(manual_codes[i].meaning);
    }
}

/* Of a program with commands. */
static const struct page_name {
    const char *name, *purpose;
} page_names[] = {
    {"gridloopctl", "set up, look after and check gridloop"},
    {"gridloop-simulate", "devices and crews that do not exist"},
};

static void put_head(const struct option_set *set, size_t size)
{
    char name[80], title[80];
    const char *purpose = set->purpose;

    snprintf(name, sizeof name, "%.*s", (int)size, set->program);
    snprintf(title, sizeof title, "%s", name);
    for (char *at = title; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    for (size_t i = 0; i < sizeof page_names / sizeof *page_names; i++)
        if (strcmp(page_names[i].name, name) == 0)
            purpose = page_names[i].purpose;
    printf(".\\\" made by gridloopctl manual\n.TH \"");
    put(title);
    printf("\" 1 \"\" \"gridloop " GRIDLOOP_VERSION "\" \"gridloop\"\n.SH NAME\n");
    put(name);
    printf(" \\- %.*s\n", (int)strcspn(purpose, ".:"), purpose);
}

/* False: there is no such page. */
static bool print_page(const char *name)
{
    size_t count, found = 0;
    const struct option_set *const *all = programs_all(&count);

    for (size_t i = 0; i < count; i++) {
        size_t size = manual_page_size(all[i]);

        if (strlen(name) != size || strncmp(all[i]->program, name, size) != 0)
            continue;
        if (found++ == 0)
            put_head(all[i], size);
        if (!all[i]->program[size])
            put_program(all[i]);
        else if (found == 1)
            printf(".SH COMMANDS\n");
        if (all[i]->program[size])
            put_command(all[i]);
    }
    if (found > 0)
        put_ends();
    return found > 0;
}

static void print_names(void)
{
    size_t count, before = 0;
    const struct option_set *const *all = programs_all(&count);

    for (size_t i = 0; i < count; i++) {
        size_t size = manual_page_size(all[i]);

        if (i == 0 || size != before
            || strncmp(all[i]->program, all[i - 1]->program, size) != 0)
            printf("%.*s\n", (int)size, all[i]->program);
        before = size;
    }
}

int manual_main(int argc, char **argv)
{
    struct manual manual = {0};
    struct option_list names = {0};
    struct err e = {0};

    if (ctl_load_operands(&manual_options, argc, argv, &manual, &names, 0, 1, &e))
        return ctl_fail(PROGRAM, &e);
    if (manual.markdown) {
        manual_print_markdown();
    } else if (names.count == 0) {
        print_names();
    } else if (!print_page(names.items[0])) {
        err_exit(&e, EX_USAGE, "there is no page \"%s\"", names.items[0]);
        return ctl_fail(PROGRAM, &e);
    }
    return EX_OK;
}
