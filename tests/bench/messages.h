/* messages.h - messages for measurements: lines of the simulator, encoded once as a producer does it, then given ids
 * and times again and again, for encoding is not what is measured. Any failure ends
 * the program. */
#ifndef GRIDLOOP_BENCH_MESSAGES_H
#define GRIDLOOP_BENCH_MESSAGES_H

#include <stdint.h>
#include <stdio.h>

#include "common/hash.h"

/* One of a message's values is written over in its bytes: they have a fixed size and stand first in each kind's
 * schema. Times are those of the years 1989 to 2558, which take 8 bytes. */
struct message {
    uint8_t *bytes; /* one spare byte behind it */
    size_t size;
    size_t
        subject_at; /* of the text of a second id that is made the same as event_id; 0: none */
};

struct message_maker; /* opaque */

struct message_maker *message_maker_new(const char *kind);
struct message message_make(const struct message_maker *maker, const char *line,
                            size_t size);

/* All lines of input, at least one; *count tells how many. subject: name of the field that is to be the same as
 * event_id, which each line has; NULL: none. */
struct message *messages_read(const struct message_maker *maker, FILE *input,
                              const char *subject, size_t *count);

void message_set_id(const struct message *message, const char id[UUID_TEXT_SIZE]);
void message_set_times(const struct message *message, int64_t occurred_us,
                       int64_t recorded_us);

#endif
