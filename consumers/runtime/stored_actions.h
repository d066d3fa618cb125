/* stored_actions.h - what persons and the clock did, read back in the order in which it was decided: of each transaction
 * beside those of linking what came up in it, in its order. That something came up then, and when that was by the
 * database's clock, is taken from follow_up.case_step and, of reminders, follow_up.outbox; what came of it is not.
 *
 * The order is that of (link_seq, ordinal, place); the memory is that of one transaction and a page of rows. Each
 * transaction with new actions is one statement more. */
#ifndef GRIDLOOP_STORED_ACTIONS_H
#define GRIDLOOP_STORED_ACTIONS_H

#include "common/err.h"
#include "common/pg.h"
#include "consumers/runtime/life_table.h"
#include "consumers/runtime/reference_past.h"

enum stored_act_kind {
    ACT_NEW,   /* an action came */
    ACT_RETRY, /* what waited under a name was tried again */
    ACT_SEND,
    ACT_REMIND_BEFORE,
    ACT_REMIND_DUE
};

struct stored_act {
    enum stored_act_kind kind;
    int32_t ordinal;
    uint8_t id[UUID_SIZE]; /* of the event; the name; the case */
    size_t number;         /* of the action, in news */
};

struct stored_acts {
    int64_t link_seq, now_us;
    int32_t reference_version;
    const struct case_rules *rules;
    const struct rulebook *book;
    struct stored_act *list;
    size_t count; /* 0: that was the last */
    struct life_actions news;
};

struct stored_actions; /* opaque */

/* Inside a transaction of one snapshot. All must outlive it. NULL: *e. */
struct stored_actions *stored_actions_open(struct pg *pg, struct reference_past *past,
                                           struct err *e);
void stored_actions_close(struct stored_actions *stored); /* NULL is fine */

/* Borrowed until the next call. */
enum outcome stored_actions_next(struct stored_actions *stored, struct stored_acts *acts,
                                 struct err *e);

/* Stored actions without a step, as stored_sightings_missing(). */
enum outcome stored_actions_missing(struct pg *pg, size_t limit, struct pg_result **rows,
                                    struct err *e);

#endif
