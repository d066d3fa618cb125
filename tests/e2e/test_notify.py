"""What daemons tell a service manager, heard on a socket as systemd has one."""
import secrets
import signal
import socket
import subprocess
import threading

import pytest

from daemon import environment
from events import KINDS, to_json
from waiting import wait_for
from world import good, json_lines

KIND = "drone_alert"
NOWHERE = "postgresql://gridloop_ingest@127.0.0.1:1/nowhere"


class Manager(threading.Thread):
    """heard: the messages so far, without those of the watchdog, which are counted. It listens all the time: the kernel
    keeps no more than a dozen messages, and what comes then is not waited for."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name)
        self.heard, self.turns = [], 0
        self.start()

    def run(self):
        while message := self.socket.recv(1000).decode():
            if message == "WATCHDOG=1":
                self.turns += 1
            else:
                self.heard.append(message.split("\n")[0])

    def close(self):
        """Ends its listening."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", self.socket.getsockname())
        self.join()
        self.socket.close()

    def wait(self, *messages):
        wait_for(lambda: self.heard == list(messages), 30, lambda: f"heard {self.heard}, not {messages}")

    def wait_turns(self, count):
        wait_for(lambda: self.turns >= count, 30, lambda: f"the loop turns {count} times: {self.turns}")


@pytest.fixture
def manager(monkeypatch):
    name = "gridloop-test-" + secrets.token_hex(8)
    monkeypatch.setenv("NOTIFY_SOCKET", "@" + name)
    monkeypatch.setenv("WATCHDOG_USEC", "300000")
    manager = Manager(name)
    yield manager
    manager.close()


def test_a_consumer(world, manager):
    world.make_topic(KIND, partitions=2)
    daemon = world.consumer(KIND)
    manager.wait("READY=1")
    manager.wait_turns(5)
    daemon.process.send_signal(signal.SIGHUP)
    manager.wait("READY=1", "RELOADING=1", "READY=1")
    rng = world.rng()
    world.produce(good(KIND, KINDS[KIND].fresh(rng)) for _ in range(10))
    world.settle_and_stop(daemon)
    manager.wait("READY=1", "RELOADING=1", "READY=1", "STOPPING=1")


def test_one_that_has_nothing_to_read_is_ready_too(world, manager):
    """It takes over when another leaves: a manager that waited for it would wait for ever."""
    world.make_topic(KIND)
    world.consumer(KIND)
    manager.wait("READY=1")
    spare = world.consumer(KIND, wait=False)
    manager.wait("READY=1", "READY=1")
    assert spare.claimed() <= 0 or spare.is_running()


def test_one_that_waits_for_postgresql_lives_and_is_not_ready(world, manager):
    world.make_topic(KIND)
    daemon = world.consumer(KIND, wait=False, database_url=NOWHERE)
    daemon.wait_log("will try again", count=2)
    manager.wait_turns(5)
    assert manager.heard == []
    daemon.stop()
    manager.wait("STOPPING=1")


def test_dispatch_leading_and_waiting(world, manager):
    world.make_topic("dispatch_order")
    leader = world.dispatch()
    manager.wait("READY=1")
    second = world.dispatch(wait=False)
    manager.wait("READY=1", "READY=1")
    manager.wait_turns(5)
    second.stop()
    leader.stop()
    manager.wait("READY=1", "READY=1", "STOPPING=1", "STOPPING=1")


def test_a_producer_that_follows(world, manager):
    world.make_topic(KIND)
    lines = world.folder / "lines"
    lines.write_bytes(json_lines([to_json(KINDS[KIND], KINDS[KIND].fresh(world.rng()))]))
    process = subprocess.Popen([world.stack.program("gridloop-produce-drone-alert"), f"--spool={world.folder / 'spool'}",
                                f"--namespace={world.namespace}", "--follow", lines],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env=environment(world.stack))
    try:
        manager.wait("READY=1")
        manager.wait_turns(5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        manager.wait("READY=1", "STOPPING=1")
    finally:
        process.kill()
        process.wait()


def test_a_command_says_nothing(world, manager):
    assert world.ctl("verify").returncode == 0
    assert manager.heard == [] and manager.turns == 0
