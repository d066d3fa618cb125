/* seal.h - the heads of all chains and the versions of the reference data, signed, for outside the database.
 *
 * A seal is one JSON text in canonical form (RFC 8785: no blanks, names in order), and beside it, in FILE.sig, the 64 bytes
 * of its Ed25519 signature:
 *
 *   {"database": name, "format": "gridloop seal 1", "made_at": RFC 3339, "reference": [{"file_sha256": hex, several with
 *    blanks between, "row_count": n, "rows_sha256": hex, "table": "area", "version": n} ...], "sources": [{"cluster_id",
 *    "head": hex, "incarnation", "next_offset", "partition", "source_id", "topic", "topic_id"} ...]}
 *
 * So whoever has the public key can check it without us:
 *   openssl pkeyutl -verify -pubin -inkey KEY.pub -rawin -in FILE -sigfile FILE.sig */
#ifndef GRIDLOOP_SEAL_H
#define GRIDLOOP_SEAL_H

#include "common/err.h"
#include "common/pg.h"

#define SEAL_FORMAT "gridloop seal 1"
#define SEAL_SIGNATURE ".sig" /* behind the seal's name */

/* Checks the seal's signature and puts what it says into the temporary tables of verify_links.sql, and the reference
 * data as they are beside it. FATAL 65: it is no seal, or not signed by this key; 66: a file cannot be read. */
enum outcome seal_load(struct pg *pg, const char *seal_file, const char *public_key_file,
                       struct err *e);

#endif
