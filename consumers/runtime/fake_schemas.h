/* fake_schemas.h - bus.schema and a schema registry for unit tests: two lists. Included by one test each. */
#ifndef GRIDLOOP_FAKE_SCHEMAS_H
#define GRIDLOOP_FAKE_SCHEMAS_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/pg.h"
#include "common/registry.h"

struct fake_schema {
    uint64_t number;
    const char *
        text; /* NULL: bus.schema has it, but behind the bound; the registry refuses it */
};

static struct fake_schema fake_rows[256], fake_numbers[8];
static size_t fake_row_count, fake_number_count;
static int fake_queries, fake_requests;
static enum outcome fake_outcome; /* of both */

static void fake_reset(void)
{
    fake_row_count = fake_number_count = 0;
    fake_queries = fake_requests = 0;
    fake_outcome = DONE;
}

static void fake_store(uint64_t fingerprint, const char *text)
{
    fake_rows[fake_row_count++] = (struct fake_schema){fingerprint, text};
}

/* ---- bus.schema ---- */

struct pg_result {
    struct fake_schema rows[256];
    size_t count;
    char text[24];
};

enum outcome pg_query(struct pg *pg, const char *sql, const char *const *parameters,
                      size_t count, struct pg_result **result, struct err *e)
{
    (void)pg, (void)sql, (void)count;
    fake_queries++;
    if (fake_outcome)
        return err_set(e, fake_outcome, "no answer");
    *result = xcalloc(1, sizeof **result);
    for (size_t i = 0; i < fake_row_count; i++) {
        char hex[17];
        snprintf(hex, sizeof hex, "%016" PRIx64, fake_rows[i].number);
        if (strstr(parameters[0], hex))
            (*result)->rows[(*result)->count++] = fake_rows[i];
    }
    return DONE;
}

size_t pg_rows(const struct pg_result *result)
{
    return result->count;
}

const char *pg_value(const struct pg_result *result, size_t row, size_t column)
{
    struct pg_result *own = (struct pg_result *)(uintptr_t)result;

    if (column == 2)
        return result->rows[row].text;
    snprintf(own->text, sizeof own->text, "%016" PRIx64, result->rows[row].number);
    return result->text;
}

int64_t pg_number(const struct pg_result *result, size_t row, size_t column)
{
    (void)result, (void)row, (void)column;
    return 7;
}

void pg_result_free(struct pg_result *result)
{
    free(result);
}

/* ---- the registry ---- */

struct registry {
    char nothing;
};
static struct registry fake_registry;

enum outcome registry_schema(struct registry *registry, uint32_t id,
                             enum registry_answer *answer, struct text *text,
                             struct err *e)
{
    (void)registry;
    fake_requests++;
    if (fake_outcome)
        return err_set(e, fake_outcome, "no answer");
    *answer = REGISTRY_UNKNOWN;
    text_clear(text);
    for (size_t i = 0; i < fake_number_count; i++)
        if (fake_numbers[i].number == id) {
            *answer = fake_numbers[i].text ? REGISTRY_SCHEMA : REGISTRY_REFUSED;
            text_add_string(text, fake_numbers[i].text ? fake_numbers[i].text : "why");
        }
    return DONE;
}

#endif
