"""Members of a group come and go in mid-run: nothing is lost, nothing is stored twice, each has its share."""
import threading

import confluent_kafka
import confluent_kafka.admin
import pytest

from checker import check_all
from events import KINDS
from waiting import wait_for
from world import good

POINTS = ("before_claim", "before_begin", "after_lock", "before_insert", "mid_copy", "after_copy", "before_commit",
          "after_commit")


class Load:
    """A steady stream of events from a thread of its own, until it is ended."""

    def __init__(self, world, kind, rng, each_second=1500):
        self.world, self.kind, self.rng, self.pause = world, kind, rng, 100 / each_second
        self.problem = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            while not self._end.wait(self.pause):
                self.world.produce([good(self.kind, KINDS[self.kind].fresh(self.rng)) for _ in range(100)])
        except Exception as problem:
            self.problem = problem

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(60)
        assert self.problem is None, self.problem


def works(world, daemon, partitions=None):
    """Waits until it has its partitions and moves them."""
    daemon.wait_claimed(partitions)
    lowest = wait_for(lambda: world.moved_by(daemon), 30, f"{daemon.name} owns something")

    def stores():
        nonlocal lowest  # what a new owner had not taken yet counts no more
        now = world.moved_by(daemon)
        lowest = min(lowest, now)
        return now > lowest
    wait_for(stores, 30, lambda: f"{daemon.name} stores\n{daemon.output()}")


@pytest.mark.slow
def test_members_come_and_go(world):
    kind = "drone_alert"
    world.make_topic(kind, partitions=6)
    members = []
    with Load(world, kind, world.rng()):
        for count, share in ((1, 6), (2, 3), (3, 2)):
            members.append(world.consumer(kind, wait=False, batch_rows=200))
            for member in members:
                works(world, member, share)
        members.pop(0).stop()
        for member in members:
            works(world, member, 3)
        members.pop(1).kill()
        works(world, members[0], 6)
        members.append(world.consumer(kind, wait=False, batch_rows=200))
        for member in members:
            works(world, member, 3)
    world.settle_and_stop(*members)
    check_all(world)


@pytest.mark.slow
def test_all_start_at_once_and_leave_one_by_one(world):
    kind = "patrol_log"
    world.make_topic(kind, partitions=6)
    with Load(world, kind, world.rng()):
        members = [world.consumer(kind, wait=False) for _ in range(4)]
        wait_for(lambda: sum(max(0, member.claimed()) for member in members) == 6
                 and all(member.claimed() > 0 for member in members), 30, "all four have their share")
        for member in members:
            works(world, member)
        while len(members) > 1:
            members.pop().stop()
            for member in members:
                works(world, member)
    world.settle_and_stop(*members)
    check_all(world)


def test_more_members_than_partitions(world):
    """One of two has nothing to do, and takes over when the other leaves."""
    rng, kind = world.rng(), "case_action"
    world.make_topic(kind, partitions=1)
    members = [world.consumer(kind, wait=False) for _ in range(2)]
    wait_for(lambda: sorted(member.claimed() for member in members) == [0, 1], 30, "one of them owns the partition")
    world.produce(good(kind, KINDS[kind].fresh(rng)) for _ in range(100))
    world.settle(kind)
    busy, idle = sorted(members, key=lambda member: -member.claimed())
    busy.stop()
    idle.wait_claimed(1)
    world.produce(good(kind, KINDS[kind].fresh(rng)) for _ in range(100))
    world.settle_and_stop(idle)
    check_all(world)


def test_partitions_are_added(world):
    """New partitions are read from their start."""
    rng, kind = world.rng(), "inspection_finding"
    world.make_topic(kind, partitions=2)
    daemon = world.consumer(kind, wait=False, **{"kafka.topic.metadata.refresh.interval.ms": 1000})
    daemon.wait_claimed(2)
    world.produce(good(kind, KINDS[kind].fresh(rng)) for _ in range(100))
    new = confluent_kafka.admin.NewPartitions(world.topic(kind), 4)
    for future in world.stack.admin.create_partitions([new]).values():
        future.result(30)
    topic = world.topic(kind)
    wait_for(lambda: len(world.stack.producer.list_topics(topic, timeout=10).topics[topic].partitions) == 4, 30,
             "the tests' own producer knows of them")
    for partition in range(4):
        world.produce([good(kind, KINDS[kind].fresh(rng)) for _ in range(20)], partition)
    daemon.wait_claimed(4)
    world.settle_and_stop(daemon)
    check_all(world)


