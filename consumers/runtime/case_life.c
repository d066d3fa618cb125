/* case_life.c - what an action needs, where it leads, and what its marks leave in the case. */
#include "consumers/runtime/case_life.h"

#include <string.h>

static const int64_t day_us = 86400000000;

/* An action and what was found out about it. */
struct turn {
    const struct case_rules *rules;
    struct arena *arena;
    const struct case_scene *scene;
    const struct case_action *action;
    const struct case_rule *rule;
    struct case_result *result;
    int64_t at_us;
};

/* ---- names ---- */

const char *case_outcome_name(enum case_outcome outcome)
{
    static const char *const names[] = {[CASE_APPLIED] = "applied",
                                        [CASE_ANSWERED] = "answered",
                                        [CASE_PARKED] = "parked",
                                        [CASE_REFUSED] = "refused"};

    return names[outcome];
}

const char *case_reason_word(enum case_reason reason)
{
    static const char *const words[] = {[CASE_NO_REASON] = NULL,
#define CASE_REASON_WORD(number, word) [number] = word,
                                        CASE_REASONS(CASE_REASON_WORD)
#undef CASE_REASON_WORD
    };

    return words[reason];
}

struct case_life case_life_begin(const uint8_t case_id[UUID_SIZE])
{
    struct case_life life = {.reopened_us = LINK_NO_TIME,
                             .dispatched_us = LINK_NO_TIME,
                             .handled_us = LINK_NO_TIME,
                             .answered_us = LINK_NO_TIME,
                             .checked_us = LINK_NO_TIME,
                             .closed_us = LINK_NO_TIME,
                             .due_us = LINK_NO_TIME,
                             .suspended_us = LINK_NO_TIME,
                             .suspended_until_us = LINK_NO_TIME};

    memcpy(life.case_id, case_id, UUID_SIZE);
    return life;
}

/* ---- what stands in its way: each is asked what it has against the action ---- */

static bool is_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static enum case_reason against_symbols(const struct turn *t)
{
    const struct case_action *a = t->action;

    return is_same(a->case_kind, "UNKNOWN") || is_same(a->action, "UNKNOWN")
                   || is_same(a->result, "UNKNOWN") || is_same(a->limit_type, "UNKNOWN")
                   || is_same(a->reply_channel, "UNKNOWN")
               ? CASE_UNKNOWN
               : CASE_NO_REASON;
}

/* An opening action is looked for like any other, from the state that is none. */
static enum case_reason against_presence(const struct turn *t)
{
    const struct case_action *a = t->action;

    if (t->scene->life->state
        || (a->version == 1
            && case_rules_step(t->rules, a->case_kind, NULL, a->action, a->result,
                               t->at_us)))
        return CASE_NO_REASON;
    return CASE_NO_CASE;
}

static enum case_reason against_identity(const struct turn *t)
{
    const struct case_life *life = t->scene->life;
    const struct case_action *a = t->action;

    if (!life->state)
        return CASE_NO_REASON;
    if (a->is_test != life->is_test)
        return CASE_OTHER_TEST;
    return is_same(a->case_kind, life->case_kind) ? CASE_NO_REASON : CASE_OTHER_KIND;
}

static enum case_reason against_version(const struct turn *t)
{
    int32_t version = t->scene->life->version;

    if (t->action->version <= version)
        return CASE_VERSION_TAKEN;
    return t->action->version - version > 1 ? CASE_VERSION_AHEAD : CASE_NO_REASON;
}

static const char *goal(const struct turn *t)
{
    switch (t->rule->goal) {
    case CASE_STAYS: return t->scene->life->state;
    case CASE_GOES_BACK: return t->scene->life->state_before;
    case CASE_GOES_TO: break;
    }
    return t->rule->to_state;
}

static enum case_reason against_step(const struct turn *t)
{
    const struct case_life *life = t->scene->life;
    const struct case_action *a = t->action;

    if (life->state && !is_same(a->from_state, life->state))
        return CASE_OTHER_STATE;
    if (case_rules_versions(t->rules)[CASE_RULES_TRANSITION] == 0)
        return CASE_NO_RULES;
    if (!t->rule || !goal(t))
        return CASE_ILLEGAL;
    if (!is_same(a->to_state, goal(t)))
        return CASE_OTHER_GOAL;
    return case_rule_admits(t->rule, a->role) && !is_same(a->actor, "platform")
               ? CASE_NO_REASON
               : CASE_ROLE;
}

