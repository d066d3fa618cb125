/* case_life_test.c - each reason for which an action is refused or waits, and what each mark leaves in a case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "consumers/runtime/case_life.h"

static const int64_t hour_us = 3600000000, day_us = 86400000000;
static const int64_t noon_us = 1767585600000000; /* 2026-01-05 12:00 +08:00 */
static const int32_t versions[CASE_RULES_TABLES] = {1, 2, 3, 4, 5};
static const uint8_t id[UUID_SIZE] = {1}, other_id[UUID_SIZE] = {2};

static struct case_rules *rules;
static struct arena *arena;
static struct case_life life, head;
static struct case_result result;

static void legal(const char *kind, const char *from, const char *action,
                  const char *result_of, const char *to, const char *needs,
                  const char *marks, int32_t at_most, int32_t most_days)
{
    const struct case_transition transition = {
        kind, from, action, result_of, to, "HANDLER", needs, marks, at_most, most_days};
    struct err e;

    assert_int_equal(case_rules_add_transition(rules, CASE_ALWAYS, &transition, &e),
                     DONE);
}

static void add_days(void)
{
    struct work_calendar *calendar = work_calendar_new();

    for (int i = 0; i < 30; i++) {
        int64_t begin_us = noon_us - 12 * hour_us + i * day_us;
        assert_true(work_calendar_add_day(calendar, begin_us, begin_us + day_us));
        assert_true(work_calendar_add_hours(calendar, begin_us + 8 * hour_us,
                                            begin_us + 18 * hour_us));
    }
    case_rules_give_calendar(rules, calendar);
}

static void add_rules(void)
{
    static const char *const open_states[] = {"REPORTED", "SENT",      "DONE",
                                              "REDO",     "SUSPENDED", "BACK"};
    struct err e;

    for (size_t i = 0; i < sizeof open_states / sizeof *open_states; i++)
        case_rules_add_state(rules, CASE_ALWAYS, open_states[i],
                             (struct case_state){.is_open = true});
    case_rules_add_state(rules, CASE_ALWAYS, "CLOSED", (struct case_state){0});
    case_rules_add_state(rules, CASE_ALWAYS, "MERGED", (struct case_state){0});
    legal("*", "REPORTED", "DISPATCH", "", "SENT", "target", "dispatched", 0, 0);
    legal("*", "BACK", "DISPATCH", "", "SENT", "target", "dispatched", 0, 0);
    legal("*", "SENT", "DISPATCH", "", "=", "target", "dispatched", 0, 0);
    legal("*", "SENT", "RETURN", "", "BACK", "reason", "returned", 0, 0);
    legal("*", "SENT", "RECTIFY", "", "DONE", "photo", "handled", 0, 0);
    legal("*", "DONE", "CHECK", "PASS", "CLOSED", "other_actor", "checked closed", 0, 0);
    legal("*", "DONE", "CHECK", "FAIL", "REDO", "other_actor", "reworked", 0, 0);
    legal("*", "SENT", "SUSPEND", "", "SUSPENDED", "reason approver due", "suspended", 1,
          365);
    legal("*", "SUSPENDED", "RESUME", "", "<", "", "resumed", 0, 0);
    legal("*", "*", "EXTEND", "", "=", "due", "extended", 2, 0);
    legal("*", "*", "MERGE", "", "MERGED", "merged_into", "", 0, 0);
    legal("*", "*", "FORCE_CLOSE", "", "CLOSED", "", "closed", 0, 0);
    legal("*", "*", "PUBLISH_REPLY", "", "=", "reply", "answered", 0, 0);
    legal("*", "CLOSED", "REOPEN", "", "REPORTED", "", "reopened", 0, 0);
    legal("*", "CLOSED", "APPEAL", "", "=", "", "unmuted", 0, 0);
    legal("*", "SENT", "ARRIVE", "", "=", "position", "", 0, 0);
    legal("COUNCIL_ITEM", "", "FILE", "", "REPORTED", "", "filed", 0, 0);
    assert_int_equal(
        case_rules_add_limit(rules, CASE_ALWAYS, "RUBBISH", "URGENT_HOUR", 2, &e), DONE);
}

