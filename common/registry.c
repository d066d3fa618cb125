/* registry.c - asks a schema registry, by libcurl. */
#include "common/registry.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/schema_answer.h"
#include "common/secret.h"

enum {
    CONNECT_MS = 2000,
    WHOLE_MS = 5000,
    MOST_BYTES = 1 << 20,
    NO_SUCH_SUBJECT = 40401, /* in the body of a 404 */
    NO_SUCH_SCHEMA = 40403
};

struct registry {
    const struct registry_settings *settings;
    const char *url;
    bool was_let_in; /* then a refused login has a password that is being replaced */
    CURL *curl;
    struct curl_slist *headers;
    struct text body;
    bool is_too_large;
    char reason[CURL_ERROR_SIZE];
};

/* ---- settings ---- */

static bool has_part(CURLU *url, CURLUPart part)
{
    char *value = NULL;
    bool has = curl_url_get(url, part, &value, 0) == CURLUE_OK;

    curl_free(value);
    return has;
}

static enum outcome check_url(const char *text, struct err *e)
{
    CURLU *url = curl_url();
    enum outcome outcome = DONE;

    if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK
        || (strncasecmp(text, "http://", 7) != 0
            && strncasecmp(text, "https://", 8) != 0))
        outcome = err_exit(e, EX_CONFIG, "registry_url is no URL of http or https");
    else if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
        outcome = err_exit(e, EX_CONFIG,
                           "registry_url must not hold a user or password: use "
                           "registry_user and registry_password_file");
    else if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
        outcome = err_exit(e, EX_CONFIG, "registry_url must end with its path");
    curl_url_cleanup(url);
    return outcome;
}

static enum outcome check_login(const struct registry_settings *settings,
                                const char *keys[2], struct err *e)
{
    if (!settings->user == !settings->password_file)
        return DONE;
    keys[0] = settings->user ? "registry_user" : "registry_password_file";
    return err_exit(e, EX_CONFIG,
                    "registry_user and registry_password_file belong together");
}

enum outcome registry_check(const struct registry_settings *settings, const char *keys[2],
                            struct err *e)
{
    if (!settings->url)
        return DONE;
    keys[0] = "registry_url";
    if (check_url(settings->url, e) || check_login(settings, keys, e))
        return e->outcome;
    keys[0] = "registry_ca_file";
    return settings->ca_file && access(settings->ca_file, R_OK) != 0 ? err_exit(
               e, EX_CONFIG, "registry_ca_file %s cannot be read", settings->ca_file)
                                                                     : DONE;
}

static size_t take_body(char *bytes, size_t one, size_t size, void *context)
{
    struct registry *registry = context;

    (void)one;
    registry->is_too_large = size > MOST_BYTES - registry->body.size;
    if (registry->is_too_large)
        return CURL_WRITEFUNC_ERROR;
    text_add(&registry->body, bytes, size);
    return size;
}

/* Before each request, for the password may have been replaced. */
static enum outcome set_login(struct registry *registry, struct err *e)
{
    const struct registry_settings *settings = registry->settings;
    char password[SECRET_BYTES];

    if (!settings->user)
        return DONE;
    if (secret_read(settings->password_file, password, sizeof password, e)) {
        e->outcome = registry->was_let_in ? RETRY : FATAL;
        return e->outcome;
    }
    curl_easy_setopt(registry->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(registry->curl, CURLOPT_USERNAME, settings->user);
    curl_easy_setopt(registry->curl, CURLOPT_PASSWORD, password);
    explicit_bzero(password, sizeof password);
    return DONE;
}

static void set_options(struct registry *registry,
                        const struct registry_settings *settings)
{
    static const char *const headers[] = {
        "Accept: application/vnd.schemaregistry.v1+json, application/json",
        "Content-Type: application/vnd.schemaregistry.v1+json",
        "Expect:", /* nobody is asked before a body is sent */
    };
    CURL *curl = registry->curl;

    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        registry->headers = curl_slist_append(registry->headers, headers[i]);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, registry->headers);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)WHOLE_MS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM                                                                  \
    >= 0x075700 /* 7.87: a name that is being looked up is not waited for any longer either */
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
#endif
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, registry->reason);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, registry);
    if (settings->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, settings->ca_file);
}

struct registry *registry_open(const struct registry_settings *settings, struct err *e)
{
    struct registry *registry = xcalloc(1, sizeof *registry);
    const char *keys[2];

    registry->settings = settings;
    registry->url = settings->url;
    registry->curl = curl_easy_init();
    if (!registry->curl)
        err_set(e, FATAL, "libcurl cannot be used");
    else if (!registry_check(settings, keys, e) && !set_login(registry, e)) {
        set_options(registry, settings);
        return registry;
    }
    registry_close(registry);
    return NULL;
}

void registry_close(struct registry *registry)
{
    if (!registry)
        return;
    curl_easy_cleanup(registry->curl);
    curl_slist_free_all(registry->headers);
    text_free(&registry->body);
    free(registry);
}

/* ---- asking ---- */

