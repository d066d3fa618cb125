/* case_order.c - ids of orders. */
#include "consumers/runtime/case_order.h"

#include "common/text.h"

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
