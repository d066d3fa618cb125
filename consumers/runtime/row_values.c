/* row_values.c - values of the types that schema follow_up is made of. */
#include "consumers/runtime/row_values.h"

#include <endian.h>
#include <math.h>
#include <string.h>

#include "consumers/runtime/copy.h"
#include "consumers/runtime/link_rule.h"
#include "consumers/runtime/sql.h"

void row_id(const struct pg_result *rows, size_t row, size_t column,
            uint8_t id[UUID_SIZE])
{
    const char *text = pg_value(rows, row, column);

    if (!text || !uuid_parse(id, text, strlen(text)))
        memset(id, 0, UUID_SIZE);
}

int64_t row_moment(const struct pg_result *rows, size_t row, size_t column)
{
    uint64_t big;

    if (pg_bytes(rows, row, column, (uint8_t *)&big, sizeof big) != sizeof big)
        return LINK_NO_TIME;
    return (int64_t)be64toh(big) + COPY_EPOCH_US;
}

const char *row_text(struct arena *arena, const struct pg_result *rows, size_t row,
                     size_t column)
{
    const char *text = pg_value(rows, row, column);

    return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

bool id_is_none(const uint8_t id[UUID_SIZE])
{
    static const uint8_t none[UUID_SIZE];

    return memcmp(id, none, UUID_SIZE) == 0;
}

void put_moment(struct text *out, int64_t us)
{
    if (us == LINK_NO_TIME)
        copy_put_null(out);
    else
        copy_put_time(out, us);
}

void put_real(struct text *out, double number)
{
    if (isnan(number))
        copy_put_null(out);
    else
        copy_put_double(out, number);
}

enum outcome query_arrays(asking *ask, struct pg *pg, const char *sql,
                          struct text *arrays, size_t count, struct pg_result **result,
                          struct err *e)
{
    struct pg_parameter parameters[PG_MAX_PARAMETERS];
    enum outcome outcome;

    for (size_t i = 0; i < count; i++)
        parameters[i] = (struct pg_parameter){arrays[i].bytes, arrays[i].size, true};
    outcome = ask(pg, sql_text(sql), parameters, count, result, e);
    for (size_t i = 0; i < count; i++)
        text_free(&arrays[i]);
    return outcome ? err_wrap(e, "%s", sql) : DONE;
}

enum outcome query_ids(asking *ask, struct pg *pg, const char *sql,
                       const uint8_t (*ids)[UUID_SIZE], size_t count,
                       struct pg_result **result, struct err *e)
{
    struct text array = {0};

    copy_put_array_head(&array, UUID_OID, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        copy_put_bytes(&array, ids[i], UUID_SIZE);
    return query_arrays(ask, pg, sql, &array, 1, result, e);
}
