/* frame.h - what stands in front of an encoded event and names the schema that it was written with.
 *
 *   single object   C3 01, the schema's CRC-64-AVRO fingerprint in little endian (Avro's specification)
 *   Confluent       00, the schema's number in a registry in big endian, 4 bytes */
#ifndef GRIDLOOP_FRAME_H
#define GRIDLOOP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum schema_id_kind { BY_FINGERPRINT, BY_REGISTRY };

/* By what a message names its writer's schema. */
struct schema_id {
    enum schema_id_kind kind;
    uint64_t number;
};

struct frame {
    struct schema_id writer;
    const uint8_t *body; /* the encoded record, borrowed from the message */
    size_t size;
};

/* False: it is no frame. Confluent's is one only where there is a registry to ask. */
bool frame_read(const uint8_t *bytes, size_t size, bool has_registry,
                struct frame *frame);

#endif
