/* link_store.c - two growing lists, each with a map from ids; the cases have one from cells, too. */
#include "consumers/runtime/link_store.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 1024 };

struct stored_case {
    struct link_case c;
    uint32_t next;    /* opened before it in the same cell; LINK_NONE: none */
    uint32_t read_in; /* the reading that had it last */
};

/* A dense cell is looked through once for all sightings of a transaction. */
struct stored_cell {
    uint32_t last; /* case */
    uint32_t read_in;
};

struct stored_report {
    struct link_report r;
    uint32_t read_in;
};

struct link_store {
    struct stored_case *cases;
    size_t case_count, case_room;
    struct arena *case_arena; /* of the two maps */
    struct link_map case_ids, cell_numbers;
    struct stored_cell *cells; /* not more than cases */
    size_t cell_count;
    struct stored_report *reports;
    size_t report_count, report_room;
    struct arena *report_arena;
    struct link_map report_ids;
    struct arena *texts;
    uint32_t readings;
};

/* ---- growing ---- */

static void cell_key(uint8_t key[UUID_SIZE], int64_t cell, uint32_t group)
{
    memset(key, 0, UUID_SIZE);
    memcpy(key, &cell, sizeof cell);
    memcpy(key + 8, &group, sizeof group);
}

static void enter_case(struct link_store *store, uint32_t number)
{
    struct stored_case *stored = &store->cases[number];
    uint8_t key[UUID_SIZE];
    uint32_t *cell;

    *link_map_at(&store->case_ids, stored->c.case_id) = number;
    stored->next = LINK_NONE;
    if (stored->c.place.where == LINK_NOWHERE)
        return;
    cell_key(key, link_cell(&stored->c.place), stored->c.group);
    cell = link_map_at(&store->cell_numbers, key);
    if (*cell == LINK_NONE) {
        *cell = (uint32_t)store->cell_count++;
        store->cells[*cell] = (struct stored_cell){.last = LINK_NONE};
    }
    stored->next = store->cells[*cell].last;
    store->cells[*cell].last = number;
}

static void grow_cases(struct link_store *store)
{
    store->case_room = store->case_room ? 2 * store->case_room : FIRST_ROOM;
    store->cases = xrealloc(store->cases, store->case_room * sizeof *store->cases);
    store->cells = xrealloc(store->cells, store->case_room * sizeof *store->cells);
    store->cell_count = 0;
    arena_reset(store->case_arena, 0);
    store->case_ids = link_map_new(store->case_arena, store->case_room);
    store->cell_numbers = link_map_new(store->case_arena, store->case_room);
    for (size_t i = 0; i < store->case_count; i++)
        enter_case(store, (uint32_t)i);
}

static void grow_reports(struct link_store *store)
{
    store->report_room = store->report_room ? 2 * store->report_room : FIRST_ROOM;
    store->reports =
        xrealloc(store->reports, store->report_room * sizeof *store->reports);
    arena_reset(store->report_arena, 0);
    store->report_ids = link_map_new(store->report_arena, store->report_room);
    for (size_t i = 0; i < store->report_count; i++)
        *link_map_at(&store->report_ids, store->reports[i].r.report_id) = (uint32_t)i;
}

struct link_store *link_store_new(void)
{
    struct link_store *store = xcalloc(1, sizeof *store);

    store->case_arena = arena_new();
    store->report_arena = arena_new();
    store->texts = arena_new();
    grow_cases(store);
    grow_reports(store);
    return store;
}

void link_store_free(struct link_store *store)
{
    if (!store)
        return;
    free(store->cases);
    free(store->cells);
    free(store->reports);
    arena_free(store->case_arena);
    arena_free(store->report_arena);
    arena_free(store->texts);
    free(store);
}

/* ---- looking ---- */

size_t link_store_count(const struct link_store *store)
{
    return store->case_count;
}

uint32_t link_store_find(const struct link_store *store, const uint8_t case_id[UUID_SIZE])
{
    return link_map_find(&store->case_ids, case_id);
}

struct link_case *link_store_case(struct link_store *store, uint32_t number)
{
    return &store->cases[number].c;
}

/* ---- reading ---- */

struct gathering {
    struct link_store *store;
    struct arena *arena;
    struct link_reading *out;
    size_t case_room;
};

static void make_room(struct gathering *g)
{
    struct link_reading *out = g->out;
    size_t room = g->case_room ? 2 * g->case_room : 16;

    if (out->case_count < g->case_room)
        return;
    out->cases = arena_resize(g->arena, out->cases, out->case_count * sizeof *out->cases,
                              room * sizeof *out->cases);
    out->numbers =
        arena_resize(g->arena, out->numbers, out->case_count * sizeof *out->numbers,
                     room * sizeof *out->numbers);
    g->case_room = room;
}

