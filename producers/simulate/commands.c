/* commands.c - the commands of gridloop-simulate and their options. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/stop.h"
#include "producers/simulate/commands.h"
#include "producers/simulate/crew.h"
#include "producers/simulate/ledger.h"

static const char program[] = "gridloop-simulate";
enum { WRITE_BYTES = 1 << 18 };

struct arguments {
    struct simulate_settings world;
    const char *start, *until, *kinds;
    int64_t count, rate;
    const char *dir, *bin_dir, *name_space, *truth;
};

#define ROW(name, type, fallback, minimum, maximum, help)                                \
    {                                                                                    \
#name, type, offsetof(struct arguments, name), fallback, minimum, maximum, NULL, \
            help, false                                                                  \
    }
#define WORLD(name, type, fallback, minimum, maximum, help)                              \
    {                                                                                    \
#name, type, offsetof(struct arguments, world.name), fallback, minimum, maximum, \
            NULL, help, false                                                            \
    }

#define WORLD_ROWS                                                                       \
    WORLD(seed, OPTION_NUMBER, "1", 0, (double)(1LL << 53),                              \
          "The same number gives the same lines, on every machine."),                    \
        ROW(count, OPTION_NUMBER, "1000", 0, 1e12,                                       \
            "Lines, those that are sent again among them."),                             \
        WORLD(repeat_share, OPTION_REAL, "0.1", 0, 1,                                    \
              "Share of the reports that are another event about a thing reported "      \
              "before."),                                                                \
        WORLD(late_share, OPTION_REAL, "0.05", 0, 1,                                     \
              "Share of the events that are sent 2 minutes to 6 hours late."),           \
        WORLD(resend_share, OPTION_REAL, "0", 0, 1,                                      \
              "Share of the lines that are one of the last 10,000 of their kind, sent "  \
              "again."),                                                                 \
        WORLD(test_share, OPTION_REAL, "0", 0, 1,                                        \
              "Share of the things that are a test (is_test)."),                         \
        WORLD(problem_share, OPTION_REAL, "0.2", 0, 1,                                   \
              "Share of the patrols that raise a problem, with category and position."), \
        WORLD(crowd_share, OPTION_REAL, "0", 0, 1,                                       \
              "Share of the new things that lie 8 to 56 m beside another of their "      \
              "kind."),                                                                  \
        WORLD(roof_share, OPTION_REAL, "0", 0, 1,                                        \
              "Share of the alerts that are about one of 24 lawful roofs."),             \
        WORLD(common_share, OPTION_REAL, "0", 0, 1,                                      \
              "Share of the patrols' problems and of the findings that are about what "  \
              "drones see, too."),                                                       \
        WORLD(phone_share, OPTION_REAL, "0", 0, 1,                                       \
              "Share of people's reports with a phone's GCJ-02, errors and names."),     \
        ROW(start, OPTION_TEXT, "2026-01-05T08:00:00+08:00", 0, 0,                       \
            "First moment of the simulated time (RFC 3339)."),                           \
        ROW(until, OPTION_TEXT, NULL, 0, 0,                                              \
            "Last moment of the simulated time, where the lines end instead of after "   \
            "so many."),                                                                 \
        WORLD(                                                                           \
            day_events, OPTION_NUMBER, "20000", 1, 1e9,                                  \
            "Events in one simulated day; flight tasks come beside them, by the clock.")

static const struct option_row lines_rows[] = {
    {"kind", OPTION_CHOICE, offsetof(struct arguments, kinds), NULL, 0, 0,
     "drone_alert|patrol_log|case_action|inspection_finding|flight_task",
     "Kind of the lines.", true},
    ROW(truth, OPTION_TEXT, NULL, 0, 0,
        "File that gets the truth about the lines, as `run` writes it."),
    WORLD_ROWS,
};

static const struct option_row run_rows[] = {
    {"dir", OPTION_TEXT, offsetof(struct arguments, dir), NULL, 0, 0, NULL,
     "Folder for <kind>.spool, <kind>.rejects and truth.tsv; made if it is not there.",
     true},
    ROW(kinds, OPTION_TEXT, NULL, 0, 0, "Only these kinds, with commas between them."),
    ROW(rate, OPTION_NUMBER, "0", 0, 1e9,
        "Lines per second; 0: as fast as the producers take them."),
    ROW(bin_dir, OPTION_TEXT, NULL, 0, 0,
        "Folder of the gridloop-produce-<kind>; where this program lies if not given."),
    {"namespace", OPTION_NAME, offsetof(struct arguments, name_space), NULL, 0, 0, NULL,
     "First part of the topics' names, for the producers.", false},
    WORLD_ROWS,
};

const struct option_set simulate_lines_options = {
    .program = "gridloop-simulate lines",
    .synopsis = "--kind KIND [OPTION...]",
    .purpose = "Prints JSON lines of one kind, as devices would send them.",
    .rows = lines_rows,
    .row_count = sizeof lines_rows / sizeof *lines_rows,
    .kafka_offset = SIZE_MAX,
};

const struct option_set simulate_run_options = {
    .program = "gridloop-simulate run",
    .synopsis = "--dir DIR [OPTION...] [-- PRODUCER-OPTION...]",
    .purpose =
        "Feeds the real producers of all kinds, and writes down what they accepted.",
    .rows = run_rows,
    .row_count = sizeof run_rows / sizeof *run_rows,
    .kafka_offset = SIZE_MAX,
};

static enum outcome read_kinds(struct arguments *a, struct err *e)
{
    const char *name = a->kinds;

    if (!name)
        a->world.kinds = SIMULATE_ALL_KINDS;
    while (name) {
        size_t size = strcspn(name, ",");
        enum simulate_kind kind = simulate_kind_find(name, size);

        if (kind == SIMULATE_KINDS)
            return err_exit(e, EX_USAGE, "unknown kind \"%.*s\"", (int)size, name);
        a->world.kinds |= 1u << kind;
        name = name[size] ? name + size + 1 : NULL;
    }
    return DONE;
}

static enum outcome read_moment(const char *name, const char *text, int64_t *us,
                                struct err *e)
{
    const char *wrong = clock_parse(text, strlen(text), us);

    return wrong ? err_exit(e, EX_USAGE, "%s: \"%s\" %s", name, text, wrong) : DONE;
}

static enum outcome read_arguments(const struct option_set *set, int argc, char **argv,
                                   struct arguments *a, struct err *e)
{
    struct option_list operands;

    if (options_load(set, argc, argv, a, &operands, e))
        return e->outcome;
    if (operands.count)
        return err_exit(e, EX_USAGE, "unexpected \"%s\"", operands.items[0]);
    if (read_moment("start", a->start, &a->world.start_us, e))
        return e->outcome;
    if (a->world.start_us < 86400000000)
        return err_exit(e, EX_USAGE, "start: before 1970-01-02");
    if (a->until) {
        if (read_moment("until", a->until, &a->world.until_us, e))
            return e->outcome;
        a->count = INT64_MAX;
    }
    return read_kinds(a, e);
}

static bool write_out(struct text *out)
{
    bool written = fwrite(out->bytes, 1, out->size, stdout) == out->size;

    text_clear(out);
    return written;
}

/* The lines, and the truth about them, where that is asked for. */
static bool write_lines(const struct arguments *a, FILE *truth)
{
    struct simulate_stream *stream = simulate_open(&a->world);
    struct simulate_event event;
    struct text out = {0};
    bool good = true;

    for (int64_t i = 0; good && i < a->count && simulate_next(stream, &event); i++) {
        simulate_write(stream, &event, &out);
        if (truth)
            truth_write(truth, &event);
        if (out.size >= WRITE_BYTES)
            good = write_out(&out);
    }
    good = good && (!out.size || write_out(&out)) && fflush(stdout) == 0;
    text_free(&out);
    simulate_close(stream);
    return good;
}

