/* link.c - one sighting after the other: by its report's id, by the case that it names, by place. */
#include "consumers/runtime/link.h"

#include <math.h>
#include <string.h>

enum { MOST_MERGES = 64 }; /* of a chain; a longer one goes round */

/* A case that could take the sighting, and how good it is. */
struct match {
    enum { SURE, REPEATED, DOUBTFUL, NO_MATCH } class;
    uint32_t candidate, head;
    struct link_answer answer;
    double distance_m, radius_m;
    unsigned flags;
};

struct linker {
    struct link_case *cases;
    struct link_report *reports;
    size_t case_count, report_count;
    struct link_map case_ids, report_ids;
    struct link_index places;
    int64_t link_seq;

    /* Of the sighting in hand. */
    const struct link_sighting *sighting;
    struct link_place place; /* with the accuracy that counts */
    struct link_decision *decision;
    uint32_t ordinal;
    bool sends; /* an order goes out with a case that it opens or reopens */
    struct match best;
};

/* ---- what is there ---- */

static uint32_t add_case(struct linker *l, const struct link_case *c)
{
    uint32_t number = (uint32_t)l->case_count++;

    l->cases[number] = *c;
    *link_map_at(&l->case_ids, c->case_id) = number;
    link_index_add(&l->places, c, number);
    return number;
}

static struct link_report *add_report(struct linker *l, const struct link_report *report)
{
    uint32_t number = (uint32_t)l->report_count++;

    l->reports[number] = *report;
    *link_map_at(&l->report_ids, report->report_id) = number;
    return &l->reports[number];
}

static void begin(struct linker *l, struct arena *arena, const struct link_input *input)
{
    size_t most_cases = input->case_count + input->sighting_count;
    size_t most_reports = input->report_count + input->sighting_count;

    *l = (struct linker){
        .cases = input->in_place
                     ? input->in_place
                     : arena_take_array(arena, most_cases + 1, sizeof *l->cases),
        .reports = arena_take_array(arena, most_reports + 1, sizeof *l->reports),
        .case_ids = link_map_new(arena, most_cases),
        .report_ids = link_map_new(arena, most_reports),
        .places = link_index_new(arena, most_cases),
        .link_seq = input->link_seq,
    };
    for (size_t i = 0; i < input->case_count; i++)
        add_case(l, &input->cases[i]);
    for (size_t i = 0; i < input->report_count; i++)
        add_report(l, &input->reports[i]);
}

/* Follows merges; LINK_NONE: the head is not there, or they go round. */
static uint32_t head_of(const struct linker *l, uint32_t number)
{
    for (int i = 0; number != LINK_NONE && i < MOST_MERGES; i++) {
        if (l->cases[number].life != LINK_MERGED)
            return number;
        number = link_map_find(&l->case_ids, l->cases[number].merged_into);
    }
    return LINK_NONE;
}

/* ---- candidates ---- */

static bool opened_before(const struct link_case *a, const struct link_case *b)
{
    if (a->opened_seq != b->opened_seq)
        return a->opened_seq < b->opened_seq;
    return a->opened_ordinal < b->opened_ordinal;
}

/* "Nearest (tie: first opened)"; a key has no distance. */
static bool is_better(const struct linker *l, const struct match *a,
                      const struct match *b)
{
    if (a->class != b->class)
        return a->class < b->class;
    if (a->distance_m < b->distance_m || a->distance_m > b->distance_m)
        return a->distance_m < b->distance_m;
    return opened_before(&l->cases[a->candidate], &l->cases[b->candidate]);
}

static bool is_too_far(const struct linker *l, const struct link_place *place,
                       struct match *m)
{
    m->radius_m = link_effective_radius_m(l->sighting->rule, l->place.accuracy_m,
                                          place->accuracy_m);
    m->distance_m = geodesy_distance_m(place->at, l->place.at);
    return m->distance_m > 2 * m->radius_m;
}

