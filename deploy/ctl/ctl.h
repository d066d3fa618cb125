/* ctl.h - what the commands of gridloopctl share. A command is one file with one function; its row in
 * main.c is all that makes it known. */
#ifndef GRIDLOOP_CTL_H
#define GRIDLOOP_CTL_H

#include <stddef.h>

#include "common/builtin.h"
#include "common/err.h"
#include "common/option.h"
#include "common/pg.h"

/* argv[0] is the command's name; the result is the exit code. */
int setup_main(int argc, char **argv);
int verify_main(int argc, char **argv);
int reference_main(int argc, char **argv);

/* deploy/postgres/, schemas/<kind>/ and deploy/ctl/: every .sql file, sorted by path; ends with a NULL. */
extern const struct builtin_file builtin_sql[];

/* Text of deploy/ctl/<name>.sql; aborts if there is none. */
const char *ctl_sql(const char *name);

/* The database as every command's settings hold it, and the rows of its options:
 *     static const struct option_row rows[] = {CTL_DATABASE_ROWS(struct settings, database), ...}; */
struct ctl_database {
    const char *url;
    const char *password_file;
};
#define CTL_DATABASE_ROWS(type, member)                                                  \
    {.name = "database_url",                                                             \
     .offset = offsetof(type, member.url),                                               \
     .help = "PostgreSQL, as postgresql://user@host:port/database, without a password",  \
     .required = true},                                                                  \
    {                                                                                    \
        .name = "database_password_file",                                                \
        .offset = offsetof(type, member.password_file),                                  \
        .help = "file that holds the password"                                           \
    }

/* Like options_load(), for commands without operands. */
enum outcome ctl_load(const struct option_set *options, int argc, char **argv,
                      void *settings, struct err *e);

/* Like pg_open(), with time for long statements. */
struct pg *ctl_open(const struct ctl_database *database, struct err *e);

/* DONE: the database has been set up; FATAL 78 if not. */
enum outcome ctl_is_set_up(struct pg *pg, struct err *e);

/* Says "program: message" on stderr and returns the exit code; for a RETRY, 69: a command of an operator does
 * not come again by itself. */
int ctl_fail(const char *program, const struct err *e);

#endif
