/* kafka.c - the only user of rdkafka.h.
 *
 * Why it is safe to call rd_kafka_assign() outside the rebalance callback (looked up in 2.8.0, and tried):
 * with the eager protocol any full assignment is taken at any time; the call returns after the version of
 * every partition that stops was raised, and consumer_poll throws away whatever carries an older one. Errors
 * carry no version, so those are compared with what is being read now. */
#include "common/kafka.h"

#include <fnmatch.h>
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/certificate.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/text.h"

enum {
    ASK_MS = 5000,             /* watermarks, ids */
    CONFIRM_MS = 2000,         /* the group's answer to a commit */
    CLOSE_MS = 5000,           /* leaving the group; and the end of a handle */
    PASSWORD_MS = 1000,        /* between two looks at its file */
    FLUSH_MS = 500,            /* reports of a purged producer */
    FETCH_BYTES = 256 << 10,   /* of a response, for all partitions together */
    OVERSIZE_BYTES = 64 << 20, /* of a batch larger than expected */
    BYTES_PER_MESSAGE = 256    /* librdkafka's own, about, beside key and value */
};

/* ---- what consumer, producer and administration share ---- */

struct client {
    rd_kafka_t *rk;
    char user[128];              /* of SASL; "": none, or the mechanism knows */
    struct secret_file password; /* of that user; no path: none */
    int64_t password_looked_ms;
    atomic_int certificate_fault; /* of the broker that was met last; 0: none */
    rd_kafka_resp_err_t
        trouble;      /* of the last error event; 0: none since it was cleared */
    char reason[300]; /* its text; a broker's own rather than "all are down" */
    struct log_window
        log_window; /* a broker that is away is told again and again, by every thread */
};

/* One broker of several that is away is no news, nor is a closed connection. */
static bool is_trouble(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN
           || code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL
           || code == RD_KAFKA_RESP_ERR__FATAL;
}

static void note_reason(struct client *client, int code, const char *reason)
{
    int fault = atomic_load(&client->certificate_fault);

    if (code == RD_KAFKA_RESP_ERR__SSL && fault)
        snprintf(client->reason, sizeof client->reason, "%s: %s",
                 certificate_fault(fault), reason);
    else if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !client->reason[0])
        snprintf(client->reason, sizeof client->reason, "%s", reason);
}

/* A connection that ends in the midst of a login is not refused, whatever librdkafka calls it: a broker that is starting
 * does so. */
static bool is_cut_short(int code, const char *reason)
{
    return code == RD_KAFKA_RESP_ERR__AUTHENTICATION
           && (strstr(reason, rd_kafka_err2str(RD_KAFKA_RESP_ERR__TRANSPORT))
               || strstr(reason, rd_kafka_err2str(RD_KAFKA_RESP_ERR__TIMED_OUT)));
}

/* That all are down comes behind what happened to each, and says less. */
static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct client *client = opaque;

    (void)rk;
    if (is_cut_short(code, reason))
        code = RD_KAFKA_RESP_ERR__TRANSPORT;
    note_reason(client, code, reason);
    if (is_trouble((rd_kafka_resp_err_t)code)
        && (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !client->trouble))
        client->trouble = (rd_kafka_resp_err_t)code;
    /* The password is read again in any case: not every file system has times that show each change. */
    if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION)
        memset(&client->password.status, 0, sizeof client->password.status);
}

/* Called by librdkafka's own thread, for each certificate. It changes no verdict, but librdkafka tells which of all
 * faults it was nowhere else. */
static int on_certificate(rd_kafka_t *rk, const char *broker, int32_t id, int *x509_error,
                          int depth, const char *bytes, size_t size, char *text,
                          size_t room, void *opaque)
{
    struct client *client = opaque;

    (void)rk, (void)broker, (void)id, (void)bytes, (void)size;
    if (*x509_error == 0) {
        if (depth == 0) /* the broker's own comes last */
            atomic_store(&client->certificate_fault, 0);
        return 1;
    }
    atomic_store(&client->certificate_fault, *x509_error);
    snprintf(text, room, "%s", certificate_fault(*x509_error));
    return 0;
}

/* What is an error to librdkafka (a refused connection) is a warning here: it is being repaired. */
static enum log_level level_of(int syslog_level)
{
    if (syslog_level <= 2)
        return LOG_ERROR;
    if (syslog_level <= 4)
        return LOG_WARN;
    return syslog_level <= 6 ? LOG_INFO : LOG_DEBUG;
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility,
                   const char *text)
{
    struct client *client = rd_kafka_opaque(rk);

    if (strcmp(facility, "CONFWARN") == 0) /* a property of the other role */
        return;
    if (level < 7 && !log_window_admits(&client->log_window, NULL))
        return;
    log_line(level_of(level), "librdkafka", "facility", facility, "text", text, NULL);
}

/* The outcome that a code stands for wherever no call knows better. */
static enum outcome fail(struct err *e, rd_kafka_resp_err_t code, const char *text)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return err_exit(e, EX_NOPERM, "%s", text);
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        return err_set(e, RETRY, "%s: run gridloopctl setup", text);
    default: return err_set(e, RETRY, "%s", text);
    }
}

static enum outcome fail_code(struct err *e, rd_kafka_resp_err_t code)
{
    return fail(e, code, rd_kafka_err2str(code));
}

/* Whether a broker has ever answered this handle, for which it must have been let in. */
static bool was_let_in(const struct client *client)
{
    char *id = rd_kafka_clusterid(client->rk, 0);

    if (id)
        rd_kafka_mem_free(client->rk, id);
    return id != NULL;
}

/* A login that is refused from the start is a wrong one. Later its password is being replaced: at the broker already,
 * in our file soon. */
static enum outcome fail_login(const struct client *client, struct err *e)
{
    const char *user = *client->user ? client->user : "the client";

    if (was_let_in(client))
        return err_set(e, RETRY, "Kafka refuses %s: %s", user, client->reason);
    return err_exit(e, EX_NOPERM, "Kafka refuses %s: %s", user, client->reason);
}

/* FATAL, if the handle has raised librdkafka's fatal error; else DONE. */
static enum outcome check_fatal(const struct client *client, struct err *e)
{
    char text[400];
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(client->rk, text, sizeof text);

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return DONE;
    if (fail(e, code, text) == FATAL)
        return FATAL;
    return err_set(e, FATAL, "Kafka client cannot go on: %s", text);
}

/* Trouble is told once. */
static enum outcome tell_trouble(struct client *client, struct err *e)
{
    rd_kafka_resp_err_t trouble = client->trouble;

    client->trouble = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (check_fatal(client, e))
        return FATAL;
    if (trouble == RD_KAFKA_RESP_ERR_NO_ERROR)
        return DONE;
    if (trouble == RD_KAFKA_RESP_ERR__AUTHENTICATION)
        return fail_login(client, e);
    return err_set(e, RETRY, "Kafka: %s", client->reason);
}

/* Why nobody answered: what the connections met meanwhile says it better. Also calls back for all else that waits. */
static enum outcome add_reason(struct client *client, struct err *e)
{
    rd_kafka_poll(client->rk, 0);
    if (e->outcome != RETRY)
        return e->outcome;
    if (client->trouble == RD_KAFKA_RESP_ERR__AUTHENTICATION)
        return fail_login(client, e);
    return client->reason[0] ? err_wrap(e, "%s", client->reason) : RETRY;
}

/* ---- configuration ---- */

struct setting {
    const char *name, *value;
};

/* The user may change these. */
static const struct setting common_defaults[] = {
    {"client.id", "gridloop"},
    {"topic.metadata.refresh.interval.ms", "30000"}, /* notices new partitions */
    {NULL, NULL},
};
static const struct setting consumer_defaults[] = {
    {"socket.timeout.ms", "10000"}, /* a broker that hangs also holds back assignments */
    {"reconnect.backoff.max.ms", "2000"},
    {NULL, NULL},
};
static const struct setting producer_defaults[] = {
    {"linger.ms", "5"},
    {"compression.type", "lz4"},
    {"queue.buffering.max.kbytes", "65536"},
    {"topic.metadata.propagation.max.ms", "3000"}, /* then an unknown topic is said */
    {NULL, NULL},
};

/* The user may not. */
static const struct setting common_fixed[] = {
    {"log.queue", "true"}, /* log lines come from the caller's thread */
    {"allow.auto.create.topics", "false"},
    {NULL, NULL},
};
static const struct setting consumer_fixed[] = {
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "error"},
    {"partition.assignment.strategy", "range,roundrobin"},
    {"enable.partition.eof", "false"},
    {"check.crcs", "true"},
    {"isolation.level", "read_committed"},
    {"fetch.queue.backoff.ms", "2"}, /* 1 s by default: 115,000 rows/s whatever else */
    {NULL, NULL},
};
static const struct setting producer_fixed[] = {
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"max.in.flight", "5"},
    {"message.timeout.ms", "0"},
    {"partitioner", "murmur2_random"},
    {NULL, NULL},
};

