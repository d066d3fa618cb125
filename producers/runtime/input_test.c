/* input_test.c - every line once and in order, whatever happens to the file. */
#include "producers/runtime/testing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "common/clock.h"
#include "producers/runtime/input.h"

enum { MAX_LINE = 100, QUIET_MS = 100 };

static struct spool *spool;
static struct input *input;
static struct input_line line;

static int begin(void **state)
{
    struct err e;

    return enter_folder(state) || !(spool = spool_open("spool", 1 << 30, &e));
}

static int end(void **state)
{
    input_close(input);
    input = NULL;
    spool_close(spool);
    return leave_folder(state);
}

static void open_files(bool follow, const char *first, const char *second)
{
    static const char *files[2];
    struct err e;

    files[0] = first;
    files[1] = second;
    input_close(input);
    input = input_open(spool, files, first ? second ? 2 : 1 : 0,
                       &(struct input_settings){.follow = follow,
                                                .max_line_bytes = MAX_LINE,
                                                .quiet_ms = QUIET_MS},
                       &e);
    if (!input)
        fail_msg("%s", e.message);
}

static enum input_got next(int wait_ms)
{
    struct err e;
    enum input_got got = input_next(input, wait_ms, &line, &e);

    if (got == INPUT_FAILED)
        fail_msg("%s", e.message);
    return got;
}

/* The next lines are these, one for each character; waits for them as long as a rotation
 * may take. */
static void expect(const char *lines)
{
    int64_t limit = clock_monotonic_ms() + 20000;

    for (; *lines; lines++) {
        enum input_got got;
        while ((got = next(20)) == INPUT_NOTHING && clock_monotonic_ms() < limit)
            continue;
        if (got != INPUT_LINE)
            fail_msg("no line where %c was to come", *lines);
        if (line.size != 1 || line.bytes[0] != *lines)
            fail_msg("%.*s instead of %c", (int)line.size, line.bytes, *lines);
    }
}

/* As the next commit would. */
static void save_place(void)
{
    struct err e;

    assert_non_null(line.path);
    assert_int_equal(spool_begin(spool, &e), DONE);
    assert_int_equal(spool_save_place(spool, line.path, &line.place, &e), DONE);
    if (line.former_path)
        assert_int_equal(spool_save_place(spool, line.former_path, &line.former, &e),
                         DONE);
    assert_int_equal(spool_commit(spool, &e), DONE);
}

/* ---- plain files ---- */

static void reads_files_in_turn(void **state)
{
    (void)state;
    write_file("one", "w", "a\nb\n");
    write_file("two", "w", "c\nd"); /* the last without a newline */
    open_files(false, "one", "two");
    expect("ab");
    assert_string_equal(line.file, "one");
    assert_int_equal(line.number, 2);
    expect("c");
    assert_string_equal(line.file, "two");
    assert_int_equal(line.number, 1);
    expect("d");
    assert_int_equal(line.place.byte_offset, 3);
    assert_true(line.unfinished);
    assert_int_equal(next(0), INPUT_END);
    assert_int_equal(next(0), INPUT_END);
}

static void cuts_lines(void **state)
{
    (void)state;
    write_file("one", "w", "\n\r\nx\r\n\n");
    open_files(false, "one", NULL);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(next(0), INPUT_LINE);
        assert_int_equal(line.number, i + 1);
        assert_int_equal(line.size, ((const size_t[]){0, 1, 2, 0})[i]);
    }
    assert_int_equal(next(0), INPUT_END);
}

/* Around the limit, and far beyond what the buffer holds. */
static void bounds_the_length_of_lines(void **state)
{
    static const size_t sizes[] = {MAX_LINE - 1, MAX_LINE, MAX_LINE + 1,
                                   70000,        1000000,  10000000};
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    struct text whole = {0};
    uint64_t offset = 0;

    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t k = 0; k < sizes[i]; k++)
            text_add(&whole, "x", 1);
        text_add_string(&whole, "\ny\n");
    }
    write_file("one", "w", whole.bytes);
    open_files(false, "one", NULL);
    for (size_t i = 0; i < SIZES; i++) {
        assert_int_equal(next(0), INPUT_LINE);
        assert_int_equal(line.too_long, sizes[i] > MAX_LINE);
        assert_int_equal(line.size, sizes[i] > MAX_LINE ? MAX_LINE : sizes[i]);
        assert_int_equal(line.place.byte_offset, offset += sizes[i] + 1);
        expect("y");
        assert_int_equal(line.number, 2 * i + 2);
        offset += 2;
    }
    assert_int_equal(next(0), INPUT_END);
    text_free(&whole);
}

static void bounds_the_last_line(void **state)
{
    struct text whole = {0};

    (void)state;
    for (size_t k = 0; k < 200000; k++)
        text_add(&whole, "x", 1);
    write_file("one", "w", whole.bytes);
    open_files(false, "one", NULL);
    assert_int_equal(next(0), INPUT_LINE);
    assert_true(line.too_long);
    assert_int_equal(line.place.byte_offset, 200000);
    assert_int_equal(next(0), INPUT_END);
    text_free(&whole);
}

