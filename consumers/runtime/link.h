/* link.h - decides, one after the other, which case each new sighting belongs to: a pure function.
 *
 * It reads rules, cases near by and sightings, and says what became of each sighting and how the cases have
 * changed. No database, no clock, no memory but the arena's. The store stage, `dedup simulate`, rebuild and
 * the tests call the same function. Sightings are decided in the order given (offset order), each against
 * the cases as the ones before it left them; so the result does not depend on how they were cut into calls,
 * as long as what one call changed is given to the next.
 *
 * One sighting (in quotes: the rules of the contract and of linking, as they were agreed)
 *
 *  1. By id. "A later event with the same producer_id + alert_id, finding_id or patrol_id is a revision:
 *     ... joined by that id before any spatial rule, opens nothing": LINK_REVISION, in the case of the first.
 *     "UPDATE revises the sighting of references_alert_id; CANCEL withdraws it: a case whose only sighting is
 *     withdrawn and to which nobody was sent becomes CANCELLED by the platform, else a person is asked":
 *     LINK_WITHDRAWN with LINK_CANCELS_CASE or, if the case is open, LINK_ASKS_PERSON. "Either may come before
 *     its ALERT and waits for it": LINK_WAITS, and the alert then has LINK_TAKES_WAITING. What a revision saw
 *     later keeps the case alive (last_us), so that a fire that one flight follows for an hour stays one.
 *     A sighting that names a case that is there already (raised_case_ids) belongs to it, if its state allows.
 *  2. No rule (a patrol without category): LINK_NO_CASE. The same, with LINK_ID_TAKEN, where the id that would open
 *     a case and the one derived in its place are both another case's: nobody meets that without meaning to.
 *  3. "occurred_at outside [recorded_at - 30 days, + 10 min] links with recorded_at and is flagged":
 *     LINK_TIME_IMPLAUSIBLE.
 *  4. Candidates: cases of the same group and is_test ("linked only with each other") within twice the
 *     effective radius, limits inclusive; "a merged candidate is followed to its head", which then answers
 *     for it, while the place stays that of the candidate. link_rule.h says what each would make of it.
 *  5. The best candidate, in this order; among equals "nearest (tie: first opened)":
 *       sure ones that take it         more, reopen, muted. Among these the nearest decides, whatever its
 *                                      state: a lawful roof beside a case must not feed that case
 *       sure ones that it repeats      "repeat (a new case with repeat_of_case_id)"
 *       doubtful ones that would take it   "possible_repeat (a new case in REPORTED, not dispatched until a
 *                                      person answers ...): between 1 x and 2 x the radius, accuracy above
 *                                      100 m, or another responsible unit"
 *     None: "new".
 *
 * "Effective radius = max(rule, 2·√(σ₁²+σ₂²))"; here an accuracy above 100 m counts as 100 m, because such a
 * match is doubtful anyhow, and the search needs a bound: with rules up to 300 m nothing farther than 600 m
 * matters, which is less than a cell of 640 m. So 3 x 3 cells hold all candidates.
 *
 * What is left out of the table of rules in the domain's notes, because no event has such ids: rules by
 * building, by address, and by overlap of polygons.
 *
 * How the transaction of a batch uses it ("insert events - learn which are new - lock stripes (sorted) -
 * read cases - link the new - case rows - sightings ...")
 *
 *  1. Of each new event make a struct link_sighting; report_id by link_report_id(), case_id by kind: "drone_alert
 *     its event_id; inspection_finding its finding_id; patrol_log raised_case_ids[0] if it has category".
 *  2. Lock, sorted, the distinct stripes link_stripe(group, cell) of link_cells_near() of each sighting, and
 *     link_id_stripe() of the ids: each case_id ("the ids they might open") and each report_id.
 *  3. Draw link_seq. Read the cases: all in those (group, cell), but for those beyond all windows, open or not; those
 *     with one of the case_ids; the reports with one of the report_ids and the cases these are in; the heads
 *     of all merged ones. If one of these lies in a cell whose stripe is not held, run the transaction again
 *     with that stripe, too.
 *  4. link_sightings().
 *     A derived id (link_spare_id()) is looked up only if writing it showed that it is taken: then with all of them.
 *  5. Write the cases that are new or changed, by rising case_id; a sighting for each decision; where
 *     LINK_TAKES_WAITING is set, the case_id into the waiting sightings of that report. A case's cell is
 *     link_cell() of its place and never changes. */
#ifndef GRIDLOOP_LINK_H
#define GRIDLOOP_LINK_H

#include "common/arena.h"
#include "consumers/runtime/link_index.h"
#include "consumers/runtime/link_rule.h"

/* ---- what comes in ---- */

enum link_message { LINK_REPORT, LINK_UPDATE, LINK_CANCEL };

struct link_sighting {
    uint8_t event_id[UUID_SIZE];
    uint8_t report_id[UUID_SIZE]; /* what it reports, or what it revises */
    uint8_t case_id[UUID_SIZE];   /* of the case that it would open */
    enum link_message message;
    const struct link_rule
        *rule; /* valid at occurred_at; NULL: no case is to come of it */
    uint32_t group;
    bool is_test;
    int64_t occurred_us, recorded_us;
    struct link_place place; /* accuracy_m: NaN takes default_accuracy_m */
    double
        default_accuracy_m; /* "missing accuracy takes reference.position_default per position kind" */
    const char *unit; /* responsible for the place; NULL: not known */
    bool
        sends; /* "auto_dispatch and the certainty allow": an order goes out if it opens a case */
};

