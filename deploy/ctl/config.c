/* config.c - gridloopctl config: which settings a program would have, and where each comes from. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/text.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"

#define PROGRAM "gridloopctl config"

struct config {
    bool json;
    struct arena *arena;
    struct option_shown *shown;
    size_t count;
};

static const struct option_row rows[] = {
    {"json", OPTION_SWITCH, offsetof(struct config, json), NULL, 0, 0, NULL,
     "a JSON array of objects", false},
};

const struct option_set config_options = {
    .program = PROGRAM,
    .synopsis = "[--json] PROGRAM [OPTION OF THE PROGRAM...]",
    .purpose =
        "Prints the settings that a program would have if it were started here with "
        "these options, and where each comes from. Of secrets it prints the names of "
        "their files.",
    .examples = "  gridloopctl config consume-drone-alert --config "
                "/etc/gridloop/gridloop-consume-drone-alert.conf --batch-rows 5000",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = SIZE_MAX,
};

static void on_shown(void *context, const struct option_shown *shown)
{
    struct config *c = context;

    c->shown = arena_grow(c->arena, c->shown, c->count, sizeof *c->shown);
    c->shown[c->count++] = *shown;
}

/* ---- printing -------------------------------------------------------------------------------------- */

static void print_table(const struct config *c)
{
    size_t name = 0, value = 0;

    for (size_t i = 0; i < c->count; i++) {
        size_t columns = text_columns(c->shown[i].value);
        name = strlen(c->shown[i].name) > name ? strlen(c->shown[i].name) : name;
        value = columns > value ? columns : value;
    }
    for (size_t i = 0; i < c->count; i++)
        printf("%-*s  %s%*s  %s\n", (int)name, c->shown[i].name, c->shown[i].value,
               (int)(value - text_columns(c->shown[i].value)), "", c->shown[i].where);
}

static void add_pair(struct text *out, const char *name, const char *value)
{
    text_format(out, "\"%s\": ", name);
    text_add_json_string(out, value, strlen(value));
}

static void print_json(const struct config *c)
{
    struct text out = {0};

    for (size_t i = 0; i < c->count; i++) {
        text_add_string(&out, i ? ",\n {" : "[{");
        add_pair(&out, "name", c->shown[i].name);
        text_add_string(&out, ", ");
        add_pair(&out, "value", c->shown[i].value);
        text_add_string(&out, ", ");
        add_pair(&out, "from", c->shown[i].where);
        text_add_string(&out, "}");
    }
    printf("%s]\n", c->count ? out.bytes : "[");
    text_free(&out);
}

/* ---- the command ----------------------------------------------------------------------------------- */

/* The arguments from the program's name on are its own. */
static int own_arguments(int argc, char **argv)
{
    int own = 1;

    while (own < argc && argv[own][0] == '-')
        own++;
    return own;
}

static int show(struct config *c, int argc, char **argv)
{
    const struct option_set *set = argc > 0 ? program_find(argv[0]) : NULL;
    const struct option_look look = {.arena = c->arena, .context = c, .show = on_shown};
    struct option_list operands;
    struct err e = {0};
    char *settings;

    if (!set) {
        err_exit(&e, EX_USAGE, "%s%s%s; usage: %s %s",
                 argc > 0 ? "there is no program \"" : "no program is named",
                 argc > 0 ? argv[0] : "", argc > 0 ? "\"" : "", PROGRAM,
                 config_options.synopsis);
        return ctl_fail(PROGRAM, &e);
    }
    settings = arena_take(c->arena, set->size);
    memset(settings, 0, set->size);
    if (options_look(set, &look, argc, argv, settings, &operands, &e))
        return ctl_fail(set->program, &e);
    if (c->json)
        print_json(c);
    else
        print_table(c);
    return EX_OK;
}

int config_main(int argc, char **argv)
{
    struct config c = {0};
    struct err e = {0};
    int own = own_arguments(argc, argv), exit_code;

    if (ctl_load(&config_options, own, argv, &c, &e))
        return ctl_fail(PROGRAM, &e);
    c.arena = arena_new();
    exit_code = show(&c, argc - own, argv + own);
    arena_free(c.arena);
    return exit_code;
}
