/* reload.c - the new settings are loaded beside the old ones, and then taken over row by row. */
#include "common/reload.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/log.h"
#include "common/notify.h"

static volatile sig_atomic_t asked;

static struct {
    const struct option_set *set;
    int argc;
    char **argv;
    char *settings;
} program;

static struct arena *texts; /* of values taken over: the settings point into it */

static void on_hangup(int signal_number)
{
    (void)signal_number;
    asked = true;
}

void reload_on_signal(const struct option_set *set, int argc, char **argv, void *settings)
{
    struct sigaction action = {.sa_handler = on_hangup, .sa_flags = SA_RESTART};

    program.set = set;
    program.argc = argc;
    program.argv = argv;
    program.settings = settings;
    if (!texts)
        texts = arena_new();
    sigaction(SIGHUP, &action, NULL);
}

static bool is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same_list(const struct option_list *a, const struct option_list *b)
{
    size_t i = 0;

    while (i < a->count && i < b->count && strcmp(a->items[i], b->items[i]) == 0)
        i++;
    return i == a->count && i == b->count;
}

/* Members of the other types are pointers to text; a list is never taken over. */
static const size_t sizes[OPTION_LIST + 1] = {[OPTION_NUMBER] = sizeof(int64_t),
                                              [OPTION_REAL] = sizeof(double),
                                              [OPTION_SWITCH] = sizeof(bool)};

static bool is_same(const struct option_row *row, const void *a, const void *b)
{
    if (row->type == OPTION_LIST)
        return is_same_list(a, b);
    if (sizes[row->type])
        return memcmp(a, b, sizes[row->type]) == 0;
    return is_same_text(*(char *const *)a, *(char *const *)b);
}

/* What was read lives in memory that is about to go. */
static void take_over(const struct option_row *row, void *to, const void *from)
{
    const char *text;

    if (sizes[row->type]) {
        memcpy(to, from, sizes[row->type]);
        return;
    }
    text = *(char *const *)from;
    *(const char **)to = text ? arena_copy(texts, text, strlen(text)) : NULL;
}

static bool take_row(const struct option_row *row, const char *from)
{
    void *to = program.settings + row->offset;

    if (is_same(row, to, from + row->offset))
        return false;
    if (!(row->marks & OPTION_RELOADED) || row->type == OPTION_LIST) {
        log_warn("setting needs a restart", "name", row->name, NULL);
        return false;
    }
    take_over(row, to, from + row->offset);
    log_info("setting changed", "name", row->name, NULL);
    return true;
}

static const char *value_of(const struct kafka_properties *kafka, const char *name)
{
    for (size_t i = 0; i < kafka->count; i++)
        if (strcmp(kafka->items[i].name, name) == 0)
            return kafka->items[i].value;
    return NULL;
}

/* Those of a that are not in b, and, if also_other, those that have another value there. */
static void tell_properties(const struct kafka_properties *a,
                            const struct kafka_properties *b, bool also_other)
{
    for (size_t i = 0; i < a->count; i++) {
        const char *value = value_of(b, a->items[i].name);

        if (!value || (also_other && strcmp(value, a->items[i].value) != 0))
            log_warn("setting needs a restart", "kafka_property", a->items[i].name, NULL);
    }
}

static void compare_kafka(const char *from)
{
    const size_t offset = program.set->kafka_offset;
    struct kafka_properties now, before;

    if (offset == SIZE_MAX)
        return;
    memcpy(&now, from + offset, sizeof now);
    memcpy(&before, program.settings + offset, sizeof before);
    tell_properties(&now, &before, true);
    tell_properties(&before, &now, false);
}

static bool take_all(const char *from)
{
    bool changed = false;

    for (size_t i = 0; i < program.set->row_count; i++)
        changed |= take_row(&program.set->rows[i], from);
    compare_kafka(from);
    return changed;
}

static bool read_again(void *settings, struct arena *arena)
{
    const struct option_look look = {.arena = arena};
    struct option_list operands;
    struct err e;

    if (options_look(program.set, &look, program.argc, program.argv, settings, &operands,
                     &e)) {
        log_error("settings not read again, the old ones stay in force", "error",
                  e.message, NULL);
        return false;
    }
    log_info("settings read again", NULL);
    return take_all(settings);
}

bool reload_if_asked(void)
{
    struct arena *arena;
    void *settings;
    bool changed;

    if (!asked)
        return false;
    asked = false;
    arena = arena_new();
    settings = xcalloc(1, program.set->size);
    notify_reloading();
    changed = read_again(settings, arena);
    notify_reloaded();
    free(settings);
    arena_free(arena);
    return changed;
}
