"""gridloopctl tap, decode and schema: what they print is what fastavro reads."""
import base64
import copy
import json
import signal
import subprocess

import confluent_kafka.admin
import pytest

from daemon import environment, flags
from events import FRAME, KINDS, Kind, to_json
from test_writers import Writer, insert, registry  # noqa: F401 (a fixture)
from waiting import wait_for
from world import Sent, bad, good

KIND = "drone_alert"
OF = KINDS[KIND]


def tap(world, topic, *arguments, **more):
    """Its lines as dicts."""
    done = world.run("gridloopctl", "tap", topic, *arguments, text=True, **more)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def as_printed(kind, event):
    """What our JSON of an event has to be, nulls among it."""
    return {name: None for name in kind.fields} | to_json(kind, event)


def same(printed, event, kind=OF):
    wanted = as_printed(kind, event)
    assert printed.keys() == wanted.keys()
    for name, value in wanted.items():
        assert printed[name] == pytest.approx(value) if isinstance(value, float) else printed[name] == value, name


# ---- tap ----

def test_tap_prints_what_was_sent(world):
    rng = world.rng()
    world.make_topic(KIND, partitions=3)
    former = Kind(KIND, 1)
    event = former.random(rng, plain=True)
    messages = [good(KIND, OF.random(rng, plain=True)) for _ in range(50)]
    messages += [Sent(KIND, former.encode(event), former.key(event), [])]
    world.produce(messages)
    found = tap(world, world.topic(KIND), "--from=earliest", f"--max={len(messages)}")
    assert len(found) == len(messages)
    by_place = {(line["partition"], line["offset"]): line for line in found}
    for sent in messages:
        line = by_place[sent.partition, sent.offset]
        assert line["key"] == sent.key.decode() and line["kind"] == KIND and "fault" not in line
        if sent.event:
            same(line["event"], sent.event)
            assert line["schema"] == {"fingerprint": OF.fingerprint[::-1].hex(), "version": 2}
        else:
            assert line["schema"]["version"] == 1 and line["event"]["target_area_m2"] == pytest.approx(event["area_m2"])


def test_tap_says_what_is_wrong(world):
    event = OF.fresh(world.rng(), "fullest")
    value = OF.encode(event)
    world.make_topic(KIND)
    world.produce([bad(KIND, None, key=None), bad(KIND, b""), bad(KIND, b"{}", key=b"\xff\0"), bad(KIND, value[:100]),
                   bad(KIND, FRAME + bytes(8) + value[10:]), bad(KIND, value + b"\0")])
    lines = tap(world, world.topic(KIND), "--from=0", "--partition=0", "--max=6")
    assert [line["fault"]["reason"] for line in lines] == [
        "tombstone", "short", "envelope", "short", "schema_unknown", "trailing"]
    assert lines[0]["key"] is None and lines[2]["key"] == "hex:ff00"
    assert lines[3]["event"]["event_id"] == event["event_id"] and "severity" not in lines[3]["event"]
    assert lines[3]["fault"]["field"] not in lines[3]["event"]
    same(lines[5]["event"], event)


def test_tap_leaves_no_trace(world):
    """It begins at the end, goes on until it is told to stop, and no group is there afterwards."""
    rng = world.rng()
    world.make_topic(KIND)
    before = good(KIND, OF.fresh(rng))
    world.produce([before])
    daemon = world.consumer(KIND)
    output = world.folder / "tap"
    with open(output, "w") as out:
        process = subprocess.Popen([world.stack.program("gridloopctl"), "tap", world.topic(KIND)], stdout=out,
                                   env=environment(world.stack))
    try:
        def lines():
            world.produce([good(KIND, OF.fresh(rng))])
            return output.read_text().splitlines()
        wait_for(lines, 30, "tap prints what comes")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        process.kill()
    assert json.loads(output.read_text().splitlines()[0])["offset"] > before.offset
    world.settle_and_stop(daemon)
    groups = {group.group_id for group in world.stack.admin.list_consumer_groups().result(30).valid}
    assert world.group(KIND) in groups and "gridloopctl.reader" not in groups
    assert world.sql("select owner_epoch from bus.progress") == [(1,)]


