/* config_fuzz.c - a configuration file against a table with a row of every type.
 *
 * Input: the file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/option.h"
#include "tests/fuzz/support.h"

struct settings {
    const char *text, *needed, *choice, *name;
    int64_t number;
    double real, unbound;
    bool on, off;
    struct option_list list;
    struct kafka_properties kafka;
};

#define MEMBER(name) #name, .offset = offsetof(struct settings, name)

static const struct option_row rows[] = {
    {MEMBER(text), .type = OPTION_TEXT},
    {MEMBER(name), .type = OPTION_NAME, .fallback = "gridloop"},
    {MEMBER(needed), .type = OPTION_TEXT, .fallback = "x", .marks = true},
    {MEMBER(choice), .type = OPTION_CHOICE, .fallback = "block",
     .choices = "block|reject"},
    {MEMBER(number), .type = OPTION_NUMBER, .fallback = "7", .minimum = -5,
     .maximum = 1e6},
    {MEMBER(real), .type = OPTION_REAL, .fallback = "0.5", .minimum = 0, .maximum = 1},
    {MEMBER(unbound), .type = OPTION_REAL, .minimum = -INFINITY, .maximum = INFINITY},
    {MEMBER(on), .type = OPTION_SWITCH, .fallback = "true"},
    {MEMBER(off), .type = OPTION_SWITCH},
    {MEMBER(list), .type = OPTION_LIST, .fallback = "one"},
};

static const struct option_set set = {
    .program = "gridloop-fuzz",
    .synopsis = "[OPTION...]",
    .purpose = "Reads settings.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = offsetof(struct settings, kafka),
};

/* Settings live as long as a program, in an arena that options_load() keeps; here that is one input. */
struct arena *__real_arena_new(void);
struct arena *__wrap_arena_new(void);

static struct arena *kept;

struct arena *__wrap_arena_new(void)
{
    MUST(!kept);
    kept = __real_arena_new();
    return kept;
}

static const char *write_file(const uint8_t *data, size_t size)
{
    static char argument[64];
    static int file = -1;

    if (file < 0) {
        file = memfd_create("config", 0);
        snprintf(argument, sizeof argument, "--config=/proc/self/fd/%d", file);
    }
    MUST(file >= 0 && ftruncate(file, 0) == 0);
    MUST(pwrite(file, data, size, 0) == (ssize_t)size);
    return argument;
}

static void check_settings(const struct settings *s)
{
    MUST(s->needed && *s->needed);
    MUST(!strcmp(s->choice, "block") || !strcmp(s->choice, "reject"));
    MUST(*s->name && strlen(s->name) <= 200 && !strpbrk(s->name, " /'\""));
    MUST(s->number >= -5 && s->number <= 1000000);
    MUST(s->real >= 0 && s->real <= 1);
    MUST(!isnan(s->unbound));
    MUST(s->list.count == 1 && s->list.items[0]);
    for (size_t i = 0; i < s->kafka.count; i++)
        MUST(*s->kafka.items[i].name && s->kafka.items[i].value
             && s->kafka.items[i].where);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings settings = {0};
    char *argv[] = {"gridloop-fuzz", (char *)(uintptr_t)write_file(data, size), NULL};
    static char *nothing[] = {NULL};
    struct err e = {0};

    environ = nothing;
    if (!options_load(&set, 2, argv, &settings, NULL, &e)) {
        check_settings(&settings);
    } else {
        MUST(e.outcome == FATAL && (e.exit_code == EX_CONFIG || e.exit_code == EX_USAGE));
        fuzz_check_message(e.message);
    }
    arena_reset(kept, 0);
    return 0;
}
