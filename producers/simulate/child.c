/* child.c - posix_spawn and two pipes. */
#include "producers/simulate/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 16 };
extern char **environ;

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* The program's ends block as usual; ours do not. SIGPIPE, which we ignore, is its own business. */
static int spawn(struct child *child, char *const argv[], const int theirs[2])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t pipe_signal;
    int failed;

    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, theirs[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, theirs[1], STDOUT_FILENO);
    failed = posix_spawn(&child->pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

enum outcome child_start(struct child *child, char *const argv[], struct err *e)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    int failed;

    *child = CHILD_NONE;
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || fcntl(in[1], F_SETFL, O_NONBLOCK)
        || fcntl(out[0], F_SETFL, O_NONBLOCK))
        failed = errno;
    else
        failed = spawn(child, argv, (int[2]){in[0], out[1]});
    close_end(&in[0]);
    close_end(&out[1]);
    child->in = in[1];
    child->out = out[0];
    if (!failed)
        return DONE;
    child->pid = -1;
    return err_exit(e, EX_UNAVAILABLE, "starting %s: %s", argv[0], strerror(failed));
}

size_t child_waiting(const struct child *child)
{
    return child->waiting.size - child->written;
}

void child_write(struct child *child)
{
    while (child->in >= 0 && child_waiting(child)) {
        ssize_t size =
            write(child->in, child->waiting.bytes + child->written, child_waiting(child));

        if (size >= 0)
            child->written += (size_t)size;
        else if (errno == EAGAIN)
            return;
        else if (errno != EINTR)
            child_close_in(child);
    }
    text_clear(&child->waiting);
    child->written = 0;
}

void child_close_in(struct child *child)
{
    close_end(&child->in);
}

void child_read(struct child *child)
{
    char bytes[READ_BYTES];

    while (child->out >= 0) {
        ssize_t size = read(child->out, bytes, sizeof bytes);

        if (size > 0) {
            text_add(&child->received, bytes, (size_t)size);
        } else if (size == 0 || (errno != EINTR && errno != EAGAIN)) {
            close_end(&child->in);
            close_end(&child->out);
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

void child_poll(const struct child *child, struct pollfd fds[2])
{
    fds[0] =
        (struct pollfd){.fd = child_waiting(child) ? child->in : -1, .events = POLLOUT};
    fds[1] = (struct pollfd){.fd = child->out, .events = POLLIN};
}

int child_end(struct child *child)
{
    int status = 0;
    pid_t ended = child->pid;

    close_end(&child->in);
    close_end(&child->out);
    text_free(&child->waiting);
    text_free(&child->received);
    while (child->pid > 0 && (ended = waitpid(child->pid, &status, 0)) < 0
           && errno == EINTR)
        continue;
    child->pid = -1;
    if (ended < 0)
        return EX_OSERR;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
