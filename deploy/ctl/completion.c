/* completion.c - gridloopctl completion: what a shell offers behind our names, made from the tables of options.
 *
 * For bash and zsh it is one function: along the words it finds the command, and offers that command's words. Fish is
 * told each option by itself. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/option_help.h"
#include "common/text.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/manual.h"
#include "deploy/ctl/programs.h"

#define PROGRAM "gridloopctl completion"

const struct option_set completion_options = {
    .program = PROGRAM,
    .synopsis = "bash|zsh|fish",
    .purpose = "Prints what makes a shell complete the options of all programs.",
    .examples =
        "  gridloopctl completion bash >/etc/bash_completion.d/gridloop\n"
        "  gridloopctl completion zsh >/usr/share/zsh/vendor-completions/_gridloop\n"
        "  gridloopctl completion fish >/etc/fish/conf.d/gridloop.fish",
    .kafka_offset = SIZE_MAX,
};

static const struct option_set *const *all;
static size_t count;

/* ---- words ----------------------------------------------------------------------------------------- */

static void flag_of(const struct option_row *row, char out[80])
{
    snprintf(out, 80, "--%s", row->name);
    for (char *at = out; *at; at++)
        if (*at == '_')
            *at = '-';
}

static bool is_of_choices(const struct option_row *row)
{
    return row->type == OPTION_CHOICE;
}

/* "debug info warn error" */
static void put_choices(const struct option_row *row)
{
    for (const char *at = row->choices; *at; at++)
        putchar(*at == '|' ? ' ' : *at);
}

static void put_flags(const struct option_set *set)
{
    char flag[80];

    for (size_t i = 0; i < set->row_count; i++) {
        flag_of(&set->rows[i], flag);
        printf("%s ", flag);
        if (set->rows[i].type == OPTION_SWITCH)
            printf("--no-%s ", flag + 2);
    }
    for (size_t i = 0; i < OPTION_COMMON_COUNT; i++)
        printf("--%s%s", option_common[i].name, i + 1 < OPTION_COMMON_COUNT ? " " : "");
}

/* What may stand behind a command that is no option: names of programs, of shells. */
static void put_operands(const struct option_set *set)
{
    if (set == &completion_options)
        printf(" bash zsh fish");
    for (size_t i = 0; i < count; i++)
        if ((set == &config_options && all[i]->size > 0)
            || (set == &manual_options && !strchr(all[i]->program, ' ')))
            printf(" %s", all[i]->program);
    if (set == &manual_options)
        printf(" gridloop-simulate gridloopctl");
}

/* ---- commands that have commands ------------------------------------------------------------------- */

/* The set whose name goes on behind this prefix; NULL: there is none, or an earlier set has told the same next word. */
static const char *next_word(size_t i, const char *prefix, size_t *size)
{
    size_t length = strlen(prefix);
    const char *word;

    if (strncmp(all[i]->program, prefix, length) != 0 || all[i]->program[length] != ' ')
        return NULL;
    word = all[i]->program + length + 1;
    *size = strcspn(word, " ");
    for (size_t j = 0; j < i; j++)
        if (strncmp(all[j]->program, all[i]->program, length + 1 + *size) == 0
            && strchr(" ", all[j]->program[length + 1 + *size]))
            return NULL;
    return word;
}

static void put_commands(const char *prefix)
{
    size_t size;

    for (size_t i = 0; i < count; i++) {
        const char *word = next_word(i, prefix, &size);
        if (word)
            printf("%.*s ", (int)size, word);
    }
}

/* Calls put for "gridloopctl", "gridloopctl gap" and whatever else has commands, once each. */
static void for_each_prefix(void (*put)(const char *prefix))
{
    for (size_t i = 0; i < count; i++) {
        const char *blank = all[i]->program;
        while ((blank = strchr(blank + 1, ' ')) != NULL) {
            char prefix[80];
            bool told = false;
            snprintf(prefix, sizeof prefix, "%.*s", (int)(blank - all[i]->program),
                     all[i]->program);
            for (size_t j = 0; j < i; j++)
                told |= strncmp(all[j]->program, prefix, strlen(prefix)) == 0
                        && all[j]->program[strlen(prefix)] == ' ';
            if (!told)
                put(prefix);
        }
    }
}

/* ---- bash and zsh ---------------------------------------------------------------------------------- */

static void put_prefix_arm(const char *prefix)
{
    printf("        '%s') list='", prefix);
    put_commands(prefix);
    printf("--help' ;;\n");
}

static void put_arms(void)
{
    printf("    case $here in\n");
    for_each_prefix(put_prefix_arm);
    for (size_t i = 0; i < count; i++) {
        printf("        '%s') list='", all[i]->program);
        put_flags(all[i]);
        put_operands(all[i]);
        printf("' ;;\n");
    }
    printf("        *) list= ;;\n    esac\n");
}

/* Values of the option that stands before. Of others a shell offers files. */
static void put_value_arms(void)
{
    char flag[80];

    printf("    case \"$here $before\" in\n");
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < all[i]->row_count; j++) {
            if (!is_of_choices(&all[i]->rows[j]))
                continue;
            flag_of(&all[i]->rows[j], flag);
            printf("        '%s %s') list='", all[i]->program, flag);
            put_choices(&all[i]->rows[j]);
            printf("' ;;\n");
        }
    printf("        '"
           "gridloopctl check --for') list='");
    put_operands(&config_options);
    printf("' ;;\n        *' --'[a-z]*-file | *' --config') list= ;;\n    esac\n");
}