static void goes_on_where_it_stopped(void **state)
{
    (void)state;
    write_file("one", "w", "a\nb\nc\n");
    open_files(false, "one", NULL);
    expect("ab");
    save_place();
    expect("c"); /* read, but not committed */
    open_files(false, "one", NULL);
    expect("c");
    assert_int_equal(line.number, 3);
    save_place();
    write_file("one", "a", "d\n");
    assert_int_equal(mkdir("sub", 0700), 0);
    open_files(false, "./sub/..//one", NULL); /* the same by another name */
    expect("d");
    save_place();
    open_files(false, "one", NULL);
    assert_int_equal(next(0), INPUT_END);
}

/* What has the path now is not what was read. */
static void begins_another_file_at_its_start(void **state)
{
    (void)state;
    write_file("one", "w", "a\nb\nc\n");
    open_files(false, "one", NULL);
    expect("ab");
    save_place();
    write_file("new", "w", "a\nb\nd\n"); /* another inode, even with the same head */
    assert_int_equal(rename("new", "one"), 0);
    open_files(false, "one", NULL);
    expect("abd");
    save_place();
    write_file("one", "w", "e\nf\ng\nh\n"); /* the same inode with another head */
    open_files(false, "one", NULL);
    expect("efgh");
    save_place();
    write_file("one", "w", "e\n"); /* shorter */
    open_files(false, "one", NULL);
    expect("e");
}

/* A place in the middle of a file that is longer than its head. */
static void tells_files_by_their_head(void **state)
{
    struct text whole = {0};

    (void)state;
    for (int i = 0; i < 5000; i++)
        text_add_string(&whole, i % 2 ? "a\n" : "b\n");
    write_file("one", "w", whole.bytes);
    open_files(false, "one", NULL);
    for (int i = 0; i < 4000; i++)
        assert_int_equal(next(0), INPUT_LINE);
    assert_int_equal(line.place.head_size, 4096);
    save_place();
    open_files(false, "one", NULL);
    assert_int_equal(next(0), INPUT_LINE);
    assert_int_equal(line.number, 4001);
    whole.bytes[4095 - 1] = 'c';
    write_file("one", "w", whole.bytes);
    open_files(false, "one", NULL);
    assert_int_equal(next(0), INPUT_LINE);
    assert_int_equal(line.number, 1);
    text_free(&whole);
}

static void refuses_what_it_cannot_open(void **state)
{
    const struct input_settings plain = {.max_line_bytes = MAX_LINE};
    const char *files[] = {"one", "missing"};
    struct err e;

    (void)state;
    write_file("one", "w", "a\n");
    assert_null(input_open(spool, files, 2, &plain, &e));
    assert_int_equal(e.exit_code, EX_NOINPUT);
    assert_string_equal(e.message, "missing: No such file or directory");
    files[1] = "./one";
    assert_null(input_open(spool, files, 2, &plain, &e));
    assert_int_equal(e.exit_code, EX_USAGE);
    assert_string_equal(e.message, "one and ./one are the same file");
    assert_int_equal(mkdir("folder", 0700), 0);
    files[1] = "folder";
    assert_null(input_open(spool, files, 2, &plain, &e));
    assert_int_equal(e.exit_code, EX_NOINPUT);
}

/* ---- standard input ---- */

static void reads_a_pipe_as_it_comes(void **state)
{
    int ends[2], old = dup(STDIN_FILENO);

    (void)state;
    assert_int_equal(pipe(ends), 0);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    open_files(false, NULL, NULL);
    assert_int_equal(next(0), INPUT_NOTHING);
    assert_int_equal(write(ends[1], "a\nb", 3), 3);
    expect("a");
    assert_null(line.path);
    assert_int_equal(next(0), INPUT_NOTHING);
    close(ends[1]);
    expect("b");
    assert_int_equal(next(0), INPUT_END);
    dup2(old, STDIN_FILENO);
    close(old);
}

/* ---- following ---- */

static void waits_for_the_folder_too(void **state)
{
    (void)state;
    open_files(true, "sub/log", NULL);
    assert_int_equal(next(0), INPUT_NOTHING);
    assert_int_equal(mkdir("sub", 0700), 0);
    write_file("sub/log", "w", "a\n");
    expect("a");
    save_place();
    open_files(true, "./sub/log", NULL);
    assert_int_equal(next(0), INPUT_NOTHING);
}

static void follows_a_growing_file(void **state)
{
    (void)state;
    open_files(true, "log", NULL);
    assert_int_equal(next(0), INPUT_NOTHING); /* it is not there yet */
    write_file("log", "w", "a\nb");
    expect("a");
    assert_int_equal(next(0), INPUT_NOTHING); /* b waits for its newline */
    write_file("log", "a", "\nc\n");
    expect("bc");
    assert_int_equal(line.number, 3);
    save_place();
    write_file("log", "a", "d\n");
    open_files(true, "log", NULL);
    expect("d");
}

