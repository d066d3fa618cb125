/* sign_test.c - a signature is of these bytes by this key, and of nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/sign.h"

static const char key_file[] = "sign_test.key";

static void write_key(const struct text *pem, mode_t mode)
{
    FILE *file = fopen(key_file, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(pem->bytes, 1, pem->size, file), pem->size);
    fclose(file);
    assert_int_equal(chmod(key_file, mode), 0);
}

static void test_signing_and_checking(void **state)
{
    struct text private = {0}, public = {0}, other = {0}, ignored = {0};
    uint8_t signature[SIGNATURE_SIZE];
    struct err e;

    (void)state;
    sign_make_key(&private, &public);
    sign_make_key(&ignored, &other);
    write_key(&private, 0600);
    assert_int_equal(sign_bytes(key_file, "abc", 3, signature, &e), DONE);
    assert_int_equal(sign_check(public.bytes, "abc", 3, signature, &e), DONE);
    assert_int_equal(sign_check(public.bytes, "abd", 3, signature, &e), REJECT);
    assert_int_equal(sign_check(other.bytes, "abc", 3, signature, &e), REJECT);
    signature[0] ^= 1;
    assert_int_equal(sign_check(public.bytes, "abc", 3, signature, &e), REJECT);
    unlink(key_file);
    text_free(&private);
    text_free(&public);
    text_free(&other);
    text_free(&ignored);
}

static void assert_no_key(const struct text *pem, mode_t mode)
{
    uint8_t signature[SIGNATURE_SIZE];
    struct err e;

    write_key(pem, mode);
    assert_int_equal(sign_bytes(key_file, "abc", 3, signature, &e), FATAL);
    assert_int_equal(e.exit_code, EX_CONFIG);
    unlink(key_file);
}

static void test_what_is_no_key(void **state)
{
    /* Of P-256: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256, its public half. */
    static const char p256[] =
        "-----BEGIN PUBLIC KEY-----\n"
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXfTpUl0tikfxwQwCe2XWsFfgbqK7\n"
        "Dr4hGruXsENpNa8QwiZQWwPZ3NSkpF1PWnuCs3ZrzO5z/ikLEZuvuCs3+Q==\n"
        "-----END PUBLIC KEY-----\n";
    struct text private = {0}, public = {0}, nothing = {0};
    const uint8_t signature[SIGNATURE_SIZE] = {0};
    struct err e;

    (void)state;
    sign_make_key(&private, &public);
    text_add_string(&nothing, "-----BEGIN PRIVATE KEY-----\n");
    assert_no_key(&private, 0644);
    assert_no_key(&public, 0600);
    assert_no_key(&nothing, 0600);
    assert_int_equal(sign_check(private.bytes, "", 0, signature, &e), FATAL);
    assert_int_equal(sign_check(p256, "", 0, signature, &e), FATAL);
    assert_int_equal(e.exit_code, EX_CONFIG);
    text_free(&private);
    text_free(&public);
    text_free(&nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signing_and_checking),
        cmocka_unit_test(test_what_is_no_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
