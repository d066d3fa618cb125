"""The C function's lines (link_lines.c): rules, sightings and actions in, decisions out."""
import math
import os
import pathlib
import subprocess

import oracle

PROGRAM = pathlib.Path(os.environ["GRIDLOOP_BUILD"]) / "test" / "link_lines"
MESSAGES = {"report": 0, "update": 1, "cancel": 2}


def _text(value):
    return "-" if value is None else str(int(value)) if isinstance(value, bool) else str(value)


def _window(value):
    return "-1" if value is None else "-" if value == math.inf else str(int(value))


def _rule(group, r):
    return ["R", group, repr(float(r.radius)), _window(r.merge), _window(r.reopen), _window(r.repeat), _window(r.mute),
            "-" if r.mute_count == math.inf else int(r.mute_count), r.anchor_last, r.same_unit, r.ignore_status]


def _sighting(s):
    point = [repr(v) for v in s.point] if s.point else [None, None]
    key = list(s.key) if s.key and not s.point else ["-", None]
    return ["S", s.event_id, s.report, MESSAGES[s.message], s.group, s.test, s.case_id, s.occurred, s.recorded, *point,
            None if s.accuracy is None else repr(s.accuracy), repr(s.assumed), *key, s.round, s.unit, s.sends]


def _action(a):
    return ["A", a.what, a.case_id, a.time] + ([a.head] if a.head else [])


def write(path, rules, steps):
    with open(path, "w", encoding="utf-8") as out:
        for group, rule in rules.items():
            print(*map(_text, _rule(group, rule)), sep="\t", file=out)
        for step in steps:
            fields = _sighting(step) if isinstance(step, oracle.Sighting) else _action(step)
            print(*map(_text, fields), sep="\t", file=out)


def _decision(line):
    event_id, outcome, case, related, basis, flags, used, age, distance, radius = line.rstrip("\n").split("\t")
    none = {"-": None}
    return oracle.Decision(
        event_id, outcome, none.get(case, case), none.get(related, related), basis, int(used), int(age),
        None if distance == "-" else float(distance), None if radius == "-" else float(radius),
        {name for name, bit in oracle.FLAGS.items() if int(flags) & bit})


def link(path, batches="10000"):
    """What the C function makes of a file of lines, so many sightings at a time or "SEED..MOST"."""
    with open(path, encoding="utf-8") as lines:
        done = subprocess.run([PROGRAM, batches], stdin=lines, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [_decision(line) for line in done.stdout.splitlines()]
