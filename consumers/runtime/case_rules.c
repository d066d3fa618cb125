/* case_rules.c - sorted tables with a key of four texts and the time for which each row holds. */
#include "consumers/runtime/case_rules.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"

enum { KEY_TEXTS = 4, LISTS = CASE_RULES_CALENDAR };

struct entry {
    const char *key[KEY_TEXTS]; /* a transition: kind, from, action, result */
    struct case_dates dates;
    union {
        struct case_state state;
        struct case_rule rule;
        struct case_limit limit;
    };
};

struct list {
    struct entry *entries;
    size_t count, room;
};

struct case_rules {
    struct arena *arena; /* of the texts */
    int32_t versions[CASE_RULES_TABLES];
    struct list lists[LISTS];
    struct work_calendar *calendar; /* NULL: none */
};

struct case_rules *case_rules_new(const int32_t versions[CASE_RULES_TABLES])
{
    struct case_rules *rules = xcalloc(1, sizeof *rules);

    rules->arena = arena_new();
    memcpy(rules->versions, versions, sizeof rules->versions);
    return rules;
}

void case_rules_free(struct case_rules *rules)
{
    if (!rules)
        return;
    for (size_t i = 0; i < LISTS; i++)
        free(rules->lists[i].entries);
    work_calendar_free(rules->calendar);
    arena_free(rules->arena);
    free(rules);
}

const int32_t *case_rules_versions(const struct case_rules *rules)
{
    return rules->versions;
}

const struct work_calendar *case_rules_calendar(const struct case_rules *rules)
{
    return rules->calendar;
}

void case_rules_give_calendar(struct case_rules *rules, struct work_calendar *calendar)
{
    work_calendar_free(rules->calendar);
    rules->calendar = calendar;
}

/* ---- words ---- */

static const char need_words[] =
    "photo reason approver target limit due merged_into reply other_actor position";
static const char mark_words[] =
    "filed dispatched accepted handled answered checked closed reworked returned "
    "extended suspended resumed reopened cancelled unmuted exempted";

const char *case_need_words(void)
{
    return need_words;
}

const char *case_mark_words(void)
{
    return mark_words;
}

/* The first word of a list, and what comes behind it; size 0: there is none. */
static const char *next_word(const char **list, size_t *size)
{
    const char *word = *list + strspn(*list, " ");

    *size = strcspn(word, " ");
    *list = word + *size;
    return word;
}

/* The bit of a word's place in the list; 0: it is not in it. */
static uint32_t find_word(const char *list, const char *word, size_t size)
{
    size_t its_size;

    for (uint32_t bit = 1;; bit <<= 1) {
        const char *its = next_word(&list, &its_size);
        if (!its_size)
            return 0;
        if (its_size == size && memcmp(its, word, size) == 0)
            return bit;
    }
}

uint32_t case_need_find(const char *word, size_t size)
{
    return find_word(need_words, word, size);
}

uint32_t case_mark_find(const char *word, size_t size)
{
    return find_word(mark_words, word, size);
}

static enum outcome read_words(const char *list, uint32_t (*find)(const char *, size_t),
                               uint32_t *bits, struct err *e)
{
    size_t size;

    *bits = 0;
    for (;;) {
        const char *word = next_word(&list, &size);
        uint32_t bit = find(word, size);
        if (!size)
            return DONE;
        if (!bit)
            return err_exit(e, EX_CONFIG, "there is no word \"%.*s\"",
                            (int)(size < 64 ? size : 64), word);
        *bits |= bit;
    }
}

bool case_rule_admits(const struct case_rule *rule, const char *role)
{
    if (strcmp(role, "platform") == 0)
        return false;
    return find_word(rule->roles, role, strlen(role)) || find_word(rule->roles, "*", 1);
}

/* ---- adding ---- */

static const char *kept(struct case_rules *rules, const char *text)
{
    return arena_copy(rules->arena, text, strlen(text));
}

static int compare(const struct entry *entry, const char *const *key, int texts)
{
    int order = 0;

    for (int i = 0; i < texts && !order; i++)
        order = strcmp(entry->key[i], key[i]);
    return order;
}

/* The first entry whose key's first texts are not less. */
static size_t search(const struct list *list, const char *const *key, int texts)
{
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&list->entries[middle], key, texts) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The new entry stands where its key belongs. */
static struct entry *add(struct case_rules *rules, enum case_rules_table table,
                         struct case_dates dates, const char *const key[KEY_TEXTS])
{
    struct list *list = &rules->lists[table];
    size_t at = search(list, key, KEY_TEXTS);
    struct entry *entry;

    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 64;
        list->entries = xrealloc(list->entries, list->room * sizeof *list->entries);
    }
    entry = &list->entries[at];
    memmove(entry + 1, entry, (list->count++ - at) * sizeof *entry);
    *entry = (struct entry){.dates = dates};
    for (size_t i = 0; i < KEY_TEXTS; i++)
        entry->key[i] = kept(rules, key[i]);
    return entry;
}

