"""Bytes that fastavro wrote are stored right: every kind, every column."""
import pytest

import events
from checker import check_all
from events import KINDS
from world import good

RANDOM_EVENTS = 400


def test_the_tests_own_hashes():
    """Known answers: of the Avro specification's fingerprint, and of Kafka's murmur2 in Java."""
    assert events.crc64_avro(b'"int"') == 0x7275D51A3F395C8F
    answers = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536, b"abc": 479470107,
               b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971}
    assert {data: events.murmur2(data) for data in answers} == {data: h % 2**32 for data, h in answers.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_examples(world, kind):
    world.make_topic(kind)
    world.produce(good(kind, KINDS[kind].example(name)) for name in KINDS[kind].examples())
    world.settle_and_stop(world.consumer(kind))
    check_all(world)


@pytest.mark.parametrize("kind", KINDS)
def test_random_events(world, kind):
    rng = world.rng()
    world.make_topic(kind, partitions=3)
    world.produce(good(kind, KINDS[kind].random(rng, fill=rng.random())) for _ in range(RANDOM_EVENTS))
    world.settle_and_stop(world.consumer(kind))
    check_all(world)


@pytest.mark.parametrize("kind", KINDS)
def test_each_optional_field_alone(world, kind):
    """Set where all others are null, and null where all others are set; with what a field requires."""
    rng = world.rng()
    of = KINDS[kind]
    sent = [of.random(rng, fill=0), of.random(rng, fill=1)]
    for name, field in of.fields.items():
        if field.type.optional:
            few, many = of.random(rng, fill=0), of.random(rng, fill=1)
            few[name] = events.random_value(rng, field.type, field.rules, False)
            many[name] = None
            sent += [whole(rng, of, few), whole(rng, of, many, drop=True)]
    world.make_topic(kind)
    world.produce(good(kind, event) for event in sent)
    world.settle_and_stop(world.consumer(kind))
    check_all(world)


def whole(rng, of, event, drop=False):
    """The event with what its fields require; drop: without the fields that require what is not there."""
    changed = True
    while changed:
        changed = False
        for name, field in of.fields.items():
            for other in field.rules.get("requires", []) if event[name] is not None else []:
                if event[other] is None:
                    missing = of.fields[other]
                    event[name if drop else other] = None if drop else events.random_value(rng, missing.type,
                                                                                           missing.rules, False)
                    changed = True
    return event


def test_all_kinds_at_once(world):
    """As an operator runs it: topics by gridloopctl setup, one daemon for each kind."""
    rng = world.rng()
    world.setup()
    daemons = [world.consumer(kind, wait=False) for kind in KINDS]
    world.produce(good(kind, KINDS[kind].fresh(rng)) for _ in range(500) for kind in KINDS)
    world.settle_and_stop(*daemons)
    check_all(world)


def test_columns_that_only_the_table_has(world):
    """An older daemon goes on beside a newer table: what it does not know is left to its default."""
    rng = world.rng()
    world.sql("alter table events.patrol_log add column weather text, add column wind integer not null default 3")
    world.make_topic("patrol_log")
    world.produce(good("patrol_log", KINDS["patrol_log"].fresh(rng)) for _ in range(10))
    world.settle_and_stop(world.consumer("patrol_log"))
    assert world.sql("select weather, wind, count(*) from events.patrol_log group by 1, 2") == [(None, 3, 10)]
    check_all(world)


def test_bytes_that_look_like_commands(world):
    """Text is data, whatever it looks like."""
    rng = world.rng()
    texts = ["'); drop table events.patrol_log; --", "\\N", "\\.", "PGCOPY\n\xff\r\n", "%s %n {0} $1", '"\\u0000"',
             "\t\r\n", "\ufeff\u202eabc", "null", "🚁" * 500, "e\u0301 é"]
    world.make_topic("patrol_log")
    world.produce(good("patrol_log", KINDS["patrol_log"].fresh(rng, remark=text, subject_refs=[text[:200]]))
                  for text in texts)
    world.settle_and_stop(world.consumer("patrol_log"))
    check_all(world)


def test_other_ways_to_write_the_same(world):
    """Avro leaves writers freedom: blocks with their size in front, several blocks, numbers longer than needed."""
    rng = world.rng()
    of = KINDS["patrol_log"]
    event = of.fresh(rng, subject_refs=["a", "bc"])
    ordinary = of.encode(event)
    array = b"\x04\x02a\x04bc\x00"
    assert ordinary.count(array) == 1
    forms = {"with its size": b"\x03\x0a\x02a\x04bc\x00", "two blocks": b"\x02\x02a\x02\x04bc\x00",
             "a longer number": b"\x84\x00\x02a\x04bc\x00"}
    world.make_topic("patrol_log")
    for form in forms.values():
        other = event | {"event_id": events.random_uuid(rng)}
        world.produce([good("patrol_log", other, value=of.encode(other).replace(array, form))])
    world.settle_and_stop(world.consumer("patrol_log"))
    check_all(world)
