/* schema.c - reads an .avsc text into struct schema, and makes its Parsing Canonical Form. */
#include "common/schema.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/hash.h"
#include "common/text.h"

enum {
    MOST_BYTES = 1 << 20,
    MOST_LEVELS = 64,
    MOST_NODES = 10000,
    MOST_NAMES = 256,
    MOST_BRANCHES = 255 /* struct value has a byte for them */
};

struct schema_file {
    struct arena *arena;
    struct schema *root;
    const char *text;
    size_t size;
    uint64_t fingerprint;
    size_t field_count;
};

/* While parsing: where we are, and the named types met so far. */
struct parser {
    struct arena *arena;
    struct err *e;
    char path[400]; /* "fields.measures.items.due_at" */
    int level;
    size_t field_count;
    size_t name_count;
    struct named {
        struct schema *schema;
        bool open; /* its definition has not ended: a reference would be recursion */
    } names[MOST_NAMES];
};

static const char *const primitive_names[] = {
    [SCHEMA_NULL] = "null",   [SCHEMA_BOOLEAN] = "boolean", [SCHEMA_INT] = "int",
    [SCHEMA_LONG] = "long",   [SCHEMA_FLOAT] = "float",     [SCHEMA_DOUBLE] = "double",
    [SCHEMA_BYTES] = "bytes", [SCHEMA_STRING] = "string",
};
enum { PRIMITIVES = sizeof primitive_names / sizeof primitive_names[0] };

static struct schema *parse_type(struct parser *p, const json_t *json,
                                 const char *name_space);

static void *refuse(struct parser *p, const char *reason, const char *what)
{
    err_exit(p->e, EX_CONFIG, "%s: %s%s%s", p->path[0] ? p->path : "schema", reason,
             *what ? " " : "", what);
    return NULL;
}

/* Adds ".part" to the path and returns its old length, which leave() restores. */
static size_t enter(struct parser *p, const char *part)
{
    size_t old = strlen(p->path);

    snprintf(p->path + old, sizeof p->path - old, "%s%s", old ? "." : "", part);
    return old;
}

static void leave(struct parser *p, size_t old)
{
    p->path[old] = '\0';
}

/* A JSON string that may be cut at its end: only bytes in a default may hold U+0000. NULL: it is no such string. */
static const char *name_in(const json_t *json)
{
    const char *text = json_string_value(json);

    return text && strlen(text) == json_string_length(json) ? text : NULL;
}

static const char *copy(struct parser *p, const char *text)
{
    return text ? arena_copy(p->arena, text, strlen(text)) : NULL;
}

static struct schema *new_schema(struct parser *p, enum schema_type type)
{
    struct schema *schema = arena_take(p->arena, sizeof *schema);

    *schema = (struct schema){.type = type, .default_symbol = -1};
    return schema;
}

