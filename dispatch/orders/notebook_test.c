/* notebook_test.c - what is taken stays so, and a file that is not ours stays as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "dispatch/orders/notebook.h"

struct bench {
    char folder[64], path[80];
    struct notebook *notebook;
    struct err e;
};

static const uint8_t order_a[UUID_SIZE] = {1}, order_b[UUID_SIZE] = {2};

static void open_notebook(struct bench *bench)
{
    notebook_close(bench->notebook);
    bench->notebook = notebook_open(bench->path, "U1", "topic", &bench->e);
    if (!bench->notebook)
        fail_msg("%s", bench->e.message);
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    strcpy(bench->folder, "/tmp/gridloop-notebook-XXXXXX");
    if (!mkdtemp(bench->folder))
        return -1;
    snprintf(bench->path, sizeof bench->path, "%s/m.db", bench->folder);
    open_notebook(bench);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    notebook_close(bench->notebook);
    unlink(bench->path);
    rmdir(bench->folder);
    free(bench);
    return 0;
}

static bool has_taken(struct bench *bench, const uint8_t *id)
{
    bool taken = false;

    assert_int_equal(notebook_has_taken(bench->notebook, id, &taken, &bench->e), DONE);
    return taken;
}

/* -1: there is none. */
static int64_t place_of(struct bench *bench, int32_t partition)
{
    struct kafka_place *places;
    size_t count;
    int64_t offset = -1;

    assert_int_equal(notebook_places(bench->notebook, &places, &count, &bench->e), DONE);
    for (size_t i = 0; i < count; i++)
        if (places[i].partition == partition)
            offset = places[i].offset;
    free(places);
    return offset;
}

static void take(struct bench *bench, const uint8_t *id, int32_t partition,
                 int64_t offset)
{
    const struct kafka_place place = {partition, offset};

    assert_int_equal(notebook_begin(bench->notebook, &bench->e), DONE);
    assert_int_equal(notebook_take(bench->notebook, id, place, &bench->e), DONE);
    assert_int_equal(notebook_commit(bench->notebook, &bench->e), DONE);
}

static void test_what_is_taken_is_known_the_next_time(void **state)
{
    struct bench *bench = *state;

    take(bench, order_a, 3, 17);
    take(bench, NULL, 4, 5);
    take(bench, order_a, 3, 18);
    open_notebook(bench);
    assert_true(has_taken(bench, order_a));
    assert_false(has_taken(bench, order_b));
    assert_int_equal(place_of(bench, 3), 18);
    assert_int_equal(place_of(bench, 4), 5);
    assert_int_equal(place_of(bench, 5), -1);
}

static void test_without_the_commit_nothing_is_taken(void **state)
{
    struct bench *bench = *state;

    take(bench, order_a, 1, 1);
    assert_int_equal(notebook_begin(bench->notebook, &bench->e), DONE);
    assert_int_equal(
        notebook_take(bench->notebook, order_b, (struct kafka_place){1, 2}, &bench->e),
        DONE);
    open_notebook(bench);
    assert_true(has_taken(bench, order_a));
    assert_false(has_taken(bench, order_b));
    assert_int_equal(place_of(bench, 1), 1);
}

static void test_a_topic_made_anew_begins_again(void **state)
{
    struct bench *bench = *state;
    bool is_new = true;

    assert_int_equal(notebook_meet_topic(bench->notebook, "c", "t1", &is_new, &bench->e),
                     DONE);
    assert_false(is_new);
    take(bench, order_a, 1, 7);
    open_notebook(bench);
    assert_int_equal(notebook_meet_topic(bench->notebook, "c", "t1", &is_new, &bench->e),
                     DONE);
    assert_false(is_new);
    assert_int_equal(place_of(bench, 1), 7);
    assert_int_equal(notebook_meet_topic(bench->notebook, "c", "t2", &is_new, &bench->e),
                     DONE);
    assert_true(is_new);
    assert_int_equal(place_of(bench, 1), -1);
    assert_true(has_taken(bench, order_a));
}

static void refuse(struct bench *bench, const char *unit, const char *topic,
                   const char *words)
{
    notebook_close(bench->notebook);
    bench->notebook = notebook_open(bench->path, unit, topic, &bench->e);
    assert_null(bench->notebook);
    assert_int_equal(bench->e.outcome, FATAL);
    assert_int_equal(bench->e.exit_code, EX_DATAERR);
    assert_non_null(strstr(bench->e.message, words));
}

static void test_a_file_of_another_unit_or_topic_is_refused(void **state)
{
    struct bench *bench = *state;

    refuse(bench, "U2", "topic", "belongs to unit U1");
    refuse(bench, "U1", "other", "topic topic");
    open_notebook(bench);
}

static void test_a_text_is_refused(void **state)
{
    struct bench *bench = *state;
    FILE *file;

    notebook_close(bench->notebook);
    bench->notebook = NULL;
    file = fopen(bench->path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("not a database\n", file);
    fclose(file);
    refuse(bench, "U1", "topic", bench->path);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_taken_is_known_the_next_time),
        TEST(test_without_the_commit_nothing_is_taken),
        TEST(test_a_topic_made_anew_begins_again),
        TEST(test_a_file_of_another_unit_or_topic_is_refused),
        TEST(test_a_text_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
