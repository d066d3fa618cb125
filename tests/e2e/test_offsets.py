"""Offsets that are not there: every one is accounted for, and none is passed over in silence."""
import concurrent.futures
import json
import os
import pathlib
import signal

import confluent_kafka
import confluent_kafka.admin
import psycopg
import pytest

from checker import check_all, expand
from events import KINDS
from outages import during
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

AT_ONCE = {"check_interval_ms": 200}  # how soon a daemon sees what an operator did


def stopped(world, daemon, reason, partition=0):
    """The partition stands still, and says why. Returns the gap's number, from_offset and to_offset."""
    found = wait_for(lambda: world.sql(
        "select gap_id, from_offset, to_offset, reason from bus.gap join bus.source using (source_id) "
        "where partition = %s and accepted_at is null", partition), 60, lambda: f"a gap is written\n{daemon.output()}")
    assert [row[3] for row in found] == [reason]
    assert [line for line in daemon.log() if line["level"] == "error" and line.get("reason") == reason
            and str(line["partition"]) == str(partition)], daemon.output()
    return found[0][:3]


def accept(world, gap, *more):
    done = world.ctl("gap accept", gap, "--reason", "the disk was lost", "--actor", "Li Wei", *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def accounted(world):
    done = world.ctl("verify")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_start_behind_the_first_offset(world):
    """A source that was never read begins at offset 0; if that is gone nothing is skipped, unless told so."""
    world.make_topic(KIND, partitions=2)
    world.produce(events(world, 20), 0)
    world.produce(events(world, 20), 1)
    delete_before(world, 5, partition=0)
    daemon = world.consumer(KIND)
    gap, *place = stopped(world, daemon, "before_first_start")
    assert place == [0, 5]
    wait_for(lambda: world.progress(KIND) == {0: 0, 1: 20}, 30, "the other partition is read")
    daemon.stop()
    again = world.consumer(KIND, **AT_ONCE)  # still waits, and does not write the gap a second time
    assert world.sql("select gap_id, accepted_at from bus.gap") == [(gap, None)]
    accounted(world)
    assert "5 offsets given up" in accept(world, gap)
    world.settle_and_stop(again)
    assert world.rows(KIND) == 35 and outcomes(world) == "g" * 5 + "s" * 15
    accounted(world)


def test_a_start_at_the_earliest(world):
    world.make_topic(KIND)
    world.produce(events(world, 20), 0)
    delete_before(world, 5)
    world.settle_and_stop(world.consumer(KIND, start_at="earliest"))
    assert world.sql("select from_offset, next_offset from bus.progress") == [(5, 20)]
    assert world.sql("select count(*) from bus.gap") == [(0,)] and world.rows(KIND) == 15
    accounted(world)


def test_retention_was_faster(world):
    """Events that were deleted before they were read: the partition stops, and nothing behind them is stored."""
    world.make_topic(KIND)
    world.produce(events(world, 10), 0)
    world.settle_and_stop(world.consumer(KIND))
    world.produce(events(world, 10), 0)
    delete_before(world, 15)
    daemon = world.consumer(KIND, wait=False, start_at="earliest",  # which is about sources never read before
                            **AT_ONCE)
    gap, *place = stopped(world, daemon, "retention")
    assert place == [10, 15]
    assert world.rows(KIND) == 10 and world.progress(KIND) == {0: 10}
    delete_before(world, 17)
    wait_for(lambda: world.sql("select to_offset from bus.gap") == [(17,)], 30, "retention goes on, and the gap with it")
    accounted(world)
    accept(world, gap)
    world.settle_and_stop(daemon)
    assert outcomes(world) == "s" * 10 + "g" * 7 + "s" * 3
    assert world.sql("select accepted_by, accept_reason, from_offset, to_offset from bus.gap") == \
        [("Li Wei", "the disk was lost", 10, 17)]
    accounted(world)


def test_retention_passes_a_running_daemon(world):
    """What was fetched is stored; what was not is a gap; the other partition goes on."""
    world.make_topic(KIND, partitions=2)
    world.produce(events(world, 10), 0)
    daemon = world.consumer(KIND, **AT_ONCE)
    world.settle(KIND)
    daemon.process.send_signal(signal.SIGSTOP)
    during(1)  # the fetch that was on its way ends empty: kafka.fetch.wait.max.ms is 500
    world.produce(events(world, 10), 0)
    delete_before(world, 15)
    daemon.process.send_signal(signal.SIGCONT)
    gap, first, behind = stopped(world, daemon, "retention")
    assert (first, behind) == (10, 15)
    world.produce(events(world, 5), 1)
    wait_for(lambda: world.progress(KIND) == {0: first, 1: 5}, 30, "the other partition is read")
    accept(world, gap)
    world.settle_and_stop(daemon)
    assert outcomes(world) == "s" * first + "g" * (15 - first) + "s" * 5
    accounted(world)


# ---- topics made anew, and grown ----

def read_and_recreate(world, count, partitions=1, sent=25):
    """A topic that was read up to count, and another one of its name."""
    world.make_topic(KIND)
    world.produce(events(world, count), 0)
    world.settle_and_stop(world.consumer(KIND))
    recreate(world, partitions)
    world.sent.clear()
    producer_knows_of_it(world)
    for partition in range(partitions):
        world.produce(events(world, sent), partition)


@pytest.mark.parametrize("count", [10, 40], ids=["longer", "shorter"])
def test_a_topic_made_anew(world, count):
    """The same name with another id is another source. It waits for an operator, for nobody knows what the old topic
    still held; a partition that the old one did not have waits for nothing."""
    read_and_recreate(world, count, partitions=2)
    daemon = world.consumer(KIND, **AT_ONCE)
    gap, *place = stopped(world, daemon, "recreated")
    assert place == [0, 0]
    wait_for(lambda: world.rows(KIND) == count + 25, 30, "the added partition is read")
    accounted(world)
    accept(world, gap)
    wait_for(lambda: world.rows(KIND) == count + 50, 30, lambda: f"both topics are stored\n{daemon.output()}")
    daemon.stop()
    assert sorted(world.sql("select partition, next_offset from bus.source join bus.progress using (source_id)")) == \
        sorted([(0, count), (0, 25), (1, 25)])
    assert world.sql("select count(distinct topic_id) from bus.source") == [(2,)]
    accounted(world)


def test_a_topic_made_anew_whose_start_is_gone(world):
    """What the new topic no longer has is given up with the old topic, in a tile of its own."""
    read_and_recreate(world, 10)
    delete_before(world, 5)
    daemon = world.consumer(KIND, wait=False, start_at="earliest", **AT_ONCE)
    gap, *place = stopped(world, daemon, "recreated")
    assert place == [0, 5]
    accept(world, gap)
    wait_for(lambda: world.rows(KIND) == 10 + 20, 30, lambda: f"both topics are stored\n{daemon.output()}")
    daemon.stop()
    accounted(world)


@pytest.mark.parametrize("count", [10, 40], ids=["longer", "shorter"])
def test_a_topic_made_anew_under_a_running_daemon(world, count):
    """Nothing of the new topic is stored under the old one's source, also if it is longer by then than our place."""
    world.make_topic(KIND)
    world.produce(events(world, count), 0)
    daemon = world.consumer(KIND)
    world.settle(KIND)
    recreate(world)
    world.sent.clear()
    producer_knows_of_it(world)
    world.produce(events(world, 25), 0)
    gap, *_ = stopped(world, daemon, "recreated")
    places = "select next_offset from bus.source join bus.progress using (source_id) order by source_id"
    assert world.sql(places) == [(count,), (0,)]
    accept(world, gap)
    wait_for(lambda: world.rows(KIND) == count + 25, 60, lambda: f"both topics are stored\n{daemon.output()}")
    daemon.stop()
    assert world.sql(places) == [(count,), (25,)]
    accounted(world)


def producer_knows_of_it(world):
    """The tests' own producer is told of the new topic, whose id differs from what it remembers."""
    wait_for(lambda: world.topic(KIND) in world.stack.producer.list_topics(timeout=10).topics, 30, "it is told")


def test_added_partitions(world):
    """4 -> 16 under a running daemon: found by itself, read from the start, told; nothing is lost. Events of one key
    now stand in two partitions, between which there is no order."""
    rng = world.rng()
    world.make_topic(KIND, partitions=4)
    keys = [OF.key(OF.fresh(rng)) for _ in range(40)]
    world.produce(good(KIND, OF.fresh(rng), key=key) for key in keys)
    daemon = world.consumer(KIND, **{"kafka.topic.metadata.refresh.interval.ms": 500})
    world.settle(KIND)
    grown = confluent_kafka.admin.NewPartitions(world.topic(KIND), 16)
    for future in world.stack.admin.create_partitions([grown]).values():
        future.result(30)
    producer_sees(world, 16)
    world.produce(good(KIND, OF.fresh(rng), key=key) for key in keys)
    world.settle_and_stop(daemon)
    assert world.rows(KIND) == 80 and world.sql("select count(*) from bus.gap") == [(0,)]
    begun = {int(line["partition"]): int(line["from_offset"])
             for line in daemon.log("partition is read for the first time")}
    assert begun == dict.fromkeys(range(16), 0)
    partitions = {key: {place[1] for place, sent in world.sent.items() if sent.key == key} for key in keys}
    assert any(len(places) == 2 for places in partitions.values())
    check_all(world)


def producer_sees(world, partitions):
    """A client that wrote before sees new partitions when it asks; one that begins does at once."""
    vars(world.stack).pop("producer", None)
    wait_for(lambda: len(world.stack.producer.list_topics(world.topic(KIND), timeout=10).topics[world.topic(KIND)]
                         .partitions) == partitions, 30, "it is told")


# ---- logs that were cut, or spoiled ----

def batches_of(log):
    """Where each batch of a log file begins, and its first offset."""
    data, at = log.read_bytes(), 0
    while at < len(data):
        yield at, int.from_bytes(data[at:at + 8], "big")
        at += 12 + int.from_bytes(data[at + 8:at + 12], "big")


def partition_folder(world, partition):
    return pathlib.Path(world.stack.folder) / "data" / "kafka" / "log" / f"{world.topic(KIND)}-{partition}"


def cut_log(world, partition, offset):
    """What an unclean election, or an older copy of the disk, does. Kafka must not run."""
    folder = partition_folder(world, partition)
    log = folder / "00000000000000000000.log"
    place = dict((first, at) for at, first in batches_of(log))[offset]
    os.truncate(log, place)
    for path in [*folder.glob("*.index"), *folder.glob("*.timeindex"), *folder.glob("*.snapshot")]:
        path.unlink()


def spoil_batch(world, partition, offset):
    """One bit of the batch that begins there, in the record behind the 61 bytes of its head."""
    log = partition_folder(world, partition) / "00000000000000000000.log"
    place = dict((first, at) for at, first in batches_of(log))[offset]
    with open(log, "r+b") as file:
        file.seek(place + 61 + 20)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 4]))


