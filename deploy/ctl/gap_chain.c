/* gap_chain.c - the columns of bus.gap that are in the chain, and the rows that accepting a gap writes. */
#include "deploy/ctl/gap_chain.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "consumers/runtime/chain.h"
#include "consumers/runtime/copy.h"
#include "consumers/runtime/layout.h"
#include "deploy/ctl/ctl.h"

static const struct layout_column columns[] = {
    {"gap_id", "integer"},
    {"source_id", "integer"},
    {"from_offset", "bigint"},
    {"to_offset", "bigint"},
    {"reason", "text"},
    {"found_at", "timestamp with time zone"},
    {"accepted_at", "timestamp with time zone"},
    {"accepted_by", "text"},
    {"accept_reason", "text"},
    {"stood_at", "bigint"},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

struct gap_number gap_number(int64_t number)
{
    struct gap_number out;

    snprintf(out.text, sizeof out.text, "%" PRId64, number);
    return out;
}

static void make_layout(struct layout *layout)
{
    layout_begin(layout, "bus.gap");
    for (size_t i = 0; i < COLUMNS; i++)
        layout_add(layout, columns[i].name, columns[i].sql_type);
    layout_end(layout);
}

static void put_row(struct text *out, const struct gap_row *row)
{
    copy_put_count(out, COLUMNS);
    copy_put_int32(out, row->gap_id);
    copy_put_int32(out, row->source_id);
    copy_put_int64(out, row->from_offset);
    if (row->to_offset < 0)
        copy_put_null(out);
    else
        copy_put_int64(out, row->to_offset);
    copy_put_string(out, row->reason);
    copy_put_time(out, row->found_us);
    copy_put_time(out, row->accepted_us);
    copy_put_string(out, row->accepted_by);
    copy_put_string(out, row->accept_reason);
    copy_put_int64(out, row->stood_at);
}

static void take_step(const struct gap_row *row, const struct layout *layout,
                      uint8_t head[SHA256_SIZE])
{
    struct sha256 *hash = sha256_new();
    struct text tuple = {0};
    uint8_t leaf[SHA256_SIZE];

    put_row(&tuple, row);
    chain_leaf(hash, layout->digest, tuple.bytes, tuple.size, leaf);
    chain_step(hash, head, row->stood_at, CHAIN_GAP, leaf);
    text_free(&tuple);
    sha256_free(hash);
}

static enum outcome write_rows(struct pg *pg, const struct gap_row *row, int64_t place,
                               int32_t layout_id, const char *head, struct err *e)
{
    struct gap_number id = gap_number(row->gap_id), source = gap_number(row->source_id),
                      from = gap_number(row->from_offset),
                      to = gap_number(row->to_offset), stood = gap_number(row->stood_at),
                      layout = gap_number(layout_id), next = gap_number(place);
    const char *moved[] = {source.text, next.text, head};
    const char *accepted[] = {
        id.text,          from.text,        row->to_offset < 0 ? NULL : to.text,
        row->accepted_at, row->accepted_by, row->accept_reason,
        stood.text,       layout.text,      head};

    if (pg_query(pg, ctl_sql("gap_skip"), moved, 3, NULL, e))
        return e->outcome;
    return pg_query(pg, ctl_sql("gap_accept"), accepted, 9, NULL, e);
}

enum outcome gap_chain_write(struct pg *pg, const struct gap_row *row, int64_t place,
                             uint8_t head[SHA256_SIZE], struct err *e)
{
    struct layout layout = {0};
    struct text hex = {0};
    int32_t layout_id;
    enum outcome outcome;

    make_layout(&layout);
    take_step(row, &layout, head);
    text_add_string(&hex, "\\x");
    text_add_hex(&hex, head, SHA256_SIZE);
    outcome = layout_number(&layout, pg, &layout_id, e);
    if (!outcome)
        outcome = write_rows(pg, row, place, layout_id, hex.bytes, e);
    text_free(&hex);
    layout_free(&layout);
    return outcome;
}
