"""gridloopctl rebuild follow-up --check: what the daemons linked follows from the stored events, and who changed a row
is found."""
import json

import pytest

import linking
import reference
from linking import HOUR, NOON, SCHEME, alert, load_town_rules, moved, needs_la, patrol
from test_linking import run, stream
from waiting import wait_for
from world import good

FINDING = "inspection_finding"


def check(world, *arguments, code=0):
    """Runs the command; returns what it says."""
    done = world.ctl("rebuild follow-up", "--check", "--json", *arguments)
    assert done.returncode == code, (done.returncode, done.stdout[:3000], done.stderr)
    return json.loads(done.stdout)


def check_equal(world):
    report = check(world)
    assert report["equal"] and report["differences"] == [] and report["differing_rows"] == 0
    counts = world.sql("""select (select count(*) from follow_up.sighting), (select count(*) from follow_up.case_file),
                                 (select count(*) from follow_up.case_step), (select count(*) from follow_up.time_limit),
                                 (select count(*) from follow_up.outbox),
                                 (select count(*) from (select link_seq from follow_up.sighting
                                                        union select link_seq from follow_up.case_step
                                                        union select link_seq from follow_up.outbox) t)""")[0]
    assert tuple(report[name] for name in ("sightings", "cases", "steps", "limits", "orders", "transactions")) == counts
    return report


def test_everything_that_may_come(world):
    """Alerts, revisions and withdrawals of them, some before their alert, test events, implausible times, in batches of
    7; patrols beside them."""
    rng = world.rng()
    load_town_rules(world)
    world.make_topic("drone_alert", partitions=3)
    world.make_topic("patrol_log", partitions=2)
    alerts = list(stream(rng, 500))
    world.produce(good("drone_alert", event) for event in alerts)
    world.produce(good("patrol_log", patrol(rng, (a["longitude"], a["latitude"]), at=a["occurred_at"]))
                  for a in alerts[::5])
    daemons = [world.consumer(kind, wait=False, batch_rows=7) for kind in ("drone_alert", "drone_alert", "patrol_log")]
    world.settle_and_stop(*daemons)
    report = check_equal(world)
    assert report["steps"] > 20 and report["transactions"] > 80
    outcomes = {outcome for outcome, in world.sql("select distinct outcome from follow_up.sighting")}
    assert outcomes >= {"new", "more", "repeat", "possible_repeat", "revision", "withdrawn", "waits"}, outcomes


@needs_la
@pytest.mark.slow
def test_real_repeats_of_two_kinds(world, capsys):
    """9,989 real requests, two kinds with six partitions each, three daemons at work while a first check is made."""
    rules = linking.la_rules(linking.la_expected(), "R1")
    linking.load_la_rules(world, rules)
    kinds = (FINDING, "patrol_log")
    for kind in kinds:
        world.make_topic(kind, partitions=6)
    daemons = [world.consumer(kind, batch_rows=200) for kind in (FINDING, FINDING, "patrol_log")]
    for kind in kinds:
        world.produce(good(kind, event) for event in linking.la_events(kind))
    amid = check(world)
    world.settle_and_stop(*daemons, timeout=120)
    report = check_equal(world)
    assert report["sightings"] == 9989
    with capsys.disabled():
        print(f"\n{amid['sightings']} of 9989 sightings while three daemons worked, then all: {report['cases']} cases,"
              " all follow from the events")


