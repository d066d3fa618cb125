/* hash_test.c - published vectors, and what UUIDs promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/hash.h"

static void assert_digest(const uint8_t *digest, const char *hex)
{
    char text[2 * SHA256_SIZE + 1];

    for (int i = 0; i < SHA256_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(text, hex);
}

static const char *const empty_hash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char *const abc_hash =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void sha256_in_one_call(void **state)
{
    uint8_t digest[SHA256_SIZE];

    (void)state;
    sha256_of("", 0, digest);
    assert_digest(digest, empty_hash);
    sha256_of(NULL, 0, digest);
    assert_digest(digest, empty_hash);
    sha256_of("abc", 3, digest);
    assert_digest(digest, abc_hash);
}

static void sha256_in_pieces_and_again(void **state)
{
    struct sha256 *hash = sha256_new();
    uint8_t digest[SHA256_SIZE];

    (void)state;
    for (int round = 0; round < 3; round++) {
        sha256_begin(hash);
        sha256_add(hash, "a", 1);
        sha256_add(hash, "", 0);
        sha256_add(hash, "bc", 2);
        sha256_end(hash, digest);
        assert_digest(digest, abc_hash);
        sha256_begin(hash);
        sha256_add(hash, "left behind", 11);
        sha256_begin(hash);
        sha256_end(hash, digest);
        assert_digest(digest, empty_hash);
    }
    sha256_free(hash);
    sha256_free(NULL);
}

static void sha256_of_a_million(void **state)
{
    struct sha256 *hash = sha256_new();
    uint8_t digest[SHA256_SIZE];
    char block[1000];

    (void)state;
    memset(block, 'a', sizeof block);
    sha256_begin(hash);
    for (int i = 0; i < 1000; i++)
        sha256_add(hash, block, sizeof block);
    sha256_end(hash, digest);
    assert_digest(digest,
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    sha256_free(hash);
}

static void crc64_vectors(void **state)
{
    static const struct {
        const char *canonical;
        uint64_t crc;
    } rows[] = {
        {"", 0xc15d213aa4d7a795},
        {"\"null\"", 0x63dd24e7cc258f8a},
        {"\"int\"", 0x7275d51a3f395c8f},
        {"\"string\"", 0x8f014872634503c7},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(crc64_avro(rows[i].canonical, strlen(rows[i].canonical))
                    == rows[i].crc);
}

static uint64_t unix_ms_of(const uint8_t *uuid)
{
    uint64_t ms = 0;

    for (int i = 0; i < 6; i++)
        ms = ms << 8 | uuid[i];
    return ms;
}

static void v7_has_time_version_and_variant(void **state)
{
    uint8_t uuid[UUID_SIZE];

    (void)state;
    uuid_v7(uuid, 1645557742000);
    assert_int_equal(unix_ms_of(uuid), 0x017f22e279b0);
    assert_int_equal(uuid[6] >> 4, 7);
    assert_int_equal(uuid[8] >> 6, 2);
    uuid_v7(uuid, 1645557742001);
    assert_int_equal(unix_ms_of(uuid), 1645557742001);
}

/* More in one millisecond than the counter holds, and a clock that goes back. */
static void v7_rises(void **state)
{
    uint8_t last[UUID_SIZE], next[UUID_SIZE];
    int64_t now = 1700000000000;

    (void)state;
    uuid_v7(last, now);
    for (int i = 0; i < 20000; i++) {
        uuid_v7(next, i % 7 == 0 ? now - 1000 : now);
        assert_true(memcmp(last, next, UUID_SIZE) < 0);
        memcpy(last, next, UUID_SIZE);
    }
    assert_in_range(unix_ms_of(last) - (uint64_t)now, 1, 10);
}

enum { THREADS = 4, PER_THREAD = 5000 };
static uint8_t made[THREADS * PER_THREAD][UUID_SIZE];

