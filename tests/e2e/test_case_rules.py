"""The life of a case as reference data: what is loaded and refused, which steps the demonstration allows, and when time
limits are over."""
import csv
import datetime
import gzip
import io
import json
import runpy
import subprocess

import psycopg
import pytest

from events import KINDS
from reference import DATA, command, load
from stack import ROOT
from work_days import DAY, UTC, WorkDays
from world import good

DEMO = ROOT / "deploy" / "reference" / "beiguan"
LA = ROOT / "tests" / "e2e" / "la311"
TABLES = ("case_state", "transition", "time_limit", "calendar")
LIMITS = ("URGENT_HOUR", "WORK_HOUR", "WORK_DAY", "NATURAL_DAY")


def text_of(folder, table):
    return (folder / f"{table}.csv").read_text("utf-8")


STATES, STEPS = text_of(LA, "case_state"), text_of(LA, "transition")
AREA = json.dumps({"type": "FeatureCollection", "features": [
    {"type": "Feature", "properties": {"code": "D", "level": "district", "name": "D"},
     "geometry": {"type": "Polygon", "coordinates": [[[114, 36], [115, 36], [115, 37], [114, 36]]]}}]})
ZONE = {"areas.geojson": AREA, "time_zone.csv": "area_code,name\nD,Asia/Shanghai\n"}


