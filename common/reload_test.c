/* reload_test.c - a file that changes under a program, and what of it arrives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/reload.h"

static struct settings {
    const char *url, *level;
    int64_t linger, rows;
    double share;
    bool fast;
    struct kafka_properties kafka;
} s;

#define MEMBER(name) #name, .offset = offsetof(struct settings, name)

static const struct option_row rows[] = {
    {MEMBER(url), .type = OPTION_TEXT},
    {MEMBER(level), .type = OPTION_TEXT, .fallback = "info", .marks = OPTION_RELOADED},
    {MEMBER(linger), .type = OPTION_NUMBER, .fallback = "5", .minimum = 0, .maximum = 100,
     .marks = OPTION_RELOADED},
    {MEMBER(rows), .type = OPTION_NUMBER, .fallback = "7", .minimum = 0, .maximum = 100},
    {MEMBER(share), .type = OPTION_REAL, .fallback = "0.5", .minimum = 0, .maximum = 1,
     .marks = OPTION_RELOADED},
    {MEMBER(fast), .type = OPTION_SWITCH, .marks = OPTION_RELOADED},
};

static const struct option_set set = {
    .program = "gridloop-test",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = offsetof(struct settings, kafka),
    .size = sizeof(struct settings),
};

static char path[] = "/tmp/reload_test_XXXXXX";
static char log_path[] = "/tmp/reload_test_log_XXXXXX";
static char *arguments[] = {"gridloop-test", "--config", path, "--rows=9", NULL};

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    fputs(text, file);
    fclose(file);
}

static int begin(void **state)
{
    struct err e;

    (void)state;
    memset(&s, 0, sizeof s);
    write_file("url = here\nkafka.a = 1\nkafka.b = 1\n");
    if (options_load(&set, 4, arguments, &s, NULL, &e))
        return -1;
    reload_on_signal(&set, 4, arguments, &s);
    return 0;
}

/* Reads the file again; what was logged meanwhile is in log. */
static char log_text[8192];

static bool reload(const char *text)
{
    int stderr_before = dup(STDERR_FILENO);
    bool changed;
    FILE *file;

    if (!freopen(log_path, "w", stderr))
        fail();
    write_file(text);
    raise(SIGHUP);
    changed = reload_if_asked();
    fflush(stderr);
    dup2(stderr_before, STDERR_FILENO);
    close(stderr_before);
    file = fopen(log_path, "r");
    log_text[fread(log_text, 1, sizeof log_text - 1, file)] = '\0';
    fclose(file);
    return changed;
}

static bool has_logged(const char *part)
{
    return strstr(log_text, part) != NULL;
}

static void nothing_happens_without_a_signal(void **state)
{
    (void)state;
    write_file("level = debug\n");
    assert_false(reload_if_asked());
    assert_string_equal(s.level, "info");
}

static void a_signal_is_good_for_once(void **state)
{
    (void)state;
    assert_true(reload("url = here\nlevel = debug\nkafka.a = 1\nkafka.b = 1\n"));
    assert_false(reload_if_asked());
}

static void what_may_change_changes(void **state)
{
    (void)state;
    assert_true(reload("url = here\nlevel = debug\nlinger = 50\nshare = 0.25\n"
                       "fast = true\nkafka.a = 1\nkafka.b = 1\n"));
    assert_string_equal(s.level, "debug");
    assert_int_equal(s.linger, 50);
    assert_true(s.share == 0.25 && s.fast);
    assert_int_equal(s.rows, 9);
    assert_false(has_logged("restart"));
    assert_true(reload("url = here\nkafka.a = 1\nkafka.b = 1\n"));
    assert_string_equal(s.level, "info");
    assert_true(s.linger == 5 && s.share == 0.5 && !s.fast);
}

static void what_may_not_is_named(void **state)
{
    (void)state;
    assert_false(reload("url = there\nrows = 3\nkafka.a = 2\nkafka.c = 1\n"));
    assert_string_equal(s.url, "here");
    assert_int_equal(s.rows, 9);
    assert_int_equal(s.kafka.count, 2);
    assert_string_equal(s.kafka.items[0].value, "1");
    assert_true(has_logged("setting needs a restart") && has_logged("\"url\""));
    assert_true(has_logged("\"a\"") && has_logged("\"b\"") && has_logged("\"c\""));
    assert_false(has_logged("\"rows\"")); /* the command line wins as before */
}

static void a_broken_file_changes_nothing(void **state)
{
    (void)state;
    assert_false(reload("level = debug\nlinger = 101\n"));
    assert_string_equal(s.level, "info");
    assert_int_equal(s.linger, 5);
    assert_true(has_logged("the old ones stay in force"));
    assert_true(has_logged(":2: linger: '101' is not a whole number from 0 to 100"));
    unlink(path);
    raise(SIGHUP);
    assert_false(reload_if_asked());
    assert_string_equal(s.url, "here");
}

static int make_files(void **state)
{
    int file = mkstemp(path), log = mkstemp(log_path);

    (void)state;
    clearenv();
    setenv("LANG", "C", 1);
    return file < 0 || log < 0 || close(file) || close(log);
}

static int remove_files(void **state)
{
    (void)state;
    unlink(path);
    return unlink(log_path);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_happens_without_a_signal), TEST(a_signal_is_good_for_once),
        TEST(what_may_change_changes),          TEST(what_may_not_is_named),
        TEST(a_broken_file_changes_nothing),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
