/* headers.h - what a message's headers may be, and what of them a dead letter keeps.
 *
 * A message needs no headers: the event is in its value. As long as they are small they are not even read: where the
 * next message lies tells how large they can be. Too many or too large ones make the message a dead letter "header",
 * whatever its value is: librdkafka does not count them when it bounds its queue, and nobody sends them by mistake.
 * A name of ours that comes twice matters where it decides something: whether a message without a value is a
 * heartbeat. */
#ifndef GRIDLOOP_HEADERS_H
#define GRIDLOOP_HEADERS_H

#include "common/kafka.h"
#include "consumers/runtime/batch.h"

enum {
    HEADERS_MOST = 100,
    HEADERS_MOST_BYTES = 64 << 10,
    HEADERS_KEPT_BYTES = 16 << 10,
    REPLAYS_MOST = 3 /* times that a dead letter is sent again */
};

/* What gridloopctl puts on a dead letter that it sends again: "source_id/offset", and which time it is. */
#define HEADER_REPLAY_OF "gridloop-replay-of"
#define HEADER_REPLAY_COUNT "gridloop-replay-count"

/* Counts an event's headers, if that was not done yet, and returns their bytes. next: the message that came behind
 * it; NULL: none did. */
size_t headers_count(struct event *event, const struct kafka_message *next);

/* Marks the event dead if its headers, counted before, are not as they may be. */
void headers_check(struct event *event);

/* What a message says of being a dead letter that was sent again; all 0 if it does not, or not as we do. */
struct replay_mark {
    int32_t source_id;
    int64_t offset;
    int32_t count; /* 1 to REPLAYS_MOST */
};

struct headers_kept {
    struct kafka_header
        list[HEADERS_MOST]; /* the first of them, as many as fit; pointing into text */
    char text[HEADERS_KEPT_BYTES + HEADERS_MOST];
    size_t kept;
    size_t bytes;     /* of those kept */
    size_t count;     /* of all that the message has */
    bool is_readable; /* false: nothing else is known */
    struct replay_mark replay;
};

void headers_keep(const struct kafka_message *message, struct headers_kept *kept);

#endif
