/* reference.c - gridloopctl reference: finds the command behind it. */
#include "deploy/ctl/reference.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "deploy/ctl/ctl.h"

static const struct command {
    const char *name;
    const char *purpose;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"load", "load areas, units, categories and rules from files", reference_load_main},
    {"locate", "say in which areas points lie", reference_locate_main},
    {"re-enrich", "look stored events up in newer areas", reference_reenrich_main},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *out)
{
    fputs("usage: gridloopctl reference COMMAND [OPTION...]\n\n", out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].purpose);
}

int reference_main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (strcmp(name, "--help") == 0) {
        print_help(stdout);
        return EX_OK;
    }
    if (*name)
        fprintf(stderr, "gridloopctl reference: there is no command \"%s\"\n\n", name);
    print_help(stderr);
    return EX_USAGE;
}
