/* crew_plan_test.c - what holds for every plan, over many orders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "producers/simulate/crew_plan.h"
#include "producers/simulate/desk.h"

enum { ORDERS = 2000 };

static struct crew_order make_order(uint64_t number)
{
    struct crew_order order = {.case_no = "C1",
                               .unit = "U1",
                               .case_kind = DRONE_ALERT,
                               .version = 2,
                               .decided_us = 1767571200000000,
                               .due_us = 1767571200000000 + 3600000000};

    memcpy(order.order_id, &number, sizeof number);
    memcpy(order.case_id, &number, sizeof number);
    return order;
}

static struct crew_plan plan_of(uint64_t number, int64_t seed, double late_share)
{
    static struct crew_order order;
    struct crew_plan plan;

    order = make_order(number);
    crew_plan(&plan, &order, seed, late_share, INT64_MAX, "U2");
    return plan;
}

/* Each step begins where the one before it ended, later, and with the next version. */
static void test_steps_follow_one_another(void **state)
{
    (void)state;
    for (uint64_t number = 1; number <= ORDERS; number++) {
        struct crew_plan plan = plan_of(number, 1, 0.5);
        const char *at = "DISPATCHED";
        int64_t us = make_order(number).decided_us;
        assert_true(plan.count > 0);
        for (size_t i = 0; i < plan.count; i++) {
            const struct simulate_event *event = &plan.steps[i];
            assert_string_equal(event->step->from, at);
            assert_int_equal(event->case_version, 3 + (int)i);
            assert_true(event->occurred_us > us
                        && event->recorded_us > event->occurred_us);
            at = event->step->to;
            us = event->occurred_us;
        }
        assert_string_equal(plan.state, at);
    }
}

static void test_the_same_order_is_planned_the_same(void **state)
{
    (void)state;
    for (uint64_t number = 1; number <= ORDERS; number++) {
        struct crew_plan first = plan_of(number, 1, 0.1), again = plan_of(number, 1, 0.1),
                         other = plan_of(number, 2, 0.1);
        assert_int_equal(first.count, again.count);
        for (size_t i = 0; i < first.count; i++) {
            assert_memory_equal(first.steps[i].event_id, again.steps[i].event_id,
                                UUID_SIZE);
            assert_int_equal(first.steps[i].occurred_us, again.steps[i].occurred_us);
            assert_ptr_equal(first.steps[i].step, again.steps[i].step);
        }
        assert_memory_not_equal(first.steps[0].event_id, other.steps[0].event_id,
                                UUID_SIZE);
    }
}

/* Closed, nothing there, or somebody else is sent: and each of them happens. */
static void test_how_plans_end(void **state)
{
    size_t closed = 0, nothing = 0, given_back = 0;

    (void)state;
    for (uint64_t number = 1; number <= ORDERS; number++) {
        struct crew_plan plan = plan_of(number, 1, 0.1);
        closed += strcmp(plan.state, "CLOSED") == 0;
        nothing += strcmp(plan.state, "FALSE_ALARM") == 0;
        given_back += strcmp(plan.state, "DISPATCHED") == 0;
        if (strcmp(plan.state, "DISPATCHED") == 0)
            assert_string_equal(plan.steps[plan.count - 1].target_unit, "U2");
    }
    assert_int_equal(closed + nothing + given_back, ORDERS);
    assert_true(closed > nothing && nothing > given_back && given_back > 0);
}

static void test_who_is_late_puts_it_right_after_it_was_due(void **state)
{
    size_t late = 0;

    (void)state;
    for (uint64_t number = 1; number <= ORDERS; number++) {
        struct crew_plan plan = plan_of(number, 1, 1);
        assert_true(plan.is_late);
        for (size_t i = 0; i < plan.count; i++)
            if (strcmp(plan.steps[i].step->action, "RECTIFY") == 0) {
                assert_true(plan.steps[i].occurred_us > make_order(number).due_us);
                late++;
            }
        assert_false(plan_of(number, 1, 0).is_late);
    }
    assert_true(late > 0);
}

/* Cut short, it is the beginning of the same plan. */
static void test_what_comes_too_late_is_left_undone(void **state)
{
    size_t begun = 0, not_begun = 0;

    (void)state;
    for (uint64_t number = 1; number <= ORDERS; number++) {
        struct crew_order order = make_order(number);
        struct crew_plan whole = plan_of(number, 1, 0.1), plan;
        int64_t until_us = order.decided_us + (int64_t)number * 5000000;
        size_t in_time = 0;
        crew_plan(&plan, &order, 1, 0.1, until_us, "U2");
        while (in_time < whole.count && whole.steps[in_time].recorded_us <= until_us)
            in_time++;
        assert_int_equal(plan.count, in_time);
        assert_string_equal(plan.state,
                            in_time ? whole.steps[in_time - 1].step->to : "DISPATCHED");
        begun += in_time > 0 && in_time < whole.count;
        not_begun += in_time == 0;
    }
    assert_true(begun > 0 && not_begun > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_follow_one_another),
        cmocka_unit_test(test_the_same_order_is_planned_the_same),
        cmocka_unit_test(test_how_plans_end),
        cmocka_unit_test(test_who_is_late_puts_it_right_after_it_was_due),
        cmocka_unit_test(test_what_comes_too_late_is_left_undone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
