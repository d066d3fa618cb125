"""What one test has for itself: a database, topics, and whatever it starts."""
import collections
import dataclasses
import hashlib
import json
import os
import random
import secrets
import subprocess

import confluent_kafka
import confluent_kafka.admin
import psycopg
import psycopg.sql

from daemon import Daemon, environment, flags
from events import KINDS
from waiting import wait_for


@dataclasses.dataclass
class Sent:
    """A message, and what has to become of it.

    event: what it holds; None: nothing that can be read. reasons: why it has to be set aside (any one of them);
    empty: it has to be stored, or is a repeat. field: the one that a dead letter has to name; None: any. absent:
    nothing has to become of it. either: set aside for one of the reasons, or stored as what fastavro reads.
    """
    kind: str
    value: bytes | None
    key: bytes | None = None
    headers: list = dataclasses.field(default_factory=list)
    event: dict | None = None
    reasons: frozenset = frozenset()
    field: str | None = None
    absent: bool = False
    either: bool = False
    partition: int = -1
    offset: int = -1


def good(kind, event, **changes):
    """The message of an event, as the contract wants it."""
    of = KINDS[kind]
    return dataclasses.replace(Sent(kind, of.encode(event), of.key(event), of.headers(event), event), **changes)


def bad(kind, value, *reasons, key=b"bad", **changes):
    """A message that has to become a dead letter for one of these reasons."""
    return dataclasses.replace(Sent(kind, value, key, reasons=frozenset(reasons)), **changes)


