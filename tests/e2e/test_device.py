"""Producers are killed, their disk and Kafka fail: every line with a receipt is stored exactly once, every line
without one is taken by the next run, and no line is taken twice."""
import os
import shutil
import signal
import sqlite3

import pytest

from checker import check_all
from outages import KIND, NOWHERE, Device, Lines, during, kafka_away, seeded, small_disk
from waiting import wait_for

GROUP = 100  # lines of a group in most of these tests


@pytest.fixture
def devices():
    """Ends what a test may have left running."""
    started = []
    yield started
    for device in started:
        device.end()


@pytest.fixture
def device(world, devices):
    def make(*files, **options):
        options = {"group_rows": GROUP, "deliver_timeout": 120} | options
        devices.append(Device(world, KIND, *files, **options))
        return devices[-1]
    return make


# ---- what has to be so in the end ----

def check_stored(world, patrol_ids):
    """Each line is one row, and there are no others. Returns patrol_id -> event_id."""
    daemon = world.consumer(KIND)
    world.settle(KIND, timeout=240)
    daemon.stop()
    check_all(world)
    rows = world.sql(f"select patrol_id::text, event_id::text from events.{KIND}")
    stored = dict(rows)
    assert len(stored) == len(rows), f"{len(rows) - len(stored)} lines were taken twice"
    assert stored.keys() == set(patrol_ids)
    return stored


def check_receipts(device, patrol_ids, stored, group=GROUP, kills=0):
    """The receipts of a file go through it without a repeat, with no hole but one group's for each kill, and name
    the event that became of the line. Returns the number of lines without a receipt."""
    last = last_run = 0
    holes = []
    for run, number, event_id in device.receipts():
        assert stored[patrol_ids[number - 1]] == event_id, number
        assert number > last, f"run {run} tells line {number} after {last}"
        if number > last + 1:
            assert run > last_run, f"run {run} leaves out lines {last + 1} to {number - 1}"
            holes.append(number - last - 1)
        last, last_run = number, run
    holes += [len(patrol_ids) - last] if last < len(patrol_ids) else []
    assert len(holes) <= kills and all(hole <= group for hole in holes), holes
    return sum(holes)


def check_device(world, device, patrol_ids, kills=0, group=GROUP):
    return check_receipts(device, patrol_ids, check_stored(world, patrol_ids), group, kills)


# ---- killed while it reads a file ----

