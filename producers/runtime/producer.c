/* producer.c - the loop that every producer is. */
#include "producers/runtime/producer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/notify.h"
#include "common/point.h"
#include "common/reload.h"
#include "common/standard.h"
#include "common/stop.h"
#include "producers/runtime/accept.h"
#include "producers/runtime/complaint.h"
#include "producers/runtime/deliver.h"
#include "producers/runtime/group.h"
#include "producers/runtime/input.h"
#include "producers/runtime/pulse.h"
#include "producers/runtime/report.h"
#include "producers/runtime/settings.h"

enum {
    GROUP_BYTES = 4 << 20, /* a group also ends here */
    IDLE_MS = 100,         /* longest wait for a line */
    BUSY_MS = 20,          /* the same while Kafka's reports are due */
    MUTE_MS = 5000,        /* receipts that wait for longer are worth a word */
    TROUBLE_MS = 100,      /* between two tries to commit */
    STOP_S = 10,           /* to the end, behind the wait for delivery */
    DELETE_COUNT =
        1000, /* so many persisted events do not wait for a group to be deleted with, */
    DELETE_MS = 50 /* nor any for longer than this */
};

struct producer {
    const struct producer_kind *kind;
    const struct option_set *options;
    struct producer_settings settings;
    const volatile sig_atomic_t *stops; /* SIGTERM and SIGINT so far */
    struct acceptor *acceptor;
    struct spool *spool;
    struct input *input;
    struct reframe *reframe; /* NULL: no registry */
    struct deliver *deliver;
    struct report *report;
    struct group group;
    struct text receipts; /* of lines that are on disk, not yet printed */
    int64_t receipts_ms;  /* since when they wait */
    struct report_counts counts;
    struct pulse pulse;
    uint64_t not_taken; /* of those refused: only because the spool was full */
    uint64_t room;      /* bytes that the spool had left when the group was begun */
    int64_t committed_ms;
    bool many_files;
    bool blocked; /* the spool is full, and the group waits */
    struct complaint complaint, mute;
    bool ended;           /* nothing more will be read */
    struct err input_end; /* why, if not because it was all */
    int64_t deadline_ms;  /* of the wait for delivery, once ended */
    bool settled;         /* ended, and all that was taken is committed */
    uint64_t last;        /* highest sequence when it was settled: up to here we wait */
};

/* ---- lines in ---- */

static bool is_blank(const struct input_line *line)
{
    for (size_t i = 0; i < line->size; i++)
        if (!strchr(" \t\r", line->bytes[i]) || line->bytes[i] == '\0')
            return false;
    return true;
}

static enum outcome refuse(struct producer *p, const struct input_line *line,
                           struct err *e)
{
    const struct err reason = *e;

    p->counts.refused++;
    return report_refused(p->report, p->many_files ? line->file : NULL, line->number,
                          reason.message, line->bytes, line->size, e);
}

static void keep(struct producer *p, const struct input_line *line,
                 const struct spool_event *event)
{
    char id[UUID_TEXT_SIZE];

    group_add(&p->group, event);
    if (strcmp(p->settings.receipts, "line") != 0)
        return;
    uuid_format(id, event->event_id);
    text_format(&p->group.receipts, "%s%s%" PRIu64 " %s\n",
                p->many_files ? line->file : "", p->many_files ? ":" : "", line->number,
                id);
}

/* With --when-full reject. What the group already holds counts. */
static enum outcome check_room(struct producer *p, const struct spool_event *event,
                               struct err *e)
{
    if (strcmp(p->settings.when_full, "reject") != 0
        || p->group.bytes + event->value_size <= p->room)
        return DONE;
    p->not_taken++;
    return err_set(e, REJECT, "the spool is full");
}

static enum outcome take_line(struct producer *p, const struct input_line *line,
                              struct err *e)
{
    struct spool_event event;
    enum outcome outcome;

    if (is_blank(line)) {
        group_take(&p->group, line, false);
        return DONE;
    }
    if (line->too_long)
        outcome = err_set(e, REJECT, "is longer than %" PRId64 " bytes",
                          p->settings.max_line_bytes);
    else
        outcome =
            accept_line(p->acceptor, line->bytes, line->size, p->group.arena, &event, e);
    if (outcome == DONE)
        outcome = check_room(p, &event, e);
    group_take(&p->group, line, outcome != DONE);
    if (outcome == DONE)
        keep(p, line, &event);
    return outcome == REJECT ? refuse(p, line, e) : outcome;
}

