"""A message that is no event becomes a dead letter with its reason; its neighbours are stored."""
import struct

import pytest

from checker import check_all
from events import FIRST_TIME, FRAME, KINDS, LAST_TIME, random_uuid
from world import Sent, bad, good

# Every reason that decoding has (docs/design.md); not those that compare events or come from the server.
REASONS = frozenset("tombstone short envelope schema_unknown schema_refused too_large trailing length varint items boolean enum union "
                    "uuid utf8 nul dup_key range requires".split())


def between_good_ones(world, kind, messages):
    """The messages, a good event in front of each tenth and one at the end."""
    rng, of = world.rng(), KINDS[kind]
    mixed = []
    for number, message in enumerate(messages):
        if number % 10 == 0:
            mixed.append(good(kind, of.fresh(rng)))
        mixed.append(message)
    mixed.append(good(kind, of.fresh(rng)))
    world.make_topic(kind, max_message_bytes=2 << 20)
    world.produce(mixed)
    return mixed


def run_and_check(world, kind, **options):
    world.settle_and_stop(world.consumer(kind, **options))
    check_all(world)


def number(value):
    """Avro's int and long: zigzag, seven bits a byte."""
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def text(value):
    value = value if isinstance(value, bytes) else value.encode()
    return number(len(value)) + value


def set_to(value):
    """A piece of an optional field: the branch that is not null."""
    return number(1) + value


def double(value):
    return struct.pack("<d", value)


def spoilt(kind, event, **pieces):
    """The message of an event with other bytes for some of its fields."""
    of = KINDS[kind]
    assert pieces.keys() <= of.fields.keys()
    return FRAME + of.fingerprint + b"".join((of.pieces(event) | pieces).values())


# ---- the message as a whole ----