/* And the cases that it was merged into; a chain that goes round ends where it was. */
static void read_case(struct gathering *g, uint32_t number)
{
    while (number != LINK_NONE && g->store->cases[number].read_in != g->store->readings) {
        struct stored_case *stored = &g->store->cases[number];
        stored->read_in = g->store->readings;
        make_room(g);
        g->out->numbers[g->out->case_count] = number;
        g->out->cases[g->out->case_count++] = stored->c;
        number = stored->c.life == LINK_MERGED
                     ? link_store_find(g->store, stored->c.merged_into)
                     : LINK_NONE;
    }
}

static void read_report(struct gathering *g, const uint8_t report_id[UUID_SIZE])
{
    uint32_t number = link_map_find(&g->store->report_ids, report_id);
    struct stored_report *stored;

    if (number == LINK_NONE || g->store->reports[number].read_in == g->store->readings)
        return;
    stored = &g->store->reports[number];
    stored->read_in = g->store->readings;
    g->out->reports[g->out->report_count++] = stored->r;
    if (stored->r.has_case)
        read_case(g, link_store_find(g->store, stored->r.case_id));
}

static void read_cell(struct gathering *g, struct stored_cell *cell)
{
    if (cell->read_in == g->store->readings)
        return;
    cell->read_in = g->store->readings;
    for (uint32_t number = cell->last; number != LINK_NONE;
         number = g->store->cases[number].next)
        read_case(g, number);
}

static void read_near(struct gathering *g, const struct link_sighting *s)
{
    int64_t cells[LINK_CELLS_NEAR];
    size_t count = link_cells_near(&s->place, cells);

    for (size_t i = 0; i < count; i++) {
        uint8_t key[UUID_SIZE];
        uint32_t number;
        cell_key(key, cells[i], s->group);
        number = link_map_find(&g->store->cell_numbers, key);
        if (number != LINK_NONE)
            read_cell(g, &g->store->cells[number]);
    }
}

static void read_for(struct gathering *g, const struct link_sighting *s)
{
    uint8_t spare_id[UUID_SIZE];

    read_report(g, s->report_id);
    if (!s->rule)
        return;
    link_spare_id(spare_id, s->case_id, s->event_id);
    read_near(g, s);
    read_case(g, link_store_find(g->store, s->case_id));
    read_case(g, link_store_find(g->store, spare_id));
}

void link_store_read(struct link_store *store, struct arena *arena,
                     const struct link_sighting *sightings, size_t count,
                     struct link_reading *reading)
{
    struct gathering g = {.store = store, .arena = arena, .out = reading};

    store->readings++;
    *reading = (struct link_reading){
        .reports = arena_take_array(arena, count + 1, sizeof *reading->reports)};
    for (size_t i = 0; i < count; i++)
        read_for(&g, &sightings[i]);
}

/* ---- writing ---- */

static const char *kept(struct link_store *store, const char *text)
{
    return text ? arena_copy(store->texts, text, strlen(text)) : NULL;
}

uint32_t link_store_add(struct link_store *store, const struct link_case *c)
{
    uint32_t number = (uint32_t)store->case_count;
    struct stored_case *stored;

    if (store->case_count == store->case_room)
        grow_cases(store);
    stored = &store->cases[number];
    *stored = (struct stored_case){.c = *c};
    stored->c.is_new = stored->c.is_changed = false;
    stored->c.unit = kept(store, c->unit);
    stored->c.place.round = kept(store, c->place.round);
    store->case_count++;
    enter_case(store, number);
    return number;
}

static uint32_t put_case(struct link_store *store, const struct link_case *c,
                         uint32_t number)
{
    if (c->is_changed) {
        store->cases[number].c = *c;
        store->cases[number].c.is_changed = false;
    }
    return number;
}

static void put_report(struct link_store *store, const struct link_report *report)
{
    uint32_t number;

    if (report->is_new && store->report_count == store->report_room)
        grow_reports(store);
    number = report->is_new ? (uint32_t)store->report_count++
                            : link_map_find(&store->report_ids, report->report_id);
    store->reports[number] = (struct stored_report){.r = *report};
    store->reports[number].r.is_new = store->reports[number].r.is_changed = false;
    *link_map_at(&store->report_ids, report->report_id) = number;
}

const uint32_t *link_store_write(struct link_store *store, struct arena *arena,
                                 const struct link_reading *reading,
                                 const struct link_output *output)
{
    uint32_t *numbers = arena_take_array(arena, output->case_count + 1, sizeof *numbers);

    for (size_t i = 0; i < output->case_count; i++)
        numbers[i] = i < reading->case_count
                         ? put_case(store, &output->cases[i], reading->numbers[i])
                         : link_store_add(store, &output->cases[i]);
    for (size_t i = 0; i < output->report_count; i++)
        if (output->reports[i].is_new || output->reports[i].is_changed)
            put_report(store, &output->reports[i]);
    return numbers;
}
