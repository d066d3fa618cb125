"""Whatever dies, and in whatever order things come: each case ends as its actions say, each report and each action takes
effect once, and each order is decided once and reaches its unit.

One schedule is made from one seed, which is printed; GRIDLOOP_SEED repeats it.
"""
import collections
import itertools
import signal
import time

import pytest

import casebook
from checker import check_all
from events import KINDS, random_uuid
from faults import pause, renewed
from orders import arrived, once, unsent
from test_cases import check_books, load_reference
from waiting import wait_for
from world import good

CASES = 240
PARTITIONS = 4
PATIENCE = 120  # seconds; other people's tests run on this machine too
REPORT_POINTS = ("before_insert", "mid_copy", "after_copy", "before_stripes", "after_stripes", "after_link", "before_commit",
                 "after_commit")
POINTS = {
    "drone_alert": REPORT_POINTS, "patrol_log": REPORT_POINTS, "inspection_finding": REPORT_POINTS,
    "case_action": ("mid_copy", "before_stripes", "after_stripes", "after_link", "before_commit", "after_commit"),
    "dispatch": ("before_send", "after_send", "before_sent_row", "after_sent_row", "clock_found", "clock_done"),
}
CONSUMERS = [name for name in POINTS if name != "dispatch"]

# (action, result, state after it, what it carries, who acts); one that the platform has sent begins at ACCEPT.
THING = [
    ("FILE", None, "FILED", "", "ACCEPTOR"),
    ("DISPATCH", None, "DISPATCHED", "BG-CGJ", "DISPATCHER"),
    ("RETURN", None, "RETURNED", "BZ-ZFD reason", "HANDLER"),
    ("DISPATCH", None, "DISPATCHED", "BZ-ZFD", "DISPATCHER"),
    ("ACCEPT", None, "ACCEPTED", "", "HANDLER"),
    ("ARRIVE", None, "ARRIVED", "photo", "HANDLER"),
    ("VERIFY", "EXISTS", "IN_PROCESS", "", "HANDLER"),
    ("RECTIFY", "DONE", "HANDLED", "photo", "HANDLER"),
    ("FEEDBACK", None, "PENDING_CHECK", "reply", "HANDLER"),
    ("CHECK", "PASS", "CHECK_PASSED", "photo", "CHECKER"),
    ("CLOSE", None, "CLOSED", "", "ACCEPTOR"),
]
FINDING = [
    ("FEED_BACK_TO_UNIT", None, "FED_BACK", "BZ-ZF", "LEADER"),
    ("SUBMIT_PLAN", None, "PLAN_SUBMITTED", "", "HANDLER"),
    ("REVIEW", "APPROVED", "PLAN_ACCEPTED", "", "LEADER"),
    ("RECTIFY", None, "RECTIFYING", "photo", "HANDLER"),
    ("SUBMIT_REPORT", None, "REPORT_SUBMITTED", "reply", "HANDLER"),
    ("REVIEW", "PASS", "REVIEW_PASSED", "", "CHECKER"),
    ("FOLLOW_UP", "PASS", "FOLLOW_UP", "", "CHECKER"),
    ("CLOSE", None, "CLOSED", "", "LEADER"),
]
SENT, BY_HAND, FED_BACK = ([("DISPATCH", "BZ-ZFD")], [("DISPATCH", "BG-CGJ"), ("RECALL", "BG-CGJ"), ("DISPATCH", "BZ-ZFD")],
                           [("DISPATCH", "BZ-ZF")])
NOBODY_ACTS = ("EXPOSED_RUBBISH", True, [], SENT)
# kind -> [(category, whether the platform sends somebody, actions, orders)]
COURSES = {
    "drone_alert": [("EXPOSED_RUBBISH", True, THING[4:], SENT), ("EXPOSED_RUBBISH", False, THING, BY_HAND)],
    "patrol_log": [("EXPOSED_RUBBISH", True, THING[4:], SENT), ("LOOSE_WIRES", False, THING, BY_HAND)],
    "inspection_finding": [("FUNDS", False, FINDING, FED_BACK)],
}


