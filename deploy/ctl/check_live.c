/* check_live.c - what settings name, looked at as the daemons will. Every look is a row of one of two tables. */
#include "deploy/ctl/check.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "common/kafka.h"
#include "common/text.h"
#include "consumers/runtime/case_rules.h"
#include "consumers/runtime/columns.h"
#include "consumers/runtime/decode.h"
#include "consumers/runtime/kind.h"
#include "consumers/runtime/reference.h"
#include "deploy/ctl/migrate.h"
#include "deploy/ctl/reference.h"
#include "deploy/ctl/topics.h"

enum {
    ANSWER_MS = 5000,
    STATEMENT_MS = 30000,
    DAY_MS = 24 * 60 * 60 * 1000,
    CALENDAR_DAYS = 60, /* before its end the next year had better be loaded */
    EVENT_BYTES = 1 << 20
};

/* ---- Kafka ----------------------------------------------------------------------------------------- */

static const char *property(const struct kafka_properties *kafka, const char *name)
{
    for (size_t i = 0; i < kafka->count; i++)
        if (strcmp(kafka->items[i].name, name) == 0)
            return kafka->items[i].value;
    return "";
}

static void check_encryption(const struct live *live, struct findings *f)
{
    const char *protocol = property(&live->kafka, "security.protocol");

    if (strcasecmp(protocol, "ssl") == 0 || strcasecmp(protocol, "sasl_ssl") == 0)
        finding(f, FINDING_OK, EX_OK, "encrypted (%s)", protocol);
    else
        finding(f, FINDING_WARN, EX_OK,
                "not encrypted: set kafka.security.protocol to ssl or sasl_ssl");
}

static void check_topic(const struct live *live, struct findings *f, const char *name,
                        const struct kafka_topic_found *topic)
{
    const int64_t days = topic->retention_ms / DAY_MS;

    f->what = name;
    if (topic->partitions == 0)
        finding(f, FINDING_ERROR, EX_CONFIG,
                "there is no such topic: run gridloopctl setup");
    else if (!*topic->cleanup_policy)
        finding(f, FINDING_WARN, EX_OK,
                "%d partitions; its settings may not be asked for: allow DescribeConfigs",
                topic->partitions);
    else if (strcmp(topic->cleanup_policy, "delete") != 0)
        finding(f, FINDING_ERROR, EX_CONFIG,
                "cleanup.policy=%s throws events away unread: set it to delete",
                topic->cleanup_policy);
    else if (topic->retention_ms >= 0 && days < live->retention_days)
        finding(f, FINDING_WARN, EX_OK,
                "keeps messages for %" PRId64 " days, not for %" PRId64
                ": raise retention.ms",
                days, live->retention_days);
    else if (strcmp(topic->compression, "uncompressed") != 0)
        finding(f, FINDING_WARN, EX_OK,
                "compression.type=%s lets a small batch become a large one in every "
                "consumer: set it to uncompressed",
                topic->compression);
    else
        finding(f, FINDING_OK, EX_OK, "%d partitions", topic->partitions);
}

static void check_kafka(const struct live *live, struct findings *f)
{
    const char *names[TOPICS_MOST];
    struct kafka_topic_found found[TOPICS_MOST];
    size_t count;
    struct err e;

    f->what = "Kafka";
    if (live->kafka.count == 0) {
        finding(f, FINDING_WARN, EX_OK,
                "not looked at: kafka.bootstrap.servers is not given");
        return;
    }
    count = topics_name(live->name_space, names);
    if (kafka_find_topics(&live->kafka, names, count, ANSWER_MS, found, &e)) {
        finding_failed(f, &e);
    } else {
        check_encryption(live, f);
        for (size_t i = 0; i < count; i++)
            check_topic(live, f, names[i], &found[i]);
    }
    topics_free(names, count);
}

/* ---- the schema registry --------------------------------------------------------------------------- */

/* Whether it has a first schema or none is all the same. */
static void check_registry(const struct live *live, struct findings *f)
{
    struct registry *registry;
    enum registry_answer answer;
    struct text text = {0};
    struct err e;

    if (!live->registry.url)
        return;
    f->what = "schema registry";
    registry = registry_open(&live->registry, &e);
    if (!registry || registry_schema(registry, 1, &answer, &text, &e))
        finding_failed(f, &e);
    else
        finding(f, FINDING_OK, EX_OK, "answers");
    text_free(&text);
    registry_close(registry);
}

/* ---- PostgreSQL ------------------------------------------------------------------------------------ */

/* Columns of check_server.sql. */
enum { MAJOR, VERSION, USER, IS_SUPERUSER, IS_LOCAL, IS_ENCRYPTED };

static enum outcome check_server(struct pg *pg, struct findings *f, struct err *e)
{
    struct pg_result *server;
    int64_t major;

