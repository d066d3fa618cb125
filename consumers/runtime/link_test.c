/* link_test.c - the courses of single reports; random ones are compared with an oracle in tests/link. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/runtime/link.h"

static const int64_t day_us = 86400000000;
static const int64_t now_us = 1767571200000000;
static const struct link_rule rubbish = {.radius_m = 15,
                                         .merge_us = LINK_EVER,
                                         .reopen_us = 86400000000,
                                         .repeat_us = 7 * 86400000000,
                                         .mute_us = 5 * 86400000000,
                                         .mute_count = 3};

struct course {
    struct arena *arena;
    struct link_sighting sightings[16];
    struct link_case cases[16];
    struct link_report reports[16];
    struct link_input input;
    struct link_output out;
};

static int begin(void **state)
{
    static struct course c;

    c = (struct course){.arena = arena_new()};
    c.input = (struct link_input){
        .sightings = c.sightings, .cases = c.cases, .reports = c.reports, .link_seq = 9};
    *state = &c;
    return 0;
}

static int end(void **state)
{
    struct course *c = *state;

    arena_free(c->arena);
    return 0;
}

static void number_id(uint8_t id[UUID_SIZE], uint8_t number)
{
    memset(id, number, UUID_SIZE);
}

static struct link_place metres_east(double metres)
{
    return (struct link_place){.where = LINK_AT_POINT,
                               .at = {114.35 + metres / 89790.5, 36.15},
                               .accuracy_m = 1};
}

/* Number n reports something that lies so many metres east of nowhere in particular. */
static struct link_sighting *see(struct course *c, uint8_t number, double metres)
{
    struct link_sighting *s = &c->sightings[c->input.sighting_count++];

    *s = (struct link_sighting){.rule = &rubbish,
                                .occurred_us = now_us,
                                .recorded_us = now_us,
                                .place = metres_east(metres),
                                .default_accuracy_m = 5};
    number_id(s->event_id, number);
    number_id(s->report_id, number);
    number_id(s->case_id, number);
    return s;
}

static struct link_sighting *revise(struct course *c, uint8_t number, uint8_t report,
                                    enum link_message message)
{
    struct link_sighting *s = see(c, number, 0);

    s->message = message;
    number_id(s->report_id, report);
    return s;
}

static struct link_case *there_is(struct course *c, uint8_t number, double metres)
{
    struct link_case *there = &c->cases[c->input.case_count++];

    *there = (struct link_case){.place = metres_east(metres),
                                .first_us = now_us - day_us,
                                .last_us = now_us - day_us,
                                .reopened_us = LINK_NO_TIME,
                                .handled_us = LINK_NO_TIME,
                                .closed_us = LINK_NO_TIME,
                                .standing = 1,
                                .opened_seq = number};
    number_id(there->case_id, number);
    return there;
}

static void decide(struct course *c)
{
    link_sightings(c->arena, &c->input, &c->out);
}

static void expect(const struct course *c, int which, enum link_outcome outcome,
                   uint8_t case_number, unsigned flags)
{
    const struct link_decision *d = &c->out.decisions[which];
    uint8_t id[UUID_SIZE];

    number_id(id, case_number);
    assert_string_equal(link_outcome_name(d->outcome), link_outcome_name(outcome));
    assert_memory_equal(d->case_id, id, UUID_SIZE);
    assert_int_equal(d->flags, flags);
}

static void the_nearest_takes_it_of_equals_the_first(void **state)
{
    struct course *c = *state;

    there_is(c, 3, 8);
    there_is(c, 1, -5);
    there_is(c, 2, -5);
    see(c, 101, 0);
    see(c, 102, 2);
    decide(c);
    expect(c, 0, LINK_MORE, 1, 0);
    expect(c, 1, LINK_MORE, 3, 0);
    assert_true(fabs(c->out.decisions[0].distance_m - 5) < 0.01);
    assert_true(fabs(c->out.decisions[0].radius_m - 15) < 1e-9);
    assert_true(c->out.decisions[0].age_us == day_us);
}

/* Two cases of one batch, 12 m to either side: both were opened in it, so its order decides. */
static void of_equals_in_one_batch_the_first(void **state)
{
    struct course *c = *state;
    const double lower = -0.000133, upper = 0.000133;

    see(c, 101, 0)->place.at.longitude = upper;
    see(c, 102, 0)->place.at.longitude = lower;
    see(c, 103, 0)->place.at.longitude = 0;
    decide(c);
    expect(c, 1, LINK_POSSIBLE_REPEAT, 102, LINK_FAR);
    expect(c, 2, LINK_MORE, 101, 0);
}

