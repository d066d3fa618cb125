/* sqlstate_fuzz.c - what a server says of an error never makes us take another row for the bad one.
 *
 * Input: an SQLSTATE, NUL, the context of the error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sqlstate.h"
#include "common/text.h"
#include "tests/fuzz/support.h"

/* Whatever text surrounds it in a server's own words, a number that is not there is never named. */
static void check_line(const char *context)
{
    size_t line = sqlstate_copy_line(context);
    char digits[32];

    snprintf(digits, sizeof digits, "%zu", line);
    MUST(line == 0 || line == SIZE_MAX || strstr(context, digits));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct text input;
    enum outcome outcome;
    int code;

    text_clear(&input);
    text_add(&input, data, size);
    text_add(&input, "",
             1); /* text.h puts another one behind it, so that there is a context */
    outcome = sqlstate_outcome(input.bytes);
    code = sqlstate_exit_code(input.bytes);
    MUST(outcome == RETRY || outcome == FATAL);
    MUST(code == 70 || code == 77 || code == 78);
    sqlstate_quotes_data(input.bytes);
    fuzz_check_message(sqlstate_meaning(input.bytes));
    check_line(input.bytes + strlen(input.bytes) + 1);
    return 0;
}
