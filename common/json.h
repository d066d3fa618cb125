/* json.h - a JSON document to be read: files that operators give us, answers of a registry. json.c, schema.c and check.c are the users of
 * jansson; who needs JSON for something new takes this.
 *
 * Strict JSON in UTF-8: no NaN, no infinity, no NUL, no name twice in one object. Parts are borrowed and live as
 * long as the document; every call takes NULL for "not there" and for a value of another type, so that a path can
 * be walked without asking at each step. */
#ifndef GRIDLOOP_JSON_H
#define GRIDLOOP_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct json; /* opaque: a document, or a part of one */

/* NULL: *e is FATAL 65 and says the line and column, and why. Free the document alone, never a part. */
struct json *json_parse(const char *text, size_t size, struct err *e);
void json_free(struct json *document); /* NULL is fine */

bool json_has_members(const struct json *value); /* an object, be it empty */
const struct json *json_member(const struct json *object, const char *name);
size_t json_count(const struct json *array); /* 0 of what is no array */
const struct json *json_item(const struct json *array, size_t index);

const char *json_text(const struct json *value); /* NULL: no string */
bool json_truth(const struct json *value);
int64_t json_whole(const struct json *value); /* 0: no whole number */
double json_number(const struct json *value); /* NAN: no number */
bool json_absent(const struct json *value);   /* also of what is not there */

/* Compact text, from which the same numbers are read again; the caller frees it. */
char *json_write(const struct json *value);

#endif
