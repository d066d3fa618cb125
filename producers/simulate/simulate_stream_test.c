/* simulate_stream_test.c - what a stream promises, looked at from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "producers/simulate/desk.h"
#include "producers/simulate/gcj02.h"
#include "producers/simulate/world.h"

static struct simulate_settings usual(int64_t seed)
{
    return (struct simulate_settings){.seed = seed,
                                      .repeat_share = 0.1,
                                      .late_share = 0.05,
                                      .problem_share = 0.2,
                                      .start_us = 1767571200000000,
                                      .day_events = 20000,
                                      .kinds = SIMULATE_ALL_KINDS};
}

static struct text lines_of(struct simulate_settings settings, int count)
{
    struct simulate_stream *stream = simulate_open(&settings);
    struct simulate_event event;
    struct text out = {0};

    for (int i = 0; i < count; i++) {
        simulate_next(stream, &event);
        simulate_write(stream, &event, &out);
    }
    simulate_close(stream);
    return out;
}

static void hash_of_lines(struct simulate_settings settings, char hex[65])
{
    struct text out = lines_of(settings, 10000);
    uint8_t digest[SHA256_SIZE];

    sha256_of(out.bytes, out.size, digest);
    for (int i = 0; i < SHA256_SIZE; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    text_free(&out);
}

/* The digest is that of this version; whoever changes what lines tell sets the new one. */
static void same_seed_same_bytes_everywhere(void **state)
{
    char first[65], second[65], other[65];
    (void)state;

    hash_of_lines(usual(1), first);
    hash_of_lines(usual(1), second);
    hash_of_lines(usual(2), other);
    assert_string_equal(first, second);
    assert_string_not_equal(first, other);
    assert_string_equal(
        first, "07149314341e128d604ec3f3dabdff0a553c0dd87792a7527c2420199aeb9759");
}

static void kinds_only_leave_lines_out(void **state)
{
    struct simulate_settings only = usual(3);
    struct simulate_settings all = usual(3);
    (void)state;

    only.kinds = 1 << CASE_ACTION;
    only.resend_share = all.resend_share = 0.1;
    struct simulate_stream *some = simulate_open(&only), *every = simulate_open(&all);
    struct simulate_event a, b;
    struct text one = {0}, other = {0};
    for (int i = 0; i < 1000; i++) {
        simulate_next(some, &a);
        do
            simulate_next(every, &b);
        while (b.kind != CASE_ACTION);
        simulate_write(some, &a, &one);
        simulate_write(every, &b, &other);
    }
    assert_int_equal(one.size, other.size);
    assert_memory_equal(one.bytes, other.bytes, one.size);
    text_free(&one);
    text_free(&other);
    simulate_close(some);
    simulate_close(every);
}

struct counts {
    int kinds[SIMULATE_KINDS], late, resent, tests, reports, sightings, problems;
};

static struct counts count_of(struct simulate_settings settings, int count)
{
    struct simulate_stream *stream = simulate_open(&settings);
    struct counts counts = {0};
    struct simulate_event e;

    for (int i = 0; i < count; i++) {
        simulate_next(stream, &e);
        counts.kinds[e.kind]++;
        counts.late += e.is_late;
        counts.resent += e.is_resend;
        counts.tests += e.is_test;
        counts.problems += e.has_problem;
        counts.reports +=
            e.kind == DRONE_ALERT || e.kind == INSPECTION_FINDING || e.has_problem;
        counts.sightings += e.is_sighting;
    }
    simulate_close(stream);
    return counts;
}

#define ASSERT_SHARE(part, whole, share)                                                 \
    assert_in_range((part)*1000, (whole) * ((share)-0.01) * 1000,                        \
                    (whole) * ((share) + 0.01) * 1000)

static void shares_are_kept(void **state)
{
    const int all = 50000;
    struct simulate_settings settings = usual(4);
    (void)state;

    settings.resend_share = 0.2;
    settings.test_share = 0.3;
    settings.repeat_share = 0.6;
    struct counts counts = count_of(settings, all);
    const int count =
        all - counts.kinds[FLIGHT_TASK]; /* which the shares are not about */
    ASSERT_SHARE(counts.kinds[DRONE_ALERT], count, 0.70);
    ASSERT_SHARE(counts.kinds[PATROL_LOG], count, 0.15);
    ASSERT_SHARE(counts.kinds[CASE_ACTION], count, 0.12);
    ASSERT_SHARE(counts.kinds[INSPECTION_FINDING], count, 0.03);
    ASSERT_SHARE(counts.late, count, 0.05);
    ASSERT_SHARE(counts.resent, count, 0.2);
    ASSERT_SHARE(counts.tests, count, 0.3);
    ASSERT_SHARE(counts.sightings, counts.reports, 0.6);
    ASSERT_SHARE(counts.problems, counts.kinds[PATROL_LOG], 0.2);
}

