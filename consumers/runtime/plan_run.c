/* plan_run.c - the bounded walk over a plan's steps.
 *
 * Each function takes the place in the message where its value begins and returns the place behind it;
 * NULL: refused, *r->reject says why. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/hash.h"
#include "common/text.h"
#include "consumers/runtime/plan.h"
#include "consumers/runtime/plan_step.h"

enum { MOST_EMPTY_ITEMS = 1000 };

/* What every field goes through stands in run_record()'s loop: a call would cost as much as the work. */
#define INLINED static inline __attribute__((always_inline))

struct run {
    const struct step *steps;
    const uint8_t *start, *end;
    struct arena *arena;
    struct reject *reject;
    uint64_t empty_items; /* met so far that take no bytes */
    int64_t number;       /* the last one of more than one byte */
    uint64_t promised; /* the fewest bytes that items announced further out still need */
    struct value *
        *shown; /* where the top record's values are to be told; NULL: nowhere */
};

static const uint8_t *run_record(struct run *r, const struct step *step,
                                 const uint8_t *at, struct value *out);
static const uint8_t *run_items(struct run *r, const struct step *step, const uint8_t *at,
                                struct value *out);

static const uint8_t *fail(const struct run *r, const uint8_t *at, const char *reason,
                           const char *format, ...)
    __attribute__((format(printf, 4, 5), cold));

static const uint8_t *fail(const struct run *r, const uint8_t *at, const char *reason,
                           const char *format, ...)
{
    char detail[160];
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    if (size < (int)sizeof detail)
        snprintf(detail + size, sizeof detail - (size_t)size, " (at byte %td)",
                 at - r->start);
    *r->reject =
        (struct reject){reason, NULL, arena_copy(r->arena, detail, strlen(detail))};
    return NULL;
}

static size_t remains(const struct run *r, const uint8_t *at)
{
    return (size_t)(r->end - at);
}

/* ---- numbers ---- */

/* Any number, into r->number. */
static const uint8_t *read_varint(struct run *r, const uint8_t *at)
{
    uint64_t zigzag = 0;

    for (int shift = 0; shift < 70; shift += 7) {
        uint8_t byte;
        if (at == r->end)
            return fail(r, at, "short", "the message ends within a number");
        byte = *at++;
        if (shift == 63 && byte > 1)
            return fail(r, at, "varint", "a number does not fit 64 bits");
        zigzag |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            r->number = (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
            return at;
        }
    }
    return fail(r, at, "varint", "a number does not end");
}

/* Eight groups of seven bits, moved together. */
static uint64_t join_groups(uint64_t word)
{
    word = (word & 0x007f007f007f007f) | (word & 0x7f007f007f007f00) >> 1;
    word = (word & 0x00003fff00003fff) | (word & 0x3fff00003fff0000) >> 2;
    return (word & 0x000000000fffffff) | (word & 0x0fffffff00000000) >> 4;
}

/* Numbers of two bytes, and of up to eight where eight remain, as times are; others as above. */
static const uint8_t *read_long_varint(struct run *r, const uint8_t *at)
{
    uint64_t word, last;

    if (remains(r, at) >= 2 && at[0] >= 0x80 && at[1] < 0x80) {
        word = (at[0] & 0x7f) | (uint64_t)at[1] << 7;
        r->number = (int64_t)(word >> 1) ^ -(int64_t)(word & 1);
        return at + 2;
    }
    if (remains(r, at) < sizeof word)
        return read_varint(r, at);
    memcpy(&word, at, sizeof word);
    last = ~word & 0x8080808080808080;
    if (!last)
        return read_varint(r, at);
    word = join_groups(word & (last ^ (last - 1)));
    r->number = (int64_t)(word >> 1) ^ -(int64_t)(word & 1);
    return at + __builtin_ctzll(last) / 8 + 1;
}

INLINED const uint8_t *read_long(struct run *r, const uint8_t *at, int64_t *out)
{
    if (at < r->end && *at < 0x80) {
        *out = (*at >> 1) ^ -(*at & 1);
        return at + 1;
    }
    at = read_long_varint(r, at);
    *out = r->number;
    return at;
}

