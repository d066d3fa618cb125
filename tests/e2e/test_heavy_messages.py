"""What librdkafka does not count when it bounds its queue: headers, keys, and batches that are small as long as they are
packed. The resident size stays bounded; the figures are those of the machine it was written on."""
import confluent_kafka
import pytest

from checker import check_all
from events import KINDS
from waiting import wait_for
from world import bad, good

KIND = "drone_alert"
MESSAGES = 800      # of 900 kB each
PEAK_MB = 250       # measured: 27 to 98; without bounds all 720 MB were held, and more would be if there were more
UNPACKED_MB = 450   # measured: to 377, the size of what one response unpacks to


def peak_mb(daemon):
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1024


@pytest.mark.slow
@pytest.mark.parametrize("where", ["headers", "keys"])
def test_while_postgres_is_slow(world, where):
    """A store that waits: what is behind it is not piled up."""
    rng = world.rng()
    world.make_topic(KIND)
    large = rng.randbytes(900_000)
    heavy = {"headers": {"headers": [("h", large)]}, "keys": {"key": large}}[where]
    world.produce(bad(KIND, b"0123456789", "header" if where == "headers" else "envelope", **heavy)
                  for _ in range(MESSAGES))
    with world.connect() as locker:
        locker.execute("begin")
        locker.execute("lock table bus.batch in access exclusive mode")
        daemon = world.consumer(KIND)
        wait_for(lambda: world.sql("select count(*) from pg_locks where not granted")[0][0], 30, "it waits for the lock")
        assert peak_mb(daemon) < PEAK_MB
        locker.execute("rollback")
    world.settle(KIND, timeout=120)
    print(f"{peak_mb(daemon)} MB")
    assert peak_mb(daemon) < PEAK_MB
    daemon.stop()
    check_all(world)


@pytest.mark.slow
def test_while_a_light_batch_is_stored(world):
    """What is heavy comes behind it, and piles up until the process has grown by what it may."""
    rng = world.rng()
    world.make_topic(KIND)
    world.produce(bad(KIND, b"0123456789", "envelope") for _ in range(10_000))
    large = rng.randbytes(900_000)
    world.produce(bad(KIND, b"0123456789", "header", headers=[("h", large)]) for _ in range(MESSAGES))
    with world.connect() as locker:
        locker.execute("begin")
        locker.execute("lock table bus.batch in access exclusive mode")
        daemon = world.consumer(KIND, linger_ms=0)
        daemon.wait_log("what was fetched while storing is large, nothing more is until it is stored")
        held = peak_mb(daemon)
        locker.execute("rollback")
    world.settle(KIND, timeout=120)
    print(f"{held} MB held, {peak_mb(daemon)} MB at most")
    assert peak_mb(daemon) < PEAK_MB
    daemon.stop()
    check_all(world)


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["gzip", "lz4", "zstd"])
def test_batches_that_unpack_a_thousandfold(world, codec):
    """30 kB that become 30 MB, and several of them in one response, which is unpacked as a whole. What bounds it is the
    topic's max.message.bytes, times what the codec can do; librdkafka refuses more than 65 MB of zstd alone."""
    world.make_topic(KIND)
    producer = confluent_kafka.Producer({
        "bootstrap.servers": world.stack.bootstrap, "compression.type": codec, "linger.ms": 3000,
        "message.max.bytes": 31_000_000, "batch.size": 31_000_000, "batch.num.messages": 1_000_000})
    for _ in range(8):
        for _ in range(30):
            producer.produce(world.topic(KIND), bytes(1_000_000))
        assert producer.flush(60) == 0
    daemon = world.consumer(KIND)
    world.settle(KIND, timeout=120)
    peak = peak_mb(daemon)
    print(f"{codec}: {peak} MB")
    assert peak < UNPACKED_MB
    daemon.stop()
    assert world.sql("select reason, count(*) from bus.dead_letter group by 1") == [("envelope", 240)]


@pytest.mark.slow
def test_events_of_a_thousand_items(world):
    """Small as bytes, large as values: the batch ends where its memory does, and the next ones are smaller."""
    rng, kind = world.rng(), "patrol_log"
    of = KINDS[kind]
    world.make_topic(kind)
    items = [{"item_kind": "x", "item_count": 1}] * 1000
    world.produce(good(kind, of.fresh(rng, "smallest", information_items=items)) for _ in range(5000))
    daemon = world.consumer(kind)
    world.settle(kind, timeout=120)
    print(f"{peak_mb(daemon)} MB")
    assert peak_mb(daemon) < 110  # measured: 51; 130 where batches end by rows and bytes alone
    daemon.stop()
    check_all(world)
