/* copy.c - COPY's binary form: big endian, each value behind its length. */
#include "consumers/runtime/copy.h"

#include <endian.h>
#include <string.h>

/* Of a size that is known here, so that it costs no call. */
#define PUT(out, value) memcpy(text_more(out, sizeof(value)), &(value), sizeof(value))

void copy_put_head(struct text *out)
{
    text_add(out, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
}

void copy_put_end(struct text *out)
{
    text_add(out, "\377\377", 2);
}

void copy_put_count(struct text *out, int16_t columns)
{
    uint16_t count = htobe16((uint16_t)columns);

    PUT(out, count);
}

static void put_length(struct text *out, int32_t length)
{
    uint32_t big = htobe32((uint32_t)length);

    PUT(out, big);
}

void copy_put_null(struct text *out)
{
    put_length(out, -1);
}

void copy_put_int16(struct text *out, int16_t number)
{
    uint16_t bits = htobe16((uint16_t)number);

    copy_put_bytes(out, &bits, sizeof bits);
}

void copy_put_int32(struct text *out, int32_t number)
{
    uint32_t pair[2] = {htobe32(4), htobe32((uint32_t)number)};

    PUT(out, pair);
}

static void put_64(struct text *out, uint64_t bits)
{
    uint32_t triple[3] = {htobe32(8), htobe32((uint32_t)(bits >> 32)),
                          htobe32((uint32_t)bits)};

    PUT(out, triple);
}

void copy_put_int64(struct text *out, int64_t number)
{
    put_64(out, (uint64_t)number);
}

void copy_put_double(struct text *out, double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof bits);
    put_64(out, bits);
}

void copy_put_time(struct text *out, int64_t us)
{
    copy_put_int64(out, us - COPY_EPOCH_US);
}

void copy_put_bytes(struct text *out, const void *bytes, size_t size)
{
    char *at;

    if (!bytes) {
        copy_put_null(out);
        return;
    }
    put_length(out, (int32_t)size);
    at = text_more(out, size);
    if (size == UUID_SIZE)
        memcpy(at, bytes, UUID_SIZE);
    else
        memcpy(at, bytes, size);
}

void copy_put_string(struct text *out, const char *string)
{
    copy_put_bytes(out, string, string ? strlen(string) : 0);
}

void copy_put_bool(struct text *out, bool is_true)
{
    copy_put_bytes(out, is_true ? "\1" : "\0", 1);
}

void copy_put_uuid(struct text *out, const uint8_t id[UUID_SIZE])
{
    static const uint8_t none[UUID_SIZE];

    copy_put_bytes(out, memcmp(id, none, UUID_SIZE) == 0 ? NULL : id, UUID_SIZE);
}

void copy_put_positive(struct text *out, int32_t number)
{
    if (number > 0)
        copy_put_int32(out, number);
    else
        copy_put_null(out);
}

size_t copy_open_value(struct text *out)
{
    put_length(out, 0);
    return out->size;
}

void copy_close_value(struct text *out, size_t start)
{
    uint32_t length = htobe32((uint32_t)(out->size - start));

    memcpy(out->bytes + start - sizeof length, &length, sizeof length);
}

/* Dimensions, "has nulls", type of the items, and if there are any: their number and first index. */
void copy_put_array_head(struct text *out, uint32_t item_oid, uint32_t count)
{
    uint32_t head[5] = {htobe32(count ? 1 : 0), 0, htobe32(item_oid), htobe32(count),
                        htobe32(1)};

    text_add(out, head, count ? sizeof head : 3 * sizeof head[0]);
}
void copy_mark_nulls(struct text *out, size_t head)
{
    const uint32_t has_nulls = htobe32(1);

    memcpy(out->bytes + head + sizeof has_nulls, &has_nulls, sizeof has_nulls);
}
