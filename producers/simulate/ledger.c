/* ledger.c - a ring of what is not yet answered, and the file of what is true. */
#include "producers/simulate/ledger.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"

struct sent {
    uint8_t event_id[UUID_SIZE];
    uint8_t first_id[UUID_SIZE];
    uint64_t thing;
    enum simulate_kind kind;
    bool is_resend, is_sighting, is_false;
};

enum { FIRST_ROOM = 4096 };

void ledger_init(struct ledger *ledger, enum simulate_kind kind)
{
    *ledger = (struct ledger){.kind = kind, .first = 1, .room = FIRST_ROOM};
    ledger->open = xcalloc(ledger->room, sizeof *ledger->open);
}

void ledger_free(struct ledger *ledger)
{
    free(ledger->open);
    ledger->open = NULL;
}

static struct sent *line_at(const struct ledger *ledger, uint64_t number)
{
    return &ledger->open[number % ledger->room];
}

static void grow(struct ledger *ledger)
{
    struct ledger old = *ledger;

    ledger->room *= 2;
    ledger->open = xcalloc(ledger->room, sizeof *ledger->open);
    for (uint64_t number = old.first; number < old.first + old.count; number++)
        *line_at(ledger, number) = *line_at(&old, number);
    free(old.open);
}

static struct sent sent_of(const struct simulate_event *event)
{
    struct sent sent = {.thing = event->thing,
                        .kind = event->kind,
                        .is_resend = event->is_resend,
                        .is_sighting = event->is_sighting,
                        .is_false = event->is_false};

    memcpy(sent.event_id, event->event_id, UUID_SIZE);
    memcpy(sent.first_id, event->first_id, UUID_SIZE);
    return sent;
}

void ledger_send(struct ledger *ledger, const struct simulate_event *event)
{
    if (ledger->count == ledger->room)
        grow(ledger);
    *line_at(ledger, ledger->first + ledger->count++) = sent_of(event);
}

static void write_sent(FILE *truth, const struct sent *sent)
{
    char id[UUID_TEXT_SIZE], first[UUID_TEXT_SIZE];

    uuid_format(id, sent->event_id);
    uuid_format(first, sent->first_id);
    fprintf(truth, "%s\t%s\t%s\t%s\t", simulate_kind_name(sent->kind), id,
            sent->is_resend ? id : "-", sent->is_sighting ? first : "-");
    if (sent->thing)
        fprintf(truth, "%s-%016" PRIx64 "\n", sent->is_false ? "roof" : "thing",
                sent->thing);
    else
        fputs("-\n", truth);
}

void truth_write(FILE *truth, const struct simulate_event *event)
{
    struct sent sent = sent_of(event);

    write_sent(truth, &sent);
}

/* "12 019b8b5e-...": the number, and where the id begins. */
static const char *read_number(const char *line, uint64_t *number)
{
    char *end;

    *number = strtoull(line, &end, 10);
    return end > line && *end == ' ' ? end + 1 : NULL;
}

static enum outcome receive_line(struct ledger *ledger, const char *line, size_t size,
                                 FILE *truth, struct err *e)
{
    uint8_t event_id[UUID_SIZE];
    uint64_t number;
    const char *id = read_number(line, &number);
    const struct sent *sent;

    if (!id || !uuid_parse(event_id, id, size - (size_t)(id - line)))
        return err_set(e, FATAL, "not a receipt");
    if (number < ledger->first || number >= ledger->first + ledger->count)
        return err_set(e, FATAL, "a receipt for line %" PRIu64 ", which waits for none",
                       number);
    sent = line_at(ledger, number);
    if (memcmp(sent->event_id, event_id, UUID_SIZE) != 0)
        return err_set(e, FATAL, "the receipt for line %" PRIu64 " names another event",
                       number);
    write_sent(truth, sent);
    ledger->accepted++;
    ledger->resent += sent->is_resend;
    ledger->refused += number - ledger->first;
    ledger->count -= number + 1 - ledger->first;
    ledger->first = number + 1;
    return DONE;
}

enum outcome ledger_receive(struct ledger *ledger, struct text *received, FILE *truth,
                            struct err *e)
{
    size_t taken = 0;
    char *end;

    while (taken < received->size
           && (end = memchr(received->bytes + taken, '\n', received->size - taken))) {
        size_t size = (size_t)(end - received->bytes) - taken;

        *end = '\0';
        if (receive_line(ledger, received->bytes + taken, size, truth, e))
            return err_wrap(e, "gridloop-produce (%s)", simulate_kind_name(ledger->kind));
        taken += size + 1;
    }
    if (taken) {
        memmove(received->bytes, received->bytes + taken, received->size - taken);
        received->size -= taken;
    }
    return DONE;
}
