/* plan.c - schema resolution as a flat array of steps, and the bounded loop that walks it. */
#include "consumers/runtime/plan.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/text.h"

enum op {
    OP_NULL,
    OP_BOOLEAN,
    OP_INT,
    OP_LONG,
    OP_FLOAT,
    OP_DOUBLE,
    OP_BYTES,
    OP_STRING,
    OP_UUID,
    OP_TIME,
    OP_FIXED,
    OP_ENUM,
    OP_ARRAY,
    OP_MAP,
    OP_UNION,
    OP_RECORD,
    OP_REFUSE
};

enum { MOST_EMPTY_ITEMS = 1000, NO_SLOT = -1 };

/* One type of the writer. Its body, if it has one, follows directly and ends before step `end`. */
struct step {
    uint8_t op;
    uint8_t branch; /* of the reader's union that the value stands for */
    bool as_real;   /* a whole number that the reader wants as a float or double */
    int slot; /* in a record's body: where the value goes; NO_SLOT: read and dropped */
    uint32_t
        count; /* fixed: bytes; enum: symbols; union: branches; record: the reader's fields */
    uint32_t end;
    uint32_t least; /* array, map: the fewest bytes that one item takes */
    size_t most;    /* array, map: items that the contract allows */
    const struct schema_field
        *field; /* in a record's body: the reader's field, for its rules */
    union {
        const char **
            symbols; /* enum: the reader's symbol for each of the writer's; NULL: has none */
        uint32_t *branches;      /* union: the step of each of the writer's branches */
        struct missing *missing; /* record: fields that the writer does not have */
        const char *reason;      /* refuse */
    };
    const struct schema *record; /* record: the reader's, for "requires" */
    bool has_requires;
};

struct missing {
    size_t count;
    struct {
        size_t slot;
        const struct value *value;
    } fields[];
};

struct plan {
    struct step *steps;
    uint32_t count, room;
    struct arena *arena;  /* tables of the steps, and the weakness */
    const char *weakness; /* the first one found; NULL: none */
    const struct schema *reader;
};

/* ---- compiling ---- */

struct compiler {
    struct plan *plan;
    const struct defaults *defaults;
    struct err *e;
    struct text path; /* where we are: "measures.items.due_at"; empty at the root */
};

static bool compile_type(struct compiler *c, const struct schema *writer,
                         const struct schema *reader);

static struct step *add_step(struct compiler *c, enum op op)
{
    struct plan *plan = c->plan;

    if (plan->count == plan->room) {
        plan->room = plan->room ? plan->room * 2 : 64;
        plan->steps = xrealloc(plan->steps, plan->room * sizeof *plan->steps);
    }
    plan->steps[plan->count] =
        (struct step){.op = (uint8_t)op, .slot = NO_SLOT, .most = UINT32_MAX};
    return &plan->steps[plan->count++];
}

/* Adds ".part" to the path and returns its old length, which leave() restores. */
static size_t enter(struct compiler *c, const char *part)
{
    size_t old = c->path.size;

    text_format(&c->path, "%s%s", old ? "." : "", part);
    return old;
}

static void leave(struct compiler *c, size_t old)
{
    c->path.size = old;
    c->path.bytes[old] = '\0';
}

static bool refuse(struct compiler *c, const char *why)
{
    err_set(c->e, REJECT, "%s%s%s", c->path.bytes, c->path.size ? ": " : "", why);
    return false;
}