static struct case_life reported(void)
{
    struct case_life new = {.case_kind = "DRONE_ALERT",
                            .group = "RUBBISH",
                            .state = "REPORTED",
                            .version = 1,
                            .unit = "U1",
                            .reopened_us = LINK_NO_TIME,
                            .dispatched_us = LINK_NO_TIME,
                            .handled_us = LINK_NO_TIME,
                            .answered_us = LINK_NO_TIME,
                            .checked_us = LINK_NO_TIME,
                            .closed_us = LINK_NO_TIME,
                            .due_us = LINK_NO_TIME,
                            .suspended_us = LINK_NO_TIME,
                            .suspended_until_us = LINK_NO_TIME};

    memcpy(new.case_id, id, UUID_SIZE);
    return new;
}

static int begin(void **state)
{
    (void)state;
    arena = arena_new();
    rules = case_rules_new(versions);
    add_rules();
    add_days();
    life = reported();
    head = reported();
    memcpy(head.case_id, other_id, UUID_SIZE);
    return 0;
}

static int end(void **state)
{
    (void)state;
    case_rules_free(rules);
    arena_free(arena);
    return 0;
}

/* An action that is right in every respect, whatever it is. */
static struct case_action action(const char *name, const char *result_of, const char *to)
{
    return (struct case_action){.case_kind = "DRONE_ALERT",
                                .action = name,
                                .result = result_of,
                                .from_state = life.state,
                                .to_state = to,
                                .version = life.version + 1,
                                .role = "HANDLER",
                                .actor = "p1",
                                .target_unit = "U2",
                                .due_us = LINK_NO_TIME,
                                .reason = "r",
                                .approver = "p9",
                                .has_photo = true,
                                .has_reply = true,
                                .has_position = true,
                                .merged_into = other_id,
                                .occurred_us = noon_us,
                                .recorded_us = noon_us};
}

static void take(const struct case_action *a)
{
    const struct case_scene scene = {.life = &life, .head = &head};

    case_life_take(rules, arena, &scene, a, &result);
}

static void is_applied(struct case_action a)
{
    int32_t version = life.version;

    take(&a);
    assert_string_equal(case_outcome_name(result.outcome), "applied");
    assert_int_equal(life.version, version + 1);
    assert_string_equal(life.state, a.to_state);
}

/* Nothing of the case has moved. */
static void is_not_applied(struct case_action a, enum case_outcome outcome,
                           enum case_reason reason)
{
    struct case_life before = life;

    take(&a);
    assert_string_equal(case_outcome_name(result.outcome), case_outcome_name(outcome));
    if (reason)
        assert_string_equal(case_reason_word(result.reason), case_reason_word(reason));
    assert_memory_equal(&before, &life, sizeof life);
}

static void is_refused(struct case_action a, enum case_reason reason)
{
    is_not_applied(a, CASE_REFUSED, reason);
}

static struct case_action dispatch(void)
{
    return action("DISPATCH", NULL, "SENT");
}

static void send(void)
{
    struct case_action a = dispatch();

    a.limit_type = "URGENT_HOUR";
    a.limit_value = 4;
    is_applied(a);
}

static void send_and_handle(void)
{
    send();
    is_applied(action("RECTIFY", NULL, "DONE"));
}

/* ---- who may, and when ---- */

static void versions_decide_who_is_first(void **state)
{
    struct case_action a = dispatch();

    (void)state;
    a.version = 1;
    is_refused(a, CASE_VERSION_TAKEN);
    a.version = 3;
    is_not_applied(a, CASE_PARKED, CASE_VERSION_AHEAD);
    a.version = INT32_MAX;
    is_not_applied(a, CASE_PARKED, CASE_VERSION_AHEAD);
    a.version = 2;
    is_applied(a);
    is_refused(a, CASE_VERSION_TAKEN);
}

