/* simulate_feed_test.c - the truth about what producers accepted; the producers here are shell scripts. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "producers/simulate/ledger.h"

/* ---- ledger ---- */

static struct simulate_event numbered(uint8_t number)
{
    struct simulate_event event = {.kind = PATROL_LOG};

    memset(event.event_id, number, UUID_SIZE);
    return event;
}

static void add_receipt(struct text *received, unsigned line, uint8_t number)
{
    struct simulate_event event = numbered(number);
    char id[UUID_TEXT_SIZE];

    uuid_format(id, event.event_id);
    text_format(received, "%u %s\n", line, id);
}

struct fixture {
    struct ledger ledger;
    struct text received;
    char *truth;
    size_t truth_size;
    FILE *file;
    struct err e;
};

static int ledger_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    ledger_init(&f->ledger, PATROL_LOG);
    f->file = open_memstream(&f->truth, &f->truth_size);
    *state = f;
    return 0;
}

static int ledger_teardown(void **state)
{
    struct fixture *f = *state;

    fclose(f->file);
    free(f->truth);
    ledger_free(&f->ledger);
    text_free(&f->received);
    free(f);
    return 0;
}

static const char *truth_of(struct fixture *f)
{
    assert_int_equal(ledger_receive(&f->ledger, &f->received, f->file, &f->e), DONE);
    fflush(f->file);
    return f->truth;
}

static void truth_tells_resends_from_sightings(void **state)
{
    struct fixture *f = *state;
    struct simulate_event event = numbered(0x11);

    ledger_send(&f->ledger, &event);
    event.is_resend = true;
    ledger_send(&f->ledger, &event);
    event = numbered(0x22);
    event.is_sighting = true;
    memset(event.first_id, 0x11, UUID_SIZE);
    event.thing = 0xab;
    ledger_send(&f->ledger, &event);
    event.is_false = true;
    ledger_send(&f->ledger, &event);
    add_receipt(&f->received, 1, 0x11);
    add_receipt(&f->received, 2, 0x11);
    add_receipt(&f->received, 3, 0x22);
    add_receipt(&f->received, 4, 0x22);
#define ID_1 "11111111-1111-1111-1111-111111111111"
#define ID_2 "22222222-2222-2222-2222-222222222222"
    assert_string_equal(truth_of(f),
                        "patrol_log\t" ID_1 "\t-\t-\t-\n"
                        "patrol_log\t" ID_1 "\t" ID_1 "\t-\t-\n"
                        "patrol_log\t" ID_2 "\t-\t" ID_1 "\tthing-00000000000000ab\n"
                        "patrol_log\t" ID_2 "\t-\t" ID_1 "\troof-00000000000000ab\n");
    assert_int_equal(f->ledger.accepted, 4);
    assert_int_equal(f->ledger.resent, 1);
}

static void a_line_passed_over_is_refused(void **state)
{
    struct fixture *f = *state;

    for (uint8_t i = 1; i <= 5; i++)
        ledger_send(&f->ledger, &(struct simulate_event){.event_id = {i}});
    text_add_string(&f->received, "3 03000000-0000-0000-0000-000000000000\n4 0400");
    truth_of(f);
    assert_int_equal(f->ledger.accepted, 1);
    assert_int_equal(f->ledger.refused, 2);
    assert_int_equal(f->ledger.count, 2);
    text_add_string(&f->received, "0000-0000-0000-0000-000000000000\n");
    truth_of(f);
    assert_int_equal(f->ledger.accepted, 2);
    assert_int_equal(f->received.size, 0);
}

static void many_lines_may_be_open(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 30000; i++) {
        struct simulate_event event = numbered((uint8_t)i);

        ledger_send(&f->ledger, &event);
        if (i < 1000)
            add_receipt(&f->received, i + 1, (uint8_t)i);
        if (i == 1000)
            truth_of(f);
    }
    for (unsigned i = 1000; i < 30000; i++)
        add_receipt(&f->received, i + 1, (uint8_t)i);
    truth_of(f);
    assert_int_equal(f->ledger.accepted, 30000);
    assert_int_equal(f->ledger.refused, 0);
}

