/* sqlstate.h - what PostgreSQL's error codes mean to us. Pure: knows no server. */
#ifndef GRIDLOOP_SQLSTATE_H
#define GRIDLOOP_SQLSTATE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

/* RETRY for the server's state (classes 08 40 53 57, codes 55P03 25006 25P03) and for "" (the connection is
 * gone); FATAL for everything else. Never DONE or REJECT: whether an error blames an event is known only
 * to the caller that inserted it. */
enum outcome sqlstate_outcome(const char *sqlstate);

/* True where a table, column, type, function or schema is not there: what gridloopctl setup makes. */
bool sqlstate_is_undefined(const char *sqlstate);

/* What a program that ends because of it exits with: 77 for 28xxx and 42501, 78 for 3D000, else 70. */
int sqlstate_exit_code(const char *sqlstate);

/* True where the server's message may quote a value that it was given: such text is kept out of logs. */
bool sqlstate_quotes_data(const char *sqlstate);

/* A few words in place of such a message: "number out of range"; never NULL. */
const char *sqlstate_meaning(const char *sqlstate);

/* The row, counted from 1, that the context of a COPY error names ("COPY t, line 17, column c"), whatever
 * the language of the server's messages; 0: it names none that can be trusted. */
size_t sqlstate_copy_line(const char *context);

#endif
