/* case_turns.h - what one transaction makes of actions and of the clock's acts, each in its turn: a pure function of what
 * it read of schema follow_up. The consumer of actions and the clock read that from the tables (case_actions.c), who
 * decides again from memory (replay.c).
 *
 * In this order:
 *
 *   .news; turns_begin_names(), turns_name() of each, turns_end_names()
 *   .parked = what waits under the names; turns_name_parked()
 *   .places = what the ids are of; turns_place()      then .rows are to be read
 *   turns_begin() and turns_take_new(), turns_retry(), turns_send() or turns_remind(), for each cause
 *
 * What has come of it then stands in rows (is_changed, is_new), steps and follows; and in news and parked, what each
 * action waits for, if it waits. All lies in the arena. */
#ifndef GRIDLOOP_CASE_TURNS_H
#define GRIDLOOP_CASE_TURNS_H

#include "consumers/runtime/case_life.h"
#include "consumers/runtime/life_table.h"
#include "consumers/runtime/link_index.h"
#include "consumers/runtime/rulebook.h"

/* An action that waits under a name, or may once more. */
struct waiting {
    struct life_action *action;
    struct waiting *next;
};

/* What actions name. */
struct named {
    const uint8_t *id;
    const struct life_place
        *report;          /* NULL: not of a report that belongs to another case */
    struct life_row *row; /* NULL: of a report */
    struct waiting *first, **last;
};

/* Begins with what stands first. */
struct case_turns {
    struct arena *arena;
    const struct case_rules *rules;
    const struct rulebook *book;
    int32_t reference_version; /* that both are as of */
    int64_t link_seq, now_us;  /* when the transaction began, by the database's clock */

    struct life_actions news, parked;
    struct life_places places;

    uint8_t (*ids)[UUID_SIZE]; /* names, then the cases to merge into; each once */
    size_t name_count, id_count;
    struct link_map id_at;
    struct named *named;   /* one for each of ids */
    struct life_row *rows; /* of those that are not of reports */
    size_t row_count;

    int32_t ordinal; /* of the cause in hand */
    int16_t place;   /* of its next step */
    struct case_step_row *steps;
    size_t step_count;
    struct life_rows follows;
};

/* What the news and the clock's acts name: most at most; what was named already is left out. */
void turns_begin_names(struct case_turns *turns, size_t most);
void turns_name(struct case_turns *turns, const uint8_t id[UUID_SIZE]);
void turns_end_names(struct case_turns *turns);

void turns_name_parked(struct case_turns *turns);
void turns_place(struct case_turns *turns);

/* The cause of what comes now. */
void turns_begin(struct case_turns *turns, int32_t ordinal);

/* A new action, with what waited for it. */
void turns_take_new(struct case_turns *turns, struct life_action *action);
/* What waits under that name; of those that waited for 14 days this is the end. Returns how many do not wait any more. */
size_t turns_retry(struct case_turns *turns, struct named *named);

/* The clock's acts of case_actions.h. False: it is not to be done, and was not. */
bool turns_send(struct case_turns *turns, struct life_row *row);
bool turns_remind(struct case_turns *turns, struct life_row *row, bool is_due);
const char *turns_reminder_cause(bool is_due); /* "due", "before_due" */

struct named *turns_named(const struct case_turns *turns, const uint8_t id[UUID_SIZE]);

#endif