/* Notes what some value of the writer would fail on; only the first of it is kept. */
static void note_weakness(struct compiler *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void note_weakness(struct compiler *c, const char *format, ...)
{
    struct text text = {0};
    char what[400];
    va_list args;

    if (c->plan->weakness)
        return;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    text_format(&text, "%s%s%s", c->path.bytes, c->path.size ? ": " : "", what);
    c->plan->weakness = arena_copy(c->plan->arena, text.bytes, text.size);
    text_free(&text);
}

static bool has_name(const struct schema *reader, const char *full_name)
{
    if (strcmp(reader->full_name, full_name) == 0)
        return true;
    for (const char **alias = reader->aliases; alias && *alias; alias++)
        if (strcmp(*alias, full_name) == 0)
            return true;
    return false;
}

/* Same type (and name), without a promotion. */
static bool is_same(const struct schema *writer, const struct schema *reader)
{
    if (writer->type != reader->type)
        return false;
    if (writer->type == SCHEMA_FIXED && writer->count != reader->count)
        return false;
    return !reader->full_name || has_name(reader, writer->full_name);
}

static bool is_promotable(const struct schema *writer, const struct schema *reader)
{
    switch (writer->type) {
    case SCHEMA_INT: return reader->type >= SCHEMA_LONG && reader->type <= SCHEMA_DOUBLE;
    case SCHEMA_LONG:
        return reader->type == SCHEMA_FLOAT || reader->type == SCHEMA_DOUBLE;
    case SCHEMA_FLOAT: return reader->type == SCHEMA_DOUBLE;
    case SCHEMA_STRING: return reader->type == SCHEMA_BYTES;
    case SCHEMA_BYTES: return reader->type == SCHEMA_STRING;
    default: return false;
    }
}

static size_t least_size(const struct schema *schema)
{
    size_t least = 0;

    switch (schema->type) {
    case SCHEMA_NULL: return 0;
    case SCHEMA_FLOAT: return 4;
    case SCHEMA_DOUBLE: return 8;
    case SCHEMA_FIXED: return schema->count;
    case SCHEMA_RECORD:
        for (size_t i = 0; i < schema->count; i++)
            least += least_size(schema->fields[i].type);
        return least;
    default: return 1;
    }
}

static bool compile_enum(struct compiler *c, const struct schema *writer,
                         const struct schema *reader)
{
    const char **symbols =
        arena_take_array(c->plan->arena, writer->count, sizeof *symbols);
    struct step *step;

    for (size_t i = 0; i < writer->count; i++) {
        symbols[i] =
            reader->default_symbol >= 0 ? reader->symbols[reader->default_symbol] : NULL;
        for (size_t j = 0; j < reader->count; j++)
            if (strcmp(writer->symbols[i], reader->symbols[j]) == 0)
                symbols[i] = reader->symbols[j];
        if (!symbols[i])
            note_weakness(c,
                          "the symbol %s is unknown to the reader and its enum has no "
                          "default",
                          writer->symbols[i]);
    }
    step = add_step(c, OP_ENUM);
    step->count = (uint32_t)writer->count;
    step->symbols = symbols;
    return true;
}

static bool compile_items(struct compiler *c, const struct schema *writer,
                          const struct schema *reader)
{
    struct step *step = add_step(c, writer->type == SCHEMA_ARRAY ? OP_ARRAY : OP_MAP);
    size_t path = enter(c, writer->type == SCHEMA_ARRAY ? "items" : "values");
    bool done;

    step->least =
        (uint32_t)least_size(writer->branches[0]) + (writer->type == SCHEMA_MAP);
    done = compile_type(c, writer->branches[0], reader->branches[0]);
    leave(c, path);
    return done;
}

/* The reader's field that takes the writer's: by name, else by one of the reader's aliases, unless the
 * writer has a field of that reader's field's own name. */
static int find_target(const struct schema *writer, const struct schema *reader,
                       const char *name)
{
    int slot = schema_find(reader, name);

    for (size_t i = 0; slot < 0 && i < reader->count; i++)
        for (const char **alias = reader->fields[i].aliases; alias && *alias; alias++)
            if (strcmp(*alias, name) == 0
                && schema_find(writer, reader->fields[i].name) < 0)
                slot = (int)i;
    return slot;
}

static bool is_written(const struct schema *writer, const struct schema *reader,
                       size_t slot)
{
    for (size_t i = 0; i < writer->count; i++)
        if (find_target(writer, reader, writer->fields[i].name) == (int)slot)
            return true;
    return false;
}

static bool compile_missing(struct compiler *c, const struct schema *writer,
                            const struct schema *reader, struct missing **out)
{
    struct missing *missing = arena_take(
        c->plan->arena, sizeof *missing + reader->count * sizeof missing->fields[0]);

    missing->count = 0;
    for (size_t i = 0; i < reader->count; i++) {
        const struct schema_field *field = &reader->fields[i];
        const struct value *value;
        if (is_written(writer, reader, i))
            continue;
        value = c->defaults ? c->defaults->values[field->ordinal] : NULL;
        if (!value) {
            enter(c, field->name);
            return refuse(c,
                          "the writer has no such field and the reader has no default");
        }
        missing->fields[missing->count].slot = i;
        missing->fields[missing->count++].value = value;
    }
    *out = missing;
    return true;
}

/* The field's own array, be it in a union or not: its items are bounded before room is made for them. */
static void bound_items(struct compiler *c, uint32_t at, size_t most)
{
    while (at < c->plan->count) {
        struct step *step = &c->plan->steps[at];
        if (step->op == OP_ARRAY || step->op == OP_MAP)
            step->most = most;
        at = step->op == OP_UNION ? at + 1 : step->end;
    }
}

static bool compile_field(struct compiler *c, const struct schema *writer,
                          const struct schema_field *field, const struct schema *reader)
{
    int slot = find_target(writer, reader, field->name);
    const struct schema_field *target = slot < 0 ? NULL : &reader->fields[slot];
    uint32_t at = c->plan->count;
    size_t path = enter(c, target ? target->name : field->name);

    if (!compile_type(c, field->type, target ? target->type : field->type))
        return false;
    leave(c, path);
    c->plan->steps[at].slot = slot;
    c->plan->steps[at].field = target;
    if (target)
        bound_items(c, at, target->rules.max_items);
    return true;
}

static bool compile_record(struct compiler *c, const struct schema *writer,
                           const struct schema *reader)
{
    struct missing *missing;
    uint32_t at = c->plan->count;
    struct step *step;

    if (!compile_missing(c, writer, reader, &missing))
        return false;
    step = add_step(c, OP_RECORD);
    step->count = (uint32_t)reader->count;
    step->missing = missing;
    step->record = reader;
    for (size_t i = 0; i < reader->count; i++)
    step->has_requires = step->has_requires || reader->fields[i].rules.requires;
    for (size_t i = 0; i < writer->count; i++)
        if (!compile_field(c, writer, &writer->fields[i], reader))
            return false;
    c->plan->steps[at].end = c->plan->count;
    return true;
}

/* Each branch of the writer is resolved by itself; one that the reader cannot take is refused when an
 * event really uses it. */
static bool compile_writer_union(struct compiler *c, const struct schema *writer,
                                 const struct schema *reader)
{
    uint32_t *branches =
        arena_take_array(c->plan->arena, writer->count, sizeof *branches);
    uint32_t at = c->plan->count;
    size_t refused = 0, path = c->path.size;
    const char *weakness = c->plan->weakness;
    struct step *step = add_step(c, OP_UNION);

    step->count = (uint32_t)writer->count;
    step->branches = branches;
    for (size_t i = 0; i < writer->count; i++) {
        branches[i] = c->plan->count;
        if (compile_type(c, writer->branches[i], reader))
            continue;
        c->plan->count = branches[i];
        leave(c, path);
        c->plan->weakness = weakness;
        note_weakness(c, "the reader cannot take branch %zu of the writer's union", i);
        weakness = c->plan->weakness;
        step = add_step(c, OP_REFUSE);
        step->end = c->plan->count;
        refused++;
    }
    c->plan->steps[at].end = c->plan->count;
    return refused < writer->count;
}

static bool compile_reader_union(struct compiler *c, const struct schema *writer,
                                 const struct schema *reader)
{
    uint32_t at = c->plan->count;

    for (int promote = 0; promote < 2; promote++)
        for (size_t i = 0; i < reader->count; i++) {
            const struct schema *branch = reader->branches[i];
            if (!(promote ? is_promotable(writer, branch) : is_same(writer, branch)))
                continue;
            if (!compile_type(c, writer, branch))
                return false;
            c->plan->steps[at].branch = (uint8_t)i;
            return true;
        }
    return refuse(c, "no branch of the reader's union takes what was written");
}

static enum op simple_op(const struct schema *writer, const struct schema *reader)
{
    static const uint8_t ops[] = {
        [SCHEMA_NULL] = OP_NULL,   [SCHEMA_BOOLEAN] = OP_BOOLEAN,
        [SCHEMA_INT] = OP_INT,     [SCHEMA_LONG] = OP_LONG,
        [SCHEMA_FLOAT] = OP_FLOAT, [SCHEMA_DOUBLE] = OP_DOUBLE,
        [SCHEMA_BYTES] = OP_BYTES, [SCHEMA_STRING] = OP_STRING,
        [SCHEMA_FIXED] = OP_FIXED};

    if (reader->logical == LOGICAL_UUID)
        return OP_UUID;
    if (reader->logical == LOGICAL_TIMESTAMP_MICROS)
        return OP_TIME;
    /* What the reader wants as text has to be text, whatever the writer called it. */
    if (writer->type == SCHEMA_BYTES || writer->type == SCHEMA_STRING)
        return (enum op)ops[reader->type];
    return (enum op)ops[writer->type];
}

static bool compile_type(struct compiler *c, const struct schema *writer,
                         const struct schema *reader)
{
    uint32_t at = c->plan->count;
    struct step *step;
    bool done = true;

    if (writer->type == SCHEMA_UNION)
        return compile_writer_union(c, writer, reader);
    if (reader->type == SCHEMA_UNION)
        return compile_reader_union(c, writer, reader);
    if (!is_same(writer, reader) && !is_promotable(writer, reader))
        return refuse(c, "the reader's type does not take the writer's");
    if (writer->type == SCHEMA_RECORD) {
        done = compile_record(c, writer, reader);
    } else if (writer->type == SCHEMA_ENUM) {
        done = compile_enum(c, writer, reader);
    } else if (writer->type == SCHEMA_ARRAY || writer->type == SCHEMA_MAP) {
        done = compile_items(c, writer, reader);
    } else {
        step = add_step(c, simple_op(writer, reader));
        step->count = (uint32_t)writer->count;
        step->as_real = reader->type == SCHEMA_FLOAT || reader->type == SCHEMA_DOUBLE;
    }
    if (done)
        c->plan->steps[at].end = c->plan->count;
    return done;
}

struct plan *plan_compile(const struct schema *writer, const struct schema *reader,
                          const struct defaults *defaults, struct err *e)
{
    struct plan *plan = xcalloc(1, sizeof *plan);
    struct compiler c = {plan, defaults, e, {0}};
    bool done;

    plan->arena = arena_new();
    plan->reader = reader;
    text_add_string(&c.path, "");
    done = compile_type(&c, writer, reader);
    text_free(&c.path);
    if (done)
        return plan;
    plan_free(plan);
    return NULL;
}

const char *plan_weakness(const struct plan *plan)
{
    return plan->weakness;
}

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    arena_free(plan->arena);
    free(plan->steps);
    free(plan);
}