/* The body of the answer is in registry->body. body: NULL, nothing is sent with it (GET). */
static enum outcome ask(struct registry *registry, const char *path, const char *body,
                        long *status, struct err *e)
{
    struct text url = {0};
    size_t length = strlen(registry->url);
    CURLcode code;

    if (set_login(registry, e))
        return e->outcome;
    while (length > 0 && registry->url[length - 1] == '/')
        length--;
    text_format(&url, "%.*s%s", (int)length, registry->url, path);
    curl_easy_setopt(registry->curl, CURLOPT_URL, url.bytes);
    text_free(&url);
    if (body)
        curl_easy_setopt(registry->curl, CURLOPT_COPYPOSTFIELDS, body);
    else
        curl_easy_setopt(registry->curl, CURLOPT_HTTPGET, 1L);
    text_clear(&registry->body);
    registry->is_too_large = false;
    registry->reason[0] = '\0';
    code = curl_easy_perform(registry->curl);
    *status = 0;
    curl_easy_getinfo(registry->curl, CURLINFO_RESPONSE_CODE, status);
    registry->was_let_in |= *status == 200;
    if (code == CURLE_OK || registry->is_too_large)
        return DONE;
    return err_set(e, RETRY, "%s",
                   registry->reason[0] ? registry->reason : curl_easy_strerror(code));
}

/* What a status means that no call expects. */
static enum outcome judge(const struct registry *registry, long status, struct err *e)
{
    if (status == 401 && registry->was_let_in)
        return err_set(e, RETRY,
                       "HTTP status 401: it does not let registry_user in any more");
    if (status == 401 || status == 403)
        return err_exit(e, EX_NOPERM, "HTTP status %ld: check registry_user", status);
    if (status == 408 || status == 429 || status >= 500 || status < 300)
        return err_set(e, RETRY, "HTTP status %ld", status);
    return err_exit(e, EX_CONFIG,
                    "HTTP status %ld: registry_url is not that of a schema registry",
                    status);
}

static enum outcome refuse(enum registry_answer *answer, struct text *text,
                           const char *why)
{
    *answer = REGISTRY_REFUSED;
    text_add_string(text, why);
    return DONE;
}

static enum outcome read_schema(struct registry *registry, enum registry_answer *answer,
                                struct text *text, struct err *e)
{
    struct schema_answer said;
    enum outcome outcome = DONE;

    if (registry->is_too_large)
        return refuse(answer, text, "the registry's answer is larger than 1 MiB");
    if (!registry->body.size
        || !schema_read_answer(registry->body.bytes, registry->body.size, &said))
        return err_set(e, RETRY, "the answer is no JSON object");
    if (!said.is_avro)
        outcome = refuse(answer, text, "the registry's schema is not of type AVRO");
    else if (said.has_references)
        outcome = refuse(answer, text, "the registry's schema has references to others");
    else if (!said.schema)
        outcome = err_set(e, RETRY, "the answer has no schema");
    else
        text_add_string(text, said.schema);
    free(said.schema);
    return outcome;
}

/* The error code in the body; 0: none. */
static int64_t error_code(const struct registry *registry)
{
    struct schema_answer said = {0};

    if (registry->body.size > 0)
        schema_read_answer(registry->body.bytes, registry->body.size, &said);
    free(said.schema);
    return said.error_code;
}

enum outcome registry_schema(struct registry *registry, uint32_t id,
                             enum registry_answer *answer, struct text *text,
                             struct err *e)
{
    char path[40];
    long status;

    text_clear(text);
    *answer = REGISTRY_SCHEMA;
    snprintf(path, sizeof path, "/schemas/ids/%" PRIu32, id);
    if (ask(registry, path, NULL, &status, e))
        return e->outcome;
    if (status == 200)
        return read_schema(registry, answer, text, e);
    if (status != 404 || error_code(registry) != NO_SUCH_SCHEMA)
        return judge(registry, status, e);
    *answer = REGISTRY_UNKNOWN;
    return DONE;
}

/* ---- registering ---- */

static enum outcome read_number(const struct registry *registry, uint32_t *id,
                                struct err *e)
{
    struct schema_answer said = {0};

    if (registry->body.size > 0)
        schema_read_answer(registry->body.bytes, registry->body.size, &said);
    free(said.schema);
    if (said.id < 1 || said.id > UINT32_MAX)
        return err_set(e, RETRY, "the answer has no number");
    *id = (uint32_t)said.id;
    return DONE;
}

/* One of the two ways to ask for the number of a schema under a subject. *is_there: false, the registry has no such
 * thing there. */
static enum outcome ask_number(struct registry *registry, const char *subject,
                               const char *way, const char *body, bool *is_there,
                               uint32_t *id, struct err *e)
{
    struct text path = {0};
    long status = 0;
    enum outcome outcome;

    text_format(&path, "/subjects/%s%s", subject, way);
    outcome = ask(registry, path.bytes, body, &status, e);
    text_free(&path);
    *is_there = status == 200;
    if (outcome)
        return outcome;
    if (status == 200)
        return read_number(registry, id, e);
    if (status == 404
        && (error_code(registry) == NO_SUCH_SCHEMA
            || error_code(registry) == NO_SUCH_SUBJECT))
        return DONE;
    if (status == 409 || status == 422)
        return err_set(e, REJECT,
                       "HTTP status %ld: the registry does not take the schema", status);
    return judge(registry, status, e);
}

enum outcome registry_number(struct registry *registry, const char *subject,
                             const char *schema, uint32_t *id, struct err *e)
{
    struct text body = {0};
    bool is_there = false;
    enum outcome outcome;

    text_add_string(&body, "{\"schema\":");
    text_add_json_string(&body, schema, strlen(schema));
    text_add_string(&body, "}");
    outcome = ask_number(registry, subject, "", body.bytes, &is_there, id, e);
    if (!outcome && !is_there)
        outcome =
            ask_number(registry, subject, "/versions", body.bytes, &is_there, id, e);
    text_free(&body);
    if (!outcome && !is_there)
        outcome = err_set(e, RETRY, "the registry has no subject and makes none");
    return outcome ? err_wrap(e, "schema registry, subject %s", subject) : DONE;
}