/* A length, branch or symbol: mostly it takes one byte and is not negative. */
INLINED const uint8_t *read_count(struct run *r, const uint8_t *at, int64_t *out)
{
    if (at < r->end && !(*at & 0x81)) {
        *out = *at >> 1;
        return at + 1;
    }
    at = read_long_varint(r, at);
    *out = r->number;
    return at;
}

static const uint8_t *fail_bounds(const struct run *r, const struct step *step,
                                  const uint8_t *at, double number)
{
    const struct schema_rules *rules = &step->field->rules;

    if (rules->must_be >= 0 && number != rules->must_be)
        return fail(r, at, "range", "must be %s", rules->must_be ? "true" : "false");
    if (!(number >= rules->minimum))
        return fail(r, at, "range", "below %g, or not a number", rules->minimum);
    return fail(r, at, "range", "above %g", rules->maximum);
}

/* Outside the step's limits: which of them? */
static const uint8_t *fail_whole(const struct run *r, const struct step *step,
                                 const uint8_t *at, int64_t number)
{
    if (step->is_int && (number < INT32_MIN || number > INT32_MAX))
        return fail(r, at, "range", "an int does not fit 32 bits");
    if (step->is_time && (number < CLOCK_FIRST_US || number > CLOCK_LAST_US))
        return fail(r, at, "range", "the time is outside the years 1 to 9999");
    return fail_bounds(r, step, at, (double)number);
}

INLINED const uint8_t *run_whole(struct run *r, const struct step *step,
                                 const uint8_t *at, struct value *out)
{
    int64_t number;

    at = read_long(r, at, &number);
    if (!at)
        return NULL;
    if (number < step->whole.least || number > step->whole.most)
        return fail_whole(r, step, at, number);
    out->kind = VALUE_NUMBER;
    out->number = number;
    return at;
}

INLINED const uint8_t *run_boolean(struct run *r, const struct step *step,
                                   const uint8_t *at, struct value *out)
{
    if (at == r->end)
        return fail(r, at, "short", "the message ends before a boolean");
    if (*at > 1)
        return fail(r, at, "boolean", "a boolean is neither 0 nor 1");
    if (*at < step->whole.least || *at > step->whole.most)
        return fail_whole(r, step, at + 1, *at);
    out->kind = VALUE_NUMBER;
    out->number = *at;
    return at + 1;
}

/* Outside the step's limits, or not a number. What is nested is stored as JSON, which knows finite
 * numbers only; a column takes all where the contract sets no bound. */
static const uint8_t *judge_real(const struct run *r, const struct step *step,
                                 const uint8_t *at, double real)
{
    if (step->is_nested && !isfinite(real))
        return fail(r, at, "range", "a nested number is not finite");
    if (step->real.least == -INFINITY && step->real.most == INFINITY)
        return at;
    return fail_bounds(r, step, at, real);
}

INLINED const uint8_t *put_real(struct run *r, const struct step *step, const uint8_t *at,
                                double real, struct value *out)
{
    out->kind = VALUE_REAL;
    out->real = real;
    if (real >= step->real.least && real <= step->real.most)
        return at;
    return judge_real(r, step, at, real);
}

INLINED const uint8_t *run_float(struct run *r, const struct step *step,
                                 const uint8_t *at, struct value *out)
{
    float real;

    if (remains(r, at) < sizeof real)
        return fail(r, at, "short", "the message ends within a float");
    memcpy(&real, at, sizeof real);
    return put_real(r, step, at + sizeof real, (double)real, out);
}

INLINED const uint8_t *run_double(struct run *r, const struct step *step,
                                  const uint8_t *at, struct value *out)
{
    double real;

    if (remains(r, at) < sizeof real)
        return fail(r, at, "short", "the message ends within a double");
    memcpy(&real, at, sizeof real);
    return put_real(r, step, at + sizeof real, real, out);
}