#define WHY_PROGRESS "progress is kept in the database, with the rows it belongs to"
#define WHY_ACKS "an accepted event is never lost, nor sent twice"
#define WHY_MEMORY "memory is bounded by the program's own settings"
#define WHY_LIBRARY "it belongs to the program"

/* Patterns of what cannot be set, and which guarantee it carries. */
static const struct refusal {
    const char *pattern, *why;
} refusals[] = {
    {"enable.auto.commit", WHY_PROGRESS},
    {"auto.commit.*", WHY_PROGRESS},
    {"enable.auto.offset.store", WHY_PROGRESS},
    {"offset.store.*", WHY_PROGRESS},
    {"auto.offset.reset", "a gap stops the partition and is never skipped silently"},
    {"group.id", "one group per kind"},
    {"group.protocol*", "partitions change hands only between two batches"},
    {"group.remote.assignor", "partitions change hands only between two batches"},
    {"partition.assignment.strategy", "partitions change hands only between two batches"},
    {"enable.partition.eof", WHY_LIBRARY},
    {"isolation.level", "aborted transactions are not events"},
    {"check.crcs", "an altered batch is never taken for an event"},
    {"allow.auto.create.topics", "topics are created by gridloopctl setup alone"},
    {"fetch.queue.backoff.ms", "the reader would stand still"},
    {"message.max.bytes", WHY_MEMORY},
    {"fetch.message.max.bytes", WHY_MEMORY},
    {"max.partition.fetch.bytes", WHY_MEMORY},
    {"fetch.max.bytes", WHY_MEMORY},
    {"receive.message.max.bytes", WHY_MEMORY},
    {"queued.max.messages.kbytes", WHY_MEMORY},
    {"queued.min.messages", WHY_MEMORY},
    {"acks", WHY_ACKS},
    {"request.required.acks", WHY_ACKS},
    {"enable.idempotence", WHY_ACKS},
    {"enable.gapless.guarantee", WHY_ACKS},
    {"max.in.flight*", WHY_ACKS},
    {"message.timeout.ms", WHY_ACKS},
    {"delivery.timeout.ms", WHY_ACKS},
    {"retries", WHY_ACKS},
    {"message.send.max.retries", WHY_ACKS},
    {"transactional.id", WHY_ACKS},
    {"queuing.strategy", WHY_ACKS},
    {"delivery.report.only.error", WHY_ACKS},
    {"partitioner", "events of one key keep their order"},
    {"*_cb", WHY_LIBRARY},
    {"msg_order_cmp", WHY_LIBRARY},
    {"opaque", WHY_LIBRARY},
    {"default_topic_conf", WHY_LIBRARY},
    {"interceptors", WHY_LIBRARY},
    {"enabled_events", WHY_LIBRARY},
    {"log.queue", WHY_LIBRARY},
    {"test.mock.*", "events belong to a real broker"},
    {"plugin.library.paths", WHY_LIBRARY},
    {"internal.*", WHY_LIBRARY},
    {"topic.blacklist", WHY_PROGRESS},
};

/* Who may see the command line or the environment of a process is not who may know these. */
static const char *const secrets[] = {
    "sasl.password",
    "ssl.key.password",
    "ssl.keystore.password",
    "ssl.key.pem",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.client.secret",
    /* of newer ones than that which we are tried with */
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
};
static const char secret_suffix[] = ".file";

/* librdkafka takes "topic.acks" for "acks". */
static const char *plain_name(const char *name)
{
    while (strncmp(name, "topic.", 6) == 0 && strcmp(name, "topic.blacklist") != 0
           && strncmp(name, "topic.metadata.", 15) != 0)
        name += 6;
    return name;
}

static const char *why_refused(const char *name)
{
    name = plain_name(name);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        if (fnmatch(refusals[i].pattern, name, 0) == 0)
            return refusals[i].why;
    return NULL;
}

static enum outcome refuse_guarantee(const struct kafka_property *p, struct err *e)
{
    const char *why = why_refused(p->name);

    return why ? err_exit(e, EX_CONFIG,
                          "%s: kafka.%s carries a guarantee (%s) and cannot be set",
                          p->where, p->name, why)
               : DONE;
}

static enum outcome refuse_guarantees(const struct kafka_properties *properties,
                                      struct err *e)
{
    for (size_t i = 0; i < properties->count; i++)
        if (refuse_guarantee(&properties->items[i], e))
            return e->outcome;
    return DONE;
}

static bool are_servers_named(const struct kafka_property *p)
{
    return strcmp(p->name, "bootstrap.servers") == 0
           || strcmp(p->name, "metadata.broker.list") == 0;
}

/* HOST, HOST:PORT or [IPV6]:PORT, perhaps behind a PROTOCOL://. */
static bool is_server(const char *text, size_t size)
{
    const char *scheme = memmem(text, size, "://", 3);
    const char *host = scheme ? scheme + 3 : text, *end = text + size;
    const char *colon = memrchr(host, ':', (size_t)(end - host));
    bool has_brackets = colon && colon > host && colon[-1] == ']';

    if (!colon || (!has_brackets && memchr(host, ':', (size_t)(colon - host))))
        return end > host;
    return colon > host && text_port(colon + 1, (size_t)(end - colon - 1)) > 0;
}

/* librdkafka makes another port of one that is too large, and a port that is a word 9092. */
static enum outcome check_servers(const struct kafka_property *p, struct err *e)
{
    size_t size, count = 0;

    for (const char *at = p->value; *at; at += size) {
        at += strspn(at, ", \t");
        size = strcspn(at, ", \t");
        if (size > 0 && !is_server(at, size))
            return err_exit(e, EX_CONFIG, "%s: kafka.%s: \"%.*s\" is no HOST:PORT",
                            p->where, p->name, (int)size, at);
        count += size > 0;
    }
    return count > 0 || !*p->value
               ? DONE
               : err_exit(e, EX_CONFIG, "%s: kafka.%s names no server", p->where,
                          p->name);
}

static enum outcome require_servers(const struct kafka_properties *properties,
                                    struct err *e)
{
    for (size_t i = 0; i < properties->count; i++)
        if (are_servers_named(&properties->items[i]) && *properties->items[i].value)
            return check_servers(&properties->items[i], e);
    return err_exit(
        e, EX_USAGE,
        "kafka.bootstrap.servers (GRIDLOOP_KAFKA_BOOTSTRAP_SERVERS) is required");
}

/* librdkafka lists what has no value only in its table for people: a property a line, its name in front. */
static char *property_table(void)
{
    char *table = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&table, &size);

    if (!out)
        return NULL;
    rd_kafka_conf_properties_show(out);
    fclose(out);
    return table;
}

/* The one nearest to a name that librdkafka does not know, of those that may be set; "": none is near. */
static void find_near(const char *name, char near[KAFKA_NAME_SIZE])
{
    char *table = property_table(), *rest = NULL, one[KAFKA_NAME_SIZE];
    size_t distance, best = strlen(name) / 4 + 1;

    *near = '\0';
    for (char *line = table ? strtok_r(table, "\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\n", &rest)) {
        snprintf(one, sizeof one, "%.*s", (int)strcspn(line, " "), line);
        distance = text_distance(name, one);
        if (distance < best && !why_refused(one)) {
            best = distance;
            memcpy(near, one, sizeof one);
        }
    }
    free(table);
}

static enum outcome unknown_property(const char *where, const char *name, struct err *e)
{
    char near[KAFKA_NAME_SIZE];

    find_near(name, near);
    return err_exit(e, EX_CONFIG, "%s: kafka.%s: librdkafka has no such property%s%s%s",
                    where, name, *near ? "; did you mean 'kafka." : "", near,
                    *near ? "'?" : "");
}

/* librdkafka takes the number that "30s" begins with, and leaves out the rest: 30 ms. */
static bool is_cut(const rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char taken[32], *end;
    size_t size = sizeof taken;

    if (rd_kafka_conf_get(conf, name, taken, &size) != RD_KAFKA_CONF_OK
        || size > sizeof taken || strspn(taken, "-0123456789") != strlen(taken)
        || strcmp(taken, value) == 0)
        return false;
    strtoll(value, &end, 0);
    return end != value && *end; /* "all" is a word for a number */
}

/* The environment may hold what others put there: for a service named gridloop-kafka Kubernetes sets
 * GRIDLOOP_KAFKA_PORT. kafka_check_property() has said that it is left out. */
static enum outcome set(rd_kafka_conf_t *conf, const char *where, const char *name,
                        const char *value, struct err *e)
{
    char text[400];
    rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, name, value, text, sizeof text);

    if (result == RD_KAFKA_CONF_OK && is_cut(conf, name, value))
        return err_exit(e, EX_CONFIG, "%s: kafka.%s: '%s' is not a whole number", where,
                        name, value);
    if (result == RD_KAFKA_CONF_UNKNOWN && strcmp(where, "environment") != 0)
        return unknown_property(where, name, e);
    if (result == RD_KAFKA_CONF_INVALID)
        return err_exit(e, EX_CONFIG, "%s: kafka.%s: %.*s", where, name,
                        (int)strcspn(text, "\n"), text);
    return DONE;
}

