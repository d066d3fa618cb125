/* follow_tables.h - the columns of the tables of schema follow_up that follow from events, and where each value comes
 * from. This is the one list: the daemons write by it, and gridloopctl rebuild compares by it (what it cannot compare is
 * named in rebuild_compare.h). */
#ifndef GRIDLOOP_FOLLOW_TABLES_H
#define GRIDLOOP_FOLLOW_TABLES_H

#include "consumers/runtime/case_life.h"
#include "consumers/runtime/case_steps.h"
#include "consumers/runtime/follow_row.h"
#include "consumers/runtime/link.h"
#include "consumers/runtime/sightings.h"

/* A case: what linking goes by, what it grew out of, and what its steps have made of it. Of values that link and life
 * both have the link's count. */
struct case_file {
    const struct link_case *link;
    const char *kind; /* of the event that opened it */
    const char *scheme, *code, *photo_key;
    unsigned stripe;
    const uint8_t *repeat_of, *may_repeat; /* all zero: none */
    const struct case_life *life;
};
extern const struct follow_table case_file_table;
void case_file_fill(struct follow_row *row, const struct case_file *file);

/* Of a case that an action opened, and whenever an action has moved one: what linking goes by follows from its life. */
void case_file_follow(struct link_case *link, const struct case_life *life);

struct sighting_file {
    int64_t link_seq;
    size_t ordinal;
    int32_t source_id;
    const char *kind;
    const struct link_sighting *sighting;
    const struct sighted *of;
    const struct link_decision *decision;
    int32_t reference_version;
};
extern const struct follow_table sighting_table;
void sighting_fill(struct follow_row *row, const struct sighting_file *file);

extern const struct follow_table case_step_table, time_limit_table, outbox_table;
void case_step_fill(struct follow_row *row, const struct case_step_row *step);
void time_limit_fill(struct follow_row *row, const struct life_limit *limit);
void outbox_fill(struct follow_row *row, const struct case_order_row *order);

#endif
