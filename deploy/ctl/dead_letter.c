/* dead_letter.c - gridloopctl dead-letter: its commands, and which letters they are about. */
#include "deploy/ctl/dead_letter.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const struct ctl_command commands[] = {
    {"list", "what was set aside and why, grouped by cause", dead_letter_list_main},
    {"show", "everything about one of them", dead_letter_show_main},
    {"replay", "send them to their topic again", dead_letter_replay_main},
    {"discard", "give them up", dead_letter_discard_main},
    {0},
};

int dead_letter_main(int argc, char **argv)
{
    return ctl_dispatch("gridloopctl dead-letter", commands, argc, argv);
}

static bool is_letter(const char *operand)
{
    int32_t source_id;
    int64_t offset;
    char again[48];

    if (sscanf(operand, "%" SCNd32 "/%" SCNd64, &source_id, &offset) != 2)
        return false;
    snprintf(again, sizeof again, "%" PRId32 "/%" PRId64, source_id, offset);
    return source_id > 0 && offset >= 0 && strcmp(again, operand) == 0;
}

enum outcome letter_filter_check(const struct letter_filter *filter, struct err *e)
{
    for (size_t i = 0; i < filter->letters.count; i++)
        if (!is_letter(filter->letters.items[i]))
            return err_exit(e, EX_USAGE, "\"%s\" is not SOURCE/OFFSET, as list prints it",
                            filter->letters.items[i]);
    return DONE;
}

static const char *number_or_null(char text[24], int64_t number)
{
    snprintf(text, 24, "%" PRId64, number);
    return number < 0 ? NULL : text;
}

/* {1/5,1/7}; NULL: none was named. What is named was checked, and needs no quotes. */
static const char *add_letters(struct text *out, const struct option_list *letters)
{
    for (size_t i = 0; i < letters->count; i++)
        text_format(out, "%s%s", i ? "," : "{", letters->items[i]);
    if (letters->count > 0)
        text_add_string(out, "}");
    return out->bytes;
}

/* The only values in the query that the server could find wrong are the operator's own. */
static enum outcome blame(struct pg *pg, enum outcome outcome, struct err *e)
{
    if (outcome == FATAL && strncmp(pg_sqlstate(pg), "22", 2) == 0)
        return err_exit(e, EX_USAGE, "--since or --until is not a time");
    return outcome;
}

enum outcome letters_query(struct pg *pg, const struct letter_filter *filter,
                           const char *name, const char *const more[LETTER_MORE],
                           struct pg_result **result, struct err *e)
{
    char source[24], partition[24];
    struct text sql = {0}, letters = {0};
    const char *parameters[9 + LETTER_MORE] = {
        filter->kind,
        filter->reason,
        filter->field,
        filter->since,
        filter->until,
        number_or_null(source, filter->source),
        number_or_null(partition, filter->partition),
        strcmp(filter->state, "all") == 0 ? NULL : filter->state,
        add_letters(&letters, &filter->letters)};
    size_t count = 9;
    enum outcome outcome;

    for (size_t i = 0; more && i < LETTER_MORE; i++)
        parameters[count++] = more[i];
    text_format(&sql, "%s%s", ctl_sql("dead_letter_chosen"), ctl_sql(name));
    outcome = pg_query(pg, sql.bytes, parameters, count, result, e);
    text_free(&sql);
    text_free(&letters);
    return blame(pg, outcome, e);
}

static bool is_narrow(const struct letter_filter *filter)
{
    return filter->kind || filter->reason || filter->field || filter->since
           || filter->until || filter->source >= 0 || filter->partition >= 0
           || filter->letters.count > 0;
}

enum outcome letter_count(struct pg *pg, const struct letter_filter *filter,
                          size_t *count, struct err *e)
{
    struct pg_result *result;

    if (letters_query(pg, filter, "dead_letter_count", NULL, &result, e))
        return e->outcome;
    *count = (size_t)pg_number(result, 0, 0);
    pg_result_free(result);
    return DONE;
}

enum outcome letter_check_breadth(struct pg *pg, const struct letter_filter *filter,
                                  bool all, struct err *e)
{
    size_t count;

    if (all || is_narrow(filter))
        return DONE;
    if (letter_count(pg, filter, &count, e))
        return e->outcome;
    return count > 1 ? err_exit(
               e, EX_USAGE, "that would be %zu dead letters: say which, or --all", count)
                     : DONE;
}

uint8_t *letter_bytes(struct arena *arena, const struct pg_result *result, size_t row,
                      size_t column, size_t *size)
{
    uint8_t *bytes;

    *size = pg_bytes(result, row, column, NULL, 0);
    if (!pg_value(result, row, column))
        return NULL;
    bytes = arena_take(arena, *size + 1);
    pg_bytes(result, row, column, bytes, *size);
    return bytes;
}

enum outcome letter_headers(struct pg *pg, const struct pg_result *letters, size_t row,
                            struct pg_result **headers, struct err *e)
{
    const char *which[] = {pg_value(letters, row, LETTER_SOURCE),
                           pg_value(letters, row, LETTER_OFFSET)};

    return pg_query(pg, ctl_sql("dead_letter_headers"), which, 2, headers, e);
}

char *letter_actor(const char *actor)
{
    const struct passwd *user = actor ? NULL : getpwuid(geteuid());
    char number[32];

    snprintf(number, sizeof number, "uid %ld", (long)geteuid());
    return xstrdup(actor ? actor : user ? user->pw_name : number);
}
