/* dead_letter_replay.c - gridloopctl dead-letter replay: the same bytes, key and headers to the same topic again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/clock.h"
#include "common/kafka.h"
#include "common/point.h"
#include "consumers/runtime/headers.h"
#include "deploy/ctl/dead_letter.h"
#include "deploy/ctl/programs.h"

#define PROGRAM "gridloopctl dead-letter replay"
#define COUNT(table) (sizeof(table) / sizeof *(table))

enum {
    PAGE = 100, /* letters read and sent before their actions are written */
    POLL_MS = 100,
    MESSAGE_BYTES =
        2 << 20, /* what is whole is at most 64 KiB of value, key and headers beside it */
    MARK_BYTES = 48
};

struct replay {
    struct pg_settings database;
    struct letter_filter filter;
    struct kafka_properties kafka;
    bool all, dry_run;
    int64_t max, wait_s;
    const char *actor, *note;

    struct pg *pg;
    struct kafka_producer *producer;
    char cluster_id[KAFKA_ID_SIZE];
    struct arena *arena; /* of the letter being sent */
    const struct pg_result *page;
    bool persisted[PAGE];        /* by row */
    char reason[200];            /* why one was not */
    char source[16], offset[24]; /* of the last letter looked at */
    int64_t sent, refused;
};

#define AT(member) offsetof(struct replay, member)

static const struct option_row rows[] = {
    CTL_DATABASE_ROWS(struct replay, database),
    LETTER_FILTER_ROWS(struct replay, filter),
    {"all", OPTION_SWITCH, AT(all), NULL, 0, 0, NULL,
     "all open ones; needed where nothing else says which", false},
    {"max", OPTION_NUMBER, AT(max), "1000000000", 1, 1e9, NULL, "most letters sent",
     false},
    {"dry_run", OPTION_SWITCH, AT(dry_run), NULL, 0, 0, NULL,
     "say what would be sent, and change nothing", false},
    {"actor", OPTION_TEXT, AT(actor), NULL, 0, 0, "NAME",
     "who does it; the name of the user unless given", false},
    {"note", OPTION_TEXT, AT(note), NULL, 0, 0, NULL, "why, for those who read it later",
     false},
    {"wait", OPTION_NUMBER, AT(wait_s), "30", 1, 86400, NULL,
     "seconds to wait for Kafka before giving up", false},
};

const struct option_set dead_letter_replay_options = {
    .program = PROGRAM,
    .synopsis = "[OPTION...] [SOURCE/OFFSET...]",
    .purpose =
        "Sends dead letters to their topic again, by source and offset, so that those of "
        "one key keep their order. One that was not kept whole, or was sent three times "
        "already, is left out and named: exit code 65. A run that ends early may be "
        "repeated: at worst a letter is sent twice, and stored once.",
    .examples = "  gridloopctl dead-letter replay --kind drone_alert --reason "
                "schema_unknown --dry-run\n"
                "  gridloopctl dead-letter replay 3/1045",
    .rows = rows,
    .row_count = COUNT(rows),
    .kafka_offset = AT(kafka),
};

/* ---- one letter ------------------------------------------------------------------------------------ */

struct marks {
    char of[MARK_BYTES], count[MARK_BYTES];
};

static void make_marks(const struct replay *r, size_t row, struct marks *marks)
{
    snprintf(marks->of, sizeof marks->of, "%s/%s", pg_value(r->page, row, LETTER_SOURCE),
             pg_value(r->page, row, LETTER_OFFSET));
    snprintf(marks->count, sizeof marks->count, "%" PRId64,
             pg_number(r->page, row, LETTER_REPLAY_COUNT) + 1);
}

static bool is_mark(const char *name)
{
    return strcmp(name, HEADER_REPLAY_OF) == 0 || strcmp(name, HEADER_REPLAY_COUNT) == 0;
}

/* Those that came, without what an earlier replay said, and what this one says. */
static struct kafka_header *make_headers(struct replay *r, const struct pg_result *kept,
                                         const struct marks *marks, size_t *count)
{
    struct kafka_header *list =
        arena_take_array(r->arena, pg_rows(kept) + 2, sizeof *list);

    *count = 0;
    for (size_t row = 0; row < pg_rows(kept); row++) {
        struct kafka_header header;
        size_t size;
        uint8_t *name = letter_bytes(r->arena, kept, row, 0, &size);
        name[size] = '\0';
        header.name = (const char *)name;
        header.value = letter_bytes(r->arena, kept, row, 1, &header.size);
        if (!is_mark(header.name))
            list[(*count)++] = header;
    }
    list[(*count)++] =
        (struct kafka_header){HEADER_REPLAY_OF, marks->of, strlen(marks->of)};
    list[(*count)++] =
        (struct kafka_header){HEADER_REPLAY_COUNT, marks->count, strlen(marks->count)};
    return list;
}

