/* http.h - a small server that answers GET, for a daemon to be looked at, and who asks it; http.c is the only user of
 * microhttpd.h.
 *
 * It has a thread of its own, on which the answers are made: they must not wait for anything. A slow or silent client
 * costs one of 16 connections for 5 s, and nobody else anything; a request may have 8 KiB, and a body is not read. */
#ifndef GRIDLOOP_HTTP_H
#define GRIDLOOP_HTTP_H

#include <stddef.h>

#include "common/err.h"
#include "common/text.h"

/* The row of a daemon's options. */
#define HTTP_LISTEN_ROW(type, member)                                                    \
    {                                                                                    \
        "http_listen", OPTION_TEXT, offsetof(type, member), "127.0.0.1:0", 0, 0,         \
            "HOST:PORT|none",                                                            \
            "where /livez, /readyz and /metrics are answered; port 0: a free one, "      \
            "which "                                                                     \
            "the log names",                                                             \
            false                                                                        \
    }

/* Whether it has the form of an address. FATAL 78. */
enum outcome http_check(const char *listen, struct err *e);

/* A table of routes ends with a row whose path is NULL. */
struct http_route {
    const char *path;
    const char *content_type;
    int (*answer)(struct text *body); /* returns the status: 200, 503 */
};

struct http; /* opaque */

/* Answers by routes, which must outlive it. listen: "127.0.0.1:9464", "[::1]:9464", "0.0.0.0:9464". NULL: *e is
 * FATAL, 78 where listen is no address, 69 where it cannot be bound. */
struct http *http_open(const char *listen, const struct http_route *routes,
                       struct err *e);
void http_close(struct http *http); /* NULL is fine */

/* Asks such a server: address as above, with a port. *status, and *body behind what it has. RETRY: no answer within 5 s. FATAL
 * 78: no address. */
enum outcome http_get(const char *address, const char *path, int *status,
                      struct text *body, struct err *e);

/* "127.0.0.1:40213", also where port 0 was asked for. */
const char *http_address(const struct http *http);

#endif
