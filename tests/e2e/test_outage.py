"""Servers go away, refuse, or are full, while events are written all the time: consumers wait, lose nothing,
set nothing aside, and go on by themselves. Each fault has to be felt."""
import signal

import pytest

from checker import check_all
from outages import (KIND, Busy, connection_limit, during, end_sessions, kafka_away, locked, memory, postgres_away,
                     read_only, seeded, server_uid, small_disk, superuser, table_on)
from waiting import wait_for
from world import bad

# Where memory is looked at: small batches, and full ones from the beginning, so that a backlog is more of the same.
WARM = {"batch_rows": 500, "batch_bytes": 1 << 20, "queue_kbytes": 512, "warm_up": 4000}
SLACK = 6 << 20  # by which memory may differ between two looks at the same work


def lengths(short, long):
    """The same fault for a moment, and for as long as the issue asks."""
    return pytest.mark.parametrize("seconds", [short, pytest.param(long, marks=pytest.mark.long)])


# ---- PostgreSQL is away ----

@pytest.mark.harms_servers
@lengths(10, 60)
def test_postgres_away(world, seconds):
    """Nobody is told to leave, nothing is set aside, and what is waiting in Kafka does not wait in memory."""
    with Busy(world, seeded(world), per_second=600, padding=1200, **WARM) as busy:
        before = memory(busy.daemon)
        written = busy.load.count
        with postgres_away(world):
            busy.wait_complaint("onnecti", count=2)
            during(seconds, busy.still_member)
            wait_for(lambda: (busy.load.count - written) * 1200 > SLACK * seconds / 10, 60, "enough is waiting")
            # Its memory did not take up what came meanwhile ...
            assert memory(busy.daemon)["VmRSS"] <= before["VmHWM"] + SLACK
            backlog = busy.load.count - written
        complaints = busy.complaints()
        busy.wait_stored(backlog)
        after = memory(busy.daemon)
        busy.finish()
    assert any("refused" in error for error in complaints), complaints
    # ... nor did catching up, in which batches are as large as at the beginning.
    assert after["VmHWM"] <= before["VmHWM"] + SLACK, (before, after, backlog)
    print(f"memory {before} -> {after}, backlog {backlog} events")
    check_all(world)


@pytest.mark.harms_servers
@lengths(5, 20)
def test_postgres_read_only(world, seconds):
    """As when it has become a standby. A session that is there meets 25006; a new one is refused, for it may not
    write."""
    with Busy(world, seeded(world), **WARM) as busy:
        before = memory(busy.daemon)
        with read_only(world):
            busy.wait_complaint("25006")
            during(seconds / 2, busy.still_member)
            assert end_sessions(world) == 1
            busy.wait_complaint("read-only", count=len(busy.complaints("read-only")) + 2)
            during(seconds / 2, busy.still_member)
        busy.wait_stored(200)
        assert memory(busy.daemon)["VmRSS"] <= before["VmHWM"] + SLACK
        busy.finish()
    assert any("onnecting" in error and "read-only" in error for error in busy.complaints()), busy.complaints()
    check_all(world)


@pytest.mark.parametrize("table", [f"events.{KIND}", "bus.batch"])
def test_postgres_disk_full(world, table):
    """53100, then there is room again."""
    with small_disk(64, server_uid(world)) as disk, table_on(world, disk, table):
        with Busy(world, seeded(world), per_second=600, linger_ms=1, **WARM) as busy:
            before = memory(busy.daemon)
            disk.fill()
            busy.wait_complaint("53100", count=5, timeout=120)
            during(3, busy.still_member)
            stored = busy.stored()
            during(1)
            assert busy.stored() == stored, "the disk is not full"
            disk.empty()
            busy.wait_stored(500)
            assert memory(busy.daemon)["VmRSS"] <= before["VmHWM"] + SLACK
            busy.finish()
        check_all(world)


# ---- PostgreSQL refuses ----

def test_sessions_are_ended(world):
    """At random moments, under its hands."""
    rng = seeded(world)
    ended = 0
    with Busy(world, rng) as busy:
        for _ in range(12):
            busy.wait_stored(rng.randrange(1, 40))
            during(rng.uniform(0, 0.1))
            ended += wait_for(lambda: end_sessions(world), 30, "it has a session")
            busy.still_member()
        busy.finish()
    assert ended == 12
    lost = busy.complaints("57P01") + busy.complaints("connection lost")
    assert len(lost) >= 6, busy.complaints()  # a session may end while it has nothing to do
    check_all(world)


@pytest.mark.harms_servers
def test_too_many_connections(world):
    """53300: as long as there is no place for it, it waits."""
    with Busy(world, seeded(world)) as busy:
        with connection_limit(world, 0):
            assert end_sessions(world) == 1
            busy.wait_complaint("too many connections", count=3)
            during(2, busy.still_member)
        busy.finish()
    check_all(world)


def test_table_locked(world):
    """Somebody works on the table for longer than a statement may take (57014)."""
    with Busy(world, seeded(world), statement_timeout_ms=1000, lock_timeout_ms=500) as busy:
        with locked(world, f"lock table events.{KIND} in access exclusive mode"):
            busy.wait_complaint("57014", count=2)
            during(1, busy.still_member)
        busy.finish()
    check_all(world)