static bool is_apart(const struct linker *l, const struct link_place *place,
                     struct match *m)
{
    if (place->where != l->place.where)
        return true;
    if (place->where == LINK_AT_KEY)
        return memcmp(place->key, l->place.key, UUID_SIZE) != 0;
    return is_too_far(l, place, m);
}

/* "Between 1 x and 2 x the radius, accuracy above 100 m, or another responsible unit". */
static unsigned doubts(const struct linker *l, const struct link_place *place,
                       const struct link_case *head, const struct match *m)
{
    const struct link_sighting *s = l->sighting;
    unsigned flags = 0;

    if (m->distance_m > m->radius_m)
        flags |= LINK_FAR;
    if (place->where == LINK_AT_POINT
        && fmax(place->accuracy_m, l->place.accuracy_m) > LINK_MOST_ACCURACY_M)
        flags |= LINK_INACCURATE;
    if (s->rule->same_unit && s->unit && head->unit && strcmp(s->unit, head->unit) != 0)
        flags |= LINK_OTHER_UNIT;
    return flags;
}

static struct match no_match(void)
{
    return (struct match){.class = NO_MATCH,
                          .candidate = LINK_NONE,
                          .head = LINK_NONE,
                          .distance_m = NAN,
                          .radius_m = NAN};
}

static void classify(struct match *m)
{
    bool repeats = m->answer.fate == LINK_REPEATS;

    if (repeats && m->flags)
        m->class = NO_MATCH;
    else
        m->class = m->flags ? DOUBTFUL : repeats ? REPEATED : SURE;
}

/* Time and state are asked first: that costs less than a distance. */
static void consider(struct linker *l, uint32_t number)
{
    const struct link_place *place = &l->cases[number].place;
    struct match m = no_match();

    m.candidate = number;
    m.head = head_of(l, number);
    if (m.head == LINK_NONE)
        return;
    m.answer = link_ask(l->sighting->rule, &l->cases[m.head], l->place.round,
                        l->decision->used_us);
    if (m.answer.fate == LINK_APART || is_apart(l, place, &m))
        return;
    m.flags = doubts(l, place, &l->cases[m.head], &m);
    classify(&m);
    if (m.class != NO_MATCH && is_better(l, &m, &l->best))
        l->best = m;
}

/* For the index. What is farther than a sure match cannot be better. */
static double visit(void *context, uint32_t number)
{
    struct linker *l = context;

    consider(l, number);
    return l->best.class == SURE && l->place.where == LINK_AT_POINT ? l->best.distance_m
                                                                    : INFINITY;
}

/* The case that it names, if that would take it: whoever names a case is sure. */
static bool consider_named(struct linker *l)
{
    const struct link_sighting *s = l->sighting;
    struct match m = no_match();

    m.candidate = link_map_find(&l->case_ids, s->case_id);
    m.head = head_of(l, m.candidate);
    if (m.head == LINK_NONE || l->cases[m.head].is_test != s->is_test)
        return false;
    m.answer = link_ask(s->rule, &l->cases[m.head], l->place.round, l->decision->used_us);
    if (m.answer.fate == LINK_APART || m.answer.fate == LINK_REPEATS)
        return false;
    if (l->place.where == LINK_AT_POINT && l->cases[m.head].place.where == LINK_AT_POINT)
        m.distance_m = geodesy_distance_m(l->cases[m.head].place.at, l->place.at);
    m.class = SURE;
    l->best = m;
    return true;
}

/* ---- what becomes of it ---- */

static void see(struct link_case *c, int64_t us)
{
    if (us > c->last_us)
        c->last_us = us;
    c->is_changed = true;
}

static void send(struct linker *l, struct link_case *c)
{
    if (!l->sends)
        return;
    c->was_sent = true;
    l->decision->flags |= LINK_SENDS;
}

static void reopen(struct linker *l, struct link_case *c)
{
    l->decision->outcome = LINK_REOPEN;
    c->life = LINK_OPEN;
    c->reopened_us = l->decision->used_us;
    send(l, c);
}