static enum outcome set_rows(rd_kafka_conf_t *conf, const struct setting *rows,
                             struct err *e)
{
    for (; rows->name; rows++)
        if (set(conf, "built in", rows->name, rows->value, e))
            return e->outcome;
    return DONE;
}

static enum outcome set_number(rd_kafka_conf_t *conf, const char *name, size_t number,
                               struct err *e)
{
    char text[24];

    snprintf(text, sizeof text, "%zu", number);
    return set(conf, "built in", name, text, e);
}

/* The secret that "<secret>.file" names; NULL: name is none of those. */
static const char *secret_of_file(const char *name)
{
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        size_t size = strlen(secrets[i]);
        if (strncmp(name, secrets[i], size) == 0
            && strcmp(name + size, secret_suffix) == 0)
            return secrets[i];
    }
    return NULL;
}

static bool is_secret(const char *name)
{
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        if (strcmp(secrets[i], name) == 0)
            return true;
    return false;
}

static enum outcome set_secret(rd_kafka_conf_t *conf, const char *name,
                               const struct kafka_property *p, struct err *e)
{
    char secret[SECRET_BYTES];
    enum outcome outcome;

    if (secret_read(p->value, secret, sizeof secret, e))
        return err_wrap(e, "%s: kafka.%s", p->where, p->name);
    outcome = set(conf, p->where, name, secret, e);
    explicit_bzero(secret, sizeof secret);
    return outcome;
}

static enum outcome set_property(rd_kafka_conf_t *conf, const struct kafka_property *p,
                                 struct err *e)
{
    const char *secret = secret_of_file(p->name);

    if (is_secret(p->name))
        return err_exit(e, EX_CONFIG,
                        "%s: kafka.%s is a secret: put it into a file of its own and "
                        "name that by kafka.%s%s",
                        p->where, p->name, p->name, secret_suffix);
    if (secret)
        return set_secret(conf, secret, p, e);
    return set(conf, p->where, p->name, p->value, e);
}

static enum outcome set_properties(rd_kafka_conf_t *conf,
                                   const struct kafka_properties *properties,
                                   struct err *e)
{
    for (size_t i = 0; i < properties->count; i++)
        if (set_property(conf, &properties->items[i], e))
            return e->outcome;
    return DONE;
}

/* Our defaults, the user's wishes, what nobody may change. NULL: *e is FATAL. */
static rd_kafka_conf_t *conf_new(const struct kafka_properties *properties,
                                 const struct setting *defaults,
                                 const struct setting *fixed, struct err *e)
{
    rd_kafka_conf_t *conf;

    if (refuse_guarantees(properties, e) || require_servers(properties, e))
        return NULL;
    conf = rd_kafka_conf_new();
    if (set_rows(conf, common_defaults, e) || set_rows(conf, defaults, e)
        || set_properties(conf, properties, e) || set_rows(conf, common_fixed, e)
        || set_rows(conf, fixed, e)) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    return conf;
}

/* Takes conf, also when it fails. */
static enum outcome client_open(struct client *client, rd_kafka_type_t type,
                                rd_kafka_conf_t *conf, struct err *e)
{
    char text[400];
    size_t size = sizeof client->user;

    if (rd_kafka_conf_get(conf, "sasl.username", client->user, &size))
        client->user[0] = '\0';
    rd_kafka_conf_set_opaque(conf, client);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_ssl_cert_verify_cb(conf, on_certificate);
    client->rk = rd_kafka_new(type, conf, text, sizeof text);
    if (!client->rk) {
        rd_kafka_conf_destroy(conf);
        return err_exit(e, EX_CONFIG, "Kafka client: %s", text);
    }
    rd_kafka_set_log_queue(client->rk, NULL);
    return DONE;
}

/* Ends what has a handle, which is the end's own from now on. librdkafka may never let go of one: a consumer's waits for
 * itself where the answer that an offset is out of range comes in the midst of its end (its issue 4514; one close of some
 * hundred, when the close follows at once); and each waits for names that are being looked up. Whoever closes goes on
 * after wait_ms. */
static void end_within(void *(*end)(void *), void *what, int64_t wait_ms)
{
    const int64_t last_ms = clock_monotonic_ms() + wait_ms;
    const struct timespec last = {last_ms / 1000, last_ms % 1000 * 1000000};
    pthread_t thread;

    if (pthread_create(&thread, NULL, end, what) != 0) {
        end(what);
    } else if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &last) != 0) {
        pthread_detach(thread);
        if (wait_ms)
            log_warn("librdkafka does not let go of a handle, which is left to it", NULL);
    }
}

/* ---- a password that is replaced ---- */

/* The last one of a name counts, as in librdkafka. The path belongs to the client, like the time of its file: looked at
 * before it is read for the first time. */
static void password_watch(struct client *client,
                           const struct kafka_properties *properties)
{
    for (size_t i = properties->count; i > 0 && !client->password.path; i--)
        if (strcmp(properties->items[i - 1].name, "sasl.password.file") == 0)
            client->password.path = xstrdup(properties->items[i - 1].value);
    if (client->password.path)
        secret_was_replaced(&client->password);
    client->password_looked_ms = clock_monotonic_ms();
}

static void password_forget(struct client *client)
{
    free((char *)(uintptr_t)client->password.path);
}

/* Connections that are open stay so; the next one has the new password. other: a second handle, or NULL. */
static void password_renew(struct client *client, rd_kafka_t *other)
{
    rd_kafka_t *const handles[] = {client->rk, other};
    char secret[SECRET_BYTES];
    struct err e;

    if (secret_read(client->password.path, secret, sizeof secret, &e)) {
        log_warn("the password stays as it was", "error", e.message, NULL);
        return;
    }
    for (size_t i = 0; i < 2 && handles[i]; i++)
        rd_kafka_error_destroy(
            rd_kafka_sasl_set_credentials(handles[i], client->user, secret));
    explicit_bzero(secret, sizeof secret);
    log_info("password read again", "user", client->user, "file", client->password.path,
             NULL);
}

/* To be called where there is time. */
static void password_look(struct client *client, rd_kafka_t *other)
{
    int64_t now_ms = clock_monotonic_ms();

    if (!client->password.path || now_ms - client->password_looked_ms < PASSWORD_MS)
        return;
    client->password_looked_ms = now_ms;
    if (secret_was_replaced(&client->password))
        password_renew(client, other);
}

/* ---- looking at properties ---- */

/* Takes its value away to learn that. */
static bool is_known(rd_kafka_conf_t *conf, const char *name)
{
    return secret_of_file(name)
           || rd_kafka_conf_set(conf, name, NULL, NULL, 0) != RD_KAFKA_CONF_UNKNOWN;
}

enum outcome kafka_check_property(const struct kafka_property *property, struct err *e)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    enum outcome outcome = refuse_guarantee(property, e);

    if (!outcome)
        outcome = set_property(conf, property, e);
    if (!outcome && !is_known(conf, property->name))
        log_warn("no such property of librdkafka, left out", "property", property->name,
                 "where", property->where, NULL);
    rd_kafka_conf_destroy(conf);
    return outcome;
}

bool kafka_knows(const char *name, char near[KAFKA_NAME_SIZE])
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool known = is_known(conf, name);

    *near = '\0';
    if (!known)
        find_near(name, near);
    rd_kafka_conf_destroy(conf);
    return known;
}

const char *kafka_refused(size_t i, const char **why)
{
    if (i >= sizeof refusals / sizeof refusals[0])
        return NULL;
    *why = refusals[i].why;
    return refusals[i].pattern;
}

/* What librdkafka finds wrong in the whole has no place, but mostly a property's name, or else its value. */
static enum outcome name_place(const struct kafka_properties *properties, struct err *e)
{
    const struct kafka_property *found = NULL;

    for (size_t i = 0; i < properties->count; i++) {
        const struct kafka_property *p = &properties->items[i];

        if (strstr(e->message, p->name))
            return err_wrap(e, "%s", p->where);
        if (*p->value && strstr(e->message, p->value))
            found = p;
    }
    return found ? err_wrap(e, "%s", found->where) : FATAL;
}

static enum outcome check_all(const struct kafka_properties *properties,
                              rd_kafka_type_t type, rd_kafka_conf_t *conf, struct err *e)
{
    struct client client = {0};

    if (!conf)
        return e->outcome;
    rd_kafka_conf_set(conf, "bootstrap.servers", NULL, NULL, 0);
    if (client_open(&client, type, conf, e))
        return name_place(properties, e);
    rd_kafka_destroy(client.rk);
    return DONE;
}

enum outcome kafka_check_consumer(const struct kafka_properties *properties,
                                  struct err *e)
{
    return check_all(properties, RD_KAFKA_CONSUMER,
                     conf_new(properties, consumer_defaults, consumer_fixed, e), e);
}

enum outcome kafka_check_producer(const struct kafka_properties *properties,
                                  struct err *e)
{
    return check_all(properties, RD_KAFKA_PRODUCER,
                     conf_new(properties, producer_defaults, producer_fixed, e), e);
}

/* ---- consumer ---- */