@pytest.mark.parametrize("rows", [50, 1000])
def test_two_members_meet_the_same_ids(world, rows):
    """The same ids in two partitions, in other orders, some with other content: two daemons insert them at once."""
    rng, kind = world.rng(), "inspection_finding"
    world.make_topic(kind, partitions=2)
    members = [world.consumer(kind, wait=False, batch_rows=rows) for _ in range(2)]
    for member in members:
        member.wait_claimed(1)
    events = [KINDS[kind].fresh(rng) for _ in range(3000)]
    halves = [list(events), [event | {"team_code": "other"} if rng.random() < 0.1 else event for event in events]]
    for half in halves:
        rng.shuffle(half)
    for start in range(0, 3000, 500):
        for partition, half in enumerate(halves):
            world.produce([good(kind, event) for event in half[start:start + 500]], partition)
    world.settle_and_stop(*members)
    check_all(world)
    assert world.rows(kind) == 3000
    assert sum(member.counts()["redone"] for member in members) > 0  # they did meet


# ---- at each point of the loop ----

def group_is(world, kind, *states):
    group = world.group(kind)
    described = world.stack.admin.describe_consumer_groups([group])[group].result(30)
    return described.state in states


def rebalances(world, kind):
    wait_for(lambda: group_is(world, kind, confluent_kafka.ConsumerGroupState.PREPARING_REBALANCING), 30,
             "the group waits for its member that is held")


def held_at(world, kind, point):
    """Two batches' worth of events, and a daemon that is held at the point in its second batch."""
    rng = world.rng()
    world.make_topic(kind, partitions=3)
    world.produce(good(kind, KINDS[kind].fresh(rng)) for _ in range(1500))
    second = world.consumer(kind, wait=False, build="points", point=f"{point}:2:hold", batch_rows=300)
    second.wait_point()
    return second


@pytest.mark.parametrize("point", POINTS)
def test_one_of_three_is_revoked(world, point):
    """While the only member is held at the point another one joins; it gets one of the three partitions."""
    kind = "drone_alert"
    held = held_at(world, kind, point)
    other = world.consumer(kind, wait=False, batch_rows=300)
    rebalances(world, kind)
    held.release()
    wait_for(lambda: {held.claimed(), other.claimed()} == {1, 2}, 30, lambda: held.output() + other.output())
    world.produce(good(kind, KINDS[kind].fresh(world.rng())) for _ in range(300))
    world.settle_and_stop(held, other)
    check_all(world)


@pytest.mark.parametrize("point", ("before_claim", "mid_copy", "before_commit"))
def test_another_one_leaves(world, point):
    """While a member is held at the point the other one leaves; the held one gets all three."""
    rng, kind = world.rng(), "patrol_log"
    world.make_topic(kind, partitions=3)
    other = world.consumer(kind, batch_rows=300)
    held = world.consumer(kind, wait=False, build="points", point=f"{point}:1:hold", batch_rows=300)
    wait_for(lambda: other.claimed() in (1, 2), 30, "the other one has given something up")
    world.produce(good(kind, KINDS[kind].fresh(rng)) for _ in range(1500))
    held.wait_point()
    other.stop()
    rebalances(world, kind)
    held.release()
    held.wait_claimed(3)
    world.settle_and_stop(held)
    check_all(world)


def test_revoked_again_and_again(world):
    """A second member joins and leaves as fast as it can."""
    rng, kind = world.rng(), "case_action"
    world.make_topic(kind, partitions=3)
    steady = world.consumer(kind, batch_rows=50)
    for _ in range(5):
        guest = world.consumer(kind, wait=False, batch_rows=50)
        world.produce(good(kind, KINDS[kind].fresh(rng)) for _ in range(200))
        guest.wait_claimed()
        guest.stop()
    steady.wait_claimed(3)
    world.settle_and_stop(steady)
    check_all(world)