/* ---- running ---- */

struct run {
    const struct step *steps;
    const uint8_t *at, *end, *start;
    struct arena *arena;
    struct reject *reject;
    const char *field;    /* the top record's field that is being read */
    unsigned level;       /* 1 in the top record, more in what it contains */
    uint64_t empty_items; /* met so far that take no bytes */
    struct value *top;    /* room for the top record's values; NULL: in the arena */
};

static bool run_step(struct run *r, const struct step *step, struct value *out);

static bool fail(struct run *r, const char *reason, const char *format, ...)
    __attribute__((format(printf, 3, 4), cold));

static bool fail(struct run *r, const char *reason, const char *format, ...)
{
    char detail[160];
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    if (size < (int)sizeof detail)
        snprintf(detail + size, sizeof detail - (size_t)size, " (at byte %td)",
                 r->at - r->start);
    *r->reject =
        (struct reject){reason, r->field, arena_copy(r->arena, detail, strlen(detail))};
    return false;
}

static size_t remains(const struct run *r)
{
    return (size_t)(r->end - r->at);
}

static bool read_long(struct run *r, int64_t *out)
{
    uint64_t zigzag = 0;

    for (int shift = 0; shift < 70; shift += 7) {
        uint8_t byte;
        if (r->at == r->end)
            return fail(r, "short", "the message ends within a number");
        byte = *r->at++;
        if (shift == 63 && byte > 1)
            return fail(r, "varint", "a number does not fit 64 bits");
        zigzag |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *out = (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
            return true;
        }
    }
    return fail(r, "varint", "a number does not end");
}