struct kafka_consumer {
    struct client client; /* first: the callbacks' opaque is both */
    rd_kafka_t *asker; /* asks what must not wait behind a fetch on the same connection */
    rd_kafka_queue_t *topic_answer; /* to it; NULL: nothing was asked */
    bool is_reader;                 /* by kafka_reader_open_idle() */
    char *topic;
    rd_kafka_queue_t *answers; /* to commits; nothing else comes here */
    uintptr_t asked;           /* number of the last commit */
    size_t unanswered;
    uint64_t wanted_number;
    int32_t *wanted;
    size_t wanted_count;
    void *membership; /* as it was when wanted was given: member id, generation */
    size_t membership_size;
    bool *reading; /* by partition */
    size_t reading_size;
    struct err
        end; /* FATAL: every later poll says so too, for librdkafka tells it once */
};

/* Member id and generation as one piece of bytes; freed with rd_kafka_mem_free(). NULL: none. */
static void *membership_get(rd_kafka_t *rk, size_t *size)
{
    rd_kafka_consumer_group_metadata_t *metadata = rd_kafka_consumer_group_metadata(rk);
    void *bytes = NULL;

    if (!metadata)
        return NULL;
    rd_kafka_error_destroy(
        rd_kafka_consumer_group_metadata_write(metadata, &bytes, size));
    rd_kafka_consumer_group_metadata_destroy(metadata);
    return bytes;
}

static void membership_forget(struct kafka_consumer *consumer)
{
    if (consumer->membership)
        rd_kafka_mem_free(NULL, consumer->membership);
    consumer->membership = NULL;
}

static bool membership_is_same(const struct kafka_consumer *consumer)
{
    size_t size = 0;
    void *now = membership_get(consumer->client.rk, &size);
    bool same = now && consumer->membership && size == consumer->membership_size
                && memcmp(now, consumer->membership, size) == 0;

    if (now)
        rd_kafka_mem_free(NULL, now);
    return same;
}

static bool is_wanted(const struct kafka_consumer *consumer, int32_t partition)
{
    for (size_t i = 0; i < consumer->wanted_count; i++)
        if (consumer->wanted[i] == partition)
            return true;
    return false;
}

static bool is_read(const struct kafka_consumer *consumer, int32_t partition)
{
    return partition >= 0 && (size_t)partition < consumer->reading_size
           && consumer->reading[partition];
}

static void note_reading(struct kafka_consumer *consumer,
                         const rd_kafka_topic_partition_list_t *list)
{
    if (consumer->reading_size > 0)
        memset(consumer->reading, 0, consumer->reading_size * sizeof(bool));
    for (int i = 0; i < list->cnt; i++) {
        size_t partition = (size_t)list->elems[i].partition;

        if (partition >= consumer->reading_size) {
            size_t size = partition + 16;

            consumer->reading = xrealloc(consumer->reading, size * sizeof(bool));
            memset(consumer->reading + consumer->reading_size, 0,
                   (size - consumer->reading_size) * sizeof(bool));
            consumer->reading_size = size;
        }
        consumer->reading[partition] = true;
    }
}

/* The second call waits until the first one's stops have been seen by librdkafka's thread: two assignments
 * within microseconds would stop a partition twice (librdkafka issue 5573; aborts where asserts are on). */
static rd_kafka_resp_err_t read_only(struct kafka_consumer *consumer,
                                     const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_t *now;
    rd_kafka_resp_err_t code = rd_kafka_assign(consumer->client.rk, list);

    if (rd_kafka_assignment(consumer->client.rk, &now) == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_topic_partition_list_destroy(now);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        note_reading(consumer, list);
    return code;
}

static void note_wanted(struct kafka_consumer *consumer,
                        const rd_kafka_topic_partition_list_t *list)
{
    size_t count = list ? (size_t)list->cnt : 0;

    consumer->wanted = xrealloc(consumer->wanted, (count + 1) * sizeof(int32_t));
    for (size_t i = 0; i < count; i++)
        consumer->wanted[i] = list->elems[i].partition;
    consumer->wanted_count = count;
    consumer->wanted_number++;
    membership_forget(consumer);
    if (list)
        consumer->membership =
            membership_get(consumer->client.rk, &consumer->membership_size);
}

/* Only notes what the group wants: no partition is read until the loop has claimed its place. */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct kafka_consumer *consumer = opaque;
    rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(1);
    bool given = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;

    rd_kafka_topic_partition_list_sort(partitions, NULL, NULL);
    note_wanted(consumer, given ? partitions : NULL);
    note_reading(consumer, none);
    rd_kafka_assign(rk, given ? none : NULL);
    rd_kafka_topic_partition_list_destroy(none);
    rd_kafka_yield(rk); /* poll returns, so that the loop sees it at once */
}

/* A response is asked for in small pieces: it is unpacked as a whole, and 2 MiB of compressed zeros took
 * 150 MB. A batch that is larger than a piece comes all the same, alone. */
static enum outcome bound_memory(rd_kafka_conf_t *conf, size_t max_message_bytes,
                                 size_t queue_kbytes, struct err *e)
{
    size_t queue = queue_kbytes * 1024;

    if (set_number(conf, "queued.max.messages.kbytes", queue_kbytes, e)
        || set_number(conf, "queued.min.messages", queue / BYTES_PER_MESSAGE + 1, e)
        || set_number(conf, "message.max.bytes", FETCH_BYTES, e)
        || set_number(conf, "fetch.message.max.bytes", FETCH_BYTES, e)
        || set_number(conf, "fetch.max.bytes", FETCH_BYTES, e)
        || set_number(conf, "receive.message.max.bytes",
                      OVERSIZE_BYTES + max_message_bytes, e))
        return e->outcome;
    return DONE;
}

static rd_kafka_conf_t *consumer_conf(const struct kafka_properties *properties,
                                      const char *group, size_t max_message_bytes,
                                      size_t queue_kbytes, struct err *e)
{
    rd_kafka_conf_t *conf = conf_new(properties, consumer_defaults, consumer_fixed, e);

    if (!conf)
        return NULL;
    if (set(conf, "built in", "group.id", group, e)
        || bound_memory(conf, max_message_bytes, queue_kbytes, e)) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    return conf;
}

static enum outcome subscribe(struct kafka_consumer *consumer, struct err *e)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t code;

    rd_kafka_topic_partition_list_add(topics, consumer->topic, RD_KAFKA_PARTITION_UA);
    code = rd_kafka_subscribe(consumer->client.rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return DONE;
    return err_set(e, FATAL, "subscribing to %s: %s", consumer->topic,
                   rd_kafka_err2str(code));
}

static struct kafka_consumer *consumer_new(const struct kafka_properties *properties,
                                           const char *topic)
{
    struct kafka_consumer *consumer = xcalloc(1, sizeof *consumer);

    consumer->topic = xstrdup(topic);
    password_watch(&consumer->client, properties);
    return consumer;
}

/* Takes conf, which may be NULL: *e says why. If it fails, the consumer is closed. */
static enum outcome consumer_start(struct kafka_consumer *consumer, rd_kafka_conf_t *conf,
                                   struct err *e)
{
    if (!conf || client_open(&consumer->client, RD_KAFKA_CONSUMER, conf, e)) {
        kafka_consumer_close(consumer);
        return e->outcome;
    }
    rd_kafka_poll_set_consumer(consumer->client.rk);
    return DONE;
}

/* A handle that has not joined its group yet. */
static struct kafka_consumer *member_open(const struct kafka_properties *properties,
                                          const char *group, const char *topic,
                                          size_t max_message_bytes, size_t queue_kbytes,
                                          struct err *e)
{
    struct kafka_consumer *consumer = consumer_new(properties, topic);
    rd_kafka_conf_t *conf =
        consumer_conf(properties, group, max_message_bytes, queue_kbytes, e);

    if (consumer_start(consumer, conf, e))
        return NULL;
    consumer->answers = rd_kafka_queue_new(consumer->client.rk);
    return consumer;
}

/* A handle of its own means connections of its own: behind a fetch that waits for messages a question took half a
 * second. It is silent, for whatever it meets the member meets too. */
static enum outcome asker_open(struct kafka_consumer *consumer,
                               const struct kafka_properties *properties, struct err *e)
{
    static const struct setting none[] = {{NULL, NULL}};
    rd_kafka_conf_t *conf = conf_new(properties, consumer_defaults, none, e);
    char text[400];

    if (!conf || set(conf, "built in", "log_level", "0", e))
        return e->outcome;
    consumer->asker = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (consumer->asker)
        return DONE;
    rd_kafka_conf_destroy(conf);
    return err_exit(e, EX_CONFIG, "Kafka client: %s", text);
}

struct kafka_consumer *kafka_consumer_open(const struct kafka_properties *properties,
                                           const char *group, const char *topic,
                                           size_t max_message_bytes, size_t queue_kbytes,
                                           struct err *e)
{
    struct kafka_consumer *consumer =
        member_open(properties, group, topic, max_message_bytes, queue_kbytes, e);