def produce_batches(world, partition, count):
    """count batches of ten events each, by a client that has no memory of what stands in the log."""
    client = confluent_kafka.Producer({"bootstrap.servers": world.stack.bootstrap, "linger.ms": 1000, "acks": "all"})
    for _ in range(count):
        for sent in events(world, 10):
            client.produce(world.topic(KIND), sent.value, sent.key, partition=partition)
        assert client.flush(30) == 0


CUT, CUT_AND_GROWN, SPOILED, SPOILED_AT_THE_END, WHOLE = range(5)


@pytest.mark.harms_servers
@pytest.mark.slow
def test_logs_that_were_cut_or_spoiled(world):
    """Kafka comes back with other logs than it had. Each partition stops for its own reason, the whole one goes on;
    what an operator accepts is accounted for, and all that Kafka still has is stored."""
    world.make_topic(KIND, partitions=5)
    for partition in range(5):
        produce_batches(world, partition, 5)
    world.settle_and_stop(world.consumer(KIND))
    produce_batches(world, SPOILED, 3)
    produce_batches(world, SPOILED_AT_THE_END, 1)
    world.stack.kafka("stop")
    cut_log(world, CUT, 30)
    cut_log(world, CUT_AND_GROWN, 30)
    spoil_batch(world, SPOILED, 60)
    spoil_batch(world, SPOILED_AT_THE_END, 50)
    world.stack.kafka("start")
    produce_batches(world, CUT, 1)
    produce_batches(world, CUT_AND_GROWN, 4)
    produce_batches(world, WHOLE, 1)

    daemon = world.consumer(KIND, **AT_ONCE)
    gaps = {partition: stopped(world, daemon, reason, partition) for partition, reason in (
        (CUT, "truncated"), (CUT_AND_GROWN, "log_truncation"), (SPOILED, "corrupt"), (SPOILED_AT_THE_END, "corrupt"))}
    assert {partition: tuple(place) for partition, (_, *place) in gaps.items()} == {
        CUT: (0, 50), CUT_AND_GROWN: (0, 50), SPOILED: (60, 70), SPOILED_AT_THE_END: (50, None)}
    wait_for(lambda: world.progress(KIND) == {CUT: 50, CUT_AND_GROWN: 50, SPOILED: 60, SPOILED_AT_THE_END: 50, WHOLE: 60},
             30, lambda: f"the whole one goes on, and what is before the batch is stored\n{daemon.output()}")
    accounted(world)

    refused = world.ctl("gap accept", gaps[SPOILED_AT_THE_END][0], "--reason", "x")
    assert refused.returncode == 64 and "--to" in refused.stderr
    produce_batches(world, SPOILED_AT_THE_END, 1)
    wait_for(lambda: world.sql("select to_offset from bus.gap where gap_id = %s", gaps[SPOILED_AT_THE_END][0]) == [(60,)],
             30, "it is seen where reading can go on")
    for gap, *_ in gaps.values():
        accept(world, gap)
    wait_for(lambda: world.rows(KIND) == 5 * 50 + 10 + 40 + 20 + 10 + 10, 30,
             lambda: f"all that Kafka has is stored\n{daemon.output()}")
    daemon.stop()
    assert world.sql("select partition, incarnation, from_offset, next_offset from bus.source join bus.progress "
                     "using (source_id) order by 1, 2") == [
        (CUT, 0, 0, 50), (CUT, 1, 0, 40), (CUT_AND_GROWN, 0, 0, 50), (CUT_AND_GROWN, 1, 0, 70), (SPOILED, 0, 0, 80),
        (SPOILED_AT_THE_END, 0, 0, 70), (WHOLE, 0, 0, 60)]
    assert world.sql("select sum(duplicate), sum(gap) from bus.batch") == [(60, 20)]
    assert world.sql("select count(*) from bus.gap where accepted_at is null") == [(0,)]
    accounted(world)


