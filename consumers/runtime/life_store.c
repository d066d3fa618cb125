/* life_store.c - a list of cases, and two growing maps: from names of reports to cases, from names to what waits. */
#include "consumers/runtime/life_store.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 1024 };

static const int64_t longest_wait_us =
    14LL * 86400 * 1000000; /* sql/actions_parked.sql */

/* An id and a number, as often as one likes. */
struct names {
    struct arena *arena; /* of the map */
    struct link_map map;
    uint8_t (*ids)[UUID_SIZE];
    size_t count, room;
};

struct kept_case {
    const char *kind, *scheme, *code, *photo_key;
    unsigned stripe;
    uint8_t repeat_of[UUID_SIZE], may_repeat[UUID_SIZE];
    struct case_life life;
};

/* What waits; those that waited longest first. */
struct kept_action {
    struct life_action action;
    int64_t since_us;
    struct kept_action *next;
};

struct life_store {
    struct kept_case *cases;
    size_t count, room;
    struct names reports; /* -> of_reports */
    uint32_t *of_reports;
    struct names waits; /* -> waiting */
    struct kept_action **waiting;
    struct arena *kept;
};

struct life_store *life_store_new(void)
{
    struct life_store *store = xcalloc(1, sizeof *store);

    store->kept = arena_new();
    store->reports.arena = arena_new();
    store->waits.arena = arena_new();
    return store;
}

void life_store_free(struct life_store *store)
{
    if (!store)
        return;
    arena_free(store->kept);
    arena_free(store->reports.arena);
    arena_free(store->waits.arena);
    free(store->reports.ids);
    free(store->waits.ids);
    free(store->of_reports);
    free(store->waiting);
    free(store->cases);
    free(store);
}

/* ---- names ---- */

static uint32_t find_name(const struct names *names, const uint8_t id[UUID_SIZE])
{
    return names->room ? link_map_find(&names->map, id) : LINK_NONE;
}

/* True: the room has grown. */
static bool grow(struct names *names)
{
    if (names->count < names->room)
        return false;
    names->room = names->room ? 2 * names->room : FIRST_ROOM;
    names->ids = xrealloc(names->ids, names->room * sizeof *names->ids);
    arena_reset(names->arena, 0);
    names->map = link_map_new(names->arena, names->room);
    for (size_t i = 0; i < names->count; i++)
        *link_map_at(&names->map, names->ids[i]) = (uint32_t)i;
    return true;
}

static uint32_t add_name(struct names *names, const uint8_t id[UUID_SIZE])
{
    uint32_t number = (uint32_t)names->count++;

    memcpy(names->ids[number], id, UUID_SIZE);
    *link_map_at(&names->map, id) = number;
    return number;
}

void life_store_name(struct life_store *store, const uint8_t name[UUID_SIZE],
                     uint32_t number)
{
    if (find_name(&store->reports, name) != LINK_NONE)
        return;
    if (grow(&store->reports))
        store->of_reports =
            xrealloc(store->of_reports, store->reports.room * sizeof *store->of_reports);
    store->of_reports[add_name(&store->reports, name)] = number;
}

uint32_t life_store_named(const struct life_store *store, const uint8_t name[UUID_SIZE])
{
    uint32_t at = find_name(&store->reports, name);

    return at == LINK_NONE ? LINK_NONE : store->of_reports[at];
}

/* ---- cases ---- */

static const char *kept(struct life_store *store, const char *text)
{
    return text ? arena_copy(store->kept, text, strlen(text)) : NULL;
}

static bool is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void copy_id(uint8_t out[UUID_SIZE], const uint8_t *id)
{
    if (id)
        memcpy(out, id, UUID_SIZE);
}

