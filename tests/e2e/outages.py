"""What the tests of outages need: a writer that never rests, faults of the servers, and devices that are killed."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import confluent_kafka
import psycopg
import pytest

from daemon import environment, flags
from events import KINDS, random_uuid, to_json
from waiting import wait_for
from world import good

KIND = "patrol_log"


def seeded(world):
    """The test's random numbers; GRIDLOOP_SEED gives those of an earlier run again."""
    seed = os.environ.get("GRIDLOOP_SEED")
    return world.rng(int(seed) if seed else None)


def during(seconds, check=lambda: None, every=0.25):
    """For so long a fault lasts; check() has to succeed all the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        check()
        time.sleep(every)
    check()


# ---- events ----

def padded(size):
    """Changes that make an event so many bytes larger; at most 1,500."""
    return {"remark": "观" * (size // 3)} if size else {}


class Mill:
    """Makes events quickly: a few whole ones, with other identities each time."""

    def __init__(self, rng, padding=0, repeats=0.03):
        self._rng, self._repeats = rng, repeats
        self._molds = [KINDS[KIND].fresh(rng, **padded(padding)) for _ in range(20)]
        self._last = []

    def one(self):
        rng = self._rng
        if self._last and rng.random() < self._repeats:
            return rng.choice(self._last)
        event = rng.choice(self._molds) | {"event_id": random_uuid(rng), "patrol_id": random_uuid(rng)}
        self._last = self._last[-200:] + [event]
        return event

    def messages(self, count):
        return [good(KIND, self.one()) for _ in range(count)]


class Load:
    """Writes all the time until it is stopped, whatever happens to the servers; a client that is not ours."""

    def __init__(self, world, mill, per_second):
        self._world, self._mill, self._per_second = world, mill, per_second
        self._failures, self.count = [], 0
        self._stopped = threading.Event()
        self._client = confluent_kafka.Producer({
            "bootstrap.servers": world.stack.bootstrap, "enable.idempotence": True, "partitioner": "murmur2_random",
            "linger.ms": 1, "reconnect.backoff.max.ms": 500, "log_level": 0})
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _note(self, sent):
        def delivered(error, message):
            if error:
                self._failures.append(str(error))
                return
            sent.partition, sent.offset = message.partition(), message.offset()
            self._world.sent[sent.kind, sent.partition, sent.offset] = sent
        return delivered

    def _send(self, sent):
        while True:
            try:
                self._client.produce(self._world.topic(sent.kind), sent.value, sent.key, headers=sent.headers,
                                     on_delivery=self._note(sent))
                return
            except BufferError:
                self._client.poll(0.1)

    def _run(self):
        began = time.monotonic()
        while not self._stopped.wait(0.02):
            due = int((time.monotonic() - began) * self._per_second) - self.count
            for sent in self._mill.messages(due):
                self._send(sent)
            self.count += due
            self._client.poll(0)

    def wait_more(self, count):
        """Until so many more were handed to the client."""
        wanted = self.count + count
        wait_for(lambda: self.count >= wanted, 120, lambda: f"{self.count} events were written, not {wanted}")

    def stop(self):
        self._stopped.set()
        self._thread.join(60)
        assert not self._thread.is_alive()
        assert self._client.flush(120) == 0, "the broker did not take all messages"
        assert not self._failures, self._failures[:3]


# ---- a consumer under load ----

def memory(daemon):
    """VmRSS and VmHWM, in bytes."""
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return {name: int(re.search(rf"^{name}:\s+(\d+) kB", status, re.M)[1]) << 10 for name in ("VmRSS", "VmHWM")}


def members(world):
    """Member -> its partitions, as the group sees it; None while nobody can say or the group is in motion."""
    try:
        group, = world.stack.admin.describe_consumer_groups([world.group(KIND)], request_timeout=10).values()
        said = group.result(15)
    except confluent_kafka.KafkaException:
        return None
    if said.state != confluent_kafka.ConsumerGroupState.STABLE:
        return None
    return {member.member_id: sorted(place.partition for place in member.assignment.topic_partitions)
            for member in said.members}


class Busy:
    """One consumer, and a load that is written to its topic all the time. To be used with `with`."""

    PARTITIONS = 3

    def __init__(self, world, rng, per_second=400, padding=0, warm_up=300, **options):
        self.world = world
        world.make_topic(KIND, partitions=self.PARTITIONS)
        mill = Mill(rng, padding)
        world.produce(mill.messages(warm_up))
        self.daemon = world.consumer(KIND, **options)
        world.settle(KIND)
        self.load = Load(world, mill, per_second)
        self.wait_stored(200)
        self.members = wait_for(lambda: members(world), 60, "the group is stable")
        assert list(self.members.values()) == [list(range(self.PARTITIONS))]
        self.complaints_before = len(self.complaints())

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind:  # the report shall tell of the first error, not of what follows from it
            self.load._stopped.set()

    def complaints(self, containing=""):
        """Its retry lines, with this in their error."""
        return [line["error"] for line in self.daemon.log("will try again") if containing in line["error"]]

    def wait_complaint(self, containing, count=1, timeout=60):
        """Waits until the fault was felt."""
        wait_for(lambda: len(self.complaints(containing)) >= count, timeout,
                 lambda: f"complains {count} times of {containing!r}: {self.daemon.output()[-3000:]}")

    def stored(self):
        return sum(self.world.progress(KIND).values())

    def wait_stored(self, more, timeout=120):
        """Waits until it has settled so many more offsets."""
        wanted = self.stored() + more
        wait_for(lambda: self.stored() >= wanted, timeout,
                 lambda: f"stores: {self.stored()} of {wanted}\n{self.daemon.output()[-3000:]}")

    def still_member(self):
        """It lives, and the group has never thought otherwise."""
        assert self.daemon.is_running(), self.daemon.output()[-3000:]
        now = members(self.world)
        assert now in (None, self.members), f"the group changed from {self.members} to {now}"

    def finish(self, membership=True):
        """Ends the load, sees that everything is read without help, and stops the consumer."""
        self.load.stop()
        self.world.settle(KIND, timeout=180)
        if membership:
            self.still_member()
        self.daemon.stop()
        assert self.world.sql("select count(*) from bus.dead_letter") == [(0,)]
        assert len(self.complaints()) > self.complaints_before, "the fault was not felt"
        assert not self.daemon.log("cannot go on")


# ---- faults of PostgreSQL ----

def superuser(world, statement, *parameters, database="postgres"):
    with psycopg.connect(world.stack.url(database, "postgres"), autocommit=True) as connection:
        cursor = connection.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def postgres_away(world):
    world.stack.postgres("stop")
    try:
        yield
    finally:
        world.stack.postgres("start")


@contextlib.contextmanager
def kafka_away(world, how="stop"):
    world.stack.kafka(how)
    try:
        yield
    finally:
        world.stack.kafka("start")


@contextlib.contextmanager
def read_only(world):
    world.stack.expect_harm()
    superuser(world, "alter system set default_transaction_read_only = on")
    superuser(world, "select pg_reload_conf()")
    try:
        yield
    finally:
        superuser(world, "alter system reset default_transaction_read_only")
        superuser(world, "select pg_reload_conf()")
        wait_for(lambda: world.sql("show default_transaction_read_only") == [("off",)], 30, "it may be written again")


@contextlib.contextmanager
def connection_limit(world, limit):
    """For the daemons' role, which belongs to the whole cluster."""
    world.stack.expect_harm()
    superuser(world, f"alter role gridloop_ingest connection limit {limit}")
    try:
        yield
    finally:
        superuser(world, "alter role gridloop_ingest connection limit -1")


