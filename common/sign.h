/* sign.h - Ed25519 signatures (OpenSSL). Keys are PEM files, as "openssl genpkey -algorithm ed25519" writes them, and
 * signatures are the 64 bytes that "openssl pkeyutl -sign -rawin" writes. */
#ifndef GRIDLOOP_SIGN_H
#define GRIDLOOP_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/text.h"

enum { SIGNATURE_SIZE = 64 };

/* A new key: both halves as PEM, appended. The caller wipes *private_pem. */
void sign_make_key(struct text *private_pem, struct text *public_pem);

/* key_file: the private half (secret.h says what such a file must be). FATAL 78: it is none. */
enum outcome sign_bytes(const char *key_file, const void *bytes, size_t size,
                        uint8_t signature[SIGNATURE_SIZE], struct err *e);

/* public_pem: the public half. REJECT: the signature is not of these bytes by that key. FATAL 78: it is no such key. */
enum outcome sign_check(const char *public_pem, const void *bytes, size_t size,
                        const uint8_t signature[SIGNATURE_SIZE], struct err *e);

#endif