static void what_does_not_fit_the_case_is_refused(void **state)
{
    struct case_action a = dispatch();

    (void)state;
    a.is_test = true;
    is_refused(a, CASE_OTHER_TEST);
    a = dispatch();
    a.case_kind = "PATROL_PROBLEM";
    is_refused(a, CASE_OTHER_KIND);
    a = dispatch();
    a.from_state = "SENT";
    is_refused(a, CASE_OTHER_STATE);
    a = dispatch();
    a.to_state = "DONE";
    is_refused(a, CASE_OTHER_GOAL);
    a = dispatch();
    a.role = "CHECKER";
    is_refused(a, CASE_ROLE);
    a = dispatch();
    a.role = a.actor = "platform";
    is_refused(a, CASE_ROLE);
    is_refused(action("RECTIFY", NULL, "DONE"), CASE_ILLEGAL);
    is_refused(action("RESUME", NULL, "REPORTED"), CASE_ILLEGAL);
}

static void symbols_that_are_not_known_are_refused(void **state)
{
    struct case_action a = dispatch();

    (void)state;
    a.limit_type = "UNKNOWN";
    is_refused(a, CASE_UNKNOWN);
    a = dispatch();
    a.result = "UNKNOWN";
    is_refused(a, CASE_UNKNOWN);
    a = action("UNKNOWN", NULL, "SENT");
    is_refused(a, CASE_UNKNOWN);
    a = dispatch();
    a.case_kind = "UNKNOWN";
    is_refused(a, CASE_UNKNOWN);
    a = dispatch();
    a.reply_channel = "UNKNOWN";
    is_refused(a, CASE_UNKNOWN);
}

static void without_rules_it_waits(void **state)
{
    static const int32_t none[CASE_RULES_TABLES] = {0};
    const struct case_scene scene = {.life = &life};
    struct case_action a = dispatch();
    struct case_rules *empty = case_rules_new(none);

    (void)state;
    case_life_take(empty, arena, &scene, &a, &result);
    assert_int_equal(result.outcome, CASE_PARKED);
    assert_int_equal(result.reason, CASE_NO_RULES);
    case_rules_free(empty);
}

static void reports_are_answered(void **state)
{
    const struct case_scene scene = {.life = &life, .is_report = true};
    struct case_action a = dispatch();

    (void)state;
    a.version = 77;
    a.case_kind = "PATROL_PROBLEM";
    case_life_take(rules, arena, &scene, &a, &result);
    assert_int_equal(result.outcome, CASE_ANSWERED);
    assert_int_equal(life.version, 1);
}

static void a_case_is_opened_by_its_first_action_alone(void **state)
{
    struct case_action a = action("FILE", NULL, "REPORTED");

    (void)state;
    life.state = life.case_kind = NULL;
    life.version = 0;
    a.from_state = "";
    a.version = 1;
    is_not_applied(a, CASE_PARKED, CASE_NO_CASE); /* nobody opens an alert so */
    a.case_kind = "COUNCIL_ITEM";
    a.version = 2;
    is_not_applied(a, CASE_PARKED, CASE_NO_CASE);
    a.version = 1;
    a.role = "CHECKER";
    is_refused(a, CASE_ROLE);
    a.role = "HANDLER";
    is_applied(a);
    assert_string_equal(life.case_kind, "COUNCIL_ITEM");
    assert_string_equal(result.from_state, "");
    is_refused(a, CASE_VERSION_TAKEN);
}

/* ---- what a step needs ---- */

static void each_need_is_asked_for(void **state)
{
    struct case_action a = dispatch();

    (void)state;
    a.target_unit = NULL;
    is_refused(a, CASE_TARGET_MISSING);
    send();
    a = action("RECTIFY", NULL, "DONE");
    a.has_photo = false;
    is_refused(a, CASE_PHOTO_MISSING);
    a = action("RETURN", NULL, "BACK");
    a.reason = NULL;
    is_refused(a, CASE_REASON_MISSING);
    a = action("EXTEND", NULL, "SENT");
    is_refused(a, CASE_DUE_MISSING);
    a = action("PUBLISH_REPLY", NULL, "SENT");
    a.has_reply = false;
    is_refused(a, CASE_REPLY_MISSING);
    a = action("ARRIVE", NULL, "SENT");
    a.has_position = false;
    is_refused(a, CASE_POSITION_MISSING);
}

