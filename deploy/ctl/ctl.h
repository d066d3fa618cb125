/* ctl.h - what the commands of gridloopctl share. A command is one file with one function; its row in
 * main.c is all that makes it known. A command that has commands of its own ("gap list") is a table of the same
 * kind, which its function hands to ctl_dispatch(). */
#ifndef GRIDLOOP_CTL_H
#define GRIDLOOP_CTL_H

#include <stddef.h>

#include "common/builtin.h"
#include "common/err.h"
#include "common/option.h"
#include "common/pg.h"
#include "common/registry.h"
#include "common/text.h"

/* A table of commands ends with a row whose name is NULL. */
struct ctl_command {
    const char *name;
    const char *purpose; /* one line of the help */
    int (*run)(int argc, char **argv);
};

/* Runs the command that argv[1] names, with argv[0] its name, and returns its exit code. "--help" and "help" print
 * the table and return 0; without a known name the table goes to stderr: 64. program: "gridloopctl gap". */
int ctl_dispatch(const char *program, const struct ctl_command *commands, int argc,
                 char **argv);

/* argv[0] is the command's name; the result is the exit code. */
int check_main(int argc, char **argv);
int completion_main(int argc, char **argv);
int config_main(int argc, char **argv);
int decode_main(int argc, char **argv);
int manual_main(int argc, char **argv);
int schema_main(int argc, char **argv);
int seal_main(int argc, char **argv);
int setup_main(int argc, char **argv);
int tap_main(int argc, char **argv);
int verify_main(int argc, char **argv);
int reference_main(int argc, char **argv);
int dead_letter_main(int argc, char **argv);
int dedup_main(int argc, char **argv);
int rebuild_main(int argc, char **argv);
int gap_main(int argc, char **argv);
int healthy_main(int argc, char **argv);
int progress_main(int argc, char **argv);
int status_main(int argc, char **argv);
int metrics_main(int argc, char **argv);
int audit_main(int argc, char **argv);
int where_main(int argc, char **argv);

/* deploy/postgres/, schemas/<kind>/ and deploy/ctl/: every .sql file, sorted by path; ends with a NULL. */
extern const struct builtin_file builtin_sql[];

/* Text of deploy/ctl/<name>.sql; aborts if there is none. */
const char *ctl_sql(const char *name);

/* The rows of the database that a command needs:
 *     static const struct option_row rows[] = {CTL_DATABASE_ROWS(struct settings, database), ...}; */
#define CTL_DATABASE_ROWS(settings, member) PG_ROWS(settings, member, OPTION_REQUIRED, 0)

/* Like options_load(), for commands without operands. */
enum outcome ctl_load(const struct option_set *options, int argc, char **argv,
                      void *settings, struct err *e);

/* Like options_load(), for commands that take least to most operands; another number of them is FATAL 64. */
enum outcome ctl_load_operands(const struct option_set *options, int argc, char **argv,
                               void *settings, struct option_list *operands, size_t least,
                               size_t most, struct err *e);

/* Like pg_open(), with time for long statements. */
struct pg *ctl_open(const struct pg_settings *database, struct err *e);

/* Where writer schemas are found besides those built in: each only where one is given. Opened by ctl_open_schemas(),
 * whose failure leaves nothing open. */
struct ctl_schemas {
    struct pg_settings database;
    struct registry_settings registry;
    struct pg *pg;          /* NULL: no database */
    struct registry *asked; /* NULL: no registry */
};
#define CTL_SCHEMAS_ROWS(settings, member)                                               \
    PG_ROWS(settings, member.database, 0, 0), REGISTRY_ROWS(settings, member.registry)
enum outcome ctl_open_schemas(struct ctl_schemas *schemas, struct err *e);
void ctl_close_schemas(struct ctl_schemas *schemas);

/* --from and --to of a command, RFC 3339 with a zone, as microseconds since 1970 UTC. FATAL 64: one is none, or --to is
 * not after --from. */
enum outcome ctl_check_span(const char *from, const char *to, int64_t *from_us,
                            int64_t *to_us, struct err *e);

/* The whole of a file, "-": of standard input. FATAL: 66 if it cannot be read, 65 if it is larger than most. */
enum outcome ctl_read_file(const char *path, size_t most, struct text *out,
                           struct err *e);

/* DONE: the database has been set up; FATAL 78 if not. */
enum outcome ctl_is_set_up(struct pg *pg, struct err *e);

/* The same of schema audit, which a later version brought. */
enum outcome ctl_has_audit(struct pg *pg, struct err *e);

/* From here on the session shows times as auditors see them, in the district's zone. */
enum outcome ctl_local_time(struct pg *pg, struct err *e);

/* Says "program: message" on stderr and returns the exit code; for a RETRY, 69: a command of an operator does
 * not come again by itself. */
int ctl_fail(const char *program, const struct err *e);

#endif
