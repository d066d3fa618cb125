/* memory_test.c - what is allocated and touched is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

static void grows_with_what_is_touched(void **state)
{
    const size_t size = 64 << 20;
    size_t before = memory_resident();
    char *block = malloc(size);

    (void)state;
    assert_non_null(block);
    memset(block, 1, size);
    assert_true(before > 0);
    assert_true(memory_resident() >= before + size / 2);
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(grows_with_what_is_touched)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