static struct case_action suspend(void)
{
    struct case_action a = action("SUSPEND", NULL, "SUSPENDED");

    a.due_us = noon_us + 365 * day_us;
    return a;
}

static void two_persons_are_two_persons(void **state)
{
    struct case_action a;

    (void)state;
    send();
    a = suspend();
    a.approver = NULL;
    is_refused(a, CASE_APPROVER_MISSING);
    a.approver = "p1";
    is_refused(a, CASE_SAME_ACTOR);
    is_applied(action("RECTIFY", NULL, "DONE"));
    a = action("CHECK", "PASS", "CLOSED");
    is_refused(a, CASE_SAME_ACTOR);
    a.actor = "p2";
    is_applied(a);
    assert_int_equal(life.checked_us, noon_us);
    assert_int_equal(life.closed_us, noon_us);
}

static void bounds_are_inclusive(void **state)
{
    struct case_action a;

    (void)state;
    send();
    a = suspend();
    a.due_us++;
    is_refused(a, CASE_TOO_LONG);
    a.due_us = noon_us - 1;
    is_refused(a, CASE_DUE_BEFORE_START);
    is_applied(suspend());
    is_applied(action("RESUME", NULL, "SENT"));
    is_refused(suspend(), CASE_TOO_OFTEN);
    for (int i = 0; i < 2; i++) {
        a = action("EXTEND", NULL, "SENT");
        a.due_us = noon_us;
        is_applied(a);
    }
    a = action("EXTEND", NULL, "SENT");
    a.due_us = noon_us + day_us;
    is_refused(a, CASE_TOO_OFTEN);
    assert_int_equal(life.extended, 2);
    assert_int_equal(life.suspended, 1);
}

static void merging_needs_an_open_head(void **state)
{
    struct case_action a = action("MERGE", NULL, "MERGED");
    const struct case_scene alone = {.life = &life};

    (void)state;
    a.merged_into = NULL;
    is_refused(a, CASE_MERGED_INTO_MISSING);
    a.merged_into = id;
    is_refused(a, CASE_HEAD_IS_ITSELF);
    a.merged_into = other_id;
    case_life_take(rules, arena, &alone, &a, &result);
    assert_int_equal(result.outcome, CASE_PARKED);
    assert_int_equal(result.reason, CASE_NO_HEAD);
    head.is_test = true;
    is_refused(a, CASE_OTHER_TEST);
    head.is_test = false;
    head.state = "MERGED";
    is_refused(a, CASE_HEAD_NOT_OPEN);
    head.state = "SENT";
    is_applied(a);
    assert_memory_equal(life.merged_into, other_id, UUID_SIZE);
}

/* ---- limits ---- */

static void a_limit_runs_from_the_time_that_counts(void **state)
{
    struct case_action a = dispatch();

    (void)state;
    a.limit_type = "WORK_HOUR";
    a.limit_value = 8; /* 6 of this day are left */
    a.due_us = noon_us + 8 * hour_us;
    is_applied(a);
    assert_true(result.sets_limit);
    assert_int_equal(life.due_us, noon_us + 22 * hour_us);
    assert_int_equal(life.due_version, 2);
    assert_int_equal(life.limit.sent_due_us, noon_us + 8 * hour_us);
    assert_int_equal(life.limit.starts_us, noon_us);
    assert_string_equal(life.limit.action, "DISPATCH");
}

static void a_limit_as_sent_is_the_same(void **state)
{
    struct case_action a = dispatch();

    (void)state;
    a.limit_type = "URGENT_HOUR";
    a.limit_value = 2;
    a.due_us = noon_us + 2 * hour_us;
    is_applied(a);
    assert_int_equal(life.limit.sent_due_us, LINK_NO_TIME);
}

