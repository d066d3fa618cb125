"""What a daemon tells to who asks over HTTP: whether it lives, whether it is ready, what it counts."""
import pathlib
import socket
import subprocess
import time

import confluent_kafka
import pytest

from checker import check_all
from events import KINDS, to_json
from producer import produce
from prometheus import check_metrics
from waiting import wait_for
from world import bad, good, json_lines

KIND = "patrol_log"
OF = KINDS[KIND]


def fresh(world, rng, count, partition=None):
    return world.produce([good(KIND, OF.fresh(rng)) for _ in range(count)], partition)


# ---- ready ----

def test_ready_and_what_is_counted(world):
    """Each outcome and each reason is counted once; what promtool thinks of it."""
    rng = world.rng()
    world.make_topic(KIND, 2)
    daemon = world.consumer(KIND)
    daemon.wait_ready()
    assert daemon.ask("/livez") == (200, "ok\n")
    sent = fresh(world, rng, 50)
    world.produce(sent[:10])
    world.produce([bad(KIND, OF.encode(OF.fresh(rng))[:-1], "short", "items", "trailing")] * 3 + [bad(KIND, None, "tombstone")])
    world.settle(KIND)
    wait_for(lambda: daemon.metrics()["gridloop_consumer_batch_events_sum"] == 64, 30, daemon.metrics)  # told last
    metrics = daemon.metrics()
    assert metrics['gridloop_consumer_events_total{outcome="stored"}'] == 50
    assert metrics['gridloop_consumer_events_total{outcome="duplicate"}'] == 10
    assert metrics['gridloop_consumer_events_total{outcome="absent"}'] == 0
    reasons = dict(world.sql("select reason, count(*) from bus.dead_letter group by 1"))
    assert reasons == {name.split('"')[1]: value for name, value in metrics.items()
                       if name.startswith("gridloop_consumer_dead_letters_total") and value}
    assert metrics["gridloop_consumer_batch_events_sum"] == 64
    assert metrics['gridloop_consumer_batch_events_bucket{le="+Inf"}'] == metrics["gridloop_consumer_batch_events_count"] \
        == metrics["gridloop_consumer_batch_duration_seconds_count"] > 0
    assert metrics["gridloop_consumer_partitions"] == metrics["gridloop_consumer_partitions_wanted"] == 2
    assert {name for name, value in metrics.items() if name.startswith("gridloop_ready") and value == 1} == {
        f'gridloop_ready{{condition="{name}"}}' for name in ("kafka", "database", "schema", "claimed", "gap", "breaker")}
    assert 1 << 20 < metrics["process_resident_memory_bytes"] <= 1024 * daemon.peak_resident_kbytes()
    check_metrics(daemon.ask("/metrics")[1])
    world.settle_and_stop(daemon)
    check_all(world)


def test_a_member_without_partitions_is_ready(world):
    world.make_topic(KIND, 1)
    first, second = world.consumer(KIND), world.consumer(KIND, wait=False)
    both = first, second

    def shared():
        return {daemon.metrics()["gridloop_consumer_partitions"] for daemon in both} == {0, 1}
    wait_for(lambda: shared() and not any(daemon.not_ready() for daemon in both), 60,
             lambda: [(daemon.not_ready(), daemon.metrics()) for daemon in both])
    for daemon in both:
        daemon.stop()


def test_without_a_topic(world):
    daemon = world.consumer(KIND, wait=False)
    wait_for(lambda: "setup" in daemon.not_ready().get("kafka", ""), 60, daemon.not_ready)
    world.make_topic(KIND, 1)
    daemon.wait_ready()
    daemon.stop()


@pytest.mark.harms_servers
def test_database_away_and_back(world):
    """Alive, not ready, says which part; and how old what is stored has become."""
    world.make_topic(KIND, 1)
    daemon = world.consumer(KIND)
    fresh(world, world.rng(), 10)
    world.settle(KIND)
    daemon.wait_ready()
    wait_for(lambda: daemon.metrics().get('gridloop_lag_seconds{partition="0"}') == 0, 30, daemon.metrics)
    world.stack.postgres("stop")
    fresh(world, world.rng(), 10)
    daemon.wait_ready("database", "claimed")
    assert daemon.ask("/livez")[0] == 200
    metrics = daemon.metrics()
    assert metrics['gridloop_ready{condition="database"}'] == 0 and metrics['gridloop_ready{condition="kafka"}'] == 1
    assert metrics['gridloop_lag_seconds{partition="0"}'] > 0
    assert sum(value for name, value in metrics.items() if name.startswith("gridloop_retries_total")) > 0
    world.stack.postgres("start")
    daemon.wait_ready()
    world.settle_and_stop(daemon)


