/* reference.c - gridloopctl reference: finds the command behind it. */
#include "deploy/ctl/reference.h"

#include "deploy/ctl/ctl.h"

static const struct ctl_command commands[] = {
    {"load", "load areas, units, categories, rules and the calendar from files",
     reference_load_main},
    {"locate", "say in which areas points lie", reference_locate_main},
    {"due", "say when time limits are over", reference_due_main},
    {"re-enrich", "look stored events up in newer areas", reference_reenrich_main},
    {0},
};

int reference_main(int argc, char **argv)
{
    return ctl_dispatch("gridloopctl reference", commands, argc, argv);
}