static int64_t deadline_ms(const struct replay *r)
{
    return clock_monotonic_ms() + r->wait_s * 1000;
}

/* Polls while the queue is full or the topic not known yet. */
static enum outcome send_until(struct replay *r, size_t row,
                               const struct kafka_header *headers, size_t count,
                               struct err *e)
{
    int64_t end_ms = deadline_ms(r);
    size_t key_size, size;
    const uint8_t *key = letter_bytes(r->arena, r->page, row, LETTER_KEY, &key_size);
    const uint8_t *value = letter_bytes(r->arena, r->page, row, LETTER_VALUE, &size);

    while (kafka_producer_send(r->producer, pg_value(r->page, row, LETTER_TOPIC), key,
                               key_size, value, size, headers, count, row, e)
           == RETRY) {
        struct err of_poll;
        if (clock_monotonic_ms() >= end_ms)
            return RETRY;
        if (kafka_producer_poll(r->producer, POLL_MS, &of_poll) == FATAL) {
            *e = of_poll;
            return FATAL;
        }
    }
    return e->outcome;
}

static enum outcome send_letter(struct replay *r, size_t row, struct err *e)
{
    struct pg_result *kept;
    struct kafka_header *headers;
    struct marks marks;
    size_t count;

    arena_reset(r->arena, 1 << 20);
    if (letter_headers(r->pg, r->page, row, &kept, e))
        return e->outcome;
    make_marks(r, row, &marks);
    headers = make_headers(r, kept, &marks, &count);
    pg_result_free(kept);
    e->outcome = DONE;
    if (send_until(r, row, headers, count, e))
        return err_wrap(e, "%s", marks.of);
    return DONE;
}

static void print_row(const struct replay *r, size_t row, const char *what,
                      const char *why)
{
    printf("%s/%s %s %s: %s%s%s\n", pg_value(r->page, row, LETTER_SOURCE),
           pg_value(r->page, row, LETTER_OFFSET), pg_value(r->page, row, LETTER_KIND),
           pg_value(r->page, row, LETTER_REASON), what, why ? ": " : "", why ? why : "");
}

/* ---- a page of them -------------------------------------------------------------------------------- */

static void on_delivered(void *context, uint64_t tag, const struct kafka_place *place,
                         const char *reason)
{
    struct replay *r = context;

    r->persisted[tag] = place != NULL;
    if (!place)
        snprintf(r->reason, sizeof r->reason, "%s", reason);
}

static enum outcome await_delivery(struct replay *r, struct err *e)
{
    int64_t end_ms = deadline_ms(r);

    while (kafka_producer_pending(r->producer) > 0)
        if (kafka_producer_poll(r->producer, POLL_MS, e) == FATAL)
            return FATAL;
        else if (clock_monotonic_ms() >= end_ms)
            return err_set(e, RETRY, "no answer from Kafka for %" PRId64 " s", r->wait_s);
    return r->reason[0] ? err_set(e, RETRY, "not taken by Kafka: %s", r->reason) : DONE;
}

/* Why it is not sent; NULL: it can be. */
static const char *hindrance_of(const struct replay *r, size_t row)
{
    const char *hindrance = pg_value(r->page, row, LETTER_HINDRANCE);

    if (!hindrance && !r->dry_run
        && strcmp(pg_value(r->page, row, LETTER_CLUSTER), r->cluster_id) != 0)
        return "it came from another Kafka cluster";
    return hindrance;
}

/* Sends those of the page that can be; the others are named. *e keeps the first failure. */
static void send_page(struct replay *r, struct err *e)
{
    struct err of_wait = {0};

    for (size_t row = 0; row < pg_rows(r->page) && !e->outcome; row++) {
        const char *hindrance = hindrance_of(r, row);
        snprintf(r->source, sizeof r->source, "%s",
                 pg_value(r->page, row, LETTER_SOURCE));
        snprintf(r->offset, sizeof r->offset, "%s",
                 pg_value(r->page, row, LETTER_OFFSET));
        r->refused += hindrance != NULL;
        if (hindrance)
            print_row(r, row, "not sent", hindrance);
        else if (r->dry_run)
            print_row(r, row, "would be sent", NULL);
        else
            send_letter(r, row, e);
        r->sent += r->dry_run && !hindrance;
    }
    if (r->producer && await_delivery(r, &of_wait) && !e->outcome)
        *e = of_wait;
}

