/* crew.c - orders in, actions out, when it is time for each. */
#include "producers/simulate/crew.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/json.h"
#include "producers/simulate/child.h"
#include "producers/simulate/crew_plan.h"
#include "producers/simulate/desk.h"
#include "producers/simulate/world.h"

enum { UNITS = 32, MOST_WAITING_BYTES = 1 << 16, LONGEST_POLL_MS = 100 };

/* One unit, and the program that reads its orders. */
struct post {
    char unit[CREW_NAME];
    struct child orders;
};

/* An order that is being acted out. */
struct job {
    struct job *next;
    struct post *post;
    struct crew_order order;
    struct crew_plan plan;
    int64_t begun_ms;      /* when it was read */
    size_t sent, accepted; /* of the plan's steps */
    bool is_recalled;
};

/* A line sent to the producer, until its receipt. */
struct line_sent {
    struct line_sent *next;
    struct job *job;
};

struct crew {
    const struct crew_settings *settings;
    const volatile bool *stop;
    struct post posts[UNITS];
    size_t post_count;
    struct child producer;
    struct simulate_stream *stream; /* writes lines */
    struct job *jobs;
    struct line_sent *first_line, **last_line;
    uint64_t lines_sent, lines_answered, refused;
    uint64_t orders, actions;
    int64_t until_us;
    int64_t busy_ms; /* when there was something to do last */
    FILE *truth;
};

static const char *const truth_header =
    "# order_id\tcase_id\tkind\tunit\toutcome\tversion\tlate\n";

/* ---- beginning ---- */

static enum outcome read_units(struct crew *crew, struct err *e)
{
    for (const char *name = crew->settings->units; name;) {
        size_t size = strcspn(name, ",");
        bool is_plain = size > 0 && size < CREW_NAME;

        for (size_t i = 0; is_plain && i < size; i++)
            is_plain = isalnum((unsigned char)name[i]) || strchr("-_.", name[i]);
        if (!is_plain || crew->post_count == UNITS)
            return err_exit(e, EX_USAGE,
                            "units: up to %d codes of letters, digits and '-', '_', '.'",
                            UNITS);
        memcpy(crew->posts[crew->post_count++].unit, name, size);
        name = name[size] ? name + size + 1 : NULL;
    }
    return DONE;
}

static enum outcome read_until(struct crew *crew, struct err *e)
{
    const char *text = crew->settings->until;
    const char *wrong = text ? clock_parse(text, strlen(text), &crew->until_us) : NULL;

    if (!text)
        crew->until_us = INT64_MAX;
    return wrong ? err_exit(e, EX_USAGE, "until: \"%s\" %s", text, wrong) : DONE;
}

static enum outcome open_truth(struct crew *crew, struct err *e)
{
    char path[PATH_MAX];

    if (mkdir(crew->settings->dir, 0777) && errno != EEXIST)
        return err_exit(e, EX_CANTCREAT, "making %s: %m", crew->settings->dir);
    snprintf(path, sizeof path, "%s/crew.tsv", crew->settings->dir);
    crew->truth = fopen(path, "ae");
    if (!crew->truth)
        return err_exit(e, EX_CANTCREAT, "opening %s: %m", path);
    if (fseek(crew->truth, 0, SEEK_END) == 0 && ftell(crew->truth) == 0)
        fputs(truth_header, crew->truth);
    return DONE;
}

/* Runs DIR/PROGRAM with its own arguments, the name space, and those passed on; all of them, or only Kafka's. */
static enum outcome start(const struct crew *crew, struct child *child,
                          const char *program, const char *const *own, size_t own_count,
                          bool only_kafka, struct err *e)
{
    const struct crew_settings *s = crew->settings;
    char path[PATH_MAX];
    const char **argv = xcalloc(own_count + s->passed_on.count + 4, sizeof *argv);
    size_t count = 1;

    snprintf(path, sizeof path, "%s/%s", s->bin_dir, program);
    argv[0] = path;
    for (size_t i = 0; i < own_count; i++)
        argv[count++] = own[i];
    if (s->name_space) {
        argv[count++] = "--namespace";
        argv[count++] = s->name_space;
    }
    for (size_t i = 0; i < s->passed_on.count; i++)
        if (!only_kafka || strncmp(s->passed_on.items[i], "--kafka.", 8) == 0)
            argv[count++] = s->passed_on.items[i];
    child_start(child, (char *const *)argv, e);
    free(argv);
    return e->outcome;
}

static enum outcome start_orders(const struct crew *crew, struct post *post,
                                 struct err *e)
{
    char state[PATH_MAX];

    snprintf(state, sizeof state, "%s/orders-%s.db", crew->settings->dir, post->unit);
    const char *const own[] = {"--ack", "--unit", post->unit, "--state", state};
    return start(crew, &post->orders, "gridloop-orders", own, sizeof own / sizeof *own,
                 true, e);
}

