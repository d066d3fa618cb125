"""The catalogue of bad messages: each case yields messages, which say what has to become of them.

A case is a generator function of a source of random choices. Its number groups what belongs together; its docstring
is the line of the table that the suite prints.
"""
import dataclasses
import struct
import typing

from events import FIRST_TIME, FRAME, KINDS, LAST_TIME, random_uuid
from hostile import REASONS, double, number, odd, set_to, small, spoilt, text
from world import bad, good

ALERT, LOG, FINDING, ACTION = "drone_alert", "patrol_log", "inspection_finding", "case_action"
CASES = []


@dataclasses.dataclass(frozen=True)
class Case:
    number: int
    title: str
    make: typing.Callable

    @property
    def id(self):
        return f"{self.number:02d}-{self.make.__name__}"


def case(number_):
    def add(make):
        CASES.append(Case(number_, make.__doc__, make))
        return make
    return add


def broken(kind, field, piece, *reasons):
    """One field's bytes are wrong; the dead letter names the field, unless only the next one shows it."""
    names = {"range", "utf8", "nul", "boolean", "union", "uuid", "varint", "enum"} >= set(reasons)
    return bad(kind, spoilt(kind, **{field: piece}), *reasons, field=field if names else None)


def stored(rng, kind, **changes):
    return good(kind, small(kind)[0] | {"event_id": random_uuid(rng)} | changes)


# ---- the message as a whole ----

@case(1)
def empty(rng):
    """empty payload"""
    yield bad(ALERT, b"", "short")
    yield bad(ALERT, b"", "short", key=None)
    yield bad(ALERT, b"", "short", headers=[("ce_type", b"gridloop.other")])


@case(2)
def tombstone(rng):
    """null value, with and without a key"""
    yield bad(ALERT, None, "tombstone")
    yield bad(ALERT, None, "tombstone", key=None)


@case(2)
def null_key(rng):
    """null key, empty key"""
    yield dataclasses.replace(stored(rng, ALERT), key=None)
    yield dataclasses.replace(stored(rng, ALERT), key=b"")


@case(3)
def envelope(rng):
    """bad magic or version, other encodings, less than a frame"""
    of = KINDS[ALERT]
    value = of.encode(of.example("fullest"))
    for size in range(1, 10):
        yield bad(ALERT, value[:size], "envelope")
    yield bad(ALERT, b"\xc3\x02" + value[2:], "envelope")
    yield bad(ALERT, b"\x01\xc3" + value[2:], "envelope")
    yield bad(ALERT, value[1:], "envelope")
    yield bad(ALERT, value[10:], "envelope")
    yield bad(ALERT, b'{"event_id": "x"}', "envelope")
    yield bad(ALERT, bytes(100), "envelope")


@case(3)
def confluent(rng):
    """Confluent's frame, where no registry is configured"""
    yield bad(ALERT, b"\0\0\0\0\x07" + KINDS[ALERT].body(small(ALERT)[0]), "envelope")
    yield bad(ALERT, b"\0\0\0\0\x07", "envelope")


@case(4)
def unknown_schema(rng):
    """unknown fingerprint: zero, reversed, at random, another kind's"""
    of, other = KINDS[ALERT], KINDS[LOG]
    body = of.body(small(ALERT)[0])
    yield bad(ALERT, FRAME + bytes(8) + body, "schema_unknown")
    yield bad(ALERT, FRAME + of.fingerprint[::-1] + body, "schema_unknown")
    for _ in range(50):
        yield bad(ALERT, FRAME + rng.randbytes(8) + body, "schema_unknown")
    yield bad(ALERT, other.encode(other.example("fullest")), "schema_refused")


@case(5)
def bytes_of_another_schema(rng):
    """right fingerprint, bytes of another schema"""
    for kind, of in KINDS.items():
        for other in KINDS.values():
            for example in other.examples() if other is not of else ():
                yield bad(kind, FRAME + of.fingerprint + other.body(other.example(example)), *REASONS)


@case(6)
def truncated(rng):
    """truncated at every byte"""
    for kind, of in KINDS.items():
        value = of.encode(of.example("fullest"))
        for size in range(10, len(value)):
            yield bad(kind, value[:size], "short", "items")


@case(7)
def trailing(rng):
    """trailing bytes: 1, 2, 100, the whole event again"""
    for kind, of in KINDS.items():
        value = of.encode(of.example("fullest"))
        for more in (b"\0", b"\0\0", bytes(100), value, value[10:]):
            yield bad(kind, value + more, "trailing")


# ---- lengths and numbers ----