static bool is_merged(const struct turn *t)
{
    return is_same(goal(t), "MERGED");
}

static enum case_reason against_needs(const struct turn *t)
{
    const struct case_action *a = t->action;
    const struct {
        enum case_need need;
        bool is_met;
        enum case_reason reason;
    } needs[] = {
        {CASE_NEEDS_PHOTO, a->has_photo, CASE_PHOTO_MISSING},
        {CASE_NEEDS_REASON, a->reason, CASE_REASON_MISSING},
        {CASE_NEEDS_APPROVER, a->approver, CASE_APPROVER_MISSING},
        {CASE_NEEDS_APPROVER, !is_same(a->approver, a->actor), CASE_SAME_ACTOR},
        {CASE_NEEDS_TARGET, a->target_unit, CASE_TARGET_MISSING},
        {CASE_NEEDS_LIMIT, a->limit_type, CASE_LIMIT_MISSING},
        {CASE_NEEDS_DUE, a->due_us != LINK_NO_TIME, CASE_DUE_MISSING},
        {CASE_NEEDS_REPLY, a->has_reply, CASE_REPLY_MISSING},
        {CASE_NEEDS_POSITION, a->has_position, CASE_POSITION_MISSING},
        {CASE_NEEDS_OTHER_ACTOR, !is_same(a->actor, t->scene->life->handled_by),
         CASE_SAME_ACTOR},
    };

    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if ((t->rule->needs & needs[i].need) && !needs[i].is_met)
            return needs[i].reason;
    /* What is marked as dispatched needs somebody, whatever the rule says. */
    if ((t->rule->marks & CASE_MARKS_DISPATCHED) && !a->target_unit)
        return CASE_TARGET_MISSING;
    return CASE_NO_REASON;
}

static struct case_tally *tally_of(const struct case_life *life, const char *action)
{
    struct case_tally *tally = life->tallies;

    while (tally && strcmp(tally->action, action) != 0)
        tally = tally->next;
    return tally;
}

static int32_t times(const struct turn *t)
{
    const struct case_tally *tally = tally_of(t->scene->life, t->action->action);

    return tally ? tally->times : 0;
}

static enum case_reason against_bounds(const struct turn *t)
{
    const struct case_rule *rule = t->rule;
    int64_t due_us = t->action->due_us;

    if (due_us != LINK_NO_TIME && due_us < t->at_us)
        return CASE_DUE_BEFORE_START;
    if (rule->at_most > 0 && times(t) >= rule->at_most)
        return CASE_TOO_OFTEN;
    return rule->most_days > 0 && due_us != LINK_NO_TIME
                   && link_us_between(due_us, t->at_us) > rule->most_days * day_us
               ? CASE_TOO_LONG
               : CASE_NO_REASON;
}

static enum case_reason against_head(const struct turn *t)
{
    const struct case_life *head = t->scene->head;
    const struct case_action *a = t->action;
    const struct case_state *state;

    if (!is_merged(t) && !(t->rule->needs & CASE_NEEDS_MERGED_INTO))
        return CASE_NO_REASON;
    if (!a->merged_into)
        return CASE_MERGED_INTO_MISSING;
    if (memcmp(a->merged_into, t->scene->life->case_id, UUID_SIZE) == 0)
        return CASE_HEAD_IS_ITSELF;
    if (!head || !head->state)
        return CASE_NO_HEAD;
    if (head->is_test != a->is_test)
        return CASE_OTHER_TEST;
    state = case_rules_state(t->rules, head->state, t->at_us);
    return state && state->is_open ? CASE_NO_REASON : CASE_HEAD_NOT_OPEN;
}

static enum case_outcome outcome_of(enum case_reason reason)
{
    switch (reason) {
    case CASE_NO_REASON: return CASE_APPLIED;
    case CASE_NO_CASE:
    case CASE_VERSION_AHEAD:
    case CASE_NO_HEAD:
    case CASE_NO_RULES: return CASE_PARKED;
    default: return CASE_REFUSED;
    }
}

static enum case_reason against(struct turn *t)
{
    static enum case_reason (*const checks[])(const struct turn *) = {
        against_presence, against_identity, against_version, against_step,
        against_needs,    against_bounds,   against_head,
    };
    const struct case_action *a = t->action;
    enum case_reason reason = CASE_NO_REASON;

