"""Where things are measured: servers, databases that are copies of one, topics filled once, daemons, and what each
of them spends. A run is a dict of figures (see Run).

Time: from the first fetch (a daemon's log says when its partitions were claimed) to the last commit, by the server's
own commit timestamps; the servers are of the bench alone, so these are switched on (10 bytes a transaction).
"""
import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import re
import struct
import subprocess
import sys

import psycopg

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "e2e"))

from daemon import Daemon, environment  # noqa: E402
from stack import dev  # noqa: E402
from waiting import wait_for  # noqa: E402

INGEST = "gridloop_ingest"
LONGEST_RUN_S = 1800


# ---- what processes spend ----

def cpu_seconds(pid, with_children=False):
    """In user and kernel, of all its threads; with_children: also of those children that have ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return sum(map(int, fields[11:15 if with_children else 13])) / os.sysconf("SC_CLK_TCK")


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def tree_cpu_seconds(pid):
    """Of a process, its children, and those that have ended."""
    total = cpu_seconds(pid, True)
    for child in children(pid):
        with contextlib.suppress(OSError):  # it has ended since, and its parent's figure has what it spent
            total += cpu_seconds(child)
    return total


def peak_resident_mb(pid):
    return int(re.search(r"^VmHWM:\s*(\d+) kB$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1]) / 1024


@dataclasses.dataclass
class Run:
    """What one run took. Seconds of CPU; batches: rows read by each transaction."""
    rows: int        # stored in these seconds
    seconds: float
    cpu: dict        # "daemon" (or "client"), "server", "broker": for all_rows
    peak_mb: float | None = None
    batches: list = dataclasses.field(default_factory=list)
    latency_ms: dict = dataclasses.field(default_factory=dict)
    rows_before: int = 0  # stored before these seconds began
    start_s: float | None = None    # from the process's start until these seconds began
    rows_right: bool | None = None

    @property
    def all_rows(self):
        return self.rows_before + self.rows

    @property
    def rate(self):
        return self.rows / self.seconds

    @property
    def rate_with_start(self):
        return self.all_rows / (self.start_s + self.seconds)


@dataclasses.dataclass(frozen=True)
class Topic:
    """A topic full of events, read again by each run."""
    namespace: str
    kind: str
    events: int

    @property
    def name(self):
        return f"{self.namespace}.{self.kind.replace('_', '-')}.v1"


@dataclasses.dataclass(frozen=True)
class Rows:
    """What a daemon stored, cut into its batches, as COPY takes it."""
    file: pathlib.Path
    into: str    # table and columns
    count: int


@dataclasses.dataclass(frozen=True)
class Sample:
    columns: str
    count: int
    rows: bytes  # as COPY takes them


def copied(connection, select):
    with connection.cursor().copy(f"copy ({select}) to stdout (format binary)") as copy:
        return b"".join(map(bytes, copy))


class Lab:
    def __init__(self, stack, builds=None):
        """builds: name -> folder of a build, beside the one that is measured ("daemon")."""
        self.stack = stack
        self.builds = {"daemon": stack.builds["release"]} | (builds or {})
        self.folder = pathlib.Path(stack.folder) / "bench"
        self.folder.mkdir(exist_ok=True)
        self.topics = {}
        self.librdkafka = None  # its version: a daemon says it
        self.set_server(track_commit_timestamp="on")
        stack.sql("create database seeded")
        self.namespace("none")

    def set_server(self, **settings):
        """PostgreSQL is started anew with them."""
        for name, value in settings.items():
            self.stack.sql(f"alter system set {name} = {value}", "postgres")
        self.postgres("stop")
        self.postgres("start")

    def postgres(self, command):
        dev("stack", "postgres", command, GRIDLOOP_STACK_DIR=self.stack.folder)

    # ---- programs ----

    def run(self, *command, **options):
        """A program's JSON answer."""
        done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True,
                              env=environment(self.stack), **options)
        return json.loads(done.stdout) if done.stdout else None

    def tool(self, name):
        return self.stack.builds["release"] / "test" / f"bench_{name}"

    def ctl(self, *arguments, database="seeded"):
        subprocess.run([self.stack.program("gridloopctl"), *map(str, arguments),
                        f"--database-url={self.stack.url(database)}"], check=True, stdout=subprocess.DEVNULL,
                       env=environment(self.stack))

    # ---- databases ----

    def copy_database(self, name, template="seeded"):
        self.drop_database(name)
        self.stack.sql(f"create database {name} template {template} strategy file_copy", "postgres")
        self.stack.sql("checkpoint", "postgres")

    def drop_database(self, name):
        self.stack.sql(f"drop database if exists {name} with (force)", "postgres")

    @contextlib.contextmanager
    def connection(self, database, user="gridloop"):
        with psycopg.connect(self.stack.url(database, user), autocommit=True) as connection:
            yield connection

    def ask(self, database, statement, user="gridloop"):
        with self.connection(database, user) as connection:
            return connection.execute(statement).fetchall()

    # ---- topics ----

    def namespace(self, name, partitions=6):
        """The topics of a namespace; the database is the same for all."""
        self.ctl("setup", f"--namespace=bench-{name}", f"--partitions={partitions}")
        return f"bench-{name}"

    def lines(self, kind, count=10_000, **options):
        """Of the simulator: the same on every machine."""
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        return subprocess.run([self.stack.program("gridloop-simulate"), "lines", f"--kind={kind}", f"--count={count}", *flags],
                              check=True, capture_output=True, text=True).stdout

    def produce(self, topic, lines, **options):
        """Adds topic.events events made of the lines."""
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        return self.run(self.tool("produce"), f"--kind={topic.kind}", f"--topic={topic.name}", f"--count={topic.events}", *flags,
                        input=lines)

    def patrols(self, name, events, lines=None, **options):
        """A topic of patrol logs without category and position; options of bench_produce. Made once."""
        key = (name, events)
        if key not in self.topics:
            topic = Topic(self.namespace(f"{name}-{events}"), "patrol_log", events)
            done = self.produce(topic, lines or self.patrol_lines(), subject="patrol_id", **options)
            say(f"{topic.name}: {events:,} events made in {done['seconds']:.1f} s")
            self.topics[key] = topic
        return self.topics[key]

    def patrol_lines(self):
        """Without category and position."""
        return self.lines("patrol_log", problem_share=0)

    # ---- what is spent ----

    def server_pid(self, name):
        return int((pathlib.Path(self.stack.folder) / f"{name}.id").read_text().split()[0])

    def servers_cpu(self):
        return {"server": tree_cpu_seconds(self.server_pid("postgres")), "broker": cpu_seconds(self.server_pid("kafka"))}

    @contextlib.contextmanager
    def spending(self):
        """The dict has what the servers spent, once the block has ended."""
        before, spent = self.servers_cpu(), {}
        yield spent
        spent |= {name: now - before[name] for name, now in self.servers_cpu().items()}

    # ---- daemons ----

    def daemon(self, topic, database, name="daemon", build="daemon", **options):
        """Started; its log is in the lab's folder."""
        (self.folder / f"{name}.log").unlink(missing_ok=True)
        stack = dataclasses.replace(self.stack, builds={"release": self.builds[build]})
        options = {"namespace": topic.namespace, "database_url": self.stack.url(database, INGEST)} | options
        return Daemon(stack, topic.kind, options, self.folder, name)

    def wait_read(self, database, events, daemons, timeout=LONGEST_RUN_S):
        """Until so many offsets are settled in the database."""
        with self.connection(database) as connection:
            def settled():
                for daemon in daemons:
                    assert daemon.is_running(), daemon.output()
                return (connection.execute("select sum(next_offset) from bus.progress").fetchone()[0] or 0) >= events
            wait_for(settled, timeout, f"{events} events are settled", every=0.2)

    def measure(self, topic, database="daemon", count=1, build="daemon", template="seeded", **options):
        """A run of so many daemons over the whole topic, in a copy of the template."""
        self.copy_database(database, template)
        with self.spending() as cpu:
            daemons = [self.daemon(topic, database, f"daemon{number}", build, **options) for number in range(count)]
            self.wait_read(database, topic.events, daemons)
            return self.stopped(database, daemons, cpu)

    def stopped(self, database, daemons, cpu):
        """The Run of daemons that have read all; cpu: what self.spending() fills."""
        self.librdkafka = daemons[0].log("started")[0]["librdkafka"]
        peak_mb = max(daemon.peak_resident_kbytes() for daemon in daemons) / 1024
        cpu["daemon"] = sum(cpu_seconds(daemon.process.pid) for daemon in daemons)
        for daemon in daemons:
            daemon.stop()
        return self.figures(database, max(map(first_fetch, daemons)), cpu, peak_mb)

    def each_build(self, topic, **options):
        """A side for each build, for in_turns()."""
        return {build: lambda _, build=build: self.measure(topic, build=build, **options) for build in self.builds}

    def figures(self, database, start, cpu, peak_mb):
        """Of what was committed since start (seconds since 1970)."""
        commits = self.ask(database, "select extract(epoch from pg_xact_commit_timestamp(xmin))::float8 as at, "
                           "sum(stored)::bigint, sum(next_offset - from_offset)::bigint from bus.batch group by xmin::text, 1 "
                           "order by 1")
        timed = [commit for commit in commits if commit[0] > start]
        assert timed, f"all was stored before each daemon in {database} had its partitions: take more events"
        stored = sum(stored for _, stored, _ in timed)
        return Run(stored, timed[-1][0] - start, cpu, peak_mb, [settled for _, _, settled in timed],
                   rows_before=sum(stored for _, stored, _ in commits) - stored)

    # ---- limits ----

    def layout(self, database, kind):
        """The columns that a daemon writes."""
        return self.ask(database, "select string_agg(quote_ident(c), ', ' order by n) from bus.layout, "
                        f"unnest(columns) with ordinality as u (c, n) where table_name = 'events.{kind}'")[0][0]

    def sample(self, database, kind, count):
        columns = self.layout(database, kind)
        with self.connection(database) as connection:
            return Sample(columns, count, copied(connection, f"select {columns} from events.{kind} limit {count}"))

    def rows_of(self, database, kind):
        """What a daemon stored, each transaction's rows by themselves, sorted as it sorted them."""
        file, columns = self.folder / f"{kind}.rows", self.layout(database, kind)
        with self.connection(database, "postgres") as connection, open(file, "wb") as out:
            connection.execute(f"create unlogged table public.cut as select xmin::text::bigint as batch, {columns} from events.{kind}")
            connection.execute("create index on public.cut (batch)")
            for batch, in connection.execute("select distinct batch from public.cut order by 1").fetchall():
                rows = copied(connection, f"select {columns} from public.cut where batch = {batch} order by event_id")
                out.write(struct.pack("<Q", len(rows)) + rows)
            count, = connection.execute("select count(*) from public.cut").fetchone()
            connection.execute("drop table public.cut")
        return Rows(file, f"events.{kind} ({columns})", count)

    def limit(self, rows, *flags, database="limits", template="seeded"):
        """The same rows in the same batches, into a table with the same indexes and triggers."""
        self.copy_database(database, template)
        with self.spending() as cpu:
            done = self.run(self.tool("limit"), f"--database-url={self.stack.url(database, INGEST)}", f"--rows={rows.file}",
                            f"--into={rows.into}", *flags)
        assert done["rows"] == rows.count, done
        return Run(done["rows"], done["seconds"], cpu | {"client": done["client_cpu_s"]})

    def drain(self, topic, number):
        """The broker alone: all of the topic, read with a daemon's settings and thrown away."""
        with self.spending() as cpu:
            done = self.run(self.tool("drain"), f"--topic={topic.name}", f"--group={topic.namespace}.drain{number}",
                            f"--count={topic.events}")
        return Run(topic.events, done["seconds"], cpu | {"client": done["client_cpu_s"]})


def first_fetch(daemon):
    """When it had partitions for the first time, in seconds since 1970."""
    lines = [line for line in daemon.log("partitions claimed") if int(line["partitions"]) > 0]
    assert lines, f"{daemon.name} came too late to read anything: take more events"
    return datetime.datetime.fromisoformat(lines[0]["ts"].replace("Z", "+00:00")).timestamp()


def in_turns(sides, rounds):
    """Runs each side (name -> function of the round's number) once a round, in turns: forwards and backwards, so that
    none is always the first. name -> its runs."""
    runs = {name: [] for name in sides}
    for number in range(rounds):
        for name in (list(sides), list(reversed(sides)))[number % 2]:
            runs[name].append(sides[name](number))
        say(f"round {number + 1} of {rounds}: " + ", ".join(f"{name} {rs[-1].rate:,.0f}/s" for name, rs in runs.items()))
    return runs


def say(text):
    print(text, file=sys.stderr, flush=True)
