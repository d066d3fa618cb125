"""The scenario link: what linking costs. A drone_alert daemon beside its limit, in turns.

500 areas; --cases open cases; four alerts in five are of one of them, the fifth is new. Each round begins with the same
database (a copy) and reads the same topic. The limit, in another copy: the rows of events and sightings that the daemon
stored, as COPY takes them (BINARY), and as many cases inserted and updated by key, in the same batches and into the same
tables with all their indexes. --hot: all cases lie in one place, 3 m apart, so that each alert has all of them near by.
"""
import json
import math
import random
import time
import uuid

import confluent_kafka

import figures
from events import KINDS, micros
from lab import INGEST, ROOT, Run, Topic, copied, in_turns

KIND, OF = "drone_alert", KINDS["drone_alert"]
BAR = 0.65
MOST_EVENTS = 400_000  # there are places for twice as many new things as these have
WEST, SOUTH, SIDE_M = 114.2, 36.0, 24_000
METRES_A_DEGREE = 111_195
EAST_M = METRES_A_DEGREE * math.cos(math.radians(SOUTH + 0.1))
START = micros("2026-01-05T08:00:00+08:00")
CATEGORIES = [("LIVING_ENVIRONMENT", "EXPOSED_RUBBISH"), ("LIVING_ENVIRONMENT", "SPOIL_HEAP"),
              ("LIVING_ENVIRONMENT", "LITTERED_ROAD"), ("ILLEGAL_BUILDING", "ILLEGAL_BUILDING"), ("DUST", "BARE_SOIL")]


# ---- where and what ----

def place(east_m, north_m):
    return WEST + east_m / EAST_M, SOUTH + north_m / METRES_A_DEGREE


def rectangle(x, y, width, height, points=16):
    """A ring with so many points a side, as surveyed boundaries have them."""
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    return [list(place(a[0] + (b[0] - a[0]) * i / points, a[1] + (b[1] - a[1]) * i / points))
            for a, b in zip(corners, corners[1:]) for i in range(points)] + [list(place(x, y))]


PARTS = ["410503003", "410503100", "410503101", "410503102"]
MARGIN_M = 1000
WHOLE_M = SIDE_M + 2 * MARGIN_M


def area(code, level, x, y, width, parent=None):
    return {"type": "Feature", "properties": {"code": code, "level": level, "name": code, "parent_code": parent},
            "geometry": {"type": "Polygon", "coordinates": [rectangle(x - MARGIN_M, y - MARGIN_M, width, width)]}}


