/* kafka_test.c - what Kafka's module decides without a broker: nothing listens on port 1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/kafka.h"

#define NOBODY                                                                           \
    {                                                                                    \
        "bootstrap.servers", "127.0.0.1:1", "command line"                               \
    }

static struct err e;
static size_t delivered_count;

/* ---- librdkafka's end of a consumer, which may be held up ---- */

static pthread_mutex_t end_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int ends;

void __real_rd_kafka_destroy_flags(void *rk, int flags);
void __wrap_rd_kafka_destroy_flags(void *rk, int flags);

void __wrap_rd_kafka_destroy_flags(void *rk, int flags)
{
    pthread_mutex_lock(&end_lock);
    pthread_mutex_unlock(&end_lock);
    __real_rd_kafka_destroy_flags(rk, flags);
    atomic_fetch_add(&ends, 1);
}

static void on_delivered(void *context, uint64_t tag, const struct kafka_place *place,
                         const char *reason)
{
    (void)context, (void)tag, (void)place, (void)reason;
    delivered_count++;
}

static struct kafka_consumer *open_consumer(struct kafka_property *items, size_t count)
{
    struct kafka_properties properties = {items, count};

    memset(&e, 0, sizeof e);
    return kafka_consumer_open(&properties, "group", "topic", 1 << 20, 4096, &e);
}

static struct kafka_producer *open_producer(struct kafka_property *items, size_t count)
{
    struct kafka_properties properties = {items, count};

    memset(&e, 0, sizeof e);
    delivered_count = 0;
    return kafka_producer_open(&properties, 1 << 20, on_delivered, NULL, &e);
}

/* One property more than the servers; the message if it is FATAL, else NULL. */
static const char *with(const char *name, const char *value)
{
    struct kafka_property items[] = {NOBODY, {name, value, "gridloop.conf:12"}};
    struct kafka_consumer *consumer = open_consumer(items, 2);

    kafka_consumer_close(consumer);
    if (consumer)
        return NULL;
    assert_int_equal(e.outcome, FATAL);
    assert_int_equal(e.exit_code, EX_CONFIG);
    return e.message;
}

/* ---- properties ---- */

static void test_servers_are_required(void **state)
{
    struct kafka_property empty[] = {{"bootstrap.servers", "", "environment"}};

    (void)state;
    assert_null(open_consumer(NULL, 0));
    assert_int_equal(e.outcome, FATAL);
    assert_int_equal(e.exit_code, EX_USAGE);
    assert_string_equal(
        e.message,
        "kafka.bootstrap.servers (GRIDLOOP_KAFKA_BOOTSTRAP_SERVERS) is required");
    assert_null(open_consumer(empty, 1));
    assert_int_equal(e.exit_code, EX_USAGE);
    assert_null(open_producer(NULL, 0));
    assert_int_equal(e.exit_code, EX_USAGE);
}

static void test_both_names_of_the_servers_will_do(void **state)
{
    struct kafka_property items[] = {{"metadata.broker.list", "127.0.0.1:1", "x"}};
    struct kafka_consumer *consumer = open_consumer(items, 1);

    (void)state;
    assert_non_null(consumer);
    kafka_consumer_close(consumer);
}

static void test_a_guarantee_cannot_be_set(void **state)
{
    static const char *const names[] = {
        "enable.auto.commit",
        "auto.commit.enable",
        "auto.commit.interval.ms",
        "enable.auto.offset.store",
        "offset.store.method",
        "auto.offset.reset",
        "group.id",
        "group.protocol",
        "group.protocol.type",
        "group.remote.assignor",
        "partition.assignment.strategy",
        "enable.partition.eof",
        "isolation.level",
        "allow.auto.create.topics",
        "check.crcs",
        "acks",
        "request.required.acks",
        "enable.idempotence",
        "enable.gapless.guarantee",
        "max.in.flight",
        "max.in.flight.requests.per.connection",
        "message.timeout.ms",
        "delivery.timeout.ms",
        "retries",
        "message.send.max.retries",
        "transactional.id",
        "partitioner",
        "partitioner_cb",
        "rebalance_cb",
        "delivery.report.only.error",
        "message.max.bytes",
        "fetch.max.bytes",
        "queued.max.messages.kbytes",
        "log.queue",
        "topic.acks",
        "topic.topic.auto.offset.reset",
        "test.mock.num.brokers",
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *message = with(names[i], "1");

        assert_non_null(message);
        assert_non_null(strstr(message, "carries a guarantee ("));
        assert_non_null(strstr(message, names[i]));
    }
}

static void test_the_reason_and_the_place_are_told(void **state)
{
    (void)state;
    assert_string_equal(with("acks", "1"),
                        "gridloop.conf:12: kafka.acks carries a guarantee (an accepted "
                        "event is never lost, nor sent twice) and cannot be set");
}