@pytest.mark.harms_servers
def test_kafka_away_and_back(world):
    world.make_topic(KIND, 1)
    daemon = world.consumer(KIND, check_interval_ms=500)
    dispatch = world.dispatch()
    for one in daemon, dispatch:
        one.wait_ready()
    world.stack.kafka("stop")
    wait_for(lambda: "kafka" in daemon.not_ready(), 60, daemon.not_ready)
    assert daemon.ask("/livez")[0] == 200
    world.stack.kafka("start")
    daemon.wait_ready()
    for one in daemon, dispatch:
        one.stop()


def test_an_older_table(world):
    world.make_topic(KIND, 1)
    world.sql("alter table events.patrol_log rename column wires_fixed to wires")
    daemon = world.consumer(KIND, wait=False)
    wait_for(lambda: "setup" in daemon.not_ready().get("schema", ""), 60, daemon.not_ready)
    assert "database" not in daemon.not_ready()
    world.sql("alter table events.patrol_log rename column wires to wires_fixed")
    daemon.wait_ready()
    daemon.stop()


def test_a_gap(world):
    """Of one partition, by name; the other is read."""
    world.make_topic(KIND, 2)
    rng = world.rng()
    for partition in 0, 1:
        fresh(world, rng, 10, partition)
    place = confluent_kafka.TopicPartition(world.topic(KIND), 1, 5)
    assert world.stack.admin.delete_records([place])[place].result(30).low_watermark == 5
    daemon = world.consumer(KIND, check_interval_ms=300)
    daemon.wait_ready("gap")
    assert daemon.not_ready() == {"gap": "before_first_start"} and '"partition": 1' in daemon.ask("/readyz")[1]
    assert daemon.metrics()["gridloop_consumer_gaps_open"] == 1
    gap, = world.sql("select gap_id from bus.gap")
    assert world.ctl("gap accept", *gap, "--reason", "a test").returncode == 0
    daemon.wait_ready()
    assert daemon.metrics()["gridloop_consumer_gaps_open"] == 0
    daemon.stop()


def test_a_partition_that_is_paused(world):
    world.make_topic(KIND, 1)
    rng = world.rng()
    fresh(world, rng, 1)
    daemon = world.consumer(KIND, breaker_pause_s=1)
    world.settle(KIND)
    world.produce([bad(KIND, OF.encode(OF.fresh(rng))[:-1], "short", "items", "trailing") for _ in range(150)])
    daemon.wait_ready("breaker")
    assert "most of what came was set aside" in daemon.not_ready()["breaker"]
    assert daemon.metrics()["gridloop_consumer_partitions_paused"] == 1
    fresh(world, rng, 300)
    daemon.wait_ready()
    world.settle_and_stop(daemon)


# ---- how far behind ----

def test_lag(world):
    """As long as a batch cannot be stored, what waits and how old it is; none once it is."""
    world.make_topic(KIND, 1)
    rng = world.rng()
    before = time.time()
    fresh(world, rng, 20)
    daemon = world.consumer(KIND)
    world.settle(KIND)
    lag, age, last = (f'{name}{{partition="0"}}' for name in (
        "gridloop_lag_messages", "gridloop_lag_seconds", "gridloop_last_message_timestamp_seconds"))
    wait_for(lambda: daemon.metrics().get(lag) == 0, 30, daemon.metrics)
    assert before - 1 < daemon.metrics()[last] < time.time() and daemon.metrics()[age] == 0
    daemon.stop()
    fresh(world, rng, 70)
    slow = world.consumer(KIND, batch_rows=7, build="points", point="before_commit:3:hold")
    slow.wait_point()
    wait_for(lambda: slow.metrics()[age] > 0, 30, slow.metrics)
    metrics = slow.metrics()
    assert metrics[lag] in (56, 63, 70) and metrics[age] < time.time() - before + 1
    slow.release()
    world.settle(KIND)
    wait_for(lambda: slow.metrics()[lag] == slow.metrics()[age] == 0, 30, slow.metrics)
    slow.stop()


