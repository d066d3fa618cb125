"""Linking, written a second time: from the design's sentences alone, simple and slow, with nothing in common with
the C function but the lines that both read. Windows and times are whole microseconds, None is never or no limit as
each field says; float("inf") stands for no limit."""
import collections
import dataclasses
import math
import uuid

RADIUS = 6371008.8
DAY = 86_400_000_000
MINUTE = 60_000_000
FLAGS = {"implausible": 1, "before_first": 2, "past_life": 4, "assumed": 8, "far": 16, "inaccurate": 32,
         "other_unit": 64, "id_taken": 128, "cancels": 256, "asks": 512, "takes_waiting": 1024, "sends": 2048}
NAME_SPACE = uuid.UUID("e54f9ff2-693d-4a51-b17b-a6ad89b7327e")


@dataclasses.dataclass
class Rule:
    radius: float
    merge: float                 # window; None: never
    reopen: float | None = None
    repeat: float | None = None
    mute: float | None = None
    mute_count: float = 0
    anchor_last: bool = False
    same_unit: bool = False
    ignore_status: bool = False


@dataclasses.dataclass
class Sighting:
    event_id: str
    report: str
    occurred: int
    recorded: int
    case_id: str | None = None
    message: str = "report"      # update, cancel
    group: str | None = None
    test: bool = False
    point: tuple | None = None   # longitude, latitude
    accuracy: float | None = None
    assumed: float = 10.0
    key: tuple | None = None     # unit and issue, where there is no point
    round: str | None = None
    unit: str | None = None
    sends: bool = False


@dataclasses.dataclass
class Action:
    what: str                    # handled, closed, dismissed, cancelled, sent, asked, merged
    case_id: str
    time: int
    head: str | None = None


@dataclasses.dataclass
class Case:
    id: str
    number: int                  # in the order of opening
    group: str
    test: bool
    point: tuple | None
    accuracy: float
    key: tuple | None
    round: str | None
    unit: str | None
    first: int
    last: int
    life: str = "open"
    reopened: int | None = None
    handled: int | None = None
    closed: int | None = None
    standing: int = 0
    muted: int = 0
    lifted: bool = False
    sent: bool = False
    merged_into: str | None = None


@dataclasses.dataclass
class Report:
    come: bool = False
    case: str | None = None
    withdrawn: bool = False
    waits: bool = False


@dataclasses.dataclass
class Decision:
    event_id: str
    outcome: str
    case: str | None = None
    related: str | None = None
    basis: str = "nothing"
    used: int = 0
    age: int = 0
    distance: float | None = None
    radius: float | None = None
    flags: set = dataclasses.field(default_factory=set)


def metres(a, b):
    """Great circle by the vectors' angle: another formula than the one under test."""
    def vector(p):
        lon, lat = map(math.radians, p)
        return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)
    u, v = vector(a), vector(b)
    cross = (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])
    return RADIUS * math.atan2(math.hypot(*cross), sum(x * y for x, y in zip(u, v)))


def inside(age, window):
    return window is not None and age <= window


def fate(rule, case, round_, time):
    """What the head of a candidate makes of a sighting by time and state: (fate, age, past life?)."""
    if case.life == "cancelled":
        return None
    ended = case.closed if case.closed is not None else case.handled if case.handled is not None else case.last
    repeat = ("repeat", time - ended, False) if time >= case.first and inside(time - ended, rule.repeat) else None
    if round_ and case.round and round_ != case.round:
        since = case.closed if case.closed is not None else case.last
        return ("repeat", time - since, False) if time >= case.first and inside(time - since, rule.repeat) else None

    # The life: at most the window before the first sighting, and at most the window after the anchor.
    anchors = [case.last] if rule.anchor_last else [case.first] + [case.reopened] * (case.reopened is not None)
    joins = inside(case.first - time, rule.merge) and any(
        inside(time - a, rule.merge) and (rule.anchor_last or inside(a - time, rule.merge)) for a in anchors)
    anchor = case.last if rule.anchor_last else (
        case.reopened if case.reopened is not None and time >= case.reopened else case.first)

    if rule.ignore_status or case.life == "open":
        if joins:
            return "more", time - anchor, False
        if rule.ignore_status:
            return None
        late = time - case.last
        return ("repeat", late, False) if time >= case.first and inside(late, rule.repeat) else None
    if case.life == "dismissed":
        if time < ended:
            return ("more", time - anchor, True) if joins else None
        if not case.lifted and case.muted < rule.mute_count and inside(time - ended, rule.mute):
            return "muted", time - ended, False
        return None
    if time < (case.handled if case.handled is not None else ended):
        return ("more", time - anchor, True) if joins else None
    if inside(time - ended, rule.reopen):
        return "reopen", time - ended, False
    return repeat