/* The writer goes on in the renamed file for a while, and leaves a line unfinished. */
static void finishes_a_renamed_file_first(void **state)
{
    (void)state;
    write_file("log", "w", "a\n");
    open_files(true, "log", NULL);
    expect("a");
    assert_int_equal(rename("log", "log.1"), 0);
    assert_int_equal(next(0), INPUT_NOTHING);
    write_file("log", "w", "d\n");
    assert_int_equal(next(0), INPUT_NOTHING);
    write_file("log.1", "a", "b\nc");
    expect("bcd");
    assert_int_equal(line.number, 1);
    write_file("log", "a", "e\n");
    expect("e");
}

static void finds_a_file_that_was_renamed_meanwhile(void **state)
{
    (void)state;
    write_file("log", "w", "a\nb\n");
    open_files(true, "log", NULL);
    expect("a");
    save_place();
    assert_int_equal(rename("log", "log.1"), 0);
    write_file("log", "w", "c\n");
    open_files(true, "log", NULL);
    expect("b");
    save_place();
    expect("c");
    assert_int_equal(line.number, 1);
    save_place();
    open_files(true, "log", NULL);
    assert_int_equal(next(0), INPUT_NOTHING);
    assert_int_equal(unlink("log"), 0); /* gone for good: said, and the new one is read */
    write_file("new", "w", "x\n");
    write_file("log", "w", "d\n");
    open_files(true, "log", NULL);
    expect("d");
    assert_true(input_incomplete(input));
}

/* Its writer learns of the rotation only after we have gone on; also while nobody reads.
 * A line of it that is not finished waits. */
static void reads_what_comes_late(void **state)
{
    (void)state;
    write_file("log", "w", "a\n");
    open_files(true, "log", NULL);
    expect("a");
    save_place();
    assert_int_equal(rename("log", "log.1"), 0);
    write_file("log", "w", "b\n");
    expect("b");
    save_place();
    write_file("log.1", "a", "c\nd");
    write_file("log", "a", "e");
    expect("c");
    save_place();
    assert_int_equal(next(0), INPUT_NOTHING);
    write_file("log", "a", "\n");
    expect("e");
    save_place();
    write_file("log.1", "a", "\n");
    open_files(true, "log", NULL);
    expect("d");
    assert_int_equal(line.number, 3);
    save_place();
    write_file("log", "a", "f\n");
    expect("f");
    assert_int_equal(next(0), INPUT_NOTHING);
    assert_false(input_incomplete(input));
}

/* Others that look like it, but are older, or are no rotated files, are not meant. */
static void says_which_file_it_has_missed(void **state)
{
    static const char *const others[] = {"log.old", "log-x", "logs.1", "other"};

    (void)state;
    write_file("log.0", "w", "x\n");
    usleep(20000);
    write_file("log", "w", "a\nb\n");
    open_files(true, "log", NULL);
    expect("a");
    save_place();
    assert_int_equal(rename("log", "log.2"), 0);
    usleep(20000);
    write_file("log", "w", "d\n");
    for (size_t i = 0; i < 4; i++)
        write_file(others[i], "w", "x\n");
    open_files(true, "log", NULL);
    expect("bd");
    assert_false(input_incomplete(input));
    open_files(true, "log", NULL); /* the same again, with one between */
    write_file("log.1", "w", "c\n");
    expect("bd");
    assert_true(input_incomplete(input));
}

static void reads_a_file_that_was_cut_short(void **state)
{
    (void)state;
    write_file("log", "w", "a\nb\nc\n");
    open_files(true, "log", NULL);
    expect("abc");
    assert_int_equal(next(0), INPUT_NOTHING);
    assert_int_equal(truncate("log", 0), 0);
    assert_int_equal(next(0), INPUT_NOTHING);
    write_file("log", "a", "d\n");
    expect("d");
    assert_int_equal(line.number, 1);
    assert_int_equal(next(0), INPUT_NOTHING);
    write_file("log", "w", "e\nf\ng\nh\n"); /* cut, and longer than before when we look */
    expect("efgh");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_files_in_turn),
        TEST(cuts_lines),
        TEST(bounds_the_length_of_lines),
        TEST(bounds_the_last_line),
        TEST(goes_on_where_it_stopped),
        TEST(begins_another_file_at_its_start),
        TEST(tells_files_by_their_head),
        TEST(refuses_what_it_cannot_open),
        TEST(reads_a_pipe_as_it_comes),
        TEST(waits_for_the_folder_too),
        TEST(follows_a_growing_file),
        TEST(finishes_a_renamed_file_first),
        TEST(finds_a_file_that_was_renamed_meanwhile),
        TEST(reads_what_comes_late),
        TEST(says_which_file_it_has_missed),
        TEST(reads_a_file_that_was_cut_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
