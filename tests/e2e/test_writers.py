"""Schemas that are not built in: in bus.schema, or in a schema registry."""
import copy
import dataclasses
import io
import json
import struct

import fastavro
import pytest

from checker import check_all
from events import FRAME, KINDS, Kind, crc64_avro, to_json, without_logical_types
from producer import produce
from registry import Registry
from world import bad, good, json_lines

KIND = "drone_alert"
OF = KINDS[KIND]


@pytest.fixture
def registry():
    registry = Registry()
    registry.start()
    yield registry
    registry.stop()


class Writer:
    """A device's own schema: the newest one's fields in another order, and what only this device knows."""

    def __init__(self, name="temperature"):
        self.schema = copy.deepcopy(OF.schema)
        self.schema["fields"].reverse()
        self.schema["fields"].insert(3, {"name": name, "type": ["null", "double"]})
        self.name = name
        self.avro = fastavro.parse_schema(without_logical_types(self.schema))
        canonical = fastavro.schema.to_parsing_canonical_form(self.schema)
        self.fingerprint = crc64_avro(canonical.encode())

    def body(self, event):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, self.avro, event | {self.name: 21.5})
        return out.getvalue()

    def message(self, event, number=None):
        """Framed by the fingerprint, or as Confluent's clients do."""
        frame = FRAME + struct.pack("<Q", self.fingerprint) if number is None else b"\0" + struct.pack(">I", number)
        return dataclasses.replace(good(KIND, event), value=frame + self.body(event))

    def file(self, folder):
        path = folder / f"{self.name}.avsc"
        path.write_text(json.dumps(self.schema))
        return path


def insert(world, fingerprint, text, kind=KIND):
    world.sql("insert into bus.schema (kind, fingerprint, schema) values (%s, %s, %s)", kind, f"{fingerprint:016x}",
              text if isinstance(text, str) else json.dumps(text))


# ---- bus.schema ----

def test_registered_schemas(world, tmp_path):
    """A few of them, mixed with those built in; nothing has to be started anew."""
    rng = world.rng()
    writers = [Writer(f"sensor_{number}") for number in range(3)]
    world.make_topic(KIND, partitions=2)
    daemon = world.consumer(KIND)
    world.produce([good(KIND, OF.fresh(rng))])
    for writer in writers:
        done = world.ctl("schema register", writer.file(tmp_path))
        assert done.returncode == 0, done.stderr
    world.produce([writer.message(OF.random(rng)) for _ in range(50) for writer in writers] +
                  [good(KIND, OF.random(rng)) for _ in range(50)])
    world.settle_and_stop(daemon)
    check_all(world)
    assert world.rows(KIND) == 201


def test_schemas_that_are_refused(world):
    rng = world.rng()
    strange = {"type": "record", "name": "DroneAlert", "namespace": "gridloop", "fields": OF.schema["fields"][:5]}
    other = Writer("other")
    insert(world, 1, strange)
    insert(world, 2, "{")
    insert(world, other.fingerprint + 1, other.schema)
    event = OF.fresh(rng)
    frames = [(FRAME + struct.pack("<Q", fingerprint), reason) for fingerprint, reason in [
        (1, "schema_refused"), (2, "schema_refused"), (other.fingerprint + 1, "schema_refused"),
        (other.fingerprint, "schema_unknown"), (3, "schema_unknown")]]
    world.make_topic(KIND)
    messages = [bad(KIND, frame + other.body(event), reason) for frame, reason in frames] * 3
    world.produce(messages + [good(KIND, event)])
    daemon = world.consumer(KIND)
    world.settle_and_stop(daemon)
    check_all(world)
    details = {detail for detail, in world.sql("select detail from bus.dead_letter where reason = 'schema_refused'")}
    assert any("alert_id" in detail for detail in details)      # which field the writer lacks
    assert len(daemon.log("a writer's schema is refused")) == 3  # once each


