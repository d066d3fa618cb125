/* chain.c - the two formulas of the hash chain. */
#include "consumers/runtime/chain.h"

#include <endian.h>
#include <string.h>

void chain_leaf(struct sha256 *hash, const uint8_t layout[SHA256_SIZE], const void *tuple,
                size_t size, uint8_t leaf[SHA256_SIZE])
{
    sha256_begin(hash);
    sha256_add(hash, layout, SHA256_SIZE);
    sha256_add(hash, tuple, size);
    sha256_end(hash, leaf);
}

void chain_step(struct sha256 *hash, uint8_t head[SHA256_SIZE], int64_t offset,
                char outcome, const uint8_t *leaf)
{
    struct {
        uint8_t head[SHA256_SIZE];
        uint64_t offset;
        char outcome;
        uint8_t leaf[SHA256_SIZE];
    } __attribute__((packed)) link;

    memcpy(link.head, head, SHA256_SIZE);
    link.offset = htobe64((uint64_t)offset);
    link.outcome = outcome;
    if (leaf)
        memcpy(link.leaf, leaf, SHA256_SIZE);
    sha256_begin(hash);
    sha256_add(hash, &link, leaf ? sizeof link : sizeof link - SHA256_SIZE);
    sha256_end(hash, head);
}