static void put_number(const struct step *step, int64_t number, struct value *out)
{
    if (step->as_real) {
        out->kind = VALUE_REAL;
        out->real = (double)number;
    } else {
        out->kind = VALUE_NUMBER;
        out->number = number;
    }
}

static bool run_number(struct run *r, const struct step *step, struct value *out)
{
    int64_t number;

    if (!read_long(r, &number))
        return false;
    if (step->op == OP_INT && (number < INT32_MIN || number > INT32_MAX))
        return fail(r, "range", "an int does not fit 32 bits");
    put_number(step, number, out);
    return true;
}

/* Years 1 to 9999: what RFC 3339 can say and every client of the tables can read. */
static bool run_time(struct run *r, const struct step *step, struct value *out)
{
    static const int64_t first_us = -62135596800000000, last_us = 253402300799999999;

    if (!run_number(r, step, out))
        return false;
    return (out->number >= first_us && out->number <= last_us)
           || fail(r, "range", "the time is outside the years 1 to 9999");
}

static bool run_boolean(struct run *r, struct value *out)
{
    if (r->at == r->end)
        return fail(r, "short", "the message ends before a boolean");
    if (*r->at > 1)
        return fail(r, "boolean", "a boolean is neither 0 nor 1");
    out->kind = VALUE_NUMBER;
    out->number = *r->at++;
    return true;
}

