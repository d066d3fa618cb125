/* stored_actions.c - one cursor; the rows of a transaction become what came up in it. */
#include "consumers/runtime/stored_actions.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "consumers/runtime/row_values.h"
#include "consumers/runtime/sql.h"

#define PAGE "fetch forward 5000 from stored_actions"

/* Columns of sql/stored_actions.sql. */
enum { LINK_SEQ, ORDINAL, KIND, ID, NOW, REFERENCE };

struct stored_actions {
    struct pg *pg;
    struct reference_past *past;
    struct pg_result *page;
    size_t row; /* the next one of the page */
    bool is_over;
    struct arena *arena; /* of one transaction */
};

struct stored_actions *stored_actions_open(struct pg *pg, struct reference_past *past,
                                           struct err *e)
{
    struct stored_actions *stored = xcalloc(1, sizeof *stored);

    stored->pg = pg;
    stored->past = past;
    stored->arena = arena_new();
    if (!pg_run(pg, sql_text("stored_actions"), e))
        return stored;
    err_wrap(e, "reading what was done");
    stored_actions_close(stored);
    return NULL;
}

void stored_actions_close(struct stored_actions *stored)
{
    if (!stored)
        return;
    pg_result_free(stored->page);
    arena_free(stored->arena);
    free(stored);
}

enum outcome stored_actions_missing(struct pg *pg, size_t limit, struct pg_result **rows,
                                    struct err *e)
{
    struct text number = {0};
    enum outcome outcome;

    text_format(&number, "%zu", limit);
    outcome = pg_query(pg, sql_text("stored_unsettled"),
                       (const char *const[]){number.bytes}, 1, rows, e);
    text_free(&number);
    return outcome ? err_wrap(e, "stored_unsettled") : DONE;
}

/* ---- rows ---- */

static enum outcome have_row(struct stored_actions *stored, struct err *e)
{
    if (stored->is_over || (stored->page && stored->row < pg_rows(stored->page)))
        return DONE;
    pg_result_free(stored->page);
    stored->page = NULL;
    stored->row = 0;
    if (pg_query(stored->pg, PAGE, NULL, 0, &stored->page, e))
        return err_wrap(e, "reading what was done");
    stored->is_over = pg_rows(stored->page) == 0;
    return DONE;
}

static enum stored_act_kind kind_of(const char *word)
{
    static const char *const words[] = {[ACT_NEW] = "new",
                                        [ACT_RETRY] = "retry",
                                        [ACT_SEND] = "send",
                                        [ACT_REMIND_BEFORE] = "before_due",
                                        [ACT_REMIND_DUE] = "due"};
    size_t kind = 0;

    while (kind < ACT_REMIND_DUE && strcmp(words[kind], word) != 0)
        kind++;
    return (enum stored_act_kind)kind;
}

/* What waited is tried before and after the action that comes: that is no act of its own. */
static bool is_part_of(const struct stored_act *before, const struct stored_act *act)
{
    return before->ordinal == act->ordinal && act->kind == ACT_RETRY
           && (before->kind == ACT_NEW || before->kind == ACT_RETRY);
}

static void add_act(struct stored_actions *stored, struct stored_acts *acts,
                    const struct stored_act *act)
{
    struct stored_act *last = acts->count ? &acts->list[acts->count - 1] : NULL;

    if (last && is_part_of(last, act))
        return;
    if (last && act->kind == ACT_NEW && last->kind == ACT_RETRY
        && last->ordinal == act->ordinal) {
        *last = *act;
        return;
    }
    acts->list = arena_grow(stored->arena, acts->list, acts->count, sizeof *acts->list);
    acts->list[acts->count++] = *act;
}

static void take_row(struct stored_actions *stored, struct stored_acts *acts)
{
    const struct pg_result *page = stored->page;
    struct stored_act act = {.kind = kind_of(pg_value(page, stored->row, KIND)),
                             .ordinal = (int32_t)pg_number(page, stored->row, ORDINAL)};

    row_id(page, stored->row, ID, act.id);
    if (acts->count == 0) {
        acts->link_seq = pg_number(page, stored->row, LINK_SEQ);
        acts->now_us = pg_number(page, stored->row, NOW);
        acts->reference_version = (int32_t)pg_number(page, stored->row, REFERENCE);
    }
    add_act(stored, acts, &act);
}

/* ---- transactions ---- */

static enum outcome read_news(struct stored_actions *stored, struct stored_acts *acts,
                              struct err *e)
{
    uint8_t(*ids)[UUID_SIZE] =
        arena_take_array(stored->arena, acts->count + 1, UUID_SIZE);
    size_t count = 0;

    for (size_t i = 0; i < acts->count; i++)
        if (acts->list[i].kind == ACT_NEW) {
            acts->list[i].number = count;
            memcpy(ids[count++], acts->list[i].id, UUID_SIZE);
        }
    if (count == 0)
        return DONE;
    return life_read_actions(&acts->news, stored->pg, stored->arena,
                             (const uint8_t(*)[UUID_SIZE])ids, count, e);
}

static enum outcome read_rules(struct stored_actions *stored, struct stored_acts *acts,
                               struct err *e)
{
    acts->rules = reference_past_case_rules(stored->past, acts->reference_version, e);
    if (!acts->rules)
        return e->outcome;
    acts->book = reference_past_rules(stored->past, acts->reference_version, e);
    return acts->book ? DONE : e->outcome;
}

enum outcome stored_actions_next(struct stored_actions *stored, struct stored_acts *acts,
                                 struct err *e)
{
    *acts = (struct stored_acts){0};
    arena_reset(stored->arena, 1 << 20);
    for (;; stored->row++) {
        if (have_row(stored, e))
            return e->outcome;
        if (stored->is_over
            || (acts->count
                && pg_number(stored->page, stored->row, LINK_SEQ) != acts->link_seq))
            break;
        take_row(stored, acts);
    }
    if (acts->count == 0)
        return DONE;
    if (read_news(stored, acts, e) || read_rules(stored, acts, e))
        return err_wrap(e, "link_seq %" PRId64, acts->link_seq);
    return DONE;
}
