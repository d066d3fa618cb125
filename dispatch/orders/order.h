/* order.h - the bytes of a message -> an order, as gridloop-orders prints it. */
#ifndef GRIDLOOP_ORDERS_ORDER_H
#define GRIDLOOP_ORDERS_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/hash.h"
#include "common/text.h"

struct order_reader; /* opaque; one thread */

struct order {
    uint8_t order_id[UUID_SIZE];
    struct text target_unit;
    struct text
        line; /* JSON with every field of the contract, times in RFC 3339; without a newline */
};

/* NULL: *e is FATAL. */
struct order_reader *order_reader_new(struct err *e);
void order_reader_free(struct order_reader *reader); /* NULL is fine */

/* Fills *order, whose texts are used again from call to call. REJECT: the message is damaged, or something else.
 * FATAL 78: it was written with a version of the contract that this program does not know, so it may be an order. */
enum outcome order_read(struct order_reader *reader, const uint8_t *bytes, size_t size,
                        struct order *order, struct err *e);
void order_free(struct order *order); /* its texts */

#endif