def areas():
    """500 communities and grids, in a district of four parts."""
    yield area("410503", "district", 0, 0, WHOLE_M)
    for column in range(2):
        for row in range(2):
            yield area(PARTS[2 * column + row], "subdistrict", column * WHOLE_M / 2, row * WHOLE_M / 2, WHOLE_M / 2, "410503")
    for column in range(10):
        for row in range(10):
            yield area(f"C{column}{row}", "community", column * WHOLE_M / 10, row * WHOLE_M / 10, WHOLE_M / 10,
                       PARTS[2 * (column // 5) + row // 5])
    for column in range(20):
        for row in range(20):
            yield area(f"G{column:02}{row:02}", "grid", column * WHOLE_M / 20, row * WHOLE_M / 20, WHOLE_M / 20,
                       f"C{column // 2}{row // 2}")


def sites(hot):
    """Places of things, none within reach of another of its category; --hot: 3 m apart, each a thing of its own
    all the same, for the rule is told to have a radius of 1 m."""
    step_m = 3 if hot else 120
    columns = 240 if hot else SIDE_M // step_m
    categories = CATEGORIES[:1] if hot else CATEGORIES
    found = [(place(column * step_m, row * step_m), category)
             for column in range(columns) for row in range(columns) for category in categories]
    random.Random(1).shuffle(found)
    return found


class Stream:
    """Alerts of known things and of new ones, as events on the wire. Templates are the simulator's."""

    def __init__(self, templates, cases, hot):
        self.dice, self.templates, self.hot = random.Random(2), templates, hot
        self.fresh = iter(sites(hot))
        self.known = [next(self.fresh) for _ in range(cases)]
        self.now = START

    def alert(self, site):
        (longitude, latitude), (major, minor) = site
        dice = self.dice
        self.now += 20_000
        off_m = 0.2 if self.hot else 3.0
        event = dict(dice.choice(self.templates))
        number = uuid.UUID(int=(self.now // 1000 << 80) | 7 << 76 | dice.getrandbits(12) << 64 | 2 << 62 | dice.getrandbits(62))
        event |= {"event_id": str(number), "alert_id": f"{event['producer_id']}-{dice.getrandbits(64):016x}",
                  "message_type": "ALERT", "references_alert_id": None, "major_class_code": major,
                  "minor_class_code": minor, "occurred_at": self.now, "recorded_at": self.now + 2_000_000,
                  "captured_at": self.now, "longitude": longitude + dice.uniform(-off_m, off_m) / EAST_M,
                  "latitude": latitude + dice.uniform(-off_m, off_m) / METRES_A_DEGREE,
                  "horizontal_accuracy_m": 0.1 if self.hot else dice.uniform(1.0, 2.5)}
        return event

    def opening(self):
        return (self.alert(site) for site in self.known)

    def watching(self, count):
        for _ in range(count):
            yield self.alert(self.dice.choice(self.known) if self.dice.random() < 0.8 else next(self.fresh))


def templates(lab):
    return [OF.from_json(json.loads(line)) for line in lab.lines(KIND, 2000).splitlines()]


# ---- a database with cases, and a topic ----

class Linking:
    def __init__(self, lab, options, events):
        self.lab, self.seeded = lab, options.cases
        self.topic = Topic(lab.namespace("link", options.partitions), KIND, options.cases + events)
        lab.copy_database("linked")
        self.load(options.hot)
        stream = Stream(templates(lab), options.cases, options.hot)
        self.produce(stream.opening())
        self.open_cases()
        self.produce(stream.watching(events))

    def load(self, hot):
        data = ROOT / "deploy" / "reference" / "beiguan"
        files = list(data.glob("*.csv"))
        (self.lab.folder / "areas.geojson").write_text(
            json.dumps({"type": "FeatureCollection", "features": list(areas())}), "utf-8")
        if hot:
            rules = (data / "dedup_rule.csv").read_text("utf-8").replace("EXPOSED_RUBBISH,15,", "EXPOSED_RUBBISH,1,")
            (self.lab.folder / "dedup_rule.csv").write_text(rules, "utf-8")
            files = [path for path in files if path.name != "dedup_rule.csv"] + [self.lab.folder / "dedup_rule.csv"]
        self.lab.ctl("reference", "load", self.lab.folder / "areas.geojson", *files, database="linked")

    def produce(self, events):
        producer = confluent_kafka.Producer({
            "bootstrap.servers": self.lab.stack.bootstrap, "partitioner": "murmur2_random", "linger.ms": 5, "acks": "all",
            "enable.idempotence": True, "queue.buffering.max.messages": 1_000_000})
        for event in events:
            producer.produce(self.topic.name, OF.encode(event), OF.key(event), headers=OF.headers(event))
            producer.poll(0)
        assert producer.flush(120) == 0

    def open_cases(self):
        """Those that every round begins with."""
        if self.seeded:
            daemon = self.lab.daemon(self.topic, "linked")
            self.lab.wait_read("linked", self.seeded, [daemon])
            daemon.stop()
        self.seeded_seq = self.lab.ask("linked", "select coalesce(max(link_seq), 0) from follow_up.sighting")[0][0]

    # ---- the limit ----

    def batches_of(self, database):
        """What the daemon stored, batch by batch, as COPY takes it."""
        with self.lab.connection(database) as connection:
            numbers = connection.execute("select distinct link_seq from follow_up.sighting where link_seq > %s order by 1",
                                         (self.seeded_seq,)).fetchall()
            return [self.batch(connection, seq) for seq, in numbers]

    def columns(self, connection, table, *but):
        found = connection.execute("select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and "
                                   "not attisdropped and attgenerated = '' and attname <> all (%s) order by attnum",
                                   (table, list(but))).fetchall()
        return ", ".join(f'"{name}"' for name, in found)

    def batch(self, connection, seq):
        events = self.columns(connection, f"events.{KIND}", "stored_at")
        sightings = self.columns(connection, "follow_up.sighting")
        cases = self.columns(connection, "follow_up.case_file", "opened_at")
        copies = []
        for table, columns, rows in (
                (f"events.{KIND}", events, f"events.{KIND} where (source_id, topic_offset) in (select source_id, "
                 f"topic_offset from follow_up.sighting where link_seq = {seq}) order by event_id"),
                ("follow_up.case_file", cases, f"follow_up.case_file where opened_seq = {seq} order by case_id"),
                ("follow_up.sighting", sightings, f"follow_up.sighting where link_seq = {seq} order by ordinal")):
            copies.append((f"copy {table} ({columns}) from stdin (format binary)", copied(connection, f"select {columns} from {rows}")))
        changed = connection.execute(
            "select array_agg(case_id), array_agg(last_seen_at), array_agg(standing), array_agg(case_version) from "
            f"follow_up.case_file c where opened_seq <> {seq} and case_id in (select case_id from follow_up.sighting "
            f"where link_seq = {seq})").fetchone()
        count = connection.execute(f"select count(*) from follow_up.sighting where link_seq = {seq}").fetchone()[0]
        return count, copies, changed

    def limit(self, batches):
        self.lab.copy_database("limits", "linked")
        with self.lab.spending() as cpu, self.lab.connection("limits", INGEST) as connection:
            start, start_cpu = time.monotonic(), time.process_time()
            for _, copies, changed in batches:
                connection.execute("begin")
                for statement, rows in copies:
                    with connection.cursor().copy(statement) as copy:
                        copy.write(rows)
                connection.cursor(binary=True).execute(
                    "update follow_up.case_file c set last_seen_at = u.seen, standing = u.standing, case_version = u.version "
                    "from unnest(%b::uuid[], %b::timestamptz[], %b::bigint[], %b::int[]) as u (case_id, seen, standing, version) "
                    "where c.case_id = u.case_id", changed, prepare=True)
                connection.execute("commit")
            seconds, cpu["client"] = time.monotonic() - start, time.process_time() - start_cpu
        return Run(sum(count for count, _, _ in batches), seconds, cpu)


def link(lab, options):
    events = min(options.events, MOST_EVENTS)
    linking = Linking(lab, options, events)
    lab.measure(linking.topic, template="linked")
    batches = linking.batches_of("daemon")
    runs = in_turns(lab.each_build(linking.topic, template="linked") | {"limit": lambda _: linking.limit(batches)},
                    options.rounds)
    yield figures.compared("link", runs, "daemon", "limit", bar=BAR, notes={"events": f"{events:,}"})
    yield from figures.beside_other_builds("link", runs, lab.builds)
    yield figures.memory("link: memory", max(run.peak_mb for run in runs["daemon"]), 64)