/* A float has 24 bits: what the reader calls a float is rounded to one. */
static const uint8_t *run_promoted(struct run *r, const struct step *step,
                                   const uint8_t *at, struct value *out)
{
    int64_t number;

    at = read_long(r, at, &number);
    if (!at)
        return NULL;
    if (step->is_int && (number < INT32_MIN || number > INT32_MAX))
        return fail_whole(r, step, at, number);
    return put_real(r, step, at, step->is_float ? (double)(float)number : (double)number,
                    out);
}

/* ---- bytes and texts ---- */

INLINED const uint8_t *take_bytes(struct run *r, const uint8_t *at, size_t size,
                                  struct value *out)
{
    if (remains(r, at) < size)
        return fail(r, at, "short", "%zu bytes are announced, %zu remain", size,
                    remains(r, at));
    out->kind = VALUE_BYTES;
    out->count = (uint32_t)size;
    out->bytes = at;
    return at + size;
}

static const uint8_t *fail_length(const struct run *r, const uint8_t *at, int64_t size)
{
    return fail(r, at, "length",
                size < 0 ? "a length is negative" : "a length is beyond 4 GiB");
}

INLINED const uint8_t *run_bytes(struct run *r, const uint8_t *at, struct value *out)
{
    int64_t size;

    at = read_count(r, at, &size);
    if (!at)
        return NULL;
    if (size < 0 || size > UINT32_MAX)
        return fail_length(r, at, size);
    return take_bytes(r, at, (size_t)size, out);
}

static const uint8_t *check_text(const struct run *r, const uint8_t *at,
                                 const struct value *text)
{
    bool has_nul;

    if (!text_is_utf8(text->bytes, text->count, NULL, &has_nul))
        return fail(r, at, "utf8", "a text is not UTF-8");
    if (has_nul)
        return fail(r, at, "nul", "a text has the character U+0000");
    return at;
}

static const uint8_t *count_characters(const struct run *r, const struct step *step,
                                       const uint8_t *at, const struct value *text)
{
    const struct schema_rules *rules = &step->field->rules;
    size_t characters;

    text_is_utf8(text->bytes, text->count, &characters, NULL);
    if (characters > rules->max_length)
        return fail(r, at, "range", "%zu characters, at most %zu are allowed", characters,
                    rules->max_length);
    if (characters < rules->min_length)
        return fail(r, at, "range", "%zu characters, at least %zu are needed", characters,
                    rules->min_length);
    return at;
}

INLINED const uint8_t *run_text(struct run *r, const uint8_t *at, struct value *out)
{
    at = run_bytes(r, at, out);
    if (at && !text_is_plain(out->bytes, out->count))
        at = check_text(r, at, out);
    return at;
}

INLINED const uint8_t *run_string(struct run *r, const struct step *step,
                                  const uint8_t *at, struct value *out)
{
    at = run_text(r, at, out);
    if (at && (out->count < step->size.least || out->count > step->size.most))
        at = count_characters(r, step, at, out);
    return at;
}

static const uint8_t *run_hex(struct run *r, const struct step *step, const uint8_t *at,
                              struct value *out)
{
    at = run_bytes(r, at, out);
    if (!at || (out->count == step->count && text_is_hex(out->bytes, out->count)))
        return at;
    at = check_text(r, at, out);
    return at ? fail(r, at, "range", "not %u hex digits", step->count) : NULL;
}

static const uint8_t *run_uuid(struct run *r, const struct step *step, const uint8_t *at,
                               struct value *out)
{
    uint8_t uuid[UUID_SIZE], *kept;

    at = run_bytes(r, at, out);
    if (!at)
        return NULL;
    if (!uuid_parse(uuid, (const char *)out->bytes, out->count))
        return fail(r, at, "uuid", "a text is not a UUID");
    if (step->is_skipped)
        return at;
    kept = arena_take(r->arena, UUID_SIZE);
    memcpy(kept, uuid, UUID_SIZE);
    out->bytes = kept;
    out->count = UUID_SIZE;
    return at;
}

INLINED const uint8_t *run_enum(struct run *r, const struct step *step, const uint8_t *at,
                                struct value *out)
{
    const struct value *symbol;
    int64_t index;