# ---- the operator ----

def gap_at_the_start(world):
    """A gap of five offsets before the first of five, found by a daemon that was stopped since."""
    world.make_topic(KIND)
    world.produce(events(world, 10), 0)
    delete_before(world, 5)
    daemon = world.consumer(KIND, wait=False)
    gap, *_ = stopped(world, daemon, "before_first_start")
    daemon.stop()
    return gap


def test_what_accepting_answers(world):
    gap = gap_at_the_start(world)
    listed, = json.loads(world.ctl("gap list", "--json").stdout)
    assert (listed["gap"], listed["reason"], listed["offsets"], listed["accepted_by"]) == (gap, "before_first_start", 5, None)
    assert listed["found_s"] >= 0 and "5 offsets are given up" in listed["accepting"]
    text = world.ctl("gap list").stdout
    assert "before_first_start" in text and "reading goes on at offset 5" in text

    for code, number, *more in ((65, gap + 1, "--reason=x"), (64, gap), (64, gap, "--reason="), (64, "x", "--reason=x"),
                                (64, gap, "--reason=x", "--to=7"), (64, gap, gap, "--reason=x")):
        done = world.ctl("gap accept", number, *more)
        assert (done.returncode, bool(done.stderr)) == (code, True), (number, more, done.stderr)
    assert world.sql("select accepted_at from bus.gap") == [(None,)] and world.progress(KIND) == {0: 0}

    accept(world, gap)
    again = world.ctl("gap accept", gap, "--reason=x")
    assert again.returncode == 65 and "Li Wei" in again.stderr and "the disk was lost" in again.stderr
    assert world.ctl("gap list").stdout == "no open gap\n"
    told, = json.loads(world.ctl("gap list", "--all", "--json").stdout)
    assert (told["accepted_by"], told["accept_reason"], told["offsets"]) == ("Li Wei", "the disk was lost", 5)
    accounted(world)


