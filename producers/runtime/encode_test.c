/* encode_test.c - what is encoded is read again by Avro-C's decoder, from nothing but
 * the schema's text. */
#include "producers/runtime/testing.h"

#include <avro.h>

#include "producers/runtime/check.h"
#include "producers/runtime/encode.h"

struct fixture {
    struct contract contract;
    struct checker *checker;
    struct encoder *encoder;
    struct arena *arena;
};

static struct fixture begin(const char *kind)
{
    struct fixture f = {.arena = arena_new()};
    struct err e;

    assert_int_equal(contract_open(&f.contract, kind, &e), DONE);
    return f;
}

static void begin_coding(struct fixture *f)
{
    struct err e;

    f->checker = checker_new(&f->contract, &e);
    f->encoder = encoder_new(&f->contract, &e);
    assert_non_null(f->checker);
    assert_non_null(f->encoder);
}

static void end(struct fixture *f)
{
    encoder_free(f->encoder);
    checker_free(f->checker);
    contract_close(&f->contract);
    arena_free(f->arena);
}

static struct datum checked(struct fixture *f, const char *line)
{
    struct datum event;
    struct err e;

    if (check_line(f->checker, f->arena, line, strlen(line), &event, NULL, &e))
        fail_msg("%s", e.message);
    return event;
}

static void same(avro_value_t *value, const struct datum *datum);

static void same_items(avro_value_t *value, const struct datum *datum)
{
    avro_value_t item;
    size_t count = 0;

    assert_int_equal(avro_value_get_size(value, &count), 0);
    assert_int_equal(count, datum->count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(avro_value_get_by_index(value, i, &item, NULL), 0);
        same(&item, &datum->items[i]);
    }
}

static void same_text(avro_value_t *value, const struct datum *datum)
{
    const char *text = NULL;
    size_t size = 0;

    assert_int_equal(avro_value_get_string(value, &text, &size), 0);
    assert_int_equal(size, datum->count + 1); /* Avro-C's NUL */
    assert_memory_equal(text, datum->text, size);
}

static int64_t whole(avro_value_t *value, enum schema_type type)
{
    int64_t number = 0;
    int small = 0;
    int32_t narrow = 0;

    if (type == SCHEMA_LONG)
        assert_int_equal(avro_value_get_long(value, &number), 0);
    else if (type == SCHEMA_INT)
        assert_int_equal(avro_value_get_int(value, &narrow), 0);
    else if (type == SCHEMA_ENUM)
        assert_int_equal(avro_value_get_enum(value, &small), 0);
    else
        assert_int_equal(avro_value_get_boolean(value, &small), 0);
    return type == SCHEMA_LONG ? number : type == SCHEMA_INT ? narrow : small;
}

static double real(avro_value_t *value, enum schema_type type)
{
    double wide = 0;
    float narrow = 0;

    if (type == SCHEMA_DOUBLE)
        assert_int_equal(avro_value_get_double(value, &wide), 0);
    else
        assert_int_equal(avro_value_get_float(value, &narrow), 0);
    return type == SCHEMA_DOUBLE ? wide : (double)narrow;
}

static void same(avro_value_t *value, const struct datum *datum)
{
    avro_value_t branch;

    if (datum->branch >= 0) {
        int index = -1;
        assert_int_equal(avro_value_get_discriminant(value, &index), 0);
        assert_int_equal(index, datum->branch);
        assert_int_equal(avro_value_get_current_branch(value, &branch), 0);
        value = &branch;
    }
    switch (datum->type->type) {
    case SCHEMA_NULL: assert_int_equal(avro_value_get_null(value), 0); break;
    case SCHEMA_FLOAT:
    case SCHEMA_DOUBLE: assert_true(real(value, datum->type->type) == datum->real); break;
    case SCHEMA_STRING: same_text(value, datum); break;
    case SCHEMA_ARRAY:
    case SCHEMA_RECORD: same_items(value, datum); break;
    default: assert_int_equal(whole(value, datum->type->type), datum->number);
    }
}