static bool is_name(const char *text, size_t size)
{
    if (size == 0 || isdigit((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_')
            return false;
    return true;
}

/* Names joined by dots, each by itself a name. */
static bool is_full_name(const char *text)
{
    const char *dot;

    for (; (dot = strchr(text, '.')); text = dot + 1)
        if (!is_name(text, (size_t)(dot - text)))
            return false;
    return is_name(text, strlen(text));
}

static const char *full_name(struct parser *p, const char *name, const char *name_space)
{
    struct text full = {0};
    const char *result;

    if (strchr(name, '.') || !name_space || !*name_space)
        return copy(p, name);
    text_format(&full, "%s.%s", name_space, name);
    result = copy(p, full.bytes);
    text_free(&full);
    return result;
}

static struct named *find_named(struct parser *p, const char *full)
{
    for (size_t i = 0; i < p->name_count; i++)
        if (strcmp(p->names[i].schema->full_name, full) == 0)
            return &p->names[i];
    return NULL;
}

/* A type named by a string: a primitive, or a named type defined further up. */
static struct schema *parse_reference(struct parser *p, const char *name,
                                      const char *name_space)
{
    struct named *named;

    for (int i = 0; i < PRIMITIVES; i++)
        if (strcmp(primitive_names[i], name) == 0)
            return new_schema(p, (enum schema_type)i);
    named = find_named(p, full_name(p, name, name_space));
    if (!named)
        return refuse(p, "unknown type", name);
    if (named->open)
        return refuse(p, "a type that contains itself is not supported:", name);
    return named->schema;
}

/* NULL-terminated copies of an array of names, which are simple ones where name_space is NULL; *out stays NULL if json is absent. */
static bool parse_name_list(struct parser *p, const json_t *json, const char *name_space,
                            const char *key, const char ***out)
{
    size_t count = json_array_size(json);
    const char **list;

    *out = NULL;
    if (!json)
        return true;
    if (!json_is_array(json))
        return refuse(p, key, "must be an array of names");
    list = arena_take_array(p->arena, count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        const char *name = name_in(json_array_get(json, i));
        if (!name || !(name_space ? is_full_name(name) : is_name(name, strlen(name))))
            return refuse(p, key, "has something that is not a name");
        list[i] = full_name(p, name, name_space);
    }
    list[count] = NULL;
    *out = list;
    return true;
}

/* Name, namespace, aliases and doc of a record, enum or fixed; registers it as open. The namespace
 * that holds inside it is returned, NULL after an error. */
static const char *open_named(struct parser *p, const json_t *json,
                              const char *name_space, struct schema *schema)
{
    const char *name = name_in(json_object_get(json, "name"));
    const char *own = name_in(json_object_get(json, "namespace"));
    const char *last_dot;

    if (!name || !is_full_name(name))
        return refuse(p, "a named type needs a \"name\" that Avro allows", "");
    if (own && *own && !is_full_name(own))
        return refuse(p, "a \"namespace\" that Avro does not allow", "");
    schema->full_name = full_name(p, name, own ? own : name_space);
    last_dot = strrchr(schema->full_name, '.');
    schema->name = last_dot ? last_dot + 1 : schema->full_name;
    schema->doc = copy(p, name_in(json_object_get(json, "doc")));
    if (find_named(p, schema->full_name))
        return refuse(p, "defined twice:", schema->full_name);
    if (p->name_count == MOST_NAMES)
        return refuse(p, "more than 256 named types", "");
    p->names[p->name_count++] = (struct named){schema, true};
    own = last_dot ? arena_copy(p->arena, schema->full_name,
                                (size_t)(last_dot - schema->full_name))
                   : "";
    if (!parse_name_list(p, json_object_get(json, "aliases"), own, "\"aliases\"",
                         &schema->aliases))
        return NULL;
    return own;
}

static void close_named(struct parser *p, const struct schema *schema)
{
    find_named(p, schema->full_name)->open = false;
}

/* ---- defaults ---- */

static bool default_fits(const struct schema *schema, const json_t *json);

static bool default_record_fits(const struct schema *schema, const json_t *json)
{
    if (!json_is_object(json))
        return false;
    for (size_t i = 0; i < schema->count; i++) {
        const json_t *value = json_object_get(json, schema->fields[i].name);
        if (value ? !default_fits(schema->fields[i].type, value)
                  : !schema->fields[i].default_json)
            return false;
    }
    return true;
}

static bool default_items_fit(const struct schema *schema, const json_t *json)
{
    if (schema->type == SCHEMA_ARRAY) {
        for (size_t i = 0; i < json_array_size(json); i++)
            if (!default_fits(schema->branches[0], json_array_get(json, i)))
                return false;
        return json_is_array(json);
    }
    for (void *at = json_object_iter((json_t *)(uintptr_t)json); at;
         at = json_object_iter_next((json_t *)(uintptr_t)json, at))
        if (!default_fits(schema->branches[0], json_object_iter_value(at)))
            return false;
    return json_is_object(json);
}

/* Each character stands for a byte: U+0000 to U+00FF only. */
static bool default_bytes_fit(const struct schema *schema, const json_t *json)
{
    const unsigned char *text = (const unsigned char *)json_string_value(json);
    size_t size = 0;

    for (size_t i = 0; text && i < json_string_length(json); i++) {
        if (text[i] > 0xc3)
            return false;
        size += (text[i] & 0xc0) != 0x80;
    }
    return text && (schema->type == SCHEMA_BYTES || size == schema->count);
}

static bool default_symbol_fits(const struct schema *schema, const json_t *json)
{
    for (size_t i = 0; name_in(json) && i < schema->count; i++)
        if (strcmp(schema->symbols[i], name_in(json)) == 0)
            return true;
    return false;
}

static bool default_fits(const struct schema *schema, const json_t *json)
{
    switch (schema->type) {
    case SCHEMA_NULL: return json_is_null(json);
    case SCHEMA_BOOLEAN: return json_is_boolean(json);
    case SCHEMA_INT:
        return json_is_integer(json) && json_integer_value(json) >= INT32_MIN
               && json_integer_value(json) <= INT32_MAX;
    case SCHEMA_LONG: return json_is_integer(json);
    case SCHEMA_FLOAT:
    case SCHEMA_DOUBLE: return json_is_number(json);
    case SCHEMA_STRING: return json_is_string(json);
    case SCHEMA_BYTES:
    case SCHEMA_FIXED: return default_bytes_fit(schema, json);
    case SCHEMA_ENUM: return default_symbol_fits(schema, json);
    case SCHEMA_ARRAY:
    case SCHEMA_MAP: return default_items_fit(schema, json);
    case SCHEMA_UNION:
        return schema->count > 0 && default_fits(schema->branches[0], json);
    case SCHEMA_RECORD: return default_record_fits(schema, json);
    }
    return false;
}

static void encode_number(struct text *out, json_int_t number)
{
    uint64_t zigzag = ((uint64_t)number << 1) ^ (uint64_t)(number >> 63);

    for (; zigzag > 0x7f; zigzag >>= 7)
        text_add(out, &(char){(char)(zigzag | 0x80)}, 1);
    text_add(out, &(char){(char)zigzag}, 1);
}

static void encode_real(struct text *out, const struct schema *schema, double number)
{
    float narrow = (float)number;

    if (schema->type == SCHEMA_FLOAT)
        text_add(out, &narrow,
                 sizeof narrow); /* little endian, as the machines that we build for */
    else
        text_add(out, &number, sizeof number);
}

/* In a default, bytes and fixed are JSON strings whose code points 0 to 255 are the bytes. */
static void encode_bytes(struct text *out, const struct schema *schema,
                         const json_t *json)
{
    const unsigned char *at = (const unsigned char *)json_string_value(json);
    size_t size = json_string_length(json);
    struct text raw = {0};

    for (const unsigned char *end = at + size; at < end; at++)
        if (schema->type != SCHEMA_STRING && (*at & 0xfc) == 0xc0 && at + 1 < end) {
            text_add(&raw, &(char){(char)((at[0] & 0x03) << 6 | (at[1] & 0x3f))}, 1);
            at++;
        } else {
            text_add(&raw, at, 1);
        }
    if (schema->type != SCHEMA_FIXED)
        encode_number(out, (json_int_t)raw.size);
    text_add(out, raw.bytes, raw.size);
    text_free(&raw);
}

static void encode_default(struct text *out, const struct schema *schema,
                           const json_t *json);

static void encode_items(struct text *out, const struct schema *schema,
                         const json_t *json)
{
    const char *key;
    json_t *value;
    size_t count =
        schema->type == SCHEMA_ARRAY ? json_array_size(json) : json_object_size(json);

    if (count)
        encode_number(out, (json_int_t)count);
    for (size_t i = 0; schema->type == SCHEMA_ARRAY && i < count; i++)
        encode_default(out, schema->branches[0], json_array_get(json, i));
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        encode_number(out, (json_int_t)strlen(key));
        text_add_string(out, key);
        encode_default(out, schema->branches[0], value);
    }
    encode_number(out, 0);
}

static void encode_record(struct text *out, const struct schema *schema,
                          const json_t *json)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct schema_field *field = &schema->fields[i];
        const json_t *value = json_object_get(json, field->name);
        if (value)
            encode_default(out, field->type, value);
        else
            text_add(out, field->default_avro, field->default_size);
    }
}