    at = read_count(r, at, &index);
    if (!at)
        return NULL;
    if ((uint64_t)index >= step->count)
        return fail(r, at, "enum", "a symbol's number is outside the enum");
    symbol = &step->symbols[index];
    if (symbol->kind == VALUE_NULL)
        return fail(r, at, "enum",
                    "the symbol is unknown to the reader and its enum has no default");
    out->kind = VALUE_BYTES;
    out->count = symbol->count;
    out->bytes = symbol->bytes;
    return at;
}

/* ---- the walk ---- */

INLINED const uint8_t *read_branch(struct run *r, const struct step *step,
                                   const uint8_t *at, int64_t *index)
{
    at = read_count(r, at, index);
    if (at && (uint64_t)*index >= step->count)
        return fail(r, at, "union", "a branch's number is outside the union");
    return at;
}

INLINED const uint8_t *run_step(struct run *r, const struct step *step, const uint8_t *at,
                                struct value *out)
{
    int64_t branch;

    if (step->op == OP_OPTIONAL && at < r->end && *at == step->null_head) {
        out->kind = VALUE_NULL;
        out->branch = step->null_branch;
        return at + 1;
    }
    /* Branches are no unions: one look is enough. */
    if (step->op == OP_OPTIONAL || step->op == OP_UNION) {
        at = read_branch(r, step, at, &branch);
        if (!at)
            return NULL;
        step = r->steps + step->branches[branch];
    }
    out->branch = step->branch;
    if (step->op == OP_STRING) /* as most are */
        return run_string(r, step, at, out);
    switch ((enum op)step->op) {
    case OP_NULL: out->kind = VALUE_NULL; return at;
    case OP_BOOLEAN: return run_boolean(r, step, at, out);
    case OP_WHOLE: return run_whole(r, step, at, out);
    case OP_PROMOTED: return run_promoted(r, step, at, out);
    case OP_FLOAT: return run_float(r, step, at, out);
    case OP_DOUBLE: return run_double(r, step, at, out);
    case OP_BYTES: return run_bytes(r, at, out);
    case OP_HEX: return run_hex(r, step, at, out);
    case OP_UUID: return run_uuid(r, step, at, out);
    case OP_FIXED: return take_bytes(r, at, step->count, out);
    case OP_ENUM: return run_enum(r, step, at, out);
    case OP_ARRAY:
    case OP_MAP: return run_items(r, step, at, out);
    case OP_RECORD: return run_record(r, step, at, out);
    case OP_REFUSE:
        return fail(r, at, "union",
                    "the reader cannot take this branch of the writer's union");
    case OP_STRING:
    case OP_OPTIONAL:
    case OP_UNION: break;
    }
    return fail(r, at, "plan", "unknown step");
}

/* The same, where it is not worth its space. */
static const uint8_t *run_any(struct run *r, const struct step *step, const uint8_t *at,
                              struct value *out)
{
    return run_step(r, step, at, out);
}

/* ---- arrays and maps ---- */

struct items {
    struct value *values; /* a map's: a key and a value for each item */
    uint64_t count, room; /* items */
    size_t parts;         /* values an item */
};

/* Reads a block's head: how many items, and where the block must end if it says so. */
static const uint8_t *read_block(struct run *r, const uint8_t *at, uint64_t *count,
                                 const uint8_t **ends)
{
    int64_t announced, size = 0;

    *ends = NULL;
    at = read_long(r, at, &announced);
    if (!at)
        return NULL;
    if (announced < 0) {
        if (announced == INT64_MIN)
            return fail(r, at, "items", "an impossible number of items");
        at = read_long(r, at, &size);
        if (!at)
            return NULL;
        if (size < 0 || (uint64_t)size > remains(r, at))
            return fail(r, at, "length", "a block's size is impossible");
        *ends = at + size;
        announced = -announced;
    }
    *count = (uint64_t)announced;
    return at;
}

/* An announced number is believed only as far as what remains of the message, less what items further out
 * need, can hold: so no more items are ever made room for than the message has bytes. */
