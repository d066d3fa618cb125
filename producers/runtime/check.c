/* check.c - JSON against the contract. */
#include "producers/runtime/check.h"

#include <ctype.h>
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/clock.h"
#include "common/hash.h"
#include "common/text.h"
#include "producers/runtime/nearest.h"
#include "producers/runtime/personal.h"

enum { MOST_VALUES = 50000 };

struct checker {
    const struct contract *contract;
    struct arena *arena;    /* of the defaults */
    struct datum *defaults; /* by the field's ordinal; type NULL: it has none */
};

/* The way from the root of the line to a value; only a reason needs it as text. */
struct where {
    const struct where *up;
    const char *field; /* NULL: an item of an array */
    size_t index;
};

/* One line on its way. */
struct check {
    const struct checker *checker;
    struct arena *arena;
    struct err *e;
    const char *traceparent; /* in arena; NULL: none was given */
};

static enum outcome fill(struct check *c, const struct where *where,
                         const struct schema *schema, const struct schema_rules *rules,
                         const json_t *json, struct datum *out);

/* ---- reasons ---- */

/* "measures[2].due_at" */
static void add_path(struct text *out, const struct where *where)
{
    if (!where)
        return;
    add_path(out, where->up);
    if (where->field)
        text_format(out, "%s%s", out->size ? "." : "", where->field);
    else
        text_format(out, "[%zu]", where->index);
}

static enum outcome __attribute__((format(printf, 3, 4)))
refuse(struct check *c, const struct where *where, const char *format, ...)
{
    struct text path = {0};
    char reason[400];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    add_path(&path, where);
    if (path.size)
        err_set(c->e, REJECT, "%s: %s", path.bytes, reason);
    else
        err_set(c->e, REJECT, "%s", reason);
    text_free(&path);
    return REJECT;
}

/* jansson's own text quotes the place of the fault, and with it the value. */
static const char *syntax_reason(enum json_error_code code)
{
    switch (code) {
    case json_error_invalid_utf8: return "is not UTF-8";
    case json_error_premature_end_of_input: return "is not JSON: it ends too early";
    case json_error_end_of_input_expected:
        return "is not JSON: something follows the closing brace";
    case json_error_null_character:
    case json_error_null_byte_in_key: return "has U+0000, which text must not have";
    case json_error_duplicate_key: return "has the same field twice";
    case json_error_numeric_overflow: return "has a number beyond all bounds";
    case json_error_stack_overflow: return "is nested too deeply";
    default: return "is not JSON";
    }
}

/* jansson makes every value before we can look at one, and a value of three bytes takes
 * a hundred and more. */
static bool has_too_many_values(const char *line, size_t size)
{
    bool in_text = false;
    size_t values = 0;

    for (size_t i = 0; i < size && values <= MOST_VALUES; i++) {
        if (line[i] == '"')
            in_text = !in_text;
        else if (in_text && line[i] == '\\')
            i++;
        else if (!in_text)
            values += line[i] == ',' || line[i] == '[' || line[i] == '{';
    }
    return values > MOST_VALUES;
}

/* The JSON object of a line; NULL: it is none. */
static json_t *parse_line(struct check *c, const char *line, size_t size)
{
    json_error_t error;
    json_t *json;

    if (has_too_many_values(line, size)) {
        refuse(c, NULL, "has more than %d values", MOST_VALUES);
        return NULL;
    }
    json = json_loadb(line, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!json) {
        refuse(c, NULL, "%s (at byte %d)", syntax_reason(json_error_code(&error)),
               error.position);
    } else if (!json_is_object(json)) {
        refuse(c, NULL, "must be a JSON object");
        json_decref(json);
        json = NULL;
    }
    return json;
}

/* ---- numbers ---- */

static enum outcome fill_boolean(struct check *c, const struct where *where,
                                 const struct schema_rules *rules, const json_t *json,
                                 struct datum *out)
{
    if (!json_is_boolean(json))
        return refuse(c, where, "must be true or false");
    if (rules->must_be >= 0 && json_is_true(json) != rules->must_be)
        return refuse(c, where, "must be %s", rules->must_be ? "true" : "false");
    out->number = json_is_true(json);
    return DONE;
}

static enum outcome check_bounds(struct check *c, const struct where *where,
                                 const struct schema_rules *rules, double number)
{
    if (number < rules->minimum)
        return refuse(c, where, "is below %.15g", rules->minimum);
    if (number > rules->maximum)
        return refuse(c, where, "is above %.15g", rules->maximum);
    return DONE;
}