@pytest.mark.parametrize("arguments, code, word", [
    (["no.such.topic"], 69, "no.such.topic"), ([], 64, "usage"), (["a", "b"], 64, "b"),
    (["TOPIC", "--from=noon"], 64, "--from"), (["TOPIC", "--partition=7"], 64, "partition 7"),
    (["TOPIC", "--from=99", "--max=1"], 69, "offset 99"),
])
def test_tap_refuses(world, arguments, code, word):
    world.make_topic(KIND)
    arguments = [world.topic(KIND) if argument == "TOPIC" else argument for argument in arguments]
    done = world.run("gridloopctl", "tap", *arguments, text=True)
    assert done.returncode == code and word in done.stderr


def test_tap_redacts_what_people_typed(world):
    kind = KINDS["inspection_finding"]
    event = kind.fresh(world.rng(), "fullest", issue_summary="张三的投诉")
    world.make_topic(kind.name)
    world.produce([good(kind.name, event)])
    topic = world.topic(kind.name)
    shown, = tap(world, topic, "--from=earliest", "--max=1")
    same(shown["event"], event, kind)
    redacted, = tap(world, topic, "--from=earliest", "--max=1", "--redact")
    free = {name for name, field in kind.fields.items() if "free_text" in json.dumps(
        next(f for f in kind.schema["fields"] if f["name"] == name)) and event[name] is not None}
    assert len(free) > 1
    assert redacted["event"] == shown["event"] | {name: "…" for name in free}


def test_tap_knows_registered_schemas(world, registry):  # noqa: F811
    rng = world.rng()
    stored, numbered = Writer("stored"), Writer("numbered")
    insert(world, stored.fingerprint, stored.schema)
    registry.add(7, numbered.schema)
    world.make_topic(KIND)
    events = [OF.fresh(rng) for _ in range(2)]
    world.produce([stored.message(events[0]), numbered.message(events[1], 7)])
    read = [world.topic(KIND), "--from=earliest", "--max=2"]
    assert [line["fault"]["reason"] for line in tap(world, *read)] == ["schema_unknown", "envelope"]
    lines = tap(world, *read, f"--database-url={world.owner_url}", f"--registry-url={registry.url}")
    for line, event in zip(lines, events):
        same(line["event"], event)
    assert lines[1]["schema"] == {"registry_number": 7, "fingerprint": f"{numbered.fingerprint:016x}"}


# ---- decode ----

@pytest.mark.parametrize("form", ["--hex", "--base64", None])
def test_decode(world, form, tmp_path):
    rng = world.rng()
    for kind in KINDS.values():
        event = kind.random(rng, plain=True)
        value = kind.encode(event)
        packed = {"--hex": value.hex(" ").encode() + b"\n", "--base64": base64.encodebytes(value), None: value}[form]
        file = tmp_path / "message"
        file.write_bytes(packed)
        done = world.run("gridloopctl", "decode", *([form] if form else []), file)
        assert done.returncode == 0, done.stderr
        printed = json.loads(done.stdout)
        assert printed["kind"] == kind.name
        same(printed["event"], event, kind)


def test_decode_goes_as_far_as_it_can(world):
    """Cut off at every byte: exit code 1, and each field that it shows is right."""
    event = OF.fresh(world.rng(), "fullest")
    value, wanted = OF.encode(event), as_printed(OF, event)
    for size in range(10, len(value), 7):
        done = world.run("gridloopctl", "decode", "-", input=value[:size])
        printed = json.loads(done.stdout)
        assert done.returncode == 1 and printed["fault"]["reason"] in ("short", "items")
        for name, found in printed["event"].items():
            assert found == pytest.approx(wanted[name]) if isinstance(found, float) else found == wanted[name]
    assert len(printed["event"]) > 40


# ---- schema ----

def changed(change):
    schema = copy.deepcopy(OF.schema)
    change(schema, {field["name"]: field for field in schema["fields"]})
    return schema


def new_field(schema, fields):
    schema["fields"].append({"name": "wind_m_s", "type": ["null", "float"], "default": None})


