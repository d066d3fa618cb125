/* case_life.h - what an action makes of a case: a pure function. No database, no clock, no memory but the arena's; the
 * consumer of actions, the clock of gridloop-dispatch, linking, rebuild and the tests call the same.
 *
 * An action is looked at in this order; the first that holds decides:
 *
 *  1. a symbol that the daemon does not know            refused  unknown
 *  2. it names a report that belongs to another case    answered, whatever its version: 件件有回音
 *  3. there is no such case                             parked   no_case; unless a rule opens one, and its version is 1
 *  4. a drill's action on a real case, or the contrary  refused  other_test
 *  5. another kind of case                              refused  other_kind
 *  6. "case_version is the version that the case has after the action (a new case is 1, its first action says 2)":
 *     not above the case's                              refused  version_taken
 *     more than one above                               parked   version_ahead
 *  7. from_status, the step, to_status, the role        refused  other_state, illegal, other_goal, role
 *     where no steps were ever loaded                  parked   no_rules
 *  8. what the step needs (case_rules.h)                refused  ..._missing, same_actor
 *  9. a due time before the action itself               refused  due_before_start
 * 10. more often, or for longer, than the rule lets it  refused  too_often, too_long
 * 11. the case to merge into is not there yet           parked   no_head
 *     is this one, of the other world, or not open      refused  head_is_itself, other_test, head_not_open
 * 12. applied, with to_status and what the step is marked as.
 *
 * The time that counts is occurred_at, or, as in linking, recorded_at where that is not plausible ("outside
 * [recorded_at - 30 days, + 10 min]"): then the applied step has time_implausible.
 *
 * An order stands from the step marked dispatched on until one that is marked handled, and again from reworked on. Where
 * it ends otherwise - the case is returned, goes to another unit or is open no more - its unit is sent a RECALL.
 *
 * A limit runs from the dispatch; a suspension stops it (due_us is LINK_NO_TIME meanwhile), and what was left of it runs
 * from the resumption on. */
#ifndef GRIDLOOP_CASE_LIFE_H
#define GRIDLOOP_CASE_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/hash.h"
#include "consumers/runtime/case_order.h"
#include "consumers/runtime/case_rules.h"
#include "consumers/runtime/link_rule.h"

enum case_outcome { CASE_APPLIED, CASE_ANSWERED, CASE_PARKED, CASE_REFUSED };
const char *case_outcome_name(enum case_outcome outcome); /* "applied" */

/* All reasons there are: constant, and what stands in follow_up.case_step.reason. */
#define CASE_REASONS(X)                                                                  \
    X(CASE_TIME_IMPLAUSIBLE, "time_implausible") /* applied, with recorded_at */         \
    X(CASE_NO_CASE, "no_case")                   /* parked */                            \
    X(CASE_VERSION_AHEAD, "version_ahead")       /* parked */                            \
    X(CASE_NO_HEAD, "no_head")                   /* parked */                            \
    X(CASE_NO_RULES, "no_rules")                 /* parked */                            \
    X(CASE_UNKNOWN, "unknown")                   /* refused, from here on */             \
    X(CASE_OTHER_TEST, "other_test")                                                     \
    X(CASE_OTHER_KIND, "other_kind")                                                     \
    X(CASE_VERSION_TAKEN, "version_taken")                                               \
    X(CASE_OTHER_STATE, "other_state") /* from_status is not the case's state */         \
    X(CASE_ILLEGAL, "illegal")         /* no rule has this step */                       \
    X(CASE_OTHER_GOAL, "other_goal")   /* to_status is not where the step leads */       \
    X(CASE_ROLE, "role")                                                                 \
    X(CASE_PHOTO_MISSING, "photo_missing")                                               \
    X(CASE_REASON_MISSING, "reason_missing")                                             \
    X(CASE_APPROVER_MISSING, "approver_missing")                                         \
    X(CASE_TARGET_MISSING, "target_missing")                                             \
    X(CASE_LIMIT_MISSING, "limit_missing")                                               \
    X(CASE_DUE_MISSING, "due_missing")                                                   \
    X(CASE_MERGED_INTO_MISSING, "merged_into_missing")                                   \
    X(CASE_REPLY_MISSING, "reply_missing")                                               \
    X(CASE_POSITION_MISSING, "position_missing")                                         \
    X(CASE_SAME_ACTOR, "same_actor") /* who approved acted, who checks handled */        \
    X(CASE_DUE_BEFORE_START, "due_before_start")                                         \
    X(CASE_TOO_OFTEN, "too_often")                                                       \
    X(CASE_TOO_LONG, "too_long")                                                         \
    X(CASE_HEAD_IS_ITSELF, "head_is_itself")                                             \
    X(CASE_HEAD_NOT_OPEN, "head_not_open")                                               \
    X(CASE_NEVER_CAME, "case_never_came")      /* parked for 14 days */                  \
    X(CASE_STEP_NEVER_CAME, "step_never_came") /* the same, for the step before it */

