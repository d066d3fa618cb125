/* accept.c - from a line to a message. */
#include "producers/runtime/accept.h"

#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "producers/runtime/check.h"
#include "producers/runtime/contract.h"
#include "producers/runtime/encode.h"

enum { KEPT_BYTES = 256 << 10 };

struct acceptor {
    const struct producer_kind *kind;
    struct contract contract;
    struct checker *checker;
    struct encoder *encoder;
    struct arena *scratch; /* of the line at hand */
    struct text topic, key, headers;
};

struct acceptor *acceptor_open(const struct producer_kind *kind, const char *name_space,
                               struct err *e)
{
    struct acceptor *acceptor = xcalloc(1, sizeof *acceptor);
    char topic[TEXT_TOPIC_SIZE];

    acceptor->kind = kind;
    acceptor->scratch = arena_new();
    text_topic(topic, name_space, kind->name);
    text_add_string(&acceptor->topic, topic);
    if (contract_open(&acceptor->contract, kind->name, e)
        || !(acceptor->checker = checker_new(&acceptor->contract, e))
        || !(acceptor->encoder = encoder_new(&acceptor->contract, e))) {
        acceptor_close(acceptor);
        return NULL;
    }
    return acceptor;
}

void acceptor_close(struct acceptor *acceptor)
{
    if (!acceptor)
        return;
    encoder_free(acceptor->encoder);
    checker_free(acceptor->checker);
    contract_close(&acceptor->contract);
    arena_free(acceptor->scratch);
    text_free(&acceptor->topic);
    text_free(&acceptor->key);
    text_free(&acceptor->headers);
    free(acceptor);
}

static void add_header(struct text *headers, const char *name, const char *before,
                       const char *value)
{
    text_add(headers, name, strlen(name) + 1);
    text_add_string(headers, before);
    text_add(headers, value, strlen(value) + 1);
}

/* CloudEvents 1.0, Kafka binding, binary mode. */
static void make_headers(struct text *headers, const char *kind,
                         const struct datum *event, const char *traceparent)
{
    text_clear(headers);
    add_header(headers, "ce_specversion", "", "1.0");
    add_header(headers, "ce_type", "gridloop.", kind);
    add_header(headers, "ce_source", "gridloop/producer/",
               datum_text(event, "producer_id"));
    add_header(headers, "ce_id", "", datum_text(event, "event_id"));
    add_header(headers, "content-type", "", "application/avro");
    if (traceparent)
        add_header(headers, "traceparent", "", traceparent);
}

size_t accept_headers(const struct spool_event *event,
                      struct kafka_header headers[ACCEPT_HEADERS])
{
    const char *at = event->headers, *end = at + event->headers_size;
    size_t count = 0;

    /* a value that is missing is empty */
    for (; at < end && count < ACCEPT_HEADERS; count++) {
        headers[count].name = at;
        at += strlen(at);
        at += at < end;
        headers[count].value = at;
        headers[count].size = strlen(at);
        at += headers[count].size + 1;
    }
    return count;
}

static void make_event(struct acceptor *a, struct arena *arena,
                       const struct datum *checked, const char *traceparent,
                       struct spool_event *event)
{
    text_clear(&a->key);
    a->kind->key(&a->key, checked);
    make_headers(&a->headers, a->kind->name, checked, traceparent);
    uuid_parse(event->event_id, datum_text(checked, "event_id"), UUID_TEXT_SIZE - 1);
    event->topic = a->topic.bytes;
    event->key_size = a->key.size;
    event->key = arena_copy(arena, a->key.bytes, a->key.size);
    event->headers_size = a->headers.size;
    event->headers = arena_copy(arena, a->headers.bytes, a->headers.size);
}

enum outcome accept_line(struct acceptor *a, const char *line, size_t size,
                         struct arena *arena, struct spool_event *event, struct err *e)
{
    struct datum checked;
    const char *traceparent;
    const void *value;

    arena_reset(a->scratch, KEPT_BYTES);
    *event = (struct spool_event){.sequence = 0};
    if (check_line(a->checker, a->scratch, line, size, &checked, &traceparent, e)
        || encode_event(a->encoder, &checked, &value, &event->value_size, e))
        return e->outcome;
    event->value = arena_copy(arena, value, event->value_size);
    make_event(a, arena, &checked, traceparent, event);
    return DONE;
}