/* What is known under a report_id. */
struct link_report {
    uint8_t report_id[UUID_SIZE];
    uint8_t case_id[UUID_SIZE]; /* if has_case */
    bool has_case;
    bool has_come;           /* the report itself; else only what revises it */
    bool waits;              /* an UPDATE or CANCEL does */
    bool is_withdrawn;       /* or will be, when it comes */
    bool is_new, is_changed; /* set by linking; false in what it is given */
};

struct link_input {
    const struct link_sighting *sightings;
    size_t sighting_count;
    const struct link_case *cases; /* each once */
    size_t case_count;
    const struct link_report *reports; /* each once */
    size_t report_count;
    int64_t link_seq; /* above the opened_seq of all cases */
    struct link_case
        *in_place; /* NULL; or the cases, with room for one more a sighting: then
                                 * they are changed where they are, and not copied */
};

/* ---- what comes out ---- */

enum link_outcome {
    LINK_NEW,
    LINK_MORE,
    LINK_REOPEN,
    LINK_REPEAT,          /* opens a case; related_id: the one that it repeats */
    LINK_POSSIBLE_REPEAT, /* opens a case that waits; related_id: the one that it may belong to */
    LINK_MUTED,
    LINK_REVISION,
    LINK_WITHDRAWN,
    LINK_WAITS,
    LINK_NO_CASE
};

/* By what a case was found. */
enum link_basis {
    LINK_BY_NOTHING,
    LINK_BY_REPORT, /* report_id */
    LINK_BY_NAME,   /* it named the case */
    LINK_BY_DISTANCE,
    LINK_BY_KEY
};

enum {
    LINK_TIME_IMPLAUSIBLE = 1, /* recorded_at was used */
    LINK_BEFORE_FIRST = 2,     /* before the case's first sighting */
    LINK_OF_PAST_LIFE = 4,     /* of a closed case, from before it was handled */
    LINK_ACCURACY_ASSUMED = 8, /* default_accuracy_m was used */
    LINK_FAR = 16,             /* possible_repeat: beyond the effective radius */
    LINK_INACCURATE = 32,      /* possible_repeat: a position worse than 100 m */
    LINK_OTHER_UNIT = 64,      /* possible_repeat */
    LINK_ID_TAKEN = 128,       /* case_id was another case's: one was derived */
    LINK_CANCELS_CASE = 256,
    LINK_ASKS_PERSON = 512,
    LINK_TAKES_WAITING = 1024,
    LINK_SENDS = 2048 /* the case is opened, or reopened, with an order */
};

struct link_decision {
    enum link_outcome outcome;
    enum link_basis basis;
    unsigned flags;
    uint8_t case_id[UUID_SIZE];    /* all zero: in none */
    uint8_t related_id[UUID_SIZE]; /* all zero: none */
    int64_t used_us;               /* the time that counted */
    int64_t
        age_us; /* against the moment that the window was measured from; 0 without a basis */
    double distance_m, radius_m; /* to the case found, effective; NaN: no distance */
};

/* cases and reports: those given, in their order, and behind them the new ones. All in the arena, but for cases that are
 * changed in place; texts are those given. */
struct link_output {
    struct link_decision *decisions; /* one a sighting */
    struct link_case *cases;
    size_t case_count;
    struct link_map case_ids; /* case_id -> its number in cases */
    struct link_report *reports;
    size_t report_count;
};

void link_sightings(struct arena *arena, const struct link_input *input,
                    struct link_output *output);

/* ---- ids, cells, stripes ---- */

/* UUIDv5 of what an event reports. kind: "drone_alert"; key: as of its Kafka message, of the alert that is
 * referred to where one is. Test events have ids of their own, so they never revise another. */
void link_report_id(uint8_t id[UUID_SIZE], const char *kind, bool is_test,
                    const void *key, size_t size);

/* UUIDv5 of both: for a case whose own id is taken. */
void link_spare_id(uint8_t id[UUID_SIZE], const uint8_t case_id[UUID_SIZE],
                   const uint8_t event_id[UUID_SIZE]);

/* Key of a place without geometry: UUIDv5 of unit and issue. */
void link_place_key(uint8_t key[UUID_SIZE], const char *unit, const char *issue);

#define LINK_CELL_M 640.0
/* As good as positions mostly are. Cases at better ones are looked for in a smaller place: near.h, link_index.h, and
 * the index case_file_accurate, whose condition has this number too. */
#define LINK_FINE_ACCURACY_M 10.0
enum { LINK_CELLS_NEAR = 12, LINK_STRIPES = 256 };

/* Where a case is stored under; 0 for LINK_NOWHERE. Below 0 for keys. */
int64_t link_cell(const struct link_place *place);

/* The cells in which candidates can lie; their number: at most 9 up to a latitude of 80 degrees, 0 for
 * LINK_NOWHERE. */
size_t link_cells_near(const struct link_place *place, int64_t cells[LINK_CELLS_NEAR]);

/* 0 to LINK_STRIPES - 1. */
unsigned link_stripe(const char *group, int64_t cell);
unsigned link_id_stripe(const uint8_t id[UUID_SIZE]);

const char *link_outcome_name(enum link_outcome outcome); /* "possible_repeat" */
const char *link_message_name(enum link_message message); /* "report" */
const char *link_basis_name(enum link_basis basis);       /* "distance" */

/* The accuracy that counts, in metres; NaN: it is not at a point. */
double link_counted_accuracy_m(const struct link_sighting *sighting);

/* The case that the one that it opens repeats, or may; NULL: none. */
const uint8_t *link_repeat_of(const struct link_decision *decision);
const uint8_t *link_may_repeat(const struct link_decision *decision);

/* True: the case that the decision names was opened by it. */
bool link_opens_case(const struct link_decision *decision);

#endif