/* A false alarm beside a case: what is nearer to it is not put into the case. */
static void a_roof_does_not_feed_the_case_beside_it(void **state)
{
    struct course *c = *state;
    struct link_case *roof = there_is(c, 1, 0);

    roof->life = LINK_DISMISSED;
    roof->closed_us = now_us - 1;
    there_is(c, 2, 12);
    for (uint8_t i = 0; i < 5; i++)
        see(c, (uint8_t)(101 + i), i == 4 ? 11 : 1);
    decide(c);
    for (int i = 0; i < 3; i++)
        expect(c, i, LINK_MUTED, 1, 0);
    expect(c, 3, LINK_MORE, 2, 0); /* muted often enough */
    expect(c, 4, LINK_MORE, 2, 0);
    assert_int_equal(c->out.cases[0].muted, 3);
    assert_int_equal(c->out.cases[1].standing, 3);
}

static void a_merged_candidate_is_followed_to_its_head(void **state)
{
    struct course *c = *state;
    struct link_case *a = there_is(c, 1, 0), *b = there_is(c, 2, 300);

    a->life = b->life = LINK_MERGED;
    memcpy(a->merged_into, b->case_id, UUID_SIZE);
    there_is(c, 3, 5000);
    memcpy(b->merged_into, c->cases[2].case_id, UUID_SIZE);
    see(c, 101, 1);
    decide(c);
    expect(c, 0, LINK_MORE, 3, 0);
    assert_true(c->out.decisions[0].distance_m < 1.1);
    assert_true(c->out.cases[2].is_changed && !c->out.cases[0].is_changed);
}

/* Each into the other: nobody answers for them, and nothing hangs. */
static void merges_that_go_round(void **state)
{
    struct course *c = *state;
    struct link_case *a = there_is(c, 1, 0), *b = there_is(c, 2, 0);

    a->life = b->life = LINK_MERGED;
    memcpy(a->merged_into, b->case_id, UUID_SIZE);
    memcpy(b->merged_into, a->case_id, UUID_SIZE);
    see(c, 101, 0);
    decide(c);
    expect(c, 0, LINK_NEW, 101, 0);
}

static void a_doubtful_one_opens_a_case_that_waits(void **state)
{
    struct course *c = *state;

    there_is(c, 1, 0);
    see(c, 101, 16)->sends = true;
    see(c, 102, 17);
    see(c, 103, 31.5)->sends = true;
    decide(c);
    expect(c, 0, LINK_POSSIBLE_REPEAT, 101, LINK_FAR);
    assert_int_equal(c->out.decisions[0].related_id[0], 1);
    expect(c, 1, LINK_MORE, 101, 0);
    /* Sure to be that of 16 m away but for half a metre: a person is asked again. */
    expect(c, 2, LINK_POSSIBLE_REPEAT, 103, LINK_FAR);
    assert_int_equal(c->out.decisions[2].related_id[0], 101);
}

static void a_cancelled_alert_takes_its_case_along(void **state)
{
    struct course *c = *state;

    see(c, 101, 0);
    revise(c, 102, 101, LINK_UPDATE)->occurred_us = now_us + 5;
    revise(c, 103, 101, LINK_CANCEL);
    revise(c, 104, 101, LINK_CANCEL);
    see(c, 105, 0);
    decide(c);
    expect(c, 0, LINK_NEW, 101, 0);
    expect(c, 1, LINK_REVISION, 101, 0);
    expect(c, 2, LINK_WITHDRAWN, 101, LINK_CANCELS_CASE);
    expect(c, 3, LINK_REVISION, 101, 0);
    expect(c, 4, LINK_NEW, 105, 0);
    assert_int_equal(c->out.cases[0].life, LINK_CANCELLED);
    assert_true(c->out.cases[0].last_us == now_us + 5);
}

static void somebody_was_sent_so_a_person_is_asked(void **state)
{
    struct course *c = *state;

    see(c, 101, 0)->sends = true;
    revise(c, 102, 101, LINK_CANCEL);
    see(c, 103, 400);
    see(c, 104, 400);
    revise(c, 105, 103, LINK_CANCEL);
    revise(c, 106, 104, LINK_CANCEL);
    decide(c);
    expect(c, 0, LINK_NEW, 101, LINK_SENDS);
    expect(c, 1, LINK_WITHDRAWN, 101, LINK_ASKS_PERSON);
    expect(c, 4, LINK_WITHDRAWN, 103, LINK_ASKS_PERSON);
    expect(c, 5, LINK_WITHDRAWN, 103, LINK_CANCELS_CASE);
}

static void what_comes_before_its_alert_waits(void **state)
{
    struct course *c = *state;

    revise(c, 101, 103, LINK_UPDATE);
    revise(c, 102, 103, LINK_CANCEL);
    see(c, 103, 0)->sends = true;
    decide(c);
    expect(c, 0, LINK_WAITS, 0, 0);
    expect(c, 1, LINK_WAITS, 0, 0);
    expect(c, 2, LINK_NEW, 103, LINK_TAKES_WAITING | LINK_CANCELS_CASE);
    assert_int_equal(c->out.report_count, 1);
}