static bool run_real(struct run *r, size_t size, struct value *out)
{
    float narrow;

    if (remains(r) < size)
        return fail(r, "short", "the message ends within a float or double");
    out->kind = VALUE_REAL;
    if (size == sizeof narrow) {
        memcpy(&narrow, r->at, size);
        out->real = (double)narrow;
    } else {
        memcpy(&out->real, r->at, size);
    }
    r->at += size;
    /* What is nested is stored as JSON, which has no such numbers. */
    if (r->level > 1 && !isfinite(out->real))
        return fail(r, "range", "a nested number is not finite");
    return true;
}

static bool take_bytes(struct run *r, size_t size, struct value *out)
{
    if (remains(r) < size)
        return fail(r, "short", "%zu bytes are announced, %zu remain", size, remains(r));
    out->kind = VALUE_BYTES;
    out->count = (uint32_t)size;
    out->bytes = r->at;
    r->at += size;
    return true;
}

static bool run_bytes(struct run *r, struct value *out)
{
    int64_t size;

    if (!read_long(r, &size))
        return false;
    if (size < 0)
        return fail(r, "length", "a length is negative");
    if ((uint64_t)size > UINT32_MAX)
        return fail(r, "length", "a length is beyond 4 GiB");
    return take_bytes(r, (size_t)size, out);
}

static bool run_string(struct run *r, struct value *out)
{
    bool has_nul;

    if (!run_bytes(r, out))
        return false;
    if (!text_is_utf8(out->bytes, out->count, NULL, &has_nul))
        return fail(r, "utf8", "a text is not UTF-8");
    if (has_nul)
        return fail(r, "nul", "a text has the character U+0000");
    return true;
}

