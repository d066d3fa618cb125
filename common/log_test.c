/* log_test.c - lines are read back from a pipe and from a pseudo terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

enum { MOST = 1 << 16 };
static char got[MOST];

/* Runs call in a child whose stderr is writer; what it wrote arrives at reader, in got. */
static void capture(void (*call)(void), int reader, int writer)
{
    size_t size = 0;
    ssize_t part;
    int status;
    pid_t child = fork();

    if (child == 0) {
        dup2(writer, STDERR_FILENO);
        call();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(writer);
    while ((part = read(reader, got + size, MOST - 1 - size)) > 0)
        size += (size_t)part;
    close(reader);
    got[size] = '\0';
}

static void capture_pipe(void (*call)(void))
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    capture(call, ends[0], ends[1]);
}

static void capture_terminal(void (*call)(void))
{
    struct termios raw;
    int master, slave;

    assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
    tcgetattr(slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    capture(call, master, slave);
}

static json_t *parsed(void)
{
    json_t *json = json_loads(got, JSON_REJECT_DUPLICATES, NULL);

    if (!json)
        print_error("not JSON: %s\n", got);
    assert_non_null(json);
    assert_int_equal(strchr(got, '\n') - got + 1, strlen(got));
    return json;
}

static void has(const json_t *json, const char *name, const char *value)
{
    assert_string_equal(json_string_value(json_object_get(json, name)), value);
}

static void say_something(void)
{
    int64_t rows = -42;

    log_set_context("kind", "drone_alert");
    log_set_context("member", "a");
    log_set_context("member", "b");
    log_info("batch stored", "topic", "gridloop.drone-alert.v1", "rows", LOG_NUMBER(rows),
             "note", "a \"b\"\n=\t\x1b[31m", "empty", "", "none", NULL, NULL);
}

static void json_without_a_terminal(void **state)
{
    json_t *json;
    const char *time;
    int64_t us;

    (void)state;
    capture_pipe(say_something);
    json = parsed();
    time = json_string_value(json_object_get(json, "ts"));
    assert_int_equal(strlen(time), 27);
    assert_null(clock_parse(time, strlen(time), &us));
    assert_in_range(clock_now_us() - us, 0, 60000000);
    has(json, "level", "info");
    has(json, "msg", "batch stored");
    has(json, "kind", "drone_alert");
    has(json, "member", "b");
    has(json, "rows", "-42");
    has(json, "note", "a \"b\"\n=\t\x1b[31m");
    has(json, "empty", "");
    has(json, "none", "");
    json_decref(json);
}

static void logfmt_on_a_terminal(void **state)
{
    (void)state;
    capture_terminal(say_something);
    assert_memory_equal(got, "ts=20", 5);
    assert_string_equal(got + 30,
                        " level=info msg=\"batch stored\" kind=drone_alert member=b "
                        "topic=gridloop.drone-alert.v1 rows=-42 "
                        "note=\"a \\\"b\\\"\\n=\\t\\u001b[31m\" empty=\"\" none=\"\"\n");
}

static void say_on_every_level(void)
{
    log_debug("1", NULL);
    log_info("2", NULL);
    log_warn("3", NULL);
    log_error("4", NULL);
}

static void say_warnings(void)
{
    if (!log_set_level("warn") || log_set_level("loud"))
        _exit(1);
    say_on_every_level();
}

static void say_all(void)
{
    if (!log_set_level("debug"))
        _exit(1);
    say_on_every_level();
}

static int lines(void)
{
    int count = 0;

    for (const char *at = got; *at; at++)
        count += *at == '\n';
    return count;
}

static void levels(void **state)
{
    (void)state;
    capture_pipe(say_on_every_level);
    assert_int_equal(lines(), 3);
    capture_pipe(say_warnings);
    assert_int_equal(lines(), 2);
    assert_non_null(strstr(got, "\"level\":\"warn\""));
    assert_non_null(strstr(got, "\"level\":\"error\""));
    capture_pipe(say_all);
    assert_int_equal(lines(), 4);
}

/* 1023 ASCII characters and then ones of three bytes: the cut must not fall within one. */
static void say_too_much(void)
{
    char longer[3000], control[1000];

    memset(longer, 'x', 1023);
    for (size_t i = 1023; i + 3 < sizeof longer; i += 3)
        memcpy(longer + i, "\xe7\xbd\x91", 4);
    memset(control, 1, sizeof control - 1);
    control[sizeof control - 1] = '\0';
    log_info("m", "long", longer, "control", control, "last", "here", NULL);
}

static void long_values_are_cut(void **state)
{
    json_t *json;

    (void)state;
    capture_pipe(say_too_much);
    assert_true(strlen(got) <= 4096);
    json = parsed();
    assert_int_equal(json_string_length(json_object_get(json, "long")), 1023);
    assert_null(json_object_get(json, "control"));
    has(json, "last", "here");
    json_decref(json);
}

static void say_rubbish(void)
{
    log_info("m", "path", "a\xff\xe7\xbd", "good", "\xe7\xbd\x91", NULL);
}

static void bytes_that_are_no_utf8_do_not_break_json(void **state)
{
    json_t *json;

    (void)state;
    capture_pipe(say_rubbish);
    json = parsed();
    has(json, "path", "a???");
    has(json, "good", "\xe7\xbd\x91");
    json_decref(json);
}

static void keep_errno(void)
{
    errno = ENOENT;
    log_info("m", NULL);
    log_debug("m", NULL);
    _exit(errno != ENOENT);
}

static void errno_stays(void **state)
{
    (void)state;
    capture_pipe(keep_errno);
}

/* Without a reader and without stderr a line is lost, not the program. */
static void say_without_stderr(void)
{
    close(STDERR_FILENO);
    log_info("m", NULL);
}

static void no_stderr_is_no_failure(void **state)
{
    (void)state;
    capture_pipe(say_without_stderr);
    assert_string_equal(got, "");
}

static void say_as_four(void)
{
    for (int i = 0; i < 3; i++)
        if (fork() == 0)
            break;
    for (int i = 0; i < 25; i++)
        log_info("a line that must stay whole", "pid", LOG_NUMBER(getpid()), "number",
                 LOG_NUMBER(i), NULL);
    while (wait(NULL) > 0)
        ;
}

static void lines_of_processes_do_not_mix(void **state)
{
    char *save, *line;

    (void)state;
    capture_pipe(say_as_four);
    assert_int_equal(lines(), 100);
    for (line = strtok_r(got, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        json_t *json = json_loads(line, 0, NULL);
        assert_non_null(json);
        json_decref(json);
    }
}

static int64_t now_ms = 1000;

int64_t __wrap_clock_monotonic_ms(void);
int64_t __wrap_clock_monotonic_ms(void)
{
    return now_ms;
}

/* A storm, another line in the midst of it, and the first of the next window. */
static void say_again_and_again(void)
{
    for (int i = 0; i < 30; i++) {
        log_warn("will try again", "error", "no route", NULL);
        log_warn("will try again", "error", "no route", "attempt", LOG_NUMBER(i), NULL);
    }
    now_ms += 9999;
    log_warn("will try again", "error", "no route", NULL);
    now_ms += 1;
    log_warn("will try again", "error", "no route", NULL);
    log_warn("will try again", "error", "no route", NULL);
}

static void repeats_are_left_out(void **state)
{
    const char *at;

    (void)state;
    capture_pipe(say_again_and_again);
    assert_int_equal(lines(), 20 + 30 + 2);
    at = strstr(got, "left_out");
    assert_non_null(at);
    assert_memory_equal(at, "left_out\":\"11\"}\n", 16);
    assert_null(strstr(at + 1, "left_out"));
}

static void say_with_and_without(void)
{
    log_set_context("topic", "t");
    log_info("with", NULL);
    log_set_context("topic", NULL);
    log_info("without", NULL);
}

static void context_can_be_taken_away(void **state)
{
    (void)state;
    capture_pipe(say_with_and_without);
    assert_int_equal(lines(), 2);
    assert_non_null(strstr(got, "\"topic\":\"t\"}\n"));
    assert_null(strstr(strstr(got, "without"), "topic"));
}

static void number_texts(void **state)
{
    (void)state;
    assert_string_equal(LOG_NUMBER(INT64_MIN), "-9223372036854775808");
    assert_string_equal(LOG_NUMBER(INT64_MAX), "9223372036854775807");
    assert_string_equal(LOG_NUMBER(0), "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_without_a_terminal),
        cmocka_unit_test(logfmt_on_a_terminal),
        cmocka_unit_test(levels),
        cmocka_unit_test(long_values_are_cut),
        cmocka_unit_test(bytes_that_are_no_utf8_do_not_break_json),
        cmocka_unit_test(errno_stays),
        cmocka_unit_test(no_stderr_is_no_failure),
        cmocka_unit_test(lines_of_processes_do_not_mix),
        cmocka_unit_test(repeats_are_left_out),
        cmocka_unit_test(context_can_be_taken_away),
        cmocka_unit_test(number_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
