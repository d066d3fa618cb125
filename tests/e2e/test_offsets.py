"""Offsets that are not there: every one is accounted for, and none is passed over in silence."""
import confluent_kafka
import confluent_kafka.admin
import pytest

from checker import expand
from events import KINDS
from waiting import wait_for
from world import good

KIND = "case_action"
OF = KINDS[KIND]


def outcomes(world, partition=0):
    """What became of each offset, as one word; the batches follow one another."""
    word = ""
    for from_offset, letters in world.sql(
            "select from_offset, outcomes from bus.batch join bus.source using (source_id) where partition = %s "
            "order by source_id, from_offset", partition):
        assert from_offset == len(word)
        word += expand(letters)
    return word


def events(world, count):
    rng = world.rng()
    return [good(KIND, OF.fresh(rng)) for _ in range(count)]


def delete_before(world, offset, partition=0):
    """What retention does, at once."""
    place = confluent_kafka.TopicPartition(world.topic(KIND), partition, offset)
    for future in world.stack.admin.delete_records([place]).values():
        assert future.result(30).low_watermark == offset


def recreate(world, partitions=1):
    for future in world.stack.admin.delete_topics([world.topic(KIND)]).values():
        future.result(30)
    wait_for(lambda: world.topic(KIND) not in world.stack.admin.list_topics(timeout=10).topics, 30, "the topic is gone")
    world.make_topic(KIND, partitions)


# ---- transactions of the sender ----

def test_transactions(world):
    """Markers and aborted events are absent; committed ones are stored."""
    world.make_topic(KIND)
    producer = confluent_kafka.Producer({"bootstrap.servers": world.stack.bootstrap,
                                         "transactional.id": world.namespace, "linger.ms": 0})
    producer.init_transactions(30)
    for count, end in ((10, producer.commit_transaction), (7, producer.abort_transaction),
                       (5, producer.commit_transaction)):
        producer.begin_transaction()
        for sent in events(world, count):
            producer.produce(world.topic(KIND), sent.value, sent.key, partition=0)
        producer.flush(30)
        end(30)
    daemon = world.consumer(KIND)
    wait_for(lambda: world.rows(KIND) == 15, 30, "what was committed is stored")
    daemon.stop()
    # Behind the last event there is one more marker, which nobody can know before another event comes.
    assert outcomes(world) == "s" * 10 + "a" * (1 + 7 + 1) + "s" * 5
    assert world.ctl("verify").returncode == 0
    world.produce(events(world, 1))
    world.settle_and_stop(world.consumer(KIND))
    assert outcomes(world).endswith("sas")
    assert world.ctl("verify").returncode == 0


def test_an_open_transaction_holds_back(world):
    """Nothing behind an open transaction is read until it ends; what was before it is stored."""
    world.make_topic(KIND)
    world.produce(events(world, 3), 0)
    producer = confluent_kafka.Producer({"bootstrap.servers": world.stack.bootstrap,
                                         "transactional.id": world.namespace, "linger.ms": 0})
    producer.init_transactions(30)
    producer.begin_transaction()
    sent, = events(world, 1)
    producer.produce(world.topic(KIND), sent.value, sent.key, partition=0)
    producer.flush(30)
    world.produce(events(world, 4), 0)
    daemon = world.consumer(KIND)
    wait_for(lambda: world.rows(KIND) == 3, 30, "what was before is stored")
    producer.abort_transaction(30)
    wait_for(lambda: world.rows(KIND) == 7, 30, "what was behind is stored")
    daemon.stop()
    assert outcomes(world) == "sssassss"  # the marker of the abort is last


# ---- offsets that Kafka no longer has ----

def stopped(world, daemon, reason):
    """The partition stands still, and says why."""
    wait_for(lambda: world.sql("select 1 from bus.gap"), 60, lambda: f"a gap is written\n{daemon.output()}")
    assert world.sql("select reason from bus.gap") == [(reason,)]
    assert [line for line in daemon.log() if line["level"] == "error" and line.get("reason") == reason]


