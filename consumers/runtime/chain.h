/* chain.h - the hash chain of a source: what became of each offset, in order, so that nothing that is stored can be
 * changed, added or taken away unseen. gridloopctl verify goes through it again; gridloopctl seal takes its head out of
 * the database.
 *
 *   head = SHA-256(head before || offset || outcome || leaf)
 *
 * The first head is bus.chain_start() (deploy/postgres/005_chain.sql). offset: 8 bytes, big endian. outcome: the letter of
 * bus.batch.outcomes. leaf, of s (stored), x (dead letter) and g (gap): SHA-256(digest of the layout || tuple), 32
 * bytes; of d (duplicate): nothing. An offset that is absent is no step: the next one's offset shows it, and a hole of
 * any size costs nothing. layout.h has the digest. tuple: the row as COPY's binary form
 * has it, in the columns of the layout: their number (2 bytes), then each value behind its length (4 bytes; -1: null),
 * big endian. So a leaf hangs on what the columns are called and of which types they are, and on every value that the
 * platform wrote; not on how batches were cut, nor on columns that came later.
 *
 * A dead letter's leaf is of its whole row, which has the SHA-256 of the raw value in it: its reason, its key and its
 * headers are evidence too. An accepted gap is one step, at the offset where its source stood (bus.gap.stood_at),
 * however many offsets it takes: the row says how many.
 *
 * Not in it are times that the server gives: stored_at and recorded_at (verify compares them with the batch's),
 * committed_at. */
#ifndef GRIDLOOP_CHAIN_H
#define GRIDLOOP_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "common/hash.h"

enum { CHAIN_GAP = 'g', CHAIN_PRINT_SIZE = 4 /* of a leaf, in bus.batch.prints */ };

void chain_leaf(struct sha256 *hash, const uint8_t layout[SHA256_SIZE], const void *tuple,
                size_t size, uint8_t leaf[SHA256_SIZE]);

/* leaf NULL: there is none. */
void chain_step(struct sha256 *hash, uint8_t head[SHA256_SIZE], int64_t offset,
                char outcome, const uint8_t *leaf);

#endif