static int64_t group_age_ms(const struct producer *p)
{
    return clock_monotonic_ms() - p->group.opened_ms;
}

static bool group_is_full(const struct producer *p)
{
    return p->group.lines > 0
           && (p->group.lines >= (size_t)p->settings.group_rows
               || p->group.bytes >= GROUP_BYTES
               || group_age_ms(p) >= p->settings.group_ms);
}

static int wait_ms(const struct producer *p)
{
    if (p->group.lines > 0) {
        int64_t left = p->settings.group_ms - group_age_ms(p);
        return left > 0 ? (int)left : 0;
    }
    return deliver_is_busy(p->deliver) ? BUSY_MS : IDLE_MS;
}

/* What was read so far is still accepted. */
static void end_input(struct producer *p, const struct err *why)
{
    p->ended = true;
    p->input_end = why ? *why : (struct err){.outcome = DONE};
    p->deadline_ms =
        clock_monotonic_ms() + (int64_t)ceil(p->settings.deliver_timeout_s * 1000);
}

/* Takes lines until the group is full or old enough, or none comes. */
static enum outcome gather(struct producer *p, struct err *e)
{
    struct input_line line;
    enum input_got got;

    while (!p->ended && !*p->stops && !group_is_full(p)) {
        if (p->group.lines == 0 && spool_room(p->spool, &p->room, e))
            return e->outcome; /* here, where no line is in our hands yet */
        got = input_next(p->input, wait_ms(p), &line, e);
        if (got == INPUT_LINE && take_line(p, &line, e))
            return e->outcome;
        if (got == INPUT_NOTHING && p->group.lines == 0)
            return DONE;
        if (got == INPUT_FAILED && e->outcome == RETRY)
            return RETRY;
        if (got == INPUT_END || got == INPUT_FAILED)
            end_input(p, got == INPUT_FAILED ? e : NULL);
    }
    return DONE;
}

/* ---- to disk ---- */

/* One transaction: the group with its places, and the removal of what Kafka has. */
static enum outcome store(struct producer *p, bool with_group, struct err *e)
{
    uint64_t *gone;
    size_t gone_count = deliver_persisted(p->deliver, &gone);

    if (gone_count)
        POINT("producer_after_persisted");
    if (spool_begin(p->spool, e) || (with_group && group_store(&p->group, p->spool, e))
        || spool_delete(p->spool, gone, gone_count, e))
        return e->outcome;
    POINT("producer_before_commit");
    if (spool_commit(p->spool, e))
        return e->outcome;
    if (gone_count)
        POINT("producer_after_delete");
    deliver_forget(p->deliver);
    p->committed_ms = clock_monotonic_ms();
    return DONE;
}

/* As long as any wait, no more lines are read; but delivery goes on. */
static enum outcome print_receipts(struct producer *p, struct err *e)
{
    if (p->receipts.size == 0)
        return DONE;
    if (report_receipts(&p->receipts, e))
        return e->outcome;
    if (p->receipts.size == 0)
        POINT("producer_after_receipts");
    else if (clock_monotonic_ms() - p->receipts_ms >= MUTE_MS)
        complain(&p->mute, "reading waits", "nobody takes the receipts");
    return DONE;
}

/* From here on the group's lines are accepted, and may be said to be. */
static enum outcome tell(struct producer *p, struct err *e)
{
    const struct text empty = p->receipts; /* no group is made while any wait */

    POINT("producer_after_commit");
    p->counts.accepted += p->group.count;
    p->receipts = p->group.receipts;
    p->receipts_ms = clock_monotonic_ms();
    p->group.receipts = empty;
    group_clear(&p->group);
    return print_receipts(p, e);
}

static bool must_delete(const struct producer *p)
{
    uint64_t *gone;
    size_t count = deliver_persisted(p->deliver, &gone);

    return count >= DELETE_COUNT
           || (count > 0 && clock_monotonic_ms() - p->committed_ms >= DELETE_MS);
}

/* With --when-full block the group waits until there is room. */
static enum outcome look_for_room(struct producer *p, bool *room, struct err *e)
{
    uint64_t bytes = 0;

    *room = true;
    if (p->group.count == 0 || strcmp(p->settings.when_full, "block") != 0)
        return DONE;
    if (spool_room(p->spool, &bytes, e))
        return e->outcome;
    *room = bytes > 0;
    if (!*room && !p->blocked)
        log_warn("the spool is full; reading waits until events are delivered", "spool",
                 p->settings.spool, NULL);
    p->blocked = !*room;
    return DONE;
}

