/* registry.c - asks a schema registry, by libcurl. */
#include "common/registry.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/schema.h"
#include "common/secret.h"

enum {
    CONNECT_MS = 2000,
    WHOLE_MS = 5000,
    MOST_BYTES = 1 << 20,
    NO_SUCH_SCHEMA = 40403 /* in the body of a 404 */
};

struct registry {
    const char *url;
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

static enum outcome set_login(struct registry *registry,
                              const struct registry_settings *settings, struct err *e)
{
    char password[SECRET_BYTES];

    if (!settings->user && !settings->password_file)
        return DONE;
    if (!settings->user || !settings->password_file)
        return err_exit(e, EX_CONFIG,
                        "registry_user and registry_password_file belong together");
    if (secret_read(settings->password_file, password, sizeof password, e))
        return e->outcome;
    curl_easy_setopt(registry->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(registry->curl, CURLOPT_USERNAME, settings->user);
    curl_easy_setopt(registry->curl, CURLOPT_PASSWORD, password);
    explicit_bzero(password, sizeof password);
    return DONE;
}

static enum outcome set_options(struct registry *registry,
                                const struct registry_settings *settings, struct err *e)
{
    CURL *curl = registry->curl;

    registry->headers = curl_slist_append(
        NULL, "Accept: application/vnd.schemaregistry.v1+json, application/json");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, registry->headers);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)WHOLE_MS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, registry->reason);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, registry);
    if (settings->ca_file && access(settings->ca_file, R_OK) != 0)
        return err_exit(e, EX_CONFIG, "registry_ca_file %s cannot be read",
                        settings->ca_file);
    if (settings->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, settings->ca_file);
    return set_login(registry, settings, e);
}

struct registry *registry_open(const struct registry_settings *settings, struct err *e)
{
    struct registry *registry = xcalloc(1, sizeof *registry);

    registry->url = settings->url;
    registry->curl = curl_easy_init();
    if (!registry->curl)
        err_set(e, FATAL, "libcurl cannot be used");
    else if (!check_url(settings->url, e) && !set_options(registry, settings, e))
        return registry;
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

/* The body of the answer is in registry->body. */
static enum outcome get(struct registry *registry, uint32_t id, long *status,
                        struct err *e)
{
    struct text url = {0};
    size_t length = strlen(registry->url);
    CURLcode code;

    while (length > 0 && registry->url[length - 1] == '/')
        length--;
    text_format(&url, "%.*s/schemas/ids/%" PRIu32, (int)length, registry->url, id);
    curl_easy_setopt(registry->curl, CURLOPT_URL, url.bytes);
    text_free(&url);
    text_clear(&registry->body);
    registry->is_too_large = false;
    registry->reason[0] = '\0';
    code = curl_easy_perform(registry->curl);
    *status = 0;
    curl_easy_getinfo(registry->curl, CURLINFO_RESPONSE_CODE, status);
    if (code == CURLE_OK || registry->is_too_large)
        return DONE;
    return err_set(e, RETRY, "%s",
                   registry->reason[0] ? registry->reason : curl_easy_strerror(code));
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

static bool is_no_such_schema(const struct registry *registry)
{
    struct schema_answer said = {0};
    bool is = registry->body.size > 0
              && schema_read_answer(registry->body.bytes, registry->body.size, &said)
              && said.error_code == NO_SUCH_SCHEMA;

    free(said.schema);
    return is;
}

enum outcome registry_schema(struct registry *registry, uint32_t id,
                             enum registry_answer *answer, struct text *text,
                             struct err *e)
{
    long status;

    text_clear(text);
    *answer = REGISTRY_SCHEMA;
    if (get(registry, id, &status, e))
        return e->outcome;
    if (status == 200)
        return read_schema(registry, answer, text, e);
    if (status == 404 && is_no_such_schema(registry)) {
        *answer = REGISTRY_UNKNOWN;
        return DONE;
    }
    if (status == 401 || status == 403)
        return err_exit(e, EX_NOPERM, "HTTP status %ld: check registry_user", status);
    if (status == 408 || status == 429 || status >= 500 || status < 300)
        return err_set(e, RETRY, "HTTP status %ld", status);
    return err_exit(e, EX_CONFIG,
                    "HTTP status %ld: registry_url is not that of a schema registry",
                    status);
}