static enum outcome start_producer(struct crew *crew, struct err *e)
{
    char spool[PATH_MAX], rejects[PATH_MAX];

    snprintf(spool, sizeof spool, "%s/crew.spool", crew->settings->dir);
    snprintf(rejects, sizeof rejects, "%s/crew.rejects", crew->settings->dir);
    const char *const own[] = {"--spool", spool,        "--rejects",
                               rejects,   "--receipts", "line"};
    return start(crew, &crew->producer, "gridloop-produce-case-action", own,
                 sizeof own / sizeof *own, false, e);
}

static enum outcome begin(struct crew *crew, struct err *e)
{
    const struct simulate_settings world = {.seed = crew->settings->seed,
                                            .day_events = 1};

    if (read_units(crew, e) || read_until(crew, e) || open_truth(crew, e)
        || start_producer(crew, e))
        return e->outcome;
    for (size_t i = 0; i < crew->post_count; i++)
        if (start_orders(crew, &crew->posts[i], e))
            return e->outcome;
    crew->stream = simulate_open(&world);
    crew->last_line = &crew->first_line;
    crew->busy_ms = clock_monotonic_ms();
    return DONE;
}

/* ---- orders ---- */

static void copy_plain(char to[CREW_NAME], const char *text)
{
    size_t size = 0;

    for (; text && *text && size < CREW_NAME - 1; text++)
        if (isalnum((unsigned char)*text) || *text == '-')
            to[size++] = *text;
    to[size] = '\0';
}

static int64_t read_time(const struct json *value)
{
    const char *text = json_text(value);
    int64_t us = 0;

    return text && !clock_parse(text, strlen(text), &us) ? us : 0;
}

static bool read_id(const struct json *value, uint8_t id[UUID_SIZE])
{
    const char *text = json_text(value);

    return text && uuid_parse(id, text, strlen(text));
}

/* Of a code of two levels the second one counts. */
static unsigned find_category(const char *code)
{
    const char *last = code ? strrchr(code, '/') : NULL;

    for (unsigned i = 0; code && i < CATEGORIES; i++)
        if (strcmp(categories[i].code, last ? last + 1 : code) == 0)
            return i;
    return 0;
}

static struct simulate_position read_position(const struct json *order)
{
    double longitude = json_number(json_member(order, "wgs84_longitude"));
    double latitude = json_number(json_member(order, "wgs84_latitude"));

    if (!isfinite(longitude) || !isfinite(latitude))
        return (struct simulate_position){0, 0};
    return (struct simulate_position){(int32_t)lround(longitude * 1e7),
                                      (int32_t)lround(latitude * 1e7)};
}

/* What opened the case; SIMULATE_KINDS: nothing that a simulated crew knows. */
static enum simulate_kind read_kind(const char *name)
{
    static const struct {
        const char *name;
        enum simulate_kind kind;
    } known[] = {{"DRONE_ALERT", DRONE_ALERT}, {"PATROL_PROBLEM", PATROL_LOG}};

    for (size_t i = 0; name && i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].kind;
    return SIMULATE_KINDS;
}

static bool read_order(const struct json *json, const struct post *post,
                       struct crew_order *order)
{
    *order = (struct crew_order){
        .case_kind = read_kind(json_text(json_member(json, "case_kind"))),
        .version = (int)json_whole(json_member(json, "case_version")),
        .is_test = json_truth(json_member(json, "is_test")),
        .decided_us = read_time(json_member(json, "occurred_at")),
        .due_us = read_time(json_member(json, "due_at")),
        .category = find_category(json_text(json_member(json, "category_code"))),
        .position = read_position(json),
    };
    copy_plain(order->case_no, json_text(json_member(json, "case_no")));
    memcpy(order->unit, post->unit, sizeof order->unit);
    return read_id(json_member(json, "order_id"), order->order_id)
           && read_id(json_member(json, "case_id"), order->case_id);
}

/* ---- done ---- */

static void write_truth(struct crew *crew, const struct crew_order *order,
                        const char *kind, const char *outcome, int version, bool is_late)
{
    char order_id[UUID_TEXT_SIZE], case_id[UUID_TEXT_SIZE];

    uuid_format(order_id, order->order_id);
    uuid_format(case_id, order->case_id);
    fprintf(crew->truth, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", order_id, case_id, kind,
            order->unit, outcome, version, is_late ? "late" : "-");
}

static void give_back(struct post *post, const struct crew_order *order)
{
    char id[UUID_TEXT_SIZE];

    uuid_format(id, order->order_id);
    text_format(&post->orders.waiting, "%s\n", id);
}

