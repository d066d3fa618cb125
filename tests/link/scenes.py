"""A simulated district with its truth: what gridloop-simulate prints becomes sightings, and people act on the cases
that come of them as people would who see what is really there."""
import collections
import datetime
import heapq
import json
import math
import os
import pathlib
import subprocess

import oracle
from oracle import DAY, MINUTE, Action, Rule, Sighting

SIMULATE = pathlib.Path(os.environ["GRIDLOOP_BUILD"]) / "bin" / "gridloop-simulate"
HOUR = 60 * MINUTE
EVER = math.inf

# The domain's table of rules. Muting is not in it: lawful roofs are muted for 60 days.
RULES = {
    "EXPOSED_RUBBISH": Rule(15, EVER, DAY, 7 * DAY),
    "SPOIL_HEAP": Rule(30, EVER, 14 * DAY),
    "LITTERED_ROAD": Rule(50, EVER, 3 * DAY),
    "LOOSE_WIRES": Rule(15, EVER, 7 * DAY),  # PATROL_PROBLEM
    "ILLEGAL_BUILDING": Rule(20, EVER, 180 * DAY, None, 60 * DAY, EVER),
    "OPEN_BURNING": Rule(100, 30 * MINUTE, anchor_last=True),
    "FIREWORKS": Rule(150, 15 * MINUTE, anchor_last=True),
    "BARE_SOIL": Rule(50, EVER, 30 * DAY),
    "INSPECTION_FINDING": Rule(0, EVER, None, EVER),
}
APP = {"LJ-01": "EXPOSED_RUBBISH", "ZT-02": "SPOIL_HEAP", "DL-03": "LITTERED_ROAD", "FX-04": "LOOSE_WIRES",
       "WJ-05": "ILLEGAL_BUILDING", "FS-06": "OPEN_BURNING", "YH-07": "FIREWORKS", "HT-08": "BARE_SOIL"}
KINDS = {"drone_alert": 14_000, "patrol_log": 3_000, "inspection_finding": 600}
MESSAGES = {"ALERT": "report", "UPDATE": "update", "CANCEL": "cancel"}


def _simulate(folder, kind, count, seed, crowd_share):
    truth = folder / f"{kind}.truth"
    done = subprocess.run(
        [SIMULATE, "lines", "--kind", kind, "--count", str(count), "--seed", str(seed), "--day-events", "1500",
         "--repeat-share", "0.6", "--problem-share", "0.7", "--crowd-share", str(crowd_share), "--roof-share", "0.05",
         "--common-share", "0.5", "--phone-share", "0.3", "--truth", truth],
        capture_output=True, text=True, timeout=60, check=True)
    things = (line.split("\t") for line in truth.read_text(encoding="utf-8").splitlines()[1:])
    return [json.loads(line) for line in done.stdout.splitlines()], {t[1]: t[4] for t in things}


def _us(text):
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (at - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def _gcj02(lon, lat):
    x, y = lon - 105, lat - 35

    def wave(v, a, b, c):
        return (a * math.sin(v * math.pi) + b * math.sin(v / c * math.pi)) * 2 / 3
    wobble = wave(6 * x, 20, 0, 1) + wave(2 * x, 20, 0, 1)
    north = (-100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + wobble + wave(y, 20, 40, 3)
             + wave(y / 12, 160, 320, 2.5))
    east = (300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + wobble + wave(x, 20, 40, 3)
            + wave(x / 12, 150, 300, 2.5))
    axis, e2 = 6378245.0, 0.00669342162296594323
    magic = 1 - e2 * math.sin(math.radians(lat)) ** 2
    return (lon + math.degrees(east / (axis / math.sqrt(magic) * math.cos(math.radians(lat)))),
            lat + math.degrees(north / (axis * (1 - e2) / magic ** 1.5)))


def _wgs84(lon, lat, crs):
    """Enrichment's work: back from GCJ-02 by iteration."""
    if crs != "GCJ02":
        return lon, lat
    x, y = lon, lat
    for _ in range(5):
        gx, gy = _gcj02(x, y)
        x, y = x - (gx - lon), y - (gy - lat)
    return x, y


def _place(s, e, lon, lat, code):
    s.group = APP.get(code, code)
    s.point = _wgs84(e[lon], e[lat], e["source_crs"])
    s.accuracy, s.assumed = e.get("horizontal_accuracy_m"), 5.0


def _sighting(kind, e):
    s = Sighting(e["event_id"], "", _us(e["occurred_at"]), _us(e["recorded_at"]), e["event_id"], sends=True)
    if kind == "drone_alert":
        s.report = e["producer_id"] + "/" + (e.get("references_alert_id") or e["alert_id"])
        s.message = MESSAGES[e["message_type"]]
        _place(s, e, "longitude", "latitude", e["minor_class_code"])
    elif kind == "patrol_log":
        s.report = e["patrol_id"]
        if "category" in e:
            s.case_id = e["raised_case_ids"][0]
            _place(s, e, "start_lon", "start_lat", e["category"])
    else:
        s.report = s.case_id = e["finding_id"]
        if "longitude" in e:
            _place(s, e, "longitude", "latitude", e["issue_code"])
        else:
            s.group, s.round = "INSPECTION_FINDING", e["round_code"]
            s.key = (e["inspected_unit_code"], e["issue_code"])
    return s


class Scene:
    """sightings in the order in which they were recorded, and the thing of each (by event_id; "-": none)."""

    def __init__(self, folder, seed, crowd_share):
        self.things, sightings, last = {}, [], []
        for kind, count in KINDS.items():
            events, things = _simulate(folder, kind, count, seed, crowd_share)
            self.things |= things
            made = [_sighting(kind, e) for e in events]
            last.append(max(s.recorded for s in made))
            sightings += made
        self.sightings = sorted((s for s in sightings if s.recorded <= min(last)),
                                key=lambda s: (s.recorded, s.event_id))
        self.gone = collections.defaultdict(int)  # when each thing was seen last
        for s in self.sightings:
            self.gone[self.things[s.event_id]] = max(self.gone[self.things[s.event_id]], s.occurred)

    def play(self, rules):
        """All steps, those of people among them, and the oracle that linked them."""
        linker, steps, todo = oracle.Linker(rules), [], []
        of_case = {}
        for n, s in enumerate(self.sightings):
            while todo and todo[0][0] <= s.recorded:
                action = heapq.heappop(todo)[2]
                steps.append(action)
                linker.act(action)
            steps.append(s)
            d = linker.decide(s)
            if d.case and d.case not in of_case:
                of_case[d.case] = self.things[s.event_id]
            for k, action in enumerate(self._people(s, d, of_case)):
                heapq.heappush(todo, (action.time, (n, k), action))
        return linker, steps

    def _people(self, s, d, of_case):
        """A roof is found lawful after two hours. A case is handled when its thing is gone, and closed an hour later.
        Who is asked whether two cases are one answers rightly, after two hours."""
        if d.outcome not in ("new", "repeat", "reopen", "possible_repeat"):
            return
        thing = self.things[s.event_id]
        if d.outcome == "possible_repeat" and of_case[d.related] == thing:
            yield Action("merged", d.case, s.recorded + 2 * HOUR, d.related)
        elif thing.startswith("roof"):
            yield Action("dismissed", d.case, s.recorded + 2 * HOUR)
        else:
            handled = max(self.gone[thing], s.recorded) + 10 * MINUTE
            yield Action("handled", d.case, handled)
            yield Action("closed", d.case, handled + HOUR)
