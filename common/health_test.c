/* health_test.c - the three answers, asked for over a real connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <string.h>
#include <sysexits.h>

#include "common/health.h"
#include "common/text.h"

/* Of http.c's own server: health.c does not say where it listens, but to the log. */
static const struct http_route *routes_taken;
struct http *__real_http_open(const char *listen, const struct http_route *routes,
                              struct err *e);
struct http *__wrap_http_open(const char *listen, const struct http_route *routes,
                              struct err *e);
static struct http *server;

struct http *__wrap_http_open(const char *listen, const struct http_route *routes,
                              struct err *e)
{
    routes_taken = routes;
    server = __real_http_open(listen, routes, e);
    return server;
}

static struct text body;

static int ask(const char *path)
{
    struct err e;
    int status = 0;

    text_clear(&body);
    assert_int_equal(http_get(http_address(server), path, &status, &body, &e), DONE);
    return status;
}

/* How many conditions are not met, and the reason of one of them ("": it is met). */
static size_t not_ready(const char *condition, const char **reason)
{
    static char text[300];
    int status = ask("/readyz");
    json_t *said = json_loads(body.bytes, JSON_REJECT_DUPLICATES, NULL), *one;
    size_t i, count = json_array_size(json_object_get(said, "not_ready"));

    assert_int_equal(status, count ? 503 : 200);
    assert_int_equal(json_is_true(json_object_get(said, "ready")), count == 0);
    text[0] = '\0';
    json_array_foreach(json_object_get(said, "not_ready"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "condition")), condition) == 0)
            strncpy(text, json_string_value(json_object_get(one, "reason")),
                    sizeof text - 1);
    }
    json_decref(said);
    *reason = text;
    return count;
}

static void begins_not_ready(void **state)
{
    const struct health_settings settings = {"127.0.0.1:0", 300};
    const char *reason;
    struct err e;

    (void)state;
    assert_int_equal(health_open(&settings, 1 << HEALTH_KAFKA | 1 << HEALTH_GAP, &e),
                     DONE);
    assert_int_equal(not_ready("kafka", &reason), 1);
    assert_string_equal(reason, "not looked at yet");
    health_tell(HEALTH_KAFKA, NULL);
    assert_int_equal(not_ready("kafka", &reason), 0);
}

static void names_why(void **state)
{
    const char *reason;

    (void)state;
    health_tell(HEALTH_KAFKA, "away: \"x\"");
    health_tell(HEALTH_KAFKA, "still away: \"x\"\n\x01");
    assert_int_equal(not_ready("kafka", &reason), 1);
    assert_string_equal(reason, "still away: \"x\"\n\x01");
    health_tell(HEALTH_KAFKA, NULL);
}

static void of_partitions(void **state)
{
    const int32_t kept[] = {1, 3};
    const char *reason;

    (void)state;
    health_tell_partition(HEALTH_GAP, 1, "retention");
    health_tell_partition(HEALTH_GAP, 2, "corrupt");
    health_tell_partition(HEALTH_BREAKER, 2, "a flood");
    assert_int_equal(health_failures(HEALTH_GAP), 2);
    assert_int_equal(not_ready("breaker", &reason), 3);
    health_keep(HEALTH_GAP, kept, 2);
    assert_int_equal(not_ready("gap", &reason), 2);
    assert_string_equal(reason, "retention");
    health_tell_partition(HEALTH_GAP, 1, NULL);
    health_tell_partition(HEALTH_BREAKER, 2, NULL);
    health_tell_partition(HEALTH_BREAKER, 2, NULL);
    assert_int_equal(not_ready("gap", &reason), 0);
}

/* More than are kept: still not ready, and nothing breaks. */
static void many(void **state)
{
    const char *reason;

    (void)state;
    for (int32_t i = 0; i < 5000; i++)
        health_tell_partition(HEALTH_GAP, i, "retention");
    assert_true(not_ready("gap", &reason) > 100);
    health_keep(HEALTH_GAP, NULL, 0);
    assert_int_equal(not_ready("gap", &reason), 0);
}

static void lives(void **state)
{
    (void)state;
    health_turn();
    assert_int_equal(ask("/livez"), 200);
    assert_int_equal(ask("/metrics"), 200);
    assert_int_equal(ask("/"), 404);
    assert_non_null(strstr(body.bytes, routes_taken[0].path));
}

static void bad_addresses(void **state)
{
    struct err e;
    int status;

    (void)state;
    assert_null(__real_http_open(http_address(server), routes_taken, &e));
    assert_int_equal(e.exit_code, EX_UNAVAILABLE);
    assert_null(__real_http_open("9464", routes_taken, &e));
    assert_int_equal(e.exit_code, EX_CONFIG);
    assert_null(__real_http_open("::1:9464", routes_taken, &e));
    assert_int_equal(e.exit_code, EX_CONFIG);
    health_close();
    assert_int_equal(http_get("127.0.0.1:1", "/livez", &status, &body, &e), RETRY);
    assert_int_equal(http_get("nonsense", "/livez", &status, &body, &e), FATAL);
}

static void switched_off(void **state)
{
    const char *const off[] = {NULL, "", "none"};
    struct err e;

    (void)state;
    server = NULL;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(health_open(&(struct health_settings){off[i], 300}, 0, &e),
                         DONE);
    assert_null(server);
    health_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_not_ready),
        cmocka_unit_test(names_why),
        cmocka_unit_test(of_partitions),
        cmocka_unit_test(many),
        cmocka_unit_test(lives),
        cmocka_unit_test(bad_addresses),
        cmocka_unit_test(switched_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
