"""Whatever dies, and in whatever order things come: each case ends as its actions say, each action takes effect once, and
each order is decided once."""
import collections
import signal

import pytest

import casebook
from checker import check_all
from events import KINDS, random_uuid
from test_cases import check_books, load_reference
from waiting import wait_for
from world import good

CASES = 240
POINTS = [("after_stripes:2", "after_stripes:3"), ("after_link:2", "after_link:4"), ("before_commit:3", "mid_copy:3"),
          ("after_commit:1", "before_commit:5"), ("before_stripes:3", "after_commit:3"), ("mid_copy:2", "before_stripes:4")]
# (action, result, state after it, what it carries), from REPORTED; one that the platform has sent begins at ACCEPT.
CHAIN = [
    ("FILE", None, "FILED", ""),
    ("DISPATCH", None, "DISPATCHED", "target"),
    ("RETURN", None, "RETURNED", "target reason"),
    ("DISPATCH", None, "DISPATCHED", "target"),
    ("ACCEPT", None, "ACCEPTED", ""),
    ("ARRIVE", None, "ARRIVED", "photo"),
    ("VERIFY", "EXISTS", "IN_PROCESS", ""),
    ("RECTIFY", "DONE", "HANDLED", "photo"),
    ("FEEDBACK", None, "PENDING_CHECK", "reply"),
    ("CHECK", "PASS", "CHECK_PASSED", "photo"),
    ("CLOSE", None, "CLOSED", ""),
]
LAST = ("PUBLISH_REPLY", None, "CLOSED", "reply")
ROLES = {"FILE": "ACCEPTOR", "DISPATCH": "DISPATCHER", "CHECK": "CHECKER", "CLOSE": "ACCEPTOR", "PUBLISH_REPLY": "LEADER"}


class Story:
    """One case: its report, and its actions."""

    def __init__(self, rng, place):
        self.rng, self.is_sent = rng, rng.random() < 0.4
        self.report = KINDS["drone_alert"].fresh(
            rng, longitude=place[0], latitude=place[1], source_crs="WGS84", category_scheme="local-2026",
            major_class_code="LIVING_ENVIRONMENT", minor_class_code="EXPOSED_RUBBISH", message_type="ALERT", is_test=False,
            references_alert_id=None, position_kind="TARGET", horizontal_accuracy_m=3.0, occurred_at=casebook.BEGIN,
            recorded_at=casebook.BEGIN, certainty="LIKELY" if self.is_sent else "POSSIBLE")
        self.case_id = self.report["event_id"]
        self.chain = CHAIN[4:] if self.is_sent else CHAIN
        self.actions = [self.action(number, *step) for number, step in enumerate(self.chain)]

    def action(self, number, name, result, to_state, carries):
        before = self.chain[number - 1][2] if number else "DISPATCHED" if self.is_sent else "REPORTED"
        at = casebook.BEGIN + (number + 1) * casebook.UNITS["m"]
        event = {field: None for field in KINDS["case_action"].fields} | {
            "event_id": random_uuid(self.rng), "action_id": random_uuid(self.rng), "case_id": self.case_id, "case_no": "C",
            "producer_id": "crew", "is_test": False, "occurred_at": at, "recorded_at": at, "case_kind": "DRONE_ALERT",
            "action_type": name, "action_result": result, "from_status": before, "to_status": to_state,
            "case_version": number + (3 if self.is_sent else 2), "actor_unit_code": "U", "actor_role": ROLES.get(name, "HANDLER"),
            "actor_ref": f"{name[:2]}-1"}
        if "photo" in carries:
            event |= {"photo_kind": "AFTER", "object_key": "k", "sha256": "ab" * 32}
        if "reply" in carries:
            event |= {"reply_channel": "PHONE", "reply_digest": "done"}
        if "reason" in carries:
            event |= {"reason_code": "NOT_OURS"}
        if "target" in carries:
            event |= {"target_unit_code": "BG-CGJ" if number == 1 else "BZ-ZFD"}
        if name == "DISPATCH":
            event |= {"limit_type": "WORK_DAY", "limit_value": 1, "due_at": at + casebook.UNITS["d"]}
        return event

    def last(self):
        return self.action(len(self.chain), *LAST)

    def orders(self):
        """(kind, unit) -> how many"""
        if self.is_sent:
            return {("DISPATCH", "BZ-ZFD"): 1}
        return {("DISPATCH", "BG-CGJ"): 1, ("RECALL", "BG-CGJ"): 1, ("DISPATCH", "BZ-ZFD"): 1}


