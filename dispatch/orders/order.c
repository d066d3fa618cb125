/* order.c - the built-in versions of the contract, and the plan that reads each. */
#include "dispatch/orders/order.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/builtin.h"
#include "common/schema.h"
#include "consumers/runtime/frame.h"
#include "consumers/runtime/plan.h"
#include "consumers/runtime/reader.h"

enum { MOST_VERSIONS = 32, KEPT_BYTES = 64 << 10 };

struct version {
    int number;
    struct schema_file *file;
    struct plan *plan;
};

struct order_reader {
    struct version versions[MOST_VERSIONS];
    size_t count;
    struct reader *reader; /* the highest */
    int order_id, target_unit;
    struct arena *arena;
};

static enum outcome open_versions(struct order_reader *r, struct err *e)
{
    int number, size;

    for (const struct builtin_file *file = builtin_schemas; file->path; file++) {
        size = 0;
        if (sscanf(file->path, "schemas/dispatch_order/v%d.avsc%n", &number, &size) != 1
            || !size || r->count == MOST_VERSIONS)
            continue;
        r->versions[r->count].number = number;
        r->versions[r->count].file = schema_parse(file->path, file->text, file->size, e);
        if (!r->versions[r->count++].file)
            return e->outcome;
    }
    return DONE;
}

static enum outcome open_reader(struct order_reader *r, struct err *e)
{
    const struct version *newest = r->versions;

    for (size_t i = 0; i < r->count; i++)
        if (r->versions[i].number > newest->number)
            newest = &r->versions[i];
    r->reader = reader_new(newest->file, e);
    if (!r->reader)
        return e->outcome;
    r->order_id = schema_find(r->reader->schema, "order_id");
    r->target_unit = schema_find(r->reader->schema, "target_unit_code");
    for (size_t i = 0; i < r->count; i++) {
        struct version *version = &r->versions[i];
        version->plan = plan_compile(schema_root(version->file), r->reader->schema,
                                     &r->reader->defaults, e);
        if (!version->plan)
            return err_exit(e, EX_SOFTWARE, "version %d of the contract cannot be read",
                            version->number);
    }
    return DONE;
}

struct order_reader *order_reader_new(struct err *e)
{
    struct order_reader *r = xcalloc(1, sizeof *r);

    r->arena = arena_new();
    if (!open_versions(r, e) && !open_reader(r, e))
        return r;
    order_reader_free(r);
    return NULL;
}

void order_reader_free(struct order_reader *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->count; i++) {
        plan_free(r->versions[i].plan);
        schema_free(r->versions[i].file);
    }
    reader_free(r->reader);
    arena_free(r->arena);
    free(r);
}

void order_free(struct order *order)
{
    text_free(&order->target_unit);
    text_free(&order->line);
}

static const struct plan *find_plan(const struct order_reader *r, uint64_t fingerprint)
{
    for (size_t i = 0; i < r->count; i++)
        if (schema_fingerprint(r->versions[i].file) == fingerprint)
            return r->versions[i].plan;
    return NULL;
}

static void fill(const struct order_reader *r, const struct value *record,
                 struct order *order)
{
    const struct value *unit = &record->items[r->target_unit];

    memcpy(order->order_id, record->items[r->order_id].bytes, UUID_SIZE);
    text_clear(&order->target_unit);
    text_add(&order->target_unit, unit->bytes, unit->count);
    text_clear(&order->line);
    value_json(&order->line, r->reader->schema, record);
}

enum outcome order_read(struct order_reader *r, const uint8_t *bytes, size_t size,
                        struct order *order, struct err *e)
{
    struct frame frame;
    const struct plan *plan;
    struct value record;
    struct reject reject;

    arena_reset(r->arena, KEPT_BYTES);
    if (!frame_read(bytes, size, false, &frame))
        return err_set(e, REJECT, "no Avro single object");
    plan = find_plan(r, frame.writer.number);
    if (!plan)
        return err_exit(e, EX_CONFIG,
                        "written with schema %016" PRIx64
                        ", which this version of gridloop-orders does not know",
                        frame.writer.number);
    if (!plan_run(plan, frame.body, frame.size, r->arena, &record, &reject))
        return err_set(e, REJECT, "%s%s%s: %s", reject.reason, reject.field ? " of " : "",
                       reject.field ? reject.field : "",
                       reject.detail ? reject.detail : "");
    fill(r, &record, order);
    return DONE;
}
