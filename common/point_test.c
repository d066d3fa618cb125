/* point_test.c - point.c itself is compiled in here: the library may be built without
 * points. */
#ifndef GRIDLOOP_POINTS
#define GRIDLOOP_POINTS
#endif
#include "common/point.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char folder[] = "/tmp/point_test_XXXXXX";
static char file[sizeof folder + 10], reached[sizeof folder + 20];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(file, sizeof file, "%s/go", folder);
    snprintf(reached, sizeof reached, "%s.reached", file);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

/* A child in which GRIDLOOP_POINT is spec passes "a" once, "b" five times, and ends with
 * 10. */
static pid_t start(const char *spec)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    close(STDERR_FILENO);
    signal(SIGABRT, SIG_DFL);
    if (spec)
        setenv("GRIDLOOP_POINT", spec, 1);
    POINT("a");
    for (int i = 0; i < 5; i++)
        POINT("b");
    _exit(10);
}

static int status_of(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    return status;
}

static void assert_ends(const char *spec, int code)
{
    int status = status_of(start(spec));

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
}

static void assert_aborts(const char *spec)
{
    int status = status_of(start(spec));

    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void passes_without_a_wish(void **state)
{
    (void)state;
    assert_ends(NULL, 10);
    assert_ends("", 10);
    assert_ends("c:1:kill", 10);
    assert_ends("b:6:kill", 10);
    assert_ends("a:2:kill", 10);
}

static void kills_and_exits(void **state)
{
    int status = status_of(start("b:5:kill"));

    (void)state;
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    assert_ends("a:1:exit", EX_SOFTWARE);
}

static void stops_until_continued(void **state)
{
    pid_t child = start("b:2:stop");

    (void)state;
    assert_true(WIFSTOPPED(status_of(child)));
    kill(child, SIGCONT);
    assert_int_equal(WEXITSTATUS(status_of(child)), 10);
}

static void wait_for(const char *path)
{
    const struct timespec pause = {0, 5000000};

    for (int i = 0; i < 2000 && access(path, F_OK) != 0; i++)
        nanosleep(&pause, NULL);
    assert_int_equal(access(path, F_OK), 0);
}

static void holds_until_the_file_is_there(void **state)
{
    const struct timespec pause = {0, 50000000};
    char spec[200];
    pid_t child;

    (void)state;
    snprintf(spec, sizeof spec, "b:3:hold:%s", file);
    child = start(spec);
    wait_for(reached);
    nanosleep(&pause, NULL);
    assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
    close(creat(file, 0600));
    assert_int_equal(WEXITSTATUS(status_of(child)), 10);
    unlink(file);
    unlink(reached);
}

static void tells_before_it_kills(void **state)
{
    char spec[200];

    (void)state;
    snprintf(spec, sizeof spec, "b:1:kill:%s", file);
    assert_true(WIFSIGNALED(status_of(start(spec))));
    assert_int_equal(access(reached, F_OK), 0);
    unlink(reached);
}

static void nonsense_aborts(void **state)
{
    static const char *const specs[] = {
        "a",
        "a:1",
        "a:x:kill",
        "a:0:kill",
        "a:-1:kill",
        "a:1:explode",
        "a:1:kills",
        "a:1:hold",
        "a:1:hold:",
        ":1:kill",
        "a:1:kill:/nonexistent/folder/file",
    };

    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        assert_aborts(specs[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_without_a_wish),
        cmocka_unit_test(kills_and_exits),
        cmocka_unit_test(stops_until_continued),
        cmocka_unit_test(holds_until_the_file_is_there),
        cmocka_unit_test(tells_before_it_kills),
        cmocka_unit_test(nonsense_aborts),
    };

    unsetenv("GRIDLOOP_POINT");
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
