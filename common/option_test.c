/* option_test.c - each test has an environment and a configuration file of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/option.h"
#include "common/text.h"

struct settings {
    const char *database_url;
    const char *when_full;
    const char *name_space;
    int64_t batch_rows;
    double jitter;
    bool dry_run, strict;
    const char *key_file;
    struct option_list schema;
    struct kafka_properties kafka;
};

#define MEMBER(name) #name, .offset = offsetof(struct settings, name)

static const struct option_row rows[] = {
    {MEMBER(batch_rows), .type = OPTION_NUMBER, .fallback = "500", .minimum = 1,
     .maximum = 10000, .help = "Rows of one transaction."},
    {MEMBER(database_url), .type = OPTION_TEXT, .marks = true,
     .help = "Where the events go."},
    {MEMBER(when_full), .type = OPTION_CHOICE, .fallback = "block",
     .choices = "block|reject",
     .help = "What a full spool does with the next event, which can be many words and "
             "therefore needs a second "
             "line of this text."},
    {"namespace", .type = OPTION_NAME, .offset = offsetof(struct settings, name_space),
     .help = "First part of names."},
    {MEMBER(jitter), .type = OPTION_REAL, .minimum = 0, .maximum = INFINITY,
     .help = "Spread."},
    {MEMBER(dry_run), .type = OPTION_SWITCH, .help = "Write nothing."},
    {MEMBER(strict), .type = OPTION_SWITCH, .fallback = "true"},
    {MEMBER(key_file), .type = OPTION_SECRET, .help = "Who we are."},
    {MEMBER(schema), .type = OPTION_LIST, .fallback = "builtin",
     .help = "A schema more."},
};

static const struct option_set set = {
    .program = "gridloop-test",
    .synopsis = "[OPTION...] [FILE...]",
    .purpose = "Tests settings.",
    .examples = "  gridloop-test --dry-run",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = offsetof(struct settings, kafka),
};

static struct settings s;
static struct option_list operands;
static struct err e;
static char path[] = "/tmp/option_test_XXXXXX";

static int begin(void **state)
{
    (void)state;
    clearenv();
    setenv("GRIDLOOP_DATABASE_URL", "postgresql:///x", 1);
    return 0;
}

static int make_file(void **state)
{
    int file = mkstemp(path);

    (void)state;
    return file < 0 ? -1 : close(file);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static enum outcome load_with(const struct option_set *with, char **argv)
{
    int argc = 0;

    while (argv[argc])
        argc++;
    memset(&s, 0, sizeof s);
    return options_load(with, argc, argv, &s, &operands, &e);
}

/* The program called with these arguments: LOAD("--dry-run", "x"), at least one. */
#define LOAD(...) load_with(&set, (char *[]){"gridloop-test", __VA_ARGS__, NULL})
#define LOAD_NOTHING() load_with(&set, (char *[]){"gridloop-test", NULL})

/* The outcome is a FATAL with this code and message; "PATH" in it stands for the file. */
static void fatal(enum outcome outcome, int code, const char *message)
{
    struct text t = {0};
    const char *at = strstr(message, "PATH");

    text_add(&t, message, at ? (size_t)(at - message) : strlen(message));
    if (at)
        text_format(&t, "%s%s", path, at + 4);
    assert_int_equal(outcome, FATAL);
    assert_string_equal(e.message, t.bytes);
    assert_int_equal(e.exit_code, code);
    text_free(&t);
}

static enum outcome load_bytes(const char *bytes, size_t size)
{
    FILE *file = fopen(path, "w");

    fwrite(bytes, 1, size, file);
    fclose(file);
    return LOAD("--config", path);
}

static enum outcome load_file(const char *text)
{
    return load_bytes(text, strlen(text));
}

static void fallbacks(void **state)
{
    (void)state;
    assert_int_equal(LOAD_NOTHING(), DONE);
    assert_string_equal(s.database_url, "postgresql:///x");
    assert_int_equal(s.batch_rows, 500);
    assert_string_equal(s.when_full, "block");
    assert_false(s.dry_run);
    assert_true(s.strict);
    assert_int_equal(s.schema.count, 1);
    assert_string_equal(s.schema.items[0], "builtin");
    assert_int_equal(s.kafka.count, 0);
    assert_int_equal(operands.count, 0);
}

