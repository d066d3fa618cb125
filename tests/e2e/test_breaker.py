"""A partition that brings hardly anything but what has to be set aside is left alone for a while; nothing else is."""
import pytest

from checker import check_all
from events import FRAME, KINDS
from waiting import wait_for
from world import bad, good

KIND = "patrol_log"
OF = KINDS[KIND]
TOO_MANY = 1_000_000
CONSTRAINT = f"alter table events.patrol_log add constraint wires_are_few check (wires_fixed < {TOO_MANY})"


def refused(kind, event):
    return event["wires_fixed"] == TOO_MANY


def undecodable(rng):
    """Of a known schema, and cut off."""
    return bad(KIND, OF.encode(OF.fresh(rng))[:-1], "short", "items", "trailing")


def heavy(rng):
    """Refused by the server."""
    return good(KIND, OF.fresh(rng, wires_fixed=TOO_MANY))


def light(rng):
    return good(KIND, OF.fresh(rng, wires_fixed=1))


def paused(world):
    return dict(world.sql("select partition, pause_reason from bus.source join bus.progress using (source_id) "
                          "where paused_at is not null"))


@pytest.mark.parametrize("make", [undecodable, heavy])
def test_one_is_paused_and_the_other_goes_on(world, make):
    rng = world.rng()
    world.sql(CONSTRAINT)
    world.make_topic(KIND, partitions=2)
    world.produce([light(rng)] + [make(rng) for _ in range(150)] + [light(rng) for _ in range(20)], 0)
    daemon = world.consumer(KIND, batch_rows=20, breaker_pause_s=3600)
    daemon.wait_log("partition paused")
    world.produce([light(rng) for _ in range(200)], 1)
    wait_for(lambda: world.progress(KIND).get(1) == 200, 30, "the good partition goes on")
    assert 100 <= world.progress(KIND)[0] <= 121
    assert set(paused(world)) == {0} and "most of what came was set aside" in paused(world)[0]
    daemon.stop()
    # What became of an event does not depend on it.
    daemon = world.consumer(KIND, batch_rows=1000)
    world.settle_and_stop(daemon)
    check_all(world, refused)
    assert paused(world) == {}


@pytest.mark.parametrize("rows", [40, 1000])
def test_it_is_asked_again_and_goes_on(world, rows):
    """Each second for ten events, until most of them are good; then all that waits behind them is read."""
    rng = world.rng()
    world.make_topic(KIND, partitions=2)
    world.produce([light(rng)] + [undecodable(rng) for _ in range(99)], 0)
    daemon = world.consumer(KIND, batch_rows=rows, breaker_pause_s=1)
    world.settle(KIND)
    world.produce([undecodable(rng) for _ in range(21)] + [light(rng) for _ in range(500)], 0)
    world.produce([light(rng) for _ in range(500)], 1)
    daemon.wait_log("partition paused")
    world.produce([light(rng) for _ in range(20)], 0)
    daemon.wait_log("partition goes on")
    world.settle_and_stop(daemon)
    check_all(world)
    assert paused(world) == {}
    assert len(daemon.log("partition paused")) in (1, 2, 3) and len(daemon.log("partition goes on")) == 1


def test_what_is_no_flood_of_that_kind_pauses_nothing(world):
    """Envelopes and unknown schemas by the thousand, and bad ones that are fewer than the good ones."""
    rng = world.rng()
    world.make_topic(KIND)
    world.produce([bad(KIND, b"\0", "envelope") for _ in range(500)] +
                  [bad(KIND, FRAME + bytes(20), "schema_unknown") for _ in range(500)] +
                  [make(rng) for _ in range(300) for make in (undecodable, light, light)])
    daemon = world.consumer(KIND, batch_rows=50)
    world.settle_and_stop(daemon)
    check_all(world)
    assert not daemon.log("partition paused")


def test_a_schema_never_decoded_pauses_nothing(world):
    """A flood of garbage under a right fingerprint is no device's mistake."""
    rng = world.rng()
    world.make_topic(KIND)
    world.produce(undecodable(rng) for _ in range(500))
    daemon = world.consumer(KIND)
    world.settle_and_stop(daemon)
    check_all(world)
    assert not daemon.log("partition paused")


def test_another_member_begins_without_the_pause(world):
    rng = world.rng()
    world.make_topic(KIND)
    world.produce([light(rng)] + [undecodable(rng) for _ in range(120)])
    daemon = world.consumer(KIND, batch_rows=10, breaker_pause_s=3600)
    daemon.wait_log("partition paused")
    wait_for(lambda: paused(world), 10, "the pause is noted")
    daemon.kill()
    other = world.consumer(KIND)
    wait_for(lambda: not paused(world), 30, "the other member reads it")
    world.settle_and_stop(other)
    check_all(world)
