/* secret.h - passwords and keys come from files only. */
#ifndef GRIDLOOP_SECRET_H
#define GRIDLOOP_SECRET_H

#include <stddef.h>

#include "common/err.h"

enum { SECRET_BYTES = 16384 }; /* longest secret, with the NUL */

/* Reads the file's text without the newlines at its end. FATAL 78: missing, empty, too long, or open to
 * everybody (group-readable is allowed: that is how secrets are mounted). The caller wipes *out. */
enum outcome secret_read(const char *path, char *out, size_t room, struct err *e);

#endif
