"""What tests of faults need: load that never pauses, devices that can be killed, and a line that can be cut.

    Load     clients that are not ours write events, repeats, conflicts and nonsense until they are told to end
    Device   one of our producers behind a file that grows; killed and started again, it has to lose nothing
    Proxy    stands between a daemon and PostgreSQL, and cuts the line exactly at COMMIT
"""
import collections
import pathlib
import random
import signal
import socket
import struct
import subprocess
import threading
import time

import confluent_kafka

from daemon import environment, flags
from events import FRAME, KINDS, comparable, random_uuid, to_json
from places import why_unplaceable
from waiting import wait_for
from world import Sent, bad, good, json_lines

TICK = 0.05  # seconds between two portions of a steady stream
IDENTITIES = ("event_id", "patrol_id", "finding_id", "case_id", "action_id")


def pause(rng, longest):
    """Faults come at random moments, which is the only reason to wait for nothing."""
    time.sleep(rng.uniform(0, longest))


def is_stopped(process):
    """Whether SIGSTOP has reached it."""
    stat = pathlib.Path(f"/proc/{process.pid}/stat").read_text()
    return stat.rpartition(") ")[2][0] == "T"


def sanitizers(build):
    """Environment of a program of the build with sanitizers."""
    return {"ASAN_OPTIONS": "abort_on_error=1:detect_leaks=1",
            "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"} if build == "asan" else {}


def renewed(rng, event):
    """The same event with identities of its own."""
    event = event | {field: random_uuid(rng) for field in IDENTITIES if field in event}
    for field in ("alert_id", "task_id"):
        if field in event:
            event[field] = f"T-{rng.getrandbits(48):012x}"
    return event


class Stream:
    """A thread that does something at a steady rate until it is ended. What goes wrong in it is raised by end()."""

    def __init__(self, each_second):
        self.each_tick = max(1, round(each_second * TICK))
        self._ended = threading.Event()
        self._problem = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def portion(self, count):
        raise NotImplementedError

    def start(self):
        self._thread.start()
        return self

    def _run(self):
        try:
            while not self._ended.wait(TICK):
                self.portion(self.each_tick)
        except BaseException as problem:
            self._problem = problem

    def check_alive(self):
        if self._problem:
            raise self._problem

    def stop(self):
        self._ended.set()

    def end(self):
        self.stop()
        self._thread.join(120)
        self.check_alive()


# ---- load ----