static void nonsense_is_not_believed(void **state)
{
    static const char *const nonsense[] = {
        "1 " ID_2 "\n",
        "2 " ID_1 "\n",
        "0 " ID_1 "\n",
        "1\n",
        "\n",
        "x " ID_1 "\n",
        "1 " ID_1 "1\n",
        "-1 " ID_1 "\n",
        "99999999999999999999999 " ID_1 "\n",
    };
    struct fixture *f = *state;
    struct simulate_event event = numbered(0x11);

    ledger_send(&f->ledger, &event);
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        text_clear(&f->received);
        text_add_string(&f->received, nonsense[i]);
        assert_int_equal(ledger_receive(&f->ledger, &f->received, f->file, &f->e), FATAL);
        assert_int_equal(f->e.exit_code, EX_SOFTWARE);
    }
    assert_int_equal(f->ledger.accepted, 0);
}

/* ---- feed ---- */

static char dir[] = "/tmp/simulate-feed-XXXXXX";

/* Accepts every line; options arrive in $1 to $5. */
#define ACCEPTS "exec awk '{print NR, substr($0, 14, 36)}'"
#define REFUSES "exec awk 'NR % 10 {print NR, substr($0, 14, 36)} END {exit 65}'"
#define REFUSES_ALL "cat > /dev/null; exit 65"
#define DIES "exec awk '{print NR, substr($0, 14, 36)} NR == 500 {exit 70}'"
#define KEEPS "awk '{print NR, substr($0, 14, 36)}'; exit 75"

static void write_producer(const char *kind, const char *script)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/gridloop-produce-%s", dir, kind);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\necho \"$@\" > '%s/%s.arguments'\n%s\n", dir, kind, script);
    fclose(file);
    assert_int_equal(chmod(path, 0755), 0);
}

static int feed_setup(void **state)
{
    (void)state;
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    assert_non_null(mkdtemp(dir));
    write_producer("drone-alert", ACCEPTS);
    write_producer("patrol-log", ACCEPTS);
    write_producer("case-action", ACCEPTS);
    write_producer("inspection-finding", ACCEPTS);
    write_producer("flight-task", ACCEPTS);
    return 0;
}

static int feed_teardown(void **state)
{
    char command[64];
    (void)state;

    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static int run_feed(int64_t count, int64_t rate, struct err *e)
{
    static const char *const passed_on[] = {"--batch", "7"};
    struct simulate_feed feed = {.world = {.seed = 1,
                                           .repeat_share = 0.2,
                                           .resend_share = 0.1,
                                           .start_us = 1767571200000000,
                                           .day_events = 20000,
                                           .kinds = SIMULATE_ALL_KINDS},
                                 .count = count,
                                 .rate = rate,
                                 .dir = dir,
                                 .bin_dir = dir,
                                 .name_space = "some",
                                 .passed_on = {(const char **)passed_on, 2}};

    *e = (struct err){DONE, 0, ""};
    return simulate_feed_run(&feed, e);
}

struct truth {
    int headers, lines, resent, sightings, alerts;
};

static struct truth read_truth(void)
{
    struct truth truth = {0};
    char path[64], line[256];
    FILE *file;

    snprintf(path, sizeof path, "%s/truth.tsv", dir);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        char kind[32], id[64], resend_of[64], sighting_of[64], thing[64];

        if (line[0] == '#') {
            assert_string_equal(line, TRUTH_HEADER);
            truth.headers++;
            continue;
        }
        assert_int_equal(sscanf(line, "%31s %63s %63s %63s %63s", kind, id, resend_of,
                                sighting_of, thing),
                         5);
        truth.lines++;
        truth.alerts += strcmp(kind, "drone_alert") == 0;
        truth.resent += strcmp(resend_of, id) == 0;
        truth.sightings += strlen(sighting_of) == 36;
        assert_true(strcmp(resend_of, "-") == 0 || strcmp(resend_of, id) == 0);
        assert_string_not_equal(sighting_of, id);
    }
    fclose(file);
    return truth;
}

