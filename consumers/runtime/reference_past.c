/* reference_past.c - three short lists: an operator loads reference data now and then. */
#include "consumers/runtime/reference_past.h"

#include <stdlib.h>

#include "common/arena.h"
#include "consumers/runtime/reference.h"

struct reference_past {
    struct pg *pg;
    struct past_rules {
        int32_t newest;
        struct rulebook *book;
    } * rules;
    size_t rule_count;
    struct past_case_rules {
        int32_t newest;
        struct case_rules *rules;
    } * case_rules;
    size_t case_rule_count;
    struct areas **areas;
    size_t area_count;
};

struct reference_past *reference_past_new(struct pg *pg)
{
    struct reference_past *past = xcalloc(1, sizeof *past);

    past->pg = pg;
    return past;
}

void reference_past_free(struct reference_past *past)
{
    if (!past)
        return;
    for (size_t i = 0; i < past->rule_count; i++)
        rulebook_free(past->rules[i].book);
    for (size_t i = 0; i < past->case_rule_count; i++)
        case_rules_free(past->case_rules[i].rules);
    for (size_t i = 0; i < past->area_count; i++)
        areas_free(past->areas[i]);
    free(past->rules);
    free(past->case_rules);
    free(past->areas);
    free(past);
}

const struct rulebook *reference_past_rules(struct reference_past *past, int32_t newest,
                                            struct err *e)
{
    struct rulebook *book;

    for (size_t i = past->rule_count; i-- > 0;)
        if (past->rules[i].newest == newest)
            return past->rules[i].book;
    book = rulebook_read_as_of(past->pg, newest, e);
    if (!book)
        return NULL;
    past->rules = xrealloc(past->rules, (past->rule_count + 1) * sizeof *past->rules);
    past->rules[past->rule_count++] = (struct past_rules){newest, book};
    return book;
}

const struct case_rules *reference_past_case_rules(struct reference_past *past,
                                                   int32_t newest, struct err *e)
{
    struct case_rules *rules;

    for (size_t i = past->case_rule_count; i-- > 0;)
        if (past->case_rules[i].newest == newest)
            return past->case_rules[i].rules;
    rules = case_rules_read_as_of(past->pg, newest, e);
    if (!rules)
        return NULL;
    past->case_rules = xrealloc(past->case_rules,
                                (past->case_rule_count + 1) * sizeof *past->case_rules);
    past->case_rules[past->case_rule_count++] = (struct past_case_rules){newest, rules};
    return rules;
}

struct areas *reference_past_areas(struct reference_past *past, int32_t version,
                                   struct err *e)
{
    struct areas *areas;

    for (size_t i = past->area_count; i-- > 0;)
        if (areas_version(past->areas[i]) == version)
            return past->areas[i];
    areas = reference_read_areas(past->pg, version, e);
    if (!areas)
        return NULL;
    past->areas = xrealloc(past->areas, (past->area_count + 1) * sizeof *past->areas);
    past->areas[past->area_count++] = areas;
    return areas;
}