static void finish(struct crew *crew, const struct job *job)
{
    const struct crew_plan *plan = &job->plan;
    int version =
        job->sent ? plan->steps[job->sent - 1].case_version : job->order.version;

    write_truth(crew, &job->order, "DISPATCH",
                job->is_recalled ? "recalled" : plan->state, version, plan->is_late);
    give_back(job->post, &job->order);
}

/* What is all in the spool, or recalled with nothing on its way, is done. */
static void finish_jobs(struct crew *crew)
{
    for (struct job **at = &crew->jobs; *at;) {
        struct job *job = *at;

        if (job->accepted < job->sent
            || (!job->is_recalled && job->sent < job->plan.count)) {
            at = &job->next;
            continue;
        }
        finish(crew, job);
        *at = job->next;
        free(job);
    }
}

/* ---- what an order means ---- */

static const char *unit_beside(const struct crew *crew, const struct post *post)
{
    return crew->posts[(size_t)(post - crew->posts + 1) % crew->post_count].unit;
}

static void dispatch(struct crew *crew, struct post *post, const struct crew_order *order)
{
    struct job *job = xcalloc(1, sizeof *job);
    struct job **end = &crew->jobs;

    job->order = *order;
    job->post = post;
    job->begun_ms = clock_monotonic_ms();
    crew_plan(&job->plan, &job->order, crew->settings->seed, crew->settings->late_share,
              crew->until_us, unit_beside(crew, post));
    while (*end)
        end = &(*end)->next;
    *end = job;
}

/* The platform also recalls an order that its crew gave back, or found to be about nothing. */
static bool is_own_doing(const struct job *job, int version)
{
    size_t number = (size_t)(version - job->order.version - 1);
    const char *to = number < job->plan.count ? job->plan.steps[number].step->to : "";

    return strcmp(to, "RETURNED") == 0 || strcmp(to, "FALSE_ALARM") == 0;
}

static void recall(struct crew *crew, const struct crew_order *order)
{
    for (struct job *job = crew->jobs; job; job = job->next)
        if (memcmp(job->order.case_id, order->case_id, UUID_SIZE) == 0
            && job->order.version < order->version && !is_own_doing(job, order->version))
            job->is_recalled = true;
}

static void take_order(struct crew *crew, struct post *post,
                       const struct crew_order *order, const char *kind)
{
    bool is_dispatch = strcmp(kind, "DISPATCH") == 0;
    const char *outcome = "reminded";

    crew->orders++;
    if (is_dispatch && order->case_kind != SIMULATE_KINDS) {
        dispatch(crew, post, order);
        return;
    }
    if (strcmp(kind, "RECALL") == 0) {
        recall(crew, order);
        outcome = "recalled";
    }
    write_truth(crew, order, kind, is_dispatch ? "not_ours" : outcome, order->version,
                false);
    give_back(post, order);
}

static enum outcome take_line(struct crew *crew, struct post *post, const char *line,
                              size_t size, struct err *e)
{
    struct json *json = json_parse(line, size, e);
    const char *kind = json_text(json_member(json, "order_kind"));
    struct crew_order order;

    if (!json)
        return err_wrap(e, "gridloop-orders");
    if (kind && read_order(json, post, &order))
        take_order(crew, post, &order, kind);
    else
        err_set(e, FATAL, "gridloop-orders: not an order");
    json_free(json);
    return e->outcome;
}

/* ---- pipes ---- */

/* Calls take() with each whole line, and removes them. */
static enum outcome
take_lines(struct crew *crew, struct text *received, struct post *post,
           enum outcome (*take)(struct crew *crew, struct post *post, const char *line,
                                size_t size, struct err *e),
           struct err *e)
{
    size_t done = 0;
    char *end;

    while (done < received->size
           && (end = memchr(received->bytes + done, '\n', received->size - done))) {
        size_t size = (size_t)(end - received->bytes) - done;

        *end = '\0';
        if (take(crew, post, received->bytes + done, size, e))
            return e->outcome;
        crew->busy_ms = clock_monotonic_ms();
        done += size + 1;
    }
    if (done) {
        memmove(received->bytes, received->bytes + done, received->size - done);
        received->size -= done;
    }
    return DONE;
}

/* "12 019b8b5e-...": lines that were passed over are refused. */
static enum outcome take_receipt(struct crew *crew, struct post *post, const char *line,
                                 size_t size, struct err *e)
{
    uint64_t number = strtoull(line, NULL, 10);

    (void)post, (void)size;
    if (number <= crew->lines_answered || number > crew->lines_sent)
        return err_set(e, FATAL, "a receipt for line %" PRIu64 ", which waits for none",
                       number);
    while (crew->lines_answered < number) {
        struct line_sent *sent = crew->first_line;

        crew->refused += ++crew->lines_answered < number;
        sent->job->accepted++;
        crew->first_line = sent->next;
        if (!crew->first_line)
            crew->last_line = &crew->first_line;
        free(sent);
    }
    return DONE;
}