def test_progress_locked(world):
    """Somebody who is not a former owner holds what a claim has to write (55P03): it is not ended, but waited for."""
    with Busy(world, seeded(world), lock_timeout_ms=200) as busy:
        with locked(world, "select from bus.progress for update"):
            end_sessions(world)
            busy.wait_complaint("55P03", count=2)
            during(1, busy.still_member)
        busy.finish()
    check_all(world)


@pytest.mark.long
def test_table_locked_for_long(world):
    """Longer than any lock is waited for (55P03), with nothing set otherwise."""
    with Busy(world, seeded(world)) as busy:
        with locked(world, f"lock table events.{KIND} in access exclusive mode"):
            busy.wait_complaint("55P03", count=1, timeout=90)
            during(5, busy.still_member)
        busy.finish()
    check_all(world)


@pytest.mark.parametrize("table", ["bus.dead_letter", f"events.{KIND}", "bus.batch"])
def test_privilege_revoked(world, table):
    """42501 does not pass by itself: it says so and ends, with nothing skipped. Granted again, the next one goes on."""
    with Busy(world, seeded(world)) as busy:
        superuser(world, f"revoke insert on {table} from gridloop_ingest", database=world.database)
        letter, = world.produce([bad(KIND, b"no event", "envelope", "short", "schema_unknown")])
        busy.daemon.may_fail()
        assert busy.daemon.wait_exit(60) == 77
        reason = busy.daemon.log("cannot go on")[-1]["error"]
        assert "42501" in reason and table.split(".")[1] in reason, reason
        assert world.progress(KIND).get(letter.partition, 0) <= letter.offset
        busy.load.wait_more(100)
        busy.load.stop()
    superuser(world, f"grant insert on {table} to gridloop_ingest", database=world.database)
    world.settle_and_stop(world.consumer(KIND))
    assert world.sql("select count(*) from bus.dead_letter") == [(1,)]
    check_all(world)


# ---- Kafka is away ----

def refused(daemon):
    """Connections to Kafka that were refused, as its client tells them; now and then, not each."""
    return [line for line in daemon.log("librdkafka") if "refused" in line["text"]]


@pytest.mark.harms_servers
@pytest.mark.parametrize("how, seconds", [("stop", 5), pytest.param("kill", 5, marks=pytest.mark.long),
                                          pytest.param("stop", 60, marks=pytest.mark.long)])
def test_kafka_away(world, how, seconds):
    with Busy(world, seeded(world), **WARM) as busy:
        before = memory(busy.daemon)
        with kafka_away(world, how):
            wait_for(lambda: refused(busy.daemon), 60, lambda: f"it is felt: {busy.daemon.output()}")

            def lives():
                assert busy.daemon.is_running(), busy.daemon.output()
            during(seconds, lives)
        busy.wait_stored(300, timeout=180)
        assert memory(busy.daemon)["VmRSS"] <= before["VmHWM"] + SLACK
        busy.load.stop()
        world.settle(KIND, timeout=180)
        busy.daemon.stop()
    assert not busy.daemon.log("cannot go on")
    assert world.sql("select count(*) from bus.dead_letter") == [(0,)]
    check_all(world)


# ---- asked to stop ----

def test_stopped_under_load(world):
    """Whatever it is doing: it ends with 0, what it did is whole, and the next one goes on there."""
    rng = seeded(world)
    with Busy(world, rng, per_second=600) as busy:
        daemon = busy.daemon
        for _ in range(4):
            during(rng.uniform(0, 0.5))
            daemon.stop()
            assert daemon.log("stopped")
            assert world.high(KIND) != world.progress(KIND), "there was nothing left to do"
            counted, = world.sql("select (select sum(next_offset) from bus.progress), (select sum(stored + duplicate) "
                                 f"from bus.batch), (select sum(stored) from bus.batch), (select count(*) from "
                                 f"events.{KIND})")
            assert counted[0] == counted[1] and counted[2] == counted[3], counted
            daemon = world.consumer(KIND)
            busy.wait_stored(100)
        busy.load.stop()
        world.settle_and_stop(daemon)
    check_all(world)


@pytest.mark.harms_servers
def test_stopped_while_postgres_is_away(world):
    with Busy(world, seeded(world), stop_timeout_s=5) as busy:
        with postgres_away(world):
            busy.wait_complaint("refused", count=2)
            busy.daemon.process.send_signal(signal.SIGTERM)
            assert busy.daemon.wait_exit(60) in (0, 75), busy.daemon.output()
        daemon = world.consumer(KIND)
        busy.wait_stored(300)
        busy.load.stop()
        world.settle_and_stop(daemon)
    check_all(world)


def test_stopped_while_it_waits_for_a_lock(world):
    """PostgreSQL does not answer: after stop_timeout_s it leaves without the answer, with 75."""
    with Busy(world, seeded(world), stop_timeout_s=2) as busy:
        with locked(world, f"lock table events.{KIND} in access exclusive mode"):
            wait_for(lambda: superuser(world, "select pid from pg_stat_activity where usename = 'gridloop_ingest' and "
                                              "datname = %s and wait_event_type = 'Lock'", world.database), 60,
                     "it waits for the lock")
            busy.daemon.process.send_signal(signal.SIGTERM)
            assert busy.daemon.wait_exit(60) == 75, busy.daemon.output()
        daemon = world.consumer(KIND)
        busy.wait_stored(300)
        busy.load.stop()
        world.settle_and_stop(daemon)
    check_all(world)
