/* spool_test.c - what is committed stays, what is not is gone, and other people's files
 * are left alone. */
#include "producers/runtime/testing.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "producers/runtime/spool.h"

static const uint64_t plenty = UINT64_C(1) << 30;

static struct spool *opened(void)
{
    struct err e;
    struct spool *spool = spool_open("spool", plenty, &e);

    if (!spool)
        fail_msg("%s", e.message);
    return spool;
}

static void done(enum outcome outcome, const struct err *e)
{
    if (outcome)
        fail_msg("%s", e->message);
}

/* The n-th event: everything in it tells n. */
static enum outcome try_add(struct spool *spool, int n, struct err *e)
{
    char value[1000];
    struct spool_event event = {.topic = "topic",
                                .key = "key",
                                .key_size = 3,
                                .value = value,
                                .headers = "name\0value",
                                .headers_size = 11};

    event.value_size = (size_t)snprintf(value, sizeof value, "value %d", n);
    memset(event.event_id, n, sizeof event.event_id);
    return spool_add(spool, &event, e);
}

static void add(struct spool *spool, int n)
{
    struct err e;

    done(try_add(spool, n, &e), &e);
}

static void add_committed(struct spool *spool, int from, int count)
{
    struct err e;

    done(spool_begin(spool, &e), &e);
    for (int i = 0; i < count; i++)
        add(spool, from + i);
    done(spool_commit(spool, &e), &e);
}

static uint64_t count(struct spool *spool)
{
    uint64_t n = 0;
    struct err e;

    done(spool_count(spool, &n, &e), &e);
    return n;
}

/* ---- groups ---- */

static void keeps_what_is_committed(void **state)
{
    struct spool *spool = opened();
    struct spool_event events[10];
    struct err e;
    size_t got;

    (void)state;
    add_committed(spool, 1, 3);
    spool_close(spool);
    spool = opened();
    done(spool_read(spool, 0, events, 10, &got, &e), &e);
    assert_int_equal(got, 3);
    for (size_t i = 0; i < got; i++) {
        assert_int_equal(events[i].sequence, i + 1);
        assert_int_equal(events[i].event_id[15], i + 1);
        assert_string_equal(events[i].topic, "topic");
        assert_int_equal(events[i].key_size, 3);
        assert_memory_equal(events[i].key, "key", 3);
        assert_int_equal(events[i].value_size, 7);
        assert_int_equal(((const char *)events[i].value)[6], '1' + (char)i);
        assert_int_equal(events[i].headers_size, 11);
        assert_memory_equal(events[i].headers, "name\0value", 11);
    }
    spool_close(spool);
}

static void forgets_what_is_not(void **state)
{
    struct spool *spool = opened();
    struct err e;

    (void)state;
    done(spool_begin(spool, &e), &e);
    add(spool, 1);
    spool_close(spool);
    spool = opened();
    assert_int_equal(count(spool), 0);
    spool_close(spool);
}