static void every_form_of_a_flag(void **state)
{
    (void)state;
    assert_int_equal(LOAD("--batch-rows", "7", "--jitter=0.25", "--dry-run",
                          "--no-strict", "--when-full=reject", "--database-url=a=b"),
                     DONE);
    assert_int_equal(s.batch_rows, 7);
    assert_true(s.jitter > 0.24 && s.jitter < 0.26);
    assert_true(s.dry_run);
    assert_false(s.strict);
    assert_string_equal(s.when_full, "reject");
    assert_string_equal(s.database_url, "a=b");
    assert_int_equal(
        LOAD("--dry-run=false", "--strict=true", "--batch-rows=1", "--batch-rows=2"),
        DONE);
    assert_false(s.dry_run);
    assert_true(s.strict);
    assert_int_equal(s.batch_rows, 2);
}

static void operands_stand_anywhere(void **state)
{
    (void)state;
    assert_int_equal(LOAD("one", "--dry-run", "two", "-", "--", "--batch-rows", "--"),
                     DONE);
    assert_int_equal(operands.count, 5);
    assert_string_equal(operands.items[0], "one");
    assert_string_equal(operands.items[1], "two");
    assert_string_equal(operands.items[2], "-");
    assert_string_equal(operands.items[3], "--batch-rows");
    assert_string_equal(operands.items[4], "--");
    assert_int_equal(s.batch_rows, 500);
}

static void operands_may_be_refused(void **state)
{
    char *argv[] = {"gridloop-test", "x", NULL};

    (void)state;
    fatal(options_load(&set, 2, argv, &s, NULL, &e), EX_USAGE, "unexpected argument 'x'");
    assert_int_equal(options_load(&set, 1, argv, &s, NULL, &e), DONE);
}

static void stronger_sources_win(void **state)
{
    static const char text[] = "batch_rows = 10\n";

    (void)state;
    assert_int_equal(load_file(text), DONE);
    assert_int_equal(s.batch_rows, 10);
    setenv("GRIDLOOP_BATCH_ROWS", "20", 1);
    assert_int_equal(load_file(text), DONE);
    assert_int_equal(s.batch_rows, 20);
    assert_int_equal(LOAD("--batch-rows=30", "--config", path), DONE);
    assert_int_equal(s.batch_rows, 30);
    setenv("GRIDLOOP_BATCH_ROWS", "", 1);
    assert_int_equal(load_file(text), DONE);
    assert_int_equal(s.batch_rows, 10);
    setenv("GRIDLOOP_CONFIG", path, 1);
    assert_int_equal(LOAD_NOTHING(), DONE);
    assert_int_equal(s.batch_rows, 10);
    setenv("GRIDLOOP_CONFIG", "", 1);
    assert_int_equal(LOAD_NOTHING(), DONE);
    assert_int_equal(s.batch_rows, 500);
}

/* What is overridden is still checked: it is wrong for the next one to start the
 * program. */
static void weaker_sources_are_checked(void **state)
{
    (void)state;
    setenv("GRIDLOOP_BATCH_ROWS", "many", 1);
    fatal(LOAD("--batch-rows=1"), EX_CONFIG,
          "GRIDLOOP_BATCH_ROWS: 'many' is not a whole number from 1 to 10000");
}

static void lists(void **state)
{
    (void)state;
    assert_int_equal(LOAD("--schema", "a", "--schema=b"), DONE);
    assert_int_equal(s.schema.count, 2);
    assert_string_equal(s.schema.items[0], "a");
    assert_string_equal(s.schema.items[1], "b");
    setenv("GRIDLOOP_SCHEMA", "c", 1);
    assert_int_equal(load_file("schema = d\n"), DONE);
    assert_int_equal(s.schema.count, 1);
    assert_string_equal(s.schema.items[0], "c");
}

static void numbers_are_exact(void **state)
{
    static const char *const bad[] = {"0",
                                      "10001",
                                      "5x",
                                      "5 ",
                                      " 5",
                                      "+5",
                                      "0x10",
                                      "1e3",
                                      "5.0",
                                      "-",
                                      "five",
                                      "--",
                                      "99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char flag[64], message[128];
        snprintf(flag, sizeof flag, "--batch-rows=%s", bad[i]);
        snprintf(message, sizeof message,
                 "--batch-rows: '%s' is not a whole number from 1 to 10000", bad[i]);
        fatal(LOAD(flag), EX_USAGE, message);
    }
    fatal(LOAD("--batch-rows="), EX_USAGE,
          "--batch-rows: '' is not a whole number from 1 to 10000");
    assert_int_equal(LOAD("--batch-rows=1"), DONE);
    assert_int_equal(LOAD("--batch-rows=10000"), DONE);
}