# ---- alive ----

def test_a_loop_that_hangs(world):
    """/livez says so after its limit; /readyz, which asks for something else, still answers."""
    world.make_topic(KIND, 1)
    daemon = world.consumer(KIND, build="points", point="before_commit:1:hold", live_limit_s=1)
    daemon.wait_ready()
    wait_for(lambda: daemon.ask("/livez")[0] == 200, 30, "its loop turns")
    fresh(world, world.rng(), 5)
    daemon.wait_point()
    wait_for(lambda: daemon.ask("/livez")[0] == 503, 30, "the loop is seen to hang")
    assert "has not turned" in daemon.ask("/livez")[1] and daemon.metrics()["gridloop_loop_turned_seconds"] > 1
    daemon.release()
    wait_for(lambda: daemon.ask("/livez")[0] == 200, 30, "the loop is seen to turn")
    world.settle_and_stop(daemon)


# ---- the server ----

def test_addresses(world):
    world.make_topic(KIND, 1)
    silent = world.consumer(KIND, http_listen="none")
    assert not silent.log("answering")
    daemon = world.consumer(KIND, http_listen="[::1]:0", wait=False)
    assert daemon.ask("/livez")[0] == 200 and daemon.log("answering")[0]["http"].startswith("[::1]:")
    taken = daemon.log("answering")[0]["http"]
    for listen, code, reason in ((taken, 69, "in use"), ("9464", 78, "HOST:PORT"), ("nowhere.invalid:1", 78, "nowhere.invalid"),
                                 ("::1:80", 78, "HOST:PORT")):
        done = world.run("gridloop-consume-patrol-log", f"--http-listen={listen}", f"--database-url={world.ingest_url}")
        assert done.returncode == code and reason in done.stderr.decode(), done
    for one in silent, daemon:
        one.stop()


