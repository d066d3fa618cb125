"""What linking costs: a drone_alert daemon beside its limit, in turns.

    link.py [--rounds N] [--batches N] [--cases N] [--hot] [--build NAME=FOLDER]... [--json]

500 areas; --cases open cases; four alerts in five are of one of them, the fifth is new. Each round begins with the same
database (a copy), reads the same topic of six partitions, and is measured from the first batch's begin to the last
one's; then memory and CPU time are read. The limit, in another copy: the rows of events and sightings that the daemon
stored, as COPY takes them (BINARY), as many cases inserted and updated by key, in the same batches and into the same
tables with all their indexes. --hot: all cases lie in one place, 3 m apart, so that each alert has all of them near by.
--build: more daemons, each measured in turn.

Servers are those of the environment (./dev bench link brings them up). Exits with 1 if the bar is missed.
"""
import argparse
import dataclasses
import json
import math
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

import confluent_kafka
import confluent_kafka.admin
import psycopg

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "e2e"))

from daemon import Daemon  # noqa: E402
from events import KINDS, micros  # noqa: E402
from stack import Stack  # noqa: E402
from waiting import wait_for  # noqa: E402

KIND, OF = "drone_alert", KINDS["drone_alert"]
BAR = 0.65
ROWS = 10_000
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


def templates(program):
    lines = subprocess.run([program, "lines", "--kind", KIND, "--count", "2000"], check=True, capture_output=True, text=True)
    return [OF.from_json(json.loads(line)) for line in lines.stdout.splitlines()]


# ---- servers ----

def cpu_us(pid):
    """What a process has spent so far, in user and kernel."""
    ticks = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK") * 1e6



class Bench:
    def __init__(self, stack, builds, hot, partitions):
        self.stack, self.builds = stack, builds
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-link-"))
        self.namespace = f"bench{os.getpid()}"
        self.topic = f"{self.namespace}.{OF.hyphens}.v1"
        stack.sql("drop database if exists seeded with (force)", "postgres")
        stack.sql("create database seeded")
        self.ctl("setup", f"--namespace={self.namespace}", f"--partitions={partitions}")
        self.load(hot)
        self.producer = confluent_kafka.Producer({
            "bootstrap.servers": stack.bootstrap, "partitioner": "murmur2_random", "linger.ms": 5, "acks": "all",
            "enable.idempotence": True, "queue.buffering.max.messages": 1_000_000})

    def ctl(self, *arguments):
        subprocess.run([self.stack.program("gridloopctl"), *arguments, f"--database-url={self.stack.url('seeded')}"],
                       check=True, stdout=subprocess.DEVNULL)

    def load(self, hot):
        data = ROOT / "deploy" / "reference" / "beiguan"
        files = list(data.glob("*.csv"))
        (self.folder / "areas.geojson").write_text(
            json.dumps({"type": "FeatureCollection", "features": list(areas())}), "utf-8")
        if hot:
            rules = (data / "dedup_rule.csv").read_text("utf-8").replace("EXPOSED_RUBBISH,15,", "EXPOSED_RUBBISH,1,")
            (self.folder / "dedup_rule.csv").write_text(rules, "utf-8")
            files = [path for path in files if path.name != "dedup_rule.csv"] + [self.folder / "dedup_rule.csv"]
        self.ctl("reference", "load", *map(str, [self.folder / "areas.geojson", *files]))

    def produce(self, events):
        for event in events:
            self.producer.produce(self.topic, OF.encode(event), OF.key(event), headers=OF.headers(event))
            self.producer.poll(0)
        assert self.producer.flush(120) == 0

    def ask(self, database, statement):
        with psycopg.connect(self.stack.url(database), autocommit=True) as connection:
            return connection.execute(statement).fetchall()

    def copy_database(self, name):
        self.stack.sql(f"drop database if exists {name} with (force)", "postgres")
        self.stack.sql(f"create database {name} template seeded strategy file_copy")
        self.stack.sql("checkpoint", "postgres")

    # ---- the daemon ----

    def run_daemon(self, database, build, events):
        """Until so many events are stored. Returns it, still running."""
        (self.folder / "daemon.log").unlink(missing_ok=True)
        stack = dataclasses.replace(self.stack, builds={"release": self.builds[build]})
        daemon = Daemon(stack, KIND, {"namespace": self.namespace, "database_url": self.stack.url(database, "gridloop_ingest")},
                        self.folder, "daemon")
        with psycopg.connect(self.stack.url(database), autocommit=True) as connection:
            wait_for(lambda: (connection.execute("select sum(next_offset) from bus.progress").fetchone()[0] or 0) >= events
                     or not daemon.is_running(), 600, "all events are stored", every=0.2)
        assert daemon.is_running(), daemon.output()
        return daemon

    def seed(self, events, count):
        """Opens the cases that every round begins with."""
        self.produce(events)
        if count:
            self.run_daemon("seeded", "daemon", count).stop()
        self.seeded = count
        self.seeded_seq = self.ask("seeded", "select coalesce(max(link_seq), 0) from follow_up.sighting")[0][0]

    def measure_daemon(self, build, events):
        self.copy_database("daemon")
        daemon = self.run_daemon("daemon", build, self.seeded + events)
        peak_kbytes = daemon.peak_resident_kbytes()
        backend = self.ask("daemon", "select pid from pg_stat_activity where usename = 'gridloop_ingest' "
                           "and datname = current_database()")[0][0]
        spent = {"client_us": cpu_us(daemon.process.pid) / events, "server_us": cpu_us(backend) / events}
        daemon.stop()
        stored, seconds, longest = self.ask("daemon", f"""
            with b as (select t.committed_at as at, count(*) as stored
                       from follow_up.sighting s join bus.batch t on t.source_id = s.source_id
                            and s.topic_offset >= t.from_offset and s.topic_offset < t.next_offset
                       where s.link_seq > {self.seeded_seq} group by 1),
                 g as (select stored, lead(at) over (order by at) - at as took from b)
            select sum(stored)::bigint, extract(epoch from sum(took))::float8, extract(epoch from max(took))::float8
            from g where took is not null""")[0]
        return {"rate": stored / seconds, "longest_ms": longest * 1e3, "peak_mb": peak_kbytes / 1024} | spent

    # ---- the limit ----

    def batches_of(self, database):
        """What the daemon stored, batch by batch, as COPY takes it."""
        with psycopg.connect(self.stack.url(database)) as connection:
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
            with connection.cursor().copy(f"copy (select {columns} from {rows}) to stdout (format binary)") as copy:
                copies.append((f"copy {table} ({columns}) from stdin (format binary)", b"".join(map(bytes, copy))))
        changed = connection.execute(
            "select array_agg(case_id), array_agg(last_seen_at), array_agg(standing), array_agg(case_version) from "
            f"follow_up.case_file c where opened_seq <> {seq} and case_id in (select case_id from follow_up.sighting "
            f"where link_seq = {seq})").fetchone()
        count = connection.execute(f"select count(*) from follow_up.sighting where link_seq = {seq}").fetchone()[0]
        return count, copies, changed

    def measure_limit(self, batches):
        self.copy_database("limits")
        with psycopg.connect(self.stack.url("limits", "gridloop_ingest"), autocommit=True) as connection:
            start = time.monotonic()
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
            events = sum(count for count, _, _ in batches)
            return {"rate": events / (time.monotonic() - start), "server_us": cpu_us(connection.info.backend_pid) / events}