static bool run_uuid(struct run *r, struct value *out)
{
    uint8_t *uuid;

    if (!run_bytes(r, out))
        return false;
    uuid = arena_take(r->arena, UUID_SIZE);
    if (!uuid_parse(uuid, (const char *)out->bytes, out->count))
        return fail(r, "uuid", "a text is not a UUID");
    out->bytes = uuid;
    out->count = UUID_SIZE;
    return true;
}

static bool run_enum(struct run *r, const struct step *step, struct value *out)
{
    int64_t index;

    if (!read_long(r, &index))
        return false;
    if (index < 0 || index >= step->count)
        return fail(r, "enum", "a symbol's number is outside the enum");
    if (!step->symbols[index])
        return fail(r, "enum",
                    "the symbol is unknown to the reader and its enum has no default");
    out->kind = VALUE_BYTES;
    out->bytes = (const uint8_t *)step->symbols[index];
    out->count = (uint32_t)strlen(step->symbols[index]);
    return true;
}

static bool run_union(struct run *r, const struct step *step, struct value *out)
{
    int64_t index;

    if (!read_long(r, &index))
        return false;
    if (index < 0 || index >= step->count)
        return fail(r, "union", "a branch's number is outside the union");
    return run_step(r, r->steps + step->branches[index], out);
}

/* Reads a block's head: how many items, and where the block must end if it says so. False also where
 * more items are announced than bytes can hold. */
static bool read_block(struct run *r, const struct step *step, uint64_t so_far,
                       uint64_t *items, const uint8_t **ends)
{
    int64_t count, size = 0;

    *ends = NULL;
    if (!read_long(r, &count))
        return false;
    if (count < 0) {
        if (count == INT64_MIN || !read_long(r, &size))
            return count == INT64_MIN ? fail(r, "items", "an impossible number of items")
                                      : false;
        if (size < 0 || (uint64_t)size > remains(r))
            return fail(r, "length", "a block's size is impossible");
        *ends = r->at + size;
        count = -count;
    }
    *items = (uint64_t)count;
    if (*items > step->most - so_far)
        return fail(r, "items", "more than %zu items", step->most);
    r->empty_items += step->least ? 0 : *items;
    if (step->least ? *items > remains(r) / step->least
                    : r->empty_items > MOST_EMPTY_ITEMS)
        return fail(r, "items", "more items are announced than the message can hold");
    return true;
}

/* Room for more items behind the count that are there; doubles, so that many small blocks stay cheap. */
static void grow_items(struct run *r, struct value *out, uint64_t *room, uint64_t more,
                       unsigned parts)
{
    uint64_t need = out->count + more;
    struct value *items;

    if (need <= *room)
        return;
    *room = out->count && need < 2 * *room ? 2 * *room : need;
    items = arena_take_array(r->arena, *room * parts, sizeof *items);
    if (out->count)
        memcpy(items, out->items, (size_t)out->count * parts * sizeof *items);
    out->items = items;
}

/* Keys and values are sorted by key, so that the same map always is the same value. */
static int compare_entries(const void *a, const void *b)
{
    const struct value *left = a, *right = b;
    size_t size = left->count < right->count ? left->count : right->count;
    int order = size ? memcmp(left->bytes, right->bytes, size) : 0;

    return order ? order : (left->count > right->count) - (left->count < right->count);
}

static bool sort_map(struct run *r, struct value *map)
{
    struct value *entries = map->items;

    if (map->count > 1)
        qsort(entries, map->count, 2 * sizeof *entries, compare_entries);
    for (size_t i = 1; i < map->count; i++)
        if (compare_entries(&entries[2 * i - 2], &entries[2 * i]) == 0)
            return fail(r, "dup_key", "a map has one key twice");
    return true;
}

static bool run_item(struct run *r, const struct step *step, struct value *out)
{
    struct value *at = &out->items[(size_t)out->count * (step->op == OP_MAP ? 2 : 1)];

    if (step->op == OP_MAP && !run_string(r, at++))
        return false;
    if (!run_step(r, step + 1, at))
        return false;
    out->count++;
    return true;
}