def test_an_operator_was_faster_than_the_daemon(world):
    """What a daemon saw before the gap was accepted does not become another one."""
    gap = gap_at_the_start(world)
    again = world.consumer(KIND, build="points", point="before_gap:1:hold", wait=False, **AT_ONCE)
    again.wait_point()
    accept(world, gap)
    again.release()
    world.settle_and_stop(again)
    assert world.sql("select count(*) from bus.gap") == [(1,)]
    accounted(world)


def test_two_operators(world):
    """One accepts, the other is told."""
    gap = gap_at_the_start(world)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda actor: world.ctl("gap accept", gap, "--reason=x", f"--actor={actor}"), "ab"))
    assert sorted(one.returncode for one in done) == [0, 65]
    assert "was accepted already" in "".join(one.stderr for one in done)
    assert world.sql("select outcomes from bus.batch") == [("g5",)]
    accounted(world)


def test_nobody_changes_an_accepted_gap(world):
    """Nor does a daemon accept one."""
    gap = gap_at_the_start(world)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.sql("update bus.gap set accepted_at = now(), accepted_by = 'x'", user="gridloop_ingest")
    accept(world, gap)
    for statement in ("update bus.gap set accept_reason = 'x'", "delete from bus.gap", "truncate bus.gap"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.sql(statement)
