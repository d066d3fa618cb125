/* reference.c - from the tables of schema reference to what the stages look things up in. */
#include "consumers/runtime/reference.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/metrics.h"
#include "consumers/runtime/sql.h"

struct reference {
    int32_t seen, newest;
    struct areas *areas; /* NULL: none */
    struct rulebook *rules;
    struct case_rules *case_rules;
};

/* As sql/reference_versions.sql asks for them. */
struct versions {
    int32_t all, areas, rules[RULEBOOK_TABLES], case_rules[CASE_RULES_TABLES];
};

struct reference *reference_new(void)
{
    return xcalloc(1, sizeof(struct reference));
}

void reference_free(struct reference *reference)
{
    if (!reference)
        return;
    areas_free(reference->areas);
    rulebook_free(reference->rules);
    case_rules_free(reference->case_rules);
    free(reference);
}

struct areas *reference_areas(const struct reference *reference)
{
    return reference->areas;
}

const struct rulebook *reference_rules(const struct reference *reference)
{
    return reference->rules;
}

const struct case_rules *reference_case_rules(const struct reference *reference)
{
    return reference->case_rules;
}

int32_t reference_seen(const struct reference *reference)
{
    return reference->seen;
}

int32_t reference_newest(const struct reference *reference)
{
    return reference->newest;
}

static enum outcome add_area(struct areas *areas, const struct pg_result *rows,
                             size_t row, struct err *e)
{
    int level = area_level_find(pg_value(rows, row, 1));
    const struct area area = {pg_value(rows, row, 0), (enum area_level)level,
                              pg_number(rows, row, 2), pg_number(rows, row, 3)};

    if (level < 0)
        return err_exit(e, EX_CONFIG, "area %s is of a level that is not known",
                        area.code);
    if (!areas_add(areas, &area, pg_value(rows, row, 4), e))
        return DONE;
    e->exit_code = EX_CONFIG; /* whoever runs a daemon gave it no file */
    return e->outcome;
}

static enum outcome read_areas(struct areas *areas, struct pg *pg, struct err *e)
{
    char version[16];
    const char *parameter = version;
    struct pg_result *rows = NULL;
    enum outcome outcome;

    snprintf(version, sizeof version, "%" PRId32, areas_version(areas));
    outcome = pg_query(pg, sql_text("areas"), &parameter, 1, &rows, e);
    for (size_t row = 0; !outcome && row < pg_rows(rows); row++)
        outcome = add_area(areas, rows, row, e);
    pg_result_free(rows);
    return outcome;
}

struct areas *reference_read_areas(struct pg *pg, int32_t version, struct err *e)
{
    struct areas *areas = areas_new(version);

    if (!read_areas(areas, pg, e))
        return areas;
    areas_free(areas);
    err_wrap(e, "reading version %" PRId32 " of the areas", version);
    return NULL;
}

static enum outcome ask_versions(struct pg *pg, struct versions *versions, struct err *e)
{
    struct pg_result *result = NULL;

    if (pg_query(pg, sql_text("reference_versions"), NULL, 0, &result, e))
        return err_wrap(e, "asking for the versions of the reference data");
    versions->all = (int32_t)pg_number(result, 0, 0);
    versions->areas = (int32_t)pg_number(result, 0, 1);
    for (size_t i = 0; i < RULEBOOK_TABLES; i++)
        versions->rules[i] = (int32_t)pg_number(result, 0, 2 + i);
    for (size_t i = 0; i < CASE_RULES_TABLES; i++)
        versions->case_rules[i] = (int32_t)pg_number(result, 0, 2 + RULEBOOK_TABLES + i);
    pg_result_free(result);
    return DONE;
}

static int32_t newest_of(const struct versions *versions)
{
    int32_t newest = versions->areas;

    for (size_t i = 0; i < RULEBOOK_TABLES; i++)
        newest = versions->rules[i] > newest ? versions->rules[i] : newest;
    for (size_t i = 0; i < CASE_RULES_TABLES; i++)
        newest = versions->case_rules[i] > newest ? versions->case_rules[i] : newest;
    return newest;
}

static int32_t version_at_hand(const struct reference *reference)
{
    return reference->areas ? areas_version(reference->areas) : 0;
}

static enum outcome refresh_areas(struct reference *reference, struct pg *pg,
                                  int32_t version, struct err *e)
{
    struct areas *newer = NULL;

    if (version == version_at_hand(reference))
        return DONE;
    if (version > 0 && !(newer = reference_read_areas(pg, version, e)))
        return e->outcome;
    areas_free(reference->areas);
    reference->areas = newer;
    metrics_set(METRIC_REFERENCE, NULL, version);
    return DONE;
}

static enum outcome refresh_rules(struct reference *reference, struct pg *pg,
                                  const int32_t versions[RULEBOOK_TABLES], struct err *e)
{
    struct rulebook *newer;

    if (reference->rules
        && memcmp(versions, rulebook_versions(reference->rules),
                  RULEBOOK_TABLES * sizeof *versions)
               == 0)
        return DONE;
    newer = rulebook_read(pg, versions, e);
    if (!newer)
        return err_wrap(e, "reading the rules");
    rulebook_free(reference->rules);
    reference->rules = newer;
    return DONE;
}

static enum outcome refresh_case_rules(struct reference *reference, struct pg *pg,
                                       const int32_t versions[CASE_RULES_TABLES],
                                       struct err *e)
{
    struct case_rules *newer;

    if (reference->case_rules
        && memcmp(versions, case_rules_versions(reference->case_rules),
                  CASE_RULES_TABLES * sizeof *versions)
               == 0)
        return DONE;
    newer = case_rules_read(pg, versions, e);
    if (!newer)
        return err_wrap(e, "reading the rules of cases");
    case_rules_free(reference->case_rules);
    reference->case_rules = newer;
    return DONE;
}

enum outcome reference_refresh(struct reference *reference, struct pg *pg, struct err *e)
{
    struct versions versions;

    if (ask_versions(pg, &versions, e) || refresh_areas(reference, pg, versions.areas, e)
        || refresh_rules(reference, pg, versions.rules, e)
        || refresh_case_rules(reference, pg, versions.case_rules, e))
        return e->outcome;
    reference->newest = newest_of(&versions);
    reference->seen = versions.all;
    return DONE;
}
