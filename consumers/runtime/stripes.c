/* stripes.c - advisory locks, link_seq, and transactions that have to run again. */
#include "consumers/runtime/stripes.h"

#include <string.h>

#include "common/text.h"
#include "consumers/runtime/sql.h"

enum { MOST_RUNS = 16 /* of one transaction; each holds a stripe more, or ends it */ };

enum outcome stripes_check(struct pg *pg, struct err *e)
{
    struct pg_result *result = NULL;
    bool is_set_up;

    if (pg_query(pg, sql_text("link_is_set_up"), NULL, 0, &result, e))
        return e->outcome;
    is_set_up = strcmp(pg_value(result, 0, 0), "t") == 0;
    pg_result_free(result);
    return is_set_up ? DONE
                     : err_set(e, RETRY,
                               "the tables for cases are missing or older than this "
                               "daemon: run gridloopctl setup");
}

enum outcome stripes_lock(struct pg *pg, const bool stripes[LINK_STRIPES], struct err *e)
{
    struct text list = {0};
    const char *parameter;
    enum outcome outcome;

    for (int i = 0; i < LINK_STRIPES; i++)
        if (stripes[i])
            text_format(&list, "%c%d", list.size ? ',' : '{', i);
    text_add_string(&list, "}");
    parameter = list.bytes;
    outcome = pg_query(pg, sql_text("link_lock"), &parameter, 1, NULL, e);
    text_free(&list);
    return outcome ? err_wrap(e, "locking the places") : DONE;
}

enum outcome stripes_draw_seq(struct pg *pg, int64_t *link_seq, struct err *e)
{
    struct pg_result *result = NULL;

    if (pg_query(pg, sql_text("link_seq"), NULL, 0, &result, e))
        return err_wrap(e, "drawing link_seq");
    *link_seq = pg_number(result, 0, 0);
    pg_result_free(result);
    return DONE;
}

enum outcome stripes_run_again(struct stripes_again *again, const char *why,
                               struct err *e)
{
    again->is_wanted = ++again->runs < MOST_RUNS;
    return err_set(e, RETRY, "%s", why);
}

bool stripes_take_again(struct stripes_again *again)
{
    bool is_wanted = again->is_wanted;

    again->is_wanted = false;
    return is_wanted;
}

void stripes_settle(struct stripes_again *again)
{
    if (!again->is_wanted)
        *again = (struct stripes_again){0};
}