    if (pg_query(pg, ctl_sql("check_server"), NULL, 0, &server, e))
        return e->outcome;
    major = pg_number(server, 0, MAJOR);
    finding(f, major >= 15 && major <= 17 ? FINDING_OK : FINDING_WARN, EX_OK,
            "version %s, as %s%s", pg_value(server, 0, VERSION),
            pg_value(server, 0, USER),
            major >= 15 && major <= 17 ? "" : ": gridloop is tested with 15 to 17");
    if (!pg_number(server, 0, IS_LOCAL) && !pg_number(server, 0, IS_ENCRYPTED))
        finding(f, FINDING_WARN, EX_OK,
                "not encrypted: add sslmode=verify-full to database_url");
    if (pg_number(server, 0, IS_SUPERUSER))
        finding(f, FINDING_WARN, EX_OK,
                "%s is a superuser: daemons need gridloop_ingest and no more",
                pg_value(server, 0, USER));
    pg_result_free(server);
    return DONE;
}

static void on_migration(void *context, const char *name, enum migration what)
{
    switch (what) {
    case MIGRATION_MISSING:
        finding(context, FINDING_ERROR, EX_CONFIG, "%s is missing: run gridloopctl setup",
                name);
        break;
    case MIGRATION_OTHER:
        finding(
            context, FINDING_ERROR, EX_CONFIG,
            "%s is not what was applied under that name: use the gridloopctl that goes "
            "with the database, or run setup",
            name);
        break;
    case MIGRATION_UNKNOWN:
        finding(context, FINDING_WARN, EX_OK,
                "%s is of a newer gridloop than this: upgrade", name);
        break;
    }
}

/* Daemons' role may not: nothing that they do depends on it. */
static enum outcome may_see_migrations(struct pg *pg, bool *may, struct err *e)
{
    struct pg_result *result;

    if (ctl_is_set_up(pg, e)
        || pg_query(pg, "select has_table_privilege('bus.migration', 'select')::integer",
                    NULL, 0, &result, e))
        return e->outcome;
    *may = pg_number(result, 0, 0);
    pg_result_free(result);
    return DONE;
}

static enum outcome check_migrations(struct pg *pg, struct findings *f, struct err *e)
{
    size_t files, errors = f->counts[FINDING_ERROR], warnings = f->counts[FINDING_WARN];
    bool may = false;

    if (may_see_migrations(pg, &may, e))
        return e->outcome;
    if (!may) {
        finding(f, FINDING_WARN, EX_OK,
                "not looked at: this role may not see them, the one that runs setup may");
        return DONE;
    }
    if (migrate_look(pg, on_migration, f, &files, e))
        return e->outcome;
    if (f->counts[FINDING_ERROR] == errors && f->counts[FINDING_WARN] == warnings)
        finding(f, FINDING_OK, EX_OK, "all %zu are there", files);
    return DONE;
}

/* Says each row of a query as a finding; *count of them. */
static enum outcome list(struct pg *pg, struct findings *f, const char *sql,
                         enum finding_level level, int exit_code, const char *advice,
                         size_t *count, struct err *e)
{
    struct pg_result *rows;

    if (pg_query(pg, ctl_sql(sql), NULL, 0, &rows, e))
        return e->outcome;
    *count = pg_rows(rows);
    for (size_t i = 0; i < *count; i++)
        finding(f, level, exit_code, "%s%s", pg_value(rows, i, 0), advice);
    pg_result_free(rows);
    return DONE;
}

static enum outcome check_grants(struct pg *pg, struct findings *f, struct err *e)
{
    size_t missing, excess;

    if (list(pg, f, "check_grants", FINDING_ERROR, EX_NOPERM,
             " is not granted: make this role a member of gridloop_ingest", &missing, e)
        || list(pg, f, "check_alter", FINDING_WARN, EX_OK,
                " may be altered by this role: daemons need gridloop_ingest and no more",
                &excess, e))
        return e->outcome;
    if (missing + excess == 0)
        finding(f, FINDING_OK, EX_OK, "what daemons need, and no more");
    return DONE;
}

static enum outcome check_table(struct pg *pg, const char *kind, struct err *e)
{
    struct decoder *decoder = decoder_new(kind, EVENT_BYTES, NULL, e);
    struct columns *columns = decoder ? columns_new(decoder_reader(decoder), kind) : NULL;
    enum outcome outcome = columns ? columns_check(columns, pg, e) : e->outcome;

    columns_free(columns);
    decoder_free(decoder);
    return outcome;
}

/* A column that is still missing is a daemon's reason to wait, and here an error like all others. */
static enum outcome check_tables(struct pg *pg, struct findings *f, struct err *e)
{
    size_t errors = f->counts[FINDING_ERROR];

