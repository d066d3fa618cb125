"""tests/cases/*.txt: what people do in cases, and what has to become of it (tests/cases/README.md says how to read it)."""
import csv
import dataclasses
import datetime
import json
import re

from events import KINDS, micros, random_uuid
from stack import ROOT

REFERENCE = ROOT / "deploy" / "reference" / "beiguan"
SECOND = 1_000_000
UNITS = {"m": 60 * SECOND, "h": 3600 * SECOND, "d": 86400 * SECOND, "y": 365 * 86400 * SECOND}
BEGIN = micros("2026-01-05T09:00:00+08:00")  # a Monday
ZONE = datetime.timezone(datetime.timedelta(hours=8))
KIND_OF = {"drone_alert": "DRONE_ALERT", "patrol_log": "PATROL_PROBLEM", "inspection_finding": "INSPECTION_FINDING",
           "council_item": "COUNCIL_ITEM", "enterprise_request": "ENTERPRISE_REQUEST", "lost_property": "LOST_PROPERTY",
           "nothing": "DRONE_ALERT"}
FIRST_STATE = {"drone_alert": "REPORTED", "patrol_log": "REPORTED", "inspection_finding": "RAISED"}
MAJOR = {"EXPOSED_RUBBISH": "LIVING_ENVIRONMENT", "SPOIL_HEAP": "LIVING_ENVIRONMENT"}


def make_report(rng, kind, code, place, is_sure=False):
    """An event that opens a case there. is_sure: a drone is certain enough for the platform to send somebody."""
    fields = {"occurred_at": BEGIN - 3600 * SECOND, "recorded_at": BEGIN - 3600 * SECOND, "is_test": False}
    longitude, latitude = place
    if kind == "drone_alert":
        fields |= {"longitude": longitude, "latitude": latitude, "source_crs": "WGS84", "category_scheme": "local-2026",
                   "major_class_code": MAJOR[code], "minor_class_code": code, "message_type": "ALERT",
                   "position_kind": "TARGET", "horizontal_accuracy_m": 3.0, "references_alert_id": None,
                   "certainty": "LIKELY" if is_sure else "POSSIBLE"}
    elif kind == "patrol_log":
        fields |= {"start_lon": longitude, "start_lat": latitude, "source_crs": "WGS84", "category": code,
                   "category_scheme": "local-2026", "raised_case_ids": [random_uuid(rng)]}
    else:
        fields |= {"longitude": None, "latitude": None, "source_crs": None, "issue_code": code, "issue_scheme": "local-2026",
                   "round_code": random_uuid(rng), "responsible_unit_code": "BZ-ZF"}
    return KINDS[kind].fresh(rng, **fields)


def opened_by(kind, report):
    """The id of the case that it opens."""
    return {"drone_alert": report["event_id"], "inspection_finding": report.get("finding_id"),
            "patrol_log": (report.get("raised_case_ids") or [None])[0]}[kind]


@dataclasses.dataclass
class Step:
    """One row that has to be in follow_up.case_step."""
    event_id: str
    outcome: str
    reason: str | None = None
    to_state: str | None = None

    def __str__(self):
        return f"{self.outcome} {self.reason or ''} {self.to_state or ''}".strip()


@dataclasses.dataclass
class Case:
    name: str
    kind: str                       # what its line says: drone_alert, council_item
    case_id: str
    place: tuple
    report: dict | None = None      # the event that opens it, or that is linked
    is_late: bool = False
    state: str | None = None
    version: int = 0
    now: int = BEGIN
    waiting: dict = dataclasses.field(default_factory=dict)  # state after it -> event_id of an action that waits
    facts: list = dataclasses.field(default_factory=list)    # (line number, text)


@dataclasses.dataclass
class Phase:
    reports: list = dataclasses.field(default_factory=list)  # (kind, event)
    linked: list = dataclasses.field(default_factory=list)   # the same, of what is linked to cases that are there
    actions: list = dataclasses.field(default_factory=list)  # events; the same twice is meant so


