/* json.c - documents by jansson. */
#include "common/json.h"

#include <math.h>
#include <stdlib.h>
#include <sysexits.h>

#include <jansson.h>

/* struct json is never defined: it is jansson's type under a name of ours. */
static const json_t *inside(const struct json *value)
{
    return (const json_t *)value;
}

static const struct json *outside(const json_t *value)
{
    return (const struct json *)value;
}

struct json *json_parse(const char *text, size_t size, struct err *e)
{
    json_error_t error;
    json_t *document = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);

    if (!document)
        err_exit(e, EX_DATAERR, "line %d, column %d: %s", error.line, error.column,
                 error.text);
    return (struct json *)document;
}

void json_free(struct json *document)
{
    json_decref((json_t *)document);
}

bool json_has_members(const struct json *value)
{
    return value && json_typeof(inside(value)) == JSON_OBJECT;
}

const struct json *json_member(const struct json *object, const char *name)
{
    return outside(json_object_get(inside(object), name));
}

size_t json_count(const struct json *array)
{
    return json_array_size(inside(array));
}

const struct json *json_item(const struct json *array, size_t index)
{
    return outside(json_array_get(inside(array), index));
}

const char *json_text(const struct json *value)
{
    return json_string_value(inside(value));
}

bool json_truth(const struct json *value)
{
    return value && json_typeof(inside(value)) == JSON_TRUE;
}

int64_t json_whole(const struct json *value)
{
    return json_integer_value(inside(value));
}

double json_number(const struct json *value)
{
    return json_is_number(inside(value)) ? json_number_value(inside(value)) : NAN;
}

bool json_absent(const struct json *value)
{
    return !value || json_typeof(inside(value)) == JSON_NULL;
}

char *json_write(const struct json *value)
{
    char *text = json_dumps(inside(value),
                            JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));

    if (!text)
        abort(); /* out of memory: what was parsed can be written */
    return text;
}