static enum outcome commit(struct producer *p, struct err *e)
{
    bool with_group = p->group.lines > 0, room = true;
    struct err ignored;

    if (with_group && (report_settle(p->report, e) || look_for_room(p, &room, e)))
        return e->outcome;
    with_group = with_group && room;
    if (!with_group && !must_delete(p))
        return DONE;
    if (store(p, with_group, e)) {
        if (e->outcome == RETRY && with_group)
            store(p, false, &ignored); /* makes room on a full disk */
        return e->outcome;
    }
    return with_group ? tell(p, e) : DONE;
}

/* ---- the loop ---- */

/* One turn: lines in, to disk, receipts out, spool to Kafka. Trouble with the disk does
 * not keep what is spooled from being sent. */
static enum outcome pump_once(struct producer *p, struct err *e)
{
    struct err delivery;
    enum outcome outcome;
    int wait = 0;

    if (*p->stops && !p->ended)
        end_input(p, NULL);
    outcome = print_receipts(p, e);
    if (outcome == DONE && p->receipts.size == 0)
        outcome = gather(p, e);
    if (outcome == DONE)
        outcome = commit(p, e);
    if (outcome == FATAL)
        return FATAL;
    if (outcome == RETRY)
        wait = TROUBLE_MS;
    else if (p->blocked || p->ended || p->receipts.size)
        wait = BUSY_MS;
    if (deliver_pump(p->deliver, wait, &delivery)) {
        *e = delivery;
        outcome = e->outcome;
    }
    return outcome;
}

/* All taken lines are committed, and those up to there are gone from the spool. */
static enum outcome look_whether_delivered(struct producer *p, bool *delivered,
                                           struct err *e)
{
    uint64_t first = 0, last = 0;

    if (spool_range(p->spool, &first, &last, e))
        return e->outcome;
    if (!p->settled && p->group.lines == 0) {
        p->settled = true;
        p->last = last;
    }
    *delivered = p->settled && (first == 0 || first > p->last);
    return DONE;
}

static bool out_of_time(const struct producer *p)
{
    return *p->stops > 1 || (p->ended && clock_monotonic_ms() >= p->deadline_ms);
}

/* All done, and nothing of other processes half done; or the time for that is over. */
static enum outcome look_for_end(struct producer *p, bool *end, struct err *e)
{
    bool delivered = false;

    *end = false;
    if (!p->ended)
        return DONE;
    if (look_whether_delivered(p, &delivered, e))
        return e->outcome;
    if (delivered)
        deliver_finish(p->deliver);
    *end = (delivered && !deliver_is_busy(p->deliver) && p->receipts.size == 0)
           || out_of_time(p);
    return DONE;
}

static void show_progress(struct producer *p)
{
    p->counts.delivered = deliver_total(p->deliver);
    report_progress(p->report, &p->counts);
}

static enum outcome run(struct producer *p, struct err *e)
{
    const char *trouble = NULL;
    bool end = false;

    notify_ready();
    while (!end) {
        enum outcome outcome;

        pulse_turn(&p->pulse, p->spool, p->deliver, &p->counts, trouble);
        if (reload_if_asked())
            log_set_level(p->settings.log_level);
        outcome = pump_once(p, e);
        if (outcome == DONE)
            outcome = look_for_end(p, &end, e);
        if (outcome == FATAL)
            return FATAL;
        trouble = outcome == RETRY ? e->message : NULL;
        if (trouble) {
            metrics_retry("");
            complain(&p->complaint, "trouble; trying again", trouble);
            end = out_of_time(p);
        }
        show_progress(p);
    }
    return DONE;
}

/* ---- beginning and end ---- */

/* What is written to a file must not be read from it again, without end. */
static enum outcome check_rejects(const struct producer *p, struct err *e)
{
    const char *rejects = p->settings.rejects;
    bool is_spool = false;

    if (!rejects)
        return DONE;
    if (input_has(p->input, rejects) || (is_spool = spool_is_at(p->spool, rejects)))
        return err_exit(e, EX_USAGE, "rejects: %s is %s", rejects,
                        is_spool ? "the spool" : "one of the files that are read");
    return DONE;
}

static enum outcome start(struct producer *p, int argc, char **argv, struct err *e)
{
    struct option_list files = {0};
    struct producer_settings *s = &p->settings;
    struct input_settings input;

