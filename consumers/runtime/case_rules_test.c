/* case_rules_test.c - which row counts: the kind before any, the state before any open one, the result before every
 * result, and by date. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "consumers/runtime/case_rules.h"

static const int32_t versions[CASE_RULES_TABLES] = {1, 2, 3, 4, 5};

static struct case_transition leads(const char *kind, const char *from,
                                    const char *action, const char *result,
                                    const char *to)
{
    return (struct case_transition){kind,      from, action, result, to,
                                    "HANDLER", "",   "",     0,      0};
}

static void add(struct case_rules *rules, struct case_transition transition)
{
    struct err e;

    assert_int_equal(case_rules_add_transition(rules, CASE_ALWAYS, &transition, &e),
                     DONE);
}

static int open_rules(void **state)
{
    struct case_rules *rules = case_rules_new(versions);

    case_rules_add_state(rules, CASE_ALWAYS, "OPEN",
                         (struct case_state){.is_open = true});
    case_rules_add_state(rules, CASE_ALWAYS, "SHUT",
                         (struct case_state){.is_terminal = true});
    add(rules, leads("*", "*", "CANCEL", "", "ANY_OPEN"));
    add(rules, leads("*", "OPEN", "CHECK", "PASS", "PASSED"));
    add(rules, leads("*", "OPEN", "CHECK", "", "CHECKED"));
    add(rules, leads("*", "*", "CHECK", "FAIL", "FAILED"));
    add(rules, leads("LOST", "*", "CHECK", "UNABLE", "="));
    add(rules, leads("LOST", "", "FILE", "", "OPEN"));
    *state = rules;
    return 0;
}

static int close_rules(void **state)
{
    case_rules_free(*state);
    return 0;
}

static const char *to(void **state, const char *kind, const char *from,
                      const char *action, const char *result)
{
    const struct case_rule *rule = case_rules_step(*state, kind, from, action, result, 0);

    return !rule ? "illegal" : rule->to_state ? rule->to_state : "same";
}

static void test_the_row_that_counts(void **state)
{
    assert_string_equal(to(state, "DRONE", "OPEN", "CHECK", "PASS"), "PASSED");
    assert_string_equal(to(state, "DRONE", "OPEN", "CHECK", "UNABLE"), "CHECKED");
    assert_string_equal(to(state, "DRONE", "OPEN", "CHECK", NULL), "CHECKED");
    /* The state's own rows take FAIL away from those of any open state, the kind's own take PASS away from all. */
    assert_string_equal(to(state, "DRONE", "OPEN", "CHECK", "FAIL"), "CHECKED");
    assert_string_equal(to(state, "LOST", "OPEN", "CHECK", "UNABLE"), "same");
    assert_string_equal(to(state, "LOST", "OPEN", "CHECK", "PASS"), "illegal");
    assert_string_equal(to(state, "LOST", "OPEN", "CANCEL", NULL), "ANY_OPEN");
    assert_string_equal(to(state, "DRONE", "OPEN", "CLOSE", NULL), "illegal");
}

static void test_what_is_not_open(void **state)
{
    assert_string_equal(to(state, "DRONE", "SHUT", "CANCEL", NULL), "illegal");
    assert_string_equal(to(state, "DRONE", "UNHEARD_OF", "CANCEL", NULL), "illegal");
    assert_string_equal(to(state, "DRONE", NULL, "CANCEL", NULL), "illegal");
    assert_string_equal(to(state, "LOST", NULL, "FILE", NULL), "OPEN");
    assert_string_equal(to(state, "LOST", "OPEN", "FILE", NULL), "illegal");
    assert_string_equal(to(state, "DRONE", NULL, "FILE", NULL), "illegal");
    assert_null(case_rules_state(*state, "UNHEARD_OF", 0));
    assert_true(case_rules_state(*state, "SHUT", 0)->is_terminal);
}

