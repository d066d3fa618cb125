/* follow_row.c - values of rows, and their binary form. */
#include "consumers/runtime/follow_row.h"

#include <assert.h>
#include <math.h>

#include "consumers/runtime/copy.h"
#include "consumers/runtime/copy_send.h"
#include "consumers/runtime/link_rule.h"
#include "consumers/runtime/row_values.h"

/* ---- values ---- */

static struct follow_value *next(struct follow_row *row, bool is_null)
{
    struct follow_value *value = &row->values[row->count++];

    value->is_null = is_null;
    return value;
}

void row_add_null(struct follow_row *row)
{
    next(row, true);
}

void row_add_text(struct follow_row *row, const char *text)
{
    next(row, !text)->text = text;
}

void row_add_number(struct follow_row *row, int64_t number)
{
    next(row, false)->number = number;
}

void row_add_positive(struct follow_row *row, int64_t number)
{
    next(row, number <= 0)->number = number;
}

void row_add_time(struct follow_row *row, int64_t us)
{
    next(row, us == LINK_NO_TIME)->number = us;
}

void row_add_real(struct follow_row *row, double real)
{
    next(row, isnan(real))->real = real;
}

void row_add_id(struct follow_row *row, const uint8_t id[UUID_SIZE])
{
    next(row, !id || id_is_none(id))->id = id;
}

/* ---- writing ---- */

static void add_copy_sql(struct text *sql, const struct follow_table *table)
{
    text_format(sql, "copy %s (", table->name);
    for (size_t i = 0; i < table->count; i++)
        text_format(sql, "%s%s", i ? ", " : "", table->columns[i].name);
    text_add_string(sql, ") from stdin (format binary)");
}

static void put_value(struct text *out, enum follow_type type,
                      const struct follow_value *value)
{
    if (value->is_null) {
        copy_put_null(out);
        return;
    }
    switch (type) {
    case FOLLOW_TEXT: copy_put_string(out, value->text); break;
    case FOLLOW_BOOL: copy_put_bool(out, value->number); break;
    case FOLLOW_INT16: copy_put_int16(out, (int16_t)value->number); break;
    case FOLLOW_INT32: copy_put_int32(out, (int32_t)value->number); break;
    case FOLLOW_INT64: copy_put_int64(out, value->number); break;
    case FOLLOW_REAL: copy_put_double(out, value->real); break;
    case FOLLOW_TIME: copy_put_time(out, value->number); break;
    case FOLLOW_ID: copy_put_bytes(out, value->id, UUID_SIZE); break;
    }
}

static void put_row(struct text *out, const struct follow_table *table,
                    const struct follow_row *row)
{
    assert(row->count == table->count);
    copy_put_count(out, (int16_t)table->count);
    for (size_t i = 0; i < table->count; i++)
        put_value(out, table->columns[i].type, &row->values[i]);
}

enum outcome follow_write(struct pg *pg, const struct follow_table *table, size_t count,
                          follow_fill *fill, const void *context, struct err *e)
{
    struct text sql = {0};
    struct copy copy = {.pg = pg};
    enum outcome outcome = DONE;

    add_copy_sql(&sql, table);
    copy.sql = sql.bytes;
    for (size_t i = 0; !outcome && i < count; i++) {
        struct follow_row row;
        row.count = 0;
        fill(&row, context, i);
        outcome = copy_begin_row(&copy, e);
        put_row(&copy.buffer, table, &row);
    }
    outcome = copy_close(&copy, outcome, e);
    text_free(&sql);
    return outcome ? err_wrap(e, "adding to %s", table->name) : DONE;
}

/* ---- reading ---- */

void follow_add_texts(struct text *sql, const struct follow_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const char *name = table->columns[i].name;
        text_add_string(sql, i ? ", " : "");
        if (table->columns[i].type == FOLLOW_TIME)
            text_format(sql, "(extract(epoch from s.%s) * 1000000)::bigint", name);
        else
            text_format(sql, "s.%s", name);
    }
}