/* Two weeks: things must go as fast as new ones come, or ever more would be sightings. */
static void there_is_room_for_new_things(void **state)
{
    struct counts counts = count_of(usual(10), 300000);
    (void)state;

    ASSERT_SHARE(counts.sightings, counts.reports, 0.1);
}

static void shares_of_none_and_all(void **state)
{
    struct simulate_settings settings = usual(5);
    (void)state;

    settings.kinds &= ~(1u << FLIGHT_TASK); /* it is never late */
    settings.repeat_share = settings.late_share = settings.problem_share = 0;
    struct counts none = count_of(settings, 5000);
    assert_int_equal(
        none.late + none.resent + none.tests + none.sightings + none.problems, 0);
    settings.test_share = settings.late_share = 1;
    assert_int_equal(count_of(settings, 5000).tests, 5000);
    assert_int_equal(count_of(settings, 5000).late, 5000);
}

static void a_resend_keeps_id_and_bytes(void **state)
{
    enum { COUNT = 3000 };
    struct simulate_settings settings = usual(6);
    struct simulate_event *events = xcalloc(COUNT, sizeof *events);
    struct text then = {0}, now = {0};
    int found = 0, resent = 0;
    (void)state;

    settings.resend_share = 0.1;
    struct simulate_stream *stream = simulate_open(&settings);
    for (int i = 0; i < COUNT; i++) {
        simulate_next(stream, &events[i]);
        resent += events[i].is_resend;
        for (int j = 0; events[i].is_resend && j < i; j++) {
            if (memcmp(events[j].event_id, events[i].event_id, UUID_SIZE) != 0)
                continue;
            text_clear(&then);
            text_clear(&now);
            simulate_write(stream, &events[j], &then);
            simulate_write(stream, &events[i], &now);
            assert_string_equal(then.bytes, now.bytes);
            found++;
            break;
        }
    }
    assert_true(found > COUNT / 20);
    assert_int_equal(found, resent);
    simulate_close(stream);
    text_free(&then);
    text_free(&now);
    free(events);
}

static void events_occur_in_order_unless_late(void **state)
{
    struct simulate_settings settings = usual(7);
    struct simulate_stream *stream = simulate_open(&settings);
    struct simulate_event e;
    int64_t last_us = settings.start_us;
    int hours_late = 0;
    (void)state;

    for (int i = 0; i < 20000; i++) {
        simulate_next(stream, &e);
        assert_true(e.occurred_us < e.recorded_us && e.occurred_us >= settings.start_us);
        assert_true(
            e.is_late
            || (e.occurred_us >= last_us && e.recorded_us - e.occurred_us <= 20000000));
        hours_late += e.recorded_us - e.occurred_us > 3600000000;
        last_us = e.is_late ? last_us : e.occurred_us;
    }
    assert_true(hours_late > 400);
    simulate_close(stream);
}

/* Up to its last moment it is the same stream. */
static void it_ends_with_its_last_moment(void **state)
{
    struct simulate_settings settings = usual(7), short_one = usual(7);
    struct simulate_event e, same;
    int count = 0;
    (void)state;

    short_one.until_us = short_one.start_us + 86400000000;
    struct simulate_stream *stream = simulate_open(&settings),
                           *some = simulate_open(&short_one);
    for (; simulate_next(some, &same); count++) {
        simulate_next(stream, &e);
        assert_memory_equal(&same, &e, sizeof e);
        assert_true(same.recorded_us <= short_one.until_us);
    }
    assert_in_range(count, 19000, 22000);
    simulate_close(stream);
    simulate_close(some);
}

/* By the clock: as many in a busy hour as in a quiet one, and as many of each hangar; the same whatever else is told. */
static void hangars_tell_of_every_flight(void **state)
{
    struct simulate_settings busy = usual(13), alone = usual(13);
    struct simulate_event e, other;
    int64_t last_report = 0;
    int days[3] = {0};
    (void)state;

    alone.kinds = 1 << FLIGHT_TASK;
    busy.resend_share = alone.resend_share = 0.1;
    struct simulate_stream *stream = simulate_open(&busy), *some = simulate_open(&alone);
    for (int i = 0; i < 50000; i++) {
        simulate_next(stream, &e);
        if (e.kind != FLIGHT_TASK)
            continue;
        simulate_next(some, &other);
        assert_memory_equal(e.event_id, other.event_id, UUID_SIZE);
        assert_true(e.flight_report > last_report && !e.is_late && !e.is_resend);
        last_report = e.flight_report;
        days[(e.occurred_us - busy.start_us) / 86400000000]++;
    }
    /* 48 patrols of three hangars and 48 surveys, with four reports each, less those that are silent. */
    assert_in_range(days[0], 700, 768);
    assert_in_range(days[1], 700, 768);
    simulate_close(stream);
    simulate_close(some);
}

