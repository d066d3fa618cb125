"""SIGHUP: a running daemon reads its file again; what may change does, what may not is named, a broken file changes nothing."""
import os
import signal
import subprocess

import pytest

from checker import check_all
from daemon import environment
from events import KINDS, to_json
from waiting import wait_for
from world import good, json_lines

KIND = "drone_alert"


@pytest.fixture
def file(world):
    return world.folder / "gridloop.conf"


def hang_up(daemon, file, content):
    """A new file, and the signal. Written beside it and moved, as one does while somebody may read."""
    beside = file.with_suffix(".new")
    beside.write_text(content)
    beside.replace(file)
    daemon.process.send_signal(signal.SIGHUP)


def produce(world, count=10):
    rng = world.rng()
    world.produce(good(KIND, KINDS[KIND].fresh(rng)) for _ in range(count))


def test_what_may_change_changes(world, file):
    """A batch that would wait for a minute no longer waits; and the log has lines that it had not."""
    world.make_topic(KIND)
    file.write_text("log_level = info\nlinger_ms = 60000\n")
    daemon = world.consumer(KIND, config=file)
    hang_up(daemon, file, "# a new one\nlog_level = debug\nlinger_ms = 0\nlock_timeout_ms = 3000\n")
    daemon.wait_log("setting changed", count=3)
    assert {line["name"] for line in daemon.log("setting changed")} == {"log_level", "linger_ms", "lock_timeout_ms"}
    assert not daemon.log("setting needs a restart")
    produce(world)
    wait_for(lambda: world.rows(KIND) == 10, 30, "the events are stored without waiting for others")
    world.settle_and_stop(daemon)
    check_all(world)


def test_a_broken_file_changes_nothing(world, file):
    world.make_topic(KIND)
    file.write_text("linger_ms = 0\n")
    daemon = world.consumer(KIND, config=file)
    for number, (content, line, word) in enumerate([
            ("log_level = debug\nlinger_ms = soon\n", 2, "whole number"), ("log_levle = debug\n", 1, "log_level"),
            ("\n\nkafka.acks = 1\n", 3, "guarantee"), ("database_password_file = /no/such\n", 1, "/no/such"),
            ("lock_timeout_ms = 100000\n", 1, "statement_timeout_ms")], 1):
        hang_up(daemon, file, content)
        said = daemon.wait_log("settings not read again, the old ones stay in force", count=number)["error"]
        assert f"gridloop.conf:{line}: " in said and word in said
    file.unlink()
    daemon.process.send_signal(signal.SIGHUP)
    assert str(file) in daemon.wait_log("settings not read again, the old ones stay in force", count=6)["error"]
    assert not daemon.log("setting changed")
    produce(world)
    wait_for(lambda: world.rows(KIND) == 10, 30, "the events are stored as before")
    hang_up(daemon, file, "linger_ms = 1\n")
    assert daemon.wait_log("setting changed")["name"] == "linger_ms"
    world.settle_and_stop(daemon)
    check_all(world)


def test_what_needs_a_restart_is_named(world, file):
    world.make_topic(KIND)
    file.write_text(f"database_url = {world.ingest_url}\nkafka.client.id = a\n")
    daemon = world.consumer(KIND, config=file, database_url=None)
    hang_up(daemon, file, "database_url = postgresql://nobody@127.0.0.1:1/nowhere\nbatch_rows = 5\nkafka.client.id = b\n"
                          "linger_ms = 3\nkafka.fetch.wait.max.ms = 100\n")
    daemon.wait_log("setting needs a restart", count=4)
    named = [line.get("name") or "kafka." + line["kafka_property"] for line in daemon.log("setting needs a restart")]
    assert sorted(named) == ["batch_rows", "database_url", "kafka.client.id", "kafka.fetch.wait.max.ms"]
    assert [line["name"] for line in daemon.log("setting changed")] == ["linger_ms"]
    assert "nowhere" not in daemon.output()
    produce(world)
    world.settle_and_stop(daemon)
    check_all(world)


def test_many_signals(world, file):
    """While it stores: every event once, whatever comes in between."""
    world.make_topic(KIND, partitions=3)
    file.write_text("linger_ms = 1\n")
    daemon = world.consumer(KIND, config=file)
    rng = world.rng()
    for number in range(50):
        hang_up(daemon, file, f"linger_ms = {number % 7}\nbatch_bytes = {1000 + number}\n")
        world.produce(good(KIND, KINDS[KIND].fresh(rng)) for _ in range(100))
    world.settle_and_stop(daemon)
    assert daemon.log("setting changed")
    check_all(world)


def test_dispatch(world, file):
    world.make_topic("dispatch_order")
    file.write_text("tick_s = 10\n")
    daemon = world.dispatch(config=file)
    hang_up(daemon, file, "tick_s = 1\nremind_before = 0.5\nbatch_orders = 7\n")
    assert daemon.wait_log("setting needs a restart")["name"] == "batch_orders"
    daemon.wait_log("setting changed", count=2)
    assert {line["name"] for line in daemon.log("setting changed")} == {"tick_s", "remind_before"}
    hang_up(daemon, file, "tick_s = never\n")
    assert "gridloop.conf:1: tick_s" in daemon.wait_log("settings not read again, the old ones stay in force")["error"]
    daemon.stop()


def test_a_producer_that_follows(world, file):
    """And one that does not ends with its terminal, as before."""
    world.make_topic(KIND)
    lines, spool, log = world.folder / "lines", world.folder / "spool", world.folder / "producer.log"
    rng = world.rng()
    lines.write_bytes(json_lines([to_json(KINDS[KIND], KINDS[KIND].fresh(rng))]))
    file.write_text("receipts = line\n")
    with open(log, "wb") as out:
        process = subprocess.Popen([world.stack.program("gridloop-produce-drone-alert"), f"--spool={spool}", f"--config={file}",
                                    f"--namespace={world.namespace}", "--follow", lines],
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment(world.stack))
    try:
        wait_for(lambda: b"\n1 " in b"\n" + log.read_bytes(), 30, "the first line has its receipt")
        file.write_text("receipts = none\n")
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: b'"setting changed"' in log.read_bytes(), 30, "the setting has changed")
        with open(lines, "ab") as more:
            more.write(json_lines([to_json(KINDS[KIND], KINDS[KIND].fresh(rng))]))
        wait_for(lambda: len(world.read_topic(KIND)[0]) == 2, 60, "both events are in Kafka")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    assert not [line for line in log.read_bytes().splitlines() if line.startswith(b"2 ")]

    read, write = os.pipe()
    process = subprocess.Popen([world.stack.program("gridloop-produce-drone-alert"), f"--spool={spool}2", f"--config={file}",
                                f"--namespace={world.namespace}"], stdin=read, stderr=subprocess.DEVNULL, env=environment(world.stack),
                               preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))  # the tests may run under nohup
    os.close(read)
    process.send_signal(signal.SIGHUP)
    assert process.wait(30) == -signal.SIGHUP
    os.close(write)