static void encode_symbol(struct text *out, const struct schema *schema,
                          const char *symbol)
{
    for (size_t i = 0; i < schema->count; i++)
        if (strcmp(schema->symbols[i], symbol) == 0)
            encode_number(out, (json_int_t)i);
}

/* json fits the schema (default_fits). */
static void encode_default(struct text *out, const struct schema *schema,
                           const json_t *json)
{
    switch (schema->type) {
    case SCHEMA_NULL: break;
    case SCHEMA_BOOLEAN: text_add(out, json_is_true(json) ? "\1" : "\0", 1); break;
    case SCHEMA_INT:
    case SCHEMA_LONG: encode_number(out, json_integer_value(json)); break;
    case SCHEMA_FLOAT:
    case SCHEMA_DOUBLE: encode_real(out, schema, json_number_value(json)); break;
    case SCHEMA_BYTES:
    case SCHEMA_STRING:
    case SCHEMA_FIXED: encode_bytes(out, schema, json); break;
    case SCHEMA_ENUM: encode_symbol(out, schema, json_string_value(json)); break;
    case SCHEMA_ARRAY:
    case SCHEMA_MAP: encode_items(out, schema, json); break;
    case SCHEMA_RECORD: encode_record(out, schema, json); break;
    case SCHEMA_UNION:
        encode_number(out, 0);
        encode_default(out, schema->branches[0], json);
        break;
    }
}