static const uint8_t *believe(struct run *r, const struct step *step, const uint8_t *at,
                              uint64_t count, uint64_t so_far)
{
    uint64_t left = remains(r, at) > r->promised ? remains(r, at) - r->promised : 0;

    if (count > step->most_items - so_far)
        return fail(r, at, "items", "more than %zu items", step->most_items);
    if (step->item_size && count > left / step->item_size)
        return fail(r, at, "items", "more items are announced than the message can hold");
    r->empty_items += step->item_size ? 0 : count;
    if (r->empty_items > MOST_EMPTY_ITEMS)
        return fail(r, at, "items", "more than %d items that take no bytes",
                    MOST_EMPTY_ITEMS);
    return at;
}

/* Exactly what is needed for the first block; a later one doubles the room, as far as the message could
 * fill it. */
static void grow_items(struct run *r, const struct step *step, const uint8_t *at,
                       struct items *items, uint64_t more)
{
    uint64_t need = items->count + more, room = need;
    uint64_t most = step->item_size ? need + remains(r, at) / step->item_size : need;

    if (need <= items->room)
        return;
    if (items->count && room < 2 * items->room)
        room = 2 * items->room < most ? 2 * items->room : most;
    items->values = arena_resize(r->arena, items->values,
                                 items->room * items->parts * sizeof(struct value),
                                 room * items->parts * sizeof(struct value));
    items->room = room;
}

static const uint8_t *run_item(struct run *r, const struct step *step, const uint8_t *at,
                               struct items *items)
{
    struct value dropped, *out = &dropped;

    if (items->values)
        out = &items->values[items->count * items->parts];
    items->count++;
    if (step->op == OP_MAP && !(at = run_text(r, at, out++)))
        return NULL;
    return run_any(r, step + 1, at, out);
}

static const uint8_t *run_block(struct run *r, const struct step *step, const uint8_t *at,
                                uint64_t count, struct items *items)
{
    r->promised += count * step->item_size;
    while (at && count--) {
        r->promised -= step->item_size;
        at = run_item(r, step, at, items);
    }
    return at;
}

static const uint8_t *run_blocks(struct run *r, const struct step *step,
                                 const uint8_t *at, struct items *items)
{
    const uint8_t *ends;
    uint64_t count = 0;

    for (;;) {
        at = read_block(r, at, &count, &ends);
        if (at && count && (at = believe(r, step, at, count, items->count))) {
            if (step->op == OP_MAP || !step->is_skipped)
                grow_items(r, step, at, items, count);
            at = run_block(r, step, at, count, items);
        }
        if (at && ends && at != ends)
            return fail(r, at, "length", "a block's size is wrong");
        if (!at || count == 0)
            return at;
    }
}

/* Keys and values are sorted by key, so that the same map always is the same value. */
static int compare_entries(const void *a, const void *b)
{
    const struct value *left = a, *right = b;
    size_t size = left->count < right->count ? left->count : right->count;
    int order = size ? memcmp(left->bytes, right->bytes, size) : 0;

    return order ? order : (left->count > right->count) - (left->count < right->count);
}

static const uint8_t *sort_map(const struct run *r, const uint8_t *at,
                               const struct items *map)
{
    struct value *entries = map->values;
    size_t sorted = 1;

    while (sorted < map->count
           && compare_entries(&entries[2 * sorted - 2], &entries[2 * sorted]) < 0)
        sorted++;
    if (sorted >= map->count)
        return at;
    qsort(entries, map->count, 2 * sizeof *entries, compare_entries);
    for (size_t i = 1; i < map->count; i++)
        if (compare_entries(&entries[2 * i - 2], &entries[2 * i]) == 0)
            return fail(r, at, "dup_key", "a map has one key twice");
    return at;
}

/* A map that the reader does not have is made all the same, because no key may come twice, and given back. */
static const uint8_t *run_items(struct run *r, const struct step *step, const uint8_t *at,
                                struct value *out)
{
    struct arena_mark mark = arena_mark(r->arena);
    struct items items = {.parts = step->op == OP_MAP ? 2 : 1};

