/* producer_test.c - the whole program, killed and starved, with a Kafka that the test
 * plays (fake_kafka.h).
 *
 * The lines have no event_id: an event that were accepted twice would have two. */
#include "producers/runtime/fake_kafka.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "producers/runtime/producer.h"

enum { MOST_ARGUMENTS = 20 };

static void key(struct text *out, const struct datum *event)
{
    text_add_string(out, datum_text(event, "patrol_id"));
}

static const struct producer_kind patrol_log = {
    .name = "patrol_log", .purpose = "A test.", .key = key};

static int begin(void **state)
{
    memset(&fake, 0, sizeof fake);
    fake.file = "delivered";
    return enter_folder(state);
}

/* ---- running it ---- */

/* Starts it in a process of its own, with arguments separated by blanks, stdin from a
 * file, and what it prints in the files "out" and "err", behind what is there. */
static pid_t start(const char *arguments, const char *input)
{
    static char copy[1000];
    char *argv[MOST_ARGUMENTS] = {"produce", "--spool=spool"};
    int argc = 2;
    pid_t child;

    snprintf(copy, sizeof copy, "%s", arguments);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    child = fork();
    if (child != 0)
        return child;
    if (dup2(open(input, O_RDONLY), STDIN_FILENO) < 0
        || dup2(open("out", O_WRONLY | O_CREAT | O_APPEND, 0600), STDOUT_FILENO) < 0
        || dup2(open("err", O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO) < 0)
        _exit(99);
    exit(producer_main(argc, argv, &patrol_log));
}

/* Its exit code; 128 + N: signal N ended it. */
static int wait_for(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run(const char *arguments, const char *input)
{
    return wait_for(start(arguments, input));
}

/* ---- looking at it ---- */

static struct text contents(const char *path)
{
    struct text out = {0};
    char chunk[4096];
    size_t got;
    FILE *file = fopen(path, "r");

    text_add_string(&out, "");
    while (file && (got = fread(chunk, 1, sizeof chunk, file)) > 0)
        text_add(&out, chunk, got);
    if (file)
        fclose(file);
    return out;
}

static void expect_in(const char *path, const char *wanted)
{
    struct text whole = contents(path);

    if (!strstr(whole.bytes, wanted))
        fail_msg("%s has no '%s': %s", path, wanted, whole.bytes);
    text_free(&whole);
}

static void wait_until_in(const char *path, const char *wanted)
{
    int64_t limit = clock_monotonic_ms() + 20000;
    bool found = false;

    while (!found && clock_monotonic_ms() < limit) {
        struct text whole = contents(path);
        found = strstr(whole.bytes, wanted);
        text_free(&whole);
        usleep(10000);
    }
    assert_true(found);
}

static void expect_not_in(const char *path, const char *unwanted)
{
    struct text whole = contents(path);

    if (strstr(whole.bytes, unwanted))
        fail_msg("%s has '%s'", path, unwanted);
    text_free(&whole);
}

static size_t count_lines(const char *path)
{
    struct text whole = contents(path);
    size_t count = 0;

    for (size_t i = 0; i < whole.size; i++)
        count += whole.bytes[i] == '\n';
    text_free(&whole);
    return count;
}

static void wait_until_lines_exceed(const char *path, size_t count)
{
    int64_t limit = clock_monotonic_ms() + 20000;

    while (count_lines(path) <= count && clock_monotonic_ms() < limit)
        usleep(10000);
    assert_true(count_lines(path) > count);
}

static void wait_until_lines(const char *path, size_t count)
{
    int64_t limit = clock_monotonic_ms() + 20000;

    while (count_lines(path) < count && clock_monotonic_ms() < limit)
        usleep(10000);
    assert_int_equal(count_lines(path), count);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The last words of a file's lines, sorted, each once; returns how many. The caller
 * frees *bytes. */
static size_t ids_in(const char *path, char **ids, size_t room, struct text *bytes)
{
    size_t count = 0, distinct = 0;

    *bytes = contents(path);
    for (char *line = strtok(bytes->bytes, "\n"); line; line = strtok(NULL, "\n")) {
        char *blank = strrchr(line, ' ');
        assert_true(count < room);
        ids[count++] = blank ? blank + 1 : line;
    }
    qsort(ids, count, sizeof *ids, compare);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(ids[i], ids[distinct - 1]) != 0)
            ids[distinct++] = ids[i];
    return distinct;
}

/* Exactly count different events were delivered, among them all that have a receipt. */
static void expect_delivered(size_t count)
{
    static char *delivered[400000], *receipts[400000];
    struct text delivered_bytes, receipt_bytes;
    size_t delivered_count = ids_in("delivered", delivered, 400000, &delivered_bytes);
    size_t receipt_count = ids_in("out", receipts, 400000, &receipt_bytes);

    assert_int_equal(delivered_count, count);
    for (size_t i = 0; i < receipt_count; i++)
        if (!bsearch(&receipts[i], delivered, delivered_count, sizeof *delivered,
                     compare))
            fail_msg("%s has a receipt and was not delivered", receipts[i]);
    text_free(&delivered_bytes);
    text_free(&receipt_bytes);
}

/* ---- lines ---- */

/* One valid event on one line, without an id. The caller frees. */
static char *good_line(void)
{
    char *line = example("patrol_log", "smallest");
    char *id = strstr(line, "\"event_id\"");
    char *next = strchr(id, '\n') + 1;

    memmove(id, next, strlen(next) + 1);
    for (char *at = line; *at; at++)
        if (*at == '\n')
            *at = ' ';
    return line;
}

static void write_lines(const char *path, int count)
{
    char *line = good_line();
    FILE *file = fopen(path, "a");

    assert_non_null(file);
    for (int i = 0; i < count; i++)
        fprintf(file, "%s\n", line);
    fclose(file);
    free(line);
}

/* ---- tests: lines and what is said about them ---- */

static void delivers_what_it_gives_receipts_for(void **state)
{
    struct text out;

    (void)state;
    write_lines("in", 3);
    assert_int_equal(run("", "in"), EX_OK);
    out = contents("out");
    assert_memory_equal(out.bytes, "1 ", 2);
    assert_int_equal(count_lines("out"), 3);
    text_free(&out);
    expect_delivered(3);
}

static void names_the_file_where_there_are_several(void **state)
{
    (void)state;
    write_lines("one", 1);
    write_lines("two", 2);
    write_file("two", "a", "bad\n");
    assert_int_equal(run("one two", "/dev/null"), EX_DATAERR);
    expect_in("out", "one:1 ");
    expect_in("out", "two:2 ");
    expect_in("err", "two: line 3: is not JSON");
    expect_delivered(3);
}

static void refuses_bad_lines_and_sends_the_good(void **state)
{
    char *line = good_line();
    char *bad = replaced(line, "\"police_count\": ", "\"police_count\": 99999999999");
    struct text in = {0};
    struct stat status;

    (void)state;
    text_format(&in, "%s\n\n \t\r\n%s\nsecret-nonsense\n%s", line, bad, line);
    write_file("in", "w", in.bytes);
    assert_int_equal(run("--rejects=rejects", "in"), EX_DATAERR);
    expect_in("err", "line 4: police_count: is beyond the range of an int");
    expect_in("err", "line 5: is not JSON");
    expect_in("err", "2 refused\n");
    expect_not_in("err", "99999999999");
    expect_not_in("err", "secret-nonsense");
    expect_in("out", "6 ");
    assert_int_equal(count_lines("rejects"), 2);
    expect_in("rejects", "99999999999");
    expect_in("rejects", "secret-nonsense\n");
    assert_int_equal(stat("rejects", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    expect_delivered(2);
    text_free(&in);
    free(bad);
    free(line);
}

/* Its other half has not come yet: it is looked at again when it has. */
static void takes_a_last_line_when_it_is_whole(void **state)
{
    char *line = good_line(), *half = strndup(line, 20);

    (void)state;
    write_lines("log", 1);
    write_file("log", "a", half);
    assert_int_equal(run("log", "/dev/null"), EX_DATAERR);
    assert_int_equal(run("log", "/dev/null"), EX_DATAERR);
    write_file("log", "a", line + 20);
    assert_int_equal(run("log", "/dev/null"), EX_OK);
    assert_int_equal(run("log", "/dev/null"), EX_OK); /* accepted without its newline */
    write_file("log", "a", "\n");
    assert_int_equal(run("log", "/dev/null"), EX_OK);
    assert_int_equal(count_lines("out"), 2);
    expect_delivered(2);
    free(half);
    free(line);
}

/* 100 MB without a newline, between two good lines. */
static void stays_small_whatever_the_line(void **state)
{
    char chunk[65536];
    struct rusage used;
    int ends[2], status = 0;
    char *line = good_line();
    pid_t child;

    (void)state;
    memset(chunk, 'x', sizeof chunk);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    child = start("fifo", "/dev/null");
    ends[1] = open("fifo", O_WRONLY);
    dprintf(ends[1], "%s\n", line);
    for (int i = 0; i < 1600; i++)
        for (ssize_t done = 0, size; done < (ssize_t)sizeof chunk; done += size)
            assert_true((size = write(ends[1], chunk, sizeof chunk)) > 0);
    dprintf(ends[1], "\n%s\n", line);
    close(ends[1]);
    assert_int_equal(wait4(child, &status, 0, &used), child);
    assert_int_equal(WEXITSTATUS(status), EX_DATAERR);
    expect_in("err", "line 2: is longer than 1048576 bytes");
    expect_in("out", "3 ");
    expect_delivered(2);
#ifndef __SANITIZE_ADDRESS__
    assert_in_range(used.ru_maxrss, 1, 60000); /* kB; half of it is the test itself */
#endif
    free(line);
}

/* Whoever started us may have closed one: what we open must not take its place. */
static void leaves_closed_descriptors_alone(void **state)
{
    (void)state;
    write_lines("in", 1);
    for (int closed = 0; closed <= 2; closed++) {
        pid_t child = fork();
        if (child == 0) {
            char *argv[] = {"produce", "--spool=spool", closed ? "in" : "-", NULL};
            for (int fd = 0; fd <= 2; fd++)
                dup2(open("said", O_RDWR | O_CREAT | O_APPEND, 0600), fd);
            close(closed);
            exit(producer_main(3, argv, &patrol_log));
        }
        assert_int_equal(wait_for(child), closed == 2 ? EX_OK : EX_IOERR);
    }
    expect_in("said", "standard input: Bad file descriptor");
    expect_in("said", "standard output, where the receipts go: Bad file descriptor");
    assert_int_equal(count_lines("spool.lock"), 0);
    expect_delivered(1);
}

static void does_not_read_what_it_refuses(void **state)
{
    (void)state;
    write_file("in", "w", "bad\n");
    assert_int_equal(symlink("in", "link"), 0);
    assert_int_equal(run("--rejects=link in", "/dev/null"), EX_USAGE);
    assert_int_equal(run("--rejects=./in", "in"), EX_USAGE);
    assert_int_equal(run("--rejects=spool in", "/dev/null"), EX_USAGE);
    assert_int_equal(run("--rejects=new --follow new", "/dev/null"), EX_USAGE);
    assert_int_equal(count_lines("in"), 1);
}

static void says_what_is_wrong_with_its_options(void **state)
{
    (void)state;
    assert_int_equal(run("--spol=x", "/dev/null"), EX_USAGE);
    assert_int_equal(run("--follow", "/dev/null"), EX_USAGE);
    assert_int_equal(run("--follow -", "/dev/null"), EX_USAGE);
    assert_int_equal(run("--follow a b", "/dev/null"), EX_USAGE);
    assert_int_equal(run("--namespace=a/b", "/dev/null"), EX_USAGE);
    assert_int_equal(run("--when-full=drop", "/dev/null"), EX_USAGE);
    assert_int_equal(run("missing", "/dev/null"), EX_NOINPUT);
    assert_int_equal(run("--rejects=no/folder/rejects", "/dev/null"), EX_CANTCREAT);
    expect_in("err", "gridloop-produce-patrol-log: missing: No such file or directory\n");
    expect_in(
        "err",
        "gridloop-produce-patrol-log: no/folder/rejects: No such file or directory\n");
    write_file("foreign", "w", "not a spool\n");
    assert_int_equal(run("--spool=foreign", "/dev/null"), EX_DATAERR);
}

/* ---- tests: Kafka ---- */

static void keeps_events_while_kafka_is_away(void **state)
{
    (void)state;
    write_lines("in", 3);
    write_file("in", "a", "bad\n");
    fake.away = true;
    assert_int_equal(run("--deliver-timeout=0.1", "in"), EX_TEMPFAIL);
    expect_in("err", "1 refused; 3 spooled, the next run sends them\n");
    assert_int_equal(run("--deliver-timeout=0", "/dev/null"), EX_TEMPFAIL);
    fake.away = false;
    assert_int_equal(run("", "/dev/null"), EX_OK);
    expect_delivered(3);
}

/* Not only time is missing, and that is said. */
static void says_what_kafka_does_not_take(void **state)
{
    (void)state;
    write_lines("in", 1);
    fake.missing = "none.patrol-log.v1";
    assert_int_equal(run("--namespace=none --deliver-timeout=0.1", "in"), EX_TEMPFAIL);
    assert_int_equal(run("--deliver-timeout=0.1", "in"), EX_TEMPFAIL);
    expect_in("err", "sending to none.patrol-log.v1: there is no such topic");
    expect_in("err",
              "1 spooled, the next run sends them (Kafka did not take all of them");
    assert_int_equal(count_lines("delivered"), 1);
    fake.missing = NULL;
    assert_int_equal(run("", "/dev/null"), EX_OK);
    expect_delivered(2);
}

/* One delivers for both; who has to wait leaves when its own events are gone. */
static void shares_a_spool(void **state)
{
    pid_t children[3];

    (void)state;
    write_lines("in", 3000);
    for (int i = 0; i < 3; i++) /* which has no place on standard input */
        children[i] = start("--group-rows=100", "in");
    for (int i = 0; i < 3; i++)
        assert_int_equal(wait_for(children[i]), EX_OK);
    assert_int_equal(count_lines("out"), 9000);
    assert_int_equal(count_lines("delivered"), 9000);
    expect_delivered(9000);
}

/* Two on one file: what the one has accepted, the other leaves to it. */
static void accepts_no_line_twice(void **state)
{
    pid_t first, second;

    (void)state;
    write_lines("log", 3);
    first = start("--follow ./log", "/dev/null");
    wait_until_lines("out", 3);
    second = start("--follow log", "/dev/null");
    usleep(200000);
    write_lines("log", 3);
    wait_until_lines("out", 6);
    usleep(300000);
    kill(first, SIGTERM);
    kill(second, SIGTERM);
    assert_int_equal(wait_for(first) + wait_for(second), EX_TEMPFAIL);
    expect_in("err", "/log is being read by another process too");
    assert_int_equal(count_lines("out"), 6);
    assert_int_equal(run("log", "/dev/null"), EX_OK);
    expect_delivered(6);
}

/* ---- tests: a full spool ---- */

/* Lines that fill a spool of 1 MiB more than twice. */
enum { TOO_MANY = 6000 };

static void refuses_lines_when_it_is_full(void **state)
{
    size_t accepted;

    (void)state;
    write_lines("in", TOO_MANY);
    fake.away = true;
    assert_int_equal(run("--deliver-timeout=0 --spool-max-bytes=1048576 "
                         "--when-full=reject --rejects=rejects in",
                         "/dev/null"),
                     EX_TEMPFAIL);
    accepted = count_lines("out");
    assert_in_range(accepted, 500, TOO_MANY - 500);
    assert_int_equal(count_lines("rejects"), TOO_MANY - accepted);
    expect_in("err", ": the spool is full\n");
    expect_in("err", "of them because the spool is full");
    fake.away = false;
    assert_int_equal(run("in", "/dev/null"), EX_OK);
    expect_delivered(accepted);
    unlink("delivered");
    unlink("out");
    assert_int_equal(run("rejects", "/dev/null"), EX_OK);
    expect_delivered(TOO_MANY - accepted);
}

static void waits_for_room_when_it_is_full(void **state)
{
    pid_t child;
    size_t before;

    (void)state;
    write_lines("in", TOO_MANY);
    fake.away = true;
    child = start("--deliver-timeout=0.1 --spool-max-bytes=1048576 in", "/dev/null");
    wait_until_in("err", "the spool is full; reading waits");
    before = count_lines("out");
    assert_in_range(before, 500, TOO_MANY - 500);
    usleep(100000);
    assert_int_equal(count_lines("out"), before);
    kill(child, SIGTERM);
    assert_int_equal(wait_for(child), EX_TEMPFAIL);
    expect_in("err", "lines read and not accepted");
    fake.away = false;
    assert_int_equal(run("--spool-max-bytes=1048576 in", "/dev/null"), EX_OK);
    assert_int_equal(count_lines("out"), TOO_MANY);
    expect_delivered(TOO_MANY);
}

/* ---- tests: its end ---- */

static void ends_well_when_asked(void **state)
{
    pid_t child;
    int64_t limit = clock_monotonic_ms() + 30000;

    (void)state;
    write_lines("log", 3);
    child = start("--follow log", "/dev/null");
    while (count_lines("out") < 3 && clock_monotonic_ms() < limit)
        usleep(10000);
    write_lines("log", 2);
    while (count_lines("out") < 5 && clock_monotonic_ms() < limit)
        usleep(10000);
    kill(child, SIGTERM);
    assert_int_equal(wait_for(child), EX_OK);
    expect_delivered(5);
}

/* A group of a minute: what is in it when the end comes is accepted. */
static void commits_its_group_when_asked_to_end(void **state)
{
    pid_t child;
    char *line = good_line();
    int fd, unread;

    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    child = start("--group-ms=60000 fifo", "/dev/null");
    fd = open("fifo", O_WRONLY);
    dprintf(fd, "%s\n", line);
    while (ioctl(fd, FIONREAD, &unread) == 0 && unread > 0)
        usleep(10000);
    usleep(100000);
    assert_int_equal(count_lines("out"), 0);
    kill(child, SIGINT);
    assert_int_equal(wait_for(child), EX_OK);
    close(fd);
    assert_int_equal(count_lines("out"), 1);
    expect_delivered(1);
    free(line);
}

static void says_so_when_nobody_reads_its_receipts(void **state)
{
    int ends[2];
    pid_t child;

    (void)state;
    write_lines("in", 3);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    child = fork();
    if (child == 0) {
        char *argv[] = {"produce", "--spool=spool", "in", NULL};
        dup2(ends[1], STDOUT_FILENO);
        dup2(open("err", O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
        exit(producer_main(3, argv, &patrol_log));
    }
    close(ends[1]);
    assert_int_equal(wait_for(child), EX_IOERR);
    expect_in("err", "standard output, where the receipts go: Broken pipe");
    assert_int_equal(run("in", "/dev/null"), EX_OK); /* accepted: not read again */
    expect_delivered(3);
}

/* Standard output is a pipe that is full, or one that must not be waited for. What is
 * accepted is delivered all the same, and a signal ends it. */
static void does_not_wait_for_the_reader_of_its_receipts(void **state)
{
    int ends[2], status = 0;
    char chunk[65536];
    pid_t child;

    (void)state;
    write_lines("in", 5000);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        char *argv[] = {"produce", "--spool=spool", "--deliver-timeout=0.2", "in", NULL};
        dup2(ends[1], STDOUT_FILENO);
        dup2(open("err", O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
        exit(producer_main(4, argv, &patrol_log));
    }
    wait_until_lines_exceed("delivered", 1000);
    usleep(200000);
    assert_int_equal(waitpid(child, &status, WNOHANG), 0);
    kill(child, SIGTERM);
    assert_int_equal(wait_for(child), EX_IOERR);
    expect_in("err", "nobody took the last receipts");
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (read(ends[0], chunk, sizeof chunk) > 0)
        continue;
    child = fork();
    if (child == 0) {
        char *argv[] = {"produce", "--spool=spool", "in", NULL};
        dup2(ends[1], STDOUT_FILENO);
        exit(producer_main(3, argv, &patrol_log));
    }
    while (waitpid(child, &status, WNOHANG) == 0) {
        usleep(1000);
        while (read(ends[0], chunk, sizeof chunk) > 0)
            continue;
    }
    assert_int_equal(WEXITSTATUS(status), EX_OK);
    close(ends[0]);
    close(ends[1]);
    expect_delivered(5000);
}

/* Nobody has opened the other end yet. */
static void ends_while_it_waits_for_a_pipe(void **state)
{
    pid_t child;

    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    child = start("fifo", "/dev/null");
    usleep(200000);
    kill(child, SIGTERM);
    assert_int_equal(wait_for(child), EX_OK);
}

/* Killed at random moments, each time a little further; with a Kafka that is sometimes
 * away. */
static void loses_nothing_and_doubles_nothing_when_killed(void **state)
{
    enum { LINES = 20000 };
    unsigned seed = (unsigned)clock_now_us();
    int killed = 0;

    (void)state;
    print_message("seed %u\n", seed);
    srandom(seed);
    write_lines("in", LINES);
    for (int i = 0; i < 20; i++) {
        fake.away = random() % 4 == 0;
        fake.per_poll = (size_t)(random() % 200);
        pid_t child = start("--group-rows=97 in", "/dev/null");
        usleep((useconds_t)(random() % 40000));
        kill(child, SIGKILL);
        killed += wait_for(child) == 128 + SIGKILL;
    }
    assert_in_range(killed, 5, 20);
    fake.away = false;
    fake.per_poll = 0;
    assert_int_equal(run("in", "/dev/null"), EX_OK);
    expect_delivered(LINES);
}

#ifdef GRIDLOOP_POINTS
static void loses_nothing_at_its_points(void **state)
{
    static const char *const points[] = {
        "producer_before_commit:1:kill",   "producer_before_commit:3:kill",
        "producer_after_commit:2:kill",    "producer_after_receipts:2:kill",
        "producer_after_persisted:1:kill", "producer_after_delete:1:kill"};

    (void)state;
    write_lines("in", 1000);
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        setenv("GRIDLOOP_POINT", points[i], 1);
        assert_int_equal(run("--group-rows=50 in", "/dev/null"), 128 + SIGKILL);
        unsetenv("GRIDLOOP_POINT");
    }
    assert_int_equal(run("in", "/dev/null"), EX_OK);
    expect_delivered(1000);
}
#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(delivers_what_it_gives_receipts_for),
        TEST(names_the_file_where_there_are_several),
        TEST(refuses_bad_lines_and_sends_the_good),
        TEST(takes_a_last_line_when_it_is_whole),
        TEST(stays_small_whatever_the_line),
        TEST(leaves_closed_descriptors_alone),
        TEST(does_not_read_what_it_refuses),
        TEST(says_what_is_wrong_with_its_options),
        TEST(keeps_events_while_kafka_is_away),
        TEST(says_what_kafka_does_not_take),
        TEST(shares_a_spool),
        TEST(accepts_no_line_twice),
        TEST(refuses_lines_when_it_is_full),
        TEST(waits_for_room_when_it_is_full),
        TEST(ends_well_when_asked),
        TEST(commits_its_group_when_asked_to_end),
        TEST(says_so_when_nobody_reads_its_receipts),
        TEST(does_not_wait_for_the_reader_of_its_receipts),
        TEST(ends_while_it_waits_for_a_pipe),
        TEST(loses_nothing_and_doubles_nothing_when_killed),
#ifdef GRIDLOOP_POINTS
        TEST(loses_nothing_at_its_points),
#endif
    };

    unsetenv("GRIDLOOP_SPOOL");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