static void beyond_the_calendar_there_is_none(void **state)
{
    struct case_action a = dispatch();

    (void)state;
    a.limit_type = "WORK_DAY";
    a.limit_value = 300;
    a.due_us = noon_us + day_us;
    is_applied(a);
    assert_int_equal(life.due_us, LINK_NO_TIME);
    assert_string_equal(life.limit.due.reason, "calendar_ends");
    assert_int_equal(life.limit.sent_due_us, noon_us + day_us);
}

static void a_suspension_stops_the_clock(void **state)
{
    struct case_action a;

    (void)state;
    send(); /* 4 hours */
    a = suspend();
    a.occurred_us = a.recorded_us = noon_us + hour_us;
    a.due_us = noon_us + day_us;
    is_applied(a);
    assert_int_equal(life.due_us, LINK_NO_TIME);
    assert_string_equal(life.state_before, "SENT");
    assert_int_equal(life.suspended_until_us, noon_us + day_us);
    a = action("RESUME", NULL, "SENT");
    a.occurred_us = a.recorded_us = noon_us + 2 * day_us;
    is_applied(a);
    assert_int_equal(life.due_us, noon_us + 2 * day_us + 3 * hour_us);
    assert_null(life.state_before);
    assert_int_equal(life.suspended_us, LINK_NO_TIME);
    assert_string_equal(life.limit.action, "RESUME");
}

static void who_leaves_a_suspension_is_not_suspended(void **state)
{
    (void)state;
    send();
    is_applied(suspend());
    is_applied(action("FORCE_CLOSE", NULL, "CLOSED"));
    assert_int_equal(life.suspended_us, LINK_NO_TIME);
    assert_null(life.state_before);
}

static void clocks_ten_years_off_are_not_believed(void **state)
{
    struct case_action a = dispatch();

    (void)state;
    a.limit_type = "URGENT_HOUR";
    a.limit_value = 1;
    a.occurred_us = noon_us - 3650 * day_us;
    is_applied(a);
    assert_int_equal(result.reason, CASE_TIME_IMPLAUSIBLE);
    assert_int_equal(result.at_us, noon_us);
    assert_int_equal(life.due_us, noon_us + hour_us);
    a = action("RECTIFY", NULL, "DONE");
    a.occurred_us = INT64_MAX;
    is_applied(a);
    assert_int_equal(life.handled_us, noon_us);
}

/* ---- orders ---- */

static void is_ordered(size_t number, enum case_order_kind kind, const char *unit)
{
    assert_true(number < result.order_count);
    assert_int_equal(result.orders[number].kind, kind);
    assert_string_equal(result.orders[number].target_unit, unit);
}

static void an_order_ends_by_being_handled(void **state)
{
    (void)state;
    send_and_handle();
    assert_int_equal(result.order_count, 0);
    assert_null(life.order_unit);
    assert_string_equal(life.handler_unit, "U2");
    is_applied(action("FORCE_CLOSE", NULL, "CLOSED"));
    assert_int_equal(result.order_count, 0);
}

static void an_order_that_ends_otherwise_is_recalled(void **state)
{
    (void)state;
    send();
    assert_int_equal(result.order_count, 1);
    is_ordered(0, CASE_DISPATCH, "U2");
    is_applied(action("RETURN", NULL, "BACK"));
    is_ordered(0, CASE_RECALL, "U2");
    assert_int_equal(life.returned, 1);
    send();
    is_applied(action("MERGE", NULL, "MERGED"));
    is_ordered(0, CASE_RECALL, "U2");
    assert_null(life.order_unit);
}

static void another_unit_relieves_the_first(void **state)
{
    struct case_action a;

    (void)state;
    send();
    a = dispatch();
    a.target_unit = "U3";
    is_applied(a);
    assert_int_equal(result.order_count, 2);
    is_ordered(0, CASE_RECALL, "U2");
    is_ordered(1, CASE_DISPATCH, "U3");
    a.version = life.version + 1;
    is_applied(a);
    assert_int_equal(result.order_count, 1);
    is_ordered(0, CASE_DISPATCH, "U3");
}

