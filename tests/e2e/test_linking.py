"""Which case each report belongs to: decided in the transaction that stores it, the same however the messages were cut
into batches, and whatever dies meanwhile."""
import datetime
import math
import signal
import time

import pytest

import linking
from checker import check_all
from events import KINDS, random_uuid
from linking import HERE, HOUR, NOON, RULES, SENDING, about, alert, moved, patrol
from world import good

FINDING = "inspection_finding"
needs_la = linking.needs_la


# ---- real requests, one partition ----

def findings_of_los_angeles(world, count=None):
    """Sends them, and returns what the function makes of findings alone."""
    rules = linking.la_rules(linking.la_expected(), "R1")
    linking.load_la_rules(world, rules)
    events = list(linking.la_events(FINDING))[:count]
    world.make_topic(FINDING)
    world.produce(good(FINDING, event) for event in events)
    return rules, linking.link(world.folder, rules, [linking.finding_sighting(event) for event in events])


def check_findings(world, rules, wanted):
    found = sorted(linking.stored(world), key=lambda s: s.row["topic_offset"])
    wrong = list(linking.differences(found, wanted))
    assert not wrong, "\n".join(wrong[:10] + [f"({len(wrong)} of {len(found)})"])
    linking.check_replay(world, rules)
    linking.check_books(world)
    world.areas = {None: []}
    check_all(world)


@needs_la
@pytest.mark.parametrize("rows, count", [(10_000, None), (7, None), (1, 1500)])
def test_real_repeats(world, rows, count, capsys):
    """7,912 real findings: each in the case that the function says."""
    rules, wanted = findings_of_los_angeles(world, count)
    world.settle_and_stop(world.consumer(FINDING, batch_rows=rows, linger_ms=1000), timeout=120)
    check_findings(world, rules, wanted)
    with capsys.disabled():
        print(f"\n{len(wanted)} findings in batches of {rows}: {world.sql('select count(*) from follow_up.case_file')[0][0]}"
              " cases, all as the function says")


@needs_la
@pytest.mark.slow
def test_real_repeats_and_kills(world):
    """A consumer dies at each point of the step, one after the other: as if nothing had happened."""
    rules, wanted = findings_of_los_angeles(world)
    for point in ("before_stripes:2", "after_stripes:3", "mid_copy:2", "after_link:2", "before_commit:3",
                  "after_commit:2"):
        victim = world.consumer(FINDING, build="points", batch_rows=500, point=f"{point}:kill", wait=False)
        assert victim.wait_exit(60) == -signal.SIGKILL, victim.output()
    assert 0 < world.rows(FINDING) < len(wanted)
    world.settle_and_stop(world.consumer(FINDING, batch_rows=500), timeout=120)
    check_findings(world, rules, wanted)


@needs_la
@pytest.mark.slow
def test_real_repeats_of_two_kinds(world, capsys):
    """9,989 requests by residents and crews, six partitions each, three daemons, of which one is killed: every link
    keeps the rule, and the function comes to the same in the order that is stored."""
    rules = linking.la_rules(linking.la_expected(), "R1")
    linking.load_la_rules(world, rules)
    kinds = (FINDING, "patrol_log")
    for kind in kinds:
        world.make_topic(kind, partitions=6)
    options = {"batch_rows": 200}
    victim = world.consumer(FINDING, build="points", point="after_link:6:kill", wait=False, **options)
    daemons = [world.consumer(kind, wait=False, **options) for kind in (FINDING, "patrol_log")]
    victim.wait_claimed(3)
    for kind in kinds:
        world.produce(good(kind, event) for event in linking.la_events(kind))
    assert victim.wait_exit(60) == -signal.SIGKILL, victim.output()
    daemons.append(world.consumer(FINDING, wait=False, **options))
    world.settle_and_stop(*daemons, timeout=120)
    found = linking.check_replay(world, rules)
    linking.check_books(world)
    world.areas = {None: []}
    check_all(world)
    assert len(found) == 9989
    for s in found:
        rule, d = rules[s.sighting.group], s.decision
        assert d.outcome in ("new", "more", "possible_repeat"), d
        assert d.outcome != "more" or d.basis == "distance" and d.distance <= rule.radius and abs(d.age) <= rule.merge, d
    shared = world.sql("select count(*) from (select case_id from follow_up.sighting group by 1 "
                       "having count(distinct kind) = 2) c")[0][0]
    assert shared > 20
    cases = world.sql("select count(*) from follow_up.case_file")[0][0]
    with capsys.disabled():
        print(f"\n{len(found)} sightings, {cases} cases, {shared} of them seen by both kinds")