/* A process that ends in the middle of a group, and one that ends right behind it. */
static void survives_the_end_of_a_process(void **state)
{
    struct spool *spool;
    int status;

    (void)state;
    for (int committed = 0; committed < 2; committed++) {
        pid_t child = fork();
        if (child == 0) {
            struct err e;
            spool = opened();
            add_committed(spool, 1, 1000);
            if (spool_begin(spool, &e))
                _exit(1);
            for (int i = 0; i < 1000; i++)
                add(spool, i);
            if (committed && spool_commit(spool, &e))
                _exit(1);
            raise(SIGKILL);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        spool = opened();
        assert_int_equal(count(spool), committed ? 3000 : 1000);
        spool_close(spool);
    }
}

static void deletes_in_any_order_and_never_gives_a_sequence_twice(void **state)
{
    struct spool *spool = opened();
    uint64_t gone[] = {9, 2, 3, 1, 10, 5};
    struct spool_event events[10];
    uint64_t first, last;
    struct err e;
    size_t got;

    (void)state;
    add_committed(spool, 1, 10);
    done(spool_begin(spool, &e), &e);
    done(spool_delete(spool, gone, 6, &e), &e);
    done(spool_commit(spool, &e), &e);
    done(spool_read(spool, 0, events, 10, &got, &e), &e);
    assert_int_equal(got, 4);
    assert_int_equal(events[0].sequence, 4);
    assert_int_equal(events[1].sequence, 6);
    assert_int_equal(events[3].sequence, 8);
    add_committed(spool, 11, 1);
    done(spool_range(spool, &first, &last, &e), &e);
    assert_int_equal(first, 4);
    assert_int_equal(last, 11);
    spool_close(spool);
}

static void reads_on_behind_a_sequence(void **state)
{
    struct spool *spool = opened();
    struct spool_event events[4];
    uint64_t after = 0, first, last;
    size_t got, all = 0;
    struct err e;

    (void)state;
    done(spool_range(spool, &first, &last, &e), &e);
    assert_true(first == 0 && last == 0);
    add_committed(spool, 1, 10);
    do {
        done(spool_read(spool, after, events, 4, &got, &e), &e);
        for (size_t i = 0; i < got; i++)
            assert_int_equal(events[i].sequence, ++after);
        all += got;
    } while (got);
    assert_int_equal(all, 10);
    spool_close(spool);
}

/* Two connections, as two processes have. */
static void is_shared(void **state)
{
    struct spool *one = opened(), *two = opened();
    struct err e;

    (void)state;
    add_committed(one, 1, 2);
    add_committed(two, 3, 2);
    assert_int_equal(count(one), 4);
    assert_true(spool_lock_delivery(one));
    assert_true(spool_lock_delivery(one));
    assert_false(spool_lock_delivery(two));
    spool_close(one);
    assert_true(spool_lock_delivery(two));
    done(spool_begin(two, &e), &e);
    one = opened(); /* not kept out by the other's open group */
    assert_int_equal(count(one), 4);
    spool_close(one);
    spool_close(two);
}

/* ---- room ---- */

static uint64_t room(struct spool *spool)
{
    uint64_t bytes = 0;
    struct err e;

    done(spool_room(spool, &bytes, &e), &e);
    return bytes;
}

static void tells_when_it_is_full(void **state)
{
    struct err e;
    struct spool *spool = spool_open("spool", 1 << 20, &e);
    uint64_t begun = room(spool), gone[20000];
    int added = 0;

    (void)state;
    assert_in_range(begun, 900000, 1 << 20);
    for (; room(spool) > 0; added += 1000) {
        assert_true(added < 20000);
        add_committed(spool, 1, 1000);
    }
    assert_in_range(added, 5000, 20000);
    for (int i = 0; i < added; i++)
        gone[i] = (uint64_t)i + 1;
    done(spool_begin(spool, &e), &e);
    done(spool_delete(spool, gone, (size_t)added, &e), &e);
    done(spool_commit(spool, &e), &e);
    assert_in_range(room(spool), begun - 8192, begun);
    spool_close(spool);
}

/* On a small disk of its own, which ends with this process. 99: not possible here. */
static int fill_a_disk(void)
{
    struct spool_event events[1000];
    uint64_t gone[1000], left = 1;
    struct spool *spool;
    struct err e = {.outcome = DONE};
    int added = 0;
    size_t got;

    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)
        || mount("none", ".", "tmpfs", 0, "size=24m") || chdir(getenv("PWD_OF_TEST")))
        return 99;
    spool = opened();
    for (; !e.outcome && added < 1000000; added += 1000) {
        if (spool_begin(spool, &e))
            continue;
        for (int i = 0; i < 1000 && !e.outcome; i++)
            try_add(spool, i, &e);
        if (!e.outcome)
            spool_commit(spool, &e);
    }
    if (e.outcome != RETRY || added < 10000)
        return 1;
    while (left) { /* what was delivered can be deleted all the same */
        done(spool_read(spool, 0, events, 1000, &got, &e), &e);
        for (size_t i = 0; i < got; i++)
            gone[i] = events[i].sequence;
        done(spool_begin(spool, &e), &e);
        done(spool_delete(spool, gone, got, &e), &e);
        done(spool_commit(spool, &e), &e);
        left = count(spool);
    }
    add_committed(spool, 1, 5000); /* in the room that they left */
    spool_close(spool);
    return 0;
}