@case(8)
def lengths(rng):
    """length -1, INT64_MIN, INT64_MAX, 2^31, 2^32, one more than remains"""
    for wrong in (-1, -2**31, -2**63):
        yield broken(ALERT, "alert_id", number(wrong), "length")
    for wrong in (2**31, 2**32, 2**62, 2**63 - 1):
        yield broken(ALERT, "alert_id", number(wrong), "short", "length")
    whole = spoilt(ALERT)
    at = whole.index(small(ALERT)[1]["alert_id"])
    yield bad(ALERT, whole[:at] + number(4) + b"abc", "short")
    yield broken(LOG, "subject_refs", set_to(number(1) + number(-5) + b"\0"), "length")


@case(10)
def varint_too_long(rng):
    """a number of eleven bytes"""
    yield broken(ALERT, "waypoint_index", set_to(b"\x80" * 10 + b"\x01"), "varint")
    yield broken(ALERT, "captured_at", b"\xff" * 10 + b"\x01", "varint")


@case(11)
def varint_overflow(rng):
    """a number of ten bytes above 64 bits"""
    yield broken(ALERT, "captured_at", b"\xff" * 9 + b"\x7f", "varint")
    yield broken(ALERT, "captured_at", b"\x80" * 9 + b"\x02", "varint")


@case(11)
def varint_padded(rng):
    """a number longer than it needs to be"""
    for value, piece in ((1, b"\x82\x80\x80\x00"), (0, b"\x80\x00"), (0, b"\x80" * 9 + b"\x00")):
        yield odd(rng, LOG, "police_count", value, piece)


@case(12)
def beyond_32_bits(rng):
    """an int outside of 32 bits"""
    for wrong in (2**31, 2**32, -2**31 - 1, 2**62, -2**63):
        yield broken(LOG, "police_count", number(wrong), "range")


@case(13)
def booleans(rng):
    """a boolean of 2 to 255"""
    for wrong in range(2, 256):
        yield broken(ALERT, "is_test", bytes([wrong]), "boolean")


@case(14)
def enums(rng):
    """an enum's number out of its range: n, -1, 2^31 - 1, 2^32"""
    for wrong in (5, -1):
        yield broken(ALERT, "severity", number(wrong), "enum")
    for wrong in (2**31 - 1, 2**32, 2**40):
        yield broken(ALERT, "severity", number(wrong), "enum", "range")
    yield broken(ACTION, "photos", set_to(number(1) + number(7) + text("k") + text("0" * 64) + b"\0"), "enum")


@case(15)
def unions(rng):
    """a union's branch out of its range: 2, -1, 2^32, 2^62"""
    for wrong in (2, -1, 2**32, 2**62):
        yield broken(ALERT, "aircraft_id", number(wrong), "union")


# ---- items ----

@case(16)
def too_many_items(rng):
    """an array's count: huge, above the contract's"""
    for wrong in (2**31, 2**62, 2**63 - 1, 10_001, -2**63):
        yield broken(ALERT, "target_polygon", set_to(number(wrong)), "items", "short")
    yield broken(LOG, "subject_refs", set_to(number(1001) + text("x") * 1001 + b"\0"), "items")


@case(18)
def block_sizes(rng):
    """negative block counts: a size that is wrong or negative"""
    point = double(114) + double(36)
    for wrong in (15, -16):
        yield broken(ALERT, "target_polygon", set_to(number(-1) + number(wrong) + point + b"\0"), "length")
    for wrong in (17, 2**31, 2**60, 2**63 - 1):
        yield broken(ALERT, "target_polygon", set_to(number(-1) + number(wrong) + point + b"\0"), "length", "short")


@case(18)
def block_sizes_right(rng):
    """negative block counts: the right size"""
    point = double(114) + double(36)
    polygon = [{"longitude": 114.0, "latitude": 36.0}]
    yield odd(rng, ALERT, "target_polygon", polygon, set_to(number(-1) + number(16) + point + b"\0"))
    yield odd(rng, ALERT, "target_polygon", polygon * 3,
              set_to(number(-2) + number(32) + point * 2 + number(1) + point + b"\0"))


@case(19)
def many_blocks(rng):
    """a thousand blocks of one item, no items"""
    yield odd(rng, LOG, "subject_refs", ["x"] * 1000, set_to((number(1) + text("x")) * 1000 + b"\0"))
    yield odd(rng, LOG, "subject_refs", [], set_to(b"\0"))


@case(19)
def too_many_blocks(rng):
    """1,001 blocks of one item"""
    yield broken(LOG, "subject_refs", set_to((number(1) + text("x")) * 1001 + b"\0"), "items")


# ---- text ----

@case(22)
def not_utf8(rng):
    """invalid UTF-8: lone, overlong, surrogate, above U+10FFFF, cut off"""
    for wrong in (b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xed\xa0\xbd\xed\xb4\xa5", b"\xc0\x80", b"\xe0\x80\xaf", b"\x80",
                  b"\xff", b"\xf4\x90\x80\x80", b"ab\xe4\xbb", b"\xf8\x88\x80\x80\x80", b"\xc3\x28"):
        yield broken(ALERT, "alert_id", text(wrong), "utf8")
    yield broken(LOG, "subject_refs", set_to(number(2) + text("x") + text(b"\xff") + b"\0"), "utf8")


