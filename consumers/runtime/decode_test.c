/* decode_test.c - from the bytes of a message to an event: framing, the writer's schema, heartbeats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <avro.h>
#include <cmocka.h>

#include "common/arena.h"
#include "common/builtin.h"
#include "common/text.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/decode.h"
#include "consumers/runtime/fake_schemas.h"

enum { MAX_EVENT_BYTES = 4096 };

/* ---- messages without a broker ---- */

static const char *ce_type; /* header of every message; NULL: none */

const void *kafka_message_header(const struct kafka_message *message, const char *name,
                                 size_t *size)
{
    (void)message;
    assert_string_equal(name, "ce_type");
    *size = ce_type ? strlen(ce_type) : 0;
    return ce_type;
}

bool kafka_message_headers(const struct kafka_message *message, kafka_visit_header *visit,
                           void *context)
{
    const struct kafka_header header = {"ce_type", ce_type,
                                        ce_type ? strlen(ce_type) : 0};

    (void)message;
    if (ce_type)
        visit(context, &header);
    return true;
}

size_t kafka_message_room(const struct kafka_message *message,
                          const struct kafka_message *next)
{
    (void)message, (void)next;
    return SIZE_MAX;
}

void kafka_message_free(struct kafka_message *message)
{
    message->handle = NULL;
}

struct bench {
    struct decoder *decoder, *with_registry;
    struct batch *batch;
};

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof *bench);
    struct err e;

    fake_reset();
    bench->decoder = decoder_new("patrol_log", MAX_EVENT_BYTES, NULL, &e);
    bench->with_registry = decoder_new("patrol_log", MAX_EVENT_BYTES, &fake_registry, &e);
    bench->batch = batch_new(16);
    ce_type = NULL;
    *state = bench;
    return bench->decoder && bench->with_registry ? 0 : -1;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    decoder_free(bench->decoder);
    decoder_free(bench->with_registry);
    batch_free(bench->batch);
    free(bench);
    return 0;
}

static const struct event *decode_by(struct bench *bench, struct decoder *decoder,
                                     const void *value, size_t size)
{
    struct batch *batch = batch_reset(bench->batch);
    struct err e;

    batch->events[batch->count++] = (struct event){
        .message = {.value = value, .value_size = size}, .outcome = EVENT_STORED};
    assert_int_equal(decode_batch(decoder, NULL, batch, &e), DONE);
    return &batch->events[0];
}

static const struct event *decode(struct bench *bench, const void *value, size_t size)
{
    return decode_by(bench, bench->decoder, value, size);
}

static void assert_dead(const struct event *event, const char *reason)
{
    assert_int_equal(event->outcome, EVENT_DEAD);
    assert_true(event->is_settled);
    assert_string_equal(event->reject.reason, reason);
    assert_non_null(event->reject.detail);
    assert_null(event->values);
    assert_null(event->event_id);
}

/* ---- a good message, by Avro-C ---- */

static const struct builtin_file *patrol_log(void)
{
    for (const struct builtin_file *file = builtin_schemas; file->path; file++)
        if (strcmp(file->path, "schemas/patrol_log/v1.avsc") == 0)
            return file;
    return NULL;
}

static void set_text(avro_value_t *record, const char *name, const char *value)
{
    avro_value_t field;

    assert_int_equal(avro_value_get_by_name(record, name, &field, NULL), 0);
    avro_value_set_string(&field, value);
}

/* Avro-C leaves what is not set at zero, and unions without a branch, which it cannot write. */
static void set_null(avro_value_t *record)
{
    avro_value_t field, branch;
    size_t count = 0;

    avro_value_get_size(record, &count);
    for (size_t i = 0; i < count; i++) {
        avro_value_get_by_index(record, i, &field, NULL);
        if (avro_value_get_type(&field) == AVRO_UNION)
            avro_value_set_branch(&field, 0, &branch);
        else if (avro_value_get_type(&field) == AVRO_STRING)
            avro_value_set_string(&field, "x");
    }
}

