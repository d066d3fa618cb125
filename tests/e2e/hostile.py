"""Messages that are no events: how they are made, and how they are sent among good ones."""
import functools
import struct

from checker import check_all
from events import FRAME, KINDS, random_uuid
from world import good

# Every reason that decoding has (docs/design.md); not those that compare events or come from the server.
REASONS = frozenset("tombstone short envelope schema_unknown schema_refused header too_large trailing length varint items "
                    "boolean enum union uuid utf8 nul dup_key range requires".split())


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


@functools.cache
def small(kind):
    """The smallest example, and the bytes of each of its fields."""
    event = KINDS[kind].example("smallest")
    return event, KINDS[kind].pieces(event)


def spoilt(kind, **pieces):
    """The message of the smallest example with other bytes for some of its fields."""
    of, usual = KINDS[kind], small(kind)[1]
    assert pieces.keys() <= usual.keys()
    return FRAME + of.fingerprint + b"".join((usual | pieces).values())


def odd(rng, kind, field, value, piece):
    """A good message, one of whose fields is written in an unusual way."""
    event = small(kind)[0] | {"event_id": random_uuid(rng), field: value}
    return good(kind, event, value=spoilt(kind, event_id=text(event["event_id"]), **{field: piece}))
