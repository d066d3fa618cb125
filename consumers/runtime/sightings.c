/* sightings.c - fields of an event, as the kind names them, become a sighting. */
#include "consumers/runtime/sightings.h"

#include <math.h>
#include <string.h>
#include <sysexits.h>

static enum outcome find_field(const struct reader *reader, const char *name, int *index,
                               struct err *e)
{
    *index = schema_find(reader->schema, name);
    return *index >= 0 ? DONE
                       : err_exit(e, EX_CONFIG, "the schema has no field %s", name);
}

enum outcome sighter_init(struct sighter *sighter, const struct kind *kind,
                          const struct reader *reader, struct err *e)
{
    *sighter = (struct sighter){.kind = kind, .reader = reader};
    for (size_t i = 0; i < LINK_FIELDS; i++) {
        const char *name = kind->linked.names[i];
        sighter->fields[i] = -1;
        if (name && find_field(reader, name, &sighter->fields[i], e))
            return e->outcome;
    }
    return find_field(reader, "is_test", &sighter->is_test, e);
}

uint32_t group_number(struct group_names *groups, struct arena *arena, const char *name)
{
    for (size_t i = 0; i < groups->count; i++)
        if (groups->list[i] == name || strcmp(groups->list[i], name) == 0)
            return (uint32_t)i;
    if (groups->count == groups->room) {
        size_t room = groups->room ? 2 * groups->room : 16;
        groups->list = arena_resize(arena, groups->list, groups->room * sizeof(char *),
                                    room * sizeof(char *));
        groups->room = room;
    }
    groups->list[groups->count] = name;
    return (uint32_t)groups->count++;
}

/* ---- fields ---- */

/* NULL: the kind has no such field, or the event no value in it. */
static const struct value *field_of(const struct sighter *sighter,
                                    const struct event *event, enum link_field field)
{
    int index = sighter->fields[field];
    const struct value *value = index < 0 ? NULL : &event->values[index];

    return value && value->kind != VALUE_NULL ? value : NULL;
}

static const char *text_of(const struct sighter *sighter, const struct event *event,
                           enum link_field field, struct arena *arena)
{
    const struct value *value = field_of(sighter, event, field);

    return value ? arena_copy(arena, value->bytes, value->count) : NULL;
}

static bool is_one_of(const struct value *value, const char *a, const char *b)
{
    return value
           && ((value->count == strlen(a) && memcmp(value->bytes, a, value->count) == 0)
               || (value->count == strlen(b)
                   && memcmp(value->bytes, b, value->count) == 0));
}

static const char *code_of(const struct sighter *sighter, const struct event *event,
                           struct arena *arena)
{
    const struct value *code = field_of(sighter, event, LINK_FIELD_CODE);
    const struct value *subcode = field_of(sighter, event, LINK_FIELD_SUBCODE);
    char *both;

    if (!code || !subcode)
        return text_of(sighter, event, LINK_FIELD_CODE, arena);
    both = arena_take(arena, (size_t)code->count + subcode->count + 2);
    memcpy(both, code->bytes, code->count);
    both[code->count] = '/';
    memcpy(both + code->count + 1, subcode->bytes, subcode->count);
    both[code->count + 1 + subcode->count] = '\0';
    return both;
}

static enum link_message message_of(const struct sighter *sighter,
                                    const struct event *event)
{
    const struct value *message = field_of(sighter, event, LINK_FIELD_MESSAGE);

    if (is_one_of(message, "CANCEL", "CANCEL"))
        return LINK_CANCEL;
    return is_one_of(message, "UPDATE", "UPDATE") ? LINK_UPDATE : LINK_REPORT;
}

/* The key of the event's Kafka message; ids are one text, however they were written. */
static void report_of(const struct sighter *sighter, const struct event *event,
                      struct link_sighting *s)
{
    const struct value *report = field_of(sighter, event, LINK_FIELD_REFERENCE);
    const struct value *sender = field_of(sighter, event, LINK_FIELD_SENDER);
    struct text key = {0};

    if (!report)
        report = field_of(sighter, event, LINK_FIELD_REPORT);
    if (sender) {
        text_add(&key, sender->bytes, sender->count);
        text_add_string(&key, "/");
    }
    text_add(&key, report->bytes, report->count);
    link_report_id(s->report_id, sighter->kind->name, s->is_test, key.bytes, key.size);
    text_free(&key);
}

static void case_of(const struct sighter *sighter, const struct event *event,
                    struct link_sighting *s)
{
    const struct value *value = field_of(sighter, event, LINK_FIELD_CASE);

    if (value && value->kind == VALUE_ITEMS)
        value = value->count > 0 ? &value->items[0] : NULL;
    memcpy(s->case_id, value ? value->bytes : event->event_id, UUID_SIZE);
}

/* ---- what the rule needs ---- */