def test_a_start_behind_the_first_offset(world):
    """A source that was never read begins at offset 0; if that is gone nothing is skipped, unless told so."""
    world.make_topic(KIND, partitions=2)
    world.produce(events(world, 20), 0)
    world.produce(events(world, 20), 1)
    delete_before(world, 5, partition=0)
    daemon = world.consumer(KIND)
    stopped(world, daemon, "before_first_start")
    wait_for(lambda: world.progress(KIND) == {0: 0, 1: 20}, 30, "the other partition is read")
    daemon.stop()
    assert world.sql("select from_offset, to_offset, accepted_at from bus.gap") == [(0, 5, None)]
    again = world.consumer(KIND)  # still waits, and does not write the gap a second time
    again.stop()
    assert world.sql("select count(*) from bus.gap") == [(1,)]
    assert world.ctl("verify").returncode == 0


def test_a_start_at_the_earliest(world):
    world.make_topic(KIND)
    world.produce(events(world, 20), 0)
    delete_before(world, 5)
    world.settle_and_stop(world.consumer(KIND, start_at="earliest"))
    assert world.sql("select from_offset, next_offset from bus.progress") == [(5, 20)]
    assert world.sql("select count(*) from bus.gap") == [(0,)] and world.rows(KIND) == 15
    assert world.ctl("verify").returncode == 0


def test_retention_was_faster(world):
    """Events that were deleted before they were read: the partition stops, and nothing behind them is stored."""
    world.make_topic(KIND)
    world.produce(events(world, 10), 0)
    world.settle_and_stop(world.consumer(KIND))
    world.produce(events(world, 10), 0)
    delete_before(world, 15)
    daemon = world.consumer(KIND, wait=False, start_at="earliest")  # which is about sources never read before
    stopped(world, daemon, "retention")
    daemon.stop()
    assert world.sql("select from_offset, to_offset from bus.gap") == [(10, 15)]
    assert world.rows(KIND) == 10 and world.progress(KIND) == {0: 10}
    assert world.ctl("verify").returncode == 0


def test_a_topic_made_anew(world):
    """The same name with another id is another source, read from its own start; the old one keeps its place."""
    world.make_topic(KIND)
    world.produce(events(world, 10), 0)
    world.settle_and_stop(world.consumer(KIND))
    recreate(world)
    world.sent.clear()
    producer_knows_of_it(world)
    world.produce(events(world, 25), 0)
    daemon = world.consumer(KIND)
    wait_for(lambda: world.rows(KIND) == 35, 60, lambda: f"both topics are stored\n{daemon.output()}")
    daemon.stop()
    assert world.sql("select next_offset from bus.source join bus.progress using (source_id) order by 1") == \
        [(10,), (25,)]
    assert world.sql("select count(distinct topic_id) from bus.source") == [(2,)]
    assert world.ctl("verify").returncode == 0


@pytest.mark.long
def test_a_topic_made_anew_under_a_running_daemon(world):
    """It looks every half minute, and then reads the new topic from its start, also if that has grown longer."""
    world.make_topic(KIND)
    world.produce(events(world, 10), 0)
    daemon = world.consumer(KIND)
    world.settle(KIND)
    recreate(world)
    world.sent.clear()
    producer_knows_of_it(world)
    world.produce(events(world, 25), 0)
    wait_for(lambda: world.rows(KIND) == 35, 90, lambda: f"both topics are stored\n{daemon.output()}")
    daemon.stop()
    # What it read before it looked may stand under the old source; it is then a repeat under the new one.
    new = world.sql("select from_offset, next_offset from bus.source join bus.progress using (source_id) "
                    "order by source_id")[-1]
    assert new == (0, 25)
    assert world.ctl("verify").returncode == 0


def producer_knows_of_it(world):
    """The tests' own producer is told of the new topic, whose id differs from what it remembers."""
    wait_for(lambda: world.topic(KIND) in world.stack.producer.list_topics(timeout=10).topics, 30, "it is told")
