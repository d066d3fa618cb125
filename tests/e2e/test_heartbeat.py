"""Heartbeats: a source from which nothing comes can be told from one that is broken."""
from checker import check_all
from events import KINDS
from waiting import wait_for
from world import good

KIND = "patrol_log"


def beats(world, kind):
    """Partition -> (sent_at, stored_at)."""
    return {partition: times for partition, *times in world.sql(
        "select partition, sent_at, stored_at from bus.heartbeat join bus.source using (source_id) where topic = %s",
        world.topic(kind))}


def wait_beats(world, *daemons, than=None, kinds=(KIND,)):
    """Until all six partitions of each kind have one; later than `than`."""
    def holds():
        return all(len(found := beats(world, kind)) == 6 and (than is None or min(t[0] for t in found.values()) > than)
                   for kind in kinds)
    wait_for(holds, 60, lambda: "heartbeats\n" + "\n".join(daemon.output() for daemon in daemons))


def test_every_partition_of_every_kind(world):
    """Among events, and where there are none; each is stored with its offset, which is absent."""
    world.setup()
    rng = world.rng()
    consumers = [world.consumer(kind) for kind in KINDS]
    dispatch = world.dispatch(heartbeat_s=1)
    world.produce(good(KIND, KINDS[KIND].fresh(rng)) for _ in range(50))
    wait_beats(world, dispatch, *consumers, kinds=KINDS)
    now = world.sql("select now()")[0][0]
    world.produce(good(KIND, KINDS[KIND].fresh(rng)) for _ in range(50))
    wait_beats(world, dispatch, *consumers, than=now, kinds=KINDS)
    for kind in KINDS:
        assert all(world.began < sent <= stored for sent, stored in beats(world, kind).values())
    dispatch.stop()
    world.settle_and_stop(*consumers)
    assert world.sql("select sum(absent) from bus.batch")[0][0] >= 48
    assert world.rows(KIND) == 100 and not world.sql("select from bus.dead_letter")
    messages, _ = world.read_topic("dispatch_order")
    assert not messages, "nobody waits for heartbeats of orders"
    check_all(world)


def test_it_is_noted_with_the_progress(world):
    """A consumer that dies before its commit has noted none; the next one reads it again."""
    world.setup()
    dying = world.consumer(KIND, build="points", point="before_commit:1:kill")
    dispatch = world.dispatch(heartbeat_s=1)
    assert dying.wait_exit() == -9
    assert beats(world, KIND) == {} and sum(world.progress(KIND).values()) == 0
    daemon = world.consumer(KIND)
    wait_beats(world, dispatch, daemon)
    dispatch.stop()
    world.settle_and_stop(daemon)
    check_all(world, kinds=[KIND])


def test_a_consumer_that_stands_still_is_seen(world):
    """The others go on beating."""
    world.setup()
    dispatch = world.dispatch(heartbeat_s=1)
    quiet, busy = world.consumer(KIND), world.consumer("drone_alert")
    wait_beats(world, dispatch, quiet, busy, kinds=(KIND, "drone_alert"))
    quiet.halt()
    now = world.sql("select now()")[0][0]
    wait_beats(world, dispatch, busy, than=now, kinds=("drone_alert",))
    assert max(sent for sent, _ in beats(world, KIND).values()) < min(
        sent for sent, _ in beats(world, "drone_alert").values())
    quiet.go_on()
    wait_beats(world, dispatch, quiet, than=now)
    dispatch.stop()
    world.settle_and_stop(quiet, busy)


def test_a_missing_topic_misses_its_own_only(world):
    """Heartbeats of the kinds that are there go on, and so do orders."""
    world.make_topic(KIND, 6)
    dispatch = world.dispatch(heartbeat_s=1)
    daemon = world.consumer(KIND)
    wait_beats(world, dispatch, daemon)
    line = dispatch.log("not sent")[0]
    assert world.topic("inspection_finding") in line["error"] and "setup" in line["error"], line
    dispatch.stop()
    world.settle_and_stop(daemon)
    check_all(world)
