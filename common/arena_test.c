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

static void the_last_piece_grows_and_shrinks_in_place(void **state)
{
    struct arena *arena = arena_new();
    char *piece = arena_take(arena, 100);

    (void)state;
    memset(piece, 'x', 100);
    assert_ptr_equal(arena_resize(arena, piece, 100, 1000), piece);
    memset(piece + 100, 'y', 900);
    assert_int_equal(arena_used(arena), 1008);
    assert_ptr_equal(arena_resize(arena, piece, 1000, 10), piece);
    assert_int_equal(arena_used(arena), 16);
    assert_int_equal(arena_most_used(arena), 1008);
    arena_free(arena);
}

static void a_piece_that_is_not_the_last_is_copied(void **state)
{
    struct arena *arena = arena_new();
    char *piece = arena_copy(arena, "abc", 3), *other = arena_copy(arena, "def", 3);
    char *grown = arena_resize(arena, piece, 4, 40);

    (void)state;
    assert_ptr_not_equal(grown, piece);
    assert_string_equal(grown, "abc");
    assert_string_equal(other, "def");
    assert_ptr_equal(arena_resize(arena, other, 4, 2), other);
    arena_free(arena);
}

/* From one block into the next, then into one of its own, and that one grows: none is left behind. */
static void a_piece_grows_over_its_block(void **state)
{
    struct arena *arena = arena_new();
    size_t size = 16;
    char *piece = arena_resize(arena, NULL, 0, size);

    (void)state;
    memset(piece, 'x', size);
    for (; size < 4 << 20; size *= 2) {
        piece = arena_resize(arena, piece, size, 2 * size);
        memset(piece + size, 'x', size);
        assert_int_equal(arena_used(arena), 2 * size);
        assert_int_equal(piece[0], 'x');
        assert_int_equal(piece[size - 1], 'x');
    }
    piece = arena_resize(arena, piece, size, size / 2);
    assert_int_equal(arena_used(arena), size / 2);
    arena_free(arena);
}

static void what_was_taken_since_a_mark_is_given_back(void **state)
{
    struct arena *arena = arena_new();
    struct arena_mark empty = arena_mark(arena), mark;
    char *kept = arena_copy(arena, "kept", 4);

    (void)state;
    mark = arena_mark(arena);
    for (size_t size = 1; size < 4 << 20; size *= 3)
        memset(arena_take(arena, size), 'x', size);
    arena_rewind(arena, mark);
    assert_int_equal(arena_used(arena), 16);
    assert_true(arena_most_used(arena) > 2 << 20);
    assert_string_equal(kept, "kept");
    assert_true((char *)arena_take(arena, 1) > kept);
    arena_rewind(arena, empty);
    assert_int_equal(arena_used(arena), 0);
    memset(arena_take(arena, 1 << 20), 'x', 1 << 20);
    arena_rewind(arena, empty);
    arena_reset(arena, 0);
    assert_int_equal(arena_most_used(arena), 0);
    arena_free(arena);
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
        cmocka_unit_test(the_last_piece_grows_and_shrinks_in_place),
        cmocka_unit_test(a_piece_that_is_not_the_last_is_copied),
        cmocka_unit_test(a_piece_grows_over_its_block),
        cmocka_unit_test(what_was_taken_since_a_mark_is_given_back),
        cmocka_unit_test(helpers_never_return_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
