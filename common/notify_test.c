/* notify_test.c - a manager's socket, and what arrives there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/notify.h"

static int manager;
static int64_t now_ms = 1000;

int64_t __wrap_clock_monotonic_ms(void);
int64_t __wrap_clock_monotonic_ms(void)
{
    return now_ms;
}

/* A socket of its own in the abstract space: nothing is left behind. */
static int begin(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int size;

    (void)state;
    size = snprintf(address.sun_path, sizeof address.sun_path, "@notify_test.%d",
                    (int)getpid());
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    setenv("WATCHDOG_USEC", "9000000", 1);
    unsetenv("WATCHDOG_PID");
    address.sun_path[0] = '\0';
    manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    return bind(manager, (struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)size));
}

static int end(void **state)
{
    (void)state;
    return close(manager);
}

/* "": nothing is there. */
static const char *heard(void)
{
    static char message[200];
    ssize_t size = recv(manager, message, sizeof message - 1, MSG_DONTWAIT);

    message[size < 0 ? 0 : size] = '\0';
    return message;
}

static void says_nothing_before_it_begins(void **state)
{
    (void)state;
    notify_turn();
    notify_stopping();
    assert_string_equal(heard(), "");
    notify_begin();
}

static void is_not_ready_by_a_reload(void **state)
{
    (void)state;
    notify_reloading();
    notify_reloaded();
    assert_string_equal(heard(), "");
}

static void is_ready_once(void **state)
{
    (void)state;
    notify_ready();
    notify_ready();
    assert_string_equal(heard(), "READY=1");
    assert_string_equal(heard(), "");
}

static void turns_are_told_three_times_within_the_patience(void **state)
{
    (void)state;
    for (int i = 0; i < 9000; i++, now_ms++)
        notify_turn();
    for (int i = 0; i < 3; i++)
        assert_string_equal(heard(), "WATCHDOG=1");
    assert_string_equal(heard(), "");
}

static void reloads_and_stops(void **state)
{
    (void)state;
    notify_reloading();
    assert_string_equal(heard(), "RELOADING=1\nMONOTONIC_USEC=10000000");
    notify_reloaded();
    assert_string_equal(heard(), "READY=1");
    notify_stopping();
    assert_string_equal(heard(), "STOPPING=1");
}

static void another_process_is_watched(void **state)
{
    (void)state;
    setenv("WATCHDOG_PID", "1", 1);
    notify_begin();
    now_ms += 9000;
    notify_turn();
    assert_string_equal(heard(), "");
}

/* Each goes on where the one before left off. */
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_nothing_before_it_begins),
        cmocka_unit_test(is_not_ready_by_a_reload),
        cmocka_unit_test(is_ready_once),
        cmocka_unit_test(turns_are_told_three_times_within_the_patience),
        cmocka_unit_test(reloads_and_stops),
        cmocka_unit_test(another_process_is_watched),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
