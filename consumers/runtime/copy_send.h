/* copy_send.h - COPY ... FROM STDIN of as many rows as come. */
#ifndef GRIDLOOP_COPY_SEND_H
#define GRIDLOOP_COPY_SEND_H

#include <stdbool.h>

#include "common/err.h"
#include "common/pg.h"
#include "common/text.h"

/* Rows on their way; the first one opens the COPY, so that none is no statement. Begins as {.pg = ..., .sql = ...}. */
struct copy {
    struct pg *pg;
    const char *sql;
    struct text buffer; /* where the row is to be put */
    bool is_open;
};

/* To be called before each row; hands what has gathered to the server now and then. */
enum outcome copy_begin_row(struct copy *copy, struct err *e);

/* The end, whatever came before: outcome is that of the rows, and nothing more is sent after an error. */
enum outcome copy_close(struct copy *copy, enum outcome outcome, struct err *e);

#endif
