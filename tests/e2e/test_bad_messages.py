"""A message that is no event becomes a dead letter with its reason; its neighbours are stored."""
import pytest

from events import FRAME, KINDS, random_uuid
from hostile import REASONS, between_good_ones, broken_values, run_and_check, spoilt
from world import Sent, bad, good


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
        bad(kind, other.encode(other.example("fullest")), "schema_unknown"),
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
                Sent(kind, None, None, [("ce_type", b"x")] + beat, absent=True),
                good(kind, event, headers=beat)]
    between_good_ones(world, kind, messages)
    run_and_check(world, kind)
    assert world.sql("select sum(absent) from bus.batch")[0][0] == 4


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

@pytest.mark.parametrize("kind", KINDS)
def test_broken_values(world, kind):
    """Each of broken_values() in an event of its own; the reason names the field, and quotes nothing."""
    rng = world.rng()
    messages, fields = [], []
    for number, (of, field, piece, reasons) in enumerate(broken_values()):
        if of == kind:
            event = KINDS[kind].fresh(rng, "smallest")
            messages.append(bad(kind, spoilt(kind, event, **{field: piece}), *reasons, key=f"{field}-{number}".encode()))
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
