/* ledger.h - the lines sent to one producer, and which of them it accepted.
 *
 * Receipts rise, so a line that was passed over is refused. Lines not yet answered are kept: as many as
 * a producer holds before it commits, and all of them where it refuses every one. */
#ifndef GRIDLOOP_LEDGER_H
#define GRIDLOOP_LEDGER_H

#include <stdint.h>
#include <stdio.h>

#include "producers/simulate/simulate.h"

struct ledger {
    enum simulate_kind kind;
    struct sent *open; /* a ring of room places; the oldest is line number first */
    uint64_t room, first, count;
    uint64_t accepted, resent, refused; /* resent ones are among the accepted */
};

#define TRUTH_HEADER "# kind\tevent_id\tresend_of\tsighting_of\tthing\n"

/* One line of it. */
void truth_write(FILE *truth, const struct simulate_event *event);

void ledger_init(struct ledger *ledger, enum simulate_kind kind);
void ledger_free(struct ledger *ledger);

/* The next line to the producer; its number counts from 1. */
void ledger_send(struct ledger *ledger, const struct simulate_event *event);

/* Takes all whole lines "NUMBER EVENT_ID" out of received and writes the truth of each. FATAL 70: a
 * number that was not sent or comes twice, or an event_id that is not that line's. */
enum outcome ledger_receive(struct ledger *ledger, struct text *received, FILE *truth,
                            struct err *e);

#endif