static void keep_default(struct parser *p, const json_t *json, struct schema_field *field)
{
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
    struct text avro = {0};

    field->default_json = copy(p, text);
    free(text);
    encode_default(&avro, field->type, json);
    field->default_avro =
        (const uint8_t *)arena_copy(p->arena, avro.bytes ? avro.bytes : "", avro.size);
    field->default_size = avro.size;
    text_free(&avro);
}

/* ---- rules of the contract ---- */

enum rule_type { RULE_REAL, RULE_SIZE, RULE_SWITCH, RULE_BOOLEAN, RULE_NAMES };

static const struct rule_row {
    const char *name;
    enum rule_type type;
    size_t offset;
} rule_rows[] = {
    {"gridloop.minimum", RULE_REAL, offsetof(struct schema_rules, minimum)},
    {"gridloop.maximum", RULE_REAL, offsetof(struct schema_rules, maximum)},
    {"gridloop.min_length", RULE_SIZE, offsetof(struct schema_rules, min_length)},
    {"gridloop.max_length", RULE_SIZE, offsetof(struct schema_rules, max_length)},
    {"gridloop.max_items", RULE_SIZE, offsetof(struct schema_rules, max_items)},
    {"gridloop.hex", RULE_SIZE, offsetof(struct schema_rules, hex_digits)},
    {"gridloop.free_text", RULE_SWITCH, offsetof(struct schema_rules, free_text)},
    {"gridloop.must_be", RULE_BOOLEAN, offsetof(struct schema_rules, must_be)},
    {"gridloop.requires", RULE_NAMES, offsetof(struct schema_rules, requires)},
};

