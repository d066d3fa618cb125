/* life_table.h - the tables of schema follow_up as the life of cases reads and writes them; case_table.h is the same for
 * linking. All inside a transaction; everything read lies in the arena. */
#ifndef GRIDLOOP_LIFE_TABLE_H
#define GRIDLOOP_LIFE_TABLE_H

#include "common/err.h"
#include "common/pg.h"
#include "consumers/runtime/case_life.h"
#include "consumers/runtime/case_steps.h"
#include "consumers/runtime/follow_tables.h"

/* ---- actions ---- */

/* One row of events.case_action. */
struct life_action {
    struct case_action action;
    uint8_t event_id[UUID_SIZE], named_id[UUID_SIZE], merged_into[UUID_SIZE];
    int32_t source_id;
    int64_t topic_offset;
    struct link_place place; /* of the actor */
    /* Of one that was parked. */
    const char *parked_for; /* NULL: it is new */
    bool is_overdue;        /* for more than 14 days */
    bool is_settled;        /* set by whoever settles it */
};

struct life_actions {
    struct life_action *list;
    size_t count;
};

/* Those with these event ids, in their order. */
enum outcome life_read_actions(struct life_actions *actions, struct pg *pg,
                               struct arena *arena, const uint8_t (*event_ids)[UUID_SIZE],
                               size_t count, struct err *e);

/* Those that wait under these names, by the time for which they did. */
enum outcome life_read_parked(struct life_actions *actions, struct pg *pg,
                              struct arena *arena, const uint8_t (*names)[UUID_SIZE],
                              size_t count, struct err *e);

/* ---- cases ---- */

/* What an id is of. */
struct life_place {
    uint8_t named_id[UUID_SIZE], case_id[UUID_SIZE];
    unsigned stripe; /* of the case */
    bool is_report;  /* that belongs to the case; else the case itself */
};

struct life_places {
    struct life_place *list;
    size_t count;
};

enum outcome life_read_places(struct life_places *places, struct pg *pg,
                              struct arena *arena, const uint8_t (*ids)[UUID_SIZE],
                              size_t count, struct err *e);

/* A case that is there, or may be opened. */
struct life_row {
    struct case_life life; /* first: struct case_scene points here */
    bool is_changed;
    /* Of one that an action opened. */
    bool is_new;
    struct link_place place;
    unsigned stripe;
    int64_t opened_us;
    int32_t ordinal;
};

/* Fills rows, which begin as case_life_begin() has them, with those cases that are there. Each id once. */
enum outcome life_read(struct life_row *rows, size_t count, struct pg *pg,
                       struct arena *arena, struct err *e);

/* ---- writing ---- */

struct life_changes {
    const struct life_row *rows; /* of which those are written that are changed */
    size_t row_count;
    const struct case_step_row *steps;
    size_t step_count;
    const struct life_rows *follows;
    int64_t link_seq;
};

enum outcome life_write(const struct life_changes *changes, struct pg *pg, struct err *e);

/* The part of it that linking writes, too: time_limit and outbox. */
enum outcome life_write_rows(const struct life_rows *follows, struct pg *pg,
                             struct err *e);

/* The row of a case that an action opened; link and file borrow from row. */
void life_opened(const struct life_row *row, int64_t link_seq, struct link_case *link,
                 struct case_file *file);

#endif
