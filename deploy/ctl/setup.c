/* setup.c - gridloopctl setup: migrations, built-in schemas, topics. Every step may be done again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/kafka.h"
#include "common/point.h"
#include "common/schema.h"
#include "common/text.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/migrate.h"
#include "deploy/ctl/programs.h"
#include "deploy/ctl/topics.h"

#define PROGRAM "gridloopctl setup"

enum {
    KIND_BYTES = 64,
    PAUSE_MS = 500,
    KAFKA_ATTEMPT_MS = 10000,
    KAFKA_ANSWER_MS = 3000,
    LOOK_MS = 100,
    DAY_MS = 24 * 60 * 60 * 1000
};

struct setup {
    struct pg_settings database;
    struct kafka_properties kafka;
    const char *ingest_password_file, *auditor_password_file;
    const char *name_space;
    int64_t partitions, replication, retention_days, wait_s;
    int64_t deadline_ms;
    struct migrated migrated;
    size_t schemas, registered, topics, created;
};

#define AT(member) offsetof(struct setup, member)

static const struct option_row rows[] = {
    CTL_DATABASE_ROWS(struct setup, database),
    {"ingest_password_file", OPTION_SECRET, AT(ingest_password_file), NULL, 0, 0, NULL,
     "file with the password that role gridloop_ingest gets; none: it is left alone",
     false},
    {"auditor_password_file", OPTION_SECRET, AT(auditor_password_file), NULL, 0, 0, NULL,
     "the same for role gridloop_auditor", false},
    {"namespace", OPTION_NAME, AT(name_space), "gridloop", 0, 0, NULL,
     "first part of the topics' names", false},
    {"partitions", OPTION_NUMBER, AT(partitions), "6", 1, 100000, NULL,
     "partitions of a new topic", false},
    {"replication", OPTION_NUMBER, AT(replication), "-1", -1, 32767, NULL,
     "copies of a new topic's partitions; -1: the broker's default", false},
    {"retention_days", OPTION_NUMBER, AT(retention_days), "14", 1, 36500, NULL,
     "days that a new topic keeps its messages", false},
    {"wait", OPTION_NUMBER, AT(wait_s), "30", 0, 86400, NULL,
     "seconds to wait for PostgreSQL and Kafka", false},
};

const struct option_set setup_options = {
    .program = PROGRAM,
    .synopsis = "[OPTION...]",
    .purpose = "Make or update the database, register the built-in schemas, create the "
               "topics that are not there.",
    .examples = "  gridloopctl setup --database-url postgresql://admin@db/gridloop "
                "--kafka.bootstrap.servers kafka:9092",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = AT(kafka),
};

/* Two setups of one database take turns; the lock ends with the session. */
static enum outcome lock(struct pg *pg, struct err *e)
{
    struct pg_result *result;
    bool mine;

    if (pg_query(
            pg,
            "select pg_try_advisory_lock(hashtextextended('gridloop setup', 0))::integer",
            NULL, 0, &result, e))
        return e->outcome;
    mine = pg_number(result, 0, 0);
    pg_result_free(result);
    return mine ? DONE
                : err_set(e, RETRY,
                          "another gridloopctl setup is at work on this database");
}

/* ---- schemas --------------------------------------------------------------------------------------- */

struct contract { /* one row of bus.schema, as text */
    char kind[KIND_BYTES];
    char version[16];
    char fingerprint[17];
};

static enum outcome read_contract(const struct builtin_file *file, struct contract *c,
                                  struct err *e)
{
    struct schema_file *schema;

    if (sscanf(file->path, "schemas/%63[^/]/v%15[0-9].avsc", c->kind, c->version) != 2)
        return err_set(e, FATAL, "%s: not named schemas/<kind>/v<number>.avsc",
                       file->path);
    schema = schema_parse(file->path, file->text, file->size, e);
    if (!schema)
        return e->outcome;
    snprintf(c->fingerprint, sizeof c->fingerprint, "%016" PRIx64,
             schema_fingerprint(schema));
    schema_free(schema);
    return DONE;
}

static enum outcome register_schema(struct setup *s, struct pg *pg,
                                    const struct builtin_file *file, struct err *e)
{
    struct contract c;
    struct pg_result *result;
    const char *values[] = {c.kind, c.version, c.fingerprint, file->text};
    bool fits;

    if (read_contract(file, &c, e)
        || pg_query(pg, ctl_sql("setup_schema"), values, 4, &result, e))
        return err_wrap(e, "registering %s", file->path);
    fits = pg_rows(result) > 0;
    s->registered += fits && pg_number(result, 0, 0);
    s->schemas++;
    pg_result_free(result);
    return fits ? DONE
                : err_exit(e, EX_CONFIG,
                           "%s is not the schema that bus.schema has as version %s of "
                           "%s; put changes into a new version",
                           file->path, c.version, c.kind);
}

static enum outcome register_schemas(struct setup *s, struct pg *pg, struct err *e)
{
    s->schemas = 0;
    for (const struct builtin_file *file = builtin_schemas; file->path; file++)
        if (register_schema(s, pg, file, e))
            return e->outcome;
    return DONE;
}

static enum outcome set_passwords(const struct setup *s, struct pg *pg, struct err *e)
{
    if (s->ingest_password_file
        && pg_set_password(pg, "gridloop_ingest", s->ingest_password_file, e))
        return e->outcome;
    if (s->auditor_password_file
        && pg_set_password(pg, "gridloop_auditor", s->auditor_password_file, e))
        return e->outcome;
    return DONE;
}