static void join(struct linker *l, struct link_case *c)
{
    struct link_decision *d = l->decision;

    d->outcome = LINK_MORE;
    if (l->best.answer.fate == LINK_REOPENS)
        reopen(l, c);
    if (l->best.answer.fate == LINK_IS_MUTED) {
        d->outcome = LINK_MUTED;
        c->muted++;
    }
    if (d->used_us < c->first_us)
        d->flags |= LINK_BEFORE_FIRST;
    if (l->best.answer.is_past)
        d->flags |= LINK_OF_PAST_LIFE;
    see(c, d->used_us);
    c->standing++;
    memcpy(d->case_id, c->case_id, UUID_SIZE);
}

/* False: who took the id has foreseen the spare one, too. */
static bool choose_id(struct linker *l, uint8_t id[UUID_SIZE])
{
    const struct link_sighting *s = l->sighting;

    memcpy(id, s->case_id, UUID_SIZE);
    if (link_map_find(&l->case_ids, id) == LINK_NONE)
        return true;
    link_spare_id(id, s->case_id, s->event_id);
    l->decision->flags |= LINK_ID_TAKEN;
    return link_map_find(&l->case_ids, id) == LINK_NONE;
}

static void open_case(struct linker *l)
{
    const struct link_sighting *s = l->sighting;
    struct link_decision *d = l->decision;
    struct link_case c = {
        .group = s->group,
        .is_test = s->is_test,
        .place = l->place,
        .unit = s->unit,
        .first_us = d->used_us,
        .last_us = d->used_us,
        .reopened_us = LINK_NO_TIME,
        .handled_us = LINK_NO_TIME,
        .closed_us = LINK_NO_TIME,
        .standing = 1,
        .opened_seq = l->link_seq,
        .opened_ordinal = l->ordinal,
        .is_new = true,
    };

    if (!choose_id(l, c.case_id)) {
        d->outcome = LINK_NO_CASE;
        return;
    }
    if (d->outcome != LINK_POSSIBLE_REPEAT)
        send(l, &c);
    memcpy(d->case_id, c.case_id, UUID_SIZE);
    add_case(l, &c);
}

static void open_beside(struct linker *l)
{
    struct link_decision *d = l->decision;

    d->outcome = l->best.class == NO_MATCH   ? LINK_NEW
                 : l->best.class == REPEATED ? LINK_REPEAT
                                             : LINK_POSSIBLE_REPEAT;
    if (l->best.class != NO_MATCH)
        memcpy(d->related_id, l->cases[l->best.head].case_id, UUID_SIZE);
    open_case(l);
}

static void choose_time(struct linker *l)
{
    const struct link_sighting *s = l->sighting;
    bool is_plausible;

    l->decision->used_us = link_time_us(s->occurred_us, s->recorded_us, &is_plausible);
    if (!is_plausible)
        l->decision->flags |= LINK_TIME_IMPLAUSIBLE;
}

static void choose_place(struct linker *l)
{
    l->place = l->sighting->place;
    if (l->place.where == LINK_AT_POINT && isnan(l->place.accuracy_m)) {
        l->place.accuracy_m = l->sighting->default_accuracy_m;
        l->decision->flags |= LINK_ACCURACY_ASSUMED;
    }
}

static void tell_match(struct linker *l, enum link_basis basis)
{
    struct link_decision *d = l->decision;

    if (l->best.class == NO_MATCH)
        return;
    d->basis = basis;
    d->flags |= l->best.flags;
    d->age_us = l->best.answer.age_us;
    d->distance_m = l->best.distance_m;
    d->radius_m = l->best.radius_m;
}

/* The report itself, for the first time. */
static void link_by_place(struct linker *l)
{
    const struct link_sighting *s = l->sighting;
    enum link_basis basis = LINK_BY_NAME;

    l->decision->outcome = LINK_NO_CASE;
    if (!s->rule)
        return;
    choose_place(l);
    if (!consider_named(l)) {
        basis = l->place.where == LINK_AT_KEY ? LINK_BY_KEY : LINK_BY_DISTANCE;
        link_index_visit(&l->places, s->rule, s->group, s->is_test, &l->place, visit, l);
    }
    tell_match(l, basis);
    if (l->best.class == SURE)
        join(l, &l->cases[l->best.head]);
    else
        open_beside(l);
}