@contextlib.contextmanager
def locked(world, statement):
    """Another session holds locks: `lock table ...` or `select ... for update`."""
    with psycopg.connect(world.owner_url) as connection:
        connection.execute(statement)
        yield
        connection.rollback()


def end_sessions(world):
    """Ends the daemons' sessions in this database; how many it were."""
    return len(superuser(world, "select pg_terminate_backend(pid) from pg_stat_activity "
                                "where usename = 'gridloop_ingest' and datname = %s", world.database))


# ---- small file systems ----

class SmallDisk:
    """A file system of its own, that can be filled, emptied and grown."""

    def __init__(self, folder, megabytes):
        self.folder, self._megabytes = folder, megabytes
        self._ballast = folder / "ballast"

    def fill(self, leave=0):
        """Takes all the room but `leave` bytes."""
        room = os.statvfs(self.folder)
        with open(self._ballast, "ab", buffering=0) as ballast:  # what finds no room is not tried again at the end
            left = room.f_bavail * room.f_frsize - leave
            try:
                while left > 0:
                    left -= ballast.write(bytes(min(left, 65536)))
            except OSError:  # there was less room than it said
                pass

    def empty(self):
        self._ballast.unlink(missing_ok=True)

    def grow(self, megabytes):
        subprocess.run(["mount", "-o", f"remount,size={megabytes}m", self.folder], check=True, capture_output=True)