static void test_an_unknown_property_is_fatal(void **state)
{
    (void)state;
    assert_string_equal(
        with("sesion.timeout.ms", "6000"),
        "gridloop.conf:12: kafka.sesion.timeout.ms: librdkafka has no such "
        "property; did you mean 'kafka.session.timeout.ms'?");
    assert_string_equal(with("sesion.timout.ms.enable", "6000"),
                        "gridloop.conf:12: kafka.sesion.timout.ms.enable: librdkafka has "
                        "no such property");
}

static void test_the_environment_may_hold_what_others_put_there(void **state)
{
    struct kafka_property items[] = {NOBODY,
                                     {"port.9092.tcp", "tcp://10.0.0.1", "environment"}};
    struct kafka_consumer *consumer = open_consumer(items, 2);

    (void)state;
    assert_non_null(consumer);
    kafka_consumer_close(consumer);
}

static void test_a_secret_comes_from_a_file_only(void **state)
{
    char path[] = "/tmp/kafka_test.XXXXXX";
    int file = mkstemp(path);

    (void)state;
    assert_non_null(strstr(with("sasl.password", "hush"), "kafka.sasl.password.file"));
    assert_null(strstr(e.message, "hush"));
    assert_int_equal(write(file, "hush\n", 5), 5);
    assert_null(with("sasl.password.file", path));
    assert_int_equal(fchmod(file, 0644), 0);
    assert_non_null(strstr(with("sasl.password.file", path), "open to everybody"));
    close(file);
    unlink(path);
    assert_non_null(strstr(with("sasl.password.file", path), "No such file"));
}

static void test_a_wrong_value_is_fatal(void **state)
{
    const char *message = with("session.timeout.ms", "soon");

    (void)state;
    assert_non_null(message);
    assert_non_null(strstr(message, "gridloop.conf:12: kafka.session.timeout.ms: "));
    assert_non_null(with("security.protocol", "carrier_pigeon"));
}

static void test_a_combination_that_is_refused_is_fatal(void **state)
{
    const char *message = with("max.poll.interval.ms", "1000");

    (void)state;
    assert_non_null(message);
    assert_non_null(strstr(message, "max.poll.interval.ms"));
}