    t->rule = case_rules_step(t->rules, a->case_kind, t->scene->life->state, a->action,
                              a->result, t->at_us);
    for (size_t i = 0; !reason && i < sizeof checks / sizeof *checks; i++)
        reason = checks[i](t);
    return reason;
}

/* ---- what it leaves in the case ---- */

/* A case moves, whoever moves it. */
struct move {
    const struct case_rules *rules;
    struct arena *arena;
    const char *action, *to_state;
    uint32_t marks;
    const char *actor, *target_unit;
    const struct case_limit *limit; /* NULL: none was named */
    int64_t sent_due_us;            /* LINK_NO_TIME: none */
    int64_t at_us;
};

static void order(struct case_result *result, enum case_order_kind kind, const char *unit)
{
    result->orders[result->order_count++] = (struct case_order){kind, unit};
}

static void recall(struct case_life *life, struct case_result *result)
{
    if (life->order_unit)
        order(result, CASE_RECALL, life->order_unit);
    life->order_unit = NULL;
}

static void set_limit(const struct move *m, struct case_life *life,
                      struct case_result *result, const struct case_time_limit *limit)
{
    life->limit = *limit;
    life->limit.action = m->action;
    life->limit.starts_us = m->at_us;
    life->due_version = life->version;
    life->due_us = limit->due.reason || life->suspended_us != LINK_NO_TIME
                       ? LINK_NO_TIME
                       : limit->due.at_us;
    result->sets_limit = true;
}

static struct case_time_limit until_sent_time(const struct move *m)
{
    return (struct case_time_limit){
        .type = -1, .due = {m->sent_due_us, NULL}, .sent_due_us = LINK_NO_TIME};
}

static int32_t calendar_of(const struct move *m, enum limit_type type)
{
    return type == LIMIT_URGENT_HOUR ? 0
                                     : case_rules_versions(m->rules)[CASE_RULES_CALENDAR];
}

/* As its length says, or else as the sender reckoned. */
static void limit_from_now(const struct move *m, struct case_life *life,
                           struct case_result *result)
{
    struct case_time_limit limit = until_sent_time(m);

    if (m->limit) {
        limit.type = (int)m->limit->type;
        limit.value = m->limit->value;
        limit.due = work_due(case_rules_calendar(m->rules), m->limit->type,
                             m->limit->value, m->at_us);
        limit.calendar_version = calendar_of(m, m->limit->type);
        if (limit.due.reason || limit.due.at_us != m->sent_due_us)
            limit.sent_due_us = m->sent_due_us;
    } else if (m->sent_due_us == LINK_NO_TIME) {
        return;
    }
    set_limit(m, life, result, &limit);
}

static void no_limit(struct case_life *life)
{
    life->due_us = LINK_NO_TIME;
    life->due_version = 0;
}

static void dispatch(const struct move *m, struct case_life *life,
                     struct case_result *result)
{
    if (life->order_unit && strcmp(life->order_unit, m->target_unit) != 0)
        recall(life, result);
    life->dispatched_us = m->at_us;
    life->handler_unit = life->order_unit = m->target_unit;
    life->was_sent = true;
    no_limit(life);
    limit_from_now(m, life, result);
    order(result, CASE_DISPATCH, m->target_unit);
}

static void extend(const struct move *m, struct case_life *life,
                   struct case_result *result)
{
    const struct case_time_limit limit = until_sent_time(m);

    life->extended++;
    if (m->sent_due_us != LINK_NO_TIME)
        set_limit(m, life, result, &limit);
}

static void suspend(const struct move *m, struct case_life *life)
{
    if (life->suspended_us != LINK_NO_TIME)
        return;
    life->suspended++;
    life->suspended_us = m->at_us;
    life->suspended_until_us = m->sent_due_us;
    life->state_before = life->state;
    life->due_us = LINK_NO_TIME;
}

/* A limit that was given as a time is taken as office time. */
static void resume(const struct move *m, struct case_life *life,
                   struct case_result *result)
{
    struct case_time_limit limit = life->limit;
    int64_t suspended_us = life->suspended_us;
    enum limit_type type = limit.type < 0 ? LIMIT_WORK_HOUR : (enum limit_type)limit.type;

