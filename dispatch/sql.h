/* sql.h - the statements of dispatch/sql/, put into the program by the build. */
#ifndef GRIDLOOP_DISPATCH_SQL_H
#define GRIDLOOP_DISPATCH_SQL_H

/* Text of dispatch/sql/<name>.sql; aborts if there is none. */
const char *dispatch_sql(const char *name);

#endif