class Book:
    """All that one file says: phases to be sent one after the other, and what has to be there at the end."""

    def __init__(self, path, rng, places):
        self.path, self.rng, self.places = path, rng, places
        self.cases, self.late, self.phases = {}, [], [Phase()]
        self.steps, self.checks = {}, []    # event_id -> (line, [Step]); (line, case, version, text)
        self.transitions = list(csv.DictReader((REFERENCE / "transition.csv").open(encoding="utf-8")))
        self.last = None                    # the action above
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            text = line.split("#")[0].rstrip()
            if text:
                try:
                    self.read(number, text)
                except (KeyError, IndexError, ValueError, AttributeError) as problem:
                    raise AssertionError(f"{path.name}:{number}: {problem!r}: {line}") from problem

    def read(self, number, text):
        if text == "----":
            self.phases.append(Phase())
            self.phases[-1].reports += self.late
            self.late = []
        elif text.startswith(("case ", "report ")):
            self.open(text)
        elif text[0] == " ":
            self.checks.append((number, *self.last[1:], text.strip()))
        elif " is " in text and ":" not in text:
            name, facts = text.split(" is ")
            self.cases[name].facts.append((number, facts))
        elif text.endswith(": again"):
            self.phases[-1].actions.append(self.last[0])
        else:
            name, rest = text.split(": ", 1)
            self.act(number, self.cases[name], *re.split(r"\s*(?:->|→)\s*", rest))

    # ---- reports ----

    def open(self, text):
        what, name, kind, *words = text.replace(":", "").split()
        other = self.cases[words[words.index("at") + 1]] if "at" in words else None
        place = other.place if other else next(self.places)
        event = make_report(self.rng, kind, words[0], place, "sent" in words) if kind in FIRST_STATE else None
        case_id = opened_by(kind, event) if event else random_uuid(self.rng)
        case = self.cases[name] = Case(name, kind, case_id.lower(), place, event, "later" in words)
        if event:
            case.state, case.version = ("DISPATCHED", 2) if "sent" in words else (FIRST_STATE[kind], 1)
            phase = self.phases[-1]
            (self.late if case.is_late else phase.linked if other else phase.reports).append((kind, event))

    # ---- actions ----

    def act(self, number, case, text, wanted):
        words = text.split()
        event = {name: None for name in KINDS["case_action"].fields} | {
            "event_id": random_uuid(self.rng), "action_id": random_uuid(self.rng), "case_id": case.case_id,
            "producer_id": "casebook", "case_no": case.name, "case_kind": KIND_OF[case.kind], "action_type": words[0],
            "is_test": "drill" in words, "actor_unit_code": "U", "from_status": case.state or "NONE",
            "case_version": case.version + 1}
        if words[1] != "by":
            event["action_result"] = words.pop(1)
        event["actor_role"], event["actor_ref"] = words[2].upper() if words[2] != "platform" else "platform", words[3]
        rest = words[4:]
        at = case.now + self.span(rest, "after", "10m")
        self.fill(event, rest, at)
        written = at + self.span(rest, "written", "0m")
        event["recorded_at"], event["occurred_at"] = written, written + self.span(rest, "clock", "0m")
        event["to_status"] = self.after(rest, "asking") or self.goal(case, event)
        self.phases[-1].actions.append(event)
        self.expect(number, case, event, wanted, at)

    @staticmethod
    def after(words, name):
        return words[words.index(name) + 1] if name in words else None

    def span(self, words, name, default):
        sign, number, unit = re.fullmatch(r"([+-]?)(\d+)([mhdy])", self.after(words, name) or default).groups()
        return (-1 if sign == "-" else 1) * int(number) * UNITS[unit]

    def fill(self, event, words, at):
        evidence = {words[i + 1] for i, word in enumerate(words) if word == "with"}
        if "photo" in evidence:
            event |= {"photo_kind": "NEAR", "object_key": f"photos/{event['event_id']}", "sha256": "ab" * 32}
        if "reply" in evidence:
            event |= {"reply_channel": "MESSAGE", "reply_digest": "done"}
        if "position" in evidence:
            event |= {"action_lon": 114.35, "action_lat": 36.19, "source_crs": "WGS84"}
        event["target_unit_code"] = self.after(words, "to")
        event["reason_code"] = self.after(words, "reason")
        event["approved_by_ref"] = self.after(words, "approved")
        if "limit" in words:
            event["limit_type"], event["limit_value"] = self.after(words, "limit"), int(words[words.index("limit") + 2])
        if "due" in words:
            event["due_at"] = at + self.span(words, "due", None)
        if "into" in words:
            event["merged_into_case_id"] = self.cases[self.after(words, "into")].case_id
        if "version" in words:
            event["case_version"] = int(self.after(words, "version"))
        event["from_status"] = self.after(words, "seen") or event["from_status"]
        event["case_kind"] = self.after(words, "kind") or event["case_kind"]

    def goal(self, case, event):
        """What the steps of the reference data say; somewhere else if there is none."""
        for kind in (event["case_kind"], "*"):
            for state in (case.state or "", "*" if case.state else ""):
                rows = [row for row in self.transitions if (row["case_kind"], row["from_state"], row["action"])
                        == (kind, state, event["action_type"])]
                for result in (event["action_result"] or "", ""):
                    for row in rows:
                        if row["result"] == result:
                            return {"=": case.state, "<": case.before if row["to_state"] == "<" else ""}.get(
                                row["to_state"], row["to_state"])
        return "NOWHERE"

    def expect(self, number, case, event, wanted, at):
        words = wanted.split()
        if "after" in words:
            self.settle(case, words[words.index("after") + 1])
            words = words[:words.index("after")]
        event_id, rows = event["event_id"], self.steps.setdefault(event["event_id"], (number, []))[1]
        if words[0] in ("refused", "parked", "answered"):
            rows.append(Step(event_id, *words))
            if words[0] == "parked":
                case.waiting[event["to_status"]] = event_id
        else:
            self.move(case, words[0], at)
            rows.append(Step(event_id, "applied", words[1] if len(words) == 2 else None, words[0]))
            if words[0] != event["to_status"]:
                raise ValueError(f"the reference data say {event['to_status']}")
            if "then" in words:
                self.settle(case, words[words.index("then") + 1])
        self.last = (event, case, case.version)

    def settle(self, case, last):
        """What waited is applied, up to this state."""
        for state, event_id in list(case.waiting.items()):
            self.steps[event_id][1].append(Step(event_id, "applied", None, state))
            self.move(case, state, case.now)
            del case.waiting[state]
            if state == last:
                break

    @staticmethod
    def move(case, state, at):
        if state == "SUSPENDED":
            case.before = case.state
        case.state, case.version, case.now = state, case.version + 1, at


def areas():
    """As world.areas has them."""
    return json.loads((REFERENCE / "areas.geojson").read_text("utf-8"))["features"]


def sites():
    """Places in Baizhuang Town, far enough from each other that nothing there is one thing."""
    for row in range(15):
        for column in range(18):
            yield 114.345 + column * 0.0034, 36.172 + row * 0.0027


def local(time):
    return time.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