static void reals_are_exact(void **state)
{
    static const char *const bad[] = {"-0.1", "nan", "inf", "0x1p3", "1,5",
                                      "1.5 ", " 1",  "",    "1e999"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char flag[64], message[128];
        snprintf(flag, sizeof flag, "--jitter=%s", bad[i]);
        snprintf(message, sizeof message, "--jitter: '%s' is not a number of at least 0",
                 bad[i]);
        fatal(LOAD(flag), EX_USAGE, message);
    }
    assert_int_equal(LOAD("--jitter=1.5e2"), DONE);
    assert_int_equal((int)s.jitter, 150);
}

static void choices_and_switches_are_exact(void **state)
{
    (void)state;
    fatal(LOAD("--when-full=blo"), EX_USAGE,
          "--when-full: 'blo' is not one of block|reject");
    fatal(LOAD("--when-full=block|reject"), EX_USAGE,
          "--when-full: 'block|reject' is not one of block|reject");
    fatal(LOAD("--when-full="), EX_USAGE, "--when-full: '' is not one of block|reject");
    fatal(LOAD("--dry-run=1"), EX_USAGE, "--dry-run: '1' is not true or false");
    fatal(load_file("dry_run =\n"), EX_CONFIG,
          "PATH:1: dry_run: '' is not true or false");
}

static void names_are_what_kafka_takes(void **state)
{
    static const char *const bad[] = {"", "o'brien", "a b", "a/b", "\"x\"", "\xc3\xa9"};
    char flag[300] = "--namespace=";

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char message[200];
        snprintf(flag + 12, sizeof flag - 12, "%s", bad[i]);
        snprintf(message, sizeof message,
                 "--namespace: '%s' is not a name of 1 to 200 letters, digits, '.', '_' "
                 "and '-'",
                 bad[i]);
        fatal(LOAD(flag), EX_USAGE, message);
    }
    memset(flag + 12, 'x', 201);
    flag[12 + 201] = '\0';
    assert_int_equal(LOAD(flag), FATAL);
    flag[12 + 200] = '\0';
    assert_int_equal(LOAD(flag), DONE);
    assert_int_equal(strlen(s.name_space), 200);
    assert_int_equal(LOAD("--namespace=Test_1.north-2"), DONE);
}

static void unknown_flags_get_the_nearest_name(void **state)
{
    (void)state;
    fatal(LOAD("--bach-rows=5"), EX_USAGE,
          "unknown option '--bach-rows'; did you mean '--batch-rows'?");
    fatal(LOAD("--batch_rows=5"), EX_USAGE,
          "unknown option '--batch_rows'; did you mean '--batch-rows'?");
    fatal(LOAD("--hlp"), EX_USAGE, "unknown option '--hlp'; did you mean '--help'?");
    fatal(LOAD("--no-batch-rows"), EX_USAGE,
          "unknown option '--no-batch-rows'; did you mean '--batch-rows'?");
    fatal(LOAD("--zzz"), EX_USAGE, "unknown option '--zzz'; --help lists them");
    fatal(LOAD("--no-help"), EX_USAGE, "unknown option '--no-help'; --help lists them");
    fatal(LOAD("--="), EX_USAGE, "unknown option '--'; --help lists them");
    fatal(LOAD("-h"), EX_USAGE, "unknown option '-h'; --help lists them");
    fatal(LOAD("--kafka-bootstrap-servers=x"), EX_USAGE,
          "unknown option '--kafka-bootstrap-servers'; did you mean "
          "'--kafka.bootstrap.servers'?");
    fatal(LOAD("--"
               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
               "xxxxxx"),
          EX_USAGE,
          "unknown option "
          "'--"
          "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
          "x'; "
          "--help lists them");
}