@pytest.mark.parametrize("kind", KINDS)
def test_cut_off_at_every_byte(world, kind):
    value = KINDS[kind].encode(KINDS[kind].example("fullest"))
    messages = [bad(kind, b"", "short")]
    messages += [bad(kind, value[:size], "envelope") for size in range(1, 10)]
    messages += [bad(kind, value[:size], "short", "items") for size in range(10, len(value))]
    between_good_ones(world, kind, messages)
    run_and_check(world, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_and_ends(world, kind):
    of = KINDS[kind]
    value = of.encode(of.example("fullest"))
    other = next(KINDS[name] for name in KINDS if name != kind)
    messages = [
        bad(kind, None, "tombstone"), bad(kind, None, "tombstone", key=None), bad(kind, b"", "short"),
        bad(kind, b"", "short", headers=[("ce_type", b"gridloop.other")]),
        bad(kind, b"\xc3", "envelope"), bad(kind, b"\xc3\x02" + value[2:], "envelope"),
        bad(kind, b"\x01\xc3" + value[2:], "envelope"), bad(kind, value[1:], "envelope"),
        bad(kind, b"\x00\x00\x00\x00\x07" + value[10:], "envelope"),  # Confluent's framing
        bad(kind, b'{"event_id": "x"}', "envelope"), bad(kind, value[10:], "envelope"),
        bad(kind, FRAME + of.fingerprint[::-1] + value[10:], "schema_unknown"),
        bad(kind, FRAME + bytes(8) + value[10:], "schema_unknown"),
        bad(kind, other.encode(other.example("fullest")), "schema_refused"),
        bad(kind, FRAME + of.fingerprint, "short"),
    ]
    messages += [bad(kind, value + bytes(size), "trailing") for size in (1, 2, 100)]
    messages += [bad(kind, value + value, "trailing")]
    between_good_ones(world, kind, messages)
    run_and_check(world, kind)
    details = {detail for detail, in world.sql("select detail from bus.dead_letter where reason = 'schema_unknown'")}
    assert any("0000000000000000" in detail for detail in details)


def test_heartbeats(world):
    """No body and their own type: nothing is stored for them, nor are they bad."""
    kind = "drone_alert"
    beat = [("ce_type", b"gridloop.heartbeat"), ("ce_id", b"1")]
    event = KINDS[kind].fresh(world.rng())
    messages = [Sent(kind, None, b"heartbeat", beat, absent=True), Sent(kind, b"", b"heartbeat", beat, absent=True),
                Sent(kind, None, None, beat, absent=True),
                bad(kind, None, "header", key=None, headers=[("ce_type", b"x")] + beat),
                good(kind, event, headers=beat)]
    between_good_ones(world, kind, messages)
    run_and_check(world, kind)
    assert world.sql("select sum(absent) from bus.batch")[0][0] == 3


def test_too_large(world):
    kind, of = "patrol_log", KINDS["patrol_log"]
    event = of.fresh(world.rng(), attachment_object_keys=["k" * 1000] * 900, attachment_sha256=["0" * 64] * 900)
    assert 900_000 < len(of.encode(event)) < 1 << 20
    large = of.encode(event) + bytes(1 << 20)
    messages = [good(kind, event), bad(kind, large[:1 << 20], "trailing"),
                bad(kind, large[:(1 << 20) + 1], "too_large"), bad(kind, large[:2_000_000], "too_large"), bad(kind, bytes(1_500_000), "too_large")]
    between_good_ones(world, kind, messages)
    run_and_check(world, kind)


def test_larger_than_this_daemon_takes(world):
    kind, of = "patrol_log", KINDS["patrol_log"]
    event = of.fresh(world.rng(), remark="长" * 500)
    messages = [bad(kind, of.encode(event), "too_large", event=event | {"event_id": ""}, key=of.key(event))]
    messages[0].event = None
    between_good_ones(world, kind, messages)
    run_and_check(world, kind, max_event_bytes=1024)


def test_a_flood_of_bad_ones(world):
    """Ten bad ones for each good one, through small queues."""
    kind, of = "drone_alert", KINDS["drone_alert"]
    rng = world.rng()
    messages = [bad(kind, FRAME + of.fingerprint + rng.randbytes(rng.randrange(2000)), *REASONS) for _ in range(3000)]
    between_good_ones(world, kind, messages)
    run_and_check(world, kind, batch_rows=500, queue_kbytes=256)


# ---- what is inside ----

def broken_values():
    """(kind, name of the field, its bytes, reasons)"""
    cases = []

    def case(kind, field, piece, *reasons):
        cases.append(pytest.param(kind, field, piece, reasons, id=f"{kind}-{field}-{len(cases)}"))

    alert, log, finding, action = "drone_alert", "patrol_log", "inspection_finding", "case_action"
    for wrong in (91.0, -90.000001, float("nan"), float("inf"), 1e300):
        case(alert, "latitude", double(wrong), "range")
    for wrong in (180.0000001, -181.0, float("-inf")):
        case(alert, "longitude", double(wrong), "range")
    case(alert, "confidence", struct.pack("<f", 1.0001), "range")
    case(alert, "confidence", struct.pack("<f", float("nan")), "range")
    for wrong in (b"a\0b", b"\0", b"abc\0"):
        case(alert, "alert_id", text(wrong), "nul")
    for wrong in (b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xed\xa0\xbd\xed\xb4\xa5", b"\xc0\x80", b"\xe0\x80\xaf", b"\x80",
                  b"\xff", b"\xf4\x90\x80\x80", b"ab\xe4\xbb", b"\xf8\x88\x80\x80\x80"):
        case(alert, "alert_id", text(wrong), "utf8")
    case(alert, "alert_id", text(""), "range")
    case(alert, "alert_id", text("长" * 201), "range")
    for wrong in (-1, -2**31, -2**63):
        case(alert, "alert_id", number(wrong), "length")
    for wrong in (2**31, 2**32, 2**62, 2**63 - 1):
        case(alert, "alert_id", number(wrong), "short", "length")
    case(alert, "image_sha256", text("g" * 64), "range")
    case(alert, "image_sha256", text("0" * 63), "range")
    for wrong in (5, -1, 2**31 - 1, 2**32, 2**40):
        case(alert, "severity", number(wrong), "enum", "range")
    for wrong in (2, -1, 2**32, 2**62):
        case(alert, "aircraft_id", number(wrong), "union")
    for wrong in (2, 255):
        case(alert, "is_test", bytes([wrong]), "boolean")
    case(alert, "waypoint_index", set_to(number(-1)), "range")
    case(alert, "bbox_xmin", set_to(number(2**31)), "range")
    case(alert, "waypoint_index", set_to(b"\x80" * 10 + b"\x01"), "varint")
    case(alert, "captured_at", b"\xff" * 9 + b"\x7f", "varint")
    case(alert, "captured_at", b"\xff" * 10 + b"\x01", "varint")
    for wrong in (-2**63, 2**63 - 1, FIRST_TIME - 1, LAST_TIME + 1):
        case(alert, "captured_at", number(wrong), "range")
    for wrong in ("", "x", "019cd567-dbfa-7ded-8206-ee51111a263", "019cd567-dbfa-7ded-8206-ee51111a26377",
                  "019cd567dbfa7ded8206ee51111a2637", "{019cd567-dbfa-7ded-8206-ee51111a26}",
                  "019cd567-dbfa-7ded-8206-ee51111a263g", " 19cd567-dbfa-7ded-8206-ee51111a2637"):
        case(alert, "event_id", text(wrong), "uuid")
    case(alert, "bbox_xmin", set_to(number(1)), "requires")
    case(alert, "target_polygon", set_to(number(1) + double(114) + double(91) + b"\0"), "range")
    for wrong in (2**62, 2**63 - 1, 10_001, -2**63):
        case(alert, "target_polygon", set_to(number(wrong)), "items", "short")
    case(alert, "target_polygon", set_to(number(-1) + number(15) + double(114) + double(36) + b"\0"), "length")
    case(alert, "target_polygon", set_to(number(-1) + number(-16) + double(114) + double(36) + b"\0"), "length")
    case(alert, "target_polygon", set_to(number(-1) + number(2**60) + double(114) + double(36) + b"\0"), "length",
         "short")
    case(log, "police_count", number(-1), "range")
    case(log, "remark", set_to(text("长" * 501)), "range")
    case(log, "remark", set_to(text(b"\0")), "nul")
    case(log, "subject_refs", set_to(number(1) + text("") + b"\0"), "range")
    case(log, "subject_refs", set_to(number(1) + text("x" * 201) + b"\0"), "range")
    case(log, "subject_refs", set_to(number(1001) + text("x") * 1001 + b"\0"), "items")
    case(log, "subject_refs", set_to((number(1) + text("x")) * 1001 + b"\0"), "items")
    case(log, "subject_refs", set_to(number(2) + text("x") + text(b"\xff") + b"\0"), "utf8")
    case(log, "subject_refs", set_to(number(1) + number(-5) + b"\0"), "length")
    case(log, "raised_case_ids", set_to(number(1) + text("no uuid") + b"\0"), "uuid")
    case(log, "attachment_sha256", set_to(number(1) + text("0" * 64) + b"\0"), "requires")
    case(log, "information_items", set_to(number(1) + text("A") + number(-1) + b"\0"), "range")
    case(log, "information_items", set_to(number(1) + text("") + number(1) + b"\0"), "range")
    case(log, "start_lat", set_to(double(36)), "requires")
    case(log, "category", set_to(text("SPOIL_HEAP")), "requires")
    case(finding, "secrecy_flag", b"\x01", "range")
    case(finding, "fed_back_at", set_to(number(1_700_000_000_000_000)), "requires")
    case(finding, "public_satisfaction_after", set_to(double(100.5)), "range")
    case(finding, "metric_before", set_to(double(1)), "requires")
    case(finding, "latitude", set_to(double(36)), "requires")
    case(action, "case_version", number(0), "range")
    case(action, "limit_value", set_to(number(1)), "requires")
    case(action, "photos", set_to(number(1) + number(7) + text("k") + text("0" * 64) + b"\0"), "enum")
    return cases


@pytest.mark.parametrize("kind", KINDS)
def test_broken_values(world, kind):
    """Each of broken_values() in an event of its own; the reason names the field, and quotes nothing."""
    rng = world.rng()
    messages, fields = [], []
    for case in broken_values():
        of, field, piece, reasons = case.values
        if of == kind:
            event = KINDS[kind].fresh(rng, "smallest")
            messages.append(bad(kind, spoilt(kind, event, **{field: piece}), *reasons, key=case.id.encode()))
            fields.append(field)
    between_good_ones(world, kind, messages)
    run_and_check(world, kind)
    found = dict(world.sql("select message_key, field from bus.dead_letter"))
    for message, field in zip(messages, fields):
        name = found[message.key]
        # What is required is named in place of what requires it, and a wrong length may be seen at the next field.
        if message.reasons <= {"range", "utf8", "nul", "boolean", "union", "uuid", "varint"}:
            assert name == field, message.key


def test_numbers_as_long_as_avro_allows(world):
    """Ten bytes are enough for every number, and a number may be written longer than it needs to be."""
    rng, kind = world.rng(), "patrol_log"
    world.make_topic(kind)
    for value, piece in ((1, b"\x82\x80\x80\x00"), (0, b"\x80\x00")):
        event = KINDS[kind].fresh(rng, police_count=value)
        world.produce([good(kind, event, value=spoilt(kind, event, police_count=piece))])
    run_and_check(world, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_changed_at_random(world, kind):
    """Bytes changed at random: set aside, or stored as fastavro reads them."""
    rng, of = world.rng(), KINDS[kind]
    messages = []
    for _ in range(1500):
        event = of.random(rng, fill=rng.random(), plain=True)
        value = bytearray(of.encode(event))
        for _ in range(rng.choice([1, 1, 2, 5])):
            at = rng.randrange(10, len(value))
            change = rng.random()
            if change < 0.5:
                value[at] ^= 1 << rng.randrange(8)
            elif change < 0.8:
                value[at] = rng.choice([0, 1, 2, 0x7F, 0x80, 0xFF, rng.randrange(256)])
            elif change < 0.9:
                del value[at:at + rng.randrange(1, 9)]
            else:
                value[at:at] = rng.randbytes(rng.randrange(1, 9))
            if len(value) <= 11:
                break
        messages.append(Sent(kind, bytes(value), random_uuid(rng).encode(), reasons=REASONS, either=True))
    between_good_ones(world, kind, messages)
    run_and_check(world, kind)
    stored, dead = world.sql("select sum(stored), sum(dead_letter) from bus.batch")[0]
    assert stored > 100 and dead > 300