static void put_walk_arm(const char *prefix)
{
    printf(" | '%s'", prefix);
}

static void put_names(void)
{
    for (size_t i = 0; i < count; i++)
        if (!strchr(all[i]->program, ' '))
            printf(" %s", all[i]->program);
    printf(" gridloop-simulate gridloopctl");
}

/* Words lengthen the command as long as it has commands. */
static void put_walk(const char *words)
{
    printf("    for word in %s; do\n"
           "        case $word in -*) continue ;; esac\n"
           "        case $here in gridloop",
           words);
    for_each_prefix(put_walk_arm);
    printf(") here=\"$here $word\" ;; esac\n    done\n");
}

static void print_bash(void)
{
    printf(
        "# bash completion of gridloop's programs, made by gridloopctl completion bash\n"
        "_gridloop() {\n"
        "    local word list here=${COMP_WORDS[0]##*/}\n"
        "    local now=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
        "    # --flag=value comes as three words\n"
        "    if [ \"$now\" = = ]; then\n        now=\n"
        "    elif [ \"$before\" = = ]; then\n"
        "        before=${COMP_WORDS[COMP_CWORD - 2]}\n    fi\n");
    put_walk("\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"");
    put_arms();
    put_value_arms();
    printf("    mapfile -t COMPREPLY < <(compgen -W \"$list\" -- \"$now\")\n}\n"
           "complete -o default -F _gridloop");
    put_names();
    printf("\n");
}

static void print_zsh(void)
{
    printf("#compdef");
    put_names();
    printf(
        "\n# zsh completion of gridloop's programs, made by gridloopctl completion zsh\n"
        "_gridloop() {\n"
        "    local word list here=${words[1]:t} before=${words[CURRENT-1]}\n");
    put_walk("${words[2,CURRENT-1]}");
    put_arms();
    put_value_arms();
    printf("    compadd -- ${=list}\n    [[ ${words[CURRENT]} == -* ]] || _files\n}\n"
           "_gridloop \"$@\"\n");
}

/* ---- fish ------------------------------------------------------------------------------------------ */

static void put_quoted(const char *text)
{
    putchar('\'');
    for (; *text; text++)
        printf("%s%c", strchr("'\\", *text) ? "\\" : "", *text);
    putchar('\'');
}

/* "complete -c gridloopctl -n '...'" for what stands behind these words. */
static void put_fish_start(const char *name, const char *condition)
{
    const char *blank = strchr(name, ' ');

    printf("complete -c %.*s -n '__gridloop_%s \"%s\"'", (int)strcspn(name, " "), name,
           condition, blank ? blank + 1 : "");
}

static void put_fish_option(const struct option_set *set, const struct option_row *row)
{
    char flag[80];

    flag_of(row, flag);
    put_fish_start(set->program, "in");
    printf(" -l %s", flag + 2);
    if (is_of_choices(row)) {
        printf(" -x -a '");
        put_choices(row);
        printf("'");
    } else if (row->type != OPTION_SWITCH) {
        printf(" -r");
    }
    printf(" -d ");
    put_quoted(row->help ? row->help : "");
    printf("\n");
}

static void put_fish_prefix(const char *prefix)
{
    put_fish_start(prefix, "at");
    printf(" -f -a '");
    put_commands(prefix);
    printf("'\n");
}

static void put_fish_operands(const struct option_set *set)
{
    put_fish_start(set->program, "in");
    printf(" -f -a '");
    put_operands(set);
    printf("'\n");
}

static void print_fish(void)
{
    printf(
        "# fish completion of gridloop's programs, made by gridloopctl completion fish\n"
        "function __gridloop_at\n"
        "    set -l words (string match -v -- '-*' (commandline -opc)[2..-1])\n"
        "    test \"$words\" = \"$argv[1]\"\n"
        "end\n"
        "function __gridloop_in\n"
        "    set -l words '' (string match -v -- '-*' (commandline -opc)[2..-1]) ''\n"
        "    test -z \"$argv[1]\"; or string match -q -- \" $argv[1] *\" \"$words\"\n"
        "end\n");
    for_each_prefix(put_fish_prefix);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < all[i]->row_count; j++)
            put_fish_option(all[i], &all[i]->rows[j]);
        for (size_t j = 0; j < OPTION_COMMON_COUNT; j++)
            put_fish_option(all[i], &option_common[j]);
    }
    put_fish_operands(&config_options);
    put_fish_operands(&manual_options);
    put_fish_operands(&completion_options);
}

/* ---- the command ----------------------------------------------------------------------------------- */

static const struct shell {
    const char *name;
    void (*print)(void);
} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

int completion_main(int argc, char **argv)
{
    struct option_list names = {0};
    struct err e = {0};
    int nothing = 0;

    if (ctl_load_operands(&completion_options, argc, argv, &nothing, &names, 1, 1, &e))
        return ctl_fail(PROGRAM, &e);
    all = programs_all(&count);
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strcmp(shells[i].name, names.items[0]) == 0) {
            shells[i].print();
            return EX_OK;
        }
    err_exit(&e, EX_USAGE, "there is nothing for the shell \"%s\"", names.items[0]);
    return ctl_fail(PROGRAM, &e);
}