static void test_what_carries_none_goes_through(void **state)
{
    static const struct {
        const char *name, *value;
    } rows[] = {
        {"session.timeout.ms", "6000"}, {"client.id", "mine"},
        {"client.rack", "east"},        {"linger.ms", "50"}, /* a producer's */
        {"compression.type", "zstd"},   {"sasl.username", "device"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_null(with(rows[i].name, rows[i].value));
}

static void test_a_producer_refuses_the_same(void **state)
{
    struct kafka_property items[] = {NOBODY, {"acks", "1", "environment"}};
    struct kafka_property reader[] = {NOBODY, {"session.timeout.ms", "6000", "x"}};
    struct kafka_producer *producer;

    (void)state;
    assert_null(open_producer(items, 2));
    assert_int_equal(e.exit_code, EX_CONFIG);
    assert_non_null(strstr(e.message, "environment: kafka.acks carries a guarantee"));
    producer = open_producer(reader, 2);
    assert_non_null(producer);
    kafka_producer_close(producer);
}

/* ---- no broker ---- */

/* Polls up to 5 s, for the first outcome that is not DONE. */
static enum outcome poll_for_news(struct kafka_consumer *consumer)
{
    int64_t end_ms = clock_monotonic_ms() + 5000;
    struct kafka_message message;
    struct kafka_fault fault;
    enum outcome outcome = DONE;

    while (outcome == DONE && clock_monotonic_ms() < end_ms) {
        outcome = kafka_consumer_poll(consumer, 100, &message, &fault, &e);
        assert_null(message.handle);
        assert_int_equal(fault.partition, -1);
    }
    return outcome;
}

static void test_a_broker_that_is_away_is_told_once(void **state)
{
    struct kafka_property items[] = {NOBODY};
    struct kafka_consumer *consumer = open_consumer(items, 1);
    struct kafka_message message;
    struct kafka_fault fault;
    const int32_t *partitions;
    size_t count;

    (void)state;
    assert_non_null(consumer);
    assert_int_equal(poll_for_news(consumer), RETRY);
    assert_non_null(strstr(e.message, "Connection refused"));
    assert_int_equal(kafka_consumer_poll(consumer, 0, &message, &fault, &e), DONE);
    assert_int_equal(kafka_consumer_wanted(consumer, &partitions, &count), 0);
    assert_int_equal(count, 0);
    kafka_consumer_close(consumer);
}

static void test_only_wanted_partitions_can_be_read(void **state)
{
    struct kafka_property items[] = {NOBODY};
    struct kafka_consumer *consumer = open_consumer(items, 1);
    struct kafka_place place = {0, 7}, nowhere = {0, -1};

    (void)state;
    assert_int_equal(kafka_consumer_assign(consumer, &place, 1, &e), RETRY);
    assert_string_equal(e.message, "partition 0 is not ours");
    assert_int_equal(kafka_consumer_assign(consumer, &nowhere, 1, &e), FATAL);
    assert_int_equal(kafka_consumer_assign(consumer, NULL, 0, &e), DONE);
    assert_int_equal(kafka_consumer_confirm(consumer, NULL, 0, &e), DONE);
    kafka_consumer_tell(consumer, NULL, 0);
    kafka_consumer_close(consumer);
}

static void test_a_message_too_large_is_rejected(void **state)
{
    static const char large[(1 << 20) + 1];
    struct kafka_property items[] = {NOBODY};
    struct kafka_producer *producer = open_producer(items, 1);

    (void)state;
    assert_int_equal(kafka_producer_send(producer, "topic", "k", 1, large, sizeof large,
                                         NULL, 0, 1, &e),
                     REJECT);
    assert_int_equal(kafka_producer_pending(producer), 0);
    kafka_producer_close(producer);
}

static void test_a_full_queue_and_a_close_deliver_nothing(void **state)
{
    struct kafka_property items[] = {NOBODY, {"queue.buffering.max.messages", "10", "x"}};
    struct kafka_producer *producer = open_producer(items, 2);
    struct kafka_header header = {"ce_type", "gridloop.heartbeat", 18};
    enum outcome outcome = DONE;
    size_t sent = 0;

    (void)state;
    while (sent < 100 && outcome == DONE) {
        outcome =
            kafka_producer_send(producer, "topic", "k", 1, NULL, 0, &header, 1, sent, &e);
        if (outcome == DONE)
            sent++;
    }
    assert_int_equal(outcome, RETRY);
    assert_int_equal(kafka_producer_pending(producer), sent);
    /* Nobody listens there: as soon as that is known it is said, and no reason to give up. */
    while (kafka_producer_poll(producer, 100, &e) == DONE)
        ;
    assert_int_equal(e.outcome, RETRY);
    assert_non_null(strstr(e.message, "Kafka: "));
    kafka_producer_close(producer);
    assert_int_equal(delivered_count, 0);
}

static void test_no_topic_is_made_without_a_broker(void **state)
{
    struct kafka_property items[] = {NOBODY};
    struct kafka_properties properties = {items, 1};
    struct kafka_topic topic = {"topic", 6, -1, {"cleanup.policy", "delete", NULL}};
    size_t created = 9;

    (void)state;
    assert_int_equal(kafka_create_topics(&properties, &topic, 1, 500, &created, &e),
                     RETRY);
    assert_non_null(strstr(e.message, "Connection refused"));
    assert_int_equal(created, 0);
    topic.partitions = 0;
    topic.replication = -7;
    assert_int_equal(kafka_create_topics(&properties, &topic, 1, 500, &created, &e),
                     FATAL);
    assert_int_equal(e.exit_code, EX_CONFIG);
}

static void test_a_close_does_not_wait_for_ever(void **state)
{
    struct kafka_property items[] = {NOBODY};
    struct kafka_consumer *consumer = open_consumer(items, 1);
    int before = atomic_load(&ends);

    (void)state;
    assert_non_null(consumer);
    pthread_mutex_lock(&end_lock);
    kafka_consumer_close(consumer);
    assert_int_equal(atomic_load(&ends), before);
    pthread_mutex_unlock(&end_lock);
    consumer = open_consumer(items, 1);
    kafka_consumer_close(consumer);
    assert_true(atomic_load(&ends) > before);
}

static void test_nothing_can_be_closed(void **state)
{
    struct kafka_message message = {0};

    (void)state;
    kafka_consumer_close(NULL);
    kafka_producer_close(NULL);
    kafka_message_free(&message);
    assert_true(strlen(kafka_version()) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servers_are_required),
        cmocka_unit_test(test_both_names_of_the_servers_will_do),
        cmocka_unit_test(test_a_guarantee_cannot_be_set),
        cmocka_unit_test(test_the_reason_and_the_place_are_told),
        cmocka_unit_test(test_an_unknown_property_is_fatal),
        cmocka_unit_test(test_the_environment_may_hold_what_others_put_there),
        cmocka_unit_test(test_a_secret_comes_from_a_file_only),
        cmocka_unit_test(test_a_wrong_value_is_fatal),
        cmocka_unit_test(test_a_combination_that_is_refused_is_fatal),
        cmocka_unit_test(test_what_carries_none_goes_through),
        cmocka_unit_test(test_a_producer_refuses_the_same),
        cmocka_unit_test(test_a_broker_that_is_away_is_told_once),
        cmocka_unit_test(test_only_wanted_partitions_can_be_read),
        cmocka_unit_test(test_a_message_too_large_is_rejected),
        cmocka_unit_test(test_a_full_queue_and_a_close_deliver_nothing),
        cmocka_unit_test(test_no_topic_is_made_without_a_broker),
        cmocka_unit_test(test_a_close_does_not_wait_for_ever),
        cmocka_unit_test(test_nothing_can_be_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