static size_t write_patrol_log(char *out, size_t room, const char *grid_code)
{
    static const char frame[] = "\xc3\x01\x8b\x36\xe2\xfc\x3a\x04\x8f\x16";
    const struct builtin_file *file = patrol_log();
    avro_writer_t writer = avro_writer_memory(out + 10, (int64_t)room - 10);
    avro_value_iface_t *class;
    avro_schema_t schema;
    avro_value_t record;
    size_t size;

    memcpy(out, frame, 10);
    assert_int_equal(avro_schema_from_json_length(file->text, file->size, &schema), 0);
    class = avro_generic_class_from_schema(schema);
    avro_generic_value_new(class, &record);
    set_null(&record);
    set_text(&record, "event_id", "018f3a4e-0000-7000-8000-000000000001");
    set_text(&record, "patrol_id", "018f3a4e-0000-7000-8000-000000000002");
    set_text(&record, "grid_code", grid_code);
    assert_int_equal(avro_value_write(writer, &record), 0);
    size = 10 + (size_t)avro_writer_tell(writer);
    avro_value_decref(&record);
    avro_value_iface_decref(class);
    avro_schema_decref(schema);
    avro_writer_free(writer);
    return size;
}

static void test_a_good_message_becomes_an_event(void **state)
{
    static const uint8_t id[] = {0x01, 0x8f, 0x3a, 0x4e, 0, 0, 0x70, 0,
                                 0x80, 0,    0,    0,    0, 0, 0,    1};
    struct bench *bench = *state;
    char bytes[1000];
    size_t size = write_patrol_log(bytes, sizeof bytes, "G-07");
    const struct event *event = decode(bench, bytes, size);
    const struct schema *schema = decoder_reader(bench->decoder)->schema;
    const struct value *grid;

    assert_int_equal(event->outcome, EVENT_STORED);
    assert_false(event->is_settled);
    assert_memory_equal(event->event_id, id, sizeof id);
    grid = &event->values[schema_find(schema, "grid_code")];
    assert_int_equal(grid->count, 4);
    assert_memory_equal(grid->bytes, "G-07", 4);
}

static void test_content_is_hashed(void **state)
{
    char bytes[1000];
    size_t size = write_patrol_log(bytes, sizeof bytes, "G-07");
    uint8_t hash[SHA256_SIZE];

    memcpy(hash, decode(*state, bytes, size)->content_hash, sizeof hash);
    assert_memory_equal(decode(*state, bytes, size)->content_hash, hash, sizeof hash);
    size = write_patrol_log(bytes, sizeof bytes, "G-08");
    assert_memory_not_equal(decode(*state, bytes, size)->content_hash, hash, sizeof hash);
}

/* ---- messages that are no events ---- */

static void test_no_value_and_an_empty_one(void **state)
{
    assert_dead(decode(*state, NULL, 0), "tombstone");
    assert_dead(decode(*state, "", 0), "short");
}

static void test_a_heartbeat_is_no_event(void **state)
{
    const struct event *event;

    ce_type = "gridloop.heartbeat";
    event = decode(*state, NULL, 0);
    assert_int_equal(event->outcome, EVENT_ABSENT);
    assert_true(event->is_settled);
    assert_true(event->is_heartbeat);
    assert_int_equal(decode(*state, "", 0)->outcome, EVENT_ABSENT);
    ce_type = "gridloop.heartbeats";
    event = decode(*state, NULL, 0);
    assert_dead(event, "tombstone");
    assert_false(event->is_heartbeat);
}

static void test_an_event_is_no_heartbeat_whatever_its_header(void **state)
{
    char bytes[1000];
    size_t size = write_patrol_log(bytes, sizeof bytes, "G-07");

    ce_type = "gridloop.heartbeat";
    assert_int_equal(decode(*state, bytes, size)->outcome, EVENT_STORED);
    assert_dead(decode(*state, "x", 1), "envelope");
}

static void test_other_framing_is_refused(void **state)
{
    char bytes[1000];
    size_t size = write_patrol_log(bytes, sizeof bytes, "G-07");

    for (size_t cut = 1; cut < 10; cut++)
        assert_dead(decode(*state, bytes, cut), "envelope");
    assert_dead(decode(*state, bytes, 10), "short");
    bytes[0] = 0;
    assert_dead(decode(*state, bytes, size), "envelope");
    bytes[0] = (char)0xc3;
    bytes[1] = 2;
    assert_dead(decode(*state, bytes, size), "envelope");
    assert_dead(decode(*state, "{\"event_id\": \"018f\"}", 20), "envelope");
}

static void test_an_unknown_writer_is_named(void **state)
{
    const struct event *event =
        decode(*state, "\xc3\x01\x01\x02\x03\x04\x05\x06\x07\xf8 and more", 19);

    assert_dead(event, "schema_unknown");
    assert_non_null(strstr(event->reject.detail, "f807060504030201"));
}

