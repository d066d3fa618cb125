/* reference.h - what the parts of gridloopctl reference share. */
#ifndef GRIDLOOP_CTL_REFERENCE_H
#define GRIDLOOP_CTL_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/option.h"
#include "common/pg.h"
#include "common/text.h"
#include "deploy/ctl/ctl.h"

/* argv[0] is the name of the command behind "reference"; the result is the exit code. */
int reference_load_main(int argc, char **argv);
int reference_locate_main(int argc, char **argv);
int reference_due_main(int argc, char **argv);
int reference_reenrich_main(int argc, char **argv);

/* The tables that can be loaded; NULL behind the last. */
extern const char *const reference_tables[];

/* The table that a file is for, by its name; NULL: none. */
const char *reference_table_of(const char *path);
const char *reference_base_name(const char *path); /* without its folders */

/* Puts the rows of a file into its table under a version; inside a transaction. FATAL: 64 a name that says no
 * table, 66 cannot be read, 65 whatever is wrong in the file, with line or feature. */
enum outcome reference_stage(struct pg *pg, int32_t version, const char *path,
                             struct err *e);

/* A GeoJSON FeatureCollection of areas as the CSV of table area, a header and one row a feature. Properties of a
 * feature: the columns of reference.area by name, of which code, level and name are needed; others are passed over
 * (open data brings many). FATAL 65: no FeatureCollection, a "crs" that is not WGS-84, a property or polygon that
 * cannot be; says which feature. */
enum outcome reference_geojson_csv(const char *text, size_t size, struct text *csv,
                                   struct err *e);

/* Faults found, and notes that are none, as lines for people. */
struct reference_findings {
    struct text faults, notes;
    size_t fault_count;
};
void reference_add_fault(struct reference_findings *findings, const char *table,
                         const char *key, const char *problem);

/* One load of files under a version of its own. */
struct reference_load {
    struct pg_settings database;
    struct option_list files;
    bool dry_run, allow_overlap;
    struct pg *pg;
    int32_t version; /* set by reference_load_try() */
    struct reference_findings findings;
};

/* Begins a transaction, puts the files' rows in under the next version and checks what would be in force. The caller
 * commits or rolls back, and frees the texts of .findings. FATAL: 64, 65, 66 as reference_stage(); 65, faults were found
 * and said on stderr. */
enum outcome reference_load_try(struct reference_load *load, struct err *e);

/* Looks at the areas of a load: each lies in its parent, but for a metre (1e-5 degree); two of one level that
 * are valid at the same time have less than 1 square metre in common, or it is a fault (a note if overlaps are
 * allowed). */
enum outcome reference_check_map(struct pg *pg, int32_t version, bool allow_overlap,
                                 struct reference_findings *findings, struct err *e);

#endif