@contextlib.contextmanager
def small_disk(megabytes, owner=None):
    """A SmallDisk; the test is skipped where file systems cannot be mounted."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gridloop-disk-", dir="/tmp"))
    uid = owner if owner is not None else os.getuid()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700,uid={uid}", "tmpfs", folder],
                          capture_output=True, text=True) if os.getuid() == 0 else None
    if not done or done.returncode:
        folder.rmdir()
        pytest.skip("no small file system can be mounted here: " + (done.stderr.strip() if done else "not root"))
    try:
        yield SmallDisk(folder, megabytes)
    finally:
        # Lazily: after a failure a process may still have its files there.
        subprocess.run(["umount", "--lazy", folder], check=True, capture_output=True)
        folder.rmdir()


@contextlib.contextmanager
def table_on(world, disk, table):
    """The table stands on the small disk, in a tablespace of its own."""
    space = world.database
    folder = disk.folder / "space"
    folder.mkdir()
    shutil.chown(folder, disk.folder.stat().st_uid)
    superuser(world, f"create tablespace {space} location '{folder}'")
    try:
        superuser(world, f"alter table {table} set tablespace {space}", database=world.database)
        yield
    finally:
        disk.empty()
        superuser(world, f"alter table {table} set tablespace pg_default", database=world.database)
        superuser(world, f"drop tablespace {space}")


def server_uid(world):
    (folder,), = superuser(world, "show data_directory")
    return os.stat(folder).st_uid


# ---- devices ----

NOWHERE = {"kafka.bootstrap.servers": "127.0.0.1:1"}  # no broker listens there


class Lines:
    """Lines of a device. Each has a patrol_id of its own, so that it is known again; not all have an event_id."""

    def __init__(self, rng, with_id=0.5, padding=0):
        self._rng, self._with_id = rng, with_id
        event = KINDS[KIND].fresh(rng, **padded(padding))
        self._mold = to_json(KINDS[KIND], event)
        del self._mold["event_id"]

    def one(self, with_id=None):
        """(patrol_id, event_id or None, the line)"""
        line = self._mold | {"patrol_id": random_uuid(self._rng)}
        if self._rng.random() < self._with_id if with_id is None else with_id:
            line["event_id"] = random_uuid(self._rng)
        return line["patrol_id"], line.get("event_id"), json.dumps(line, ensure_ascii=False).encode() + b"\n"

    def write(self, file, count):
        """Writes a file and returns the patrol_ids, in order."""
        made = [self.one() for _ in range(count)]
        file.write_bytes(b"".join(line for _, _, line in made))
        return [patrol_id for patrol_id, _, _ in made]


class Device:
    """One of our producers with its spool, run again and again. It remembers the receipts of all its runs."""

    def __init__(self, world, kind, *files, name="device", spool=None, **options):
        self._world, self._kind, self._files = world, kind, files
        self._program = f"gridloop-produce-{KINDS[kind].hyphens}"
        self._options = {"namespace": world.namespace, "spool": spool or world.folder / f"{name}.spool"} | options
        self._base = world.folder / name
        self._runs = 0
        self._told = []  # of earlier runs
        self._seen = self._seen_bytes = 0  # of this run's receipts
        self.process = None

    @property
    def spool(self):
        return pathlib.Path(self._options["spool"])

    def start(self, build="release", point=None, files=None, lines=None, **options):
        """lines: a file for its standard input."""
        assert not self.is_running()
        self._told += self._receipts_of_run()
        self._runs += 1
        self._seen = self._seen_bytes = 0
        more = {"GRIDLOOP_POINT": point} if point else {}
        arguments = flags(self._options | options) + [str(name) for name in (self._files if files is None else files)]
        with open(self._path("out"), "wb") as out, open(self._path("err"), "wb") as err, \
                open(lines or os.devnull, "rb") as stdin:
            self.process = subprocess.Popen([self._world.stack.program(self._program, build), *arguments], stdin=stdin,
                                            stdout=out, stderr=err, env=environment(self._world.stack, **more))
        return self

    def run(self, timeout=240, **more):
        """One run to its end; returns the exit code."""
        return self.start(**more).wait(timeout)

    def _path(self, which):
        return pathlib.Path(f"{self._base}.{self._runs}.{which}")

    # ---- what it said ----

    def said(self):
        """On standard error, in this run."""
        return self._path("err").read_text("utf-8", "replace")

    def said_in_all_runs(self):
        return "".join(pathlib.Path(f"{self._base}.{run}.err").read_text("utf-8", "replace")
                       for run in range(1, self._runs + 1))

    def wait_said(self, text, timeout=60):
        self._wait(lambda: text in self.said(), timeout, f"says {text!r}")

    def _receipts_of_run(self):
        """A last line without its end was cut off by a kill: it says nothing."""
        if not self._runs:
            return []
        whole = self._path("out").read_text().rpartition("\n")[0]
        receipts = [line.rsplit(" ", 1) for line in whole.splitlines()]
        return [(self._runs, number if ":" in number else int(number), event_id) for number, event_id in receipts]

    def receipts(self):
        """(run, line number, event_id), in the order in which they were told."""
        return self._told + self._receipts_of_run()

    def told(self):
        """How many receipts there are; quick."""
        with open(self._path("out"), "rb") as out:
            out.seek(self._seen_bytes)
            new = out.read()
        self._seen_bytes += len(new)
        self._seen += new.count(b"\n")
        return len(self._told) + self._seen

    def wait_told(self, count, timeout=120):
        self._wait(lambda: self.told() >= count, timeout, f"tells {count} receipts")

    def wait_receipt(self, event_id, timeout=120):
        self._wait(lambda: event_id in self._path("out").read_text(), timeout, f"tells the receipt of {event_id}", 0.02)

    def _wait(self, condition, timeout, what, every=0.002):
        wait_for(lambda: condition() or not self.is_running(), timeout,
                 lambda: f"{what}: {self.told()} receipts; {self.said()[-3000:]}", every)
        assert condition(), f"it ended with {self.process.returncode} before it {what}: {self.said()[-3000:]}"

    # ---- what is done to it ----

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        assert self.is_running(), f"it ended by itself with {self.process.returncode}: {self.said()[-3000:]}"
        self.process.kill()
        assert self.process.wait(30) == -signal.SIGKILL

    def stop(self, timeout=120):
        """Asks it to end; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def wait(self, timeout=240):
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it still runs after {timeout} s: {self.said()[-3000:]}") from None

    def end(self):
        if self.is_running():
            self.process.kill()
            self.process.wait()
