/* evolution.c - compares two versions of a schema. */
#include "deploy/ctl/evolution.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/text.h"

/* Where two schemas are compared. */
struct place {
    struct findings *findings;
    const char *with;
    const struct place *up;
    const char *field;
};

static void compare_types(const struct place *place, const struct schema *older,
                          const struct schema *newer);

void findings_add(struct findings *findings, const char *check, const char *with,
                  const char *what)
{
    findings->list =
        xrealloc(findings->list, (findings->count + 1) * sizeof *findings->list);
    findings->list[findings->count++] =
        (struct finding){check, xstrdup(with), xstrdup(what)};
}

void findings_free(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->list[i].with);
        free(findings->list[i].what);
    }
    free(findings->list);
}

void evolution_read(struct findings *findings, const char *check, const char *with,
                    const struct schema *writer, const struct reader *reader)
{
    struct err e;
    struct plan *plan = plan_compile(writer, reader->schema, &reader->defaults, &e);

    if (!plan)
        findings_add(findings, check, with, e.message);
    else if (plan_weakness(plan))
        findings_add(findings, check, with, plan_weakness(plan));
    plan_free(plan);
}

/* ---- two records ---- */

static void add_path(struct text *out, const struct place *place)
{
    if (!place->up)
        return;
    add_path(out, place->up);
    text_format(out, "%s%s", out->size ? "." : "", place->field);
}

static void __attribute__((format(printf, 3, 4)))
note(const struct place *place, const char *check, const char *format, ...)
{
    struct text what = {0};
    char words[200];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    add_path(&what, place);
    text_format(&what, "%s%s", what.size ? ": " : "", words);
    findings_add(place->findings, check, place->with, what.bytes);
    text_free(&what);
}

static bool has_name(const struct schema_field *field, const char *name)
{
    for (const char **alias = field->aliases; alias && *alias; alias++)
        if (strcmp(*alias, name) == 0)
            return true;
    return strcmp(field->name, name) == 0;
}

/* A number above which, or below which, more is refused than before. */
static void compare_bounds(const struct place *place, const struct schema_rules *older,
                           const struct schema_rules *newer)
{
    if (newer->minimum > older->minimum)
        note(place, "rule", "the minimum was raised to %g", newer->minimum);
    if (newer->maximum < older->maximum)
        note(place, "rule", "the maximum was lowered to %g", newer->maximum);
    if (newer->min_length > older->min_length)
        note(place, "rule", "min_length was raised to %zu", newer->min_length);
    if (newer->max_length < older->max_length)
        note(place, "rule", "max_length was lowered to %zu", newer->max_length);
    if (newer->max_items < older->max_items)
        note(place, "rule", "max_items was lowered to %zu", newer->max_items);
}

static bool is_in(const char *name, const char *const *list)
{
    for (; list && *list; list++)
        if (strcmp(*list, name) == 0)
            return true;
    return false;
}

static void compare_rules(const struct place *place, const struct schema_rules *older,
                          const struct schema_rules *newer)
{
    compare_bounds(place, older, newer);
    if (newer->hex_digits && newer->hex_digits != older->hex_digits)
        note(place, "rule", "%zu hex digits are demanded now", newer->hex_digits);
    if (newer->must_be >= 0 && newer->must_be != older->must_be)
        note(place, "rule", "it must be %s now", newer->must_be ? "true" : "false");
    if (newer->free_text && !older->free_text)
        note(place, "rule", "producers search it for personal ids now");
    for (const char **name = newer->requires; name && *name; name++)
        if (!is_in(*name, (const char *const *)older->requires))
            note(place, "rule", "it needs %s now", *name);
}

static void compare_fields(const struct place *place, const struct schema_field *older,
                           const struct schema_field *newer)
{
    const char *was = older->default_json, *is = newer->default_json;

    compare_rules(place, &older->rules, &newer->rules);
    if (!was != !is || (was && strcmp(was, is) != 0))
        note(place, "default", "another default: equal events would have other hashes");
    compare_types(place, older->type, newer->type);
}

static void compare_records(const struct place *place, const struct schema *older,
                            const struct schema *newer)
{
    for (size_t i = 0; i < older->count; i++) {
        const struct schema_field *field = &older->fields[i];
        struct place inside = {place->findings, place->with, place, field->name};
        if (i >= newer->count || !has_name(&newer->fields[i], field->name))
            note(&inside, "place", "stands no more as field %zu of its record", i);
        else
            compare_fields(&inside, field, &newer->fields[i]);
    }
}

static bool is_number(const struct schema *schema)
{
    return schema->type >= SCHEMA_INT && schema->type <= SCHEMA_DOUBLE;
}

/* A line that is sent again has to become the same value. Of the promotions these two keep each one: as a double, 0.1
 * is another number than as a float, and a large long loses its last digits. */
static bool is_same_number(const struct schema *older, const struct schema *newer)
{
    return older->type == newer->type
           || (older->type == SCHEMA_INT
               && (newer->type == SCHEMA_LONG || newer->type == SCHEMA_DOUBLE));
}

static void compare_types(const struct place *place, const struct schema *older,
                          const struct schema *newer)
{
    bool ignored;

    older = schema_strip_null(older, &ignored);
    newer = schema_strip_null(newer, &ignored);
    if (!older || !newer)
        return;
    if (is_number(older) && is_number(newer) && !is_same_number(older, newer))
        note(place, "place", "another number: equal events would have other hashes");
    if (older->type != newer->type)
        return;
    if (older->type == SCHEMA_RECORD)
        compare_records(place, older, newer);
    else if (older->type == SCHEMA_ARRAY || older->type == SCHEMA_MAP)
        compare_types(place, older->branches[0], newer->branches[0]);
}

void evolution_compare(struct findings *findings, const char *with,
                       const struct schema *older, const struct schema *newer)
{
    const struct place root = {findings, with, NULL, NULL};

    compare_types(&root, older, newer);
}