static void *make_ids(void *from)
{
    uint8_t(*ids)[UUID_SIZE] = from;

    for (int i = 0; i < PER_THREAD; i++) {
        uuid_v7(ids[i], 1800000000000);
        if (i > 0 && memcmp(ids[i - 1], ids[i], UUID_SIZE) >= 0)
            return from;
    }
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, UUID_SIZE);
}

static void v7_of_many_threads_differ(void **state)
{
    pthread_t threads[THREADS];
    void *wrong;

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, make_ids, made[i * PER_THREAD]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    qsort(made, THREADS * PER_THREAD, UUID_SIZE, compare_ids);
    for (int i = 1; i < THREADS * PER_THREAD; i++)
        assert_true(compare_ids(made[i - 1], made[i]) < 0);
}

static void v7_of_a_fork_differ(void **state)
{
    uint8_t ours[UUID_SIZE], theirs[UUID_SIZE];
    int ends[2];
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    uuid_v7(ours, 1900000000000);
    if (child == 0)
        _exit(write(ends[1], ours, UUID_SIZE) != UUID_SIZE);
    assert_int_equal(read(ends[0], theirs, UUID_SIZE), UUID_SIZE);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_memory_not_equal(ours, theirs, UUID_SIZE);
    close(ends[0]);
    close(ends[1]);
}

static void v5_vector(void **state)
{
    static const char dns[] = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    uint8_t name_space[UUID_SIZE], uuid[UUID_SIZE];
    char text[UUID_TEXT_SIZE];

    (void)state;
    assert_true(uuid_parse(name_space, dns, 36));
    uuid_v5(uuid, name_space, "www.example.com", 15);
    uuid_format(text, uuid);
    assert_string_equal(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

static void text_round_trip(void **state)
{
    uint8_t uuid[UUID_SIZE], back[UUID_SIZE];
    char text[UUID_TEXT_SIZE];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        random_bytes(uuid, sizeof uuid);
        uuid_format(text, uuid);
        assert_int_equal(strlen(text), 36);
        assert_true(uuid_parse(back, text, 36));
        assert_memory_equal(uuid, back, UUID_SIZE);
    }
    assert_true(uuid_parse(uuid, "2ED6657D-E927-568B-95E1-2665A8AEA6A2", 36));
    uuid_format(text, uuid);
    assert_string_equal(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

static void parse_refuses(void **state)
{
    static const char *const bad[] = {
        "",
        "2ed6657d-e927-568b-95e1-2665a8aea6a",
        "2ed6657d-e927-568b-95e1-2665a8aea6a2a",
        "2ed6657de927-568b-95e1-2665a8aea6a2a",
        "2ed6657d-e927-568b-95e1-2665a8aea6ag",
        "2ed6657d-e927-568b-95e1 2665a8aea6a2",
        "{ed6657d-e927-568b-95e1-2665a8aea6a}",
        "2ed6657-de927-568b-95e1-2665a8aea6a2",
        "------------------------------------",
    };
    uint8_t uuid[UUID_SIZE] = {42};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(uuid_parse(uuid, bad[i], strlen(bad[i])));
    assert_int_equal(uuid[0], 42);
}

static void random_bytes_differ(void **state)
{
    static uint8_t a[100000], b[100000];

    (void)state;
    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a + sizeof a - 16, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    random_bytes(a, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_in_one_call),
        cmocka_unit_test(sha256_in_pieces_and_again),
        cmocka_unit_test(sha256_of_a_million),
        cmocka_unit_test(crc64_vectors),
        cmocka_unit_test(v7_has_time_version_and_variant),
        cmocka_unit_test(v7_rises),
        cmocka_unit_test(v7_of_many_threads_differ),
        cmocka_unit_test(v7_of_a_fork_differ),
        cmocka_unit_test(v5_vector),
        cmocka_unit_test(text_round_trip),
        cmocka_unit_test(parse_refuses),
        cmocka_unit_test(random_bytes_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