/* Every kind has its own topic; one that strays is not read by another's rules. */
static void test_another_kinds_event_is_unknown(void **state)
{
    assert_dead(decode(*state, "\xc3\x01\x3c\xb7\x5f\x34\xe0\xc1\x8d\x98", 10),
                "schema_unknown");
}

static void test_a_message_may_be_too_large(void **state)
{
    static char bytes[MAX_EVENT_BYTES + 1];

    write_patrol_log(bytes, sizeof bytes, "G-07");
    assert_dead(decode(*state, bytes, MAX_EVENT_BYTES + 1), "too_large");
    assert_dead(decode(*state, bytes, MAX_EVENT_BYTES), "trailing");
}

static void test_a_refused_field_is_named(void **state)
{
    char bytes[1000];
    size_t size = write_patrol_log(bytes, sizeof bytes, "\xff");
    const struct event *event = decode(*state, bytes, size);

    assert_dead(event, "utf8");
    assert_string_equal(event->reject.field, "grid_code");
    assert_null(strstr(event->reject.detail, "\xff"));
}

static void test_one_bad_message_costs_no_other(void **state)
{
    struct bench *bench = *state;
    struct batch *batch = batch_reset(bench->batch);
    char bytes[1000];
    size_t size = write_patrol_log(bytes, sizeof bytes, "G-07");
    struct err e;

    for (size_t i = 0; i < 9; i++)
        batch->events[batch->count++] =
            (struct event){.message = {.value = (const uint8_t *)bytes,
                                       .value_size = i % 3 == 1 ? size - 1 : size},
                           .outcome = EVENT_STORED};
    assert_int_equal(decode_batch(bench->decoder, NULL, batch, &e), DONE);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(batch->events[i].outcome,
                         i % 3 == 1 ? EVENT_DEAD : EVENT_STORED);
}

/* ---- schemas that are looked up ---- */

/* Confluent's frame: 00 and the number in big endian. */
static size_t write_numbered(char *out, size_t room, uint32_t number)
{
    char single[1000];
    size_t size = write_patrol_log(single, room - 5, "G-07");

    memcpy(out, (const char[]){0, 0, 0, (char)(number >> 8), (char)number}, 5);
    memcpy(out + 5, single + 10, size - 10);
    return size - 5;
}

static void test_a_registry_number_names_the_schema(void **state)
{
    struct bench *bench = *state;
    char bytes[1000];
    size_t size = write_numbered(bytes, sizeof bytes, 258);

    fake_numbers[0] = (struct fake_schema){258, patrol_log()->text};
    fake_number_count = 1;
    assert_dead(decode(bench, bytes, size), "envelope");
    assert_int_equal(decode_by(bench, bench->with_registry, bytes, size)->outcome,
                     EVENT_STORED);
    assert_int_equal(decode_by(bench, bench->with_registry, bytes, 4)->outcome,
                     EVENT_DEAD);
    assert_int_equal(fake_requests, 1);
}

static void test_an_unknown_number_is_named(void **state)
{
    struct bench *bench = *state;
    const struct event *event =
        decode_by(bench, bench->with_registry, "\0\0\0\1\2 more", 10);

    assert_dead(event, "schema_unknown");
    assert_non_null(strstr(event->reject.detail, "registry number 258"));
}

/* Three partitions; the fourth event's schema is there, but was not given this time. */
static void test_a_batch_is_cut_before_a_schema_that_was_not_looked_up(void **state)
{
    static const char late[] = "\xc3\x01\x01\0\0\0\0\0\0\0";
    struct bench *bench = *state;
    struct batch *batch = batch_reset(bench->batch);
    int64_t next_offsets[] = {90, 51, 20};
    char bytes[1000];
    size_t size = write_patrol_log(bytes, sizeof bytes, "G-07");
    struct err e;

    fake_store(1, NULL);
    batch->next_offsets = next_offsets;
    for (size_t i = 0; i < 8; i++)
        batch->events[batch->count++] =
            (struct event){.message = {.value = (const uint8_t *)(i == 3 ? late : bytes),
                                       .value_size = i == 3 ? sizeof late - 1 : size,
                                       .offset = (int64_t)(10 * i)},
                           .claim = i % 2,
                           .outcome = EVENT_STORED};
    assert_int_equal(decode_batch(bench->decoder, (struct pg *)(uintptr_t)8, batch, &e),
                     DONE);
    assert_int_equal(batch->count, 3);
    assert_true(batch->is_cut);
    assert_int_equal(next_offsets[0], 40);
    assert_int_equal(next_offsets[1], 30);
    assert_int_equal(next_offsets[2], 20);
}

