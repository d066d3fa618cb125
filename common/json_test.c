/* json_test.c - documents are read strictly, and numbers are written as they were. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "common/json.h"

static struct json *parse(const char *text)
{
    struct err e;
    struct json *document = json_parse(text, strlen(text), &e);

    if (!document)
        fail_msg("%s: %s", text, e.message);
    return document;
}

static void test_a_path_is_walked(void **state)
{
    struct json *document = parse("{\"a\":[{\"b\":\"c\"},true,null]}");
    const struct json *array = json_member(document, "a");

    (void)state;
    assert_int_equal(json_count(array), 3);
    assert_string_equal(json_text(json_member(json_item(array, 0), "b")), "c");
    assert_true(json_truth(json_item(array, 1)));
    assert_true(json_absent(json_item(array, 2)));
    assert_true(json_has_members(document) && !json_has_members(array));
    json_free(document);
}

static void test_what_is_not_there_is_nothing(void **state)
{
    struct json *document = parse("[1,{}]");

    (void)state;
    assert_null(json_member(document, "a"));
    assert_null(json_member(json_item(document, 1), "a"));
    assert_null(json_item(document, 2));
    assert_null(json_text(json_item(document, 0)));
    assert_int_equal(json_whole(json_item(document, 0)), 1);
    assert_int_equal(json_whole(json_item(document, 1)), 0);
    assert_int_equal(json_whole(NULL), 0);
    assert_true(json_number(json_item(document, 0)) == 1);
    assert_true(isnan(json_number(json_item(document, 1))));
    assert_true(isnan(json_number(NULL)));
    assert_false(json_has_members(NULL));
    assert_null(json_text(json_member(NULL, "a")));
    assert_int_equal(json_count(json_item(document, 1)), 0);
    assert_false(json_truth(NULL));
    assert_true(json_absent(NULL));
    assert_false(json_absent(json_item(document, 0)));
    json_free(document);
    json_free(NULL);
}

static void test_numbers_are_written_as_they_were(void **state)
{
    struct json *document = parse("[114.34488608, 0.1, 7, 1e300, -0.0]");
    char *text = json_write(document), *part = json_write(json_item(document, 2));
    char *end;

    (void)state;
    assert_true(strtod(text + 1, &end) == 114.34488608);
    assert_true(strtod(end + 1, &end) == 0.1);
    assert_string_equal(part, "7");
    free(text);
    free(part);
    json_free(document);
}

static void test_what_is_no_json_is_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "[1,]",
                                        "[NaN]",
                                        "[1e999]",
                                        "[\"\xff\"]",
                                        "{\"a\":1,\"a\":2}",
                                        "[\"\\u0000\"]",
                                        "[1] 2"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct err e = {0};
        assert_null(json_parse(wrong[i], strlen(wrong[i]), &e));
        assert_int_equal(e.outcome, FATAL);
        assert_int_equal(e.exit_code, EX_DATAERR);
        assert_non_null(strstr(e.message, "line "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_path_is_walked),
        cmocka_unit_test(test_what_is_not_there_is_nothing),
        cmocka_unit_test(test_numbers_are_written_as_they_were),
        cmocka_unit_test(test_what_is_no_json_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