# ---- everything that may come, in batches of any size ----

def stream(rng, count):
    """Alerts at a few dozen sites through ten days, revisions and withdrawals of them, some before their alert."""
    sites = [(moved(rng.uniform(0, 3000), rng.uniform(0, 3000)), rng.choice(list(RULES))) for _ in range(40)]
    said, now, late = [], NOON, []
    for _ in range(count):
        now += rng.randrange(2 * 10 * linking.DAY // count)
        dice = rng.random()
        if late and dice < 0.1:
            yield late.pop()
        elif said and dice < 0.25:
            yield about(rng, rng.choice(said[-60:]), rng.choice(("UPDATE", "CANCEL")), occurred_at=now, recorded_at=now)
        else:
            site, group = rng.choice(sites)
            away = rng.choice((0, 3, 20, 60))
            event = alert(rng, (site[0] + rng.uniform(-away, away) / 90_000, site[1] + rng.uniform(-away, away) / 111_195),
                          group, now, certainty=rng.choice(("LIKELY", "POSSIBLE")), is_test=rng.random() < 0.1,
                          horizontal_accuracy_m=rng.choice((None, 1.5, 8.0, 25.0, 100.5)))
            if dice > 0.97:
                event["occurred_at"] -= 40 * linking.DAY
            if dice > 0.93:
                late.append(event)
                yield about(rng, event, rng.choice(("UPDATE", "CANCEL")))
                continue
            said.append(event)
            yield event


def test_batch_sizes_give_the_same_cases(world):
    """Batches of 1, 7 and 10,000: the same cases, sightings and steps, and those of the function."""
    kind, answers, outcomes = "drone_alert", [], set()
    world.make_topic(kind)
    events = list(stream(world.rng(), 600))
    world.produce(good(kind, event) for event in events)
    for rows in (10_000, 7, 1):
        one = world.twin()
        linking.load_town_rules(one)
        one.settle_and_stop(one.consumer(kind, batch_rows=rows, linger_ms=1000))
        outcomes |= {s.decision.outcome for s in linking.check_replay(one, RULES, SENDING, f"{rows}..50")}
        linking.check_books(one)
        answers.append(linking.without_order(one))
    for name, *parts in zip(("cases", "sightings", "steps"), *answers):
        assert parts[0] and parts[0] == parts[1] == parts[2], name
    assert outcomes >= {"new", "more", "repeat", "possible_repeat", "revision", "withdrawn", "waits"}, outcomes


# ---- single courses ----

def run(world, kind, *batches, **options):
    """Each batch is read before the next one is sent. Returns the consumer's counts."""
    if kind not in [sent[0] for sent in world.sent]:
        world.make_topic(kind)
    daemon = world.consumer(kind, **options)
    for batch in batches:
        world.produce([good(kind, event) for event in batch])
        world.settle(kind)
    daemon.stop()
    return daemon.counts()


def courses(world):
    """event_id -> (outcome, names of flags, case_id)"""
    return {event_id: (outcome, set(flags), case_id) for event_id, outcome, flags, case_id in world.sql(
        "select event_id::text, outcome, follow_up.flag_names(flags), case_id::text from follow_up.sighting")}


def state(world, case_id):
    return world.sql("select state, case_version, standing, was_sent from follow_up.case_file where case_id = %s",
                     case_id)[0]


@pytest.mark.parametrize("together", (True, False))
def test_alerts_that_are_taken_back(world, together):
    """CANCEL behind its ALERT and before it, of one that nobody was sent to, of one that was, and of one of two."""
    rng = world.rng()
    linking.load_town_rules(world)
    quiet, sent, late = (alert(rng, moved(metres)) | {"certainty": certainty} for metres, certainty in
                         ((0, "POSSIBLE"), (2000, "LIKELY"), (4000, "LIKELY")))
    twice = [alert(rng, moved(6000)) for _ in range(2)]
    updated = alert(rng, moved(8000))
    events = [quiet, about(rng, quiet, "CANCEL"), sent, about(rng, sent, "CANCEL"), about(rng, late, "CANCEL"), late,
              *twice, about(rng, twice[0], "CANCEL"),
              updated, about(rng, updated, "UPDATE", longitude=moved(12_000)[0], occurred_at=NOON + HOUR,
                             recorded_at=NOON + HOUR)]
    run(world, "drone_alert", *([events] if together else [[event] for event in events]))
    found = [courses(world)[event["event_id"]] for event in events]
    ids = [event["event_id"] for event in events]
    assert found == [
        ("new", {"accuracy_assumed"}, ids[0]), ("withdrawn", {"cancels_case"}, ids[0]),
        ("new", {"accuracy_assumed", "sends"}, ids[2]), ("withdrawn", {"asks_person"}, ids[2]),
        ("waits", set(), None), ("new", {"accuracy_assumed", "takes_waiting", "cancels_case"}, ids[5]),
        ("new", {"accuracy_assumed"}, ids[6]), ("more", {"accuracy_assumed"}, ids[6]),
        ("withdrawn", {"asks_person"}, ids[6]),
        ("new", {"accuracy_assumed"}, ids[9]), ("revision", set(), ids[9])]
    assert [state(world, ids[number]) for number in (0, 2, 5, 6, 9)] == [
        ("CANCELLED", 2, 0, False), ("DISPATCHED", 2, 0, True), ("CANCELLED", 2, 0, False), ("REPORTED", 1, 1, False),
        ("REPORTED", 1, 1, False)]
    assert world.sql("select action, from_state, to_state, case_version, actor from follow_up.case_step order by 1, 2") == [
        ("CANCEL", "REPORTED", "CANCELLED", 2, "platform"), ("CANCEL", "REPORTED", "CANCELLED", 2, "platform"),
        ("DISPATCH", "REPORTED", "DISPATCHED", 2, "platform")]
    assert world.sql("select last_seen_at - first_seen_at from follow_up.case_file where case_id = %s", ids[9]) == [
        (datetime.timedelta(hours=1),)]
    linking.check_books(world)


def close(world, case_id, state, at, **changes):
    """As the consumer of actions would."""
    extra = "".join(f", {name} = '{value}'" for name, value in changes.items())
    world.sql(f"update follow_up.case_file set state = %s, closed_at = to_timestamp(%s){extra} where case_id = %s", state,
              at / 1e6, case_id)


def test_what_is_seen_again(world):
    """Of a closed case within the window, beyond it, and of one that was found to be nothing."""
    rng = world.rng()
    linking.load_town_rules(world)
    first = [alert(rng, moved(2000 * number), certainty="LIKELY") for number in range(4)]
    run(world, "drone_alert", first)
    ids = [event["event_id"] for event in first]
    for number, ended in ((0, "CLOSED"), (1, "CLOSED"), (2, "FALSE_ALARM")):
        close(world, ids[number], ended, NOON + HOUR)
    again = [alert(rng, moved(0), at=NOON + 2 * HOUR, certainty="LIKELY"),
             alert(rng, moved(2000), at=NOON + 3 * linking.DAY),
             *(alert(rng, moved(4000), at=NOON + n * HOUR) for n in (2, 3, 4, 5)),
             alert(rng, moved(0), at=NOON + HOUR // 2)]  # of the life that is over
    run(world, "drone_alert", again)
    found = courses(world)
    got = [found[event["event_id"]] for event in again]
    assert [(outcome, case_id) for outcome, _, case_id in got] == [
        ("reopen", ids[0]), ("repeat", again[1]["event_id"]), ("muted", ids[2]), ("muted", ids[2]), ("muted", ids[2]),
        ("new", again[5]["event_id"]), ("more", ids[0])]
    assert state(world, ids[0]) == ("DISPATCHED", 4, 3, True)
    assert state(world, ids[2]) == ("FALSE_ALARM", 2, 4, True)
    assert world.sql("select repeat_of::text from follow_up.case_file where case_id = %s", again[1]["event_id"]) == [(ids[1],)]
    assert world.sql("select action from follow_up.case_step where case_id = %s order by case_version", ids[0]) == [
        ("DISPATCH",), ("REOPEN",), ("DISPATCH",)]


def test_locks_that_were_not_foreseen(world):
    """A case merged into one far away, and a revision of a report from far away: the transaction is run again."""
    rng = world.rng()
    linking.load_town_rules(world)
    near, head, far = (alert(rng, moved(metres)) for metres in (0, 3000, 9000))
    run(world, "drone_alert", [near, head, far])
    close(world, near["event_id"], "MERGED", NOON + HOUR, merged_into=head["event_id"])
    more, update = alert(rng, moved(1), at=NOON + 2 * HOUR), about(rng, far, "UPDATE", longitude=moved(14_000)[0])
    counts = run(world, "drone_alert", [more, update])
    assert counts["redone"] >= 1 and counts["stored"] == 2, counts
    found = courses(world)
    assert found[more["event_id"]][::2] == ("more", head["event_id"])
    assert found[update["event_id"]][::2] == ("revision", far["event_id"])
    assert world.sql("select last_seen_at - first_seen_at from follow_up.case_file where case_id = %s",
                     head["event_id"]) == [(datetime.timedelta(hours=2),)]


def test_an_id_that_was_foreseen(world):
    """A case's id is taken, and somebody opened the one derived in its place beforehand: the report has no case, and
    nothing stands still."""
    rng = world.rng()
    linking.load_town_rules(world)
    opened = alert(rng, HERE)
    report = patrol(rng, moved(3000), raised_case_ids=[opened["event_id"]]) | {"is_test": True}
    twin = world.twin(filled=True)
    run(world, "drone_alert", [opened])
    run(world, "patrol_log", [report])
    outcome, flags, derived = courses(world)[report["event_id"]]
    assert outcome == "new" and "id_taken" in flags and derived != opened["event_id"]

    foreseen = alert(rng, moved(9000), event_id=derived)
    world.produce([good("drone_alert", foreseen)])
    for kind in ("drone_alert", "patrol_log"):
        daemon = twin.consumer(kind)
        twin.settle(kind)
        daemon.stop()
    found = courses(twin)
    assert found[foreseen["event_id"]][::2] == ("new", derived)
    assert found[report["event_id"]] == ("no_case", {"accuracy_assumed", "id_taken"}, None)
    assert daemon.counts()["redone"] >= 1


def test_more_cases_than_are_held_at_once(world):
    """Forty thousand cases near the alerts of one batch: it is cut until those of a part can be held, and nothing else
    changes. Each alert belongs to the first that was opened at its place."""
    rng = world.rng()
    linking.load_town_rules(world)
    first = [alert(rng, moved(3000 * number), horizontal_accuracy_m=2.0) for number in range(8)]
    run(world, "drone_alert", first)
    columns = ", ".join(name for name, in world.sql(
        "select attname from pg_attribute where attrelid = 'follow_up.case_file'::regclass and attnum > 0 "
        "and not attisdropped and attgenerated = '' and attname not in ('case_id', 'opened_ordinal')"))
    with world.connect() as connection:
        connection.execute(f"insert into follow_up.case_file (case_id, opened_ordinal, {columns}) "
                           f"select gen_random_uuid(), 1000 + n, {columns} from follow_up.case_file, "
                           "generate_series(1, 5000) n")
    again = [alert(rng, moved(3000 * (number % 8) + 1), horizontal_accuracy_m=2.0) for number in range(256)]
    before = world.sql("select max(link_seq) from follow_up.sighting")[0][0]
    counts = run(world, "drone_alert", again, linger_ms=3000, batch_rows=256)
    found = courses(world)
    assert [found[event["event_id"]][::2] for event in again] == [
        ("more", first[number % 8]["event_id"]) for number in range(256)]
    assert counts["redone"] >= 1 and counts["stored"] == 256, counts
    assert world.sql("select count(distinct link_seq) > 1 from follow_up.sighting where link_seq > %s", before) == [(True,)]


def test_without_reference_data(world):
    """Everything is stored; reports of no known category open nothing; patrols that saw nothing are no sightings."""
    rng = world.rng()
    run(world, "drone_alert", [alert(rng, HERE)])
    run(world, "patrol_log", [patrol(rng, HERE), patrol(rng, HERE) | {"category": None, "category_scheme": None}])
    assert world.sql("select kind, outcome, dedup_group, rule_version from follow_up.sighting order by 1") == [
        ("drone_alert", "no_case", None, None), ("patrol_log", "no_case", None, None)]
    assert world.sql("select count(*) from follow_up.case_file") == [(0,)]
    world.areas = {None: []}
    check_all(world)


def test_groups_without_geometry(world):
    """Findings of one unit, issue and round are one case; the next round repeats it."""
    rng = world.rng()
    rules = {"INSPECTION_FINDING": linking.Rule(None, math.inf, None, 365 * linking.DAY)}
    linking.load_rules(world, rules, [("none", "none", "INSPECTION_FINDING", False)])
    fields = {"longitude": None, "latitude": None, "source_crs": None, "issue_code": "FUNDS", "is_test": False,
              "inspected_unit_code": "U1"}
    events = [KINDS[FINDING].fresh(rng, **fields | {"round_code": code, "occurred_at": NOON + n, "recorded_at": NOON + n}
                                   | changes)
              for n, (code, changes) in enumerate((("R1", {}), ("R1", {}), ("R2", {}), ("R1", {"inspected_unit_code": "U2"}),
                                                   ("R1", {"issue_code": "ROADS"})))]
    run(world, FINDING, events[:1], events[1:])
    found = courses(world)
    ids = [event["finding_id"] for event in events]
    assert [found[event["event_id"]][::2] for event in events] == [
        ("new", ids[0]), ("more", ids[0]), ("repeat", ids[2]), ("new", ids[3]), ("new", ids[4])]
    assert {row for row, in world.sql("select state from follow_up.case_file")} == {"RAISED"}


# ---- races ----

RACERS = {"drone_alert": alert, "patrol_log": patrol}
COLUMNS = 100        # things side by side
CELL_ROW = 640 / (linking.oracle.RADIUS * math.pi / 180)  # degrees of latitude in a row of cells


def thing(number):
    """The place of one thing, away from all others; every other one lies on a border of cells."""
    longitude, latitude = moved(300 * (number % COLUMNS), 700 * (number // COLUMNS))
    if number % 2:
        latitude = math.ceil((latitude + 90) / CELL_ROW) * CELL_ROW - 90
    return longitude, latitude


def seen_at_once(rng, number):
    """Four reports of it, two by each kind, within ten metres of each other."""
    longitude, latitude = thing(number)
    for _ in range(2):
        for kind, make in RACERS.items():
            yield good(kind, make(rng, (longitude + rng.uniform(-4, 4) / 111_195, latitude + rng.uniform(-3, 3) / 111_195)))


# Things that transactions of both kinds surely had in hand at once: the one that began later linked first.
MET = """
with work as (
    select s.case_id, s.kind, s.link_seq, e.stored_at as began
    from follow_up.sighting s
    join (select event_id, stored_at from events.drone_alert
          union all select event_id, stored_at from events.patrol_log) e using (event_id))
select count(distinct a.case_id) from work a join work b using (case_id)
where a.kind <> b.kind and a.began < b.began and a.link_seq > b.link_seq
"""


@pytest.mark.parametrize("rounds", [600, pytest.param(10_000, marks=pytest.mark.long)])
def test_two_kinds_race_for_one_place(world, rounds, capsys):
    """Two kinds, four daemons, small batches. A round is one thing that both kinds see at the same moment, through
    whichever daemons have their partitions: it is one case. Thirty things at a time."""
    rng = world.rng()
    linking.load_town_rules(world)
    for kind in RACERS:
        world.make_topic(kind, partitions=4)
    daemons = [world.consumer(kind, wait=False, batch_rows=rows, linger_ms=0) for kind in RACERS for rows in (1, 3)]
    for daemon in daemons:
        daemon.wait_claimed(2)
    troubles = [len(daemon.log("will try again")) for daemon in daemons]  # while they began
    began = time.monotonic()
    for first in range(0, rounds, 30):
        numbers = range(first, min(first + 30, rounds))
        world.produce(sent for number in numbers for sent in seen_at_once(rng, number))
        for kind in RACERS:
            world.settle(kind)
    took = time.monotonic() - began
    for daemon in daemons:
        daemon.stop()
    assert world.sql("select count(*), sum(standing), max(standing) from follow_up.case_file") == [
        (rounds, 4 * rounds, 4)]
    assert [len(daemon.log("will try again")) for daemon in daemons] == troubles
    assert world.sql("select deadlocks from pg_stat_database where datname = current_database()") == [(0,)]
    linking.check_replay(world, RULES, SENDING)
    linking.check_books(world)
    check_all(world)
    openers = dict(world.sql("select kind, count(*) from follow_up.case_file group by 1"))
    (met,), = world.sql(MET)
    assert set(openers) == set(RACERS) and met, (openers, met)
    with capsys.disabled():
        print(f"\n{rounds} rounds of four reports by two kinds in {took:.0f} s: as many cases, opened by {openers}; "
              f"{met} of them surely in two transactions at once; no deadlock")
