/* case_states.c - from decisions to rows and steps. */
#include "consumers/runtime/case_states.h"

#include <string.h>

static void step(struct case_states *states, uint32_t number, size_t ordinal,
                 const char *action, const char *to_state)
{
    struct case_row *row = &states->rows[number];
    const struct case_step *before =
        states->step_count ? &states->steps[states->step_count - 1] : NULL;
    int place = before && before->ordinal == ordinal ? before->place + 1 : 0;

    states->steps[states->step_count++] =
        (struct case_step){number, ++row->version, (uint32_t)ordinal, (int16_t)place,
                           action, row->state,     to_state};
    row->state = to_state;
    row->is_stepped = true;
}

static size_t count_steps(const struct link_output *output, size_t sightings)
{
    size_t count = 0;

    for (size_t i = 0; i < sightings; i++) {
        const struct link_decision *d = &output->decisions[i];
        count += d->outcome == LINK_REOPEN ? 1 : 0;
        count += d->flags & LINK_SENDS ? 1 : 0;
        count += d->flags & LINK_CANCELS_CASE ? 1 : 0;
    }
    return count;
}

/* What one decision means for its case. */
static void take_steps(struct case_states *states, const struct link_output *output,
                       size_t ordinal)
{
    const struct link_decision *d = &output->decisions[ordinal];
    uint32_t number = link_map_find(&output->case_ids, d->case_id);

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
    size_t number = read_count;

    *out = (struct case_states){
        .rows = arena_take_array(arena, output->case_count + 1, sizeof *out->rows),
        .steps = arena_take_array(arena, count_steps(output, sightings->count) + 1,
                                  sizeof *out->steps)};
    for (size_t i = 0; i < read_count; i++)
        out->rows[i] = read[i];
    for (size_t i = 0; i < sightings->count; i++) {
        const struct link_decision *d = &output->decisions[i];
        if (link_opens_case(d)) {
            out->rows[number] =
                new_row(first_state, &output->cases[number], &sightings->of[i], d);
            number++;
        }
        take_steps(out, output, i);
    }
}

struct case_step_row case_states_row(const struct case_states *states, size_t number,
                                     const struct sightings *sightings,
                                     const struct link_output *output, int64_t link_seq)
{
    const struct case_step *step = &states->steps[number];
    const struct event *event = sightings->of[step->ordinal].event;
    const uint8_t *case_id = output->cases[step->number].case_id;

    return (struct case_step_row){
        .link_seq = link_seq,
        .ordinal = (int32_t)step->ordinal,
        .place = step->place,
        .outcome = "applied",
        .named_id = case_id,
        .case_id = case_id,
        .case_version = step->version,
        .actor = "platform",
        .action = step->action,
        .from_state = step->from_state,
        .to_state = step->to_state,
        .event_id = event->event_id,
        .topic_offset = event->message.offset,
        .stepped_us = output->decisions[step->ordinal].used_us,
    };
}