static enum outcome print_lines(const struct arguments *a, struct err *e)
{
    FILE *truth = a->truth ? fopen(a->truth, "we") : NULL;

    if (a->truth && !truth)
        return err_exit(e, EX_CANTCREAT, "opening %s: %m", a->truth);
    if (truth)
        fputs(TRUTH_HEADER, truth);
    if (!write_lines(a, truth))
        err_exit(e, EX_IOERR, "writing to standard output: %m");
    if (truth && fclose(truth) && !e->outcome)
        err_exit(e, EX_IOERR, "writing %s: %m", a->truth);
    return e->outcome;
}

static int lines_command(int argc, char **argv, struct err *e)
{
    struct arguments a = {0};

    if (read_arguments(&simulate_lines_options, argc, argv, &a, e) || print_lines(&a, e))
        return e->exit_code;
    return EX_OK;
}

/* The folder this program lies in. */
static enum outcome own_folder(char folder[PATH_MAX], struct err *e)
{
    ssize_t size = readlink("/proc/self/exe", folder, PATH_MAX - 1);

    if (size < 0)
        return err_exit(e, EX_OSERR, "finding the producers: %m; give --bin-dir");
    folder[size] = '\0';
    *strrchr(folder, '/') = '\0';
    return DONE;
}

/* Cuts the command line at "--"; what stands behind it is for the producers. */
static struct option_list cut_passed_on(int *argc, char **argv)
{
    int own = 1;

