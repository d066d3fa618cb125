/* case_states.c - from decisions to rows and steps. */
#include "consumers/runtime/case_states.h"

#include <string.h>

static void step(struct case_states *states, uint32_t number, size_t ordinal,
                 const char *action, const char *to_state)
{
    struct case_row *row = &states->rows[number];

    states->steps[states->step_count++] = (struct case_step){
        number, ++row->version, (uint32_t)ordinal, action, row->state, to_state};
    row->state = to_state;
}

/* What one decision means for its case. */
static void take_steps(struct case_states *states, const struct link_decision *d,
                       size_t ordinal)
{
    uint32_t number = link_map_find(&states->ids, d->case_id);

    if (d->outcome == LINK_REOPEN)
        step(states, number, ordinal, "REOPEN", "REOPENED");
    if (d->flags & LINK_SENDS)
        step(states, number, ordinal, "DISPATCH", "DISPATCHED");
    if (d->flags & LINK_CANCELS_CASE)
        step(states, number, ordinal, "CANCEL", "CANCELLED");
}

/* New cases stand behind those read, in the order of the decisions that open them. */
static struct case_row new_row(const char *first_state, const struct link_case *c,
                               const struct sighted *first,
                               const struct link_decision *opened_by)
{
    return (struct case_row){
        .state = first_state,
        .version = 1,
        .stripe = link_stripe(first->ruling.group, link_cell(&c->place)),
        .first = first,
        .opened_by = opened_by,
    };
}

void case_states_of(struct case_states *out, struct arena *arena, const char *first_state,
                    const struct sightings *sightings, const struct link_output *output,
                    const struct case_row *read, size_t read_count)
{
    const size_t most = output->case_count;
    size_t number = read_count;

    *out = (struct case_states){
        .rows = arena_take_array(arena, most + 1, sizeof *out->rows),
        .steps = arena_take_array(arena, 3 * sightings->count + 1, sizeof *out->steps),
        .ids = link_map_new(arena, most)};
    for (size_t i = 0; i < read_count; i++)
        out->rows[i] = read[i];
    for (size_t i = 0; i < most; i++)
        *link_map_at(&out->ids, output->cases[i].case_id) = (uint32_t)i;
    for (size_t i = 0; i < sightings->count; i++) {
        const struct link_decision *d = &output->decisions[i];
        if (link_opens_case(d)) {
            out->rows[number] =
                new_row(first_state, &output->cases[number], &sightings->of[i], d);
            number++;
        }
        take_steps(out, d, i);
    }
}