    if (settings_load(s, p->options, argc, argv, &files, e))
        return e->outcome;
    /* Who reads our log or the refused lines may stand still for ever. */
    stop_count_signals((int64_t)ceil(s->deliver_timeout_s) + STOP_S, STOP_S);
    if (pulse_begin(&p->pulse, s, p->kind->name, e))
        return e->outcome;
    p->many_files = files.count > 1;
    input = (struct input_settings){.follow = s->follow,
                                    .max_line_bytes = (size_t)s->max_line_bytes};
    group_begin(&p->group);
    if (!(p->acceptor = acceptor_open(p->kind, s->name_space, e))
        || !(p->spool = spool_open(s->spool, (uint64_t)s->spool_max_bytes, e))
        || !(p->input = input_open(p->spool, files.items, files.count, &input, e))
        || check_rejects(p, e) || !(p->report = report_open(s->rejects, e))
        || (s->registry.url && !(p->reframe = reframe_open(&s->registry, e)))
        || !(p->deliver = deliver_open(p->spool, &s->kafka, p->reframe, e)))
        return e->outcome;
    return isatty(STDERR_FILENO) ? spool_count(p->spool, &p->counts.spooled, e) : DONE;
}

static void stop(struct producer *p)
{
    pulse_end();
    report_close(p->report);
    deliver_close(p->deliver);
    reframe_close(p->reframe);
    input_close(p->input);
    spool_close(p->spool);
    acceptor_close(p->acceptor);
    group_end(&p->group);
    text_free(&p->receipts);
}

static void describe_end(struct producer *p, uint64_t spooled, struct text *out)
{
    if (p->counts.refused)
        text_format(out, "%" PRIu64 " refused", p->counts.refused);
    if (p->not_taken)
        text_format(out, " (%" PRIu64 " of them because the spool is full)",
                    p->not_taken);
    if (p->group.lines)
        text_format(out, "%s%zu lines read and not accepted", out->size ? "; " : "",
                    p->group.lines);
    if (spooled)
        text_format(out, "%s%" PRIu64 " spooled, the next run sends them%s",
                    out->size ? "; " : "", spooled,
                    deliver_was_refused(p->deliver)
                        ? " (Kafka did not take all of them: see above)"
                        : "");
    if (p->receipts.size)
        text_format(out, "%snobody took the last receipts, of lines that are accepted",
                    out->size ? "; " : "");
    if (input_incomplete(p->input))
        text_format(out, "%slines of a rotated file were not read: see above",
                    out->size ? "; " : "");
}

/* What is left, said and as an exit code. */
static int conclude(struct producer *p)
{
    uint64_t first = 0, last = 0, spooled = 0;
    struct text said = {0};
    struct err e;
    int code = p->counts.refused ? EX_DATAERR : EX_OK;
    bool known = spool_range(p->spool, &first, &last, &e) == DONE;

    if (known && first && (!p->settled || first <= p->last))
        known = spool_count(p->spool, &spooled, &e) == DONE;
    if (!known)
        log_error("nobody knows what is left in the spool", "reason", e.message, NULL);
    log_info("finished", "accepted", LOG_NUMBER(p->counts.accepted), "refused",
             LOG_NUMBER(p->counts.refused), "delivered",
             LOG_NUMBER(deliver_total(p->deliver)), "spooled", LOG_NUMBER(spooled), NULL);
    describe_end(p, spooled, &said);
    if (said.size)
        fprintf(stderr, "%s\n", said.bytes);
    if (!known || spooled || p->group.lines || p->not_taken || input_incomplete(p->input))
        code = EX_TEMPFAIL;
    if (p->receipts.size)
        code = EX_IOERR;
    text_free(&said);
    return code;
}

int producer_main(int argc, char **argv, const struct producer_kind *kind)
{
    static struct option_set options; /* static, as what is read again on a signal */
    struct producer p = {.kind = kind, .options = &options};
    struct err e = {.outcome = DONE};
    int code = EX_OK;

    standard_hold();
    notify_begin();
    options = producer_options(kind);
    log_set_context("kind", kind->name);
    p.stops = stop_count_signals(STOP_S, STOP_S);
    if (start(&p, argc, argv, &e) == DONE && run(&p, &e) == DONE) {
        report_leave(p.report);
        code = conclude(&p);
        e = p.input_end;
    }
    stop(&p);
    return e.outcome ? err_report(options.program, &e) : code;
}
