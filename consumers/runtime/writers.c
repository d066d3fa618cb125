/* writers.c - the known writer schemas, and asking for those that are not known. */
#include "consumers/runtime/writers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/builtin.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/schema.h"
#include "consumers/runtime/sql.h"

enum {
    MOST_KEPT = 64, /* looked up, from one batch to the next */
    MOST_KEPT_BYTES = 8 << 20,
    MOST_MISSES = 4096, /* remembered from one batch to the next */
    MISS_MS = 60000,
    LOOK_UP_MS = 10000 /* in the registry, of one batch: the group waits for us */
};

/* What is known of one id. */
struct entry {
    struct schema_id id;
    struct known *known; /* NULL: there is no such schema, until: */
    int64_t until_ms;    /* on the monotonic clock */
};

struct known {
    struct writer writer;
    struct schema_file *file; /* NULL: it could not be parsed */
    struct plan *plan;        /* NULL: it cannot be read */
    char *detail;
    size_t size; /* of its text */
    bool is_builtin;
    uint64_t used; /* number of the batch that used it last */
};

struct writers {
    struct registry *registry;
    struct schema_file *newest; /* of those built in: what the reader reads with */
    struct reader *reader;
    struct entry *entries; /* sorted by id */
    size_t count, room;
    uint64_t batch;
    size_t new_count, new_bytes; /* looked up since the last tidying */
};

/* ---- the table ---- */