def test_reference_data_of_then(world):
    """Each decision by the data of its time: units of areas and of the district alone, categories, rules and accuracies
    loaded anew between the batches."""
    rng = world.rng()
    load_town_rules(world)
    units = "code,name\nU1,One\nU2,Two\nU3,Three\n"
    loads = [
        {"areas.geojson": reference.collection(reference.town()), "unit.csv": units,
         "responsibility.csv": "area_code,dedup_group,unit_code\n4105,*,U1\n4105-1-2,RUBBISH,U2\n"},
        {"responsibility.csv": "area_code,dedup_group,unit_code\n4105,*,U3\n"},
        {"position_default.csv": "position_kind,horizontal_accuracy_m\nTARGET,60\nPATROL,5\nFINDING,5\n"},
        {"category.csv": "scheme,code,name,dedup_group,auto_dispatch\n"
                         f"{SCHEME},T/RUBBISH,r,ROAD,false\n{SCHEME},RUBBISH,r,RUBBISH,true\n"},
    ]
    places = [(114.15, 36.05), (114.35, 36.15), (114.12, 36.12), (114.5, 36.15)]  # the last one outside
    for number in range(5):
        at = NOON + number * HOUR
        run(world, "drone_alert", [alert(rng, place, at=at, certainty="LIKELY") for place in places for _ in range(2)])
        run(world, "patrol_log", [patrol(rng, (place[0], place[1] + 0.0001), at=at) for place in places])
        if number < len(loads):
            done = reference.load(world, loads[number])
            assert done.returncode == 0, done.stderr
    check_equal(world)
    assert {unit for unit, in world.sql("select distinct unit_code from follow_up.sighting")} == {None, "U1", "U2", "U3"}
    assert len(world.sql("select distinct reference_version from follow_up.sighting")) >= 5

    # Rows of before that column: the oldest data with their rule and category.
    world.alter("update follow_up.sighting set reference_version = null where reference_version = 1")
    check_equal(world)


def test_groups_without_geometry(world):
    rng = world.rng()
    rules = {"INSPECTION_FINDING": linking.Rule(None, linking.oracle.math.inf, None, 365 * linking.DAY)}
    linking.load_rules(world, rules, [("none", "none", "INSPECTION_FINDING", False)])
    fields = {"longitude": None, "latitude": None, "source_crs": None, "issue_code": "FUNDS", "is_test": False}
    kind = linking.KINDS[FINDING]
    run(world, FINDING, *([kind.fresh(rng, **fields | {"inspected_unit_code": f"U{unit}", "round_code": f"R{n}",
                                                        "occurred_at": NOON + n, "recorded_at": NOON + n})
                           for unit in (1, 2)] for n in (1, 1, 2)))
    assert check_equal(world)["cases"] == 4


def test_nothing_was_linked(world):
    """No sighting at all, and sightings without reference data."""
    rng = world.rng()
    assert check_equal(world)["sightings"] == 0
    run(world, "drone_alert", [alert(rng, moved(0))])
    assert check_equal(world)["sightings"] == 1


CASE, SIGHTING, STEP = "follow_up.case_file", "follow_up.sighting", "follow_up.case_step"
ONE = "(select case_id from follow_up.case_file where was_sent order by opened_seq, opened_ordinal limit 1)"
ALTERATIONS = {
    "closed_at": (f"update {CASE} set closed_at = '2026-01-07T00:00:00Z' where case_id = {ONE}",
                  {(CASE, "closed_at", "null", "2026-01-07T00:00:00Z")}),
    "state": (f"update {CASE} set state = 'CLOSED' where case_id = {ONE}",
              {(CASE, "state", "DISPATCHED", "CLOSED")}),
    "standing": (f"update {CASE} set standing = standing + 1 where case_id = {ONE}", {(CASE, "standing")}),
    "place": (f"update {CASE} set wgs84_longitude = wgs84_longitude + 0.00001 where case_id = {ONE}",
              {(CASE, "wgs84_longitude")}),
    "case of a sighting": (f"update {SIGHTING} set case_id = {ONE} where outcome = 'possible_repeat' and ordinal = "
                           f"(select min(ordinal) from {SIGHTING} where outcome = 'possible_repeat')",
                           {(SIGHTING, "case_id")}),
    "distance": (f"update {SIGHTING} set distance_m = distance_m + 1 where outcome = 'more'", {(SIGHTING, "distance_m")}),
    "step's time": (f"update {STEP} set stepped_at = stepped_at + interval '1 us' where case_id = {ONE}",
                    {(STEP, "stepped_at")}),
    "step's version": (f"update {STEP} set case_version = 9 where case_id = {ONE}",
                       {(STEP, "case_version")}),
    "step's place": (f"update {STEP} set place = 1 where case_id = {ONE}", {(STEP, "missing"), (STEP, "unexpected")}),
    "step gone": (f"delete from {STEP} where case_id = {ONE}", {(STEP, "missing")}),
    "step more": (f"insert into {STEP} (link_seq, ordinal, place, named_id, case_id, case_version, actor, action, "
                  "from_state, to_state, event_id, source_id, topic_offset, stepped_at) select link_seq, ordinal, 1, "
                  "named_id, case_id, 3, actor, action, from_state, to_state, event_id, source_id, topic_offset, "
                  f"stepped_at from {STEP} where case_id = {ONE}", {(STEP, "unexpected")}),
    "case gone": (f"delete from {CASE} where case_id = {ONE}", {(CASE, "missing")}),
    "case more": (f"insert into {CASE} (case_id, kind, state, is_test, dedup_group, category_scheme, category_code, cell, "
                  "stripe, first_seen_at, last_seen_at, standing, was_sent, opened_seq, opened_ordinal) select "
                  f"gen_random_uuid(), kind, state, is_test, dedup_group, category_scheme, category_code, cell, stripe, "
                  f"first_seen_at, last_seen_at, standing, was_sent, opened_seq, opened_ordinal from {CASE} "
                  f"where case_id = {ONE}", {(CASE, "unexpected")}),
    "last sighting gone": (f"delete from {SIGHTING} where (link_seq, ordinal) = (select link_seq, ordinal "
                           f"from {SIGHTING} order by 1 desc, 2 desc limit 1)", {(SIGHTING, "missing"), (CASE, "standing"), (CASE, "last_seen_at")}),
}


