/* case_table.h - the tables of schema follow_up, as the linking step reads and writes them. All inside its
 * transaction; everything read lies in the arena. */
#ifndef GRIDLOOP_CASE_TABLE_H
#define GRIDLOOP_CASE_TABLE_H

#include "common/err.h"
#include "common/pg.h"
#include "common/text.h"
#include "consumers/runtime/case_states.h"
#include "consumers/runtime/near.h"

struct case_table {
    struct link_case *cases;
    struct case_row *rows; /* one for each */
    size_t count, room;
    struct link_map ids;
    struct group_names states; /* each of those read, once */
    struct link_report *reports;
    size_t report_count;
};

/* Reads the reports with these ids, and nothing else. */
enum outcome case_table_read_reports(struct case_table *table, struct pg *pg,
                                     struct arena *arena, const uint8_t (*ids)[UUID_SIZE],
                                     size_t count, struct err *e);

/* Room for so many cases more. */
void case_table_make_room(struct case_table *table, struct arena *arena, size_t more);

/* Reads the cases near by, those with the ids, those that hold the reports, and the heads of all merged ones; each
 * once. Ends early where there are more than most (0: any number): *too_many. */
struct case_wish {
    struct group_names *groups;
    const struct near *near;
    size_t near_count;
    const uint8_t (*ids)[UUID_SIZE];
    size_t id_count;
    size_t most;
};
enum outcome case_table_read(struct case_table *table, struct pg *pg, struct arena *arena,
                             const struct case_wish *wish, bool *too_many, struct err *e);

/* What linking made of it all. */
struct case_changes {
    const struct sighter *sighter; /* of the kind */
    const struct sightings *sightings;
    const struct link_output *output;
    const struct case_states *states; /* of output */
    int64_t link_seq;
    const struct claim *claims; /* of the batch, for the source of each event */
};

/* Writes new cases (sorted by case_id), changed ones, sightings, steps, limits and orders. */
enum outcome case_table_write(const struct case_changes *changes, struct pg *pg,
                              struct arena *arena, struct err *e);

#endif
