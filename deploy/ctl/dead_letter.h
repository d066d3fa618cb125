/* dead_letter.h - what the commands of gridloopctl dead-letter share: the filters, and the letters they let through. */
#ifndef GRIDLOOP_CTL_DEAD_LETTER_H
#define GRIDLOOP_CTL_DEAD_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/option.h"
#include "common/pg.h"
#include "common/text.h"
#include "deploy/ctl/ctl.h"

int dead_letter_list_main(int argc, char **argv);
int dead_letter_show_main(int argc, char **argv);
int dead_letter_replay_main(int argc, char **argv);
int dead_letter_discard_main(int argc, char **argv);

struct letter_filter {
    const char *kind, *reason, *field, *since, *until, *state;
    int64_t source, partition;  /* < 0: any */
    struct option_list letters; /* operands: SOURCE/OFFSET */
};
#define LETTER_TEXT_ROW(of, place, option, value, sentence)                              \
    {                                                                                    \
        .name = option, .type = OPTION_TEXT, .offset = offsetof(of, place),              \
        .choices = value, .help = sentence                                               \
    }
#define LETTER_NUMBER_ROW(of, place, option, sentence)                                   \
    {                                                                                    \
        .name = option, .type = OPTION_NUMBER, .offset = offsetof(of, place),            \
        .fallback = "-1", .minimum = -1, .maximum = INT32_MAX, .help = sentence          \
    }
#define LETTER_FILTER_ROWS(of, member)                                                   \
    LETTER_TEXT_ROW(of, member.kind, "kind", NULL, "only those of this kind"),           \
        LETTER_TEXT_ROW(of, member.reason, "reason", "WORD",                             \
                        "only those with this reason"),                                  \
        LETTER_TEXT_ROW(of, member.field, "field", NULL,                                 \
                        "only those in which this field is wrong"),                      \
        LETTER_TEXT_ROW(of, member.since, "since", "TIME",                               \
                        "only those recorded at this time or later, RFC 3339"),          \
        LETTER_TEXT_ROW(of, member.until, "until", "TIME",                               \
                        "only those recorded before this time"),                         \
        LETTER_NUMBER_ROW(of, member.source, "source",                                   \
                          "only those of this source; -1: of any"),                      \
        LETTER_NUMBER_ROW(of, member.partition, "partition",                             \
                          "only those of this partition; -1: of any"),                   \
    {                                                                                    \
        .name = "state", .type = OPTION_CHOICE, .offset = offsetof(of, member.state),    \
        .fallback = "open", .choices = "open|replayed|discarded|all",                    \
        .help = "only those in this state"                                               \
    }

enum { MOST_LETTERS_NAMED = 10000 }; /* on a command line */

/* FATAL 64: an operand is not SOURCE/OFFSET. */
enum outcome letter_filter_check(const struct letter_filter *filter, struct err *e);

/* Runs deploy/ctl/<name>.sql on the letters that the filter lets through; there they are the relation "letter", and
 * more[0] is $10. result may be NULL. FATAL 64: a time is none. */
enum { LETTER_MORE = 3 };
enum outcome letters_query(struct pg *pg, const struct letter_filter *filter,
                           const char *name, const char *const more[LETTER_MORE],
                           struct pg_result **result, struct err *e);

/* How many letters the filter lets through. */
enum outcome letter_count(struct pg *pg, const struct letter_filter *filter,
                          size_t *count, struct err *e);

/* FATAL 64: more than one letter, and neither a filter nor all says that this is meant. */
enum outcome letter_check_breadth(struct pg *pg, const struct letter_filter *filter,
                                  bool all, struct err *e);

/* Columns of dead_letter_page.sql; its $10 and $11 are the letter behind which it begins, $12 the most of them. */
enum letter_column {
    LETTER_SOURCE,
    LETTER_OFFSET,
    LETTER_TOPIC,
    LETTER_PARTITION,
    LETTER_CLUSTER,
    LETTER_KIND,
    LETTER_REASON,
    LETTER_FIELD,
    LETTER_DETAIL,
    LETTER_EVENT_ID,
    LETTER_SQLSTATE,
    LETTER_KEY,
    LETTER_VALUE,
    LETTER_VALUE_SIZE,
    LETTER_SHA256,
    LETTER_IS_KEPT,
    LETTER_HEADERS,      /* how many it had */
    LETTER_HEADERS_KEPT, /* how many there are */
    LETTER_REPLAY_OF,
    LETTER_REPLAY_COUNT,
    LETTER_RECORDED,
    LETTER_STATE,
    LETTER_HINDRANCE /* why it cannot be sent again */
};

/* A bytea as bytes in the arena; NULL where null. */
uint8_t *letter_bytes(struct arena *arena, const struct pg_result *result, size_t row,
                      size_t column, size_t *size);

/* name, value */
enum outcome letter_headers(struct pg *pg, const struct pg_result *letters, size_t row,
                            struct pg_result **headers, struct err *e);

/* Whom to name for what is done: actor, or the operating system's name of the user. The caller frees it. */
char *letter_actor(const char *actor);

#endif