CHANGES = [
    ("a new field", new_field, set()),
    ("a symbol more", lambda s, f: f["severity"]["type"]["symbols"].append("NONE"), set()),
    ("other docs", lambda s, f: f["severity"].update(doc="Other."), set()),
    ("a looser rule", lambda s, f: f["alert_id"].update({"gridloop.max_length": 300}), set()),
    ("no default", lambda s, f: s["fields"].append({"name": "wind", "type": "float"}), {("backward", "wind")}),
    ("a field gone", lambda s, f: s["fields"].remove(f["is_thermal"]), {("place", "is_thermal")}),
    ("in front", lambda s, f: s["fields"].insert(0, s["fields"].pop()), {("place", "event_id"), ("place", "town_code")}),
    ("renamed", lambda s, f: f["town_code"].update(name="town"),
     {("backward", "town"), ("forward", "town_code"), ("place", "town_code")}),
    ("renamed by alias", lambda s, f: f["track_id"].update(name="track", aliases=["track_id"]), set()),
    ("narrower", lambda s, f: f["waypoint_index"].update(type=["null", "int"]), {("backward", "waypoint_index")}),
    ("a double for an int", lambda s, f: f["bbox_xmin"].update(type=["null", "double"]), {("forward", "bbox_xmin")}),
    ("a double for a float", lambda s, f: f["confidence"].update(type="double"),
     {("forward", "confidence"), ("place", "confidence")}),
    ("a tighter rule", lambda s, f: f["alert_id"].update({"gridloop.max_length": 100}), {("rule", "alert_id")}),
    ("a new rule", lambda s, f: f["track_id"].update({"gridloop.requires": ["route_id"]}), {("rule", "track_id")}),
    ("a rule deep down", lambda s, f: f["target_polygon"]["type"][1]["items"]["fields"][0].update(
        {"gridloop.maximum": 90}), {("rule", "target_polygon.longitude")}),
    ("another default", lambda s, f: f["is_test"].update(default=True), {("default", "is_test")}),
    ("an enum without default", lambda s, f: (f["severity"]["type"].pop("default"),
                                              f["severity"]["type"]["symbols"].remove("MINOR")),
     {("backward", "severity")}),
]


@pytest.mark.parametrize("change, findings", [case[1:] for case in CHANGES], ids=[case[0] for case in CHANGES])
def test_compatible(world, tmp_path, change, findings):
    file = tmp_path / "v3.avsc"
    file.write_text(json.dumps(changed(change)))
    done = world.run("gridloopctl", "schema", "compatible", "--json", file, text=True)
    found = json.loads(done.stdout)
    assert done.returncode == (1 if findings else 0)
    assert found["kind"] == KIND and found["compatible"] == (not findings)
    places = {(each["check"], each["finding"].split(":")[0]) for each in found["findings"]}
    assert findings <= places and (findings or not places), places
    plain = world.run("gridloopctl", "schema", "compatible", file, text=True)
    assert plain.returncode == done.returncode
    assert all(each["finding"] in plain.stdout for each in found["findings"])


def test_compatible_with_what_is_registered(world, tmp_path):
    """A device's own schema counts too, where there is a database."""
    own = Writer()
    own.schema["fields"][3] = {"name": "wind_m_s", "type": "string"}
    file = tmp_path / "v3.avsc"
    file.write_text(json.dumps(changed(new_field)))
    assert world.run("gridloopctl", "schema", "compatible", file).returncode == 0
    insert(world, 5, own.schema)
    done = world.ctl("schema compatible", file)
    assert done.returncode == 1 and "backward, fingerprint 0000000000000005: wind_m_s" in done.stdout


def test_register(world, tmp_path):
    writer = Writer()
    file = writer.file(tmp_path)
    done = world.ctl("schema register", file)
    assert "registered: fingerprint" in done.stdout and "looks again after a minute" in done.stderr
    again = world.ctl("schema register", file)
    assert "already" in again.stdout and not again.stderr
    assert world.sql("select kind, version, schema from bus.schema where fingerprint = %s", f"{writer.fingerprint:016x}") == [
        (KIND, None, file.read_text())]
    listed = json.loads(world.ctl("schema list", "--json").stdout)
    assert {(row["kind"], row["version"]) for row in listed} >= {(KIND, 1), (KIND, 2), (KIND, None), ("patrol_log", 1)}
    assert f"{writer.fingerprint:016x}" in world.ctl("schema list").stdout


@pytest.mark.parametrize("text, code, word", [
    ("{", 65, "line 1"), ('{"type": "record", "name": "Other", "fields": []}', 65, "no kind"), ('"string"', 65, "record"),
    (json.dumps(changed(lambda s, f: s["fields"].remove(f["alert_id"]))), 65, "alert_id"),
])
def test_register_refuses(world, tmp_path, text, code, word):
    file = tmp_path / "bad.avsc"
    file.write_text(text)
    for command in ("schema register", "schema compatible"):
        done = world.ctl(command, file)
        assert done.returncode == code or (command == "schema compatible" and done.returncode == 1)
        assert word in done.stdout + done.stderr
    assert world.sql("select count(*) from bus.schema where version is null") == [(0,)]
    assert world.ctl("schema register").returncode == 64
