/* case_order.c - ids of orders, and their rows in the binary form of COPY. */
#include "consumers/runtime/case_order.h"

#include <string.h>

#include "consumers/runtime/copy.h"
#include "consumers/runtime/link_rule.h"

enum { ORDER_COLUMNS = 12 };

static const uint8_t name_space[UUID_SIZE] = {0x7b, 0x1c, 0x0e, 0x52, 0x0f, 0x6d,
                                              0x4e, 0x0b, 0x9d, 0x34, 0x1a, 0x5f,
                                              0xc6, 0x28, 0xe3, 0x90};

const char *case_order_kind_name(enum case_order_kind kind)
{
    static const char *const names[] = {
        [CASE_DISPATCH] = "DISPATCH", [CASE_REMIND] = "REMIND", [CASE_RECALL] = "RECALL"};

    return names[kind];
}

void case_order_id(uint8_t id[UUID_SIZE], const uint8_t case_id[UUID_SIZE],
                   int32_t version, enum case_order_kind kind, const char *cause)
{
    struct text name = {0};

    text_add(&name, case_id, UUID_SIZE);
    text_format(&name, "/%d/%s/%s", version, case_order_kind_name(kind), cause);
    uuid_v5(id, name_space, name.bytes, name.size);
    text_free(&name);
}

const char *case_orders_copy_sql(void)
{
    return "copy follow_up.outbox (order_id, order_kind, case_id, case_version, cause, "
           "link_seq, target_unit_code, due_at, limit_type, limit_value, is_test, "
           "decided_at) from stdin (format binary)";
}

static void put_limit(struct text *out, const struct case_order_row *row)
{
    if (row->due_us == LINK_NO_TIME)
        copy_put_null(out);
    else
        copy_put_time(out, row->due_us);
    copy_put_string(out, row->limit_type);
    if (row->limit_type)
        copy_put_int32(out, row->limit_value);
    else
        copy_put_null(out);
}

void case_orders_put(struct text *out, const struct case_order_row *row)
{
    uint8_t id[UUID_SIZE];

    case_order_id(id, row->case_id, row->case_version, row->kind, row->cause);
    copy_put_count(out, ORDER_COLUMNS);
    copy_put_bytes(out, id, UUID_SIZE);
    copy_put_string(out, case_order_kind_name(row->kind));
    copy_put_bytes(out, row->case_id, UUID_SIZE);
    copy_put_int32(out, row->case_version);
    copy_put_string(out, row->cause);
    copy_put_int64(out, row->link_seq);
    copy_put_string(out, row->target_unit);
    put_limit(out, row);
    copy_put_bool(out, row->is_test);
    copy_put_time(out, row->decided_us);
}
