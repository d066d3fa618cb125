/* schema_answer_test.c - answers of a registry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/schema_answer.h"

static void test_answers_of_a_registry(void **state)
{
    static const struct {
        const char *json;
        bool is_object;
        const char *schema;
        bool is_avro, has_references;
        int64_t id, error_code;
    } cases[] = {
        {"{\"schema\": \"\\\"string\\\"\"}", true, "\"string\"", true, false, 0, 0},
        {"{\"schema\": \"x\", \"schemaType\": \"AVRO\", \"references\": []}", true, "x",
         true, false, 0, 0},
        {"{\"schemaType\": \"JSON\", \"schema\": \"x\"}", true, "x", false, false, 0, 0},
        {"{\"schema\": \"x\", \"schemaType\": 7}", true, "x", false, false, 0, 0},
        {"{\"schema\": \"x\", \"references\": [{}]}", true, "x", true, true, 0, 0},
        {"{\"schema\": {\"type\": \"string\"}}", true, NULL, true, false, 0, 0},
        {"{\"error_code\": 40403, \"message\": \"\"}", true, NULL, true, false, 0, 40403},
        {"{\"id\": 4294967295}", true, NULL, true, false, 4294967295, 0},
        {"{\"id\": \"7\", \"error_code\": \"40403\"}", true, NULL, true, false, 0, 0},
        {"[]", false, NULL, true, false, 0, 0},
        {"{\"schema\": ", false, NULL, true, false, 0, 0},
        {"", false, NULL, true, false, 0, 0},
        {"{\"schema\": \"x\\u0000\"}", false, NULL, true, false, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schema_answer answer;
        assert_int_equal(
            schema_read_answer(cases[i].json, strlen(cases[i].json), &answer),
            cases[i].is_object);
        if (cases[i].schema)
            assert_string_equal(answer.schema, cases[i].schema);
        else
            assert_null(answer.schema);
        assert_int_equal(answer.is_avro, cases[i].is_avro);
        assert_int_equal(answer.has_references, cases[i].has_references);
        assert_true(answer.id == cases[i].id);
        assert_true(answer.error_code == cases[i].error_code);
        free(answer.schema);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_of_a_registry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
