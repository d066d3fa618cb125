/* link_rule.c - the windows of a rule against the life of a case. */
#include "consumers/runtime/link_rule.h"

#include <string.h>

int64_t link_us_between(int64_t a, int64_t b)
{
    int64_t difference;

    if (__builtin_sub_overflow(a, b, &difference))
        return a < b ? INT64_MIN : INT64_MAX;
    return difference;
}

int64_t link_time_us(int64_t occurred_us, int64_t recorded_us, bool *is_plausible)
{
    const int64_t minute_us = 60000000, day_us = 86400000000;
    int64_t ahead_us = link_us_between(occurred_us, recorded_us);

    *is_plausible = ahead_us >= -30 * day_us && ahead_us <= 10 * minute_us;
    return *is_plausible ? occurred_us : recorded_us;
}

static bool is_within(int64_t age_us, int64_t window_us)
{
    return window_us != LINK_NEVER && age_us <= window_us;
}

/* At most the window after the anchor, and as much before the first sighting: "one from before the first
 * sighting may join but moves no anchor". A reopened case has two firsts. */
static bool is_of_a_life(const struct link_rule *rule, const struct link_case *c,
                         int64_t us)
{
    if (!is_within(link_us_between(c->first_us, us), rule->merge_us))
        return false;
    if (rule->anchor_last)
        return is_within(link_us_between(us, c->last_us), rule->merge_us);
    if (is_within(link_us_between(us, c->first_us), rule->merge_us))
        return true;
    return c->reopened_us != LINK_NO_TIME
           && is_within(link_us_between(us, c->reopened_us), rule->merge_us)
           && is_within(link_us_between(c->reopened_us, us), rule->merge_us);
}

static int64_t anchor_of(const struct link_rule *rule, const struct link_case *c,
                         int64_t us)
{
    if (rule->anchor_last)
        return c->last_us;
    return c->reopened_us != LINK_NO_TIME && us >= c->reopened_us ? c->reopened_us
                                                                  : c->first_us;
}

static struct link_answer answer(enum link_fate fate, int64_t us, int64_t since_us)
{
    return (struct link_answer){fate, link_us_between(us, since_us), false};
}

static struct link_answer in_life(const struct link_rule *rule, const struct link_case *c,
                                  int64_t us, bool is_past)
{
    struct link_answer a = answer(is_of_a_life(rule, c, us) ? LINK_JOINS : LINK_APART, us,
                                  anchor_of(rule, c, us));

    a.is_past = is_past;
    return a;
}

static struct link_answer repeats(const struct link_rule *rule, const struct link_case *c,
                                  int64_t us, int64_t since_us)
{
    bool repeat =
        us >= c->first_us && is_within(link_us_between(us, since_us), rule->repeat_us);

    return answer(repeat ? LINK_REPEATS : LINK_APART, us, since_us);
}

/* An open case beyond its window has ended, as far as anybody saw, with its last sighting. */
static struct link_answer ask_open(const struct link_rule *rule,
                                   const struct link_case *c, int64_t us)
{
    struct link_answer a = in_life(rule, c, us, false);

    return a.fate == LINK_JOINS ? a : repeats(rule, c, us, c->last_us);
}

static int64_t first_known(int64_t a, int64_t b, int64_t c)
{
    return a != LINK_NO_TIME ? a : b != LINK_NO_TIME ? b : c;
}

static struct link_answer ask_closed(const struct link_rule *rule,
                                     const struct link_case *c, int64_t us)
{
    int64_t closed_us = first_known(c->closed_us, c->handled_us, c->last_us);

    if (us < first_known(c->handled_us, closed_us, closed_us))
        return in_life(rule, c, us, true);
    if (is_within(link_us_between(us, closed_us), rule->reopen_us))
        return answer(LINK_REOPENS, us, closed_us);
    return repeats(rule, c, us, closed_us);
}

static struct link_answer ask_dismissed(const struct link_rule *rule,
                                        const struct link_case *c, int64_t us)
{
    int64_t closed_us = first_known(c->closed_us, c->handled_us, c->last_us);
    bool mutes = !c->mute_lifted && c->muted < rule->mute_count;

    if (us < closed_us)
        return in_life(rule, c, us, true);
    mutes = mutes && is_within(link_us_between(us, closed_us), rule->mute_us);
    return answer(mutes ? LINK_IS_MUTED : LINK_APART, us, closed_us);
}

static bool is_other_round(const char *a, const char *b)
{
    return a && b && strcmp(a, b) != 0;
}

struct link_answer link_ask(const struct link_rule *rule, const struct link_case *head,
                            const char *round, int64_t us)
{
    if (head->life == LINK_CANCELLED || head->life == LINK_MERGED)
        return answer(LINK_APART, us, head->last_us);
    if (is_other_round(round, head->place.round))
        return repeats(rule, head, us,
                       first_known(head->closed_us, head->last_us, head->last_us));
    if (rule->ignore_status)
        return in_life(rule, head, us, false);
    switch (head->life) {
    case LINK_CLOSED: return ask_closed(rule, head, us);
    case LINK_DISMISSED: return ask_dismissed(rule, head, us);
    default: return ask_open(rule, head, us);
    }
}