static void gets_over_a_full_disk(void **state)
{
    int status;
    pid_t child;

    setenv("PWD_OF_TEST", *state, 1);
    child = fork();
    if (child == 0)
        _exit(fill_a_disk());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 99)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- places ---- */

static void keeps_places(void **state)
{
    struct spool *spool = opened();
    struct spool_place place = {.device = UINT64_MAX,
                                .inode = 2,
                                .byte_offset = 3,
                                .line_number = 4,
                                .head_sha256 = {5, 6},
                                .head_size = 7};
    struct spool_place got;
    struct err e;
    bool found = true;

    (void)state;
    done(spool_load_place(spool, "/a", &got, &found, &e), &e);
    assert_false(found);
    for (uint64_t i = 0; i < 2; i++) {
        place.byte_offset += i;
        done(spool_begin(spool, &e), &e);
        done(spool_save_place(spool, "/a", &place, &e), &e);
        done(spool_commit(spool, &e), &e);
    }
    spool_close(spool);
    spool = opened();
    done(spool_load_place(spool, "/a", &got, &found, &e), &e);
    assert_true(found);
    assert_true(got.device == UINT64_MAX);
    assert_int_equal(got.inode, 2);
    assert_int_equal(got.byte_offset, 4);
    assert_int_equal(got.line_number, 4);
    assert_int_equal(got.head_size, 7);
    assert_memory_equal(got.head_sha256, place.head_sha256, 32);
    done(spool_load_place(spool, "/b", &got, &found, &e), &e);
    assert_false(found);
    spool_close(spool);
}

static enum outcome move_place(struct spool *spool, uint64_t offset, struct err *e)
{
    struct spool_place place = {.device = 1, .inode = 2, .byte_offset = offset};

    done(spool_begin(spool, e), e);
    add(spool, 1);
    if (spool_save_place(spool, "/a", &place, e))
        return e->outcome;
    return spool_commit(spool, e);
}

/* Two read one file: only one of them can save, and the other's group is undone. */
static void moves_a_place_only_from_where_it_was(void **state)
{
    struct spool *first = opened(), *second = opened();
    struct spool_place got;
    struct err e;
    bool found;

    (void)state;
    for (uint64_t round = 0; round < 2; round++) { /* the row is new, then it is there */
        done(spool_load_place(first, "/a", &got, &found, &e), &e);
        done(spool_load_place(second, "/a", &got, &found, &e), &e);
        assert_true(found == (round > 0));
        done(move_place(first, 10 * round + 1, &e), &e);
        done(move_place(first, 10 * round + 2, &e), &e);
        assert_int_equal(move_place(second, 10 * round + 3, &e), FATAL);
        assert_int_equal(e.exit_code, EX_TEMPFAIL);
        assert_int_equal(count(second), 2 * (round + 1));
    }
    done(spool_begin(first, &e), &e);
    got.byte_offset = 20;
    done(spool_save_place(first, "/a", &got, &e), &e);
    spool_close(first); /* rolled back */
    done(spool_load_place(second, "/a", &got, &found, &e), &e);
    assert_int_equal(got.byte_offset, 12);
    spool_close(second);
}

/* By any name it is one spool: one set of files beside it, one that delivers. */
static void is_one_by_all_its_names(void **state)
{
    struct spool *first = opened(), *second, *third;
    struct err e;

    (void)state;
    assert_int_equal(mkdir("sub", 0700), 0);
    assert_int_equal(symlink("../spool", "sub/link"), 0);
    second = spool_open("sub/link", plenty, &e);
    assert_non_null(second);
    assert_int_equal(access("sub/link.lock", F_OK), -1);
    assert_true(spool_lock_delivery(first));
    assert_false(spool_lock_delivery(second));
    spool_close(second);
    assert_int_equal(symlink("late", "early"), 0); /* what is there only then */
    second = spool_open("early", plenty, &e);
    third = spool_open("late", plenty, &e);
    assert_true(spool_lock_delivery(second));
    assert_false(spool_lock_delivery(third));
    spool_close(third);
    spool_close(second);
    spool_close(first);
}

