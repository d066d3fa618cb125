/* group.h - the lines that go to the spool in one transaction: their events, the places
 * behind them, and the receipts that may be printed once they are on disk. */
#ifndef GRIDLOOP_GROUP_H
#define GRIDLOOP_GROUP_H

#include "common/arena.h"
#include "common/text.h"
#include "producers/runtime/input.h"
#include "producers/runtime/spool.h"

struct group {
    struct arena *arena; /* of the events' bytes */
    struct spool_event *events;
    size_t count, room;
    size_t bytes; /* of the events */
    size_t lines; /* refused ones too; 0: nothing was taken yet */
    int64_t opened_ms;
    struct group_place {
        const char *path; /* borrowed; each stands once */
        struct spool_place place;
    } * places;
    size_t place_count, place_room;
    struct text receipts;
};

void group_begin(struct group *group); /* of a zeroed one */
void group_end(struct group *group);   /* frees; a zeroed one is fine */

/* Notes that a line was taken, and where reading goes on behind it; in front of it, if it
 * was refused and is not finished: its other half may come. */
void group_take(struct group *group, const struct input_line *line, bool refused);

/* Its event, whose bytes are in group->arena. */
void group_add(struct group *group, const struct spool_event *event);

/* Puts events and places into the spool's open transaction. */
enum outcome group_store(const struct group *group, struct spool *spool, struct err *e);

/* Empty again, without receipts. */
void group_clear(struct group *group);

#endif