void case_rules_add_state(struct case_rules *rules, struct case_dates dates,
                          const char *state, struct case_state facts)
{
    const char *const key[KEY_TEXTS] = {state, "", "", ""};

    add(rules, CASE_RULES_STATE, dates, key)->state = facts;
}

static enum case_goal goal_of(const char *to_state)
{
    if (strcmp(to_state, "=") == 0)
        return CASE_STAYS;
    return strcmp(to_state, "<") == 0 ? CASE_GOES_BACK : CASE_GOES_TO;
}

enum outcome case_rules_add_transition(struct case_rules *rules, struct case_dates dates,
                                       const struct case_transition *transition,
                                       struct err *e)
{
    const char *const key[KEY_TEXTS] = {transition->case_kind, transition->from_state,
                                        transition->action, transition->result};
    enum case_goal goal = goal_of(transition->to_state);
    uint32_t needs, marks;

    if (read_words(transition->needs, case_need_find, &needs, e)
        || read_words(transition->marks, case_mark_find, &marks, e))
        return err_wrap(e, "transition %s %s %s", key[0], key[1], key[2]);
    add(rules, CASE_RULES_TRANSITION, dates, key)->rule = (struct case_rule){
        .goal = goal,
        .to_state = goal == CASE_GOES_TO ? kept(rules, transition->to_state) : NULL,
        .roles = kept(rules, transition->roles),
        .by_platform = find_word(transition->roles, "platform", strlen("platform")),
        .needs = needs,
        .marks = marks,
        .at_most = transition->at_most,
        .most_days = transition->most_days,
    };
    return DONE;
}

enum outcome case_rules_add_limit(struct case_rules *rules, struct case_dates dates,
                                  const char *dedup_group, const char *limit_type,
                                  int32_t value, struct err *e)
{
    const char *const key[KEY_TEXTS] = {dedup_group, "", "", ""};
    int type = limit_type_find(limit_type);

    if (type < 0)
        return err_exit(e, EX_CONFIG, "the limit of %s is of a type that is not known",
                        dedup_group);
    add(rules, CASE_RULES_LIMIT, dates, key)->limit =
        (struct case_limit){(enum limit_type)type, value};
    return DONE;
}

/* ---- looking up ---- */

static bool holds(const struct entry *entry, int64_t at_us)
{
    return at_us >= entry->dates.valid_from_us && at_us < entry->dates.valid_to_us;
}

/* Of a table whose key is one text. NULL: there is no row for it that holds then. */
static const struct entry *find(const struct case_rules *rules,
                                enum case_rules_table table, const char *key,
                                int64_t at_us)
{
    const struct list *list = &rules->lists[table];

    for (size_t i = search(list, &key, 1);
         i < list->count && compare(&list->entries[i], &key, 1) == 0; i++)
        if (holds(&list->entries[i], at_us))
            return &list->entries[i];
    return NULL;
}

const struct case_state *case_rules_state(const struct case_rules *rules,
                                          const char *state, int64_t at_us)
{
    const struct entry *entry = find(rules, CASE_RULES_STATE, state, at_us);

    return entry ? &entry->state : NULL;
}

const struct case_limit *case_rules_limit(const struct case_rules *rules,
                                          const char *dedup_group, int64_t at_us)
{
    const struct entry *entry = find(rules, CASE_RULES_LIMIT, dedup_group, at_us);

    if (!entry)
        entry = find(rules, CASE_RULES_LIMIT, "*", at_us);
    return entry ? &entry->limit : NULL;
}

/* Whether there is a row at all for kind, state and action; *rule is that of the result, or of every result ("" sorts
 * first), or NULL. */
static bool find_rule(const struct case_rules *rules, const char *const key[KEY_TEXTS],
                      int64_t at_us, const struct case_rule **rule)
{
    const struct list *list = &rules->lists[CASE_RULES_TRANSITION];
    bool found = false;

    *rule = NULL;
    for (size_t i = search(list, key, 3);
         i < list->count && compare(&list->entries[i], key, 3) == 0; i++) {
        const struct entry *entry = &list->entries[i];
        if (!holds(entry, at_us))
            continue;
        found = true;
        if (!*entry->key[3] || strcmp(entry->key[3], key[3]) == 0)
            *rule = &entry->rule;
    }
    return found;
}

const struct case_rule *case_rules_step(const struct case_rules *rules, const char *kind,
                                        const char *state, const char *action,
                                        const char *result, int64_t at_us)
{
    const struct case_state *facts = state ? case_rules_state(rules, state, at_us) : NULL;
    const char *const kinds[] = {kind, "*"};
    const char *const states[] = {state ? state : "", "*"};
    size_t state_count = facts && facts->is_open ? 2 : 1;
    const struct case_rule *rule = NULL;

    for (size_t k = 0; k < 2; k++)
        for (size_t s = 0; s < state_count; s++) {
            const char *const key[KEY_TEXTS] = {kinds[k], states[s], action,
                                                result ? result : ""};
            if (find_rule(rules, key, at_us, &rule))
                return rule;
        }
    return NULL;
}
