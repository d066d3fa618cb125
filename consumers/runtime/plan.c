/* plan.c - schema resolution: from two schemas to a flat array of steps. */
#include "consumers/runtime/plan.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "consumers/runtime/plan_step.h"

struct compiler {
    struct plan *plan;
    const struct defaults *defaults;
    struct err *e;
    struct text path; /* where we are: "measures.items.due_at"; empty at the root */
    unsigned level;   /* arrays, maps and records that we are in */
    bool is_skipping; /* the reader has no such field: only checked */
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
        (struct step){.op = (uint8_t)op, .is_skipped = c->is_skipping};
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

/* ---- which types go together ---- */

enum match { MATCH_NONE, MATCH_PROMOTION, MATCH_NAME, MATCH_SAME };

static bool has_alias(const struct schema *reader, const char *full_name)
{
    for (const char **alias = reader->aliases; alias && *alias; alias++)
        if (strcmp(*alias, full_name) == 0)
            return true;
    return false;
}

/* Names match without their namespaces, aliases with theirs, as the specification says. */
static enum match match_names(const struct schema *writer, const struct schema *reader)
{
    if (!reader->full_name || strcmp(writer->full_name, reader->full_name) == 0)
        return MATCH_SAME;
    return strcmp(writer->name, reader->name) == 0 || has_alias(reader, writer->full_name)
               ? MATCH_NAME
               : MATCH_NONE;
}

static bool is_promotable(enum schema_type writer, enum schema_type reader)
{
    switch (writer) {
    case SCHEMA_INT: return reader >= SCHEMA_LONG && reader <= SCHEMA_DOUBLE;
    case SCHEMA_LONG: return reader == SCHEMA_FLOAT || reader == SCHEMA_DOUBLE;
    case SCHEMA_FLOAT: return reader == SCHEMA_DOUBLE;
    case SCHEMA_STRING: return reader == SCHEMA_BYTES;
    case SCHEMA_BYTES: return reader == SCHEMA_STRING;
    default: return false;
    }
}

static enum match match(const struct schema *writer, const struct schema *reader)
{
    if (writer->type != reader->type)
        return is_promotable(writer->type, reader->type) ? MATCH_PROMOTION : MATCH_NONE;
    if (writer->type == SCHEMA_FIXED && writer->count != reader->count)
        return MATCH_NONE;
    return match_names(writer, reader);
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

/* ---- one value ---- */

static struct value text_value(const char *text)
{
    return (struct value){.kind = VALUE_BYTES,
                          .count = (uint32_t)strlen(text),
                          .bytes = (const uint8_t *)text};
}

static struct value find_symbol(const struct schema *reader, const char *symbol)
{
    for (size_t i = 0; i < reader->count; i++)
        if (strcmp(reader->symbols[i], symbol) == 0)
            return text_value(reader->symbols[i]);
    if (reader->default_symbol >= 0)
        return text_value(reader->symbols[reader->default_symbol]);
    return (struct value){.kind = VALUE_NULL};
}

static bool compile_enum(struct compiler *c, const struct schema *writer,
                         const struct schema *reader)
{
    struct value *symbols =
        arena_take_array(c->plan->arena, writer->count, sizeof *symbols);
    struct step *step = add_step(c, OP_ENUM);

    for (size_t i = 0; i < writer->count; i++) {
        symbols[i] = find_symbol(reader, writer->symbols[i]);
        if (symbols[i].kind == VALUE_NULL)
            note_weakness(c,
                          "the symbol %s is unknown to the reader and its enum has no "
                          "default",
                          writer->symbols[i]);
    }
    step->count = (uint32_t)writer->count;
    step->symbols = symbols;
    return true;
}

static bool compile_whole(struct compiler *c, const struct schema *writer,
                          const struct schema *reader)
{
    struct step *step = add_step(c, OP_WHOLE);

    step->is_int = writer->type == SCHEMA_INT;
    step->is_time = reader->logical == LOGICAL_TIMESTAMP_MICROS;
    step->whole.least = INT64_MIN;
    step->whole.most = INT64_MAX;
    if (step->is_time) {
        step->whole.least = CLOCK_FIRST_US;
        step->whole.most = CLOCK_LAST_US;
    }
    if (step->is_int) {
        step->whole.least = INT32_MIN;
        step->whole.most = INT32_MAX;
    }
    if (step->is_time && !step->is_int && writer->logical != reader->logical)
        note_weakness(c, "a number need not be a time of the years 1 to 9999");
    return true;
}

static bool compile_real(struct compiler *c, enum op op, const struct schema *writer,
                         const struct schema *reader)
{
    struct step *step = add_step(c, op);

    step->is_int = writer->type == SCHEMA_INT;
    step->is_float = reader->type == SCHEMA_FLOAT;
    step->is_nested = c->level > 1;
    step->real.least = step->is_nested ? -DBL_MAX : -INFINITY;
    step->real.most = step->is_nested ? DBL_MAX : INFINITY;
    return true;
}

static bool compile_number(struct compiler *c, const struct schema *writer,
                           const struct schema *reader)
{
    if (writer->type == SCHEMA_FLOAT || writer->type == SCHEMA_DOUBLE)
        return compile_real(c, writer->type == SCHEMA_FLOAT ? OP_FLOAT : OP_DOUBLE,
                            writer, reader);
    if (reader->type == SCHEMA_FLOAT || reader->type == SCHEMA_DOUBLE)
        return compile_real(c, OP_PROMOTED, writer, reader);
    return compile_whole(c, writer, reader);
}

/* What the reader wants as text has to be text, whatever the writer called it. */
static bool compile_bytes(struct compiler *c, const struct schema *writer,
                          const struct schema *reader)
{
    struct step *step;

    if (reader->logical == LOGICAL_UUID) {
        add_step(c, OP_UUID);
        if (writer->logical != LOGICAL_UUID)
            note_weakness(c, "a text need not be a UUID");
        return true;
    }
    if (writer->type == SCHEMA_BYTES && reader->type == SCHEMA_STRING)
        note_weakness(c, "bytes need not be a text in UTF-8");
    step = add_step(c, reader->type == SCHEMA_STRING ? OP_STRING : OP_BYTES);
    step->size.most = SIZE_MAX;
    return true;
}

static bool compile_fixed(struct compiler *c, const struct schema *writer)
{
    add_step(c, OP_FIXED)->count = (uint32_t)writer->count;
    return true;
}

static bool compile_boolean(struct compiler *c)
{
    add_step(c, OP_BOOLEAN)->whole.most = 1;
    return true;
}

static bool compile_items(struct compiler *c, const struct schema *writer,
                          const struct schema *reader)
{
    struct step *step = add_step(c, writer->type == SCHEMA_ARRAY ? OP_ARRAY : OP_MAP);
    size_t path = enter(c, writer->type == SCHEMA_ARRAY ? "items" : "values");
    bool done;

    step->most_items = UINT32_MAX;
    step->item_size =
        (uint32_t)least_size(writer->branches[0]) + (writer->type == SCHEMA_MAP);
    c->level++;
    done = compile_type(c, writer->branches[0], reader->branches[0]);
    c->level--;
    leave(c, path);
    return done;
}

/* ---- the contract's rules, as limits ---- */

static int64_t whole_of(double number)
{
    if (number <= -0x1p63)
        return INT64_MIN;
    return number >= 0x1p63 ? INT64_MAX : (int64_t)number;
}

static void limit_whole(struct step *step, const struct schema_rules *rules)
{
    int64_t least = whole_of(ceil(rules->minimum));
    int64_t most = whole_of(floor(rules->maximum));

    if (least > step->whole.least)
        step->whole.least = least;
    if (most < step->whole.most)
        step->whole.most = most;
    if (rules->must_be >= 0)
        step->whole.least = step->whole.most = rules->must_be;
}

static void limit_real(struct step *step, const struct schema_rules *rules)
{
    if (rules->minimum > step->real.least)
        step->real.least = rules->minimum;
    if (rules->maximum < step->real.most)
        step->real.most = rules->maximum;
}

/* A character takes one to four bytes: between these limits there is no need to count. */
static void limit_text(struct step *step, const struct schema_rules *rules)
{
    if (rules->hex_digits) {
        step->op = OP_HEX;
        step->count = (uint32_t)rules->hex_digits;
    }
    step->size.least = rules->min_length <= 1 ? rules->min_length : 4 * rules->min_length;
    step->size.most = rules->max_length;
}

/* The rules of a field hold for its value, whatever branch of a union it is; those of texts hold for each text
 * of an array. */
static void limit(struct compiler *c, uint32_t at, const struct schema_field *field)
{
    struct step *step = &c->plan->steps[at];

    step->field = field;
    switch ((enum op)step->op) {
    case OP_OPTIONAL:
    case OP_UNION:
        for (size_t i = 0; i < step->count; i++)
            limit(c, step->branches[i], field);
        break;
    case OP_BOOLEAN:
    case OP_WHOLE: limit_whole(step, &field->rules); break;
    case OP_PROMOTED:
    case OP_FLOAT:
    case OP_DOUBLE: limit_real(step, &field->rules); break;
    case OP_STRING: limit_text(step, &field->rules); break;
    case OP_ARRAY:
        step->most_items = field->rules.max_items;
        if (step[1].op == OP_STRING)
            limit(c, at + 1, field);
        break;
    case OP_MAP: step->most_items = field->rules.max_items; break;
    default: break;
    }
}

/* ---- records ---- */

/* Which of the reader's fields takes each of the writer's; -1: none. A field goes to the one of its own name, else
 * to the first one that has its name as an alias and that no other field goes to. */
static int *find_targets(struct compiler *c, const struct schema *writer,
                         const struct schema *reader)
{
    int *targets = arena_take_array(c->plan->arena, writer->count, sizeof *targets);

    for (size_t i = 0; i < writer->count; i++)
        targets[i] = schema_find(reader, writer->fields[i].name);
    for (size_t slot = 0; slot < reader->count; slot++) {
        const struct schema_field *field = &reader->fields[slot];
        bool is_taken = schema_find(writer, field->name) >= 0;
        for (const char **alias = field->aliases; !is_taken && alias && *alias; alias++) {
            int source = schema_find(writer, *alias);
            is_taken = source >= 0 && targets[source] < 0;
            if (is_taken)
                targets[source] = (int)slot;
        }
    }
    return targets;
}

static bool is_written(const int *targets, size_t count, size_t slot)
{
    for (size_t i = 0; i < count; i++)
        if (targets[i] == (int)slot)
            return true;
    return false;
}

static bool add_missing(struct compiler *c, struct fields *fields, size_t slot,
                        const struct schema_field *field)
{
    const struct value *value = c->defaults ? c->defaults->values[field->ordinal] : NULL;

    if (!value) {
        enter(c, field->name);
        return refuse(c, "the writer has no such field and the reader has no default");
    }
    fields->missing[fields->missing_count++] = (struct missing){slot, value};
    return true;
}

static bool find_missing(struct compiler *c, const struct schema *writer,
                         const struct schema *reader, const int *targets,
                         struct fields *fields)
{
    fields->missing =
        arena_take_array(c->plan->arena, reader->count, sizeof *fields->missing);
    for (size_t i = 0; i < reader->count; i++)
        if (!is_written(targets, writer->count, i)
            && !add_missing(c, fields, i, &reader->fields[i]))
            return false;
    return true;
}

static void add_needs(const struct schema *reader, size_t slot, struct fields *fields)
{
    for (const char **name = reader->fields[slot].rules.requires; name && *name; name++) {
        int needed = schema_find(reader, *name);
        *fields->needs_end++ =
            (struct need){(uint32_t)slot, (uint32_t)needed, &reader->fields[slot],
                          &reader->fields[needed]};
    }
}

static void find_needs(struct compiler *c, const struct schema *reader,
                       struct fields *fields)
{
    size_t count = 0;

