/* kind.h - what makes one consumer differ from the others: one const struct in one file, and that file is
 * the daemon. Columns, types and defaults are not said here: they come from schemas/<name>/v<N>.avsc. */
#ifndef GRIDLOOP_CONSUMER_KIND_H
#define GRIDLOOP_CONSUMER_KIND_H

/* The fields of a reported position; all NULL: this kind has none. */
struct position_fields {
    const char *longitude, *latitude, *source_crs;
};

struct kind {
    const char *
        name; /* "drone_alert": folder of the schema, table in schema events, part of the topic */
    struct position_fields position;
};

/* The whole of a daemon's main: reads the settings, then runs until it is asked to stop or cannot go on.
 * Returns the exit code. */
int consumer_main(int argc, char **argv, const struct kind *kind);

#endif