enum case_reason {
    CASE_NO_REASON,
#define CASE_REASON_NUMBER(number, word) number,
    CASE_REASONS(CASE_REASON_NUMBER)
#undef CASE_REASON_NUMBER
};
const char *case_reason_word(enum case_reason reason); /* NULL for CASE_NO_REASON */

/* How often a case had a step with this action. */
struct case_tally {
    const char *action;
    int32_t times;
    struct case_tally *next;
};

/* A limit: a row of follow_up.time_limit. */
struct case_time_limit {
    const char *action; /* that set it */
    int type;           /* enum limit_type; -1: due_at was given as a time */
    int32_t value;
    int64_t starts_us;
    struct due due;
    int64_t sent_due_us;      /* LINK_NO_TIME: none, or the same */
    int32_t calendar_version; /* 0: it needed none */
};

/* A case as it stands. Texts are borrowed. Times are LINK_NO_TIME where there is none. */
struct case_life {
    uint8_t case_id[UUID_SIZE];
    bool is_test;
    const char *case_kind, *group;
    const char *state;              /* NULL: it is not there */
    int32_t version;                /* 0: it is not there */
    const char *unit;               /* responsible for the place; NULL: not known */
    uint8_t merged_into[UUID_SIZE]; /* all zero: into none */

    const char *order_unit; /* whose order stands; NULL: none does */
    const char *handler_unit, *handled_by, *state_before;
    int64_t reopened_us, dispatched_us, handled_us, answered_us, checked_us, closed_us;
    int64_t due_us, suspended_us, suspended_until_us;
    int32_t due_version;
    struct case_time_limit limit; /* that due_version set; if that is above 0 */
    int32_t reworked, returned, extended, suspended;
    bool was_sent, may_send, may_repeat;
    bool mute_lifted;
    int64_t muted;
    struct case_tally *tallies;
};

/* Nothing has happened to it yet: version 0, and it is not there. */
struct case_life case_life_begin(const uint8_t case_id[UUID_SIZE]);

/* One action, as it came. Texts are borrowed; NULL: not said. */
struct case_action {
    const char *case_kind, *action, *result, *from_state, *to_state;
    int32_t version;
    bool is_test;
    const char *role, *actor;
    const char *target_unit;
    const char *limit_type;
    int32_t limit_value;
    int64_t due_us; /* LINK_NO_TIME: not said */
    const char *reason, *approver, *reply_channel;
    bool has_photo, has_reply, has_position;
    const uint8_t *merged_into;
    int64_t occurred_us, recorded_us;
};

/* What an action is about. */
struct case_scene {
    struct case_life *life;       /* of the id that it names; version 0: not there */
    const struct case_life *head; /* of merged_into; NULL: not there */
    bool is_report; /* the id is that of a report that belongs to another case */
};

struct case_order {
    enum case_order_kind kind;
    const char *target_unit;
};

/* What becomes of it. */
struct case_result {
    enum case_outcome outcome;
    enum case_reason reason;
    int64_t at_us;          /* the time that counted */
    const char *from_state; /* NULL: it was not there */
    const char *to_state;   /* NULL: not applied */
    bool sets_limit;        /* as life->limit */
    struct case_order orders[2];
    size_t order_count;
};

/* One action. Applied: changes *scene->life; else it stays as it is. */
void case_life_take(const struct case_rules *rules, struct arena *arena,
                    const struct case_scene *scene, const struct case_action *action,
                    struct case_result *result);

/* What the platform does by itself: what linking decided, and the clock. Not asked of the rules but for the limit. */
enum case_platform_step {
    CASE_PLATFORM_DISPATCH, /* to a unit, with the limit of the group */
    CASE_PLATFORM_REOPEN,
    CASE_PLATFORM_CANCEL
};
const char *case_platform_action(enum case_platform_step step); /* "DISPATCH" */
/* rules may be NULL: then there is no limit. target_unit: of a dispatch. */
void case_life_platform(const struct case_rules *rules, struct arena *arena,
                        struct case_life *life, enum case_platform_step step,
                        const char *target_unit, int64_t at_us,
                        struct case_result *result);

/* ---- what follows from a step, as rows ---- */

/* A row of follow_up.time_limit. */
struct life_limit {
    int64_t link_seq;
    const uint8_t *case_id;
    int32_t case_version;
    struct case_time_limit limit;
};

/* Lists in an arena. */
struct life_rows {
    struct life_limit *limits;
    struct case_order_row *orders;
    size_t limit_count, order_count;
};

/* What an applied step brings with it; life as it is after it. */
void life_rows_add(struct life_rows *rows, struct arena *arena,
                   const struct case_life *life, const struct case_result *result,
                   int64_t link_seq);
void life_rows_add_order(struct life_rows *rows, struct arena *arena,
                         const struct case_life *life, int32_t version,
                         const struct case_order *order, const char *cause,
                         int64_t link_seq, int64_t at_us);

#endif
