/* notify.c - the messages, each one datagram. */
#include "common/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"

static struct {
    int socket;
    struct sockaddr_un address;
    socklen_t address_size; /* 0: nobody asks */
    int64_t watchdog_ms;    /* at least so often; 0: nobody watches */
    int64_t turned_ms;      /* when that was said last */
    bool is_ready;
} manager;

static void say(const char *message)
{
    int error = errno; /* of whatever a signal has interrupted */

    if (manager.address_size)
        sendto(manager.socket, message, strlen(message), MSG_DONTWAIT | MSG_NOSIGNAL,
               (const struct sockaddr *)&manager.address, manager.address_size);
    errno = error;
}

/* A path, or, behind '@', a name in the abstract space. */
static void open_socket(const char *name)
{
    size_t size = name ? strlen(name) : 0;

    if (size < 2 || size >= sizeof manager.address.sun_path || !strchr("/@", name[0]))
        return;
    manager.socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (manager.socket < 0)
        return;
    manager.address.sun_family = AF_UNIX;
    memcpy(manager.address.sun_path, name, size);
    if (name[0] == '@')
        manager.address.sun_path[0] = '\0';
    manager.address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

/* A third of the manager's patience: one that comes late or is lost does no harm. */
static int64_t read_watchdog(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

    if (!usec || (pid && strtoimax(pid, NULL, 10) != getpid()))
        return 0;
    return strtoimax(usec, NULL, 10) / 3000;
}

void notify_begin(void)
{
    open_socket(getenv("NOTIFY_SOCKET"));
    manager.watchdog_ms = read_watchdog();
}

void notify_ready(void)
{
    if (manager.is_ready)
        return;
    manager.is_ready = true;
    say("READY=1");
}

void notify_turn(void)
{
    int64_t now_ms;

    if (manager.watchdog_ms == 0)
        return;
    now_ms = clock_monotonic_ms();
    if (manager.turned_ms && now_ms - manager.turned_ms < manager.watchdog_ms)
        return;
    manager.turned_ms = now_ms;
    say("WATCHDOG=1");
}

void notify_reloading(void)
{
    char message[64];

    if (!manager.is_ready)
        return;
    snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
             clock_monotonic_ms() * 1000);
    say(message);
}

void notify_reloaded(void)
{
    if (manager.is_ready)
        say("READY=1");
}

void notify_stopping(void)
{
    say("STOPPING=1");
}