@pytest.mark.harms_servers
@pytest.mark.parametrize("lines, kills", [(20_000, 20), pytest.param(100_000, 20, marks=pytest.mark.long)])
def test_killed_at_random(world, device, lines, kills):
    """And Kafka is away for some of the runs."""
    rng = seeded(world)
    world.make_topic(KIND, partitions=3)
    file = world.folder / "lines.jsonl"
    patrol_ids = Lines(rng).write(file, lines)
    killed = device(file, when_full="block")

    def kill_some(count, left):
        for number in range(count, 0, -1):
            killed.start()
            room = (int(left * lines) - killed.told()) // number  # so that there always is something left to read
            killed.wait_told(killed.told() + rng.randrange(1, max(2, room)))
            killed.kill()

    kill_some(kills // 3, 0.3)
    with kafka_away(world, "kill"):
        kill_some(kills // 3, 0.6)
        assert killed.run(deliver_timeout=0, files=[]) == 75
        assert "spooled, the next run sends them" in killed.said()
    assert "refused" in killed.said_in_all_runs()
    kill_some(kills - kills // 3 * 2, 0.9)
    assert killed.run() == 0, killed.said()
    untold = check_device(world, killed, patrol_ids, kills)
    print(f"{untold} lines were taken without a receipt")


def test_killed_while_it_only_delivers(world, device):
    """What was accepted while Kafka was away goes out in several runs that are killed."""
    rng = seeded(world)
    world.make_topic(KIND, partitions=3)
    file = world.folder / "lines.jsonl"
    patrol_ids = Lines(rng).write(file, 10_000)
    killed = device(file)
    assert killed.run(deliver_timeout=0, **NOWHERE) == 75
    assert killed.told() == 10_000 and "10000 spooled, the next run sends them" in killed.said()
    kills = 0
    while kills < 10:
        high = sum(world.high(KIND).values())
        killed.start(**{"kafka.queue.buffering.max.messages": 200})
        wait_for(lambda: sum(world.high(KIND).values()) > high + rng.randrange(200) or not killed.is_running(), 60,
                 lambda: f"it sends: {killed.said()}", every=0.001)
        killed.process.kill()
        if killed.wait() != -signal.SIGKILL:  # it came to its end first
            break
        kills += 1
    assert kills >= 3
    assert killed.run() == 0, killed.said()
    assert check_device(world, killed, patrol_ids) == 0


@pytest.mark.parametrize("point, untold", [
    ("producer_before_commit", 0), ("producer_after_commit", GROUP), ("producer_after_receipts", 0),
    ("producer_after_persisted", 0), ("producer_after_delete", None)])
def test_killed_at_a_point(world, device, point, untold):
    """untold: lines that were taken without a receipt; None: some or none."""
    rng = seeded(world)
    world.make_topic(KIND)
    file = world.folder / "lines.jsonl"
    patrol_ids = Lines(rng).write(file, 2000)
    killed = device(file)
    # Kafka may acknowledge everything at once.
    crossing = 1 if "persisted" in point or "delete" in point else rng.randint(1, 15)
    reached = world.folder / "point"
    # A slow machine must not end a group by its age.
    assert killed.run(build="points", point=f"{point}:{crossing}:kill:{reached}", group_ms=60000) == -9, killed.said()
    assert (world.folder / "point.reached").exists()
    assert killed.run() == 0, killed.said()
    found = check_device(world, killed, patrol_ids, kills=1)
    if untold is not None:
        assert found == untold
    if point == "producer_after_persisted":
        # What Kafka had, and the spool did not know of, was sent once more.
        assert sum(world.high(KIND).values()) > 2000


# ---- the spool is full ----

def test_full_spool_blocks(world, device):
    """It stops reading and says so; killed or asked to end, it has taken no line without its receipt."""
    rng = seeded(world)
    world.make_topic(KIND, partitions=3)
    file = world.folder / "lines.jsonl"
    patrol_ids = Lines(rng, padding=500).write(file, 5000)
    full = device(file, spool_max_bytes=1 << 20, when_full="block")
    for _ in range(3):
        full.start(**NOWHERE)
        full.wait_said("the spool is full")
        told = full.told()
        during(0.3)
        assert full.told() == told < 5000 and full.is_running()
        assert full.spool.stat().st_size < 3 << 19
        full.kill()
    full.start(deliver_timeout=0, **NOWHERE)
    full.wait_said("the spool is full")
    assert full.stop() == 75
    assert "lines read and not accepted" in full.said() and "spooled, the next run sends them" in full.said()
    full.start()
    full.wait_told(told + rng.randrange(1, 1000))
    full.kill()
    assert full.run() == 0, full.said()
    check_device(world, full, patrol_ids, kills=1)  # the others were killed while nothing was taken


def test_full_spool_refuses(world, device):
    """What is not taken is in the rejects, and can be given again from there."""
    rng = seeded(world)
    world.make_topic(KIND, partitions=3)
    file, rejects = world.folder / "lines.jsonl", world.folder / "rejects"
    patrol_ids = Lines(rng, with_id=1, padding=500).write(file, 5000)
    full = device(file, spool_max_bytes=1 << 20, when_full="reject", rejects=rejects, deliver_timeout=0)
    full.start(**NOWHERE)
    full.wait_told(rng.randrange(1, 1000))
    full.end()
    assert full.run(**NOWHERE) == 75
    assert "because the spool is full" in full.said_in_all_runs()
    receipts = {event_id for _, _, event_id in full.receipts()}
    assert 500 < len(receipts) < 4500
    again = device(rejects, name="again", spool=full.spool)
    assert again.run() == 0, again.said()
    given = {event_id for _, _, event_id in again.receipts()}
    assert not given & receipts and len(given) >= 5000 - len(receipts) - GROUP
    stored = check_stored(world, patrol_ids)
    assert receipts | given <= set(stored.values())


def test_spool_disk_full(world, device):
    """It says what is wrong, loses nothing that it accepted, and goes on when there is room: on a larger disk, or
    because Kafka has taken what was spooled."""
    rng = seeded(world)
    world.make_topic(KIND, partitions=3)
    file = world.folder / "lines.jsonl"
    patrol_ids = Lines(rng, padding=1500).write(file, 5000)
    with small_disk(18) as disk:
        full = device(file, spool=disk.folder / "spool")
        for kills in range(2):
            full.start(**NOWHERE)
            full.wait_said("the disk is full")
            told = full.told()
            during(0.5)
            assert full.told() == told < 4000 and full.is_running()
            if kills == 0:
                full.kill()
        disk.grow(28)  # its log of changes, 4 MiB or less, goes into the file at once
        full.wait_told(told + GROUP)
        full.kill()
        assert full.run() == 0, full.said()
        check_device(world, full, patrol_ids, kills=1)  # the first was killed while nothing was taken


def test_others_fill_the_disk(world, device):
    """With no room for anybody, what was accepted is still sent; the rest is taken when there is room again."""
    rng = seeded(world)
    world.make_topic(KIND, partitions=3)
    file = world.folder / "lines.jsonl"
    lines = Lines(rng, padding=1500)
    patrol_ids = lines.write(file, 1500)
    with small_disk(40) as disk:
        full = device(file, spool=disk.folder / "spool")
        full.start(follow="true", **NOWHERE)
        full.wait_told(rng.randrange(1, 1500))
        disk.fill()
        rest = [lines.one() for _ in range(3500)]
        patrol_ids += [patrol_id for patrol_id, _, _ in rest]
        with open(file, "ab") as more:
            more.write(b"".join(line for _, _, line in rest))
        full.wait_said("the disk is full")
        assert full.told() < 5000 and full.is_running()
        full.kill()
        accepted = full.told()
        full.start()
        wait_for(lambda: sum(world.high(KIND).values()) >= accepted, 120,
                 lambda: f"what was accepted is sent: {accepted}, {world.high(KIND)}\n{full.said()}")
        disk.empty()
        assert full.wait() == 0, full.said()
        check_device(world, full, patrol_ids, kills=1)


@pytest.mark.parametrize("seconds", [0, 1.5])
def test_kafka_is_not_waited_for(world, device, seconds):
    """At the end of input, no longer than --deliver-timeout."""
    rng = seeded(world)
    world.make_topic(KIND)
    file = world.folder / "lines.jsonl"
    patrol_ids = Lines(rng).write(file, 250)
    away = device(file)
    assert away.run(deliver_timeout=seconds, **NOWHERE) == 75
    assert "250 spooled, the next run sends them" in away.said()
    assert sum(world.high(KIND).values()) == 0
    assert away.run(files=[]) == 0, away.said()
    assert check_device(world, away, patrol_ids) == 0


# ---- a file that is followed ----

class Log:
    """A file that grows, is rotated, and is copied and cut."""

    def __init__(self, rng, file):
        self.file, self._rng, self._lines = file, rng, Lines(rng)
        self.patrol_ids, self._old = [], 0
        file.touch()

    def write(self, count):
        """Lines come in pieces that are no lines."""
        made = [self._lines.one() for _ in range(count)]
        self.patrol_ids += [patrol_id for patrol_id, _, _ in made]
        self._append(b"".join(line for _, _, line in made))

    def marker(self):
        """One more line; returns its event_id."""
        patrol_id, event_id, line = self._lines.one(with_id=True)
        self.patrol_ids.append(patrol_id)
        self._append(line)
        return event_id

    def _append(self, data):
        cut = self._rng.randrange(len(data) + 1)
        with open(self.file, "ab", buffering=0) as file:
            file.write(data[:cut])
            during(self._rng.choice([0, 0.03]))
            file.write(data[cut:])

    def _other_name(self):
        self._old += 1
        return self.file.with_name(f"{self.file.name}.{self._old}")

    def rotate(self):
        self.file.rename(self._other_name())
        self.file.touch()

    def copy_and_truncate(self):
        shutil.copy(self.file, self._other_name())
        os.truncate(self.file, 0)


def in_step(device, log):
    """Everything that stands in the file now has been taken."""
    device.wait_receipt(log.marker())


def check_followed(world, device, log, kills):
    assert device.stop() == 0, device.said()
    stored = check_stored(world, log.patrol_ids)
    receipts = [event_id for _, _, event_id in device.receipts()]
    assert len(receipts) == len(set(receipts)) and set(receipts) <= set(stored.values())
    assert len(receipts) >= len(stored) - kills * GROUP


def test_rotated(world, device):
    """While it reads and while it does not, once in between; lines before and behind are all taken."""
    rng = seeded(world)
    world.make_topic(KIND, partitions=3)
    log = Log(rng, world.folder / "log.jsonl")
    following = device(log.file, follow="true").start()
    in_step(following, log)
    kills = 0
    steps = ["rotate", "rotate while killed"] * 3 + ["kill"] * 2
    rng.shuffle(steps)
    for step in steps:
        log.write(rng.randrange(1, 400))
        if step == "rotate":
            log.rotate()
        else:
            during(rng.uniform(0, 0.05))
            following.kill()
            kills += 1
            log.write(rng.randrange(300))
            if step != "kill":
                log.rotate()
                log.write(rng.randrange(300))
            following.start()
        in_step(following, log)
    check_followed(world, following, log, kills)


def test_copied_and_truncated(world, device):
    """While it reads, and while it does not: then with less and with more than there was."""
    rng = seeded(world)
    world.make_topic(KIND, partitions=3)
    log = Log(rng, world.folder / "log.jsonl")
    following = device(log.file, follow="true").start()
    in_step(following, log)
    kills = 0
    steps = ["now", "shorter", "longer"] * 2
    rng.shuffle(steps)
    for step in steps:
        log.write(rng.randrange(100, 300))
        in_step(following, log)
        if step == "now":
            log.copy_and_truncate()
            log.write(rng.randrange(50))
        else:
            following.kill()
            kills += 1
            log.copy_and_truncate()
            log.write(rng.randrange(20) if step == "shorter" else rng.randrange(2000, 2500))
            following.start()
        in_step(following, log)
    check_followed(world, following, log, kills)


# ---- many processes, one spool ----

def test_many_accept_and_one_delivers(world, device):
    """The one that delivers is killed, another takes over; the killed ones come back."""
    rng = seeded(world)
    world.make_topic(KIND, partitions=3)
    logs = [Log(rng, world.folder / f"log{number}.jsonl") for number in range(4)]
    group = 10
    sharing = [device(log.file, name=f"device{number}", spool=world.folder / "shared.spool", group_rows=group,
                      follow="true") for number, log in enumerate(logs)]

    def write(count):
        for log in logs:
            log.write(count)

    def sent():
        return sum(world.high(KIND).values())

    write(1500)
    sharing[0].start()
    sharing[0].wait_told(1)  # so it has the lock
    for other in sharing[1:]:
        other.start()
    for other in sharing:
        other.wait_told(rng.randrange(50, 1500))
    victim = rng.choice(sharing[1:])
    sharing[0].kill()
    victim.kill()
    already = sent()
    write(500)
    wait_for(lambda: sent() >= already + 1000, 120, lambda: f"another one delivers: {sent()} after {already}\n" +
             "\n".join(f"{other.is_running()} {other.told()} {other.said()}" for other in sharing))
    for killed in (sharing[0], victim):
        killed.start()
    for other, log in zip(sharing, logs):
        in_step(other, log)
    for other in sharing:
        assert other.stop() == 0, other.said()
    stored = check_stored(world, [patrol_id for log in logs for patrol_id in log.patrol_ids])
    for other, log in zip(sharing, logs):
        check_receipts(other, log.patrol_ids, stored, group, kills=other in (sharing[0], victim))


# ---- what is no spool ----

def foreign_sqlite(path):
    with sqlite3.connect(path) as database:
        database.execute("create table event (sequence integer primary key, something text)")
    database.close()


def newer_spool(path):
    database = sqlite3.connect(path)
    database.execute("pragma user_version = 99")
    database.close()


def overwrite(offset, data):
    def damage(path):
        with open(path, "r+b") as file:
            file.seek(offset)
            file.write(data)
    return damage


def of_text(path):
    path.write_bytes(b"This is the only copy of something that matters.\n" * 200)


@pytest.mark.parametrize("made_new, damage", [
    pytest.param(True, of_text, id="text"), pytest.param(True, foreign_sqlite, id="another program's database"),
    pytest.param(False, newer_spool, id="a newer version's"),
    pytest.param(False, overwrite(0, bytes(64)), id="its head is zeros"),
    pytest.param(False, lambda path: os.truncate(path, path.stat().st_size // 3), id="cut off")])
def test_no_spool(world, device, made_new, damage):
    """It is refused with 65, in one line that names it, and left as it is."""
    rng = seeded(world)
    world.make_topic(KIND)
    file = world.folder / "lines.jsonl"
    Lines(rng).write(file, 300)
    refused = device(file, deliver_timeout=0)
    if not made_new:
        assert refused.run(**NOWHERE) == 75
    damage(refused.spool)
    before = refused.spool.read_bytes()
    code = refused.run(**NOWHERE)
    assert code == 65, (code, refused.said())
    assert str(refused.spool) in refused.said() and len(refused.said().splitlines()) == 1, refused.said()
    assert refused.spool.read_bytes() == before


def test_a_page_of_the_spool_is_damaged(world, device):
    """It is noticed only when it is read. Then nothing more is taken, and the file is named."""
    rng = seeded(world)
    world.make_topic(KIND)
    file = world.folder / "lines.jsonl"
    Lines(rng).write(file, 300)
    damaged = device(file, deliver_timeout=0)
    assert damaged.run(**NOWHERE) == 75
    overwrite(4096, b"\xa5" * 4096)(damaged.spool)
    told = damaged.told()
    code = damaged.run(**NOWHERE)
    assert code == 65, (code, damaged.said())
    assert str(damaged.spool) in damaged.said() and damaged.told() == told