# ---- figures ----

def report(results, as_json, builds):
    """Prints them; True: the bar holds."""
    for name in [*builds, "limit"]:
        runs = results[name]
        rates = sorted(r["rate"] for r in runs)
        line = {"what": name, "events_per_s": round(statistics.median(rates)), "least": round(rates[0]), "most": round(rates[-1])}
        if name != "limit":
            line["ratio"] = round(statistics.median(a["rate"] / b["rate"] for a, b in zip(runs, results["limit"])), 3)
        for key in ("server_us", "client_us", "peak_mb", "longest_ms"):
            if key in runs[0]:
                line[key] = round(statistics.median(r[key] for r in runs), 2)
        print(json.dumps(line) if as_json else "  ".join(f"{key} {value}" for key, value in line.items()))
    ratio = statistics.median(a["rate"] / b["rate"] for a, b in zip(results["daemon"], results["limit"]))
    print(f"ratio of the daemon to its limit {ratio:.3f}, at least {BAR}: {'holds' if ratio >= BAR else 'MISSED'}",
          file=sys.stderr)
    return ratio >= BAR


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--batches", type=int, default=20)
    arguments.add_argument("--cases", type=int, default=10_000)
    arguments.add_argument("--partitions", type=int, default=6)
    arguments.add_argument("--hot", action="store_true")
    arguments.add_argument("--build", action="append", default=[])
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    stack = Stack.from_environment()
    builds = {"daemon": stack.builds["release"]} | {name: pathlib.Path(folder) for name, folder in
                                                   (text.split("=") for text in options.build)}
    bench = Bench(stack, builds, options.hot, options.partitions)
    stream = Stream(templates(stack.program("gridloop-simulate")), options.cases, options.hot)
    events = options.batches * ROWS
    bench.seed(stream.opening(), options.cases)
    bench.produce(stream.watching(events))
    results = {name: [] for name in [*builds, "limit"]}
    for number in range(options.rounds):
        for build in builds:
            results[build].append(bench.measure_daemon(build, events))
            if build == "daemon":
                batches = bench.batches_of("daemon")
        results["limit"].append(bench.measure_limit(batches))
        print(f"round {number + 1}: " + ", ".join(f"{name} {runs[-1]['rate']:.0f}" for name, runs in results.items()),
              file=sys.stderr)
    sys.exit(0 if report(results, options.json, builds) else 1)


if __name__ == "__main__":
    main()
