/* arena_test.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/arena.h"

static void pieces_are_aligned_and_apart(void **state)
{
    struct arena *arena = arena_new();
    char *pieces[300];

    (void)state;
    for (size_t i = 0; i < 300; i++) {
        pieces[i] = arena_take(arena, i);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        memset(pieces[i], (int)(i & 0x7f), i);
    }
    for (size_t i = 0; i < 300; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_equal(pieces[i][k], i & 0x7f);
    assert_ptr_not_equal(pieces[0], pieces[1]);
    arena_free(arena);
}

static void large_pieces_leave_the_small_ones_together(void **state)
{
    struct arena *arena = arena_new();
    char *before = arena_take(arena, 16);
    char *large = arena_take(arena, 5 << 20);
    char *after = arena_take(arena, 16);

    (void)state;
    memset(large, 1, 5 << 20);
    assert_true(after > before && after - before < 4096);
    assert_true(arena_used(arena) >= (5 << 20) + 32);
    arena_free(arena);
}

static void first_piece_may_be_large(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    memset(arena_take(arena, 3 << 20), 1, 3 << 20);
    memset(arena_take(arena, 10), 1, 10);
    arena_reset(arena, 0);
    memset(arena_take(arena, 10), 1, 10);
    arena_free(arena);
}

static void copy_ends_with_nul(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_memory_equal(arena_copy(arena, "a\0b", 3), "a\0b", 4);
    assert_string_equal(arena_copy(arena, NULL, 0), "");
    arena_free(arena);
}

static void used_begins_again_after_reset(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_int_equal(arena_used(arena), 0);
    arena_take_array(arena, 10, 100);
    assert_in_range(arena_used(arena), 1000, 1100);
    arena_reset(arena, SIZE_MAX);
    assert_int_equal(arena_used(arena), 0);
    arena_free(arena);
}

/* The same work twice: with what was kept, the second time needs nothing from the
 * system. */
static void kept_blocks_are_used_again(void **state)
{
    struct arena *arena = arena_new();
    void *first[1000], *at;
    size_t again = 0;

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        first[i] = arena_take(arena, 3000);
    arena_reset(arena, 16 << 20);
    for (size_t i = 0; i < 1000; i++) {
        at = arena_take(arena, 3000);
        for (size_t k = 0; k < 1000; k++)
            again += at == first[k];
    }
    assert_true(again > 900);
    arena_free(arena);
}

static void many_batches_of_random_sizes(void **state)
{
    struct arena *arena = arena_new();
    unsigned seed = (unsigned)getpid();

    (void)state;
    printf("seed %u\n", seed);
    srandom(seed);
    for (int batch = 0; batch < 50; batch++) {
        for (int i = 0; i < 200; i++) {
            size_t size = (size_t)random() % (i % 50 ? 2000 : 2000000);
            memset(arena_take(arena, size), i, size);
        }
        arena_reset(arena, (size_t)random() % (4 << 20));
    }
    arena_free(arena);
    arena_free(NULL);
}

/* A child runs the call with stderr closed; true: it aborted. */
static bool aborts(void (*call)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        call();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void take_overflowing_product(void)
{
    arena_take_array(arena_new(), SIZE_MAX / 2, 3);
}

static void take_everything(void)
{
    arena_take(arena_new(), SIZE_MAX - 1);
}

static void impossible_sizes_abort(void **state)
{
    (void)state;
    assert_true(aborts(take_overflowing_product));
    assert_true(aborts(take_everything));
}

static void helpers_never_return_null(void **state)
{
    char *bytes = xmalloc(0);

    (void)state;
    assert_non_null(bytes);
    bytes = xrealloc(bytes, 4);
    memcpy(bytes, "abc", 4);
    bytes = xrealloc(bytes, 1000);
    assert_string_equal(bytes, "abc");
    free(bytes);
    bytes = xcalloc(3, 4);
    assert_memory_equal(bytes, "\0\0\0\0\0\0\0\0\0\0\0", 12);
    free(bytes);
    bytes = xcalloc(0, 4);
    assert_non_null(bytes);
    free(bytes);
    bytes = xstrdup("text");
    assert_string_equal(bytes, "text");
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(large_pieces_leave_the_small_ones_together),
        cmocka_unit_test(first_piece_may_be_large),
        cmocka_unit_test(copy_ends_with_nul),
        cmocka_unit_test(used_begins_again_after_reset),
        cmocka_unit_test(kept_blocks_are_used_again),
        cmocka_unit_test(many_batches_of_random_sizes),
        cmocka_unit_test(impossible_sizes_abort),
        cmocka_unit_test(helpers_never_return_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