static bool is_due(const struct crew *crew, const struct job *job)
{
    const struct simulate_event *step = &job->plan.steps[job->sent];
    double wait_ms = crew->settings->time_lapse > 0
                         ? (double)(step->occurred_us - job->order.decided_us) / 1000
                               / crew->settings->time_lapse
                         : 0;

    return (double)(clock_monotonic_ms() - job->begun_ms) >= wait_ms;
}

static void send_step(struct crew *crew, struct job *job)
{
    struct line_sent *sent = xcalloc(1, sizeof *sent);

    simulate_write(crew->stream, &job->plan.steps[job->sent++], &crew->producer.waiting);
    sent->job = job;
    *crew->last_line = sent;
    crew->last_line = &sent->next;
    crew->lines_sent++;
    crew->actions++;
}

static void send_steps(struct crew *crew)
{
    for (struct job *job = crew->jobs; job; job = job->next)
        while (!job->is_recalled && job->sent < job->plan.count && is_due(crew, job)
               && child_waiting(&crew->producer) < MOST_WAITING_BYTES)
            send_step(crew, job);
}

static void wait_for_pipes(const struct crew *crew)
{
    struct pollfd fds[2 * (UNITS + 1)];

    child_poll(&crew->producer, fds);
    for (size_t i = 0; i < crew->post_count; i++)
        child_poll(&crew->posts[i].orders, &fds[2 * (i + 1)]);
    poll(fds, 2 * (crew->post_count + 1), LONGEST_POLL_MS);
}

static enum outcome serve(struct crew *crew, struct err *e)
{
    child_write(&crew->producer);
    child_read(&crew->producer);
    if (take_lines(crew, &crew->producer.received, NULL, take_receipt, e))
        return e->outcome;
    for (size_t i = 0; i < crew->post_count; i++) {
        struct post *post = &crew->posts[i];

        child_read(&post->orders);
        if (take_lines(crew, &post->orders.received, post, take_line, e))
            return e->outcome;
    }
    send_steps(crew);
    finish_jobs(crew);
    for (size_t i = 0; i < crew->post_count; i++)
        child_write(&crew->posts[i].orders);
    return fflush(crew->truth) ? err_exit(e, EX_IOERR, "writing crew.tsv: %m") : DONE;
}

/* ---- the end ---- */

static bool somebody_left(const struct crew *crew)
{
    bool left = crew->producer.out < 0;

    for (size_t i = 0; i < crew->post_count; i++)
        left = left || crew->posts[i].orders.out < 0;
    return left;
}

static bool is_idle(const struct crew *crew)
{
    return crew->settings->idle_s > 0 && !crew->jobs
           && (double)(clock_monotonic_ms() - crew->busy_ms)
                  >= crew->settings->idle_s * 1000;
}

/* Gives it what waits, and takes what it still says until it ends. */
static void let_end(struct child *child)
{
    struct pollfd fds[2];

    while (child->out >= 0) {
        child_write(child);
        if (!child_waiting(child))
            child_close_in(child);
        child_poll(child, fds);
        poll(fds, 2, LONGEST_POLL_MS);
        child_read(child);
    }
}

static int worse(int code, int other)
{
    return other ? other : code;
}

/* The producer first: its spool has what was acted out. */
static int end(struct crew *crew)
{
    int code;

    let_end(&crew->producer);
    code = child_end(&crew->producer);
    for (size_t i = 0; i < crew->post_count; i++) {
        let_end(&crew->posts[i].orders);
        code = worse(code, child_end(&crew->posts[i].orders));
    }
    return code;
}

static void free_crew(struct crew *crew)
{
    for (struct job *job = crew->jobs, *next; job; job = next) {
        next = job->next;
        free(job);
    }
    for (struct line_sent *line = crew->first_line, *next; line; line = next) {
        next = line->next;
        free(line);
    }
    simulate_close(crew->stream);
    if (crew->truth)
        fclose(crew->truth);
}

int crew_run(const struct crew_settings *settings, const volatile bool *stop,
             struct err *e)
{
    struct crew crew = {.settings = settings, .stop = stop, .producer = CHILD_NONE};
    int code;

    for (int i = 0; i < UNITS; i++)
        crew.posts[i].orders = CHILD_NONE;
    if (!begin(&crew, e))
        while (!*stop && !is_idle(&crew) && !somebody_left(&crew) && !serve(&crew, e))
            wait_for_pipes(&crew);
    code = end(&crew);
    if (!e->outcome)
        printf("%" PRIu64 " orders, %" PRIu64 " actions, %" PRIu64 " refused\n",
               crew.orders, crew.actions, crew.refused);
    free_crew(&crew);
    return e->outcome ? e->exit_code : code;
}
