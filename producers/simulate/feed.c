/* feed.c - from the simulated devices into the real producers, and their receipts into the truth. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/clock.h"
#include "producers/simulate/child.h"
#include "producers/simulate/ledger.h"

/* Lines wait here while a pipe is full; no further ones are made meanwhile. */
enum { MOST_WAITING_BYTES = 1 << 16, LONGEST_POLL_MS = 1000 };

struct outlet {
    struct child child;
    struct ledger ledger;
    bool is_open; /* its producer was started */
    int exit_code;
};

struct run {
    const struct simulate_feed *feed;
    struct simulate_stream *stream;
    struct outlet outlets[SIMULATE_KINDS];
    FILE *truth;
    int64_t sent, begun_ms;
    bool is_over; /* the simulated time is */
};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static void catch_signals(void)
{
    struct sigaction on_stop = {.sa_handler = stop};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigaction(SIGINT, &on_stop, NULL);
    sigaction(SIGTERM, &on_stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

/* ---- beginning ---- */

static enum outcome open_truth(struct run *run, struct err *e)
{
    char path[PATH_MAX];

    if (mkdir(run->feed->dir, 0777) && errno != EEXIST)
        return err_exit(e, EX_CANTCREAT, "making %s: %s", run->feed->dir,
                        strerror(errno));
    snprintf(path, sizeof path, "%s/truth.tsv", run->feed->dir);
    run->truth = fopen(path, "ae");
    if (!run->truth)
        return err_exit(e, EX_CANTCREAT, "opening %s: %s", path, strerror(errno));
    if (fseek(run->truth, 0, SEEK_END) == 0 && ftell(run->truth) == 0)
        fputs(TRUTH_HEADER, run->truth);
    return DONE;
}

/* The command line behind the program's name; the caller frees the array only. */
static const char **producer_arguments(const struct simulate_feed *feed,
                                       const char *program, const char *spool,
                                       const char *rejects)
{
    const char *own[] = {program,      "--spool", spool,         "--rejects",     rejects,
                         "--receipts", "line",    "--namespace", feed->name_space};
    size_t own_count = sizeof own / sizeof *own - (feed->name_space ? 0 : 2);
    const char **argv = xcalloc(own_count + feed->passed_on.count + 1, sizeof *argv);

    memcpy(argv, own, own_count * sizeof *argv);
    for (size_t i = 0; i < feed->passed_on.count; i++)
        argv[own_count + i] = feed->passed_on.items[i];
    return argv;
}

static enum outcome start_producer(struct run *run, enum simulate_kind kind,
                                   struct err *e)
{
    const struct simulate_feed *feed = run->feed;
    struct outlet *outlet = &run->outlets[kind];
    char name[64], program[PATH_MAX], spool[PATH_MAX], rejects[PATH_MAX];
    const char **argv;

    snprintf(name, sizeof name, "%s", simulate_kind_name(kind));
    snprintf(spool, sizeof spool, "%s/%s.spool", feed->dir, name);
    snprintf(rejects, sizeof rejects, "%s/%s.rejects", feed->dir, name);
    text_hyphens(name);
    snprintf(program, sizeof program, "%s/gridloop-produce-%s", feed->bin_dir, name);
    argv = producer_arguments(feed, program, spool, rejects);
    ledger_init(&outlet->ledger, kind);
    outlet->is_open = true;
    child_start(&outlet->child, (char *const *)argv, e);
    free(argv);
    return e->outcome;
}

static enum outcome begin(struct run *run, struct err *e)
{
    catch_signals();
    if (open_truth(run, e))
        return e->outcome;
    for (int kind = 0; kind < SIMULATE_KINDS; kind++) {
        if (run->feed->world.kinds >> kind & 1
            && start_producer(run, (enum simulate_kind)kind, e))
            return e->outcome;
    }
    run->stream = simulate_open(&run->feed->world);
    run->begun_ms = clock_monotonic_ms();
    return DONE;
}

/* ---- going on ---- */

static int64_t elapsed_ms(const struct run *run)
{
    return clock_monotonic_ms() - run->begun_ms;
}

static bool wants_more(const struct run *run)
{
    return run->sent < run->feed->count && !run->is_over && !stopped;
}

static bool may_send(const struct run *run)
{
    bool somebody_reads = false;

    if (!wants_more(run)
        || (run->feed->rate && run->sent >= elapsed_ms(run) * run->feed->rate / 1000))
        return false;
    for (int kind = 0; kind < SIMULATE_KINDS; kind++) {
        const struct outlet *outlet = &run->outlets[kind];

        if (outlet->is_open && child_waiting(&outlet->child) >= MOST_WAITING_BYTES)
            return false;
        somebody_reads = somebody_reads || (outlet->is_open && outlet->child.in >= 0);
    }
    return somebody_reads;
}

/* A line to a producer that died is a line lost, as it would be for a device. */
static void send_lines(struct run *run)
{
    struct simulate_event event;
    struct outlet *outlet;

    for (; may_send(run); run->sent++) {
        run->is_over = !simulate_next(run->stream, &event);
        if (run->is_over)
            return;
        outlet = &run->outlets[event.kind];
        if (outlet->child.in < 0)
            continue;
        simulate_write(run->stream, &event, &outlet->child.waiting);
        ledger_send(&outlet->ledger, &event);
    }
}

static bool somebody_lives(const struct run *run)
{
    for (int kind = 0; kind < SIMULATE_KINDS; kind++) {
        if (run->outlets[kind].is_open && run->outlets[kind].child.out >= 0)
            return true;
    }
    return false;
}

static void wait_for_pipes(struct run *run)
{
    struct pollfd fds[2 * SIMULATE_KINDS];
    int64_t wait_ms = LONGEST_POLL_MS;

    if (wants_more(run) && run->feed->rate) {
        int64_t due_ms = (run->sent + 1) * 1000 / run->feed->rate + 1;

        wait_ms = due_ms - elapsed_ms(run);
        wait_ms = wait_ms < 1 ? 1 : wait_ms > LONGEST_POLL_MS ? LONGEST_POLL_MS : wait_ms;
    }
    for (int kind = 0; kind < SIMULATE_KINDS; kind++) {
        fds[2 * kind].fd = fds[2 * kind + 1].fd = -1;
        if (run->outlets[kind].is_open)
            child_poll(&run->outlets[kind].child, &fds[2 * kind]);
    }
    poll(fds, 2 * SIMULATE_KINDS, (int)wait_ms);
}

static enum outcome serve(struct run *run, struct outlet *outlet, struct err *e)
{
    struct child *child = &outlet->child;

    child_write(child);
    child_read(child);
    if (!wants_more(run) && !child_waiting(child))
        child_close_in(child);
    return ledger_receive(&outlet->ledger, &child->received, run->truth, e);
}

static enum outcome feed_all(struct run *run, struct err *e)
{
    while (somebody_lives(run)) {
        send_lines(run);
        for (int kind = 0; kind < SIMULATE_KINDS; kind++) {
            if (run->outlets[kind].is_open && serve(run, &run->outlets[kind], e))
                return e->outcome;
        }
        if (fflush(run->truth))
            return err_exit(e, EX_IOERR, "writing truth.tsv: %s", strerror(errno));
        if (!may_send(run) && somebody_lives(run))
            wait_for_pipes(run);
    }
    return DONE;
}

/* ---- ending ---- */

/* All that is not one of the three ends a device knows comes first. */
static int badness(int exit_code)
{
    return exit_code == 0             ? 0
           : exit_code == EX_DATAERR  ? 1
           : exit_code == EX_TEMPFAIL ? 2
                                      : exit_code + 3;
}

static int end_producers(struct run *run)
{
    int worst = 0;

    for (int kind = 0; kind < SIMULATE_KINDS; kind++) {
        struct outlet *outlet = &run->outlets[kind];

        if (!outlet->is_open)
            continue;
        outlet->exit_code = child_end(&outlet->child);
        if (badness(outlet->exit_code) > badness(worst))
            worst = outlet->exit_code;
    }
    return worst;
}

/* Lines behind the last receipt were refused, unless the producer broke off. */
static uint64_t refused_by(const struct outlet *outlet)
{
    return outlet->ledger.refused
           + (badness(outlet->exit_code) <= 2 ? outlet->ledger.count : 0);
}

static void put_tally(struct text *line, const char *name, uint64_t accepted,
                      uint64_t resent, uint64_t refused)
{
    text_format(line,
                "%s %" PRIu64 " accepted (%" PRIu64 " resent), %" PRIu64 " refused; ",
                name, accepted, resent, refused);
}

static void print_summary(const struct run *run)
{
    uint64_t accepted = 0, resent = 0, refused = 0;
    double seconds = (double)elapsed_ms(run) / 1000;
    struct text line = {0};

    for (int kind = 0; kind < SIMULATE_KINDS; kind++) {
        const struct outlet *outlet = &run->outlets[kind];
        const struct ledger *ledger = &outlet->ledger;

        if (!outlet->is_open)
            continue;
        put_tally(&line, simulate_kind_name(ledger->kind), ledger->accepted,
                  ledger->resent, refused_by(outlet));
        accepted += ledger->accepted;
        resent += ledger->resent;
        refused += refused_by(outlet);
    }
    put_tally(&line, "all", accepted, resent, refused);
    printf("%s%.1f s, %.0f events/s\n", line.bytes, seconds,
           (double)accepted / (seconds > 0 ? seconds : 0.001));
    text_free(&line);
}

static void free_run(struct run *run)
{
    for (int kind = 0; kind < SIMULATE_KINDS; kind++)
        ledger_free(&run->outlets[kind].ledger);
    simulate_close(run->stream);
    if (run->truth)
        fclose(run->truth);
}

int simulate_feed_run(const struct simulate_feed *feed, struct err *e)
{
    struct run run = {.feed = feed};
    int worst;

    stopped = 0;
    if (!begin(&run, e))
        feed_all(&run, e);
    worst = end_producers(&run);
    if (!e->outcome)
        print_summary(&run);
    free_run(&run);
    return e->outcome ? e->exit_code : worst;
}