class Story:
    """One case: its report, its actions, and how often it was seen."""

    def __init__(self, rng, place, kind=None, course=None):
        self.rng, self.seen = rng, 1
        self.kind = kind or rng.choice(list(COURSES))
        code, self.is_sent, self.chain, self.orders = course or rng.choice(COURSES[self.kind])
        self.report = casebook.make_report(rng, self.kind, code, place, self.is_sent)
        self.case_id = casebook.opened_by(self.kind, self.report)
        self.first_version = 2 if self.is_sent else 1
        self.state = self.chain[-1][2] if self.chain else "DISPATCHED"
        self.actions = [self.action(number, *step) for number, step in enumerate(self.chain)]

    def action(self, number, name, result, to_state, carries, role):
        before = self.chain[number - 1][2] if number else "DISPATCHED" if self.is_sent else casebook.FIRST_STATE[self.kind]
        at = casebook.BEGIN + (number + 1) * casebook.UNITS["m"]
        event = {field: None for field in KINDS["case_action"].fields} | {
            "event_id": random_uuid(self.rng), "action_id": random_uuid(self.rng), "case_id": self.case_id, "case_no": "C",
            "producer_id": "crew", "is_test": False, "occurred_at": at, "recorded_at": at,
            "case_kind": casebook.KIND_OF[self.kind], "action_type": name, "action_result": result, "from_status": before,
            "to_status": to_state, "case_version": self.first_version + number + 1, "actor_unit_code": "U", "actor_role": role,
            "actor_ref": f"{name}-{role}"}
        unit, *more = (carries if carries[:1].isupper() else f" {carries}").split(" ")
        if unit:
            event |= {"target_unit_code": unit, "limit_type": "WORK_DAY", "limit_value": 1, "due_at": at + casebook.UNITS["d"]}
        if "photo" in more:
            event |= {"photo_kind": "AFTER", "object_key": "k", "sha256": "ab" * 32}
        if "reply" in more:
            event |= {"reply_channel": "PHONE", "reply_digest": "done"}
        if "reason" in more:
            event |= {"reason_code": "NOT_OURS"}
        return event

    def again(self):
        """Another report of the same; it moves nothing, for it was seen before anybody acted."""
        self.seen += 1
        event = renewed(self.rng, self.report)
        if "raised_case_ids" in event:
            event["raised_case_ids"] = [random_uuid(self.rng)]
        return good(self.kind, event)


def rival(rng, action):
    """Somebody else does the same: one of both is applied, it does not matter which."""
    return good("case_action", action | {"event_id": random_uuid(rng), "action_id": random_uuid(rng)})


def messages(rng, stories):
    """(message, partition): all of it in an order that is nearly that of things, each action in a partition that has nothing
    to do with its case; some twice, and some with a rival for the same version."""
    lines = []
    for story in stories:
        begin = rng.uniform(0, 60)
        lines.append((begin + rng.uniform(0, 12), good(story.kind, story.report)))
        for number, event in enumerate(story.actions):
            for copy in range(2 if rng.random() < 0.1 else 1):
                lines.append((begin + number * 3 + rng.gauss(0, 3) + copy * 5, good("case_action", event)))
            if rng.random() < 0.05:
                lines.append((begin + number * 3 + rng.gauss(0, 3), rival(rng, event)))
    return [(sent, rng.randrange(PARTITIONS)) for _, sent in sorted(lines, key=lambda line: line[0])]


def schedule(rng, kills, crashes):
    """Which daemon dies, and at which point of its work (None: at any moment); None: PostgreSQL does."""
    names = list(itertools.islice(itertools.cycle(POINTS), kills))
    faults = [(name, rng.choice(POINTS[name] + (None,) * 2)) for name in names] + [(None, None)] * crashes
    rng.shuffle(faults)
    return faults