static void test_dates(void **state)
{
    struct case_rules *rules = case_rules_new(versions);
    struct case_transition old = leads("*", "A", "CLOSE", "", "OLD");
    struct case_transition new = leads("*", "A", "CLOSE", "", "NEW");
    struct err e;

    (void)state;
    /* In any order. */
    assert_false(
        case_rules_add_transition(rules, (struct case_dates){100, INT64_MAX}, &new, &e));
    assert_false(
        case_rules_add_transition(rules, (struct case_dates){50, 100}, &old, &e));
    assert_null(case_rules_step(rules, "K", "A", "CLOSE", NULL, 49));
    assert_string_equal(case_rules_step(rules, "K", "A", "CLOSE", NULL, 99)->to_state,
                        "OLD");
    assert_string_equal(case_rules_step(rules, "K", "A", "CLOSE", NULL, 100)->to_state,
                        "NEW");
    case_rules_free(rules);
}

static void test_words(void **state)
{
    struct case_transition transition = leads("*", "OPEN", "EXTEND", "", "<");
    const struct case_rule *rule;

    transition.needs = "photo position other_actor";
    transition.marks = "filed exempted";
    transition.roles = "LEADER platform";
    transition.at_most = 2;
    add(*state, transition);
    rule = case_rules_step(*state, "K", "OPEN", "EXTEND", NULL, 0);
    assert_int_equal(rule->goal, CASE_GOES_BACK);
    assert_int_equal(rule->needs,
                     CASE_NEEDS_PHOTO | CASE_NEEDS_POSITION | CASE_NEEDS_OTHER_ACTOR);
    assert_int_equal(rule->marks, CASE_MARKS_FILED | CASE_MARKS_EXEMPTED);
    assert_int_equal(rule->at_most, 2);
    assert_true(rule->by_platform);
    assert_true(case_rule_admits(rule, "LEADER"));
    assert_false(case_rule_admits(rule, "platform"));
    assert_false(case_rule_admits(rule, "LEAD"));
    assert_false(case_rule_admits(rule, "LEADER platform"));
    rule = case_rules_step(*state, "K", "OPEN", "CANCEL", NULL, 0);
    assert_false(rule->by_platform);
    assert_int_equal(case_need_find("reply", 5), CASE_NEEDS_REPLY);
    assert_int_equal(case_mark_find("unmuted", 7), CASE_MARKS_UNMUTED);
    assert_int_equal(case_mark_find("", 0), 0);
}

static void test_anybody_but_the_platform(void **state)
{
    struct case_transition transition = leads("*", "OPEN", "APPEAL", "", "=");
    const struct case_rule *rule;

    transition.roles = "*";
    add(*state, transition);
    rule = case_rules_step(*state, "K", "OPEN", "APPEAL", NULL, 0);
    assert_int_equal(rule->goal, CASE_STAYS);
    assert_true(case_rule_admits(rule, "WHOEVER"));
    assert_false(case_rule_admits(rule, "platform"));
    assert_false(rule->by_platform);
}

static void test_words_that_are_not_known(void **state)
{
    struct case_transition transition = leads("*", "A", "CLOSE", "", "B");
    struct err e;

    transition.needs = "photo foto";
    assert_int_equal(case_rules_add_transition(*state, CASE_ALWAYS, &transition, &e),
                     FATAL);
    assert_int_equal(e.exit_code, EX_CONFIG);
    assert_non_null(strstr(e.message, "\"foto\""));
    assert_null(case_rules_step(*state, "K", "A", "CLOSE", NULL, 0));
    assert_int_equal(case_rules_add_limit(*state, CASE_ALWAYS, "G", "FORTNIGHT", 1, &e),
                     FATAL);
}

static void test_limits(void **state)
{
    struct err e;

    assert_null(case_rules_limit(*state, "SOIL", 0));
    assert_false(case_rules_add_limit(*state, CASE_ALWAYS, "*", "WORK_DAY", 5, &e));
    assert_false(case_rules_add_limit(*state, CASE_ALWAYS, "FIRE", "URGENT_HOUR", 2, &e));
    assert_int_equal(case_rules_limit(*state, "SOIL", 0)->value, 5);
    assert_int_equal(case_rules_limit(*state, "FIRE", 0)->type, LIMIT_URGENT_HOUR);
    assert_int_equal(case_rules_limit(*state, "FIRE", 0)->value, 2);
    assert_null(case_rules_calendar(*state));
    assert_memory_equal(case_rules_versions(*state), versions, sizeof versions);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rules, close_rules)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_row_that_counts),
        TEST(test_what_is_not_open),
        TEST(test_dates),
        TEST(test_words),
        TEST(test_anybody_but_the_platform),
        TEST(test_words_that_are_not_known),
        TEST(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