static void add_item(struct text *out, const char *item)
{
    text_format(out, "%s%s", out->size ? "," : "{", item);
}

/* Only now, when the broker has them: dying in between sends them once more, which is found to be a repeat. */
static enum outcome note_page(struct replay *r, struct err *e)
{
    struct text sources = {0}, offsets = {0};
    const char *parameters[] = {NULL, NULL, r->actor, r->note};
    size_t count = 0;

    POINT("after_send");
    for (size_t row = 0; row < pg_rows(r->page); row++) {
        if (!r->persisted[row])
            continue;
        add_item(&sources, pg_value(r->page, row, LETTER_SOURCE));
        add_item(&offsets, pg_value(r->page, row, LETTER_OFFSET));
        count++;
    }
    text_add_string(&sources, "}");
    text_add_string(&offsets, "}");
    parameters[0] = sources.bytes;
    parameters[1] = offsets.bytes;
    e->outcome = DONE;
    if (count > 0)
        pg_query(r->pg, ctl_sql("dead_letter_replayed"), parameters, 4, NULL, e);
    text_free(&sources);
    text_free(&offsets);
    r->sent += (int64_t)count;
    return e->outcome ? err_wrap(e, "noting what was sent") : DONE;
}

static enum outcome replay_page(struct replay *r, struct err *e)
{
    struct err of_note = {0};

    memset(r->persisted, 0, sizeof r->persisted);
    send_page(r, e);
    if (!r->dry_run && note_page(r, &of_note) && !e->outcome)
        *e = of_note;
    return e->outcome;
}

static enum outcome replay_all(struct replay *r, struct err *e)
{
    bool is_last = false;

    while (!is_last && r->sent < r->max) {
        struct pg_result *page;
        char most[24];
        int64_t left = r->max - r->sent;
        snprintf(most, sizeof most, "%" PRId64, left < PAGE ? left : PAGE);
        if (letters_query(r->pg, &r->filter, "dead_letter_page",
                          (const char *const[]){r->source, r->offset, most}, &page, e))
            return e->outcome;
        r->page = page;
        is_last = pg_rows(page) == 0;
        replay_page(r, e);
        pg_result_free(page);
        if (e->outcome)
            return e->outcome;
    }
    return DONE;
}

/* ---- the command ----------------------------------------------------------------------------------- */

/* The lock ends with the session. */
static const char lock_sql[] =
    "select pg_catalog.pg_advisory_lock("
    "pg_catalog.hashtextextended('gridloop dead-letter replay', 0))";

static enum outcome take_turn(struct replay *r, struct err *e)
{
    if (!r->dry_run && pg_query(r->pg, lock_sql, NULL, 0, NULL, e))
        return err_wrap(e, "waiting for another replay");
    return DONE;
}

static enum outcome open_producer(struct replay *r, struct err *e)
{
    if (r->dry_run)
        return DONE;
    r->producer = kafka_producer_open(&r->kafka, MESSAGE_BYTES, on_delivered, r, e);
    return r->producer ? kafka_producer_cluster(r->producer, r->cluster_id, e)
                       : e->outcome;
}

static int end(struct replay *r, const struct err *e)
{
    printf("%" PRId64 " %s, %" PRId64 " cannot be\n", r->sent,
           r->dry_run ? "would be sent" : "sent", r->refused);
    if (e->outcome)
        return ctl_fail(PROGRAM, e);
    return r->refused ? EX_DATAERR : EX_OK;
}

static int run(struct replay *r, struct err *e)
{
    strcpy(r->source, "0");
    strcpy(r->offset, "0");
    r->arena = arena_new();
    if (!letter_check_breadth(r->pg, &r->filter, r->all, e) && !open_producer(r, e)
        && !take_turn(r, e))
        replay_all(r, e);
    kafka_producer_close(r->producer);
    arena_free(r->arena);
    return end(r, e);
}

int dead_letter_replay_main(int argc, char **argv)
{
    struct replay r = {0};
    struct err e = {0};
    char *actor = NULL;
    int status;

    if (ctl_load_operands(&dead_letter_replay_options, argc, argv, &r, &r.filter.letters,
                          0, MOST_LETTERS_NAMED, &e)
        || letter_filter_check(&r.filter, &e) || !(r.pg = ctl_open(&r.database, &e))
        || ctl_is_set_up(r.pg, &e)) {
        status = ctl_fail(PROGRAM, &e);
    } else {
        r.actor = actor = letter_actor(r.actor);
        status = run(&r, &e);
    }
    free(actor);
    pg_close(r.pg);
    return status;
}