    at = run_blocks(r, step, at, &items);
    if (at && step->op == OP_MAP)
        at = sort_map(r, at, &items);
    if (!at)
        return NULL;
    if (step->is_skipped) {
        arena_rewind(r->arena, mark);
        return at;
    }
    if (items.count < items.room)
        items.values = arena_resize(r->arena, items.values,
                                    items.room * items.parts * sizeof(struct value),
                                    items.count * items.parts * sizeof(struct value));
    out->kind = VALUE_ITEMS;
    out->count = (uint32_t)items.count;
    out->items = items.values;
    return at;
}

/* ---- records ---- */

static const uint8_t *check_needs(const struct run *r, const struct fields *fields,
                                  const uint8_t *at, const struct value *values)
{
    for (const struct need *need = fields->needs; need < fields->needs_end; need++) {
        if (values[need->slot].kind == VALUE_NULL
            || values[need->needed].kind != VALUE_NULL)
            continue;
        fail(r, at, "requires", "%s is given, so %s is needed", need->field->name,
             need->needed_field->name);
        r->reject->field = need->needed_field->name;
        return NULL;
    }
    return at;
}

/* The top record, for whoever wants to see what was read before a fault. */
static void show_values(struct run *r, struct value *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (struct value){.kind = VALUE_UNREAD};
    *r->shown = values;
    r->shown = NULL;
}

static const uint8_t *run_record(struct run *r, const struct step *step,
                                 const uint8_t *at, struct value *out)
{
    const struct fields *fields = step->fields;
    const struct step *end = r->steps + step->end;
    struct value dropped, *values = &dropped;

    if (!step->is_skipped)
        values = arena_take(r->arena, fields->value_count * sizeof *values);
    if (r->shown && !step->is_skipped)
        show_values(r, values, fields->value_count);
    for (size_t i = 0; i < fields->missing_count; i++)
        values[fields->missing[i].slot] = *fields->missing[i].value;
    for (const struct step *field = step + 1; field < end;
         field = r->steps + field->end) {
        at = run_step(r, field, at, &values[field->slot]);
        if (!at) {
            r->reject->field = field->field ? field->field->name : NULL;
            return NULL;
        }
    }
    out->kind = VALUE_ITEMS;
    out->count = step->count;
    out->items = values;
    return check_needs(r, fields, at, values);
}

/* What a refused event took is given back; only the words about it are kept. */
static bool give_back(struct arena *arena, struct arena_mark mark, struct reject *reject)
{
    char *detail = xstrdup(reject->detail);

    arena_rewind(arena, mark);
    reject->detail = arena_copy(arena, detail, strlen(detail));
    free(detail);
    return false;
}

static bool run_message(struct run *r, const struct plan *plan, struct value *out)
{
    const uint8_t *at = run_any(r, plan->steps, r->start, out);

    if (at && at != r->end)
        at = fail(r, at, "trailing", "%zu bytes are left behind the last field",
                  remains(r, at));
    return at;
}

bool plan_run(const struct plan *plan, const uint8_t *bytes, size_t size,
              struct arena *arena, struct value *out, struct reject *reject)
{
    struct run r = {plan->steps, bytes, bytes + size, arena, reject, 0, 0, 0, NULL};
    struct arena_mark mark = arena_mark(arena);

    return run_message(&r, plan, out) || give_back(arena, mark, reject);
}

bool plan_run_partial(const struct plan *plan, const uint8_t *bytes, size_t size,
                      struct arena *arena, struct value *values, struct reject *reject)
{
    struct value record, *shown = NULL;
    struct run r = {plan->steps, bytes, bytes + size, arena, reject, 0, 0, 0, &shown};
    bool done = run_message(&r, plan, &record);
    int faulty;

    for (size_t i = 0; i < plan->reader->count; i++)
        values[i] = shown ? shown[i] : (struct value){.kind = VALUE_UNREAD};
    if (done)
        return true;
    faulty = reject->field ? schema_find(plan->reader, reject->field) : -1;
    if (faulty >= 0)
        values[faulty].kind = VALUE_UNREAD;
    return false;
}