def test_many_unknown_fingerprints(world):
    """A batch asks once, however many there are; the good ones among them are stored."""
    rng = world.rng()
    writer = Writer()
    insert(world, writer.fingerprint, writer.schema)
    world.make_topic(KIND)
    messages = []
    for number in range(6000):
        messages.append(bad(KIND, FRAME + rng.randbytes(8) + b"x", "schema_unknown"))
        if number % 100 == 0:
            messages += [good(KIND, OF.fresh(rng)), writer.message(OF.fresh(rng))]
    world.produce(messages)
    world.settle_and_stop(world.consumer(KIND))
    check_all(world)


@pytest.mark.harms_servers
def test_postgres_away_while_a_schema_is_wanted(world):
    rng = world.rng()
    writer = Writer()
    insert(world, writer.fingerprint, writer.schema)
    world.make_topic(KIND)
    daemon = world.consumer(KIND)
    world.stack.postgres("stop")
    try:
        world.produce([writer.message(OF.fresh(rng)) for _ in range(20)])
        daemon.wait_log("will try again")
    finally:
        world.stack.postgres("start")
    world.settle_and_stop(daemon)
    check_all(world)
    assert world.rows(KIND) == 20


def test_setup_numbers_a_schema_that_was_registered_before(world):
    """A device's schema that later becomes a version of the contract."""
    world.sql("update bus.schema set version = null where kind = %s and version = 2", KIND)
    assert "1 schemas registered" in world.ctl("setup", f"--namespace={world.namespace}").stdout
    assert world.sql("select version from bus.schema where kind = %s order by version", KIND) == [(1,), (2,)]


# ---- the registry ----

def test_confluent_framing(world, registry):
    rng = world.rng()
    former, own = Kind(KIND, 1), Writer()
    registry.add(1, OF.schema)
    registry.add(300, own.schema, schemaType="AVRO")
    registry.add(4, "syntax = \"proto3\";", schemaType="PROTOBUF")
    registry.add(5, OF.schema, references=[{"name": "a", "subject": "b", "version": 1}])
    registry.add(6, "{\"type\": \"record\"")
    registry.add(8, OF.schema, padding="x" * (1 << 20))
    event = OF.fresh(rng)
    numbered = lambda number, body: b"\0" + struct.pack(">I", number) + body
    world.make_topic(KIND)
    messages = [good(KIND, OF.fresh(rng)), own.message(OF.random(rng), 300)]
    for _ in range(30):
        event = OF.random(rng)
        messages += [dataclasses.replace(good(KIND, event), value=numbered(1, OF.body(event))),
                     own.message(OF.random(rng), 300)]
    messages += [bad(KIND, numbered(number, OF.body(event)), reason) for _ in range(3) for number, reason in [
        (2, "schema_unknown"), (0, "schema_unknown"), (2**32 - 1, "schema_unknown"), (4, "schema_refused"),
        (5, "schema_refused"), (6, "schema_refused"), (8, "schema_refused")]]
    messages += [bad(KIND, b"\0\0\0\0", "envelope"), bad(KIND, b"\0\0\0\0\1", "short"), bad(KIND, b"\1\0\0\0\1", "envelope")]
    world.produce(messages)
    world.settle_and_stop(world.consumer(KIND, registry_url=registry.url + "/"))
    check_all(world)
    assert set(registry.asked.values()) == {1}
    details = {detail for detail, in world.sql("select detail from bus.dead_letter where reason = 'schema_unknown'")}
    assert "no schema with registry number 4294967295 is known" in details
    assert former.version == 1


@pytest.mark.parametrize("mode", ["500", "429", "garbage", "an array", "no schema", "cut off", "away", "slow"])
def test_a_registry_that_does_not_answer_is_waited_for(world, registry, mode):
    """No event becomes a dead letter for it; what is known already goes on."""
    rng = world.rng()
    own = Writer()
    registry.add(1, OF.schema)
    registry.add(2, own.schema)
    if mode == "away":
        registry.stop()
    elif mode == "slow":
        registry.delay = 30
    else:
        registry.mode = mode
    world.make_topic(KIND)
    world.produce([own.message(OF.fresh(rng), 2), good(KIND, OF.fresh(rng))])
    daemon = world.consumer(KIND, registry_url=registry.url)
    assert "registry number 2" in daemon.wait_log("will try again", 2)["error"]
    assert world.sql("select count(*) from bus.dead_letter") == [(0,)] and world.rows(KIND) == 0
    if mode == "away":
        registry.start()
    registry.mode, registry.delay = "well", 0
    world.settle(KIND)
    registry.stop()
    world.produce([own.message(OF.fresh(rng), 2)])
    world.settle_and_stop(daemon)
    registry.start()
    check_all(world)
    assert world.rows(KIND) == 3


