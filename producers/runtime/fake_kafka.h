/* fake_kafka.h - the producer half of kafka.h without a broker: the linker takes it
 * instead of kafka.c. It does what the test says and writes down what it was sent. */
#ifndef GRIDLOOP_FAKE_KAFKA_H
#define GRIDLOOP_FAKE_KAFKA_H

#include <sysexits.h>

#include "common/kafka.h"
#include "producers/runtime/testing.h"

enum { FAKE_MOST = 100000 };

static struct fake {
    /* what it is told to do */
    bool away;           /* takes messages and reports nothing */
    size_t queue_room;   /* messages; 0: without end. More: RETRY */
    const char *missing; /* topic; send: RETRY */
    const char *poison;  /* a value that begins so takes down its whole batch */
    bool breaks;         /* the next poll: FATAL */
    bool forbidden;      /* and with exit code 77 */
    uint64_t fails; /* the message sent as number n (from 1) is not persisted, once */
    const char *rejects; /* a value that begins so can never be sent */
    size_t per_poll;     /* reports for one poll; 0: all */
    bool backwards;      /* reports the last one first */
    const char *file;    /* event ids of what is persisted are added here, one a line */

    /* what it has seen */
    int opened, closed;
    bool alone; /* batches are of one message: a failure concerns no other */
    bool batch_fails;
    uint64_t sent;
    kafka_delivered *delivered;
    void *context;
    struct message {
        uint64_t tag, number;
        char value[24];
        char id[40];
    } open[FAKE_MOST]; /* from open_first on: not reported yet */
    size_t open_first, open_count;
    struct text log; /* values in the order in which they were sent, one a line */
} fake;

enum outcome kafka_check_property(const struct kafka_property *property, struct err *e)
{
    (void)property, (void)e;
    return DONE;
}

enum outcome kafka_check_producer(const struct kafka_properties *properties,
                                  struct err *e)
{
    (void)properties, (void)e;
    return DONE;
}

struct kafka_producer *kafka_producer_open(const struct kafka_properties *properties,
                                           size_t max_message_bytes,
                                           kafka_delivered *delivered, void *context,
                                           struct err *e)
{
    (void)max_message_bytes, (void)e;
    fake.alone = false;
    for (size_t i = 0; i < properties->count; i++)
        fake.alone |= strcmp(properties->items[i].name, "batch.num.messages") == 0
                      && strcmp(properties->items[i].value, "1") == 0;
    fake.opened++;
    fake.delivered = delivered;
    fake.context = context;
    fake.open_first = fake.open_count = 0;
    return (struct kafka_producer *)(void *)&fake;
}

void kafka_producer_close(struct kafka_producer *producer)
{
    fake.closed += producer != NULL;
}

static const char *header(const struct kafka_header *headers, size_t count,
                          const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(headers[i].name, name) == 0)
            return headers[i].value;
    return "";
}

enum outcome kafka_producer_send(struct kafka_producer *producer, const char *topic,
                                 const void *key, size_t key_size, const void *value,
                                 size_t value_size, const struct kafka_header *headers,
                                 size_t header_count, uint64_t tag, struct err *e)
{
    struct message *message;

    (void)producer, (void)key, (void)key_size;
    if (fake.open_count == 0)
        fake.open_first = 0;
    if (fake.missing && strcmp(topic, fake.missing) == 0)
        return err_set(e, RETRY, "sending to %s: there is no such topic", topic);
    if ((fake.queue_room && fake.open_count >= fake.queue_room)
        || fake.open_first + fake.open_count == FAKE_MOST)
        return err_set(e, RETRY, "the queue is full");
    if (fake.rejects && strncmp(value, fake.rejects, strlen(fake.rejects)) == 0)
        return err_set(e, REJECT, "too large");
    message = &fake.open[fake.open_first + fake.open_count];
    message->tag = tag;
    message->number = ++fake.sent;
    snprintf(message->value, sizeof message->value, "%.*s", (int)value_size,
             (const char *)value);
    snprintf(message->id, sizeof message->id, "%s",
             header(headers, header_count, "ce_id"));
    text_format(&fake.log, "%s\n", message->value);
    fake.open_count++;
    return DONE;
}

/* In pieces of 64 bytes: one that crosses a page may be torn by a kill. */
static void persist(const struct message *message)
{
    FILE *file = fake.file ? fopen(fake.file, "a") : NULL;

    if (file) {
        fprintf(file, "%63s\n", message->id);
        fclose(file);
    }
}

static bool is_poison(const struct message *message)
{
    return fake.poison && strncmp(message->value, fake.poison, strlen(fake.poison)) == 0;
}

/* All that is on its way is one batch. */
static void look_for_poison(void)
{
    fake.batch_fails = false;
    for (size_t i = 0; i < fake.open_count; i++)
        fake.batch_fails |= is_poison(&fake.open[fake.open_first + i]);
}

static void report_one(void)
{
    const struct message *message =
        &fake.open[fake.backwards ? fake.open_first + fake.open_count - 1
                                  : fake.open_first];
    bool persisted = message->number != fake.fails
                     && !(fake.alone ? is_poison(message) : fake.batch_fails);
    const struct kafka_place place = {0, (int64_t)message->number};

    fake.open_first += !fake.backwards;
    fake.open_count--;
    if (persisted)
        persist(message);
    fake.delivered(fake.context, message->tag, persisted ? &place : NULL,
                   persisted ? NULL : "it failed");
}

enum outcome kafka_producer_poll(struct kafka_producer *producer, int timeout_ms,
                                 struct err *e)
{
    (void)producer;
    if (fake.breaks) {
        fake.breaks = false;
        return fake.forbidden ? err_exit(e, EX_NOPERM, "not allowed")
                              : err_set(e, FATAL, "it broke");
    }
    look_for_poison();
    for (size_t i = 0;
         !fake.away && fake.open_count && (!fake.per_poll || i < fake.per_poll); i++)
        report_one();
    if (fake.away)
        usleep((useconds_t)timeout_ms * 1000);
    return DONE;
}

#endif