class Load(Stream):
    """Writes events of one kind, by fastavro and a Kafka client of its own, and notes them in world.sent.

    A sixth of the messages are repeats: near and far, byte by byte or written down later, with their key or in
    another partition. Some have the id of an earlier event and other content, some are no event at all. only_new:
    none of that. tell: makes of a new event what is sent.
    """

    def __init__(self, world, kind, rng, partitions, each_second, only_new=False, tell=lambda rng, event: event):
        super().__init__(each_second)
        self.world, self.kind, self.of, self.partitions, self.only_new = world, kind, KINDS[kind], partitions, only_new
        self.tell = tell
        self.rng = random.Random(rng.getrandbits(64))
        self.patterns = [self.of.random(self.rng, fill=self.rng.random(), plain=True) for _ in range(100)]
        self.earlier = collections.deque(maxlen=5000)
        self.counts = collections.Counter()
        self.troubles = 0  # how often its client told of a broker that is away
        self._failures = []
        self._client = confluent_kafka.Producer({
            "bootstrap.servers": world.stack.bootstrap, "enable.idempotence": True, "partitioner": "murmur2_random",
            "linger.ms": 1, "reconnect.backoff.max.ms": 500, "error_cb": self._trouble, "log_level": 0})

    def _trouble(self, error):
        self.troubles += 1

    def portion(self, count):
        for _ in range(count):
            sent, where = self.message()
            self._send(sent, **where)
        self._client.poll(0)

    def _send(self, sent, **where):
        self._client.produce(self.world.topic(self.kind), sent.value, sent.key, headers=sent.headers,
                             on_delivery=lambda error, message: self._delivered(sent, error, message), **where)

    def _delivered(self, sent, error, message):
        if error:
            self._failures.append(f"{self.kind}: {error}")
            return
        sent.partition, sent.offset = message.partition(), message.offset()
        self.world.sent[sent.kind, sent.partition, sent.offset] = sent

    def end(self):
        super().end()
        assert self._client.flush(120) == 0, f"{self.kind}: the broker did not take all messages"
        assert not self._failures, self._failures[:10]

    # ---- what is sent ----

    def message(self):
        """A message, and {"partition": n} if not its key decides where it goes."""
        dice = 1 if self.only_new or not self.earlier else self.rng.random()
        for share, name, make in ((0.16, "repeats", self.repeat), (0.03, "conflicts", self.conflict),
                                  (0.03, "bad", self.nonsense), (0.01, "heartbeats", self.heartbeat)):
            if dice < share:
                self.counts[name] += 1
                return make()
            dice -= share
        self.counts["new"] += 1
        event = self.tell(self.rng, renewed(self.rng, self.rng.choice(self.patterns)))
        self.earlier.append(event)
        return good(self.kind, event), {}

    def anywhere(self):
        return {"partition": self.rng.randrange(self.partitions)}

    def repeat(self):
        event = self.rng.choice(self.earlier)
        if self.rng.random() < 0.5:
            event = self.earlier[-self.rng.randint(1, min(20, len(self.earlier)))]
        if self.rng.random() < 0.3:
            event = event | {"recorded_at": event["recorded_at"] ^ 1}
        return good(self.kind, event), self.anywhere() if self.rng.random() < 0.2 else {}

    def conflict(self):
        event = self.rng.choice(self.earlier)
        event = event | {"is_test": not event["is_test"]}
        return good(self.kind, event), self.anywhere() if self.rng.random() < 0.5 else {}

    def nonsense(self):
        value = self.of.encode(self.rng.choice(self.earlier))
        return self.rng.choice([
            bad(self.kind, None, "tombstone"), bad(self.kind, b"", "short"), bad(self.kind, value[:9], "envelope"),
            bad(self.kind, FRAME + self.of.fingerprint, "short"), bad(self.kind, value + b"\0", "trailing"),
            bad(self.kind, FRAME + bytes(8) + value[10:], "schema_unknown"), bad(self.kind, b"{}", "envelope"),
        ]), self.anywhere()

    def heartbeat(self):
        return Sent(self.kind, None, b"heartbeat", [("ce_type", b"gridloop.heartbeat")], absent=True), self.anywhere()


# ---- devices ----