/* The crews' actions go on from where the case stands, and begin with one that was reported. */
static void actions_follow_their_case(void **state)
{
    enum { CASES = 40000 };
    struct simulate_settings settings = usual(8);
    struct simulate_stream *stream = simulate_open(&settings);
    struct simulate_event *opened = xcalloc(CASES, sizeof *opened);
    struct simulate_event e;
    int cases = 0, closed = 0;
    (void)state;

    for (int i = 0; i < CASES; i++) {
        int at = cases - 1;

        simulate_next(stream, &e);
        if (e.kind != CASE_ACTION) {
            opened[cases] = e;
            opened[cases++].case_version = 1;
            continue;
        }
        while (at >= 0 && memcmp(opened[at].subject_id, e.subject_id, UUID_SIZE) != 0)
            at--;
        assert_true(at >= 0);
        assert_int_equal(e.case_version, opened[at].case_version + 1);
        assert_true(e.occurred_us > opened[at].occurred_us);
        if (opened[at].step)
            assert_string_equal(e.step->from, opened[at].step->to);
        closed += strcmp(e.step->to, "CLOSED") == 0;
        opened[at].step = e.step;
        opened[at].case_version = e.case_version;
        opened[at].occurred_us = e.occurred_us;
    }
    assert_true(closed > 300);
    free(opened);
    simulate_close(stream);
}

static int64_t metres_between(const struct simulate_event *a,
                              const struct simulate_event *b)
{
    int64_t east = llabs(a->position.longitude - b->position.longitude) * 100 / 11144;
    int64_t north = llabs(a->position.latitude - b->position.latitude) * 100 / 8993;

    return east > north ? east : north;
}

static void things_lie_apart_and_sightings_close(void **state)
{
    enum { COUNT = 8000 };
    struct simulate_settings settings = usual(9);
    struct simulate_event *events = xcalloc(COUNT, sizeof *events);
    int pairs = 0;
    (void)state;

    settings.kinds = 1 << DRONE_ALERT;
    settings.repeat_share = 0.5;
    struct simulate_stream *stream = simulate_open(&settings);
    for (int i = 0; i < COUNT; i++) {
        simulate_next(stream, &events[i]);
        for (int j = 0; j < i; j++) {
            const struct simulate_event *a = &events[i], *b = &events[j];

            if (a->is_sighting && memcmp(a->first_id, b->event_id, UUID_SIZE) == 0) {
                assert_true(metres_between(a, b) <= 18);
                assert_int_equal(a->category, b->category);
                pairs++;
            } else if (!a->is_sighting && !b->is_sighting && a->category == b->category
                       && categories[a->category].life_minutes > 60) {
                assert_true(metres_between(a, b)
                            >= categories[a->category].spacing_m - 18);
            }
        }
    }
    assert_true(pairs > COUNT / 3);
    simulate_close(stream);
    free(events);
}

/* One of each trouble, and what the truth says of it. */
static struct simulate_settings troubled(int64_t seed)
{
    struct simulate_settings settings = usual(seed);

    settings.repeat_share = 0.5;
    settings.problem_share = 0.6;
    settings.crowd_share = settings.common_share = settings.phone_share = 0.5;
    settings.roof_share = 0.1;
    return settings;
}

static void what_is_one_thing_has_one_number(void **state)
{
    enum { COUNT = 6000 };
    struct simulate_settings settings = troubled(11);
    struct simulate_event *events = xcalloc(COUNT, sizeof *events);
    int pairs = 0, mixed = 0;
    (void)state;

    struct simulate_stream *stream = simulate_open(&settings);
    for (int i = 0; i < COUNT; i++) {
        simulate_next(stream, &events[i]);
        for (int j = 0; events[i].thing && j < i; j++) {
            const struct simulate_event *a = &events[i], *b = &events[j];
            bool same =
                memcmp(a->first_id, b->is_sighting ? b->first_id : b->event_id, UUID_SIZE)
                == 0;

            if (!b->thing || !a->is_sighting)
                continue;
            assert_int_equal(same, a->thing == b->thing);
            pairs += same;
            mixed += same && a->kind != b->kind;
            if (same && a->has_problem)
                assert_true(metres_between(a, b) <= 40);
        }
    }
    assert_true(pairs > COUNT / 2);
    assert_true(mixed > 100);
    simulate_close(stream);
    free(events);
}

