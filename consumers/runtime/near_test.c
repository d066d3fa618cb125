/* near_test.c - nothing that could take a sighting lies outside of what is looked at. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "consumers/runtime/near.h"

static const int64_t day_us = 86400000000, now_us = 1767571200000000;

static double any(double least, double most)
{
    return least + (most - least) * drand48();
}

static struct link_place place_at(double longitude, double latitude, double accuracy_m)
{
    if (longitude > 180)
        longitude -= 360;
    if (longitude < -180)
        longitude += 360;
    return (struct link_place){
        .where = LINK_AT_POINT, .at = {longitude, latitude}, .accuracy_m = accuracy_m};
}

static const struct near *find(const struct near_set *set, uint32_t group, int64_t cell)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->list[i].group == group && set->list[i].cell == cell)
            return &set->list[i];
    return NULL;
}

static bool holds(const struct box *box, struct point at)
{
    return at.longitude >= box->west && at.longitude <= box->east
           && at.latitude >= box->south && at.latitude <= box->north;
}

/* Anywhere up to 80 degrees, often at the 180th meridian; a case up to 700 m away in both directions. */
static void what_is_within_reach_is_looked_at(void **state)
{
    long seed = (long)time(NULL);
    int within = 0;

    (void)state;
    printf("seed %ld\n", seed);
    srand48(seed);
    for (int i = 0; i < 20000; i++) {
        struct near_set set = {.arena = arena_new()};
        const struct link_rule rule = {.radius_m = any(0, LINK_MOST_RADIUS_M)};
        double latitude = any(-80, 80), shrink = cos(latitude * 3.14159265358979 / 180);
        double longitude = drand48() < 0.2 ? any(179.99, 180) : any(-180, 180);
        struct link_sighting s = {.rule = &rule,
                                  .group = 7,
                                  .place = place_at(longitude, latitude, any(0, 150))};
        struct link_place c =
            place_at(longitude + any(-700, 700) / 111195 / shrink,
                     latitude + any(-700, 700) / 111195,
                     drand48() < 0.7 ? any(0, LINK_FINE_ACCURACY_M) : any(0, 150));
        const struct near *near;
        near_add(&set, &s);
        near = find(&set, 7, link_cell(&c));
        if (geodesy_distance_m(s.place.at, c.at)
            <= 2 * link_effective_radius_m(&rule, s.place.accuracy_m, c.accuracy_m)) {
            within++;
            assert_non_null(near);
            assert_true(c.accuracy_m > LINK_FINE_ACCURACY_M || holds(&near->box, c.at));
        }
        arena_free(set.arena);
    }
    assert_in_range(within, 1000, 19000);
}

/* Two sightings of one cell are looked at together: the box has both, the window is the longer one. */
static void what_several_want_is_put_together(void **state)
{
    const struct link_rule brief = {.radius_m = 15, .merge_us = day_us},
                           long_one = {.radius_m = 15, .merge_us = 9 * day_us};
    struct near_set set = {.arena = arena_new()};
    struct link_sighting s = {.rule = &brief,
                              .occurred_us = now_us,
                              .recorded_us = now_us,
                              .place = place_at(114.35, 36.15, 1)};
    const struct near *near;
    struct point other = {114.35 + 0.0001, 36.15 + 0.0001};

    (void)state;
    near_add(&set, &s);
    near = find(&set, 0, link_cell(&s.place));
    assert_int_equal(near->since_open_us, now_us - day_us);
    assert_true(near_has_box(near));
    s.rule = &long_one;
    s.place.at = other;
    near_add(&set, &s);
    near = find(&set, 0, link_cell(&s.place));
    assert_int_equal(near->since_open_us, now_us - 9 * day_us);
    assert_true(holds(&near->box, other));
    assert_true(holds(&near->box, (struct point){114.35, 36.15}));
    assert_in_range(set.count, 4, 12);
    arena_free(set.arena);
}

/* A place without geometry is its own cell; what lies nowhere is in none. */
static void keys_have_no_box(void **state)
{
    const struct link_rule rule = {.merge_us = LINK_EVER};
    struct near_set set = {.arena = arena_new()};
    struct link_sighting s = {.rule = &rule};

    (void)state;
    near_add(&set, &s);
    assert_int_equal(set.count, 0);
    s.place.where = LINK_AT_KEY;
    link_place_key(s.place.key, "unit", "issue");
    near_add(&set, &s);
    assert_int_equal(set.count, 1);
    assert_int_equal(set.list[0].cell, link_cell(&s.place));
    assert_false(near_has_box(&set.list[0]));
    assert_int_equal(set.list[0].since_open_us, INT64_MIN);
    arena_free(set.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_within_reach_is_looked_at),
        cmocka_unit_test(what_several_want_is_put_together),
        cmocka_unit_test(keys_have_no_box),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