    if (!consumer || (!asker_open(consumer, properties, e) && !subscribe(consumer, e)))
        return consumer;
    kafka_consumer_close(consumer);
    return NULL;
}

/* True: the group knows that we left. rd_kafka_consumer_close() would wait for ever if nobody answers
 * (librdkafka issue 3740). */
static bool leave(rd_kafka_t *rk)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(rk, queue);
    int64_t end_ms = clock_monotonic_ms() + CLOSE_MS;

    while (!error && !rd_kafka_consumer_closed(rk) && clock_monotonic_ms() < end_ms) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 50);

        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
            rd_kafka_assign(rk, NULL);
        if (event)
            rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    if (error)
        rd_kafka_error_destroy(error);
    return !error && rd_kafka_consumer_closed(rk);
}

static void forget_topic(struct kafka_consumer *consumer)
{
    if (consumer->topic_answer)
        rd_kafka_queue_destroy(consumer->topic_answer);
    consumer->topic_answer = NULL;
}

/* The end of a consumer that has left its group, or that stops trying. */
static void *consumer_free(void *argument)
{
    struct kafka_consumer *consumer = argument;

    if (consumer->client.rk)
        rd_kafka_destroy_flags(consumer->client.rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    if (consumer->asker)
        rd_kafka_destroy(consumer->asker);
    password_forget(&consumer->client);
    free(consumer->topic);
    free(consumer->wanted);
    free(consumer->reading);
    free(consumer);
    return NULL;
}

/* Without a broker librdkafka keeps an unanswered commit, and with it the whole handle, for a session
 * time-out: that is not waited for. */
void kafka_consumer_close(struct kafka_consumer *consumer)
{
    bool left;

    if (!consumer)
        return;
    left = !consumer->client.rk || leave(consumer->client.rk);
    membership_forget(consumer);
    if (consumer->answers)
        rd_kafka_queue_destroy(consumer->answers);
    forget_topic(consumer);
    end_within(consumer_free, consumer, left ? CLOSE_MS : 0);
}

/* A whole topic's error looks like partition 0's, but has no offset. */
static bool is_of_partition(const rd_kafka_message_t *m)
{
    return m->rkt
           && (m->offset >= 0 || m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET
               || m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
}

/* An error that came in a message's place. Those of a partition that is not read any more are old. */
static enum outcome poll_error(struct kafka_consumer *consumer,
                               const rd_kafka_message_t *m, struct kafka_fault *fault,
                               struct err *e)
{
    if (m->err == RD_KAFKA_RESP_ERR__FATAL && check_fatal(&consumer->client, e))
        return FATAL;
    fail(e, m->err, rd_kafka_message_errstr(m));
    if (!is_of_partition(m))
        return e->outcome; /* the text names the topic, if it is about one */
    if (!is_read(consumer, m->partition))
        return DONE;
    consumer->reading[m->partition] = false; /* what follows may be behind a hole */
    fault->partition = m->partition;
    return err_wrap(e, "%s partition %d offset %lld", consumer->topic, (int)m->partition,
                    (long long)m->offset);
}

/* Nothing came: there is time. */
static enum outcome poll_nothing(struct kafka_consumer *consumer, struct err *e)
{
    password_look(&consumer->client, consumer->asker);
    return tell_trouble(&consumer->client, e);
}

static void fill(struct kafka_message *message, rd_kafka_message_t *m)
{
    message->partition = m->partition;
    message->offset = m->offset;
    message->leader_epoch = rd_kafka_message_leader_epoch(m);
    message->key = m->key;
    message->key_size = m->key_len;
    message->value = m->payload;
    message->value_size = m->len;
    message->handle = m;
}

static enum outcome poll_once(struct kafka_consumer *consumer, int timeout_ms,
                              struct kafka_message *message, struct kafka_fault *fault,
                              struct err *e)
{
    rd_kafka_message_t *m = NULL;
    enum outcome outcome = DONE;

    if (!consumer->client.trouble)
        m = rd_kafka_consumer_poll(consumer->client.rk, timeout_ms);
    if (!m)
        return poll_nothing(consumer, e);
    if (!m->err && is_read(consumer, m->partition)) {
        fill(message, m);
        return DONE;
    }
    if (m->err)
        outcome = poll_error(consumer, m, fault, e);
    rd_kafka_message_destroy(m);
    return outcome;
}

enum outcome kafka_consumer_poll(struct kafka_consumer *consumer, int timeout_ms,
                                 struct kafka_message *message, struct kafka_fault *fault,
                                 struct err *e)
{
    enum outcome outcome = consumer->end.outcome;

    memset(message, 0, sizeof *message);
    fault->partition = -1;
    if (outcome == FATAL) {
        *e = consumer->end;
        return FATAL;
    }
    outcome = poll_once(consumer, timeout_ms, message, fault, e);
    if (outcome == FATAL)
        consumer->end = *e;
    return outcome;
}

void kafka_message_free(struct kafka_message *message)
{
    if (message->handle)
        rd_kafka_message_destroy(message->handle);
    message->handle = NULL;
}

/* Addresses of different pieces of memory are compared as numbers. */
size_t kafka_message_room(const struct kafka_message *message,
                          const struct kafka_message *next)
{
    uintptr_t end = message->value ? (uintptr_t)message->value + message->value_size
                                   : (uintptr_t)message->key + message->key_size;
    uintptr_t begin = next->key ? (uintptr_t)next->key : (uintptr_t)next->value;

    return end != 0 && begin >= end ? begin - end : SIZE_MAX;
}

bool kafka_message_headers(const struct kafka_message *message, kafka_visit_header *visit,
                           void *context)
{
    rd_kafka_headers_t *headers;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__NOENT;
    struct kafka_header header;
    size_t index = 0;

    if (message->handle)
        code = rd_kafka_message_detach_headers(message->handle, &headers);
    if (code)
        return code == RD_KAFKA_RESP_ERR__NOENT;
    while (!rd_kafka_header_get_all(headers, index++, &header.name, &header.value,
                                    &header.size)
           && visit(context, &header))
        ;
    rd_kafka_headers_destroy(headers);
    return true;
}

const void *kafka_message_header(const struct kafka_message *message, const char *name,
                                 size_t *size)
{
    rd_kafka_headers_t *headers;
    const void *value = NULL;

    *size = 0;
    if (rd_kafka_message_headers(message->handle, &headers)
        || rd_kafka_header_get_last(headers, name, &value, size))
        return NULL;
    return value;
}

int64_t kafka_message_time(const struct kafka_message *message)
{
    return rd_kafka_message_timestamp(message->handle, NULL);
}

uint64_t kafka_consumer_wanted(const struct kafka_consumer *consumer,
                               const int32_t **partitions, size_t *count)
{
    *partitions = consumer->wanted;
    *count = consumer->wanted_count;
    return consumer->wanted_number;
}

static rd_kafka_topic_partition_list_t *list_of(const struct kafka_consumer *consumer,
                                                const struct kafka_place *places,
                                                size_t count)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)count + 1);

    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, consumer->topic, places[i].partition)
            ->offset = places[i].offset;
    return list;
}

/* A negative offset would mean "the end" or "what was committed" to librdkafka. */
static enum outcome check_places(const struct kafka_consumer *consumer,
                                 const struct kafka_place *places, size_t count,
                                 struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        if (places[i].offset < 0)
            return err_set(e, FATAL, "partition %d: no offset %lld",
                           (int)places[i].partition, (long long)places[i].offset);
        if (!is_wanted(consumer, places[i].partition))
            return err_set(e, RETRY, "partition %d is not ours",
                           (int)places[i].partition);
    }
    return DONE;
}

enum outcome kafka_consumer_assign(struct kafka_consumer *consumer,
                                   const struct kafka_place *places, size_t count,
                                   struct err *e)
{
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t code;

    if (check_places(consumer, places, count, e))
        return e->outcome;
    list = list_of(consumer, places, count);
    code = read_only(consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return DONE;
    return err_set(e, FATAL, "assigning %zu partitions: %s", count,
                   rd_kafka_err2str(code));
}

/* A commit whose answer comes to consumer->answers. Returns its number. */
static uintptr_t ask(struct kafka_consumer *consumer, const struct kafka_place *places,
                     size_t count)
{
    rd_kafka_topic_partition_list_t *list = list_of(consumer, places, count);

    consumer->asked++;
    if (!rd_kafka_commit_queue(consumer->client.rk, list, consumer->answers, NULL,
                               (void *)consumer->asked))
        consumer->unanswered++;
    rd_kafka_topic_partition_list_destroy(list);
    return consumer->asked;
}

/* The commit's error; the first partition's, if they differ. */
static rd_kafka_resp_err_t answer_code(rd_kafka_event_t *event)
{
    const rd_kafka_topic_partition_list_t *list =
        rd_kafka_event_topic_partition_list(event);
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);

    for (int i = 0; !code && list && i < list->cnt; i++)
        code = list->elems[i].err;
    return code;
}

