/* reference_locate.c - gridloopctl reference locate: in which areas points lie, by the version in force. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/clock.h"
#include "consumers/runtime/reference.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"
#include "deploy/ctl/reference.h"

#define PROGRAM "gridloopctl reference locate"

struct locate {
    struct pg_settings database;
    const char *point, *crs, *at;
    struct position one; /* of point */
    int64_t at_us;
    struct pg *pg;
    struct reference *reference;
};

#define AT(member) offsetof(struct locate, member)

static const struct option_row rows[] = {
    CTL_DATABASE_ROWS(struct locate, database),
    {"point", OPTION_TEXT, AT(point), NULL, 0, 0, "LONGITUDE,LATITUDE",
     "one point, degrees; without it points are read from standard input, one a line",
     false},
    {"crs", OPTION_CHOICE, AT(crs), "WGS84", 0, 0, "WGS84|CGCS2000|GCJ02|BD09",
     "coordinate system of the points", false},
    {"at", OPTION_TEXT, AT(at), NULL, 0, 0, "TIME",
     "moment whose areas count, RFC 3339 with a zone; now, if not given", false},
};

const struct option_set reference_locate_options = {
    .program = PROGRAM,
    .synopsis = "[OPTION...]",
    .purpose = "Says in which areas points lie, by the version in force: a line a point, "
               "longitude and latitude in WGS-84, then the codes of district, "
               "sub-district, community and grid (- is none), separated by tabs.",
    .examples = "  gridloopctl reference locate --point 114.35,36.1\n"
                "  cut -f 3,4 points.tsv | gridloopctl reference locate --crs GCJ02",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = SIZE_MAX,
};

static void print_place(const struct locate *locate, struct position point)
{
    const char *codes[AREA_LEVELS];

    crs_to_wgs84(locate->crs, strlen(locate->crs), &point);
    areas_locate(reference_areas(locate->reference), point, locate->at_us, codes);
    printf("%.9f\t%.9f", point.longitude, point.latitude);
    for (int level = 0; level < AREA_LEVELS; level++)
        printf("\t%s", codes[level] ? codes[level] : "-");
    putchar('\n');
}

/* Two numbers, with a comma, a tab or blanks between them, within the range of degrees. */
static bool read_point(const char *line, struct position *point)
{
    char *end;

    point->longitude = strtod(line, &end);
    if (end == line)
        return false;
    line = end + strspn(end, ", \t");
    point->latitude = strtod(line, &end);
    return end != line && end[strspn(end, " \t\r\n")] == '\0'
           && fabs(point->longitude) <= 180 && fabs(point->latitude) <= 90;
}

static enum outcome print_places(const struct locate *locate, struct err *e)
{
    char line[256];
    struct position point;

    for (size_t number = 1; fgets(line, sizeof line, stdin); number++) {
        if (!read_point(line, &point))
            return err_exit(e, EX_DATAERR,
                            "line %zu: not longitude and latitude in degrees", number);
        print_place(locate, point);
    }
    return DONE;
}

static enum outcome run(struct locate *locate, struct err *e)
{
    locate->pg = ctl_open(&locate->database, e);
    if (!locate->pg || ctl_is_set_up(locate->pg, e)
        || reference_refresh(locate->reference, locate->pg, e))
        return e->outcome;
    if (!reference_areas(locate->reference))
        return err_exit(e, EX_DATAERR,
                        "no areas were loaded: see gridloopctl reference load");
    if (!locate->point)
        return print_places(locate, e);
    print_place(locate, locate->one);
    return DONE;
}

static enum outcome check_settings(struct locate *locate, struct err *e)
{
    const char *wrong;

    if (locate->point && !read_point(locate->point, &locate->one))
        return err_exit(e, EX_USAGE, "--point is not longitude and latitude in degrees");
    locate->at_us = clock_now_us();
    if (locate->at
        && (wrong = clock_parse(locate->at, strlen(locate->at), &locate->at_us)))
        return err_exit(e, EX_USAGE, "--at %s", wrong);
    return DONE;
}

int reference_locate_main(int argc, char **argv)
{
    struct locate locate = {0};
    struct err e = {0};
    enum outcome outcome = ctl_load(&reference_locate_options, argc, argv, &locate, &e);

    if (!outcome)
        outcome = check_settings(&locate, &e);
    locate.reference = reference_new();
    if (!outcome)
        outcome = run(&locate, &e);
    reference_free(locate.reference);
    pg_close(locate.pg);
    return outcome ? ctl_fail(PROGRAM, &e) : fflush(stdout) ? EX_IOERR : EX_OK;
}
