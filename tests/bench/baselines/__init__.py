"""The scenario baselines: what one would run instead, beside a daemon, in turns, on the same events and into a table
with the same columns (each field of the contract) and a uuid primary key, but without the daemon's other work.

Rates are from the first commit to the last, so that nobody's start counts; what they are with it stands beside them.
Rows are right if they are those of the daemon: as many, with the same values.
"""
import contextlib
import dataclasses
import functools
import subprocess
import time
from collections.abc import Callable

import figures
from baselines import systems, twin
from baselines.registry import NUMBER, registry
from events import KINDS
from lab import LONGEST_RUN_S, Run, cpu_seconds, in_turns, peak_resident_mb, say
from waiting import wait_for

KIND = KINDS["patrol_log"]
OURS, THEIRS = "events.patrol_log", "others.patrol_log"
STUCK_S = 90  # without another row
XA_TRANSACTIONS = 20


@dataclasses.dataclass(frozen=True)
class Baseline:
    name: str
    bar: float
    command: Callable
    takes_twin: bool = False


BASELINES = [
    Baseline("Flink XA", 2.5, systems.flink),
    Baseline("Debezium", 5, systems.debezium, takes_twin=True),
    Baseline("Debezium UNNEST", 5, systems.debezium_unnest, takes_twin=True),
    Baseline("Python COPY", 5, systems.python_copy),
]


def baselines(lab, options):
    lab.set_server(max_prepared_transactions=XA_TRANSACTIONS)  # PostgreSQL's is 0, and XA needs some
    topic = lab.patrols("repeats", options.events, repeats=0.1)
    with registry(twin.schema_of(KIND)) as url:
        beside = Beside(lab, topic, url)
        for baseline in BASELINES:
            yield beside.result(baseline, options.rounds)


@contextlib.contextmanager
def running(command, log):
    """It is killed when this program ends, however that happens."""
    with open(log, "wb") as out:
        process = subprocess.Popen(["setpriv", "--pdeathsig=KILL", "--", *command], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Beside:
    def __init__(self, lab, topic, registry_url):
        self.lab, self.topic, self.registry_url = lab, topic, registry_url
        self.number = 0
        self.make_table("others")
        self.make_table("others_json", lists_as_json=True)
        self.ours()  # not counted: it says what is right
        self.right = self.checksum("daemon", OURS)

    @functools.cached_property
    def twin(self):
        return twin.make(self.lab.stack, self.topic.name, KIND, NUMBER)

    def make_table(self, database, lists_as_json=False):
        """In a database that has nothing else."""
        columns, = self.lab.ask("seeded", f"""
            select string_agg(format('%I %s', attname, case when {lists_as_json} and attndims > 0 then 'json'
                                     else format_type(atttypid, atttypmod) end || case when attnotnull then ' not null' else '' end),
                              ', ' order by attnum)
            from pg_attribute where attrelid = '{OURS}'::regclass and attname in ('{"', '".join(KIND.fields)}')""")[0]
        self.lab.copy_database(database, "template0")
        with self.lab.connection(database, "postgres") as connection:
            connection.execute("create schema others authorization gridloop")
            connection.execute("set role gridloop")
            connection.execute(f"create table {THEIRS} ({columns}, primary key (event_id))")

    def checksum(self, database, table):
        """Of all values of all rows, in whatever way lists are kept."""
        return self.lab.ask(database, f"select count(*), sum(hashtextextended(jsonb_build_array({', '.join(KIND.fields)})::text, 0)) "
                            f"from {table}")[0]

    # ---- one run ----

    def ours(self):
        self.lab.copy_database("daemon")
        started = time.time()
        with self.lab.spending() as cpu:
            daemon = self.lab.daemon(self.topic, "daemon")
            self.lab.wait_read("daemon", self.topic.events, [daemon])
            run = self.lab.stopped("daemon", [daemon], cpu)
        return self.between_commits("daemon", OURS, started, cpu, run.peak_mb)

    def theirs(self, baseline):
        database = "baseline"
        self.lab.copy_database(database, "others_json" if baseline.takes_twin else "others")
        place = self.place(baseline, database)
        started, log = time.time(), place.folder / "log"
        with self.lab.spending() as cpu, running(baseline.command(place), log) as process:
            self.wait_stored(database, process, log)
            cpu["client"] = cpu_seconds(process.pid)
            peak_mb = peak_resident_mb(process.pid)
        run = self.between_commits(database, THEIRS, started, cpu, peak_mb)
        run.rows_right = self.checksum(database, THEIRS) == self.right
        return run

    def place(self, baseline, database):
        self.number += 1
        folder = self.lab.folder / f"baseline{self.number}"
        folder.mkdir()
        return systems.Place(folder, self.lab.stack.bootstrap, self.twin if baseline.takes_twin else self.topic.name,
                             f"baseline{self.number}", KIND, self.lab.stack.url(database), THEIRS, self.registry_url)

    def wait_stored(self, database, process, log):
        """Until as many rows are there as must be: by the server's statistics, which cost it nothing, then counted."""
        moved = (0, time.monotonic())
        with self.lab.connection(database) as connection:
            def stored():
                nonlocal moved
                assert process.poll() is None, f"it ended with {process.returncode}: {reason(log)}"
                inserted, = connection.execute(f"select pg_stat_get_tuples_inserted('{THEIRS}'::regclass)").fetchone()
                moved = moved if inserted == moved[0] else (inserted, time.monotonic())
                assert time.monotonic() - moved[1] < STUCK_S, f"it stands still after {inserted} rows: {reason(log)}"
                return inserted >= self.right[0] and connection.execute(
                    f"select count(*) >= {self.right[0]} from {THEIRS}").fetchone()[0]
            wait_for(stored, LONGEST_RUN_S, f"{self.right[0]} rows are stored", every=0.5)

    def between_commits(self, database, table, started, cpu, peak_mb):
        """The Run from the first commit to the last."""
        (first, before), *later = self.lab.ask(database, "select extract(epoch from pg_xact_commit_timestamp(xmin))::float8 as at, "
                                               f"count(*) from {table} group by xmin::text, 1 order by 1")
        assert later, f"all was stored in one transaction in {database}: take more events"
        return Run(sum(rows for _, rows in later), later[-1][0] - first, cpu, peak_mb, rows_before=before, start_s=first - started)

    # ---- side by side ----

    def result(self, baseline, rounds):
        try:
            runs = in_turns({"daemon": lambda _: self.ours(), baseline.name: lambda _: self.theirs(baseline)}, rounds)
        except (AssertionError, OSError, RuntimeError) as error:  # the others can be measured all the same
            say(f"{baseline.name}: {error}")
            return figures.Result(baseline.name, unsaid="not run", notes={"reason": str(error)})
        return figures.compared(f"beside {baseline.name}", runs, "daemon", baseline.name, bar=baseline.bar)


def reason(log):
    """What lies deepest of what its log says last."""
    lines = log.read_text("utf-8", "replace").splitlines()
    causes = [line for line in lines if line.startswith("Caused by: ")]
    return (causes or lines or ["it says nothing"])[-1] + f" ({log})"