class Linker:
    def __init__(self, rules):
        self.rules = rules
        self.cases = {}
        self.reports = collections.defaultdict(Report)
        self.near = collections.defaultdict(list)   # (group, test, tile or key) -> cases

    # ---- what people do ----

    def act(self, action):
        case = self.cases.get(action.case_id)
        if case is None:
            return
        if action.what == "sent":
            case.sent = True
        elif action.what == "asked":
            case.lifted = True
        elif action.what == "handled":
            case.handled = action.time
        else:
            case.life, case.closed, case.muted = action.what, action.time, 0
            case.merged_into = action.head

    # ---- one sighting ----

    def decide(self, s):
        out = Decision(s.event_id, "no_case")
        plausible = s.recorded - 30 * DAY <= s.occurred <= s.recorded + 10 * MINUTE
        out.used = s.occurred if plausible else s.recorded
        if not plausible:
            out.flags.add("implausible")
        report = self.reports[(s.report, s.test)]
        if report.come:
            self.revise(s, report, out)
        elif s.message != "report":
            out.outcome, report.waits = "waits", True
            report.withdrawn |= s.message == "cancel"
        else:
            self.arrive(s, report, out)
        return out

    def revise(self, s, report, out):
        out.outcome, out.basis, out.case = "revision", "report", report.case
        if s.message == "cancel":
            if not report.withdrawn:
                out.outcome, report.withdrawn = "withdrawn", True
                self.withdraw(report, out)
            return
        head = self.head(self.cases.get(report.case))
        if head:
            head.last = max(head.last, out.used)

    def withdraw(self, report, out):
        case = self.cases.get(report.case)
        if case is None:
            return
        case.standing -= 1
        if case.life == "open" and case.standing == 0 and not case.sent:
            case.life = "cancelled"
            out.flags.add("cancels")
        elif self.head(case) and self.head(case).life == "open":
            out.flags.add("asks")

    def arrive(self, s, report, out):
        if s.group is not None:
            self.place(s, out, s.sends and not report.withdrawn)
        report.come, report.case = True, out.case
        if report.waits:
            out.flags.add("takes_waiting")
            report.waits = False
        if report.withdrawn:
            self.withdraw(report, out)

    def head(self, case):
        for _ in range(64):
            if case is None or case.life != "merged":
                return case
            case = self.cases.get(case.merged_into)
        return None

    def tiles(self, s):
        if s.point is None:
            return [s.key] if s.key else []
        x, y = round(s.point[0], 2), round(s.point[1], 2)
        return [(round(x + i / 100, 2), round(y + j / 100, 2)) for i in (-1, 0, 1) for j in (-1, 0, 1)]

    def candidates(self, s, time, accuracy):
        rule = self.rules[s.group]
        for tile in self.tiles(s):
            for case in self.near[(s.group, s.test, tile)]:
                doubts, distance, radius = set(), None, None
                if s.point:
                    if abs(s.point[1] - case.point[1]) > 0.006:  # 667 m
                        continue
                    distance = metres(s.point, case.point)
                    radius = max(rule.radius, 2 * math.hypot(min(accuracy, 100), min(case.accuracy, 100)))
                    if distance > 2 * radius:
                        continue
                    if distance > radius:
                        doubts.add("far")
                    if accuracy > 100 or case.accuracy > 100:
                        doubts.add("inaccurate")
                head = self.head(case)
                if head is None:
                    continue
                if rule.same_unit and s.unit and head.unit and s.unit != head.unit:
                    doubts.add("other_unit")
                answer = fate(rule, head, s.round, time)
                if answer is None or doubts and answer[0] == "repeat":
                    continue
                rank = 2 if doubts else 1 if answer[0] == "repeat" else 0
                yield rank, distance or 0, case.number, head, answer, doubts, distance, radius

    def named(self, s, time):
        case = self.cases.get(s.case_id)
        head = self.head(case)
        if head is None or head.test != s.test:
            return None
        answer = fate(self.rules[s.group], head, s.round, time)
        if answer is None or answer[0] == "repeat":
            return None
        distance = metres(s.point, head.point) if s.point and head.point else None
        return 0, 0, 0, head, answer, set(), distance, None

    def place(self, s, out, sends):
        accuracy = s.accuracy
        if s.point and accuracy is None:
            accuracy = s.assumed
            out.flags.add("assumed")
        best = self.named(s, out.used)
        basis = "name" if best else "distance" if s.point else "key"
        if best is None:
            best = min(self.candidates(s, out.used, accuracy), default=None, key=lambda c: c[:3])
        if best is None:
            out.outcome = "new"
            self.open(s, out, accuracy, sends)
            return
        rank, _, _, head, answer, doubts, out.distance, out.radius = best
        out.basis, out.age, past = basis, answer[1], answer[2]
        out.flags |= doubts
        if rank:
            out.outcome, out.related = ("repeat" if rank == 1 else "possible_repeat"), head.id
            self.open(s, out, accuracy, sends and rank == 1)
            return
        out.outcome, out.case = answer[0], head.id
        if out.used < head.first:
            out.flags.add("before_first")
        if past:
            out.flags.add("past_life")
        head.muted += out.outcome == "muted"
        if out.outcome == "reopen":
            head.life, head.reopened = "open", out.used
            if sends:
                head.sent = True
                out.flags.add("sends")
        head.last = max(head.last, out.used)
        head.standing += 1

    def open(self, s, out, accuracy, sends):
        name = s.case_id
        if name in self.cases:
            out.flags.add("id_taken")
            # uuid5 of bytes that are no text
            name = str(_uuid5(b"case/" + uuid.UUID(name).bytes + uuid.UUID(s.event_id).bytes))
        case = Case(name, len(self.cases), s.group, s.test, s.point, accuracy, None if s.point else s.key,
                    None if s.point else s.round, s.unit, out.used, out.used, standing=1, sent=sends)
        self.cases[name] = case
        out.case = name
        if sends:
            out.flags.add("sends")
        if s.point:
            tile = (round(s.point[0], 2), round(s.point[1], 2))
            self.near[(s.group, s.test, tile)].append(case)
        elif s.key:
            self.near[(s.group, s.test, s.key)].append(case)


def _uuid5(name):
    import hashlib
    digest = bytearray(hashlib.sha1(NAME_SPACE.bytes + name).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(digest))
