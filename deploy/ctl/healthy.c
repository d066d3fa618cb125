/* healthy.c - gridloopctl healthy: asks one daemon how it is, for the health checks of containers. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/http.h"
#include "common/text.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"

#define PROGRAM "gridloopctl healthy"

struct settings {
    const char *listen;
    bool live;
};

static const struct option_row rows[] = {
    {"http_listen", OPTION_TEXT, offsetof(struct settings, listen), NULL, 0, 0,
     "HOST:PORT", "where the daemon answers; the daemon's own variable will do", true},
    {"live", OPTION_SWITCH, offsetof(struct settings, live), NULL, 0, 0, NULL,
     "ask whether it lives (/livez), not whether it is ready (/readyz)", false},
};

const struct option_set healthy_options = {
    .program = PROGRAM,
    .synopsis = "[--live] [--http-listen HOST:PORT]",
    .purpose =
        "Asks a daemon whether it is ready, and prints its answer. Exit code 0: it "
        "is; 1: it is not, or does not answer.",
    .examples = "  GRIDLOOP_HTTP_LISTEN=127.0.0.1:9464 gridloopctl healthy",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = SIZE_MAX,
};

int healthy_main(int argc, char **argv)
{
    struct settings settings = {0};
    struct text body = {0};
    struct err e = {0};
    int status = 0;

    if (!ctl_load(&healthy_options, argc, argv, &settings, &e)
        && !http_get(settings.listen, settings.live ? "/livez" : "/readyz", &status,
                     &body, &e))
        fputs(body.bytes ? body.bytes : "", stdout);
    text_free(&body);
    if (!e.outcome)
        return status == 200 ? EX_OK : 1;
    ctl_fail(PROGRAM, &e);
    return e.outcome == RETRY ? 1 : e.exit_code;
}
