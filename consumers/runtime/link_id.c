/* link_id.c - what is derived before linking and after it: ids, cells, stripes, names. */
#include <math.h>
#include <string.h>

#include "common/text.h"
#include "consumers/runtime/link.h"

/* All ids made here are UUIDv5 in this name space. */
static const uint8_t name_space[UUID_SIZE] = {0xe5, 0x4f, 0x9f, 0xf2, 0x69, 0x3d,
                                              0x4a, 0x51, 0xb1, 0x7b, 0xa6, 0xad,
                                              0x89, 0xb7, 0x32, 0x7e};

static void id_of_text(uint8_t id[UUID_SIZE], struct text *name)
{
    uuid_v5(id, name_space, name->bytes, name->size);
    text_free(name);
}

void link_report_id(uint8_t id[UUID_SIZE], const char *kind, bool is_test,
                    const void *key, size_t size)
{
    struct text name = {0};

    text_format(&name, "%s%s/", is_test ? "test/" : "report/", kind);
    text_add(&name, key, size);
    id_of_text(id, &name);
}

void link_spare_id(uint8_t id[UUID_SIZE], const uint8_t case_id[UUID_SIZE],
                   const uint8_t event_id[UUID_SIZE])
{
    struct text name = {0};

    text_format(&name, "case/");
    text_add(&name, case_id, UUID_SIZE);
    text_add(&name, event_id, UUID_SIZE);
    id_of_text(id, &name);
}

/* Neither text has a NUL in it, so none of two pairs are one. */
void link_place_key(uint8_t key[UUID_SIZE], const char *unit, const char *issue)
{
    struct text name = {0};

    text_format(&name, "place/");
    text_add(&name, unit, strlen(unit) + 1);
    text_add_string(&name, issue);
    id_of_text(key, &name);
}

int64_t link_cell(const struct link_place *place)
{
    uint64_t number = 0;

    if (place->where == LINK_AT_POINT)
        return geodesy_cell(LINK_CELL_M, place->at);
    if (place->where == LINK_NOWHERE)
        return 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | place->key[i];
    return (int64_t)(number >> 1) + INT64_MIN;
}

size_t link_cells_near(const struct link_place *place, int64_t cells[LINK_CELLS_NEAR])
{
    if (place->where == LINK_AT_POINT)
        return geodesy_cover(LINK_CELL_M, place->at, 2 * LINK_MOST_RADIUS_M, cells,
                             LINK_CELLS_NEAR);
    if (place->where == LINK_NOWHERE)
        return 0;
    cells[0] = link_cell(place);
    return 1;
}

/* CRC-64: the same on every machine, unlike uuid_mix(). */
unsigned link_stripe(const char *group, int64_t cell)
{
    struct text name = {0};
    uint64_t hash;

    text_format(&name, "%s/%lld", group, (long long)cell);
    hash = crc64_avro(name.bytes, name.size);
    text_free(&name);
    return (unsigned)(hash % LINK_STRIPES);
}

unsigned link_id_stripe(const uint8_t id[UUID_SIZE])
{
    return (unsigned)(crc64_avro(id, UUID_SIZE) % LINK_STRIPES);
}

const char *link_outcome_name(enum link_outcome outcome)
{
    static const char *const names[] = {
        [LINK_NEW] = "new",
        [LINK_MORE] = "more",
        [LINK_REOPEN] = "reopen",
        [LINK_REPEAT] = "repeat",
        [LINK_POSSIBLE_REPEAT] = "possible_repeat",
        [LINK_MUTED] = "muted",
        [LINK_REVISION] = "revision",
        [LINK_WITHDRAWN] = "withdrawn",
        [LINK_WAITS] = "waits",
        [LINK_NO_CASE] = "no_case",
    };

    return names[outcome];
}

const char *link_message_name(enum link_message message)
{
    static const char *const names[] = {
        [LINK_REPORT] = "report", [LINK_UPDATE] = "update", [LINK_CANCEL] = "cancel"};

    return names[message];
}

double link_counted_accuracy_m(const struct link_sighting *sighting)
{
    if (sighting->place.where != LINK_AT_POINT)
        return NAN;
    return isnan(sighting->place.accuracy_m) ? sighting->default_accuracy_m
                                             : sighting->place.accuracy_m;
}

const char *link_basis_name(enum link_basis basis)
{
    static const char *const names[] = {[LINK_BY_NOTHING] = "nothing",
                                        [LINK_BY_REPORT] = "report",
                                        [LINK_BY_NAME] = "name",
                                        [LINK_BY_DISTANCE] = "distance",
                                        [LINK_BY_KEY] = "key"};

    return names[basis];
}

const uint8_t *link_repeat_of(const struct link_decision *decision)
{
    return decision->outcome == LINK_REPEAT ? decision->related_id : NULL;
}

const uint8_t *link_may_repeat(const struct link_decision *decision)
{
    return decision->outcome == LINK_POSSIBLE_REPEAT ? decision->related_id : NULL;
}

bool link_opens_case(const struct link_decision *decision)
{
    return decision->outcome == LINK_NEW || decision->outcome == LINK_REPEAT
           || decision->outcome == LINK_POSSIBLE_REPEAT;
}