static enum outcome fill_whole(struct check *c, const struct where *where,
                               const struct schema_rules *rules, const json_t *json,
                               struct datum *out)
{
    if (!json_is_integer(json))
        return refuse(c, where, "must be a whole number");
    out->number = json_integer_value(json);
    if (out->type->type == SCHEMA_INT
        && (out->number < INT32_MIN || out->number > INT32_MAX))
        return refuse(c, where, "is beyond the range of an int (%d to %d)", INT32_MIN,
                      INT32_MAX);
    return check_bounds(c, where, rules, (double)out->number);
}

/* A float is judged as it came and as it will be read: rounding must not carry it over a
 * bound. */
static enum outcome fill_real(struct check *c, const struct where *where,
                              const struct schema_rules *rules, const json_t *json,
                              struct datum *out)
{
    if (!json_is_number(json))
        return refuse(c, where, "must be a number");
    out->real = json_number_value(json);
    if (check_bounds(c, where, rules, out->real))
        return REJECT;
    if (out->type->type == SCHEMA_DOUBLE)
        return DONE;
    if (fabs(out->real) > (double)FLT_MAX)
        return refuse(c, where, "is beyond the range of a float");
    out->real = (double)(float)out->real;
    return check_bounds(c, where, rules, out->real);
}

static enum outcome fill_time(struct check *c, const struct where *where,
                              const json_t *json, struct datum *out)
{
    const char *fault;

    if (!json_is_string(json))
        return refuse(c, where, "must be a time such as \"2026-01-05T08:30:00+08:00\"");
    fault = clock_parse(json_string_value(json), json_string_length(json), &out->number);
    return fault ? refuse(c, where, "%s", fault) : DONE;
}

/* ---- text ---- */

static bool is_hex(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!isxdigit((unsigned char)text[i]))
            return false;
    return true;
}

static enum outcome check_text(struct check *c, const struct where *where,
                               const struct schema_rules *rules, const char *text,
                               size_t size)
{
    size_t characters = size;
    const char *personal = rules->free_text ? personal_id_in(text, size) : NULL;

    if (rules->hex_digits && (size != rules->hex_digits || !is_hex(text, size)))
        return refuse(c, where, "must be %zu hex digits", rules->hex_digits);
    text_is_utf8(text, size, &characters, NULL);
    if (characters == 0 && rules->min_length > 0)
        return refuse(c, where, "must not be empty");
    if (characters < rules->min_length)
        return refuse(c, where, "is shorter than %zu characters", rules->min_length);
    if (characters > rules->max_length)
        return refuse(c, where, "is longer than %zu characters", rules->max_length);
    if (personal)
        return refuse(c, where, "has %s, which must not enter the bus", personal);
    return DONE;
}

static void put_uuid(struct check *c, const uint8_t uuid[UUID_SIZE], struct datum *out)
{
    char text[UUID_TEXT_SIZE];

    uuid_format(text, uuid);
    out->count = UUID_TEXT_SIZE - 1;
    out->text = arena_copy(c->arena, text, out->count);
}

static enum outcome fill_text(struct check *c, const struct where *where,
                              const struct schema_rules *rules, const json_t *json,
                              struct datum *out)
{
    uint8_t uuid[UUID_SIZE];
    const char *text = json_string_value(json);
    size_t size = json_string_length(json);

    if (!text)
        return refuse(c, where, "must be a string");
    if (out->type->logical == LOGICAL_UUID) {
        if (!uuid_parse(uuid, text, size))
            return refuse(c, where, "must be a UUID of 36 characters");
        put_uuid(c, uuid, out);
        return DONE;
    }
    out->count = size;
    out->text = arena_copy(c->arena, text, size);
    return check_text(c, where, rules, text, size);
}

static enum outcome refuse_symbol(struct check *c, const struct where *where,
                                  const struct schema *schema, const char *given)
{
    struct nearest near = nearest_to(given);
    struct text known = {0};

    for (size_t i = 0; i < schema->count; i++) {
        nearest_try(&near, schema->symbols[i]);
        text_format(&known, "%s%s", i ? ", " : "", schema->symbols[i]);
    }
    if (near.best)
        refuse(c, where, "is no symbol of %s; did you mean %s?", schema->name, near.best);
    else
        refuse(c, where, "must be one of %s", known.bytes);
    text_free(&known);
    return REJECT;
}