/* Takes one answer; true: it is that of number, and *code is set. False with *came false: none came. */
static bool take_answer(struct kafka_consumer *consumer, int timeout_ms, uintptr_t number,
                        bool *came, rd_kafka_resp_err_t *code)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(consumer->answers, timeout_ms);
    bool ours = false;

    *came = event != NULL;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT) {
        consumer->unanswered--;
        *code = answer_code(event);
        ours = (uintptr_t)rd_kafka_event_opaque(event) == number;
    }
    if (event)
        rd_kafka_event_destroy(event);
    return ours;
}

static rd_kafka_resp_err_t await_answer(struct kafka_consumer *consumer, uintptr_t number)
{
    int64_t end_ms = clock_monotonic_ms() + CONFIRM_MS;
    rd_kafka_resp_err_t code;
    bool came;

    for (;;) {
        int64_t left_ms = end_ms - clock_monotonic_ms();

        if (take_answer(consumer, left_ms > 0 ? (int)left_ms : 0, number, &came, &code))
            return code;
        if (!came && left_ms <= 0)
            return RD_KAFKA_RESP_ERR__TIMED_OUT;
    }
}

enum outcome kafka_consumer_confirm(struct kafka_consumer *consumer,
                                    const struct kafka_place *places, size_t count,
                                    struct err *e)
{
    rd_kafka_resp_err_t code;

    if (count == 0)
        return DONE;
    code = await_answer(consumer, ask(consumer, places, count));
    if (check_fatal(&consumer->client, e))
        return FATAL;
    if (code) {
        fail_code(e, code);
        return err_wrap(e, "asking the group");
    }
    /* A commit without a member id is taken too, when the group is empty. */
    if (!membership_is_same(consumer))
        return err_set(e, RETRY, "asking the group: it has gone on without us");
    return DONE;
}

void kafka_consumer_tell(struct kafka_consumer *consumer,
                         const struct kafka_place *places, size_t count)
{
    rd_kafka_resp_err_t code;
    bool came = true;

    while (came)
        take_answer(consumer, 0, 0, &came, &code);
    if (count > 0 && consumer->unanswered == 0)
        ask(consumer, places, count);
}

static enum outcome ask_watermarks(rd_kafka_t *rk, const char *topic, int32_t partition,
                                   int64_t *low, int64_t *high, struct err *e)
{
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(rk, topic, partition, low, high, ASK_MS);

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return DONE;
    fail_code(e, code);
    return err_wrap(e, "watermarks of %s partition %d", topic, (int)partition);
}

/* A member asks where it reads: of a topic that was made anew under it the asker may know the former leader, and get no
 * answer. A reader lives for one topic, and behind its waiting fetch each answer would take half a second. */
enum outcome kafka_consumer_watermarks(struct kafka_consumer *consumer, int32_t partition,
                                       int64_t *low, int64_t *high, struct err *e)
{
    return ask_watermarks(consumer->is_reader ? consumer->asker : consumer->client.rk,
                          consumer->topic, partition, low, high, e);
}

int64_t kafka_consumer_high(const struct kafka_consumer *consumer, int32_t partition)
{
    int64_t low, high;

    return rd_kafka_get_watermark_offsets(consumer->client.rk, consumer->topic, partition,
                                          &low, &high)
                       == RD_KAFKA_RESP_ERR_NO_ERROR
                   && high >= 0
               ? high
               : -1;
}

/* What follows a corrupt batch in the same response is not worth looking at: librdkafka 2.8.0 goes on reading in the
 * midst of it. */
static enum outcome see(const rd_kafka_message_t *m, struct kafka_sight *sight,
                        struct err *e)
{
    switch (m->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        sight->offset = m->offset;
        sight->leader_epoch = rd_kafka_message_leader_epoch(m);
        sight->time_ms = rd_kafka_message_timestamp(m, NULL);
        return DONE;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF: return DONE;
    case RD_KAFKA_RESP_ERR__BAD_MSG: sight->is_corrupt = true; return DONE;
    default: return fail(e, m->err, rd_kafka_message_errstr(m));
    }
}

static enum outcome look(rd_kafka_t *rk, struct kafka_sight *sight, struct err *e)
{
    rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, ASK_MS);
    enum outcome outcome = m ? see(m, sight, e) : err_set(e, RETRY, "no answer");

    if (m)
        rd_kafka_message_destroy(m);
    return outcome;
}

static rd_kafka_conf_t *look_conf(const struct kafka_properties *properties,
                                  const char *group, struct err *e)
{
    rd_kafka_conf_t *conf = consumer_conf(properties, group, 0, FETCH_BYTES / 1024, e);

    if (conf && set(conf, "built in", "enable.partition.eof", "true", e)) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    return conf;
}

enum outcome kafka_look(const struct kafka_properties *properties, const char *group,
                        const char *topic, int32_t partition, int64_t offset,
                        struct kafka_sight *sight, struct err *e)
{
    struct kafka_consumer *looker = consumer_new(properties, topic);
    rd_kafka_topic_partition_list_t *list;
    enum outcome outcome;

    *sight = (struct kafka_sight){.offset = -1, .leader_epoch = -1, .time_ms = -1};
    if (consumer_start(looker, look_conf(properties, group, e), e))
        return e->outcome;
    list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    rd_kafka_assign(looker->client.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    outcome = look(looker->client.rk, sight, e);
    rd_kafka_assign(looker->client.rk, NULL);
    end_within(consumer_free, looker, CLOSE_MS);
    return outcome ? err_wrap(e, "looking into %s partition %d at offset %lld", topic,
                              (int)partition, (long long)offset)
                   : DONE;
}

static enum outcome cluster_id_of(rd_kafka_t *rk, char cluster_id[KAFKA_ID_SIZE],
                                  struct err *e)
{
    char *id = rd_kafka_clusterid(rk, ASK_MS);

    if (!id)
        return err_set(e, RETRY, "the cluster's id: no broker answered");
    snprintf(cluster_id, KAFKA_ID_SIZE, "%s", id);
    rd_kafka_mem_free(rk, id);
    return DONE;
}

/* librdkafka prints the standard alphabet, Kafka the one for URLs. */
static void print_uuid(char out[KAFKA_ID_SIZE], const rd_kafka_Uuid_t *uuid)
{
    snprintf(out, KAFKA_ID_SIZE, "%s", rd_kafka_Uuid_base64str(uuid));
    for (char *c = out; *c; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
}

static enum outcome read_topic_id(rd_kafka_event_t *event, char topic_id[KAFKA_ID_SIZE],
                                  struct err *e)
{
    const rd_kafka_TopicDescription_t **topics;
    const rd_kafka_error_t *error;
    size_t count;

    if (!event)
        return err_set(e, RETRY, "no broker answered");
    if (rd_kafka_event_error(event))
        return fail(e, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
    topics = rd_kafka_DescribeTopics_result_topics(
        rd_kafka_event_DescribeTopics_result(event), &count);
    if (count != 1)
        return err_set(e, RETRY, "no description");
    error = rd_kafka_TopicDescription_error(topics[0]);
    if (rd_kafka_error_code(error))
        return fail(e, rd_kafka_error_code(error), rd_kafka_error_string(error));
    print_uuid(topic_id, rd_kafka_TopicDescription_topic_id(topics[0]));
    return DONE;
}

static rd_kafka_AdminOptions_t *admin_options(rd_kafka_t *rk, rd_kafka_admin_op_t op,
                                              int timeout_ms)
{
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(rk, op);
    char text[100];

    rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, text, sizeof text);
    return options;
}

/* Each question has a queue of its own, so that no answer is taken for another's. */
void kafka_consumer_ask_topic(struct kafka_consumer *consumer)
{
    const char *topic = consumer->topic;
    rd_kafka_AdminOptions_t *options =
        admin_options(consumer->asker, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, ASK_MS);
    rd_kafka_TopicCollection_t *names =
        rd_kafka_TopicCollection_of_topic_names(&topic, 1);

    forget_topic(consumer);
    consumer->topic_answer = rd_kafka_queue_new(consumer->asker);
    rd_kafka_DescribeTopics(consumer->asker, names, options, consumer->topic_answer);
    rd_kafka_TopicCollection_destroy(names);
    rd_kafka_AdminOptions_destroy(options);
}

enum outcome kafka_consumer_topic(struct kafka_consumer *consumer,
                                  char topic_id[KAFKA_ID_SIZE], struct err *e)
{
    rd_kafka_event_t *event;
    enum outcome outcome;

    if (!consumer->topic_answer)
        kafka_consumer_ask_topic(consumer);
    event = rd_kafka_queue_poll(consumer->topic_answer, ASK_MS);
    outcome = read_topic_id(event, topic_id, e);
    if (event)
        rd_kafka_event_destroy(event);
    forget_topic(consumer);
    return outcome ? err_wrap(e, "id of %s", consumer->topic) : DONE;
}

enum outcome kafka_consumer_identity(struct kafka_consumer *consumer,
                                     char cluster_id[KAFKA_ID_SIZE],
                                     char topic_id[KAFKA_ID_SIZE], struct err *e)
{
    if (cluster_id_of(consumer->asker, cluster_id, e))
        return err_wrap(e, "identity of %s", consumer->topic);
    forget_topic(consumer);
    return kafka_consumer_topic(consumer, topic_id, e);
}

/* ---- a look at a topic ---- */

/* Members of a group are those that subscribe: this one never does, but librdkafka wants a name. */
static const char nobody[] = "gridloopctl.reader";
enum { READER_KBYTES = 4096, READER_MESSAGE_BYTES = 64 << 20, METADATA_MS = 5000 };

/* How many partitions the topic has. */
static enum outcome count_partitions(rd_kafka_t *rk, const char *name, int32_t *count,
                                     struct err *e)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 0, topic, &metadata, METADATA_MS);