def loaded(world, files, *arguments):
    done = load(world, files, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def load_demo(world):
    done = command(world, "load", DEMO / "areas.geojson", *sorted(DEMO.glob("*.csv")))
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---- loading ----

def test_the_demonstration_s_calendar(world):
    """It is what its script writes, has every day once, and the holidays that two packages agree on."""
    text = text_of(DEMO, "calendar")
    assert runpy.run_path(str(DEMO / "make_calendar.py"))["text"]() == text
    load_demo(world)
    assert world.sql("select count(*), min(day)::text, max(day)::text from reference.calendar_in_force") == [
        (1096, "2024-01-01", "2026-12-31")]
    hours = {row["day"]: row["hours"] for row in csv.DictReader(io.StringIO(text))}
    if (DATA / "beiguan" / "calendar.csv").exists():
        known = {row["date"]: row["kind"] for row in csv.DictReader((DATA / "beiguan" / "calendar.csv").open(encoding="utf-8"))}
        for day, open_hours in hours.items():
            is_weekend = datetime.date.fromisoformat(day).isoweekday() > 5
            off = {"holiday": True, "makeup_workday": False}.get(known.get(day), is_weekend)
            assert (open_hours == "") == off, day


def test_what_a_load_leaves(world):
    """Empty fields of texts are empty texts; the words are kept as they were given."""
    loaded(world, {"case_state.csv": STATES, "transition.csv": STEPS})
    assert world.sql("select from_state, result, needs, marks, at_most from reference.transition_in_force "
                     "where action = 'CANCEL'") == [("*", "", "", "cancelled", None)]
    assert world.sql("select table_name, row_count from reference.load order by 1") == [("case_state", 6), ("transition", 9)]


def test_it_says_what_changed(world):
    loaded(world, {"case_state.csv": STATES, "transition.csv": STEPS})
    text = loaded(world, {"transition.csv": STEPS.replace("*,RAISED,CLOSE,,CLOSED,HANDLER", "*,RAISED,CLOSE,,CLOSED,HANDLER LEADER")
                          + "*,REOPENED,FORCE_CLOSE,,CLOSED,LEADER,reason approver,closed\n"})
    lines = [line.split() for line in text.splitlines()]
    assert ["transition", "1", "added:", "*", "REOPENED", "FORCE_CLOSE"] in lines
    assert ["transition", "1", "changed:", "*", "RAISED", "CLOSE"] in lines
    assert ["transition", "8", "unchanged"] in lines


def year_from(day, days=365, hours="08:00-12:00"):
    return "day,hours\n" + "".join(f"{day + number * DAY},{hours}\n" for number in range(days))


@pytest.mark.parametrize("days, is_noted", [(10, True), (89, True), (90, False), (300, False), (-20, True)])
def test_a_calendar_that_ends_soon(world, days, is_noted):
    """It is loaded, and the load says until when limits can be reckoned."""
    today = world.sql("select current_date")[0][0]
    last = today + days * DAY
    text = loaded(world, ZONE | {"calendar.csv": year_from(last - 99 * DAY, 100)})
    note = f"note: the calendar ends on {last}, {max(days, 0)} days from now"
    assert (note in text) == is_noted, text


# ---- what is refused ----

def steps(*more, without=None):
    lines = [line for line in STEPS.splitlines() if without is None or not line.startswith(without)]
    return {"case_state.csv": STATES, "transition.csv": "\n".join([*lines, *more]) + "\n"}


def states(*more, text=STATES):
    return {"case_state.csv": text + "".join(line + "\n" for line in more), "transition.csv": STEPS}


CALENDAR = "day,hours\n2026-01-01,\n2026-01-02,08:30-12:00 14:30-18:00\n2026-01-03,\n"
REFUSED = {
    "an unknown state before": (steps("*,REPORTD,CLOSE,DONE,CLOSED,HANDLER,,"), "transition * REPORTD CLOSE DONE there is no state REPORTD"),
    "an unknown state after": (steps("*,REPORTED,CLOSE,DONE,CLOSD,HANDLER,,"), "there is no state CLOSD"),
    "an unknown kind": (steps("DRONE,REPORTED,CLOSE,,CLOSED,HANDLER,,"), "transition DRONE REPORTED CLOSE there is no kind DRONE"),
    "an unknown action": (steps("*,REPORTED,SHUT,,CLOSED,HANDLER,,"), "there is no action SHUT"),
    "the unknown action": (steps("*,REPORTED,UNKNOWN,,CLOSED,HANDLER,,"), "there is no action UNKNOWN"),
    "an unknown result": (steps("*,REPORTED,CLOSE,FINE,CLOSED,HANDLER,,"), "there is no result FINE"),
    "a result of another enum": (steps("*,REPORTED,CLOSE,ACCEPT,CLOSED,HANDLER,,"), "there is no result ACCEPT"),
    "an unknown role": (steps("*,REPORTED,FORCE_CLOSE,,CLOSED,HANDLER BOSS,,"), "there is no role BOSS"),
    "an unknown need": (steps("*,REPORTED,FORCE_CLOSE,,CLOSED,HANDLER,photo foto,"), "nothing can be needed that is called foto"),
    "an unknown mark": (steps("*,REPORTED,FORCE_CLOSE,,CLOSED,HANDLER,,done"), "there is no mark done"),
    "two words with a comma": (steps('*,REPORTED,FORCE_CLOSE,,CLOSED,HANDLER,"photo,reason",'), "is called photo,reason"),
    "no role": (steps("*,REPORTED,FORCE_CLOSE,,CLOSED,,,"), "transition.csv: line 11"),
    "no state after": (steps("*,REPORTED,FORCE_CLOSE,,,HANDLER,,"), "transition.csv: line 11"),
    "a step twice": (steps("*,CLOSED,REOPEN,,CLOSED,LEADER,,"), "transition * CLOSED REOPEN is there twice"),
    "opens where it was": (steps("COUNCIL_ITEM,,FILE,,=,LEADER,,"), "opening_leads_to_a_state"),
    "at most never": ({"case_state.csv": STATES, "transition.csv":
                       "case_kind,from_state,action,to_state,roles,at_most\n*,RAISED,EXTEND,=,LEADER,0\n"}, "at_most_positive"),
    "no way on but cancelling": (steps(without="*,REOPENED"), "case_state REOPENED cannot be left"),
    "a round without end": (steps("*,REOPENED,ACCEPT,,REOPENED,HANDLER,,", without="*,REOPENED"), "case_state REOPENED cannot be left"),
    "a dead end of one kind": (states("COLLECTED,C,true,false,false") | {"transition.csv": STEPS + "COUNCIL_ITEM,,FILE,,COLLECTED,LEADER,,\n"},
                               "case_state COLLECTED cannot be left by COUNCIL_ITEM"),
    "a state nobody reaches": (states("FILED,Filed,true,false,false"), "case_state FILED is never reached"),
    "no state to open in": (states(text=STATES.replace("RAISED", "RISEN")), "case_state RAISED is where linking opens cases of kind INSPECTION_FINDING"),
    "open and terminal": (states("FILED,Filed,true,false,true"), "terminal_is_not_open"),
    "closed and open": (states(text=STATES.replace("CLOSED,Closed,false,true,true", "CLOSED,Closed,true,true,false")),
                        "case_state CLOSED may not be open"),
    "no word": (states("filed,Filed,true,false,false"), "state_is_a_word"),
    "steps without states": ({"transition.csv": STEPS}, "there is no state REPORTED"),
    "a hole in the calendar": (ZONE | {"calendar.csv": CALENDAR + "2026-01-06,\n"}, "calendar 2026-01-03 is followed by no day before 2026-01-06"),
    "a day twice": (ZONE | {"calendar.csv": CALENDAR + "2026-01-02,\n"}, "calendar 2026-01-02 is there twice"),
    "no day": (ZONE | {"calendar.csv": CALENDAR + "2026-02-30,\n"}, "line 5"),
    "hours backwards": (ZONE | {"calendar.csv": CALENDAR.replace("08:30-12:00", "12:00-08:30")}, "calendar 2026-01-02 its hours 12:00-08:30"),
    "no length": (ZONE | {"calendar.csv": CALENDAR.replace("08:30-12:00", "12:00-12:00")}, "its hours 12:00-12:00"),
    "hours that overlap": (ZONE | {"calendar.csv": CALENDAR.replace("14:30", "11:30")}, "calendar 2026-01-02 its hours 11:30-18:00"),
    "the afternoon first": (ZONE | {"calendar.csv": CALENDAR.replace("08:30-12:00 14:30-18:00", "14:30-18:00 08:30-12:00")}, "its hours 08:30-12:00"),
    "no hours": (ZONE | {"calendar.csv": CALENDAR.replace("08:30", "8:30")}, "calendar.csv: line 3"),
    "an hour too many": (ZONE | {"calendar.csv": CALENDAR.replace("18:00", "24:30")}, "hours_are_intervals"),
    "hours with a comma": (ZONE | {"calendar.csv": CALENDAR.replace("08:30-12:00 14:30-18:00", '"08:30-12:00,14:30-18:00"')}, "hours_are_intervals"),
    "two spaces": (ZONE | {"calendar.csv": CALENDAR.replace(" ", "  ")}, "hours_are_intervals"),
    "a day with dates": (ZONE | {"calendar.csv": "day,valid_from\n2026-01-01,2026-01-01T00:00:00Z\n"}, "days_have_no_dates"),
    "no time zone": ({"calendar.csv": CALENDAR}, "calendar 2026-01-01 there is no time zone for its days"),
    "a limit of no group": ({"time_limit.csv": "dedup_group,limit_type,limit_value\nNOISE,WORK_DAY,1\n"}, "time_limit NOISE there is no such group"),
    "a limit below nothing": ({"time_limit.csv": "dedup_group,limit_type,limit_value\n*,WORK_DAY,-1\n"}, "limit_not_negative"),
    "a limit of no type": ({"time_limit.csv": "dedup_group,limit_type,limit_value\n*,FORTNIGHT,1\n"}, "there is no limit type FORTNIGHT"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(world, name):
    """With the place and the reason; nothing is loaded."""
    files, reason = REFUSED[name]
    done = load(world, files)
    assert done.returncode == 65, done.stdout + done.stderr
    assert reason in done.stderr, done.stderr
    assert world.sql("select count(*) from reference.load") == [(0,)]


def test_paths_are_looked_at_for_each_time(world):
    """A step that stops being legal on a day leaves a dead end from then on, unless another takes its place."""
    header, *rows = steps(without="*,REOPENED")["transition.csv"].splitlines()
    rows = [row + ",," for row in rows] + ["*,REOPENED,CLOSE,,CLOSED,HANDLER,,closed,,2026-01-01T00:00:00+08:00"]
    text = "\n".join([header + ",valid_from,valid_to", *rows]) + "\n"
    done = load(world, {"case_state.csv": STATES, "transition.csv": text})
    assert done.returncode == 65 and "case_state REOPENED cannot be left" in done.stderr, done.stderr
    text += "*,REOPENED,CLOSE,,CLOSED,LEADER,,closed,2026-01-01T00:00:00+08:00,\n"
    loaded(world, {"case_state.csv": STATES, "transition.csv": text})


@pytest.mark.parametrize("user", ["gridloop_ingest", "gridloop"])
def test_nobody_changes_what_was_loaded(world, user):
    load_demo(world)
    for table in TABLES:
        for statement in ("update reference.{} set version = 2", "delete from reference.{}", "truncate reference.{}"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                world.sql(statement.format(table), user=user)
        assert world.sql(f"select count(*) > 0 from reference.{table}_in_force", user="gridloop_ingest") == [(True,)]


# ---- which steps are legal ----

class Steps:
    """A transition.csv, looked up as its table's comments say."""

    def __init__(self, folder):
        self.rows = list(csv.DictReader(io.StringIO(text_of(folder, "transition"))))
        self.open = {row["state"] for row in csv.DictReader(io.StringIO(text_of(folder, "case_state"))) if row["is_open"] == "true"}

    def find(self, kind, state, action, result):
        for a, b in ((kind, state), (kind, "*"), ("*", state), ("*", "*")):
            if b == "*" and state not in self.open:
                continue
            rows = [row for row in self.rows if (row["case_kind"], row["from_state"], row["action"]) == (a, b, action)]
            if rows:
                by_result = {row["result"]: row for row in rows}
                return by_result.get(result or "") or by_result.get("")
        return None


def missing(needs, action):
    """Of what a step needs, what the action has not."""
    has = {"photo": action.get("object_key") or action.get("photos"), "reason": action.get("reason_code"),
           "approver": action.get("approved_by_ref"), "target": action.get("target_unit_code"),
           "limit": action.get("limit_type"), "due": action.get("due_at"), "merged_into": action.get("merged_into_case_id"),
           "reply": action.get("reply_channel") and action.get("reply_digest"), "other_actor": True}
    return [need for need in needs.split() if not has[need]]


def check_legal(rules, actions):
    count = 0
    for action in actions:
        row = rules.find(action["case_kind"], action["from_status"], action["action_type"], action.get("action_result"))
        place = f"{action['case_kind']} {action['from_status']} {action['action_type']} {action.get('action_result')}"
        assert row, place
        assert row["to_state"] == action["to_status"], place
        assert action["actor_role"] in row["roles"].split(), place
        assert not missing(row["needs"], action), place
        count += 1
    return count


def test_the_simulator_keeps_to_the_demonstration_s_rules(world):
    """5,000 simulated actions: each is a legal step, by one who may, with what it needs."""
    done = world.run("gridloop-simulate", "lines", "--kind=case_action", "--count=5000", f"--seed={world.rng().randrange(1 << 32)}",
                     text=True)
    assert done.returncode == 0, done.stderr
    assert check_legal(Steps(DEMO), map(json.loads, done.stdout.splitlines())) == 5000


REAL = DATA / "la311" / "events.jsonl.gz"


@pytest.mark.skipif(not REAL.exists(), reason=f"there is no {REAL} (set GRIDLOOP_SHARED_DATA)")
def test_real_closings(world):
    """A city that knows two states has a set of its own, in which all its closings are legal."""
    loaded(world, {"case_state.csv": STATES, "transition.csv": STEPS})
    with gzip.open(REAL, "rt", encoding="utf-8") as file:
        actions = [event for event in map(json.loads, file) if event["kind"] == "case_action"]
    assert check_legal(Steps(LA), actions) == 9946


PATHS = """
REPORTED MERGED | REPORTED NOT_FILED | REPORTED PENDING_VERIFY | REPORTED FILED | PENDING_VERIFY FILED | PENDING_VERIFY NOT_FILED
PENDING_VERIFY = | FILED DISPATCHED ACCEPTED ARRIVED IN_PROCESS HANDLED PENDING_CHECK CHECK_PASSED CLOSED
DISPATCHED RETURNED DISPATCHED | ACCEPTED RETURNED | ARRIVED FALSE_ALARM | PENDING_CHECK REWORK IN_PROCESS
DISPATCHED SUSPENDED < | ACCEPTED SUSPENDED | ARRIVED SUSPENDED | IN_PROCESS SUSPENDED | * CANCELLED | * FORCED_CLOSED
CLOSED REOPENED DISPATCHED
RAISED FED_BACK PLAN_SUBMITTED PLAN_ACCEPTED RECTIFYING REPORT_SUBMITTED REVIEW_PASSED FOLLOW_UP CLOSED | FOLLOW_UP =
REPORT_SUBMITTED REVIEW_FAILED RECTIFYING | FED_BACK RECTIFYING
COLLECTED DELIBERATED HANDLING FED_BACK CLOSED | COLLECTED DECLINED
"""


def test_the_demonstration_has_every_path():
    """Of street cases, findings and council items; and of nothing that is merged or false a way back."""
    arrows = {(row["from_state"], row["to_state"]) for row in Steps(DEMO).rows}
    for path in PATHS.replace("\n", "|").split("|"):
        path = path.split()
        for arrow in zip(path, path[1:]):
            assert arrow in arrows, arrow
    for state in ("MERGED", "FALSE_ALARM", "NOT_FILED", "CANCELLED", "DECLINED"):
        assert {to for frm, to in arrows if frm == state} <= {"="}, state
    assert {to for frm, to in arrows if frm == "CLOSED"} == {"=", "REOPENED"}


def in_memory(world, questions):
    """What tests/rules/case_lines.c says: a daemon's view of what is in force."""
    program = world.stack.builds["release"] / "test" / "case_lines"
    done = subprocess.run([program, world.ingest_url], input="".join("\t".join(question) + "\n" for question in questions),
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found = [tuple(line.split("\t")) for line in done.stdout.splitlines()]
    assert len(found) == len(questions)
    return found


def in_file(row):
    if row is None:
        return ("illegal",)
    return (row["to_state"], row["roles"], str(int("platform" in row["roles"].split())), row["needs"], row["marks"],
            row.get("at_most") or "0", row.get("most_days") or "0")


def in_order(answer):
    """Needs and marks are sets."""
    return tuple(sorted(part.split()) for part in answer)


@pytest.mark.parametrize("folder", [DEMO, LA], ids=["demo", "la311"])
def test_every_question_that_can_be_asked(world, folder):
    """Each kind, state, action and result, known or not: a daemon has the row that the file has."""
    done = command(world, "load", *folder.glob("*.geojson"), *sorted(folder.glob("*.csv")))
    assert done.returncode == 0, done.stderr
    rules, contract = Steps(folder), {field["name"]: field["type"] for field in json.loads(
        (ROOT / "schemas" / "case_action" / "v1.avsc").read_text("utf-8"))["fields"]}
    states = list(csv.DictReader(io.StringIO(text_of(folder, "case_state"))))
    asked = [(kind, state, action, result) for kind in contract["case_kind"]["symbols"]
             for state in [None, "NOWHERE", *(row["state"] for row in states)]
             for action in contract["action_type"]["symbols"]
             for result in [None, *contract["action_result"][1]["symbols"]]]
    got = in_memory(world, [("step", *(part or "-" for part in question)) for question in asked])
    wanted = [in_file(rules.find(kind, state or "", action, result)) for kind, state, action, result in asked]
    assert not [(question, a, b) for question, a, b in zip(asked, got, wanted) if in_order(a) != in_order(b)][:5]
    print(f"{len(asked)} questions, {sum(answer != ('illegal',) for answer in got)} legal steps")
    facts = ("is_open", "counts_as_answered", "is_terminal")
    assert in_memory(world, [("state", row["state"]) for row in states]) == [
        tuple(str(int(row[fact] == "true")) for fact in facts) for row in states]


def test_limits_in_memory(world):
    assert in_memory(world, [("limit", "FIREWORKS")]) == [("none",)]
    load_demo(world)
    assert in_memory(world, [("limit", group) for group in ("FIREWORKS", "LITTERED_ROAD", "ILLEGAL_BUILDING", "PATROL_PROBLEM")]) == [
        ("URGENT_HOUR", "2"), ("WORK_HOUR", "5"), ("WORK_DAY", "15"), ("WORK_DAY", "5")]


def test_daemons_take_it_up(world):
    """Before anything is loaded, when it is, and when another set replaces it."""
    rng = world.rng()
    world.make_topic("drone_alert")
    daemon = world.consumer("drone_alert")
    for files in (None, DEMO, LA):
        if files:
            done = command(world, "load", *files.glob("*.geojson"), *sorted(files.glob("*.csv")))
            assert done.returncode == 0, done.stderr
        world.produce(good("drone_alert", KINDS["drone_alert"].fresh(rng)) for _ in range(20))
        world.settle("drone_alert")
    world.settle_and_stop(daemon)
    assert world.sql("select count(*) from events.drone_alert") == [(60,)]


# ---- when time limits are over ----

def due(world, questions):
    """questions: (start, type, value[, suspended, resumed]) -> moments, or why there is none."""
    lines = "".join(" ".join(str(word.isoformat() if isinstance(word, datetime.datetime) else word) for word in question) + "\n"
                    for question in questions)
    done = command(world, "due", input=lines)
    assert done.returncode == 0, done.stderr
    found = done.stdout.splitlines()
    assert len(found) == len(questions)
    return [line[2:] if line.startswith("-\t") else datetime.datetime.fromisoformat(line) for line in found]


def moments(rng, first, last, count):
    """Some to the microsecond, some on the full half hour."""
    for _ in range(count):
        moment = first + (last - first) * rng.random()
        if rng.random() < 0.3:
            moment = moment.replace(minute=rng.choice((0, 30)), second=0, microsecond=0)
        yield moment


def disagreements(asked, got, wanted):
    return [(question, a, b) for question, a, b in zip(asked, got, wanted) if a != b]


MOST = {"URGENT_HOUR": 500, "WORK_HOUR": 300, "WORK_DAY": 90, "NATURAL_DAY": 120}


def test_due_times_of_three_years(world):
    """10,000 starts of each type, a few of them before or behind the calendar, against Python's."""
    rng = world.rng()
    load_demo(world)
    days = WorkDays(text_of(DEMO, "calendar"), "Asia/Shanghai")
    span = (days.at(days.first) - 10 * DAY, days.at(days.last) + 10 * DAY)
    asked = [(start, kind, rng.choice((0, 1, 2, rng.randrange(MOST[kind]))))
             for kind in LIMITS for start in moments(rng, *span, 10_000)]
    wanted = [days.due(*question) for question in asked]
    assert not disagreements(asked, due(world, asked), wanted)[:5]
    reasons = [answer for answer in wanted if isinstance(answer, str)]
    print(f"{len(asked)} limits, {reasons.count('calendar_ends')} run past the calendar, {reasons.count('no_calendar')} before it")
    assert reasons.count("calendar_ends") > 100 and reasons.count("no_calendar") > 100


def test_limits_that_stood_still(world):
    """2,000 of each type with a suspension, most of them inside of the limit."""
    rng = world.rng()
    load_demo(world)
    days = WorkDays(text_of(DEMO, "calendar"), "Asia/Shanghai")
    asked, wanted = [], []
    for kind in LIMITS:
        for start in moments(rng, days.at(days.first), days.at(days.last) - 400 * DAY, 2000):
            value = rng.randrange(MOST[kind])
            first = days.due(start, kind, value)
            suspended = start + (first - start) * rng.uniform(0, 1.1)
            resumed = suspended + 60 * DAY * rng.random()
            asked.append((start, kind, value, suspended, resumed))
            wanted.append(days.resumed(first, kind, suspended, resumed))
    assert not disagreements(asked, due(world, asked), wanted)[:5]


def test_a_zone_with_summer_time(world):
    """Days of 23 and 25 hours, work through midnight: the zone is PostgreSQL's affair, and Python's agrees."""
    rng = world.rng()
    first = datetime.date(2025, 1, 1)
    shifts = ("", "00:00-24:00", "08:00-12:00 13:00-17:00", "00:00-01:00 22:00-24:00", "04:15-04:45")
    text = "day,hours\n" + "".join(f"{first + number * DAY},{rng.choice(shifts)}\n" for number in range(730))
    loaded(world, {"areas.geojson": AREA, "time_zone.csv": "area_code,name\nD,America/Los_Angeles\n", "calendar.csv": text})
    days = WorkDays(text, "America/Los_Angeles")
    asked = [(start, kind, rng.randrange(20)) for kind in LIMITS
             for start in moments(rng, days.at(days.first), days.at(days.last), 2000)]
    assert not disagreements(asked, due(world, asked), [days.due(*question) for question in asked])[:5]


def test_a_newer_calendar(world):
    """A day that was announced off afterwards: what is asked from now on is reckoned with it."""
    question = [(datetime.datetime(2026, 1, 1, 4, tzinfo=UTC), "WORK_DAY", 1)]
    assert due(world, question) == ["no_calendar"]
    loaded(world, ZONE | {"calendar.csv": CALENDAR + "2026-01-04,08:30-12:00\n"})
    assert due(world, question) == [datetime.datetime(2026, 1, 2, 10, tzinfo=UTC)]
    text = loaded(world, {"calendar.csv": CALENDAR.replace("2026-01-02,08:30-12:00 14:30-18:00", "2026-01-02,") + "2026-01-04,08:30-12:00\n"})
    assert ["calendar", "1", "changed:", "2026-01-02"] in [line.split() for line in text.splitlines()]
    assert due(world, question) == [datetime.datetime(2026, 1, 4, 4, tzinfo=UTC)]


def test_questions_that_cannot_be_answered(world):
    for line, reason in (("2026-01-01 WORK_DAY 1", "line 1"), ("2026-01-01T00:00:00Z WORK_DAYS 1", "the type is none of"),
                         ("2026-01-01T00:00:00Z WORK_DAY -1", "no number"), ("2026-01-01T00:00:00Z WORK_DAY", "not a start"),
                         ("2026-01-01T00:00:00Z WORK_DAY 1 2026-01-03T00:00:00Z 2026-01-02T00:00:00Z", "before it stood still")):
        done = command(world, "due", input=line + "\n")
        assert done.returncode == 65 and reason in done.stderr, done.stderr
    assert command(world, "due", "--limit=WORK_DAY").returncode == 64
    assert command(world, "due", "--limit=WORK_DAY x").returncode == 64
    assert command(world, "due", "--limit=WORK_DAY 1", "--start=now").returncode == 64
