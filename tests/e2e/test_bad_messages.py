"""A message that is no event becomes a dead letter with its reason; its neighbours are stored.

What is bad in a way of its own stands in tests/hostile; here are heartbeats, sizes, floods and random changes.
"""
import pytest

from events import FRAME, KINDS, random_uuid
from hostile import REASONS, between_good_ones, run_and_check
from world import Sent, bad, good


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
    """Ten bad ones for each good one, through small queues; the breaker, which would pause it, is off."""
    kind, of = "drone_alert", KINDS["drone_alert"]
    rng = world.rng()
    messages = [bad(kind, FRAME + of.fingerprint + rng.randbytes(rng.randrange(2000)), *REASONS) for _ in range(3000)]
    between_good_ones(world, kind, messages)
    run_and_check(world, kind, batch_rows=500, queue_kbytes=256, breaker_pause_s=0)  # the breaker has its own test


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
    run_and_check(world, kind, breaker_pause_s=0)
    stored, dead = world.sql("select sum(stored), sum(dead_letter) from bus.batch")[0]
    assert stored > 100 and dead > 300