    for (size_t i = 0; consumer_kinds[i]; i++) {
        if (!check_table(pg, consumer_kinds[i]->name, e))
            continue;
        if (!pg_is_usable(pg))
            return e->outcome;
        finding(f, FINDING_ERROR, EX_CONFIG, "%s: %s: run gridloopctl setup",
                consumer_kinds[i]->name, e->message);
    }
    if (f->counts[FINDING_ERROR] == errors)
        finding(f, FINDING_OK, EX_OK, "as the schemas say");
    return DONE;
}

/* ---- reference data -------------------------------------------------------------------------------- */

/* The daemons' own reading of it. */
static enum outcome check_readable(struct pg *pg, struct err *e)
{
    struct reference *reference = reference_new();
    enum outcome outcome = reference_refresh(reference, pg, e);

    reference_free(reference);
    return outcome;
}

static enum outcome check_loads(struct pg *pg, struct findings *f, struct err *e)
{
    struct text names = {0};
    struct pg_result *tables;
    enum outcome outcome;

    for (size_t i = 0; reference_tables[i]; i++)
        text_format(&names, "%s%s", i ? " " : "", reference_tables[i]);
    outcome = pg_query(pg, ctl_sql("check_reference"), (const char *const[]){names.bytes},
                       1, &tables, e);
    text_free(&names);
    if (outcome)
        return outcome;
    for (size_t i = 0; i < pg_rows(tables); i++) {
        const char *table = pg_value(tables, i, 0), *days = pg_value(tables, i, 2);
        if (!pg_number(tables, i, 1))
            finding(f, FINDING_WARN, EX_OK,
                    "%s was never loaded: use gridloopctl reference load", table);
        else if (days && pg_number(tables, i, 2) < CALENDAR_DAYS)
            finding(f, FINDING_WARN, EX_OK,
                    "the calendar has %s days left, and limits that run past it have no "
                    "due time: load the next year",
                    days);
    }
    pg_result_free(tables);
    return DONE;
}

static enum outcome check_faults(struct pg *pg, struct findings *f, const char *sql,
                                 const char *const *words, size_t count, struct err *e)
{
    struct pg_result *faults;

    if (pg_query(pg, ctl_sql(sql), words, count, &faults, e))
        return e->outcome;
    for (size_t i = 0; i < pg_rows(faults); i++)
        finding(f, FINDING_ERROR, EX_CONFIG, "%s %s: %s: load it anew",
                pg_value(faults, i, 0), pg_value(faults, i, 1), pg_value(faults, i, 2));
    pg_result_free(faults);
    return DONE;
}

static enum outcome check_reference(struct pg *pg, struct findings *f, struct err *e)
{
    const char *const words[] = {case_need_words(), case_mark_words()};
    size_t errors = f->counts[FINDING_ERROR], warnings = f->counts[FINDING_WARN];

    if (check_readable(pg, e) || check_loads(pg, f, e)
        || check_faults(pg, f, "reference_check", NULL, 0, e)
        || check_faults(pg, f, "reference_check_steps", words, 2, e))
        return e->outcome;
    if (f->counts[FINDING_ERROR] == errors && f->counts[FINDING_WARN] == warnings)
        finding(f, FINDING_OK, EX_OK, "all of it is loaded and holds together");
    return DONE;
}

/* ---- all of it ------------------------------------------------------------------------------------- */

/* One that fails leaves the others to be looked at; but without tables there is nothing to look at. */
static const struct look {
    const char *what;
    enum outcome (*run)(struct pg *pg, struct findings *f, struct err *e);
    bool is_needed;
} looks[] = {
    {"PostgreSQL", check_server, true},
    {"migrations", check_migrations, true},
    {"grants", check_grants, false},
    {"event tables", check_tables, false},
    {"reference data", check_reference, false},
};

static void check_database(const struct live *live, struct findings *f)
{
    struct pg *pg;
    struct err e;

    f->what = "PostgreSQL";
    if (!live->database.url) {
        finding(f, FINDING_WARN, EX_OK, "not looked at: database_url is not given");
        return;
    }
    pg = pg_open(live->database.url, live->database.password_file, "gridloopctl",
                 STATEMENT_MS, &e);
    if (!pg)
        finding_failed(f, &e);
    for (size_t i = 0; pg && i < sizeof looks / sizeof *looks; i++) {
        f->what = looks[i].what;
        if (!looks[i].run(pg, f, &e))
            continue;
        finding_failed(f, &e);
        if (looks[i].is_needed || !pg_is_usable(pg))
            break;
    }
    pg_close(pg);
}

void check_live(const struct live *live, struct findings *findings)
{
    check_kafka(live, findings);
    check_registry(live, findings);
    check_database(live, findings);
}