    for (size_t i = 0; i < reader->count; i++)
        for (const char **name = reader->fields[i].rules.requires; name && *name; name++)
            count++;
    fields->needs = arena_take_array(c->plan->arena, count, sizeof *fields->needs);
    fields->needs_end = fields->needs;
    for (size_t i = 0; i < reader->count; i++)
        add_needs(reader, i, fields);
}

/* What the reader does not have goes to a place behind its fields. */
static bool compile_dropped(struct compiler *c, const struct schema *type,
                            struct fields *fields, size_t slot)
{
    bool was_skipping = c->is_skipping;
    uint32_t at = c->plan->count;

    c->is_skipping = true;
    if (!compile_type(c, type, type))
        return false;
    c->is_skipping = was_skipping;
    c->plan->steps[at].slot = (uint32_t)slot;
    fields->value_count = slot + 1;
    return true;
}

static bool compile_field(struct compiler *c, const struct schema *type,
                          const struct schema_field *target, size_t slot)
{
    uint32_t at = c->plan->count;

    if (!compile_type(c, type, target->type))
        return false;
    c->plan->steps[at].slot = (uint32_t)slot;
    limit(c, at, target);
    return true;
}

static bool compile_fields(struct compiler *c, const struct schema *writer,
                           const struct schema *reader, const int *targets,
                           struct fields *fields)
{
    for (size_t i = 0; i < writer->count; i++) {
        const struct schema_field *field = &writer->fields[i];
        bool is_dropped = c->is_skipping || targets[i] < 0;
        const struct schema_field *target =
            is_dropped ? field : &reader->fields[targets[i]];
        size_t path = enter(c, target->name);
        if (is_dropped ? !compile_dropped(c, field->type, fields,
                                          c->is_skipping ? 0 : reader->count)
                       : !compile_field(c, field->type, target, (size_t)targets[i]))
            return false;
        leave(c, path);
    }
    return true;
}

static bool compile_record(struct compiler *c, const struct schema *writer,
                           const struct schema *reader)
{
    struct fields *fields = arena_take(c->plan->arena, sizeof *fields);
    const int *targets = find_targets(c, writer, reader);
    struct step *step = add_step(c, OP_RECORD);
    bool done;

    *fields = (struct fields){.value_count = reader->count};
    step->count = (uint32_t)reader->count;
    step->fields = fields;
    if (!find_missing(c, writer, reader, targets, fields))
        return false;
    if (!c->is_skipping)
        find_needs(c, reader, fields);
    c->level++;
    done = compile_fields(c, writer, reader, targets, fields);
    c->level--;
    return done;
}

/* ---- unions ---- */

/* A branch that the reader cannot take is refused when an event really uses it: false. */
static bool compile_branch(struct compiler *c, const struct schema *writer, size_t index,
                           const struct schema *reader)
{
    const struct compiler before = *c;
    const char *weakness = c->plan->weakness;
    uint32_t at = c->plan->count;

    if (compile_type(c, writer->branches[index], reader))
        return true;
    leave(c, before.path.size);
    c->level = before.level;
    c->is_skipping = before.is_skipping;
    c->plan->weakness = weakness;
    note_weakness(c, "the reader cannot take branch %zu of the writer's union", index);
    c->plan->count = at;
    add_step(c, OP_REFUSE)->end = at + 1;
    return false;
}

/* null and one other type: null is told by one byte. */
static void mark_optional(struct compiler *c, struct step *step)
{
    for (size_t i = 0; step->count == 2 && i < 2; i++) {
        const struct step *branch = &c->plan->steps[step->branches[i]];
        if (branch->op != OP_NULL)
            continue;
        step->op = OP_OPTIONAL;
        step->null_head = (uint8_t)(i << 1);
        step->null_branch = branch->branch;
    }
}

static bool compile_writer_union(struct compiler *c, const struct schema *writer,
                                 const struct schema *reader)
{
    uint32_t *branches =
        arena_take_array(c->plan->arena, writer->count, sizeof *branches);
    uint32_t at = c->plan->count;
    struct step *step = add_step(c, OP_UNION);
    bool readable = false;

    step->count = (uint32_t)writer->count;
    step->branches = branches;
    for (size_t i = 0; i < writer->count; i++) {
        branches[i] = c->plan->count;
        readable |= compile_branch(c, writer, i, reader);
    }
    mark_optional(c, &c->plan->steps[at]);
    return readable;
}

/* The specification takes the first branch that matches. That could be another record of the same name in another
 * namespace, or a promotion to double where there is a long: the best match is taken, the first of those. */
static bool compile_reader_union(struct compiler *c, const struct schema *writer,
                                 const struct schema *reader)
{
    enum match best = MATCH_NONE;
    uint32_t at = c->plan->count;
    size_t branch = 0;

    for (size_t i = 0; i < reader->count; i++)
        if (match(writer, reader->branches[i]) > best) {
            best = match(writer, reader->branches[i]);
            branch = i;
        }
    if (best == MATCH_NONE)
        return refuse(c, "no branch of the reader's union takes what was written");
    if (!compile_type(c, writer, reader->branches[branch]))
        return false;
    c->plan->steps[at].branch = (uint8_t)branch;
    return true;
}

/* ---- all of it ---- */

static bool compile_one(struct compiler *c, const struct schema *writer,
                        const struct schema *reader)
{
    switch (writer->type) {
    case SCHEMA_NULL: add_step(c, OP_NULL); return true;
    case SCHEMA_BOOLEAN: return compile_boolean(c);
    case SCHEMA_INT:
    case SCHEMA_LONG:
    case SCHEMA_FLOAT:
    case SCHEMA_DOUBLE: return compile_number(c, writer, reader);
    case SCHEMA_BYTES:
    case SCHEMA_STRING: return compile_bytes(c, writer, reader);
    case SCHEMA_FIXED: return compile_fixed(c, writer);
    case SCHEMA_ENUM: return compile_enum(c, writer, reader);
    case SCHEMA_ARRAY:
    case SCHEMA_MAP: return compile_items(c, writer, reader);
    case SCHEMA_RECORD: return compile_record(c, writer, reader);
    case SCHEMA_UNION: return compile_writer_union(c, writer, reader);
    }
    return false;
}

static bool compile_type(struct compiler *c, const struct schema *writer,
                         const struct schema *reader)
{
    uint32_t at = c->plan->count;

    if (writer->type != SCHEMA_UNION) {
        if (reader->type == SCHEMA_UNION)
            return compile_reader_union(c, writer, reader);
        if (match(writer, reader) == MATCH_NONE)
            return refuse(c, "the reader's type does not take the writer's");
    }
    if (!compile_one(c, writer, reader))
        return false;
    c->plan->steps[at].end = c->plan->count;
    return true;
}

struct plan *plan_compile(const struct schema *writer, const struct schema *reader,
                          const struct defaults *defaults, struct err *e)
{
    struct plan *plan = xcalloc(1, sizeof *plan);
    struct compiler c = {.plan = plan, .defaults = defaults, .e = e};
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
