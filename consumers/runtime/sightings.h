/* sightings.h - of an event, what linking needs to know: of the new ones of a batch, and of stored ones that are decided
 * again.
 *
 * An event without category (a patrol that saw nothing) is no sighting, and leaves no trace in follow_up: not even as a
 * revision of an earlier one. Where patrol_log has a category, the first of raised_case_ids is the case that it would
 * open; a record that names none has its event_id stand in.
 *
 * Whether an order would go out with a case: the kind lets it, the category has auto_dispatch, and the certainty, if
 * the kind has one, is OBSERVED or LIKELY; and a unit is known that is responsible. */
#ifndef GRIDLOOP_SIGHTINGS_H
#define GRIDLOOP_SIGHTINGS_H

#include "common/err.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/kind.h"
#include "consumers/runtime/link.h"
#include "consumers/runtime/reader.h"
#include "consumers/runtime/rulebook.h"

struct sighter {
    const struct kind *kind;
    const struct reader *reader;
    int fields[LINK_FIELDS]; /* indexes; -1: this kind has none */
    int is_test;
};

/* kind and reader must outlive it. FATAL 78: the schema lacks a field that the kind names. */
enum outcome sighter_init(struct sighter *sighter, const struct kind *kind,
                          const struct reader *reader, struct err *e);

/* What is not for the linking function, but for the rows. */
struct sighted {
    const struct event *event;
    struct ruling ruling;
    const char *scheme, *code;
};

/* Groups by number, as struct link_sighting and struct link_case have them. */
struct group_names {
    const char **list;
    size_t count, room;
};
uint32_t group_number(struct group_names *groups, struct arena *arena, const char *name);

struct sightings {
    struct link_sighting *list;
    struct sighted *of; /* one for each of list */
    size_t count;
    struct group_names groups;
    int32_t reference_version; /* reference_newest(): up to the caller */
};

/* What one event reports; s->group is left to the caller (group_number() of of->ruling.group). Of the event it takes
 * the id, the location and the values of the kind's fields, is_test, occurred_at and recorded_at. False: it reports
 * nothing. Texts are of the rulebook or the arena. */
bool sighting_of(const struct sighter *sighter, const struct rulebook *rules,
                 const struct event *event, struct arena *arena, struct sighted *of,
                 struct link_sighting *s);

/* Key of its picture, or of the first one; NULL: there is none. */
const char *sighting_photo(const struct sighter *sighter, const struct event *event,
                           struct arena *arena);

/* Those of the events with outcome EVENT_STORED, in their order. Texts are of the rulebook or the arena. */
void sightings_of(struct sightings *out, const struct sighter *sighter,
                  const struct rulebook *rules, const struct batch *batch,
                  struct arena *arena);

#endif