/* Decodes the body with the schema's text and compares; nothing may be left over. */
static void read_again(const struct fixture *f, const struct datum *event,
                       const char *body, size_t size)
{
    avro_schema_t schema;
    avro_value_iface_t *class;
    avro_value_t value;
    avro_reader_t reader = avro_reader_memory(body, (int64_t)size);
    size_t text_size, used;
    const char *text = schema_text(f->contract.file, &text_size);

    assert_int_equal(avro_schema_from_json_length(text, text_size, &schema), 0);
    class = avro_generic_class_from_schema(schema);
    assert_int_equal(avro_generic_value_new(class, &value), 0);
    assert_int_equal(avro_value_read(reader, &value), 0);
    assert_int_equal(avro_value_sizeof(&value, &used), 0);
    assert_int_equal(used, size);
    same(&value, event);
    avro_value_decref(&value);
    avro_value_iface_decref(class);
    avro_schema_decref(schema);
    avro_reader_free(reader);
}

/* One encoder for all: what one event leaves behind must not show in the next. */
static void encodes_the_examples(void **state)
{
    static const char *const kinds[] = {"drone_alert", "patrol_log", "inspection_finding",
                                        "case_action"};
    static const char *const names[] = {"smallest", "fullest", "ordinary", "smallest"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct fixture f = begin(kinds[i]);
        begin_coding(&f);
        for (size_t k = 0; k < 4; k++) {
            char *line = example(kinds[i], names[k]);
            struct datum event = checked(&f, line);
            const void *bytes;
            size_t size;
            struct err e;
            assert_int_equal(encode_event(f.encoder, &event, &bytes, &size, &e), DONE);
            read_again(&f, &event, (const char *)bytes + 10, size - 10);
            free(line);
        }
        end(&f);
    }
}

static void puts_the_fingerprint_in_front(void **state)
{
    struct fixture f = begin("patrol_log");
    char *line = example("patrol_log", "smallest");
    uint64_t fingerprint = schema_fingerprint(f.contract.file);
    const unsigned char *at;
    const void *bytes;
    struct datum event;
    struct err e;
    size_t size;

    (void)state;
    begin_coding(&f);
    event = checked(&f, line);
    assert_int_equal(encode_event(f.encoder, &event, &bytes, &size, &e), DONE);
    at = bytes;
    assert_int_equal(at[0], 0xc3);
    assert_int_equal(at[1], 0x01);
    for (int i = 0; i < 8; i++)
        assert_int_equal(at[2 + i], (fingerprint >> 8 * i) & 0xff);
    free(line);
    end(&f);
}

/* A schema of ours for once: the real ones bound every text. */
static void refuses_what_is_too_large(void **state)
{
    static const char schema[] = "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{"
                                 "\"name\":\"x\",\"type\":\"string\"}]}";
    struct fixture f = {.arena = arena_new(), .contract = {.kind = "R"}};
    struct text line = {0};
    const void *bytes;
    struct datum event;
    struct err e;
    size_t size;

    (void)state;
    f.contract.file = schema_parse("R", schema, strlen(schema), &e);
    f.contract.record = schema_root(f.contract.file);
    begin_coding(&f);
    text_add_string(&line, "{\"x\":\"");
    for (int i = 0; i < ENCODE_MAX_BYTES - 13; i++)
        text_add_string(&line, "y");
    text_add_string(&line, "\"}");
    event = checked(
        &f,
        line.bytes); /* 3 bytes of length and 10 in front: exactly as much as may be */
    assert_int_equal(encode_event(f.encoder, &event, &bytes, &size, &e), DONE);
    assert_int_equal(size, ENCODE_MAX_BYTES);
    line.size -= 2;
    text_add_string(&line, "y\"}");
    event = checked(&f, line.bytes);
    assert_int_equal(encode_event(f.encoder, &event, &bytes, &size, &e), REJECT);
    event = checked(&f, "{\"x\":\"\"}"); /* and the next one is fine */
    assert_int_equal(encode_event(f.encoder, &event, &bytes, &size, &e), DONE);
    assert_int_equal(size, 11);
    text_free(&line);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_the_examples),
        cmocka_unit_test(puts_the_fingerprint_in_front),
        cmocka_unit_test(refuses_what_is_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