    if (!code && metadata->topic_cnt == 1)
        code = metadata->topics[0].err;
    *count = code ? 0 : metadata->topics[0].partition_cnt;
    if (metadata)
        rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
    if (!code)
        return DONE;
    fail_code(e, code);
    return err_wrap(e, "topic %s", name);
}

enum outcome kafka_consumer_partitions(struct kafka_consumer *consumer, int32_t *count,
                                       struct err *e)
{
    return count_partitions(consumer->client.rk, consumer->topic, count, e);
}

static enum outcome read_from(struct kafka_consumer *consumer, int32_t partition,
                              int64_t offset, struct err *e)
{
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t code;
    int32_t count;

    if (count_partitions(consumer->client.rk, consumer->topic, &count, e))
        return e->outcome;
    if (partition >= count)
        return err_exit(e, EX_USAGE, "topic %s has no partition %d", consumer->topic,
                        (int)partition);
    list = rd_kafka_topic_partition_list_new(count);
    for (int32_t i = 0; i < count; i++)
        if (partition < 0 || i == partition)
            rd_kafka_topic_partition_list_add(list, consumer->topic, i)->offset = offset;
    code = read_only(consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? fail_code(e, code) : DONE;
}

struct kafka_consumer *kafka_reader_open(const struct kafka_properties *properties,
                                         const char *topic, int32_t partition,
                                         int64_t offset, struct err *e)
{
    struct kafka_consumer *consumer =
        member_open(properties, nobody, topic, READER_MESSAGE_BYTES, READER_KBYTES, e);

    if (!consumer || !read_from(consumer, partition, offset, e))
        return consumer;
    add_reason(&consumer->client, e);
    kafka_consumer_close(consumer);
    return NULL;
}

static enum outcome want_all(struct kafka_consumer *consumer, int32_t *count,
                             struct err *e)
{
    rd_kafka_topic_partition_list_t *list;

    if (count_partitions(consumer->client.rk, consumer->topic, count, e))
        return e->outcome;
    list = rd_kafka_topic_partition_list_new(*count);
    rd_kafka_topic_partition_list_add_range(list, consumer->topic, 0, *count - 1);
    note_wanted(consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    return DONE;
}

struct kafka_consumer *kafka_reader_open_idle(const struct kafka_properties *properties,
                                              const char *topic, int32_t *count,
                                              struct err *e)
{
    struct kafka_consumer *consumer =
        member_open(properties, nobody, topic, READER_MESSAGE_BYTES, READER_KBYTES, e);

    if (consumer)
        consumer->is_reader = true;
    if (!consumer
        || (!asker_open(consumer, properties, e) && !want_all(consumer, count, e)))
        return consumer;
    add_reason(&consumer->client, e);
    kafka_consumer_close(consumer);
    return NULL;
}

/* ---- producer ---- */

struct kafka_producer {
    struct client client; /* first: the callbacks' opaque is both */
    kafka_delivered *delivered;
    void *context;
    size_t pending;
    bool closing;
};

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct kafka_producer *producer = opaque;
    bool persisted =
        !m->err && rd_kafka_message_status(m) == RD_KAFKA_MSG_STATUS_PERSISTED;
    const struct kafka_place place = {m->partition, m->offset >= 0 ? m->offset : -1};

    (void)rk;
    producer->pending--;
    if (!producer->closing)
        producer->delivered(producer->context, (uint64_t)(uintptr_t)m->_private,
                            persisted ? &place : NULL,
                            persisted ? NULL : rd_kafka_err2str(m->err));
}

static rd_kafka_conf_t *producer_conf(const struct kafka_properties *properties,
                                      size_t max_message_bytes, struct err *e)
{
    rd_kafka_conf_t *conf = conf_new(properties, producer_defaults, producer_fixed, e);

    if (conf && set_number(conf, "message.max.bytes", max_message_bytes, e)) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    if (conf)
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    return conf;
}

static void producer_free(struct kafka_producer *producer)
{
    password_forget(&producer->client);
    free(producer);
}

struct kafka_producer *kafka_producer_open(const struct kafka_properties *properties,
                                           size_t max_message_bytes,
                                           kafka_delivered *delivered, void *context,
                                           struct err *e)
{
    struct kafka_producer *producer = xcalloc(1, sizeof *producer);
    rd_kafka_conf_t *conf;

    producer->delivered = delivered;
    producer->context = context;
    password_watch(&producer->client, properties);
    conf = producer_conf(properties, max_message_bytes, e);
    if (conf && !client_open(&producer->client, RD_KAFKA_PRODUCER, conf, e))
        return producer;
    producer_free(producer);
    return NULL;
}

static void *producer_end(void *argument)
{
    struct kafka_producer *producer = argument;
    rd_kafka_t *rk = producer->client.rk;

    rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(rk, FLUSH_MS);
    rd_kafka_destroy(rk);
    producer_free(producer);
    return NULL;
}

void kafka_producer_close(struct kafka_producer *producer)
{
    if (!producer)
        return;
    producer->closing = true;
    end_within(producer_end, producer, CLOSE_MS);
}

static rd_kafka_headers_t *headers_of(const struct kafka_header *headers, size_t count)
{
    rd_kafka_headers_t *list = rd_kafka_headers_new(count);

    for (size_t i = 0; i < count; i++)
        rd_kafka_header_add(list, headers[i].name, -1, headers[i].value,
                            (ssize_t)headers[i].size);
    return list;
}

static enum outcome send_error(const struct kafka_producer *producer, const char *topic,
                               rd_kafka_resp_err_t code, struct err *e)
{
    if (check_fatal(&producer->client, e))
        return FATAL;
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        return err_set(e, REJECT, "%s: larger than the largest message", topic);
    fail_code(e, code);
    return err_wrap(e, "sending to %s", topic);
}

/* Not rd_kafka_produceva(): up to 2.11 it frees headers twice when the topic is unknown (issue 4627). */
/* After handing over a message with these headers, which are librdkafka's once it took it. */
static enum outcome sent(struct kafka_producer *producer, const char *topic,
                         rd_kafka_resp_err_t code, rd_kafka_headers_t *headers,
                         struct err *e)
{
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        producer->pending++;
        return DONE;
    }
    rd_kafka_headers_destroy(headers);
    return send_error(producer, topic, code, e);
}

enum outcome kafka_producer_send(struct kafka_producer *producer, const char *topic,
                                 const void *key, size_t key_size, const void *value,
                                 size_t value_size, const struct kafka_header *headers,
                                 size_t header_count, uint64_t tag, struct err *e)
{
    rd_kafka_headers_t *list = headers_of(headers, header_count);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        producer->client.rk, RD_KAFKA_V_TOPIC(topic),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY((void *)(uintptr_t)key, key_size),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)value, value_size), RD_KAFKA_V_HEADERS(list),
        RD_KAFKA_V_OPAQUE((void *)(uintptr_t)tag), RD_KAFKA_V_END);

    return sent(producer, topic, code, list, e);
}

enum outcome kafka_producer_send_headers(struct kafka_producer *producer,
                                         const char *topic, int32_t partition,
                                         const struct kafka_header *headers,
                                         size_t header_count, uint64_t tag, struct err *e)
{
    rd_kafka_headers_t *list = headers_of(headers, header_count);
    rd_kafka_resp_err_t code =
        rd_kafka_producev(producer->client.rk, RD_KAFKA_V_TOPIC(topic),
                          RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_HEADERS(list),
                          RD_KAFKA_V_OPAQUE((void *)(uintptr_t)tag), RD_KAFKA_V_END);

    return sent(producer, topic, code, list, e);
}

enum outcome kafka_producer_partitions(struct kafka_producer *producer, const char *topic,
                                       int32_t *count, struct err *e)
{
    return count_partitions(producer->client.rk, topic, count, e);
}

enum outcome kafka_producer_watermarks(struct kafka_producer *producer, const char *topic,
                                       int32_t partition, int64_t *low, int64_t *high,
                                       struct err *e)
{
    return ask_watermarks(producer->client.rk, topic, partition, low, high, e);
}

enum outcome kafka_producer_poll(struct kafka_producer *producer, int timeout_ms,
                                 struct err *e)
{
    rd_kafka_poll(producer->client.rk, timeout_ms);
    password_look(&producer->client, NULL);
    return tell_trouble(&producer->client, e);
}