static bool run_blocks(struct run *r, const struct step *step, struct value *out)
{
    uint64_t items, room = 0;
    const uint8_t *ends;

    for (;;) {
        if (!read_block(r, step, out->count, &items, &ends))
            return false;
        if (items == 0)
            return !ends || r->at == ends || fail(r, "length", "a block's size is wrong");
        grow_items(r, out, &room, items, step->op == OP_MAP ? 2 : 1);
        while (items--)
            if (!run_item(r, step, out))
                return false;
        if (ends && r->at != ends)
            return fail(r, "length", "a block's size is wrong");
    }
}

static bool run_items(struct run *r, const struct step *step, struct value *out)
{
    out->kind = VALUE_ITEMS;
    out->count = 0;
    out->items = NULL;
    r->level++;
    if (!run_blocks(r, step, out) || (step->op == OP_MAP && !sort_map(r, out)))
        return false;
    r->level--;
    return true;
}

/* ---- the contract's rules ---- */

static bool number_keeps(struct run *r, const struct schema_rules *rules, double number)
{
    if (rules->minimum > -INFINITY || rules->maximum < INFINITY) {
        if (!(number >= rules->minimum))
            return fail(r, "range", "below %g, or not a number", rules->minimum);
        if (!(number <= rules->maximum))
            return fail(r, "range", "above %g", rules->maximum);
    }
    return true;
}

static bool is_hex(const uint8_t *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!((text[i] >= '0' && text[i] <= '9')
              || ((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'f')))
            return false;
    return true;
}

static bool text_keeps(struct run *r, const struct schema_rules *rules,
                       const struct value *value)
{
    size_t characters;

    if (rules->hex_digits
        && (value->count != rules->hex_digits || !is_hex(value->bytes, value->count)))
        return fail(r, "range", "not %zu hex digits", rules->hex_digits);
    /* A character takes a byte or more: mostly there is no need to count. */
    if (value->count <= rules->max_length
        && (rules->min_length == 0 || (rules->min_length == 1 && value->count)))
        return true;
    text_is_utf8(value->bytes, value->count, &characters, NULL);
    if (characters > rules->max_length)
        return fail(r, "range", "%zu characters, at most %zu are allowed", characters,
                    rules->max_length);
    if (characters < rules->min_length)
        return fail(r, "range", "%zu characters, at least %zu are needed", characters,
                    rules->min_length);
    return true;
}

/* Rules of texts hold for each text of an array. */
static bool items_keep(struct run *r, const struct schema_rules *rules,
                       const struct schema *schema, const struct value *value)
{
    if (schema->type == SCHEMA_RECORD)
        return true;
    if (schema->type != SCHEMA_ARRAY || schema->branches[0]->type != SCHEMA_STRING
        || schema->branches[0]->logical)
        return true;
    for (uint32_t i = 0; i < value->count; i++)
        if (!text_keeps(r, rules, &value->items[i]))
            return false;
    return true;
}

static bool value_keeps(struct run *r, const struct schema_field *field,
                        const struct value *value)
{
    const struct schema_rules *rules = &field->rules;
    const struct schema *schema = value_schema(field->type, value);

    switch (value->kind) {
    case VALUE_NUMBER:
        if (rules->must_be >= 0 && value->number != rules->must_be)
            return fail(r, "range", "must be %s", rules->must_be ? "true" : "false");
        return number_keeps(r, rules, (double)value->number);
    case VALUE_REAL: return number_keeps(r, rules, value->real);
    case VALUE_BYTES:
        return schema->type != SCHEMA_STRING || schema->logical
               || text_keeps(r, rules, value);
    case VALUE_ITEMS: return items_keep(r, rules, schema, value);
    default: return true;
    }
}

