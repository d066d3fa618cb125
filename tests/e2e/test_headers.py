"""Headers: what a message may have, what a dead letter keeps of them, and that they cannot fill the memory."""
import pytest

from checker import check_all
from events import KINDS
from world import Sent, bad, good

KIND, OF = "drone_alert", KINDS["drone_alert"]
BEAT = [("ce_type", b"gridloop.heartbeat")]


def store(world, messages, **options):
    world.make_topic(KIND, max_message_bytes=4 << 20)
    world.produce(messages)
    world.settle_and_stop(world.consumer(KIND, **options))
    check_all(world)


def doomed(headers, rng):
    """A good event whose headers are not as they may be."""
    return bad(KIND, OF.encode(OF.fresh(rng)), "header", headers=headers)


def test_bounds(world):
    rng = world.rng()

    def fine(headers):
        return good(KIND, OF.fresh(rng), headers=headers)

    messages = [fine([]), fine([("x", None)]), fine([("x", b"")]), fine([("", b"x")]), fine([("ce_id", b"1")] * 2),
                fine([("h", b"")] * 100), fine([("长" * 100, "长".encode() * 100)] * 20),
                fine([("big", bytes((64 << 10) - 3))]), fine([("gridloop-replay-of", b"1/2")] * 2)]
    messages += [doomed(headers, rng) for headers in (
        [("h", b"")] * 101, [("", None)] * 101, [("big", bytes((64 << 10) - 2))], [("n" * (64 << 10), b"x")],
        [("h", bytes(1000))] * 100, [("h", b"v")] * 10_000, [("", None)] * 100_001, [("big", bytes(1 << 20))])]
    messages += [Sent(KIND, None, None, BEAT, absent=True), Sent(KIND, b"", None, [("x", b"1")] + BEAT, absent=True),
                 bad(KIND, None, "header", headers=BEAT * 2), bad(KIND, b"", "header", headers=[("ce_type", b"x")] + BEAT),
                 bad(KIND, None, "tombstone", headers=[("x", b"1")] * 2)]
    rng.shuffle(messages)
    store(world, messages)


@pytest.mark.parametrize("rows", [7, 10_000])
def test_what_is_said_of_them_does_not_depend_on_the_cut(world, rows):
    rng = world.rng()
    messages = []
    for _ in range(150):
        headers = [("h" * rng.randrange(4), rng.randbytes(rng.choice([0, 1, 60])) or None)] * rng.choice(
            [0, 1, 5, 20, 99, 100, 101, 102, 150])
        messages.append(doomed(headers, rng) if len(headers) > 100 else good(KIND, OF.fresh(rng), headers=headers))
    store(world, messages, batch_rows=rows)


def test_what_a_dead_letter_keeps(world):
    rng = world.rng()
    store(world, [bad(KIND, rng.randbytes(50), "envelope", headers=headers) for headers in (
        [], [("a", b"1"), ("b", None), ("a", b""), ("长", b"\0\xff")], [("h", bytes(1000))] * 30,
        [("big", bytes((16 << 10) - 3))], [("big", bytes((16 << 10) - 2))], [("a", b"1"), ("big", bytes(60_000)), ("b", b"2")])])


def test_replay_marks(world):
    rng = world.rng()

    def marked(*headers):
        return bad(KIND, rng.randbytes(50), "envelope", headers=list(headers))

    of, count = ("gridloop-replay-of", b"12/34567890123"), ("gridloop-replay-count", b"2")
    good_one = marked(("x", b"y"), of, count)
    wrong = [marked(of), marked(count), marked(of, of, count), marked(of, count, count),
             marked(("gridloop-replay-of", b"12/"), count), marked(("gridloop-replay-of", b"-1/2"), count),
             marked(("gridloop-replay-of", b"1/2x"), count), marked(("gridloop-replay-of", b"9" * 60), count),
             marked(of, ("gridloop-replay-count", b"4")), marked(of, ("gridloop-replay-count", b"0")),
             marked(of, ("gridloop-replay-count", None)), marked(of, ("gridloop-replay-count", b"2 times"))]
    store(world, [good_one] + wrong)
    found = dict((offset, rest) for offset, *rest in world.sql(
        "select topic_offset, replay_source, replay_offset, replay_count from bus.dead_letter"))
    assert found.pop(good_one.offset) == [12, 34567890123, 2]
    assert set(map(tuple, found.values())) == {(None, None, 0)} and len(found) == len(wrong)


def test_bytes_kept_are_bounded(world):
    """A kilobyte a second, 64 KiB at once: the first letters are whole, of the rest there is the SHA-256."""
    rng = world.rng()
    messages = [bad(KIND, b"\0" + rng.randbytes(9999), "envelope", key=b"k" * 100, headers=[("h", b"v" * 139)])
                for _ in range(30)]
    store(world, messages, dead_letter_kbytes_per_s=1, batch_rows=4)
    kept = [is_kept for is_kept, in world.sql("select is_kept from bus.dead_letter order by topic_offset")]
    assert kept[:6] == [True] * 6 and kept.count(True) < 12, kept


def test_nothing_is_kept_if_so_wanted(world):
    rng = world.rng()
    store(world, [bad(KIND, rng.randbytes(50), "envelope"), bad(KIND, None, "tombstone", key=b"key")],
          dead_letter_kbytes_per_s=0)
    assert world.sql("select distinct is_kept from bus.dead_letter") == [(False,)]


def test_too_large_keeps_the_beginning(world):
    """64 KiB of it, and size and SHA-256 of the whole."""
    rng = world.rng()
    large = b"\xc3\x01" + rng.randbytes(1_500_000)
    store(world, [bad(KIND, large, "too_large")])
    assert world.sql("select octet_length(value), value_size, value_sha256 = sha256(%s) from bus.dead_letter",
                     large) == [(64 << 10, len(large), True)]