static enum outcome fill_symbol(struct check *c, const struct where *where,
                                const json_t *json, struct datum *out)
{
    const char *given = json_string_value(json);

    if (!given)
        return refuse(c, where, "must be a string");
    for (size_t i = 0; i < out->type->count; i++)
        if (strcmp(out->type->symbols[i], given) == 0) {
            out->number = (int64_t)i;
            return DONE;
        }
    return refuse_symbol(c, where, out->type, given);
}

/* ---- arrays and records ---- */

static enum outcome fill_array(struct check *c, const struct where *where,
                               const struct schema_rules *rules, const json_t *json,
                               struct datum *out)
{
    struct where item = {where, NULL, 0};

    if (!json_is_array(json))
        return refuse(c, where, "must be an array");
    out->count = json_array_size(json);
    if (out->count > rules->max_items)
        return refuse(c, where, "has more than %zu items", rules->max_items);
    out->items = arena_take_array(c->arena, out->count, sizeof *out->items);
    for (; item.index < out->count; item.index++)
        if (fill(c, &item, out->type->branches[0], rules,
                 json_array_get(json, item.index), &out->items[item.index]))
            return REJECT;
    return DONE;
}

/* A name out of the line, short. What no field's name has could disturb a terminal, or
 * be a person's. */
static void printable(char out[65], const char *name)
{
    size_t size = 0;

    for (; name[size] && size < 64; size++)
        out[size] = isalnum((unsigned char)name[size]) || strchr("_-.", name[size])
                        ? name[size]
                        : '?';
    out[size] = '\0';
}

/* A field by its name or by one that it had in an earlier version. */
static bool is_field(const struct schema *record, const char *name)
{
    if (schema_find(record, name) >= 0)
        return true;
    for (size_t i = 0; i < record->count; i++)
        for (const char **alias = record->fields[i].aliases; alias && *alias; alias++)
            if (strcmp(*alias, name) == 0)
                return true;
    return false;
}

static enum outcome check_version(struct check *c, const struct where *where,
                                  const json_t *version)
{
    const struct contract *contract = c->checker->contract;

    if (!json_is_integer(version))
        return refuse(c, where, "must be a whole number");
    if (!contract_has_version(contract->kind, json_integer_value(version)))
        return refuse(c, where, "is not known here; the newest is %d", contract->version);
    return DONE;
}

/* https://www.w3.org/TR/trace-context/: version ff and ids of nothing but 0 are invalid. */
static bool is_traceparent(const char *text)
{
    static const char form[] = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";

    for (size_t i = 0; i < sizeof form; i++)
        if (form[i] == 'x' ? !text[i] || !strchr("0123456789abcdef", text[i])
                           : text[i] != form[i])
            return false;
    return strncmp(text, "ff", 2) != 0 && strspn(text + 3, "0") < 32
           && strspn(text + 36, "0") < 16;
}

static enum outcome check_traceparent(struct check *c, const struct where *where,
                                      const json_t *given)
{
    const char *text = json_string_value(given);

    if (!text || !is_traceparent(text))
        return refuse(c, where, "is no traceparent of W3C's Trace Context");
    c->traceparent = arena_copy(c->arena, text, strlen(text) + 1);
    return DONE;
}

/* What may stand in a line and is no field. The fingerprint says the schema's version, but a device may state what it
 * means to write; traceparent becomes a header. */
static const struct extra {
    const char *name;
    enum outcome (*check)(struct check *c, const struct where *where,
                          const json_t *given);
} extras[] = {{"schema_version", check_version}, {"traceparent", check_traceparent}};
enum { EXTRAS = sizeof extras / sizeof *extras };

static bool is_extra(const struct where *where, const char *name)
{
    for (size_t i = 0; i < EXTRAS && !where; i++)
        if (strcmp(name, extras[i].name) == 0)
            return true;
    return false;
}

static enum outcome check_extras(struct check *c, const json_t *line, size_t *given)
{
    for (size_t i = 0; i < EXTRAS; i++) {
        const struct where where = {NULL, extras[i].name, 0};
        const json_t *json = json_object_get(line, extras[i].name);
        if (json && extras[i].check(c, &where, json))
            return REJECT;
        *given += json != NULL;
    }
    return DONE;
}

/* DONE: every name in the line is a field. */
static enum outcome refuse_unknown(struct check *c, const struct where *where,
                                   const struct schema *record, const json_t *json)
{
    const char *name;
    const json_t *value;

    json_object_foreach((json_t *)(uintptr_t)json, name, value)
    {
        struct nearest near = nearest_to(name);
        char shown[65];
        if (is_field(record, name) || is_extra(where, name))
            continue;
        for (size_t i = 0; i < record->count; i++)
            nearest_try(&near, record->fields[i].name);
        printable(shown, name);
        if (near.best)
            return refuse(c, where, "no such field '%s'; did you mean '%s'?", shown,
                          near.best);
        return refuse(c, where, "no such field '%s'", shown);
    }
    return DONE;
}