/* Its texts, once more only where they have changed. */
static void keep_texts(struct life_store *store, struct case_life *life,
                       const struct case_life *before)
{
    static const size_t texts[] = {
        offsetof(struct case_life, case_kind),
        offsetof(struct case_life, group),
        offsetof(struct case_life, state),
        offsetof(struct case_life, unit),
        offsetof(struct case_life, order_unit),
        offsetof(struct case_life, handler_unit),
        offsetof(struct case_life, handled_by),
        offsetof(struct case_life, state_before),
        offsetof(struct case_life, limit.action),
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char **text = (const char **)((char *)life + texts[i]);
        const char *old = *(const char *const *)((const char *)before + texts[i]);
        *text = is_same(*text, old) ? old : kept(store, *text);
    }
}

static struct case_tally *tally_of(struct life_store *store, struct case_life *life,
                                   const char *action)
{
    struct case_tally *tally = life->tallies;

    while (tally && strcmp(tally->action, action) != 0)
        tally = tally->next;
    if (tally)
        return tally;
    tally = arena_take(store->kept, sizeof *tally);
    *tally = (struct case_tally){kept(store, action), 0, life->tallies};
    life->tallies = tally;
    return tally;
}

void life_store_count(struct life_store *store, uint32_t number, const char *action)
{
    tally_of(store, &store->cases[number].life, action)->times++;
}

void life_store_put(struct life_store *store, uint32_t number,
                    const struct case_life *life)
{
    struct case_life *mine = &store->cases[number].life, before = *mine;

    *mine = *life;
    mine->tallies = before.tallies;
    keep_texts(store, mine, &before);
    for (const struct case_tally *t = life->tallies; t; t = t->next)
        tally_of(store, mine, t->action)->times = t->times;
}

void life_store_add(struct life_store *store, const struct case_file *file)
{
    struct kept_case *c;

    if (store->count == store->room) {
        store->room = store->room ? 2 * store->room : FIRST_ROOM;
        store->cases = xrealloc(store->cases, store->room * sizeof *store->cases);
    }
    c = &store->cases[store->count++];
    *c = (struct kept_case){.kind = kept(store, file->kind),
                            .scheme = kept(store, file->scheme),
                            .code = kept(store, file->code),
                            .photo_key = kept(store, file->photo_key),
                            .stripe = file->stripe};
    copy_id(c->repeat_of, file->repeat_of);
    copy_id(c->may_repeat, file->may_repeat);
    life_store_put(store, (uint32_t)(store->count - 1), file->life);
}

struct case_file life_store_case(const struct life_store *store, uint32_t number)
{
    const struct kept_case *c = &store->cases[number];

    return (struct case_file){.kind = c->kind,
                              .scheme = c->scheme,
                              .code = c->code,
                              .photo_key = c->photo_key,
                              .stripe = c->stripe,
                              .repeat_of = c->repeat_of,
                              .may_repeat = c->may_repeat,
                              .life = &c->life};
}

struct case_life life_store_life(const struct life_store *store, uint32_t number,
                                 struct arena *arena)
{
    struct case_life life = store->cases[number].life;
    const struct case_tally *tallies = life.tallies;

    life.tallies = NULL;
    for (; tallies; tallies = tallies->next) {
        struct case_tally *tally = arena_take(arena, sizeof *tally);
        *tally = (struct case_tally){tallies->action, tallies->times, life.tallies};
        life.tallies = tally;
    }
    return life;
}

/* ---- what waits ---- */

static void read_name(const struct life_store *store, struct case_turns *turns,
                      const uint8_t name[UUID_SIZE])
{
    struct life_actions *parked = &turns->parked;
    uint32_t at = find_name(&store->waits, name);

    if (at == LINK_NONE)
        return;
    for (const struct kept_action *k = store->waiting[at]; k; k = k->next) {
        parked->list =
            arena_grow(turns->arena, parked->list, parked->count, sizeof *parked->list);
        parked->list[parked->count] = k->action;
        parked->list[parked->count++].is_overdue =
            turns->now_us - k->since_us > longest_wait_us;
    }
}

/* A list that grows moves what points into it. */
static void point_again(struct life_actions *actions)
{
    for (size_t i = 0; i < actions->count; i++)
        if (actions->list[i].action.merged_into)
            actions->list[i].action.merged_into = actions->list[i].merged_into;
}