static bool parse_rule(struct parser *p, const struct rule_row *row, const json_t *json,
                       void *rules)
{
    char *member = (char *)rules + row->offset;
    bool fits = false;

    switch (row->type) {
    case RULE_REAL:
        if ((fits = json_is_number(json)))
            *(double *)(void *)member = json_number_value(json);
        break;
    case RULE_SIZE:
        if ((fits = json_is_integer(json) && json_integer_value(json) >= 0))
            *(size_t *)(void *)member = (size_t)json_integer_value(json);
        break;
    case RULE_SWITCH:
        if ((fits = json_is_boolean(json)))
            *(bool *)(void *)member = json_is_true(json);
        break;
    case RULE_BOOLEAN:
        if ((fits = json_is_boolean(json)))
            *(int *)(void *)member = json_is_true(json);
        break;
    case RULE_NAMES:
        return parse_name_list(p, json, NULL, row->name, (const char ***)(void *)member);
    }
    return fits || refuse(p, row->name, "has a value of the wrong type");
}

static bool parse_rules(struct parser *p, const json_t *json, struct schema_rules *rules)
{
    const char *key;
    json_t *value;

    *rules = (struct schema_rules){.minimum = -INFINITY,
                                   .maximum = INFINITY,
                                   .max_length = SIZE_MAX,
                                   .max_items = SIZE_MAX,
                                   .must_be = -1};
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        size_t row = 0, rows = sizeof rule_rows / sizeof rule_rows[0];
        if (strncmp(key, "gridloop.", 9) != 0)
            continue;
        while (row < rows && strcmp(rule_rows[row].name, key) != 0)
            row++;
        if (row == rows)
            return refuse(p, "unknown rule", key);
        if (!parse_rule(p, &rule_rows[row], value, rules))
            return false;
    }
    return true;
}

/* ---- the types ---- */

static bool parse_field(struct parser *p, const json_t *json, const char *name_space,
                        struct schema_field *field)
{
    const char *name = name_in(json_object_get(json, "name"));
    const json_t *fallback = json_object_get(json, "default");
    size_t path;
    bool done = false;

    *field = (struct schema_field){.ordinal = p->field_count++};
    if (!name || !is_name(name, strlen(name)))
        return refuse(p, "a field needs a \"name\" that Avro allows", "");
    path = enter(p, name);
    field->name = copy(p, name);
    field->doc = copy(p, name_in(json_object_get(json, "doc")));
    field->type = parse_type(p, json_object_get(json, "type"), name_space);
    if (field->type && parse_rules(p, json, &field->rules)
        && parse_name_list(p, json_object_get(json, "aliases"), NULL, "\"aliases\"",
                           &field->aliases)) {
        done = !fallback || default_fits(field->type, fallback);
        if (!done)
            refuse(p, "the default does not fit the type", "");
    }
    if (done && fallback)
        keep_default(p, fallback, field);
    leave(p, path);
    return done;
}

static bool check_requires(struct parser *p, const struct schema *record)
{
    for (size_t i = 0; i < record->count; i++)
        for (const char **name = record->fields[i].rules.requires; name && *name; name++)
            if (schema_find(record, *name) < 0)
                return refuse(p,
                              "gridloop.requires names no field of the record:", *name);
    return true;
}

static struct schema *parse_record(struct parser *p, const json_t *json,
                                   const char *name_space)
{
    struct schema *record = new_schema(p, SCHEMA_RECORD);
    const json_t *fields = json_object_get(json, "fields");
    const char *inside = open_named(p, json, name_space, record);

    if (!inside)
        return NULL;
    if (!json_is_array(fields))
        return refuse(p, "a record needs \"fields\"", "");
    record->fields =
        arena_take_array(p->arena, json_array_size(fields) + 1, sizeof *record->fields);
    for (size_t i = 0; i < json_array_size(fields); i++) {
        struct schema_field *field = &record->fields[i];
        if (!parse_field(p, json_array_get(fields, i), inside, field))
            return NULL;
        if (schema_find(record, field->name) >= 0)
            return refuse(p, "field stands twice:", field->name);
        record->count++;
    }
    close_named(p, record);
    return check_requires(p, record) ? record : NULL;
}