static void a_value_must_be_there(void **state)
{
    (void)state;
    fatal(LOAD("--batch-rows"), EX_USAGE, "--batch-rows needs a value");
    fatal(LOAD("--batch-rows", "--dry-run"), EX_USAGE, "--batch-rows needs a value");
    fatal(LOAD("--config"), EX_USAGE, "--config needs a value");
    fatal(LOAD("--config="), EX_USAGE, "--config needs the name of a file");
    fatal(LOAD("--config", ""), EX_USAGE, "--config needs the name of a file");
    fatal(LOAD("--kafka.client.id"), EX_USAGE, "--kafka.client.id needs a value");
}

static void required_options(void **state)
{
    static const char message[] = "--database-url (or GRIDLOOP_DATABASE_URL, or "
                                  "database_url in the file) is required";

    (void)state;
    fatal(LOAD("--database-url="), EX_USAGE, message);
    unsetenv("GRIDLOOP_DATABASE_URL");
    fatal(LOAD_NOTHING(), EX_USAGE, message);
    fatal(load_file("database_url =\n"), EX_USAGE, message);
    assert_int_equal(load_file("database_url = y\n"), DONE);
    assert_string_equal(s.database_url, "y");
}

static void a_file(void **state)
{
    (void)state;
    assert_int_equal(load_file("# a comment\n\n  \t\n  # another\n"
                               "batch_rows=5\n\tdatabase_url \t=  a = b # c  \n"
                               "when_full = reject\ndry_run = true\n"
                               "kafka.client.id = \xe7\xbd\x91\nschema = x"),
                     DONE);
    assert_int_equal(s.batch_rows, 5);
    assert_string_equal(s.database_url, "postgresql:///x");
    unsetenv("GRIDLOOP_DATABASE_URL");
    assert_int_equal(LOAD("--config", path), DONE);
    assert_string_equal(s.database_url, "a = b # c");
    assert_true(s.dry_run);
    assert_string_equal(s.schema.items[0], "x");
    assert_string_equal(s.kafka.items[0].value, "\xe7\xbd\x91");
    assert_int_equal(load_file("database_url = y"), DONE);
    assert_int_equal(load_file("\n\ndatabase_url = y\n\n"), DONE);
}

static void a_bad_file(void **state)
{
    (void)state;
    fatal(load_file("\n# x\nbach_rows = 5\n"), EX_CONFIG,
          "PATH:3: unknown key 'bach_rows'; did you mean 'batch_rows'?");
    fatal(load_file("batch-rows = 5\n"), EX_CONFIG,
          "PATH:1: unknown key 'batch-rows'; did you mean 'batch_rows'?");
    fatal(load_file("spool_folder = x\n"), EX_CONFIG,
          "PATH:1: unknown key 'spool_folder'");
    fatal(load_file("config = x\n"), EX_CONFIG, "PATH:1: unknown key 'config'");
    fatal(load_file("kafka. = x\n"), EX_CONFIG, "PATH:1: unknown key 'kafka.'");
    fatal(load_file("batch_rows = 5\nbatch_rows = 5\n"), EX_CONFIG,
          "PATH:2: 'batch_rows' stands in line 1 already");
    fatal(load_file("kafka.a = 5\n\nkafka.a = 6\n"), EX_CONFIG,
          "PATH:3: 'kafka.a' stands in line 1 already");
    fatal(load_file("batch_rows\n"), EX_CONFIG, "PATH:1: not 'key = value'");
    fatal(load_file("[section]\n"), EX_CONFIG, "PATH:1: not 'key = value'");
    fatal(load_file("= 5\n"), EX_CONFIG,
          "PATH:1: no key in front of '='; keys are of a-z, 0-9, '_' and '.'");
    fatal(load_file("batch rows = 5\n"), EX_CONFIG,
          "PATH:1: no key in front of '='; keys are of a-z, 0-9, '_' and '.'");
    fatal(load_file("batch_rows = 5x\n"), EX_CONFIG,
          "PATH:1: batch_rows: '5x' is not a whole number from 1 to 10000");
}

