"""What is in schema follow_up, and what the linking function (tests/link) makes of the same events.

The function's program keeps its own store in memory, and is compared with an oracle in tests/link: here it says what
the transactions of the daemons should have come to.
"""
import dataclasses
import gzip
import json
import math
import os
import sys

import reference
from events import KINDS, micros, random_uuid
from stack import ROOT

sys.path.append(str(ROOT / "tests" / "link"))
os.environ.setdefault("GRIDLOOP_BUILD", str(ROOT / "build" / "release"))

import lines  # noqa: E402
import oracle  # noqa: E402
from oracle import DAY, MINUTE, Rule, Sighting  # noqa: E402, F401

LA = reference.DATA / "la311"
LA_SCHEME = "la311-categories-1"
MESSAGES = {"report": "report", "update": "update", "cancel": "cancel"}


# ---- reference data ----

def _window(value, never="0"):
    return never if value is None else "" if value == oracle.math.inf else str(value // 1_000_000)


def rule_file(rules):
    """rules: group -> Rule."""
    rule_lines = ["dedup_group,radius_m,merge_window_s,reopen_window_s,repeat_window_s,mute_window_s,mute_count,anchor,"
                  "same_unit,ignore_status"]
    for group, r in rules.items():
        rule_lines.append(",".join([
            group, "" if r.radius is None else str(r.radius), _window(r.merge), _window(r.reopen), _window(r.repeat),
            _window(r.mute), "" if r.mute_count in (0, oracle.math.inf) else str(r.mute_count),
            "last" if r.anchor_last else "first", str(r.same_unit).lower(), str(r.ignore_status).lower()]))
    return "\n".join(rule_lines) + "\n"


def category_file(categories):
    """categories: (scheme, code, group, auto_dispatch)."""
    return "scheme,code,name,dedup_group,auto_dispatch\n" + "".join(
        f"{scheme},{code},{code},{group},{str(sends).lower()}\n" for scheme, code, group, sends in categories)


def load_rules(world, rules, categories, accuracies=()):
    """accuracies: (position kind, metres)."""
    files = {"dedup_rule.csv": rule_file(rules), "category.csv": category_file(categories)}
    if accuracies:
        files["position_default.csv"] = "position_kind,horizontal_accuracy_m\n" + "".join(
            f"{k},{m}\n" for k, m in accuracies)
    done = reference.load(world, files)
    assert done.returncode == 0, done.stderr


# ---- real requests ----

def la_expected():
    return json.loads((LA / "expected.json").read_text("utf-8"))


def la_events(kind):
    """The lines of one kind as events on the wire, in stream order."""
    fields = KINDS[kind].fields
    with gzip.open(LA / "events.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in map(json.loads, file):
            if line["kind"] != kind:
                continue
            event = {name: line.get(name) for name in fields}
            if kind == "patrol_log":
                event["category_scheme"] = LA_SCHEME
            yield {name: micros(value) if value is not None and fields[name].type.name == "timestamp-micros" else value
                   for name, value in event.items()}


def la_rules(expected, name):
    """R1 or R2, for each category as a group of its own."""
    want = expected["dedup"][name]
    rule = Rule(want["radius_m"], want["window_s"] * 1_000_000, ignore_status=True)
    return {category: rule for category in expected["by_category"]}


def load_la_rules(world, rules):
    load_rules(world, rules, [(LA_SCHEME, group, group, False) for group in rules])


# ---- invented reports ----

SCHEME, HERE = "test-1", (114.35, 36.15)
HOUR = 60 * MINUTE
NOON = micros("2026-01-05T12:00:00+08:00")
RULES = {
    "RUBBISH": Rule(15.0, math.inf, DAY, 7 * DAY, 5 * DAY, 3),
    "BURNING": Rule(100.0, 30 * MINUTE, anchor_last=True),
    "ROAD": Rule(50.0, 3 * DAY, 3 * DAY, 20 * DAY),
}
SENDING = ("RUBBISH",)


def load_town_rules(world):
    load_rules(world, RULES, [(SCHEME, f"T/{group}", group, group in SENDING) for group in RULES]
               + [(SCHEME, group, group, group in SENDING) for group in RULES],
               [("TARGET", 5), ("PATROL", 5), ("FINDING", 5)])


def moved(metres_east, metres_north=0):
    return (HERE[0] + metres_east / 111_195 / math.cos(math.radians(HERE[1])), HERE[1] + metres_north / 111_195)


def _seen_by_drone(rng, place, group, at):
    return {"longitude": place[0], "latitude": place[1], "source_crs": "WGS84", "category_scheme": SCHEME,
            "major_class_code": "T", "minor_class_code": group, "occurred_at": at, "recorded_at": at,
            "position_kind": "TARGET", "horizontal_accuracy_m": None, "message_type": "ALERT",
            "references_alert_id": None, "certainty": "POSSIBLE", "is_test": False, "producer_id": "drone-1"}


def _seen_by_patrol(rng, place, group, at):
    return {"start_lon": place[0], "start_lat": place[1], "source_crs": "WGS84", "category": group,
            "category_scheme": SCHEME, "occurred_at": at, "recorded_at": at, "is_test": False,
            "raised_case_ids": [random_uuid(rng)]}


SEEN = {"drone_alert": _seen_by_drone, "patrol_log": _seen_by_patrol}


def alert(rng, place, group="RUBBISH", at=NOON, **changes):
    return KINDS["drone_alert"].fresh(rng, **_seen_by_drone(rng, place, group, at) | changes)


def patrol(rng, place, group="RUBBISH", at=NOON, **changes):
    return KINDS["patrol_log"].fresh(rng, **_seen_by_patrol(rng, place, group, at) | changes)


def about(rng, event, message, **changes):
    """What revises or withdraws an alert."""
    return KINDS["drone_alert"].fresh(rng) | {name: value for name, value in event.items()
                                              if name not in ("event_id", "alert_id")} | {
        "message_type": message, "references_alert_id": event["alert_id"]} | changes


class Scene:
    """Things that lie about a town, for streams of events of both kinds."""

    def __init__(self, rng, things=60):
        self._things = [(moved(rng.uniform(0, 3000), rng.uniform(0, 3000)), rng.choice(list(RULES))) for _ in range(things)]

    def teller(self, kind):
        """A function of (rng, event): the event as one about a thing; an alert may revise or withdraw an earlier one."""
        earlier = []

        def tell(rng, event):
            if kind == "drone_alert" and earlier and rng.random() < 0.1:
                return about(rng, rng.choice(earlier[-200:]), rng.choice(("UPDATE", "CANCEL")))
            (longitude, latitude), group = rng.choice(self._things)
            place = longitude + rng.uniform(-6, 6) / 90_000, latitude + rng.uniform(-6, 6) / 111_195
            event = event | SEEN[kind](rng, place, group, NOON + rng.randrange(DAY)) | {"is_test": rng.random() < 0.1}
            earlier.append(event)
            return event
        return tell


# ---- what the function says ----

def finding_sighting(event):
    return Sighting(event["event_id"], event["finding_id"], event["occurred_at"], event["recorded_at"],
                    event["finding_id"], group=event["issue_code"], point=(event["longitude"], event["latitude"]),
                    assumed=0.0, unit=event["responsible_unit_code"])


def link(folder, rules, steps, batches="10000"):
    lines.write(folder / "steps", rules, steps)
    return lines.link(folder / "steps", batches)


# ---- what is stored ----

SIGHTINGS = """
select s.kind, s.event_id::text, s.report_id::text, s.message, s.is_test, s.dedup_group, s.unit_code, s.accuracy_m,
       (extract(epoch from e.occurred_at) * 1000000)::bigint as occurred,
       (extract(epoch from e.recorded_at) * 1000000)::bigint as recorded,
       e.longitude, e.latitude, e.accuracy, e.case_id::text as would_open, e.about, e.code, e.round, e.certain,
       s.outcome, s.case_id::text, s.related_case_id::text, s.basis, s.flags,
       (extract(epoch from s.counted_at) * 1000000)::bigint as counted, s.age_us, s.distance_m, s.radius_m,
       s.link_seq, s.ordinal, s.source_id, s.topic_offset
from follow_up.sighting s
join (select 'drone_alert' as kind, event_id, occurred_at, recorded_at, wgs84_longitude as longitude,
             wgs84_latitude as latitude, horizontal_accuracy_m::double precision as accuracy, event_id as case_id,
             null as about, major_class_code || '/' || minor_class_code as code, null as round,
             certainty in ('OBSERVED', 'LIKELY') as certain
      from events.drone_alert
      union all
      select 'patrol_log', event_id, occurred_at, recorded_at, wgs84_longitude, wgs84_latitude, null,
             coalesce(raised_case_ids[1], event_id), null, category, null, true
      from events.patrol_log
      union all
      select 'inspection_finding', event_id, occurred_at, recorded_at, wgs84_longitude, wgs84_latitude, null,
             finding_id, inspected_unit_code, issue_code, round_code, false
      from events.inspection_finding) e using (kind, event_id)
order by s.link_seq, s.ordinal
"""


@dataclasses.dataclass
class Stored:
    sighting: Sighting
    decision: oracle.Decision
    row: dict


def stored(world, sending=()):
    """All sightings in the order in which they were decided. sending: groups whose category has auto_dispatch."""
    with world.connect() as connection:
        cursor = connection.execute(SIGHTINGS)
        names = [column.name for column in cursor.description]
        return [_stored(dict(zip(names, row)), sending) for row in cursor]


def _stored(r, sending):
    sighting = Sighting(
        r["event_id"], r["report_id"], r["occurred"], r["recorded"], r["would_open"], MESSAGES[r["message"]],
        r["dedup_group"], r["is_test"], (r["longitude"], r["latitude"]) if r["longitude"] is not None else None,
        r["accuracy"], r["accuracy_m"] or 0.0, (r["about"], r["code"]) if r["about"] else None, r["round"],
        r["unit_code"], r["certain"] and r["dedup_group"] in sending)
    decision = oracle.Decision(
        r["event_id"], r["outcome"], r["case_id"], r["related_case_id"], r["basis"], r["counted"], r["age_us"],
        r["distance_m"], r["radius_m"], {name for name, bit in oracle.FLAGS.items() if r["flags"] & bit})
    return Stored(sighting, decision, r)


def differences(found, wanted):
    """found: what is stored; wanted: what the function says, in the same order."""
    assert len(found) == len(wanted), (len(found), len(wanted))
    for s, w in zip(found, wanted):
        d = s.decision
        if dataclasses.replace(d, distance=w.distance, radius=w.radius) != w:
            yield f"{d} is stored, not {w}"
        for name in ("distance", "radius"):
            a, b = getattr(d, name), getattr(w, name)
            if (a is None) != (b is None) or a is not None and abs(a - b) > 0.0001:
                yield f"{d.event_id}: {name} {a} is stored, not {b}"


def check_replay(world, rules, sending=(), batches="10000"):
    """The function, over what is stored and in the order that is stored, comes to what is stored."""
    found = stored(world, sending)
    wanted = link(world.folder, rules, [s.sighting for s in found], batches)
    wrong = list(differences(found, wanted))
    assert not wrong, "\n".join(wrong[:10] + [f"({len(wrong)} of {len(found)})"])
    return found


def check_books(world):
    """Sightings and cases agree with each other and with the events."""
    for problem, statement in (
            ("events with a category without a sighting", """
                select count(*) from (select source_id, topic_offset from events.drone_alert
                    union all select source_id, topic_offset from events.inspection_finding
                    union all select source_id, topic_offset from events.patrol_log where category is not null) e
                left join follow_up.sighting s using (source_id, topic_offset) where s.event_id is null"""),
            ("sightings of cases that are not there", """
                select count(*) from follow_up.sighting s left join follow_up.case_file c using (case_id)
                where s.case_id is not null and c.case_id is null"""),
            ("cases that were not opened by one sighting", """
                select count(*) from follow_up.case_file c where 1 <> (
                    select count(*) from follow_up.sighting s where s.case_id = c.case_id
                    and s.outcome in ('new', 'repeat', 'possible_repeat')
                    and (s.link_seq, s.ordinal) = (c.opened_seq, c.opened_ordinal))"""),
            ("cases whose count is wrong", """
                select count(*) from follow_up.case_file c where standing <> (
                    select count(distinct report_id) from follow_up.sighting s
                    where s.case_id = c.case_id and s.message = 'report' and not exists (
                        select from follow_up.sighting w where w.report_id = s.report_id and w.message = 'cancel'))"""),
            ("cases whose version is not that of their steps", """
                select count(*) from follow_up.case_file c where case_version <> 1 + (
                    select count(*) from follow_up.case_step s where s.case_id = c.case_id)""")):
        assert world.sql(statement) == [(0,)], (problem, world.sql(statement))


def without_order(world):
    """Cases and sightings without what depends on how the messages were cut into batches."""
    cases = world.sql("""
        select to_jsonb(c) - array['opened_seq', 'opened_ordinal', 'opened_at'] from follow_up.case_file c
        order by case_id""")
    sightings = world.sql("""
        select to_jsonb(s) - array['link_seq', 'ordinal', 'source_id'] from follow_up.sighting s
        order by kind, event_id""")
    steps = world.sql("""
        select to_jsonb(s) - array['link_seq', 'ordinal', 'source_id', 'recorded_at'] from follow_up.case_step s
        order by case_id, case_version""")
    return cases, sightings, steps