static struct schema *parse_enum(struct parser *p, const json_t *json,
                                 const char *name_space)
{
    struct schema *schema = new_schema(p, SCHEMA_ENUM);
    const json_t *fallback = json_object_get(json, "default");

    if (!open_named(p, json, name_space, schema)
        || !parse_name_list(p, json_object_get(json, "symbols"), NULL, "\"symbols\"",
                            &schema->symbols))
        return NULL;
    if (!schema->symbols || !schema->symbols[0])
        return refuse(p, "an enum needs \"symbols\"", "");
    for (; schema->symbols[schema->count]; schema->count++)
        for (size_t i = 0; i < schema->count; i++)
            if (strcmp(schema->symbols[i], schema->symbols[schema->count]) == 0)
                return refuse(p, "symbol stands twice:", schema->symbols[i]);
    for (size_t i = 0; name_in(fallback) && i < schema->count; i++)
        if (strcmp(schema->symbols[i], name_in(fallback)) == 0)
            schema->default_symbol = (int)i;
    if (fallback && schema->default_symbol < 0)
        return refuse(p, "the enum's default is none of its symbols", "");
    close_named(p, schema);
    return schema;
}

static struct schema *parse_fixed(struct parser *p, const json_t *json,
                                  const char *name_space)
{
    struct schema *schema = new_schema(p, SCHEMA_FIXED);
    json_int_t size = json_integer_value(json_object_get(json, "size"));

    if (!open_named(p, json, name_space, schema))
        return NULL;
    if (size < 1 || size > MOST_BYTES)
        return refuse(p, "a fixed needs a \"size\" from 1 to 1048576", "");
    schema->count = (size_t)size;
    close_named(p, schema);
    return schema;
}

static struct schema *parse_items(struct parser *p, const json_t *json,
                                  const char *name_space, enum schema_type type,
                                  const char *key)
{
    struct schema *schema = new_schema(p, type);
    size_t path = enter(p, key);

    schema->branches = arena_take_array(p->arena, 1, sizeof *schema->branches);
    schema->branches[0] = parse_type(p, json_object_get(json, key), name_space);
    leave(p, path);
    return schema->branches[0] ? schema : NULL;
}

/* Two branches of one union that a writer could not tell apart. */
static bool same_branch(const struct schema *a, const struct schema *b)
{
    return a->type == b->type
           && (!a->full_name || strcmp(a->full_name, b->full_name) == 0);
}

static struct schema *parse_union(struct parser *p, const json_t *json,
                                  const char *name_space)
{
    struct schema *schema = new_schema(p, SCHEMA_UNION);

    if (json_array_size(json) == 0)
        return refuse(p, "a union needs a branch", "");
    if (json_array_size(json) > MOST_BRANCHES)
        return refuse(p, "a union of more than 255 branches", "");
    schema->branches =
        arena_take_array(p->arena, json_array_size(json), sizeof *schema->branches);
    for (; schema->count < json_array_size(json); schema->count++) {
        struct schema *branch =
            parse_type(p, json_array_get(json, schema->count), name_space);
        if (!branch)
            return NULL;
        if (branch->type == SCHEMA_UNION)
            return refuse(p, "a union stands directly in a union", "");
        for (size_t i = 0; i < schema->count; i++)
            if (same_branch(schema->branches[i], branch))
                return refuse(p, "a union has the same branch twice", "");
        schema->branches[schema->count] = branch;
    }
    return schema;
}

/* Only what both the contract and the store know: an unknown logical type would be stored as something
 * that its writer did not mean. */
static struct schema *parse_logical(struct parser *p, const json_t *json,
                                    struct schema *schema)
{
    const char *logical = name_in(json_object_get(json, "logicalType"));

    if (!schema || !logical)
        return schema;
    if (strcmp(logical, "uuid") == 0 && schema->type == SCHEMA_STRING)
        schema->logical = LOGICAL_UUID;
    else if (strcmp(logical, "timestamp-micros") == 0 && schema->type == SCHEMA_LONG)
        schema->logical = LOGICAL_TIMESTAMP_MICROS;
    else
        return refuse(p, "unknown logical type, or one on the wrong type:", logical);
    return schema;
}