static bool requires_hold(struct run *r, const struct schema *record,
                          const struct value *values)
{
    for (size_t i = 0; i < record->count; i++) {
        const char **needed = record->fields[i].rules.requires;
        for (; needed && values[i].kind != VALUE_NULL && *needed; needed++)
            if (values[schema_find(record, *needed)].kind == VALUE_NULL) {
                r->field = *needed;
                return fail(r, "requires", "%s is given, so %s is needed",
                            record->fields[i].name, *needed);
            }
    }
    return true;
}

static bool run_record(struct run *r, const struct step *step, struct value *out)
{
    const struct step *end = r->steps + step->end;
    struct value *values =
        r->top ? r->top : arena_take_array(r->arena, step->count, sizeof *values);
    const char *outer = r->field;
    struct value dropped;

    r->level++;
    r->top = NULL; /* is taken */
    for (size_t i = 0; i < step->missing->count; i++)
        values[step->missing->fields[i].slot] = *step->missing->fields[i].value;
    for (const struct step *field = step + 1; field < end;
         field = r->steps + field->end) {
        struct value *value = field->slot == NO_SLOT ? &dropped : &values[field->slot];
        if (!outer)
            r->field = field->field ? field->field->name : NULL;
        if (!run_step(r, field, value))
            return false;
        if (field->field && !value_keeps(r, field->field, value))
            return false;
    }
    out->kind = VALUE_ITEMS;
    out->count = step->count;
    out->items = values;
    if (step->has_requires && !requires_hold(r, step->record, values))
        return false;
    r->field = outer;
    r->level--;
    return true;
}

static bool run_step(struct run *r, const struct step *step, struct value *out)
{
    out->branch = step->branch;
    switch ((enum op)step->op) {
    case OP_NULL: out->kind = VALUE_NULL; return true;
    case OP_BOOLEAN: return run_boolean(r, out);
    case OP_INT:
    case OP_LONG: return run_number(r, step, out);
    case OP_TIME: return run_time(r, step, out);
    case OP_FLOAT: return run_real(r, sizeof(float), out);
    case OP_DOUBLE: return run_real(r, sizeof(double), out);
    case OP_BYTES: return run_bytes(r, out);
    case OP_STRING: return run_string(r, out);
    case OP_UUID: return run_uuid(r, out);
    case OP_FIXED: return take_bytes(r, step->count, out);
    case OP_ENUM: return run_enum(r, step, out);
    case OP_ARRAY:
    case OP_MAP: return run_items(r, step, out);
    case OP_UNION: return run_union(r, step, out);
    case OP_RECORD: return run_record(r, step, out);
    case OP_REFUSE:
        return fail(r, "union",
                    "the reader cannot take this branch of the writer's union");
    }
    return fail(r, "plan", "unknown step");
}

static bool run_all(struct run *r, const struct plan *plan, struct value *out)
{
    if (!run_step(r, plan->steps, out))
        return false;
    if (r->at != r->end)
        return fail(r, "trailing", "%zu bytes are left behind the last field",
                    remains(r));
    return true;
}

bool plan_run(const struct plan *plan, const uint8_t *bytes, size_t size,
              struct arena *arena, struct value *out, struct reject *reject)
{
    struct run r = {plan->steps, bytes, bytes + size, bytes, arena, reject, NULL,
                    0,           0,     NULL};

    return run_all(&r, plan, out);
}

bool plan_run_partial(const struct plan *plan, const uint8_t *bytes, size_t size,
                      struct arena *arena, struct value *values, struct reject *reject)
{
    struct run r = {plan->steps, bytes, bytes + size, bytes, arena, reject, NULL,
                    0,           0,     values};
    struct value record;
    int faulty;

    for (size_t i = 0; i < plan->reader->count; i++)
        values[i] = (struct value){.kind = VALUE_UNREAD};
    if (run_all(&r, plan, &record))
        return true;
    faulty = reject->field ? schema_find(plan->reader, reject->field) : -1;
    if (faulty >= 0)
        values[faulty].kind = VALUE_UNREAD;
    return false;
}