/* Who makes the spool hangs: a signal can end the wait, and it ends by itself. */
static void does_not_wait_for_ever_to_open(void **state)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    int fd = open("spool.lock", O_RDWR | O_CREAT, 0600);
    struct err e;

    (void)state;
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
    assert_null(spool_open("spool", plenty, &e));
    assert_int_equal(e.outcome, RETRY);
    close(fd);
    spool_close(opened());
}

/* ---- files that are not ours ---- */

static void refused(const char *path, int exit_code)
{
    struct err e;

    assert_null(spool_open(path, plenty, &e));
    assert_int_equal(e.outcome, FATAL);
    if (e.exit_code != exit_code)
        fail_msg("%s: %d, %s", path, e.exit_code, e.message);
}

/* Neither read as a spool nor written to. */
static void leaves_foreign_files_alone(void **state)
{
    struct stat before, after;

    (void)state;
    write_file("text", "w", "no spool at all\n");
    write_file("long", "w", "");
    assert_int_equal(truncate("long", 100000), 0);
    assert_int_equal(
        system(
            "sqlite3 other 'create table t(a); pragma user_version = 3;' 2>/dev/null || "
            "printf 'SQLite format 3' >other"),
        0);
    assert_int_equal(stat("other", &before), 0);
    refused("text", EX_DATAERR);
    refused("long", EX_DATAERR);
    refused("other", EX_DATAERR);
    assert_int_equal(stat("other", &after), 0);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    assert_int_equal(before.st_size, after.st_size);
    assert_int_not_equal(access("other-wal", F_OK), 0);
    refused("/dev/null", EX_DATAERR);
    refused("no/such/folder/spool", EX_CANTCREAT);
    assert_int_equal(mkdir("folder", 0700), 0);
    refused("folder", EX_CANTCREAT);
}

/* user_version of an SQLite file stands at byte 60, big endian. */
static void refuses_newer_formats(void **state)
{
    int fd;

    (void)state;
    spool_close(opened());
    fd = open("spool", O_WRONLY);
    assert_int_equal(pwrite(fd, "\0\0\0\2", 4, 60), 4);
    close(fd);
    refused("spool", EX_DATAERR);
}

static void is_readable_by_nobody_else(void **state)
{
    struct stat status;

    (void)state;
    spool_close(opened());
    assert_int_equal(stat("spool", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

/* ---- for others ---- */

static void add_up(void *context, const uint8_t id[16])
{
    *(int *)context += id[0];
}

static void lists_its_ids(void **state)
{
    struct spool *spool = opened();
    struct err e;
    int sum = 0;

    (void)state;
    add_committed(spool, 1, 3);
    done(spool_each_id("spool", add_up, &sum, &e), &e); /* while it is in use */
    spool_close(spool);
    done(spool_each_id("spool", add_up, &sum, &e), &e); /* and afterwards */
    assert_int_equal(sum, 12);
    assert_int_equal(spool_each_id("none", add_up, &sum, &e), FATAL);
    assert_int_equal(e.exit_code, EX_NOINPUT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_folder, leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keeps_what_is_committed),
        TEST(forgets_what_is_not),
        TEST(survives_the_end_of_a_process),
        TEST(deletes_in_any_order_and_never_gives_a_sequence_twice),
        TEST(reads_on_behind_a_sequence),
        TEST(is_shared),
        TEST(tells_when_it_is_full),
        TEST(gets_over_a_full_disk),
        TEST(keeps_places),
        TEST(moves_a_place_only_from_where_it_was),
        TEST(is_one_by_all_its_names),
        TEST(does_not_wait_for_ever_to_open),
        TEST(leaves_foreign_files_alone),
        TEST(refuses_newer_formats),
        TEST(is_readable_by_nobody_else),
        TEST(lists_its_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
