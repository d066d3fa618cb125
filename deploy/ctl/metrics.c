/* metrics.c - gridloopctl metrics: what the daemons count, as a page of the documentation. */
#include <stdio.h>
#include <sysexits.h>

#include "common/metrics.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"

#define PROGRAM "gridloopctl metrics"

const struct option_set metrics_options = {
    .program = PROGRAM,
    .synopsis = "",
    .purpose = "Prints the list of the metrics, as Markdown.",
    .kafka_offset = SIZE_MAX,
};

static const char introduction[] =
    "# Metrics\n"
    "\n"
    "What `/metrics` of a daemon answers, in the text format of Prometheus. The list is "
    "closed: names, types and "
    "labels are\nan interface. Every series of a consumer or a producer also has the "
    "label `kind`. "
    "`deploy/prometheus` has "
    "alerts on them,\n`deploy/grafana` a dashboard.\n"
    "\n";

int metrics_main(int argc, char **argv)
{
    struct text out = {0};
    struct err e = {0};
    char nothing;

    if (ctl_load(&metrics_options, argc, argv, &nothing, &e))
        return ctl_fail(PROGRAM, &e);
    text_add_string(&out, introduction);
    metrics_document(&out);
    fputs(out.bytes, stdout);
    text_free(&out);
    return EX_OK;
}