@pytest.mark.parametrize("mode, code", [("no such page", 78), ("no such version", 78), ("elsewhere", 78),
                                        ("forbidden", 77)])
def test_what_is_no_registry_ends_the_daemon(world, registry, mode, code):
    """Nothing is written; the next start reads the same again."""
    event = OF.fresh(world.rng())
    registry.mode = mode
    registry.add(1, OF.schema)
    world.make_topic(KIND)
    world.produce([dataclasses.replace(good(KIND, event), value=b"\0\0\0\0\1" + OF.body(event))])
    daemon = world.consumer(KIND, wait=False, registry_url=registry.url)
    daemon.may_fail()
    assert daemon.wait_exit() == code
    assert "HTTP status" in daemon.log("cannot go on")[0]["error"]
    registry.mode = "well"
    world.settle_and_stop(world.consumer(KIND, registry_url=registry.url))
    check_all(world)


def test_a_password(world, registry, tmp_path):
    event = OF.fresh(world.rng())
    registry.login = "reader", "opensesame"
    registry.add(1, OF.schema)
    world.make_topic(KIND)
    world.produce([dataclasses.replace(good(KIND, event), value=b"\0\0\0\0\1" + OF.body(event))])
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    for path, text in ((right, "opensesame\n"), (wrong, "guess")):
        path.write_text(text)
        path.chmod(0o600)
    options = {"registry_url": registry.url, "registry_user": "reader"}
    for refused in ({"registry_url": registry.url}, options | {"registry_password_file": wrong}):
        daemon = world.consumer(KIND, wait=False, **refused)
        daemon.may_fail()
        assert daemon.wait_exit() == 77
    daemon = world.consumer(KIND, registry_password_file=right, **options)
    world.settle_and_stop(daemon)
    assert "opensesame" not in daemon.output()
    check_all(world)


def test_a_password_is_replaced(world, registry, tmp_path):
    """At the registry first: until the file has it, the daemon waits; nothing is set aside."""
    first, second = (OF.fresh(world.rng()) for _ in range(2))
    registry.login = "reader", "opensesame"
    for number in (1, 2):
        registry.add(number, OF.schema)
    file, beside = tmp_path / "password", tmp_path / "tomorrow"
    for path, text in ((file, "opensesame\n"), (beside, "openbarley\n")):
        path.write_text(text)
        path.chmod(0o600)
    world.make_topic(KIND)
    daemon = world.consumer(KIND, registry_url=registry.url, registry_user="reader", registry_password_file=file)
    world.produce([dataclasses.replace(good(KIND, first), value=b"\0\0\0\0\1" + OF.body(first))])
    world.settle(KIND)
    registry.login = "reader", "openbarley"
    world.produce([dataclasses.replace(good(KIND, second), value=b"\0\0\0\0\2" + OF.body(second))])
    assert "401" in daemon.wait_log("will try again")["error"]
    beside.replace(file)
    world.settle_and_stop(daemon)
    check_all(world)


@pytest.mark.parametrize("options, word", [
    ({"registry_url": "registry:8081"}, "registry_url"),
    ({"registry_url": "ftp://registry"}, "registry_url"),
    ({"registry_url": "http://user:secret@registry"}, "registry_password_file"),
    ({"registry_url": "http://registry/?a=b"}, "registry_url"),
    ({"registry_url": "http://registry", "registry_user": "reader"}, "registry_password_file"),
    ({"registry_url": "http://registry", "registry_ca_file": "/nonexistent"}, "/nonexistent"),
])
def test_settings_that_are_refused(world, options, word):
    daemon = world.consumer(KIND, wait=False, **options)
    daemon.may_fail()
    assert daemon.wait_exit() == 78
    assert word in daemon.output() and "secret" not in daemon.output()


