/* sql.h - the statements of consumers/runtime/sql/, put into the program by the build. */
#ifndef GRIDLOOP_CONSUMER_SQL_H
#define GRIDLOOP_CONSUMER_SQL_H

/* The text of sql/<name>.sql. Aborts if there is no such file: a mistake of ours that any run shows. */
const char *sql_text(const char *name);

#endif
