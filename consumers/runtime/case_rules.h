/* case_rules.h - what may happen in the life of a case, in memory: its states, the legal steps between them, the limits
 * that the platform sets by itself, and the work calendar.
 *
 * Each table is of its newest load, and in it the row counts that is valid at the moment asked for; the calendar alone
 * has no dates, for its rows are days. Texts are those of the tables and the contract ("DISPATCHED", "CHECK", "PASS");
 * what is handed out is borrowed until the rules are freed. */
#ifndef GRIDLOOP_CASE_RULES_H
#define GRIDLOOP_CASE_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/pg.h"
#include "consumers/runtime/work_calendar.h"

struct case_rules; /* opaque */

enum case_rules_table {
    CASE_RULES_STATE,
    CASE_RULES_TRANSITION,
    CASE_RULES_LIMIT,
    CASE_RULES_CALENDAR,
    CASE_RULES_TIME_ZONE, /* what the calendar's days and hours are reckoned in */
    CASE_RULES_TABLES
};

/* Reads all of it; version 0: nothing was ever loaded. NULL: *e is RETRY or FATAL (78: a row cannot be read, which a
 * load would have refused). */
struct case_rules *
case_rules_read(struct pg *pg, const int32_t versions[CASE_RULES_TABLES], struct err *e);
/* As they were when that load was the newest: reference_newest(). */
struct case_rules *case_rules_read_as_of(struct pg *pg, int32_t newest, struct err *e);
void case_rules_free(struct case_rules *rules); /* NULL is fine */
const int32_t *case_rules_versions(const struct case_rules *rules);

/* ---- states ---- */

struct case_state {
    bool is_open;            /* somebody has to do something */
    bool counts_as_answered; /* who reported it has had an answer once it is there */
    bool
        is_terminal; /* it may stay there for good, though a step may lead out again (CLOSED, reopened) */
};

/* NULL: there is no such state. */
const struct case_state *case_rules_state(const struct case_rules *rules,
                                          const char *state, int64_t at_us);

/* ---- steps ---- */

/* What a step must carry, of case_action's fields. Asked of people, not of the platform. */
enum case_need {
    CASE_NEEDS_PHOTO = 1 << 0,       /* object_key, or one in photos */
    CASE_NEEDS_REASON = 1 << 1,      /* reason_code */
    CASE_NEEDS_APPROVER = 1 << 2,    /* approved_by_ref, another than actor_ref */
    CASE_NEEDS_TARGET = 1 << 3,      /* target_unit_code */
    CASE_NEEDS_LIMIT = 1 << 4,       /* limit_type and limit_value */
    CASE_NEEDS_DUE = 1 << 5,         /* due_at */
    CASE_NEEDS_MERGED_INTO = 1 << 6, /* merged_into_case_id */
    CASE_NEEDS_REPLY = 1 << 7,       /* reply_channel and reply_digest */
    CASE_NEEDS_OTHER_ACTOR =
        1 << 8, /* actor_ref, another than of the last step marked handled */
    CASE_NEEDS_POSITION = 1 << 9 /* action_lon and action_lat */
};

/* What a step means, whatever it is called. */
enum case_mark {
    CASE_MARKS_FILED = 1 << 0,
    CASE_MARKS_DISPATCHED = 1 << 1, /* the target unit has to act: an order goes out */
    CASE_MARKS_ACCEPTED = 1 << 2,
    CASE_MARKS_HANDLED = 1 << 3,  /* the handler says that it is put right: handled_at */
    CASE_MARKS_ANSWERED = 1 << 4, /* who reported it has an answer: feedback_at */
    CASE_MARKS_CHECKED = 1 << 5,  /* somebody else confirmed: checked_at */
    CASE_MARKS_CLOSED = 1 << 6,   /* closed, or found to be nothing: closed_at */
    CASE_MARKS_REWORKED = 1 << 7,
    CASE_MARKS_RETURNED = 1 << 8,
    CASE_MARKS_EXTENDED = 1 << 9,
    CASE_MARKS_SUSPENDED = 1 << 10,
    CASE_MARKS_RESUMED = 1 << 11,
    CASE_MARKS_REOPENED = 1 << 12,
    CASE_MARKS_CANCELLED = 1 << 13,
    CASE_MARKS_UNMUTED = 1 << 14, /* a person asked: the next sighting is a case again */
    CASE_MARKS_EXEMPTED = 1 << 15 /* an appeal was granted: overdue, but not counted so */
};