# ---- producers ----

def send(world, registry, events, **options):
    return produce(world, KIND, json_lines(to_json(OF, event) for event in events), registry_url=registry.url, **options)


def framed(world, registry, kind=KIND):
    """The numbers in front of the topic's messages, checked against what the registry has for the subject."""
    messages, _ = world.read_topic(kind)
    assert all(message.value()[:1] == b"\0" for message in messages.values())
    numbers = [struct.unpack(">I", message.value()[1:5])[0] for message in messages.values()]
    assert set(numbers) <= set(registry.subjects[f"{world.topic(kind)}-value"].values())
    return numbers


def test_a_producer_numbers_its_schema(world, registry):
    """It registers it where it is not known, and asks once; consumers read it."""
    rng = world.rng()
    events = [OF.random(rng, plain=True) for _ in range(200)]
    world.make_topic(KIND, partitions=2)
    for part in (events[:100], events[100:]):
        done = send(world, registry, part)
        assert done.code == 0, done.said
    subject = f"subjects/{world.topic(KIND)}-value"
    assert registry.asked[subject] == 2 and registry.asked[subject + "/versions"] == 1
    assert len(framed(world, registry)) == 200
    world.settle_and_stop(world.consumer(KIND, registry_url=registry.url))
    assert world.sql("select sum(stored), sum(dead_letter) from bus.batch") == [(200, 0)]
    assert {str(row[0]) for row in world.sql("select event_id from events.drone_alert")} == {
        event["event_id"].lower() for event in events}


@pytest.mark.parametrize("mode", ["away", "500", "incompatible", "garbage"])
def test_what_cannot_be_numbered_stays_in_the_spool(world, registry, mode):
    """It is accepted all the same, and sent by the next run that the registry answers."""
    event = OF.fresh(world.rng())
    world.make_topic(KIND)
    registry.mode = mode if mode != "away" else "well"
    if mode == "away":
        registry.stop()
    done = send(world, registry, [event], deliver_timeout=1)
    assert done.code == 75 and done.receipts == {1: event["event_id"]}
    assert world.read_topic(KIND)[0] == {}
    registry.mode = "well"
    if mode == "away":
        registry.start()
    assert send(world, registry, []).code == 0
    assert len(framed(world, registry)) == 1


@pytest.mark.parametrize("mode, code", [("no such page", 78), ("forbidden", 77)])
def test_a_producer_whose_registry_is_none(world, registry, mode, code):
    """It ends, and loses nothing."""
    world.make_topic(KIND)
    registry.mode = mode
    assert send(world, registry, [OF.fresh(world.rng())]).code == code
    registry.mode = "well"
    assert send(world, registry, []).code == 0
    assert len(framed(world, registry)) == 1


@pytest.mark.slow
def test_a_slow_registry_cuts_batches(world, registry):
    """Each answer takes two seconds: the batch ends before the first event whose schema there was no time for, in
    whatever partition it lies, and the next one begins there. What becomes of the events does not depend on it."""
    rng = world.rng()
    own = Writer()
    registry.delay = 2
    for number in range(1, 7):
        registry.add(number, own.schema)
    world.make_topic(KIND, partitions=3)
    for partition in range(3):
        world.produce([message for number in range(1, 7) for message in (
            good(KIND, OF.fresh(rng)), own.message(OF.fresh(rng), number),
            bad(KIND, b"\0\0\0\0\x63" + own.body(OF.fresh(rng)), "schema_unknown"))], partition=partition)
    daemon = world.consumer(KIND, registry_url=registry.url, linger_ms=1000)
    world.settle_and_stop(daemon, timeout=90)
    check_all(world)
    assert set(registry.asked.values()) == {1}
    assert not daemon.log("will try again")
    assert world.sql("select count(distinct committed_at) > 1 from bus.batch") == [(True,)]
