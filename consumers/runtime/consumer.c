/* consumer.c - a consumer's main: settings, signals, the loop. */
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <sysexits.h>

#include "common/err.h"
#include "common/health.h"
#include "common/kafka.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/notify.h"
#include "common/option.h"
#include "common/pg.h"
#include "common/reload.h"
#include "common/standard.h"
#include "common/stop.h"
#include "common/text.h"
#include "consumers/runtime/kind.h"
#include "consumers/runtime/pump.h"

#define AT(member) offsetof(struct pump_settings, member)

static const struct option_row rows[] = {
    PG_ROWS(struct pump_settings, database, OPTION_REQUIRED, OPTION_RELOADED),
    REGISTRY_ROWS(struct pump_settings, registry),
    {"namespace", OPTION_NAME, AT(name_space), "gridloop", 0, 0, NULL,
     "first part of the topic's and group's name", false},
    {"start_at", OPTION_CHOICE, AT(start_at), "zero", 0, 0, "zero|earliest",
     "where a partition begins that was never read: at offset 0 (stops if that is gone), "
     "or at the earliest kept",
     OPTION_RELOADED},
    {"batch_rows", OPTION_NUMBER, AT(batch_rows), "5000", 1, 100000, NULL,
     "most events of one transaction", false},
    {"batch_bytes", OPTION_NUMBER, AT(batch_bytes), "4194304", 1, 1 << 30, NULL,
     "most bytes of one transaction", OPTION_RELOADED},
    {"linger_ms", OPTION_NUMBER, AT(linger_ms), "50", 0, 60000, NULL,
     "longest wait for more events after the first, milliseconds", OPTION_RELOADED},
    {"max_event_bytes", OPTION_NUMBER, AT(max_event_bytes), "1048576", 1024, 64 << 20,
     NULL, "a larger message becomes a dead letter", false},
    {"queue_kbytes", OPTION_NUMBER, AT(queue_kbytes), "2560", 64, 2097151, NULL,
     "fetched and not yet taken, kilobytes", false},
    {"dead_letter_kbytes_per_s", OPTION_NUMBER, AT(dead_letter_kbytes_per_s), "1024", 0,
     1 << 20, NULL,
     "bytes of dead letters that are kept, kilobytes per second on the average of 64 s; "
     "beyond it only size and SHA-256",
     false},
    {"breaker_pause_s", OPTION_NUMBER, AT(breaker_pause_s), "60", 0, 86400, NULL,
     "how long a partition is left alone that brings hardly anything but events to be "
     "set aside, seconds; 0: never",
     false},
    {"lock_timeout_ms", OPTION_NUMBER, AT(lock_timeout_ms), "2000", 1, 600000, NULL,
     "how long a former owner may hold a partition before its session is ended, "
     "milliseconds",
     OPTION_RELOADED},
    {"statement_timeout_ms", OPTION_NUMBER, AT(statement_timeout_ms), "60000", 100,
     3600000, NULL, "longest wait for PostgreSQL's answer, milliseconds",
     OPTION_RELOADED},
    {"backoff_max_ms", OPTION_NUMBER, AT(backoff_max_ms), "5000", 1, 600000, NULL,
     "longest pause before trying again, milliseconds", OPTION_RELOADED},
    {"check_interval_ms", OPTION_NUMBER, AT(check_interval_ms), "30000", 100, 3600000,
     NULL,
     "how often to look whether a partition that waits can be read, and whether the "
     "topic "
     "was created anew, milliseconds",
     OPTION_RELOADED},
    {"stop_timeout_s", OPTION_NUMBER, AT(stop_timeout_s), "25", 1, 3600, NULL,
     "longest time a graceful stop may take, seconds", false},
    HEALTH_ROWS(struct pump_settings, health),
    {"log_level", OPTION_CHOICE, AT(log_level), "info", 0, 0, "debug|info|warn|error",
     "least important lines logged", OPTION_RELOADED},
};

enum {
    conditions = 1 << HEALTH_KAFKA | 1 << HEALTH_DATABASE | 1 << HEALTH_SCHEMA
                 | 1 << HEALTH_CLAIMED | 1 << HEALTH_GAP | 1 << HEALTH_BREAKER
};

static enum outcome check_database(const void *settings, const char *keys[2],
                                   struct err *e)
{
    const struct pump_settings *s = settings;

    return pg_check(&s->database, keys, e);
}

static enum outcome check_registry(const void *settings, const char *keys[2],
                                   struct err *e)
{
    const struct pump_settings *s = settings;

    return registry_check(&s->registry, keys, e);
}

static enum outcome check_times(const void *settings, const char *keys[2], struct err *e)
{
    const struct pump_settings *s = settings;

    keys[0] = "lock_timeout_ms";
    keys[1] = "statement_timeout_ms";
    return s->statement_timeout_ms > s->lock_timeout_ms
               ? DONE
               : err_exit(e, EX_CONFIG,
                          "statement_timeout_ms must be larger than lock_timeout_ms");
}

static enum outcome check_health(const void *settings, const char *keys[2], struct err *e)
{
    const struct pump_settings *s = settings;

    return health_check(&s->health, keys, e);
}

struct option_set consumer_options(const struct kind *kind)
{
    static option_check *const checks[] = {check_database, check_registry, check_health,
                                           check_times, NULL};
    struct text program = {0};

    text_format(&program, "gridloop-consume-%s", kind->name);
    text_hyphens(program.bytes);
    return (struct option_set){
        .program = program.bytes,
        .synopsis = "[OPTION...]",
        .purpose = "Reads one kind of event from Kafka and stores each exactly once in "
                   "PostgreSQL.",
        .rows = rows,
        .row_count = sizeof rows / sizeof rows[0],
        .kafka_offset = AT(kafka),
        .check_property = kafka_check_property,
        .checks = checks,
        .check_properties = kafka_check_consumer,
        .size = sizeof(struct pump_settings),
    };
}

int consumer_main(int argc, char **argv, const struct kind *kind)
{
    static struct option_set options; /* static, as what is read again on a signal */
    static struct pump_settings settings;
    const volatile bool *stop;
    struct pump *pump;
    struct err e;
    int status;

    standard_hold();
    notify_begin();
    options = consumer_options(kind);
    if (options_load(&options, argc, argv, &settings, NULL, &e))
        return err_report(options.program, &e);
    log_set_level(settings.log_level);
    log_set_context("kind", kind->name);
    reload_on_signal(&options, argc, argv, &settings);
    stop = stop_on_signals(settings.stop_timeout_s);
    mallopt(M_ARENA_MAX, 2); /* librdkafka's threads would each get a heap of their own */
    mallopt(M_MMAP_THRESHOLD, 512 << 10); /* else it rises, and large pieces stay ours */
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
    metrics_begin(METRICS_OF_CONSUMER, kind->name);
    if (health_open(&settings.health, conditions, &e))
        return err_report(options.program, &e);
    pump = pump_new(kind, options.program, &settings, &e);
    status = pump ? pump_run(pump, stop) : err_report(options.program, &e);
    pump_free(pump);
    health_close();
    return status;
}