class Device(Stream):
    """One of our producers, and the file that it follows. Some lines stand there twice. tell: as of Load."""

    def __init__(self, world, kind, rng, each_second, build="points", tell=lambda rng, event: event):
        super().__init__(each_second)
        self.world, self.kind, self.of, self.build, self.tell = world, kind, KINDS[kind], build, tell
        self.rng = random.Random(rng.getrandbits(64))
        self.file, self.spool = world.folder / f"{kind}.jsonl", world.folder / f"{kind}.spool"
        self.file.touch()
        self.patterns = [self.of.random(self.rng, fill=self.rng.random(), plain=True) for _ in range(100)]
        self.lines = []   # event_id of each
        self.events = {}  # event_id -> event
        self.runs = 0
        self.process = None

    def portion(self, count):
        events = []
        for _ in range(count):
            if self.lines and self.rng.random() < 0.05:
                events.append(self.events[self.rng.choice(self.lines[-200:])])
            else:
                events.append(self.tell(self.rng, renewed(self.rng, self.rng.choice(self.patterns))))
        for event in events:
            self.events[event["event_id"]] = event
            self.lines.append(event["event_id"])
        with open(self.file, "ab") as file:
            file.write(json_lines(to_json(self.of, event) for event in events))

    # ---- the producer ----

    def run(self, point=None, follow=True):
        self.runs += 1
        name = self._run_name()
        self.point_file = pathlib.Path(f"{name}.point")
        options = {"namespace": self.world.namespace, "spool": self.spool, "follow": str(follow).lower(),
                   "deliver_timeout": 60, "group_rows": 50}
        more = sanitizers(self.build) | ({"GRIDLOOP_POINT": f"{point}:{self.point_file}"} if point else {})
        program = self.world.stack.program(f"gridloop-produce-{self.of.hyphens}", self.build)
        with open(f"{name}.receipts", "wb") as receipts, open(f"{name}.log", "wb") as log:
            self.process = subprocess.Popen([program, *flags(options), self.file], stdin=subprocess.DEVNULL,
                                            stdout=receipts, stderr=log, env=environment(self.world.stack, **more))

    def _run_name(self):
        """What the files of this run begin with."""
        return self.world.folder / f"{self.kind}.device-{self.runs}"

    def said(self):
        """What all runs so far wrote on stderr."""
        return "".join(path.read_text("utf-8", "replace") for path in
                       sorted(self.world.folder.glob(f"{self.kind}.device-*.log")))

    def receipts(self):
        """Line number and event_id of each receipt of all runs; one that a kill has torn is none."""
        for path in self.world.folder.glob(f"{self.kind}.device-*.receipts"):
            for line in path.read_bytes().split(b"\n")[:-1]:
                number, event_id = line.decode().split()
                yield int(number), event_id

    def wait_work(self, timeout=60):
        """Waits until this run has accepted something."""
        receipts = pathlib.Path(f"{self._run_name()}.receipts")

        def works():
            assert self.process.poll() is None, self.said()
            return receipts.stat().st_size > 0
        wait_for(works, timeout, lambda: f"the producer of {self.kind} accepts lines\n{self.said()}")

    def kill(self):
        self.process.kill()
        assert self.process.wait() == -signal.SIGKILL, self.said()

    def wait_killed(self, timeout=60):
        """Waits until the point has killed it."""
        wait_for(lambda: self.process.poll() is not None, timeout, lambda: f"the producer dies\n{self.said()}")
        assert self.process.returncode == -signal.SIGKILL, self.said()
        assert pathlib.Path(f"{self.point_file}.reached").exists()

    def finish(self, timeout=120):
        """No more lines are written; what is left is sent by a last run."""
        self.end()
        log = pathlib.Path(f"{self._run_name()}.log")
        wait_for(lambda: log.stat().st_size > 0, 60, "it has begun: it knows of signals before it says anything")
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout) == 0, self.said()
        self.run(follow=False)
        assert self.process.wait(timeout) == 0, self.said()

    def close(self):
        self.stop()
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    # ---- what became of it ----

    def check(self):
        """Each line was accepted once and is stored, as it was written, if it has a place. Returns how many messages were sent for it,
        and how many lines got no receipt because of a kill."""
        receipts = list(self.receipts())
        numbers = [number for number, _ in receipts]
        assert len(numbers) == len(set(numbers)), "a line was accepted twice"
        assert all(self.lines[number - 1] == event_id for number, event_id in receipts)
        messages = 0
        for place, message in self.world.read_topic(self.kind)[0].items():
            if (self.kind, *place) in self.world.sent:
                continue
            messages += 1
            event = self.of.decode(message.value())
            line = self.events.get(event["event_id"])
            assert line is not None, f"{self.kind} {place}: nobody sent this: {event}"
            for name, field in self.of.fields.items():
                assert comparable(field.type, event[name]) == comparable(field.type, line[name]), (place, name)
        stored = {str(event_id) for event_id, in self.world.sql(f"select event_id from events.{self.kind}")}
        lost = [event_id for event_id in self.lines if event_id.lower() not in stored
                and not why_unplaceable(self.kind, self.events[event_id])]
        assert not lost, f"{self.kind}: {len(lost)} of {len(self.lines)} lines are not stored: {lost[:5]}"
        assert "Sanitizer" not in self.said() and "runtime error:" not in self.said(), self.said()
        return messages, len(self.lines) - len(receipts)


