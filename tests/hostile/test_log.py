"""Batches in Kafka's log that are made to hurt: bombs, damage, markers."""
import pathlib

import confluent_kafka
import pytest

from checker import check_all, expand
from events import KINDS, random_uuid
from hostile import small
from waiting import wait_for
from world import bad, good

KIND = "patrol_log"
CODECS = ["gzip", "snappy", "lz4", "zstd"]
BOMB_KBYTES = 60_000


def good_ones(world, count):
    rng = world.rng()
    return [good(KIND, small(KIND)[0] | {"event_id": random_uuid(rng)}) for _ in range(count)]


def bombing_producer(world, codec):
    """One batch of all that it is given, compressed."""
    return confluent_kafka.Producer({
        "bootstrap.servers": world.stack.bootstrap, "compression.type": codec, "linger.ms": 2000,
        "message.max.bytes": 100_000_000, "batch.size": 100_000_000, "queue.buffering.max.kbytes": 200_000})


def topic_kbytes(world):
    """What its log takes on the broker's disk."""
    return sum(file.stat().st_size for file in log_folder(world).glob("*.log")) / 1000


def log_folder(world, partition=0):
    return pathlib.Path(world.stack.folder) / "data/kafka/log" / f"{world.topic(KIND)}-{partition}"


def decompressed_kbytes(codec):
    """Small enough for the broker to take it (snappy) and for librdkafka to unpack it (zstd)."""
    return {"snappy": 20_000, "zstd": 20_000}.get(codec, BOMB_KBYTES)


def bomb(codec):
    return [bad(KIND, bytes(1_000_000), "envelope") for _ in range(decompressed_kbytes(codec) // 1000)]


@pytest.mark.parametrize("codec", CODECS)
def test_bombs(world, table, codec):
    """Megabytes in one batch of kilobytes, between good events, in a topic that takes batches as they come."""
    world.make_topic(KIND)
    daemon = world.consumer(KIND)
    world.produce(good_ones(world, 20))
    world.settle(KIND)
    before, on_disk = daemon.peak_resident_kbytes(), topic_kbytes(world)
    world.produce(bomb(codec), producer=bombing_producer(world, codec))
    on_disk = topic_kbytes(world) - on_disk
    world.produce(good_ones(world, 20))
    world.settle(KIND, timeout=120)
    peak = daemon.peak_resident_kbytes()
    daemon.stop()
    check_all(world)
    table(37, f"{codec}: {decompressed_kbytes(codec) // 1000} MB in a batch of {on_disk:.0f} kB",
          "dead letters, memory bounded", f"envelope; resident at most {before >> 10} MiB before, {peak >> 10} MiB after")
    assert on_disk * 10 < decompressed_kbytes(codec)
    assert peak < 2 * decompressed_kbytes(codec) + before


@pytest.mark.parametrize("codec", CODECS)
def test_bombs_for_topics_of_setup(world, table, codec):
    """The broker unpacks what comes to the topics that setup makes, and refuses what is too large then."""
    world.setup()
    daemon = world.consumer(KIND)
    world.produce(good_ones(world, 20))
    with pytest.raises(AssertionError, match="MSG_SIZE_TOO_LARGE"):
        world.produce(bomb(codec), producer=bombing_producer(world, codec))
    world.produce(good_ones(world, 20), producer=bombing_producer(world, codec))
    world.settle(KIND)
    peak = daemon.peak_resident_kbytes()
    daemon.stop()
    check_all(world)
    table(37, f"{codec}: the same to a topic that setup made", "refused by the broker",
          f"refused by the broker; resident at most {peak >> 10} MiB")
    assert peak < 64 * 1024


def test_a_damaged_batch(world, table):
    """A byte of the broker's file is changed: the partition stands still and says so, the other goes on."""
    world.make_topic(KIND, partitions=2)
    world.produce(good_ones(world, 5), 0)
    world.settle_and_stop(world.consumer(KIND))
    file = log_folder(world) / "00000000000000000000.log"
    size = file.stat().st_size
    world.produce(good_ones(world, 5), 0)
    with open(file, "r+b") as log:
        log.seek(size + 100)  # behind the batch's head
        byte = log.read(1)
        log.seek(size + 100)
        log.write(bytes([byte[0] ^ 1]))
    world.produce(good_ones(world, 5), 0)
    world.produce(good_ones(world, 10), 1)
    daemon = world.consumer(KIND, wait=False)
    wait_for(lambda: world.progress(KIND).get(1) == 10, 60, lambda: f"the other partition goes on\n{daemon.output()}")
    wait_for(lambda: "CRC" in daemon.output(), 60, lambda: f"it says what is wrong\n{daemon.output()}")
    daemon.stop()
    table(37, "a batch whose CRC is wrong", "the partition stops, the other goes on",
          f"offsets {world.progress(KIND)[0]} of 15 and {world.progress(KIND)[1]} of 10")
    assert world.progress(KIND) == {0: 5, 1: 10} and world.rows(KIND) == 15
    assert world.ctl("verify").returncode == 0


def test_markers(world, table):
    """Aborted events and the markers of transactions are absent, what was committed is stored."""
    world.make_topic(KIND)
    producer = confluent_kafka.Producer({"bootstrap.servers": world.stack.bootstrap, "linger.ms": 0,
                                         "transactional.id": world.namespace})
    producer.init_transactions(30)
    for count, end in ((4, producer.commit_transaction), (3, producer.abort_transaction)):
        producer.begin_transaction()
        for sent in good_ones(world, count):
            producer.produce(world.topic(KIND), sent.value, sent.key, partition=0)
        producer.flush(30)
        end(30)
    wait_for(lambda: world.high(KIND)[0] == 9, 30, "the broker has written both markers, which nobody waits for")
    world.produce(good_ones(world, 2), 0)
    world.settle_and_stop(world.consumer(KIND))
    outcomes = "".join(expand(letters) for letters, in world.sql("select outcomes from bus.batch order by from_offset"))
    table(38, "markers of transactions, aborted events", "absent", f"{outcomes.count('a')} absent, {outcomes.count('s')} stored")
    assert outcomes == "s" * 4 + "a" * (1 + 3 + 1) + "s" * 2
    assert world.ctl("verify").returncode == 0