static void troubles_keep_their_shares(void **state)
{
    enum { COUNT = 100000 };
    struct simulate_settings settings = troubled(12);
    struct simulate_stream *stream = simulate_open(&settings);
    struct simulate_event e;
    int alerts = 0, roofs = 0, people = 0, in_town = 0, phones = 0, found_false = 0;
    (void)state;

    for (int i = 0; i < COUNT; i++) {
        bool checked;

        simulate_next(stream, &e);
        checked = e.kind == CASE_ACTION && e.is_false && e.step->result;
        alerts += e.kind == DRONE_ALERT;
        roofs += e.kind == DRONE_ALERT && e.is_false;
        people += e.has_problem;
        in_town += e.is_in_town;
        phones += e.is_phone;
        found_false += checked;
        assert_true(!checked || strcmp(e.step->result, "NOT_EXISTS") == 0);
    }
    simulate_close(stream);
    ASSERT_SHARE(roofs, alerts, 0.1);
    ASSERT_SHARE(phones, people, 0.5);
    assert_true(in_town > people / 3 && people > 10000);
    assert_true(found_false > 0);
}

static int closest_of_one_kind(struct simulate_settings settings)
{
    enum { COUNT = 3000 };
    struct simulate_event *events = xcalloc(COUNT, sizeof *events);
    int close = 0;

    settings.kinds = 1 << DRONE_ALERT;
    struct simulate_stream *stream = simulate_open(&settings);
    for (int i = 0; i < COUNT; i++) {
        simulate_next(stream, &events[i]);
        for (int j = 0; j < i; j++)
            close += events[i].thing != events[j].thing && !events[i].is_sighting
                     && !events[j].is_sighting && events[i].category == events[j].category
                     && metres_between(&events[i], &events[j]) < 45;
    }
    simulate_close(stream);
    free(events);
    return close;
}

static void crowds_lie_close(void **state)
{
    struct simulate_settings settings = usual(13);
    int without = closest_of_one_kind(settings);
    (void)state;

    settings.crowd_share = 0.5;
    assert_true(closest_of_one_kind(settings) > without + 500);
}

static void troubled_lines_are_the_same_again(void **state)
{
    struct text first = lines_of(troubled(14), 5000), second;
    (void)state;

    second = lines_of(troubled(14), 5000);
    assert_true(first.size == second.size);
    assert_memory_equal(first.bytes, second.bytes, first.size);
    assert_non_null(strstr(first.bytes, "\"GCJ02\""));
    assert_non_null(strstr(first.bytes, "\"sim-app-2026\""));
    text_free(&first);
    text_free(&second);
}

/* Against another implementation of the same formula. */
static void gcj02_is_shifted_as_maps_are(void **state)
{
    static const struct simulate_position rows[][2] = {
        {{1143950000, 362100000}, {1144011019, 362102013}},
        {{1143350000, 361060000}, {1143410284, 361060987}},
        {{1214737000, 312304000}, {1214782231, 312284577}},
    };
    (void)state;

    for (int i = 0; i < 3; i++) {
        struct simulate_position got = gcj02_of(rows[i][0]);

        assert_in_range(got.longitude - rows[i][1].longitude + 1, 0, 2);
        assert_in_range(got.latitude - rows[i][1].latitude + 1, 0, 2);
    }
}

static void kinds_have_names(void **state)
{
    (void)state;
    assert_int_equal(simulate_kind_find("patrol_log,", 10), PATROL_LOG);
    assert_int_equal(simulate_kind_find("patrol", 6), SIMULATE_KINDS);
    assert_int_equal(simulate_kind_find("", 0), SIMULATE_KINDS);
    assert_string_equal(simulate_kind_name(CASE_ACTION), "case_action");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_same_bytes_everywhere),
        cmocka_unit_test(kinds_only_leave_lines_out),
        cmocka_unit_test(shares_are_kept),
        cmocka_unit_test(there_is_room_for_new_things),
        cmocka_unit_test(shares_of_none_and_all),
        cmocka_unit_test(a_resend_keeps_id_and_bytes),
        cmocka_unit_test(events_occur_in_order_unless_late),
        cmocka_unit_test(it_ends_with_its_last_moment),
        cmocka_unit_test(hangars_tell_of_every_flight),
        cmocka_unit_test(actions_follow_their_case),
        cmocka_unit_test(things_lie_apart_and_sightings_close),
        cmocka_unit_test(what_is_one_thing_has_one_number),
        cmocka_unit_test(troubles_keep_their_shares),
        cmocka_unit_test(crowds_lie_close),
        cmocka_unit_test(troubled_lines_are_the_same_again),
        cmocka_unit_test(gcj02_is_shifted_as_maps_are),
        cmocka_unit_test(kinds_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
