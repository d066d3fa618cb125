"""Bytes that our producers wrote are read right by fastavro; what is not an event is refused with its reason."""
import json
import stat
import uuid

import pytest

from checker import check_all
from events import FRAME, KINDS, comparable, partition_of, random_uuid, to_json
from producer import produce
from world import json_lines

NOWHERE = "127.0.0.1:1"  # no broker listens there


def messages_in_order(world, kind):
    found, _ = world.read_topic(kind)
    return [found[place] for place in sorted(found)]


def by_event_id(world, kind):
    """event_id -> (event as fastavro reads it, message)"""
    events = [(KINDS[kind].decode(message.value()), message) for message in messages_in_order(world, kind)]
    found = {event["event_id"]: (event, message) for event, message in events}
    assert len(found) == len(events)
    return found


def same(kind, one, other):
    return [name for name, field in KINDS[kind].fields.items()
            if comparable(field.type, one[name]) != comparable(field.type, other[name])]


# ---- good lines ----

@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sent_is_what_was_given(world, kind):
    """Examples and random events: body, framing, key, headers, partition, receipts; then all the way to the table."""
    rng, of = world.rng(), KINDS[kind]
    world.make_topic(kind, partitions=6)
    given = [of.example(name) for name in of.examples()]
    given += [of.random(rng, fill=rng.random(), plain=True) for _ in range(300)]
    lines = list(of.examples().values()) + [to_json(of, event) for event in given[len(of.examples()):]]
    run = produce(world, kind, json_lines(lines))
    assert (run.code, len(run.receipts)) == (0, len(lines)), run.said
    sent = by_event_id(world, kind)
    assert len(sent) == len(given)
    for number, event in enumerate(given, 1):
        event_id = event["event_id"].lower()
        assert run.receipts[number] == event_id
        found, message = sent[event_id]
        assert same(kind, event, found) == []
        assert message.value()[:10] == FRAME + of.fingerprint
        assert message.key() == of.key(event)
        assert message.partition() == partition_of(of.key(event), 6)
        check_headers(kind, dict(message.headers()), event)
    world.settle_and_stop(world.consumer(kind))
    check_all(world)


def check_headers(kind, headers, event):
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_id"].decode() == event["event_id"].lower()
    assert headers["ce_type"].decode() == f"gridloop.{kind}"
    assert event["producer_id"] in headers["ce_source"].decode()
    assert headers["content-type"] == b"application/avro"


def test_traceparent(world):
    """Becomes a header where it is given, is no field of the event, and the event without it is the same one."""
    kind, trace = "patrol_log", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    world.make_topic(kind)
    line = to_json(KINDS[kind], KINDS[kind].fresh(world.rng()))
    daemon = world.consumer(kind)
    assert produce(world, kind, json_lines([line | {"traceparent": trace}, line])).code == 0
    headers = [dict(message.headers()).get("traceparent") for _, message in sorted(world.read_topic(kind)[0].items())]
    assert headers == [trace.encode(), None]
    world.settle_and_stop(daemon)
    assert world.rows(kind) == 1


def test_event_ids_are_made_where_none_is_given(world):
    kind = "patrol_log"
    world.make_topic(kind)
    line = KINDS[kind].examples()["ordinary"]
    del line["event_id"]
    run = produce(world, kind, json_lines([line] * 100))
    assert run.code == 0 and len(set(run.receipts.values())) == 100
    sent = [KINDS[kind].decode(message.value())["event_id"] for message in messages_in_order(world, kind)]
    assert sent == [run.receipts[number] for number in range(1, 101)] == sorted(sent)
    assert {uuid.UUID(event_id).version for event_id in sent} == {7}


def test_ways_to_write_the_same(world):
    """Time zones, fractions, case, schema_version, order of fields, blanks, nulls written out."""
    kind = "drone_alert"
    world.make_topic(kind)
    smallest = KINDS[kind].examples()["smallest"]
    same_lines = [
        smallest,
        smallest | {"occurred_at": "2026-03-10T09:52:30+08:00", "recorded_at": "2026-03-09T15:52:30.000-10:00"},
        smallest | {"captured_at": "2026-03-10t01:52:30.000000z", "schema_version": 1},
        smallest | {name: None for name, field in KINDS[kind].fields.items() if field.type.optional},
        dict(reversed(smallest.items())),
        smallest | {"confidence": 5e-1, "severity": "UNKNOWN", "image_sha256": smallest["image_sha256"]},
    ]
    del same_lines[0]["is_test"]
    lines = json_lines(same_lines) + json.dumps(smallest, indent=None, separators=(" , ", " : ")).encode() + b"\r\n"
    ids = [random_uuid(world.rng()) for _ in range(7)]
    lines = b"\n".join(line.replace(smallest["event_id"].encode(), event_id.upper().encode())
                       for line, event_id in zip(lines.splitlines(), ids))
    run = produce(world, kind, lines)
    assert (run.code, run.receipts) == (0, dict(enumerate(ids, 1))), run.said
    for event, _ in by_event_id(world, kind).values():
        assert same(kind, KINDS[kind].example("smallest", event_id=event["event_id"]), event) == []


