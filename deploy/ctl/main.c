/* main.c - gridloopctl: the table of its commands. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/standard.h"
#include "deploy/ctl/ctl.h"

static const struct ctl_command commands[] = {
    {"setup", "make or update the database, register the schemas, create the topics",
     setup_main},
    {"check", "is a file of settings right; is all there that it names", check_main},
    {"config", "which settings a program would have, and where each comes from",
     config_main},
    {"schema", "which writer schemas are registered; is a new one compatible",
     schema_main},
    {"tap", "print the messages of a topic as JSON", tap_main},
    {"decode", "print one message, or what is wrong with it", decode_main},
    {"verify", "check that every event is accounted for and none was altered",
     verify_main},
    {"seal", "sign where everything stands, to be kept outside the database", seal_main},
    {"reference", "load areas, units and rules; say where points lie", reference_main},
    {"dead-letter", "what was set aside: list, show, send again, give up",
     dead_letter_main},
    {"dedup", "what stored reports would have become by other rules", dedup_main},
    {"rebuild", "check that cases follow from the stored events", rebuild_main},
    {"gap", "offsets that are missing: list them, accept them", gap_main},
    {"status", "is everything read, how far behind is it: worst first", status_main},
    {"healthy", "ask one daemon whether it is ready, for health checks", healthy_main},
    {"progress", "where each partition stands; set it forward", progress_main},
    {"where", "the whole life of an event, a case or an order", where_main},
    {"audit", "what an auditor asks: the questions, and the answer to one", audit_main},
    {"completion", "what makes a shell complete options", completion_main},
    {"manual", "pages for man, and the reference of all options", manual_main},
    {"metrics", "what the daemons count: the list", metrics_main},
    {0},
};

int main(int argc, char **argv)
{
    standard_hold();
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return puts("gridloopctl " GRIDLOOP_VERSION) < 0 ? EX_IOERR : EX_OK;
    return ctl_dispatch("gridloopctl", commands, argc, argv);
}