/* ---- revisions ---- */

/* Takes the report's sighting back out of its case. */
static void withdraw(struct linker *l, const struct link_report *report)
{
    uint32_t number =
        report->has_case ? link_map_find(&l->case_ids, report->case_id) : LINK_NONE;
    uint32_t head = head_of(l, number);
    struct link_case *c;

    if (head == LINK_NONE)
        return;
    c = &l->cases[number];
    c->standing--;
    c->is_changed = true;
    if (c->life == LINK_OPEN && c->standing == 0 && !c->was_sent) {
        c->life = LINK_CANCELLED;
        l->decision->flags |= LINK_CANCELS_CASE;
    } else if (l->cases[head].life == LINK_OPEN) {
        l->decision->flags |= LINK_ASKS_PERSON;
    }
}

/* Another event about a report that has come. */
static void revise(struct linker *l, struct link_report *report)
{
    struct link_decision *d = l->decision;
    uint32_t number = report->has_case
                          ? head_of(l, link_map_find(&l->case_ids, report->case_id))
                          : LINK_NONE;

    d->outcome = LINK_REVISION;
    d->basis = LINK_BY_REPORT;
    if (report->has_case)
        memcpy(d->case_id, report->case_id, UUID_SIZE);
    if (l->sighting->message == LINK_CANCEL && !report->is_withdrawn) {
        d->outcome = LINK_WITHDRAWN;
        report->is_withdrawn = report->is_changed = true;
        withdraw(l, report);
    } else if (number != LINK_NONE && l->sighting->message != LINK_CANCEL) {
        see(&l->cases[number], d->used_us);
    }
}

static void arrive(struct linker *l, struct link_report *report)
{
    static const uint8_t none[UUID_SIZE];

    l->sends = l->sighting->sends && !report->is_withdrawn;
    link_by_place(l);
    report->has_come = report->is_changed = true;
    report->has_case = memcmp(l->decision->case_id, none, UUID_SIZE) != 0;
    memcpy(report->case_id, l->decision->case_id, UUID_SIZE);
    if (report->waits)
        l->decision->flags |= LINK_TAKES_WAITING;
    report->waits = false;
    if (report->is_withdrawn)
        withdraw(l, report);
}

static void wait(struct linker *l, struct link_report *report)
{
    l->decision->outcome = LINK_WAITS;
    report->waits = report->is_changed = true;
    report->is_withdrawn = report->is_withdrawn || l->sighting->message == LINK_CANCEL;
}

static struct link_report *find_report(struct linker *l)
{
    struct link_report fresh = {.is_new = true};
    uint32_t number = link_map_find(&l->report_ids, l->sighting->report_id);

    if (number != LINK_NONE)
        return &l->reports[number];
    memcpy(fresh.report_id, l->sighting->report_id, UUID_SIZE);
    return add_report(l, &fresh);
}

static void decide(struct linker *l, const struct link_sighting *sighting,
                   struct link_decision *decision)
{
    struct link_report *report;

    l->sighting = sighting;
    l->decision = decision;
    l->best = no_match();
    *decision = (struct link_decision){.distance_m = NAN, .radius_m = NAN};
    choose_time(l);
    report = find_report(l);
    if (report->has_come)
        revise(l, report);
    else if (sighting->message == LINK_REPORT)
        arrive(l, report);
    else
        wait(l, report);
}

void link_sightings(struct arena *arena, const struct link_input *input,
                    struct link_output *output)
{
    struct linker l;

    begin(&l, arena, input);
    output->decisions =
        arena_take_array(arena, input->sighting_count + 1, sizeof *output->decisions);
    for (size_t i = 0; i < input->sighting_count; i++) {
        l.ordinal = (uint32_t)i;
        decide(&l, &input->sightings[i], &output->decisions[i]);
    }
    output->cases = l.cases;
    output->case_count = l.case_count;
    output->case_ids = l.case_ids;
    output->reports = l.reports;
    output->report_count = l.report_count;
}