static bool made_here(const struct where *where, const struct schema_field *field)
{
    return !where->up && field->type->logical == LOGICAL_UUID
           && strcmp(field->name, "event_id") == 0;
}

static void fill_null(const struct schema *schema, struct datum *out)
{
    *out = (struct datum){.branch = 0};
    while (schema->branches[out->branch]->type != SCHEMA_NULL)
        out->branch++;
    out->type = schema->branches[out->branch];
}

static enum outcome fill_absent(struct check *c, const struct where *where,
                                const struct schema_field *field, struct datum *out)
{
    const struct datum *fallback = &c->checker->defaults[field->ordinal];
    uint8_t uuid[UUID_SIZE];
    bool optional;

    schema_strip_null(field->type, &optional);
    if (fallback->type) {
        *out = *fallback;
    } else if (optional) {
        fill_null(field->type, out);
    } else if (made_here(where, field)) {
        *out = (struct datum){.type = field->type, .branch = -1};
        uuid_v7(uuid, clock_now_us() / 1000);
        put_uuid(c, uuid, out);
    } else {
        return refuse(c, where, "is missing");
    }
    return DONE;
}

static enum outcome check_requires(struct check *c, const struct where *up,
                                   const struct datum *record)
{
    const struct schema *type = record->type;

    for (size_t i = 0; i < record->count; i++) {
        const struct where where = {up, type->fields[i].name, 0};
        const char **needed = type->fields[i].rules.requires;
        if (!needed || record->items[i].type->type == SCHEMA_NULL)
            continue;
        for (; *needed; needed++)
            if (record->items[schema_find(type, *needed)].type->type == SCHEMA_NULL)
                return refuse(c, &where, "needs %s too", *needed);
    }
    return DONE;
}

/* The line's value of a field, which may stand under an earlier name of it: *json stays NULL where there is none. */
static enum outcome find_value(struct check *c, const struct where *where,
                               const struct schema_field *field, const json_t *record,
                               const json_t **json)
{
    const char *found = field->name;

    *json = json_object_get(record, field->name);
    for (const char **alias = field->aliases; alias && *alias; alias++) {
        const json_t *other = json_object_get(record, *alias);
        if (*json && other)
            return refuse(c, where, "is given twice, as %s and as %s", found, *alias);
        if (other) {
            *json = other;
            found = *alias;
        }
    }
    return DONE;
}

/* One field; *given counts those that the line has. */
static enum outcome fill_field(struct check *c, const struct where *up,
                               const struct schema_field *field, const json_t *record,
                               size_t *given, struct datum *out)
{
    const struct where where = {up, field->name, 0};
    const json_t *json;

    if (find_value(c, &where, field, record, &json))
        return REJECT;
    if (!json)
        return fill_absent(c, &where, field, out);
    *given += 1;
    return fill(c, &where, field->type, &field->rules, json, out);
}

/* A name that is not ours is told before anything else: it explains why another is
 * missing. */
static enum outcome fill_record(struct check *c, const struct where *where,
                                const json_t *json, struct datum *out)
{
    size_t given = 0;

    if (!json_is_object(json))
        return refuse(c, where, "must be an object");
    if (!where && check_extras(c, json, &given))
        return REJECT;
    out->count = out->type->count;
    out->items = arena_take_array(c->arena, out->count, sizeof *out->items);
    for (size_t i = 0; i < out->count; i++)
        if (fill_field(c, where, &out->type->fields[i], json, &given, &out->items[i])) {
            struct err first = *c->e;
            if (refuse_unknown(c, where, out->type, json) == DONE)
                *c->e = first;
            return REJECT;
        }
    if (given != json_object_size(json))
        return refuse_unknown(c, where, out->type, json);
    return check_requires(c, where, out);
}