def test_order_per_key(world):
    """Lines with one key stay in order, also over two runs."""
    rng, kind = world.rng(), "case_action"
    world.make_topic(kind, partitions=3)
    cases = [random_uuid(rng) for _ in range(20)]
    events = [KINDS[kind].fresh(rng, case_id=rng.choice(cases), case_version=number + 1) for number in range(2000)]
    for half in (events[:1000], events[1000:]):
        assert produce(world, kind, json_lines(to_json(KINDS[kind], event) for event in half)).code == 0
    versions = {}
    for message in messages_in_order(world, kind):
        event = KINDS[kind].decode(message.value())
        versions.setdefault(event["case_id"], []).append(event["case_version"])
    assert sum(map(len, versions.values())) == 2000
    assert all(found == sorted(found) for found in versions.values())


# ---- bad lines ----

def bad_lines():
    """name -> (kind, line, what the reason has to say)"""
    drone, log, finding, action, task = (
        KINDS[name].examples()["fullest"] for name in
        ("drone_alert", "patrol_log", "inspection_finding", "case_action", "flight_task"))

    def text(line, **changes):
        return json.dumps(line | changes, ensure_ascii=False).encode()

    def without(line, name):
        return json.dumps({key: value for key, value in line.items() if key != name}).encode()

    polygon = drone["target_polygon"]
    return {
        "not JSON": ("drone_alert", b"alert from the north", "JSON"),
        "cut off": ("drone_alert", text(drone)[:-20], "JSON"),
        "two objects": ("drone_alert", text(drone) * 2, "JSON"),
        "an array": ("drone_alert", b"[" + text(drone) + b"]", "object"),
        "a number": ("drone_alert", b"42", "object"),
        "a missing field": ("drone_alert", without(drone, "latitude"), "latitude"),
        "a field too many": ("drone_alert", text(drone, lattitude=1.5), "lattitude"),
        "a field twice": ("drone_alert", text(drone)[:-1] + b', "hangar_id": "H"}', "twice"),
        "a wrong type": ("drone_alert", text(drone, latitude="36.1"), "latitude"),
        "a text where a number is": ("drone_alert", text(drone, hangar_id=7), "hangar_id"),
        "a fraction where an integer is": ("drone_alert", text(drone, waypoint_index=1.5), "waypoint_index"),
        "an integer too large": ("drone_alert", text(drone, bbox_xmin=2**31), "bbox_xmin"),
        "a number too large": ("drone_alert", text(drone).replace(b"36.195261", b"1e999"), "number"),
        "null where none may be": ("drone_alert", text(drone, latitude=None), "latitude"),
        "NaN": ("drone_alert", text(drone, latitude=float("nan")), "JSON"),
        "a time without zone": ("drone_alert", text(drone, occurred_at="2026-03-11T15:20:44"),
                                "occurred_at: has no zone"),
        "a time that is none": ("drone_alert", text(drone, occurred_at="2026-02-30T15:20:44Z"), "occurred_at"),
        "a time as a number": ("drone_alert", text(drone, occurred_at=1773213644), "occurred_at"),
        "nanoseconds": ("drone_alert", text(drone, occurred_at="2026-03-11T15:20:44.123456789Z"), "occurred_at"),
        "a latitude of 91": ("drone_alert", text(drone, latitude=91), "latitude: is above 90"),
        "a latitude of 91 within": ("drone_alert", text(drone, target_polygon=polygon[:2] + [
            {"longitude": 114, "latitude": 91}]), "target_polygon[2].latitude"),
        "not UTF-8": ("drone_alert", text(drone).replace("黄土裸露".encode(), b"\xc4\xcf"), "UTF-8"),
        "a lone surrogate": ("drone_alert", text(drone).replace("黄土裸露".encode(), b"\\ud83d"), "JSON"),
        "a NUL": ("drone_alert", text(drone, hangar_id="H\0"), "U+0000"),
        "an unknown symbol": ("drone_alert", text(drone, severity="MODERAT"), "MODERATE"),
        "no UUID": ("drone_alert", text(drone, event_id="7"), "event_id"),
        "an empty id": ("drone_alert", text(drone, alert_id=""), "alert_id"),
        "too long": ("drone_alert", text(drone, alert_id="长" * 201), "alert_id"),
        "no hex": ("drone_alert", text(drone, image_sha256="g" * 64), "image_sha256"),
        "a version not known": ("drone_alert", text(drone, schema_version=99), "schema_version"),
        "half a box": ("drone_alert", text(drone, bbox_ymin=None), "bbox_ymin"),
        "nested too deeply": ("drone_alert", b'{"a":' * 5000 + b"1" + b"}" * 5000, "deep"),
        "a mobile number": ("patrol_log", text(log, remark="电话13912345678。"), "remark"),
        "a resident id": ("patrol_log", text(log, remark="居民11010519491231002X"), "remark"),
        "a category without a place": ("patrol_log", text(log, start_lon=None), "start_lon"),
        "too many items": ("patrol_log", text(log, subject_refs=["x"] * 1001), "subject_refs"),
        "a wrong item": ("patrol_log", text(log, raised_case_ids=["x"]), "raised_case_ids[0]"),
        "a clue about a person": ("inspection_finding", text(finding, secrecy_flag=True), "secrecy_flag"),
        "a version of nothing": ("case_action", text(action, case_version=0), "case_version"),
        "uploads of no number": ("flight_task", text(task, media_expected=None), "media_expected"),
        "fewer waypoints than none": ("flight_task", text(task, waypoints_done=-1), "waypoints_done"),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_bad_lines(world, kind):
    """Each between two good ones: they go through; the bad one is refused, named and kept. Its value is not told."""
    rng, of = world.rng(), KINDS[kind]
    world.make_topic(kind)
    cases = [(name, line, reason) for name, (of_kind, line, reason) in bad_lines().items() if of_kind == kind]
    lines, good = [], {}
    for _, line, _ in cases + [(None, None, None)]:
        event = of.fresh(rng)
        lines.append(json.dumps(to_json(of, event), ensure_ascii=False).encode())
        good[len(lines)] = event["event_id"]
        if line is not None:
            lines.append(line)
    rejects = world.folder / "rejects"
    run = produce(world, kind, b"\n".join(lines), rejects=rejects)
    assert run.code == 65, run.said
    assert run.receipts == good
    assert by_event_id(world, kind).keys() == set(good.values())
    assert rejects.read_bytes() == b"".join(line + b"\n" for _, line, _ in cases)
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    for number, (name, line, reason) in enumerate(cases, 1):
        said = [part for part in run.said.splitlines() if part.startswith(f"line {2 * number}: ")]
        assert len(said) == 1, (name, run.said)
        assert reason in said[0], name
        assert len(said[0]) < 400, name
    for secret in ("13912345678", "11010519491231002X", "alert from the north"):
        assert secret not in run.said


def test_blank_lines_are_no_events(world):
    """They are passed over, but counted."""
    rng, kind = world.rng(), "case_action"
    world.make_topic(kind)
    line = json_lines([to_json(KINDS[kind], KINDS[kind].fresh(rng))])
    run = produce(world, kind, b"\n \t\r\n" + line + b"\n\n")
    assert (run.code, list(run.receipts)) == (0, [3]), run.said


def test_a_line_of_100_megabytes(world):
    rng, kind = world.rng(), "patrol_log"
    world.make_topic(kind)
    first, last = (KINDS[kind].fresh(rng) for _ in range(2))
    huge = json.dumps(to_json(KINDS[kind], first) | {"remark": "x" * 100_000_000}).encode()
    rejects = world.folder / "rejects"
    run = produce(world, kind, json_lines([to_json(KINDS[kind], first)]) + huge + b"\n"
                  + json_lines([to_json(KINDS[kind], last)]), rejects=rejects)
    assert run.code == 65 and run.receipts == {1: first["event_id"], 3: last["event_id"]}, run.said
    assert by_event_id(world, kind).keys() == {first["event_id"], last["event_id"]}
    assert rejects.stat().st_size < 2 << 20
    assert [line for line in run.said.splitlines() if line.startswith("line 2: ")]


def test_an_event_too_large_for_a_message(world):
    """The line is short enough to be read, the message would be larger than brokers take."""
    rng, kind = world.rng(), "patrol_log"
    world.make_topic(kind)
    good = KINDS[kind].fresh(rng)
    large = KINDS[kind].fresh(rng, attachment_object_keys=["k" * 995] * 1000, attachment_sha256=["0" * 64] * 1000)
    run = produce(world, kind, json_lines(to_json(KINDS[kind], event) for event in (large, good)),
                  max_line_bytes=4 << 20)
    assert (run.code, run.receipts) == (65, {2: good["event_id"]}), run.said


# ---- the spool ----

def test_kafka_away(world):
    """What was accepted stays on disk and goes with the next run: 75, then 0."""
    rng, kind = world.rng(), "inspection_finding"
    world.make_topic(kind)
    events = [KINDS[kind].fresh(rng) for _ in range(50)]
    away = produce(world, kind, json_lines(to_json(KINDS[kind], event) for event in events), deliver_timeout=1,
                   **{"kafka.bootstrap.servers": NOWHERE})
    assert away.code == 75 and len(away.receipts) == 50, away.said
    assert "50 spooled" in away.said
    assert messages_in_order(world, kind) == []
    later = produce(world, kind)
    assert (later.code, later.receipts) == (0, {}), later.said
    sent = [KINDS[kind].decode(message.value())["event_id"] for message in messages_in_order(world, kind)]
    assert sent == [event["event_id"] for event in events]
    assert produce(world, kind).code == 0
    assert len(messages_in_order(world, kind)) == 50


def test_no_topic_yet(world):
    """Without its topic a producer keeps what it accepted, and says what is missing."""
    rng, kind = world.rng(), "drone_alert"
    event = KINDS[kind].fresh(rng)
    run = produce(world, kind, json_lines([to_json(KINDS[kind], event)]), deliver_timeout=15)
    assert run.code == 75 and run.receipts == {1: event["event_id"]}, run.said
    assert world.topic(kind) in run.said
    world.make_topic(kind)
    assert produce(world, kind).code == 0
    assert by_event_id(world, kind).keys() == {event["event_id"]}


def test_a_full_spool_refuses(world):
    """when_full=reject: lines that do not fit are refused, not lost: no receipt, and in the rejects."""
    rng, kind = world.rng(), "patrol_log"
    world.make_topic(kind)
    events = [KINDS[kind].fresh(rng, remark="x" * 400) for _ in range(3000)]
    rejects = world.folder / "rejects"
    run = produce(world, kind, json_lines(to_json(KINDS[kind], event) for event in events), deliver_timeout=0,
                  spool_max_bytes=1 << 20, when_full="reject", rejects=rejects, group_rows=100,
                  **{"kafka.bootstrap.servers": NOWHERE})
    assert run.code == 75, run.said[-1000:]
    assert 200 < len(run.receipts) < 3000
    kept = {json.loads(line)["event_id"] for line in rejects.read_bytes().splitlines()}
    assert kept | set(run.receipts.values()) == {event["event_id"] for event in events}
    assert not kept & set(run.receipts.values())
    assert produce(world, kind).code == 0
    assert by_event_id(world, kind).keys() == set(run.receipts.values())


def test_a_file_is_read_on_from_where_it_was(world):
    rng, kind = world.rng(), "case_action"
    world.make_topic(kind)
    events = [KINDS[kind].fresh(rng) for _ in range(300)]
    file = world.folder / "lines.jsonl"
    file.write_bytes(json_lines(to_json(KINDS[kind], event) for event in events[:200]))
    first = produce(world, kind, b"", file)
    assert (first.code, len(first.receipts)) == (0, 200), first.said
    again = produce(world, kind, b"", file)
    assert (again.code, again.receipts) == (0, {}), again.said
    with open(file, "ab") as lines:
        lines.write(json_lines(to_json(KINDS[kind], event) for event in events[200:]))
    more = produce(world, kind, b"", file)
    assert more.receipts == {number: event["event_id"] for number, event in enumerate(events[200:], 201)}, more.said
    assert by_event_id(world, kind).keys() == {event["event_id"] for event in events}
    assert len(messages_in_order(world, kind)) == 300


def test_several_producers_share_a_spool(world):
    """Many accept, one delivers."""
    rng, kind = world.rng(), "drone_alert"
    world.make_topic(kind)
    events = [KINDS[kind].fresh(rng) for _ in range(600)]
    spool = world.folder / "shared.spool"
    for part in (events[:300], events[300:]):
        away = produce(world, kind, json_lines(to_json(KINDS[kind], event) for event in part), spool=spool,
                       deliver_timeout=0, **{"kafka.bootstrap.servers": NOWHERE})
        assert (away.code, len(away.receipts)) == (75, 300), away.said
    assert produce(world, kind, spool=spool).code == 0
    sent = [KINDS[kind].decode(message.value())["event_id"] for message in messages_in_order(world, kind)]
    assert sent == [event["event_id"] for event in events]
