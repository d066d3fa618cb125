/* main.c - gridloopctl: finds the command. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/standard.h"
#include "deploy/ctl/ctl.h"

static const struct command {
    const char *name;
    const char *purpose;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"setup", "make or update the database, register the schemas, create the topics",
     setup_main},
    {"verify", "check that every offset and every accepted event is accounted for",
     verify_main},
    {"reference", "load areas, units and rules; say where points lie", reference_main},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *out)
{
    fputs("usage: gridloopctl COMMAND [OPTION...]\n\n", out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].purpose);
    fputs("\ngridloopctl COMMAND --help tells more; --version prints the version.\n",
          out);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command = find_command(name);

    standard_hold();
    if (command)
        return command->run(argc - 1, argv + 1);
    if (strcmp(name, "--version") == 0)
        return puts("gridloopctl " GRIDLOOP_VERSION) < 0 ? EX_IOERR : EX_OK;
    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
        print_help(stdout);
        return EX_OK;
    }
    if (*name)
        fprintf(stderr, "gridloopctl: there is no command \"%s\"\n\n", name);
    print_help(stderr);
    return EX_USAGE;
}