void life_store_read_parked(const struct life_store *store, struct case_turns *turns)
{
    turns->parked = (struct life_actions){0};
    for (size_t i = 0; i < turns->name_count; i++)
        read_name(store, turns, turns->ids[i]);
    point_again(&turns->parked);
}

static struct kept_action **list_of(struct life_store *store,
                                    const uint8_t name[UUID_SIZE])
{
    uint32_t at = find_name(&store->waits, name);

    if (at != LINK_NONE)
        return &store->waiting[at];
    if (grow(&store->waits))
        store->waiting =
            xrealloc(store->waiting, store->waits.room * sizeof *store->waiting);
    at = add_name(&store->waits, name);
    store->waiting[at] = NULL;
    return &store->waiting[at];
}

static struct kept_action *take_out(struct kept_action **list,
                                    const uint8_t event_id[UUID_SIZE])
{
    struct kept_action *found;

    while (*list && memcmp((*list)->action.event_id, event_id, UUID_SIZE) != 0)
        list = &(*list)->next;
    found = *list;
    if (found)
        *list = found->next;
    return found;
}

static struct kept_action *copy_action(struct life_store *store,
                                       const struct life_action *action)
{
    struct kept_action *k = arena_take(store->kept, sizeof *k);
    const char **texts[] = {
        &k->action.action.case_kind,  &k->action.action.action,
        &k->action.action.result,     &k->action.action.from_state,
        &k->action.action.to_state,   &k->action.action.role,
        &k->action.action.actor,      &k->action.action.target_unit,
        &k->action.action.limit_type, &k->action.action.reason,
        &k->action.action.approver,   &k->action.action.reply_channel};

    *k = (struct kept_action){.action = *action};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = kept(store, *texts[i]);
    if (k->action.action.merged_into)
        k->action.action.merged_into = k->action.merged_into;
    return k;
}

/* Steps come in their order. */
static void put_last(struct kept_action **list, struct kept_action *k)
{
    while (*list)
        list = &(*list)->next;
    k->next = NULL;
    *list = k;
}

/* The actions that a step may be of, by their event ids. */
struct candidates {
    const struct case_turns *turns;
    struct link_map numbers; /* in news, then in parked */
};

static const struct life_action *action_of(const struct candidates *candidates,
                                           const uint8_t event_id[UUID_SIZE])
{
    const struct life_actions *news = &candidates->turns->news;
    uint32_t number = link_map_find(&candidates->numbers, event_id);

    return number < news->count ? &news->list[number]
                                : &candidates->turns->parked.list[number - news->count];
}

static struct candidates list_candidates(const struct case_turns *turns)
{
    size_t count = turns->news.count + turns->parked.count;
    struct candidates c = {turns, link_map_new(turns->arena, count)};

    for (size_t i = 0; i < count; i++) {
        const struct life_action *action =
            i < turns->news.count ? &turns->news.list[i]
                                  : &turns->parked.list[i - turns->news.count];
        *link_map_at(&c.numbers, action->event_id) = (uint32_t)i;
    }
    return c;
}

/* What a step says of its action: it waits from here on, or not any more. */
static void write_step(struct life_store *store, const struct candidates *candidates,
                       const struct case_step_row *step)
{
    bool waits = strcmp(step->outcome, case_outcome_name(CASE_PARKED)) == 0;
    struct kept_action **list, *k;

    if (!waits && find_name(&store->waits, step->named_id) == LINK_NONE)
        return;
    list = list_of(store, step->named_id);
    k = take_out(list, step->event_id);
    if (!waits)
        return;
    if (!k)
        k = copy_action(store, action_of(candidates, step->event_id));
    k->action.parked_for = step->reason;
    k->since_us = candidates->turns->now_us;
    put_last(list, k);
}

void life_store_write_parked(struct life_store *store, const struct case_turns *turns)
{
    const struct candidates candidates = list_candidates(turns);

    for (size_t i = 0; i < turns->step_count; i++)
        if (turns->steps[i].event_id)
            write_step(store, &candidates, &turns->steps[i]);
}