static int compare_ids(const struct schema_id *a, const struct schema_id *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

/* Where the id stands, or would. */
static size_t place_of(const struct writers *writers, struct schema_id id)
{
    size_t low = 0, high = writers->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_ids(&writers->entries[middle].id, &id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct entry *find_entry(const struct writers *writers, struct schema_id id)
{
    size_t place = place_of(writers, id);

    return place < writers->count && compare_ids(&writers->entries[place].id, &id) == 0
               ? &writers->entries[place]
               : NULL;
}

static void add_entry(struct writers *writers, struct schema_id id, struct known *known)
{
    size_t place = place_of(writers, id);
    struct entry *at;

    if (writers->count == writers->room) {
        writers->room = writers->room ? writers->room * 2 : 64;
        writers->entries =
            xrealloc(writers->entries, writers->room * sizeof *writers->entries);
    }
    at = &writers->entries[place];
    memmove(at + 1, at, (writers->count - place) * sizeof *at);
    writers->count++;
    *at = (struct entry){id, known, clock_monotonic_ms() + MISS_MS};
}

static void free_known(struct known *known)
{
    if (!known)
        return;
    plan_free(known->plan);
    schema_free(known->file);
    free(known->detail);
    free(known);
}

struct writer *writers_find(struct writers *writers, struct schema_id id)
{
    static struct writer unknown = {.reason = "schema_unknown"};
    const struct entry *entry = find_entry(writers, id);

    if (!entry)
        return NULL;
    if (!entry->known)
        return &unknown;
    entry->known->used = writers->batch;
    return &entry->known->writer;
}

/* ---- forgetting ---- */

/* The one of those looked up that was used longest ago. */
static struct entry *least_used(const struct writers *writers)
{
    struct entry *least = NULL;

    for (size_t i = 0; i < writers->count; i++) {
        struct entry *entry = &writers->entries[i];
        if (entry->known && !entry->known->is_builtin
            && (!least || entry->known->used < least->known->used))
            least = entry;
    }
    return least;
}

static void forget_least_used(struct writers *writers)
{
    size_t count = 0, bytes = 0;

    for (size_t i = 0; i < writers->count; i++)
        if (writers->entries[i].known && !writers->entries[i].known->is_builtin) {
            count++;
            bytes += writers->entries[i].known->size;
        }
    while (count > MOST_KEPT || bytes > MOST_KEPT_BYTES) {
        struct entry *least = least_used(writers);
        count--;
        bytes -= least->known->size;
        free_known(least->known);
        least->known = NULL;
        least->until_ms = 0; /* it goes with the misses that are over */
    }
}

static void forget_misses(struct writers *writers)
{
    int64_t now_ms = clock_monotonic_ms();
    size_t kept = 0, misses = 0;

    for (size_t i = 0; i < writers->count; i++)
        misses += !writers->entries[i].known;
    for (size_t i = 0; i < writers->count; i++) {
        const struct entry *entry = &writers->entries[i];
        if (entry->known || (misses <= MOST_MISSES && entry->until_ms > now_ms))
            writers->entries[kept++] = *entry;
    }
    writers->count = kept;
}

void writers_tidy(struct writers *writers)
{
    writers->batch++;
    if (writers->new_count)
        forget_least_used(writers);
    writers->new_count = 0;
    writers->new_bytes = 0;
    forget_misses(writers);
}

/* ---- learning ---- */

void schema_id_format(char out[SCHEMA_ID_TEXT], struct schema_id id)
{
    if (id.kind == BY_FINGERPRINT)
        snprintf(out, SCHEMA_ID_TEXT, "fingerprint %016" PRIx64, id.number);
    else
        snprintf(out, SCHEMA_ID_TEXT, "registry number %" PRIu64, id.number);
}

/* Its plan, or why there is none. */
static enum outcome compile(const struct writers *writers, struct known *known,
                            const char *text, size_t size, struct err *e)
{
    const struct schema *root;

    known->size = size;
    known->file = schema_parse("schema", text, size, e);
    if (!known->file)
        return e->outcome;
    root = schema_root(known->file);
    known->writer.fingerprint = schema_fingerprint(known->file);
    known->plan =
        plan_compile(root, writers->reader->schema, &writers->reader->defaults, e);
    if (!known->plan)
        return err_wrap(e, "schema %s", root->full_name ? root->full_name : "");
    known->writer.plan = known->plan;
    return DONE;
}

static void refuse(struct known *known, const char *detail)
{
    char id[SCHEMA_ID_TEXT];

    known->detail = xstrdup(detail);
    known->writer.plan = NULL;
    known->writer.reason = "schema_refused";
    known->writer.detail = known->detail;
    schema_id_format(id, known->writer.id);
    log_warn("a writer's schema is refused", "schema", id, "error", detail, NULL);
}

static struct known *add_known(struct writers *writers, struct schema_id id)
{
    struct known *known = xcalloc(1, sizeof *known);

    known->writer.id = id;
    known->used = writers->batch;
    add_entry(writers, id, known);
    return known;
}

/* A schema that was looked up. What a table says about a schema is not believed but computed anew. */
static void learn(struct writers *writers, struct schema_id id, int version,
                  const char *text)
{
    struct known *known = add_known(writers, id);
    struct err e;

    known->writer.version = version;
    writers->new_count++;
    if (compile(writers, known, text, strlen(text), &e))
        refuse(known, e.message);
    else if (id.kind == BY_FINGERPRINT && known->writer.fingerprint != id.number)
        refuse(known, "bus.schema has another schema under this fingerprint");
    else
        log_info("writer schema looked up", "schema", schema_root(known->file)->full_name,
                 NULL);
    writers->new_bytes += known->size;
}

static bool is_full(const struct writers *writers)
{
    return writers->new_count >= MOST_KEPT || writers->new_bytes >= MOST_KEPT_BYTES;
}

/* ---- bus.schema ---- */

static bool is_asked(const struct writers *writers, struct schema_id id,
                     enum schema_id_kind kind)
{
    return id.kind == kind && !find_entry(writers, id);
}

/* The fingerprints as an array of PostgreSQL's, as text. */
static size_t list_fingerprints(const struct writers *writers,
                                const struct schema_id *ids, size_t count,
                                struct text *out)
{
    size_t listed = 0;

    text_add_string(out, "{");
    for (size_t i = 0; i < count; i++)
        if (is_asked(writers, ids[i], BY_FINGERPRINT))
            text_format(out, "%s%016" PRIx64, listed++ ? "," : "", ids[i].number);
    text_add_string(out, "}");
    return listed;
}

static bool is_row(const struct pg_result *rows, struct schema_id id)
{
    char text[17];

    snprintf(text, sizeof text, "%016" PRIx64, id.number);
    for (size_t row = 0; row < pg_rows(rows); row++)
        if (strcmp(pg_value(rows, row, 0), text) == 0)
            return true;
    return false;
}

/* rows NULL: there is nobody to ask. */
static void note_fingerprints(struct writers *writers, const struct schema_id *ids,
                              size_t count, const struct pg_result *rows)
{
    for (size_t row = 0; rows && row < pg_rows(rows); row++) {
        struct schema_id id = {BY_FINGERPRINT,
                               strtoull(pg_value(rows, row, 0), NULL, 16)};
        if (pg_value(rows, row, 2))
            learn(writers, id, (int)pg_number(rows, row, 1), pg_value(rows, row, 2));
    }
    for (size_t i = 0; i < count; i++)
        if (is_asked(writers, ids[i], BY_FINGERPRINT) && !(rows && is_row(rows, ids[i])))
            add_entry(writers, ids[i], NULL);
}

static enum outcome ask_database(struct writers *writers, struct pg *pg,
                                 const struct schema_id *ids, size_t count, struct err *e)
{
    struct text list = {0};
    struct pg_result *rows = NULL;
    enum outcome outcome = DONE;

    if (list_fingerprints(writers, ids, count, &list) > 0) {
        if (pg)
            outcome = pg_query(pg, sql_text("writers"), (const char *const[]){list.bytes},
                               1, &rows, e);
        if (outcome)
            err_wrap(e, "looking up writer schemas");
        else
            note_fingerprints(writers, ids, count, rows);
        pg_result_free(rows);
    }
    text_free(&list);
    return outcome;
}

/* ---- the registry ---- */

static enum outcome ask_for_number(struct writers *writers, struct schema_id id,
                                   struct text *text, struct err *e)
{
    enum registry_answer answer;

    if (registry_schema(writers->registry, (uint32_t)id.number, &answer, text, e))
        return err_wrap(e, "looking up registry number %" PRIu64, id.number);
    switch (answer) {
    case REGISTRY_SCHEMA: learn(writers, id, 0, text->bytes); break;
    case REGISTRY_UNKNOWN: add_entry(writers, id, NULL); break;
    case REGISTRY_REFUSED: refuse(add_known(writers, id), text->bytes); break;
    }
    return DONE;
}

static enum outcome ask_registry(struct writers *writers, const struct schema_id *ids,
                                 size_t count, struct err *e)
{
    int64_t end_ms = clock_monotonic_ms() + LOOK_UP_MS;
    struct text text = {0};
    enum outcome outcome = DONE;

    for (size_t i = 0; i < count && !outcome; i++) {
        if (i > 0 && (is_full(writers) || clock_monotonic_ms() >= end_ms))
            break;
        if (is_asked(writers, ids[i], BY_REGISTRY))
            outcome = ask_for_number(writers, ids[i], &text, e);
    }
    text_free(&text);
    return outcome;
}

enum outcome writers_look_up(struct writers *writers, struct pg *pg,
                             const struct schema_id *ids, size_t count, struct err *e)
{
    if (ask_database(writers, pg, ids, count, e))
        return e->outcome;
    return ask_registry(writers, ids, count, e);
}

/* ---- those built in ---- */

/* The N of "schemas/<kind>/v<N>.avsc"; 0: another kind's. */
static int version_of(const char *path, const char *kind)
{
    char head[128];
    int length = snprintf(head, sizeof head, "schemas/%s/v", kind);

    return strncmp(path, head, (size_t)length) == 0 ? atoi(path + length) : 0;
}

static enum outcome make_reader(struct writers *writers, const char *kind, struct err *e)
{
    const struct builtin_file *newest = NULL;
    int highest = 0;

    for (const struct builtin_file *file = builtin_schemas; file->path; file++)
        if (version_of(file->path, kind) > highest) {
            highest = version_of(file->path, kind);
            newest = file;
        }
    if (!newest)
        return err_set(e, FATAL, "no schema of %s was built in", kind);
    writers->newest = schema_parse(newest->path, newest->text, newest->size, e);
    if (writers->newest)
        writers->reader = reader_new(writers->newest, e);
    return writers->reader ? DONE : e->outcome;
}

static enum outcome add_builtin(struct writers *writers, const struct builtin_file *file,
                                int version, struct err *e)
{
    struct known *known = xcalloc(1, sizeof *known);

    known->is_builtin = true;
    known->writer.version = version;
    if (compile(writers, known, file->text, file->size, e)) {
        free_known(known);
        return err_exit(e, EX_CONFIG, "%s cannot be read by the newest version: %s",
                        file->path, e->message);
    }
    known->writer.id = (struct schema_id){BY_FINGERPRINT, known->writer.fingerprint};
    add_entry(writers, known->writer.id, known);
    return DONE;
}

struct writers *writers_new(const char *kind, struct registry *registry, struct err *e)
{
    struct writers *writers = xcalloc(1, sizeof *writers);
    enum outcome outcome = make_reader(writers, kind, e);

    writers->registry = registry;
    for (const struct builtin_file *file = builtin_schemas; !outcome && file->path;
         file++)
        if (version_of(file->path, kind))
            outcome = add_builtin(writers, file, version_of(file->path, kind), e);
    if (!outcome)
        return writers;
    writers_free(writers);
    return NULL;
}

void writers_free(struct writers *writers)
{
    if (!writers)
        return;
    for (size_t i = 0; i < writers->count; i++)
        free_known(writers->entries[i].known);
    free(writers->entries);
    reader_free(writers->reader);
    schema_free(writers->newest);
    free(writers);
}

struct reader *writers_reader(const struct writers *writers)
{
    return writers->reader;
}
