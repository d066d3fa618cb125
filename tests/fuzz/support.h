/* support.h - what the targets share: a check that holds in every build, and messages without a broker,
 * decoded by the stages of the daemons.
 *
 * A target is one file, <target>_fuzz.c; ./dev fuzz builds and runs it. Its input is told in its first lines. */
#ifndef GRIDLOOP_FUZZ_SUPPORT_H
#define GRIDLOOP_FUZZ_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "consumers/runtime/batch.h"
#include "consumers/runtime/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run, and the input is kept. */
#define MUST(condition)                                                                  \
    ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

enum { FUZZ_KINDS = 5 };
extern const char *const fuzz_kinds[FUZZ_KINDS];

/* Made at the first use and kept; kind is an index, of which the remainder is taken. */
struct decoder *fuzz_decoder(size_t kind);

struct fuzz_headers {
    size_t count;
    const struct kafka_header *items;
};

/* What the daemon of this kind makes of one message; headers may be NULL. Valid until the next call. */
const struct event *fuzz_decode(size_t kind, const void *value, size_t size,
                                const struct fuzz_headers *headers);

/* The same for bytes that are taken for a message of one of the built-in schemas: of that which its frame names,
 * else of any. *kind gets the kind. size is at least FRAME_SIZE. */
enum { FRAME_SIZE = 10 };
const struct event *fuzz_decode_framed(const uint8_t *value, size_t size, size_t *kind);

/* Of the last message decoded. */
size_t fuzz_arena_used(void);

/* An event is decoded whole, or dead for a reason of the list in docs/design.md. */
void fuzz_check_event(size_t kind, const struct event *event);

/* A reason is one line that a terminal can take. */
void fuzz_check_message(const char *message);

#endif