@case(23)
def nul(rng):
    """NUL in a text, also inside a json column"""
    for wrong in (b"a\0b", b"\0", b"abc\0"):
        yield broken(ALERT, "alert_id", text(wrong), "nul")
    yield broken(LOG, "remark", set_to(text(b"\0")), "nul")
    yield broken(LOG, "information_items", set_to(number(1) + text(b"a\0") + number(1) + b"\0"), "nul")


@case(24)
def unusual_text(rng):
    """BOM, bidi controls, emoji, NFC and NFD, noncharacters"""
    for value in ("\ufeffx", "a\u202eb\u2066c", "\U0001F681\U0001F468\u200d\U0001F469", "\u00e9", "e\u0301", "\uffff",
                  "\x01\x1b[2J\x7f", "\u2028", "\U0010FFFF"):
        yield stored(rng, ALERT, alert_id=value)
        yield stored(rng, LOG, remark=value, information_items=[{"item_kind": value, "item_count": 1}])


@case(30)
def commands(rng):
    """text that looks like SQL, COPY, escapes, formats"""
    for value in ("'; drop table events.patrol_log; --", "\\.", "\\N", "\\x00", "PGCOPY\n\\377\r\n", "%s%n", "$1", "a\tb\nc",
                  "\"{}\\\"", "\\u0000", "{\"a\": \"b\\\\\"}", "\u2019 or 1=1"):
        yield stored(rng, LOG, remark=value, subject_refs=[value, value],
                     information_items=[{"item_kind": value, "item_count": 1}])


# ---- values ----

@case(25)
def not_finite(rng):
    """NaN and infinities where the contract has bounds"""
    for wrong in ("nan", "inf", "-inf"):
        yield broken(ALERT, "latitude", double(float(wrong)), "range")
        yield broken(ALERT, "longitude", double(float(wrong)), "range")
        yield broken(ALERT, "confidence", struct.pack("<f", float(wrong)), "range")


@case(25)
def unusual_numbers(rng):
    """-0.0, denormals; NaN and infinities where there are no bounds"""
    for value in (-0.0, 5e-324, -5e-324):
        yield stored(rng, ALERT, latitude=value, longitude=114.35)
        yield stored(rng, ALERT, latitude=36.1, longitude=value)
    for value in (float("nan"), float("inf"), float("-inf"), -0.0, 1.7976931348623157e308):
        yield stored(rng, FINDING, metric_before=value, metric_target=value, metric_name="m")


@case(26)
def positions(rng):
    """latitude above 90, longitude above 180, also of a corner"""
    for wrong in (91.0, -90.000001, 1e300):
        yield broken(ALERT, "latitude", double(wrong), "range")
    for wrong in (180.0000001, -181.0):
        yield broken(ALERT, "longitude", double(wrong), "range")
    yield broken(ALERT, "target_polygon", set_to(number(1) + double(114) + double(91) + b"\0"), "range")
    yield broken(FINDING, "latitude", set_to(double(36)), "requires")


@case(26)
def no_geometry(rng):
    """an outline without corners, or with one: stored as it came"""
    yield stored(rng, ALERT, target_polygon=[])
    yield stored(rng, ALERT, target_polygon=[{"longitude": 114.0, "latitude": 36.0}])


@case(27)
def times(rng):
    """times outside of the years 1 to 9999"""
    for wrong in (-2**63, 2**63 - 1, FIRST_TIME - 1, LAST_TIME + 1, 9_223_371_331_200_000_000):
        yield broken(ALERT, "captured_at", number(wrong), "range")
    yield broken(FINDING, "fed_back_at", set_to(number(1_700_000_000_000_000)), "requires")


@case(27)
def unusual_times(rng):
    """times of 1970, before it, in ten years, milliseconds for microseconds"""
    for value in (0, -1, FIRST_TIME, LAST_TIME, 2_088_000_000_000_000, 1_773_213_644_125):
        yield stored(rng, ALERT, captured_at=value, occurred_at=value)


@case(28)
def uuids(rng):
    """text that is no UUID"""
    for wrong in ("", "x", "019cd567-dbfa-7ded-8206-ee51111a263", "019cd567-dbfa-7ded-8206-ee51111a26377",
                  "019cd567dbfa7ded8206ee51111a2637", "{019cd567-dbfa-7ded-8206-ee51111a26}",
                  "019cd567-dbfa-7ded-8206-ee51111a263g", " 19cd567-dbfa-7ded-8206-ee51111a2637"):
        yield broken(ALERT, "event_id", text(wrong), "uuid")
    yield broken(LOG, "raised_case_ids", set_to(number(1) + text("no uuid") + b"\0"), "uuid")


