/* case_order.h - orders to the ground: their ids, and the rows of follow_up.outbox. */
#ifndef GRIDLOOP_CASE_ORDER_H
#define GRIDLOOP_CASE_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/hash.h"

enum case_order_kind {
    CASE_DISPATCH, /* go there */
    CASE_REMIND,   /* it will soon be due, or is */
    CASE_RECALL    /* no longer needed */
};
const char *case_order_kind_name(enum case_order_kind kind); /* "DISPATCH" */

/* UUIDv5 of all four, so that the same decision has the same id after a restore, too. version: of the case after the
 * step that the order follows from; of a reminder the one that set the limit. cause: of a reminder "before_due" or
 * "due", else "". */
void case_order_id(uint8_t id[UUID_SIZE], const uint8_t case_id[UUID_SIZE],
                   int32_t version, enum case_order_kind kind, const char *cause);

/* One row; all is borrowed. */
struct case_order_row {
    uint8_t order_id[UUID_SIZE]; /* case_order_id() */
    const uint8_t *case_id;
    int32_t case_version;
    enum case_order_kind kind;
    const char *cause;
    int64_t link_seq;
    const char *target_unit;
    int64_t due_us;         /* LINK_NO_TIME: no limit */
    const char *limit_type; /* NULL: none, or due_at was given as a time */
    int32_t limit_value;
    bool is_test;
    int64_t decided_us;
};

#endif