static enum outcome setup_database(struct setup *s, struct err *e)
{
    struct pg *pg = ctl_open(&s->database, e);
    enum outcome outcome;

    if (!pg)
        return e->outcome;
    outcome = lock(pg, e);
    if (outcome == DONE)
        outcome = migrate(pg, &s->migrated, e);
    if (outcome == DONE)
        outcome = register_schemas(s, pg, e);
    if (outcome == DONE)
        outcome = set_passwords(s, pg, e);
    pg_close(pg);
    return outcome;
}

/* ---- topics ---------------------------------------------------------------------------------------- */

static struct kafka_topic make_topic(const struct setup *s, const char *name,
                                     const char *retention_ms)
{
    return (struct kafka_topic){
        .name = name,
        .partitions = (int)s->partitions,
        .replication = (int)s->replication,
        /* The broker unpacks what comes compressed, and so refuses a batch that is small only before that. As it
         * comes, 400 kB of it took 400 MB in every consumer. */
        .configs = {"cleanup.policy", "delete", "compression.type", "uncompressed",
                    "retention.ms", retention_ms, NULL},
    };
}

/* Until the time is over, but always long enough for a broker that is there to answer. */
static int attempt_ms(const struct setup *s)
{
    int64_t left = s->deadline_ms - clock_monotonic_ms();

    return left > KAFKA_ATTEMPT_MS  ? KAFKA_ATTEMPT_MS
           : left < KAFKA_ANSWER_MS ? KAFKA_ANSWER_MS
                                    : (int)left;
}

/* A broker hears of a topic a moment after it was made, and until then tells daemons and gridloopctl check that there is
 * none. */
static enum outcome await_topics(const struct setup *s, const char *const *names,
                                 struct kafka_topic_found *found, struct err *e)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    const int64_t end_ms = clock_monotonic_ms() + KAFKA_ANSWER_MS;
    size_t there;

    while (!kafka_find_topics(&s->kafka, names, s->topics, attempt_ms(s), found, e)) {
        for (there = 0; there < s->topics && found[there].partitions > 0;)
            there++;
        if (there == s->topics)
            return DONE;
        if (clock_monotonic_ms() >= end_ms)
            return err_set(e, RETRY, "no broker has topic %s yet", names[there]);
        nanosleep(&pause, NULL);
    }
    return e->outcome;
}

/* A compacted topic throws events away that have a key in common, before anybody has read them. Where the settings may
 * not be asked for, nobody is held up. */
static enum outcome refuse_compaction(const struct setup *s, const char *const *names,
                                      const struct kafka_topic_found *found,
                                      struct err *e)
{
    for (size_t i = 0; i < s->topics; i++)
        if (strstr(found[i].cleanup_policy, "compact"))
            return err_exit(e, EX_CONFIG,
                            "topic %s has cleanup.policy=%s, so that Kafka would throw "
                            "events away unread: set it to delete",
                            names[i], found[i].cleanup_policy);
    return DONE;
}

static enum outcome setup_topics(struct setup *s, struct err *e)
{
    const char *names[TOPICS_MOST];
    struct kafka_topic topics[TOPICS_MOST];
    struct kafka_topic_found found[TOPICS_MOST];
    char retention_ms[24];
    enum outcome outcome;
    size_t created = 0;

    snprintf(retention_ms, sizeof retention_ms, "%" PRId64, s->retention_days * DAY_MS);
    s->topics = topics_name(s->name_space, names);
    for (size_t i = 0; i < s->topics; i++)
        topics[i] = make_topic(s, names[i], retention_ms);
    outcome =
        kafka_create_topics(&s->kafka, topics, s->topics, attempt_ms(s), &created, e);
    s->created += created;
    POINT("topics_made");
    if (!outcome)
        outcome = await_topics(s, names, found, e);
    if (!outcome)
        outcome = refuse_compaction(s, names, found, e);
    topics_free(names, s->topics);
    return outcome;
}

/* ---- the command ----------------------------------------------------------------------------------- */

/* Takes a step again until it succeeds, fails for good, or the time is over. */
static enum outcome keep_trying(enum outcome (*step)(struct setup *, struct err *),
                                struct setup *s, struct err *e)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    enum outcome outcome;

    while ((outcome = step(s, e)) == RETRY) {
        if (clock_monotonic_ms() + PAUSE_MS > s->deadline_ms)
            return err_wrap(e, "gave up after %" PRId64 " s", s->wait_s);
        nanosleep(&pause, NULL);
    }
    return outcome;
}

static void report(const struct setup *s)
{
    if (s->migrated.applied + s->registered + s->created)
        printf("%zu migrations applied, %zu schemas registered, %zu topics created\n",
               s->migrated.applied, s->registered, s->created);
    else
        printf("nothing to do: %zu migrations, %zu schemas and %zu topics are there\n",
               s->migrated.files, s->schemas, s->topics);
}

int setup_main(int argc, char **argv)
{
    struct setup s = {0};
    struct err e = {0};

    if (ctl_load(&setup_options, argc, argv, &s, &e))
        return ctl_fail(PROGRAM, &e);
    s.deadline_ms = clock_monotonic_ms() + s.wait_s * 1000;
    if (keep_trying(setup_database, &s, &e) || keep_trying(setup_topics, &s, &e))
        return ctl_fail(PROGRAM, &e);
    report(&s);
    return EX_OK;
}