class Siege:
    """All that runs, and what is done to it: before each fault comes a wave of what people send."""

    def __init__(self, world, rng, kills, crashes, build=None):
        self.world, self.rng, self.build = world, rng, build
        self.places = casebook.sites()
        self.stories = [Story(rng, place) for place in itertools.islice(self.places, CASES)]
        self.faults = faults = schedule(rng, kills, crashes)
        self.lines = messages(rng, self.stories)
        self.waves = iter([self.lines[len(self.lines) * n // (len(faults) + 2):len(self.lines) * (n + 1) // (len(faults) + 2)]
                           for n in range(len(faults) + 2)])
        self.counts = collections.Counter()
        self.let = None  # id of the last case that let_order() made
        self.members = {name: self.start(name) for name in POINTS}

    def start(self, name, point=None):
        build = self.build or ("points" if point else "release")
        if name == "dispatch":
            return self.world.dispatch(build=build, point=point, wait=False, tick_s=1)
        return self.world.consumer(name, build=build, point=point, wait=False, batch_rows=self.rng.choice((3, 20, 100)),
                                   linger_ms=5)

    def send(self, lines):
        for partition in range(PARTITIONS):
            self.world.produce([sent for sent, where in lines if where == partition], partition)

    # ---- more work, so that everybody has some, which changes nothing about how the cases end ----

    def stored(self):
        return {case_id for case_id, in self.world.sql("select case_id::text from follow_up.case_file")}

    def known(self):
        """Kind -> stories whose case is there; only of these others may be told."""
        there = self.stored()
        return {kind: [story for story in self.stories if story.kind == kind and story.case_id in there] for kind in COURSES}

    def tell_again(self, known, kind):
        """One more report of something in each partition."""
        for partition in range(PARTITIONS if known[kind] else 0):
            self.world.produce([self.rng.choice(known[kind]).again()], partition)

    def act_again(self):
        for partition in range(PARTITIONS):
            story = self.rng.choice([story for story in self.stories if story.actions])
            self.world.produce([rival(self.rng, self.rng.choice(story.actions))], partition)

    def let_order(self):
        """Where all orders are sent, and the last such case is there, a new one to which the platform sends somebody."""
        if unsent(self.world) == 0 and (self.let is None or self.let in self.stored()):
            self.stories.append(Story(self.rng, next(self.places), "drone_alert", NOBODY_ACTS))
            self.let = self.stories[-1].case_id
            self.world.produce([good("drone_alert", self.stories[-1].report)])

    def give_work(self, name):
        if name == "dispatch":
            self.let_order()
        elif name == "case_action":
            self.act_again()
        else:
            known = self.known()
            if not known[name]:  # nobody has told of one yet, or it is not stored
                self.send(next(self.waves, ()))
            self.tell_again(known, name)

    # ---- faults ----

    def go(self):
        for name, point in self.faults:
            began = time.monotonic()
            if name is None:
                self.crash_postgres()
            elif point is None:
                self.kill(name)
            else:
                self.crash(name, point)
            self.counts[name or "PostgreSQL"] += 1
            print(f"{time.monotonic() - began:6.1f} s  {name or 'PostgreSQL'} {point or ''}")

    def kill(self, name):
        """While it works, or has nothing to do."""
        self.send(next(self.waves, ()))
        pause(self.rng, 0.5)
        self.members[name].kill()
        self.members[name] = self.start(name)

    def crash(self, name, point):
        """Of dispatch only one leads, so the victim takes its place; a consumer joins the others of its group."""
        passes = 1 if name == "dispatch" else self.rng.randint(1, 3)
        if name == "dispatch":
            self.members[name].kill()
        victim = self.start(name, f"{point}:{passes}:kill")
        if name == "dispatch":
            victim.wait_log("started")
        else:
            victim.wait_claimed(timeout=PATIENCE)
        self.send(next(self.waves, ()))

        def is_dead():
            self.give_work(name)
            return not victim.is_running()
        wait_for(is_dead, PATIENCE, lambda: f"{name} dies at {point}\n{victim.output()}", every=0.3)
        assert victim.wait_exit() == -signal.SIGKILL, victim.output()
        if name == "dispatch":
            self.members[name] = self.start(name)

    def crash_postgres(self):
        """While there is work for everybody, so that everybody feels it."""
        known, began = self.known(), self.world.sql("select pg_postmaster_start_time()")
        told = {name: len(member.log("will try again")) for name, member in self.members.items()}
        self.world.stack.postgres("kill")
        self.send(next(self.waves, ()))
        for kind in COURSES:
            self.tell_again(known, kind)
        self.act_again()
        wait_for(lambda: all(len(member.log("will try again")) > told[name] for name, member in self.members.items()), PATIENCE,
                 "everybody tells that PostgreSQL is away")
        self.world.stack.postgres("start")
        assert self.world.sql("select pg_postmaster_start_time()") > began

    def end(self):
        for lines in self.waves:
            self.send(lines)
        for kind in CONSUMERS:
            self.world.settle(kind, PATIENCE)
        wait_for(lambda: self.world.sql("select count(*) from follow_up.parked") == [(0,)], PATIENCE,
                 "the clock has tried again all that waited")
        wait_for(lambda: unsent(self.world) == 0, PATIENCE, "all orders are sent")
        for member in self.members.values():
            member.stop(PATIENCE)


def check_stories(world, stories):
    found = {case_id: rest for case_id, *rest in world.sql(
        "select case_id::text, state, case_version, standing from follow_up.case_file")}
    wanted = {s.case_id: [s.state, s.first_version + len(s.chain), s.seen] for s in stories}
    assert found == wanted, [(case, found.get(case), state) for case, state in wanted.items() if found.get(case) != state][:5]
    assert world.sql("select outcome, reason, count(*) from follow_up.case_step where outcome = 'refused' "
                     "and reason <> 'version_taken' group by 1, 2") == []


def check_orders(world, stories):
    """Decided as the actions say; each is in the topic, and taken once by its unit. Returns how many came again."""
    decided = collections.defaultdict(list)
    for case_id, kind, unit in world.sql("select case_id::text, order_kind, target_unit_code from follow_up.outbox "
                                         "where order_kind <> 'REMIND' order by case_version, order_kind desc"):
        decided[case_id].append((kind, unit))
    assert decided == {s.case_id: s.orders for s in stories}
    units = collections.defaultdict(set)
    for order_id, unit in world.sql("select order_id::text, target_unit_code from follow_up.outbox"):
        units[unit].add(order_id)
    for unit, ids in units.items():
        taken = [line["order_id"] for line in once(world, unit=unit, state=f"{unit}.db")]
        assert len(taken) == len(ids) and set(taken) == ids, unit
    return len(arrived(world)) - sum(map(len, units.values()))


def besiege(world, capsys, kills, crashes, build=None):
    load_reference(world)
    rng = world.rng()
    for kind in CONSUMERS:
        world.make_topic(kind, PARTITIONS)
    world.make_topic("dispatch_order", PARTITIONS)
    began = time.monotonic()
    siege = Siege(world, rng, kills, crashes, build)
    siege.go()
    siege.end()
    check_stories(world, siege.stories)
    again = check_orders(world, siege.stories)
    check_books(world)
    rebuilt = world.ctl("rebuild follow-up", "--check")
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
    world.areas = {1: casebook.areas()}
    check_all(world)
    steps = dict(world.sql("select outcome, count(*) from follow_up.case_step group by 1"))
    orders = dict(world.sql("select order_kind, count(*) from follow_up.outbox group by 1"))
    with capsys.disabled():
        print(f"\n{sum(siege.counts.values())} faults in {time.monotonic() - began:.0f} s: {dict(siege.counts)}\n"
              f"{len(siege.stories)} cases, {sum(s.seen for s in siege.stories)} reports, {len(siege.lines)} messages of people: "
              f"steps {steps}, orders {orders}, {again} sent again")


@pytest.mark.slow
@pytest.mark.harms_servers
def test_cases_through_kills(world, capsys):
    besiege(world, capsys, kills=15, crashes=1)


@pytest.mark.long
@pytest.mark.harms_servers
@pytest.mark.parametrize("build", (None, "asan"), ids=("plain", "asan"))
def test_cases_through_many_kills(world, capsys, build):
    besiege(world, capsys, kills=75, crashes=5, build=build)