    life->suspended_us = life->suspended_until_us = LINK_NO_TIME;
    life->state_before = NULL;
    if (suspended_us == LINK_NO_TIME || life->due_version == 0)
        return;
    limit.sent_due_us = LINK_NO_TIME;
    limit.calendar_version = 0;
    if (!limit.due.reason) {
        limit.due = work_due_resumed(case_rules_calendar(m->rules), type, limit.due.at_us,
                                     suspended_us, m->at_us);
        limit.calendar_version = calendar_of(m, type);
    }
    set_limit(m, life, result, &limit);
}

static void reopen(const struct move *m, struct case_life *life)
{
    life->reopened_us = m->at_us;
    no_limit(life);
}

static void handle(const struct move *m, struct case_life *life)
{
    life->handled_us = m->at_us;
    life->handled_by = m->actor;
    life->order_unit = NULL;
}

static void close_case(const struct move *m, struct case_life *life)
{
    life->closed_us = m->at_us;
    life->muted = 0;
    life->mute_lifted = false;
}

static void rework(struct case_life *life)
{
    life->reworked++;
    life->order_unit = life->handler_unit;
}

static void leave_marks(const struct move *m, struct case_life *life,
                        struct case_result *result)
{
    if (m->marks & CASE_MARKS_HANDLED)
        handle(m, life);
    if ((m->marks & CASE_MARKS_ANSWERED) && life->answered_us == LINK_NO_TIME)
        life->answered_us = m->at_us;
    if (m->marks & CASE_MARKS_CHECKED)
        life->checked_us = m->at_us;
    if (m->marks & CASE_MARKS_CLOSED)
        close_case(m, life);
    if (m->marks & CASE_MARKS_REWORKED)
        rework(life);
    if (m->marks & CASE_MARKS_RETURNED) {
        life->returned++;
        recall(life, result);
    }
    if (m->marks & CASE_MARKS_REOPENED)
        reopen(m, life);
    if (m->marks & CASE_MARKS_UNMUTED)
        life->mute_lifted = true;
    if (m->marks & CASE_MARKS_RESUMED)
        resume(m, life, result);
    if (m->marks & CASE_MARKS_EXTENDED)
        extend(m, life, result);
    if (m->marks & CASE_MARKS_SUSPENDED)
        suspend(m, life);
    if (m->marks & CASE_MARKS_DISPATCHED)
        dispatch(m, life, result);
}

static void count(const struct move *m, struct case_life *life)
{
    struct case_tally *tally = tally_of(life, m->action);

    if (!tally) {
        tally = arena_take(m->arena, sizeof *tally);
        *tally = (struct case_tally){m->action, 0, life->tallies};
        life->tallies = tally;
    }
    tally->times++;
}

/* A suspended case that leaves otherwise than by being resumed is suspended no more. */
static void leave_suspension(const struct move *m, struct case_life *life)
{
    if (strcmp(m->to_state, life->state) == 0 || (m->marks & CASE_MARKS_SUSPENDED))
        return;
    life->suspended_us = life->suspended_until_us = LINK_NO_TIME;
    life->state_before = NULL;
}

static bool is_open(const struct move *m)
{
    const struct case_state *state =
        m->rules ? case_rules_state(m->rules, m->to_state, m->at_us) : NULL;

    return !state || state->is_open;
}

static void move(const struct move *m, struct case_life *life, struct case_result *result)
{
    *result = (struct case_result){.outcome = CASE_APPLIED,
                                   .at_us = m->at_us,
                                   .from_state = life->state,
                                   .to_state = m->to_state};
    life->version++;
    leave_marks(m, life, result);
    leave_suspension(m, life);
    life->state = m->to_state;
    if (!is_open(m))
        recall(life, result);
    count(m, life);
}

/* ---- an action ---- */

static void open_life(const struct case_action *a, struct case_life *life)
{
    life->case_kind = life->group = a->case_kind;
    life->is_test = a->is_test;
    life->unit = a->target_unit;
    life->state = "";
}

