/* evolution.h - what stands in the way of a new version of a schema. */
#ifndef GRIDLOOP_EVOLUTION_H
#define GRIDLOOP_EVOLUTION_H

#include <stddef.h>

#include "common/schema.h"
#include "consumers/runtime/reader.h"

struct finding {
    const char *check; /* "backward", "forward", "place", "rule", "default": constant */
    char *with;        /* the other schema: "version 1", "fingerprint 0843..." */
    char *what;        /* with the path: "measures.due_at: ..." */
};

struct findings {
    struct finding *list;
    size_t count;
};
void findings_add(struct findings *findings, const char *check, const char *with,
                  const char *what);
void findings_free(struct findings *findings);

/* Events written with writer, read with reader: what cannot be, or not always. check and with as above. */
void evolution_read(struct findings *findings, const char *check, const char *with,
                    const struct schema *writer, const struct reader *reader);

/* What a newer record owes an older one beside that: fields keep their places (the content hash counts by them), what
 * is left out of the hash stays the same, and no rule becomes tighter. */
void evolution_compare(struct findings *findings, const char *with,
                       const struct schema *older, const struct schema *newer);

#endif