# ---- a line that can be cut ----

class Proxy:
    """Listens on a port of its own and hands everything to PostgreSQL and back.

    choose(what) is asked in the thread of a connection: what is "batch" at the COMMIT of a transaction that copied
    rows, "claim" at the statement that takes a partition over. It answers None or one of CUTS: before or after the
    server gets that, the line is closed, or nothing more goes through it although both ends think it open.
    """

    CUTS = ("closed before", "closed after", "silent before", "silent after")

    def __init__(self, server_host, server_port, choose):
        self.server, self.choose = (server_host, server_port), choose
        self.cuts = []  # each line that was cut, in order
        self._open = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(Line(self, client, socket.create_connection(self.server)))

    def close(self):
        self._listener.close()
        for line in self._open:
            line.close()


class Line:
    """One connection through a proxy."""

    CLAIM = b"owner_epoch = owner_epoch + 1"

    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.cut = self.what = None  # one of CUTS, and where
        self.committed = False       # after a cut: the server said so
        self._copies = False         # rows were sent since the last BEGIN
        self._claims = set()         # prepared statements that claim
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for work in (self._forth, self._back):
            threading.Thread(target=self._until_closed, args=(work,), daemon=True).start()

    def _until_closed(self, work):
        try:
            work()
        except OSError:
            pass
        if self.cut is None or self.cut == "closed before":
            self.close()

    def close(self):
        for end in (self.client, self.server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    # ---- from the daemon to the server ----

    def _read(self, size):
        data = bytearray()
        while len(data) < size:
            part = self.client.recv(size - len(data))
            if not part:
                raise OSError("closed")
            data += part
        return bytes(data)

    def _message(self, head):
        """The rest of a message, whose length stands at the end of its head and counts itself."""
        return head + self._read(struct.unpack(">I", head[-4:])[0] - 4)

    def _forth(self):
        self.server.sendall(self._message(self._read(4)))  # the first one has no type
        while not self.cut:
            message = self._message(self._read(5))
            what = self._what(message)
            cut = what and self.proxy.choose(what)
            if cut:
                self._cut(cut, what, message)
            else:
                self.server.sendall(message)

    def _what(self, message):
        """What is about to happen with this message: "batch", "claim" or None."""
        kind, body = message[:1], message[5:]
        if kind == b"d":
            self._copies = True
        elif kind == b"P" and self.CLAIM in body:
            self._claims.add(body.split(b"\0")[0])
        elif kind == b"B" and body.split(b"\0")[1] in self._claims:
            return "claim"
        elif kind == b"Q" and body.lower().startswith(b"begin"):
            self._copies = False
        elif kind == b"Q" and body.lower().startswith(b"commit") and self._copies:
            return "batch"
        return None

    def _cut(self, cut, what, message):
        self.cut, self.what = cut, what  # from now on nothing goes back
        if cut.endswith("after"):
            self.server.sendall(message)
            while what == "claim" and message[:1] != b"S":  # the statement is sent in several messages
                message = self._message(self._read(5))
                self.server.sendall(message)
        self.proxy.cuts.append(self)
        if cut == "closed after":
            self.client.shutdown(socket.SHUT_RDWR)

    # ---- and back ----

    def _back(self):
        heard = b""
        while True:
            data = self.server.recv(65536)
            if not data:
                return
            if self.cut is None:
                self.client.sendall(data)
                continue
            heard += data
            self.committed = b"COMMIT\0" in heard
            if self.cut == "closed after" and heard[-6:-1] == b"Z\0\0\0\5":  # it is ready for the next statement
                self.close()