def sites():
    for number in range(CASES):
        yield 114.34 + number % 40 * 0.0016, 36.172 + number // 40 * 0.0012


def messages(rng, stories):
    """All of it in an order that is nearly that of things, each action in a partition that has nothing to do with its case;
    some twice, and some with a rival for the same version."""
    lines = []
    for story in stories:
        begin = rng.uniform(0, 60)
        lines.append((begin + rng.uniform(0, 12), good("drone_alert", story.report), None))
        for number, event in enumerate(story.actions):
            for copy in range(2 if rng.random() < 0.1 else 1):
                lines.append((begin + number * 3 + rng.gauss(0, 3) + copy * 5, good("case_action", event), rng.randrange(4)))
            if rng.random() < 0.05:
                rival = event | {"event_id": random_uuid(rng), "action_id": random_uuid(rng)}
                lines.append((begin + number * 3 + rng.gauss(0, 3), good("case_action", rival), rng.randrange(4)))
    return sorted(lines, key=lambda line: line[0])


def wave_of(lines, number, of):
    return lines[len(lines) * number // of:len(lines) * (number + 1) // of]


def produce(world, lines):
    for partition in {line[2] for line in lines}:
        world.produce([sent for _, sent, where in lines if where == partition], partition)


def kill_each(world, lines):
    """Each wave meets a daemon of each kind that dies at a point of its transaction."""
    for number, points in enumerate(POINTS):
        victims = [world.consumer(kind, build="points", batch_rows=5, linger_ms=5, point=f"{point}:kill", wait=False)
                   for kind, point in zip(("drone_alert", "case_action"), points)]
        produce(world, wave_of(lines, number, len(POINTS) + 2))
        for victim in victims:
            assert victim.wait_exit(90) == -signal.SIGKILL, victim.output()


def crash_postgres(world, daemons):
    began = world.sql("select pg_postmaster_start_time()")
    world.stack.postgres("kill")
    world.stack.postgres("start")
    assert world.sql("select pg_postmaster_start_time()") > began
    for daemon in daemons:
        wait_for(lambda: daemon.log("will try again"), 60, f"{daemon.name} tells that PostgreSQL was away")


def check_stories(world, stories):
    found = dict(world.sql("select case_id::text, (state, case_version)::text from follow_up.case_file"))
    wanted = {s.case_id: f"(CLOSED,{len(s.chain) + (2 if s.is_sent else 1) + 1})" for s in stories}
    assert found == wanted, [(case, found.get(case), state) for case, state in wanted.items() if found.get(case) != state][:5]
    orders = collections.defaultdict(dict)
    for case_id, kind, unit, count in world.sql("select case_id::text, order_kind, target_unit_code, count(*) "
                                                "from follow_up.outbox group by 1, 2, 3"):
        orders[case_id][kind, unit] = count
    assert orders == {s.case_id: s.orders() for s in stories}
    assert world.sql("select outcome, reason, count(*) from follow_up.case_step where outcome = 'refused' "
                     "and reason <> 'version_taken' group by 1, 2") == []
    assert world.sql("select count(*) from follow_up.parked") == [(0,)]


@pytest.mark.slow
def test_cases_through_kills(world, capsys):
    load_reference(world)
    rng = world.rng()
    stories = [Story(rng, place) for place in sites()]
    lines = messages(rng, stories)
    world.make_topic("drone_alert", 4)
    world.make_topic("case_action", 4)
    kill_each(world, lines)
    daemons = [world.consumer(kind, batch_rows=rows, linger_ms=5, wait=False)
               for kind, rows in (("drone_alert", 3), ("drone_alert", 50), ("case_action", 3), ("case_action", 50))]
    for daemon in daemons:
        daemon.wait_claimed(2)
    produce(world, wave_of(lines, len(POINTS), len(POINTS) + 2))
    crash_postgres(world, daemons)
    produce(world, wave_of(lines, len(POINTS) + 1, len(POINTS) + 2))
    for kind in ("drone_alert", "case_action"):
        world.settle(kind, 120)
    parked = world.sql("select count(*) from follow_up.parked")[0][0]
    world.produce(good("case_action", story.last()) for story in stories)  # what waits is tried at the next action
    world.settle_and_stop(*daemons, timeout=120)
    check_stories(world, stories)
    check_books(world)
    world.areas = {1: casebook.areas()}
    check_all(world)
    steps = dict(world.sql("select outcome, count(*) from follow_up.case_step group by 1"))
    with capsys.disabled():
        print(f"\n{len(stories)} cases, {len(lines)} messages, {2 * len(POINTS)} kills: {steps}; {parked} waited at the end")
