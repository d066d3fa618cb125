/* case_states.c - from decisions to rows and steps. */
#include "consumers/runtime/case_states.h"

#include <string.h>

/* What is being worked out. */
struct work {
    const struct case_states_input *in;
    struct case_states *out;
    struct arena *arena;
};

/* As far as the platform's steps go: it takes one only where no order stands and nothing is suspended. */
static struct case_life *life_of(const struct work *w, uint32_t number)
{
    struct case_row *row = &w->out->rows[number];
    const struct link_case *c = &w->in->output->cases[number];

    if (row->life)
        return row->life;
    row->life = arena_take(w->arena, sizeof *row->life);
    *row->life = case_life_begin(c->case_id);
    row->life->is_test = c->is_test;
    row->life->group = w->in->groups->list[c->group];
    row->life->state = row->state;
    row->life->version = row->version;
    return row->life;
}

/* Of the next step of a cause. */
static int16_t place_of(const struct case_states *states, size_t ordinal)
{
    const struct case_step *before =
        states->step_count ? &states->steps[states->step_count - 1] : NULL;

    return before && before->ordinal == ordinal ? (int16_t)(before->place + 1) : 0;
}

static void step(const struct work *w, uint32_t number, size_t ordinal,
                 enum case_platform_step what)
{
    const struct link_case *c = &w->in->output->cases[number];
    const struct link_sighting *s = &w->in->sightings->list[ordinal];
    struct case_life *life = life_of(w, number);
    struct case_states *out = w->out;
    struct case_result result;

    case_life_platform(w->in->rules, w->arena, life, what, c->unit ? c->unit : s->unit,
                       w->in->output->decisions[ordinal].used_us, &result);
    life_rows_add(&out->follows, w->arena, life, &result, w->in->link_seq);
    out->rows[number].state = life->state;
    out->rows[number].version = life->version;
    out->steps[out->step_count] = (struct case_step){.number = number,
                                                     .version = life->version,
                                                     .ordinal = (uint32_t)ordinal,
                                                     .place = place_of(out, ordinal),
                                                     .action = case_platform_action(what),
                                                     .from_state = result.from_state,
                                                     .to_state = result.to_state};
    out->step_count++;
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
static void take_steps(const struct work *w, size_t ordinal)
{
    const struct link_decision *d = &w->in->output->decisions[ordinal];
    uint32_t number = link_map_find(&w->in->output->case_ids, d->case_id);

    if (d->outcome == LINK_REOPEN)
        step(w, number, ordinal, CASE_PLATFORM_REOPEN);
    if (d->flags & LINK_SENDS)
        step(w, number, ordinal, CASE_PLATFORM_DISPATCH);
    if (d->flags & LINK_CANCELS_CASE)
        step(w, number, ordinal, CASE_PLATFORM_CANCEL);
}

/* New cases stand behind those read, in the order of the decisions that open them. */
static struct case_row new_row(const struct work *w, size_t number, size_t ordinal)
{
    const struct sighted *first = &w->in->sightings->of[ordinal];

    return (struct case_row){
        .state = w->in->linked->first_state,
        .version = 1,
        .stripe = link_stripe(first->ruling.group,
                              link_cell(&w->in->output->cases[number].place)),
        .first = first,
        .opened_by = &w->in->output->decisions[ordinal],
        .may_send = w->in->sightings->list[ordinal].sends,
    };
}

void case_states_of(struct case_states *out, struct arena *arena,
                    const struct case_states_input *input)
{
    const struct work w = {input, out, arena};
    size_t number = input->read_count;

    *out = (struct case_states){
        .rows = arena_take_array(arena, input->output->case_count + 1, sizeof *out->rows),
        .steps = arena_take_array(arena,
                                  count_steps(input->output, input->sightings->count) + 1,
                                  sizeof *out->steps)};
    for (size_t i = 0; i < input->read_count; i++)
        out->rows[i] = input->read[i];
    for (size_t i = 0; i < input->sightings->count; i++) {
        if (link_opens_case(&input->output->decisions[i])) {
            out->rows[number] = new_row(&w, number, i);
            number++;
        }
        take_steps(&w, i);
    }
}

struct case_life case_states_opened(const struct case_row *row, const struct link_case *c,
                                    const struct kind *kind)
{
    struct case_life life = row->life ? *row->life : case_life_begin(c->case_id);

    life.case_kind = kind->linked.case_kind;
    life.group = row->first->ruling.group;
    life.is_test = c->is_test;
    life.unit = c->unit;
    life.state = row->state;
    life.version = row->version;
    life.may_send = row->may_send;
    life.may_repeat = link_may_repeat(row->opened_by) != NULL;
    return life;
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
        .reference_version = sightings->reference_version,
    };
}