static void place_at_point(const struct sighter *sighter, const struct rulebook *rules,
                           const struct event *event, struct arena *arena,
                           struct link_sighting *s)
{
    const struct value *accuracy = field_of(sighter, event, LINK_FIELD_ACCURACY);
    const char *kind = text_of(sighter, event, LINK_FIELD_POSITION_KIND, arena);

    s->place.where = LINK_AT_POINT;
    s->place.at =
        (struct point){event->location->wgs84.longitude, event->location->wgs84.latitude};
    s->place.accuracy_m = accuracy ? accuracy->real : NAN;
    if (!kind)
        kind = sighter->kind->linked.position_kind;
    s->default_accuracy_m = kind ? rulebook_accuracy_m(rules, kind, s->occurred_us) : 0;
}

static void place_at_key(const struct sighter *sighter, const struct event *event,
                         const char *code, struct arena *arena, struct link_sighting *s)
{
    const char *about = text_of(sighter, event, LINK_FIELD_ABOUT, arena);

    if (!about)
        return;
    s->place.where = LINK_AT_KEY;
    s->place.round = text_of(sighter, event, LINK_FIELD_ROUND, arena);
    link_place_key(s->place.key, about, code);
}

static const char *unit_of(const struct sighter *sighter, const struct rulebook *rules,
                           const struct event *event, const char *group,
                           struct arena *arena)
{
    const char *unit = text_of(sighter, event, LINK_FIELD_UNIT, arena);

    if (unit || !event->location)
        return unit;
    return rulebook_unit(rules, event->location, group,
                         event->values[sighter->reader->occurred_at].number);
}

static bool may_send(const struct sighter *sighter, const struct event *event,
                     const struct ruling *ruling)
{
    const struct value *certainty = field_of(sighter, event, LINK_FIELD_CERTAINTY);

    return sighter->kind->linked.sends && ruling->auto_dispatch
           && (!certainty || is_one_of(certainty, "OBSERVED", "LIKELY"));
}

static void apply_rule(const struct sighter *sighter, const struct rulebook *rules,
                       const struct sighted *of, struct arena *arena,
                       struct link_sighting *s)
{
    s->rule = of->ruling.rule;
    if (!s->rule)
        return;
    if (of->ruling.by_place && of->event->location)
        place_at_point(sighter, rules, of->event, arena, s);
    else if (!of->ruling.by_place)
        place_at_key(sighter, of->event, of->code, arena, s);
    s->unit = unit_of(sighter, rules, of->event, of->ruling.group, arena);
    s->sends = s->unit && may_send(sighter, of->event, &of->ruling);
}

/* ---- one, and all ---- */

bool sighting_of(const struct sighter *sighter, const struct rulebook *rules,
                 const struct event *event, struct arena *arena, struct sighted *of,
                 struct link_sighting *s)
{
    const struct reader *reader = sighter->reader;

    *of = (struct sighted){.event = event,
                           .scheme = text_of(sighter, event, LINK_FIELD_SCHEME, arena),
                           .code = code_of(sighter, event, arena)};
    if (!of->code)
        return false;
    if (!of->scheme)
        of->scheme = "";
    *s = (struct link_sighting){.message = message_of(sighter, event),
                                .is_test = event->values[sighter->is_test].number,
                                .occurred_us = event->values[reader->occurred_at].number,
                                .recorded_us = event->values[reader->recorded_at].number};
    memcpy(s->event_id, event->event_id, UUID_SIZE);
    report_of(sighter, event, s);
    case_of(sighter, event, s);
    of->ruling = rulebook_rule(rules, of->scheme, of->code, sighter->kind->linked.group,
                               s->occurred_us);
    apply_rule(sighter, rules, of, arena, s);
    return true;
}

const char *sighting_photo(const struct sighter *sighter, const struct event *event,
                           struct arena *arena)
{
    const struct value *value = field_of(sighter, event, LINK_FIELD_PHOTO);

    if (value && value->kind == VALUE_ITEMS)
        value = value->count > 0 ? &value->items[0] : NULL;
    return value ? arena_copy(arena, value->bytes, value->count) : NULL;
}

void sightings_of(struct sightings *out, const struct sighter *sighter,
                  const struct rulebook *rules, const struct batch *batch,
                  struct arena *arena)
{
    *out = (struct sightings){
        .list = arena_take_array(arena, batch->count + 1, sizeof *out->list),
        .of = arena_take_array(arena, batch->count + 1, sizeof *out->of)};
    for (size_t i = 0; i < batch->count; i++) {
        struct link_sighting *s = &out->list[out->count];
        struct sighted *of = &out->of[out->count];
        if (batch->events[i].outcome != EVENT_STORED
            || !sighting_of(sighter, rules, &batch->events[i], arena, of, s))
            continue;
        if (of->ruling.group)
            s->group = group_number(&out->groups, arena, of->ruling.group);
        out->count++;
    }
}
