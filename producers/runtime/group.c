/* group.c - what waits for the next commit. */
#include "producers/runtime/group.h"

#include <stdlib.h>

#include "common/clock.h"

enum { KEPT_BYTES = 4 << 20 };

void group_begin(struct group *group)
{
    group->arena = arena_new();
}

void group_end(struct group *group)
{
    arena_free(group->arena);
    free(group->events);
    free(group->places);
    text_free(&group->receipts);
}

/* The last one of a path is the one that counts. */
static void note_place(struct group *group, const char *path,
                       const struct spool_place *place)
{
    size_t i = 0;

    while (i < group->place_count && group->places[i].path != path)
        i++;
    if (i == group->place_room) {
        group->place_room = 2 * group->place_room + 4;
        group->places =
            xrealloc(group->places, group->place_room * sizeof *group->places);
    }
    if (i == group->place_count)
        group->place_count++;
    group->places[i] = (struct group_place){path, *place};
}

void group_take(struct group *group, const struct input_line *line, bool refused)
{
    if (group->lines == 0)
        group->opened_ms = clock_monotonic_ms();
    group->lines++;
    if (line->path && !(refused && line->unfinished))
        note_place(group, line->path, &line->place);
    if (line->former_path)
        note_place(group, line->former_path, &line->former);
}

void group_add(struct group *group, const struct spool_event *event)
{
    if (group->count == group->room) {
        group->room = 2 * group->room + 64;
        group->events = xrealloc(group->events, group->room * sizeof *group->events);
    }
    group->events[group->count++] = *event;
    group->bytes += event->key_size + event->value_size + event->headers_size;
}

enum outcome group_store(const struct group *group, struct spool *spool, struct err *e)
{
    for (size_t i = 0; i < group->count; i++)
        if (spool_add(spool, &group->events[i], e))
            return e->outcome;
    for (size_t i = 0; i < group->place_count; i++)
        if (spool_save_place(spool, group->places[i].path, &group->places[i].place, e))
            return e->outcome;
    return DONE;
}

void group_clear(struct group *group)
{
    arena_reset(group->arena, KEPT_BYTES);
    group->count = group->bytes = group->lines = group->place_count = 0;
    text_clear(&group->receipts);
}