static void a_file_of_wrong_bytes(void **state)
{
    size_t size = 2 * 1024 * 1024;
    char *large = malloc(size);

    (void)state;
    memset(large, '#', size);
    fatal(load_file("dry_run = true\r\n"), EX_CONFIG,
          "PATH:1: a carriage return; lines end with a line feed alone");
    fatal(load_bytes("\ndry_run = \0\n", 13), EX_CONFIG, "PATH:2: a NUL byte");
    fatal(load_bytes("# \0\n", 4), EX_CONFIG, "PATH:1: a NUL byte");
    fatal(load_file("database_url = \xff\n"), EX_CONFIG, "PATH:1: not UTF-8");
    fatal(load_file("\xef\xbb\xbf"
                    "dry_run = true\n"),
          EX_CONFIG, "PATH:1: no key in front of '='; keys are of a-z, 0-9, '_' and '.'");
    assert_int_equal(load_bytes(large, 65536), DONE);
    fatal(load_bytes(large, 65537), EX_CONFIG, "PATH:1: a line of more than 65536 bytes");
    fatal(load_bytes(large, 1024 * 1024 + 1), EX_CONFIG, "PATH: more than 1048576 bytes");
    free(large);
}

static void a_missing_file(void **state)
{
    (void)state;
    fatal(LOAD("--config=/nonexistent/x"), EX_CONFIG,
          "reading /nonexistent/x: No such file or directory");
    setenv("GRIDLOOP_CONFIG", "/nonexistent/y", 1);
    fatal(LOAD_NOTHING(), EX_CONFIG, "reading /nonexistent/y: No such file or directory");
    fatal(LOAD("--config=/tmp"), EX_CONFIG, "reading /tmp: Is a directory");
}

static void has_property(const char *name, const char *value, const char *where)
{
    for (size_t i = 0; i < s.kafka.count; i++)
        if (strcmp(s.kafka.items[i].name, name) == 0) {
            assert_string_equal(s.kafka.items[i].value, value);
            assert_string_equal(s.kafka.items[i].where, where);
            return;
        }
    fail_msg("no %s", name);
}

static void properties_of_kafka(void **state)
{
    char where[64];

    (void)state;
    snprintf(where, sizeof where, "%s:2", path);
    setenv("GRIDLOOP_KAFKA_BOOTSTRAP_SERVERS", "b:1", 1);
    setenv("GRIDLOOP_KAFKA_SESSION_TIMEOUT_MS", "6000", 1);
    setenv("GRIDLOOP_KAFKA_", "x", 1);
    setenv("GRIDLOOP_KAFKA_CLIENT_ID", "", 1);
    assert_int_equal(load_file("kafka.bootstrap.servers = a:1\nkafka.client.id = c\n"),
                     DONE);
    assert_int_equal(s.kafka.count, 3);
    has_property("bootstrap.servers", "b:1", "environment");
    has_property("session.timeout.ms", "6000", "environment");
    has_property("client.id", "c", where);
    assert_int_equal(
        LOAD("--config", path, "--kafka.bootstrap.servers=d:1", "--kafka.client.id", "e"),
        DONE);
    assert_int_equal(s.kafka.count, 3);
    has_property("bootstrap.servers", "d:1", "command line");
    has_property("client.id", "e", "command line");
}

static void no_kafka_here(void **state)
{
    struct option_set without = set;

    (void)state;
    without.kafka_offset = SIZE_MAX;
    setenv("GRIDLOOP_KAFKA_BOOTSTRAP_SERVERS", "b:1", 1);
    assert_int_equal(load_with(&without, (char *[]){"x", NULL}), DONE);
    assert_int_equal(s.kafka.count, 0);
    fatal(load_with(&without, (char *[]){"x", "--kafka.client.id=x", NULL}), EX_USAGE,
          "unknown option '--kafka.client.id'; --help lists them");
}

static void other_variables_are_other_programs(void **state)
{
    (void)state;
    setenv("GRIDLOOP_STACK_DIR", "x", 1);
    setenv("GRIDLOOP_BACH_ROWS", "x", 1);
    assert_int_equal(LOAD_NOTHING(), DONE);
}

/* A row whose fallback does not pass its own check is our bug. */
static void a_wrong_table_is_a_bug(void **state)
{
    struct option_row wrong = rows[0];
    struct option_set with = set;

    (void)state;
    wrong.fallback = "0";
    with.rows = &wrong;
    with.row_count = 1;
    fatal(load_with(&with, (char *[]){"x", NULL}), EX_SOFTWARE,
          "batch_rows: '0' is not a whole number from 1 to 10000");
}

static char got[8192];

