/* sign.c - the user of OpenSSL for signatures; hash.c is that for digests. */
#include "common/sign.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/secret.h"

/* What can fail here only for want of memory, or by a bug of ours. */
static void must(int succeeded)
{
    if (succeeded != 1) {
        fputs("OpenSSL failed\n", stderr);
        abort();
    }
}

static void take_pem(BIO *from, struct text *out)
{
    char *bytes;
    long size = BIO_get_mem_data(from, &bytes);

    text_add(out, bytes, (size_t)size);
    BIO_free(from);
}

void sign_make_key(struct text *private_pem, struct text *public_pem)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    BIO *private = BIO_new(BIO_s_secmem()), *public = BIO_new(BIO_s_mem());

    must(key && private && public);
    must(PEM_write_bio_PrivateKey(private, key, NULL, NULL, 0, NULL, NULL));
    must(PEM_write_bio_PUBKEY(public, key));
    take_pem(private, private_pem);
    take_pem(public, public_pem);
    EVP_PKEY_free(key);
}

typedef EVP_PKEY *read_key(BIO *from, EVP_PKEY **key, pem_password_cb *ask,
                           void *context);

/* Never asks for a pass phrase. */
static int give_none(char *out, int size, int is_writing, void *context)
{
    (void)out, (void)size, (void)is_writing, (void)context;
    return 0;
}

/* NULL: it is not such a half of an Ed25519 key. */
static EVP_PKEY *parse_key(const char *pem, read_key *read)
{
    BIO *from = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key;

    must(from != NULL);
    key = read(from, NULL, give_none, NULL);
    BIO_free(from);
    if (key && !EVP_PKEY_is_a(key, "ED25519")) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

enum outcome sign_bytes(const char *key_file, const void *bytes, size_t size,
                        uint8_t signature[SIGNATURE_SIZE], struct err *e)
{
    char pem[SECRET_BYTES];
    EVP_PKEY *key;
    EVP_MD_CTX *context;
    size_t room = SIGNATURE_SIZE;

    if (secret_read(key_file, pem, sizeof pem, e))
        return e->outcome;
    key = parse_key(pem, PEM_read_bio_PrivateKey);
    explicit_bzero(pem, sizeof pem);
    if (!key)
        return err_exit(e, EX_CONFIG, "%s: no private Ed25519 key in PEM form", key_file);
    context = EVP_MD_CTX_new();
    must(context != NULL);
    must(EVP_DigestSignInit(context, NULL, NULL, NULL, key));
    must(EVP_DigestSign(context, signature, &room, bytes, size));
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return DONE;
}

enum outcome sign_check(const char *public_pem, const void *bytes, size_t size,
                        const uint8_t signature[SIGNATURE_SIZE], struct err *e)
{
    EVP_PKEY *key = parse_key(public_pem, PEM_read_bio_PUBKEY);
    EVP_MD_CTX *context;
    int is_right;

    if (!key)
        return err_exit(e, EX_CONFIG, "no public Ed25519 key in PEM form");
    context = EVP_MD_CTX_new();
    must(context != NULL);
    must(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key));
    is_right = EVP_DigestVerify(context, signature, SIGNATURE_SIZE, bytes, size);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return is_right == 1 ? DONE : err_set(e, REJECT, "the signature is not by this key");
}