static void a_patrol_may_name_a_case(void **state)
{
    struct course *c = *state;
    struct link_sighting *far, *test;

    there_is(c, 1, 0);
    far = see(c, 101, 4000);
    test = see(c, 102, 4000);
    number_id(far->case_id, 1);
    number_id(test->case_id, 1);
    test->is_test = true;
    see(c, 103, 4000)->rule = NULL;
    decide(c);
    expect(c, 0, LINK_MORE, 1, 0);
    assert_int_equal(c->out.decisions[0].basis, LINK_BY_NAME);
    assert_int_equal(c->out.decisions[1].outcome, LINK_NEW);
    assert_int_equal(c->out.decisions[1].flags, LINK_ID_TAKEN);
    expect(c, 2, LINK_NO_CASE, 0, 0);
}

static void an_id_derived_for_a_case_may_be_taken_too(void **state)
{
    struct course *c = *state;
    struct link_sighting *test;

    there_is(c, 1, 0);
    test = see(c, 102, 4000);
    number_id(test->case_id, 1);
    test->is_test = true;
    link_spare_id(there_is(c, 2, 9000)->case_id, test->case_id, test->event_id);
    decide(c);
    expect(c, 0, LINK_NO_CASE, 0, LINK_ID_TAKEN);
    assert_int_equal(c->out.case_count, 2);
}

static void a_time_that_cannot_be_is_not_used(void **state)
{
    static const struct {
        int64_t ahead_us;
        bool plausible;
    } rows[] = {{600000000, true},
                {600000001, false},
                {-30 * 86400000000, true},
                {-30 * 86400000000 - 1, false},
                {INT64_MAX - 1767571200000000, false}};
    struct course *c = *state;

    for (uint8_t i = 0; i < 5; i++)
        see(c, (uint8_t)(101 + i), i * 1000.0)->occurred_us += rows[i].ahead_us;
    decide(c);
    for (int i = 0; i < 5; i++) {
        const struct link_decision *d = &c->out.decisions[i];

        assert_int_equal(d->flags, rows[i].plausible ? 0 : LINK_TIME_IMPLAUSIBLE);
        assert_true(d->used_us == now_us + (rows[i].plausible ? rows[i].ahead_us : 0));
    }
}

static void ids_and_stripes_stay_as_they_are(void **state)
{
    uint8_t id[UUID_SIZE], a[UUID_SIZE], b[UUID_SIZE];
    char text[UUID_TEXT_SIZE];
    (void)state;

    link_report_id(id, "drone_alert", false, "hangar-1/a-7", 12);
    uuid_format(text, id);
    assert_string_equal(text, "5075a034-612b-5a51-b454-e78defef0a0d");
    link_report_id(id, "drone_alert", true, "hangar-1/a-7", 12);
    uuid_format(text, id);
    assert_string_equal(text, "d89b0c93-af81-5394-b3af-4f93154ac674");
    link_place_key(id, "unit-1", "LATE");
    uuid_format(text, id);
    assert_string_equal(text, "638eefd3-271a-5caf-8a56-f4ebf9a01a56");
    number_id(a, 1);
    number_id(b, 2);
    link_spare_id(id, a, b);
    uuid_format(text, id);
    assert_string_equal(text, "2f634940-803b-53c5-bf54-ab76f9089420");
    assert_int_equal(link_stripe("EXPOSED_RUBBISH", 94008443117901), 94);
    assert_int_equal(link_id_stripe(a), 30);
}

static void where_things_are_kept(void **state)
{
    struct link_place point = metres_east(0), nowhere = {.where = LINK_NOWHERE};
    struct link_place key = {.where = LINK_AT_KEY};
    int64_t cells[LINK_CELLS_NEAR];
    (void)state;

    assert_int_equal(link_cells_near(&nowhere, cells), 0);
    assert_int_equal(link_cell(&nowhere), 0);
    number_id(key.key, 0xff);
    assert_int_equal(link_cells_near(&key, cells), 1);
    assert_true(cells[0] == link_cell(&key) && cells[0] == -1);
    assert_true(link_cell(&point) > 0);
    assert_in_range(link_cells_near(&point, cells), 4, 9);
}

#define COURSE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        COURSE(the_nearest_takes_it_of_equals_the_first),
        COURSE(of_equals_in_one_batch_the_first),
        COURSE(a_roof_does_not_feed_the_case_beside_it),
        COURSE(a_merged_candidate_is_followed_to_its_head),
        COURSE(merges_that_go_round),
        COURSE(a_doubtful_one_opens_a_case_that_waits),
        COURSE(a_cancelled_alert_takes_its_case_along),
        COURSE(somebody_was_sent_so_a_person_is_asked),
        COURSE(what_comes_before_its_alert_waits),
        COURSE(a_patrol_may_name_a_case),
        COURSE(an_id_derived_for_a_case_may_be_taken_too),
        COURSE(a_time_that_cannot_be_is_not_used),
        COURSE(ids_and_stripes_stay_as_they_are),
        COURSE(where_things_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