static void apply(const struct turn *t)
{
    const struct case_action *a = t->action;
    int type = a->limit_type ? limit_type_find(a->limit_type) : -1;
    const struct case_limit limit = {(enum limit_type)(type < 0 ? 0 : type),
                                     a->limit_value};
    const struct move m = {
        .rules = t->rules,
        .arena = t->arena,
        .action = a->action,
        .to_state = goal(t),
        .marks = t->rule->marks,
        .actor = a->actor,
        .target_unit = a->target_unit,
        .limit = type < 0 ? NULL : &limit,
        .sent_due_us = a->due_us,
        .at_us = t->at_us,
    };
    struct case_life *life = t->scene->life;

    if (!life->state)
        open_life(a, life);
    memset(life->merged_into, 0, UUID_SIZE);
    if (is_merged(t))
        memcpy(life->merged_into, a->merged_into, UUID_SIZE);
    move(&m, life, t->result);
}

void case_life_take(const struct case_rules *rules, struct arena *arena,
                    const struct case_scene *scene, const struct case_action *action,
                    struct case_result *result)
{
    struct turn t = {rules, arena, scene, action, NULL, result, 0};
    bool is_plausible;
    enum case_reason reason;

    t.at_us = link_time_us(action->occurred_us, action->recorded_us, &is_plausible);
    *result = (struct case_result){.at_us = t.at_us, .from_state = scene->life->state};
    reason = against_symbols(&t);
    if (!reason && scene->is_report) {
        result->outcome = CASE_ANSWERED;
        return;
    }
    if (!reason)
        reason = against(&t);
    result->outcome = outcome_of(reason);
    if (!reason)
        apply(&t);
    result->reason = reason || is_plausible ? reason : CASE_TIME_IMPLAUSIBLE;
}

/* ---- the platform ---- */

static const struct {
    const char *action, *to_state;
    uint32_t marks;
} platform_steps[] = {
    [CASE_PLATFORM_DISPATCH] = {"DISPATCH", "DISPATCHED", CASE_MARKS_DISPATCHED},
    [CASE_PLATFORM_REOPEN] = {"REOPEN", "REOPENED", CASE_MARKS_REOPENED},
    [CASE_PLATFORM_CANCEL] = {"CANCEL", "CANCELLED", CASE_MARKS_CANCELLED},
};

const char *case_platform_action(enum case_platform_step step)
{
    return platform_steps[step].action;
}

void case_life_platform(const struct case_rules *rules, struct arena *arena,
                        struct case_life *life, enum case_platform_step step,
                        const char *target_unit, int64_t at_us,
                        struct case_result *result)
{
    const struct move m = {
        .rules = rules,
        .arena = arena,
        .action = platform_steps[step].action,
        .to_state = platform_steps[step].to_state,
        .marks = platform_steps[step].marks,
        .target_unit = target_unit,
        .limit = rules ? case_rules_limit(rules, life->group, at_us) : NULL,
        .sent_due_us = LINK_NO_TIME,
        .at_us = at_us,
    };

    move(&m, life, result);
}

/* ---- rows ---- */

void life_rows_add_order(struct life_rows *rows, struct arena *arena,
                         const struct case_life *life, int32_t version,
                         const struct case_order *order, const char *cause,
                         int64_t link_seq, int64_t at_us)
{
    bool is_over = order->kind == CASE_RECALL;
    bool has_length = life->due_version > 0 && life->limit.type >= 0 && !is_over;
    struct case_order_row *row;

    rows->orders =
        arena_grow(arena, rows->orders, rows->order_count, sizeof *rows->orders);
    row = &rows->orders[rows->order_count++];
    *row = (struct case_order_row){
        .case_id = life->case_id,
        .case_version = version,
        .kind = order->kind,
        .cause = cause,
        .link_seq = link_seq,
        .target_unit = order->target_unit,
        .due_us = is_over ? LINK_NO_TIME : life->due_us,
        .limit_type =
            has_length ? limit_type_name((enum limit_type)life->limit.type) : NULL,
        .limit_value = life->limit.value,
        .is_test = life->is_test,
        .decided_us = at_us,
    };
    case_order_id(row->order_id, row->case_id, version, row->kind, cause);
}

void life_rows_add(struct life_rows *rows, struct arena *arena,
                   const struct case_life *life, const struct case_result *result,
                   int64_t link_seq)
{
    if (result->sets_limit) {
        rows->limits =
            arena_grow(arena, rows->limits, rows->limit_count, sizeof *rows->limits);
        rows->limits[rows->limit_count++] =
            (struct life_limit){link_seq, life->case_id, life->version, life->limit};
    }
    for (size_t i = 0; i < result->order_count; i++)
        life_rows_add_order(rows, arena, life, life->version, &result->orders[i], "",
                            link_seq, result->at_us);
}
