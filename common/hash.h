/* hash.h - SHA-256 (OpenSSL), CRC-64-AVRO and UUIDs. */
#ifndef GRIDLOOP_HASH_H
#define GRIDLOOP_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, UUID_SIZE = 16, UUID_TEXT_SIZE = 37 /* with the NUL */ };

struct sha256; /* a running hash, reused from one message to the next; one thread each */

struct sha256 *sha256_new(void);       /* aborts if OpenSSL has no SHA-256 */
void sha256_free(struct sha256 *hash); /* NULL is fine */
void sha256_begin(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *bytes, size_t size);
void sha256_end(struct sha256 *hash, uint8_t digest[SHA256_SIZE]);

/* One call for one piece of bytes. */
void sha256_of(const void *bytes, size_t size, uint8_t digest[SHA256_SIZE]);

/* The Avro specification's CRC-64-AVRO (Rabin) fingerprint of a schema's Parsing
 * Canonical Form. */
uint64_t crc64_avro(const void *bytes, size_t size);

/* UUID version 7 (RFC 9562): 48 bits of unix_ms, a counter of 12 bits that begins at
 * random in each millisecond, 62 random bits. Ids made by one process rise, from all its
 * threads: a unix_ms below the last one counts as the last one, so pass the present. */
void uuid_v7(uint8_t uuid[UUID_SIZE], int64_t unix_ms);

/* UUID version 5: derived from a name space and bytes, always the same for the same
 * input. */
void uuid_v5(uint8_t uuid[UUID_SIZE], const uint8_t name_space[UUID_SIZE],
             const void *name, size_t size);

/* The 36-character form, hex in either case, hyphens in their places. False: not a UUID,
 * and *uuid stays as it is. uuid_format() writes lower case. */
bool uuid_parse(uint8_t uuid[UUID_SIZE], const char *text, size_t size);
void uuid_format(char text[UUID_TEXT_SIZE], const uint8_t uuid[UUID_SIZE]);

/* A number for hash tables in memory: seeded anew in each process, so that nobody who chooses ids can
 * choose those that collide. */
uint64_t uuid_mix(const uint8_t uuid[UUID_SIZE]);

/* size bytes of the system's randomness; aborts if there is none. */
void random_bytes(void *out, size_t size);

#endif
