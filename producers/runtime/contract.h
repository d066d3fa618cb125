/* contract.h - the schema that a producer writes with: the newest built-in version of
 * its kind. */
#ifndef GRIDLOOP_CONTRACT_H
#define GRIDLOOP_CONTRACT_H

#include <stdbool.h>

#include "common/schema.h"

struct contract {
    const char *kind; /* borrowed */
    int version;      /* of schemas/<kind>/v<version>.avsc */
    struct schema_file *file;
    const struct schema *record; /* its root */
};

/* FATAL: no such kind is built in, or its schema is not one that we accept. */
enum outcome contract_open(struct contract *contract, const char *kind, struct err *e);
void contract_close(struct contract *contract); /* a zeroed one is fine */

/* True if this version of the kind is built in. */
bool contract_has_version(const char *kind, int64_t version);

#endif