enum outcome kafka_producer_cluster(struct kafka_producer *producer,
                                    char cluster_id[KAFKA_ID_SIZE], struct err *e)
{
    enum outcome outcome = cluster_id_of(producer->client.rk, cluster_id, e);

    return outcome && producer->pending == 0 ? add_reason(&producer->client, e) : outcome;
}

size_t kafka_producer_pending(const struct kafka_producer *producer)
{
    return producer->pending;
}

/* ---- administration ---- */

static rd_kafka_NewTopic_t *new_topic(const struct kafka_topic *topic, struct err *e)
{
    enum { CONFIGS = sizeof topic->configs / sizeof topic->configs[0] };
    char text[200];
    rd_kafka_NewTopic_t *new = rd_kafka_NewTopic_new(
        topic->name, topic->partitions, topic->replication, text, sizeof text);

    if (!new) {
        err_exit(e, EX_CONFIG, "topic %s: %s", topic->name, text);
        return NULL;
    }
    for (size_t i = 0; i + 1 < CONFIGS && topic->configs[i]; i += 2)
        rd_kafka_NewTopic_set_config(new, topic->configs[i], topic->configs[i + 1]);
    return new;
}

/* One topic's answer: DONE and counted, DONE because it is there already, or why not. */
static enum outcome read_created(const rd_kafka_topic_result_t *result, size_t *created,
                                 struct err *e)
{
    rd_kafka_resp_err_t code = rd_kafka_topic_result_error(result);
    const char *name = rd_kafka_topic_result_name(result);
    const char *text = rd_kafka_topic_result_error_string(result);

    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR: (*created)++; return DONE;
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: return DONE;
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
        return err_exit(e, EX_CONFIG, "topic %s: %s", name, text);
    default: fail(e, code, text); return err_wrap(e, "topic %s", name);
    }
}

static enum outcome read_results(rd_kafka_event_t *event, size_t *created, struct err *e)
{
    const rd_kafka_topic_result_t **results;
    enum outcome worst = DONE;
    size_t count;

    if (!event)
        return err_set(e, RETRY, "creating topics: no broker answered");
    if (rd_kafka_event_error(event)) {
        fail(e, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
        return err_wrap(e, "creating topics");
    }
    results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        struct err one;
        enum outcome outcome = read_created(results[i], created, &one);

        if (outcome > worst) {
            worst = outcome;
            *e = one;
        }
    }
    return worst;
}

static enum outcome create(struct client *client, rd_kafka_NewTopic_t **topics,
                           size_t count, int timeout_ms, size_t *created, struct err *e)
{
    rd_kafka_AdminOptions_t *options =
        admin_options(client->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client->rk);
    rd_kafka_event_t *event;
    enum outcome outcome;

    rd_kafka_CreateTopics(client->rk, topics, count, options, queue);
    event = rd_kafka_queue_poll(queue, timeout_ms + 1000);
    outcome = read_results(event, created, e);
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    e->outcome = outcome;
    return add_reason(client, e);
}

enum outcome kafka_create_topics(const struct kafka_properties *properties,
                                 const struct kafka_topic *topics, size_t count,
                                 int timeout_ms, size_t *created, struct err *e)
{
    static const struct setting none[] = {{NULL, NULL}};
    rd_kafka_conf_t *conf;
    rd_kafka_NewTopic_t **list;
    struct client client = {0};
    size_t made = 0;

    *created = 0;
    e->outcome = DONE;
    conf = conf_new(properties, none, none, e);
    if (!conf || client_open(&client, RD_KAFKA_PRODUCER, conf, e))
        return e->outcome;
    list = xcalloc(count + 1, sizeof *list);
    while (made < count && (list[made] = new_topic(&topics[made], e)) != NULL)
        made++;
    if (made == count && count > 0)
        create(&client, list, count, timeout_ms, created, e);
    rd_kafka_NewTopic_destroy_array(list, made);
    free(list);
    rd_kafka_destroy(client.rk);
    return e->outcome;
}

/* ---- looking at topics ---- */

struct finding {
    const char *const *names;
    size_t count;
    struct kafka_topic_found *found;
};

static struct kafka_topic_found *found_of(const struct finding *finding, const char *name)
{
    for (size_t i = 0; i < finding->count; i++)
        if (strcmp(finding->names[i], name) == 0)
            return &finding->found[i];
    return NULL;
}

static enum outcome read_partitions(rd_kafka_event_t *event,
                                    const struct finding *finding, struct err *e)
{
    const rd_kafka_TopicDescription_t **topics;
    size_t told;

    if (!event)
        return err_set(e, RETRY, "no broker answered");
    if (rd_kafka_event_error(event))
        return fail(e, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
    topics = rd_kafka_DescribeTopics_result_topics(
        rd_kafka_event_DescribeTopics_result(event), &told);
    for (size_t i = 0; i < told; i++) {
        const rd_kafka_error_t *error = rd_kafka_TopicDescription_error(topics[i]);
        struct kafka_topic_found *found =
            found_of(finding, rd_kafka_TopicDescription_name(topics[i]));
        size_t partitions = 0;

        if (rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            continue;
        if (rd_kafka_error_code(error))
            return fail(e, rd_kafka_error_code(error), rd_kafka_error_string(error));
        rd_kafka_TopicDescription_partitions(topics[i], &partitions);
        if (found)
            found->partitions = (int)partitions;
    }
    return DONE;
}

static enum outcome find_partitions(struct client *client, const struct finding *finding,
                                    int timeout_ms, struct err *e)
{
    rd_kafka_AdminOptions_t *options =
        admin_options(client->rk, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, timeout_ms);
    rd_kafka_TopicCollection_t *topics = rd_kafka_TopicCollection_of_topic_names(
        (const char **)(uintptr_t)finding->names, finding->count);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client->rk);
    rd_kafka_event_t *event;

    rd_kafka_DescribeTopics(client->rk, topics, options, queue);
    event = rd_kafka_queue_poll(queue, timeout_ms + 1000);
    read_partitions(event, finding, e);
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_TopicCollection_destroy(topics);
    rd_kafka_AdminOptions_destroy(options);
    return add_reason(client, e);
}

static void read_settings(const rd_kafka_ConfigResource_t *topic,
                          const struct finding *finding)
{
    struct kafka_topic_found *found =
        found_of(finding, rd_kafka_ConfigResource_name(topic));
    size_t count;
    const rd_kafka_ConfigEntry_t **entries =
        rd_kafka_ConfigResource_configs(topic, &count);

    for (size_t i = 0; found && i < count; i++) {
        const char *name = rd_kafka_ConfigEntry_name(entries[i]);
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);

        if (!value)
            continue;
        if (strcmp(name, "cleanup.policy") == 0)
            snprintf(found->cleanup_policy, sizeof found->cleanup_policy, "%s", value);
        else if (strcmp(name, "compression.type") == 0)
            snprintf(found->compression, sizeof found->compression, "%s", value);
        else if (strcmp(name, "retention.ms") == 0)
            found->retention_ms = strtoll(value, NULL, 10);
    }
}

static enum outcome read_configs(rd_kafka_event_t *event, const struct finding *finding,
                                 struct err *e)
{
    const rd_kafka_ConfigResource_t **topics;
    size_t count;

    if (!event)
        return err_set(e, RETRY, "settings of topics: no broker answered");
    if (rd_kafka_event_error(event)) {
        fail(e, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
        return err_wrap(e, "settings of topics");
    }
    topics = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &count);
    for (size_t i = 0; i < count; i++)
        read_settings(topics[i], finding);
    return DONE;
}

/* Of one that may not be asked about nothing is said. */
static enum outcome find_settings(struct client *client, const struct finding *finding,
                                  int timeout_ms, struct err *e)
{
    rd_kafka_AdminOptions_t *options =
        admin_options(client->rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client->rk);
    rd_kafka_ConfigResource_t **list = xcalloc(finding->count + 1, sizeof *list);
    rd_kafka_event_t *event;
    enum outcome outcome;

    for (size_t i = 0; i < finding->count; i++)
        list[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, finding->names[i]);
    rd_kafka_DescribeConfigs(client->rk, list, finding->count, options, queue);
    event = rd_kafka_queue_poll(queue, timeout_ms + 1000);
    outcome = read_configs(event, finding, e);
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_ConfigResource_destroy_array(list, finding->count);
    free(list);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    return outcome;
}

enum outcome kafka_find_topics(const struct kafka_properties *properties,
                               const char *const *names, size_t count, int timeout_ms,
                               struct kafka_topic_found *found, struct err *e)
{
    static const struct setting none[] = {{NULL, NULL}};
    rd_kafka_conf_t *conf;
    struct finding finding = {names, count, found};
    struct client client = {0};

    memset(found, 0, count * sizeof *found);
    e->outcome = DONE;
    conf = conf_new(properties, none, none, e);
    if (!conf || client_open(&client, RD_KAFKA_PRODUCER, conf, e))
        return e->outcome;
    if (!find_partitions(&client, &finding, timeout_ms, e))
        find_settings(&client, &finding, timeout_ms, e);
    rd_kafka_destroy(client.rk);
    return e->outcome;
}

const char *kafka_version(void)
{
    return rd_kafka_version_str();
}