    while (own < *argc && strcmp(argv[own], "--") != 0)
        own++;
    if (own == *argc)
        return (struct option_list){0};
    struct option_list passed_on = {(const char **)argv + own + 1,
                                    (size_t)(*argc - own - 1)};
    argv[own] = NULL;
    *argc = own;
    return passed_on;
}

static int run_command(int argc, char **argv, struct err *e)
{
    struct option_list passed_on = cut_passed_on(&argc, argv);
    struct arguments a = {0};
    char folder[PATH_MAX];

    if (read_arguments(&simulate_run_options, argc, argv, &a, e)
        || (!a.bin_dir && own_folder(folder, e)))
        return e->exit_code;
    struct simulate_feed feed = {.world = a.world,
                                 .count = a.count,
                                 .rate = a.rate,
                                 .dir = a.dir,
                                 .bin_dir = a.bin_dir ? a.bin_dir : folder,
                                 .name_space = a.name_space,
                                 .passed_on = passed_on};
    return simulate_feed_run(&feed, e);
}

#define CREW(name, type, fallback, minimum, maximum, help)                               \
    {                                                                                    \
#name, type, offsetof(struct crew_settings, name), fallback, minimum, maximum,   \
            NULL, help, false                                                            \
    }

static const struct option_row crew_rows[] = {
    {"units", OPTION_TEXT, offsetof(struct crew_settings, units), NULL, 0, 0, NULL,
     "Codes of the units whose crews these are, with commas between them.", true},
    {"dir", OPTION_TEXT, offsetof(struct crew_settings, dir), NULL, 0, 0, NULL,
     "Folder for orders-<unit>.db, crew.spool, crew.rejects and crew.tsv; made if it is "
     "not there.",
     true},
    CREW(seed, OPTION_NUMBER, "1", 0, (double)(1LL << 53),
         "The same number does the same about an order."),
    CREW(time_lapse, OPTION_REAL, "3600", 0, 1e9,
         "How many times faster than it would take they work; 0: at once."),
    CREW(late_share, OPTION_REAL, "0.1", 0, 1,
         "Share of the orders with a time limit that are put right after it."),
    CREW(until, OPTION_TEXT, NULL, 0, 0,
         "Last moment of their time (RFC 3339): what comes after it is left undone."),
    CREW(idle_s, OPTION_REAL, "0", 0, 86400,
         "Ends when there was nothing to do for so many seconds; 0: when told to."),
    CREW(bin_dir, OPTION_TEXT, NULL, 0, 0,
         "Folder of gridloop-orders and gridloop-produce-case-action; where this program "
         "lies if not given."),
    {"namespace", OPTION_NAME, offsetof(struct crew_settings, name_space), NULL, 0, 0,
     NULL, "First part of the topics' names, for both.", false},
};

const struct option_set simulate_crew_options = {
    .program = "gridloop-simulate crew",
    .synopsis = "--units CODE,... --dir DIR [OPTION...] [-- PRODUCER-OPTION...]",
    .purpose = "Crews that read their orders, go there, and send what they do.",
    .rows = crew_rows,
    .row_count = sizeof crew_rows / sizeof *crew_rows,
    .kafka_offset = SIZE_MAX,
};

enum { CREW_STOP_S = 60 };

static int crew_command(int argc, char **argv, struct err *e)
{
    struct crew_settings crew = {.passed_on = cut_passed_on(&argc, argv)};
    char folder[PATH_MAX];

    if (options_load(&simulate_crew_options, argc, argv, &crew, NULL, e)
        || (!crew.bin_dir && own_folder(folder, e)))
        return e->exit_code;
    if (!crew.bin_dir)
        crew.bin_dir = folder;
    return crew_run(&crew, stop_on_signals(CREW_STOP_S), e);
}

static const struct command {
    const char *name, *purpose;
    int (*run)(int argc, char **argv,
               struct err *e); /* exit code; FATAL in *e is reported here */
} commands[] = {
    {"lines", "prints JSON lines of one kind", lines_command},
    {"run", "feeds the producers of all kinds, and writes down what they accepted",
     run_command},
    {"crew", "acts on the orders of units, as crews on the ground would", crew_command},
};

static int usage(FILE *to, int exit_code)
{
    fprintf(to, "usage: %s COMMAND [OPTION...]\n\n", program);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(to, "  %-6s %s\n", commands[i].name, commands[i].purpose);
    fprintf(to, "\n%s COMMAND --help tells the options.\n", program);
    return exit_code;
}

int simulate_main(int argc, char **argv)
{
    struct err e = {DONE, EX_OK, ""};

    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return usage(stdout, EX_OK);
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        return printf("%s %s\n", program, GRIDLOOP_VERSION) < 0;
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            int exit_code = commands[i].run(argc - 1, argv + 1, &e);

            return e.outcome ? err_report(program, &e) : exit_code;
        }
    }
    return usage(stderr, EX_USAGE);
}
