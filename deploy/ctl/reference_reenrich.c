/* reference_reenrich.c - gridloopctl reference re-enrich: looks stored events up in the areas in force, and keeps what
 * is found beside what was found first. Pages of events, each its own transaction: it can be stopped and run again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/hash.h"
#include "consumers/runtime/copy.h"
#include "consumers/runtime/copy_send.h"
#include "consumers/runtime/reference.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"
#include "deploy/ctl/reference.h"

#define PROGRAM "gridloopctl reference re-enrich"
#define PAGE_EVENTS "10000"
#define FIRST_ID "00000000-0000-0000-0000-000000000000"

struct reenrich {
    struct pg_settings database;
    const char *from, *to;
    struct pg *pg;
    struct reference *reference;
};

#define AT(member) offsetof(struct reenrich, member)

static const struct option_row rows[] = {
    CTL_DATABASE_ROWS(struct reenrich, database),
    {"from", OPTION_TEXT, AT(from), NULL, 0, 0, "TIME",
     "events that occurred at this moment or later, RFC 3339 with a zone", true},
    {"to", OPTION_TEXT, AT(to), NULL, 0, 0, "TIME", "and before this one", true},
};

const struct option_set reference_reenrich_options = {
    .program = PROGRAM,
    .synopsis = "--from TIME --to TIME [OPTION...]",
    .purpose =
        "Looks stored events up in the areas in force, each by its own moment, and "
        "adds what is found to events.enrichment. The events stay as they are. "
        "Can be stopped and run again: what is done is not done twice.",
    .examples = "  gridloopctl reference re-enrich --from 2026-01-01T00:00:00+08:00 --to "
                "2026-02-01T00:00:00+08:00",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = SIZE_MAX,
};

enum column { ID, LONGITUDE, LATITUDE, OCCURRED, FIRST_CODE };

/* In the order of the columns of the page's statement and of events.enrichment. */
static const enum area_level levels[] = {AREA_GRID, AREA_COMMUNITY, AREA_SUBDISTRICT};
enum { LOCATED = sizeof levels / sizeof *levels };

struct tally {
    size_t events, moved;
};

static bool is_other(const char *found, const char *before)
{
    return found && before ? strcmp(found, before) != 0 : found != before;
}

static void put_event(struct text *out, struct areas *areas, const char *kind,
                      const struct pg_result *page, size_t row, struct tally *tally)
{
    const char *id = pg_value(page, row, ID), *codes[AREA_LEVELS];
    const struct position point = {strtod(pg_value(page, row, LONGITUDE), NULL),
                                   strtod(pg_value(page, row, LATITUDE), NULL)};
    uint8_t event_id[UUID_SIZE];
    bool moved = false;

    uuid_parse(event_id, id, strlen(id));
    areas_locate(areas, point, pg_number(page, row, OCCURRED), codes);
    copy_put_count(out, 3 + LOCATED);
    copy_put_string(out, kind);
    copy_put_bytes(out, event_id, sizeof event_id);
    copy_put_int32(out, areas_version(areas));
    for (size_t i = 0; i < LOCATED; i++) {
        copy_put_string(out, codes[levels[i]]);
        moved |= is_other(codes[levels[i]], pg_value(page, row, FIRST_CODE + i));
    }
    tally->events++;
    tally->moved += moved;
}

static enum outcome write_page(struct reenrich *r, const char *kind,
                               const struct pg_result *page, struct tally *tally,
                               struct err *e)
{
    static const char sql[] =
        "copy events.enrichment (kind, event_id, located_version, located_grid_code, "
        "located_community_code, located_subdistrict_code) from stdin (format binary)";

    struct copy copy = {.pg = r->pg, .sql = sql};
    enum outcome outcome = DONE;

    for (size_t row = 0; row < pg_rows(page) && !outcome; row++) {
        outcome = copy_begin_row(&copy, e);
        put_event(&copy.buffer, reference_areas(r->reference), kind, page, row, tally);
    }
    return copy_close(&copy, outcome, e);
}

static char *page_sql(const char *kind)
{
    char *table = pg_quote_name(kind);
    struct text sql = {0};

    text_format(
        &sql,
        "select event_id, wgs84_longitude, wgs84_latitude, "
        "(extract(epoch from occurred_at) * 1000000)::bigint, "
        "located_grid_code, located_community_code, located_subdistrict_code "
        "from events.%s e "
        "where occurred_at >= $1::timestamptz and occurred_at < $2::timestamptz "
        "and event_id > $3::uuid and wgs84_longitude is not null "
        "and located_version is distinct from $4::integer "
        "and not exists (select from events.enrichment done where done.kind = $5::text "
        "and done.event_id = e.event_id and done.located_version = $4::integer) "
        "order by event_id limit " PAGE_EVENTS,
        table);
    free(table);
    return sql.bytes;
}

static enum outcome reenrich_kind(struct reenrich *r, const char *kind, struct err *e)
{
    char version[16], last_id[UUID_TEXT_SIZE] = FIRST_ID;
    const char *parameters[] = {r->from, r->to, last_id, version, kind};
    char *sql = page_sql(kind);
    struct tally tally = {0};
    enum outcome outcome;
    size_t count;

    snprintf(version, sizeof version, "%" PRId32,
             areas_version(reference_areas(r->reference)));
    do {
        struct pg_result *page = NULL;
        outcome = pg_query(r->pg, sql, parameters, 5, &page, e);
        count = outcome ? 0 : pg_rows(page);
        if (count > 0) {
            snprintf(last_id, sizeof last_id, "%s", pg_value(page, count - 1, ID));
            outcome = write_page(r, kind, page, &tally, e);
        }
        pg_result_free(page);
    } while (!outcome && count > 0);
    free(sql);
    if (outcome)
        return err_wrap(e, "%s", kind);
    printf("%-20s %zu looked up by version %s, %zu lie elsewhere than when stored\n",
           kind, tally.events, version, tally.moved);
    return DONE;
}

static enum outcome reenrich_all(struct reenrich *r, struct err *e)
{
    struct pg_result *kinds = NULL;
    enum outcome outcome =
        pg_query(r->pg, ctl_sql("reference_kinds"), NULL, 0, &kinds, e);

    for (size_t i = 0; !outcome && i < pg_rows(kinds); i++)
        outcome = reenrich_kind(r, pg_value(kinds, i, 0), e);
    pg_result_free(kinds);
    return outcome;
}

static enum outcome run(struct reenrich *r, struct err *e)
{
    r->pg = ctl_open(&r->database, e);
    if (!r->pg || ctl_is_set_up(r->pg, e) || reference_refresh(r->reference, r->pg, e))
        return e->outcome;
    if (!reference_areas(r->reference))
        return err_exit(e, EX_DATAERR,
                        "no areas were loaded: see gridloopctl reference load");
    return reenrich_all(r, e);
}

int reference_reenrich_main(int argc, char **argv)
{
    struct reenrich r = {0};
    struct err e = {0};
    int64_t from_us, to_us;
    enum outcome outcome = ctl_load(&reference_reenrich_options, argc, argv, &r, &e);

    if (!outcome)
        outcome = ctl_check_span(r.from, r.to, &from_us, &to_us, &e);
    r.reference = reference_new();
    if (!outcome)
        outcome = run(&r, &e);
    reference_free(r.reference);
    pg_close(r.pg);
    return outcome ? ctl_fail(PROGRAM, &e) : EX_OK;
}
