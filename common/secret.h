/* secret.h - passwords and keys come from files only, and may be replaced there while they are in use. */
#ifndef GRIDLOOP_SECRET_H
#define GRIDLOOP_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "common/err.h"

enum { SECRET_BYTES = 16384 }; /* longest secret, with the NUL */

/* Reads the file's text without the newlines at its end. FATAL 78: missing, empty, too long, or open to
 * everybody (group-readable is allowed: that is how secrets are mounted). The caller wipes *out. */
enum outcome secret_read(const char *path, char *out, size_t room, struct err *e);

/* A file as it was when it was last looked at. */
struct secret_file {
    const char *path;
    struct stat status; /* zeroed: not there, or never looked at */
};

/* True: there is a file, and it is not the one of the last look, or was written since. Look before reading it. What
 * follows a link (as Kubernetes mounts secrets) is looked at, not the link. */
bool secret_was_replaced(struct secret_file *file);

#endif
