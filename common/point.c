/* point.c - dies or waits where a test said so. */
#include "common/point.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#ifdef GRIDLOOP_POINTS

static struct {
    char name[64]; /* empty: none */
    long pass;
    char act[8];
    const char *file; /* NULL: none */
} wanted;

/* A test with a misspelt point would succeed without having tested anything. */
static _Noreturn void die(const char *why)
{
    fprintf(stderr, "GRIDLOOP_POINT: %s\n", why);
    abort();
}

static void act_kill(void)
{
    raise(SIGKILL);
}

static void act_stop(void)
{
    raise(SIGSTOP);
}

static void act_exit(void)
{
    exit(EX_SOFTWARE);
}

static void act_hold(void)
{
    const struct timespec pause = {0, 10000000};

    while (access(wanted.file, F_OK) != 0)
        nanosleep(&pause, NULL);
}

static const struct {
    const char *name;
    void (*run)(void);
} acts[] = {
    {"kill", act_kill}, {"stop", act_stop}, {"exit", act_exit}, {"hold", act_hold}};

static void (*find_act(void))(void)
{
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (strcmp(acts[i].name, wanted.act) == 0)
            return acts[i].run;
    die("the act is none of kill, stop, exit, hold");
}

static void read_wanted(void)
{
    const char *text = getenv("GRIDLOOP_POINT");
    int used = 0;

    if (!text || !*text)
        return;
    if (sscanf(text, "%63[^:]:%ld:%7[^:]%n", wanted.name, &wanted.pass, wanted.act, &used)
            != 3
        || wanted.pass < 1 || (text[used] && text[used] != ':'))
        die("not of the form name:pass:act[:file]");
    if (text[used] && text[used + 1])
        wanted.file = text + used + 1;
    if (find_act() == act_hold && !wanted.file)
        die("hold needs a file");
}

static void tell_reached(void)
{
    char path[4096];
    int file;

    if (!wanted.file)
        return;
    if (snprintf(path, sizeof path, "%s.reached", wanted.file) >= (int)sizeof path)
        die("the file's path is too long");
    file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0)
        die("cannot create the .reached file");
    close(file);
}

void point_passed(const char *name)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static atomic_long passes;

    pthread_once(&once, read_wanted);
    if (strcmp(name, wanted.name) != 0 || atomic_fetch_add(&passes, 1) + 1 != wanted.pass)
        return;
    tell_reached();
    find_act()();
}

#endif