@case(29)
def long_text(rng):
    """a text above the contract's length, of 1 MiB; none at all"""
    yield broken(ALERT, "alert_id", text("长" * 201), "range")
    yield broken(ALERT, "alert_id", text("x" * 900_000), "range")
    yield broken(ALERT, "alert_id", text(""), "range")
    yield broken(LOG, "remark", set_to(text("长" * 501)), "range")
    yield broken(LOG, "subject_refs", set_to(number(1) + text("x" * 201) + b"\0"), "range")
    yield broken(LOG, "subject_refs", set_to(number(1) + text("") + b"\0"), "range")
    yield broken(ALERT, "image_sha256", text("g" * 64), "range")
    yield broken(ALERT, "image_sha256", text("0" * 63), "range")


@case(29)
def above_the_limit(rng):
    """a message above max_event_bytes"""
    value = KINDS[ALERT].encode(small(ALERT)[0])
    yield bad(ALERT, value + bytes((1 << 20) + 1 - len(value)), "too_large")
    yield bad(ALERT, value + bytes((1 << 20) - len(value)), "trailing")
    yield bad(ALERT, bytes(1_500_000), "too_large")


@case(29)
def rules(rng):
    """numbers and fields against the contract's other rules"""
    yield broken(ALERT, "confidence", struct.pack("<f", 1.0001), "range")
    yield broken(ALERT, "waypoint_index", set_to(number(-1)), "range")
    yield broken(ALERT, "bbox_xmin", set_to(number(1)), "requires")
    yield broken(LOG, "police_count", number(-1), "range")
    yield broken(LOG, "attachment_sha256", set_to(number(1) + text("0" * 64) + b"\0"), "requires")
    yield broken(LOG, "start_lat", set_to(double(36)), "requires")
    yield broken(LOG, "category", set_to(text("SPOIL_HEAP")), "requires")
    yield broken(FINDING, "secrecy_flag", b"\x01", "range")
    yield broken(FINDING, "public_satisfaction_after", set_to(double(100.5)), "range")
    yield broken(FINDING, "metric_before", set_to(double(1)), "requires")
    yield broken(ACTION, "case_version", number(0), "range")
    yield broken(ACTION, "limit_value", set_to(number(1)), "requires")


@case(31)
def json_columns(rng):
    """json columns: bounds and lengths inside, text with every escape"""
    yield broken(LOG, "information_items", set_to(number(1) + text("A") + number(-1) + b"\0"), "range")
    yield broken(LOG, "information_items", set_to(number(1) + text("") + number(1) + b"\0"), "range")


@case(31)
def json_text(rng):
    """json columns: control characters, quotes, backslashes, numbers at their bounds"""
    controls = "".join(map(chr, range(1, 32))) + "\"\\/\x7f"
    yield stored(rng, LOG, information_items=[{"item_kind": controls, "item_count": 2**31 - 1}] * 3)
    yield stored(rng, ALERT, target_polygon=[{"longitude": -0.0, "latitude": 5e-324},
                                             {"longitude": 1e-7, "latitude": 1 / 3}])


# ---- headers ----

@case(32)
def unusual_headers(rng):
    """no headers, headers twice, empty and null ones, 100 of them, 60 KiB"""
    twice = [("ce_id", b"a"), ("ce_id", b"b"), ("x", b"1"), ("x", b"2")]
    for headers in ([], twice, [("x", None), ("", b"y"), ("名", b"\xff")], [("x", b"y")] * 100, [("x", bytes(60 << 10))]):
        yield dataclasses.replace(stored(rng, ALERT), headers=headers)


@case(32)
def too_many_headers(rng):
    """101 headers, 10,000; more than 64 KiB of them"""
    for headers in ([("x", b"y")] * 101, [("x", b"y")] * 10_000, [("x", bytes(65 << 10))],
                    [("x", bytes(10 << 10))] * 7, [("n" * (65 << 10), b"")]):
        yield bad(ALERT, KINDS[ALERT].encode(small(ALERT)[0]), "header", headers=headers)


@case(32)
def two_types(rng):
    """no value, and two headers that say what it is"""
    yield bad(ALERT, None, "header", headers=[("ce_type", b"gridloop.heartbeat"), ("ce_type", b"x")])


@case(44)
def clock_at_zero(rng):
    """a device whose clock stands at 1970, or ten years ahead"""
    yield stored(rng, LOG, occurred_at=0, recorded_at=0, started_at=0)
    yield stored(rng, LOG, occurred_at=2_088_000_000_000_000, recorded_at=2_088_000_000_000_000)