def test_what_is_not_answered(world):
    world.make_topic(KIND, 1)
    daemon = world.consumer(KIND)
    host, port = daemon.log("answering")[0]["http"].split(":")
    assert daemon.ask("/")[0] == 404 and daemon.ask("/livez?x=1")[0] == 200
    for head, status in ((b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", b" 405 "),
                         (b"HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n", b" 200 "),
                         (b"GET /livez HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20000 + b"\r\n\r\n", b" 431 ")):
        with socket.create_connection((host, int(port)), 10) as client:
            client.sendall(head)
            assert status in client.recv(100), head[:20]
    daemon.stop()


def test_silent_clients_hurt_nobody(world):
    """More of them than there are connections: events are stored meanwhile, and later others are answered again."""
    world.make_topic(KIND, 1)
    daemon = world.consumer(KIND)
    host, port = daemon.log("answering")[0]["http"].split(":")
    clients = [socket.create_connection((host, int(port)), 60) for _ in range(40)]
    for client in clients:
        client.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
    fresh(world, world.rng(), 100)
    world.settle(KIND)

    def answers():
        try:
            return daemon.ask("/livez")[0] == 200
        except OSError:
            return False
    wait_for(answers, 60, "the silent ones were cut off")
    for client in clients:
        client.close()
    print("peak of resident memory, KiB:", daemon.peak_resident_kbytes())
    assert daemon.peak_resident_kbytes() < 64 << 10
    world.settle_and_stop(daemon)


# ---- dispatch ----

def test_dispatch(world):
    """The leader and one that waits are both ready; who leads counts."""
    world.setup()
    leader = world.dispatch(heartbeat_s=1)
    other = world.dispatch(wait=False)
    other.wait_log("another instance leads; waiting")
    for daemon in leader, other:
        daemon.wait_ready()
        check_metrics(daemon.ask("/metrics")[1])
    wait_for(lambda: leader.metrics()["gridloop_dispatch_heartbeats_sent_total"] >= 6 * len(KINDS), 60, leader.metrics)
    assert leader.metrics()["gridloop_dispatch_leader"] == 1 and leader.metrics()["gridloop_dispatch_outbox_waiting"] == 0
    assert other.metrics()["gridloop_dispatch_leader"] == 0 and "gridloop_dispatch_outbox_waiting" not in other.metrics()
    leader.kill()
    other.wait_log("leading", timeout=90)
    wait_for(lambda: other.metrics()["gridloop_dispatch_leader"] == 1, 30, other.metrics)
    other.stop()


# ---- producers ----

def test_a_producer_that_follows(world):
    """Without a topic nothing leaves the spool, and then nothing more gets into it; with one all is well again."""
    rng, file = world.rng(), world.folder / "device.jsonl"
    line = json_lines([to_json(OF, OF.fresh(rng))])
    file.write_bytes(b"no event\n" + line)
    daemon = world.follower(KIND, file, spool_max_bytes=1 << 20)
    lines, stalled = 'gridloop_producer_lines_total{{outcome="{}"}}'.format, "gridloop_producer_spool_stalled_seconds"
    daemon.wait_ready("delivery")
    assert "topic" in daemon.not_ready()["delivery"] and daemon.ask("/livez") == (200, "ok\n")
    wait_for(lambda: daemon.metrics()[stalled] > 1, 60, daemon.metrics)
    metrics = daemon.metrics()
    assert metrics[lines("accepted")] == metrics[lines("refused")] == 1 and metrics["gridloop_producer_delivered_total"] == 0
    assert 0 < metrics["gridloop_producer_spool_bytes"] < metrics["gridloop_producer_spool_limit_bytes"] == 1 << 20
    check_metrics(daemon.ask("/metrics")[1])
    more = [to_json(OF, OF.fresh(rng)) for _ in range(6000)]
    with open(file, "ab") as out:
        out.write(json_lines(more))
    daemon.wait_ready("delivery", "spool")
    assert "full" in daemon.not_ready()["spool"]
    metrics = daemon.metrics()
    assert 1 < metrics[lines("accepted")] < 1 + len(more)
    assert metrics["gridloop_producer_spool_bytes"] >= metrics["gridloop_producer_spool_limit_bytes"]
    world.make_topic(KIND, 1)
    wait_for(lambda: daemon.metrics()["gridloop_producer_delivered_total"] == 1 + len(more), 120, daemon.metrics)
    daemon.wait_ready()
    assert daemon.metrics()[stalled] == 0 and daemon.metrics()[lines("accepted")] == 1 + len(more)
    daemon.process.terminate()
    assert daemon.wait_exit() == 65  # one line was refused


def test_a_producer_that_hangs(world):
    world.make_topic(KIND, 1)
    file = world.folder / "device.jsonl"
    file.write_bytes(json_lines([to_json(OF, OF.fresh(world.rng()))]))
    daemon = world.follower(KIND, file, build="points", point="producer_before_commit:1:hold", live_limit_s=1)
    daemon.wait_point()
    wait_for(lambda: daemon.ask("/livez")[0] == 503, 30, "the loop is seen to hang")
    daemon.release()
    wait_for(lambda: daemon.ask("/livez")[0] == 200, 30, "the loop is seen to turn")
    daemon.stop()


def test_a_run_of_a_producer_answers_nobody(world):
    """One that ends by itself, and of two that follow at one address the second."""
    world.make_topic(KIND, 1)
    file = world.folder / "device.jsonl"
    file.write_bytes(json_lines([to_json(OF, OF.fresh(world.rng()))]))
    assert "answering" not in produce(world, KIND, b"", file).said
    daemon = world.follower(KIND, file)
    taken = daemon.wait_log("answering")["http"]
    refused = produce(world, KIND, b"", file, spool=world.folder / "other.spool", follow="true", http_listen=taken)
    assert refused.code == 69 and "in use" in refused.said and not (world.folder / "other.spool").exists()
    daemon.stop()


# ---- the reference page ----

def test_metrics_page(world):
    """docs/reference/metrics.md is what `./dev docs` writes."""
    page = pathlib.Path(__file__).parents[2] / "docs/reference/metrics.md"
    done = subprocess.run([world.stack.program("gridloopctl"), "metrics"], capture_output=True, text=True, check=True)
    assert page.read_text("utf-8") == done.stdout, "run ./dev docs"