/* A batch that is filled while another one is stored: the server cannot be asked then. */
static void test_decoding_ahead_stops_where_a_schema_is_to_be_looked_up(void **state)
{
    static const char late[] = "\xc3\x01\x01\0\0\0\0\0\0\0";
    struct bench *bench = *state;
    struct batch *batch = batch_reset(bench->batch);
    int64_t next_offsets[] = {3};
    char bytes[1000];
    size_t size = write_patrol_log(bytes, sizeof bytes, "G-07");
    struct err e;

    fake_store(1, NULL);
    batch->next_offsets = next_offsets;
    assert_false(decode_ahead(bench->decoder, batch));
    for (int64_t i = 0; i < 3; i++)
        batch->events[batch->count++] =
            (struct event){.message = {.value = (const uint8_t *)(i == 1 ? late : bytes),
                                       .value_size = i == 1 ? sizeof late - 1 : size,
                                       .offset = i},
                           .outcome = EVENT_STORED};
    assert_false(decode_ahead(bench->decoder, batch));
    assert_int_equal(batch->decoded, 1);
    assert_non_null(batch->events[0].values);
    assert_int_equal(decode_batch(bench->decoder, (struct pg *)(uintptr_t)8, batch, &e),
                     DONE);
    assert_int_equal(batch->count, 1);
    assert_int_equal(next_offsets[0], 1);
}

/* Something else stands in the arena already, as much as the batch may have. */
static void test_a_batch_ends_where_its_values_fill_its_memory(void **state)
{
    struct bench *bench = *state;
    struct batch *batch = batch_reset(bench->batch);
    int64_t next_offsets[] = {3};
    char bytes[1000];
    size_t size = write_patrol_log(bytes, sizeof bytes, "G-07");
    struct err e;

    batch->next_offsets = next_offsets;
    for (int64_t i = 0; i < 3; i++)
        batch->events[batch->count++] = (struct event){
            .message = {.value = (uint8_t *)bytes, .value_size = size, .offset = i},
            .outcome = EVENT_STORED};
    arena_take(batch->arena, (8 << 20) - 1000);
    assert_false(batch_is_full(batch));
    assert_int_equal(decode_batch(bench->decoder, NULL, batch, &e), DONE);
    assert_true(batch_is_full(batch));
    assert_true(batch->is_cut && batch->is_heavy);
    assert_in_range(batch->count, 1, 2);
    assert_int_equal(next_offsets[0], batch->count);
    batch_reset(batch);
    assert_false(batch->is_cut || batch->is_heavy || batch_is_full(batch));
}

static void test_the_batch_waits_for_who_has_to_be_asked(void **state)
{
    struct bench *bench = *state;
    struct batch *batch = batch_reset(bench->batch);
    struct err e;

    fake_outcome = RETRY;
    batch->events[batch->count++] = (struct event){
        .message = {.value = (const uint8_t *)"\0\0\0\1\2", .value_size = 5}};
    assert_int_equal(decode_batch(bench->with_registry, NULL, batch, &e), RETRY);
}

/* ---- decoders ---- */

static void test_a_kind_without_a_schema_has_no_decoder(void **state)
{
    struct err e;

    (void)state;
    assert_null(decoder_new("drone", MAX_EVENT_BYTES, NULL, &e));
    assert_int_equal(e.outcome, FATAL);
    assert_null(decoder_new("", MAX_EVENT_BYTES, NULL, &e));
    decoder_free(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_good_message_becomes_an_event),
        TEST(test_content_is_hashed),
        TEST(test_no_value_and_an_empty_one),
        TEST(test_a_heartbeat_is_no_event),
        TEST(test_an_event_is_no_heartbeat_whatever_its_header),
        TEST(test_other_framing_is_refused),
        TEST(test_an_unknown_writer_is_named),
        TEST(test_another_kinds_event_is_unknown),
        TEST(test_a_message_may_be_too_large),
        TEST(test_a_refused_field_is_named),
        TEST(test_one_bad_message_costs_no_other),
        TEST(test_a_registry_number_names_the_schema),
        TEST(test_an_unknown_number_is_named),
        TEST(test_a_batch_is_cut_before_a_schema_that_was_not_looked_up),
        TEST(test_decoding_ahead_stops_where_a_schema_is_to_be_looked_up),
        TEST(test_a_batch_ends_where_its_values_fill_its_memory),
        TEST(test_the_batch_waits_for_who_has_to_be_asked),
        TEST(test_a_kind_without_a_schema_has_no_decoder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