def test_what_was_changed_is_named(world):
    """Rows changed by a superuser, one after the other in copies of one database."""
    rng = world.rng()
    load_town_rules(world)
    run(world, "drone_alert", [alert(rng, moved(metres), at=NOON + n * HOUR, certainty="LIKELY")
                               for n, metres in enumerate((0, 3, 20, 3000, 3001))])
    check_equal(world)
    for name, (statement, wanted) in ALTERATIONS.items():
        one = world.twin(filled=True)
        one.alter(statement)
        report = check(one, code=65)
        found = {(d["table"], d["column"] or d["row"]) for d in report["differences"]}
        assert found == {w[:2] for w in wanted}, (name, report)
        assert not report["equal"] and report["differing_rows"] >= 1
        for table, column, *values in wanted:
            d = next(d for d in report["differences"] if (d["table"], d["column"]) == (table, column) or not values)
            if values:
                assert (d["rebuilt"] or "null", d["stored"]) == tuple(values), (name, d)
        said = one.ctl("rebuild follow-up", "--check")
        assert said.returncode == 65 and "DIFFER" in said.stdout, said.stdout
        for d in report["differences"]:
            assert f"{d['table']} {d['key']} {d['column'] or ''}" in said.stdout, (d, said.stdout)
    limited = check(one, "--limit", "0", code=65)
    assert limited["differences"] == [] and limited["differing_rows"] == report["differing_rows"]


def test_what_cannot_be_decided_again(world):
    """An event that is gone, one sighting of several that is gone: said with its place, 65."""
    rng = world.rng()
    load_town_rules(world)
    run(world, "drone_alert", [alert(rng, moved(metres)) for metres in (0, 1000, 2000)])
    for statement, words in (
            ("delete from events.drone_alert where topic_offset = 1", "ordinal 1: its event"),
            ("delete from follow_up.sighting where topic_offset = 0", "sighting 0 is not there")):
        one = world.twin(filled=True)
        one.alter(statement)
        done = one.ctl("rebuild follow-up", "--check")
        assert done.returncode == 65 and words in done.stderr, (done.returncode, done.stderr, done.stdout)


def test_a_database_of_before(world):
    """Made by a version that did not keep what is needed: who asks is told to run setup, and a daemon waits."""
    world.alter("drop schema audit cascade; alter table follow_up.sighting drop column reference_version")
    done = world.ctl("rebuild follow-up", "--check")
    assert done.returncode == 78 and "run gridloopctl setup" in done.stderr, done.stderr
    world.make_topic("drone_alert")
    world.produce([good("drone_alert", alert(world.rng(), moved(0)))])
    daemon = world.consumer("drone_alert", wait=False, backoff_max_ms=50)
    wait_for(lambda: "run gridloopctl setup" in daemon.output(), 30, daemon.output)
    assert world.rows("drone_alert") == 0
    world.alter("alter table follow_up.sighting add column reference_version integer")
    world.settle_and_stop(daemon)
    check_equal(world)


def test_settings(world):
    assert world.ctl("rebuild follow-up").returncode == 64
    assert world.ctl("rebuild").returncode == 64
    assert world.ctl("rebuild follow-up", "--check", "more").returncode == 64
