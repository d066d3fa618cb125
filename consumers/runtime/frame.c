/* frame.c - reads the head of a message. */
#include "consumers/runtime/frame.h"

enum { SINGLE_OBJECT_SIZE = 10, CONFLUENT_SIZE = 5 };

bool frame_read(const uint8_t *bytes, size_t size, bool has_registry, struct frame *frame)
{
    uint64_t number = 0;

    if (size >= SINGLE_OBJECT_SIZE && bytes[0] == 0xc3 && bytes[1] == 0x01) {
        for (int i = SINGLE_OBJECT_SIZE - 1; i >= 2; i--)
            number = number << 8 | bytes[i];
        *frame = (struct frame){{BY_FINGERPRINT, number},
                                bytes + SINGLE_OBJECT_SIZE,
                                size - SINGLE_OBJECT_SIZE};
        return true;
    }
    if (has_registry && size >= CONFLUENT_SIZE && bytes[0] == 0) {
        for (int i = 1; i < CONFLUENT_SIZE; i++)
            number = number << 8 | bytes[i];
        *frame = (struct frame){
            {BY_REGISTRY, number}, bytes + CONFLUENT_SIZE, size - CONFLUENT_SIZE};
        return true;
    }
    return false;
}