/* What a child that calls the program with one flag writes to stream. */
static int run(const char *flag, int stream)
{
    size_t size = 0;
    ssize_t part;
    int ends[2], status;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        dup2(ends[1], stream);
        LOAD((char *)flag);
        exit(err_report("gridloop-test", &e));
    }
    close(ends[1]);
    while ((part = read(ends[0], got + size, sizeof got - 1 - size)) > 0)
        size += (size_t)part;
    got[size] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void help_says_everything(void **state)
{
    (void)state;
    assert_int_equal(run("--help", STDOUT_FILENO), 0);
    assert_string_equal(
        got,
        "Tests settings.\n"
        "\n"
        "usage: gridloop-test [OPTION...] [FILE...]\n"
        "\n"
        "examples:\n"
        "  gridloop-test --dry-run\n"
        "\n"
        "options:\n"
        "  --batch-rows NUMBER\n"
        "      Rows of one transaction. (from 1 to 10000; default 500)\n"
        "  --database-url TEXT\n"
        "      Where the events go. (required)\n"
        "  --when-full block|reject\n"
        "      What a full spool does with the next event, which can be many words and\n"
        "      therefore needs a second line of this text. (default block)\n"
        "  --namespace NAME\n"
        "      First part of names.\n"
        "  --jitter NUMBER\n"
        "      Spread. (of at least 0)\n"
        "  --[no-]dry-run\n"
        "      Write nothing.\n"
        "  --[no-]strict\n"
        "      (default true)\n"
        "  --key-file FILE\n"
        "      Who we are.\n"
        "  --schema TEXT\n"
        "      A schema more. (may be given several times; default builtin)\n"
        "  --kafka.NAME VALUE\n"
        "      A property of librdkafka, as in --kafka.session.timeout.ms=6000.\n"
        "  --config FILE\n"
        "      File with settings; GRIDLOOP_CONFIG names it too.\n"
        "  --help\n"
        "      Print this text.\n"
        "  --version\n"
        "      Print the version.\n"
        "\n"
        "Each may also stand in the environment, as GRIDLOOP_BATCH_ROWS, or in the "
        "file,\n"
        "as 'batch_rows = ...'. The command line wins over the environment, and the\n"
        "environment over the file.\n");
}

static void version_and_errors(void **state)
{
    (void)state;
    assert_int_equal(run("--version", STDOUT_FILENO), 0);
    assert_string_equal(got, "gridloop-test " GRIDLOOP_VERSION "\n");
    assert_int_equal(run("--zzz", STDERR_FILENO), EX_USAGE);
    assert_string_equal(got,
                        "gridloop-test: unknown option '--zzz'; --help lists them\n");
}

static void exit_codes_of_outcomes(void **state)
{
    (void)state;
    e = (struct err){0};
    assert_int_equal(err_report("p", &e), 0);
    err_set(&e, RETRY, "a");
    assert_int_equal(err_report("p", &e), EX_TEMPFAIL);
    err_set(&e, REJECT, "b");
    assert_int_equal(err_report("p", &e), EX_DATAERR);
    err_exit(&e, EX_NOPERM, "c");
    assert_int_equal(err_report("p", &e), EX_NOPERM);
}

/* ---- looking at settings ---- */

static struct text told;

static void tell(void *context, const struct err *problem)
{
    (void)context;
    text_format(&told, "%d %s\n", problem->exit_code, problem->message);
}

static void show(void *context, const struct option_shown *shown)
{
    const char *place = strstr(shown->where, path);

    (void)context;
    text_format(&told, "%s=%s %s\n", shown->name, shown->value,
                place ? shown->where + strlen(path) : shown->where);
}

static enum outcome refuse_speed(const void *settings, const char *keys[2],
                                 struct err *error)
{
    const struct settings *loaded = settings;

    keys[0] = "batch_rows";
    keys[1] = "jitter";
    return loaded->jitter > 1 ? err_exit(error, EX_CONFIG, "too fast") : DONE;
}

static enum outcome refuse_x(const struct kafka_property *property, struct err *error)
{
    return strcmp(property->name, "x") == 0
               ? err_exit(error, EX_CONFIG, "%s: no x", property->where)
               : DONE;
}

static option_check *const checks[] = {refuse_speed, NULL};

static enum outcome look_at(const char *text, bool all)
{
    struct option_set with = set;
    struct option_look look = {
        .arena = arena_new(), .complain = all ? tell : NULL, .show = show};
    char *argv[] = {"gridloop-test", "--config", path, NULL};
    FILE *file = fopen(path, "w");
    enum outcome outcome;