static bool is_complex(const char *type)
{
    static const char *const names[] = {"record", "enum", "fixed", "array", "map"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], type) == 0)
            return true;
    return false;
}

static struct schema *parse_object(struct parser *p, const json_t *json,
                                   const char *name_space)
{
    const json_t *type = json_object_get(json, "type");
    const char *name = name_in(type);

    if (type && !name)
        return parse_type(p, type, name_space);
    if (!name)
        return refuse(p, "a type needs \"type\"", "");
    if (json_object_get(json, "logicalType") && is_complex(name))
        return refuse(p, "no logical type is known for a type", name);
    if (strcmp(name, "record") == 0)
        return parse_record(p, json, name_space);
    if (strcmp(name, "enum") == 0)
        return parse_enum(p, json, name_space);
    if (strcmp(name, "fixed") == 0)
        return parse_fixed(p, json, name_space);
    if (strcmp(name, "array") == 0)
        return parse_items(p, json, name_space, SCHEMA_ARRAY, "items");
    if (strcmp(name, "map") == 0)
        return parse_items(p, json, name_space, SCHEMA_MAP, "values");
    return parse_logical(p, json, parse_reference(p, name, name_space));
}

static void add_child(struct schema *schema, const struct schema *child)
{
    if (child->levels + 1 > schema->levels)
        schema->levels = child->levels + 1;
    schema->nodes += child->nodes;
}

/* A named type that is referred to counts each time: what reads the schema walks it each time. */
static struct schema *measure(struct parser *p, struct schema *schema)
{
    bool has_items = schema->type == SCHEMA_ARRAY || schema->type == SCHEMA_MAP;
    size_t branches = schema->type == SCHEMA_UNION ? schema->count : has_items;

    schema->levels = 1;
    schema->nodes = 1;
    for (size_t i = 0; i < branches; i++)
        add_child(schema, schema->branches[i]);
    for (size_t i = 0; schema->type == SCHEMA_RECORD && i < schema->count; i++)
        add_child(schema, schema->fields[i].type);
    if (schema->levels > MOST_LEVELS)
        return refuse(p, "more than 64 levels", "");
    if (schema->nodes > MOST_NODES)
        return refuse(p, "more than 10000 types", "");
    return schema;
}

static struct schema *parse_type(struct parser *p, const json_t *json,
                                 const char *name_space)
{
    struct schema *schema;

    if (p->level == MOST_LEVELS)
        return refuse(p, "more than 64 levels", "");
    p->level++;
    if (name_in(json))
        schema = parse_reference(p, name_in(json), name_space);
    else if (json_is_array(json))
        schema = parse_union(p, json, name_space);
    else if (json_is_object(json))
        schema = parse_object(p, json, name_space);
    else
        schema = refuse(p, "a type is missing", "");
    p->level--;
    return schema ? measure(p, schema) : NULL;
}

/* ---- Parsing Canonical Form ---- */

struct canonical {
    struct text text;
    const struct schema
        *named[MOST_NAMES]; /* already written out: from then on only their names */
    size_t count;
};

static void canonical_type(struct canonical *c, const struct schema *schema);

static void canonical_list(struct canonical *c, const struct schema *schema)
{
    text_add_string(&c->text, "[");
    for (size_t i = 0; i < schema->count; i++) {
        text_add_string(&c->text, i ? "," : "");
        if (schema->type == SCHEMA_UNION) {
            canonical_type(c, schema->branches[i]);
        } else if (schema->type == SCHEMA_ENUM) {
            text_format(&c->text, "\"%s\"", schema->symbols[i]);
        } else {
            text_format(&c->text, "{\"name\":\"%s\",\"type\":", schema->fields[i].name);
            canonical_type(c, schema->fields[i].type);
            text_add_string(&c->text, "}");
        }
    }
    text_add_string(&c->text, "]");
}

