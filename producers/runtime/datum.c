/* datum.c - looking into a checked event. */
#include "producers/runtime/datum.h"

const char *datum_text(const struct datum *record, const char *field)
{
    int index = schema_find(record->type, field);

    if (index < 0 || record->items[index].type->type != SCHEMA_STRING)
        return NULL;
    return record->items[index].text;
}