static void all_that_was_accepted_is_true(void **state)
{
    struct err e;
    (void)state;

    assert_int_equal(run_feed(20000, 0, &e), 0);
    struct truth truth = read_truth();
    assert_int_equal(truth.lines, 20000);
    assert_int_equal(truth.headers, 1);
    assert_in_range(truth.resent, 1800, 2200);
    assert_in_range(truth.sightings, 2500, 3200);
    assert_in_range(truth.alerts, 13200, 13800);
    assert_int_equal(run_feed(1000, 0, &e), 0);
    assert_int_equal(read_truth().lines, 21000);
    assert_int_equal(read_truth().headers, 1);
}

static void producers_get_their_options(void **state)
{
    char path[64], expected[256], line[256];
    struct err e;
    FILE *file;
    (void)state;

    assert_int_equal(run_feed(0, 0, &e), 0);
    snprintf(path, sizeof path, "%s/case-action.arguments", dir);
    snprintf(
        expected, sizeof expected,
        "--spool %s/case_action.spool --rejects %s/case_action.rejects --receipts line "
        "--namespace some --batch 7\n",
        dir, dir);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, expected);
    fclose(file);
}

static void refused_lines_are_not_true(void **state)
{
    struct err e;
    (void)state;

    write_producer("drone-alert", REFUSES);
    write_producer("patrol-log", REFUSES_ALL);
    assert_int_equal(run_feed(10000, 0, &e), EX_DATAERR);
    assert_in_range(read_truth().lines, 7400, 8100);
}

static void a_producer_that_dies_costs_only_its_lines(void **state)
{
    struct err e;
    (void)state;

    write_producer("drone-alert", DIES);
    write_producer("case-action", KEEPS);
    assert_int_equal(run_feed(10000, 0, &e), 70);
    struct truth truth = read_truth();
    assert_int_equal(truth.alerts, 500);
    assert_in_range(truth.lines - truth.alerts, 2900, 3600);
}

static void a_signal_is_told_as_a_shell_would(void **state)
{
    struct err e;
    (void)state;

    write_producer("drone-alert", "kill -9 $$");
    write_producer("case-action", KEEPS);
    assert_int_equal(run_feed(1000, 0, &e), 128 + SIGKILL);
    write_producer("drone-alert", REFUSES);
    assert_int_equal(run_feed(1000, 0, &e), EX_TEMPFAIL);
}

static void a_signal_ends_the_sending_only(void **state)
{
    struct err e;
    (void)state;

    write_producer("drone-alert", "(sleep 0.1; kill -TERM $PPID) &\n" ACCEPTS);
    assert_int_equal(run_feed(1000000000, 0, &e), 0);
    assert_in_range(read_truth().lines, 1, 100000000);
}

static void the_rate_is_kept(void **state)
{
    struct err e;
    (void)state;

    int64_t before_ms = clock_monotonic_ms();
    assert_int_equal(run_feed(400, 1000, &e), 0);
    assert_true(clock_monotonic_ms() - before_ms >= 395);
    assert_int_equal(read_truth().lines, 400);
}

static void what_cannot_be_run_is_named(void **state)
{
    char path[64];
    struct err e;
    (void)state;

    snprintf(path, sizeof path, "%s/gridloop-produce-case-action", dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(run_feed(100, 0, &e), EX_UNAVAILABLE);
    assert_int_equal(e.outcome, FATAL);
    assert_non_null(strstr(e.message, "gridloop-produce-case-action"));
    write_producer("case-action", "echo 1 nonsense");
    assert_int_equal(run_feed(100, 0, &e), EX_SOFTWARE);
}

int main(void)
{
#define LEDGER(test) cmocka_unit_test_setup_teardown(test, ledger_setup, ledger_teardown)
#define FEED(test) cmocka_unit_test_setup_teardown(test, feed_setup, feed_teardown)
    const struct CMUnitTest tests[] = {
        LEDGER(truth_tells_resends_from_sightings),
        LEDGER(a_line_passed_over_is_refused),
        LEDGER(many_lines_may_be_open),
        LEDGER(nonsense_is_not_believed),
        FEED(all_that_was_accepted_is_true),
        FEED(producers_get_their_options),
        FEED(refused_lines_are_not_true),
        FEED(a_producer_that_dies_costs_only_its_lines),
        FEED(a_signal_is_told_as_a_shell_would),
        FEED(a_signal_ends_the_sending_only),
        FEED(the_rate_is_kept),
        FEED(what_cannot_be_run_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