static void canonical_named(struct canonical *c, const struct schema *schema)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->named[i] == schema) {
            text_format(&c->text, "\"%s\"", schema->full_name);
            return;
        }
    c->named[c->count++] = schema;
    text_format(&c->text, "{\"name\":\"%s\",\"type\":", schema->full_name);
    if (schema->type == SCHEMA_FIXED) {
        text_format(&c->text, "\"fixed\",\"size\":%zu", schema->count);
    } else {
        text_add_string(&c->text, schema->type == SCHEMA_ENUM ? "\"enum\",\"symbols\":"
                                                              : "\"record\",\"fields\":");
        canonical_list(c, schema);
    }
    text_add_string(&c->text, "}");
}

static void canonical_type(struct canonical *c, const struct schema *schema)
{
    switch (schema->type) {
    case SCHEMA_RECORD:
    case SCHEMA_ENUM:
    case SCHEMA_FIXED: canonical_named(c, schema); break;
    case SCHEMA_UNION: canonical_list(c, schema); break;
    case SCHEMA_ARRAY:
    case SCHEMA_MAP:
        text_add_string(&c->text, schema->type == SCHEMA_ARRAY
                                      ? "{\"type\":\"array\",\"items\":"
                                      : "{\"type\":\"map\",\"values\":");
        canonical_type(c, schema->branches[0]);
        text_add_string(&c->text, "}");
        break;
    default: text_format(&c->text, "\"%s\"", primitive_names[schema->type]);
    }
}

static uint64_t fingerprint_of(const struct schema *root)
{
    struct canonical c = {0};
    uint64_t fingerprint;

    canonical_type(&c, root);
    fingerprint = crc64_avro(c.text.bytes, c.text.size);
    text_free(&c.text);
    return fingerprint;
}

/* ---- the calls ---- */

static json_t *load_json(const char *text, size_t size, struct err *e)
{
    json_error_t error;
    json_t *json;

    if (size > MOST_BYTES) {
        err_exit(e, EX_CONFIG, "longer than 1048576 bytes");
        return NULL;
    }
    json = json_loadb(text, size,
                      JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!json)
        err_exit(e, EX_CONFIG, "line %d: not JSON: %s", error.line, error.text);
    return json;
}

struct schema_file *schema_parse(const char *name, const char *text, size_t size,
                                 struct err *e)
{
    struct parser p = {.e = e};
    struct schema_file *file = NULL;
    struct schema *root;
    json_t *json = load_json(text, size, e);

    if (json) {
        p.arena = arena_new();
        root = parse_type(&p, json, NULL);
        if (root) {
            file = arena_take(p.arena, sizeof *file);
            *file = (struct schema_file){p.arena,
                                         root,
                                         arena_copy(p.arena, text, size),
                                         size,
                                         fingerprint_of(root),
                                         p.field_count};
        } else {
            arena_free(p.arena);
        }
        json_decref(json);
    }
    if (!file)
        err_wrap(e, "%s", name);
    return file;
}

void schema_free(struct schema_file *file)
{
    if (file)
        arena_free(file->arena);
}

const struct schema *schema_root(const struct schema_file *file)
{
    return file->root;
}

uint64_t schema_fingerprint(const struct schema_file *file)
{
    return file->fingerprint;
}

const char *schema_text(const struct schema_file *file, size_t *size)
{
    if (size)
        *size = file->size;
    return file->text;
}

size_t schema_field_count(const struct schema_file *file)
{
    return file->field_count;
}

int schema_find(const struct schema *record, const char *name)
{
    for (size_t i = 0; i < record->count; i++)
        if (strcmp(record->fields[i].name, name) == 0)
            return (int)i;
    return -1;
}

const struct schema *schema_strip_null(const struct schema *schema, bool *optional)
{
    *optional = false;
    if (schema->type != SCHEMA_UNION)
        return schema;
    if (schema->count != 2)
        return NULL;
    for (size_t i = 0; i < 2; i++)
        if (schema->branches[i]->type == SCHEMA_NULL) {
            *optional = true;
            return schema->branches[1 - i];
        }
    return NULL;
}
