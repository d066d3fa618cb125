/* check.c - gridloopctl check: files of settings, by the loader of the program that they are for. */
#include "deploy/ctl/check.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/kafka.h"
#include "common/log.h"
#include "common/text.h"
#include "deploy/ctl/programs.h"

#define PROGRAM "gridloopctl check"

struct check {
    struct option_list programs;
    bool json, is_live;
    struct live live;
    struct arena *arena; /* all that was read from files */
    struct findings findings;
};

#define AT(member) offsetof(struct check, member)

static const struct option_row rows[] = {
    {"for", OPTION_LIST, AT(programs), NULL, 0, 0, "PROGRAM",
     "whose settings the files hold; without it the program that a file is named after, "
     "as "
     "gridloop-dispatch.conf",
     false},
    {"live", OPTION_SWITCH, AT(is_live), NULL, 0, 0, NULL,
     "looks also at what the settings name: Kafka, PostgreSQL, the registry; without a "
     "FILE at those that are given here",
     false},
    {"json", OPTION_SWITCH, AT(json), NULL, 0, 0, NULL, "one JSON object a line", false},
    PG_ROWS(struct check, live.database, 0, 0),
    REGISTRY_ROWS(struct check, live.registry),
    {"namespace", OPTION_NAME, AT(live.name_space), "gridloop", 0, 0, NULL,
     "first part of the topics' names", false},
    {"retention_days", OPTION_NUMBER, AT(live.retention_days), "14", 1, 36500, NULL,
     "days that topics are to keep their messages at least", false},
};

const struct option_set check_options = {
    .program = PROGRAM,
    .synopsis = "[OPTION...] FILE...   or   --live [OPTION...] [FILE...]",
    .purpose =
        "Looks for everything that is wrong with files of settings, as the program "
        "would find it that reads them, here and with this environment. What a file "
        "leaves to the environment or the command line is a warning.",
    .examples =
        "  gridloopctl check /etc/gridloop/gridloop-consume-drone-alert.conf\n"
        "  gridloopctl check --for consume-drone-alert --for consume-patrol-log "
        "gridloop.conf\n"
        "  gridloopctl check --live --database-url postgresql://ingest@db/gridloop "
        "--kafka.bootstrap.servers kafka:9092",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = AT(live.kafka),
};

/* ---- which program --------------------------------------------------------------------------------- */

/* "gridloop-dispatch" of "/etc/gridloop/gridloop-dispatch.conf" */
static const struct option_set *named_after(struct check *c, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    return program_find(arena_copy(c->arena, name, strcspn(name, ".")));
}

static enum outcome check_names(struct check *c, const struct option_list *files,
                                struct err *e)
{
    if (files->count == 0 && !c->is_live)
        return err_exit(e, EX_USAGE, "no FILE is given; --help tells more");
    for (size_t i = 0; i < c->programs.count; i++)
        if (!program_find(c->programs.items[i]))
            return err_exit(e, EX_USAGE, "--for: there is no program \"%s\"",
                            c->programs.items[i]);
    for (size_t i = 0; i < files->count && c->programs.count == 0; i++)
        if (!named_after(c, files->items[i]))
            return err_exit(e, EX_USAGE,
                            "%s: not named after a program, as gridloop-dispatch.conf; "
                            "tell by --for whose it is",
                            files->items[i]);
    return DONE;
}

/* ---- files ----------------------------------------------------------------------------------------- */

/* What is missing may be given elsewhere, where the program is started. */
static void on_problem(void *context, const struct err *problem)
{
    struct findings *findings = context;

    finding(findings, problem->exit_code == EX_USAGE ? FINDING_WARN : FINDING_ERROR,
            problem->exit_code, "%s", problem->message);
}

static const void *member(const struct option_set *set, const char *settings,
                          const char *name)
{
    static const void *const nothing;

    for (size_t i = 0; i < set->row_count; i++)
        if (strcmp(set->rows[i].name, name) == 0)
            return settings + set->rows[i].offset;
    return &nothing;
}

#define TEXT(name) *(const char *const *)member(set, settings, name)

static void check_live_of(struct check *c, const struct option_set *set,
                          const char *settings)
{
    struct live live = {
        .database = {TEXT("database_url"), TEXT("database_password_file")},
        .registry = {TEXT("registry_url"), TEXT("registry_user"),
                     TEXT("registry_password_file"), TEXT("registry_ca_file")},
        .name_space = TEXT("namespace"),
        .retention_days = c->live.retention_days,
    };

    memcpy(&live.kafka, settings + set->kafka_offset, sizeof live.kafka);
    check_live(&live, &c->findings);
}

