/* registry.h - writer schemas from a schema registry that speaks Confluent's HTTP API (its "REST API" reference:
 * GET /schemas/ids/{id}, POST /subjects/{subject} and .../versions). registry.c is the only user of curl/curl.h.
 *
 * A call waits at most 2 s for a connection and 5 s in all. Redirects and proxies are not followed, an answer is
 * read up to 1 MiB. One thread per handle. */
#ifndef GRIDLOOP_REGISTRY_H
#define GRIDLOOP_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/option.h"
#include "common/text.h"

/* The registry as settings hold it, and the rows of its options. */
struct registry_settings {
    const char *url; /* NULL: there is none */
    const char *user;
    const char *password_file;
    const char *ca_file;
};
#define REGISTRY_ROWS(settings, member)                                                  \
    {.name = "registry_url",                                                             \
     .offset = offsetof(settings, member.url),                                           \
     .help = "schema registry, as https://host:port, without a password: messages may "  \
             "then be framed as Confluent's clients do"},                                \
        {.name = "registry_user",                                                        \
         .offset = offsetof(settings, member.user),                                      \
         .help = "user name at the schema registry"},                                    \
        {.name = "registry_password_file",                                               \
         .type = OPTION_SECRET,                                                          \
         .offset = offsetof(settings, member.password_file),                             \
         .help = "file that holds that user's password"},                                \
    {                                                                                    \
        .name = "registry_ca_file", .offset = offsetof(settings, member.ca_file),        \
        .help = "certificates that the schema registry's is checked against, PEM; "      \
                "without it those of the system"                                         \
    }

/* An option_check of them (option.h), without asking anybody; no url: DONE. */
enum outcome registry_check(const struct registry_settings *settings, const char *keys[2],
                            struct err *e);

struct registry; /* opaque */

/* settings must outlive it. Connects to nothing yet. NULL: *e is FATAL 78: a URL that is none or not of http or
 * https, a password in it, a user without a password file or the other way round, a file that cannot be read. */
struct registry *registry_open(const struct registry_settings *settings, struct err *e);
void registry_close(struct registry *registry); /* NULL is fine */

enum registry_answer {
    REGISTRY_SCHEMA,  /* *text is the Avro schema */
    REGISTRY_UNKNOWN, /* the registry says that it has no such number */
    REGISTRY_REFUSED  /* it is none that we read; *text says why, for people */
};

/* The schema of a number; numbers never change their meaning, so that each need be asked for once.
 * RETRY: the registry cannot be reached, is busy or answers something that is no answer; or it lets us in no more (401),
 * as long as a password is replaced: its file is read for each request. FATAL 77: it does not let us in (401 from the
 * start, 403); FATAL 78: what answers is no schema registry (another 404, a redirect). *text is cleared. */
enum outcome registry_schema(struct registry *registry, uint32_t id,
                             enum registry_answer *answer, struct text *text,
                             struct err *e);

/* The number of a schema (Avro, as text) under a subject; registered there if it is not. REJECT: the registry does not
 * take it (409: not compatible with those before it; 422). RETRY and FATAL as above. */
enum outcome registry_number(struct registry *registry, const char *subject,
                             const char *schema, uint32_t *id, struct err *e);

#endif
