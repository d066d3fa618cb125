"""Every message of the catalogue, between good ones, to running daemons."""
import collections
import itertools

import pytest

from catalogue import CASES
from checker import check_all
from events import KINDS, random_uuid
from hostile import small
from world import World, good

GOOD_ONES = 2  # behind each bad one: most of what is read is good, as it is wherever a daemon has to go on
RESIDENT_KBYTES = 160 * 1024


def good_ones(rng, kind):
    while True:
        yield good(kind, small(kind)[0] | {"event_id": random_uuid(rng)})


def between(rng, kind, messages):
    more = good_ones(rng, kind)
    for message in messages:
        yield from itertools.islice(more, GOOD_ONES)
        yield message
    yield next(more)


class Run:
    """All cases, sent, and what the database says of each message."""

    def __init__(self, world):
        self.world = world
        rng = world.rng()
        self.messages = {case.id: list(case.make(rng)) for case in CASES}
        daemons = []
        for kind in KINDS:
            world.make_topic(kind, max_message_bytes=2 << 20)
            daemons.append(world.consumer(kind))
        for kind in KINDS:
            world.produce(between(rng, kind, [message for of_case in self.messages.values() for message in of_case
                                              if message.kind == kind]))
        for kind in KINDS:
            world.settle(kind, timeout=120)
        self.resident = {daemon.kind: daemon.peak_resident_kbytes() for daemon in daemons}
        for daemon in daemons:
            daemon.stop()
        self.read()

    def read(self):
        self.found = {}
        for kind in KINDS:
            for partition, offset in self.world.sql(
                    f"select partition, topic_offset from events.{kind} join bus.source using (source_id)"):
                self.found[kind, partition, offset] = "stored"
        for kind, partition, offset, reason in self.world.sql(
                "select kind, partition, topic_offset, reason from bus.dead_letter join bus.source using (source_id)"):
            self.found[kind, partition, offset] = reason

    def outcome(self, message):
        return self.found.get((message.kind, message.partition, message.offset), "nothing")


@pytest.fixture(scope="module")
def run(stack, template, tmp_path_factory):
    world = World(stack, template, tmp_path_factory.mktemp("hostile"))
    yield Run(world)
    problems = world.close()
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_case(run, table, case):
    messages = run.messages[case.id]
    expected = [message.reasons or {"stored"} for message in messages]
    got = [run.outcome(message) for message in messages]
    table(case.number, case.title, "|".join(sorted(set().union(*expected))) if len(set().union(*expected)) < 5
          else "any reason", ", ".join(f"{count} {what}" for what, count in collections.Counter(got).most_common()))
    assert messages
    wrong = [(index, one, sorted(wanted)) for index, (one, wanted) in enumerate(zip(got, expected)) if one not in wanted]
    assert not wrong, f"of {len(messages)}: {wrong[:10]}"


def test_all_others_are_stored(run):
    """Field by field; every dead letter holds its bytes and names its field; the two equations hold."""
    check_all(run.world)


@pytest.mark.parametrize("kind", KINDS)
def test_memory_stays_bounded(run, kind):
    assert run.resident[kind] < RESIDENT_KBYTES


def test_nothing_is_quoted(run):
    """A detail never holds a value of the event."""
    details = " ".join(detail for detail, in run.world.sql("select distinct detail from bus.dead_letter"))
    for secret in ("SPOIL_HEAP", "no uuid", "019cd567", "长长", "drop table"):
        assert secret not in details
