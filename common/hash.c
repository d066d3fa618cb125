/* hash.c - the user of OpenSSL for digests; sign.c is that for signatures. */
#include "common/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/arena.h"

/* ---- digests ---- */

/* Fetched once: OpenSSL 3 looks through its providers at each EVP_sha256(), which costs
 * as much as the hash of a short message. Never freed. */
static EVP_MD *sha256_method, *sha1_method;

static EVP_MD *fetch(const char *name)
{
    EVP_MD *method = EVP_MD_fetch(NULL, name, NULL);

    if (!method) {
        fprintf(stderr, "OpenSSL has no %s\n", name);
        abort();
    }
    return method;
}

static void fetch_methods(void)
{
    sha256_method = fetch("SHA256");
    sha1_method = fetch("SHA1");
}

static void need_methods(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, fetch_methods);
}

/* Of OpenSSL's calls these can fail only for want of memory, or by a bug of ours. */
static void must(int succeeded)
{
    if (succeeded != 1) {
        fputs("OpenSSL failed\n", stderr);
        abort();
    }
}

struct sha256 {
    EVP_MD_CTX *context;
};

struct sha256 *sha256_new(void)
{
    struct sha256 *hash = xcalloc(1, sizeof *hash);

    need_methods();
    hash->context = EVP_MD_CTX_new();
    must(hash->context != NULL);
    return hash;
}

void sha256_free(struct sha256 *hash)
{
    if (!hash)
        return;
    EVP_MD_CTX_free(hash->context);
    free(hash);
}

void sha256_begin(struct sha256 *hash)
{
    must(EVP_DigestInit_ex2(hash->context, sha256_method, NULL));
}

void sha256_add(struct sha256 *hash, const void *bytes, size_t size)
{
    must(EVP_DigestUpdate(hash->context, bytes, size));
}

void sha256_end(struct sha256 *hash, uint8_t digest[SHA256_SIZE])
{
    must(EVP_DigestFinal_ex(hash->context, digest, NULL));
}

void sha256_of(const void *bytes, size_t size, uint8_t digest[SHA256_SIZE])
{
    need_methods();
    must(EVP_Digest(bytes, size, digest, NULL, sha256_method, NULL));
}

/* ---- CRC-64-AVRO ---- */

static const uint64_t crc64_empty = 0xc15d213aa4d7a795;
static uint64_t crc64_table[256];

static void crc64_fill(void)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        uint64_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? crc64_empty : 0);
        crc64_table[byte] = crc;
    }
}

uint64_t crc64_avro(const void *bytes, size_t size)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const uint8_t *at = bytes;
    uint64_t crc = crc64_empty;

    pthread_once(&once, crc64_fill);
    for (size_t i = 0; i < size; i++)
        crc = (crc >> 8) ^ crc64_table[(crc ^ at[i]) & 0xff];
    return crc;
}

/* ---- UUIDs ---- */

static void mark(uint8_t uuid[UUID_SIZE], unsigned version)
{
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | version << 4);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

/* RFC 9562, 6.2, method 1: a counter of 12 bits between the time and 62 random bits.
 * With only the random part counted up, a process and its fork could make the same id. */
static uint64_t next_tick(uint64_t unix_ms)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static uint64_t last; /* milliseconds and counter */
    uint16_t start;
    uint64_t tick;

    random_bytes(&start, sizeof start);
    tick = unix_ms << 12 | (start & 0x7ff); /* the upper half is left for counting up */
    pthread_mutex_lock(&lock);
    if (tick >> 12 <= last >> 12)
        tick = last + 1; /* a full counter runs over into the milliseconds */
    last = tick;
    pthread_mutex_unlock(&lock);
    return tick;
}

void uuid_v7(uint8_t uuid[UUID_SIZE], int64_t unix_ms)
{
    uint64_t tick = next_tick(unix_ms < 0 ? 0 : (uint64_t)unix_ms & 0xffffffffffff);

    for (int i = 0; i < 6; i++)
        uuid[i] = (uint8_t)(tick >> (52 - 8 * i));
    uuid[6] = (uint8_t)(tick >> 8 & 0x0f);
    uuid[7] = (uint8_t)tick;
    random_bytes(uuid + 8, 8);
    mark(uuid, 7);
}

void uuid_v5(uint8_t uuid[UUID_SIZE], const uint8_t name_space[UUID_SIZE],
             const void *name, size_t size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t digest[EVP_MAX_MD_SIZE];

    need_methods();
    must(context != NULL);
    must(EVP_DigestInit_ex2(context, sha1_method, NULL));
    must(EVP_DigestUpdate(context, name_space, UUID_SIZE));
    must(EVP_DigestUpdate(context, name, size));
    must(EVP_DigestFinal_ex(context, digest, NULL));
    EVP_MD_CTX_free(context);
    memcpy(uuid, digest, UUID_SIZE);
    mark(uuid, 5);
}

static bool hyphen_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

/* A digit's value, and a bit that says that it is one. */
enum { IS_HEX = 0x10 };
static const uint8_t hex_digits[256] = {
    ['0'] = 0x10, ['1'] = 0x11, ['2'] = 0x12, ['3'] = 0x13, ['4'] = 0x14, ['5'] = 0x15,
    ['6'] = 0x16, ['7'] = 0x17, ['8'] = 0x18, ['9'] = 0x19, ['a'] = 0x1a, ['b'] = 0x1b,
    ['c'] = 0x1c, ['d'] = 0x1d, ['e'] = 0x1e, ['f'] = 0x1f, ['A'] = 0x1a, ['B'] = 0x1b,
    ['C'] = 0x1c, ['D'] = 0x1d, ['E'] = 0x1e, ['F'] = 0x1f,
};

bool uuid_parse(uint8_t uuid[UUID_SIZE], const char *text, size_t size)
{
    static const uint8_t places[UUID_SIZE] = {0,  2,  4,  6,  9,  11, 14, 16,
                                              19, 21, 24, 26, 28, 30, 32, 34};
    uint8_t parsed[UUID_SIZE], all = IS_HEX;

    if (size != UUID_TEXT_SIZE - 1 || text[8] != '-' || text[13] != '-' || text[18] != '-'
        || text[23] != '-')
        return false;
    for (size_t i = 0; i < UUID_SIZE; i++) {
        uint8_t high = hex_digits[(uint8_t)text[places[i]]];
        uint8_t low = hex_digits[(uint8_t)text[places[i] + 1]];
        all &= high & low;
        parsed[i] = (uint8_t)(high << 4 | (low & 0x0f));
    }
    if (all != IS_HEX)
        return false;
    memcpy(uuid, parsed, UUID_SIZE);
    return true;
}

void uuid_format(char text[UUID_TEXT_SIZE], const uint8_t uuid[UUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < UUID_SIZE; i++) {
        if (hyphen_before(i))
            *text++ = '-';
        *text++ = digits[uuid[i] >> 4];
        *text++ = digits[uuid[i] & 0x0f];
    }
    *text = '\0';
}

void random_bytes(void *out, size_t size)
{
    uint8_t *at = out;

    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno != EINTR) {
            perror("getrandom");
            abort();
        }
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
}

uint64_t uuid_mix(const uint8_t uuid[UUID_SIZE])
{
    static uint64_t seed[2];
    uint64_t half[2];
    unsigned __int128 product;

    if (!seed[0])
        random_bytes(seed, sizeof seed);
    memcpy(half, uuid, sizeof half);
    product = (unsigned __int128)(half[0] ^ seed[0]) * (half[1] ^ seed[1]);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}