    fputs(text, file);
    fclose(file);
    with.checks = checks;
    with.check_property = refuse_x;
    text_clear(&told);
    memset(&s, 0, sizeof s);
    outcome = options_look(&with, &look, 3, argv, &s, NULL, &e);
    arena_free(look.arena);
    return outcome;
}

/* What was told is this, with the file's name for each PATH. */
static void was_told(const char *expected)
{
    struct text t = {0};

    for (const char *at; (at = strstr(expected, "PATH")) != NULL; expected = at + 4)
        text_format(&t, "%.*s%s", (int)(at - expected), expected, path);
    text_add_string(&t, expected);
    assert_string_equal(told.bytes, t.bytes);
    text_free(&t);
}

static void every_problem_is_told_once(void **state)
{
    (void)state;
    unsetenv("GRIDLOOP_DATABASE_URL");
    setenv("GRIDLOOP_DRY_RUN", "maybe", 1);
    assert_int_equal(look_at("nmaespace = x\nbatch_rows = many\nkafka.x = 1\n"
                             "key_file = /no/such\njitter = 2\n",
                             true),
                     FATAL);
    was_told("78 PATH:1: unknown key 'nmaespace'; did you mean 'namespace'?\n"
             "78 PATH:2: batch_rows: 'many' is not a whole number from 1 to 10000\n"
             "78 GRIDLOOP_DRY_RUN: 'maybe' is not true or false\n"
             "64 --database-url (or GRIDLOOP_DATABASE_URL, or database_url in the file) "
             "is required\n"
             "78 PATH:4: key_file: secret file /no/such: No such file or directory\n"
             "78 PATH:3: no x\n"
             "78 PATH:2: too fast\n");
    assert_int_equal(s.kafka.count, 0);
}

static void the_first_problem_ends_it(void **state)
{
    (void)state;
    fatal(look_at("jitter = 2\nkafka.x = 1\n", false), EX_CONFIG, "PATH:2: no x");
    fatal(look_at("\njitter = 2\n", false), EX_CONFIG, "PATH:2: too fast");
}

static void what_is_in_force_is_shown(void **state)
{
    (void)state;
    setenv("GRIDLOOP_BATCH_ROWS", "7", 1);
    assert_int_equal(look_at("batch_rows = 8\nkafka.y = 1\nschema = mine\n", false),
                     DONE);
    was_told("batch_rows=7 environment\ndatabase_url=postgresql:///x environment\n"
             "when_full=block default\nstrict=true default\nschema=mine :3\n"
             "kafka.y=1 :2\n");
}

/* Who may read it is looked at, but only of the one that will be read. */
static void secrets_are_looked_at(void **state)
{
    struct text text = {0};

    (void)state;
    text_format(&text, "key_file = %s\n", path);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(look_at(text.bytes, false), FATAL);
    assert_non_null(strstr(e.message, ":1: key_file: secret file "));
    assert_non_null(strstr(e.message, "is open to everybody"));
    assert_int_equal(e.exit_code, EX_CONFIG);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(look_at(text.bytes, false), DONE);
    setenv("GRIDLOOP_KEY_FILE", path, 1);
    assert_int_equal(look_at("key_file = /no/such\n", false), DONE);
    text_free(&text);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fallbacks),
        TEST(every_form_of_a_flag),
        TEST(operands_stand_anywhere),
        TEST(operands_may_be_refused),
        TEST(stronger_sources_win),
        TEST(weaker_sources_are_checked),
        TEST(lists),
        TEST(numbers_are_exact),
        TEST(reals_are_exact),
        TEST(choices_and_switches_are_exact),
        TEST(names_are_what_kafka_takes),
        TEST(unknown_flags_get_the_nearest_name),
        TEST(a_value_must_be_there),
        TEST(required_options),
        TEST(a_file),
        TEST(a_bad_file),
        TEST(a_file_of_wrong_bytes),
        TEST(a_missing_file),
        TEST(properties_of_kafka),
        TEST(no_kafka_here),
        TEST(other_variables_are_other_programs),
        TEST(every_problem_is_told_once),
        TEST(the_first_problem_ends_it),
        TEST(what_is_in_force_is_shown),
        TEST(secrets_are_looked_at),
        TEST(a_wrong_table_is_a_bug),
        TEST(help_says_everything),
        TEST(version_and_errors),
        TEST(exit_codes_of_outcomes),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
