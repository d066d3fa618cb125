/* http.c - the only user of microhttpd.h. */
#include "common/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/text.h"

enum {
    CONNECTIONS = 16,
    SILENCE_S = 5, /* of a client, before its connection is closed */
    CONNECTION_BYTES = 8 << 10,
    STACK_BYTES = 128 << 10,
    ANSWER_BYTES = 1 << 20, /* of one that is asked for */
    ADDRESS_SIZE = NI_MAXHOST + 16
};

struct http {
    const struct http_route *routes;
    struct MHD_Daemon *daemon;
    char address[ADDRESS_SIZE];
};

/* ---- answering ---- */

static enum MHD_Result respond(struct MHD_Connection *connection, int status,
                               const char *content_type, const struct text *body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->size, body->bytes, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result;

    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    result = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return result;
}

static int make_answer(const struct http *http, const char *method, const char *path,
                       const char **content_type, struct text *body)
{
    *content_type = "text/plain; charset=utf-8";
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0
        && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        text_add_string(body, "only GET is answered\n");
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    }
    for (const struct http_route *route = http->routes; route->path; route++)
        if (strcmp(route->path, path) == 0) {
            *content_type = route->content_type;
            return route->answer(body);
        }
    text_add_string(body, "there is:");
    for (const struct http_route *route = http->routes; route->path; route++)
        text_format(body, " %s", route->path);
    text_add_string(body, "\n");
    return MHD_HTTP_NOT_FOUND;
}

/* Called again with the same connection until the head is read; a body is thrown away. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method,
                                  const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    static char has_head;
    struct text body = {0};
    const char *content_type;
    enum MHD_Result result;
    int status;

    (void)version;
    (void)upload;
    if (!*state) {
        *state = &has_head;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    status = make_answer(context, method, path, &content_type, &body);
    result = respond(connection, status, content_type, &body);
    text_free(&body);
    return result;
}

/* ---- the socket ---- */

/* "[::1]:80" is "::1" and "80". */
static bool split(const char *listen, char *host, size_t room, const char **port)
{
    const char *colon = strrchr(listen, ':');
    size_t size = colon ? (size_t)(colon - listen) : 0;
    bool has_brackets = size > 2 && listen[0] == '[' && listen[size - 1] == ']';

    if (size == 0 || text_port(colon + 1, strlen(colon + 1)) < 0 || size >= room)
        return false;
    if (has_brackets)
        snprintf(host, room, "%.*s", (int)size - 2, listen + 1);
    else
        snprintf(host, room, "%.*s", (int)size, listen);
    *port = colon + 1;
    return has_brackets || !strchr(host, ':');
}

static int bind_to(const struct addrinfo *info)
{
    int one = 1, handle;

    handle = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC, 0);
    if (handle < 0)
        return -1;
    setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(handle, info->ai_addr, info->ai_addrlen) == 0
        && listen(handle, CONNECTIONS) == 0)
        return handle;
    one = errno;
    close(handle);
    errno = one;
    return -1;
}

enum outcome http_check(const char *listen, struct err *e)
{
    char host[256];
    const char *port;

    return split(listen, host, sizeof host, &port)
               ? DONE
               : err_exit(e, EX_CONFIG,
                          "http_listen: \"%s\" is no HOST:PORT, as in 127.0.0.1:9464",
                          listen);
}

/* NULL: *e is FATAL 78. */
static struct addrinfo *find_address(const char *where, struct err *e)
{
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    char host[256];
    const char *port;
    int wrong;

    if (http_check(where, e))
        return NULL;
    split(where, host, sizeof host, &port);
    wrong = getaddrinfo(host, port, &wanted, &found);
    if (wrong)
        err_exit(e, EX_CONFIG, "http_listen: \"%s\": %s", where, gai_strerror(wrong));
    return wrong ? NULL : found;
}

static int open_socket(const char *where, struct err *e)
{
    struct addrinfo *found;
    int handle;

    if (!(found = find_address(where, e)))
        return -1;
    handle = bind_to(found);
    if (handle < 0)
        err_exit(e, EX_UNAVAILABLE, "http_listen: %s cannot be listened at: %s", where,
                 strerror(errno));
    freeaddrinfo(found);
    return handle;
}

static void name_address(struct http *http, int handle)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char host[NI_MAXHOST] = "?", port[8] = "?";

    if (getsockname(handle, (struct sockaddr *)&address, &size) == 0)
        getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port,
                    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(http->address, sizeof http->address, strchr(host, ':') ? "[%s]:%s" : "%s:%s",
             host, port);
}

struct http *http_open(const char *listen, const struct http_route *routes, struct err *e)
{
    struct http *http = xcalloc(1, sizeof *http);
    int handle = open_socket(listen, e);

    if (handle < 0) {
        free(http);
        return NULL;
    }
    http->routes = routes;
    name_address(http, handle);
    http->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL, on_request, http,
        MHD_OPTION_LISTEN_SOCKET, handle, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES, MHD_OPTION_END);
    if (http->daemon)
        return http;
    err_exit(e, EX_OSERR, "http_listen: the server's thread cannot be started");
    close(handle);
    free(http);
    return NULL;
}

void http_close(struct http *http)
{
    if (!http)
        return;
    MHD_stop_daemon(http->daemon);
    free(http);
}

const char *http_address(const struct http *http)
{
    return http->address;
}

/* ---- asking ---- */

static int connect_to(const struct addrinfo *info)
{
    const struct timeval limit = {.tv_sec = SILENCE_S};
    int handle = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC, 0);

    if (handle < 0)
        return -1;
    setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(handle, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(handle, info->ai_addr, info->ai_addrlen) == 0)
        return handle;
    close(handle);
    return -1;
}

/* HTTP/1.0, so that the answer ends with its connection. */
static bool exchange(int handle, const char *path, struct text *answer)
{
    struct text request = {0};
    char part[4096];
    ssize_t size;

    text_format(&request, "GET %s HTTP/1.0\r\n\r\n", path);
    size = send(handle, request.bytes, request.size, MSG_NOSIGNAL);
    if (size != (ssize_t)request.size)
        size = -1;
    text_free(&request);
    while (size > 0 && answer->size < ANSWER_BYTES)
        if ((size = recv(handle, part, sizeof part, 0)) > 0)
            text_add(answer, part, (size_t)size);
    return size == 0;
}

enum outcome http_get(const char *address, const char *path, int *status,
                      struct text *body, struct err *e)
{
    struct addrinfo *found = find_address(address, e);
    struct text answer = {0};
    const char *end = NULL;
    int handle;

    if (!found)
        return e->outcome;
    handle = connect_to(found);
    freeaddrinfo(found);
    if (handle >= 0 && exchange(handle, path, &answer)
        && sscanf(answer.bytes, "HTTP/1.%*1d %3d", status) == 1)
        end = strstr(answer.bytes, "\r\n\r\n");
    if (handle >= 0)
        close(handle);
    if (end)
        text_add_string(body, end + 4);
    text_free(&answer);
    return end ? DONE : err_set(e, RETRY, "%s does not answer", address);
}
