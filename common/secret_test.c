/* secret_test.c - files that hold a secret, and that are replaced. */
#include "common/secret.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/secret_test_XXXXXX";
static char path[64], other[64], link_path[64];

static int begin(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/secret", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    snprintf(link_path, sizeof link_path, "%s/link", folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    unlink(link_path);
    unlink(path);
    unlink(other);
    return rmdir(folder);
}

static void write_file(const char *to, const char *text)
{
    int file = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
}

static void what_is_read(void **state)
{
    char secret[16];
    struct err e;

    (void)state;
    write_file(path, "hush\r\n\n");
    assert_int_equal(secret_read(path, secret, sizeof secret, &e), DONE);
    assert_string_equal(secret, "hush");
    write_file(path, "\n");
    assert_int_equal(secret_read(path, secret, sizeof secret, &e), FATAL);
    assert_int_equal(e.exit_code, EX_CONFIG);
    write_file(path, "sixteen letters.");
    assert_int_equal(secret_read(path, secret, sizeof secret, &e), FATAL);
    assert_null(strstr(e.message, "sixteen"));
}

static void a_replaced_file_is_noticed_once(void **state)
{
    struct secret_file file = {.path = path};

    (void)state;
    write_file(path, "old");
    assert_true(secret_was_replaced(&file));
    assert_false(secret_was_replaced(&file));
    write_file(other, "new");
    assert_int_equal(rename(other, path), 0);
    assert_true(secret_was_replaced(&file));
    assert_false(secret_was_replaced(&file));
    write_file(path, "longer");
    assert_true(secret_was_replaced(&file));
}

static void one_that_comes_back_is_a_new_one(void **state)
{
    struct secret_file file = {.path = path};

    (void)state;
    write_file(path, "old");
    assert_true(secret_was_replaced(&file));
    assert_int_equal(unlink(path), 0);
    assert_false(secret_was_replaced(&file));
    write_file(path, "old");
    assert_true(secret_was_replaced(&file));
}

static void links_are_followed(void **state)
{
    struct secret_file file = {.path = link_path};

    (void)state;
    write_file(path, "one");
    write_file(other, "two");
    assert_int_equal(symlink(path, link_path), 0);
    assert_true(secret_was_replaced(&file));
    assert_int_equal(unlink(link_path), 0);
    assert_int_equal(symlink(other, link_path), 0);
    assert_true(secret_was_replaced(&file));
    assert_false(secret_was_replaced(&file));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read),
        cmocka_unit_test(a_replaced_file_is_noticed_once),
        cmocka_unit_test(one_that_comes_back_is_a_new_one),
        cmocka_unit_test(links_are_followed),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