/* By its word in the table; 0: there is no such word. The words, one space between two, for who has to list them. */
uint32_t case_need_find(const char *word, size_t size);
uint32_t case_mark_find(const char *word, size_t size);
const char *case_need_words(void);
const char *case_mark_words(void);

enum case_goal {
    CASE_GOES_TO,  /* to_state */
    CASE_STAYS,    /* "=" */
    CASE_GOES_BACK /* "<": the state before the suspension */
};

/* One legal step. */
struct case_rule {
    enum case_goal goal;
    const char *to_state; /* of CASE_GOES_TO; else NULL */
    const char *roles;    /* as in the table: for messages */
    bool by_platform;     /* the platform may do it by itself */
    uint32_t needs, marks;
    int32_t
        at_most; /* so often in one case, counting all its steps with this action; 0: no bound */
    int32_t most_days; /* the longest time it may ask for; 0: no bound */
};

/* The rule for an action in a state; NULL: it is not legal there. state NULL: there is no case yet, and the action
 * opens it. result NULL: the action has none. Of the rows for the action, those count that are
 *   1. of the kind and the state,   2. of the kind and any open state ("*"),
 *   3. of any kind ("*") and the state,   4. of any kind and any open state
 * the first of these that has a row at all, whatever its result; among its rows, the one of the result before the one
 * that takes every result. */
const struct case_rule *case_rules_step(const struct case_rules *rules, const char *kind,
                                        const char *state, const char *action,
                                        const char *result, int64_t at_us);

/* Whether somebody of that role may do it. Nobody may call himself "platform". */
bool case_rule_admits(const struct case_rule *rule, const char *role);

/* ---- limits ---- */

struct case_limit {
    enum limit_type type;
    int32_t value;
};

/* What the platform sets when it dispatches by itself: of the dedup group, else of all ("*"). NULL: nothing is said. */
const struct case_limit *case_rules_limit(const struct case_rules *rules,
                                          const char *dedup_group, int64_t at_us);

/* NULL: none was ever loaded; the functions of work_calendar.h take that. */
const struct work_calendar *case_rules_calendar(const struct case_rules *rules);

/* ---- building ---- */

/* What case_rules_read() does row by row, and tests without a server. Rows may come in any order. Texts are copied.
 * FATAL 78: a word, limit type or text that is not known; the row is not added. */
struct case_rules *case_rules_new(const int32_t versions[CASE_RULES_TABLES]);

struct case_dates {
    int64_t valid_from_us, valid_to_us;
};
#define CASE_ALWAYS ((struct case_dates){INT64_MIN, INT64_MAX})

void case_rules_add_state(struct case_rules *rules, struct case_dates dates,
                          const char *state, struct case_state facts);

/* As in the table; from "": no case yet, "*": any open state. at_most and most_days 0: no bound. */
struct case_transition {
    const char *case_kind, *from_state, *action, *result, *to_state, *roles, *needs,
        *marks;
    int32_t at_most, most_days;
};
enum outcome case_rules_add_transition(struct case_rules *rules, struct case_dates dates,
                                       const struct case_transition *transition,
                                       struct err *e);
enum outcome case_rules_add_limit(struct case_rules *rules, struct case_dates dates,
                                  const char *dedup_group, const char *limit_type,
                                  int32_t value, struct err *e);

/* Owned by the rules from here on; one that was there before is freed. */
void case_rules_give_calendar(struct case_rules *rules, struct work_calendar *calendar);

#endif
