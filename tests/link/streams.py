"""Random streams of sightings and actions in which everything that linking knows comes about, often."""
import math
import random
import uuid

import oracle
from oracle import DAY, MINUTE, Action, Rule, Sighting

HOUR = 60 * MINUTE
EVER = math.inf

RULES = {
    "RUBBISH": Rule(15, EVER, DAY, 7 * DAY, 5 * DAY, 3),
    "BUILDING": Rule(20, EVER, 180 * DAY, None, 60 * DAY, 5, same_unit=True),
    "BURNING": Rule(100, 30 * MINUTE, anchor_last=True),
    "SPOIL": Rule(30, 2 * DAY, 14 * DAY, 20 * DAY, 3 * DAY, EVER, anchor_last=True),
    "ROAD": Rule(50, 3 * DAY, 3 * DAY, EVER),
    "ANY_STATE": Rule(50, 7 * DAY, ignore_status=True),
    "FINDING": Rule(0, EVER, 10 * DAY, 60 * DAY, 9 * DAY, 2),
}
UNITS = [None, "unit-1", "unit-2"]


class Stream:
    """Steps for one seed. It lets the oracle link as it goes, so that people act on cases that are there."""

    def __init__(self, seed, sightings, area_m=9000, days=60):
        self.dice = random.Random(seed)
        self.linker = oracle.Linker(RULES)
        self.area_m, self.decisions, self.steps = area_m, [], []
        self.now, self.tick = 1_767_571_200_000_000, days * DAY // sightings
        self.sites = [(self._somewhere(), self.dice.choice(list(RULES))) for _ in range(600)]
        self.said = []  # sightings whose reports may be revised
        self.ahead = []  # reports that are revised before they come
        for _ in range(sightings):
            self.now += self.dice.randint(0, 2 * self.tick)
            self._step(self._next())
            while self.dice.random() < 0.15:
                self._act()

    def _id(self):
        return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))

    def _moved(self, point, metres):
        angle, far = self.dice.random() * 2 * math.pi, self.dice.random() * metres
        return (point[0] + far * math.cos(angle) / 111195 / math.cos(math.radians(point[1])),
                point[1] + far * math.sin(angle) / 111195)

    def _somewhere(self):
        return self._moved((114.35, 36.15), self.area_m)

    def _step(self, step):
        self.steps.append(step)
        if isinstance(step, Sighting):
            self.decisions.append(self.linker.decide(step))
        else:
            self.linker.act(step)

    def _time(self):
        """When it happened: now, hours or days ago, or a time that cannot be."""
        at = self.dice.random()
        if at < 0.7:
            return self.now
        if at < 0.97:
            return self.now - int(self.dice.random() ** 4 * 29 * DAY)
        return self.now + self.dice.choice([-400, -31, -30, 1, 300]) * DAY + self.dice.choice([-1, 0, 1, 10 * MINUTE])

    def _fresh(self):
        dice = self.dice
        site, group = dice.choice(self.sites)
        event = self._id()
        s = Sighting(event, "r" + event, self._time(), self.now, event, group=group, test=dice.random() < 0.1,
                     sends=dice.random() < 0.3, unit=dice.choices(UNITS, [5, 4, 1])[0])
        if group == "FINDING":
            s.key = (f"u{dice.randint(1, 9)}", f"i{dice.randint(1, 4)}")
            s.round = dice.choice([None, "1", "2"])
        elif dice.random() < 0.98:
            s.point = self._moved(site, dice.choice([0, 3, 20, 60, 250]))
            s.accuracy = dice.choice([None, 0.0, 1.5, 3.0, 8.0, 9.99, 10.0, 25.0, 100.0, 100.5, 4000.0])
            s.assumed = dice.choice([5.0, 15.0])
        if dice.random() < 0.05:
            s.case_id = dice.choice(list(self.linker.cases) or [event])  # names a case
        if dice.random() < 0.15:
            self._aim(s)
        if dice.random() < 0.02:
            s.group = None
        return s

    def _aim(self, s):
        """At the very place of a case, and the very end of one of its windows or just beyond."""
        case = self.dice.choice(list(self.linker.cases.values())[-300:] or [None])
        if case is None:
            return
        s.group, s.test, s.point, s.key, s.round, s.accuracy = (
            case.group, case.test, case.point, case.key, case.round, self.dice.choice([None, 2.0, 30.0]))
        rule = RULES[case.group]
        windows = [w for w in (0, rule.merge, rule.reopen, rule.repeat, rule.mute) if w is not None and w != EVER]
        moments = [t for t in (case.first, case.last, case.reopened, case.handled, case.closed) if t is not None]
        at = self.dice.choice(moments) + self.dice.choice([1, 1, 1, -1]) * self.dice.choice(windows)
        at += self.dice.choice([-1, 0, 1])
        if at <= self.now:
            s.occurred = at

    def _next(self):
        dice, at = self.dice, self.dice.random()
        if at < 0.08 and self.said:
            told = dice.choice(self.said[-300:])
        elif at < 0.10:
            told = self._fresh()
            self.ahead.append(told)
        elif at < 0.12 and self.ahead:
            return self.ahead.pop(dice.randrange(len(self.ahead)))
        else:
            self.said.append(self._fresh())
            return self.said[-1]
        event = self._id()
        return Sighting(event, told.report, self._time(), self.now, event, dice.choice(["update", "cancel", "report"])
                        if told not in self.ahead else dice.choice(["update", "cancel"]), told.group, told.test,
                        told.point, told.accuracy, told.assumed, told.key, told.round, told.unit)

    def _act(self):
        dice = self.dice
        cases = list(self.linker.cases.values())[-500:]
        if not cases:
            return
        case = dice.choice(cases)
        what = dice.choice(["sent", "handled", "closed", "closed", "dismissed", "dismissed", "merged", "asked",
                            "cancelled"])
        if what in ("handled", "closed", "dismissed", "cancelled", "merged") and case.life != "open":
            return
        head = None
        if what == "merged":
            head = dice.choice([c for c in cases if c.group == case.group and c.test == case.test]).id
        self._step(Action(what, case.id, self.now - dice.randint(0, 2) * HOUR, head))
