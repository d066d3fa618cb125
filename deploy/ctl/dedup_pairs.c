/* dedup_pairs.c - sorted by case in the one linking and by case in the other, pairs are counted by the run, for there may
 * be a square of them. */
#include "deploy/ctl/dedup_pairs.h"

#include <stdlib.h>

#include "common/arena.h"
#include "consumers/runtime/link_index.h"

struct key {
    uint32_t here, there, order;
};

struct search {
    const struct pairs *pairs;
    struct pair *shown;
    size_t limit, shown_count;
};

void pairs_add(struct pairs *pairs, const struct paired *sighting)
{
    if (pairs->count == pairs->room) {
        pairs->room = pairs->room ? 2 * pairs->room : 1024;
        pairs->list = xrealloc(pairs->list, pairs->room * sizeof *pairs->list);
    }
    pairs->list[pairs->count++] = *sighting;
}

void pairs_free(struct pairs *pairs)
{
    free(pairs->list);
}

static int order_of(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

static int by_case(const void *a, const void *b)
{
    const struct key *left = a, *right = b;
    int order = order_of(left->here, right->here);

    if (order == 0)
        order = order_of(left->there, right->there);
    return order ? order : order_of(left->order, right->order);
}

static bool is_apart(const struct key *a, const struct key *b)
{
    return a->there != b->there || a->there == LINK_NONE;
}

static bool is_asked_for(const struct search *s, const struct key *key)
{
    return s->pairs->list[key->order].is_asked_for;
}

/* ---- counting ---- */

static uint64_t pairs_of(uint64_t count)
{
    return count * (count - 1) / 2;
}

/* Pairs among these of which one at least is asked for. */
static uint64_t count_pairs(const struct search *s, const struct key *keys, size_t count)
{
    uint64_t others = 0;

    for (size_t i = 0; i < count; i++)
        others += !is_asked_for(s, &keys[i]);
    return count ? pairs_of(count) - (others ? pairs_of(others) : 0) : 0;
}

/* How many of the keys, from the first on, are in one case in both. */
static size_t same_in_both(const struct key *keys, size_t count)
{
    size_t size = 1;

    while (size < count && !is_apart(&keys[0], &keys[size]))
        size++;
    return size;
}

static uint64_t count_differing(const struct search *s, const struct key *keys,
                                size_t count)
{
    uint64_t differing = count_pairs(s, keys, count);

    for (size_t i = 0; i < count;) {
        size_t size = same_in_both(keys + i, count - i);
        differing -= count_pairs(s, keys + i, size);
        i += size;
    }
    return differing;
}

/* ---- showing ---- */

/* The first of some keys of a case, and the first that is apart from that; NULL: none. */
struct company {
    const struct key *first, *other;
};

static struct company company_of(const struct search *s, const struct key *keys,
                                 size_t count, bool only_asked_for)
{
    struct company c = {0};

    for (size_t i = 0; i < count; i++)
        if ((!only_asked_for || is_asked_for(s, &keys[i]))
            && (!c.first || keys[i].order < c.first->order))
            c.first = &keys[i];
    for (size_t i = 0; c.first && i < count; i++)
        if ((!only_asked_for || is_asked_for(s, &keys[i])) && &keys[i] != c.first
            && is_apart(&keys[i], c.first)
            && (!c.other || keys[i].order < c.other->order))
            c.other = &keys[i];
    return c;
}

/* The first that came before it and is apart from it. */
static const struct key *lost(const struct company *c, const struct key *key)
{
    if (c->first && c->first->order < key->order && is_apart(c->first, key))
        return c->first;
    return c->other && c->other->order < key->order && is_apart(c->other, key) ? c->other
                                                                               : NULL;
}

static void show_differing(struct search *s, const struct key *keys, size_t count)
{
    const struct company all = company_of(s, keys, count, false),
                         asked_for = company_of(s, keys, count, true);

    for (size_t i = 0; i < count && s->shown_count < s->limit; i++) {
        const struct key *earlier =
            lost(is_asked_for(s, &keys[i]) ? &all : &asked_for, &keys[i]);
        if (earlier)
            s->shown[s->shown_count++] = (struct pair){&s->pairs->list[earlier->order],
                                                       &s->pairs->list[keys[i].order]};
    }
}

uint64_t pairs_differing(const struct pairs *pairs, enum course together,
                         struct pair *shown, size_t limit, size_t *shown_count)
{
    struct search s = {.pairs = pairs, .shown = shown, .limit = limit};
    struct key *keys = xcalloc(pairs->count + 1, sizeof *keys);
    uint64_t differing = 0;

    for (size_t i = 0; i < pairs->count; i++)
        keys[i] = (struct key){pairs->list[i].cases[together],
                               pairs->list[i].cases[!together], (uint32_t)i};
    qsort(keys, pairs->count, sizeof *keys, by_case);
    for (size_t i = 0, size; i < pairs->count && keys[i].here != LINK_NONE; i += size) {
        for (size = 1; i + size < pairs->count && keys[i + size].here == keys[i].here;)
            size++;
        differing += count_differing(&s, keys + i, size);
        show_differing(&s, keys + i, size);
    }
    free(keys);
    *shown_count = s.shown_count;
    return differing;
}
