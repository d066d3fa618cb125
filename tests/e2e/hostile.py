"""Messages that are no events: how they are made, and how they are sent among good ones."""
import struct

from checker import check_all
from events import FIRST_TIME, FRAME, KINDS, LAST_TIME
from world import good

# Every reason that decoding has (docs/design.md); not those that compare events or come from the server.
REASONS = frozenset("tombstone short envelope schema_unknown too_large trailing length varint items boolean enum union "
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


def broken_values():
    """[(kind, name of the field, its bytes, reasons)]"""
    cases = []

    def case(kind, field, piece, *reasons):
        cases.append((kind, field, piece, reasons))

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
    case(alert, "waypoint_index", set_to(number(2**31)), "range")
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