class World:
    def __init__(self, stack, template, folder, of=None):
        self.stack, self.template, self.folder = stack, template, folder
        self.database = "t" + secrets.token_hex(5)
        self.namespace = of.namespace if of else self.database  # in front of all topics and groups
        self.sent = of.sent if of else {}                       # (kind, partition, offset) -> Sent
        self.seed = of.seed if of else os.environ.get("GRIDLOOP_SEED") or str(secrets.randbits(32))
        self._random_sources = 0
        self.areas = {None: []}                                 # located_version -> GeoJSON features
        self._daemons, self._twins, self._processes = [], [], []
        self._started = of._started if of else collections.Counter()
        stack.sql(f"create database {self.database} template {template}")
        self._name_urls()
        self.began = of.began if of else self.sql("select now()")[0][0]

    def _name_urls(self):
        self.owner_url = self.stack.url(self.database)
        self.ingest_url = self.stack.url(self.database, "gridloop_ingest")

    def rename_database(self, name):
        self.stack.sql(psycopg.sql.SQL("alter database {} rename to {}").format(
            psycopg.sql.Identifier(self.database), psycopg.sql.Identifier(name)))
        self.database = name
        self._name_urls()

    def twin(self, filled=False):
        """The same topics and another database: an empty one, or a copy of this one."""
        self._twins.append(World(self.stack, self.database if filled else self.template, self.folder, of=self))
        if filled:
            self._twins[-1].areas = self.areas
        return self._twins[-1]

    def kill_at_end(self, process):
        """A process that is no daemon, should its test end before it does."""
        self._processes.append(process)
        return process

    def close(self):
        """Leaves nothing running; returns what was wrong with the daemons."""
        problems = [problem for twin in self._twins for problem in twin.close()]
        problems += [problem for daemon in self._daemons if (problem := daemon.end())]
        for process in self._processes:
            process.kill()
            process.wait()
        self.stack.drop(self.database)
        return problems

    # ---- random ----

    def rng(self, seed=None):
        """A new source of random choices. Its seed stands in the report of a test that failed; with
        GRIDLOOP_SEED set to it the test makes the same choices again. seed: a test's own."""
        self._random_sources += 1
        print(f"seed {seed}" if seed is not None else f"GRIDLOOP_SEED={self.seed}")
        return random.Random(seed if seed is not None else f"{self.seed}/{self._random_sources}")

    # ---- Kafka ----

    def topic(self, kind):
        return f"{self.namespace}.{kind.replace('_', '-')}.v1"

    def group(self, kind):
        return f"{self.namespace}.{KINDS[kind].hyphens}"

    def make_topic(self, kind, partitions=1, **config):
        """config: max_message_bytes=4000000 and the like. The controller has made it before the broker hears of it."""
        config = {name.replace("_", "."): str(value) for name, value in config.items()}
        topic = confluent_kafka.admin.NewTopic(self.topic(kind), partitions, 1, config=config)
        for future in self.stack.admin.create_topics([topic]).values():
            future.result(30)
        wait_for(lambda: self._answers(kind), 30, f"the broker has the partitions of {self.topic(kind)}")

    def _answers(self, kind):
        try:
            return self.high(kind)
        except confluent_kafka.KafkaException:
            return None

    def partitions(self, kind):
        """The numbers of its topic's partitions."""
        topic = self.topic(kind)

        def told():
            found = self.stack.admin.list_topics(topic, timeout=30).topics[topic]
            return not found.error and list(found.partitions)
        return wait_for(told, 30, f"the broker knows of {topic}")

    def produce(self, messages, partition=None, producer=None):
        """Sends what good() and bad() made, in order, and waits until the broker has it.

        partition: of all of them; else the keys decide. producer: one with settings of its own.
        """
        failures = []

        def delivered(sent):
            def note(error, message):
                if error:
                    failures.append(f"{sent.kind}: {error}")
                    return
                sent.partition, sent.offset = message.partition(), message.offset()
                self.sent[sent.kind, sent.partition, sent.offset] = sent
            return note

        producer = producer or self.stack.producer
        where = {} if partition is None else {"partition": partition}
        messages = list(messages)
        for sent in messages:
            while True:
                try:
                    producer.produce(self.topic(sent.kind), sent.value, sent.key, on_delivery=delivered(sent),
                                     headers=sent.headers, **where)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        assert producer.flush(180) == 0, "the broker did not take all messages"
        assert not failures, failures
        return messages

    def read_topic(self, kind):
        """Everything in the topic: {(partition, offset): message}, and the high watermark of each partition."""
        client = confluent_kafka.Consumer({
            "bootstrap.servers": self.stack.bootstrap, "group.id": f"{self.namespace}.reader",
            "enable.auto.commit": False, "auto.offset.reset": "error", "fetch.message.max.bytes": 8 << 20, "fetch.wait.max.ms": 20})
        try:
            topic = self.topic(kind)
            places = [confluent_kafka.TopicPartition(topic, partition, 0) for partition in self.partitions(kind)]
            high = {place.partition: client.get_watermark_offsets(place, timeout=30)[1] for place in places}
            client.assign([place for place in places if high[place.partition] > 0])
            found = {}
            wanted = sum(high.values())
            while len(found) < wanted:
                batch = client.consume(min(10000, wanted - len(found)), timeout=30)
                assert batch, f"{topic}: {len(found)} of {wanted} messages could be read"
                for message in batch:
                    assert not message.error(), message.error()
                    if message.offset() < high[message.partition()]:
                        found[message.partition(), message.offset()] = message
            return found, high
        finally:
            client.close()

    # ---- our programs ----

    def consumer(self, kind, name=None, build="release", point=None, wait=True, program=None, **options):
        """Starts a consumer. options: settings by name ({"kafka.x.y": 1} as **{...}); None takes one away."""
        if name is None:
            self._started[kind] += 1
            name = f"{KINDS[kind].hyphens}-{self._started[kind]}"
        options = {"namespace": self.namespace, "database_url": self.ingest_url} | options
        daemon = Daemon(self.stack, kind, options, self.folder, name, build, point, program)
        self._daemons.append(daemon)
        if wait:
            daemon.wait_claimed()
        return daemon

    def dispatch(self, name=None, build="release", point=None, wait=True, **options):
        """Starts gridloop-dispatch, and waits until it leads. It sends no heartbeats unless it is told to."""
        if name is None:
            self._started["dispatch"] += 1
            name = f"dispatch-{self._started['dispatch']}"
        options = {"namespace": self.namespace, "database_url": self.ingest_url, "poll_ms": 20, "heartbeat_s": 0} | options
        daemon = Daemon(self.stack, "dispatch", options, self.folder, name, build, point, "gridloop-dispatch")
        self._daemons.append(daemon)
        if wait:
            daemon.wait_log("leading")
        return daemon

    def follower(self, kind, file, build="release", point=None, **options):
        """Starts a producer that follows the file, with the world's own spool of this kind."""
        self._started["follower"] += 1
        options = {"namespace": self.namespace, "spool": self.folder / f"{kind}.spool", "follow": "true", "receipts": "none",
                   "backoff_max_ms": None} | options
        daemon = Daemon(self.stack, kind, options, self.folder, f"{KINDS[kind].hyphens}-follower-{self._started['follower']}",
                        build, point, f"gridloop-produce-{KINDS[kind].hyphens}", [file])
        self._daemons.append(daemon)
        return daemon

    def run(self, program, *arguments, build="release", timeout=120, **more):
        """Runs one of our programs to its end."""
        more = {"env": environment(self.stack, **more.pop("env", {}))} | more
        more.setdefault("stdin", subprocess.DEVNULL if "input" not in more else None)
        if more["stdin"] is None:
            del more["stdin"]
        return subprocess.run([self.stack.program(program, build), *map(str, arguments)], capture_output=True,
                              timeout=timeout, **more)

    def ctl(self, command, *arguments, **more):
        """command: "verify", "schema list"."""
        return self.run("gridloopctl", *command.split(), *flags({"database_url": self.owner_url}), *arguments, text=True,
                        **more)

    def setup(self):
        """The topics of all kinds, as an operator makes them."""
        done = self.ctl("setup", *flags({"namespace": self.namespace}))
        assert done.returncode == 0, done.stderr

    # ---- PostgreSQL ----

    def connect(self, user="gridloop"):
        return psycopg.connect(self.stack.url(self.database, user), autocommit=True)

    def sql(self, statement, *parameters, user="gridloop"):
        """The rows of a statement; [] if it has none."""
        with self.connect(user) as connection:
            cursor = connection.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def alter(self, statement):
        """As superuser, past the triggers that keep the tables append-only."""
        with self.connect("postgres") as connection:
            connection.execute("set session_replication_role = replica")
            connection.execute(statement)

    def rows(self, kind):
        return self.sql(f"select count(*) from events.{kind}")[0][0]

    def moved_by(self, daemon):
        """How far the partitions are that this daemon claimed last."""
        return self.sql("select coalesce(sum(next_offset), 0) from bus.progress where owner like %s",
                        f"%/{daemon.process.pid}")[0][0]

    def progress(self, kind):
        """Partition -> next_offset."""
        return dict(self.sql("select partition, next_offset from bus.source join bus.progress using (source_id) "
                             "where topic = %s", self.topic(kind)))

    def high(self, kind):
        """Partition -> high watermark, from the broker."""
        wanted = {confluent_kafka.TopicPartition(self.topic(kind), number): confluent_kafka.admin.OffsetSpec.latest()
                  for number in self.partitions(kind)}
        return {place.partition: future.result(30).offset
                for place, future in self.stack.admin.list_offsets(wanted).items()}

    def settle(self, kind, timeout=60):
        """Waits until the consumers have read all that is in the topic."""
        high = self.high(kind)
        wait_for(lambda: all(self.progress(kind).get(partition, 0) >= offset for partition, offset in high.items()),
                 timeout, lambda: f"{kind}: read {self.progress(kind)} of {high}\n" + "\n".join(
                     f"-- {daemon.name}\n{daemon.output()[-3000:]}" for daemon in self._daemons))

    def settle_and_stop(self, *daemons, timeout=60):
        for kind in {daemon.kind for daemon in daemons}:
            self.settle(kind, timeout)
        for daemon in daemons:
            daemon.stop()


def sha256(value):
    return hashlib.sha256(value or b"").digest()


def json_lines(lines):
    """Lines for a producer's standard input."""
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
