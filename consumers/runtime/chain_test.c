/* chain_test.c - the chain's formulas against figures that Python's hashlib has made:
 *
 *   layout = sha256(b"events.sample\nevent_id uuid\nnote text\n").digest()
 *   leaf   = sha256(layout + b"\0\2\xff\xff\xff\xff\0\0\0\1n").digest()
 *   head   = sha256(bytes(32) + (258).to_bytes(8, "big") + b"s" + leaf).digest()
 *   head   = sha256(head + (2**40).to_bytes(8, "big") + b"d").digest() */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/text.h"
#include "consumers/runtime/chain.h"
#include "consumers/runtime/layout.h"

static void assert_digest(const uint8_t digest[SHA256_SIZE], const char *hex)
{
    struct text out = {0};

    text_add_hex(&out, digest, SHA256_SIZE);
    assert_string_equal(out.bytes, hex);
    text_free(&out);
}

static void make_layout(struct layout *layout, const char *type)
{
    layout_begin(layout, "events.sample");
    layout_add(layout, "event_id", "uuid");
    layout_add(layout, "note", type);
    layout_end(layout);
}

static const uint8_t tuple[] = {0, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 'n'};

static void test_the_formulas(void **state)
{
    struct sha256 *hash = sha256_new();
    struct layout layout = {0};
    uint8_t leaf[SHA256_SIZE], head[SHA256_SIZE] = {0};

    (void)state;
    make_layout(&layout, "text");
    assert_digest(layout.digest,
                  "68350069d22e98c0f5ca09676a26bb9ed8e9bcd74a426afd4da390604aa6424c");
    chain_leaf(hash, layout.digest, tuple, sizeof tuple, leaf);
    assert_digest(leaf,
                  "fb9c5f90c2d12eacce47bb6a885de111696edfbb4e4f4ca2b3fb8ca1f4942e13");
    chain_step(hash, head, 258, 's', leaf);
    assert_digest(head,
                  "9f3dc2e16fbfc1fb47be391e457d900a0c3f1da0f0e7d23bac5d18e62cd1bc33");
    chain_step(hash, head, (int64_t)1 << 40, 'd', NULL);
    assert_digest(head,
                  "1b90709d5c972eb50ade10828ded63d4c4cba9b8c6400a71a7a613b03268190e");
    layout_free(&layout);
    sha256_free(hash);
}

/* A layout that is made anew is the same, and other types are another. */
static void test_a_layout_made_anew(void **state)
{
    struct layout layout = {0};

    (void)state;
    make_layout(&layout, "bytea");
    assert_string_equal(layout.types.bytes, "{\"uuid\",\"bytea\"}");
    make_layout(&layout, "text");
    assert_string_equal(layout.names.bytes, "{\"event_id\",\"note\"}");
    assert_digest(layout.digest,
                  "68350069d22e98c0f5ca09676a26bb9ed8e9bcd74a426afd4da390604aa6424c");
    layout_free(&layout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_formulas),
        cmocka_unit_test(test_a_layout_made_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
