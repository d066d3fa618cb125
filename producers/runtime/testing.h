/* testing.h - what the tests beside this share: cmocka with what it needs, example
 * events, folders. */
#ifndef GRIDLOOP_PRODUCER_TESTING_H
#define GRIDLOOP_PRODUCER_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

#define MAY_BE_UNUSED __attribute__((unused))

/* schemas/<kind>/examples/<name>.json; the caller frees. */
MAY_BE_UNUSED static char *example(const char *kind, const char *name)
{
    struct text path = {0}, bytes = {0};
    char chunk[4096];
    size_t got;
    FILE *file;

    text_format(&path, GRIDLOOP_SOURCE_DIR "/schemas/%s/examples/%s.json", kind, name);
    file = fopen(path.bytes, "r");
    assert_non_null(file);
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
        text_add(&bytes, chunk, got);
    fclose(file);
    text_free(&path);
    return bytes.bytes;
}

/* A copy of text with the first from, which must be there, as to; the caller frees. */
MAY_BE_UNUSED static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    struct text out = {0};

    if (!at)
        fail_msg("no such text: %s", from);
    text_add(&out, text, (size_t)(at - text));
    text_add_string(&out, to);
    text_add_string(&out, at + strlen(from));
    return out.bytes;
}

/* A folder that is the current one until leave_folder(). */
MAY_BE_UNUSED static int enter_folder(void **state)
{
    char name[] = "/tmp/gridloop-test-XXXXXX";

    if (!mkdtemp(name) || chdir(name))
        return -1;
    *state = strdup(name);
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type,
                      struct FTW *where)
{
    (void)status, (void)type, (void)where;
    return remove(path);
}

MAY_BE_UNUSED static int leave_folder(void **state)
{
    int failed = chdir("/") || nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);

    free(*state);
    return failed;
}

MAY_BE_UNUSED static void write_file(const char *path, const char *mode, const char *text)
{
    FILE *file = fopen(path, mode);

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

#endif