static void after_rework_the_order_stands_again(void **state)
{
    struct case_action a;

    (void)state;
    send_and_handle();
    a = action("CHECK", "FAIL", "REDO");
    a.actor = "p2";
    is_applied(a);
    assert_string_equal(life.order_unit, "U2");
    assert_int_equal(life.reworked, 1);
    is_applied(action("FORCE_CLOSE", NULL, "CLOSED"));
    is_ordered(0, CASE_RECALL, "U2");
}

static void ids_of_orders_are_those_of_their_decision(void **state)
{
    /* As Python's hashlib has it: SHA-1 of name space, id, "/2/REMIND/due". */
    static const char wanted[] = "3328c940-5bba-5f70-817c-18f0754566a9";
    uint8_t one[UUID_SIZE], two[UUID_SIZE];
    char text[UUID_TEXT_SIZE];

    (void)state;
    case_order_id(one, id, 2, CASE_REMIND, "due");
    case_order_id(two, id, 2, CASE_REMIND, "before_due");
    assert_memory_not_equal(one, two, UUID_SIZE);
    case_order_id(two, id, 3, CASE_REMIND, "due");
    assert_memory_not_equal(one, two, UUID_SIZE);
    case_order_id(two, id, 2, CASE_REMIND, "due");
    uuid_format(text, two);
    assert_string_equal(text, wanted);
}

/* ---- the other marks ---- */

static void the_first_answer_counts(void **state)
{
    struct case_action a = action("PUBLISH_REPLY", NULL, "REPORTED");

    (void)state;
    is_applied(a);
    a.version++;
    a.occurred_us += hour_us;
    is_applied(a);
    assert_int_equal(life.answered_us, noon_us);
}

static void a_reopened_case_has_no_limit(void **state)
{
    (void)state;
    send();
    is_applied(action("FORCE_CLOSE", NULL, "CLOSED"));
    life.muted = 3;
    is_applied(action("APPEAL", NULL, "CLOSED"));
    assert_true(life.mute_lifted);
    is_applied(action("REOPEN", NULL, "REPORTED"));
    assert_int_equal(life.reopened_us, noon_us);
    assert_int_equal(life.due_us, LINK_NO_TIME);
    is_applied(action("FORCE_CLOSE", NULL, "CLOSED"));
    assert_false(life.mute_lifted);
    assert_int_equal(life.muted, 0);
}

static void the_platform_sets_the_limit_of_the_group(void **state)
{
    (void)state;
    case_life_platform(rules, arena, &life, CASE_PLATFORM_DISPATCH, "U1", noon_us,
                       &result);
    assert_string_equal(life.state, "DISPATCHED");
    assert_int_equal(life.due_us, noon_us + 2 * hour_us);
    is_ordered(0, CASE_DISPATCH, "U1");
    assert_true(life.was_sent);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(versions_decide_who_is_first),
        TEST(what_does_not_fit_the_case_is_refused),
        TEST(symbols_that_are_not_known_are_refused),
        TEST(without_rules_it_waits),
        TEST(reports_are_answered),
        TEST(a_case_is_opened_by_its_first_action_alone),
        TEST(each_need_is_asked_for),
        TEST(two_persons_are_two_persons),
        TEST(bounds_are_inclusive),
        TEST(merging_needs_an_open_head),
        TEST(a_limit_runs_from_the_time_that_counts),
        TEST(a_limit_as_sent_is_the_same),
        TEST(beyond_the_calendar_there_is_none),
        TEST(a_suspension_stops_the_clock),
        TEST(who_leaves_a_suspension_is_not_suspended),
        TEST(clocks_ten_years_off_are_not_believed),
        TEST(an_order_ends_by_being_handled),
        TEST(an_order_that_ends_otherwise_is_recalled),
        TEST(another_unit_relieves_the_first),
        TEST(after_rework_the_order_stands_again),
        TEST(ids_of_orders_are_those_of_their_decision),
        TEST(the_first_answer_counts),
        TEST(a_reopened_case_has_no_limit),
        TEST(the_platform_sets_the_limit_of_the_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