static void check_file(struct check *c, const struct option_set *set, const char *path)
{
    const struct option_look look = {
        .arena = c->arena, .context = &c->findings, .complain = on_problem};
    char *argv[] = {(char *)(uintptr_t)set->program, "--config", (char *)(uintptr_t)path,
                    NULL};
    size_t errors = c->findings.counts[FINDING_ERROR];
    char *settings = arena_take(c->arena, set->size);
    struct err e;

    memset(settings, 0, set->size);
    c->findings.what = set->program;
    options_look(set, &look, 3, argv, settings, NULL, &e);
    if (c->findings.counts[FINDING_ERROR] > errors)
        return;
    finding(&c->findings, FINDING_OK, EX_OK, "%s", path);
    if (c->is_live)
        check_live_of(c, set, settings);
}

static void check_files(struct check *c, const struct option_list *files)
{
    for (size_t i = 0; i < files->count; i++) {
        if (c->programs.count == 0)
            check_file(c, named_after(c, files->items[i]), files->items[i]);
        for (size_t j = 0; j < c->programs.count; j++)
            check_file(c, program_find(c->programs.items[j]), files->items[i]);
    }
}

/* ---- the environment ------------------------------------------------------------------------------- */

/* The option whose name is almost this one; NULL: it is one's very name, or nothing is near. */
static const char *almost(const char *name)
{
    size_t count, nearest = strlen(name) / 4 + 1;
    const struct option_set *const *programs = programs_all(&count);
    const char *found = NULL;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < programs[i]->row_count; j++) {
            size_t distance = text_distance(name, programs[i]->rows[j].name);
            if (distance == 0)
                return NULL;
            if (distance < nearest) {
                nearest = distance;
                found = programs[i]->rows[j].name;
            }
        }
    return found;
}

static void check_property(struct check *c, char *name, const char *variable)
{
    char near[KAFKA_NAME_SIZE];

    for (char *at = name; (at = strchr(at, '_'));)
        *at = '.';
    if (!kafka_knows(name, near))
        finding(&c->findings, FINDING_WARN, EX_OK,
                "%s is no property of librdkafka, and left out%s%s%s", variable,
                *near ? "; is 'kafka." : "", near, *near ? "' meant?" : "");
}

/* A program takes a variable that it does not know for another's; here all are known. */
static void check_variable(struct check *c, const char *entry)
{
    static const char prefix[] = "GRIDLOOP_", kafka[] = "kafka_";
    char *variable, *name;
    const char *near;

    if (strncmp(entry, prefix, sizeof prefix - 1) != 0)
        return;
    variable = arena_copy(c->arena, entry, strcspn(entry, "="));
    name = arena_copy(c->arena, variable + sizeof prefix - 1,
                      strlen(variable) - (sizeof prefix - 1));
    for (char *at = name; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    if (strncmp(name, kafka, sizeof kafka - 1) == 0) {
        check_property(c, name + sizeof kafka - 1, variable);
        return;
    }
    near = almost(name);
    if (near)
        finding(&c->findings, FINDING_WARN, EX_OK,
                "%s is read by no program; is '%s' meant?", variable, near);
}

static void check_environment(struct check *c)
{
    c->findings.what = "environment";
    for (char **entry = environ; *entry; entry++)
        check_variable(c, *entry);
}

/* ---- the command ----------------------------------------------------------------------------------- */

static void sum_up(const struct check *c, size_t files)
{
    if (!c->json)
        printf("checked %zu file%s%s: %zu error%s, %zu warning%s\n", files,
               files == 1 ? "" : "s", c->is_live ? " and what they name" : "",
               c->findings.counts[FINDING_ERROR],
               c->findings.counts[FINDING_ERROR] == 1 ? "" : "s",
               c->findings.counts[FINDING_WARN],
               c->findings.counts[FINDING_WARN] == 1 ? "" : "s");
}

int check_main(int argc, char **argv)
{
    struct check c = {0};
    struct option_list files = {0};
    struct err e = {0};

    c.arena = arena_new();
    if (options_load(&check_options, argc, argv, &c, &files, &e)
        || check_names(&c, &files, &e)) {
        arena_free(c.arena);
        return ctl_fail(PROGRAM, &e);
    }
    c.findings.json = c.json;
    log_set_level("error"); /* what the loaders and librdkafka meet is a finding */
    check_environment(&c);
    check_files(&c, &files);
    if (c.is_live && files.count == 0)
        check_live(&c.live, &c.findings);
    sum_up(&c, files.count);
    arena_free(c.arena);
    return findings_exit_code(&c.findings);
}
