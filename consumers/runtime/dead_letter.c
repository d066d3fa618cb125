/* dead_letter.c - the row of bus.dead_letter. */
#include "consumers/runtime/dead_letter.h"

#include <endian.h>
#include <string.h>

#include "common/clock.h"
#include "consumers/runtime/copy.h"
#include "consumers/runtime/headers.h"

static const struct layout_column columns[] = {
    {"source_id", "integer"},
    {"topic_offset", "bigint"},
    {"kind", "text"},
    {"reason", "text"},
    {"detail", "text"},
    {"field", "text"},
    {"event_id", "uuid"},
    {"sqlstate", "text"},
    {"value_size", "bigint"},
    {"value_sha256", "bytea"},
    {"is_kept", "boolean"},
    {"message_key", "bytea"},
    {"value", "bytea"},
    {"header_names", "bytea[]"},
    {"header_values", "bytea[]"},
    {"header_count", "integer"},
    {"replay_source", "integer"},
    {"replay_offset", "bigint"},
    {"replay_count", "integer"},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

void dead_letter_layout(struct layout *layout, struct text *copy_sql)
{
    text_format(copy_sql, "copy bus.dead_letter (");
    layout_begin(layout, "bus.dead_letter");
    for (size_t i = 0; i < COLUMNS; i++) {
        layout_add(layout, columns[i].name, columns[i].sql_type);
        text_format(copy_sql, "%s%s", i ? ", " : "", columns[i].name);
    }
    layout_end(layout);
    text_add_string(copy_sql, ") from stdin (format binary)");
}

static size_t kept_size(const struct kafka_message *message)
{
    return message->value_size < DEAD_LETTER_KEPT_BYTES ? message->value_size
                                                        : DEAD_LETTER_KEPT_BYTES;
}

static void put_why(struct text *out, const struct event *event, const char *kind)
{
    copy_put_string(out, kind);
    copy_put_string(out, event->reject.reason);
    copy_put_string(out, event->reject.detail);
    copy_put_string(out, event->reject.field);
    copy_put_bytes(out, event->event_id, UUID_SIZE);
    copy_put_string(out, event->sqlstate);
}

static void put_digest(struct text *out, const struct kafka_message *message)
{
    uint8_t digest[SHA256_SIZE];

    sha256_of(message->value, message->value_size, digest);
    copy_put_int64(out, (int64_t)message->value_size);
    copy_put_bytes(out, digest, sizeof digest);
}

/* bytea[] of the names or of the values. */
static void put_list(struct text *out, const struct headers_kept *headers, bool values)
{
    const uint32_t bytea_oid = 17;
    size_t start = out->size;
    uint32_t length = 0;

    text_add(out, &length, sizeof length);
    copy_put_array_head(out, bytea_oid, (uint32_t)headers->kept);
    for (size_t i = 0; i < headers->kept; i++) {
        const struct kafka_header *header = &headers->list[i];
        if (values)
            copy_put_bytes(out, header->value, header->size);
        else
            copy_put_string(out, header->name);
        if (values && !header->value)
            copy_mark_nulls(out, start + sizeof length);
    }
    length = htobe32((uint32_t)(out->size - start - sizeof length));
    memcpy(out->bytes + start, &length, sizeof length);
}

static void put_message(struct text *out, const struct kafka_message *message,
                        const struct headers_kept *headers, bool is_kept)
{
    copy_put_bytes(out, is_kept ? "\1" : "\0", 1);
    copy_put_bytes(out, is_kept ? message->key : NULL, message->key_size);
    copy_put_bytes(out, is_kept ? message->value : NULL, kept_size(message));
    if (is_kept && headers->is_readable) {
        put_list(out, headers, false);
        put_list(out, headers, true);
    } else {
        copy_put_null(out);
        copy_put_null(out);
    }
    if (headers->is_readable)
        copy_put_int32(out, (int32_t)headers->count);
    else
        copy_put_null(out);
}

static void put_replay(struct text *out, const struct replay_mark *replay)
{
    if (replay->count > 0) {
        copy_put_int32(out, replay->source_id);
        copy_put_int64(out, replay->offset);
    } else {
        copy_put_null(out);
        copy_put_null(out);
    }
    copy_put_int32(out, replay->count);
}

void dead_letter_put_row(struct text *out, const struct event *event, int32_t source_id,
                         const char *kind, struct bucket *bucket)
{
    const struct kafka_message *message = &event->message;
    struct headers_kept headers;
    bool is_kept;

    headers_keep(message, &headers);
    is_kept = bucket_take(bucket, message->key_size + kept_size(message) + headers.bytes,
                          clock_monotonic_ms());

    copy_put_count(out, COLUMNS);
    copy_put_int32(out, source_id);
    copy_put_int64(out, message->offset);
    put_why(out, event, kind);
    put_digest(out, message);
    put_message(out, message, &headers, is_kept);
    put_replay(out, &headers.replay);
}