static enum outcome fill_branch(struct check *c, const struct where *where,
                                const struct schema_rules *rules, const json_t *json,
                                struct datum *out)
{
    switch (out->type->type) {
    case SCHEMA_BOOLEAN: return fill_boolean(c, where, rules, json, out);
    case SCHEMA_INT: return fill_whole(c, where, rules, json, out);
    case SCHEMA_LONG:
        return out->type->logical == LOGICAL_TIMESTAMP_MICROS
                   ? fill_time(c, where, json, out)
                   : fill_whole(c, where, rules, json, out);
    case SCHEMA_FLOAT:
    case SCHEMA_DOUBLE: return fill_real(c, where, rules, json, out);
    case SCHEMA_STRING: return fill_text(c, where, rules, json, out);
    case SCHEMA_ENUM: return fill_symbol(c, where, json, out);
    case SCHEMA_ARRAY: return fill_array(c, where, rules, json, out);
    case SCHEMA_RECORD: return fill_record(c, where, json, out);
    default:
        return refuse(c, where,
                      "has a type that JSON lines cannot fill"); /* see check_types() */
    }
}

/* One value. *out gets the branch of a union that it takes. */
static enum outcome fill(struct check *c, const struct where *where,
                         const struct schema *schema, const struct schema_rules *rules,
                         const json_t *json, struct datum *out)
{
    bool optional;

    *out = (struct datum){.type = schema_strip_null(schema, &optional), .branch = -1};
    if (json_is_null(json)) {
        if (!optional)
            return refuse(c, where, "must not be null");
        fill_null(schema, out);
        return DONE;
    }
    if (optional)
        out->branch = out->type == schema->branches[0] ? 0 : 1;
    return fill_branch(c, where, rules, json, out);
}

/* ---- the calls ---- */

/* What check.h promises holds for these types; any other in a schema must be seen at the
 * start. */
static enum outcome check_types(const struct schema *schema, const char *name,
                                struct err *e)
{
    bool optional;
    const struct schema *type = schema_strip_null(schema, &optional);

    if (!type || type->type == SCHEMA_MAP || type->type == SCHEMA_BYTES
        || type->type == SCHEMA_FIXED || type->type == SCHEMA_NULL)
        return err_exit(e, EX_CONFIG,
                        "%s: a producer cannot fill its type from JSON lines", name);
    if (type->type == SCHEMA_ARRAY)
        return check_types(type->branches[0], name, e);
    for (size_t i = 0; type->type == SCHEMA_RECORD && i < type->count; i++)
        if (check_types(type->fields[i].type, type->fields[i].name, e))
            return e->outcome;
    return DONE;
}

static enum outcome keep_default(struct checker *checker, struct check *c,
                                 const struct schema_field *field)
{
    const struct where where = {NULL, field->name, 0};
    json_t *json = json_loads(field->default_json, JSON_DECODE_ANY, NULL);

    if (fill(c, &where, field->type, &field->rules, json,
             &checker->defaults[field->ordinal]))
        err_exit(c->e, EX_CONFIG, "the default of %s breaks its own rules", field->name);
    json_decref(json);
    return c->e->outcome;
}

static enum outcome keep_defaults(struct checker *checker, struct check *c,
                                  const struct schema *schema)
{
    bool optional;
    const struct schema *type = schema_strip_null(schema, &optional);

    if (type->type == SCHEMA_ARRAY)
        return keep_defaults(checker, c, type->branches[0]);
    for (size_t i = 0; type->type == SCHEMA_RECORD && i < type->count; i++) {
        const struct schema_field *field = &type->fields[i];
        if (keep_defaults(checker, c, field->type)
            || (field->default_json && keep_default(checker, c, field)))
            return c->e->outcome;
    }
    return DONE;
}

struct checker *checker_new(const struct contract *contract, struct err *e)
{
    struct checker *checker = xcalloc(1, sizeof *checker);
    struct check c = {.checker = checker, .e = e};

    *e = (struct err){.outcome = DONE};
    checker->contract = contract;
    checker->arena = c.arena = arena_new();
    checker->defaults =
        xcalloc(schema_field_count(contract->file), sizeof *checker->defaults);
    if (check_types(contract->record, contract->kind, e)
        || keep_defaults(checker, &c, contract->record)) {
        checker_free(checker);
        return NULL;
    }
    return checker;
}

void checker_free(struct checker *checker)
{
    if (!checker)
        return;
    arena_free(checker->arena);
    free(checker->defaults);
    free(checker);
}

enum outcome check_line(const struct checker *checker, struct arena *arena,
                        const char *line, size_t size, struct datum *event,
                        const char **traceparent, struct err *e)
{
    struct check c = {.checker = checker, .arena = arena, .e = e};
    json_t *json = parse_line(&c, line, size);
    enum outcome outcome;

    if (!json)
        return REJECT;
    *event = (struct datum){.type = checker->contract->record, .branch = -1};
    outcome = fill_record(&c, NULL, json, event);
    json_decref(json);
    if (traceparent)
        *traceparent = c.traceparent;
    return outcome;
}
