/* reframe_test.c - frames exchanged, and what the registry is asked for. */
#include "producers/runtime/testing.h"

#include "producers/runtime/reframe.h"

/* ---- a registry that counts ---- */

struct registry {
    int asked;
    enum outcome outcome;
    char subject[100], schema[64];
};
static struct registry fake;

struct registry *registry_open(const struct registry_settings *settings, struct err *e)
{
    if (settings->url)
        return &fake;
    err_set(e, FATAL, "no URL");
    return NULL;
}

void registry_close(struct registry *registry)
{
    (void)registry;
}

enum outcome registry_number(struct registry *registry, const char *subject,
                             const char *schema, uint32_t *id, struct err *e)
{
    registry->asked++;
    snprintf(registry->subject, sizeof registry->subject, "%s", subject);
    snprintf(registry->schema, sizeof registry->schema, "%s", schema);
    if (registry->outcome)
        return err_set(e, registry->outcome, "no");
    *id = 0x01020304 + (uint32_t)registry->asked;
    return DONE;
}

static const struct registry_settings settings = {.url = "http://registry"};
static struct reframe *frames;
static struct text out;

static int begin(void **state)
{
    struct err e;

    (void)state;
    memset(&fake, 0, sizeof fake);
    frames = reframe_open(&settings, &e);
    return frames == NULL;
}

static int end(void **state)
{
    (void)state;
    reframe_close(frames);
    text_free(&out);
    return 0;
}

/* patrol_log's first version */
#define EVENT "\xc3\x01\x8b\x36\xe2\xfc\x3a\x04\x8f\x16"

static enum outcome exchange(const char *topic, const char *value, size_t size)
{
    struct err e;

    return reframe_event(frames, topic, value, size, &out, &e);
}

static void assert_message(const char *bytes, size_t size)
{
    assert_int_equal(out.size, size);
    assert_memory_equal(out.bytes, bytes, size);
}

static void exchanges_the_frame_alone(void **state)
{
    (void)state;
    assert_int_equal(exchange("g.patrol-log.v1", EVENT "a\0b", 13), DONE);
    assert_message("\0\1\2\3\5a\0b", 8);
    assert_string_equal(fake.subject, "g.patrol-log.v1-value");
    assert_non_null(strstr(fake.schema, "PatrolLog"));
    assert_int_equal(exchange("g.patrol-log.v1", EVENT, 10), DONE);
    assert_message("\0\1\2\3\5", 5);
}

static void asks_once_for_each_topic(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(exchange("a", EVENT "x", 11), DONE);
        assert_message("\0\1\2\3\5x", 6);
        assert_int_equal(exchange("b", EVENT "x", 11), DONE);
        assert_message("\0\1\2\3\6x", 6);
    }
    assert_int_equal(fake.asked, 2);
}

static void asks_again_after_no_answer(void **state)
{
    (void)state;
    fake.outcome = RETRY;
    assert_int_equal(exchange("a", EVENT, 10), RETRY);
    fake.outcome = REJECT; /* the schema is refused: its events stay in the spool */
    assert_int_equal(exchange("a", EVENT, 10), RETRY);
    fake.outcome = FATAL;
    assert_int_equal(exchange("a", EVENT, 10), FATAL);
    fake.outcome = DONE;
    assert_int_equal(exchange("a", EVENT, 10), DONE);
}

static void refuses_what_it_cannot_name(void **state)
{
    (void)state;
    assert_int_equal(exchange("a", "\xc3\x01\1\2\3\4\5\6\7\10x", 11), REJECT);
    assert_int_equal(exchange("a", EVENT, 9), REJECT);
    assert_int_equal(fake.asked, 0);
}

static void needs_a_registry(void **state)
{
    static const struct registry_settings none = {0};
    struct err e;

    (void)state;
    assert_null(reframe_open(&none, &e));
    reframe_close(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(exchanges_the_frame_alone),  TEST(asks_once_for_each_topic),
        TEST(asks_again_after_no_answer), TEST(refuses_what_it_cannot_name),
        TEST(needs_a_registry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
