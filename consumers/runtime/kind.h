/* kind.h - what makes one consumer differ from the others: one const struct in one file, consumers/<name>.c, and that
 * file is the daemon: the build adds main.c to it. Columns, types and defaults are not said here: they come from
 * schemas/<name>/v<N>.avsc. */
#ifndef GRIDLOOP_CONSUMER_KIND_H
#define GRIDLOOP_CONSUMER_KIND_H

#include <stdbool.h>

#include "common/option.h"

/* The fields of a reported position; all NULL: this kind has none. */
struct position_fields {
    const char *longitude, *latitude, *source_crs;
};

/* What linking needs to know of an event; link.h says what it is for. */
enum link_field {
    LINK_FIELD_SENDER, /* with the report, where ids are the sender's own; NULL: they are not */
    LINK_FIELD_REPORT, /* id of what is reported: a later event with the same revises it */
    LINK_FIELD_REFERENCE, /* the report that this one is about, if it is not its own */
    LINK_FIELD_CASE, /* id of the case that it would open: a uuid, or the first of a list */
    LINK_FIELD_SCHEME,  /* of the category */
    LINK_FIELD_CODE,    /* null in an event: it reports nothing, and is no sighting */
    LINK_FIELD_SUBCODE, /* second level of the code, behind a slash */
    LINK_FIELD_ACCURACY,
    LINK_FIELD_POSITION_KIND, /* else .position_kind */
    LINK_FIELD_MESSAGE,       /* UPDATE, CANCEL; all else is a report */
    LINK_FIELD_CERTAINTY,
    LINK_FIELD_UNIT, /* responsible; NULL: as the reference data say for the place */
    LINK_FIELD_ABOUT, /* with the code the place, and with the round, in groups without geometry */
    LINK_FIELD_ROUND,
    LINK_FIELD_PHOTO, /* key of its picture in the object store, or the first of a list */
    LINK_FIELDS
};

struct link_fields {
    const char *names[LINK_FIELDS]; /* REPORT is NULL: nothing of this kind is linked */
    const char *position_kind;      /* of reference.position_default */
    const char *group; /* where the category is in none; NULL: no case comes of it then */
    const char *case_kind;   /* of a case that it opens, by the words of case_action */
    const char *first_state; /* of that case */
    bool
        sends; /* the platform may send an order when it opens a case, as category and certainty allow and if somebody is responsible */
};

struct kind {
    const char *
        name; /* "drone_alert": folder of the schema, table in schema events, part of the topic */
    struct position_fields position;
    struct link_fields linked;
    bool acts; /* its events are actions in cases (case_actions.h) */
};

/* The structs of all files consumers/<name>.c; NULL behind the last. In the library gridloop_consumers, for programs that
 * read what daemons of all kinds stored. */
extern const struct kind *const consumer_kinds[];

/* Its settings; of all kinds the same. The texts live as long as the program. */
struct option_set consumer_options(const struct kind *kind);

/* The whole of a daemon's main: reads the settings, then runs until it is asked to stop or cannot go on.
 * Returns the exit code. */
int consumer_main(int argc, char **argv, const struct kind *kind);

#endif
