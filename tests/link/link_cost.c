/* link_cost.c - what linking a sighting costs beside that many open cases.
 *
 *   link_cost CASES SIDE_M SIGHTINGS [RADIUS_M WINDOW_MINUTES]
 *                        cases at random in a square of SIDE_M, a day old; four of five sightings are of one.
 *                        The rule has a radius of 15 m and no end, if not told otherwise
 *
 * Prints the time of the whole call and of a sighting. For instructions: run it under callgrind with
 * SIGHTINGS and with 0, and take the difference. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "consumers/runtime/link.h"

static const double metres_a_degree = 111194.9, west = 114.33, south = 36.10;
static const int64_t day_us = 86400000000;

static struct link_rule rule = {.radius_m = 15,
                                .merge_us = LINK_EVER,
                                .reopen_us = 86400000000,
                                .repeat_us = 7 * 86400000000,
                                .mute_us = 30 * 86400000000,
                                .mute_count = 10};

static uint64_t state = 410503;

static double any(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53;
}

static struct point moved(struct point from, double east_m, double north_m)
{
    from.longitude += east_m / metres_a_degree / 0.807;
    from.latitude += north_m / metres_a_degree;
    return from;
}

static void number_id(uint8_t id[UUID_SIZE], uint64_t number)
{
    memset(id, 0, UUID_SIZE);
    memcpy(id + 8, &number, sizeof number);
}

static struct link_place somewhere(double side_m)
{
    struct point corner = {west, south};

    return (struct link_place){.where = LINK_AT_POINT,
                               .at = moved(corner, any() * side_m, any() * side_m),
                               .accuracy_m = 2};
}

static void make_cases(struct link_case *cases, size_t count, double side_m)
{
    for (size_t i = 0; i < count; i++) {
        cases[i] = (struct link_case){.place = somewhere(side_m),
                                      .first_us = 100 * day_us,
                                      .last_us = 100 * day_us,
                                      .reopened_us = LINK_NO_TIME,
                                      .handled_us = LINK_NO_TIME,
                                      .closed_us = LINK_NO_TIME,
                                      .standing = 1,
                                      .opened_ordinal = (uint32_t)i};
        number_id(cases[i].case_id, i + 1);
    }
}

static void make_sightings(struct link_sighting *sightings, size_t count,
                           const struct link_case *cases, size_t case_count,
                           double side_m)
{
    for (size_t i = 0; i < count; i++) {
        struct link_sighting *s = &sightings[i];

        *s = (struct link_sighting){.rule = &rule,
                                    .occurred_us = 101 * day_us,
                                    .recorded_us = 101 * day_us,
                                    .place = somewhere(side_m)};
        number_id(s->event_id, 1000000000 + i);
        number_id(s->report_id, 2000000000 + i);
        memcpy(s->case_id, s->event_id, UUID_SIZE);
        if (case_count && i % 5)
            s->place.at = moved(cases[(size_t)(any() * (double)case_count)].place.at,
                                any() * 6 - 3, any() * 6 - 3);
    }
}

int main(int argc, char **argv)
{
    size_t case_count = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    double side_m = argc > 2 ? strtod(argv[2], NULL) : 10000;
    size_t count = argc > 3 ? strtoull(argv[3], NULL, 10) : 10000;
    struct link_case *cases = xcalloc(case_count + 1, sizeof *cases);
    struct link_sighting *sightings = xcalloc(count + 1, sizeof *sightings);
    struct arena *arena = arena_new();
    struct link_output out;
    int64_t begun_us, took_us;
    size_t opened;

    rule.radius_m = argc > 4 ? strtod(argv[4], NULL) : rule.radius_m;
    if (argc > 5)
        rule.merge_us = rule.repeat_us = strtoll(argv[5], NULL, 10) * 60000000;
    make_cases(cases, case_count, side_m);
    make_sightings(sightings, count, cases, case_count, side_m);
    begun_us = clock_now_us();
    link_sightings(
        arena,
        &(struct link_input){sightings, count, cases, case_count, NULL, 0, 1, NULL},
        &out);
    took_us = clock_now_us() - begun_us;
    opened = out.case_count - case_count;
    printf("%zu cases, %zu sightings, %zu opened: %" PRId64 " us, %.2f us a sighting\n",
           case_count, count, opened, took_us,
           count ? (double)took_us / (double)count : 0);
    arena_free(arena);
    free(cases);
    free(sightings);
    return opened > count;
}
